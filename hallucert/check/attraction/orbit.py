"""Runs of SAM, enclosed: where all points of a cube are after so many steps.

A step, alone or with momentum (`hallucert.check.attraction.method`), takes the state x to ``Phi(x)``; alone ``Phi(x) =
x - eta F(x)``. With exact points ``m_0, m_1, ..`` near a run ``x_0, x_1, ..`` the errors
``e_k = x_k - m_k`` satisfy, by the mean value theorem,

    e_(k+1) = T_k e_k + d_k,    T_k in D Phi(box around m_k and x_k),    d_k = Phi(m_k) - m_(k+1).

``Phi(m_k)`` is enclosed in balls of many bits, ``m_(k+1)`` is their middle, and so ``d_k`` is bounded by their radii.
The matrices ``T_k`` are enclosed in doubles, many steps at a time (`StepMatrices`). The errors lie in a set
``{Q v : |v_i| <= s_i} + {|w_i| <= t_i}``: a step makes ``T Q`` of Q and ``|T| t + |d|`` of t, and every few steps the
set is put into a parallelepiped with orthogonal edges, the longest first (Lohner's method). With Q the orthogonal
factor of ``T Q``, in floats, and ``|I - Q^T Q|_inf <= c < 1`` the entries of ``Q^-1 z`` are at most those of
``|Q^T z|`` plus ``c/(1 - c)`` times the largest of them. So errors grow as the derivative of the run does, and not at
every step by what a box around a turned box takes more. Lengths are in a unit ``2**e`` that follows them: errors may be
far below the least double.

At each step it is checked that f is defined and analytic at ``x_k`` and ``x_k+``, and that the step is: the box around
``m_k`` holds ``x_k``. `follow` shows where one cube goes, and so what one segment of a run proves: *from every point of
this cube, so many steps of SAM lead into that one*. Segments do not depend on each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.midrad import MidRad, matrix_vector_upper
from hallucert.balls.midrad.rounding import TINY, UP, Doubles
from hallucert.check.attraction.method import Method
from hallucert.check.attraction.step_matrices import StepMatrices
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason
from hallucert.clock import look
from hallucert.errors import DomainError
from hallucert.exact import float_above

BATCH, BLOCK = 64, 2
"""Steps whose matrices are enclosed at once, and steps after which edges are made orthogonal."""
NEAR = Fraction(1, 2**70)
"""Boxes around points go at least so far: it is little beside the rounding of points to doubles."""
ROOM, TRIES = 2**4, 6
"""Boxes go so many times as far as the errors at first, and each time again so many times as far as the time before."""


@dataclass(frozen=True)
class Cube:
    """All points whose coordinates are within `radius` of those of the `centre`; both exact."""

    centre: tuple[Fraction, ...]
    radius: Fraction

    def holds(self, other: Cube) -> bool:
        """Tell whether the other cube is a part of this one."""
        off = max(abs(a - b) for a, b in zip(self.centre, other.centre, strict=True))
        return off + other.radius <= self.radius


@dataclass(frozen=True)
class Errors:
    """The set ``2**unit {Q v : |v_i| <= s_i}`` of errors, Q the `edges` in columns, s the `sides`."""

    edges: Doubles
    sides: Doubles
    unit: int

    @classmethod
    def within(cls, radius: Fraction, dimension: int) -> Errors:
        """The cube of a radius."""
        unit = radius.numerator.bit_length() - radius.denominator.bit_length() if radius else 0
        return cls(np.eye(dimension), np.full(dimension, float_above(radius / Fraction(2) ** unit)), unit)

    @property
    def reach(self) -> Fraction:
        """A bound of the size of all coordinates."""
        return Fraction(float(matrix_vector_upper(np.abs(self.edges), self.sides).max())) * Fraction(2) ** self.unit

    def plus(self, radius: Fraction) -> Errors:
        """A set around the sums of errors and of a cube, in a unit that suits both."""
        own = self.unit + int(np.frexp(self.sides.max())[1]) if self.sides.max() > 0 else None
        if radius and (own is None or own < radius.numerator.bit_length() - radius.denominator.bit_length()):
            return Errors.within(self.reach + radius, len(self.sides))
        return self

    def moved(self, matrices: MidRad, defects: Sequence[Fraction], near: Fraction) -> Errors | None:
        """The errors after some steps; None if one of these before the last may be beyond `near`.

        Parameters
        ----------
        matrices : (k, d, d) MidRad
            Around the derivatives of the steps on boxes that go as far as `near`.
        defects : k numbers
            Bounds of the errors that each step adds to a coordinate.
        """
        errors, limit = self, near
        for first in range(0, len(defects), BLOCK):
            block = slice(first, first + BLOCK)
            found = errors._through(matrices[block], defects[block], limit)
            if found is None:
                return None
            errors = found
        return errors

    def _through(self, matrices: MidRad, defects: Sequence[Fraction], near: Fraction) -> Errors | None:
        """The same for a few steps, after which edges are made orthogonal."""
        scale = Fraction(2) ** self.unit
        edges, box, limit = MidRad(self.edges), np.zeros(len(self.sides)), near / scale
        for k, defect in enumerate(defects):
            size = matrix_vector_upper(edges.magnitude(), self.sides) + box
            if Fraction(float(size.max()) * UP) > limit:
                return None
            edges = matrices[k] @ edges
            added = float_above(defect / scale)
            box = (matrix_vector_upper(matrices[k].magnitude(), box) + added) * UP
        return self._orthogonal(edges, box)

    def _orthogonal(self, edges: MidRad, box: Doubles) -> Errors | None:
        """A set with orthogonal edges around ``{E v : |v_i| <= s_i} + {|w_i| <= t_i}``."""
        lengths = np.linalg.norm(edges.mid, axis=0) * self.sides
        frame = np.linalg.qr(edges.mid[:, np.argsort(-lengths, kind="stable")])[0]
        back = MidRad(np.ascontiguousarray(frame.T))
        off = (back @ frame - np.eye(len(frame))).magnitude()
        c = float(matrix_vector_upper(off, np.ones(len(frame))).max())
        if not c < 0.5:
            return None
        turned = matrix_vector_upper((back @ edges).magnitude(), self.sides) + matrix_vector_upper(
            np.abs(back.mid), box
        )
        sides = (turned + 2 * c * turned.max()) * UP + TINY  # c/(1 - c) is at most 2 c
        shift = int(np.frexp(sides.max())[1])
        if abs(shift) > 40:
            sides, unit = np.maximum(np.ldexp(sides, -shift), TINY), self.unit + shift
            return Errors(frame, sides, unit)
        return replace(self, edges=frame, sides=sides)


def follow(problem: Problem, ar: BallArithmetic, method: Method, start: Cube, steps: int) -> Cube | Reason:
    """Return a cube around all that some steps of SAM make of the points of a cube; or why there is none.

    Parameters
    ----------
    problem : Problem
        The function, the radius and the law of the ascent step.
    ar : BallArithmetic
        For the points ``m_k``.
    method : Method
        The step size and the momentum.
    start : Cube
        Of states.
    """
    matrices, d = StepMatrices(problem, method.step), len(start.centre)
    with ar:
        balls = [ar.constant(v) for v in start.centre]
        x, errors = list(map(ar.centre, balls)), Errors.within(start.radius + spread(ar, balls), d)
        for first in range(0, steps, BATCH):
            points, defects = [], []
            for _ in range(min(BATCH, steps - first)):
                look()
                points.append(x)
                moved = method.after(problem, ar, x)
                if moved is None:
                    return Reason.PRECISION
                x = list(map(ar.centre, moved))
                defects.append(spread(ar, moved))
            found = _moved(errors, matrices, method, MidRad.from_balls(ar, np.array(points, dtype=object)), defects)
            if found is None:
                return Reason.PRECISION
            errors = found
        return Cube(tuple(map(ar.midpoint, x)), errors.reach)


def derivatives(matrices: StepMatrices, method: Method, boxes: MidRad) -> MidRad:
    """Enclose the derivatives of steps on boxes of states, of shape (k, d) or with momentum (k, 2d)."""
    if method.momentum is None:
        return matrices.on(boxes)
    one = MidRad(np.tile(np.eye(matrices.d), (len(boxes), 1, 1)))
    moved = one - matrices.on(boxes[:, : matrices.d])
    k, carried, b = map(MidRad.number, (*method.shares, method.momentum))
    above, below = [one - k * moved, -carried * one], [moved, b * one]
    return MidRad.concatenate([MidRad.concatenate(row, -1) for row in (above, below)], -2)


def spread(ar: BallArithmetic, balls: Sequence[Ball]) -> Fraction:
    """Return a bound of how far coordinates are from the centres of balls."""
    return ar.absolute_sum([ar.radius(ball) for ball in balls])


def _moved(
    errors: Errors, matrices: StepMatrices, method: Method, points: MidRad, defects: Sequence[Fraction]
) -> Errors | None:
    """The errors after some steps from points, on boxes that go far enough; None if no box does."""
    errors = errors.plus(max(defects))
    near = max(NEAR, ROOM * errors.reach)
    for _ in range(TRIES):
        try:
            boxes = MidRad(points.mid, (points.rad + float_above(near)) * UP)
            found = errors.moved(derivatives(matrices, method, boxes), defects, near)
        except DomainError:
            return None
        if found is not None:
            return found
        near *= ROOM
    return None
