"""Array programs in doubles, on lanes of points: searches and runs. Never evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hallucert.objectives.floats import Floats
from hallucert.objectives.objective import require_residuals
from hallucert.objectives.program.calculus import Run
from hallucert.objectives.program.evaluate import FloatArrays

if TYPE_CHECKING:
    from hallucert.objectives.program.objective import ProgramObjective


class ProgramFloats(Floats):
    """The programs of an objective, run by numpy.

    Parameters
    ----------
    f : ProgramObjective
        The objective.
    """

    def __init__(self, f: ProgramObjective) -> None:
        self.f, self.arrays = f, FloatArrays()

    def value(self, x: np.ndarray) -> np.ndarray:
        """``f`` on lanes."""
        with np.errstate(all="ignore"):
            return np.broadcast_to(self.arrays.run(self.f.value_program, self.f.split(x))[0], len(x))

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Gradients on lanes."""
        with np.errstate(all="ignore"):
            return self.f.joined(self.arrays.run(self.f.gradients, self.f.split(x)), len(x))

    def hessian(self, x: np.ndarray) -> np.ndarray:
        """Hessians on lanes."""
        with np.errstate(all="ignore"):
            return np.broadcast_to(self._run(x).hessian(), (len(x), x.shape[1], x.shape[1]))

    def _run(self, x: np.ndarray) -> Run:
        return Run(self.f.calculus, self.arrays, self.f.split(x))

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Hessian-vector products on lanes; lanes that are views of one point share what it needs."""
        with np.errstate(all="ignore"):
            return self.f.curved(self.arrays, x[0] if len(x) > 1 and x.strides[0] == 0 else x, v)

    def residual(self, x: np.ndarray) -> np.ndarray:
        """Residuals on lanes."""
        require_residuals(self.f)
        with np.errstate(all="ignore"):
            found = self.arrays.run(self.f.program, self.f.split(x))[0]
        return np.broadcast_to(found, (len(x), self.f.residual_count))

    def residual_jacobian(self, x: np.ndarray) -> np.ndarray:
        """Residual Jacobians on lanes."""
        require_residuals(self.f)
        with np.errstate(all="ignore"):
            return np.broadcast_to(self._run(x).jacobian(), (len(x), self.f.residual_count, x.shape[1]))
