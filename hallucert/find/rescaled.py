"""The function ``h(y) = f(D y)`` with a fixed diagonal ``D > 0``: its points of SAM are those of ASAM for ``f``.

With ``x = D y`` the gradient of ``h`` is ``D g``, so ``y + rho grad h/|grad h| = D^-1 x+``: the points correspond, with
the same multiplier, and the sphere around ``D^-1 c`` is the ellipsoid ``|D^-1 (x - c)| = rho``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hallucert.candidate import Candidate
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Arithmetic
from hallucert.radius_law import RadiusLaw


class Rescaled(Objective):
    """``h(y) = f(D y)``, for the searches on spheres.

    Parameters
    ----------
    f : Objective
        The function.
    law : RadiusLaw
        ASAM, with the diagonal of ``D``.
    """

    def __init__(self, f: Objective, law: RadiusLaw) -> None:
        self.f, self.law = f, law
        self.name, self.variables, self.rigorous = f"{f.name} in ASAM's metric", f.variables, f.rigorous
        self.diagonal = np.array([float(scale) for scale in law.scales])

    def original(self, candidate: Candidate, target: np.ndarray) -> Candidate:
        """Return the candidate of ASAM for ``f`` that a candidate of SAM for ``h`` is."""
        return replace(candidate, objective=self.f, x=self.diagonal * candidate.x, target=target, law=self.law)

    def value_lanes(self, x: np.ndarray) -> np.ndarray:
        """Return ``f(D y)``."""
        return self.f.value_lanes(self.diagonal * x)

    def gradient_lanes(self, x: np.ndarray) -> np.ndarray:
        """Return ``D g(D y)``."""
        return self.diagonal * self.f.gradient_lanes(self.diagonal * x)

    def hessian_lanes(self, x: np.ndarray) -> np.ndarray:
        """Return ``D H(D y) D``."""
        return self.diagonal[:, None] * self.f.hessian_lanes(self.diagonal * x) * self.diagonal

    def hessian_vector_lanes(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return ``D H(D y) D v``."""
        return self.diagonal * self.f.hessian_vector_lanes(self.diagonal * x, self.diagonal * v)

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        """Return what vanishes at the edge of the domain of ``f``, at ``D y``."""
        return self.f.domain_arguments(self.diagonal * x)

    def enclose_value(self, arithmetic: Arithmetic, x: Sequence[Any]) -> Any:
        """Return an enclosure of ``f(D y)``."""
        return self.f.enclose_value(arithmetic, self._times(arithmetic, x))

    def enclose_gradient(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[Any]:
        """Return an enclosure of ``D g(D y)``."""
        return self._times(arithmetic, self.f.enclose_gradient(arithmetic, self._times(arithmetic, x)))

    def enclose_hessian(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[list[Any]]:
        """Return an enclosure of ``D H(D y) D``."""
        rows = self.f.enclose_hessian(arithmetic, self._times(arithmetic, x))
        columns = [self._times(arithmetic, row) for row in rows]
        return [
            list(row) for row in zip(*(self._times(arithmetic, c) for c in zip(*columns, strict=True)), strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the function and its metric; nothing reads this, a file holds ``f`` and its variant instead."""
        return {"objective": self.f.to_json(), "scales": [str(scale) for scale in self.law.scales]}

    def _times(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[Any]:
        return [arithmetic.constant(scale) * v for scale, v in zip(self.law.scales, x, strict=True)]
