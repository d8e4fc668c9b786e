"""The tangential determinant along an arc: its sign says which way rho goes and, with other things, who attracts.

``D = -det A`` with ``A = [[H + lambda I, v], [v^T, 0]]``, ``v = x - c``, equals ``rho^2 det (H + lambda I)|_T`` on the
tangent space T of the sphere, that is ``rho^2 lambda^(d-1) det J``. Along an arc ``A z' = (0, phi)`` with
``phi = <x - c, x'> = rho rho'``, and ``z' = T + N (..)`` in the frame of a cell, so

    det A det [T, N] = det A det [z', N] = det [[0, DG N], [phi, v^T N]] = (-1)^d phi det(DG N).

On a cell ``det(DG N)`` keeps its sign, so D and ``rho'`` have their zeros in common, simple ones too: a simple zero of
D along the arc is a nondegenerate fold in rho.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from hallucert.balls import matrix
from hallucert.balls.facade import Ball
from hallucert.check.branch.cell import CellProof
from hallucert.check.branch.system import BranchSystem, Matrix, Vector

EXPANDED = 7
"""Largest matrix whose determinant is expanded, ``n 2^n`` products; it is then differentiated too."""


class Along(NamedTuple):
    """``D`` over a part of an arc, and its derivative by ``s`` (None where it was not needed or not had)."""

    value: Ball
    slope: Ball | None


def bordered(system: BranchSystem, z: Vector) -> Matrix:
    """``A``."""
    jacobian = system.jacobian(z)
    zero = system.arithmetic.constant(Fraction(0))
    return [*jacobian, [*system.offset(z), zero]]


def tangential_determinant(system: BranchSystem, z: Vector) -> Ball:
    """``D`` for all points of a box."""
    a = bordered(system, z)
    if len(a) <= EXPANDED:
        return -_expanded([[(x, None) for x in row] for row in a])[0]
    return -matrix.determinant(system.arithmetic, a)


def along_arc(proof: CellProof, low: Fraction, high: Fraction, w: Vector) -> Along:
    """Enclose ``D`` over the part ``[low, high]`` of the span, where `w` encloses ``w(s)``.

    Where plain evaluation does not decide the sign, the mean-value form ``D(s) = D(t) + (s - t) D'`` does better. Two
    properties are decided by the same number, so it is kept with the proof.
    """
    if (low, high) not in proof.determinants:
        proof.determinants[low, high] = _along_arc(proof, proof.arithmetic.interval(low, high), w)
    known: Along = proof.determinants[low, high]
    return known


def _along_arc(proof: CellProof, s: Ball, w: Vector) -> Along:
    ar, system = proof.arithmetic, proof.system
    z = proof.at(s, w)
    plain = tangential_determinant(system, z)
    if ar.nonzero(plain) or system.dimension + 1 > EXPANDED:
        return Along(plain, None)
    slope = determinant_slope(proof, s, z)
    if slope is None:
        return Along(plain, None)
    t = ar.centre(s)
    at_t = w
    for _ in range(3):
        at_t = proof.narrowed(t, at_t)
    centred = tangential_determinant(system, proof.at(t, at_t)) + (s - t) * slope
    common = ar.intersection(plain, centred)
    return Along(plain if common is None else common, slope)


def determinant_slope(proof: CellProof, s: Ball, z: Vector) -> Ball | None:
    """Enclose ``dD/ds`` for arc points `z` over the part `s` of the span; None if the velocity is not enclosed."""
    ar, system = proof.arithmetic, proof.system
    velocity = proof.velocity(z, s)
    third = system.third_derivatives(z)
    if velocity is None or not all(ar.all_finite(rows) for rows in third):
        return None
    # A' = [[D^3 f[x'] + lambda' I, x'], [x'^T, 0]]: the rows of D^2G[z', .], and x' below.
    moved = [*system.along(third, velocity), [*velocity[:-1], ar.constant(Fraction(0))]]
    a = bordered(system, z)
    pairs = [[(x, y) for x, y in zip(row, other, strict=True)] for row, other in zip(a, moved, strict=True)]
    slope = _expanded(pairs)[1]
    return None if slope is None else -slope


def orientation(proof: CellProof) -> int:
    """Return the sign of ``phi / D`` on the cell of a proved arc; 0 if it is not enclosed."""
    if proof.orientation is None:
        proof.orientation = _orientation(proof)
    return proof.orientation


def _orientation(proof: CellProof) -> int:
    """``-D det [T, N] = (-1)^d phi det(DG N)``, and ``det(DG N)`` has the sign it has at the centre."""
    ar, system = proof.arithmetic, proof.system
    frame = matrix.determinant(ar, proof.frame)
    across = matrix.determinant(ar, ar.matrix_product(system.jacobian(proof.centre), proof.normals))
    product = frame * across
    if not ar.nonzero(product):
        return 0
    sign = 1 if ar.positive(product) else -1
    return sign if system.dimension % 2 else -sign


Pair = tuple[Ball, "Ball | None"]
"""A number and its derivative, or None for a derivative that is not wanted."""


def _expanded(rows: list[list[Pair]]) -> Pair:
    """Return the determinant and its derivative, expanded along rows over the sets of columns still free."""
    n = len(rows)
    minors: dict[int, Pair] = {1 << j: rows[n - 1][j] for j in range(n)}
    for i in range(n - 2, -1, -1):
        larger: dict[int, Pair] = {}
        for columns, minor in minors.items():
            for j in range(n):
                if columns & 1 << j:
                    continue
                term = _product(rows[i][j], minor)
                if bin(columns & ((1 << j) - 1)).count("1") % 2:
                    term = (-term[0], None if term[1] is None else -term[1])
                key = columns | 1 << j
                larger[key] = _sum(larger[key], term) if key in larger else term
        minors = larger
    return minors[(1 << n) - 1]


def _product(a: Pair, b: Pair) -> Pair:
    slope = None if a[1] is None or b[1] is None else a[1] * b[0] + a[0] * b[1]
    return a[0] * b[0], slope


def _sum(a: Pair, b: Pair) -> Pair:
    return a[0] + b[0], None if a[1] is None or b[1] is None else a[1] + b[1]
