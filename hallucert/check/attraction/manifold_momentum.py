"""Claim ``momentum`` in residual form: from which starts SAM with momentum converges to the manifold of solutions.

As in `hallucert.check.attraction.manifold_basin`, ``y = r(x+)``, ``A = Dy`` and ``B = Dr(x+)``; B_* is B at ``x*``.
With k and b' as in `hallucert.check.attraction.momentum` a step is

    v' = b v + B(x)^T y(x)/n,        x' = x - E (k B(x)^T y(x)/n + b' v).

The velocity is carried as ``v = B_*^T o/n + z`` with an o of as many entries as there are residuals,

    o' = b o + y,    z' = b z + (B(x) - B_*)^T y/n,

which add up to v'. So what drives z is of second order, while (y, o) has the part of v that does not forget it. With a
mean Abar of A along the segment from x to x', ``y' = y - E Abar ((k B^T y + b' B_*^T o)/n + b' z)``. Let P be
nonsingular, of order 2m, its upper half P_1, its lower half P_2, and its inverse (Q_1, Q_2). In the coordinates q of
``(y, o) = P q``, with ``L = Q_1 A``, ``W = (k B^T P_1 + b' B_*^T P_2)/n`` and ``G = Q_1 P_1 + Q_2 (P_1 + b P_2)``,

    q' = (G - E Lbar W) q - b' E Lbar z,    z' = b z + (W(x) - W(x*)) q/k,    x' - x = -E W q - E b' z.

Cut the columns of P into blocks. On a ball Omega of radius R around ``x*`` on which g is not 0 let, block by block,
``|G - E L(x') W(x)| <= N``, ``|W| <= beta``, ``|L| <= a`` and ``|W(x) - W(x*)| <= c``. The norms of the blocks of q,
and last ``|z|``, are bounded by a matrix and pay for the way by a row,

    | N     b' E a |
    | c/k     b    |,        E (beta, b'),

with which the weights p, one for each block and one for z, contract and pay as for a basin. So the weighted sum S of
these norms falls by kappa a step, and by at least ``|x' - x|``: runs from states with ``|x_0 - x*| + S <= R`` stay in
Omega, by induction, and x converges. The limit has y = 0 and v = 0, and g is not 0 there: a point of the manifold of
solutions. With ``v_0 = 0``, o = z = 0 is a choice, ``p |Q_1 y_0|`` is at most slope times ``|x_0 - x*|``, as for a
basin, and every start with ``|x_0 - x*| <= R/(1 + slope)`` is one. Limits of this ball depend continuously on ``x_0``,
and ``x*`` is its own: all are on the manifold through it (A has full rank on Omega: ``c^T A = 0`` makes c a left
eigenvector of the contraction, with eigenvalue 1).

Inputs beside those at the point: ``basis`` (P by rows), ``blocks``, ``size``, ``bound``, ``weights`` (one more than
blocks) and ``slope``, as for `basin`. Number: ``radius``. For exactly this step and momentum.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.midrad.rounding import TINY, UP
from hallucert.check.attraction.manifold_basin import Bounds, Frame, coordinates_of, measure_ball, weighted
from hallucert.check.attraction.method import Method
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs, Numbers
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.exact import float_above


@dataclass(frozen=True)
class Carried:
    """The coordinates of residuals and of what they leave in the velocity, and the rest of it; b, k and b'."""

    frame: Frame
    method: Method

    def bounds(self, size: Fraction) -> Bounds | None:
        """Return the matrix and the rows on a ball; None if there are no bounds."""
        of_blocks = self.frame.bounds(size)
        if of_blocks is None:
            return None
        n, descent, slope, slopes, change = vars(of_blocks).values()
        (k, carried), step = self.method.shares, self.method.step
        into = slope * float_above(carried * step) * UP + TINY
        out = change * float_above(1 / k) * UP + TINY
        kept, length = (np.array([float_above(v)]) + TINY for v in (self.method.momentum or Fraction(0), carried))
        return Bounds(
            np.block([[n, into[:, None]], [out[None], kept[None]]]) * UP,
            np.concatenate([descent, length]) * UP,
            np.concatenate([slope, [0.0]]),
            np.pad(slopes, (0, 1)),
            np.concatenate([change, [0.0]]),
        )


def carried_of(evidence: Evidence, inputs: Inputs) -> Carried | None:
    """Return the coordinates of the inputs; None if they make no sense."""
    ar, m = evidence.arithmetic, evidence.point.objective.residual_count
    found = coordinates_of(evidence, inputs, 2 * m)
    if found is None:
        return None
    (basis, back, blocks), method = found, Method.of(inputs)
    k, carried = method.shares
    above, below = basis[:m], basis[m:]
    left, right = ([row[:m] for row in back], [row[m:] for row in back])
    after = matrix.add(above, matrix.scale(ar.constant(inputs["momentum"]), below))
    fixed = matrix.add(ar.matrix_product(left, above), ar.matrix_product(right, after))
    moving, still = matrix.scale(ar.constant(k), above), matrix.scale(ar.constant(carried), below)
    return Carried(Frame(evidence, moving, left, blocks, inputs["step"], fixed, still), method)


def measure_arrival(evidence: Evidence, x: list[Ball], v: list[Ball], ar: BallArithmetic) -> Enclosure | None:
    """Enclose the S of a state, which bounds the rest of its way, by the claim `momentum` that was proved.

    Any o makes a decomposition of the velocity; this one leaves about the shortest z. None if there is no such claim,
    or something is indeterminate.
    """
    region, objective = evidence.claims.get("momentum"), evidence.point.objective
    if region is None or "weights" not in region.inputs:
        return None
    found = coordinates_of(evidence, region.inputs, 2 * objective.residual_count)
    point = Point(ar, evidence.point.problem, x)
    if found is None or not point.domain_certain:
        return None
    (_, back, blocks), part = found, ar.constant(1 / objective.n)
    normals = matrix.scale(part, matrix.transpose(evidence.point.residual_jacobian_plus))
    nearest = np.linalg.lstsq(ar.approximations(normals), ar.approximations([v])[0], rcond=None)[0]
    o = [ar.from_float(entry) for entry in np.nan_to_num(nearest).tolist()]
    z = [a - b for a, b in zip(v, matrix.apply(ar, normals, o), strict=True)]
    q = matrix.apply(ar, back, [*point.shifted_residual, *o])
    if not ar.all_finite([q, z]):
        return None
    return Enclosure(*ar.endpoints(weighted(ar, [*q, *z], (*blocks, len(z)), region.inputs["weights"])))


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Show that the weights contract and pay for the way on Omega; the radius follows."""
    found = carried_of(evidence, inputs)
    return Reason.NEEDS_PREMISES if found is None else measure_ball(found.bounds, evidence, inputs)
