"""Claim ``mean_square``: from a start near ``x*``, with which probability mini-batch SAM converges next to it.

A batch is drawn independently at each step, b with probability ``p_b``; the fixed step is ``eta = t E``, 0 < t <= 1.
Notation of `hallucert.check.batches.steps`. Let Omega be the ball ``|x - x*| <= R``, and suppose that on Omega no
``g_b`` and no ``g`` vanishes and, for all enclosed matrices and all y,

    sum p_b |T_b y|^2 <= gamma^2 |y|^2 with gamma < 1,    sum p_b b_b <= b,    |V^-1 A|_2 <= a.

*Theorem.* A run from ``x_0`` with ``delta = |x_0 - x*| < R`` leaves Omega with probability at most

    E b |y(x_0)|_V / ((1 - gamma) (R - delta)) <= c delta/(R - delta),    c = E a b/(1 - gamma).

Almost every run that does not leave converges to a common fixed point in Omega with ``r_b(x_b+) = 0`` for all b. With
``w_k = |y(x_k)|_V`` while the run has stayed in Omega, afterwards ``w_k = 0``, the mean of ``w_k^2`` is at most
``(1 - t (1 - gamma))^(2k) w_0^2``.

*Proof.* Let the run be in Omega until step k, at x. For those b whose next point x' is in Omega, which is convex, the
segment is in it, and ``V^-1 y(x') = ((1 - t) I + t T_b) V^-1 y(x)``. So by the triangle inequality in the mean square
over b (terms that are left out are replaced by some T_b of the enclosure) the mean of ``w_(k+1)^2``, given the past, is
at most ``(1 - t (1 - gamma))^2 w_k^2``. Hence the mean of ``w_k`` is at most ``(1 - t (1 - gamma))^k w_0``. The mean
length of the next step, given the past, is at most ``t E sum p_b b_b w_k <= t E b w_k``, also of one that leaves. So
the path until then has a mean length of at most ``t E b w_0/(t (1 - gamma))``. A run that leaves has a path longer than
``R - delta``: Markov's inequality. Path lengths and sums of ``w_k`` have finite means, so almost surely they are
finite: then a run that stays converges, ``y`` is 0 at its limit, and the limit is in Omega. ``|y(x_0)|_V <= a delta``,
since ``y(x*) = 0``.

Refuted: ``sum p_b |T_b y|^2 >= e^2 |y|^2`` at ``x*`` with e > 1. Then the mean of ``|y_k|_V^2`` of the linearised
process grows at least like ``e^(2k)``, so no norm has a gamma < 1 for this step, nor for a larger one: one that had
would have one for all smaller steps. The same where `attractor` is refuted, for every step. That is about the mean of
squares; single runs may still converge.

Made when asked, for a step. Inputs: ``step`` (E), ``basis`` (V by rows) and, if proved, ``size`` (R), ``bound``
(gamma), ``descent`` (b), ``slope`` (a). Numbers if proved: ``contraction`` (gamma at ``x*``), ``leaving`` (c), ``path``
(``E b |V^-1|_2/(1 - gamma)``, so that ``path |y(x_0)|/(R - delta)`` bounds the probability, too), ``radius`` (``R/(1 +
2c)``: from there it is at most 1/2). If refuted: ``expansion`` (e).
"""

from __future__ import annotations

from fractions import Fraction

from hallucert.check.attraction.norms import spectral_norm
from hallucert.check.batches.steps import norm_of, probabilities_of
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Show that steps contract in mean square on Omega, or expand at ``x*``."""
    if "basis" not in inputs:
        return {}
    norm, probabilities, ar = norm_of(evidence, inputs), probabilities_of(evidence), evidence.arithmetic
    if norm is None:
        return Reason.NEEDS_PREMISES
    here = norm.at_point
    ends = None if here is None else here.mean_square(probabilities)
    if ends is None:
        return Reason.PRECISION
    if "size" not in inputs:
        return {"expansion": ends[0]}
    size, bound, descent, slope = (inputs[name] for name in ("size", "bound", "descent", "slope"))
    if size <= 0 or not 0 < bound < 1:
        return Reason.NEEDS_PREMISES
    steps, shrink = norm.around(size), spectral_norm(ar, norm.back)
    found = None if steps is None else steps.mean_square(probabilities)
    if steps is None or found is None or shrink is None:
        return Reason.STEP
    mean = sum((p * b.upper for p, b in zip(probabilities, steps.descents, strict=True)), Fraction(0))
    if found[1].upper > bound or mean > descent or steps.slope.upper > slope:
        return Reason.STEP
    way = inputs["step"] * descent / (1 - bound)
    leaving = ar.constant(way * slope)
    numbers = {
        "leaving": leaving,
        "path": ar.constant(way) * ar.interval(shrink.lower, shrink.upper),
        "radius": ar.constant(size / (1 + 2 * way * slope)),
    }
    if not all(map(ar.is_finite, numbers.values())):
        return Reason.PRECISION
    return {"contraction": ends[1]} | {name: Enclosure(*ar.endpoints(value)) for name, value in numbers.items()}


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """A contraction in mean square on Omega, or an expansion at ``x*``."""
    step = inputs["step"]
    if "basis" not in inputs:
        attractor = facts.claims.get("attractor")
        if numbers or step <= 0 or attractor is None or attractor.status is not Status.REFUTED:
            return Reason.NEEDS_PREMISES
        return Status.REFUTED, Sentence("batches.unstable_as_all", (step,))
    if "size" not in inputs:
        if set(numbers) != {"expansion"} or numbers["expansion"].lower <= 1:
            return Reason.STEP
        return Status.REFUTED, Sentence("batches.unstable", (step, numbers["expansion"].lower))
    size, bound = inputs["size"], inputs["bound"]
    if set(numbers) != {"contraction", "leaving", "path", "radius"} or size <= 0 or not 0 < bound < 1:
        return Reason.STEP
    radius, leaving = numbers["radius"].lower, numbers["leaving"].upper
    if radius <= 0 or leaving < 0:
        return Reason.STEP
    return Status.PROVED, Sentence("batches.likely", (step, size, leaving, radius, bound))


FOR_STEP = {"step": "exact"}
AT_POINT = FOR_STEP | {"basis": "dyadics"}
ON_BALL = AT_POINT | {"size": "dyadic", "bound": "dyadic", "descent": "dyadic", "slope": "dyadic"}

RULE = Rule(
    name="mean_square",
    needs="basin",
    question="From which starts, and how likely, does mini-batch SAM with this step converge next to x*?",
    measure=measure,
    conclude=conclude,
    inputs=(ON_BALL, AT_POINT, FOR_STEP),
)
