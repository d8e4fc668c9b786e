"""Claim: a cell is settled only by its ellipse, the outside, or cells that were settled before it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.basins import graph
from hallucert.check.basins.attractor import Ellipse
from hallucert.check.basins.graph import FIRST, LEAVES, Edges, Flow
from hallucert.check.basins.partition import Partition, from_text
from hallucert.check.basins.zeros import Zeros
from hallucert.check.problem import Problem
from hallucert.clock import OutOfTime

RHO = Fraction(3, 2)
NONE = np.zeros(0, np.int64)


def lanes():
    """Intervals of doubles."""
    return lane_arithmetic("float")


@pytest.fixture(scope="module")
def flow() -> Flow:
    """For ``f = (x^2 + y^2)/2``, rho = 1, eta = 1/8, S takes (r, 0) to (7 r/8 - 1/8, 0): all of [1, 3/2] moves left.

    The cells (i, j) are squares with sides of 1/8, j = 1, 2 beside the axis. Those with i = 0, 1 leave at once, the
    images of i = 2 touch i = 0 and those of i = 3 touch i = 0, 1.
    """
    f = hc.Objective.parse("(x**2 + y**2)/2")
    cells, _ = from_text("+" + "+...." * 4)
    box, n = np.array([[1.0, 1.5], [-0.25, 0.25]]), len(cells)
    disc = Ellipse(np.array([0.875, 0.0]), np.eye(2), 0.25)
    return Flow(
        Problem(f, Fraction(1)), Fraction(1, 8), Partition(box, cells), np.zeros(n, int), np.ones(n, int), [(disc,)]
    )


def settled(flow: Flow) -> np.ndarray:
    """What is settled, by intervals of doubles."""
    return flow.settled([task() for task in flow.tasks(lanes)])


def labelled(flow: Flow, labels: dict[tuple[int, int], int]) -> Flow:
    """The flow with labels of cells (i, j) of level 2."""
    found = {tuple(cell[1:]): k for k, cell in enumerate(flow.partition.cells.tolist())}
    array = np.zeros(len(found), int)
    for cell, label in labels.items():
        array[found[cell]] = label
    return replace(flow, labels=array)


NEAR = {(i, j): LEAVES for i in (0, 1) for j in (1, 2)}
FAR = {(i, j): LEAVES for i in (2, 3) for j in (1, 2)}


def test_cells_are_settled_along_the_flow(flow: Flow) -> None:
    """Cells that leave at once, and those that lean on them; without these they are not settled."""
    assert settled(labelled(flow, NEAR)).sum() == 4
    assert settled(labelled(flow, NEAR | FAR)).sum() == 8
    assert settled(labelled(flow, FAR)).sum() == 0


@pytest.mark.parametrize("end", [np.nan, np.inf, -np.inf, 1e150, -1.5e150])
@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_an_image_with_one_end_far_away_shows_nothing(flow: Flow, end: float, place: tuple[int, int]) -> None:
    """Whatever the label is, and though the other three ends lie in the box or in the ellipse."""
    for label, image in ((LEAVES, [[1.05, 1.1], [0.05, 0.1]]), (FIRST, [[0.87, 0.88], [-0.01, 0.01]])):
        boxes = np.array([image])
        boxes[(0, *place)] = end
        far = labelled(flow, {(0, 1): label})
        number = np.flatnonzero(far.labels)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Flow, "images", lambda *_, number=number, boxes=boxes: (number, boxes, number))
            assert len(far.edges(lanes, number).cells) == 0


def test_ellipses_settle_their_label_alone(flow: Flow) -> None:
    """The images of i = 0 lie in the disc, as far as they are in the box or not; the label of another set is no use."""
    first = dict.fromkeys([(0, 1), (0, 2)], FIRST)
    assert settled(labelled(flow, first)).sum() == 2
    small = Ellipse(np.array([0.875, 0.0]), np.eye(2), 0.0625)
    assert settled(replace(labelled(flow, first), regions=[(small,)])).sum() == 0
    second = dict.fromkeys(first, FIRST + 1)
    assert settled(replace(labelled(flow, second), regions=[flow.regions[0], (small,)])).sum() == 0
    assert settled(replace(labelled(flow, first), regions=[(), flow.regions[0]])).sum() == 0
    # The images of i = 2 touch i = 0, and leave the box: with the label of the attractor that is no proof.
    assert settled(replace(labelled(flow, first | dict.fromkeys(FAR, FIRST)), regions=[(small,)])).sum() == 0


def test_labels_of_nothing_are_no_proof(flow: Flow) -> None:
    """Of no attractor and no trap, however large they are."""
    for label in (FIRST + 1, FIRST + 2, FIRST + 7):
        assert not settled(labelled(flow, dict.fromkeys([(0, 1), (0, 2)], label))).any()


def test_following_cells_ends_when_the_time_is_up(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever follows them looks at the clock at each step."""

    def look() -> None:
        raise OutOfTime

    monkeypatch.setattr(graph, "look", look)
    with pytest.raises(OutOfTime):
        settled(labelled(flow, NEAR))


