"""Surfaces of hallucinated minimizers for one rho, found in floats. A surface is a proposal, never evidence."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.arrays import checked_shape, row_count
from hallucert.errors import ArgumentError
from hallucert.exact import exact_radius
from hallucert.objectives.objective import Objective, checked_objective


@dataclass(frozen=True)
class Surface:
    """An atlas of points ``x`` with ``r(x + rho u(x)) = 0`` for a fixed rho, found in floats.

    Attributes
    ----------
    objective : Objective
        The function, a sum of squares with two residuals fewer than variables.
    rho : Fraction
        The perturbation radius, exact.
    x : (n, d) array
        The centres of the charts.
    tangents : (n, d, 2) array
        Orthonormal tangents there; chart ``i`` lies over the square ``x + tangents s``, ``|s_j| <= half_widths[i]``.
    half_widths : (n,) array
        Half the side lengths of the squares.
    target : (n, d) array
        ``x + rho u(x)``: points of the manifold of minimizers.
    closed : bool
        Whether the squares, moved onto the surface, leave no edge free, as far as floats show. `hallucert.certify`
        proves it, or pieces.
    at_domain_edge : bool
        Whether charts were left out because ``x`` or ``x+`` would leave the domain of the function.

    Raises
    ------
    ArgumentError
        If a field is not as above.
    """

    objective: Objective
    rho: Fraction
    x: np.ndarray
    tangents: np.ndarray
    half_widths: np.ndarray
    target: np.ndarray
    closed: bool
    at_domain_edge: bool = False

    def __post_init__(self) -> None:
        count, d = row_count(self.x, "x"), checked_objective(self.objective, "objective").dimension
        shapes = {"x": (count, d), "target": (count, d), "tangents": (count, d, 2), "half_widths": (count,)}
        for name, shape in shapes.items():
            object.__setattr__(self, name, checked_shape(getattr(self, name), shape, name))
        object.__setattr__(self, "rho", exact_radius(self.rho))
        if not (self.half_widths > 0).all():
            raise ArgumentError("half_widths", self.half_widths, "be positive")
        if self.objective.residual_count != d - 2:
            raise ArgumentError("objective", self.objective, "have two residuals fewer than variables")

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        what = "closed surface in floats" if self.closed else "piece of a surface"
        what += ", cut at the edge of the domain" if self.at_domain_edge else ""
        return f"<Surface of {self.objective.name[:40]!r}, rho = {float(self.rho):.6g}: {what}, {len(self)} charts>"


def across(tangents: np.ndarray, ascent: np.ndarray) -> np.ndarray:
    """Return a basis of ``z = (x, c, lambda)`` across ``(tangents, 0, 0)``: the normals of a chart.

    With them its parameters are the coordinates of x along the tangents. Each vector moves x or c, along the ascent
    step, along the surface or in another direction, or lambda: in these directions solutions move in different ways,
    so that boxes along them can be narrow.
    """
    d, sides = tangents.shape
    base = np.linalg.qr(np.column_stack([tangents, ascent, np.eye(d)]))[0]
    normals = np.zeros((2 * d + 1, 2 * d + 1 - sides))
    normals[:d, : d - sides], normals[d:-1, d - sides : -1], normals[-1, -1] = base[:, sides:], base, 1.0
    return normals
