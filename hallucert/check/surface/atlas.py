"""An atlas: overlapping charts whose patches are proved to be one connected surface, closed where they say so.

Each chart holds exactly one patch of solutions, the graph of an analytic function on a square. The four edges of a
patch are cut into segments. Where a segment is enclosed in the inside of another chart, its points are solutions in
there, hence on the other patch, off its edges: the segment is *covered*.

*Connected.* Patches are connected, and a covered segment is a set of common points of two of them. So if the graph of
charts with an edge wherever one covers a segment of another is connected, the union of the patches is.

*Closed.* If every segment of every edge is covered, the union ``K`` of the patches is compact, and open in the set of
all solutions at which ``DE`` has full row rank: a point off the edges of its patch has only points of the patch near
it, a point on an edge lies inside another patch. So ``K`` is a compact manifold without boundary and, as it is
connected, one whole component of the solutions: a smooth closed surface. All solutions in the charts lie on it.

The normal space of the surface has the rows of ``DE`` for its basis, everywhere: the surface is orientable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from hallucert.check.surface.cell import Chart, ChartProof
from hallucert.check.surface.part import SIDES, Part, Rectangle
from hallucert.check.surface.system import SurfaceSystem
from hallucert.clock import UNLIMITED, Clock

SEGMENTS = 2
"""An edge is first cut into so many segments."""

DEPTH = 5
"""How often a segment is halved before it counts as not covered."""


@dataclass(frozen=True)
class Atlas:
    """Overlapping charts, and whether together they are a closed surface."""

    charts: tuple[Chart, ...]
    closed: bool


@dataclass(frozen=True)
class ProvedAtlas:
    """An atlas that was proved: the proofs of its charts, whether it is a closed surface, and a look-up of charts."""

    proofs: tuple[ChartProof, ...]
    closed: bool
    neighbours: Neighbours


def check_atlas(
    system: SurfaceSystem,
    atlas: Atlas,
    proofs: Sequence[ChartProof] | None = None,
    covers: Sequence[Sequence[int | None]] | None = None,
    clock: Clock = UNLIMITED,
) -> ProvedAtlas | str:
    """Prove that the charts hold one connected surface; return what was proved, or what could not be.

    Parameters
    ----------
    system : SurfaceSystem
        The equation.
    atlas : Atlas
        The data.
    proofs : sequence of ChartProof, optional
        The prover's successful proofs of the charts in the same arithmetic.
    covers : sequence of sequences, optional
        For each chart `covered_edges`, likewise.
    clock : Clock
        Give up when its time is up.
    """
    if not atlas.charts:
        return "it has no charts"
    late = "the time budget was spent before its last chart"
    done = []
    for i, chart in enumerate(atlas.charts):
        clock.tell("charts", i, len(atlas.charts))
        if clock.passed():
            return late
        proof = ChartProof(system, chart) if proofs is None else proofs[i]
        if proofs is None and not proof.proved():
            return f"chart {i} is not shown to hold exactly one patch"
        done.append(proof)
    near = Neighbours(done)
    joined = []
    for i in range(len(done)):
        if clock.passed():
            return late
        covered = covered_edges(done, i, near) if covers is None else covers[i]
        if atlas.closed and None in covered:
            return f"an edge of chart {i} is not shown to lie inside other charts"
        joined.append({j for j in covered if j is not None})
    if len(component(joined, 0)) < len(done):
        return "its charts are not shown to be connected"
    return ProvedAtlas(tuple(done), atlas.closed, near)


class Neighbours:
    """Which charts may hold a point: a look-up in floats, which proposes and proves nothing."""

    def __init__(self, proofs: Sequence[ChartProof]) -> None:
        charts = [proof.chart for proof in proofs]
        self.centres = np.array([chart.centre for chart in charts], float)
        frames = np.array([chart.frame for chart in charts], float)
        self.inverses = np.array([_float_inverse(frame) for frame in frames])
        self._sizes = np.array([[chart.half_width] * SIDES + list(chart.radius) for chart in charts], float)
        self._reach = np.linalg.norm(frames, 2, axis=(1, 2)) * np.linalg.norm(self._sizes, axis=1)
        self._last: tuple[int, np.ndarray] | None = None

    def of(self, z: np.ndarray, number: int | None = None) -> list[int]:
        """Return the charts with `z` in them, those with it deepest inside first.

        With a `number` the point lies in that chart, which is left out.
        """
        among = np.arange(len(self.centres)) if number is None else self._around(number)
        with np.errstate(all="ignore"):
            y = np.einsum("nij,nj->ni", self.inverses[among], z - self.centres[among])
            depth = (np.abs(y) / self._sizes[among]).max(axis=1)
        return [int(among[i]) for i in np.argsort(depth)[:6] if depth[i] < 1]

    def _around(self, number: int) -> np.ndarray:
        """Return the other charts that may hold a point of one chart; it is asked about many points in a row."""
        if self._last is None or self._last[0] != number:
            distance = np.linalg.norm(self.centres - self.centres[number], axis=1)
            near = distance <= self._reach + self._reach[number]
            near[number] = False
            self._last = number, np.flatnonzero(near)
        return self._last[1]


def _float_inverse(frame: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(np.linalg.inv(frame))
    except np.linalg.LinAlgError:
        return np.full(frame.shape, np.inf)


def covered_edges(proofs: Sequence[ChartProof], number: int, near: Neighbours) -> list[int | None]:
    """Return for every segment of the edges of one patch the chart that covers it; None where none is shown to."""
    proof, result = proofs[number], []
    for edge in _edges(proof.chart.half_width):
        pending = [(edge, proof.box, DEPTH)]
        while pending:
            rectangle, box, left = pending.pop()
            part = proof.part(rectangle, box)
            found = covering(proofs, number, near, part)
            if found is None and left > 0:
                pending += [(half, part.w, left - 1) for half in halved(rectangle)]
            else:
                result.append(found)
                if found is None:
                    break
    return result


def covering(
    proofs: Sequence[ChartProof], number: int, near: Neighbours, part: Part, before: int | None = None
) -> int | None:
    """Return another chart, one `before` a number if given, that certainly holds a part of a patch off its edges."""
    middle = part.arithmetic.approximations([part.middle])[0]
    candidates = (j for j in near.of(middle, number) if before is None or j < before)
    return next((j for j in candidates if proofs[j].holds(part)), None)


def _edges(h: Fraction) -> list[Rectangle]:
    """The edges of the square, cut into segments."""
    cuts = [-h + 2 * h * Fraction(k, SEGMENTS) for k in range(SEGMENTS + 1)]
    parts = list(pairwise(cuts))
    return [rectangle for end in (-h, h) for part in parts for rectangle in (((end, end), part), (part, (end, end)))]


def halved(rectangle: Rectangle) -> list[Rectangle]:
    """Cut a rectangle across its longer side."""
    axis = max(range(SIDES), key=lambda k: rectangle[k][1] - rectangle[k][0])
    low, high = rectangle[axis]
    middle = (low + high) / 2
    halves = [(low, middle), (middle, high)]
    return [(half, rectangle[1]) if axis == 0 else (rectangle[0], half) for half in halves]


def component(joined: Sequence[set[int]], start: int) -> set[int]:
    """Return all that is connected to `start`, if each number is joined to those of its set, in both directions."""
    both: list[set[int]] = [set(row) for row in joined]
    for i, row in enumerate(joined):
        for j in row:
            both[j].add(i)
    found, pending = {start}, [start]
    while pending:
        for j in both[pending.pop()] - found:
            found.add(j)
            pending.append(j)
    return found
