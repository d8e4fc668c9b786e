"""The witness of an existence proof: floats' proposal of a box and a preconditioner, kept exactly.

The system is ``G(z) = y(x0 + S z)`` with ``y(x) = g(x+)`` (system ``"gradient"``, ``S = I``) or ``y(x) = r(x+)``
(system ``"residual"``, ``S`` of shape (d, m), close to the transpose of ``Dr(x+)``: theory of the residual
form). Nothing in a witness is trusted: a bad one only makes the proof fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls import matrix
from hallucert.exact import round_down
from hallucert.objectives.objective import Objective
from hallucert.prove.point import Point
from hallucert.prove.reasons import Reason

Vector = tuple[Fraction, ...]
Rows = tuple[Vector, ...]


@dataclass(frozen=True)
class Witness:
    """Where and how existence is proved.

    Attributes
    ----------
    system : str
        ``"gradient"`` or ``"residual"``.
    centre : tuple of Fraction
        ``x0``, `d` dyadics.
    slice : tuple of tuple of Fraction or None
        ``S``, `d` rows of `m` dyadics; None stands for the identity.
    radius : tuple of Fraction
        Half widths of the box ``Z`` around 0, in the unknowns ``z``.
    preconditioner : tuple of tuple of Fraction
        ``C``, close to the inverse of ``DG(0)``.
    """

    system: str
    centre: Vector
    slice: Rows | None
    radius: Vector
    preconditioner: Rows

    @property
    def unknowns(self) -> int:
        """Number of unknowns ``z``."""
        return len(self.radius)


class System:
    """The map ``G`` of a witness and its Jacobian, in balls.

    Parameters
    ----------
    arithmetic
        The arithmetic of the proof.
    objective, rho
        The problem.
    system : str
        ``"gradient"`` or ``"residual"``.
    centre : sequence of Fraction
        ``x0``.
    slice : rows of Fraction or None
        ``S``.
    """

    def __init__(
        self, arithmetic: Any, objective: Objective, rho: Fraction, system: str, centre: Vector, slice: Rows | None
    ) -> None:
        self.arithmetic, self.objective, self.rho, self.system = arithmetic, objective, rho, system
        self.exact_slice = slice
        self.centre = [arithmetic.constant(c) for c in centre]
        self.slice = None if slice is None else [[arithmetic.constant(s) for s in row] for row in slice]
        self._cached: tuple[list[Any], Point] | None = None

    def origin(self) -> list[Any]:
        """``z = 0`` as balls."""
        size = len(self.centre) if self.exact_slice is None else len(self.exact_slice[0])
        return [self.arithmetic.constant(Fraction(0))] * size

    def exact_move(self, z: list[Fraction]) -> list[Fraction]:
        """``S z``, exactly."""
        if self.exact_slice is None:
            return z
        return [sum((s * v for s, v in zip(row, z, strict=True)), Fraction(0)) for row in self.exact_slice]

    def to_x(self, z: list[Any]) -> list[Any]:
        """``x0 + S z``."""
        moves = z if self.slice is None else matrix.apply(self.arithmetic, self.slice, z)
        return [c + move for c, move in zip(self.centre, moves, strict=True)]

    def point(self, z: list[Any]) -> Point:
        """The SAM quantities at ``x0 + S z``; the last one is kept, since ``G`` and ``DG`` are asked together."""
        if self._cached is None or self._cached[0] is not z:
            self._cached = (z, Point(self.arithmetic, self.objective, self.rho, self.to_x(z)))
        return self._cached[1]

    def value(self, z: list[Any]) -> list[Any]:
        """``G(z)``."""
        point = self.point(z)
        return point.shifted_gradient if self.system == "gradient" else point.shifted_residual

    def jacobian(self, z: list[Any]) -> list[list[Any]]:
        """``DG(z)``."""
        point = self.point(z)
        if self.slice is None:
            return point.sam_matrix
        return self.arithmetic.matrix_product(point.residual_matrix, self.slice)


def choose_system(arithmetic: Any, objective: Objective, rho: Fraction, x: Vector) -> str:
    """Residual form if there are at most `d` residuals and they are much smaller at ``x+`` than at ``x``."""
    if not 0 < objective.residual_count <= objective.dimension:
        return "gradient"
    ar = arithmetic
    point = Point(ar, objective, rho, [ar.constant(c) for c in x])
    here = objective.enclose_residual(ar, point.x)
    try:
        size = max(float(ar.midpoint(r)) ** 2 for r in here) ** 0.5
        size_plus = max(float(ar.midpoint(r)) ** 2 for r in point.shifted_residual) ** 0.5
    except (ArithmeticError, ValueError):
        return "gradient"
    return "residual" if size_plus <= 0.1 * size else "gradient"


def propose_slice(arithmetic: Any, objective: Objective, rho: Fraction, x: Vector) -> Rows | Reason:
    """Return ``S``: the rows of ``Dr(x+)``, scaled to length about 1, as columns."""
    ar = arithmetic
    point = Point(ar, objective, rho, [ar.constant(c) for c in x])
    rows = matrix.midpoints(ar, point.residual_jacobian_plus)
    lengths = np.linalg.norm(rows, axis=1)
    if not np.isfinite(rows).all() or not (lengths > 0).all():
        return Reason.RANK_DEFICIENT
    columns = (rows / lengths[:, None]).T
    return tuple(tuple(Fraction(float(s)) for s in row) for row in columns)


def polish(arithmetic: Any, objective: Objective, rho: Fraction, system: str, x: Vector, steps: int) -> Vector | Reason:
    """Newton's method on the system from `x`; returns a centre with as many bits as the arithmetic has.

    Stops where the residual no longer falls. A step longer than ``rho/2`` means that no zero is near.
    """
    best, best_size = x, None
    for _ in range(steps):
        equations = equations_at(arithmetic, objective, rho, system, x)
        if isinstance(equations, Reason):
            return equations
        origin = equations.origin()
        value = equations.value(origin)
        if not all(arithmetic.is_finite(v) for v in value):
            return Reason.DOMAIN if arithmetic.is_finite(equations.point(origin).q) else Reason.ZERO_GRADIENT
        middle = [arithmetic.midpoint(v) for v in value]
        size = max(abs(v) for v in middle)
        if best_size is not None and size >= best_size:
            break
        best, best_size = x, size
        step = _newton_step(matrix.midpoints(arithmetic, equations.jacobian(origin)), middle)
        if step is None:
            break
        moves = equations.exact_move(step)
        if max(abs(move) for move in moves) > rho / 2:
            return Reason.NOT_A_ZERO
        x = tuple(_nearby(c + move, arithmetic.precision) for c, move in zip(x, moves, strict=True))
    return best


def equations_at(arithmetic: Any, objective: Objective, rho: Fraction, system: str, x: Vector) -> System | Reason:
    """The system centred at `x`, with a fresh slice in residual form."""
    rows = propose_slice(arithmetic, objective, rho, x) if system == "residual" else None
    return rows if isinstance(rows, Reason) else System(arithmetic, objective, rho, system, x, rows)


def _newton_step(jacobian: np.ndarray, value: list[Fraction]) -> list[Fraction] | None:
    """Solve ``DG z = -G`` in floats for a right-hand side scaled to size 1, so that no bits are lost."""
    scale = max(abs(v) for v in value)
    if scale == 0 or not np.isfinite(jacobian).all():
        return None
    right = np.array([float(v / scale) for v in value])
    step = np.linalg.lstsq(jacobian, -right, rcond=1e-12)[0]
    return [Fraction(float(s)) * scale for s in step]


def _nearby(value: Fraction, bits: int) -> Fraction:
    return Fraction(float(value)) if bits <= 53 else round_down(value, bits)
