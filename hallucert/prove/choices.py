"""The exact inputs of claims about a point: what a proof proposes, and a checker only reads.

Each function returns the inputs of the claim of its name, or why there are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.similarity import eigenvector_bases
from hallucert.check.attraction.basin import contraction_of
from hallucert.check.attraction.converges import FEWEST_BITS, MOST_BITS, MOST_STEPS, distance_of, run
from hallucert.check.claim import Claim, Status
from hallucert.check.point.rule import Evidence, Inputs
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.check.region.farthest_point import is_concave
from hallucert.check.region.global_target import is_convex, is_inside
from hallucert.check.region.maximizer_set import factorization
from hallucert.check.region.touching import touches_only_here
from hallucert.clock import look
from hallucert.exact import round_down, round_up

Claims = Mapping[str, Claim]
"""Those that were made before."""

MAX_HALVINGS = 40
"""Of a ball, a cube or an interval, until something holds on all of it."""
HALVINGS, REFINEMENTS = 40, 3
"""The first R is half of rho; it is halved until a proof succeeds, and then brought nearer to the last failure."""
RATE_KEPT = Fraction(1, 2)
"""Of the rate of convergence at ``x*`` so much is kept on all of Omega: more would make it smaller."""
PIECES = 100
"""Cubes that a proof may take."""
LARGEST_DIMENSION = 300
"""More variables make V too long for a certificate."""
LOOK = 8
"""The prover looks where the run is every so many steps."""
WIDE = 4
"""More bits are due when the distance is not known to one part in so many of the radius."""


@dataclass(frozen=True)
class Hints:
    """What a user or a search asks for, or proposes.

    Attributes
    ----------
    construction
        The search's construction (`hallucert.find.candidate.Construction`), for `farthest_point`.
    global_box : (d, 2) array or None
        The box over which the target is asked to be a global minimizer.
    direction : (d,) array or None
        The direction of `no_minimizer_near`.
    step : Fraction or None
        The step of `basin`, dyadic.
    start : tuple of Fraction or None
        Where the run of `converges` starts.
    exact_step : Fraction or None
        The step of `converges`, at most that of `basin`.
    """

    construction: Any = None
    global_box: np.ndarray | None = None
    direction: np.ndarray | None = None
    step: Fraction | None = None
    start: tuple[Fraction, ...] | None = None
    exact_step: Fraction | None = None


def nothing(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """Return no inputs: most claims have none."""
    return {}


def basin(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The step as asked, eigenvectors of ``M(x*)`` in floats, and about the largest R that passes."""
    if hints.step is None or evidence.residual_form:
        return Reason.NEEDS_PREMISES
    if len(evidence.point.x) > LARGEST_DIMENSION:
        return Reason.DIMENSION
    floats = matrix.midpoints(evidence.arithmetic, evidence.point.sam_matrix)
    bases = eigenvector_bases(floats) if np.isfinite(floats).all() else []
    if not bases:
        return Reason.PRECISION
    columns = bases[0].columns / np.linalg.norm(bases[0].columns, axis=0)
    basis = tuple(Fraction(v) for row in columns.tolist() for v in row)
    contraction = contraction_of(evidence, {"step": hints.step, "basis": basis})
    at_point = None if contraction is None else contraction.at_point()
    if contraction is None or at_point is None:
        return Reason.PRECISION
    if at_point.upper >= 1:
        return Reason.STEP
    bound = round_up(1 - RATE_KEPT * (1 - at_point.upper), 24)
    size = round_down(evidence.point.length / 2, 4)
    for _ in range(HALVINGS):
        if contraction.on_all(size, bound, PIECES):
            break
        size /= 2
    else:
        return Reason.STEP
    for k in range(1, REFINEMENTS + 1):
        larger = size * (1 + Fraction(1, 2**k))
        if contraction.on_all(larger, bound, PIECES):
            size = larger
    return {"step": hints.step, "basis": basis, "size": size, "bound": bound}


