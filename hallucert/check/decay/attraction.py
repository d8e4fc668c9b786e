"""Claims ``basin``, ``converges`` and ``momentum`` of SAM with weight decay: those of SAM, with the step along G.

Their proofs use of a step that it is ``x - eta F(x)`` with ``F(x*) = 0``, and of F its derivative on a set where f is
analytic and ``g != 0``. That is so of ``G(x) = g(x+) + w x`` and ``M_w``, which the point has as F and M.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hallucert.check.attraction import basin, converges, momentum
from hallucert.check.claim import Sentence
from hallucert.check.point.rule import Conclusion, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason


def _with_decay(rule: Rule) -> Rule:
    """Return a rule whose question and sentence are about SAM with weight decay."""
    return replace(rule, question=rule.question.replace("SAM", "SAM with weight decay"), conclude=_said(rule.conclude))


def _said(conclude: Callable[[Facts, Numbers, Inputs], Conclusion]) -> Callable[[Facts, Numbers, Inputs], Conclusion]:
    """Return what concludes the same, with the decay said first."""

    def concluded(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
        found = conclude(facts, numbers, inputs)
        if isinstance(found, Reason):
            return found
        return found[0], Sentence("decay.beside", (facts.problem.decay, found[1]))

    return concluded


BASIN, MOMENTUM, CONVERGES = map(_with_decay, (basin.BASIN, momentum.RULE, converges.CONVERGES))
