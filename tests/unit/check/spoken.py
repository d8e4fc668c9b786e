"""Conclusions with their sentences in words."""

from __future__ import annotations

from hallucert.check.claim import Conclusion
from hallucert.check.reason import Reason


def spoken(conclusion: Conclusion) -> Conclusion:
    """Return a conclusion with its sentence in words."""
    return conclusion if isinstance(conclusion, Reason) else (conclusion[0], str(conclusion[1]))
