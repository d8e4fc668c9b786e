"""Hallucinated points of USAM with a given target: critical points of the Moreau objective other than the target.

Legend: ``c`` target, ``m(y) = f(y) + |y - c|^2/(2 rho)``, ``v`` a unit vector. ``x + rho g(x) = c`` says that the
gradient of ``m`` vanishes at ``x``. Then its derivative along the ray from ``c`` through ``x`` vanishes, too:
``h(t) = <g(c + t v), v> + t/rho = 0``. So Newton starts where ``h`` changes sign, or nearly so, on many rays.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.clock import look
from hallucert.find.candidate import Candidate
from hallucert.find.domain import defined
from hallucert.find.eigenvalues import eigvalsh
from hallucert.find.newton import (
    distinct,
    frobenius,
    lexicographic,
    newton_lanes,
    newton_point,
    norms,
    sign_changes,
    thinned,
)
from hallucert.find.rescaled import RANGE, exponent
from hallucert.find.shifted import FLAT, Shifted
from hallucert.find.spheres.sphere import axes_and_eigenvectors
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw

USAM = RadiusLaw("usam")

ANGLES = 512  # rays in the plane
OCTAVES = 24  # rays are sampled from ``2**-24`` to ``2**24`` of ``max(1, |c|)``, in units of `moreau_length`
NEAREST = 1e-6  # nearer to the target than this part of ``|c|`` differences of ``g`` are rounding
FIRST_DENSITY = 4  # distances an octave, doubled until the number of sign changes repeats
SAMPLES = 2**19  # at most so many in all
DIP = 0.5  # ``|h| rho/t`` below this, and less than beside it, is where two sign changes may hide between samples
REFINEMENT, ZOOMS = 17, 5  # such a dip is sampled so often, and its deepest part again, so many times
SEPARATE = 1e-7  # of ``max(1, |c|)``: closer points are one, for floats give a double root to eight digits


def moreau_points(
    f: Objective, target: np.ndarray, rho: Fraction, starts: int, rng: np.random.Generator
) -> list[Candidate]:
    """Return the critical points of ``m`` other than the target, by ``f``, ties by coordinates.

    For ``d = 1`` the rays are all of the line, and for ``d = 2`` `ANGLES` of them are dense; both find all points whose
    neighbours on a ray are not too close. For ``d >= 3`` rays are the axes, the eigenvectors of ``H(c)`` and `starts`
    random ones, and points may be missed.
    """
    search = _Moreau(f, target, float(rho))
    rays = _rays(search, starts, rng)
    start = search.stationary_on(rays)
    if len(start) == 0:
        return []
    reach = 0.3 * float(norms(start - target).max())
    if target.size > 2:
        # Proposition 4.5: for large rho the points are near the other critical points of f.
        critical = newton_lanes(f.floats.gradient, f.floats.hessian, start, 25, reach)[0]
        start = np.concatenate([start, critical[np.isfinite(critical).all(axis=1)]])
    x = search.distinct_roots(newton_lanes(search.gradient, search.hessian, start, 60, reach)[0])
    if len(x) == 0:
        return []
    x = x[search.representatives(x)]
    found, shifted = [], Shifted(f, float(rho), USAM)
    for number, p in enumerate(x):
        look("points classified", number, len(x))
        found.append(shifted.candidate(p, rho, target))
    return [found[i] for i in lexicographic(f.floats.value(x), x)]


def moreau_length(f: Objective, target: np.ndarray, rho: float) -> float:
    """Return the length scale of the search: where ``m`` is no longer what its second derivatives at the target say.

    On a ray ``h(t)/t`` has to change from ``1/rho + v^T H(c) v`` to 0 before there is a point. The length is the least
    power of two at which it has changed by half of that, or by ``1/(2 rho)``, along a line; at least ``NEAREST |c|``.
    If it nowhere changes so much, ``|c|``, or 1.
    """
    size = float(norms(target[None, :])[0])
    first = exponent(NEAREST * size) if size > 0 else -RANGE
    t = np.ldexp(1.0, np.arange(first, RANGE))[:, None]
    lengths = []
    v = np.random.default_rng(0).standard_normal(target.size)
    for ray in (v / np.linalg.norm(v), -v / np.linalg.norm(v)):
        start = f.floats.gradient(target[None, :])
        bend = rho * (f.floats.gradient(target + t * ray) - start) @ ray / t[:, 0]
        flat = rho * float((f.floats.hessian_vector(target[None, :], ray[None, :]) @ ray)[0])
        changed = np.isfinite(bend) & (np.abs(bend - flat) >= 0.5 * max(1.0, abs(1 + flat)))
        lengths += t[changed][:1, 0].tolist()
    return min(lengths, default=size or 1.0)


def _rays(search: _Moreau, starts: int, rng: np.random.Generator) -> np.ndarray:
    """Return unit vectors (k, d)."""
    d = search.target.size
    if d == 1:
        return np.array([[-1.0], [1.0]])
    if d == 2:
        # The offset keeps the rays from an axis of symmetry, where Newton cannot leave it.
        theta = 2 * np.pi * (np.arange(ANGLES) + 0.25) / ANGLES
        return np.column_stack([np.cos(theta), np.sin(theta)])
    random = rng.standard_normal((starts, d))
    fixed = axes_and_eigenvectors(search.f, search.target)
    return np.concatenate([random / norms(random)[:, None], fixed, -fixed])


class _Moreau:
    """The Moreau objective of a target: its derivatives, and the search for its critical points."""

    def __init__(self, f: Objective, target: np.ndarray, rho: float) -> None:
        self.f, self.target, self.rho = f, target, rho
        self.unit = max(1.0, float(np.linalg.norm(target)))

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return ``g(x) + (x - c)/rho`` on lanes."""
        return self.f.floats.gradient(x) + (x - self.target) / self.rho

    def hessian(self, x: np.ndarray) -> np.ndarray:
        """Return ``H(x) + I/rho`` on lanes."""
        return self.f.floats.hessian(x) + np.eye(x.shape[1]) / self.rho

    def slope(self, rays: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return ``h(t) rho/t`` for distances `t` (k, n) on rays (k, d); shape (k, n)."""
        x = self.target + t[:, :, None] * rays[:, None, :]
        g = self.f.floats.gradient(x.reshape(-1, x.shape[2])).reshape(x.shape)
        return self.rho * np.einsum("knd,kd->kn", g, rays) / t + 1

    def stationary_on(self, rays: np.ndarray) -> np.ndarray:
        """Return the points (k, d) where ``h`` changes sign on the rays, and where it comes near that."""
        density, changes = FIRST_DENSITY, -1
        while True:
            look("points on rays", len(rays) * 2 * OCTAVES * density, SAMPLES)
            steps = np.arange(-OCTAVES * density, OCTAVES * density + 1)
            t = np.broadcast_to(self.unit * 2.0 ** (steps / density), (len(rays), steps.size))
            slope = self.slope(rays, t)
            crossing = slope[:, :-1] * slope[:, 1:] <= 0
            now = int(np.count_nonzero(crossing))
            if now == changes or 2 * slope.size > SAMPLES:
                break
            density, changes = 2 * density, now
        which, at = np.nonzero(crossing)
        found = [self._bisected(rays[which], t[0][at], t[0][at + 1])[:, None] * rays[which]]
        size = np.nan_to_num(np.abs(slope), nan=np.inf)
        dip = (size[:, 1:-1] < size[:, :-2]) & (size[:, 1:-1] < size[:, 2:]) & (size[:, 1:-1] < DIP)
        which, at = np.nonzero(dip & ~crossing[:, :-1] & ~crossing[:, 1:])
        return self.target + np.concatenate(found + self._in_dips(rays[which], t[0][at], t[0][at + 2]))

    def _in_dips(self, rays: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> list[np.ndarray]:
        """Look closer where ``|h|`` dips: return vectors to its sign changes there, or to its minima."""
        found = []
        for _ in range(ZOOMS):
            if len(rays) == 0:
                break
            t = lower[:, None] + (upper - lower)[:, None] * np.linspace(0, 1, REFINEMENT)
            slope = self.slope(rays, t)
            which, at = np.nonzero(slope[:, :-1] * slope[:, 1:] <= 0)
            middles = self._bisected(rays[which], t[which, at], t[which, at + 1])
            found.append(middles[:, None] * rays[which])
            quiet = np.setdiff1d(np.arange(len(rays)), which)
            best = np.clip(np.argmin(np.abs(slope[quiet]), axis=1), 1, REFINEMENT - 2)
            rays, lower, upper = rays[quiet], t[quiet, best - 1], t[quiet, best + 1]
        found.append((0.5 * (lower + upper))[:, None] * rays)
        return found

    def _bisected(self, rays: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
        """Return distances (k,) nearer to the sign changes in between; Newton does the rest."""
        return sign_changes(lambda t: self.slope(rays, t[:, None])[:, 0], lower, upper, 10)

    def distinct_roots(self, x: np.ndarray) -> np.ndarray:
        """Return the critical points among lanes (k, d), each once and polished, without the target."""
        away = norms(x - self.target)
        left, size = norms(self.gradient(x)), frobenius(self.hessian(x))
        keep = defined(self.f, x) & (away > SEPARATE * self.unit) & (left <= 1e-6 * size * away) & np.isfinite(size)
        x, away = x[keep], away[keep]
        # Far from the target coordinates have fewer digits; near it points may be close to each other.
        x = x[np.argsort(away, kind="stable")]
        x = x[distinct(x, 1e-9 * self.unit)]
        roots = [newton_point(self._system, p, 30, 0.05 * float(np.linalg.norm(p - self.target))) for p in x]
        x = np.array([r.x for r in roots if self._is_hallucinated(r.x)]).reshape(-1, x.shape[1])
        return x[distinct(x, SEPARATE * self.unit)]

    def _system(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.gradient(x[None, :])[0], self.hessian(x[None, :])[0]

    def _is_hallucinated(self, x: np.ndarray) -> bool:
        """Tell whether `x` is not the target, and ``x + rho g(x)`` is, to nine digits of the way."""
        step = x - self.target
        way, left = float(np.linalg.norm(step)), self.rho * float(np.linalg.norm(self.gradient(x[None, :])[0]))
        noise = 1e-13 * self.rho * float(np.linalg.norm(self.f.floats.hessian(x[None, :])[0])) * self.unit
        return way > SEPARATE * self.unit and left <= 1e-9 * way + noise and bool(defined(self.f, x[None, :])[0])

    def representatives(self, x: np.ndarray) -> np.ndarray:
        """Return the indices of all nondegenerate points, and of a few of each continuum."""
        eigenvalues = np.abs(eigvalsh(self.hessian(x)))
        scale = eigenvalues.max(axis=1)
        away = float(norms(x - self.target).max())
        tolerance = 1e-10 * float(scale.max()) * away**2
        return thinned(x, self.f.floats.value(x), eigenvalues.min(axis=1) <= FLAT * scale, tolerance, 0.1 * away)
