"""Claim ``no_minimizer_near``: a whole box around a given point, and nothing in it is mapped to a local minimizer.

For a fixed direction ``v`` and every ``y`` in the box, ``g(y) != 0`` and ``v^T H(y+) v < 0``: the second-order
condition of a local minimizer fails at ``y+``. So a hallucinated stationary point in the box has a target that is no
local minimizer of ``f``; and a local minimizer ``y`` of ``f^SAM`` in the box would have a singular ``J(y)``, since
otherwise ``y -> y+`` is a local diffeomorphism, which takes local minimizers of ``f^SAM`` to local minimizers of ``f``.
This is about the point where a run stopped as it is: nothing has to be solved, so it applies to runs that stall without
converging, in any dimension. One direction needs one second derivative, not a Hessian.
Inputs: ``direction`` (``v``). Numbers: ``curvature`` (``v^T H(y+) v / |v|^2`` over the box); at the given point
``gradient_norm``, ``shifted_gradient_square`` (``|g(x+)|^2``), ``value``, ``sam_value``.
"""

from __future__ import annotations

from fractions import Fraction

from hallucert.balls import matrix
from hallucert.check.claim import Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.problem import Point
from hallucert.check.reason import Reason


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the curvature along the direction on the box, and gradients and values at its centre."""
    ar, box, direction = evidence.arithmetic, evidence.point, inputs["direction"]
    f = box.objective
    if len(direction) != len(box.x) or not any(direction):
        return Reason.NEEDS_PREMISES
    if not ar.positive(box.q):
        return Reason.ZERO_GRADIENT
    if not box.domain_certain:
        return Reason.DOMAIN
    along = f.enclose_second_derivative(ar, box.plus, [ar.constant(v) for v in direction])
    centre = Point(ar, box.problem, [ar.constant(c) for c in evidence.centre])
    balls = {
        "curvature": along / ar.constant(sum((v * v for v in direction), Fraction(0))),
        "gradient_norm": centre.q,
        "shifted_gradient_square": matrix.sum_of_squares(ar, centre.shifted_gradient),
        "value": f.enclose_value(ar, centre.x),
        "sam_value": f.enclose_value(ar, centre.plus),
    }
    numbers = {name: box.enclosure(ball) for name, ball in balls.items()}
    known = {name: number for name, number in numbers.items() if number is not None}
    return known if len(known) == len(numbers) else Reason.PRECISION


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Read the sign of the curvature."""
    if numbers["curvature"].upper >= 0:
        return Reason.STRADDLES
    return Status.PROVED, Sentence("point.no_minimizer_near", (facts.rho, min(facts.witness.radius), numbers))


RULE = Rule(
    name="no_minimizer_near",
    question="Is no point near the given one mapped to a local minimizer of f?",
    measure=measure,
    conclude=conclude,
    inputs=({"direction": "dyadics"},),
)
