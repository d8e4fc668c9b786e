"""The witness of an existence proof: floats' proposal of a box and a preconditioner, kept exactly.

The system is ``G(z) = y(x0 + S z)`` with ``y(x) = g(x+)`` (system ``"gradient"``, ``S = I``) or ``y(x) = r(x+)``
(system ``"residual"``, ``S`` of shape (d, m), close to the transpose of ``Dr(x+)``: theory of the residual
form). Nothing in a witness is trusted: a bad one only makes the proof fail.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.linear import matrix
from hallucert.check.reason import Reason
from hallucert.check.sam_point import Point
from hallucert.errors import ArgumentError
from hallucert.exact import LARGEST_DOUBLE, round_down
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw

_SLOW = 1000
"""Newton's method linearises anew after a step that lowers the residual by less than this factor."""

Matrix = list[list[Any]]
Vector = tuple[Fraction, ...]
Rows = tuple[Vector, ...]


@dataclass(frozen=True)
class Witness:
    """Where and how existence is proved; or just a box, about all points of which something is claimed.

    Attributes
    ----------
    system : str
        ``"gradient"``, ``"residual"``, or ``"box"``: nothing is solved, and the preconditioner is empty.
    centre : tuple of Fraction
        ``x0``, `d` dyadics.
    slice : tuple of tuple of Fraction or None
        ``S``, `d` rows of `m` dyadics; None stands for the identity.
    radius : tuple of Fraction
        Half widths of the box ``Z`` around 0, in the unknowns ``z``.
    preconditioner : tuple of tuple of Fraction
        ``C``, close to the inverse of ``DG(0)``.
    law : RadiusLaw
        The ascent step that ``x+`` belongs to; of a box it is SAM's.
    """

    system: str
    centre: Vector
    slice: Rows | None
    radius: Vector
    preconditioner: Rows
    law: RadiusLaw = SAM

    def __post_init__(self) -> None:
        if self.law.scales and len(self.law.scales) != len(self.centre):
            raise ArgumentError("law", self.law, f"have {len(self.centre)} scales, one for each variable")
        if self.system == "box" and self.law != SAM:
            raise ArgumentError("law", self.law, "be that of SAM where a box is all there is")

    @property
    def unknowns(self) -> int:
        """Number of unknowns ``z``."""
        return len(self.radius)


