"""A cell of a branch: the test of `hallucert.check.cell` for ``(x, lambda)``, with derivatives of second order.

Both terms of Krawczyk's operator are mean-value forms, preconditioned before they are widened. With
``y = (s, s^2 q + w)`` and the columns ``F_k`` of the frame, on the convex box Z around ``m`` and the cell,

    I - C DG(z) N = (I - C DG(m) N) - sum_k y_k C D^2G(Z)[F_k, N]
    C G(z(s, 0))  = C G(m) + s C DG(m) T + (s^2/2) C (D^2G(Z)[b', b'] + 2 DG(Z) N q),    b' = T + 2 s N q.

*Along a part of its arc*: which way rho goes, where it turns, and whether SAM is attracted.

*The tangential determinant.* ``D = -det A`` with ``A = [[H + lambda I, v], [v^T, 0]]``, ``v = x - c``, equals
``rho^2 det (H + lambda I)|_T`` on the tangent space T of the sphere, that is ``rho^2 lambda^(d-1) det J``. Along an arc
``A z' = (0, phi)`` with ``phi = <x - c, x'> = rho rho'``, and ``z' = T + N (..)`` in the frame of a cell, so

    det A det [T, N] = det A det [z', N] = det [[0, DG N], [phi, v^T N]] = (-1)^d phi det(DG N).

On a cell ``det(DG N)`` keeps its sign, so D and ``rho'`` have their zeros in common, simple ones too.

*Folds.* Where D keeps a sign rho is strictly monotone. Where ``D'`` keeps a sign, D has at most one zero, and exactly
one if its signs at the two ends differ: a simple one, so a nondegenerate fold. There ``phi'/(rho |x'|^2)``, with
``phi' = |x'|^2 + <x - c, x''>``, does not depend on the parametrisation: it is the second derivative of rho by the
arclength of x.

*Attractor or repeller* (Proposition 4.2, without dividing by lambda). On a branch ``lambda M = H(c) (lambda I + P H)``
with ``P = I - v v^T/rho^2``; where ``lambda > 0`` its eigenvalues have the signs of those of ``M``.

- ``det M`` has the sign of ``det H(c)`` times that of D, which leaves out the eigenvalue ``lambda`` of ``lambda J``
  along ``u`` and so keeps its sign up to ``lambda = 0``. ``det M < 0``: some eigenvalue is real and negative, the point
  repels.
- ``tr M < 0``: some eigenvalue has negative real part, the point repels.
- ``d = 2``, ``det M > 0`` and ``tr M > 0`` (Routh-Hurwitz): the point attracts.
- ``d >= 3``: Gershgorin discs of ``lambda M`` in a float eigenbasis decide the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from hallucert.balls import matrix
from hallucert.balls.determinant import EXPANDED, determinant, expanded
from hallucert.balls.facade import Ball, Matrix
from hallucert.balls.spectrum import spectrum
from hallucert.check.branch.system import BranchSystem
from hallucert.check.cell import CellProof, Tube, Vector
from hallucert.check.claim import Enclosure


class BranchCell(CellProof[BranchSystem]):
    """A cell of a branch in an arithmetic."""

    @property
    def multiplier_ends(self) -> tuple[Fraction, Fraction] | None:
        """``lambda`` at the two faces if it depends on ``s`` alone and linearly; otherwise None."""
        middle, row = self.cell.centre[-1], self.cell.frame[-1]
        if any(row[1:]) or row[0] == 0:
            return None
        return middle + self.cell.span[0] * row[0], middle + self.cell.span[1] * row[0]

    @cached_property
    def orientation(self) -> int:
        """The sign of ``phi / D`` along the arc, see above; 0 if it is not enclosed.

        ``-D det [T, N] = (-1)^d phi det(DG N)``, and ``det(DG N)`` has the sign it has at the centre.
        """
        ar, system = self.arithmetic, self.system
        frame = determinant(ar, self.frame)
        across = determinant(ar, ar.matrix_product(system.jacobian(self.centre), self.normals))
        product = frame * across
        if not ar.nonzero(product):
            return 0
        sign = 1 if ar.positive(product) else -1
        return sign if system.dimension % 2 else -sign

    @cached_property
    def _at_centre(self) -> tuple[Vector, Vector, Matrix]:
        """``C G(m)``, ``C DG(m) T`` and ``I - C DG(m) N``."""
        ar, system = self.arithmetic, self.system
        jacobian = system.jacobian(self.centre)
        c_value = matrix.apply(ar, self.preconditioner, system.value(self.centre))
        c_frame = ar.matrix_product(self.preconditioner, ar.matrix_product(jacobian, self.frame))
        error = matrix.subtract(matrix.identity(ar, system.dimension), [row[1:] for row in c_frame])
        return c_value, [row[0] for row in c_frame], error

    def image(self, w: Vector) -> Vector | None:
        ar, system = self.arithmetic, self.system
        third = system.third_derivatives(self.at(self.span, w))
        if not all(ar.all_finite(rows) for rows in third):
            return None
        c_value, c_tangent, error = self._at_centre
        square = ar.power(self.span, 2)
        y = [self.span, *(q * square + v for q, v in zip(self.bend, w, strict=True))]
        for step, axis in zip(y, self.axes, strict=True):
            bilinear = ar.matrix_product(system.along(third, axis), self.normals)
            error = matrix.subtract(error, matrix.scale(step, ar.matrix_product(self.preconditioner, bilinear)))
        slope = self.slope(self.span)
        curvature = matrix.apply(ar, self.preconditioner, system.second(third, slope, slope))
        turned = matrix.apply(ar, error, self.bend)
        half = square * ar.constant(Fraction(1, 2))
        shift = matrix.apply(ar, error, w)
        return [
            e - v - self.span * t - half * (c + (q + q) - (r + r))
            for e, v, t, c, q, r in zip(shift, c_value, c_tangent, curvature, self.bend, turned, strict=True)
        ]

    def acceleration(self, z: Vector, velocity: Vector) -> Vector | None:
        """Return ``z''(s)``: ``z'' = N v`` with ``DG N v = -D^2G[z', z']``; ``v`` takes in ``2 q``."""
        ar = self.arithmetic
        third = self.system.third_derivatives(z)
        if not all(ar.all_finite(rows) for rows in third):
            return None
        moved = self.across(self.system.jacobian(z), [-v for v in self.system.second(third, velocity, velocity)])
        return None if moved is None else matrix.apply(ar, self.normals, moved)


GROWING, FALLING, FOLD = "growing", "falling", "fold"
ATTRACTING, REPELLING = "attracting", "repelling"
UNDECIDED = "undecided"


class Along(NamedTuple):
    """``D`` over a part of an arc, and its derivative by ``s`` (None where it was not needed or not had)."""

    value: Ball
    slope: Ball | None


@dataclass(frozen=True)
class Fold:
    """Enclosures at a certified fold: rho, and the second derivative of rho by the arclength of x."""

    rho: Enclosure
    second_derivative: Enclosure


class Arc:
    """The arc of a proved cell for the ``s`` of a tube."""

    def __init__(self, proof: BranchCell, tube: Tube) -> None:
        self.proof, self.tube = proof, tube
        self.s = proof.arithmetic.interval(tube.low, tube.high)
        w = proof.passed(tube)
        self.w = proof.narrowed(self.s, proof.box) if w is None else w
        self.z = proof.at(self.s, self.w)

    @cached_property
    def determinant(self) -> Along:
        """Enclose ``D``.

        Where plain evaluation does not decide the sign, the mean-value form ``D(s) = D(t) + (s - t) D'`` does better.
        """
        proof = self.proof
        ar, system = proof.arithmetic, proof.system
        plain = tangential_determinant(system, self.z)
        if ar.nonzero(plain) or system.dimension + 1 > EXPANDED:
            return Along(plain, None)
        slope = self.slope
        if slope is None:
            return Along(plain, None)
        t = ar.centre(self.s)
        at_t = self.w
        for _ in range(3):
            at_t = proof.narrowed(t, at_t)
        centred = tangential_determinant(system, proof.at(t, at_t)) + (self.s - t) * slope
        common = ar.intersection(plain, centred)
        return Along(plain if common is None else common, slope)

    @cached_property
    def slope(self) -> Ball | None:
        """Enclose ``dD/ds``; None if the velocity is not enclosed."""
        proof, z = self.proof, self.z
        ar, system, velocity = proof.arithmetic, proof.system, self.velocity
        third = system.third_derivatives(z)
        if velocity is None or not all(ar.all_finite(rows) for rows in third):
            return None
        # A' = [[D^3 f[x'] + lambda' I, x'], [x'^T, 0]]: the rows of D^2G[z', .], and x' below.
        moved = [*system.along(third, velocity), [*velocity[:-1], ar.constant(Fraction(0))]]
        a = bordered(system, z)
        pairs = [[(x, y) for x, y in zip(row, other, strict=True)] for row, other in zip(a, moved, strict=True)]
        slope = expanded(pairs)[1]
        return None if slope is None else -slope

    @cached_property
    def velocity(self) -> Vector | None:
        """``z'``."""
        return self.proof.velocity(self.z, self.s)

    @cached_property
    def signs(self) -> tuple[int, int]:
        """The signs of ``D`` at the two ends, with one change between them at most; ``(0, 0)`` if that is uncertain."""
        ar, found = self.proof.arithmetic, self.determinant
        ends = found.value, found.value
        if not ar.nonzero(found.value):
            if found.slope is None or not ar.nonzero(found.slope):
                return 0, 0
            ends = determinant_at(self.proof, self.tube.low), determinant_at(self.proof, self.tube.high)
        first, last = (int(ar.positive(value)) - int(ar.negative(value)) for value in ends)
        return (first, last) if first and last else (0, 0)

    @cached_property
    def turning(self) -> str | None:
        """What rho certainly does; None if undecided."""
        first, last = self.signs
        if first != last:
            return FOLD
        return {1: GROWING, -1: FALLING}.get(first * self.proof.orientation)

    @cached_property
    def stability(self) -> str | None:
        """What certainly holds at all points with ``lambda > 0``; None if undecided."""
        ar, system = self.proof.arithmetic, self.proof.system
        h_c = system.target_hessian
        if system.dimension == 1:
            return _by_sign(ar.positive(h_c[0][0]), ar.negative(h_c[0][0]))
        scaled = scaled_matrix(system, self.z)
        if not ar.all_finite(scaled):
            return None
        trace = matrix.trace(scaled)
        if ar.negative(trace):
            return REPELLING
        target, (first, last) = determinant(ar, h_c), self.signs
        sign = (int(ar.positive(target)) - int(ar.negative(target))) * (first if first == last else 0)
        if sign < 0:
            return REPELLING
        if system.dimension == 2:
            return ATTRACTING if sign > 0 and ar.positive(trace) else None
        found = spectrum(ar, scaled)
        return None if found is None else _by_sign(found.all_positive, found.some_negative)


