"""Claim ``momentum`` in residual form: from which starts SAM with momentum converges to the manifold of solutions.

As in `hallucert.check.attraction.manifold.basin`, ``y = r(x+)``, ``A = Dy`` and ``B = Dr(x+)``; B_* is B at ``x*``.
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

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.midrad.rounding import TINY, UP, Doubles
from hallucert.check.attraction.manifold.around import Around, norms
from hallucert.check.attraction.manifold.frame import Frame, block_norms, coordinates_of, weighted
from hallucert.check.attraction.method import Method
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs, Numbers
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.errors import DomainError
from hallucert.exact import float_above


@dataclass(frozen=True)
class Bounds:
    """Bounds on a ball, block by block: the matrix, what pays for the way, ``|L|`` and ``|L L'^T|``."""

    contraction: Doubles
    descent: Doubles
    slope: Doubles
    slopes: Doubles


@dataclass(frozen=True)
class Carried:
    """The coordinates of residuals and of what they leave in the velocity, and the rest of it; b, k and b'."""

    frame: Frame
    method: Method

    def bounds(self, size: Fraction) -> Bounds | None:
        """Return them on a ball; None if f is not certainly defined there, g may be 0, or nothing is bounded."""
        frame, around = self.frame, Around.ball(len(self.frame.evidence.point.x), size)
        try:
            if not frame.is_hallucinated_on(around):
                return None
            left, right, _ = frame.at_point
            products, of_left, of_right = frame.changes(around, frame.slopes(around))
        except DomainError:
            return None
        rows, columns, own = norms(of_left, -1), norms(of_right, -1), norms(left, -1)
        here, moved, slope = (frame.by_blocks(part, 0) for part in (own, rows, own + rows))
        crossed = np.outer(here, moved)
        slopes = frame.by_blocks(left @ left.T, 0, 1) + crossed + crossed.T + np.outer(moved, moved)
        (k, carried), step = self.method.shares, self.method.step
        into = slope * float_above(carried * step) * UP + TINY
        out = frame.by_blocks(columns, 0) * float_above(1 / k) * UP + TINY
        kept, length = (np.array([float_above(v)]) + TINY for v in (self.method.momentum or Fraction(0), carried))
        n, descent = frame.contraction(products, of_left, of_right), frame.by_blocks(norms(right.T, -1) + columns, 0)
        return Bounds(
            np.block([[n, into[:, None]], [out[None], kept[None]]]) * UP,
            np.concatenate([descent * UP, length]) * UP,
            np.concatenate([slope * UP, [0.0]]),
            np.pad(slopes * UP, (0, 1)),
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
    sizes = block_norms(ar, [*q, *z], (*blocks, len(z)))
    return Enclosure(*ar.endpoints(weighted(ar, sizes, region.inputs["weights"])))


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Show that the weights contract and pay for the way on Omega; the radius follows."""
    found = carried_of(evidence, inputs)
    size, bound, weights, slope = (inputs[name] for name in ("size", "bound", "weights", "slope"))
    if found is None or not (size > 0 and 0 < bound < 1 and all(weight > 0 for weight in weights)):
        return Reason.NEEDS_PREMISES
    bounds = found.bounds(size)
    if bounds is None or not serves(bounds, inputs["step"], bound, weights, slope):
        return Reason.STEP
    radius = evidence.arithmetic.constant(size / (1 + slope))
    return {"radius": Enclosure(*evidence.arithmetic.endpoints(radius))}


def serves(bounds: Bounds, step: Fraction, bound: Fraction, weights: Sequence[Fraction], slope: Fraction) -> bool:
    """Tell, exactly, whether ``p N <= kappa p``, ``p N + E b <= p``, and ``p a <= slope`` or ``p S p^T <= slope^2``."""
    parts = (bounds.contraction, bounds.descent, bounds.slope, bounds.slopes)
    n, b, a, s = ([Fraction(v) for v in part.reshape(-1).tolist()] for part in parts)
    count = len(weights)
    if len(b) != count:
        return False
    for j, weight in enumerate(weights):
        taken = sum(p * v for p, v in zip(weights, n[j::count], strict=True))
        if taken > bound * weight or taken + step * b[j] > weight:
            return False
    pairs = (p * q for p in weights for q in weights)
    square = sum(pair * v for pair, v in zip(pairs, s, strict=True))
    return slope >= 0 and (square <= slope**2 or sum(p * v for p, v in zip(weights, a, strict=True)) <= slope)
