"""Problems with closed forms or reference values, shared by the tests of the searches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hallucert.find.candidate import Candidate
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective

HIMMELBLAU = "(x**2 + y - 11)**2 + (x + y**2 - 7)**2"
FOUR_WELL = "(x**2 - 1)**2 + (y**2 - 1)**2"
RING = "(x**2 + y**2 - 1)**2 / 4"


def reference() -> dict[str, Any]:
    """Return the 50-digit reference of Himmelblau's function."""
    path = Path(__file__).parents[2] / "reference" / "himmelblau.json"
    return json.loads(path.read_text())


def cosine_lattice(dimension: int) -> FormulaObjective:
    """Return ``sum_i (1 - cos x_i)``."""
    return Objective.parse(" + ".join(f"(1 - cos(x{i}))" for i in range(dimension)))


def wells(dimension: int) -> FormulaObjective:
    """Return ``sum_i (x_i^2 - 1)^2``."""
    return Objective.parse(" + ".join(f"(x{i}**2 - 1)**2" for i in range(dimension)))


def shift(f: Objective, x: np.ndarray, rho: float) -> np.ndarray:
    """Return ``x+`` by its definition."""
    g = f.gradient(x)
    return x + rho * g / np.linalg.norm(g)


def points(candidates: list[Candidate]) -> np.ndarray:
    return np.array([c.x for c in candidates])


def same_set(found: np.ndarray, expected: Any, tolerance: float) -> bool:
    """Tell whether two sets of points agree: as many, and each expected one matched by another found one."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if len(found) != len(expected):
        return False
    if len(found) == 0:
        return True
    distance = np.linalg.norm(found[:, None, :] - expected[None, :, :], axis=2)
    return bool((distance.min(axis=0) <= tolerance).all() and (distance.min(axis=1) <= tolerance).all())


def rescaled_four_well() -> FormulaObjective:
    """Return the four-well function with lengths a million times larger and values a billion times smaller."""
    return Objective.parse("((x/1000000)**2 - 1)**2 / 10**9 + ((y/1000000)**2 - 1)**2 / 10**9")
