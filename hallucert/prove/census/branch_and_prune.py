"""Branch and prune: enclose all zeros of a square system in a set of boxes, and prove that there are no others.

A box is dropped only if certainly no solution lies in it; what is neither dropped nor settled by a proof of existence
and uniqueness is returned, never forgotten. For each box Y, inflated a little to W, with midpoint m and a
preconditioner C that is near the inverse of ``DG(W)``:

    K = m - C G(m) + (I - C [DG(W)]) (W - m).

Every zero of G in W lies in K. If ``K`` lies in the interior of W, exactly one zero lies in W, and every matrix of
``[DG(W)]`` is nonsingular (Krawczyk, Rump). If K misses Y, no zero lies in Y.

Box ends are doubles, taken as the exact numbers they are; enclosures come from the arithmetic of the system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Protocol

import numpy as np

from hallucert.balls.ball_lanes import Boxes, SearchLanes, ends
from hallucert.balls.facade import Ball
from hallucert.clock import UNLIMITED, Clock, OutOfTime

BATCH = 2048  # boxes looked at together: fixed, so that a search does the same whatever runs it
INFLATION = 0.125  # how much wider W is than Y, as a part of its radius: room for zeros on faces that boxes share
_LEAST_ROOM = 2.0**-6
_SLIVER = 2.0**-46
_PROGRESS = 0.6  # a box that contraction shrinks to this part is looked at again before it is split
_COVERED = 64  # so many of the latest zeros are compared with every box
_FEW = 64  # so few boxes are split twice at once: a step costs about the same for one box as for a hundred
MOST_SMALL = 4000  # a search ends when so many boxes of the smallest width are left: the zeros are not isolated


@dataclass(frozen=True)
class Expansion:
    """What the operator needs of a system on k boxes: G on them and at their midpoints, and DG on them, enclosed."""

    value: list[Ball]
    at_middle: list[Ball]
    jacobian: list[list[Ball]]


class System(Protocol):
    """A square system that drops boxes early, and evaluates boxes together with their midpoints."""

    lanes: SearchLanes

    def look(self, boxes: Boxes) -> tuple[np.ndarray, Callable[[np.ndarray], Expansion]]:
        """Tell which of k boxes certainly hold no solution; what is returned with it gives the expansion of others."""
        ...


@dataclass(frozen=True)
class Krawczyk:
    """The operator applied to boxes W: the image K, and whether it lies in the interior of W."""

    lo: np.ndarray
    hi: np.ndarray
    proved: np.ndarray


@dataclass(frozen=True)
class Zero:
    """A zero that exists and is the only one of system `tag` in the box `unique`; `box` contains it."""

    tag: int
    box: np.ndarray
    unique: np.ndarray


@dataclass(frozen=True)
class Searched:
    """What a search found."""

    zeros: list[Zero]  # each proved; the same one may be there more than once
    small: Boxes  # boxes of the smallest width that are neither dropped nor proved
    pending: Boxes  # not looked at, because the budget was spent or too many small boxes were left
    spent: int  # boxes looked at


def boxes_of(zeros: Sequence[Zero], dimension: int) -> Boxes:
    """Return the boxes around some zeros."""
    sides = np.array([zero.box for zero in zeros]).reshape(len(zeros), dimension, 2)
    return Boxes(np.array([zero.tag for zero in zeros], int), sides[..., 0], sides[..., 1])


def chunks(zeros: Sequence[Zero]) -> Iterator[Sequence[Zero]]:
    """Cut a sequence of zeros into as many as are looked at together."""
    for first in range(0, len(zeros), BATCH):
        yield zeros[first : first + BATCH]


def excludes_zero(lanes: SearchLanes, values: Sequence[Ball], count: int) -> np.ndarray:
    """Tell for each lane whether some component is certainly not 0."""
    result = np.zeros(count, bool)
    for value in values:
        result |= lanes.nonzero(value)
    return result


def inflated(boxes: Boxes) -> Boxes:
    """Return boxes that contain `boxes` with some room around.

    A side that contraction has made much shorter than the longest gets room in proportion to the longest, so that the
    image, whose sides depend on all of them, can lie in the interior.
    """
    sides = boxes.hi - boxes.lo
    room = INFLATION * sides / 2 + _LEAST_ROOM * boxes.width[:, None]
    room = room + _SLIVER * (np.abs(boxes.lo) + np.abs(boxes.hi) + 2.0**-20)
    return Boxes(boxes.tag, np.minimum(boxes.lo - room, boxes.lo), np.maximum(boxes.hi + room, boxes.hi))


def image(lanes: SearchLanes, boxes: Boxes, expansion: Expansion) -> Krawczyk:
    """Return K of every box; where it is indeterminate, K is the whole space and nothing is proved."""
    (count, n), at_middle = boxes.lo.shape, expansion.at_middle
    if n == 0:  # one point, and nothing to solve
        return Krawczyk(boxes.lo, boxes.hi, np.ones(count, bool))
    low, high = np.empty((count, n, n)), np.empty((count, n, n))
    for i, row in enumerate(expansion.jacobian):
        for j, entry in enumerate(row):
            low[:, i, j], high[:, i, j] = lanes.ends(entry)
    size = np.maximum(np.abs(low), np.abs(high)).max((1, 2))
    for value in expansion.value:
        below, above = lanes.ends(value)
        size = np.maximum(size, np.maximum(-below, above))
    defined = size < np.inf
    c, usable = inverses(np.where(defined[:, None, None], low / 2 + high / 2, np.eye(n)))
    if not defined.all():  # ends of lanes that are not used, which the arithmetic need not accept
        low, high = np.where(defined[:, None, None], low, 0.0), np.where(defined[:, None, None], high, 0.0)
    enclose = getattr(lanes, "krawczyk", partial(operator, lanes))
    image_low, image_high = enclose(boxes, c, low, high, at_middle)
    known = (defined & usable)[:, None]
    image_low, image_high = np.where(known, image_low, -np.inf), np.where(known, image_high, np.inf)
    proved = np.all((image_low > boxes.lo) & (image_high < boxes.hi), axis=1)
    return Krawczyk(image_low, image_high, proved)


def operator(
    lanes: SearchLanes, boxes: Boxes, c: np.ndarray, low: np.ndarray, high: np.ndarray, value: Sequence[Ball]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of K, shape (k, n): `c` is the preconditioner, `low` and `high` the ends of ``[DG(W)]``."""
    (count, n), middle = boxes.lo.shape, boxes.middle
    preconditioner = [[lanes.box(c[:, i, j], c[:, i, j]) for j in range(n)] for i in range(n)]
    entries = [[lanes.box(low[:, i, j], high[:, i, j]) for j in range(n)] for i in range(n)]
    offset = [side - lanes.box(middle[:, i], middle[:, i]) for i, side in enumerate(boxes.lanes(lanes))]
    one, zero = lanes.constant(Fraction(1)), lanes.constant(Fraction(0))
    image_low, image_high = np.empty((count, n)), np.empty((count, n))
    for i in range(n):
        total = lanes.box(middle[:, i], middle[:, i])
        for j in range(n):
            total = total - preconditioner[i][j] * value[j]
            turned = one if i == j else zero
            for k in range(n):
                turned = turned - preconditioner[i][k] * entries[k][j]
            total = total + turned * offset[j]
        image_low[:, i], image_high[:, i] = ends(lanes, total, count)
    return image_low, image_high


