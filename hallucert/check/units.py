"""Units of a proof in doubles: ``h(y) = f(b y)/a`` instead of ``f``, with powers of two ``a`` and ``b``.

The points correspond, ``x = b y`` and ``rho = b rho_h``, and ``|g| = (a/b) |g_h|``, ``M = (a/b^2) M_h``: exactly, since
multiplying by a power of two rounds nothing. So it makes no difference to a theorem in which units it is proved, and
doubles neither overflow nor underflow where squares of gradients would. Near 1 the units stay as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.census.records import HallucinatedPoint
from hallucert.check.census.search.branch_and_prune import ends
from hallucert.check.claim import Enclosure, exponent
from hallucert.objectives.formula import FormulaObjective

NEAR_LENGTH, NEAR_HEIGHT = 8, 32
"""Exponents of lengths and of values up to which the units of the caller serve."""

OCTAVES = 4
"""Every so many powers of two are looked at first."""

LOOKS = 7
"""Points of a box at which the size of gradients is looked at."""

MOST = 1000
"""Largest exponent of a value: doubles have 1023."""


@dataclass(frozen=True)
class Units:
    """``b = 2**length`` and ``a = 2**height``."""

    length: int
    height: int

    def function(self, f: FormulaObjective) -> FormulaObjective:
        """Return ``h``."""
        return f.in_units(self.length, self.height)

    def inside(self, length: Fraction) -> Fraction:
        """Return a length in these units."""
        return length / Fraction(2) ** self.length

    def length_outside(self, length: Fraction) -> Fraction:
        """Return a length of these units in those of the caller."""
        return length * Fraction(2) ** self.length

    def inside_box(self, box: tuple[Enclosure, ...]) -> tuple[Enclosure, ...]:
        """Return a box of points in these units."""
        return tuple(Enclosure(self.inside(side.lower), self.inside(side.upper)) for side in box)

    def inside_doubles(self, box: np.ndarray) -> np.ndarray | None:
        """Return a box (d, 2) of doubles in these units; None if an end is no double there."""
        inner = np.ldexp(box, -self.length)
        return inner if bool((np.ldexp(inner, self.length) == box).all()) else None

    def outside(self, enclosure: Enclosure, lengths: int = 1, heights: int = 0) -> Enclosure:
        """Return an enclosure of ``a**heights b**lengths`` times the number in these units that is enclosed."""
        power = lengths * self.length + heights * self.height
        if not power:
            return enclosure
        factor = Fraction(2) ** power
        return Enclosure(enclosure.lower * factor, enclosure.upper * factor)

    def point_outside(self, point: HallucinatedPoint) -> HallucinatedPoint:
        """Return a hallucinated point of ``h`` as one of ``f``."""
        part = point.smallest_real_part
        return replace(
            point,
            box=self.outside_box(point.box),
            gradient_norm=self.outside(point.gradient_norm, -1, 1),
            smallest_real_part=None if part is None else self.outside(part, -2, 1),
        )

    def outside_box(self, box: tuple[Enclosure, ...]) -> tuple[Enclosure, ...]:
        """Return a box of points of ``f``."""
        return tuple(self.outside(side) for side in box)


CALLER = Units(0, 0)
"""The units of the caller."""


def units_of(f: FormulaObjective, length: Fraction | float, points: np.ndarray, backend: str = "float") -> Units:
    """Return units for a problem.

    Parameters
    ----------
    f : FormulaObjective
        The function.
    length : positive number
        Its length, such as ``rho``.
    points : (k, d) array
        Where gradients are looked at.
    backend : str
        In which lanes: the arithmetic that is at hand. Units prove nothing, and any will do.
    """
    long = exponent(Fraction(length))
    with np.errstate(all="ignore"):
        lanes = lane_arithmetic(backend)
        with lanes:
            gradient = f.enclose_gradient(lanes, _at(lanes, points))
            sides = np.array([ends(lanes, g, len(points)) for g in gradient])
        sizes = np.abs(sides).max(axis=(0, 1))
    sizes = np.sort(sizes[np.isfinite(sizes) & (sizes > 0)])
    high = math.frexp(float(sizes[len(sizes) // 2]))[1] - 1 + long if len(sizes) else 0
    return Units(long if abs(long) > NEAR_LENGTH else 0, high if NEAR_HEIGHT < abs(high) <= MOST else 0)


def box_units(f: FormulaObjective, box: np.ndarray, length: Fraction | None = None, backend: str = "float") -> Units:
    """Return units for a box (d, 2) of doubles, which its ends are in, too: those of a length, by default its size."""
    low, high = box.T
    parts = np.random.default_rng(0).uniform(0.1, 0.9, size=(LOOKS, len(low)))
    size = Fraction(float((high / 2 - low / 2).max())) if length is None else length
    units = units_of(f, size, low + parts * (high - low), backend)
    return units if units.inside_doubles(box) is not None else Units(0, units.height)


def _at(lanes: Any, points: np.ndarray) -> list[Any]:
    return [lanes.box(x, x) for x in points.T]
