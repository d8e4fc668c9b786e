"""Charts that are squares of the plane, on which two numbers are given as functions of the place.

They stand for charts of a surface: a part knows its place, and its velocities are the two numbers, each in a vector of
length 1, so that they are the differential ``(h_1, h_2)`` for the direction ``(1,)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.check.sheet.surface_atlas import Neighbours, ProvedAtlas
from hallucert.check.subdivision import Box

Field = Callable[[Ball, Ball], tuple[Ball, Ball] | None]
DIRECTION = (Fraction(1),)


class FlatPart:
    """The part of a square over a rectangle of its parameters."""

    def __init__(self, proof: FlatChart, rectangle: Box) -> None:
        ar = self.arithmetic = proof.arithmetic
        self.proof, self.w, self.narrowed = proof, [], 0
        self.s = [ar.interval(*ends) for ends in rectangle]
        self.t = [ar.centre(side) for side in self.s]
        self.place = [c + s for c, s in zip(map(ar.constant, proof.chart.centre), self.s, strict=True)]

    @property
    def velocities(self) -> list[list[Ball]] | None:
        found = self.proof.field(*self.place)
        return None if found is None else [[v] for v in found]

    def narrow(self) -> FlatPart:
        self.narrowed += 1
        return self

    def z(self) -> list[Ball]:
        return self.place


@dataclass(eq=False)
class FlatChart:
    """A square about a centre."""

    arithmetic: BallArithmetic
    centre: tuple[Fraction, Fraction]
    half_width: Fraction
    field: Field
    needs: int = 0
    """How often a part must be narrowed before it is seen to be held."""
    sound: bool = True

    def __post_init__(self) -> None:
        one, zero, h = Fraction(1), Fraction(0), self.half_width
        frame = ((one, zero), (zero, one))
        self.chart = SimpleNamespace(
            centre=self.centre, frame=frame, half_width=h, radius=(), square=[(-h, h), (-h, h)]
        )
        self.system = SimpleNamespace(dimension=1)

    def proved(self) -> bool:
        return self.sound

    def part(self, rectangle: Box) -> FlatPart:
        return FlatPart(self, rectangle)

    def holds(self, part: FlatPart, rectangle: Box | None = None) -> bool:
        ar = self.arithmetic
        ends = [(c + low, c + high) for c, (low, high) in zip(self.centre, rectangle or self.chart.square, strict=True)]
        inside = (
            ar.positive(v - ar.constant(low)) and ar.negative(v - ar.constant(high))
            for v, (low, high) in zip(part.place, ends, strict=True)
        )
        return all(inside) and part.narrowed >= self.needs


def flat_atlas(ar: BallArithmetic, field: Field, squares: Sequence[tuple[str, str, str]]) -> ProvedAtlas:
    """Return squares, each by its centre and half its width, as a proved atlas."""
    numbers = [tuple(map(Fraction, square)) for square in squares]
    proofs = tuple(FlatChart(ar, (x, y), h, field) for x, y, h in numbers)
    return ProvedAtlas(proofs, True, Neighbours(proofs))
