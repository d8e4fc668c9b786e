"""The ascent step of a radius law in floats: ``s``, ``u`` and products with ``T`` (see `radius_law`)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hallucert.objectives.radius_law import RadiusLaw

SMALL_SQUARE = 2.0**-900
"""Smaller squares have lost digits, or their terms have."""


class Ascent:
    """A radius law at gradients (k, d), or at one (d,)."""

    def __init__(self, law: RadiusLaw) -> None:
        self.law, self.normalised = law, law.normalised

    @property
    def surface(self) -> str:
        """Where a hallucinated point is a critical point of ``f`` (USAM: of which function), in reports."""
        return {"sam": "on the sphere", "usam": "of the Moreau objective", "asam": "on the ellipsoid"}[self.law.variant]

    @cached_property
    def diagonal(self) -> np.ndarray | None:
        """The diagonal of ``D``, shape (d,); None for the identity."""
        return np.array([float(scale) for scale in self.law.scales]) if self.law.scales else None

    @cached_property
    def metric(self) -> np.ndarray | None:
        """The diagonal of ``D^2``, shape (d,); None for the identity."""
        return np.array([float(scale * scale) for scale in self.law.scales]) if self.law.scales else None

    def weighted(self, g: np.ndarray) -> np.ndarray:
        """Return ``D^2 g``."""
        return g if self.metric is None else self.metric * g

    def size(self, g: np.ndarray) -> np.ndarray:
        """Return ``s``, by which gradients are divided: (k,), or a number."""
        if not self.normalised:
            return np.ones(g.shape[:-1])
        return row_norms(np.atleast_2d(g if self.diagonal is None else self.diagonal * g)).reshape(g.shape[:-1])

    def direction(self, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``s`` and ``u``, of the shape of `g`, which is NaN where ``s`` is zero."""
        size = self.size(g)
        with np.errstate(all="ignore"):
            return size, (self.weighted(g) / size[..., None] if self.normalised else g)

    def step(self, g: np.ndarray, rho: float) -> np.ndarray:
        """Return ``rho u``, computed as ``(rho D^2 g) / s``."""
        return rho * self.weighted(g) / self.size(g)[..., None]

    def tangential(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return ``T v`` for vectors along the last axis; of the rows of ``H`` that is ``(T H)^T``."""
        if not self.normalised:
            return v
        along = v @ u if u.ndim == 1 else np.einsum("...i,...i->...", v, u)
        return self.weighted(v) - along[..., None] * u


def row_norms(g: np.ndarray) -> np.ndarray:
    """Return the norms (k,) of lanes (k, d); those whose squares are out of the range of doubles are scaled first."""
    with np.errstate(all="ignore"):
        squares = np.einsum("ij,ij->i", g, g)
        norms = np.sqrt(squares)
        hard = (squares < SMALL_SQUARE) | np.isinf(squares)
        if hard.any():
            largest = np.abs(g[hard]).max(axis=1, initial=0.0)
            usable = (largest > 0) & np.isfinite(largest)
            unit = np.where(usable, np.frexp(largest)[1], 0)
            scaled = np.ldexp(g[hard], -unit[:, None])
            norms[hard] = np.ldexp(np.sqrt(np.einsum("ij,ij->i", scaled, scaled)), unit)
    return norms
