"""What rho is multiplied by during training: a guard that watches the loss at ``x+``, and schedules by the step.

Each has a `factor` between 0 and 1, and is told the losses of every step by the optimizer.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from hallucert.errors import ArgumentError

Curve = Callable[[float], float]
"""From the part of the run that is over, in [0, 1], to a factor."""


class Guard:
    """Lower rho while training does not proceed at ``x+``, and raise it again when it does.

    The reference is the loss at the start. Where the moving average of ``f(x+)`` is above `level` times the reference,
    the factor is multiplied by `lower`, otherwise by `higher`, up to 1: a warm start whose end nobody has to choose.

    Parameters
    ----------
    level : float
        Positive. Of a loss that may be negative or start near its least value, give `reference` instead.
    lower, higher : float
        In (0, 1), and above 1.
    smoothing : float
        Of the moving average, in [0, 1).
    reference : float, optional
        Loss that counts as not having trained: by default that of the first step.
    """

    def __init__(
        self,
        level: float = 0.9,
        lower: float = 0.9,
        higher: float = 1.02,
        smoothing: float = 0.9,
        reference: float | None = None,
    ) -> None:
        for name, value, holds, must in (
            ("level", level, level > 0, "be positive"),
            ("lower", lower, 0 < lower < 1, "lie in (0, 1)"),
            ("higher", higher, 1 < higher < math.inf, "be above 1"),
            ("smoothing", smoothing, 0 <= smoothing < 1, "lie in [0, 1)"),
        ):
            if not holds:
                raise ArgumentError(name, value, must)
        self.level, self.lower, self.higher, self.smoothing = level, lower, higher, smoothing
        self.reference, self.average = reference, math.nan
        self.factor = 1.0

    def __repr__(self) -> str:
        return f"<Guard at factor {self.factor:.3g}>"

    def update(self, f: float | None, f_plus: float) -> None:
        """Take the losses of a step; those that are not finite lower the factor."""
        if not math.isfinite(f_plus):
            self.factor *= self.lower
            return
        if self.reference is None:
            self.reference = f if f is not None and math.isfinite(f) else f_plus
        if math.isnan(self.average):
            self.average = f_plus
        self.average = self.smoothing * self.average + (1 - self.smoothing) * f_plus
        stalls = self.average > self.level * self.reference
        self.factor = self.factor * self.lower if stalls else min(1.0, self.factor * self.higher)

    def state_dict(self) -> dict[str, float | None]:
        """Return what it remembers."""
        return {"factor": self.factor, "average": self.average, "reference": self.reference}

    def load_state_dict(self, state: dict[str, float | None]) -> None:
        """Take up what `state_dict` returned."""
        self.factor, self.average = float(state["factor"] or 0.0), float(state["average"] or 0.0)
        self.reference = state["reference"]


class Schedule(Guard):
    """A factor that depends on the step alone.

    Parameters
    ----------
    total : int
        Steps of the run; after them the factor stays.
    curve : callable
        From the part of the run that is over to the factor.

    Examples
    --------
    >>> ramp = Schedule.ramp(100)
    >>> for _ in range(25): ramp.update(None, 1.0)
    >>> ramp.factor
    0.25
    """

    def __init__(self, total: int, curve: Curve) -> None:
        if isinstance(total, bool) or not isinstance(total, int) or total < 1:
            raise ArgumentError("total", total, "be a positive number of steps")
        super().__init__()
        self.total, self.curve, self.count = total, curve, 0
        self.factor = curve(0.0)

    @classmethod
    def warm_start(cls, total: int, part: float = 0.3) -> Schedule:
        """No ascent in the first `part` of the run."""
        return cls(total, lambda t: float(t >= part))

    @classmethod
    def late(cls, total: int, part: float = 0.3) -> Schedule:
        """Ascents only in the last `part` of the run."""
        return cls(total, lambda t: float(t >= 1 - part))

    @classmethod
    def ramp(cls, total: int, part: float = 1.0) -> Schedule:
        """From 0 to 1, linear in the first `part` of the run."""
        return cls(total, lambda t: min(1.0, t / part))

    @classmethod
    def decay(cls, total: int) -> Schedule:
        """From 1 to 0 along a cosine."""
        return cls(total, lambda t: (1 + math.cos(math.pi * t)) / 2)

    def __repr__(self) -> str:
        return f"<Schedule at step {self.count} of {self.total}, factor {self.factor:.3g}>"

    def update(self, f: float | None, f_plus: float) -> None:
        """Count a step."""
        self.count += 1
        self.factor = self.curve(min(1.0, self.count / self.total))

    def state_dict(self) -> dict[str, float | None]:
        """Return the number of steps."""
        return {"count": self.count}

    def load_state_dict(self, state: dict[str, float | None]) -> None:
        """Take up the number of steps."""
        self.count = int(state["count"] or 0)
        self.factor = self.curve(min(1.0, self.count / self.total))
