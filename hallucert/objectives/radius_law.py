"""How far the ascent step goes, and in which metric: SAM, USAM and ASAM as one law (theory of other ascent steps).

With ``g`` the gradient, ``H`` the Hessian and ``D`` a fixed positive diagonal,

    x+ = x + rho u,    u = D^2 g / s,    J = D x+ = I + (rho/s) T H,    T = D^2 - u u^T  (USAM: T = I)

===========  =======  ========  ===============================================================
variant      ``D``    ``s``     ``u``
===========  =======  ========  ===============================================================
``"sam"``    ``I``    ``|g|``   ``g / |g|``
``"usam"``   ``I``    ``1``     ``g``: the step is not normalised, and ``rho`` is no length
``"asam"``   given    ``|Dg|``  ``D^2 g / |D g|``, SAM in the metric of a diagonal that stays fixed
===========  =======  ========  ===============================================================

The matrix ``(1/s) T`` is the derivative of ``u`` by ``g``; it is symmetric. The multiplier of a hallucinated point is
``lambda = s / rho``: ``D^2 g = lambda (x+ - x)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import checked_items
from hallucert.arrays import exact_point
from hallucert.errors import ArgumentError
from hallucert.exact import Exact

SMALL_SQUARE = 2.0**-900
"""Smaller squares have lost digits, or their terms have."""

VARIANTS = ("sam", "usam", "asam")


@dataclass(frozen=True)
class RadiusLaw:
    """The law of an ascent step.

    Parameters
    ----------
    variant : {"sam", "usam", "asam"}
        Its name.
    scales : sequence of exact positive numbers
        The diagonal of ``D``, one for each variable; for ``"asam"`` only. Kept as a tuple of fractions.

    Raises
    ------
    ArgumentError
        If the variant is unknown, or `scales` do not fit it.

    Examples
    --------
    >>> RadiusLaw("asam", ["1/2", 2]).scales
    (Fraction(1, 2), Fraction(2, 1))
    """

    variant: str = "sam"
    scales: tuple[Fraction, ...] = ()

    if TYPE_CHECKING:  # what may be given is more than what is kept

        def __init__(self, variant: str = "sam", scales: Sequence[Exact] | np.ndarray = ()) -> None: ...

    def __post_init__(self) -> None:
        if not isinstance(self.variant, str) or self.variant not in VARIANTS:
            raise ArgumentError("variant", self.variant, f"be one of {', '.join(VARIANTS)}")
        must = 'be a sequence of numbers for "asam", one a variable, and empty otherwise'
        items = checked_items(self.scales, "scales", must)
        if bool(items) != (self.variant == "asam"):
            raise ArgumentError("scales", self.scales, must)
        scales = exact_point(items, len(items), "scales")
        if any(not Fraction(10) ** -100 < scale < Fraction(10) ** 100 for scale in scales):
            raise ArgumentError("scales", self.scales, "lie between 1e-100 and 1e100")
        object.__setattr__(self, "scales", scales)

    @property
    def normalised(self) -> bool:
        """Whether the step has length `rho` in its metric, wherever the gradient is not zero."""
        return self.variant != "usam"

    @property
    def name(self) -> str:
        """The name of the method, in capitals."""
        return self.variant.upper()

    @property
    def step_text(self) -> str:
        """The ascent step of a point ``x``, in the sentences of claims."""
        return "rho grad f(x)" if self.variant == "usam" else "rho u(x)"

    @property
    def direction_text(self) -> str:
        """What ``u`` is, in the sentences of claims; empty where there is no ``u``."""
        if self.variant == "usam":
            return ""
        if self.variant == "sam":
            return ", u = grad f/|grad f|"
        return ", u = D^2 grad f/|D grad f|, D the certificate's diagonal"

    @property
    def surface_text(self) -> str:
        """Where a hallucinated point is a critical point of ``f`` (USAM: of which function), in reports."""
        return {"sam": "on the sphere", "usam": "of the Moreau objective", "asam": "on the ellipsoid"}[self.variant]

    @property
    def option_text(self) -> str:
        """What to add to a call so that it means this law, in advice."""
        if self.variant == "asam":
            return ', variant=RadiusLaw("asam", scales)'
        return "" if self.variant == "sam" else f', variant="{self.variant}"'

    @cached_property
    def metric(self) -> np.ndarray | None:
        """The diagonal of ``D^2`` in doubles, shape (d,); None for the identity."""
        return np.array([float(scale * scale) for scale in self.scales]) if self.scales else None

    @cached_property
    def diagonal(self) -> np.ndarray | None:
        """The diagonal of ``D`` in doubles, shape (d,); None for the identity."""
        return np.array([float(scale) for scale in self.scales]) if self.scales else None

    def size(self, g: np.ndarray) -> np.ndarray:
        """Return ``s``, by which the gradient is divided.

        Parameters
        ----------
        g : array of shape (k, d)
            Gradients.

        Returns
        -------
        array of shape (k,)
        """
        if not self.normalised:
            return np.ones(len(g))
        return row_norms(g if self.diagonal is None else self.diagonal * g)

    def direction(self, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``s`` and ``u``.

        Parameters
        ----------
        g : array of shape (k, d)
            Gradients.

        Returns
        -------
        arrays of shapes (k,) and (k, d)
            NaN where ``s`` is zero.
        """
        with np.errstate(all="ignore"):
            size = self.size(g)
            if not self.normalised:
                return size, g
            return size, (g if self.metric is None else self.metric * g) / size[:, None]

    def direction_at(self, g: np.ndarray) -> tuple[np.float64, np.ndarray]:
        """Return ``s`` and ``u`` for one gradient.

        Parameters
        ----------
        g : array of shape (d,)
            A gradient.

        Returns
        -------
        float and array of shape (d,)
            NaN where ``s`` is zero.
        """
        if not self.normalised:
            return np.float64(1.0), g
        weighted = g if self.metric is None else self.metric * g
        size = self.size(g[None])[0]
        with np.errstate(all="ignore"):
            return size, weighted / size

    def step_at(self, g: np.ndarray, rho: float) -> np.ndarray:
        """Return ``rho u`` for one gradient, computed as ``(rho D^2 g) / s``.

        Parameters
        ----------
        g : array of shape (d,)
            A gradient.
        rho : float
            The radius.

        Returns
        -------
        array of shape (d,)
        """
        weighted = g if self.metric is None else self.metric * g
        return rho * weighted / self.direction_at(g)[0]

    def tangential(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return ``T v``.

        Parameters
        ----------
        u : array of shape (k, d)
            Ascent directions.
        v : array of shape (k, d)
            Vectors.

        Returns
        -------
        array of shape (k, d)
        """
        if not self.normalised:
            return v
        moved = v if self.metric is None else self.metric * v
        return moved - np.einsum("ij,ij->i", u, v)[:, None] * u

    def tangential_columns(self, u: np.ndarray, h: np.ndarray) -> np.ndarray:
        """Return ``T H``.

        Parameters
        ----------
        u : array of shape (k, d)
            Ascent directions.
        h : array of shape (k, d, d)
            Hessians.

        Returns
        -------
        array of shape (k, d, d)
        """
        if not self.normalised:
            return h
        moved = h if self.metric is None else self.metric[:, None] * h
        return moved - u[:, :, None] * np.einsum("ki,kij->kj", u, h)[:, None, :]

    def tangential_matrix(self, u: np.ndarray, h: np.ndarray) -> np.ndarray:
        """Return ``T H`` for one direction.

        Parameters
        ----------
        u : array of shape (d,)
            An ascent direction.
        h : array of shape (d, k)
            Columns of a Hessian, or all of it.

        Returns
        -------
        array of shape (d, k)
        """
        if not self.normalised:
            return h
        moved = h if self.metric is None else self.metric[:, None] * h
        return moved - np.outer(u, u @ h)

    def tangential_rows(self, u: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return ``R T`` for one direction.

        Parameters
        ----------
        u : array of shape (d,)
            An ascent direction.
        rows : array of shape (k, d)
            The rows ``R``.

        Returns
        -------
        array of shape (k, d)
        """
        if not self.normalised:
            return rows
        moved = rows if self.metric is None else self.metric * rows
        return moved - np.outer(rows @ u, u)


SAM = RadiusLaw()


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


def radius_law(variant: Any, dimension: int) -> RadiusLaw:
    """Return the law that an argument ``variant=`` names, for a function of `dimension` variables.

    Raises
    ------
    ArgumentError
        If it names none, or its scales are not `dimension` many.
    """
    if isinstance(variant, str) and variant == "asam":
        raise ArgumentError("variant", variant, 'be hallucert.RadiusLaw("asam", scales): the metric has to be given')
    if not isinstance(variant, RadiusLaw) and not (isinstance(variant, str) and variant in VARIANTS):
        raise ArgumentError("variant", variant, 'be "sam", "usam" or hallucert.RadiusLaw("asam", scales)')
    law = variant if isinstance(variant, RadiusLaw) else RadiusLaw(variant)
    if law.scales and len(law.scales) != dimension:
        raise ArgumentError("variant", f"<{len(law.scales)} scales>", f"have {dimension} scales, one a variable")
    return law


def require_sam(variant: Any, instead: str) -> None:
    """Refuse every law but SAM's, for what is a theorem or a search about SAM alone.

    Parameters
    ----------
    variant : Any
        The argument ``variant=`` of the caller.
    instead : str
        Why, and what does it for other ascent steps: it follows ``variant must be "sam":`` in the message.

    Raises
    ------
    ArgumentError
        If the variant is not SAM's.
    """
    if not (isinstance(variant, str | RadiusLaw) and variant in ("sam", SAM)):
        raise ArgumentError("variant", variant, f'be "sam": {instead}')
