"""What rho is multiplied by during training: a guard that watches the loss at ``x+``, and schedules by the step.

Each has a `factor` between 0 and 1, and is told the losses of every step by the optimizer.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, TypeAlias

from hallucert.arguments import checked_whole
from hallucert.errors import ArgumentError, require

Curve = Callable[[float], float]
"""From the part of the run that is over, in [0, 1], to a factor."""

REMEMBERED = ("factor", "average", "reference", "trained", "lowered")
"""Of a guard, in its state, besides the averages of the last steps."""

State: TypeAlias = dict[str, Any]
"""What a checkpoint keeps of an object."""
Group: TypeAlias = Mapping[str, Any]
"""A group of weights with its options, as optimizers of PyTorch have them."""


def real(value: object) -> bool:
    """Whether something is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def lowered(loss: float, level: float) -> float:
    """Return so much of a loss; where it is negative, what lies as far below it."""
    return (level if loss > 0 else 2 - level) * loss


class Guard:
    """Begin with a small rho, raise it where training proceeds at ``x+``, and lower it where it does not.

    A warm start whose end nobody has to choose. With the loss at the start as reference and moving averages of losses:

    - where ``f(x+)`` is at most `level` times the reference (a negative one: as far below it) the factor grows by
      `rise` a step, up to 1; after it had to be lowered, by `higher`, and below `again` times the reference;
    - above the level it stays in the first `patience` steps, and as long as ``f(x)`` falls by `progress` in so many;
    - otherwise, and in all steps above the level after one below it, it falls by `lower`, down to `least`.

    Parameters
    ----------
    level : float
        Positive, and below 2. Of a loss that starts near 0 or near its least value, give `reference`, too.
    lower, higher : float
        In (0, 1), and above 1.
    smoothing : float
        Of the moving averages, in [0, 1).
    reference : float, optional
        Loss that counts as not having trained: by default that of the first step.
    begin, least : float
        First and least factor, in (0, 1], the least one not above the first.
    rise : float
        Above 1.
    again : float
        Positive, and not above `level`.
    patience : int
        Positive number of steps.
    progress : float
        Part of ``f(x)``, in [0, 1).
    """

    needs_losses: ClassVar[bool] = True

    def __init__(
        self,
        level: float = 0.9,
        lower: float = 0.9,
        higher: float = 1.02,
        smoothing: float = 0.9,
        reference: float | None = None,
        *,
        begin: float = 0.1,
        least: float = 0.01,
        rise: float = 1.2,
        again: float = 0.8,
        patience: int = 40,
        progress: float = 0.01,
    ) -> None:
        for name, value, holds, must in (
            ("level", level, real(level) and 0 < level < 2, "lie in (0, 2)"),
            ("lower", lower, real(lower) and 0 < lower < 1, "lie in (0, 1)"),
            ("higher", higher, real(higher) and higher > 1, "be above 1"),
            ("smoothing", smoothing, real(smoothing) and 0 <= smoothing < 1, "lie in [0, 1)"),
            ("reference", reference, reference is None or real(reference), "be a number, or left out"),
            ("begin", begin, real(begin) and 0 < begin <= 1, "lie in (0, 1]"),
            ("least", least, real(least) and 0 < least <= begin, "lie in (0, begin]"),
            ("rise", rise, real(rise) and rise > 1, "be above 1"),
            ("again", again, real(again) and 0 < again <= level, "lie in (0, level]"),
            ("progress", progress, real(progress) and 0 <= progress < 1, "lie in [0, 1)"),
        ):
            require(holds, name, value, must)
        self.level, self.lower, self.higher, self.smoothing = level, lower, higher, smoothing
        self.begin, self.least, self.rise, self.again, self.progress = begin, least, rise, again, progress
        self.patience = checked_whole(patience, 1, "patience")
        self.reference, self.factor = reference, begin
        self.average, self.averages = math.nan, deque[float](maxlen=patience + 1)
        self.trained = self.lowered = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at factor {self.factor:.3g}>"

    def update(self, f: float | None, f_plus: float | None) -> None:
        """Take the losses of a step; one at ``x+`` that is not finite lowers the factor."""
        if f_plus is None or not math.isfinite(f_plus):
            self._lower()
            return
        here = f if f is not None and math.isfinite(f) else f_plus
        if self.reference is None:
            self.reference = here
        self.average = self._smoothed(self.average, f_plus)
        self.averages.append(self._smoothed(self.averages[-1] if self.averages else math.nan, here))
        if self.average <= lowered(self.reference, self.level):
            self.trained = True
            self._raise()
        elif self.trained or self._stands():
            self._lower()

    def _smoothed(self, average: float, loss: float) -> float:
        return loss if math.isnan(average) else self.smoothing * average + (1 - self.smoothing) * loss

    def _stands(self) -> bool:
        """Whether ``f(x)`` has not fallen, as far as so many steps have been seen."""
        seen = self.averages
        return len(seen) > self.patience and seen[-1] > (1 - self.progress) * seen[0]

    def _raise(self) -> None:
        """Raise the factor, with more care if it had to be lowered before."""
        if not self.lowered:
            self.factor = min(1.0, self.factor * self.rise)
        elif self.reference is not None and self.average <= lowered(self.reference, self.again):
            self.factor = min(1.0, self.factor * self.higher)

    def _lower(self) -> None:
        self.lowered, self.factor = True, max(self.least, self.factor * self.lower)

    def state_dict(self) -> State:
        """Return what it remembers."""
        return {name: getattr(self, name) for name in REMEMBERED} | {"averages": list(self.averages)}

    def load_state_dict(self, state: State) -> None:
        """Take up what `state_dict` returned."""
        _require_state(state, {*REMEMBERED, "averages"}, "a Guard")
        for name in REMEMBERED:
            setattr(self, name, state[name])
        self.averages = deque(state["averages"], maxlen=self.patience + 1)


