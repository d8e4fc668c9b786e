"""Claim ``basin`` of a two-cycle: from which starts SAM with the step E converges to it.

Let V be a nonsingular matrix, ``|v|_V = |V^-1 v|``, and Omega the set ``{p + V w : |w| <= R}``, which is convex.
Suppose that for every x of it two steps are defined (``g != 0`` at x and at ``S(x)``, f is defined at both and at their
perturbed points), and ``|V^-1 DS(S(x)) DS(x) V|_2 <= c < 1``. By the mean value theorem along the segment from p to x

    |S^2(x) - p|_V <= c |x - p|_V.

So ``S^2`` takes Omega into itself, and from every start in it the iterates of even number converge to p. Those of odd
number converge to q, because S is continuous at p. The same around q with other V and R. Each Omega contains the ball
of radius ``R/|V^-1|_2``. The products are enclosed on the pieces of a recorded subdivision of the cube ``|w_i| <= R``,
as for points (`hallucert.check.attraction.basin`). Nothing is said of other steps: they have other cycles.

Inputs, of p and then of q: ``bases`` (V by rows), ``sizes`` (R), ``subdivision_p``, ``subdivision_q``; of both
``bound`` (c). Numbers: ``contraction``, the larger of the norms at p and at q, and ``radius``, the smaller of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import cast

from hallucert.balls.facade import Matrix
from hallucert.check.attraction.basin import Contraction, contraction_of, measure_set
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.cycle.claims import of_cycle
from hallucert.check.cycle.problem import StepPoint
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.problem import Point
from hallucert.check.reason import Reason

SUBDIVISIONS = "subdivision_p", "subdivision_q"


@dataclass(frozen=True)
class TwoSteps(Contraction):
    """The norm ``|V^-1 DS(S(x)) DS(x) V|_2`` around a point of a cycle."""

    def turned(self, point: Point) -> Matrix | None:
        """The derivative of two steps in coordinates."""
        first, second = super().turned(point), super().turned(cast(StepPoint, point).after)
        if first is None or second is None:
            return None
        product: Matrix = point.arithmetic.matrix_product(second, first)
        return product


def contractions_of(evidence: Evidence, bases: Sequence[Sequence[Fraction]]) -> list[TwoSteps] | None:
    """Return the contractions of two bases, around p and q; None if they make no sense."""
    point = of_cycle(evidence)
    if len(bases) != len(point.parts):
        return None
    found = []
    for start, basis in zip(point.starts, bases, strict=True):
        one = contraction_of(replace(evidence, point=start), {"step": point.cycle.step, "basis": basis})
        if one is None:
            return None
        found.append(TwoSteps(one.evidence, one.basis, one.back, one.left, one.fixed))
    return found


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Show that two steps contract around both points."""
    both, sizes = contractions_of(evidence, inputs["bases"]), inputs["sizes"]
    if both is None or len(sizes) != len(both):
        return Reason.NEEDS_PREMISES
    contractions, radii = [], []
    for two_steps, size, name in zip(both, sizes, SUBDIVISIONS, strict=True):
        found = measure_set(two_steps, {"size": size, "bound": inputs["bound"], "subdivision": inputs[name]})
        if isinstance(found, Reason):
            return found
        contractions.append(found["contraction"])
        radii.append(found["radius"])
    return {
        "contraction": Enclosure(max(each.lower for each in contractions), max(each.upper for each in contractions)),
        "radius": Enclosure(min(each.lower for each in radii), min(each.upper for each in radii)),
    }


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Contractions around both points make a basin."""
    if not facts.proved("existence"):
        return Reason.NEEDS_PREMISES
    radius, bound = numbers["radius"].lower, inputs["bound"]
    if radius <= 0 or bound >= 1:
        return Reason.STEP
    return Status.PROVED, Sentence("cycle.basin", (radius, bound))


RULE = Rule(
    name="basin",
    question="From which starts does SAM with this step converge to the cycle?",
    measure=measure,
    conclude=conclude,
    inputs=({"bases": "rows", "sizes": "dyadics", "bound": "dyadic", **dict.fromkeys(SUBDIVISIONS, "subdivision")},),
)
