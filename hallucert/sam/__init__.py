"""SAM in floats: its maps, single runs with history, and ensembles of runs. Nothing here is evidence."""

from __future__ import annotations

from hallucert.sam.lanes import Status
from hallucert.sam.maps import (
    direction_jacobian,
    perturbation_jacobian,
    perturbed_point,
    sam_gradient,
    sam_matrix,
    sam_value,
    shifted_gradient,
)
from hallucert.sam.result import Curves, Ensemble, Trajectory
from hallucert.sam.runs import Each, each, run, run_ensemble

__all__ = [
    "Curves",
    "Each",
    "Ensemble",
    "Status",
    "Trajectory",
    "direction_jacobian",
    "each",
    "perturbation_jacobian",
    "perturbed_point",
    "run",
    "run_ensemble",
    "sam_gradient",
    "sam_matrix",
    "sam_value",
    "shifted_gradient",
]
