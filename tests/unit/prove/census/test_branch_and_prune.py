"""Branch and prune: what the operator proves and what it drops, at the edge of each; oracle: exact numbers by hand."""

from __future__ import annotations

import ast
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import hallucert
from hallucert.balls.ball_lanes import Boxes, lane_arithmetic
from hallucert.prove.census.branch_and_prune import Expansion, image, inverses, search

LANES = lane_arithmetic("mpmath", 64)


def intervals(*ends):
    return LANES.box(*(np.array(side, float) for side in zip(*ends, strict=True)))


@pytest.mark.parametrize(("value", "proved"), [(1.0, False), (-1.0, False), (0.9375, True), (1.0625, False)])
def test_the_image_must_lie_in_the_interior(value, proved):
    """On [-1, 1] with slopes in [1, 3] and C = 1/2 it is ``-G(0)/2 + [-1/2, 1/2]``: at the edge for G(0) = 1 or -1."""
    boxes = Boxes(np.zeros(1, int), np.array([[-1.0]]), np.array([[1.0]]))
    with LANES:
        slope = intervals((1, 3))
        found = image(LANES, boxes, Expansion([slope], [intervals((value, value))], [[slope]]))
    assert found.proved.tolist() == [proved]
    assert (found.lo[0, 0], found.hi[0, 0]) == (-value / 2 - 0.5, -value / 2 + 0.5)


class Identity:
    """``G(x) = x``."""

    lanes = LANES

    def look(self, boxes):
        def expand(left):
            own, middle = boxes[left], boxes[left].middle
            one = LANES.constant(Fraction(1))
            return Expansion(own.lanes(LANES), Boxes(own.tag, middle, middle).lanes(LANES), [[one]])

        return np.zeros(len(boxes), bool), expand


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 0.0), (-1.0, 1.0), (0.0, 0.0)])
def test_a_zero_on_a_face_is_found(low, high):
    """The image is the point 0 exactly, and has that one point in common with a box that ends there."""
    found = search(Identity(), Boxes(np.zeros(1, int), np.array([[low]]), np.array([[high]])), np.array([1e-9]), 100)
    assert [zero.box.tolist() for zero in found.zeros] == [[[0.0, 0.0]]]
    assert not len(found.small) and not len(found.pending)


def test_boxes_without_the_zero_are_dropped():
    """Nothing is left of [1/4, 1]."""
    found = search(Identity(), Boxes(np.zeros(1, int), np.array([[0.25]]), np.array([[1.0]])), np.array([1e-9]), 100)
    assert not found.zeros and not len(found.small) and not len(found.pending)


@pytest.mark.parametrize("folder", ["check/census", "prove/census"])
def test_no_field_of_another_object_is_overwritten(folder):
    """What was measured of a point stays what it is: only methods of an object set its fields."""
    for path in (Path(hallucert.__file__).parent / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            parts = [part for target in targets if target is not None for part in getattr(target, "elts", [target])]
            written = [part for part in parts if isinstance(part, ast.Attribute)]
            assert all(getattr(part.value, "id", "") == "self" for part in written), (path.name, ast.unparse(node))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_proposed_inverses_are_those_of_whole_numbers(n: int) -> None:
    """Matrices of determinant 1 have inverses of whole numbers; those without an inverse, or with NaN, get the unit."""
    rng = np.random.default_rng(n)
    lower = np.tril(rng.integers(-3, 4, (50, n, n)), -1) + np.eye(n)
    upper = np.triu(rng.integers(-3, 4, (50, n, n)), 1) + np.eye(n)
    matrices = lower @ upper
    matrices[:10, 0] = 0.0
    matrices[10:20, n - 1, n - 1] = np.nan
    with np.errstate(all="ignore"):
        found, good = inverses(matrices)
    assert good.tolist() == [False] * 20 + [True] * 30
    assert np.array_equal(found[:20], np.broadcast_to(np.eye(n), (20, n, n)))
    assert np.abs(found[20:] @ matrices[20:] - np.eye(n)).max() < 1e-10