def converges(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The run as asked; the first multiple of `LOOK` steps, and the fewest bits, with which it arrives."""
    region = claims.get("basin")
    if region is None or region.status is not Status.PROVED or hints.start is None or hints.exact_step is None:
        return Reason.NEEDS_PREMISES
    radius, bits = region.numbers["radius"].lower, max(FEWEST_BITS, evidence.arithmetic.precision)
    while bits <= MOST_BITS:
        for k, x in enumerate(run(evidence, hints.start, hints.exact_step, bits)):
            look()
            if k % LOOK:
                continue
            distance = distance_of(evidence, x, bits)
            if distance is None or WIDE * (distance.upper - distance.lower) > radius:
                break
            if 2 * distance.upper <= radius:  # with room for what publication adds, and bits for what a checker loses
                return {"start": hints.start, "step": hints.exact_step, "steps": k, "bits": 2 * bits}
            if k >= MOST_STEPS:
                return Reason.START
        bits *= 2
    return Reason.START


def farthest_point(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """Take the ball from the search; find the cubes around the maximizer and around ``x*`` by halving."""
    if not 2 <= len(evidence.point.x) <= 3:
        return Reason.DIMENSION
    construction = hints.construction
    if construction.level_function is not None:
        return _maximizer_set(evidence, construction)
    maximizer = [Fraction(float(m)) for m in construction.maximizer]
    ball = Fraction(float(construction.ball_radius))
    cube = ball / 2
    for _ in range(MAX_HALVINGS):
        if is_concave(evidence, maximizer, cube):
            break
        cube /= 2
    else:
        return Reason.NOT_A_MAXIMIZER
    chosen = _neighbourhood(evidence, ball / 2)
    if isinstance(chosen, Reason):
        return chosen
    return {
        "maximizer": tuple(maximizer),
        "ball_radius": ball,
        "cube_radius": cube,
        "neighbourhood_radius": chosen[0],
        "penalty": chosen[1],
    }


def _maximizer_set(evidence: Evidence, construction: Any) -> Inputs | Reason:
    """Take cut, band and box from the search; find ``[t0, t1]`` around the top of ``phi`` by halving."""
    ar = evidence.arithmetic
    if construction.cut is not None:
        named: Inputs = {"cut": construction.cut}
    else:
        named = {"level_function": construction.level_function, "profile": construction.profile}
    parts = factorization(evidence, named)
    if parts is None:
        return Reason.NOT_A_MAXIMIZER
    low, high = (Fraction(float(b)) for b in construction.band)
    centre = ar.midpoint(parts.s([ar.constant(Fraction(float(m))) for m in construction.maximizer]))
    centre = Fraction(float(centre))
    radius = min(centre - low, high - centre) / 2
    for _ in range(MAX_HALVINGS):
        if ar.negative(parts.bend(ar.interval(centre - radius, centre + radius))):
            break
        radius /= 2
    else:
        return Reason.NOT_A_MAXIMIZER
    size = min(Fraction(float(b[1])) - Fraction(float(b[0])) for b in construction.box)
    chosen = _neighbourhood(evidence, size / 4)
    if isinstance(chosen, Reason):
        return chosen
    return {
        **named,
        "band": (low, high),
        "top": (centre - radius, centre + radius),
        "box": tuple((Fraction(float(b[0])), Fraction(float(b[1]))) for b in construction.box),
        "neighbourhood_radius": chosen[0],
        "penalty": chosen[1],
    }


def global_target(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The box as asked; the largest cube of convexity that halving finds."""
    asked = hints.global_box
    if asked is None:
        return Reason.NEEDS_PREMISES
    box = tuple((Fraction(float(low)), Fraction(float(high))) for low, high in asked)
    if not is_inside(evidence.arithmetic, evidence.point.plus, box):
        return Reason.OUTSIDE
    radius = max(high - low for low, high in box)
    for _ in range(MAX_HALVINGS):
        if is_convex(evidence, radius):
            return {"box": box, "convex_radius": radius}
        radius /= 2
    return Reason.DEGENERATE_TARGET


def no_minimizer_near(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The direction that the search proposes."""
    if hints.direction is None:
        return Reason.NEEDS_PREMISES
    return {"direction": tuple(Fraction(float(v)) for v in hints.direction)}


def _neighbourhood(evidence: Evidence, largest: Fraction) -> tuple[Fraction, Fraction] | Reason:
    """Find a cube and a penalty, the cube as large as halving from `largest` allows."""
    penalty = _penalty(evidence.point)
    if penalty is None:
        return Reason.NOT_A_MAXIMUM
    radius = largest
    for _ in range(MAX_HALVINGS):
        if touches_only_here(evidence, radius, penalty):
            return radius, penalty
        radius /= 2
    return Reason.NOT_A_MAXIMUM


def _penalty(point: Point) -> Fraction | None:
    """A penalty that makes ``Hess Psi(x*)`` negative definite with room, from floats.

    On the tangent space ``H + lambda I`` has largest eigenvalue ``-t``, ``t > 0``; with ``n`` its norm on all of R^d,
    the normal direction needs ``8 k rho^2 > n + n^2/t`` (Schur complement). Twice that is taken.
    """
    ar = point.arithmetic
    h = matrix.midpoints(ar, point.hessian)
    lam = float(ar.midpoint(point.multiplier))
    u = np.array([float(ar.midpoint(v)) for v in point.u])
    basis = np.linalg.svd(u[None, :])[2][1:]
    shifted = h + lam * np.eye(len(u))
    top = np.linalg.eigvalsh(basis @ shifted @ basis.T)[-1] if len(u) > 1 else -1.0
    size = np.linalg.norm(shifted, 2)
    if not top < 0 or not np.isfinite(size):
        return None
    return round_up(Fraction(float(2 * size * (1 + size / -top))) / (8 * point.exact_rho**2), 24)
