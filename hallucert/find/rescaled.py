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
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import NoReturn, TypeVar

import numpy as np

from hallucert import arrays
from hallucert.errors import NotAnalyticError, SearchError
from hallucert.objectives.floats import Floats
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw

RANGE = 1000  # largest exponent of the units of values, gradients and Hessians: doubles have 1023
LARGE = 400  # beyond so many variables the gradient is looked at in few places


class Unit(Enum):
    """What a number of a search measures: its powers of the unit of length and of that of values."""

    LENGTH = (1, 0)
    VALUE = (0, 1)
    GRADIENT = (-1, 1)
    MULTIPLIER = (-2, 1)
    MULTIPLIER_BY_LENGTH = (-3, 1)
    RESIDUAL = (0, 0.5)


# Fields of what searches return: points (d,) or (k, d), boxes (d, 2), and numbers or arrays of them.
POINTS = frozenset({"x", "target", "maximizer", "component"})
NUMBERS = {
    **dict.fromkeys(("rho", "ball_radius", "half_widths"), Unit.LENGTH),
    **dict.fromkeys(("value", "boundary_value", "maximum", "level"), Unit.VALUE),
    "gradient_norm": Unit.GRADIENT,
    **dict.fromkeys(("multiplier", "hessian_eigenvalues"), Unit.MULTIPLIER),
    "scale": Unit.MULTIPLIER_BY_LENGTH,
}

R = TypeVar("R")


