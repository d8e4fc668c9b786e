"""Claim ``converges``: SAM from a given start, with a given fixed step, converges to ``x*``.

The start ``x_0`` and the step eta are exact numbers. The iterates ``x_(k+1) = x_k - eta F(x_k)`` are enclosed in balls:
enclosures lose some bits a step, so many bits are taken, and doubled until they suffice. If after N steps certainly
``|x_N - x*| <= r``, with r of the claim ``basin`` for a step of at least eta, then ``x_k`` converges to ``x*``.

At each step it is checked that f is defined at ``x_k`` and at ``x_k+``, and that g is not 0, so that the step is
defined. Made only when asked, together with `basin`. Inputs: ``start``, ``step`` (exact), ``steps`` (N), ``bits``.
Number: ``distance`` (``|x_N - x*|``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from hallucert.balls import arithmetic
from hallucert.check.attraction import basin
from hallucert.check.claim import Enclosure, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.problem import Point, sum_of_squares
from hallucert.check.reason import Reason
from hallucert.clock import look
from hallucert.exact import decimal_above, format_rational

FEWEST_BITS, MOST_BITS = 128, 8192
MOST_STEPS = 100_000
LONGEST_START = 400
"""Characters up to which the start is written out in the sentence."""


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the distance of ``x_N`` from ``x*``."""
    start, step, steps, bits = (inputs[name] for name in ("start", "step", "steps", "bits"))
    makes_sense = len(start) == len(evidence.point.x) and step > 0 and 0 <= steps <= MOST_STEPS
    if evidence.residual_form or not makes_sense or not FEWEST_BITS <= bits <= 2 * MOST_BITS:
        return Reason.NEEDS_PREMISES
    for k, x in enumerate(run(evidence, start, step, bits)):
        if k == steps:
            distance = distance_of(evidence, x, bits)
            return Reason.PRECISION if distance is None else {"distance": distance}
        look()
    return Reason.PRECISION


def run(evidence: Evidence, start: Sequence[Fraction], step: Fraction, bits: int) -> Iterator[list[Any]]:
    """Yield ``x_0, x_1, ..`` in balls; ends where a step is not certainly defined."""
    ar, point = arithmetic(evidence.arithmetic.name, bits), evidence.point
    with ar:
        eta, x = ar.constant(step), [ar.constant(v) for v in start]
    while True:
        yield x
        with ar:
            here = Point(ar, point.problem, x)
            x = [v - eta * g for v, g in zip(x, here.shifted_gradient, strict=True)]
            if not (here.domain_certain and ar.all_finite([x])):
                return


def distance_of(evidence: Evidence, x: Sequence[Any], bits: int) -> Enclosure | None:
    """Enclose ``|x - x*|``; None if it is indeterminate."""
    ar = arithmetic(evidence.arithmetic.name, bits)
    with ar:
        square = sum_of_squares(ar, [a - b for a, b in zip(x, evidence.point.x, strict=True)])
    return basin.root(Enclosure(*ar.endpoints(square))) if ar.is_finite(square) else None


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """A run that comes into a basin converges."""
    if not facts.proved(basin.RULE.name):
        return Reason.NEEDS_PREMISES
    region, distance, step = facts.claims[basin.RULE.name], numbers["distance"], inputs["step"]
    if step > region.inputs["step"] or distance.upper > region.numbers["radius"].lower:
        return Reason.START
    text = ", ".join(map(format_rational, inputs["start"]))
    start = f"x_0 = ({text})" if len(text) <= LONGEST_START else "the start x_0 among the inputs of this claim"
    return Status.PROVED, (
        f"{facts.law.name} from {start} with the fixed step {format_rational(step)} converges to x*, in exact "
        f"arithmetic: after {inputs['steps']} steps its distance to x* is at most {decimal_above(distance.upper)}, in "
        "the ball of the claim basin."
    )


RULE = Rule(
    name="converges",
    needs="start",
    question="Does SAM from this start, with this step, converge to x*?",
    measure=measure,
    conclude=conclude,
    inputs=({"start": "vector", "step": "exact", "steps": "integer", "bits": "integer"},),
)