def test_another_label_is_no_proof(flow: Flow) -> None:
    """One of the cells that an image touches has another label, or none."""
    for other in (0, FIRST):
        mixed = labelled(flow, NEAR | FAR | {(0, 1): other})
        wrong = settled(mixed)[mixed.partition.at(np.array([[2, 2, 1], [2, 3, 1], [2, 1, 1]]))]
        assert wrong.tolist() == [False, False, True]


def test_no_cell_leans_on_itself(flow: Flow) -> None:
    """Three cells in a circle, and one that leans on it, are not settled; a chain is, in any order."""
    circle = Edges(np.arange(4), np.array([0, 1, 2, 3]), np.array([1, 2, 0, 0]))
    chain = Edges(np.arange(4, 8), np.array([4, 5, 7]), np.array([5, 7, 6]))
    lonely = Edges(np.array([9]), np.array([9]), np.array([9]))
    assert np.flatnonzero(flow.settled([circle, chain, lonely])).tolist() == [4, 5, 6, 7]


def test_what_was_not_looked_at_is_not_settled(flow: Flow) -> None:
    """Without its edges a cell has nothing to lean on, which is no proof; nor are cells that lean on it settled."""
    known = Edges(np.array([0, 1]), np.array([1]), np.array([2]))
    assert np.flatnonzero(flow.settled([known])).tolist() == [0]
    assert not flow.settled([]).any()


def test_wrong_numbers_of_steps_are_no_proof(flow: Flow) -> None:
    """No step at all takes no cell anywhere; far too many are not followed through where g may be 0."""
    near = labelled(flow, NEAR)
    assert not settled(replace(near, steps=0 * near.steps)).any()
    assert not settled(replace(near, steps=0 * near.steps + 60)).any()


def test_zeros_settle_cells_without_steps() -> None:
    """In a ring the cells beside the circle of radius 1/2 are settled as they are, others lean on them."""
    ring = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
    cells, _ = from_text("+" + "+...." * 4)
    box, n, zeros = np.array([[0.46875, 0.53125], [-0.03125, 0.03125]]), len(cells), Zeros(ring, RHO, Fraction(1, 10))
    still = Flow(
        Problem(ring, RHO), Fraction(1, 10), Partition(box, cells), np.full(n, FIRST), np.zeros(n, int), [(zeros,)]
    )
    assert settled(still).all()
    assert not settled(replace(still, regions=[()])).any()
    assert not settled(replace(still, labels=np.full(n, LEAVES))).any()
    assert not settled(replace(still, steps=np.ones(n, int))).any()
    inner = (cells[:, 1] == 0) & (cells[:, 2] == 1)
    assert settled(replace(still, steps=np.where(inner, 12, 0))).all()


def test_a_cell_with_a_critical_point_is_settled_by_a_step_for_all_directions() -> None:
    """For ``(x^2 + y^2)/2`` it goes around 0 to the circle with radius 1/8, give or take 7/8 of the cell's size."""
    f, box = hc.Objective.parse("(x**2 + y**2)/2"), np.array([[-0.015625, 0.015625]] * 2)
    cells, labels = from_text("A")
    for radius, steps, good in ((0.15, -1, True), (0.125, -1, False), (0.15, 1, False), (0.15, -2, False)):
        disc = Ellipse(np.zeros(2), np.eye(2), radius)
        problem = Problem(f, Fraction(1)), Fraction(1, 8)
        flow = Flow(*problem, Partition(box, cells), labels, np.array([steps]), [(disc,)])
        assert bool(settled(flow)) == good


def test_a_step_for_all_directions_that_is_undefined_is_no_proof() -> None:
    """Of ``log(x) + y**2`` where x is negative nothing is known, though no box of an image is anywhere else."""
    f, box = hc.Objective.parse("log(x) + y**2"), np.array([[-2.0, -1.5], [1.0, 1.5]])
    cells, labels = from_text("-")
    flow = Flow(Problem(f, Fraction(1)), Fraction(1), Partition(box, cells), labels, np.array([-1]), [])
    assert not settled(flow).any()


@pytest.mark.parametrize("steps", [1, 2, -1])
def test_images_that_overflow_are_no_proof(steps: int) -> None:
    """Where a quartic throws points beyond 1e150 nothing is proved, though they do leave the box."""
    f = hc.Objective.parse("x**4 + y**4")
    cells, labels = from_text("-")
    box = np.array([[1e60, 2e60], [1e60, 2e60]])
    flow = Flow(Problem(f, Fraction(1)), Fraction(1), Partition(box, cells), labels, np.array([steps]), [])
    assert not flow.settled([flow.edges(lanes, np.array([0]))]).any()
