"""Claim ``reshuffled``: from which starts mini-batch SAM that sees each batch once an epoch surely converges.

An epoch is one step with each batch, in any order, which may change from epoch to epoch; the step is ``eta = E``.
Notation of `hallucert.check.batches.steps`. Let Omega be the ball ``|x - x*| <= R``, and suppose that on Omega no
``g_b`` and no ``g`` vanishes and, for every order ``b_1, .., b_k`` of the batches and all enclosed matrices,

    |T_(b_k) .. T_(b_1)|_2 <= gamma < 1,    sum_j b_(b_j) |T_(b_(j-1)) .. T_(b_1)|_2 <= D,    |V^-1 A|_2 <= a.

*Theorem.* A run from ``x_0`` with ``delta = |x_0 - x*|`` and ``delta + E D |y(x_0)|_V/(1 - gamma) <= R`` stays in Omega
and converges to a common fixed point with ``r_b(x_b+) = 0`` for all b; ``|y|_V`` falls at least by the factor gamma an
epoch. So does every run from ``delta <= R/(1 + E a D/(1 - gamma))``.

*Proof.* As long as the run is in Omega, ``V^-1 y`` is multiplied by one T_b a step. So at the beginning of epoch i,
``|y|_V <= gamma^i |y(x_0)|_V``; within it the path is at most E D times that, also where the epoch is cut off. Hence
the path from ``x_0`` is at most ``E D |y(x_0)|_V/(1 - gamma)``, the step included with which a run would leave first:
none does. The path is finite, so the run converges, and y is 0 at the limit. ``|y(x_0)|_V <= a delta``.

Nothing is said of other steps: products of ``I - t E K_b`` need not be shorter for a smaller t. Nor can it be refuted
so: another norm may show it, and each epoch in one order may contract where a mixture of orders does not.

Made when asked, for a step. Inputs: ``step`` (E), ``basis`` (V by rows), ``size`` (R), ``bound`` (gamma), ``descent``
(D), ``slope`` (a). Numbers: ``contraction`` (the largest of the first norms, at ``x*``), ``radius`` of the ball of
starts, and ``path`` (``E D |V^-1|_2/(1 - gamma)``: the path has at most the length ``path |y(x_0)|``).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from hallucert.balls import matrix
from hallucert.balls.facade import Matrix
from hallucert.check.attraction.norms import spectral_norm
from hallucert.check.batches.mean_square import ON_BALL
from hallucert.check.batches.steps import Steps, norm_of
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason
from hallucert.clock import look

MOST_BATCHES = 5
"""There are 120 orders of five batches."""


class Epoch(NamedTuple):
    """The largest norms over all orders: of a whole epoch, and the sum that bounds its path."""

    contraction: Enclosure
    descent: Fraction


def epoch_of(steps: Steps) -> Epoch | None:
    """Return the norms of an epoch of the steps; None if one is indeterminate."""
    one = matrix.identity(steps.arithmetic, len(steps.turned[0]))
    ends = list(
        _orders(steps, frozenset(range(len(steps.turned))), one, Enclosure(Fraction(1), Fraction(1)), Fraction(0))
    )
    found = [end for end in ends if end is not None]
    if len(found) < len(ends):
        return None
    norms = [norm for norm, _ in found]
    largest = Enclosure(max(norm.lower for norm in norms), max(norm.upper for norm in norms))
    return Epoch(largest, max(descent for _, descent in found))


def _orders(
    steps: Steps, left: frozenset[int], product: Matrix, norm: Enclosure, descent: Fraction
) -> Iterator[tuple[Enclosure, Fraction] | None]:
    """Yield the norm and the descent of each order that goes on from a product; None for one that is indeterminate."""
    look()
    if not left:
        yield norm, descent
    for b in sorted(left):
        following = steps.arithmetic.matrix_product(steps.turned[b], product)
        found = spectral_norm(steps.arithmetic, following)
        if found is None:
            yield None
        else:
            way = descent + steps.descents[b].upper * norm.upper
            yield from _orders(steps, left - {b}, following, found, way)


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Show that every order of an epoch contracts on Omega."""
    norm, ar = norm_of(evidence, inputs), evidence.arithmetic
    size, bound, descent, slope = (inputs[name] for name in ("size", "bound", "descent", "slope"))
    if norm is None or size <= 0 or not 0 < bound < 1:
        return Reason.NEEDS_PREMISES
    here = norm.at_point
    if here is None or len(here.turned) > MOST_BATCHES:
        return Reason.PRECISION if here is None else Reason.ORDERS
    at_point, shrink, steps = epoch_of(here), spectral_norm(ar, norm.back), norm.around(size)
    epoch = None if steps is None else epoch_of(steps)
    if at_point is None or shrink is None:
        return Reason.PRECISION
    if steps is None or epoch is None or epoch.contraction.upper > bound or epoch.descent > descent:
        return Reason.STEP
    if steps.slope.upper > slope:
        return Reason.STEP
    way = inputs["step"] * descent / (1 - bound)
    numbers = {
        "path": ar.constant(way) * ar.interval(shrink.lower, shrink.upper),
        "radius": ar.constant(size / (1 + way * slope)),
    }
    if not all(map(ar.is_finite, numbers.values())):
        return Reason.PRECISION
    ends = {name: Enclosure(*ar.endpoints(value)) for name, value in numbers.items()}
    return {"contraction": at_point.contraction} | ends


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """A contraction of all orders makes a basin."""
    radius, size, bound = numbers["radius"].lower, inputs["size"], inputs["bound"]
    if radius <= 0 or size <= 0 or not 0 < bound < 1:
        return Reason.STEP
    return Status.PROVED, Sentence("batches.surely", (inputs["step"], size, radius, bound))


RULE = Rule(
    name="reshuffled",
    needs="basin",
    question="From which starts does mini-batch SAM with each batch once an epoch, in any order, converge next to x*?",
    measure=measure,
    conclude=conclude,
    inputs=(ON_BALL,),
)
