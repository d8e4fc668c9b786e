"""The target of a branch: exactly one critical point of ``f`` in a box, nondegenerate, of a known index."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic
from hallucert.balls.krawczyk import Function, Jacobian, contract, krawczyk_image
from hallucert.balls.symmetric import extreme_eigenvalues, inertia
from hallucert.check.branch.system import Vector
from hallucert.check.claim import Enclosure, Sizes, sizes_of
from hallucert.objectives.objective import Objective

Rationals = tuple[Fraction, ...]


@dataclass(frozen=True)
class TargetBox:
    """Where the target is: ``centre +- radius`` with a preconditioner for Krawczyk's test of ``g = 0``."""

    centre: Rationals
    radius: Rationals
    preconditioner: tuple[Rationals, ...]


@dataclass(frozen=True)
class Target:
    """A proved target.

    Attributes
    ----------
    c : list of balls
        A tight enclosure.
    smallest, largest : Enclosure
        Of the eigenvalues of ``H(c)``, which is nonsingular.
    negative : int
        How many of them are negative.
    """

    c: Vector
    smallest: Enclosure
    largest: Enclosure
    negative: int

    def sizes(self, length: Fraction) -> Sizes:
        """The sizes of the numbers of branches that reach so far."""
        return sizes_of(length, length * max(abs(self.smallest.lower), abs(self.largest.upper)))

    @property
    def kind(self) -> str:
        """``"minimizer"``, ``"saddle of index k"`` or ``"maximizer"``."""
        return kind_of(self.negative, len(self.c))


def kind_of(negative: int, dimension: int) -> str:
    """Name a nondegenerate critical point with so many negative eigenvalues."""
    if negative == 0:
        return "minimizer"
    return "maximizer" if negative == dimension else f"saddle of index {negative}"


def proved_target(arithmetic: BallArithmetic, objective: Objective, box: TargetBox) -> Target | None:
    """Prove that the box holds exactly one critical point, and enclose it and its Hessian's spectrum."""
    ar = arithmetic
    value, jacobian = equations(ar, objective)
    rows = [list(row) for row in box.preconditioner]
    test = krawczyk_image(ar, value, jacobian, list(box.centre), rows, list(box.radius))
    if not test.proved:
        return None
    c = contract(ar, value, jacobian, test.image, rows)
    if not ar.is_finite(objective.enclose_value(ar, c)):
        return None
    hessian = objective.enclose_hessian(ar, c)
    extremes = extreme_eigenvalues(ar, hessian) if matrix.all_finite(ar, hessian) else None
    if extremes is None:
        return None
    signs = inertia(ar, hessian)
    if signs.undecided:
        return None
    return Target(c, Enclosure(*extremes[0]), Enclosure(*extremes[1]), signs.negative)


def equations(arithmetic: BallArithmetic, objective: Objective) -> tuple[Function, Jacobian]:
    """Return ``g`` and ``H`` in balls."""
    return (
        lambda x: objective.enclose_gradient(arithmetic, x),
        lambda x: objective.enclose_hessian(arithmetic, x),
    )
