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

Which closed surface it is: `hallucert.check.sheet.topology`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from hallucert.check.sheet.surface_chart import SIDES, Chart, ChartProof, Part
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.check.subdivision import Box, Subdivision
from hallucert.clock import UNLIMITED, Clock

MEASURED, COVERED, FREE = "m", "c", "f"
"""What becomes of a piece of a square or an edge: it is measured, lies inside another chart, or is left alone."""

MOST_OWNERS = 6
"""Among so many charts one that holds a piece is looked for."""


@dataclass(frozen=True)
class Atlas:
    """Overlapping charts, whether together they are a closed surface, and for each chart what became of its pieces.

    `edges` are the subdivisions of the four edges of each square, `cuts` those of the squares.
    """

    charts: tuple[Chart, ...]
    closed: bool
    edges: tuple[tuple[Subdivision, ...], ...] = ()
    cuts: tuple[Subdivision, ...] = ()

    def __len__(self) -> int:
        return len(self.charts)


@dataclass(frozen=True)
class ProvedAtlas:
    """An atlas that was proved: the proofs of its charts, whether it is a closed surface, and a look-up of charts."""

    proofs: tuple[ChartProof, ...]
    closed: bool
    neighbours: Neighbours


def check_atlas(system: SurfaceSystem, atlas: Atlas, clock: Clock = UNLIMITED) -> ProvedAtlas | str:
    """Prove that the charts hold one connected surface; return what was proved, or what could not be."""
    if not atlas.charts:
        return "it has no charts"
    late = "the time budget was spent before its last chart"
    proofs = []
    for i, chart in enumerate(atlas.charts):
        clock.tell("charts", i, len(atlas.charts))
        if clock.passed():
            return late
        proofs.append(ChartProof(system, chart))
        if not proofs[-1].proved():
            return f"chart {i} is not shown to hold exactly one patch"
    near = Neighbours(proofs)
    joined: list[set[int]] = []
    for i, (proof, cuts) in enumerate(zip(proofs, atlas.edges, strict=True)):
        if clock.passed():
            return late
        joined.append(set())
        for word, edge in _pieces_of_edges(proof.chart, cuts):
            if word == FREE and not atlas.closed:
                continue
            owners = covering(proofs, i, near, proof.part(edge)) if word == COVERED else iter(())
            # Where nothing is known of other edges, every owner counts: this edge may be the only way to one of them.
            found = list(islice(owners, 1 if atlas.closed else None))
            if not found:
                return f"an edge of chart {i} is not shown to lie inside other charts"
            joined[i].update(found)
    if len(component(joined, 0)) < len(proofs):
        return "its charts are not shown to be connected"
    return ProvedAtlas(tuple(proofs), atlas.closed, near)


class Neighbours:
    """Which charts may hold a point: a look-up in floats, which proposes and proves nothing."""

    def __init__(self, proofs: Sequence[ChartProof]) -> None:
        charts = [proof.chart for proof in proofs]
        self.centres = np.array([chart.centre for chart in charts], float)
        self.frames = np.array([chart.frame for chart in charts], float)
        self.inverses = np.array([_float_inverse(frame) for frame in self.frames])
        self._sizes = np.array([[chart.half_width] * SIDES + list(chart.radius) for chart in charts], float)
        self._reach = np.linalg.norm(self.frames, 2, axis=(1, 2)) * np.linalg.norm(self._sizes, axis=1)
        self._last: tuple[int, np.ndarray] | None = None

    def middle(self, number: int, part: Part) -> np.ndarray:
        """Return a point of a chart near a part of its patch."""
        y = part.arithmetic.approximations([[*part.t, *part.w]])[0]
        return np.asarray(self.centres[number] + self.frames[number] @ y)

    def of(self, z: np.ndarray, number: int | None = None) -> list[int]:
        """Return the charts with `z` in them, those with it deepest inside first.

        With a `number` the point lies in that chart, which is left out.
        """
        among = np.arange(len(self.centres)) if number is None else self._around(number)
        with np.errstate(all="ignore"):
            y = np.einsum("nij,nj->ni", self.inverses[among], z - self.centres[among])
            depth = (np.abs(y) / self._sizes[among]).max(axis=1)
        return [int(among[i]) for i in np.argsort(depth)[:MOST_OWNERS] if depth[i] < 1]

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


def covering(
    proofs: Sequence[ChartProof], number: int, near: Neighbours, part: Part, before: int | None = None
) -> Iterator[int]:
    """Yield other charts, those `before` a number if given, that certainly hold a part of a patch off its edges.

    The part is narrowed only if none holds it as it is.
    """
    among = [j for j in near.of(near.middle(number, part), number) if before is None or j < before]
    found = False
    for _ in range(2):
        for j in among:
            if proofs[j].holds(part):
                found = True
                yield j
        if found or not among:
            return
        part.narrow()


def _pieces_of_edges(chart: Chart, cuts: Sequence[Subdivision]) -> Iterator[tuple[str, Box]]:
    for edge, cut in zip(edges(chart), cuts, strict=True):
        yield from cut.pieces(edge)


def edges(chart: Chart) -> list[Box]:
    """Return the edges of the square."""
    h = chart.half_width
    side = (-h, h)
    return [edge for end in side for edge in ([(end, end), side], [side, (end, end)])]


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
