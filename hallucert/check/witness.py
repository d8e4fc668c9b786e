"""The witness of an existence proof: a box and a preconditioner that somebody proposed, kept exactly.

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

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic
from hallucert.check.sam_point import Kept, Point
from hallucert.errors import ArgumentError
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw

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


def box_of(arithmetic: BallArithmetic, witness: Witness) -> list[Any]:
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
        arithmetic: BallArithmetic,
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
        self._last: Kept[Point] = Kept()

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
        return self._last.of(z, lambda: Point(self.arithmetic, self.objective, self.rho, self.to_x(z), self.law))

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
