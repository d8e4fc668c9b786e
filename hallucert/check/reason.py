"""Why a claim stayed undecided: a code, whose text (`hallucert.check.explanations`) says the cause and what to try."""

from __future__ import annotations

from enum import StrEnum

MOST_BITS = 424
"""The highest precision that `certify` tries by itself."""


class Coded(StrEnum):
    """Codes that somebody may ask to explain."""

    @property
    def explanation(self) -> str:
        """It as a sentence: cause, then what to try."""
        from hallucert.check.explanations import EXPLANATIONS  # for print only

        return EXPLANATIONS[type(self).__name__][self]


class Reason(Coded):
    """Codes of `Claim.reason`."""

    NEEDS_EXISTENCE = "needs_existence"
    NEEDS_PREMISES = "needs_premises"
    NOT_A_ZERO = "not_a_zero"
    NO_DECAY = "no_decay"
    ZERO_GRADIENT = "zero_gradient"
    DOMAIN = "domain"
    DEGENERATE_TARGET = "degenerate_target"
    DEGENERATE_SADDLE = "degenerate_saddle"
    NEARLY_DEGENERATE = "nearly_degenerate"
    SINGULAR_JACOBIAN = "singular_jacobian"
    RANK_DEFICIENT = "rank_deficient"
    PRECISION = "precision"
    STRADDLES = "straddles"
    SCALE = "scale"
    DIMENSION = "dimension"
    NOT_A_MAXIMIZER = "not_a_maximizer"
    NOT_A_MAXIMUM = "not_a_maximum"
    LEVEL = "level"
    BUDGET = "budget"
    UNSETTLED = "unsettled"
    TIE = "tie"
    START = "start"
    STEP = "step"
    TIME = "time"
    PLACES = "places"
    OUTSIDE = "outside"
    SIZE = "size"
    ORDERS = "orders"
    NO_CYCLE = "no_cycle"
    NO_MINIMIZER = "no_minimizer"
