"""Claim: bounds on a ball are those of matrices that are written down, and serve only for weights that they allow."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from types import SimpleNamespace

import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.attraction import manifold_basin
from hallucert.check.attraction.manifold_basin import Bounds, Frame
from hallucert.check.reason import Reason
from hallucert.errors import DomainError


@pytest.fixture(params=["arb", "mpmath"])
def ar(request):
    with arithmetic(request.param, 106) as chosen:
        yield chosen


def numbers(text: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, text.split()))


# ---------------------------------------------------------------------- weights


@pytest.mark.parametrize(
    ("slopes", "slope", "served"),
    [("9 0 0 16", 5, True), ("9 0 0 16", 4.99, False), ("9 0 0 16", -5, False), ("99 0 0 99", 7, True)],
)
def test_one_of_two_bounds_of_the_way_serves(slopes: str, slope: float, served: bool) -> None:
    """With p = (1, 1) and a = (3, 4) a slope is at least 7, or at least the root of ``p S p^T``; it is not negative."""
    squares, zeros = np.array(slopes.split(), float).reshape(2, 2), np.zeros(2)
    bounds = Bounds(np.zeros((2, 2)), zeros, np.array([3.0, 4.0]), squares, zeros)
    given = (Fraction(1, 100), Fraction(1, 2), (Fraction(1), Fraction(1)), Fraction(slope))
    assert manifold_basin.serves(bounds, *given) == served


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
    n, b = (np.array(numbers(given[name]), float) for name in ("n", "b"))
    bounds = Bounds(n.reshape(2, 2), b, np.zeros(2), np.zeros((2, 2)), np.zeros(2))
    weights = (Fraction(1), Fraction(2))
    assert manifold_basin.serves(bounds, Fraction(1, 4), Fraction(given["bound"]), weights, Fraction(0)) is served


def test_the_root_of_a_form_serves_with_all_of_its_entries() -> None:
    """p = (1, 2) and S = [[1, 2], [3, 4]]: ``p S p^T`` is 27; a = (9, 9) is of no use."""
    bounds = Bounds(np.zeros((2, 2)), np.zeros(2), np.full(2, 9.0), np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros(2))
    for slope, served in ((5.2, True), (5.19, False), (27.0, True), (26.9, True)):
        given = (Fraction(1, 4), Fraction(1, 2), (Fraction(1), Fraction(2)), Fraction(slope))
        assert manifold_basin.serves(bounds, *given) is served


INPUTS = {
    "size": Fraction(1, 100),
    "bound": Fraction(1, 100),
    "weights": (Fraction(1, 100), Fraction(2)),
    "slope": Fraction(3),
    "step": Fraction(1, 4),
}
NOTHING = Bounds(np.zeros((2, 2)), np.zeros(2), np.zeros(2), np.zeros((2, 2)), np.zeros(2))


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
def test_the_radius_follows_from_weights_that_serve(ar, changes, reason) -> None:
    """R/(1 + slope); a contraction is one, weights are positive, and a ball has a radius."""
    asked = []
    given = {**INPUTS, **changes}
    evidence = SimpleNamespace(arithmetic=ar)
    bounds = given.pop("bounds", NOTHING)
    found = manifold_basin.measure_ball(lambda size: asked.append(size) or bounds, evidence, given)
    if reason is not None:
        assert found is reason
        return
    assert asked == [given["size"]] and set(found) == {"radius"}
    low, high = found["radius"].lower, found["radius"].upper
    assert low <= Fraction(1, 400) <= high < low + Fraction(1, 10**25)


COORDINATES = {"basis": numbers("1 2 0  0 1 0  3 0 2"), "blocks": numbers("1 2"), "step": Fraction(1, 100)}


@pytest.mark.parametrize(
    ("changes", "sense"),
    [
        ({}, True),
        ({"blocks": numbers("3")}, True),
        ({"blocks": numbers("1 1 1")}, True),
        ({"blocks": numbers("1 1")}, False),
        ({"blocks": numbers("2 2")}, False),
        ({"blocks": numbers("1 2 0")}, False),
        ({"blocks": numbers("4 -1")}, False),
        ({"blocks": numbers("3/2 3/2 1")}, False),
        ({"basis": numbers("1 2 0  0 1 0  3 0")}, False),
        ({"basis": numbers("1 2 0  0 1 0  3 0 2 1")}, False),
        ({"basis": numbers("1 2 0  0 1 0  1 3 0")}, False),
        ({"step": Fraction(0)}, False),
        ({"step": Fraction(-1, 2)}, False),
        ({"residual": False}, False),
    ],
)
def test_coordinates_need_a_basis_and_blocks_that_fit(ar, monkeypatch, changes, sense) -> None:
    """A nonsingular matrix by rows, blocks of whole positive lengths that add up to its order, a step, residuals."""
    given = {**COORDINATES, **changes}
    evidence = SimpleNamespace(arithmetic=ar, residual_form=given.pop("residual", True))
    evidence.point = SimpleNamespace(objective=SimpleNamespace(residual_count=3))
    found, frame = manifold_basin.coordinates_of(evidence, given, 3), manifold_basin.frame_of(evidence, given)
    assert (found is not None) is (frame is not None) is sense
    if not sense:
        assert manifold_basin.measure(evidence, given) is Reason.NEEDS_PREMISES
        return
    basis, back, blocks = found
    assert [ar.midpoint(v) for row in basis for v in row] == list(given["basis"])
    inverse = np.linalg.inv(np.array(given["basis"], float).reshape(3, 3))
    np.testing.assert_allclose([[ar.approximate(v) for v in row] for row in back], inverse, atol=1e-12)
    assert blocks == given["blocks"] and all(type(size) is int for size in blocks)
    assert (frame.basis, frame.step, frame.still) == (basis, given["step"], None)
    assert [[ar.midpoint(v) for v in row] for row in frame.fixed] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    monkeypatch.setattr(Frame, "bounds", lambda self, size: NOTHING)
    assert set(manifold_basin.measure(evidence, {**INPUTS, **given})) == {"radius"}


# ---------------------------------------------------------------------- norms of blocks


def test_a_rotation_times_a_number_is_no_longer_than_that() -> None:
    """The bound of a block of two is its 2-norm, not the root of the sum of its squares."""
    turn = 0.9 * np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]])
    assert manifold_basin.rotation_norm(MidRad(turn)) == pytest.approx(0.9, rel=1e-12)
    for block in np.random.default_rng(2).normal(size=(20, 2, 2)):
        bound = manifold_basin.rotation_norm(MidRad(block, 1e-9))
        assert np.linalg.norm(block, 2) <= bound <= np.linalg.norm(block, 2) + 5e-9
    assert manifold_basin.rotation_norm(MidRad(np.eye(3))) == float("inf")
    assert 3.5 <= manifold_basin.rotation_norm(MidRad(np.array([[-3.0]]), 0.5)) < 3.5 + 1e-12


def frame_with(ar, blocks, *, step=Fraction(1, 4), point=None, still=None, matrices=()) -> Frame:
    """Return a frame whose V, Q, G (and S) are given as rows of numbers, by default without any."""
    basis, back, fixed = matrices or ([], [], [])
    evidence = SimpleNamespace(arithmetic=ar, point=point)
    return Frame(
        evidence, balls(ar, basis), balls(ar, back), blocks, step, balls(ar, fixed), still and balls(ar, still)
    )


def balls(ar, rows):
    return [[ar.constant(Fraction(v)) for v in row] for row in rows]


@pytest.mark.parametrize("blocks", [(1, 2, 1), (2, 2), (4,), (1, 1, 1, 1), (3, 1)])
def test_blocks_have_the_roots_of_sums_of_squares(ar, blocks) -> None:
    """Of entries, of sizes of balls, and of vectors, along the axes that are longer than 1."""
    frame, entries = frame_with(ar, blocks), np.arange(1.0, 17.0).reshape(4, 4) * (-1) ** np.arange(4)
    ends = np.cumsum([0, *blocks])
    parts = [slice(a, b) for a, b in pairwise(ends)]
    for given, sizes in ((np.abs(entries), np.abs(entries)), (MidRad(entries, 0.5), np.abs(entries) + 0.5)):
        exact = [[np.linalg.norm(sizes[a, b]) for b in parts] for a in parts]
        found = frame._squeezed(given)
        assert (found >= exact).all()
        np.testing.assert_allclose(found, exact, rtol=1e-12)
    for vector, axis in ((entries[:, :1], 1), (entries[:1], 0)):
        exact = [np.linalg.norm(vector[part] if axis else vector[:, part]) for part in parts]
        assert frame._squeezed(np.abs(vector)).shape[axis] == 1
        np.testing.assert_allclose(frame._squeezed(np.abs(vector)).ravel(), exact, rtol=1e-12)


def test_two_entries_may_be_one_block(ar) -> None:
    """Of two rows and two columns, and of two numbers alone."""
    for entries in ([[1.0, 2], [2, 4]], [[3.0, 4]], [[3.0], [4]]):
        assert frame_with(ar, (2,))._squeezed(np.array(entries)) == pytest.approx(np.array([[5.0]]), rel=1e-12)


def test_blocks_on_the_diagonal_are_bounded_as_rotations(ar) -> None:
    """Where that is less, of each block its own part."""
    rest = np.array([[9, 0, 0, 0], [0, 3, -4, 0], [0, 4, 3, 0], [0, 0, 0, 2.0]])
    found = frame_with(ar, (1, 2, 1))._diagonal(MidRad(rest), np.array([[1.0, 7, 7], [7, 9, 7], [7, 7, 9]]))
    np.testing.assert_allclose(found, [[1, 7, 7], [7, 5, 7], [7, 7, 2]], rtol=1e-12)


def test_norms_are_weighted_by_blocks(ar) -> None:
    """2 |[3, 4]| + 5 |(6, 8)| + 1/2 |[0, 2]|, from both ends."""
    w = [ar.interval(Fraction(3), Fraction(4)), *(ar.constant(Fraction(v)) for v in (6, -8))]
    w += [ar.interval(Fraction(-2), Fraction(1))]
    found = manifold_basin.weighted(ar, w, (1, 2, 1), numbers("2 5 1/2"))
    for end, exact in zip(ar.endpoints(found), (56, 59), strict=True):
        assert abs(end - exact) < Fraction(1, 10**6)
    assert ar.lower(found) <= 56 and ar.upper(found) >= 59


def test_norms_along_an_axis_are_those_of_the_largest_numbers() -> None:
    """Of balls of their sizes."""
    entries = np.array([[3.0, -4.0], [6.0, 8.0]])
    for given, sizes in ((entries, entries), (MidRad(entries, 1.0), np.abs(entries) + 1)):
        for axis in (0, -1):
            exact = np.linalg.norm(sizes, axis=axis)
            found = manifold_basin.norms(given, axis)
            assert (found >= exact).all()
            np.testing.assert_allclose(found, exact, rtol=1e-12)


# ---------------------------------------------------------------------- bounds on a ball

RNG = np.random.default_rng(0)
LEFT, RIGHT, REST = (RNG.integers(-9, 9, shape) / 4 for shape in ((3, 2), (2, 3), (3, 3)))
OF_LEFT, OF_RIGHT = RNG.integers(-9, 9, (2, 3, 2, 2)) / 8


def norm(a) -> float:
    return float(np.sqrt((np.asarray(a, float) ** 2).sum()))


@pytest.mark.parametrize("size", [Fraction(1, 2), Fraction(3)])
def test_bounds_are_those_of_values_and_derivatives(ar, monkeypatch, size) -> None:
    """Of three rows in blocks of 1 and 2, in two variables: the formulas of the theorem, entry by entry in loops."""
    parts, r, step = [[0], [1, 2]], float(size), 0.25
    problem = SimpleNamespace(objective=SimpleNamespace(n=Fraction(4)))
    point = SimpleNamespace(x=[ar.constant(Fraction(v)) for v in (1, 2)], problem=problem, objective=problem.objective)
    frame = frame_with(
        ar, (1, 2), point=point, matrices=(np.diag([1, 2, 4]).tolist(), np.diag([8, 16, 32]).tolist(), [])
    )
    frame.__dict__["at_point"] = MidRad(LEFT), MidRad(RIGHT), MidRad(REST)
    asked, around = [], SimpleNamespace(domain_certain=True, q=ar.constant(Fraction(1)))
    monkeypatch.setattr(manifold_basin, "Point", lambda a, p, box: asked.append((a, p, box)) or around)

    def derivatives(at, radius, rows, columns):
        assert (at, radius) == (point, size)
        assert (rows.mid == np.diag([8, 16, 32])).all() and (columns.mid == np.diag([1, 2, 4]) / 4).all()
        return MidRad(OF_LEFT), MidRad(OF_RIGHT)

    monkeypatch.setattr(manifold_basin, "derivatives", derivatives)
    found = frame.bounds(size)
    ((_, asked_of, box),) = asked
    assert asked_of is problem
    for ball, middle in zip(box, (1, 2), strict=True):
        assert abs(ar.lower(ball) - middle + size) < Fraction(1, 10**6) > abs(ar.upper(ball) - middle - size)
    rows = [r * norm(OF_LEFT[i]) for i in range(3)]
    columns = [r * norm(OF_RIGHT[j]) for j in range(3)]
    change = np.zeros((3, 3))
    for i, j in product(range(3), repeat=2):
        by_left = [sum(RIGHT[e, j] * OF_LEFT[i, e, k] for e in range(2)) for k in range(2)]
        by_right = [sum(LEFT[i, e] * OF_RIGHT[j, e, k] for e in range(2)) for k in range(2)]
        change[i, j] = step * (r * (norm(by_left) + norm(by_right)) + rows[i] * columns[j])
    own = [norm(LEFT[i]) for i in range(3)]
    here, moved, slope = ([norm([v[i] for i in part]) for part in parts] for v in (own, rows, np.add(own, rows)))
    gram = LEFT @ LEFT.T
    for a, b in product(range(2), repeat=2):
        block = REST[np.ix_(parts[a], parts[b])]
        length = norm(block) if a != b else np.linalg.norm(block, 2)
        assert found.contraction[a, b] == pytest.approx(length + norm(change[np.ix_(parts[a], parts[b])]), rel=1e-10)
        exact = norm(gram[np.ix_(parts[a], parts[b])]) + here[a] * moved[b] + moved[a] * here[b] + moved[a] * moved[b]
        assert found.slopes[a, b] == pytest.approx(exact, rel=1e-10)
    descent = [norm([norm(RIGHT[:, j]) + columns[j] for j in part]) for part in parts]
    np.testing.assert_allclose(found.descent, descent, rtol=1e-10)
    np.testing.assert_allclose(found.slope, slope, rtol=1e-10)
    np.testing.assert_allclose(found.change, [norm([columns[j] for j in part]) for part in parts], rtol=1e-10)
    for certain, q in ((False, 1), (True, 0), (True, -1)):
        around.domain_certain, around.q = certain, ar.constant(Fraction(q))
        assert frame.bounds(size) is None

    def unknown(*_):
        raise DomainError("nothing is known")

    around.q = ar.constant(Fraction(1))
    assert frame.bounds(size) is not None
    monkeypatch.setattr(manifold_basin, "derivatives", unknown)
    assert frame.bounds(size) is None


@pytest.mark.parametrize("still", [None, [[1, 1], [0, 2], [5, -1]]])
def test_matrices_at_the_point_are_products(ar, still) -> None:
    """``L = Q A``, ``W = B^T (V + S)/n`` and ``G - E L W``, of numbers that are written down."""
    v, q, g = np.array([[1, 2], [3, 4], [0, 1]]), np.array([[2, 0, 1], [1, 1, 0]]), np.array([[5, 6], [7, 8]])
    a, b = np.array([[1, 0, 2, 1], [0, 3, 1, 0], [4, 1, 0, 2]]), np.array([[1, 1, 0, 2], [0, 2, 1, 1], [3, 0, 1, 0]])
    point = SimpleNamespace(
        residual_matrix=balls(ar, a.tolist()),
        residual_jacobian_plus=balls(ar, b.tolist()),
        objective=SimpleNamespace(n=Fraction(4)),
    )
    matrices = [m.tolist() for m in (v, q, g)]
    frame = frame_with(ar, (2,), step=Fraction(1, 8), point=point, still=still, matrices=matrices)
    left, right = q @ a, b.T @ (v if still is None else v + still) / 4
    for found, exact in zip(frame.at_point, (left, right, g - left @ right / 8), strict=True):
        np.testing.assert_allclose(found.mid, exact, rtol=1e-15)
        assert found.rad.max() < 1e-12
