"""Sets around a point, what changes on them by at most how much, and the derivatives that say so.

A set is ``{x* + F z : |z_b| <= s_b}``, with directions F and vectors z cut into blocks: a ball is one block, ``F = I``.
If h encloses the derivative of a number on the set, the number changes there, from its value at ``x*``, by at most the
sum of ``s_b |(h F)_b|``: this is ``h F z`` for a mean of h, by the mean value theorem.

Derivatives are array programs, run in midpoint-radius arrays on the box around a set
(`hallucert.check.attraction.manifold.ascent_programs`), in which g and x+ are enclosed by the mean value theorem, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.midrad import MidRad, MidRadArithmetic
from hallucert.balls.midrad.rounding import TINY, UP, Doubles, excess
from hallucert.check.attraction.manifold.ascent_programs import AscentPrograms
from hallucert.check.attraction.step_matrices import joined
from hallucert.check.problem import Point
from hallucert.clock import look
from hallucert.exact import float_above
from hallucert.objectives.program.midrad import MidRadArrays
from hallucert.objectives.program.program import Program

LANES = 2**12
"""Directions, or pairs of a row and a direction, at a time."""


@dataclass(frozen=True)
class Around:
    """The set: F by columns, how many of them each block has, and the bounds s."""

    directions: MidRad
    blocks: tuple[int, ...]
    sizes: Doubles

    @classmethod
    def ball(cls, dimension: int, size: Fraction) -> Around:
        """The ball of a radius."""
        return cls(MidRad(np.eye(dimension)), (dimension,), np.array([float_above(size)]))

    def scaled(self, part: Fraction) -> Around:
        """The same, as large by a factor."""
        return replace(self, sizes=self.sizes * float_above(part) * UP)

    def change(self, slopes: MidRad | Doubles) -> Doubles:
        """Bounds of ``h F z`` on the set, for vectors ``h F`` along the last axis."""
        terms = squeezed(slopes, self.blocks, -1) * self.sizes
        total: Doubles = (terms.sum(axis=-1) * excess(len(self.blocks)) + TINY) * UP
        return total

    @property
    def widths(self) -> Doubles:
        """How far it goes in each coordinate, at most."""
        return self.change(self.directions)


class OnSet:
    """x, g and x+ on a set, and programs there; `DomainError` if nothing can be enclosed.

    An entry of g changes by what its row of H says, and one of ``x+`` by its row of J, which are enclosed on the box
    around the set. Taken are these or the values on the box, entry by entry, whichever are sharper.
    """

    def __init__(self, point: Point, programs: AscentPrograms, around: Around) -> None:
        f = programs.f
        self.f, self.programs = f, programs
        self._arithmetic, self._arrays, self._around = point.arithmetic, MidRadArrays(MidRadArithmetic()), around
        here = rounded(point.arithmetic, [point.x])[0]
        x = f.split(here + MidRad(np.zeros(f.dimension), around.widths))
        g = self._sharper(f.gradients, x, point.gradient, self.moved(self.programs.curved, x))
        plus = self._sharper(self.programs.plus, [*x, *g], point.plus, self.moved(self.programs.turned, [*x, *g]))
        self.x, self.g, self.plus = x, g, plus

    def moved(self, program: Program, given: Sequence[MidRad], rows: MidRad | None = None) -> MidRad:
        """The results of a program of a direction, for all directions of the set: entry, direction.

        With rows, one of which the program takes before the direction, for each of them: row, entry, direction.
        """
        columns, count, parts = self._around.directions.T, 1 if rows is None else len(rows), []
        pairs = np.arange(count * len(columns))
        for start in range(0, len(pairs), LANES):
            look()
            row, column = np.divmod(pairs[start : start + LANES], len(columns))
            own = [] if rows is None else [rows[row]]
            results = self._arrays.run(program, [*given, *own, *self.f.split(columns[column])])
            parts.append(joined(results, self.f.program.inputs, len(row)))
        found = MidRad.concatenate(parts).reshape(count, len(columns), -1).transpose(0, 2, 1)
        return found[0] if rows is None else found

    def _sharper(self, program: Program, given: list[MidRad], at_point: list[Ball], slopes: MidRad) -> list[MidRad]:
        """Parameter arrays, from a program and from their values at the point and derivatives on the box."""
        wide = joined(self._arrays.run(program, given), self.f.program.inputs, 1)[0]
        sharp = rounded(self._arithmetic, [at_point])[0] + MidRad(np.zeros(len(at_point)), self._around.change(slopes))
        nearer = sharp.rad < wide.rad
        mid, rad = (np.where(nearer, a, b) for a, b in ((sharp.mid, wide.mid), (sharp.rad, wide.rad)))
        found: list[MidRad] = self.f.split(MidRad(mid, rad))
        return found


def derivatives(
    point: Point, programs: AscentPrograms, around: Around, rows: MidRad, columns: MidRad
) -> tuple[MidRad, MidRad]:
    """Enclose on a set the derivatives of ``e A`` for each row e, and of ``B^T v`` for each of other rows v.

    They have shapes (rows, d, directions): row, entry, direction. `DomainError` if there is no enclosure.
    """
    found = OnSet(point, programs, around)
    at = [*found.x, *found.g, *found.plus]
    return found.moved(programs.back, at, rows), found.moved(programs.descent, at, columns)


def squeezed(entries: MidRad | Doubles, blocks: Sequence[int], *axes: int) -> Doubles:
    """Bounds of the 2-norms of blocks along some axes, from entries or their bounds."""
    squares = (entries.magnitude() if isinstance(entries, MidRad) else entries) ** 2
    starts = np.cumsum([0, *blocks[:-1]])
    for axis in axes:
        squares = np.add.reduceat(squares, starts, axis=axis)
    return np.sqrt(squares * excess(max(blocks) ** len(axes)) + TINY) * UP


def norms(entries: MidRad | Doubles, axis: int) -> Doubles:
    """Bounds of 2-norms along an axis."""
    sizes = entries.magnitude() if isinstance(entries, MidRad) else entries
    bounds: Doubles = np.sqrt((sizes**2).sum(axis=axis) * excess(sizes.shape[axis]) + TINY) * UP
    return bounds


def rotation_norm(block: MidRad) -> float:
    """Bound the 2-norm of a block of one entry, or of two by two; infinite for a larger one.

    ``[[p, q], [r, s]]`` is the sum of a rotation and of a reflection, each times a number, half of the lengths of
    ``(p + s, q - r)`` and of ``(p - s, q + r)``.
    """
    if len(block) == 1:
        return float(block.magnitude()[0, 0])
    if len(block) > 2:
        return float("inf")
    p, q, r, s = (block[i, j] for i in range(2) for j in range(2))
    lengths = [norms(np.array([a.magnitude(), b.magnitude()]), 0) for a, b in ((p + s, q - r), (p - s, q + r))]
    return float((lengths[0] + lengths[1]) / 2 * UP)


def rounded(ar: BallArithmetic, rows: Sequence[Sequence[Ball]]) -> MidRad:
    """The doubles around a matrix of balls; `DomainError` if there are none."""
    return MidRad.from_balls(ar, np.array([list(row) for row in rows], dtype=object))
