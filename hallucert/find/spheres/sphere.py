"""``f`` on the sphere ``S(c, rho)``, by lanes of points, and all of its critical points on a circle (``d = 2``).

Legend as in `hallucert.find.shifted`. On a circle they are found by a root search in the angle:
``T(theta) = <g(c + rho e), e_perp>`` is ``1/rho`` times the derivative of ``f`` along the circle, and ``T' = rho
<e_perp, H e_perp> - <g, e>``. Between neighbouring roots of ``T'`` the function ``T`` is monotone, so its signs at a
grid joined with those roots tell its own roots apart, however close they are.
"""

from __future__ import annotations

import numpy as np

from hallucert.find.eigenvalues import eigh
from hallucert.find.newton import frobenius, newton_lanes, norms, sign_changes
from hallucert.objectives.objective import Objective

# The grid of angles is doubled until the number of sign changes repeats; it begins coarser for float-only objectives.
FIRST_ANGLES = 4096
FIRST_ANGLES_SLOW = 256
MOST_ANGLES = 2**17

REFINEMENT = 33  # samples of each cell in which ``|T'|`` dips without changing sign
OUTSIDE = 2  # sign of ``T`` where it is not defined


class Sphere:
    """The sphere ``S(c, rho)`` with the derivatives of ``f`` restricted to it, on lanes (k, d) of its points."""

    def __init__(self, f: Objective, target: np.ndarray, rho: float) -> None:
        self.f, self.target, self.rho = f, target, rho

    def at(self, directions: np.ndarray) -> np.ndarray:
        """Return the points in the given directions (k, d), which need not be unit vectors."""
        return self.target + self.rho * directions / norms(directions)[:, None]

    def move(self, x: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Return ``x + step``, pulled back to the sphere."""
        return self.at(x + step - self.target)

    def normals(self, x: np.ndarray) -> np.ndarray:
        """Outward normals."""
        return (x - self.target) / self.rho

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Riemannian gradient ``P g``."""
        g, n = self.f.floats.gradient(x), self.normals(x)
        return g - np.einsum("kd,kd->k", g, n)[:, None] * n

    def hessian(self, x: np.ndarray) -> np.ndarray:
        """Riemannian Hessian ``P (H + lambda I) P``, with a zero eigenvalue along ``n``."""
        g, n = self.f.floats.gradient(x), self.normals(x)
        lam = -np.einsum("kd,kd->k", g, n) / self.rho
        projection = np.eye(x.shape[1]) - n[:, :, None] * n[:, None, :]
        return projection @ self.f.floats.hessian(x) @ projection + lam[:, None, None] * projection

    def newton(self, x: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Run Riemannian Newton on lanes; returns the points and ``|P g|``."""
        return newton_lanes(self.gradient, self.hessian, x, steps, 0.3 * self.rho, self.move)

    def descend(self, x: np.ndarray, sign: float, steps: int) -> np.ndarray:
        """Run Riemannian descent (`sign` = 1) or ascent (-1) with a step of its own for every lane.

        A step that lowers ``sign * f`` is kept and the next is longer; otherwise it is undone and the next shorter.
        """
        value = sign * self.f.floats.value(x)
        direction = -sign * self.gradient(x)
        rate = 0.2 * self.rho / np.maximum(norms(direction), 1e-300)
        for _ in range(steps):
            step = rate[:, None] * direction
            step *= np.minimum(1.0, 0.3 * self.rho / np.maximum(norms(step), 1e-300))[:, None]
            trial = self.move(x, step)
            trial_value = sign * self.f.floats.value(trial)
            better = trial_value < value
            x = np.where(better[:, None], trial, x)
            value = np.where(better, trial_value, value)
            direction = np.where(better[:, None], -sign * self.gradient(x), direction)
            rate *= np.where(better, 1.6, 0.35)
        return x


def axes_and_eigenvectors(f: Objective, target: np.ndarray) -> np.ndarray:
    """Return unit vectors (k, d): along the coordinates, and the eigenvectors of ``H(c)`` if they are finite."""
    eigenvectors = eigh(f.floats.hessian(target[None, :])[0])[1].T
    return np.concatenate([np.eye(target.size), eigenvectors[np.isfinite(eigenvectors).all(axis=1)]])


# ---------------------------------------------------------------------- on a circle


def critical_angles(sphere: Sphere) -> np.ndarray:
    """Return the angles at which ``T`` vanishes; shape (k,).

    An arc on which ``T`` is zero to floats gives its middle, a full circle of zeros four angles, a double root (where
    ``T`` touches zero) one.
    """
    grid = _grid(sphere)
    gap = 2 * np.pi / grid.size
    theta = np.sort(np.concatenate([grid, _extrema(sphere, grid, gap)]))
    sign, size = _signs(sphere, theta)
    if not sign.any():
        return theta[:: -(-theta.size // 4)]
    # Begin behind a node that is not zero, so that no run of zeros is cut in two.
    first = int(np.argmax(sign != 0))
    theta = np.concatenate([theta[first:], theta[: first + 1] + 2 * np.pi])
    sign, size = np.append(np.roll(sign, -first), sign[first]), np.append(np.roll(size, -first), size[first])
    return _roots(sphere, theta, sign, size, 3 * gap)


def _roots(sphere: Sphere, theta: np.ndarray, sign: np.ndarray, size: np.ndarray, arc: float) -> np.ndarray:
    """Read the roots off the signs: brackets, runs of zeros shorter than `arc`, and arcs."""
    solid = np.flatnonzero(sign != 0)
    left, right = solid[:-1], solid[1:]
    crossing = sign[left] * sign[right] == -1
    run = right - left > 1
    wide = run & (theta[right] - theta[left] > arc + 1e-9)
    angles = [bisect(sphere, theta[left[crossing & ~wide]], theta[right[crossing & ~wide]])]
    for i in np.flatnonzero(run & (wide | ~crossing)):
        zeros = np.arange(left[i] + 1, right[i])
        best = zeros[zeros.size // 2] if wide[i] else zeros[int(np.argmin(size[zeros]))]
        angles.append(theta[[best]])
    return np.concatenate(angles)


def tangential_derivative(sphere: Sphere, theta: np.ndarray) -> np.ndarray:
    """Return ``T`` at the angles (k,); NaN outside the domain."""
    e = np.column_stack([np.cos(theta), np.sin(theta)])
    g = sphere.f.floats.gradient(sphere.target + sphere.rho * e)
    return g[:, 1] * e[:, 0] - g[:, 0] * e[:, 1]


def tangential_slope(sphere: Sphere, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``T'`` at the angles, and below what size it is rounding error; each (k,)."""
    e = np.column_stack([np.cos(theta), np.sin(theta)])
    p = np.column_stack([-e[:, 1], e[:, 0]])
    x = sphere.target + sphere.rho * e
    g, h = sphere.f.floats.gradient(x), sphere.f.floats.hessian(x)
    slope = sphere.rho * np.einsum("ki,kij,kj->k", p, h, p) - np.einsum("ki,ki->k", g, e)
    return slope, 64 * 2.2e-16 * (norms(g) + frobenius(h) * (sphere.rho + norms(x)))


def _signs(sphere: Sphere, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sign of ``T`` (0 within rounding error, `OUTSIDE` where undefined) and ``|T|``.

    ``g`` is known to about ``eps (|g| + |H| |x|)``; 8 stands for the few operations in ``T``.
    """
    t = tangential_derivative(sphere, theta)
    x = sphere.at(np.column_stack([np.cos(theta), np.sin(theta)]))
    noise = 8 * 2.2e-16 * (norms(sphere.f.floats.gradient(x)) + frobenius(sphere.f.floats.hessian(x)) * norms(x))
    sign = np.where(np.isfinite(t), np.where(np.abs(t) <= noise, 0, np.where(t > 0, 1, -1)), OUTSIDE)
    return sign, np.abs(np.nan_to_num(t, nan=np.inf))


def _grid(sphere: Sphere) -> np.ndarray:
    """Return angles dense enough for the number of sign changes of ``T`` to have settled."""
    count, changes = FIRST_ANGLES if sphere.f.rigorous else FIRST_ANGLES_SLOW, -1
    while True:
        theta = -np.pi + 2 * np.pi * (np.arange(count) + 0.5) / count
        sign = np.sign(tangential_derivative(sphere, theta))
        now = int(np.count_nonzero(sign * np.roll(sign, -1) < 0))
        if now == changes or count >= MOST_ANGLES:
            return theta
        count, changes = 2 * count, now


def _extrema(sphere: Sphere, grid: np.ndarray, gap: float) -> np.ndarray:
    """Return the roots of ``T'``: from sign changes, and in pairs from cells where ``|T'|`` dips."""
    slope, noise = tangential_slope(sphere, grid)
    sign = np.sign(slope)
    crossing = sign * np.roll(sign, -1) < 0
    found = [bisect(sphere, grid[crossing], grid[crossing] + gap, slope=True)]
    size = np.abs(slope)
    dip = (size <= np.roll(size, 1)) & (size <= np.roll(size, -1)) & (size > noise)
    dip &= (sign * np.roll(sign, 1) > 0) & (sign * np.roll(sign, -1) > 0)
    centres, width = grid[dip], gap
    for _ in range(8):
        if centres.size == 0:
            break
        offsets = np.linspace(-width, width, REFINEMENT)
        angles = centres[:, None] + offsets
        t = tangential_slope(sphere, angles.ravel())[0].reshape(angles.shape)
        rows, columns = np.nonzero(np.sign(t[:, :-1]) * np.sign(t[:, 1:]) < 0)
        found.append(bisect(sphere, angles[rows, columns], angles[rows, columns + 1], slope=True))
        quiet = np.setdiff1d(np.arange(centres.size), rows)
        size = np.nan_to_num(np.abs(t[quiet]), nan=np.inf)
        best = np.argmin(size, axis=1)
        # The deepest point joins the nodes as well: T' may touch zero there.
        found.append(angles[quiet, best])
        # A dip that is shallow compared with its surroundings has no root: T' is nearly linear or quadratic by now.
        alive = size.min(axis=1) <= 0.75 * size.max(axis=1)
        centres, width = angles[quiet, best][alive], offsets[1] - offsets[0]
    return (np.concatenate(found) + np.pi) % (2 * np.pi) - np.pi


def bisect(sphere: Sphere, lower: np.ndarray, upper: np.ndarray, slope: bool = False) -> np.ndarray:
    """Bisect all brackets of ``T`` (or of ``T'``) at once, down to neighbouring doubles; returns the angles (k,)."""
    if lower.size == 0:
        return lower
    if slope:
        return sign_changes(lambda theta: tangential_slope(sphere, theta)[0], lower, upper, 60)
    return sign_changes(lambda theta: tangential_derivative(sphere, theta), lower, upper, 60)
