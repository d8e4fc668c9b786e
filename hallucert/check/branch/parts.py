"""Properties of an arc by parts: halve until a property is certain, join equal neighbours."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from hallucert.check.branch.cell import CellProof, arc_box
from hallucert.check.branch.system import Vector
from hallucert.clock import UNLIMITED, Clock

UNDECIDED = "undecided"

MAX_TESTS = 2000
"""How many parts of one arc are looked at: near a branch point a sign may need ever shorter ones."""

Decide = Callable[[CellProof, Fraction, Fraction, Vector], "str | None"]
"""What certainly holds on a part of the span, given an enclosure of ``w(s)`` there; None if undecided."""


class Part(NamedTuple):
    """The property `word` holds up to ``s = high``, from where the part before ends."""

    high: Fraction
    word: str


def divided(
    proof: CellProof, start: Fraction, decide: Decide, depth: int, clock: Clock = UNLIMITED
) -> tuple[Part, ...]:
    """Divide the arc from `start` to the end of the span into parts with one property each.

    Parts are halved at most `depth` times, until there were `MAX_TESTS` of them or the time is up; what is
    undecided then is named so.
    """
    parts: list[Part] = []
    tests = 0
    pending = [(start, proof.cell.span[1], proof.box, depth)]
    while pending:
        low, high, w, left = pending.pop()
        _, narrow, _ = arc_box(proof, low, high, w)
        word = decide(proof, low, high, narrow)
        tests += 1
        if word is None and left > 0 and tests < MAX_TESTS and not clock.passed():
            middle = (low + high) / 2
            pending += [(middle, high, narrow, left - 1), (low, middle, narrow, left - 1)]
            continue
        word = word or UNDECIDED
        # Folds stay apart: two of them side by side are two folds.
        if parts and parts[-1].word == word and word != "fold":
            parts.pop()
        parts.append(Part(high, word))
    return tuple(parts)


def confirmed(proof: CellProof, low: Fraction, high: Fraction, word: str, decide: Decide, depth: int) -> bool:
    """Tell whether `word` certainly holds on all of the part ``[low, high]``."""
    pending = [(low, high, proof.box, depth)]
    for _ in range(2 * MAX_TESTS):
        if not pending:
            return True
        low, high, w, left = pending.pop()
        _, narrow, _ = arc_box(proof, low, high, w)
        found = decide(proof, low, high, narrow)
        if found == word:
            continue
        if found is not None or left == 0:
            return False
        middle = (low + high) / 2
        pending += [(middle, high, narrow, left - 1), (low, middle, narrow, left - 1)]
    return not pending