def inverses(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return approximate inverses, and which of them exist in floats; proposals only."""
    n = matrices.shape[-1]
    if n in (1, 2):
        adjugates = np.ones_like(matrices)
        determinants = matrices[:, 0, 0]
        if n == 2:
            np.negative(matrices[:, ::-1, ::-1].swapaxes(1, 2), out=adjugates)
            (a, b), (c, d) = matrices.transpose(1, 2, 0)
            adjugates[:, 0, 0], adjugates[:, 1, 1], determinants = d, a, a * d - b * c
        inverses = adjugates / np.where(determinants == 0, np.nan, determinants)[:, None, None]
        good = np.asarray(np.isfinite(inverses).all((1, 2)))
        return np.where(good[:, None, None], inverses, np.eye(n)), good
    determinants = np.linalg.det(matrices)
    good = np.isfinite(determinants) & (determinants != 0)
    inverses = np.linalg.inv(np.where(good[:, None, None], matrices, np.eye(n)))
    finite: np.ndarray = np.all(np.isfinite(inverses), axis=(1, 2))
    return np.where(finite[:, None, None], inverses, np.eye(n)), good & finite


def search(system: System, start: Boxes, min_width: np.ndarray, max_boxes: int, clock: Clock = UNLIMITED) -> Searched:
    """Enclose all zeros of the system in the boxes of `start`; those of a tag's least width are not split any more."""
    stack, spent = start, 0
    zeros: list[Zero] = []
    small: list[Boxes] = [start[:0]]
    left = 0
    with system.lanes, clock.watched():
        while len(stack) and spent < max_boxes and left < MOST_SMALL and not clock.passed():
            batch = stack[-BATCH:]
            try:
                rest = _step(system, batch, zeros)
            except OutOfTime:  # within a step, which over balls may take long; its boxes stay on the stack
                break
            stack = stack[: -len(batch)]
            spent += len(batch)
            clock.tell("boxes", spent)
            done = rest.width <= min_width[rest.tag]
            if done.any():
                small.append(rest[done])
                left += int(done.sum())
                rest = rest[~done]
            stack = Boxes.join([stack, rest]) if len(stack) else rest
    return Searched(zeros, Boxes.join(small), stack, spent)


def narrowed(system: System, boxes: Boxes, steps: int) -> Boxes:
    """Shrink boxes around the zeros in them, by the operator alone; boxes without a zero are dropped."""
    with system.lanes:
        for _ in range(steps):
            wide = inflated(boxes)
            _, expand = system.look(wide)
            found = image(system.lanes, wide, expand(np.ones(len(wide), bool)))
            lo, hi = np.maximum(boxes.lo, found.lo), np.minimum(boxes.hi, found.hi)
            keep = (lo <= hi).all(axis=1)
            boxes = Boxes(boxes.tag[keep], lo[keep], hi[keep])
    return boxes


def _step(system: System, batch: Boxes, zeros: list[Zero]) -> Boxes:
    """Drop, prove, shrink or split every box of a batch; returns what is left to do."""
    if (covered := _covered(batch, zeros)).any():
        batch = batch[~covered]
    if not len(batch):
        return batch
    wide = inflated(batch)
    impossible, expand = system.look(wide)
    possible = ~impossible
    if not possible.any():
        return batch[:0]
    batch, wide = batch[possible], wide[possible]
    found = image(system.lanes, wide, expand(possible))
    lo, hi = np.maximum(batch.lo, found.lo), np.minimum(batch.hi, found.hi)
    empty = (lo > hi).any(axis=1)
    new = np.flatnonzero(found.proved & ~empty)
    sides, unique = (np.stack([x.lo[new], x.hi[new]], -1) for x in (found, wide))
    proved = [Zero(*parts) for parts in zip(batch.tag[new].tolist(), sides, unique, strict=True)]
    inside = _within(boxes_of(proved, batch.lo.shape[1]), everything := [*zeros, *proved])
    known = np.arange(len(everything)) < len(zeros)
    for own, zero in zip(inside, range(len(zeros), len(everything)), strict=True):
        if not (own & known).any():
            known[zero] = True
            zeros.append(everything[zero])
    left = ~empty & ~found.proved
    rest, before = Boxes(batch.tag[left], lo[left], hi[left]), batch.width[left]
    shrunk = rest.width <= _PROGRESS * before
    parts = rest[~shrunk].halves()
    if len(parts) <= _FEW:
        parts = parts.halves()
    return Boxes.join([rest[shrunk], parts])


def _covered(batch: Boxes, zeros: list[Zero]) -> np.ndarray:
    """Tell which boxes lie where a known zero is the only one."""
    return np.asarray(_within(batch, zeros[-_COVERED:]).any(axis=1))


def _within(boxes: Boxes, zeros: Sequence[Zero]) -> np.ndarray:
    """Tell which of k boxes lie where which of m zeros of their systems is the only one, shape (k, m)."""
    if not zeros:
        return np.zeros((len(boxes), 0), bool)
    unique = np.stack([zero.unique for zero in zeros])
    inside = boxes.tag[:, None] == np.array([zero.tag for zero in zeros])
    for j in range(unique.shape[1]):
        inside &= (boxes.lo[:, None, j] >= unique[:, j, 0]) & (boxes.hi[:, None, j] <= unique[:, j, 1])
    return np.asarray(inside)
