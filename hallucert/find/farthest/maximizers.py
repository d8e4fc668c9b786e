"""Step 1 of the existence proof: a set ``B`` around a maximizer, or a set of them, on whose boundary ``f`` is lower.

Around an isolated maximizer ``B`` is a ball. For a bounded maximizer set ``X = {s = s0}`` (Theorem 2.2) the function
must factor, ``f = phi(s(x))``, such that ``phi`` has a strict local maximum at ``s0`` and the sublevel sets of ``s``
slightly above ``s0`` are bounded: rings, shells, level curves of a bowl. ``s`` is a node of its tape, or a function of
which the formula is one up to rewriting (`hallucert.find.farthest.level_functions`).

Proposition 4.6: a network with a free bias on a linear output has no local maximizer, so no construction starts. Let
``b_j`` be the bias of output ``j``. Adding ``t`` to it adds ``t`` to that output on every sample and changes no other
output, so ``f`` along it is the mean loss of shifted outputs, with the second derivative

    squared error     1 + w                                  (half the mean square: the mean of 1 over the samples)
    cross-entropy     (1/n) sum_i p_ij (1 - p_ij) + w        (softmax p_ij in (0, 1), as there are two outputs or more)

and ``w >= 0`` the weight decay. Both are positive everywhere: ``f`` is strictly convex along ``b_j``, and a strictly
convex function of one variable has no local maximizer, strict or not. One bias alone matters for the cross-entropy: it
does not change when all biases grow together. A tanh on the outputs breaks the argument.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hallucert.errors import ArgumentError, SearchError
from hallucert.find.candidate import Construction
from hallucert.find.critical_points import CriticalPointKind, critical_points
from hallucert.find.domain import values_around
from hallucert.find.eigenvalues import critical_kind
from hallucert.find.farthest.level_functions import compositions
from hallucert.find.farthest.superlevel import ascend_level_set, component_boundary, farthest_system, ray_boundary
from hallucert.find.newton import bisected, gradient_system, newton_point, norms, polished_critical_point
from hallucert.find.rescaled import Unit, original, original_number
from hallucert.find.spheres.sphere import Sphere
from hallucert.objectives.canonical import cut_nodes, inner_part, outer_part
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.network.structure import training_of
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Tape

ASCENT = 150  # steps along the boundary of ``U``, beyond three variables


@dataclass(frozen=True)
class MaximizerBall:
    """The ball ``B`` around an isolated maximizer."""

    centre: np.ndarray  # (d,): the maximizer
    radius: float
    boundary_value: float  # largest ``f`` found on the boundary
    maximum: float  # ``f`` at the centre
    critical_value: float  # largest ``f`` at a critical point found in ``B`` but maximizers; ``-inf`` if there is none

    def holds(self, x: np.ndarray) -> bool:
        """Tell whether a point lies in ``B``."""
        return bool(np.linalg.norm(x - self.centre) <= self.radius)

    def component(self, f: Objective, target: np.ndarray, level: float, seed: int) -> np.ndarray:
        """Return points (k, d) of the boundary of ``U``, the component of ``{f >= level}`` around the maximizer."""
        centre, radius, value = self.centre, self.radius, values_around(f, self.centre)
        if f.dimension > 3:
            rays = directions(f.dimension, 400, seed)
            return ascend_level_set(f, level, target, ray_boundary(value, level, centre, radius, rays), ASCENT)
        box = np.column_stack([centre - radius, centre + radius])
        return component_boundary(value, level, lambda x: norms(x - centre) <= radius, centre, box, f.rigorous)

    def construction(self, target: np.ndarray, level: float, x: np.ndarray, component: np.ndarray) -> Construction:
        """Return the record of all steps."""
        return Construction(self.centre, target, self.radius, self.boundary_value, self.maximum, level, x, component)


@dataclass(frozen=True)
class MaximizerSet:
    """A maximizer set ``{s = s0}`` and the band ``B`` around it."""

    samples: np.ndarray  # (k, d): points of the set
    cut: int | None  # the tape node ``s``, if it is one
    inner: FormulaObjective  # ``s``
    outer: FormulaObjective  # ``phi``
    s0: float  # where ``phi`` has its maximum
    band: tuple[float, float]  # ``B`` is the part between in `box`; ``phi`` rises up to `s0` and falls after it
    box: np.ndarray  # (d, 2): on its boundary ``s > band[1]``
    boundary_value: float  # the larger of ``phi(band[0])``, ``phi(band[1])``
    maximum: float  # ``phi(s0)``
    critical_value: float  # largest ``f`` at a critical point of ``s`` in the band, ``-inf`` if there is none

    def holds(self, x: np.ndarray) -> bool:
        """Tell whether a point lies in the box of ``B``."""
        return bool(self._in_box(x[None, :])[0])

    def component(self, f: Objective, target: np.ndarray, level: float, seed: int) -> np.ndarray:
        """Return points (k, d) of the outer boundary of ``U``, the component of ``{f >= level}`` around the set.

        The farthest point of ``{s1 <= s <= s2}`` is that of ``{s <= s2}``: the hole ``{s < s1}`` lies inside.
        """
        s, s2 = self.inner, self._outer_level(level)
        if f.dimension > 3:
            start = self.samples[:: max(1, len(self.samples) // 400)]
            for _ in range(60):
                g = s.floats.gradient(start)
                start = start + ((s2 - s.floats.value(start)) / np.einsum("kd,kd->k", g, g))[:, None] * g
            return ascend_level_set(f, level, target, start, ASCENT)
        inner = values_around(s, self.samples[0])
        return component_boundary(lambda x: -inner(x), -s2, self._in_box, self.samples[0], self.box, f.rigorous)

    def construction(self, target: np.ndarray, level: float, x: np.ndarray, component: np.ndarray) -> Construction:
        """Return the record of all steps."""
        return Construction(
            self._nearest(x),
            target,
            None,
            self.boundary_value,
            self.maximum,
            level,
            x,
            component,
            cut=self.cut,
            level_function=self.inner.tape,
            profile=self.outer.tape,
            band=self.band,
            box=self.box,
        )

    def _in_box(self, x: np.ndarray) -> np.ndarray:
        return np.all((x >= self.box[:, 0]) & (x <= self.box[:, 1]), axis=1)

    def _outer_level(self, level: float) -> float:
        """Return the ``s > s0`` in the band with ``phi(s) = level``."""
        ends = np.array([self.s0]), np.array([self.band[1]])
        low, high = bisected(lambda s: self.outer.floats.value(s[:, None]) >= level, *ends, 100)
        return float(0.5 * (low + high)[0])

    def _nearest(self, x: np.ndarray) -> np.ndarray:
        """Return the point of ``{s = s0}`` nearest to `x`: Newton on the Lagrange system from the nearest sample."""
        sample = self.samples[int(np.argmin(norms(self.samples - x)))]
        length = float(np.linalg.norm(sample - x))
        system, z = farthest_system(self.inner, self.s0, x, sample)
        root = newton_point(system, z, max_steps=60, step_limit=0.2)
        point = length * root.x[:-1]
        return point if root.solved(1.0) and np.linalg.norm(point - x) <= length * (1 + 1e-9) else sample


def require_possible_maximizer(f: Objective) -> None:
    """Refuse an objective that provably has no local maximizer."""
    network = training_of(f)
    if network is None or network.output != "linear":
        return
    loss = "squared error" if network.loss == "squared" else "cross-entropy"
    must = (
        f"have a local maximizer, and it has none (Proposition 4.6): the output layer is linear with a free bias, and "
        f"the {loss} is strictly convex along the bias of one output, so no point can be a maximizer, wherever it is; "
        "find.on_sphere and find.hallucinate need no maximizer"
    )
    raise ArgumentError("f", f"<{f.name}>", must)


# ---------------------------------------------------------------------- an isolated maximizer


def maximizer_ball(f: Objective, maximizer: np.ndarray, target: np.ndarray, seed: int) -> MaximizerBall:
    """Polish the maximizer and choose the ball.

    The radius is the first at which the maximum of ``f`` over the sphere has a minimum: the lowest pass out of the
    neighbourhood of the maximizer, so that as many levels as possible are admissible.
    """
    apart = float(np.linalg.norm(maximizer - target))
    centre: np.ndarray = polished_critical_point(f, maximizer, apart, "maximizer")
    _require_maximizer(f, centre)
    reach = float(np.linalg.norm(centre - target))
    if reach <= 1e-6 * max(apart, float(np.linalg.norm(centre))):
        raise ArgumentError("target", original(f, target).tolist(), "differ from the maximizer")
    maximum = float(f.floats.value(centre[None, :])[0])
    radii = np.geomspace(1e-4, 2.0, 160 if f.rigorous and f.dimension <= 3 else 48) * reach
    coarse = first_valley(boundary_maxima(f, centre, radii, seed), maximum)
    if coarse is None:
        raise SearchError("f on small spheres around the maximizer is not below its value there: is it isolated?")
    fine = np.linspace(radii[max(coarse - 1, 0)], radii[min(coarse + 1, radii.size - 1)], 25)
    values = boundary_maxima(f, centre, fine, seed)
    values[~np.isfinite(values)] = np.inf
    radius = float(fine[int(np.argmin(values))])
    boundary = float(largest_on_sphere(f, centre, radius, seed, steps=80))
    if not boundary < maximum:
        top = original_number(f, maximum, Unit.VALUE)
        raise SearchError(f"no ball around the maximizer was found on whose boundary f is below {top!r}")
    return MaximizerBall(centre, radius, boundary, maximum, _critical_value(f, centre, radius, maximum, seed))


def boundary_maxima(f: Objective, centre: np.ndarray, radii: np.ndarray, seed: int) -> np.ndarray:
    """Return the maximum of ``f`` over each sphere, (k,): dense sampling for ``d <= 3``, ascent beyond."""
    d = centre.size
    if d > 3:
        return np.array([largest_on_sphere(f, centre, r, seed, steps=15) for r in radii])
    count = {1: 2, 2: 360, 3: 1000}[d] if f.rigorous else {1: 2, 2: 60, 3: 150}[d]
    e = directions(d, count, seed)
    lanes = (centre + radii[:, None, None] * e).reshape(-1, d)
    return f.floats.value(lanes).reshape(radii.size, len(e)).max(axis=1)


def largest_on_sphere(f: Objective, centre: np.ndarray, radius: float, seed: int, steps: int) -> float:
    """Return the largest ``f`` found on a sphere; NaN if the sphere leaves the domain."""
    d = centre.size
    x = centre + radius * directions(d, 720 if d == 2 else 1500 if d == 3 else 200, seed)
    values = f.floats.value(x)
    if d == 1 or np.isnan(values).any():
        return float(values.max())
    best = np.argsort(-values)[: 64 if d > 3 else 24]
    x = Sphere(f, centre, radius).descend(x[best], -1.0, steps)
    return float(max(values.max(), f.floats.value(x).max()))


def _require_maximizer(f: Objective, x: np.ndarray) -> None:
    eigenvalues, kind = critical_kind(f, x)
    if kind == "maximizer":
        return
    low, high = (original_number(f, float(value), Unit.MULTIPLIER) for value in eigenvalues[[0, -1]])
    what = kind if kind == "degenerate" else f"a {kind}"
    must = (
        f"be near a local maximizer with negative definite Hessian; the critical point there is {what}, with Hessian "
        f"eigenvalues from {low:.4g} to {high:.4g} (give points of a maximizer set as rows)"
    )
    raise ArgumentError("maximizer", original(f, x).tolist(), must)


def _critical_value(f: Objective, centre: np.ndarray, radius: float, maximum: float, seed: int) -> float:
    box = np.column_stack([centre - radius, centre + radius])
    starts = 256 if f.rigorous else 32
    values = [
        p.value
        for p in critical_points(f, box, starts, seed)
        if np.linalg.norm(p.x - centre) <= radius and p.kind != CriticalPointKind.MAXIMIZER and p.value < maximum
    ]
    return max(values, default=-np.inf)


def directions(dimension: int, count: int, seed: int) -> np.ndarray:
    """Return unit vectors (k, d): both in one dimension, even in two and three, else random ones and the axes."""
    if dimension == 1:
        return np.array([[-1.0], [1.0]])
    if dimension == 2:
        angle = 2 * np.pi * np.arange(count, dtype=np.float64) / count
        return np.column_stack([np.cos(angle), np.sin(angle)])
    if dimension == 3:
        i = np.arange(count) + 0.5
        turn, z = np.pi * (1 + 5**0.5) * i, 1 - 2 * i / count
        ring = np.sqrt(1 - z**2)
        return np.column_stack([ring * np.cos(turn), ring * np.sin(turn), z])
    normal = np.random.default_rng(seed).standard_normal((count, dimension))
    return np.concatenate([normal / norms(normal)[:, None], np.eye(dimension), -np.eye(dimension)])


def first_valley(values: np.ndarray, top: float) -> int | None:
    """Return the index of the lowest value before the first clear rise (2 % of the depth), or None."""
    lowest, where = top, None
    for i, value in enumerate(values):
        if where is None and abs(value - top) <= 1e-12 * abs(top):
            continue  # still within rounding of the top
        if not value < top or value > lowest + 0.02 * (top - lowest):
            break
        if value < lowest:
            lowest, where = float(value), i
    return where


# ---------------------------------------------------------------------- a set of maximizers


def maximizer_set(
    f: Objective, samples: np.ndarray, target: np.ndarray, seed: int, level_function: Tape | None = None
) -> MaximizerSet:
    """Find the function ``s`` of which the samples are a level set, the band and the box."""
    must = (
        "be points of a bounded set {s = s0}, where f = phi(s(x)), phi has a strict local maximum at s0 and {s <= s0} "
        "is bounded; level_function= names an s that the formula of f does not show"
    )
    if not isinstance(f, FormulaObjective):
        raise ArgumentError("maximizer", f"<points of a set, for {f.name}>", must + " (f must be given as a formula)")
    reasons = []
    for cut, inner, outer in _factorizations(f, level_function):
        try:
            return _with(inner, outer, cut, samples, target, seed)
        except _Unfit as why:
            reasons.append(f"s = {inner.name[:60]}: {why}")
    if level_function is not None and not reasons:
        had = f"<{FormulaObjective(level_function).name[:60]}>"
        raise ArgumentError("level_function", had, "be an s with f = phi(s(x)), as the expanded formulas show it")
    shown = "; ".join(reasons) if reasons else "f is not seen to be a function of one function of x"
    raise ArgumentError("maximizer", f"<{len(samples)} points; {shown}>", must)


def _factorizations(
    f: FormulaObjective, level_function: Tape | None
) -> Iterator[tuple[int | None, FormulaObjective, FormulaObjective]]:
    """Yield ``(cut, s, phi)``: at the cuts of the tape, then up to rewriting; or for the given ``s`` only."""
    if level_function is None:
        for cut in cut_nodes(f.tape):
            yield cut, FormulaObjective(inner_part(f.tape, cut)), FormulaObjective(outer_part(f.tape, cut))
    for found in compositions(f.tape, level_function):
        yield None, FormulaObjective(found.inner), FormulaObjective(found.outer)


class _Unfit(Exception):
    """Why a function is no ``s`` of which the samples are the maximizer set."""


def _with(
    inner: FormulaObjective,
    outer: FormulaObjective,
    cut: int | None,
    samples: np.ndarray,
    target: np.ndarray,
    seed: int,
) -> MaximizerSet:
    """Return the set for one ``s``."""
    s = inner.floats.value(samples)
    width = abs(float(inner.floats.value(target[None, :])[0]) - float(s.mean()))
    if not np.isfinite(s).all() or not width > 0 or np.ptp(s) > 1e-5 * width:
        raise _Unfit(f"s is not constant on the points (from {s.min():.6g} to {s.max():.6g})")
    root = newton_point(gradient_system(outer), np.array([s.mean()]), 60, step_limit=1e-2 * width)
    s0 = float(root.x[0])
    if not root.solved(width) or abs(s0 - s.mean()) > 1e-3 * width:
        raise _Unfit(f"phi' is not zero at s = {s.mean():.6g}")
    if not outer.floats.hessian(np.array([[s0]]))[0, 0, 0] < 0:
        raise _Unfit(f"phi''({s0:.6g}) is not negative")
    maximum = float(outer.floats.value(np.array([[s0]]))[0])
    high, low = (_band_end(outer, s0, sign * width, maximum) for sign in (1.0, -1.0))
    if high is None or low is None:
        raise _Unfit("phi does not fall on both sides of s0")
    box = _enclosing_box(inner, samples, high, seed)
    if box is None:
        raise _Unfit(f"no box was found on whose boundary s > {high:.6g}")
    boundary = max(float(v) for v in outer.floats.value(np.array([[low], [high]])))
    inside = [p.value for p in critical_points(inner, box, 256, seed) if low < p.value < high]
    at_critical = outer.floats.value(np.array(inside)[:, None]) if inside else np.array([-np.inf])
    critical = float(at_critical.max())
    return MaximizerSet(samples, cut, inner, outer, s0, (low, high), box, boundary, maximum, critical)


def _band_end(outer: FormulaObjective, s0: float, width: float, maximum: float) -> float | None:
    """Return the first minimum of ``phi`` in the direction of `width`, at most ``2 |width|`` away, in its domain."""
    s = s0 + width * np.geomspace(1e-3, 2.0, 400)
    values = outer.floats.value(s[:, None])
    defined = np.logical_and.accumulate(np.isfinite(values))
    where = first_valley(values[defined], maximum)
    return None if where is None else float(s[where])


def _enclosing_box(inner: FormulaObjective, samples: np.ndarray, high: float, seed: int) -> np.ndarray | None:
    """Return the smallest box of a growing family around the samples on whose boundary ``s > high``."""
    centre = 0.5 * (samples.min(axis=0) + samples.max(axis=0))
    half = 0.5 * np.ptp(samples, axis=0)
    half = np.maximum(half, 0.1 * half.max())
    faces = _face_points(samples.shape[1], seed)
    for factor in np.geomspace(1.05, 50.0, 60):
        s = inner.floats.value(centre + factor * half * faces)
        if np.isfinite(s).all() and s.min() > high:
            # One step more than needed, so that the strict inequality is not a close call for the prover.
            return np.column_stack([centre - 1.05 * factor * half, centre + 1.05 * factor * half])
    return None


def _face_points(dimension: int, seed: int) -> np.ndarray:
    """Return points on the faces of the cube ``[-1, 1]^d``, (k, d): a grid for ``d <= 3``, else random ones."""
    if dimension <= 3:
        side = np.linspace(-1, 1, {1: 2, 2: 200, 3: 40}[dimension])
        face = np.stack(np.meshgrid(*[side] * (dimension - 1), indexing="ij"), axis=-1).reshape(-1, dimension - 1)
    else:
        face = np.random.default_rng(seed).uniform(-1, 1, (400, dimension - 1))
    return np.concatenate([np.insert(face, i, sign, axis=1) for i in range(dimension) for sign in (-1.0, 1.0)])
