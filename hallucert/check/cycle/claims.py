"""Claims ``existence``, ``nonstationary`` and ``attractor`` of a two-cycle of SAM with the step E.

*Existence*: Krawczyk's test for ``G(p, q) = (S(p) - q, S(q) - p)`` (`hallucert.check.cycle.problem`) proves exactly
one pair in a box with ``S(p) = q`` and ``S(q) = p`` (`hallucert.check.point.existence`); ``g`` vanishes nowhere on it,
and f is defined at both points and at both perturbed ones. It is a cycle of two points only if ``p != q``: else p
would be a fixed point. Refuted: the box holds no such pair. Numbers: ``offset``, as for points, and ``distance``,
``|p - q|``.

*Nonstationary*: ``g(p) != 0`` and ``g(q) != 0``; and ``g(p+) = (p - q)/E = -g(q+)`` is not 0, so that both points are
neither stationary points of f nor hallucinated ones. Number: ``gradient_norm``, the smaller of ``|g(p)|``, ``|g(q)|``.

*Attractor*: ``N = DS(q) DS(p)`` is the derivative of ``S^2`` at p; at q it is ``DS(p) DS(q)``, with the same
eigenvalues, the *multipliers*. Proved: all have modulus below 1. Then a norm has ``|N| < 1``, and S takes all points
near p or q to the cycle. Refuted: some multiplier has modulus above 1. Then the cycle has a neighbourhood in which the
starts of runs that stay there for ever are a set of measure 0 (the proof of Proposition 4.2 for ``S^2``). Number:
``largest_multiplier``, the largest modulus.
"""

from __future__ import annotations

from typing import cast

from hallucert.balls import matrix
from hallucert.balls.spectrum import spectrum
from hallucert.check.attraction.norms import root, spectral_radius
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.cycle.problem import CyclePoint, CycleProblem
from hallucert.check.point import existence
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason


def of_cycle(evidence: Evidence) -> CyclePoint:
    """Return the pair that a claim is about."""
    return cast(CyclePoint, evidence.point)


def measure_existence(evidence: Evidence, inputs: Inputs) -> Numbers:
    """Bound how far both points are from the centre, and enclose their distance."""
    square = matrix.sum_of_squares(evidence.arithmetic, of_cycle(evidence).difference)
    distance = root(Enclosure(*evidence.arithmetic.endpoints(square)))
    return {**existence.measure(evidence, inputs), "distance": distance}


def conclude_existence(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """One pair, of different points; without numbers, none."""
    if not numbers:
        return existence.conclude(facts, numbers, inputs)
    distance = numbers["distance"].lower
    if distance <= 0:
        return Reason.NO_CYCLE
    about = (facts.rho, facts.problem.equation, facts.witness.place, numbers["offset"].upper, distance)
    return Status.PROVED, Sentence("cycle.one_cycle", about)


EXISTENCE = Rule(
    name="existence",
    question="Are there two points p != q near the given ones that SAM with this step takes to each other?",
    measure=measure_existence,
    conclude=conclude_existence,
)


def measure_norms(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the smaller of both norms of gradients."""
    norm = evidence.point.enclosure(evidence.point.q)
    return Reason.ZERO_GRADIENT if norm is None else {"gradient_norm": norm}


def conclude_nonstationary(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Neither gradient vanishes, and neither do those at the perturbed points."""
    if not facts.proved("existence"):
        return Reason.NEEDS_PREMISES
    norm, problem = numbers["gradient_norm"].lower, facts.problem
    if norm <= 0 or not isinstance(problem, CycleProblem):
        return Reason.ZERO_GRADIENT
    ahead = facts.claims["existence"].numbers["distance"].lower / problem.step
    return Status.PROVED, Sentence("cycle.gradients_above", (norm, ahead))


NONSTATIONARY = Rule(
    name="nonstationary",
    question="Is neither point of the cycle a stationary point of f, or a hallucinated one?",
    measure=measure_norms,
    conclude=conclude_nonstationary,
)


def measure_multipliers(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the largest modulus of a multiplier."""
    found = spectrum(evidence.arithmetic, of_cycle(evidence).return_matrix)
    if found is None:
        return Reason.PRECISION
    return {"largest_multiplier": spectral_radius(found)}


def conclude_attractor(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Compare the largest multiplier with 1."""
    if not facts.proved("existence"):
        return Reason.NEEDS_PREMISES
    largest = numbers["largest_multiplier"]
    if largest.upper < 1:
        return Status.PROVED, Sentence("cycle.attracts", (largest.upper,))
    if largest.lower > 1:
        return Status.REFUTED, Sentence("cycle.repels", (largest.lower,))
    return Reason.STRADDLES


ATTRACTOR = Rule(
    name="attractor",
    question="Does SAM with this step converge to the cycle from every start close enough?",
    measure=measure_multipliers,
    conclude=conclude_attractor,
)
