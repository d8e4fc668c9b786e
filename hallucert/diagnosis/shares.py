"""How many of many runs ended where: shares by class and target, with exact intervals.

Every run is put into one class by `diagnose`. Runs that had not stopped when their steps were done are counted apart,
so that "all that stopped" is never read as "all". End points are grouped: many runs end at one isolated point.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import betaincinv

from hallucert.arguments import checked_real, quiet
from hallucert.clock import Clock
from hallucert.diagnosis.kinds import diagnosed
from hallucert.diagnosis.report import Diagnosis, Kind
from hallucert.errors import ArgumentError, require
from hallucert.exact import exact_radius
from hallucert.sam.lanes import Status
from hallucert.sam.result import Ensemble

SAME = 1e-5
"""Ends nearer to each other than this part of ``|x+ - x|`` are one point."""

ISOLATED = 1e-6
"""A target is listed if no eigenvalue of its Hessian is as small against the largest one."""

NOISE = 1e-8
"""Coordinates of a target smaller than this part of its largest are printed as 0: runs know them no better."""

PRODUCTS = 40
"""Hessian-vector products for each spectrum beyond `DENSE` variables."""

HALLUCINATED = frozenset({Kind.MINIMIZER, Kind.SADDLE, Kind.MAXIMIZER, Kind.DEGENERATE})

_NOWHERE = {
    Status.DIVERGED: "diverged",
    Status.OUTSIDE: "left the domain of f",
    Status.UNDERFLOW: "where f is flat to doubles",
}
_GOING_ON = frozenset({Status.MAX_STEPS, Status.INTERRUPTED})

INTERVAL_NEEDS = "be a number between 0 and 1, such as 0.95"


def clopper_pearson(count: int, total: int, confidence: float) -> tuple[float, float]:
    """Return the exact (Clopper-Pearson) interval of a proportion of which `count` of `total` were seen.

    Source: C. J. Clopper, E. S. Pearson, The use of confidence or fiducial limits, Biometrika 26 (1934).
    """
    tail = (1 - confidence) / 2
    low = float(betaincinv(count, total - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, total - count, 1 - tail)) if count < total else 1.0
    return low, high


@dataclass(frozen=True, eq=False)
class Share:
    """The runs of one class: those that ended at one target, or in one way.

    Attributes
    ----------
    name : str
        The class in words.
    kind : Kind or None
        What `diagnose` says about the ends; None if the runs diverged or left the domain.
    stopped : bool
        False for runs whose steps were used up on the way. Runs that bounce in a two-cycle count as stopped: no number
        of steps ends them.
    hallucinated : bool
        Whether the runs stopped at hallucinated points, whatever their target is.
    target : (d,) array or None
        ``x+`` at the ends, where that is an isolated point.
    points : (p, d) array
        The different end points.
    runs : (count,) int64 array
        The rows of the ensemble.
    attracts : bool or None
        Whether the ends attract SAM, as `diagnose` says; None where it does not or the ends differ.
    interval : (float, float)
        Of the proportion, by Clopper and Pearson.
    total : int
        How many runs there were.
    """

    name: str
    kind: Kind | None
    stopped: bool
    hallucinated: bool
    target: np.ndarray | None
    points: np.ndarray = field(repr=False)
    runs: np.ndarray = field(repr=False)
    attracts: bool | None
    interval: tuple[float, float]
    total: int

    @property
    def count(self) -> int:
        """How many runs."""
        return len(self.runs)

    @property
    def share(self) -> float:
        """The part of all runs."""
        return self.count / self.total

    def __str__(self) -> str:
        where = ""
        if self.target is not None:
            size = np.abs(self.target).max(initial=0.0)
            first = [f"{v:.6g}" if abs(v) > NOISE * size else "0" for v in self.target[:4]]
            where = f", target ({', '.join(first)}{', ...' if self.target.size > 4 else ''})"
        return f"{self.name}{where}{'' if self.attracts is not False else ', repelling'}"


@dataclass(frozen=True, eq=False)
class Shares:
    """Where many runs ended.

    Attributes
    ----------
    ensemble : Ensemble
        The runs.
    shares : tuple of Share
        The classes, the largest first; those that had not stopped come last. Every run is in one of them.
    confidence : float
        Of every single interval.
    hallucinated, minimizers, unfinished : (int, (float, float))
        How many runs stopped at hallucinated points (whatever the target), at hallucinated minimizers, and how many
        had not stopped; each with the interval of its proportion.
    """

    ensemble: Ensemble = field(repr=False)
    shares: tuple[Share, ...]
    confidence: float

    def __len__(self) -> int:
        return len(self.ensemble)

    @property
    def hallucinated(self) -> tuple[int, tuple[float, float]]:
        """Runs that stopped at hallucinated points."""
        return self._counted(share for share in self.shares if share.hallucinated)

    @property
    def minimizers(self) -> tuple[int, tuple[float, float]]:
        """Runs that stopped at hallucinated minimizers."""
        return self._counted(share for share in self.shares if share.hallucinated and share.kind is Kind.MINIMIZER)

    @property
    def unfinished(self) -> tuple[int, tuple[float, float]]:
        """Runs that had not stopped."""
        return self._counted(share for share in self.shares if not share.stopped)

    def _counted(self, shares: Iterator[Share]) -> tuple[int, tuple[float, float]]:
        count = sum(share.count for share in shares)
        return count, clopper_pearson(count, len(self), self.confidence)

    def records(self) -> list[dict[str, object]]:
        """Return the tidy table: one dictionary a class (``pandas.DataFrame`` takes it).

        Columns: name, target (list or None), count, total, share, low, high, stopped, hallucinated, attracts, points.
        """
        return [
            {
                "name": share.name,
                "target": None if share.target is None else share.target.tolist(),
                "count": share.count,
                "total": share.total,
                "share": share.share,
                "low": share.interval[0],
                "high": share.interval[1],
                "stopped": share.stopped,
                "hallucinated": share.hallucinated,
                "attracts": share.attracts,
                "points": len(share.points),
            }
            for share in self.shares
        ]

    def __str__(self) -> str:
        width = max(len(str(share)) for share in self.shares)
        rows = [
            f"  {share!s:{width}}  {share.count:6d}  {_percent(share.share, share.interval)}" for share in self.shares
        ]
        (found, interval), (left, _) = self.hallucinated, self.unfinished
        first = f"{len(self)} runs, at most {int(self.ensemble.steps.max(initial=0))} steps; where they ended, "
        first += f"with {100 * self.confidence:g} % intervals:"
        last = f"At hallucinated points: {found} of {len(self)}, {_percent(found / len(self), interval).strip()}."
        if left:
            last += f" {left} had not stopped: what becomes of them is not known."
        return "\n".join([first, *rows, last])

    def __repr__(self) -> str:
        counts = f"{self.hallucinated[0]} at hallucinated points, {self.unfinished[0]} not stopped"
        return f"<Shares of {len(self)} runs: {counts}>"


def _percent(share: float, interval: tuple[float, float]) -> str:
    return f"{100 * share:5.1f} %  [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"


# ---------------------------------------------------------------------- from an ensemble


@dataclass(frozen=True, eq=False)
class _End:
    """An end point with the runs that ended there."""

    diagnosis: Diagnosis | None
    stopped: bool
    name: str
    x: np.ndarray
    runs: np.ndarray

    @property
    def hallucinated(self) -> bool:
        """Whether the gradient vanishes at the target, and not at the end itself."""
        found = self.diagnosis
        stuck = found is not None and found.kind is Kind.CONSTANT and found.target_type is not None
        return self.stopped and found is not None and (stuck or found.kind in HALLUCINATED)

    @property
    def target(self) -> np.ndarray | None:
        """The target of a hallucinated point, if it is isolated."""
        found = self.diagnosis
        if found is None or not self.hallucinated or found.target_eigenvalues is None:
            return None
        sizes = np.abs(found.target_eigenvalues)
        return found.target if sizes.min() > ISOLATED * sizes.max() else None

    def belongs(self, other: _End) -> bool:
        """Whether this end is of the class of another one."""
        here, there = self.target, other.target
        if self.name != other.name or self.stopped != other.stopped or (here is None) != (there is None):
            return False
        if here is None or there is None or self.diagnosis is None:
            return True
        same = np.linalg.norm(here - there) <= 1e3 * SAME * np.linalg.norm(here - self.x)
        return bool(same) and other.diagnosis is not None and self.diagnosis.attracts == other.diagnosis.attracts


def shares_of(ensemble: Ensemble, confidence: float, clock: Clock) -> Shares:
    """Diagnose the ends of the runs of one radius and one arm, and count them."""
    confidence = checked_real(confidence, "confidence", INTERVAL_NEEDS, lambda v: 0 < v < 1)
    require(len(ensemble) != 0, "ensemble", ensemble, "have at least one run")
    if len({*zip(ensemble.rho, ensemble.arm, strict=True)}) > 1:
        must = "be of one radius and one arm: ensemble.select(rho=..., arm=...) takes them out"
        raise ArgumentError("ensemble", ensemble, must)
    groups: list[list[_End]] = []
    places = _distinct(ensemble)
    for number, runs in enumerate(places):
        clock.tell("diagnosing end points", number, len(places))
        end = _end(ensemble, runs)
        home = next((group for group in groups if end.belongs(group[0])), None)
        groups.append([end]) if home is None else home.append(end)
    found = [_share(group, len(ensemble), confidence) for group in groups]
    return Shares(ensemble, tuple(sorted(found, key=lambda share: (not share.stopped, -share.count))), confidence)


def _distinct(ensemble: Ensemble) -> list[np.ndarray]:
    """Return the rows that ended at the same point in the same way, point by point."""
    unit = np.maximum(SAME * ensemble.radius, np.finfo(float).tiny)
    with np.errstate(all="ignore"):
        cells = np.round(ensemble.x / unit[:, None])
    codes = np.array([list(Status).index(status) for status in ensemble.status], dtype=float)
    _, which = np.unique(np.column_stack([cells, codes]), axis=0, return_inverse=True)
    order = np.argsort(which, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(which[order])) + 1)


@quiet
def class_of(ensemble: Ensemble, run: int) -> tuple[str, Diagnosis | None]:
    """Return where a run ended, in words, and what `diagnose` says of it, unless it ended nowhere."""
    status = ensemble.status[run]
    if status in _NOWHERE:
        return _NOWHERE[status], None
    radius, step = exact_radius(float(ensemble.radius[run])), float(ensemble.step_size[run])
    found = diagnosed(ensemble.objective, ensemble.x[run], radius, step, ensemble.law, PRODUCTS)
    return str(found.kind), found


def _end(ensemble: Ensemble, runs: np.ndarray) -> _End:
    first = int(runs[0])
    name, found = class_of(ensemble, first)
    stopped = found is None or ensemble.status[first] not in _GOING_ON or found.kind is Kind.BOUNCING
    return _End(found, stopped, name if stopped else f"not stopped: {name}", ensemble.x[first], runs)


def _share(group: Sequence[_End], total: int, confidence: float) -> Share:
    first = group[0]
    runs = np.sort(np.concatenate([end.runs for end in group]))
    attracts = {None if end.diagnosis is None else end.diagnosis.attracts for end in group}
    return Share(
        name=first.name,
        kind=None if first.diagnosis is None else first.diagnosis.kind,
        stopped=first.stopped,
        hallucinated=first.hallucinated,
        target=first.target,
        points=np.array([end.x for end in group]),
        runs=runs,
        attracts=attracts.pop() if len(attracts) == 1 else None,
        interval=clopper_pearson(len(runs), total, confidence),
        total=total,
    )
