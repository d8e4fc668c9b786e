"""The paper's existence proof as a construction (Theorems 2.1, 2.2): the farthest point of a superlevel component."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import checked_real, quiet
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError, SearchError
from hallucert.exact import NUMBER, Exact
from hallucert.find.arguments import checked_objective, checked_point, checked_samples, checked_seed
from hallucert.find.candidate import Candidate, Construction
from hallucert.find.domain import require_defined, values_around
from hallucert.find.farthest.maximizer_ball import MaximizerBall, directions, maximizer_ball
from hallucert.find.farthest.maximizer_refusal import require_possible_maximizer
from hallucert.find.farthest.maximizer_set import MaximizerSet, maximizer_set
from hallucert.find.farthest.superlevel import (
    COARSE,
    FINE,
    ascend_level_set,
    component_boundary,
    farthest_of,
    farthest_system,
    ray_boundary,
)
from hallucert.find.newton import newton_point, norms, polished_critical_point
from hallucert.find.rescaled import in_units, original, original_value
from hallucert.find.spheres.sphere import polished_candidate
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw, require_sam
from hallucert.objectives.tape import Tape

PICTURE_POINTS = 2000  # most boundary points of ``U`` kept for pictures


@quiet
def farthest_point(
    f: Objective,
    maximizer: Any,
    target: Any,
    level: Exact | None = None,
    seed: int = 0,
    *,
    level_function: Objective | str | None = None,
    variant: str | RadiusLaw = "sam",
) -> Candidate:
    """Carry out the existence proof of Theorems 2.1 and 2.2, step by step, in floats.

    1. a ball ``B`` around the maximizer on whose boundary ``f`` is lower (for a set: a band of ``s`` in a box);
    2. a level ``alpha`` between the two, and the component ``U`` of ``{f >= alpha}`` in ``B`` with the maximizer;
    3. ``alpha`` above every critical value found in ``B`` but those of maximizers (Lemma A.9);
    4. ``x*``, the point of ``U`` farthest from `target`; when several tie, by symmetry, one of them;
    5. the sign of its multiplier (Lemma A.4);
    6. ``rho = |x* - target|``, as the double that it rounds to, and ``x*`` adjusted to that exact ``rho``.

    Parameters
    ----------
    f : Objective
        The function.
    maximizer : (d,) or (k, d) array-like
        A point near an isolated local maximizer, or ``k >= 2`` points of a maximizer set ``{s = s0}`` (see
        `hallucert.find.maximizer_set`).
    target : (d,) array-like
        A critical point outside ``U``, usually a minimizer; Newton polishes it.
    level : int, float, str or Fraction, optional
        ``alpha``. By default halfway between ``f`` at the maximizer and the largest value that the construction must
        stay above.
    seed : int
        Seed of random directions and starts.
    level_function : Objective or str, optional
        For a set: ``s``, a formula in the variables of `f` of which `f` is a function. It is needed only where the
        formula of `f`, expanded, does not show it; that ``f = phi(s(x))`` is checked, not assumed.
    variant : {"sam"}
        The ascent step: the paper's construction is about SAM.

    Returns
    -------
    Candidate
        With `Candidate.construction`; its `kind` is "maximum" for ``d >= 2`` (Proposition 4.3). The level recorded
        there is ``f`` at the final ``x*``, which differs from `level` by rounding.

    Raises
    ------
    ArgumentError
        If `maximizer` is no maximizer, `target` no critical point or inside ``U``, or `level` out of range; if `f` is a
        network with linear outputs, which has no local maximizer at all (Proposition 4.6).
    SearchError
        If a step fails in floats; the message says which.

    Examples
    --------
    The farthest point of the four-well function lies on the diagonal for levels above 9/8:

    >>> f = Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    >>> candidate = farthest_point(f, (0, 0), (1, 1), level="1.5")
    >>> candidate.x.round(9)
    array([-0.3660254, -0.3660254])
    >>> candidate.kind
    'maximum'
    """
    d = checked_objective(f).dimension
    require_sam(variant, 'the construction is about SAM; find.on_sphere(..., variant="usam") searches for other points')
    require_possible_maximizer(f)
    centre = checked_point(target, d, "target")
    number = checked_seed(seed)
    alpha = None if level is None else checked_real(level, "level", NUMBER, lambda number: True)
    points = real_array(maximizer, "maximizer", f"be finite numbers of shape ({d},) or (k, {d}) with k >= 2")
    is_set = points.ndim == 2
    if is_set and d == 1:
        raise ArgumentError("maximizer", maximizer, "be one point (1,): in one dimension a maximizer set is a point")
    samples = checked_samples(points, d, "maximizer") if is_set else checked_point(points, d, "maximizer")
    require_defined(f, centre, "target")
    for sample in np.atleast_2d(samples):
        require_defined(f, sample, "maximizer")
    scale = float(np.linalg.norm(samples - centre, axis=-1).max())
    units = in_units(f, centre, scale or 1.0)
    centre = polished_critical_point(units, units.inside(centre), math.ldexp(scale, -units.length), "target")
    if is_set:  # they have a unit of their own, the width of the band
        centre = units.outside(centre)
        s = None if level_function is None else _checked_level_function(f, level_function)
        return _constructed(f, maximizer_set(f, samples, centre, number, s), centre, alpha, number)
    if level_function is not None:
        raise ArgumentError("level_function", level_function, "be left out for an isolated maximizer")
    ball = maximizer_ball(units, units.inside(samples), centre, number)
    found = _constructed(units, ball, centre, None if alpha is None else units.value_inside(alpha), number)
    return units.original(found, found.rho * Fraction(2) ** units.length)


def _constructed(
    f: Objective, found: MaximizerBall | MaximizerSet, target: np.ndarray, alpha: float | None, seed: int
) -> Candidate:
    """Carry out the steps after the first."""
    level = _level(f, found, alpha)
    _require_outside(f, target, found, level)
    boundary = _boundary(f, found, target, level, seed)
    x, _ = farthest_of(f, level, target, boundary)
    return _finished(f, x, target, found, boundary)


def _checked_level_function(f: Objective, s: Objective | str) -> Tape:
    """Return the tape of ``s``, a formula in the variables of `f`."""
    must = f"be a formula in the variables {', '.join(f.variables[:6])}"
    if isinstance(s, str):
        try:
            s = Objective.parse(s, variables=f.variables)
        except ArgumentError as error:
            raise ArgumentError("level_function", s, f"{must} ({error})") from None
    if not isinstance(s, FormulaObjective) or s.variables != f.variables:
        raise ArgumentError("level_function", s, must)
    return s.tape


def _level(f: Objective, found: MaximizerBall | MaximizerSet, level: float | None) -> float:
    """Return the level: validated, or halfway between the maximum and the values it must exceed."""
    low, high = found.boundary_value, found.maximum
    if level is None:
        low = max(low, found.critical_value)
        if not low < 0.5 * (low + high) < high:
            ends = f"the critical value {original_value(f, low)!r} and the maximum {original_value(f, high)!r}"
            raise SearchError(f"no level fits between {ends}")
        return 0.5 * (low + high)
    if not low < level < high:
        raise ArgumentError(
            "level",
            original_value(f, level),
            f"lie strictly between {original_value(f, low)!r}, the largest value on the boundary of B, and "
            f"{original_value(f, high)!r}, the maximum",
        )
    return level


def _require_outside(f: Objective, target: np.ndarray, found: MaximizerBall | MaximizerSet, level: float) -> None:
    if f.value_lanes(target[None, :])[0] < level:
        return
    if isinstance(found, MaximizerBall):
        near = bool(np.linalg.norm(target - found.centre) <= found.radius)
    else:
        near = bool(((target >= found.box[:, 0]) & (target <= found.box[:, 1])).all())
    if near:
        must = f"lie outside of U, for example with f below {original_value(f, level):.6g}"
        raise ArgumentError("target", original(f, target).tolist(), must)


def _boundary(
    f: Objective, found: MaximizerBall | MaximizerSet, target: np.ndarray, level: float, seed: int
) -> np.ndarray:
    """Return points (k, d) of the boundary of ``U``; of its outer part for a maximizer set.

    The farthest point of ``{s1 <= s <= s2}`` is that of ``{s <= s2}``: the hole ``{s < s1}`` lies inside.
    """
    d = f.dimension
    cells = (FINE if f.rigorous else COARSE).get(d, 0)
    if isinstance(found, MaximizerBall):
        centre, radius, value = found.centre, found.radius, values_around(f, found.centre)
        if d > 3:
            e = directions(d, 400, seed)
            return ascend_level_set(f, level, target, ray_boundary(value, level, centre, radius, e), 150)
        box = np.column_stack([centre - radius, centre + radius])
        return component_boundary(value, level, lambda x: norms(x - centre) <= radius, centre, box, cells)
    s, s2, box = found.inner, found.outer_level(level), found.box
    if d > 3:
        start = found.samples[:: max(1, len(found.samples) // 400)]
        for _ in range(60):
            g = s.gradient_lanes(start)
            start = start + ((s2 - s.value_lanes(start)) / np.einsum("kd,kd->k", g, g))[:, None] * g
        return ascend_level_set(f, level, target, start, 150)

    def in_box(x: np.ndarray) -> np.ndarray:
        return np.all((x >= box[:, 0]) & (x <= box[:, 1]), axis=1)

    inner = values_around(s, found.samples[0])
    return component_boundary(lambda x: -inner(x), -s2, in_box, found.samples[0], box, cells)


def _finished(
    f: Objective, x: np.ndarray, target: np.ndarray, found: MaximizerBall | MaximizerSet, boundary: np.ndarray
) -> Candidate:
    """Fix ``rho`` as a double, adjust ``x`` to it and write down the construction."""
    rho = Fraction(float(np.linalg.norm(x - target)))
    units = in_units(f, x, float(rho))
    polished = polished_candidate(units, units.inside(x), units.radius(rho), units.inside(target))
    candidate = units.original(polished, rho, target=target)
    level = float(f.value_lanes(candidate.x[None, :])[0])
    picture = boundary[:: -(-len(boundary) // PICTURE_POINTS)]
    if isinstance(found, MaximizerBall):
        maximizer = found.centre
        step_one: dict[str, Any] = {"ball_radius": found.radius}
    else:
        maximizer = _nearest_maximizer(found, candidate.x)
        step_one = {"ball_radius": None, "band": found.band, "box": found.box}
        step_one |= {"cut": found.cut, "level_function": found.inner.tape, "profile": found.outer.tape}
    construction = Construction(
        maximizer=maximizer,
        target=target,
        boundary_value=found.boundary_value,
        maximum=found.maximum,
        level=level,
        x=candidate.x,
        component=picture,
        **step_one,
    )
    return replace(candidate, construction=construction)


def _nearest_maximizer(found: MaximizerSet, x: np.ndarray) -> np.ndarray:
    """Return the point of ``{s = s0}`` nearest to `x`: Newton on the Lagrange system from the nearest sample."""
    sample = found.samples[int(np.argmin(norms(found.samples - x)))]
    length = float(np.linalg.norm(sample - x))
    system, z = farthest_system(found.inner, found.s0, x, sample)
    root = newton_point(system, z, max_steps=60, step_limit=0.2)
    point = length * root.x[:-1]
    return point if root.solved(1.0) and np.linalg.norm(point - x) <= length * (1 + 1e-9) else sample
