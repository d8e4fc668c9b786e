"""Step 1 of the existence proof for a bounded maximizer set ``X = {s = s0}`` (Theorem 2.2).

The function must factor, ``f = phi(s(x))``, such that ``phi`` has a strict local maximum at ``s0`` and the sublevel
sets of ``s`` slightly above ``s0`` are bounded: rings, shells, level curves of a bowl. ``s`` is a node of its tape, or
a function of which the formula is one up to rewriting (`hallucert.find.farthest.level_functions`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.find.critical_points import critical_points
from hallucert.find.farthest.level_functions import compositions
from hallucert.find.farthest.maximizer_ball import first_valley
from hallucert.find.newton import gradient_system, newton_point
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Tape


@dataclass(frozen=True)
class MaximizerSet:
    """A maximizer set ``{s = s0}`` and the band ``B`` around it."""

    samples: np.ndarray  # (k, d): points of the set
    cut: int | None  # the tape node ``s``, if it is one
    inner: FormulaObjective  # ``s`` and ``phi``
    outer: FormulaObjective  # ``s`` and ``phi``
    s0: float  # where ``phi`` has its maximum
    # (float, float): ``B`` is the part of ``{band[0] <= s <= band[1]}`` in `box`; ``phi`` rises up to `s0`
    # and falls after it
    band: tuple[float, float]
    box: np.ndarray  # (d, 2): on its boundary ``s > band[1]``
    boundary_value: float  # the larger of ``phi(band[0])``, ``phi(band[1])``, and ``phi(s0)``
    maximum: float  # the larger of ``phi(band[0])``, ``phi(band[1])``, and ``phi(s0)``
    critical_value: float  # largest ``f`` at a critical point of ``s`` in the band, ``-inf`` if there is none

    def outer_level(self, level: float) -> float:
        """Return the ``s > s0`` in the band with ``phi(s) = level``, by bisection."""
        low, high = self.s0, self.band[1]
        for _ in range(100):
            middle = 0.5 * (low + high)
            if self.outer.value_lanes(np.array([[middle]]))[0] >= level:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)


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
        found = _with(inner, outer, cut, samples, target, seed)
        if isinstance(found, MaximizerSet):
            return found
        reasons.append(f"s = {inner.name[:60]}: {found}")
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
        for cut in f.tape.cut_nodes():
            yield cut, FormulaObjective(f.tape.inner(cut)), FormulaObjective(f.tape.outer(cut))
    for found in compositions(f.tape, level_function):
        yield None, FormulaObjective(found.inner), FormulaObjective(found.outer)


def _with(
    inner: FormulaObjective,
    outer: FormulaObjective,
    cut: int | None,
    samples: np.ndarray,
    target: np.ndarray,
    seed: int,
) -> MaximizerSet | str:
    """Return the set for one ``s``, or why it fails."""
    with np.errstate(all="ignore"):
        s = inner.value_lanes(samples)
        width = abs(float(inner.value_lanes(target[None, :])[0]) - float(s.mean()))
    if not np.isfinite(s).all() or not width > 0 or np.ptp(s) > 1e-5 * width:
        return f"s is not constant on the points (from {s.min():.6g} to {s.max():.6g})"
    root = newton_point(gradient_system(outer), np.array([s.mean()]), 60, step_limit=1e-2 * width)
    s0 = float(root.x[0])
    if not root.solved(width) or abs(s0 - s.mean()) > 1e-3 * width:
        return f"phi' is not zero at s = {s.mean():.6g}"
    if not outer.hessian_lanes(np.array([[s0]]))[0, 0, 0] < 0:
        return f"phi''({s0:.6g}) is not negative"
    maximum = float(outer.value_lanes(np.array([[s0]]))[0])
    high, low = (_band_end(outer, s0, sign * width, maximum) for sign in (1.0, -1.0))
    if high is None or low is None:
        return "phi does not fall on both sides of s0"
    box = _enclosing_box(inner, samples, high, seed)
    if box is None:
        return f"no box was found on whose boundary s > {high:.6g}"
    boundary = max(float(v) for v in outer.value_lanes(np.array([[low], [high]])))
    inside = [p.value for p in critical_points(inner, box, 256, seed) if low < p.value < high]
    at_critical = outer.value_lanes(np.array(inside)[:, None]) if inside else np.array([-np.inf])
    critical = float(at_critical.max())
    return MaximizerSet(samples, cut, inner, outer, s0, (low, high), box, boundary, maximum, critical)


def _band_end(outer: FormulaObjective, s0: float, width: float, maximum: float) -> float | None:
    """Return the first minimum of ``phi`` in the direction of `width`, at most ``2 |width|`` away, in its domain."""
    s = s0 + width * np.geomspace(1e-3, 2.0, 400)
    with np.errstate(all="ignore"):
        values = outer.value_lanes(s[:, None])
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
        with np.errstate(all="ignore"):
            s = inner.value_lanes(centre + factor * half * faces)
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
