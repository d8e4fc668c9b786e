"""How likely SAM is to end at hallucinated points from random starts: proportions with exact intervals.

Random starts are drawn, run, and put into classes by `diagnose`. A proportion of independent starts that end in a class
is binomial, so its Clopper-Pearson interval holds whatever the function. Runs that had not stopped are a class of their
own: the proportions are of what happens *within the steps asked for*.

Looking early and stopping when an interval is narrow enough would spoil its confidence. So looks share the doubt: look
j = 1, 2, .. spends ``alpha/(j (j + 1))`` of the ``alpha = 1 - confidence``, which add up to alpha, and the intervals of
one class at all looks hold together with the confidence asked for (Boole's inequality). Those of several classes do
not: each has that confidence alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import checked_real, checked_whole, quiet
from hallucert.arrays import checked_box, checked_lanes
from hallucert.check.claim import Status
from hallucert.check.point.certificate import Certificate
from hallucert.clock import Progress, working
from hallucert.diagnosis.shares import INTERVAL_NEEDS, Share, Shares, shares_of
from hallucert.errors import ArgumentError, HallucertError, require
from hallucert.exact import Exact, exact_radius
from hallucert.find.refine import refine
from hallucert.objectives.doors import checked_objective
from hallucert.objectives.objective import Objective
from hallucert.prove.certify import certify
from hallucert.sam.result import Ensemble, joined
from hallucert.sam.runs import run_ensemble
from hallucert.settings import checked_double

FIRST = 100
"""Runs before the first look; each look has twice as many as the one before."""

Sampler = Callable[[np.random.Generator, int], object]
"""Takes a generator and a number k, and returns starts (k, d)."""


@dataclass(frozen=True, eq=False)
class Prevalence:
    """How often SAM ended where, from random starts.

    Attributes
    ----------
    objective : Objective
        The function.
    rho : Fraction
        The radius.
    step_size : float
        The step.
    shares : Shares
        The runs by class, with intervals. With looks their confidence is that of the last one, which is more.
    confidence : float
        With which the interval of a class holds, whenever the runs were stopped.
    looks : int
        How often the runs were counted.
    certificates : tuple of (Share, Certificate)
        What is proved about end points, if it was asked for.
    tried : int
        How many end points were to be certified; no point was found near the others.
    interrupted : bool
        Whether Ctrl-C ended the first runs; then they had fewer steps than asked for. Later runs that were cut short
        are left out.
    """

    objective: Objective = field(repr=False)
    rho: Fraction
    step_size: float
    shares: Shares = field(repr=False)
    confidence: float
    looks: int
    certificates: tuple[tuple[Share, Certificate], ...] = field(repr=False)
    tried: int
    interrupted: bool

    @property
    def hallucinated(self) -> tuple[float, tuple[float, float]]:
        """Proportion of the starts whose runs stopped at hallucinated points, and its interval."""
        count, interval = self.shares.hallucinated
        return count / len(self.shares), interval

    @property
    def proved(self) -> int:
        """How many end points are near proved hallucinated minimizers."""
        claims = [found["hallucinated_minimizer"] for _, found in self.certificates]
        return sum(claim.status is Status.PROVED for claim in claims)

    def __str__(self) -> str:
        lines = [
            f"Prevalence of {self.objective.name}, rho = {float(self.rho):g}, step {self.step_size:g}",
            str(self.shares),
        ]
        if self.looks > 1:
            sure = f"confidence {100 * self.confidence:g} %"
            lines.append(f"(The {self.looks} intervals of a class at as many looks hold together with {sure}.)")
        if self.tried:
            lines.append(f"Proved to be hallucinated minimizers: {self.proved} of {self.tried} end points tried.")
        if self.interrupted:
            lines.append("Interrupted: the runs had fewer steps than asked for, and so the proportions are of that.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        share, (low, high) = self.hallucinated
        interval = f"[{100 * low:.3g}, {100 * high:.3g}]"
        return f"<Prevalence: {100 * share:.3g} % {interval} of {len(self.shares)} runs at hallucinated points>"


@quiet
def prevalence(
    f: Objective,
    sampler: Sampler | Sequence[object] | None,
    rho: Exact,
    step_size: Exact,
    runs: int = 1000,
    steps: int = 100_000,
    *,
    width: float | None = None,
    confidence: float = 0.95,
    seed: int = 0,
    prove: int = 0,
    progress: Progress = None,
    **options: Any,
) -> Prevalence:
    """Estimate which part of random starts ends at hallucinated points, and at which.

    Parameters
    ----------
    f : Objective
        The function.
    sampler : callable, (d, 2) box, or None
        Where runs start: ``sampler(generator, k)`` returns k independent starts (k, d); a box means uniform in it; None
        the usual random weights of a `TanhNetwork`.
    rho, step_size : exact positive numbers
        Radius and step of all runs.
    runs, steps : int
        Most runs, and most steps of each.
    width : float, optional
        Stop as soon as the interval of the proportion at hallucinated points is no wider; 100 runs first, then twice
        as many with each look.
    confidence : float
        Of the intervals.
    seed : int
        Of the generator.
    prove : int
        Certify so many end points of hallucinated classes, as they come.
    progress : bool or callable, optional
        As for `hallucert.find.branch`.
    **options
        Further options of `hallucert.sam.run_ensemble`: `warmup`, `momentum`, `batch_size`, `variant`, `tolerance`, ..

    Returns
    -------
    Prevalence

    Raises
    ------
    ArgumentError
        If an argument has the wrong shape or range.

    Examples
    --------
    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> found = prevalence(f, [(-2, 2), (-1, 1)], "1.5", "0.1", runs=200, steps=5000)
    >>> found.shares.shares[0].name, found.shares.unfinished[0]
    ('hallucinated minimizer', 0)
    """
    radius, step = exact_radius(rho), checked_double(step_size, "step_size")
    draw = _sampler(checked_objective(f), sampler, checked_whole(seed, 0, "seed"))
    most, limit = checked_whole(runs, 1, "runs"), checked_whole(prove, 0, "prove")
    confidence = checked_real(confidence, "confidence", INTERVAL_NEEDS, lambda v: 0 < v < 1)
    if width is not None:
        width = checked_real(width, "width", "be a number between 0 and 1", lambda v: 0 < v <= 1)
    if taken := {"seeds", "rho", "every", "checkpoint"} & set(options):
        name = min(taken)
        raise ArgumentError(name, options[name], "be left out: runs of several looks are put together")
    require(not limit or f.rigorous, "prove", prove, "be 0 for an objective that is in floats only")
    parts: list[Ensemble] = []
    with working(progress=progress) as clock, clock.watched():
        done = looks = 0
        while True:
            count = most - done if width is None else min(most - done, done or FIRST)
            part = run_ensemble(f, draw(looks, count), rho, step_size, steps, progress=False, **options)
            if part.interrupted and parts:
                break
            parts.append(part)
            done, looks = done + count, looks + 1
            clock.tell("runs", done, most)
            doubt = (1 - confidence) if width is None else (1 - confidence) / (looks * (looks + 1))
            shares = shares_of(joined(parts), 1 - doubt, clock)
            low, high = shares.hallucinated[1]
            if done >= most or (width is not None and high - low <= width) or part.interrupted:
                break
        found, tried = _proofs(shares, radius, options.get("variant", "sam"), 0 if part.interrupted else limit)
    return Prevalence(f, radius, step, shares, confidence, looks, tuple(found), tried, parts[0].interrupted)


def _sampler(f: Objective, sampler: Sampler | Sequence[object] | None, seed: int) -> Callable[[int, int], np.ndarray]:
    """Return what draws the starts of a look, by its number and their count."""
    if sampler is None:
        initial = getattr(f, "initial", None)
        if initial is None:
            raise ArgumentError("sampler", None, "be a function or a box for an objective that is not a TanhNetwork")
        return lambda look, count: np.asarray(initial(seed + look, count=count))
    if callable(sampler):
        return lambda look, count: _drawn(sampler, np.random.default_rng((seed, look)), count, f.dimension)
    box = checked_box(sampler, f.dimension, "sampler")
    require(np.isfinite(box[:, 1] - box[:, 0]).all(), "sampler", "<box>", "have sides whose lengths are doubles")
    return lambda look, count: np.random.default_rng((seed, look)).uniform(box[:, 0], box[:, 1], (count, f.dimension))


def _drawn(sampler: Sampler, generator: np.random.Generator, count: int, dimension: int) -> np.ndarray:
    """Return what a sampler drew, checked."""
    must = f"return {count} starts, a ({count}, {dimension}) array, when called with a generator and {count}"
    try:
        lanes = checked_lanes(sampler(generator, count), dimension, "sampler")
    except TypeError as error:
        raise ArgumentError("sampler", sampler, must) from error
    require(len(lanes) == count, "sampler", f"<{len(lanes)} starts>", must)
    return lanes


def _proofs(shares: Shares, rho: Fraction, variant: Any, limit: int) -> tuple[list[tuple[Share, Certificate]], int]:
    """Certify end points of hallucinated classes, at most `limit`, class by class in turn; say how many were tried."""
    f, found = shares.ensemble.objective, list[tuple[Share, Certificate]]()
    classes = [share for share in shares.shares if share.hallucinated]
    deepest = max((len(share.points) for share in classes), default=0)
    turns = [(share, share.points[i]) for i in range(deepest) for share in classes if i < len(share.points)]
    for share, point in turns[:limit]:
        try:
            found.append((share, certify(refine(f, point, rho, variant=variant))))
        except HallucertError:
            continue
    return found, min(limit, len(turns))