class Rescaled(Objective):
    """``h(y) = f(D y)/a``: ``D`` is that of `law` times ``2**length``, ``a = 2**height``, even for residuals."""

    def __init__(self, f: Objective, law: RadiusLaw = SAM, length: int = 0, height: int = 0) -> None:
        self.f, self.length, self.height, self.uniform = f, length, height, not law.scales
        self.name = f"{f.name} in other units"
        self.rigorous, self.n = f.rigorous, f.n
        unit = Fraction(2) ** length
        self.diagonal = np.array([float(unit * scale) for scale in law.scales or (1,)])
        if not law.scales:
            self.diagonal = np.repeat(self.diagonal, f.dimension)
        self.values, self.residuals = 2.0**-height, 2.0 ** (-height // 2)

    @property
    def dimension(self) -> int:
        return self.f.dimension

    @cached_property
    def variables(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the variables, those of ``f``: of a large network they take longer than its gradient."""
        return self.f.variables

    @property
    def slope_of_residuals(self) -> float:
        """``D/sqrt(a)`` of a uniform ``D``: the factor of the derivatives of residuals."""
        return float(self.diagonal[0]) * self.residuals

    @property
    def residual_count(self) -> int:
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

    def number_inside(self, value: float, unit: Unit) -> float:
        """Return a number about ``f`` as one about ``h``."""
        return _ldexp(value, -self._exponent(unit))

    def number_outside(self, value: float, unit: Unit) -> float:
        """Return a number about ``h`` as one about ``f``."""
        return _ldexp(value, self._exponent(unit))

    def radius(self, rho: Fraction, law: RadiusLaw = SAM) -> Fraction:
        """Return the radius of the same ascent step in these units."""
        if law.normalised:
            return rho / Fraction(2) ** self.length
        return rho * Fraction(2) ** (self.height - 2 * self.length)

    def result_outside(self, found: R, **known: object) -> R:
        """Return a result of a search for ``h`` as one for ``f``; fields that are `known` better are given."""
        return self._result(found, self.f, 1, known)

    def result_inside(self, given: R) -> R:
        """Return a result of a search for ``f`` as one for ``h``."""
        return self._result(given, self, -1, {})

    def _result(self, record: R, f: Objective, sign: int, known: dict[str, object]) -> R:
        def converted(name: str, value: object) -> object:
            if name == "objective":
                return f
            if name == "construction" and value is not None:
                return self._result(value, f, sign, {})
            if name == "events" and isinstance(value, tuple):
                return tuple(self._result(event, f, sign, {}) for event in value)
            if name in POINTS and isinstance(value, np.ndarray):
                return self.outside(value) if sign > 0 else self.inside(value)
            if name == "box" and isinstance(value, np.ndarray):
                return self.outside(value.T).T if sign > 0 else self.inside(value.T).T
            if name in NUMBERS and isinstance(value, np.ndarray):
                return np.ldexp(value, sign * self._exponent(NUMBERS[name]))
            if name in NUMBERS and isinstance(value, float):
                return _ldexp(value, sign * self._exponent(NUMBERS[name]))
            return value

        assert is_dataclass(record) and not isinstance(record, type)
        old = {field.name: getattr(record, field.name) for field in fields(record)}
        return replace(record, **{name: converted(name, value) for name, value in old.items()} | known)

    def _exponent(self, unit: Unit) -> int:
        length, height = unit.value
        return int(length * self.length + height * self.height)

    # ------------------------------------------------------------------ the function

    @cached_property
    def floats(self) -> RescaledFloats:
        return RescaledFloats(self)

    def _refuse(self, arithmetic: object = None, x: object = None) -> NoReturn:
        """Nothing is proved in these units, and nothing is written."""
        raise NotAnalyticError(f"{self.name} is for searches only")

    enclose_value = enclose_gradient = enclose_hessian = to_json = _refuse


class RescaledFloats(Floats):
    """A function in other units on lanes."""

    def __init__(self, h: Rescaled) -> None:
        self.h, self.f = h, h.f

    def value(self, x: np.ndarray) -> np.ndarray:
        return self.h.values * self.f.floats.value(self.h.diagonal * x)

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self.h.slopes * self.f.floats.gradient(self.h.diagonal * x)

    def hessian(self, x: np.ndarray) -> np.ndarray:
        return self.h.curvatures * self.f.floats.hessian(self.h.diagonal * x)

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        return self.h.slopes * self.f.floats.hessian_vector(self.h.diagonal * x, self.h.diagonal * v)

    def residual(self, x: np.ndarray) -> np.ndarray:
        return self.h.residuals * self.f.floats.residual(self.h.diagonal * x)

    def residual_jacobian(self, x: np.ndarray) -> np.ndarray:
        return self.h.residuals * self.h.diagonal * self.f.floats.residual_jacobian(self.h.diagonal * x)

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        return self.f.floats.domain_arguments(self.h.diagonal * x)

    def nearest_edge(self, x: np.ndarray) -> str:
        return self.f.floats.nearest_edge(self.h.diagonal * x)


def in_units(
    f: Objective, centre: np.ndarray, length: float, slope: float | None = None, law: RadiusLaw = SAM
) -> Rescaled:
    """Return `f` in units in which a length and the gradients are of size 1; with ASAM all of that in its metric.

    If the size of the gradients is not given, they are looked at on spheres about `centre`, see `typical_slope`.
    SearchError if derivatives of that size are out of the range of doubles.
    """
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
    lanes = centre + length * np.concatenate([directions, -0.5 * directions])
    largest = np.abs(f.floats.gradient(lanes)).max(axis=1)
    largest = np.sort(largest[np.isfinite(largest) & (largest > 0)])
    return float(largest[largest.size // 2]) if largest.size else 0.0


# ---------------------------------------------------------------------- messages, in the units of the caller's function


def original(f: Objective, x: np.ndarray) -> np.ndarray:
    """Return a point (d,) of a search, or points (k, d)."""
    return original(f.f, f.outside(x)) if isinstance(f, Rescaled) else x


def original_number(f: Objective, value: float, unit: Unit) -> float:
    """Return a number of a search."""
    return original_number(f.f, f.number_outside(value, unit), unit) if isinstance(f, Rescaled) else value


def short(f: Objective, x: np.ndarray) -> str:
    """Return a point of a search as text."""
    return arrays.short(original(f, x))


def number_text(f: Objective, value: float, unit: Unit) -> str:
    """Return a number of a search as text."""
    return f"{original_number(f, value, unit):.3g}"


def _ldexp(value: float, exponent: int) -> float:
    return float(np.ldexp(value, exponent))
