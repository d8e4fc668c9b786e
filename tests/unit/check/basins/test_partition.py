"""Claim: boxes touch exactly the cells that they meet, and a partition is written and read as the same."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hallucert.check.basins import partition as partitions
from hallucert.check.basins.partition import DEEPEST, Partition, from_text, to_text
from hallucert.clock import Clock, OutOfTime
from hallucert.errors import ArgumentError

BOX = np.array([[-1.0, 3.0], [0.0, 2.0]])
TEXT = "+A+.-.B.-"


def partition() -> tuple[Partition, np.ndarray]:
    """Seven cells of two levels."""
    cells, labels = from_text(TEXT)
    return Partition(BOX, cells), labels


def test_text_is_the_preorder() -> None:
    """The cells of a text are where they should be, and it is written as it was read, in any order of the cells."""
    found, labels = partition()
    assert found.cells.tolist() == [[1, 0, 0], [2, 0, 2], [2, 0, 3], [2, 1, 2], [2, 1, 3], [1, 1, 0], [1, 1, 1]]
    assert labels.tolist() == [2, 0, 1, 0, 3, 0, 1]
    mixed = np.random.default_rng(0).permutation(len(labels))
    text, order = to_text(found.cells[mixed], labels[mixed])
    assert text == TEXT
    assert mixed[order].tolist() == list(range(7))


@pytest.mark.parametrize("text", ["", "+AAA", "+AAAAA", "AA", "+AA*A", "+" * 25 + "A" * 76])
def test_other_text_is_refused(text: str) -> None:
    """Too few or too many cells, unknown letters, and trees that are too deep."""
    with pytest.raises(ValueError, match=r"have|end"):
        from_text(text)


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [[1, 0, 0], [1, 0, 1], [1, 1, 0]],
        [[1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1], [1, 1, 1]],
        [[1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 0]],
        [[0, 0, 0], [1, 0, 0]],
        [[0, 0, 1]],
        [[0, -1, 0]],
        [[-1, 0, 0]],
        [[DEEPEST + 1, 0, 0]],
    ],
)
def test_cells_that_do_not_cover_the_box_once_are_refused(cells: list[list[int]]) -> None:
    """Missing ones, such as are there twice or overlap, and such as are outside: areas would be wrong."""
    with pytest.raises(ArgumentError, match="leaves of one tree"):
        Partition(BOX, np.array(cells, np.int64).reshape(-1, 3))


def test_cells_are_ordered_bit_by_bit() -> None:
    """The place of a cell of the deepest level in the order is read off its indices, binary digit after digit."""
    draw = np.random.default_rng(3).integers(0, 2**DEEPEST, (200, 2))
    binary = [[f"{index:0{DEEPEST}b}" for index in pair] for pair in [[0, 2**DEEPEST - 1], *draw.tolist()]]
    wanted = [int("".join(a + b for a, b in zip(*pair, strict=True)), 2) for pair in binary]
    i, j = (np.array([int(pair[k], 2) for pair in binary]) for k in (0, 1))
    assert partitions._interleaved(i, j).tolist() == wanted


@pytest.mark.parametrize("piece", [1, 3, partitions.PIECE])
def test_boxes_touch_the_cells_that_they_meet(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By comparison with all cells, closed as the boxes are; and which boxes leave. In pieces it is the same."""
    monkeypatch.setattr(partitions, "PIECE", piece)
    found, _ = partition()
    lo, hi = found.bounds()
    draw = np.random.default_rng(2)
    boxes = np.sort(draw.uniform([-1.5, -0.5], [3.5, 2.5], (200, 2, 2)), axis=1).transpose(0, 2, 1)
    boxes[:100, :, 1] = boxes[:100, :, 0] + 0.05
    number, cell, leaves = found.touched(boxes)
    pairs = set(zip(number.tolist(), cell.tolist(), strict=True))
    for k, ((x0, x1), (y0, y1)) in enumerate(boxes.tolist()):
        meets = (lo[:, 0] <= x1) & (hi[:, 0] >= x0) & (lo[:, 1] <= y1) & (hi[:, 1] >= y0)
        assert {c for n, c in pairs if n == k} == set(np.flatnonzero(meets).tolist())
        assert leaves[k] == (x0 < -1 or x1 > 3 or y0 < 0 or y1 > 2)


