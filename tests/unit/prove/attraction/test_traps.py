"""Claim: what is proposed as a core is the largest part of what runs reach that is mapped into itself.

For ``f = (x^2 + y^2)/2``, rho = 1 and eta = 1/8, S takes the circle of radius r to that of radius ``|7 r/8 - 1/8|``,
which stretches small circles by ``1/(8 r) - 7/8`` along themselves; all runs end on that of radius 1/15.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.basins.attractor import Ellipse
from hallucert.check.basins.graph import FIRST, LEAVES, Flow
from hallucert.check.basins.partition import Partition
from hallucert.check.basins.zeros import Zeros
from hallucert.check.problem import Problem
from hallucert.find.basins.search import Search
from hallucert.find.basins.search import ellipses_of as rows_of
from hallucert.prove.attraction import traps
from hallucert.prove.attraction.attractors import all_cells

BOWL, STEP = Problem(hc.Objective.parse("(x**2 + y**2)/2"), Fraction(1)), Fraction(1, 8)
BOX = np.array([[-0.25, 0.25], [-0.25, 0.25]])
ENDS = np.array([[1 / 15, 0.0], [-1 / 15, 0.0], [9.0, 0.0], [0.25, 0.0]])
"""Of runs; the last two are not in the box."""


def empty(level: int) -> Flow:
    """Cells of one level without labels."""
    cells = all_cells(level)
    return Flow(BOWL, STEP, Partition(BOX, cells), *np.zeros((2, len(cells)), np.int64), [])


def is_mapped_into_itself(core: np.ndarray) -> bool:
    """Tell whether the images of random points of cells ``(level, i, j, ..)``, all of one level, lie in these."""
    side, rng = 0.5 * 2.0 ** -core[0, 0], np.random.default_rng(1)
    x = np.concatenate([(core[:, 1:3] + rng.uniform(size=(len(core), 2))) * side - 0.25 for _ in range(50)])
    x = x * (7 / 8 - 1 / 8 / np.hypot(*x.T))[:, None]
    return set(map(tuple, np.floor((x + 0.25) / side).astype(int))) <= set(map(tuple, core[:, 1:3]))


@pytest.mark.parametrize(
    ("goes", "begin", "core"),
    [
        ({0: [1], 1: [2], 2: [0], 3: [0]}, [0], {0, 1, 2}),  # what is not reached is left out
        ({0: [1, 2], 1: [1], 2: [3], 3: [None]}, [0], {1}),  # 0 leads to 3, which leaves the box
        ({0: [1, 8], 1: [0, 9]}, [0], set()),  # 9 leaves the box as well
        ({0: [1, 8], 1: [0]}, [0, 8], {0, 1}),  # 8 is an attractor's
        ({0: [1, 10], 1: [0]}, [0], {0, 1}),  # 10 is in an ellipse
        ({0: [1], 1: [0, 11]}, [0], set()),  # of 11 no image is known
        ({0: [1], 1: [0, 12], 12: [0]}, [0], set()),  # images of 12 are not finite
    ],
)
def test_the_largest_closed_part_is_found(
    goes: dict[int, list[int | None]], begin: list[int], core: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of graphs: cells stay that lead to no cell without a way back, whether it was looked at first or last."""
    flow = empty(2)
    lo, hi = flow.partition.bounds()
    middle = (lo + hi) / 2
    labels = np.zeros(16, np.int64)
    labels[8:10] = FIRST, LEAVES
    flow = replace(flow, labels=labels, regions=[(Ellipse(middle[10], np.eye(2), 0.001),)])

    def images(_: Flow, __: object, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        pairs = [(cell, to) for cell in cells.tolist() for to in goes.get(cell, [])]
        places = [[9.0, 9.0] if to is None else [np.nan] * 2 if cell == 12 else middle[to] for cell, to in pairs]
        boxes = np.repeat(np.reshape(places, (-1, 2, 1)), 2, axis=2)
        return np.array([cell for cell, _ in pairs], np.int64), boxes, cells[cells != 11]

    monkeypatch.setattr(Flow, "images", images)
    monkeypatch.setattr(traps, "_directions", lambda _, cells: np.ones(len(cells), np.int64))
    found, steps = traps.closed(flow, np.array(begin))
    assert set(found.tolist()) == core and (steps[found] == 1).all()
    monkeypatch.setattr(traps, "MOST", 1)
    assert traps.closed(flow, np.array(begin))[0].size <= 1


def test_around_ends_of_runs_is_a_core() -> None:
    """It has the circle of radius 1/15, is mapped into itself, and is less than all of the box."""
    core = traps.around_ends(BOWL, STEP, BOX, [], ENDS, 6)
    assert (core[:, 0] == 6).all() and is_mapped_into_itself(core) and len(core) < 4**6 / 2
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = np.floor((np.stack([np.cos(angle), np.sin(angle)], -1) / 15 + 0.25) * 2**7).astype(int)
    assert set(map(tuple, circle)) <= set(map(tuple, core[:, 1:3]))


def test_no_core_is_around_an_attractor() -> None:
    """None if its centre would be in it, if all ends are its own, if there are none, or if there are curves."""
    at, aside = (Ellipse(np.array([x, 0.0]), np.eye(2), 0.001) for x in (1 / 15, 0.24))
    wide = replace(aside, radius=0.2)  # of both ends it has the first
    assert len(traps.around_ends(BOWL, STEP, BOX, [(aside,)], ENDS, 5))
    assert not len(traps.around_ends(BOWL, STEP, BOX, [(wide,)], ENDS[[0, 2]], 5))
    for regions in ([(at,)], [(aside,), (Zeros(BOWL.objective, BOWL.rho, STEP),)]):
        assert not len(traps.around_ends(BOWL, STEP, BOX, regions, ENDS, 5))
    assert not len(traps.around_ends(BOWL, STEP, BOX, [], ENDS[2:], 5))
    small = BOX * 0.4  # 0 leaves it, as does most of what the circle touches
    assert not len(traps.around_ends(BOWL, STEP, small, [], ENDS[:2], 4))


def test_all_directions_are_taken_where_circles_are_stretched() -> None:
    """Cells within 1/40 of 0 are stretched by more than 4, those beyond 1/8 shrink."""
    flow = empty(6)
    lo, hi = flow.partition.bounds()
    far = np.hypot(*np.maximum(np.abs(lo), np.abs(hi)).T)
    steps = traps._directions(flow, np.arange(4**6))
    assert (steps[far < 1 / 40] == -1).all() and (steps[far > 1 / 7] == 1).all() and (far < 1 / 40).any()


def test_cells_have_the_number_of_what_holds_them() -> None:
    """Of a cell of the level, and of one below it, the same; of one above that of its first corner."""
    cells = np.array([(2, 1, 3), (4, 5, 14), (4, 8, 14), (1, 1, 0), (2, 2, 0)])
    same = traps._code(cells, 2)
    assert same[0] == same[1] != same[2] and same[3] == same[4] and len(set(same.tolist())) == 3


def test_among_open_cells_a_core_is_found_and_the_rest_is_kept() -> None:
    """Of a search that settles nothing; core and rest are the box, once, and the core is mapped into itself."""
    search = Search(BOWL.objective, BOX, 1.0, 0.125, rows_of([]), 6, 6, 100)
    core, rest = traps.among_open(BOWL, STEP, search, [], 6)
    assert len(core) and is_mapped_into_itself(core)
    assert np.isin(core[:, 3], (1, -1)).all()
    Partition(BOX, np.concatenate([core[:, :3], rest]))  # covers the box once, or it raises


def test_late_is_when_nine_of_ten_have_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    """If half take 1 step, and one of twenty 7, others 2, it is where the closed form takes middles of cells in 2."""
    search = Search(BOWL.objective, BOX, 1.0, 0.125, rows_of([]), 5, 5, 100)
    monkeypatch.setattr(search, "arrivals", lambda cells: np.resize([7, *[1, 2] * 9, 1], len(cells)))
    radii = np.hypot(*((all_cells(5)[:, 1:] + 0.5) / 64 - 0.25).T)
    for _ in range(2):
        radii = np.abs(7 * radii / 8 - 1 / 8)
    np.testing.assert_allclose(np.sort(np.hypot(*traps.late(BOWL, STEP, search).T)), np.sort(radii), atol=1e-12)