class Schedule(Guard):
    """A factor that depends on the step alone.

    Parameters
    ----------
    total : int
        Steps of the run; after them the factor stays.
    curve : callable
        From the part of the run that is over to the factor, from 0 to 1.

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
        require(callable(curve), "curve", curve, "be a function from the part of the run that is over to the factor")
        super().__init__()
        self.total, self.curve, self.count = total, curve, 0
        self.factor = self._now()

    @classmethod
    def warm_start(cls, total: int, part: float = 0.3) -> Schedule:
        """No ascent in the first `part` of the run."""
        return cls(total, partial(_from, _checked_part(part)))

    @classmethod
    def late(cls, total: int, part: float = 0.3) -> Schedule:
        """Ascents only in the last `part` of the run."""
        return cls(total, partial(_from, 1 - _checked_part(part)))

    @classmethod
    def ramp(cls, total: int, part: float = 1.0) -> Schedule:
        """From 0 to 1, linear in the first `part` of the run."""
        return cls(total, partial(_ramp, _checked_part(part)))

    @classmethod
    def decay(cls, total: int) -> Schedule:
        """From 1 to 0 along a cosine."""
        return cls(total, _decay)

    def __repr__(self) -> str:
        return f"<Schedule at step {self.count} of {self.total}, factor {self.factor:.3g}>"

    def update(self, f: float | None, f_plus: float | None) -> None:
        self.count += 1
        self.factor = self._now()

    def _now(self) -> float:
        """Return what the curve says after so many steps, if it is a factor."""
        factor = self.curve(min(1.0, self.count / self.total))
        if not (real(factor) and 0 <= factor <= 1):
            raise ArgumentError("curve", f"<{factor} after {self.count} steps>", "give factors from 0 to 1")
        return factor

    def state_dict(self) -> State:
        return {"count": self.count}

    def load_state_dict(self, state: State) -> None:
        _require_state(state, {"count"}, "a Schedule")
        self.count = int(state["count"])
        self.factor = self._now()


def _from(part: float, t: float) -> float:
    return float(t >= part)


def _ramp(part: float, t: float) -> float:
    return t / part if t < part else 1.0


def _decay(t: float) -> float:
    return (1 + math.cos(math.pi * t)) / 2


def _require_state(state: State, names: set[str], owner: str) -> None:
    if state.keys() != names:
        raise ArgumentError("state", f"<{', '.join(sorted(state))}>", f"be that of {owner}, as this optimizer has one")


def _checked_part(part: object) -> float:
    if not (isinstance(part, int | float) and real(part) and 0 <= part <= 1):
        raise ArgumentError("part", part, "lie in [0, 1]")
    return part
