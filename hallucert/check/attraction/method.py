"""Steps of SAM with a fixed step size, alone or with momentum: what a state is, and where a step takes it.

Alone a state is x, and a step ``x' = x - E F(x)``, ``F(x) = g(x+)``. With momentum b, heavy ball or Nesterov's, k and
b' as in `hallucert.check.attraction.momentum`, a state is (x, w) with ``w = E v``, a length like x:

    w' = b w + E F(x),    x' = x - (k E F(x) + b' w).

With ``S(x) = I - E M(x)``, the derivative of a step alone, that of a step with momentum is

    [[(1 - k) I + k S(x), -b' I], [I - S(x), b I]].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.check.point.rule import Inputs
from hallucert.check.problem import Problem


@dataclass(frozen=True)
class Method:
    """The step size E and, with momentum, b and whether it is Nesterov's, 1 or 0."""

    step: Fraction
    momentum: Fraction | None = None
    nesterov: int = 0

    @classmethod
    def of(cls, inputs: Inputs) -> Method:
        """The method that the inputs of a claim name."""
        return cls(inputs["step"], inputs.get("momentum"), inputs.get("nesterov", 0))

    @property
    def inputs(self) -> dict[str, Any]:
        """What the inputs of a claim call it."""
        if self.momentum is None:
            return {"step": self.step}
        return {"step": self.step, "momentum": self.momentum, "nesterov": self.nesterov}

    @property
    def makes_sense(self) -> bool:
        """Whether there is a method with these numbers."""
        return self.step > 0 and 0 <= (self.momentum or 0) < 1 and self.nesterov in (0, 1)

    @property
    def shares(self) -> tuple[Fraction, Fraction]:
        """The numbers k and b'."""
        b = self.momentum or Fraction(0)
        return (1 + b, b * b) if self.nesterov else (Fraction(1), b)

    def at_rest(self, x: Sequence[Fraction]) -> tuple[Fraction, ...]:
        """The state at x, with momentum with velocity 0."""
        return tuple(x) if self.momentum is None else (*x, *[Fraction(0)] * len(x))

    def position(self, state: Sequence[Ball]) -> Sequence[Ball]:
        """The x of a state."""
        return state if self.momentum is None else state[: len(state) // 2]

    def velocity(self, ar: BallArithmetic, state: Sequence[Ball]) -> list[Ball]:
        """The velocity ``v = w/E`` of a state with momentum."""
        scale = ar.constant(1 / self.step)
        return [scale * w for w in state[len(state) // 2 :]]

    def after(self, problem: Problem, ar: BallArithmetic, state: Sequence[Ball]) -> list[Ball] | None:
        """A step; None where it is not certainly defined, or f not analytic at x and ``x+``."""
        here, eta = problem.at(ar, list(self.position(state))), ar.constant(self.step)
        forces = [eta * g for g in here.shifted_gradient]
        if self.momentum is None:
            moved = [x - force for x, force in zip(state, forces, strict=True)]
        else:
            (k, carried), b, d = map(ar.constant, self.shares), ar.constant(self.momentum), len(forces)
            pairs = list(zip(forces, state[d:], strict=True))
            moved = [x - (k * force + carried * w) for x, (force, w) in zip(state[:d], pairs, strict=True)]
            moved += [b * w + force for force, w in pairs]
        return moved if here.domain_certain and ar.all_finite([moved]) else None
