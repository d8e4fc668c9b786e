"""Common fixed points of SAM with all batches of a partition: the equations ``r_b(x_b+) = 0``, and what is found."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.errors import SearchError
from hallucert.find.candidate import point_text
from hallucert.find.domain import defined, require_defined
from hallucert.find.rescaled import Rescaled, in_units, short
from hallucert.find.rows import DenseRows, Rows
from hallucert.find.shifted import Shifted
from hallucert.objectives.batches import Batches
from hallucert.objectives.objective import Objective


@dataclass(frozen=True, eq=False)
class BatchCandidate:
    """A point where floats say that ``r_b(x_b+)`` vanishes for every batch b, and no ``g_b`` does.

    Attributes
    ----------
    objective : Objective
        The function.
    x : (d,) array
        The point.
    rho : Fraction
        The perturbation radius, exact.
    batches : Batches
        The partition.
    targets : (b, d) array
        ``x_b+ = x + rho g_b/|g_b|`` for each batch.
    gradient_norms : (b,) array
        ``|g_b(x)|`` for each batch.
    """

    objective: Objective
    x: np.ndarray
    rho: Fraction
    batches: Batches
    targets: np.ndarray
    gradient_norms: np.ndarray

    def __repr__(self) -> str:
        count = len(self.batches.rows)
        return f"<BatchCandidate at {point_text(self.x)}, rho = {float(self.rho):.6g}, {count} batches>"


class ShiftedBatches(Shifted):
    """The equations ``y(x) = (r_b(x_b+))_b = 0`` of the batches, in place of ``r(x+) = 0``."""

    def __init__(self, f: Objective, rho: float, batches: Batches) -> None:
        super().__init__(f, rho)
        self.batches = batches
        self.parts = [Shifted(part, rho) for part in _parts(f, batches)]

    def residual(self, x: np.ndarray, gradient: np.ndarray | None = None) -> np.ndarray:
        return np.concatenate([part.residual(x) for part in self.parts])

    def residual_lanes(self, x: np.ndarray) -> np.ndarray:
        return np.concatenate([part.residual_lanes(x) for part in self.parts], axis=1)

    def residual_jacobian(self, x: np.ndarray, gradient: np.ndarray | None = None) -> np.ndarray:
        return np.concatenate([part.residual_jacobian(x) for part in self.parts])

    def rows(self, x: np.ndarray) -> Rows:
        return DenseRows(self.residual_jacobian(x))

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        """Return the domain arguments at ``x`` and at every ``x_b+``."""
        return np.concatenate([part.domain_arguments(x) for part in self.parts], axis=1)

    def is_critical(self, x: np.ndarray, length: float) -> bool:
        """Tell whether some ``g_b(x)`` is zero to floats."""
        return any(part.is_critical(x, length) for part in self.parts)

    def slope(self, x: np.ndarray) -> float:
        return min(part.slope(x) for part in self.parts)

    def targets(self, x: np.ndarray) -> np.ndarray:
        return np.concatenate([part.targets(x) for part in self.parts])

    def candidate_of(self, x: np.ndarray, rho: Fraction) -> BatchCandidate:
        """Return the candidate at a common fixed point, with the exact radius."""
        sizes = np.array([part.slope(x) for part in self.parts])
        return BatchCandidate(self.f, x, rho, self.batches, self.targets(x), sizes)


def _parts(f: Objective, batches: Batches) -> list[Objective]:
    """Return the losses of the batches, in the units of `f`."""
    if not isinstance(f, Rescaled):
        return batches.parts(f)
    return [Rescaled(part, length=f.length, height=f.height) for part in batches.parts(f.f)]


def units_for(f: Objective, x: np.ndarray, radius: float, batches: Batches) -> Rescaled:
    """Return `f` in units of the ascent steps, all of which must lead to where it is defined."""
    require_defined(f, x, "start")
    shifted = ShiftedBatches(f, radius, batches)
    sizes = np.array([part.slope(x) for part in shifted.parts])
    if not (np.isfinite(sizes) & (sizes > 0)).all():
        raise SearchError(f"hallucinate: the gradient of a batch vanishes or overflows at the start {short(f, x)}")
    for part, plus in zip(shifted.parts, shifted.targets(x), strict=True):
        if np.isfinite(plus).all() and not defined(part.f, plus[None, :])[0]:
            where = short(f, plus)
            raise SearchError(f"f is not defined at x+ = {where} of a batch: try another start, or another rho")
    return in_units(f, x, radius, float(np.median(sizes)))
