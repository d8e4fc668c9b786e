"""Going on with a proof that ran out of time: what a certificate has of a float curve, and where along it that ends.

Nothing of a certificate is believed: its cells are proved again, in the arithmetic of the prover. Where they end along
the float curve is a matter of floats, which only say where the search goes on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from os import PathLike
from typing import Any, TypeVar

import numpy as np

from hallucert.arguments import checked_path
from hallucert.check.cell import Cell, System
from hallucert.check.file.chains import ChainCertificate
from hallucert.check.file.files import load
from hallucert.check.file.unfinished import Unfinished
from hallucert.errors import ArgumentError, require
from hallucert.find.curves.records import Sheet, Surface
from hallucert.objectives.objective import Objective
from hallucert.prove.curves.cells import Track

C = TypeVar("C", bound=ChainCertificate)
S = TypeVar("S", bound=System)

BACK = 1 / 8  # of the last cell's length: so far before its end the next begins, since floats say where that is


def checked_resume(resume: Any, kind: type[C], problem: tuple[Objective, object], what: str) -> C | None:
    """Return a certificate, of which a path may be given, that is of a kind and about a problem; None for None."""
    found = load(checked_path(resume, "resume")) if isinstance(resume, str | PathLike) else resume
    if found is None:
        return None
    require(type(found) is kind, "resume", resume, f"be a certificate of {what}, or the path of its file")
    if (found.objective.to_json(), getattr(found, "rho", None)) != (problem[0].to_json(), problem[1]):
        raise ArgumentError("resume", resume, f"be a certificate of this {what.split()[-1]}: same function, same rho")
    return found


def alike(one: tuple[System, Sheet | Surface], other: tuple[System, Sheet | Surface]) -> bool:
    """Tell whether two searches are along the same points, for one function and radius, in the same arithmetic."""
    (ar, its), (found, before) = (pair[0].arithmetic for pair in (one, other)), (one[1], other[1])
    same = (ar.name, ar.precision, found.rho, found.closed) == (its.name, its.precision, before.rho, before.closed)
    return same and found.objective.to_json() == before.objective.to_json() and np.array_equal(found.x, before.x)


def too_short(resume: ChainCertificate) -> ArgumentError:
    """Return what is raised where the time does not suffice to prove again what a certificate has.

    Its claims are not this call's, and a shorter certificate, saved in its place, would lose what it has.
    """
    return ArgumentError("resume", resume, "be proved again first, for which the time was too short; it is as it was")


def located(track: Track[S], chains: Sequence[Sequence[Cell]], length: float) -> tuple[float, float, float] | None:
    """Return where chains of cells, one after another, begin and end, and how long the last cell is, by arclength.

    None if they lie elsewhere. A closed curve, of some length, is gone round several times in the float curve.
    """
    begin, sigma = None, 0.0
    for cells in chains:
        sigma, far = nearest(track, _ends(track, cells[0])[0], sigma, sigma + length)
        if far > _size(track, cells[0]):
            return None
        begin = sigma if begin is None else begin
        for cell in cells:
            size = _size(track, cell)
            sigma, far = nearest(track, _ends(track, cell)[1], sigma, sigma + 2 * size)
            if far > size:
                return None
    return None if begin is None else (begin, sigma, _length(track, chains[-1][-1]))


def nearest(track: Track[S], z: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Return the arclength, in a range, of the point of a polygon that is nearest to `z`, and how far away it is."""
    lengths, points = track.lengths, track.guide.points
    first = min(max(int(np.searchsorted(lengths, low, side="right")) - 1, 0), len(points) - 2)
    last = min(max(int(np.searchsorted(lengths, high)), first + 1), len(points) - 1)
    a, steps = points[first:last], np.diff(points[first : last + 1], axis=0)
    squares = np.maximum((steps**2).sum(axis=1), np.finfo(float).tiny)
    share = np.clip(((z - a) * steps).sum(axis=1) / squares, 0.0, 1.0)
    distances = np.linalg.norm(a + share[:, None] * steps - z, axis=1)
    best = int(np.argmin(distances))
    sigma = lengths[first + best] + share[best] * np.sqrt(squares[best])
    return float(np.clip(sigma, low, high)), float(distances[best])


def _ends(track: Track[S], cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """Return the middles of the two faces of a cell, in the variables of the float curve."""
    frame, bend = np.array(cell.frame, float), np.array(cell.bend, float)
    ends = [np.array(cell.centre, float) + frame @ np.concatenate([[s], bend * s * s]) for s in map(float, cell.span)]
    return ends[0] / track.unscaled, ends[1] / track.unscaled


def _length(track: Track[S], cell: Cell) -> float:
    first, last = _ends(track, cell)
    return float(np.linalg.norm(last - first))


def _size(track: Track[S], cell: Cell) -> float:
    """Return how far from the float curve, whose points have a distance of their own, a cell may end."""
    return _length(track, cell) + float(np.diff(track.lengths).max())


def expected(before: int, done: int, first: float, sigma: float, stop: float) -> int | None:
    """Return how many cells there will be about, if those `done` behind `before` have come from `first` to `sigma`."""
    return before + round(done * (stop - first) / (sigma - first)) if done and sigma > first else None


def unfinished(way: Sequence[float], seconds: float, work: object = None) -> Unfinished:
    """Return what is left of a way.

    It leads from its beginning to where the proof began, in so many seconds on to where it is, and to the end.
    """
    begin, first, place, end = way
    rate = seconds / (place - first) if place > first else math.inf
    return Unfinished((place - begin) / (end - begin), rate * (end - place) if place < end else 0.0, work)
