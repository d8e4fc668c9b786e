"""The rows of ``A``, the derivative of ``r(x+)``, by what steps in their span need: ``A A^T`` and ``A^T w``.

With `m` residuals and `d` variables ``A`` has ``m d`` entries, 1.6 GB for a network of a million parameters on 20
images. Array programs need none of them: ``A A^T e`` is a derivative of ``r(x+)`` along ``A^T e``, and in that the
weights of a linear layer occur in products with its inputs only (the Gram form, `reassociated`). So a row costs as
much as a few runs of the network on its data, whatever the number of weights.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Protocol

import numpy as np

from hallucert.clock import look
from hallucert.objectives.program.evaluate import FloatArrays
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.program.reassociate import Parts, parted, reassociated
from hallucert.objectives.program.sliced import SlicedPrograms

BLOCK = 2**18  # numbers in the largest array of a block of lanes: 2 MB, about what a core has near it


class Rows(Protocol):
    """The rows of ``A`` at one point."""

    def gram(self) -> np.ndarray:
        """Return ``A A^T``, shape (m, m)."""

    def combined(self, w: np.ndarray) -> np.ndarray:
        """Return ``A^T w`` for each row ``w`` of a (k, m) array, shape (k, d)."""


class DenseRows:
    """All entries of ``A``."""

    def __init__(self, a: np.ndarray) -> None:
        self.a = a

    def gram(self) -> np.ndarray:
        """Return ``A A^T``."""
        return self.a @ self.a.T

    def combined(self, w: np.ndarray) -> np.ndarray:
        """Return ``A^T w``."""
        return w @ self.a


class ShiftedProgram:
    """``r(x+)`` of an array program for one radius, and the programs of its derivatives."""

    def __init__(self, f: ProgramObjective, rho: Fraction) -> None:
        self.f, self.programs = f, SlicedPrograms(f, rho)

    @cached_property
    def gram(self) -> Parts:
        """``(x, e) -> A A^T e`` in Gram form: what depends on `x` alone, and the rest."""
        lanes = [len(self.f.program.inputs)]
        return parted(reassociated(self.programs.gram, lanes), lanes)

    @cached_property
    def lanes(self) -> int:
        """How many lanes of it are run at once."""
        return max(1, BLOCK // max(self.gram.sizes, default=1))

    def rows(self, x: np.ndarray, factor: float) -> Rows:
        """Return the rows at a point, times a number."""
        return ProgramRows(self, x, factor)


class ProgramRows:
    """What the programs say about ``A`` at one point; a number times it."""

    def __init__(self, shifted: ShiftedProgram, x: np.ndarray, factor: float) -> None:
        self.shifted, self.x, self.factor = shifted, shifted.f.split(x), factor

    def gram(self) -> np.ndarray:
        """Return ``A A^T``."""
        m, lanes = self.shifted.f.residual_count, self.shifted.lanes
        result = np.empty((m, m))
        still, moving = self.shifted.gram
        arrays = FloatArrays()
        with np.errstate(all="ignore"):
            # What depends on x alone comes with an e that it does not read.
            known = arrays.run(still, [*self.x, np.zeros(m)])
            for first in range(0, m, lanes):
                look()
                e = np.eye(min(lanes, m - first), m, first)
                result[first : first + lanes] = arrays.run(moving, [*self.x, e, *known])[0]
        return self.factor**2 * result

    def combined(self, w: np.ndarray) -> np.ndarray:
        """Return ``A^T w``."""
        with np.errstate(all="ignore"):
            found = FloatArrays().run(self.shifted.programs.back, [*self.x, w])
        return self.factor * self.shifted.f.joined(found, len(w))
