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
    """A radius law on lanes of gradients (k, d), or at one gradient (d,)."""

    def __init__(self, law: RadiusLaw) -> None:
        self.law, self.normalised = law, law.normalised

    @cached_property
    def metric(self) -> np.ndarray | None:
        """The diagonal of ``D^2``, shape (d,); None for the identity."""
        return np.array([float(scale * scale) for scale in self.law.scales]) if self.law.scales else None

    @cached_property
    def diagonal(self) -> np.ndarray | None:
        """The diagonal of ``D``, shape (d,); None for the identity."""
        return np.array([float(scale) for scale in self.law.scales]) if self.law.scales else None

    def size(self, g: np.ndarray) -> np.ndarray:
        """Return ``s`` (k,), by which the gradients (k, d) are divided."""
        if not self.normalised:
            return np.ones(len(g))
        return row_norms(g if self.diagonal is None else self.diagonal * g)

    def direction(self, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``s`` (k,) and ``u`` (k, d), which is NaN where ``s`` is zero."""
        with np.errstate(all="ignore"):
            size = self.size(g)
            return size, (self._weighted(g) / size[:, None] if self.normalised else g)

    def direction_at(self, g: np.ndarray) -> tuple[np.float64, np.ndarray]:
        """Return ``s`` and ``u`` (d,) for one gradient; NaN where ``s`` is zero."""
        if not self.normalised:
            return np.float64(1.0), g
        size = self.size(g[None])[0]
        with np.errstate(all="ignore"):
            return size, self._weighted(g) / size

    def step_at(self, g: np.ndarray, rho: float) -> np.ndarray:
        """Return ``rho u`` (d,) for one gradient, computed as ``(rho D^2 g) / s``."""
        return rho * self._weighted(g) / self.direction_at(g)[0]

    def tangential(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return ``T v`` (k, d) for lanes of vectors."""
        if not self.normalised:
            return v
        return self._weighted(v) - np.einsum("ij,ij->i", u, v)[:, None] * u

    def tangential_columns(self, u: np.ndarray, h: np.ndarray) -> np.ndarray:
        """Return ``T H`` (k, d, d) for lanes of Hessians."""
        if not self.normalised:
            return h
        moved = h if self.metric is None else self.metric[:, None] * h
        return moved - u[:, :, None] * np.einsum("ki,kij->kj", u, h)[:, None, :]

    def tangential_matrix(self, u: np.ndarray, h: np.ndarray) -> np.ndarray:
        """Return ``T H`` (d, k) for one direction (d,) and columns (d, k) of a Hessian."""
        if not self.normalised:
            return h
        moved = h if self.metric is None else self.metric[:, None] * h
        return moved - np.outer(u, u @ h)

    def tangential_rows(self, u: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return ``R T`` (k, d) for one direction (d,) and the rows (k, d) of ``R``."""
        return self._weighted(rows) - np.outer(rows @ u, u) if self.normalised else rows

    def _weighted(self, g: np.ndarray) -> np.ndarray:
        """Return ``D^2 g``."""
        return g if self.metric is None else self.metric * g


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
