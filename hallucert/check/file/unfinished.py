"""How much of a curve, a surface or a diagram is left where the time for its proof was up; no file has it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Unfinished:
    """What is left where the time was up: the `share` that is proved, and about how many `seconds` the rest takes.

    `work` is what a prover goes on from in the same process; no checker looks at it, and no file or copy has it.
    """

    share: float
    seconds: float
    work: object = field(default=None, compare=False, repr=False)

    def __reduce__(self) -> tuple[type[Unfinished], tuple[float, float]]:
        return Unfinished, (self.share, self.seconds)

    def __str__(self) -> str:
        rest = f"the rest takes about {self.seconds:.2g} s more" if self.seconds < float("inf") else "no estimate"
        return f"unfinished: {self.share:.0%} is proved when the time is up, {rest}; go on with resume="
