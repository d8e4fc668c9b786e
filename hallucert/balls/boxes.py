"""Many boxes at once: their ends in arrays of doubles, exact, and as lanes of an arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import LaneArithmetic


@dataclass(frozen=True)
class Boxes:
    """Boxes of ``n`` unknowns, each with the number of the system (such as a target) that it belongs to.

    Attributes
    ----------
    tag : (k,) int array
        Number of the system.
    lo, hi : (k, n) arrays
        Ends, exact.
    """

    tag: np.ndarray
    lo: np.ndarray
    hi: np.ndarray

    def __len__(self) -> int:
        return len(self.tag)

    def __getitem__(self, which: np.ndarray | slice) -> Boxes:
        return Boxes(self.tag[which], self.lo[which], self.hi[which])

    @property
    def width(self) -> np.ndarray:
        """Largest side of each box."""
        result: np.ndarray = (self.hi - self.lo).max(axis=1)
        return result

    @property
    def middle(self) -> np.ndarray:
        """Points of the boxes near their middles, shape (k, n)."""
        result: np.ndarray = np.clip(self.lo + (self.hi - self.lo) / 2, self.lo, self.hi)
        return result

    def lanes(self, arithmetic: LaneArithmetic) -> list[Any]:
        """Return the boxes in an arithmetic of lanes, one value for each of the n unknowns."""
        return [arithmetic.box(self.lo[:, j], self.hi[:, j]) for j in range(self.lo.shape[1])]

    @staticmethod
    def join(parts: Sequence[Boxes]) -> Boxes:
        """Put boxes one after the other."""
        return Boxes(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("tag", "lo", "hi")))

    def halves(self) -> Boxes:
        """Split every box across its longest side; the halves share a face, exactly."""
        axis, rows = (self.hi - self.lo).argmax(axis=1), np.arange(len(self))
        cut = self.middle[rows, axis]
        first, second = self.hi.copy(), self.lo.copy()
        first[rows, axis], second[rows, axis] = cut, cut
        return Boxes.join([Boxes(self.tag, self.lo, first), Boxes(self.tag, second, self.hi)])


def ends(lanes: LaneArithmetic, x: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper ends, each of shape (count,)."""
    low, high = lanes.ends(x)
    return (low, high) if len(low) == count else (np.broadcast_to(low, count), np.broadcast_to(high, count))
