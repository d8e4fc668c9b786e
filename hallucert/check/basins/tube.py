"""Images of cells of the plane under many SAM steps: parallelograms in lanes, one for each cell.

The SAM step is ``S(x) = x - eta g(x + rho u(x))``, ``u = g/|g|``. In the plane ``P = I - u u^T = v v^T`` with v
perpendicular to u, so that ``J = I + (rho/q) v (H v)^T`` and ``DS = I - eta H(x+) J``.

A tube is at ``x = c + Q r`` with ``|r_j| <= size_j``, where c is a point, and ``Q = [[a, -b], [b, a]]``, for ``a^2 +
b^2`` near 1, turns and stretches. On the box X around it the mean value theorem gives, with derivatives enclosed on X,

    g(x)  in  g(c) + H(X) Q r,      x+  in  c+ + J(X) Q r,      S(x)  in  S(c) + DS(X) Q r

(components one by one, on segments from c; X is convex). So ``S(x) = c' + Q' r'`` with any c' and Q' and ``r' =
Q'^-1 (S(c) - c' + DS(X) Q r)``, where ``Q'^-1 = Q'^T/(a'^2 + b'^2)``. The new axes are along the longer side of the
image (Lohner): the shorter one can then shrink as it does in truth. Where g may be 0, or f may be undefined, nothing is
known of the image (`fan`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import LaneArithmetic, ends
from hallucert.objectives.formula import FormulaObjective

PARTS = 3
"""The box of a tube is that of so many by so many parts of it."""

_ROUNDING = 2.0**-44
"""Of the sizes of all terms: far more than what is rounded in a box of a part, a sum of a few products."""

_TOTAL = {"var", "const", "pi", "add", "sub", "mul", "neg", "pow", "exp", "sin", "cos", "tanh", "erf", "softplus"}
"""Operations of tapes that are defined everywhere, but for negative powers."""


@dataclass(frozen=True)
class Tubes:
    """Parallelograms ``c + Q r``, ``|r_j| <= size_j``, in k lanes: centres c, turns ``(a, b)`` and sizes, (k, 2)."""

    centre: np.ndarray
    turn: np.ndarray
    size: np.ndarray

    def __len__(self) -> int:
        return len(self.centre)

    def __getitem__(self, which: np.ndarray | slice) -> Tubes:
        return Tubes(self.centre[which], self.turn[which], self.size[which])

    @classmethod
    def around(cls, lo: np.ndarray, hi: np.ndarray) -> Tubes:
        """Return tubes that contain boxes; ends (k, 2)."""
        centre = lo / 2 + hi / 2
        size = np.maximum(hi - centre, centre - lo)
        return cls(centre, np.tile([1.0, 0.0], (len(centre), 1)), size * (1 + _ROUNDING) + 1e-300)

    def boxes(self) -> np.ndarray:
        """Return boxes that cover them, (k, PARTS**2, 2, 2): the ends of both sides."""
        a, b = self.turn[:, 0], self.turn[:, 1]
        middles = (2 * np.arange(PARTS) + 1 - PARTS) / PARTS
        first, second = self.size[:, 0, None, None] * middles[:, None], self.size[:, 1, None, None] * middles[None]
        a3, b3 = a[:, None, None], b[:, None, None]
        moves = np.stack([a3 * first - b3 * second, b3 * first + a3 * second], -1).reshape(len(self), PARTS**2, 2)
        axes = np.abs(np.stack([np.stack([a, b], -1), np.stack([b, a], -1)], 1))
        reach = np.einsum("kij,kj->ki", axes, self.size) / PARTS
        total = np.abs(self.turn).sum(1, keepdims=True) * self.size.sum(1, keepdims=True)
        slack = _ROUNDING * (np.abs(self.centre) + total)
        middle, reach = self.centre[:, None] + moves, (reach + slack + 1e-300)[:, None]
        return np.stack([middle - reach, middle + reach], -1)


class SamStep:
    """One step of SAM on tubes, in an arithmetic of lanes, for a function of two variables."""

    def __init__(self, lanes: LaneArithmetic, f: FormulaObjective, rho: Fraction, step: Fraction) -> None:
        self.lanes, self.f = lanes, f
        self.rho, self.step = lanes.constant(rho), lanes.constant(step)
        self.total = all(n.op in _TOTAL and not (n.op == "pow" and n.b < 0) for n in f.tape.nodes)

    def image(self, tubes: Tubes) -> tuple[Tubes, np.ndarray]:
        """Return the images, and for which lanes they are known; those of others mean nothing."""
        lanes, count = self.lanes, len(tubes)
        c = [lanes.box(x, x) for x in tubes.centre.T]
        q = self.axes(tubes.turn)
        r = [lanes.box(-size, size) for size in tubes.size.T]
        gradient = self.f.enclose_gradient(lanes, c)
        factor = self.rho / self._norm(gradient)
        ahead = [x + factor * g for x, g in zip(c, gradient, strict=True)]
        middle = [x - self.step * g for x, g in zip(c, self.f.enclose_gradient(lanes, ahead), strict=True)]
        jacobian, defined = self._jacobian(c, q, r, gradient, ahead, count)
        known, floats = defined.copy(), np.empty((count, 2, 3))
        for i in range(2):
            for j, value in enumerate((*jacobian[i], middle[i])):
                low, high = ends(lanes, value, count)
                floats[:, i, j] = low / 2 + high / 2
        known &= np.isfinite(floats).all(axis=(1, 2))
        floats[~known] = 0.0
        centre, turn = floats[:, :, 2], _longest(floats[:, :, :2], tubes.size)
        size = self._sizes(turn, centre, middle, jacobian, r, count)
        known &= np.isfinite(size).all(axis=1)
        return Tubes(centre, turn, np.where(known[:, None], size, 0.0)), known

    def axes(self, turn: np.ndarray) -> list[list[Any]]:
        """Q in lanes."""
        a, b = (self.lanes.box(x, x) for x in turn.T)
        return [[a, -b], [b, a]]

    def _norm(self, vector: Sequence[Any]) -> Any:
        return self.lanes.sqrt(self.lanes.power(vector[0], 2) + self.lanes.power(vector[1], 2))

    def _jacobian(
        self, c: list[Any], q: list[list[Any]], r: list[Any], gradient: list[Any], ahead: list[Any], count: int
    ) -> tuple[list[list[Any]], np.ndarray]:
        """Enclose ``DS(X) Q``, by the formulas above; and tell where f is certainly defined on X and ``x+``."""
        lanes, f = self.lanes, self.f
        x = [c[i] + (q[i][0] * r[0] + q[i][1] * r[1]) for i in range(2)]
        bent = product(f.enclose_hessian(lanes, x), q)  # H Q
        g = [gradient[i] + bent[i][0] * r[0] + bent[i][1] * r[1] for i in range(2)]
        length = self._norm(g)
        v = [-(g[1] / length), g[0] / length]
        factor = self.rho / length
        along = [factor * (v[0] * bent[0][j] + v[1] * bent[1][j]) for j in range(2)]  # (rho/q) v^T H Q
        shifted = [[q[i][j] + v[i] * along[j] for j in range(2)] for i in range(2)]  # J Q
        plus = [ahead[i] + shifted[i][0] * r[0] + shifted[i][1] * r[1] for i in range(2)]
        moved = product(f.enclose_hessian(lanes, plus), shifted)
        result = [[q[i][j] - self.step * moved[i][j] for j in range(2)] for i in range(2)]
        return result, self.defined(x, count) & self.defined(plus, count)

    def defined(self, x: list[Any], count: int) -> np.ndarray:
        """Tell where f, whose derivatives may be defined where it is not, is certainly defined."""
        if self.total:
            return np.full(count, True)
        low, high = ends(self.lanes, self.f.enclose_value(self.lanes, x), count)
        return np.asarray(np.isfinite(low) & np.isfinite(high))

    def _sizes(
        self,
        turn: np.ndarray,
        centre: np.ndarray,
        middle: list[Any],
        jacobian: list[list[Any]],
        r: list[Any],
        count: int,
    ) -> np.ndarray:
        """Bound ``|r'|``, (k, 2)."""
        lanes, (a, b) = self.lanes, (self.lanes.box(x, x) for x in turn.T)
        square, back = lanes.power(a, 2) + lanes.power(b, 2), [[a, b], [-b, a]]
        off = [m - lanes.box(x, x) for m, x in zip(middle, centre.T, strict=True)]
        result = np.empty((count, 2))
        for i, row in enumerate(product(back, [[*jacobian[j], off[j]] for j in range(2)])):
            low, high = ends(lanes, (row[0] * r[0] + row[1] * r[1] + row[2]) / square, count)
            result[:, i] = np.maximum(-low, high)
        return result


def product(a: Sequence[Sequence[Any]], b: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Enclose the product of a matrix of two columns and one of two rows."""
    return [[row[0] * x + row[1] * y for x, y in zip(*b, strict=True)] for row in a]


def _longest(columns: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Propose the turns of images, (k, 2), from approximate images of the axes, (k, 2, 2)."""
    length = np.hypot(columns[:, 0], columns[:, 1]) * size
    first, second = columns[:, :, 0], np.stack([columns[:, 1, 1], -columns[:, 0, 1]], -1)
    along = np.where((length[:, 1] > length[:, 0])[:, None], second, first)
    norm = np.hypot(along[:, 0], along[:, 1])
    usable = (norm > 1e-100) & np.isfinite(norm)
    return np.where(usable[:, None], along / np.where(usable, norm, 1.0)[:, None], [1.0, 0.0])
