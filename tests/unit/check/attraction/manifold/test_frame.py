"""Claim: coordinates of residuals, and what their contraction is made of, are the formulas, of numbers written down."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from hallucert.balls.midrad import MidRad
from hallucert.check.attraction.manifold import frame as module
from hallucert.check.attraction.manifold.around import Around
from hallucert.check.attraction.manifold.frame import Frame, block_norms, coordinates_of, weighted


def numbers(text: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, text.split()))


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
def test_coordinates_need_a_basis_and_blocks_that_fit(ar, changes, sense) -> None:
    """A nonsingular matrix by rows, blocks of whole positive lengths that add up to its order, a step, residuals."""
    given = {**COORDINATES, **changes}
    found = coordinates_of(SimpleNamespace(arithmetic=ar, residual_form=given.pop("residual", True)), given, 3)
    assert (found is not None) is sense
    if found is not None:
        basis, back, blocks = found
        assert [ar.midpoint(v) for row in basis for v in row] == list(given["basis"])
        inverse = np.linalg.inv(np.array(given["basis"], float).reshape(3, 3))
        np.testing.assert_allclose([[ar.approximate(v) for v in row] for row in back], inverse, atol=1e-12)
        assert blocks == given["blocks"] and all(type(size) is int for size in blocks)


def frame_with(ar, blocks, *, step=Fraction(1, 4), point=None, still=None, matrices=()) -> Frame:
    """Return a frame whose V, Q, G (and S) are given as rows of numbers, by default without any."""
    basis, back, fixed = matrices or ([], [], [])
    evidence = SimpleNamespace(arithmetic=ar, point=point)
    return Frame(
        evidence, balls(ar, basis), balls(ar, back), blocks, step, balls(ar, fixed), still and balls(ar, still)
    )


def balls(ar, rows):
    return [[ar.constant(Fraction(v)) for v in row] for row in rows]


def test_blocks_on_the_diagonal_are_bounded_as_rotations(ar) -> None:
    """Where that is less, of each block its own part."""
    rest = np.array([[9, 0, 0, 0], [0, 3, -4, 0], [0, 4, 3, 0], [0, 0, 0, 2.0]])
    found = frame_with(ar, (1, 2, 1))._diagonal(MidRad(rest), np.array([[1.0, 7, 7], [7, 9, 7], [7, 7, 9]]))
    np.testing.assert_allclose(found, [[1, 7, 7], [7, 5, 7], [7, 7, 2]], rtol=1e-12)


def test_norms_are_weighted_by_blocks(ar) -> None:
    """2 |[3, 4]| + 5 |(6, 8)| + 1/2 |[0, 2]|, from both ends."""
    w = [ar.interval(Fraction(3), Fraction(4)), *(ar.constant(Fraction(v)) for v in (6, -8))]
    w += [ar.interval(Fraction(-2), Fraction(1))]
    sizes = block_norms(ar, w, (1, 2, 1))
    assert [round(float(ar.upper(size)), 6) for size in sizes] == [4, 10, 2]
    found = weighted(ar, sizes, numbers("2 5 1/2"))
    for end, exact in zip(ar.endpoints(found), (56, 59), strict=True):
        assert abs(end - exact) < Fraction(1, 10**6)
    assert ar.lower(found) <= 56 and ar.upper(found) >= 59


RNG = np.random.default_rng(0)
LEFT, RIGHT, REST = (RNG.integers(-9, 9, shape) / 4 for shape in ((3, 2), (2, 3), (3, 3)))
OF_LEFT, OF_RIGHT = RNG.integers(-9, 9, (2, 3, 2, 4)) / 8
DIRECTIONS, SIZES = np.array([[1.0, 0, 2, -1], [3, 1, 0, 1]]), np.array([0.5, 3.0])
"""Skew ones, the first three a block."""


def norm(a) -> float:
    return float(np.sqrt((np.asarray(a, float) ** 2).sum()))


def changed(row) -> float:
    return SIZES[0] * norm(row[:3]) + SIZES[1] * norm(row[3:])


def test_changes_and_what_they_make_are_the_formulas(ar) -> None:
    """Of three rows in blocks of 1 and 2, two variables, four directions: entry by entry in loops, in mixed order."""
    frame = frame_with(ar, (1, 2))
    frame.__dict__["at_point"] = MidRad(LEFT), MidRad(RIGHT), MidRad(REST)
    around, parts, change = Around(MidRad(DIRECTIONS), (3, 1), SIZES), [[0], [1, 2]], np.zeros((3, 3))
    products, of_left, of_right = frame.changes(around, (MidRad(OF_LEFT), MidRad(OF_RIGHT)))
    for i, j in product(range(3), repeat=2):
        by_left = [sum(RIGHT[e, j] * OF_LEFT[i, e, k] for e in range(2)) for k in range(4)]
        by_right = [sum(LEFT[i, e] * OF_RIGHT[j, e, k] for e in range(2)) for k in range(4)]
        exact = changed(by_left) + changed(by_right)
        assert exact <= products[i, j] == pytest.approx(exact, rel=1e-12)
        both = sum(changed(OF_LEFT[i, e]) * changed(OF_RIGHT[j, e]) for e in range(2))
        change[i, j] = 0.25 * (exact + both)
    for found, given in ((of_left, OF_LEFT), (of_right, OF_RIGHT)):
        exact = [[changed(given[i, e]) for e in range(2)] for i in range(3)]
        assert (found >= exact).all()
        np.testing.assert_allclose(found, exact, rtol=1e-12)
    found = frame.contraction(products, of_left, of_right)
    for a, b in product(range(2), repeat=2):
        block = REST[np.ix_(parts[a], parts[b])]
        length = np.linalg.norm(block, 2) if a == b else norm(block)
        exact = length + norm(change[np.ix_(parts[a], parts[b])])
        assert exact * (1 - 1e-15) <= found[a, b] == pytest.approx(exact, rel=1e-12)


def test_slopes_are_asked_of_scaled_rows(ar, monkeypatch) -> None:
    """Of those of Q, and of the columns of V divided by n, on the same set."""
    point, around, programs = SimpleNamespace(objective=SimpleNamespace(n=Fraction(4)), problem="p"), object(), object()
    matrices = (np.array([[1, 2], [3, 4]]), np.array([[8, 16], [0, 32]]), np.eye(2, dtype=int))
    asked = []
    monkeypatch.setattr(module, "derivatives", lambda *given: asked.append(given) or "found")
    monkeypatch.setattr(module.AscentPrograms, "of", {"p": programs}.get)
    assert frame_with(ar, (2,), point=point, matrices=[m.tolist() for m in matrices]).slopes(around) == "found"
    ((at, by, where, rows, columns),) = asked
    assert (at, by, where) == (point, programs, around)
    assert (rows.mid == matrices[1]).all() and (columns.mid == matrices[0].T / 4).all()


def test_a_set_is_hallucinated_on_the_box_around_it(ar, monkeypatch) -> None:
    """Each coordinate by its own width; f certainly defined, and the square of g certainly positive."""
    problem, asked = SimpleNamespace(), []
    point = SimpleNamespace(x=[ar.constant(Fraction(v)) for v in (1, 2)], problem=problem)
    there = SimpleNamespace(domain_certain=True, q=ar.constant(Fraction(1)))
    monkeypatch.setattr(module, "Point", lambda *given: asked.append(given) or there)
    frame, around = frame_with(ar, (1,), point=point), SimpleNamespace(widths=np.array([0.5, 3.0]))
    assert frame.is_hallucinated_on(around)
    ((arithmetic_of, asked_of, box),) = asked
    assert (arithmetic_of, asked_of) == (ar, problem)
    for ball, ends in zip(box, ((0.5, 1.5), (-1, 5)), strict=True):
        assert ar.lower(ball) <= ends[0] and ends[1] <= ar.upper(ball)
        assert ar.upper(ball) - ar.lower(ball) < ends[1] - ends[0] + 1e-6
    for certain, q in ((False, 1), (True, 0), (True, -1)):
        there.domain_certain, there.q = certain, ar.constant(Fraction(q))
        assert not frame.is_hallucinated_on(around)


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
