"""Hallucinated points of a given target and radius: critical points on a sphere with inward gradient."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from hallucert.arguments import quiet
from hallucert.clock import Progress, look, working
from hallucert.errors import ArgumentError
from hallucert.exact import Exact
from hallucert.find.candidate import Candidate
from hallucert.find.domain import checked_count, checked_point, checked_radius, checked_seed, clear_of_edge, defined
from hallucert.find.newton import (
    EDGE,
    critical_point_near,
    distinct,
    frobenius,
    lexicographic,
    newton_lanes,
    newton_point,
    norms,
    polished_critical_point,
    thinned,
)
from hallucert.find.rescaled import in_units
from hallucert.find.shifted import FLAT, NOISE, polished_candidate, tangential_eigenvalues
from hallucert.find.spheres.descent import minima_on_sphere, symmetric_copies
from hallucert.find.spheres.moreau import moreau_length, moreau_points
from hallucert.find.spheres.sphere import Sphere, axes_and_eigenvectors, critical_angles
from hallucert.objectives.doors import checked_objective, radius_law
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw

LARGE = 200  # most variables of the search that works with whole Hessians; beyond it uses products only


@quiet
def on_sphere(
    f: Objective,
    target: object,
    rho: Exact,
    starts: int | None = None,
    seed: int = 0,
    *,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> list[Candidate]:
    """Find the points that SAM with radius `rho` maps to `target` (the sphere picture).

    They are the critical points of ``f`` on the sphere ``S(target, rho)`` where the gradient points inward. For
    ``d = 2`` a root search in the angle finds them all, short of some so close that ``f`` does not differ between them
    in floats. For ``d >= 3`` descent, ascent and Newton start from random directions, the axes, the eigenvectors of the
    Hessian at the target and other critical points that Newton finds (Proposition 4.5), and points may be missed. Of a
    continuum of solutions a few representatives are returned.

    For USAM there is no sphere: its points are the critical points other than the target of the Moreau objective
    ``m(y) = f(y) + |y - c|^2/(2 rho)``, see `hallucert.find.spheres.moreau`. Those of ASAM are on the
    ellipsoid of its metric. A candidate's `kind` is what it is there.

    Parameters
    ----------
    f : Objective
        The function.
    target : (d,) array-like
        A critical point of ``f``, to about two digits (of ``max(rho, |c|)``, for USAM of the larger of ``|c|`` and
        `hallucert.find.spheres.moreau.moreau_length`): Newton polishes it.
    rho : int, float, str or Fraction
        Radius, positive and exact.
    starts : int, optional
        Random directions for ``d >= 3``; by default ``max(800 - 12 d, 150)``, for float-only objectives an eighth;
        8 beyond `LARGE` variables.
    seed : int
        Of the random directions.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step; ``x+ = x + rho g(x)`` for "usam", `RadiusLaw` for ASAM.
    progress : bool or callable, optional
        As for `hallucert.find.sheet`.

    Returns
    -------
    list of Candidate
        By ``f``, ties by coordinates; empty if there is none, as for every convex ``f`` (Proposition A.1).

    Raises
    ------
    ArgumentError
        If `target` is not near a critical point, or another argument is not as above; for USAM also beyond `LARGE`
        variables.
    SearchError
        Beyond `LARGE` variables, if all descents end at critical points of ``f`` itself.

    Examples
    --------
    The four-well function has the hallucinated point ``(-3/4, -3/4)`` at radius ``7 sqrt(2)/4``:

    >>> f = Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    >>> min(on_sphere(f, (1, 1), 7 * 2**0.5 / 4), key=lambda p: abs(p.x[0] - p.x[1])).x.round(12)
    array([-0.75, -0.75])

    Of ``(x^2 - 1)^2/4`` USAM with rho = 16/3 maps -3/4, a minimum of the Moreau objective, and -1/4, a maximum, to 1:

    >>> f = Objective.parse("(x**2 - 1)**2 / 4")
    >>> [(float(p.x[0].round(12)), p.kind) for p in on_sphere(f, [1], "16/3", variant="usam")]
    [(-0.75, 'minimum'), (-0.25, 'maximum')]
    """
    d = checked_objective(f).dimension
    law = radius_law(variant, d)
    radius = checked_radius(rho, law=law)
    centre = checked_point(target, d, "target")
    count = default_starts(f) if starts is None else checked_count(starts, "starts")
    rng = np.random.default_rng(checked_seed(seed))
    if law.variant == "usam" and d > LARGE:
        instead = f"for {d} variables; hc.find.refine and hc.find.hallucinate search for points of USAM there"
        raise ArgumentError("variant", variant, f'be "sam" or ASAM {instead}')
    with working(progress=progress) as clock, clock.watched():
        return _found(f, centre, radius, law, count, rng)


def _found(
    f: Objective, centre: np.ndarray, radius: Fraction, law: RadiusLaw, count: int, rng: np.random.Generator
) -> list[Candidate]:
    """Search in units of the radius."""
    if law.variant == "usam":
        units = in_units(f, centre, moreau_length(f, centre, float(radius)))
        centre = polished_critical_point(units, units.inside(centre), 1.0, "target")
        found = moreau_points(units, centre, units.radius(radius, law), count, rng)
        return [units.result_outside(candidate, rho=radius, law=law) for candidate in found]
    if law.floats.diagonal is None:
        units = in_units(f, centre, float(radius))
        found = _on_sphere(units, units.inside(centre), units.radius(radius), count, rng)
        return [units.result_outside(candidate, rho=radius) for candidate in found]
    longest = float(radius) * float(law.floats.diagonal.max())
    units = in_units(f, centre, longest)
    centre = units.outside(_polished(units, units.inside(centre), math.ldexp(longest, -units.length)))
    metric = in_units(f, centre, float(radius), law=law)
    found = _on_sphere(metric, metric.inside(centre), metric.radius(radius), count, rng)
    return [metric.result_outside(candidate, rho=radius, law=law, target=centre) for candidate in found]


def _polished(f: Objective, centre: np.ndarray, scale: float) -> np.ndarray:
    if centre.size > LARGE:
        return critical_point_near(f, centre, scale, "target")
    return polished_critical_point(f, centre, scale, "target")


def _on_sphere(
    f: Objective, centre: np.ndarray, radius: Fraction, count: int, rng: np.random.Generator
) -> list[Candidate]:
    """Return the points of SAM, polishing the target `centre` first."""
    d = f.dimension
    centre = _polished(f, centre, float(radius))
    if d > LARGE:
        return minima_on_sphere(f, centre, radius, count, rng)
    sphere = Sphere(f, centre, float(radius))
    if d == 1:
        x = sphere.at(np.array([[-1.0], [1.0]]))
    elif d == 2:
        theta = critical_angles(sphere)
        x = sphere.at(np.column_stack([np.cos(theta), np.sin(theta)]))
    else:
        x = _multi_start(sphere, _directions(sphere, rng, count))
    return candidates_at(sphere, x, radius)


def default_starts(f: Objective) -> int:
    """Return the number of random directions; an eighth for float-only objectives, whose lanes are slow."""
    if f.dimension > LARGE:
        return 8
    count = max(800 - 12 * f.dimension, 150)
    return count if f.rigorous else count // 8


def candidates_at(sphere: Sphere, x: np.ndarray, rho: Fraction) -> list[Candidate]:
    """Keep the hallucinated points among critical points `x` (k, d) on a sphere, each once, polished and sorted."""
    x = x[_inward(sphere, x)]
    x = np.array([polished_on_sphere(sphere, point) for point in x]).reshape(x.shape)
    x = x[_inward(sphere, x) & clear_of_edge(sphere.f, x, EDGE * sphere.rho)]
    x = x[distinct(x, 1e-8 * sphere.rho)]
    if x.shape[0] == 0:
        return []
    x = x[_thinned(sphere, x)]
    found = []
    for number, point in enumerate(x):
        look("points polished", number, len(x))
        found.append(polished_candidate(sphere.f, point, rho, sphere.target))
    values = sphere.f.floats.value(np.array([c.x for c in found]))
    return [found[i] for i in lexicographic(values, np.array([c.x for c in found]))]


def _inward(sphere: Sphere, x: np.ndarray) -> np.ndarray:
    """Tell on which lanes the gradient is not zero to floats, points inward, and is normal to six digits."""
    g, h = sphere.f.floats.gradient(x), sphere.f.floats.hessian(x)
    inward = -np.einsum("kd,kd->k", g, sphere.normals(x))
    size = frobenius(h)
    tangential = norms(sphere.gradient(x))
    inside = defined(sphere.f, x)
    # The tangential part may be 1e-6 of q, or of |H| rho where q is small (the end of a branch, lambda -> 0).
    return (
        inside
        & (inward > NOISE * size * sphere.rho)
        & (tangential <= 1e-6 * np.maximum(inward, 1e-3 * size * sphere.rho))
    )


def polished_on_sphere(sphere: Sphere, x: np.ndarray) -> np.ndarray:
    """Return the critical point of ``f`` on the sphere next to `x` (d,), to machine precision."""

    def system(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        on = sphere.at((y - sphere.target)[None, :])
        return sphere.gradient(on)[0], sphere.hessian(on)[0]

    root = newton_point(system, x, max_steps=20, step_limit=0.05 * sphere.rho)
    return sphere.at((root.x - sphere.target)[None, :])[0]


def _thinned(sphere: Sphere, x: np.ndarray) -> np.ndarray:
    """Return the indices of the points to keep when families of degenerate points are thinned."""
    if x.shape[1] <= 2:  # the search on the circle does not return families
        return np.arange(x.shape[0])
    g, h, n = sphere.f.floats.gradient(x), sphere.f.floats.hessian(x), sphere.normals(x)
    lam = norms(g) / sphere.rho
    scale = lam + frobenius(h)
    smallest = np.array([np.abs(tangential_eigenvalues(*of)).min() for of in zip(h, n, lam, strict=True)])
    # f along a continuum is constant; points found on it are off by 1e-6 rho at most.
    tolerance = 1e-10 * float(scale.max()) * sphere.rho**2
    return thinned(x, sphere.f.floats.value(x), smallest <= FLAT * scale, tolerance, 0.1 * sphere.rho)


def _directions(sphere: Sphere, rng: np.random.Generator, count: int) -> np.ndarray:
    """Return start directions (k, d): random ones, axes, eigenvectors of ``H(c)``, other critical points."""
    d = sphere.target.size
    random = rng.standard_normal((count, d))
    # Proposition 4.5: every other critical point c' begins a branch, roughly in the direction c' - c.
    start = sphere.target + sphere.rho * rng.uniform(0.2, 1.5, (count, 1)) * random / norms(random)[:, None]
    x, size = newton_lanes(sphere.f.floats.gradient, sphere.f.floats.hessian, start, 25, 0.3 * sphere.rho)
    away = x - sphere.target
    away = away[np.isfinite(size) & (norms(away) > 1e-3 * sphere.rho) & (norms(away) < 10 * sphere.rho)]
    copies = symmetric_copies(sphere.f, sphere.target, sphere.rho, 50, rng) - sphere.target
    axes = axes_and_eigenvectors(sphere.f, sphere.target)
    directions = np.concatenate([axes, away / norms(away)[:, None], copies / norms(copies)[:, None]])
    directions = directions[distinct(directions, 1e-3)]
    return np.concatenate([random, directions, -directions])


def _multi_start(sphere: Sphere, directions: np.ndarray) -> np.ndarray:
    """Return critical points on the sphere from Newton, from descent then Newton, and from ascent then Newton."""
    start = sphere.at(directions)
    start = start[np.isfinite(sphere.f.floats.value(start))]
    found = []
    for number, sign in enumerate((0.0, 1.0, -1.0)):
        look("rounds of starts on the sphere", number, 3)
        x, size = sphere.newton(sphere.descend(start, sign, 80) if sign else start, 40)
        x = x[np.isfinite(size)]
        x = x[_inward(sphere, x)]
        found.append(x[distinct(x, 1e-5 * sphere.rho)])
    x = np.concatenate(found)
    return x[distinct(x, 1e-5 * sphere.rho)]