def _by_sign(positive: bool, negative: bool) -> str | None:
    if positive:
        return ATTRACTING
    return REPELLING if negative else None


def determinant_at(proof: BranchCell, s: Fraction) -> Ball:
    """Enclose ``D`` at one ``s``."""
    return tangential_determinant(proof.system, proof.section(s))


def fold_on(arc: Arc) -> Fold | None:
    """Prove that a part of an arc has exactly one fold, nondegenerate, and return its numbers."""
    proof, velocity = arc.proof, arc.velocity
    if arc.turning != FOLD or velocity is None:
        return None
    ar = proof.arithmetic
    acceleration = proof.acceleration(arc.z, velocity)
    if acceleration is None:
        return None
    square, rho = ar.dot(velocity[:-1], velocity[:-1]), proof.system.radius(arc.z)
    second = (square + ar.dot(proof.system.offset(arc.z), acceleration[:-1])) / (rho * square)
    if not ar.all_finite([[rho, second]]):
        return None
    return Fold(Enclosure(*ar.endpoints(rho)), Enclosure(*ar.endpoints(second)))


def radius_at(proof: BranchCell, s: Fraction) -> Enclosure | None:
    """Enclose rho at one ``s`` of the arc."""
    ar, rho = proof.arithmetic, proof.system.radius(proof.section(s))
    return Enclosure(*ar.endpoints(rho)) if ar.is_finite(rho) else None


def bordered(system: BranchSystem, z: Vector) -> Matrix:
    """``A``."""
    return [*system.jacobian(z), [*system.offset(z), system.arithmetic.constant(Fraction(0))]]


def tangential_determinant(system: BranchSystem, z: Vector) -> Ball:
    """``D`` for all points of a box."""
    a = bordered(system, z)
    if len(a) <= EXPANDED:
        return -expanded([[(x, None) for x in row] for row in a])[0]
    return -determinant(system.arithmetic, a)


def scaled_matrix(system: BranchSystem, z: Vector) -> Matrix:
    """``rho^2 lambda M = H(c) (rho^2 (H + lambda I) - v (v^T H))``."""
    ar, d, v = system.arithmetic, system.dimension, system.offset(z)
    h = system.objective.enclose_hessian(ar, z[:-1])
    square = system.squared_radius(z)
    along = [ar.dot(v, row) for row in h]  # v^T H
    inner = [[square * h[i][j] - v[i] * along[j] for j in range(d)] for i in range(d)]
    for i in range(d):
        inner[i][i] = inner[i][i] + square * z[-1]
    return ar.matrix_product(system.target_hessian, inner)