def test_boxes_that_touch_too_many_cells_end_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of a hundred touches all 1,024; the clock is asked for each piece, of which few are ever made."""
    k = np.arange(1024)
    found = Partition(BOX, np.stack([np.full(1024, 5), *np.divmod(k, 32)], -1))
    sizes, whole = [], Partition.at

    def at(cells: Partition, nodes: np.ndarray) -> np.ndarray:
        sizes.append(len(nodes))
        return whole(cells, nodes)

    monkeypatch.setattr(Partition, "at", at)
    monkeypatch.setattr(partitions, "PIECE", 1000)
    ticks = iter([0.0] * 30 + [9.0] * 99)
    with Clock(1.0, now=lambda: next(ticks)).watched(), pytest.raises(OutOfTime):
        found.touched(BOX[None].repeat(100, axis=0))
    assert max(sizes) == 1000 and 20 <= len(sizes) <= 30


def test_faces_belong_to_both_sides() -> None:
    """A box that ends on a face touches the cell beyond it; one that lies on a corner touches four."""
    found, _ = partition()
    for point, count in (([1.0, 0.5], 2), ([1.0, 1.0], 4), ([0.0, 1.5], 4), ([-0.5, 0.5], 1)):
        here = np.array(point)[None, :, None].repeat(2, axis=2)
        assert len(found.touched(here)[1]) == count


def test_the_last_cells_of_the_deepest_level_are_touched() -> None:
    """Boxes that lie in one of them, beside the upper sides of the box, or beyond these by less than is sure."""
    found, _ = partition()
    unit = 2.0**-DEEPEST
    for low, high, leaves in ((0.75, 0.25, False), (0.5, 0.0, True), (-(2.0**-20), -(2.0**-19), True), (-1, -2, True)):
        top = np.array([[[3 - 4 * unit * low, 3 - 4 * unit * high], [2 - 2 * unit * low, 2 - 2 * unit * high]]])
        _, cell, left = found.touched(top)
        assert left.tolist() == [leaves]
        assert len(cell) == (low > -1)


def test_the_first_cells_of_the_deepest_level_are_touched() -> None:
    """Boxes that lie in one of them, along one axis or both; none is lost beside the lower sides of the box."""
    found, unit = Partition(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[0, 0, 0]])), 2.0**-DEEPEST
    for x, y in ((0, 0), (0, 0.5), (0.5, 0)):
        here = np.array([[[x + unit / 4, x + unit / 2], [y + unit / 4, y + unit / 2]]])
        number, cell, leaves = found.touched(here)
        assert (number.tolist(), cell.tolist(), leaves.tolist()) == ([0], [0], [False])


def test_small_cells_are_touched_everywhere() -> None:
    """Of 8 by 8 cells, those from the column and row of one corner of a box to those of the other."""
    found = Partition(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[3, i, j] for i in range(8) for j in range(8)]))
    boxes = np.sort(np.random.default_rng(4).uniform(0.01, 0.99, (100, 2, 2)), axis=2)
    boxes[:50, :, 1] = np.minimum(boxes[:50, :, 0] + 0.1, 0.99)
    number, cell, leaves = found.touched(boxes)
    assert not leaves.any()
    for k, ((i, p), (j, q)) in enumerate(np.floor(8 * boxes).astype(int).tolist()):
        assert sorted(cell[number == k]) == [8 * a + b for a in range(i, p + 1) for b in range(j, q + 1)]


@pytest.mark.parametrize("lost", range(4))
def test_cells_that_leave_out_a_part_or_lie_outside_are_no_partition(lost: int) -> None:
    """Three of four children, in whose place one stands that is beside the box, or deeper than there are any."""
    four, box = [[1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]], np.array([[0.0, 1.0], [0.0, 1.0]])
    Partition(box, np.array(four))
    level, i, j = four.pop(lost)
    for others in ([], *([[level, i + a, j + b]] for a, b in ((2, 0), (-2, 0), (0, 2), (0, -2))), [[-1, 0, 0]]):
        with pytest.raises(ArgumentError):
            Partition(box, np.array([*four, *others]))
    far = [sign * 2**k for k in (0, 1, 20, 32, 40, 52, 62) for sign in (1, -1)]
    for node in (*([0, k, 0] for k in far), *([0, 0, k] for k in far), *([k, 0, 0] for k in far)):
        with pytest.raises(ArgumentError):
            Partition(box, np.array([node]))


def test_bounds_of_cells_hold_them_exactly() -> None:
    """In fractions: the parts of a box whose sides are no multiples of powers of two."""
    box = np.array([[0.1, 0.7], [-1 / 3, 1e-3]])
    cells = from_text("+" * 8 + "." * 25)[0]
    lower, upper = Partition(box, cells).bounds()
    ends = [[Fraction(v) for v in side] for side in box.tolist()]
    for (level, *index), low, high in zip(cells.tolist(), lower.tolist(), upper.tolist(), strict=True):
        for (a, b), k, p, q in zip(ends, index, low, high, strict=True):
            side = (b - a) / 2**level
            assert Fraction(p) <= a + k * side and a + (k + 1) * side <= Fraction(q)
            assert q - p < float(side) + 1e-13


def deep() -> list[list[int]]:
    """Cells of all levels down to the deepest, around the first corner."""
    children = [(0, 1), (1, 0), (1, 1)]
    return [[DEEPEST, 0, 0], *([level, *child] for level in range(1, DEEPEST + 1) for child in children)]


def test_the_deepest_cells_are_cells_and_deeper_ones_are_none() -> None:
    """In cells or in text; a box in the very first one touches no other; indices that overflow are none."""
    box, unit = np.array([[0.0, 1.0], [0.0, 1.0]]), 2.0**-DEEPEST
    found = Partition(box, np.array(deep()))
    here = np.array([[[unit / 4, unit / 2]] * 2])
    assert [part.tolist() for part in found.touched(here)] == [[0], [0], [False]]
    for beside in ([DEEPEST + 1, 0, 0], [DEEPEST + 1, 1, 0], [-1, 0, 0], [DEEPEST, 0, 0]):
        for cells in ([beside, *deep()], [*deep(), beside]):
            with pytest.raises(ArgumentError):
                Partition(box, np.array(cells))
    for k in (24, 31, 32, 36, 40, 41, 48):
        for other in ([1, 1 + 2**k, 1], [1, 1, 1 + 2**k], [1, 1 - 2**k, 1]):
            with pytest.raises(ArgumentError):
                Partition(box, np.array([[1, 0, 0], [1, 0, 1], [1, 1, 0], other]))
    with pytest.raises(ValueError, match=f"no cell below the level {DEEPEST}"):
        from_text("+" * (DEEPEST + 1) + "." * (3 * DEEPEST + 4))
