"""The paper's existence proof as a construction (Theorems 2.1, 2.2): the farthest point of a superlevel component."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np

from hallucert.arguments import checked_real, quiet
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError, SearchError, require
from hallucert.exact import NUMBER, Exact
from hallucert.find.candidate import Candidate
from hallucert.find.domain import checked_point, checked_seed, moderate, require_defined
from hallucert.find.farthest.maximizers import (
    MaximizerBall,
    MaximizerSet,
    maximizer_ball,
    maximizer_set,
    require_possible_maximizer,
)
from hallucert.find.farthest.superlevel import farthest_of
from hallucert.find.newton import polished_critical_point
from hallucert.find.rescaled import Unit, in_units, original, original_number
from hallucert.find.shifted import polished_candidate
from hallucert.objectives.doors import checked_objective, require_sam
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.objectives.tape import Tape

PICTURE_POINTS = 2000  # most boundary points of ``U`` kept for pictures


@quiet
def farthest_point(
    f: Objective,
    maximizer: object,
    target: object,
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
        A point near an isolated local maximizer, or ``k >= 2`` points of a maximizer set ``{s = s0}``.
    target : (d,) array-like
        A critical point outside ``U``, usually a minimizer; Newton polishes it.
    level : int, float, str or Fraction, optional
        ``alpha``; by default halfway between ``f`` at the maximizer and the largest value to stay above.
    seed : int
        Seed of random directions and starts.
    level_function : Objective or str, optional
        For a set: ``s``, a formula in the variables of `f`, where the formula of `f`, expanded, does not show it; that
        ``f = phi(s(x))`` is checked, not assumed.
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
    samples = _checked_maximizer(maximizer, d)
    require_defined(f, centre, "target")
    for sample in np.atleast_2d(samples):
        require_defined(f, sample, "maximizer")
    if samples.ndim == 1 and level_function is not None:
        raise ArgumentError("level_function", level_function, "be left out for an isolated maximizer")
    s = None if level_function is None else _checked_level_function(f, level_function)
    scale = float(np.linalg.norm(samples - centre, axis=-1).max())
    units = in_units(f, centre, scale or 1.0)
    centre = polished_critical_point(units, units.inside(centre), math.ldexp(scale, -units.length), "target")
    if samples.ndim == 2:  # they have a unit of their own, the width of the band
        centre = units.outside(centre)
        return _constructed(f, maximizer_set(f, samples, centre, number, s), centre, alpha, number)
    ball = maximizer_ball(units, units.inside(samples), centre, number)
    inner = None if alpha is None else units.number_inside(alpha, Unit.VALUE)
    found = _constructed(units, ball, centre, inner, number)
    return units.result_outside(found, rho=found.rho * Fraction(2) ** units.length)


def _checked_maximizer(value: object, d: int) -> np.ndarray:
    """Return a maximizer (d,), or points (k, d) of a set of them."""
    must = f"be finite numbers of shape ({d},) or (k, {d}) with k >= 2"
    points = real_array(value, "maximizer", must)
    if points.ndim != 2:
        return checked_point(points, d, "maximizer")
    require(d != 1, "maximizer", value, "be one point (1,): in one dimension a maximizer set is a point")
    require(points.shape[1] == d and len(points) >= 2, "maximizer", f"<array of shape {points.shape}>", must)
    return moderate(points, points, "maximizer")


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


def _constructed(
    f: Objective, found: MaximizerBall | MaximizerSet, target: np.ndarray, alpha: float | None, seed: int
) -> Candidate:
    """Carry out the steps after the first."""
    level = _level(f, found, alpha)
    if not f.floats.value(target[None, :])[0] < level and found.holds(target):
        must = f"lie outside of U, for example with f below {original_number(f, level, Unit.VALUE):.6g}"
        raise ArgumentError("target", original(f, target).tolist(), must)
    boundary = found.component(f, target, level, seed)
    return _finished(f, farthest_of(f, level, target, boundary), target, found, boundary)


def _level(f: Objective, found: MaximizerBall | MaximizerSet, level: float | None) -> float:
    """Return the level: validated, or halfway between the maximum and the values it must exceed."""
    low, high = found.boundary_value, found.maximum
    if level is None:
        low = max(low, found.critical_value)
        if not low < 0.5 * (low + high) < high:
            under, top = (original_number(f, value, Unit.VALUE) for value in (low, high))
            raise SearchError(f"no level fits between the critical value {under!r} and the maximum {top!r}")
        return 0.5 * (low + high)
    if not low < level < high:
        given, under, top = (original_number(f, value, Unit.VALUE) for value in (level, low, high))
        must = f"lie strictly between {under!r}, the largest value on the boundary of B, and {top!r}, the maximum"
        raise ArgumentError("level", given, must)
    return level


def _finished(
    f: Objective, x: np.ndarray, target: np.ndarray, found: MaximizerBall | MaximizerSet, boundary: np.ndarray
) -> Candidate:
    """Fix ``rho`` as a double, adjust ``x`` to it and write down the construction."""
    rho = Fraction(float(np.linalg.norm(x - target)))
    units = in_units(f, x, float(rho))
    polished = polished_candidate(units, units.inside(x), units.radius(rho), units.inside(target))
    candidate = units.result_outside(polished, rho=rho, target=target)
    construction = found.construction(
        target=target,
        level=float(f.floats.value(candidate.x[None, :])[0]),
        x=candidate.x,
        component=boundary[:: -(-len(boundary) // PICTURE_POINTS)],
    )
    return replace(candidate, construction=construction)
