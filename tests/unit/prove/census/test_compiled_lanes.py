"""Compiled intervals are those of numpy to the last bit, and contain what exact arithmetic gives."""

from __future__ import annotations

import itertools
import math
import operator
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.ball_lanes import Boxes
from hallucert.balls.lanes import FloatLanes, Lanes
from hallucert.prove.census import branch_and_prune, systems
from hallucert.prove.census.compiled_lanes import CompiledFloatLanes, CompiledLanes

NASTY = [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e-308, 1e-200, -1e-160, 1e-150, 1e160, -1e308, np.inf, -np.inf, np.nan]
PLAIN, COMPILED = FloatLanes(), CompiledFloatLanes()
OPERATIONS = [operator.add, operator.sub, operator.mul, operator.truediv]
POWERS = [0, 1, 2, 3, 4, 7, 10, -1, -2, -3]


def sides(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Ends of intervals of all sizes, many of them nasty."""
    ends = rng.normal(size=(2, count)) * 10.0 ** rng.integers(-6, 6, (2, count))
    ends = np.where(rng.random((2, count)) < 0.5, rng.choice(NASTY, (2, count)), ends)
    low, high = np.minimum(*ends), np.maximum(*ends)  # NaN in both, if in one
    return low, high


def agree(a: Lanes, b: Lanes) -> bool:
    """The same doubles, or indeterminate on both sides."""
    rows = np.broadcast_arrays(a.rows, b.rows)
    unknown = [np.isnan(row).any(axis=0) for row in rows]
    return bool(((rows[0] == rows[1]) | (unknown[0] & unknown[1])).all())


@pytest.mark.parametrize(("n", "m"), [(4000, 4000), (1, 500), (500, 1), (1, 1)])
def test_operations_give_the_doubles_of_numpy(n: int, m: int) -> None:
    """Sums, differences, products, quotients, powers and roots of intervals with nasty ends; constants broadcast."""
    rng = np.random.default_rng(n + m)
    with PLAIN, COMPILED:
        for _ in range(2 if n == m == 4000 else 30):
            a, b = sides(rng, n), sides(rng, m)
            for operation in OPERATIONS:
                result = operation(COMPILED.box(*a), COMPILED.box(*b))
                assert isinstance(result, CompiledLanes)
                assert agree(result, operation(Lanes(*a), Lanes(*b))), operation
            for exponent in POWERS:
                assert agree(COMPILED.power(COMPILED.box(*a), exponent), PLAIN.power(Lanes(*a), exponent)), exponent
            assert agree(COMPILED.sqrt(COMPILED.box(*a)), PLAIN.sqrt(Lanes(*a)))
            assert agree(-COMPILED.box(*a), -Lanes(*a))
            assert np.array_equal(COMPILED.ends(COMPILED.box(*a)), PLAIN.ends(Lanes(*a)))
            assert np.array_equal(COMPILED.nonzero(COMPILED.box(*a)), PLAIN.nonzero(Lanes(*a)))


def test_rows_are_permuted_lane_by_lane() -> None:
    """Each lane has an order of its own, also where a value is the same in all lanes."""
    rng = np.random.default_rng(5)
    values = [sides(rng, count) for count in (50, 1, 50)]
    order = rng.integers(0, 3, (4, 50))
    found = COMPILED.permuted([COMPILED.box(*value) for value in values], np.asfortranarray(order))
    for row, own in zip(found, order, strict=True):
        for i, j in enumerate(own):
            low, high = (np.broadcast_to(side, 50)[i] for side in values[j])
            assert np.array_equal(row.rows[:, i], [-low, high], equal_nan=True)


def test_operations_contain_exact_results() -> None:
    """The results for all pairs of ends, in rational arithmetic, lie in the lanes, also where something underflows."""
    rng = np.random.default_rng(7)
    numbers = np.array([x for x in NASTY if math.isfinite(x)] + [1 / 3, -7.3, 1e10, 2.3e-155, -4e-149])
    a, b = (np.sort(rng.choice(numbers, (2, 300)), axis=0) for _ in range(2))
    with COMPILED:
        for operation in OPERATIONS:
            low, high = COMPILED.ends(operation(COMPILED.box(*a), COMPILED.box(*b)))
            for i in range(300):
                for x, y in itertools.product(a[:, i].tolist(), b[:, i].tolist()):
                    if operation is operator.truediv and b[0, i] <= 0 <= b[1, i]:
                        assert low[i] == -np.inf
                        continue
                    exact = operation(Fraction(x), Fraction(y))
                    assert low[i] == -np.inf or Fraction(float(low[i])) <= exact
                    assert high[i] == np.inf or exact <= Fraction(float(high[i]))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_compiled_operator_is_that_of_lanes(n: int) -> None:
    """Krawczyk's operator as one loop encloses by the doubles of its formula in lanes."""
    rng = np.random.default_rng(n)
    lo = rng.normal(size=(200, n))
    boxes = Boxes(np.zeros(200, int), lo, lo + rng.exponential(size=(200, n)))
    low, c = rng.normal(size=(2, 200, n, n))
    high = low + 10.0 ** -rng.integers(0, 9, low.shape)
    low[:20], c[20:40] = rng.choice([0.0, 1e-200, -1e-160], (20, n, n)), 1e-170
    with PLAIN:
        value = [Lanes(*np.sort(rng.normal(size=(2, 200)) ** 9, axis=0)) for _ in range(n)]
        expected = branch_and_prune.operator(PLAIN, boxes, c, low, high, value)
    with COMPILED:
        found = COMPILED.krawczyk(boxes, c, low, high, value)
    assert np.array_equal(found, expected)


def test_an_operator_that_overflows_is_the_whole_line():
    """Where products overflow to one side nothing is known of a zero, as in lanes: a box would be dropped for a NaN."""
    boxes = Boxes(np.zeros(3, int), np.full((3, 1), -1.0), np.full((3, 1), 1.0))
    c, slope = np.array([[[1e300]], [[1e200]], [[1.0]]]), np.array([[[1e-300]], [[1e200]], [[1.0]]])
    with PLAIN, COMPILED:
        value = [Lanes(np.array([1e10, 0.0, 0.25]), np.array([1e10, 0.0, 0.25]))]
        found = COMPILED.krawczyk(boxes, c, slope, slope, value)
        assert np.array_equal(found, branch_and_prune.operator(PLAIN, boxes, c, slope, slope, value))
    low, high = np.ravel(found[0]), np.ravel(found[1])
    assert np.isneginf(low[:2]).all() and np.isposinf(high[:2]).all() and low[2] <= -0.25 <= high[2] < 0


def test_a_census_does_not_depend_on_what_is_compiled(monkeypatch) -> None:
    """Points, numbers and boxes looked at are the same with numpy and with compiled operations."""
    f, box = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/9 + sqrt(9 + x)/9 + 1/(9 + y) + x**3*y/30"), [(-2, 2), (-2, 2)]
    taken = []
    for lanes in (FloatLanes, CompiledFloatLanes):
        for module in ("critical", "sphere"):
            monkeypatch.setattr(f"hallucert.prove.census.{module}.lanes_for", lambda problem, lanes=lanes: lanes())
        taken.append(hc.census(f, box, "1.5", workers=1))
    first, second = taken
    assert first.points == second.points and first.critical_points == second.critical_points
    assert first.boxes == second.boxes and first.complete and len(first) == 2


def test_short_searches_load_no_compiler(monkeypatch) -> None:
    """Compiled operations are taken where numba is loaded, and for long searches."""
    f = hc.Objective.parse("x**2 + y**2")
    problem = partial(hc.prove.census.census.checked_problem, f, [(-1, 1), (-1, 1)], 1, 0.01)
    assert isinstance(systems.lanes_for(problem("float")), CompiledFloatLanes)
    assert systems.lanes_for(problem("mpmath")).name == "mpmath"
    monkeypatch.delitem(systems.sys.modules, "numba")
    assert type(systems.lanes_for(problem("float"))) is FloatLanes
    monkeypatch.setattr(systems, "LONG", 2)
    assert isinstance(systems.lanes_for(problem("float")), CompiledFloatLanes)
