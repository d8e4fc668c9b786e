"""Claim ``attractor``: does SAM with a small fixed step converge to ``x*``? (Proposition 4.2; residual form:
section 5.)

Gradient system: the linearised SAM map at ``x*`` is ``I - eta M`` with ``M = H(x*+) J(x*)``. Proved: every
eigenvalue of ``M`` has positive real part, so ``x*`` attracts SAM for every ``0 < eta < min 2 Re(mu)/|mu|^2``.
Refuted: some eigenvalue has negative real part, so ``|1 - eta mu| > 1`` for every ``eta > 0``, and ``x*`` repels: it
has a neighbourhood in which the starts of runs that stay there for ever are a set of measure 0.
The target may be a saddle (Proposition 4.7): attraction says nothing about it.
Residual system: ``y = r(x+)`` evolves by ``y' = (I - eta K) y`` to first order, with the SAM tangent kernel
``K = (1/n) A B^T``. Proved: all eigenvalues of ``K`` in the right half-plane, so the manifold of solutions
through ``x*`` attracts (it is a manifold because ``K`` nonsingular makes ``A`` full rank). Refuted: as above, since
at ``x*`` the matrix ``M = B^T A / n`` has the nonzero eigenvalues of ``K``.
At which rate: with ``Re mu >= a`` and ``2 Re(mu)/|mu|^2 >= E`` for all eigenvalues, ``|1 - eta mu|^2 = 1 - 2 eta Re(mu)
+ eta^2 |mu|^2 <= 1 - 2 eta Re(mu) (1 - eta/E) <= 1 - 2 eta a (1 - eta/E)``; in a norm in which ``I - eta K`` is shorter
than any larger factor, y shrinks by that factor near ``x*``. The same holds for a and E rounded down, as they are
printed; not for half of an E that is rounded and the rate of one that is not.
The same for other ascent steps, with their ``J``: the step along ``-F`` is in ``x``, also where the metric is not.
Numbers: ``smallest_real_part`` of the spectrum, and ``step_bound`` where all real parts are positive.
"""

from __future__ import annotations

from typing import Any

from hallucert.balls import matrix
from hallucert.balls.spectrum import Spectrum, spectrum
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.hallucinated_minimizer import proved_kind
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the spectrum of ``M`` (of ``K``)."""
    ar = evidence.arithmetic
    return numbers_of(spectrum(ar, tangent_kernel(evidence) if evidence.residual_form else evidence.point.sam_matrix))


def numbers_of(found: Spectrum | None) -> Numbers | Reason:
    """Return the numbers that an enclosure of the spectrum has."""
    if found is None:
        return Reason.PRECISION
    numbers = {"smallest_real_part": Enclosure(found.min_real_lower, found.min_real_upper)}
    if found.step_bound is not None:
        numbers["step_bound"] = Enclosure(*found.step_bound)
    return numbers


def tangent_kernel(evidence: Evidence) -> list[list[Any]]:
    """``K = (1/n) A B^T`` with ``A = Dr(x+) J`` and ``B = Dr(x+)``."""
    ar, point = evidence.arithmetic, evidence.point
    product = ar.matrix_product(point.residual_matrix, matrix.transpose(point.residual_jacobian_plus))
    scale = ar.constant(1 / point.objective.n)
    return matrix.scale(scale, product)


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Read the sign of the smallest real part."""
    smallest, residual = numbers["smallest_real_part"], facts.problem.residual
    if smallest.upper < 0:
        return Status.REFUTED, Sentence("attraction.repels", (facts.law, residual, smallest.upper))
    if smallest.lower <= 0 or "step_bound" not in numbers or numbers["step_bound"].lower <= 0:
        return Reason.STRADDLES
    about = (facts.law, smallest.lower, numbers["step_bound"].lower)
    if residual:
        return Status.PROVED, Sentence("attraction.manifold_attracts", about)
    return Status.PROVED, Sentence("attraction.attracts", (*about, proved_kind(facts)))


RULE = Rule(
    name="attractor",
    question="Does SAM with a small enough fixed step converge to x*?",
    measure=measure,
    conclude=conclude,
)
