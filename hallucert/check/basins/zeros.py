"""Boxes from which SAM converges to zeros of one residual after the ascent step: attractors that are curves.

For ``f = r^2/(2n)`` of two variables a SAM step is ``x' = x - (eta/n) y(x) b(x)``, where ``y = r(x+)`` and b is the
gradient of r at ``x+``; let ``a = J^T b``, the gradient of y. Zeros of y where ``g != 0`` are hallucinated minimizers,
as f is 0 at ``x+``, and where ``a != 0`` they form smooth curves.

**Theorem.** Let ``X0`` and X be boxes, let f be defined on X and on its image under ``x -> x+``, ``g != 0`` on X, and

    lo <= (eta/n) a(z).b(x) <= hi    for all x, z in X,    lo > 0,  hi < 2,    1 - kappa = min(lo, 2 - hi).

Let T be an interval that contains 0 and ``y(X0)/(1 - kappa)``, and ``-y(X0)/(1 - kappa)`` too if ``hi > 1``, and let D
be a box that contains ``-(eta/n) t b(x)`` for all x in X and t in T. If ``X0 + D`` is in X, then SAM converges from
every start in ``X0`` to a hallucinated minimizer in X with y = 0, a point of a smooth curve of them.

*Proof.* Let ``x_0, .., x_k`` and the segments between them be in X, and ``y_i = y(x_i)``. By the mean value theorem
``y_(i+1) = (1 - (eta/n) abar.b(x_i)) y_i`` with a mean abar of a on a segment, so that ``|y_i| <= kappa^i |y_0|``, for
i = k + 1 as well if the segment from ``x_k`` is in X. If ``hi <= 1``, all ``y_i`` have the sign of ``y_0``, or are 0:
then ``x_(k+1) - x_0``, the sum of all ``-(eta/n) y_i b(x_i)``, is component by component ``-(eta/n) t`` times a mean of
the ``b(x_i)``, where t, the sum of the ``y_i``, lies between 0 and ``y_0/(1 - kappa)``. Else it is at most
``(eta/n) |y_0|/(1 - kappa)`` times the largest b. So ``x_(k+1)`` is in ``X0 + D``, which is convex: the segment to it
is in X. The lengths of the steps are a convergent series; X is closed, and y is 0 at the limit. As ``a.b > 0``, a is
not 0 there.

a and b are enclosed on X, a box of numbers, to which means belong. As u is the direction of Dr, times the sign of r,
``J = I + sign(r) (rho/|Dr|) v (D^2r v)^T`` with v perpendicular to it; ``g != 0`` where neither r nor Dr is 0. x+, Dr
and y are enclosed by the mean value theorem around the middle c of ``X0``. X is found by making ``X0 + D(X)`` larger
until it is in X.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import LaneArithmetic, ends
from hallucert.objectives.formula import FormulaObjective

ROUNDS = 12
"""So many boxes X are tried."""
MORE = 1.25
"""They are larger by this factor than the last one asked for."""


@dataclass(frozen=True)
class Zeros:
    """The zeros of ``r(x+)`` of a function in the plane with one residual, for a radius and a step."""

    f: FormulaObjective
    rho: Fraction
    step: Fraction

    def contains(self, boxes: np.ndarray, lanes: LaneArithmetic) -> np.ndarray:
        """Tell which boxes (k, 2, 2), the ends of both sides, are certainly ``X0`` of the theorem for some X."""
        result, open_, around = np.zeros(len(boxes), bool), np.arange(len(boxes)), boxes
        for _ in range(ROUNDS):
            if not len(open_):
                break
            starts = boxes[open_]
            reach, known = self.reach(lanes, starts, around)
            inside = (
                known & (reach[..., 0] >= around[..., 0]).all(axis=1) & (reach[..., 1] <= around[..., 1]).all(axis=1)
            )
            result[open_[inside]] = True
            with np.errstate(all="ignore"):
                wanted = starts + MORE * (reach - starts)
            wanted = np.stack([np.minimum(around, wanted)[..., 0], np.maximum(around, wanted)[..., 1]], -1)
            left = known & ~inside & np.isfinite(wanted).all(axis=(1, 2))
            open_, around = open_[left], wanted[left]
        return result

    def reach(self, lanes: LaneArithmetic, starts: np.ndarray, around: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``X0 + D``, (k, 2, 2), and in which lanes it is known; X must contain ``X0``, or nothing is said."""
        f, count = self.f, len(starts)
        x0, x = ([lanes.box(*side.T) for side in boxes.swapaxes(0, 1)] for boxes in (starts, around))
        middle = np.clip(starts.mean(axis=2), starts[..., 0], starts[..., 1])
        c = [lanes.box(v, v) for v in middle.T]
        least, most = ends(lanes, f.enclose_residual(lanes, x)[0], count)
        sign = np.where(most < 0, -1.0, 1.0)
        plus, j, ahead = self._ascent(lanes, lanes.box(sign, sign), x, c)
        (b,) = f.enclose_residual_jacobian(lanes, plus)
        a = [j[0][k] * b[0] + j[1][k] * b[1] for k in range(2)]
        step = lanes.constant(self.step / f.n)
        low, high = ends(lanes, step * (a[0] * b[0] + a[1] * b[1]), count)
        known = (low > 0) & (high < 2) & ((least > 0) | (most < 0))
        known &= np.isfinite(ends(lanes, f.enclose_residual(lanes, plus)[0], count)).all(axis=0)  # r is defined, too
        rest = np.where(known, np.minimum(low, 2 - high), 1.0)  # exact: 2 - high is rounded only where low is less
        (y,) = f.enclose_residual(lanes, ahead)
        y = (y + a[0] * (x0[0] - c[0]) + a[1] * (x0[1] - c[1])) / lanes.box(rest, rest)
        least, most = (np.where(known, end, 0.0) for end in ends(lanes, y, count))
        swings = np.maximum(-least, most)
        least, most = np.minimum(least, 0), np.maximum(most, 0)
        least, most = np.where(high > 1, -swings, least), np.where(high > 1, swings, most)
        known &= np.isfinite(least) & np.isfinite(most)
        t = lanes.box(np.where(known, least, 0.0), np.where(known, most, 0.0))
        result = np.stack([np.stack(ends(lanes, x0[k] - step * t * b[k], count), -1) for k in range(2)], 1)
        return result, known & np.isfinite(result).all(axis=(1, 2))

    def _ascent(
        self, lanes: LaneArithmetic, sign: Any, x: Sequence[Any], c: Sequence[Any]
    ) -> tuple[list[Any], list[list[Any]], list[Any]]:
        """Enclose ``x+`` and J on X, and ``c+``, by the formulas above."""
        one, rho = lanes.constant(Fraction(1)), lanes.constant(self.rho) * sign
        from_c = [x[i] - c[i] for i in range(2)]
        h, slope = self._residual.enclose_hessian(lanes, x), self._residual.enclose_gradient(lanes, c)
        factor = rho / _norm(lanes, slope)
        ahead = [c[i] + factor * slope[i] for i in range(2)]
        slope = [slope[i] + h[i][0] * from_c[0] + h[i][1] * from_c[1] for i in range(2)]
        length = _norm(lanes, slope)
        v = [-(slope[1] / length), slope[0] / length]
        along = [rho / length * (v[0] * h[0][k] + v[1] * h[1][k]) for k in range(2)]
        j = [[v[i] * along[k] + one if i == k else v[i] * along[k] for k in range(2)] for i in range(2)]
        plus = [ahead[i] + j[i][0] * from_c[0] + j[i][1] * from_c[1] for i in range(2)]
        return plus, j, ahead

    @cached_property
    def _residual(self) -> FormulaObjective:
        """r as a function."""
        return FormulaObjective(self.f.residual_tape)


def _norm(lanes: LaneArithmetic, vector: Sequence[Any]) -> Any:
    """The length of a vector in the plane."""
    return lanes.sqrt(lanes.power(vector[0], 2) + lanes.power(vector[1], 2))
