"""The sets that cells must reach: ellipses from the claims ``basin`` of points and two-cycles, and zeros of a residual.

A certified point with ``r(x+) = 0``, r the one residual of a function in the plane, stands for all such points, which
form curves: `hallucert.check.basins.zeros` tells from where SAM converges to them.

The claim ``basin`` says that SAM with any step up to eta converges to ``x*`` from ``Omega = {x* + V w : |w| <= R}``;
of a cycle, that SAM with its step converges to the cycle from two such sets, around p and around q. With floats B near
``V^-1`` and z near ``x*``, ``e >= |I - B V|`` and ``d >= |z - x*|``,

    |V^-1 (y - x*)| <= (|B (y - z)| + |B| d)/(1 - e),

since ``V^-1 = B + (I - B V) V^-1``. So y is in Omega if ``|B (y - z)| <= (1 - e) R - |B| d``; e and d are computed
exactly. Omega is convex, so a box lies in it if its corners do. Ellipses with numbers beyond `_RANGE` are not used:
within, and for points within 1e150, nothing overflows, and what underflows is far below the slack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls.ball_lanes import LaneArithmetic
from hallucert.check.basins.zeros import Zeros
from hallucert.check.claim import Status
from hallucert.check.cycle.problem import CycleProblem
from hallucert.check.point.certificate import Certificate, Sides
from hallucert.check.problem import Problem
from hallucert.exact import float_below
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.radius_law import SAM

_ROUNDING = 2.0**-48
"""Of the sizes of all terms of ``B (y - z)``: more than is rounded in it."""
_RANGE = 2.0**300


@dataclass(frozen=True)
class Ellipse:
    """The points y with ``|B (y - z)| <= radius``: z is (2,), `back` is B, (2, 2)."""

    centre: np.ndarray
    back: np.ndarray
    radius: float

    def contains(self, boxes: np.ndarray, _: LaneArithmetic | None = None) -> np.ndarray:
        """Tell which boxes (..., 2, 2), the ends of both sides, certainly lie in it."""
        result = np.ones(boxes.shape[:-2], bool)
        for x in (boxes[..., 0, 0], boxes[..., 0, 1]):
            for y in (boxes[..., 1, 0], boxes[..., 1, 1]):
                terms = [row[0] * (x - self.centre[0]) for row in self.back]
                others = [row[1] * (y - self.centre[1]) for row in self.back]
                length = np.hypot(*(a + b for a, b in zip(terms, others, strict=True)))
                slack = sum(np.abs(term) for term in (*terms, *others)) * _ROUNDING
                result &= length + slack <= self.radius
        return result


Region = Ellipse | Zeros
"""Where it is known that SAM converges to an attractor, by what `contains` says."""


def regions_of(certificate: Certificate, problem: Problem, step: Fraction) -> tuple[Region, ...]:
    """Return the sets from which SAM is claimed to converge, for a problem and a step; none if they are not had.

    A point has an ellipse, a two-cycle of that step one around each of its points, and a zero of ``r(x+)`` all zeros.
    """
    return zeros_of(certificate, problem, step) or ellipses_of(certificate, problem, step)


def zeros_of(certificate: Certificate, problem: Problem, step: Fraction) -> tuple[Zeros, ...]:
    """Return the zeros that a point stands for: it must be a hallucinated minimizer of the problem in residual form."""
    f, claim = problem.objective, certificate.claims.get("hallucinated_minimizer")
    if claim is None or claim.status is not Status.PROVED or not _is_of(certificate, problem, True):
        return ()
    if not isinstance(f, FormulaObjective) or not f.dimension == 2 == 2 * f.residual_count:
        return ()
    return (Zeros(f, problem.rho, step),)


def ellipses_of(certificate: Certificate, problem: Problem, step: Fraction) -> tuple[Ellipse, ...]:
    """Return the ellipses from which SAM is claimed to converge, by the claim ``basin``."""
    claim, box = certificate.claims.get("basin"), certificate.box
    if claim is None or claim.status is not Status.PROVED or box is None or not _is_of(certificate, problem):
        return ()
    inputs, own = claim.inputs, certificate.problem
    sets: list[tuple[Sides, Sequence[Fraction], Fraction]] = []
    if isinstance(own, CycleProblem):
        if own.step == step and len(inputs["bases"]) == len(inputs["sizes"]) == own.period:
            sets = list(zip((box[:2], box[2:]), inputs["bases"], inputs["sizes"], strict=True))
    elif "subdivision" in inputs and inputs["step"] >= step:
        sets = [(box, inputs["basis"], inputs["size"])]
    found = [_ellipse(*each) for each in sets]
    known = tuple(ellipse for ellipse in found if ellipse is not None)
    return known if len(known) == len(sets) else ()


def _ellipse(box: Sides, basis: Sequence[Fraction], size: Fraction) -> Ellipse | None:
    """Return an ellipse inside of ``{x + V w : |w| <= R}`` for every x of a box; None if there is none of use."""
    if len(basis) != 4:
        return None
    try:
        centre = [float((low + high) / 2) for low, high in box]
        back = _inverse(*map(float, basis))
    except (OverflowError, ZeroDivisionError):
        return None
    if not all(abs(number) <= _RANGE for number in (*back[0], *back[1], *centre)):
        return None
    b, v = [[Fraction(number) for number in row] for row in back], (basis[:2], basis[2:])
    off = [[Fraction(i == j) - sum(b[i][k] * v[k][j] for k in range(2)) for j in range(2)] for i in range(2)]
    error = sum(abs(entry) for row in off for entry in row)
    away = sum(max(Fraction(z) - low, high - Fraction(z)) for z, (low, high) in zip(centre, box, strict=True))
    radius = (1 - error) * size - sum(abs(entry) for row in b for entry in row) * away
    if error >= 1 or not 1 / _RANGE <= radius <= _RANGE:
        return None
    return Ellipse(np.array(centre), np.array(back), float_below(radius))


def _is_of(certificate: Certificate, problem: Problem, residual: bool = False) -> bool:
    """Tell whether a point, or a cycle, is one of plain SAM, for the same function and radius, in that form."""
    own = certificate.problem
    plain = own.law == SAM and own.residual == residual and (isinstance(own, CycleProblem) or not own.claims)
    return plain and own.rho == problem.rho and own.objective.to_json() == problem.objective.to_json()


def _inverse(a: float, b: float, c: float, d: float) -> list[list[float]]:
    """Return a matrix near the inverse of ``[[a, b], [c, d]]``."""
    determinant = a * d - b * c
    return [[d / determinant, -b / determinant], [-c / determinant, a / determinant]]
