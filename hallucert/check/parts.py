"""SAM maps side by side: those of all batches at one point, or those of a cycle at each of its points."""

from __future__ import annotations

from functools import cached_property
from typing import NoReturn

from hallucert.balls.facade import Ball
from hallucert.check.problem import Point


class Parts(Point):
    """What is evaluated in several `parts`, each of which has a direction of its own."""

    parts: list[Point]

    @cached_property
    def q(self) -> Ball:
        """The smallest norm of a gradient; indeterminate unless none of the parts has a zero on the box."""
        ar, norms = self.arithmetic, [part.q for part in self.parts]
        if unknown := [norm for norm in norms if not ar.is_finite(norm)]:
            return unknown[0]
        return ar.interval(min(map(ar.lower, norms)), min(map(ar.upper, norms)))

    @property
    def u(self) -> NoReturn:
        """Each part has its own."""
        raise NotImplementedError

    @cached_property
    def domain_certain(self) -> bool:
        """Whether every part is certainly defined on the box and on its image under its ``x -> x+``."""
        return all(part.domain_certain for part in self.parts)
