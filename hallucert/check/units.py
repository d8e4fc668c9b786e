"""Units of a proof in doubles: ``h(y) = f(b y)/a`` instead of ``f``, with powers of two ``a`` and ``b``.

The points correspond, ``x = b y`` and ``rho = b rho_h``, and ``|g| = (a/b) |g_h|``, ``M = (a/b^2) M_h``: exactly, since
multiplying by a power of two rounds nothing. So it makes no difference to a theorem in which units it is proved, and
doubles neither overflow nor underflow where squares of gradients would. Near 1 the units stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from hallucert.balls import arithmetic
from hallucert.check.census.records import CriticalPoint, HallucinatedPoint, Problem, Unsettled
from hallucert.check.claim import Enclosure
from hallucert.exact import exponent
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.formula import FormulaObjective

NEAR_LENGTH, NEAR_HEIGHT = 8, 32
"""Exponents of lengths and of values up to which the units of the caller serve."""

OCTAVES = 4
"""Every so many powers of two are looked at first."""

LOOKS, LOOK_BITS = 7, 64
"""Points of a box at which the size of gradients is looked at, and the bits with which."""

MOST = 1000
"""Largest exponent of a value: doubles have 1023."""


@dataclass(frozen=True)
class Units:
    """``b = 2**length`` and ``a = 2**height``."""

    length: int
    height: int

    def function(self, f: FormulaObjective) -> FormulaObjective:
        """Return ``h``, without residuals; ``f`` itself in its own units."""
        if self == CALLER:
            return f
        builder = TapeBuilder(f.variables)
        unit, height = (builder.constant(Fraction(2) ** power) for power in (self.length, -self.height))
        inputs = [builder.mul(unit, builder.variable(i)) for i in range(f.dimension)]
        (value,) = builder.include(f.tape, inputs)
        return FormulaObjective(builder.tape([builder.mul(height, value)]))

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

    @property
    def back(self) -> Units:
        """The units of the caller, in these."""
        return Units(-self.length, -self.height)

    def problem(self, problem: Problem) -> Problem:
        """Return the problem of a census in these units."""
        f, region = self.function(problem.f), np.ldexp(problem.region, -self.length)
        return replace(problem, f=f, rho=self.inside(problem.rho), region=region)

    def critical_outside(self, point: CriticalPoint) -> CriticalPoint:
        """Return a critical point of ``h`` as one of ``f``."""
        unique = None if point.unique is None else self.outside_box(point.unique)
        return replace(point, box=self.outside_box(point.box), unique=unique)

    def place_outside(self, place: Unsettled) -> Unsettled:
        """Return a place that is open for ``h`` as one for ``f``."""
        box = None if place.box is None else self.outside_box(place.box)
        return replace(place, box=box, target=self.outside_box(place.target))

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
    """Return units for a problem of some length, such as ``rho``, and gradients as they are at the `points` (k, d).

    Units prove nothing, and any arithmetic that is at hand will do.
    """
    long, ar = exponent(Fraction(length)), arithmetic("arb" if backend == "float" else backend, LOOK_BITS)
    sizes: list[Fraction] = []
    with ar:
        for point in points.tolist():
            gradient = f.enclose_gradient(ar, [ar.from_float(v) for v in point])
            sizes.append(
                max((ar.magnitude(g) for g in gradient), default=Fraction(0))
                if ar.all_finite([gradient])
                else Fraction(0)
            )
    seen = sorted(size for size in sizes if size)
    high = exponent(seen[len(seen) // 2]) + long if seen else 0
    return Units(long if abs(long) > NEAR_LENGTH else 0, high if NEAR_HEIGHT < abs(high) <= MOST else 0)


def box_units(f: FormulaObjective, box: np.ndarray, length: Fraction | None = None, backend: str = "float") -> Units:
    """Return units for a box (d, 2) of doubles, which its ends are in, too: those of a length, by default its size."""
    low, high = box.T
    parts = np.random.default_rng(0).uniform(0.1, 0.9, size=(LOOKS, len(low)))
    size = Fraction(float((high / 2 - low / 2).max())) if length is None else length
    units = units_of(f, size, low + parts * (high - low), backend)
    return units if units.inside_doubles(box) is not None else Units(0, units.height)
