"""The function ``h(y) = f(D y)/a`` with a fixed diagonal ``D > 0``: other units, and the metric of ASAM.

With ``x = D y`` the gradient of ``h`` is ``D g/a``, so ``y + rho grad h/|grad h| = D^-1 x+``: points of ASAM for ``f``
are points of SAM for ``h``, with the same multiplier, and the sphere around ``D^-1 c`` is the ellipsoid
``|D^-1 (x - c)| = rho``.

Searches run in *units*: ``D`` holds the power of two near the length of the problem (rho, say) and ``a`` the one that
makes gradients of size 1. Multiplying by powers of two rounds nothing, so that whatever the search compares with a
number is free of units, squares do not overflow, and it does the same for ``f(x)``, ``a f(x)`` and ``f(x/b)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.errors import SearchError
from hallucert.find.candidate import Candidate, Construction
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.objectives.tape import Arithmetic

RANGE = 1000  # largest exponent of the units of values, gradients and Hessians: doubles have 1023

LARGE = 400  # beyond so many variables the gradient is looked at in few places


class Rescaled(Objective):
    """``h(y) = f(D y)/a``, for searches."""

    def __init__(self, f: Objective, law: RadiusLaw = SAM, length: int = 0, height: int = 0) -> None:
        self.f, self.length, self.height, self.uniform = f, length, height, not law.scales
        self.name = f"{f.name} in other units"
        self.variables, self.rigorous, self.n = f.variables, f.rigorous, f.n
        unit = Fraction(2) ** length
        self.scales = tuple(unit * scale for scale in law.scales) or (unit,) * f.dimension
        self.diagonal = np.array([float(scale) for scale in self.scales])
        self._values, self._residuals = 2.0**-height, 2.0 ** (-height // 2)

    @property
    def residual_count(self) -> int:
        """Number ``m`` of residuals, those of ``f``."""
        return self.f.residual_count

    @cached_property
    def slopes(self) -> np.ndarray:
        """``D/a``, shape (d,)."""
        return np.ldexp(self.diagonal, -self.height)

    @cached_property
    def curvatures(self) -> np.ndarray:
        """``D_i D_j/a``, shape (d, d)."""
        unit = np.ldexp(self.diagonal, -self.length)
        return np.ldexp(np.outer(unit, unit), 2 * self.length - self.height)

    # ------------------------------------------------------------------ to these units and back

    def inside(self, x: np.ndarray) -> np.ndarray:
        """Return ``D^-1 x`` for points (d,) or (k, d)."""
        return x / self.diagonal

    def outside(self, y: np.ndarray) -> np.ndarray:
        """Return ``D y`` for points (d,) or (k, d)."""
        return y * self.diagonal

    def value_inside(self, value: float) -> float:
        """Return a value of ``f`` as one of ``h``."""
        return _ldexp(value, -self.height)

    def residual_inside(self, value: float) -> float:
        """Return the norm of residuals of ``f`` as one of ``h``."""
        return _ldexp(value, -self.height // 2)

    def radius(self, rho: Fraction, law: RadiusLaw = SAM) -> Fraction:
        """Return the radius of the same ascent step in these units."""
        if law.normalised:
            return rho / Fraction(2) ** self.length
        return rho * Fraction(2) ** (self.height - 2 * self.length)

    def of_length(self, value: float) -> float:
        """Return a length of these units in those of ``f``."""
        return _ldexp(value, self.length)

    def of_value(self, value: float) -> float:
        """Return a value of ``h`` as one of ``f``."""
        return _ldexp(value, self.height)

    def of_gradient(self, value: float) -> float:
        """Return the norm of a gradient of ``h`` as one of ``f``."""
        return _ldexp(value, self.height - self.length)

    def of_residual(self, value: float) -> float:
        """Return the norm of residuals of ``h`` as one of ``f``."""
        return _ldexp(value, self.height // 2)

    def of_multiplier(self, value: float) -> float:
        """Return a multiplier of ``h`` as one of ``f``."""
        return _ldexp(value, self.height - 2 * self.length)

    def original(
        self, candidate: Candidate, rho: Fraction, law: RadiusLaw = SAM, target: np.ndarray | None = None
    ) -> Candidate:
        """Return the candidate for ``f`` that a candidate for ``h`` is."""
        made = candidate.construction
        return replace(
            candidate,
            objective=self.f,
            x=self.outside(candidate.x),
            rho=rho,
            target=self.outside(candidate.target) if target is None else target,
            multiplier=self.of_multiplier(candidate.multiplier),
            construction=None if made is None else self._construction(made),
            law=law,
        )

    def _construction(self, made: Construction) -> Construction:
        return replace(
            made,
            maximizer=self.outside(made.maximizer),
            target=self.outside(made.target),
            ball_radius=None if made.ball_radius is None else self.of_length(made.ball_radius),
            boundary_value=self.of_value(made.boundary_value),
            maximum=self.of_value(made.maximum),
            level=self.of_value(made.level),
            x=self.outside(made.x),
            component=self.outside(made.component),
            box=None if made.box is None else made.box * self.diagonal[:, None],
        )

    # ------------------------------------------------------------------ the function

    def value_lanes(self, x: np.ndarray) -> np.ndarray:
        """Return ``f(D y)/a``."""
        return self._values * self.f.value_lanes(self.diagonal * x)

    def gradient_lanes(self, x: np.ndarray) -> np.ndarray:
        """Return ``D g(D y)/a``."""
        return self.slopes * self.f.gradient_lanes(self.diagonal * x)

    def hessian_lanes(self, x: np.ndarray) -> np.ndarray:
        """Return ``D H(D y) D/a``."""
        return self.curvatures * self.f.hessian_lanes(self.diagonal * x)

    def hessian_vector_lanes(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return ``D H(D y) D v/a``."""
        return self.slopes * self.f.hessian_vector_lanes(self.diagonal * x, self.diagonal * v)

    def residual_lanes(self, x: np.ndarray) -> np.ndarray:
        """Return ``r(D y)/sqrt(a)``."""
        return self._residuals * self.f.residual_lanes(self.diagonal * x)

    def residual_jacobian_lanes(self, x: np.ndarray) -> np.ndarray:
        """Return ``Dr(D y) D/sqrt(a)``."""
        return self._residuals * self.diagonal * self.f.residual_jacobian_lanes(self.diagonal * x)

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        """Return what vanishes at the edge of the domain of ``f``, at ``D y``."""
        return self.f.domain_arguments(self.diagonal * x)

    def nearest_edge(self, x: np.ndarray) -> str:
        """Return the domain argument of ``f`` nearest to zero at ``D y``."""
        return self.f.nearest_edge(self.diagonal * x)

    def enclose_value(self, arithmetic: Arithmetic, x: Sequence[Any]) -> Any:
        """Return an enclosure of ``f(D y)/a``."""
        return arithmetic.constant(1 / Fraction(2) ** self.height) * self.f.enclose_value(
            arithmetic, self._times(arithmetic, x)
        )

    def enclose_gradient(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[Any]:
        """Return an enclosure of ``D g(D y)/a``."""
        gradient = self.f.enclose_gradient(arithmetic, self._times(arithmetic, x))
        unit = arithmetic.constant(1 / Fraction(2) ** self.height)
        return [unit * entry for entry in self._times(arithmetic, gradient)]

    def enclose_hessian(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[list[Any]]:
        """Return an enclosure of ``D H(D y) D/a``."""
        unit = arithmetic.constant(1 / Fraction(2) ** self.height)
        rows = self.f.enclose_hessian(arithmetic, self._times(arithmetic, x))
        scaled = zip((arithmetic.constant(scale) for scale in self.scales), rows, strict=True)
        return [[unit * scale * entry for entry in self._times(arithmetic, row)] for scale, row in scaled]

    def to_json(self) -> dict[str, Any]:
        """Return the function and its units; nothing reads this, a file holds ``f`` and its variant instead."""
        return {"objective": self.f.to_json(), "scales": [str(s) for s in self.scales], "height": self.height}

    def _times(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[Any]:
        return [arithmetic.constant(scale) * v for scale, v in zip(self.scales, x, strict=True)]


def in_units(
    f: Objective, centre: np.ndarray, length: float, slope: float | None = None, law: RadiusLaw = SAM
) -> Rescaled:
    """Return `f` in units in which a length and the gradients are of size 1."""
    if slope is None:
        metric = Rescaled(f, law)
        slope = typical_slope(metric, metric.inside(centre), length)
    long = exponent(length)
    high = exponent(slope) + long if 0 < slope < np.inf else 0
    if f.residual_count:
        high -= high % 2
    if max(abs(high), abs(high - long), abs(high - 2 * long)) > RANGE:
        raise SearchError(
            f"f changes by about 2**{high} over lengths of 2**{long}: it or its derivatives are out of the range of "
            "doubles. Rescale f or x"
        )
    return Rescaled(f, law, long, high)


def exponent(value: float) -> int:
    """Return ``floor(log2(value))`` for a positive number."""
    return math.frexp(value)[1] - 1


def typical_slope(f: Objective, centre: np.ndarray, length: float) -> float:
    """Return the median of ``|g|`` where it is finite and not zero among a few fixed points about `centre`, or 0."""
    d = centre.size
    directions = np.random.default_rng(0).standard_normal((8 if d <= LARGE else 1, d))
    directions /= np.sqrt(np.einsum("kd,kd->k", directions, directions))[:, None]
    with np.errstate(all="ignore"):
        lanes = centre + length * np.concatenate([directions, -0.5 * directions])
        largest = np.abs(f.gradient_lanes(lanes)).max(axis=1)
    largest = np.sort(largest[np.isfinite(largest) & (largest > 0)])
    return float(largest[largest.size // 2]) if largest.size else 0.0


# ---------------------------------------------------------------------- messages, in the units of the caller's function


def original(f: Objective, x: np.ndarray) -> np.ndarray:
    """Return a point (d,) of a search, or points (k, d)."""
    return original(f.f, f.outside(x)) if isinstance(f, Rescaled) else x


def original_length(f: Objective, value: float) -> float:
    """Return a length of a search."""
    return original_length(f.f, f.of_length(value)) if isinstance(f, Rescaled) else value


def original_value(f: Objective, value: float) -> float:
    """Return a value of the function."""
    return original_value(f.f, f.of_value(value)) if isinstance(f, Rescaled) else value


def original_multiplier(f: Objective, value: float) -> float:
    """Return a multiplier, or an eigenvalue of the Hessian."""
    return original_multiplier(f.f, f.of_multiplier(value)) if isinstance(f, Rescaled) else value


def short(f: Objective, x: np.ndarray) -> str:
    """Return a point of a search as text."""
    return np.array2string(original(f, x), precision=6, separator=", ", threshold=8, edgeitems=3)


def length_of(f: Objective, value: float) -> str:
    """Return a length of a search as text."""
    return f"{original_length(f, value):.3g}"


def gradient_of(f: Objective, value: float) -> str:
    """Return the norm of a gradient as text."""
    return gradient_of(f.f, f.of_gradient(value)) if isinstance(f, Rescaled) else f"{value:.3g}"


def residual_of(f: Objective, value: float) -> str:
    """Return the norm of residuals as text."""
    return residual_of(f.f, f.of_residual(value)) if isinstance(f, Rescaled) else f"{value:.3g}"


def _ldexp(value: float, exponent: int) -> float:
    with np.errstate(all="ignore"):
        return float(np.ldexp(value, exponent))
