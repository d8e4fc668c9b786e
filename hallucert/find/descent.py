"""Riemannian Newton-CG on a sphere: descent of ``f`` on ``S(c, rho)`` to a minimum, with Hessian-vector products only.

Legend as in `sphere`: ``n = (x - c)/rho``, ``P = I - n n^T``, ``lambda = -<g, n>/rho``; the Riemannian gradient is
``P g``, the Riemannian Hessian ``R = P (H + lambda I) P``, and a step ``s`` is pulled back along the radius.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hallucert.find.krylov import Ends, Operator, hessian_at
from hallucert.find.spheres.sphere import FLAT, tangential_ends
from hallucert.objectives.objective import Objective

TURN = 0.3  # longest step in units of ``rho``

CONVERGED = 1e-15  # ``|P g| <= CONVERGED (|g| + |R| rho)`` cannot be improved: rounding in ``g`` is larger

# Least relative residual of a linear system; rounding makes curvature look negative far below it.
LINEAR = 1e-5

# Part of ``|f|`` that a step must be expected to win if ``f`` shall judge it; smaller steps must lower ``|P
# g|``.
ROUNDING = 1e-13

# Length, in units of ``rho``, of the first step along a negative eigenvector that Lanczos finds at a saddle.
KICK = 0.05


@dataclass(frozen=True)
class Descended:
    """Where a descent ended."""

    x: np.ndarray  # (d,): the point on the sphere
    value: float  # ``f(x)``
    gradient: np.ndarray  # (d,): ``g(x)``
    inward: float  # ``lambda rho = -<g, n>``: positive if the gradient points inward
    tangential: float  # ``|P g|``
    curvature: float  # largest curvature ``|v^T R v|/|v|^2`` met on the way to `x`, a lower bound of ``|R|``


class SphereDescent:
    """Minimization of ``f`` on ``S(centre, rho)``."""

    def __init__(self, f: Objective, centre: np.ndarray, rho: float, products: int) -> None:
        self.f, self.centre, self.rho, self.products = f, centre, rho, products

    def at(self, direction: np.ndarray) -> np.ndarray:
        """Return the point of the sphere in a direction (d,), which need not be a unit vector."""
        return self.centre + self.rho * direction / np.linalg.norm(direction)

    def state(self, x: np.ndarray, curvature: float = 0.0) -> Descended:
        """Describe a point of the sphere."""
        n = (x - self.centre) / self.rho
        with np.errstate(all="ignore"):
            g = self.f.gradient_lanes(x[None, :])[0]
            value = float(self.f.value_lanes(x[None, :])[0])
            inward = -float(g @ n)
            return Descended(x, value, g, inward, float(np.linalg.norm(g + inward * n)), curvature)

    def run(self, direction: np.ndarray) -> Descended:
        """Descend from the point of the sphere in a direction to where ``P g`` vanishes to rounding."""
        here = self.state(self.at(direction))
        first, left = here.tangential, self.products
        while left > 0 and np.isfinite(here.value) and here.tangential > self._resolved(here):
            step, curvature, used = self._newton_step(here, first, left)
            left -= used
            there = self._backtrack(here, step, curvature)
            if there is None:
                break
            here = there
        return here

    def leave_saddle(self, here: Descended) -> Descended | None:
        """Continue a descent that ended at a saddle of ``f`` on the sphere; None if `here` is a minimum to floats."""
        ends = self.tangential_ends(here)
        if ends.smallest >= -FLAT * max(abs(ends.smallest), abs(ends.largest)):
            return None
        n = (here.x - self.centre) / self.rho
        sides = [self.state(self.at(n + sign * KICK * ends.vector)) for sign in (1.0, -1.0)]
        lower = min(sides, key=lambda side: side.value)
        return self.run(lower.x - self.centre) if lower.value < here.value else None

    def tangential_ends(self, here: Descended) -> Ends:
        """Return both ends of the spectrum of ``R`` on the tangent space, by Lanczos."""
        return tangential_ends(self.f, here.x, (here.x - self.centre) / self.rho, here.inward / self.rho)

    def _resolved(self, here: Descended) -> float:
        return CONVERGED * (abs(here.inward) + here.curvature * self.rho)

    def _hessian(self, here: Descended) -> Operator:
        """Return ``v -> R v``."""
        n, lam, h = (here.x - self.centre) / self.rho, here.inward / self.rho, hessian_at(self.f, here.x)

        def apply(v: np.ndarray) -> np.ndarray:
            w = v.ravel() - (n @ v.ravel()) * n
            rw = h(w) + lam * w
            return rw - (n @ rw) * n

        return apply

    def _newton_step(self, here: Descended, first: float, most: int) -> tuple[np.ndarray, float, int]:
        """Solve ``R s = -P g`` by conjugate gradients, up to a direction of negative curvature.

        Returns a descent direction, the largest curvature met, and the number of products. The tolerance shrinks with
        ``|P g|``, so that convergence is superlinear.
        """
        apply = self._hessian(here)
        n = (here.x - self.centre) / self.rho
        residual = -(here.gradient + here.inward * n)
        step, direction = np.zeros_like(residual), residual
        squared = float(residual @ residual)
        goal = squared * min(0.25, max(here.tangential / first, LINEAR)) ** 2
        curvature, used = here.curvature, 0
        while used < min(most, 4 * here.x.size):
            image = apply(direction)
            used += 1
            bend, length = float(direction @ image), float(direction @ direction)
            curvature = max(curvature, abs(bend) / length)
            if bend <= 1e-12 * curvature * length:
                # f falls along `direction` and does not bend upwards: go there as far as a step may.
                if used == 1:
                    step = residual / max(curvature, 1e-300)
                break
            step = step + (squared / bend) * direction
            residual = residual - (squared / bend) * image
            before, squared = squared, float(residual @ residual)
            if squared <= goal:
                break
            direction = residual + (squared / before) * direction
        if bend <= 1e-12 * curvature * length:
            step = step + direction * (TURN * self.rho / np.sqrt(length)) * (0.5 if used > 1 else 1.0)
        return step, curvature, used

    def _backtrack(self, here: Descended, step: np.ndarray, curvature: float) -> Descended | None:
        """Shorten a step until ``f`` falls or, where that is below rounding, ``|P g|``; None if it never does."""
        slope = float(here.gradient @ step)
        scale = min(1.0, TURN * self.rho / max(float(np.linalg.norm(step)), 1e-300))
        for _ in range(25):
            there = self.state(self.at(here.x + scale * step - self.centre), curvature)
            if -scale * slope > ROUNDING * abs(here.value):
                good = there.value <= here.value + 1e-4 * scale * slope
            else:
                good = there.tangential < 0.5 * here.tangential
            if good:
                return there
            scale *= 0.4
        return None
