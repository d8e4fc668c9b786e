"""What rho is multiplied by during training: a guard that watches the loss at ``x+``, and schedules by the step.

Each has a `factor` between 0 and 1, and is told the losses of every step by the optimizer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

from hallucert.errors import ArgumentError

Curve = Callable[[float], float]
"""From the part of the run that is over, in [0, 1], to a factor."""


def real(value: object) -> bool:
    """Whether something is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


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

    needs_losses: ClassVar[bool] = True

    def __init__(
        self,
        level: float = 0.9,
        lower: float = 0.9,
        higher: float = 1.02,
        smoothing: float = 0.9,
        reference: float | None = None,
    ) -> None:
        for name, value, holds, must in (
            ("level", level, real(level) and level > 0, "be positive"),
            ("lower", lower, real(lower) and 0 < lower < 1, "lie in (0, 1)"),
            ("higher", higher, real(higher) and 1 < higher < math.inf, "be above 1"),
            ("smoothing", smoothing, real(smoothing) and 0 <= smoothing < 1, "lie in [0, 1)"),
            ("reference", reference, reference is None or real(reference), "be a number, or left out"),
        ):
            if not holds:
                raise ArgumentError(name, value, must)
        self.level, self.lower, self.higher, self.smoothing = level, lower, higher, smoothing
        self.reference, self.average = reference, math.nan
        self.factor = 1.0

    def __repr__(self) -> str:
        return f"<Guard at factor {self.factor:.3g}>"

    def update(self, f: float | None, f_plus: float | None) -> None:
        """Take the losses of a step; one at ``x+`` that is not finite lowers the factor."""
        if f_plus is None or not math.isfinite(f_plus):
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

    needs_losses: ClassVar[bool] = False

    def __init__(self, total: int, curve: Curve) -> None:
        if isinstance(total, bool) or not isinstance(total, int) or total < 1:
            raise ArgumentError("total", total, "be a positive number of steps")
        if not callable(curve):
            raise ArgumentError("curve", curve, "be a function from the part of the run that is over to the factor")
        super().__init__()
        self.total, self.curve, self.count = total, curve, 0
        self.factor = curve(0.0)

    @classmethod
    def warm_start(cls, total: int, part: float = 0.3) -> Schedule:
        """No ascent in the first `part` of the run."""
        part = _checked_part(part)
        return cls(total, lambda t: float(t >= part))

    @classmethod
    def late(cls, total: int, part: float = 0.3) -> Schedule:
        """Ascents only in the last `part` of the run."""
        part = _checked_part(part)
        return cls(total, lambda t: float(t >= 1 - part))

    @classmethod
    def ramp(cls, total: int, part: float = 1.0) -> Schedule:
        """From 0 to 1, linear in the first `part` of the run."""
        part = _checked_part(part)
        return cls(total, lambda t: t / part if t < part else 1.0)

    @classmethod
    def decay(cls, total: int) -> Schedule:
        """From 1 to 0 along a cosine."""
        return cls(total, lambda t: (1 + math.cos(math.pi * t)) / 2)

    def __repr__(self) -> str:
        return f"<Schedule at step {self.count} of {self.total}, factor {self.factor:.3g}>"

    def update(self, f: float | None, f_plus: float | None) -> None:
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


def _checked_part(part: object) -> float:
    if not (isinstance(part, int | float) and real(part) and 0 <= part <= 1):
        raise ArgumentError("part", part, "lie in [0, 1]")
    return part
