"""Claim: a trap is settled only if no image of its core is anywhere but in it, or where it may be instead.

For ``f = (x^2 + y^2)/2``, rho = 1 and eta = 1/8, S takes the circle of radius r to that of radius ``|7 r/8 - 1/8|``,
and 0 to that of radius 1/8, whatever the direction is: so discs of radii from 1/8 to 2/7 are mapped into that of 1/8.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.basins.attractor import Ellipse
from hallucert.check.basins.graph import FIRST, LEAVES, Edges, Flow
from hallucert.check.basins.partition import Partition
from hallucert.check.basins.trap import Trap, leaning
from hallucert.check.problem import Problem

LEVEL = 5
CORE, INWARD = FIRST, FIRST + 1


def lanes():
    """Intervals of doubles."""
    return lane_arithmetic("float")


def disc(radius: float) -> tuple[Flow, np.ndarray]:
    """Cells of [-1/4, 1/4]^2 in a disc are a core; with the distances of their farthest corners from 0."""
    i, j = np.divmod(np.arange(4**LEVEL), 2**LEVEL)
    cells, box = np.stack([np.full(len(i), LEVEL), i, j], -1), np.array([[-0.25, 0.25]] * 2)
    corner = np.maximum(np.abs(cells[:, 1:] - 2 ** (LEVEL - 1)), np.abs(cells[:, 1:] + 1 - 2 ** (LEVEL - 1)))
    far = np.hypot(*corner.T) * 0.5 / 2**LEVEL
    labels = np.where(far <= radius, CORE, 0)
    problem = Problem(hc.Objective.parse("(x**2 + y**2)/2"), Fraction(1))
    steps = np.where(far < 0.06, -1, 1)
    return Flow(problem, Fraction(1, 8), Partition(box, cells), labels, steps, [], [Trap(CORE, ())]), far


def settled(flow: Flow) -> np.ndarray:
    """What is settled, by intervals of doubles."""
    return flow.settled([task() for task in flow.tasks(lanes)])


def test_a_disc_that_is_mapped_into_itself_is_a_trap() -> None:
    """All of its cells are settled together; of a smaller disc, which 0 leaves, none is, nor without a trap."""
    flow, far = disc(0.1875)
    assert (settled(flow) == (far <= 0.1875)).all()
    assert not settled(disc(0.12)[0]).any()
    assert not settled(replace(flow, traps=(), regions=[()])).any()


@pytest.mark.parametrize("steps", [0, 2, -2])
def test_a_core_takes_one_step(steps: int) -> None:
    """One cell with another number is enough that nothing is settled, though it comes back after two steps."""
    flow, far = disc(0.1875)
    changed = flow.steps.copy()
    changed[np.flatnonzero((far > 0.1) & (far < 0.12))[0]] = steps
    assert not settled(replace(flow, steps=changed)).any()


def test_cells_flow_into_a_core_and_not_out_of_it() -> None:
    """A ring around a disc flows in; one cell of the disc among these, and the core is none, nor does the ring flow."""
    flow, far = disc(0.1875)
    ring = np.where((far > 0.1875) & (far <= 0.24), INWARD, flow.labels)
    assert (settled(replace(flow, labels=ring)) == (far <= 0.24)).all()
    assert not settled(replace(flow, labels=np.where(flow.labels == CORE, INWARD, 0))).any()
    ring[np.flatnonzero((far > 0.1) & (far < 0.12))[0]] = INWARD
    assert not settled(replace(flow, labels=ring)).any()


def test_what_may_happen_instead_is_named() -> None:
    """Images in an ellipse, in cells of an attractor, or out of the box are no objection to a trap that names these."""
    flow, far = disc(0.1875)
    point, first = FIRST, FIRST + 1
    labels = np.where(flow.labels > 0, first, 0)
    hole = Ellipse(np.zeros(2), np.eye(2), 0.1)
    labels[far < 0.04] = 0  # images come here from the circle of radius 1/7
    around = replace(flow, regions=[(hole,)], labels=labels)
    assert settled(replace(around, traps=[Trap(first, (point,))]))[labels > 0].all()
    assert not settled(replace(around, traps=[Trap(first, ())])).any()
    assert not settled(replace(around, traps=[Trap(first, (LEAVES,))])).any()
    small = replace(flow.partition, box=np.array([[-0.09375, 0.09375]] * 2))
    outside = replace(flow, partition=small, labels=np.full(len(labels), CORE), steps=np.full(len(labels), -1))
    assert settled(replace(outside, traps=[Trap(CORE, (LEAVES,))])).all()
    assert not settled(outside).any()


def test_only_a_core_leans_on_itself() -> None:
    """Circles in a core are settled, but not if it leans on an open cell, or lacks one that was looked at, or two."""
    flow, _ = disc(0.1875)
    labels = np.zeros_like(flow.labels)
    labels[:3], labels[3:6], labels[6:9] = CORE, INWARD, CORE + 2
    traps = [Trap(CORE, ()), Trap(CORE + 2, (CORE, INWARD))]
    cored = replace(flow, labels=labels, traps=traps)

    def done(cells: list[int], *pairs: tuple[int, int]) -> list[int]:
        source, target = np.array(pairs).T
        return np.flatnonzero(cored.settled([Edges(np.array(cells), source, target)])).tolist()

    circle = [(0, 1), (1, 2), (2, 0), (0, 0)]
    assert done([0, 1, 2, 3], *circle, (3, 1)) == [0, 1, 2, 3]
    assert done([0, 1, 3], *circle[:2], (3, 1)) == []
    assert done([0, 1, 2, 3, 4], *circle, (3, 4), (4, 3), (4, 0)) == [0, 1, 2]
    assert done([0, 1, 2, 3], *circle, (1, 9), (3, 3)) == []
    both = [(6, 7), (7, 8), (8, 6), (6, 3), (3, 0)]
    assert done([0, 1, 2, 3, 6, 7, 8], *circle, *both) == [0, 1, 2, 3, 6, 7, 8]
    assert done([0, 1, 2, 3, 6, 7, 8], *circle, *both, (2, 7)) == []  # one core leans on the other, in turn


def test_labels_lean_on_those_that_are_named() -> None:
    """Each on itself; both of a trap on the others, and what flows in on the core, which does not lean on it."""
    table = leaning([Trap(3, (2,)), Trap(5, (1, 3, 4))], 7)
    rows = {k: np.flatnonzero(row).tolist() for k, row in enumerate(table)}
    assert rows == {0: [], 1: [1], 2: [2], 3: [2, 3], 4: [2, 3, 4], 5: [1, 3, 4, 5], 6: [1, 3, 4, 5, 6]}
