"""Certificates of points in doubles, for users: no check needs them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from hallucert.arguments import quiet
from hallucert.check.point.certificate import Certificate
from hallucert.check.point.existence import room_of
from hallucert.exact import float_above, float_below


def printed(self: Certificate) -> Sequence[tuple[Fraction, Fraction]]:
    """The sides of the box that stand on a card."""
    return (self.box or ())[:8]


@quiet
def enclosure(self: Certificate) -> np.ndarray | None:
    """Box that contains ``x*``, shape (d, 2), doubles rounded outward; None unless existence is proved."""
    return None if self.box is None else _outward(self.box)


@quiet
def x(self: Certificate) -> np.ndarray | None:
    """The midpoint of `enclosure` (or the witness's centre), shape (d,): a double near ``x*``.

    It is at most half a width of `enclosure` away. It lies in the witness's box, where ``x*`` is the only solution,
    whatever a file that nobody has verified says of the enclosure.
    """
    if self.witness is None:
        return None
    if self.enclosure is None:
        return np.array([float_below(c) for c in self.witness.centre])
    room = _outward((side.lower, side.upper) for side in room_of(self.witness))
    result: np.ndarray | None = np.clip(self.enclosure.mean(axis=1), room[:, 0], room[:, 1])
    return result


def _outward(sides: Iterable[tuple[Fraction, Fraction]]) -> np.ndarray:
    """Return a box in doubles, rounded outward, shape (d, 2)."""
    return np.array([[float_below(low), float_above(high)] for low, high in sides])