def box_of(arithmetic: Any, witness: Witness) -> list[Any]:
    """The box of a witness of the system ``"box"``, as `d` balls."""
    return [arithmetic.interval(c - r, c + r) for c, r in zip(witness.centre, witness.radius, strict=True)]


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
    slice : (d, m) rows of balls or None
        ``S``, exact.
    at_centre : Point, optional
        The SAM quantities at ``x0``, if they are known.
    law : RadiusLaw
        The ascent step.
    """

    def __init__(
        self,
        arithmetic: Any,
        objective: Objective,
        rho: Fraction,
        system: str,
        centre: Vector,
        slice: Matrix | None,
        at_centre: Point | None = None,
        law: RadiusLaw = SAM,
    ) -> None:
        self.arithmetic, self.objective, self.rho, self.system = arithmetic, objective, rho, system
        self.exact_centre, self.slice = centre, slice
        self.centre = [arithmetic.constant(c) for c in centre]
        size = len(centre) if slice is None else len(slice[0])
        self.origin = [arithmetic.constant(Fraction(0))] * size
        self._at_centre, self.law = at_centre, law
        self._last: tuple[list[Any], Point] | None = None

    def to_x(self, z: list[Any]) -> list[Any]:
        """``x0 + S z``."""
        moves = z if self.slice is None else matrix.apply(self.arithmetic, self.slice, z)
        return [c + move for c, move in zip(self.centre, moves, strict=True)]

    @property
    def at_centre(self) -> Point:
        """The SAM quantities at ``x0``."""
        if self._at_centre is None:
            self._at_centre = Point(self.arithmetic, self.objective, self.rho, self.centre, self.law)
        return self._at_centre

    def point(self, z: list[Any]) -> Point:
        """The SAM quantities at ``x0 + S z``; the last one is kept, since ``G`` and ``DG`` are asked together."""
        if all(map(operator.is_, z, self.origin)):
            return self.at_centre
        if self._last is None or self._last[0] is not z:
            self._last = (z, Point(self.arithmetic, self.objective, self.rho, self.to_x(z), self.law))
        return self._last[1]

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

    def float_jacobian(self) -> np.ndarray:
        """``DG(0)`` in doubles, for proposals."""
        return matrix.midpoints(self.arithmetic, self.jacobian(self.origin))


def choose_system(point: Point) -> str:
    """Residual form if there are at most `d` residuals and they are much smaller at ``x+`` than at ``x``."""
    ar, objective = point.arithmetic, point.objective
    if not 0 < objective.residual_count <= objective.dimension:
        return "gradient"
    here = objective.enclose_residual(ar, point.x)
    try:
        size = max(abs(ar.midpoint(r)) for r in here)
        size_plus = max(abs(ar.midpoint(r)) for r in point.shifted_residual)
    except (ArithmeticError, ValueError):
        return "gradient"
    return "residual" if 10 * size_plus <= size else "gradient"


def propose_slice(point: Point) -> np.ndarray | Reason:
    """Return ``S``, shape (d, m): the rows of ``Dr(x+)``, scaled to length about 1, as columns."""
    rows = matrix.midpoints(point.arithmetic, point.residual_jacobian_plus)
    lengths = np.linalg.norm(rows, axis=1)
    if not np.isfinite(rows).all() or not (lengths > 0).all():
        return Reason.RANK_DEFICIENT
    return (rows / lengths[:, None]).T


@dataclass(frozen=True)
class Proposal:
    """Where existence is to be proved: a system at its centre, the floats of its slice, and of its Jacobian.

    The Jacobian is *stale* if it is that of an earlier iterate near the centre.
    """

    equations: System
    slice: np.ndarray | None
    jacobian: np.ndarray
    stale: bool = False


def propose(point: Point, system: str, x: Vector) -> Proposal | Reason:
    """The system centred at `x`, where the SAM quantities are `point`."""
    linear = _linearised(point, system, x)
    return linear if isinstance(linear, Reason) else Proposal(_system(point, system, x, linear[0]), *linear)


def _linearised(point: Point, system: str, x: Vector) -> tuple[np.ndarray | None, np.ndarray] | Reason:
    """The floats of a fresh slice (None in the gradient system) and of the Jacobian of the system on it."""
    rows = propose_slice(point) if system == "residual" else None
    if isinstance(rows, Reason):
        return rows
    return rows, _system(point, system, x, rows).float_jacobian()


def _system(point: Point, system: str, x: Vector, rows: np.ndarray | None) -> System:
    balls = None if rows is None else matrix.from_floats(point.arithmetic, rows)
    return System(point.arithmetic, point.objective, point.exact_rho, system, x, balls, point, point.law)


def polish(point: Point, system: str, x: Vector, steps: int) -> Proposal | Reason:
    """Newton's method on the system from `x`, where the SAM quantities are `point`.

    Returns the system centred at the best iterate, which has as many bits as the arithmetic. Slice and Jacobian are
    kept while they serve: until a step gains less than a factor `_SLOW`. Stops where the residual no longer falls or
    cannot be told from 0. A step longer than ``rho/2`` means that no zero is near; so does one longer than half of
    ``|x+ - x|``, for laws under which that is another length.
    """
    ar, objective, rho = point.arithmetic, point.objective, point.exact_rho
    length = point.length
    best: tuple[Point, Vector] | None = None
    linear: tuple[np.ndarray | None, np.ndarray] | None = None
    linear_at, best_size = point, Fraction(0)
    for _ in range(steps):
        value = point.shifted_gradient if system == "gradient" else point.shifted_residual
        if not ar.all_finite([value]):
            return Reason.DOMAIN if ar.is_finite(point.q) else Reason.ZERO_GRADIENT
        middle = [ar.midpoint(v) for v in value]
        size = max(abs(v) for v in middle)
        if best is not None and size >= best_size:
            break
        slow = _SLOW * size > best_size
        best, best_size = (point, x), size
        if linear is not None and not any(map(ar.nonzero, value)):
            break
        if linear is None or slow:
            fresh = _linearised(point, system, x)
            if isinstance(fresh, Reason):
                return fresh
            linear, linear_at = fresh, point
        rows, jacobian = linear
        if size == 0 or not np.isfinite(jacobian).all():
            break
        # Scaled to size 1, so that no bits of a tiny right-hand side are lost.
        right = np.array([float(v / size) for v in middle])
        step = np.linalg.lstsq(jacobian, -right, rcond=1e-15)[0]
        moves = [Fraction(move) * size for move in (step if rows is None else rows @ step).tolist()]
        if max(abs(move) for move in moves) > length / 2:
            return Reason.NOT_A_ZERO
        x = tuple(_nearby(c + move, ar.precision) for c, move in zip(x, moves, strict=True))
        point = Point(ar, objective, rho, [ar.constant(c) for c in x], point.law)
    if best is None or linear is None:  # no step was allowed
        return Reason.NOT_A_ZERO
    return Proposal(_system(best[0], system, best[1], linear[0]), *linear, stale=linear_at is not best[0])


def _nearby(value: Fraction, bits: int) -> Fraction:
    wide = bits > 53 or abs(value) > LARGEST_DOUBLE
    return round_down(value, bits) if wide else Fraction(float(value))
