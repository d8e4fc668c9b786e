"""Array programs in midpoint-radius arrays of doubles: enclosures at the speed of BLAS."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hallucert.objectives.program.evaluate import Array, Arrays

if TYPE_CHECKING:
    from hallucert.balls.midrad import MidRadArithmetic


class MidRadArrays(Arrays):
    """Arrays of midpoints and radii. Where nothing can be enclosed, `hallucert.errors.DomainError` is raised."""

    def __init__(self, arithmetic: MidRadArithmetic) -> None:
        self.arithmetic = arithmetic

    def array(self, value: Array) -> Array:
        """An enclosure as it is, doubles as an exact array."""
        return self.arithmetic.array(value)

    def constant(self, values: Array) -> Array:
        return self.arithmetic.array(values)

    def number(self, value: Fraction | None) -> Array:
        """The nearest double, and how far off it is."""
        return self.arithmetic.pi() if value is None else self.arithmetic.number(value)

    def function(self, name: str, a: Array) -> Array:
        return self.arithmetic.function(name, a)

    def power(self, a: Array, exponent: int) -> Array:
        return self.arithmetic.power(a, exponent)

    def product(self, a: Array, b: Array) -> Array:
        """Products by BLAS, and of their radii."""
        return self.arithmetic.product(a, b)

    def logsumexp(self, a: Array) -> Array:
        """Atomic: with the largest taken out, and a bound of its own."""
        return self.arithmetic.logsumexp(a)

    def total(self, a: Array, axes: tuple[int, ...]) -> Array:
        return a.sum(axes)

    def spread(self, a: Array, shape: tuple[int, ...]) -> Array:
        return a.map(lambda part: np.broadcast_to(part, shape))

    def taken(self, flat: Array, places: np.ndarray) -> Array:
        """Entries, and exact zeros."""
        if places.min() >= 0:
            return flat[..., places]
        return flat.map(lambda part: np.where(places >= 0, part[..., places], 0.0))

    def put(self, flat: Array, places: np.ndarray, size: int) -> Array:
        """Entries in the order of their places, of which those of one place are added."""
        kept = np.flatnonzero(places >= 0)
        order = kept[np.argsort(places[kept], kind="stable")]
        starts = np.flatnonzero(np.diff(places[order], prepend=-1))
        found = flat[..., order]
        if len(starts) < len(order):
            found = found.segment_sums(starts)

        def move(part: np.ndarray) -> np.ndarray:
            image = np.zeros((*part.shape[:-1], size))
            image[..., places[order[starts]]] = part
            return image

        return found.map(move)
