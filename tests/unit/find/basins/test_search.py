"""Claim: the search proposes what a proof accepts, and every place of the box stays in one cell."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.find.basins.search import Search, ellipses_of

DISC = ellipses_of([[-0.5, 0.0, 1.0, 0.0, 0.0, 1.0, 0.01, 2]])
"""Around the hallucinated minimizer (-1/2, 0), with the radius 1/10."""


def searched(depth: int, threads: int = 1) -> Search:
    """A search in a small box."""
    f, box = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2"), np.array([[-1.5, -0.125], [-0.5, 0.5]])
    search = Search(f, box, 1.5, 0.1, DISC, depth, depth, 500, threads=threads)
    search.run(1.0, lambda: False, lambda share: None)
    return search


def test_cells_cover_the_box_once() -> None:
    """Settled or not, their areas make up the box, and no cell is there twice; deeper cells settle more."""
    coarse, fine = searched(6), searched(7)
    for search in (coarse, fine):
        cells = np.concatenate([search.settled[:, :3], search.unsettled])
        assert (4.0 ** -cells[:, 0]).sum() == 1
        assert len(np.unique(cells, axis=0)) == len(cells)
        assert set(search.settled[:, 3]) == {1, 2}
    assert coarse.share < fine.share < 1


def test_any_number_of_threads_finds_the_same() -> None:
    """Cells, labels and steps, and what is left, in the same order."""
    alone, together = searched(7), searched(7, 3)
    assert np.array_equal(alone.settled, together.settled)
    assert np.array_equal(alone.unsettled, together.unsettled)


def test_a_search_that_goes_on_finds_no_less() -> None:
    """From what another one had found, which stays settled."""
    first, second = searched(6), searched(6)
    second.resume(first.settled, first.unsettled)
    second.run(1.0, lambda: False, lambda share: None)
    assert second.share >= first.share
    rows = {tuple(row) for row in second.settled.tolist()}
    assert {tuple(row) for row in first.settled.tolist()} <= rows


def test_a_search_that_goes_on_splits_cells_into_leaves() -> None:
    """Down to its depth, beyond which nothing is read: from one cell, and with what is settled as a goal of runs."""
    first = searched(6)
    second = Search(first.f, first.box, 1.5, 0.1, DISC[:0], 7, 7, 500)
    at_disc = first.settled[first.settled[:, 3] == 2][:40]
    rest = np.concatenate([first.settled[:, :3], first.unsettled])
    rest = rest[~(rest[:, None] == at_disc[None, :, :3]).all(axis=2).any(axis=1)]
    second.resume(at_disc, rest, [2])
    second.run(1.0, lambda: False, lambda share: None)
    assert set(second.settled[:, 3]) == {1, 2} and second.settled[:, 0].max() == 7
    cells = np.concatenate([second.settled[:, :3], second.unsettled])
    assert (4.0 ** -cells[:, 0]).sum() == 1
    leaves, labels = second._leaves(
        second.box[:, 0] + (cells[:, 1:] + 0.5) * np.diff(second.box).T / 2.0 ** cells[:, :1]
    )
    assert (leaves[labels == 0] == cells[labels == 0]).all() and (labels == 0).sum() == len(second.unsettled)


def test_cells_from_which_nothing_arrives_stay_coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an attractor in a bowl that no run leaves, no cell below the level `COARSE` is made."""
    monkeypatch.setattr("hallucert.find.basins.search.COARSE", 6)
    f, box = hc.Objective.parse("x**2 + y**4"), np.array([[-1.0, 1.0], [-1.0, 1.0]])
    search = Search(f, box, 0.5, 0.1, DISC[:0], 8, 8, 10)
    search.run(1.0, lambda: False, lambda share: None)
    assert len(search.settled) == 0
    assert len(search.unsettled) == 4**6


def test_a_cell_that_jumps_out_is_settled_however_it_is_stretched() -> None:
    """At x = 4 one step of x**4/4 with eta = 1 leads from [3.9, 4.1] to [-67, -53]: 70 times as wide, and outside."""
    f, box = hc.Objective.parse("x**4/4 + y**2/2"), np.array([[3.0, 4.6], [-0.8, 0.8]])
    search = Search(f, box, 0.01, 1.0, DISC[:0], 5, 5, 10)
    search.run(1.0, lambda: False, lambda share: None)
    assert set(search.settled[:, 3]) == {1}
    assert search.share > 0.9


def test_every_batch_is_told_and_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is settled and what is not make up the box after each of many batches, also when the time ends at one."""
    monkeypatch.setattr("hallucert.find.basins.search.BATCH", 40)
    f, box = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2"), np.array([[-1.5, -0.125], [-0.5, 0.5]])
    search, told = Search(f, box, 1.5, 0.1, DISC, 6, 6, 500), []

    def tell(share: float) -> None:
        cells = np.concatenate([search.settled[:, :3], search.unsettled])
        assert (4.0 ** -cells[:, 0]).sum() == 1
        assert share == (4.0 ** -search.settled[:, 0]).sum()
        told.append(share)

    search.run(1.0, lambda: len(told) == 50, tell)
    assert len(told) == 50 and told == sorted(told) and told[-1] > 0.3


def test_no_time_settles_nothing() -> None:
    """All cells of the first level are left."""
    f, box = hc.Objective.parse("x**2 + y**4"), np.array([[-1.0, 1.0], [-1.0, 1.0]])
    search = Search(f, box, 0.5, 0.1, DISC[:0], 6, 6, 10)
    search.run(1.0, lambda: True, lambda share: None)
    assert len(search.settled) == 0
    assert len(search.unsettled) == 4**5
