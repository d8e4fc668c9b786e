"""Claim: with momentum, bounds on a ball are those of the theorem, of matrices and rows that are written down."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.attraction.manifold import momentum
from hallucert.check.attraction.manifold.frame import Frame
from hallucert.check.attraction.manifold.momentum import Bounds, Carried
from hallucert.check.attraction.method import Method
from hallucert.check.reason import Reason
from hallucert.errors import DomainError

HALF, E = Fraction(1, 2), Fraction(1, 4)
METHODS = {
    "heavy": (Method(E, HALF, 0), 1.0, 0.5),
    "nesterov": (Method(E, HALF, 1), 1.5, 0.25),
    "none": (Method(E, Fraction(0), 0), 1.0, 0.0),
    "plain": (Method(E), 1.0, 0.0),
}


@pytest.fixture
def ar():
    with arithmetic("mpmath", 106) as chosen:
        yield chosen


def balls(ar, rows):
    return [[ar.constant(Fraction(v)) for v in row] for row in rows]


LEFT, RIGHT, REST = (np.random.default_rng(0).integers(-9, 9, shape) / 4 for shape in ((3, 2), (2, 3), (3, 3)))
OF_LEFT, OF_RIGHT = np.random.default_rng(1).integers(-9, 9, (2, 3, 2, 2)) / 8


def norm(a) -> float:
    return float(np.sqrt((np.asarray(a, float) ** 2).sum()))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("size", [HALF, Fraction(3)])
def test_bounds_on_a_ball_are_those_of_values_and_derivatives(ar, monkeypatch, name: str, size: Fraction) -> None:
    """``[[N, b' E a], [c/k, b]]``, ``(beta, b')``, ``(a, 0)`` and S by the formulas, entry by entry in loops.

    There are three rows in blocks of 1 and 2, in two variables. No bound is less than its number.
    """
    method, k, carried = METHODS[name]
    parts, r = [[0], [1, 2]], float(size)
    evidence = SimpleNamespace(arithmetic=ar, point=SimpleNamespace(x=[None] * 2))
    frame = Frame(evidence, [], [], (1, 2), E, [])
    frame.__dict__["at_point"] = MidRad(LEFT), MidRad(RIGHT), MidRad(REST)
    asked, answers = [], {"here": True, "slopes": (MidRad(OF_LEFT), MidRad(OF_RIGHT))}
    monkeypatch.setattr(Frame, "is_hallucinated_on", lambda self, around: asked.append(around) or answers["here"])
    monkeypatch.setattr(Frame, "slopes", lambda self, around: asked.append(around) or answers["slopes"])
    found = Carried(frame, method).bounds(size)
    for around in asked:
        assert (around.directions.mid == np.eye(2)).all() and (around.blocks, around.sizes.tolist()) == ((2,), [r])
    rows, columns = ([r * norm(part[i]) for i in range(3)] for part in (OF_LEFT, OF_RIGHT))
    change = np.zeros((3, 3))
    for i, j in product(range(3), repeat=2):
        by_left = [sum(RIGHT[e, j] * OF_LEFT[i, e, k] for e in range(2)) for k in range(2)]
        by_right = [sum(LEFT[i, e] * OF_RIGHT[j, e, k] for e in range(2)) for k in range(2)]
        both = sum(norm(OF_LEFT[i, e]) * norm(OF_RIGHT[j, e]) for e in range(2))
        change[i, j] = 0.25 * (r * (norm(by_left) + norm(by_right)) + r * r * both)
    own = [norm(LEFT[i]) for i in range(3)]
    here, moved, slope = ([norm([v[i] for i in part]) for part in parts] for v in (own, rows, np.add(own, rows)))
    descent, driven = (
        [norm([v[j] for j in part]) for part in parts]
        for v in ([norm(RIGHT[:, j]) + columns[j] for j in range(3)], columns)
    )
    n, s, gram = np.zeros((2, 2)), np.zeros((2, 2)), LEFT @ LEFT.T
    for a, b in product(range(2), repeat=2):
        block = REST[np.ix_(parts[a], parts[b])]
        n[a, b] = norm(change[np.ix_(parts[a], parts[b])]) + (norm(block) if a != b else np.linalg.norm(block, 2))
        s[a, b] = norm(gram[np.ix_(parts[a], parts[b])])
        s[a, b] += here[a] * moved[b] + moved[a] * here[b] + moved[a] * moved[b]
    into, out = carried / 4 * np.array(slope), np.array(driven) / k
    exact = (
        [[*n[0], into[0]], [*n[1], into[1]], [*out, float(method.momentum or 0)]],
        [*descent, carried],
        [*slope, 0],
        np.pad(s, (0, 1)),
    )
    for bound, number in zip(vars(found).values(), exact, strict=True):
        assert (bound >= np.array(number) * (1 - 1e-15)).all()
        np.testing.assert_allclose(bound, number, rtol=1e-12, atol=1e-200)

    def unknown(*_):
        raise DomainError("nothing is known")

    answers["here"] = False
    assert Carried(frame, method).bounds(size) is None
    answers["here"] = True
    monkeypatch.setattr(Frame, "slopes", unknown)
    assert Carried(frame, method).bounds(size) is None


BASIS = np.array([[2, 1, 0, 0], [0, 1, 0, 1], [1, 0, 1, 0], [0, 0, 3, 2]])
INPUTS = {
    "basis": tuple(Fraction(int(v)) for v in BASIS.ravel()),
    "blocks": (Fraction(1), Fraction(2), Fraction(1)),
    "step": E,
    "momentum": HALF,
    "nesterov": 1,
    "weights": tuple(map(Fraction, (2, 3, 5, 7))),
    "size": Fraction(1, 100),
    "bound": Fraction(1, 100),
    "slope": Fraction(3),
}


def evidence_of(ar, **more):
    objective = SimpleNamespace(residual_count=2, n=Fraction(4))
    point = SimpleNamespace(objective=objective, problem="posed", **more)
    return SimpleNamespace(arithmetic=ar, residual_form=True, point=point, claims={})


@pytest.mark.parametrize("nesterov", [0, 1])
def test_coordinates_are_those_of_residuals_and_of_what_they_leave(ar, nesterov: int) -> None:
    """``k P_1``, ``Q_1``, ``b' P_2`` and ``Q_1 P_1 + Q_2 (P_1 + b P_2)``; nothing for a basis of another order."""
    evidence = evidence_of(ar)
    found = momentum.carried_of(evidence, INPUTS | {"nesterov": nesterov})
    k, carried = (1.5, 0.25) if nesterov else (1, 0.5)
    inverse, above, below = np.linalg.inv(BASIS), BASIS[:2], BASIS[2:]
    frame, parts = found.frame, ("basis", "back", "still", "fixed")
    fixed = inverse[:, :2] @ above + inverse[:, 2:] @ (above + below / 2)
    for part, exact in zip(parts, (k * above, inverse[:, :2], carried * below, fixed), strict=True):
        numbers = [[ar.approximate(v) for v in row] for row in getattr(frame, part)]
        np.testing.assert_allclose(numbers, exact, atol=1e-14)
    assert (frame.evidence, frame.blocks, frame.step) == (evidence, (1, 2, 1), E)
    assert found.method == Method(E, HALF, nesterov)
    for wrong in ({"basis": INPUTS["basis"][:4]}, {"blocks": (Fraction(2),)}, {"step": Fraction(0)}):
        assert momentum.carried_of(evidence, INPUTS | wrong) is None
        assert momentum.measure(evidence, INPUTS | wrong) is Reason.NEEDS_PREMISES


def test_the_rest_of_the_way_of_a_state_is_bounded(ar, monkeypatch: pytest.MonkeyPatch) -> None:
    """``S = p (|q_1|, |q_2 3|, |q_4|, |z|)``: v is split by least squares, in numpy; unknown where something is."""
    jacobian, y, v = np.array([[1, 2, 0], [0, 1, 3]]), np.array([1, -2]), np.array([3, 1, -4])
    evidence = evidence_of(ar, residual_jacobian_plus=balls(ar, jacobian.tolist()))
    place = SimpleNamespace(domain_certain=True, shifted_residual=balls(ar, [y.tolist()])[0])
    asked = []
    monkeypatch.setattr(momentum, "Point", lambda *given: asked.append(given) or place)
    velocity = balls(ar, [v.tolist()])[0]

    def arrival(claim, v=velocity):
        evidence.claims = {} if claim is None else {"momentum": SimpleNamespace(inputs=claim)}
        return momentum.measure_arrival(evidence, "x", v, ar)

    found = arrival(INPUTS)
    assert asked == [(ar, "posed", "x")]
    normals = jacobian.T / 4
    o = np.linalg.lstsq(normals, v, rcond=None)[0]
    q, z = np.linalg.solve(BASIS, [*y, *o]), v - normals @ o
    exact = 2 * abs(q[0]) + 3 * np.hypot(*q[1:3]) + 5 * abs(q[3]) + 7 * np.linalg.norm(z)
    assert float(found.lower) - 1e-12 <= exact <= float(found.upper) + 1e-12
    assert found.upper - found.lower < Fraction(1, 10**12)
    assert arrival(None) is None
    assert arrival({name: value for name, value in INPUTS.items() if name != "weights"}) is None
    assert arrival(INPUTS | {"step": Fraction(0)}) is None
    assert arrival(INPUTS, [ar.indeterminate(), *velocity[1:]]) is None
    place.domain_certain = False
    assert arrival(INPUTS) is None
    place.domain_certain, place.shifted_residual = True, [ar.indeterminate()] * 2
    assert arrival(INPUTS) is None


@pytest.mark.parametrize(
    ("slopes", "slope", "served"),
    [("9 0 0 16", 5, True), ("9 0 0 16", 4.99, False), ("9 0 0 16", -5, False), ("99 0 0 99", 7, True)],
)
def test_one_of_two_bounds_of_the_way_serves(slopes: str, slope: float, served: bool) -> None:
    """With p = (1, 1) and a = (3, 4) a slope is at least 7, or at least the root of ``p S p^T``; it is not negative."""
    squares, zeros = np.array(slopes.split(), float).reshape(2, 2), np.zeros(2)
    bounds = Bounds(np.zeros((2, 2)), zeros, np.array([3.0, 4.0]), squares)
    given = (Fraction(1, 100), Fraction(1, 2), (Fraction(1), Fraction(1)), Fraction(slope))
    assert momentum.serves(bounds, *given) == served


@pytest.mark.parametrize(
    ("changes", "served"),
    [
        ({}, True),
        ({"bound": "0.499"}, False),
        ({"bound": "0.9"}, True),
        ({"n": "1/4 1/8 1/2 1/4", "bound": "0.9"}, False),
        ({"n": "0 0 0 0", "b": "5 0"}, False),
        ({"n": "0 0 0 0", "b": "0 9"}, False),
        ({"b": "2.01 4"}, False),
        ({"b": "2 4.01"}, False),
        ({"b": "2"}, False),
        ({"b": "2 4 1"}, False),
        ({"n": "0.26 1/2 1/8 1/4", "b": "0 0"}, False),
        ({"n": "1/4 1/2 1/8 0.26", "b": "0 0"}, False),
    ],
)
def test_weights_contract_and_pay_for_the_way(changes: dict[str, str], served: bool) -> None:
    """p = (1, 2): ``p N = (1/2, 1)`` is half of p, and the step 1/4 times b = (2, 4) is the other half."""
    given = {"n": "1/4 1/2 1/8 1/4", "b": "2 4", "bound": "1/2", **changes}
    n, b = (np.array([Fraction(v) for v in given[name].split()], float) for name in ("n", "b"))
    bounds = Bounds(n.reshape(2, 2), b, np.zeros(2), np.zeros((2, 2)))
    weights = (Fraction(1), Fraction(2))
    assert momentum.serves(bounds, Fraction(1, 4), Fraction(given["bound"]), weights, Fraction(0)) is served


def test_the_root_of_a_form_serves_with_all_of_its_entries() -> None:
    """p = (1, 2) and S = [[1, 2], [3, 4]]: ``p S p^T`` is 27; a = (9, 9) is of no use."""
    bounds = Bounds(np.zeros((2, 2)), np.zeros(2), np.full(2, 9.0), np.array([[1.0, 2.0], [3.0, 4.0]]))
    for slope, served in ((5.2, True), (5.19, False), (27.0, True), (26.9, True)):
        given = (Fraction(1, 4), Fraction(1, 2), (Fraction(1), Fraction(2)), Fraction(slope))
        assert momentum.serves(bounds, *given) is served


ZERO = Bounds(np.zeros((2, 2)), np.zeros(2), np.zeros(2), np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"bound": Fraction(99, 100)}, None),
        ({"size": Fraction(0)}, Reason.NEEDS_PREMISES),
        ({"size": Fraction(-1)}, Reason.NEEDS_PREMISES),
        ({"bound": Fraction(0)}, Reason.NEEDS_PREMISES),
        ({"bound": Fraction(1)}, Reason.NEEDS_PREMISES),
        ({"bound": Fraction(3, 2)}, Reason.NEEDS_PREMISES),
        ({"weights": (Fraction(1), Fraction(0))}, Reason.NEEDS_PREMISES),
        ({"weights": (Fraction(-1), Fraction(1))}, Reason.NEEDS_PREMISES),
        ({"slope": Fraction(-1, 2)}, Reason.STEP),
        ({"bounds": None}, Reason.STEP),
    ],
)
def test_the_radius_follows_from_weights_that_serve(ar, monkeypatch, changes, reason) -> None:
    """R/(1 + slope); a contraction is one, weights are positive, and a ball has a radius. Bounds are 0."""
    asked, given = [], {**INPUTS, "weights": (Fraction(1, 100), Fraction(2)), **changes}
    bounds = given.pop("bounds", ZERO)
    monkeypatch.setattr(Carried, "bounds", lambda self, size: asked.append(size) or bounds)
    found = momentum.measure(evidence_of(ar), given)
    if reason is not None:
        assert found is reason
        return
    assert asked == [given["size"]] and set(found) == {"radius"}
    low, high = found["radius"].lower, found["radius"].upper
    assert low <= Fraction(1, 400) <= high < low + Fraction(1, 10**25)
