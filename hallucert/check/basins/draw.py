"""Cells drawn at random from what is not decided, and what they show of all of it.

Where small sets are torn, hardly a cell of a partition that fits in a memory does one thing, though from nearly every
start it is easily proved what becomes of it. So N cells of level 44, with sides of ``2**-44`` of the box, are drawn
from the part of the box that is not decided, each as likely as any other, and followed as the cells of the partition
are (`hallucert.check.basins.graph`): a drawn cell is proved if its image lies in settled cells, or in regions.

**Theorem.** Let p be the part of these cells of which all starts do one thing. With ``q = n/N`` let ``p_0 <= q``,

    (p_0/q)^n ((1 - p_0)/(1 - q))^(N - n) <= delta.

If ``p <= p_0``, n or more of N drawn cells do it with probability at most delta.
*Proof.* Their number is binomial, and its tail at most that power with p in the place of ``p_0`` (Chernoff 1952), which
grows with p up to q.

So where n are *proved* to do it, p is above p_0, unless the draw is one of those. Draws are SHA-256 of all that p and
N depend on (`commitment`), the seed and a number, taken modulo the number of cells. Were it the seed and the number
alone, which cells are left open could be arranged to what is drawn. What is said assumes that nobody chose among
draws by what they show.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate

import numpy as np

from hallucert.check.basins.graph import Edges, Flow
from hallucert.check.basins.partition import LABELS, Partition, corners, to_text
from hallucert.check.basins.trap import Trap
from hallucert.check.file.fields import JSON, problem_digest
from hallucert.check.problem import Problem
from hallucert.decimals import format_exact
from hallucert.exact import format_rational

LEVEL = 44
"""Of drawn cells."""
DOUBT = 10**9
"""One in so many draws shows too much: ``1/delta``."""
GRID = 2**20
"""Shares are rounded down to parts of it."""
MOST = 100_000
"""Cells of one draw."""


@dataclass(frozen=True)
class Draw:
    """What was drawn with a `seed`, and what is proved of it: labels and steps (N,) as of the cells of a partition."""

    seed: int
    labels: np.ndarray
    steps: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def flow(self, into: Flow, decided: Sequence[int]) -> Drawn:
        """Return the drawn cells as sources of a flow, if cells with these labels are decided."""
        text = commitment(into, self.seed, len(self))
        cells = drawn(into.partition, ~np.isin(into.labels, decided), text, len(self))
        return Drawn(
            into.problem,
            into.step,
            into.partition,
            self.labels,
            self.steps,
            into.regions,
            into.traps,
            nodes=cells,
            into=into,
        )


@dataclass(frozen=True, kw_only=True)
class Drawn(Flow):
    """Drawn cells `nodes` (N, 3), whose images have to be in settled cells of another flow."""

    nodes: np.ndarray
    into: Flow

    @property
    def targets(self) -> np.ndarray:
        """The labels of the cells that images touch."""
        return self.into.labels

    def bounds(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return lower and upper corners of drawn cells, rounded outward."""
        return corners(self.partition.box, self.nodes[cells])

    def proved(self, edges: Sequence[Edges], settled: np.ndarray) -> np.ndarray:
        """Return which drawn cells (N,) lean on nothing but settled cells."""
        result = np.zeros(len(self.labels), bool)
        for part in edges:
            result[part.cells] = True
        for part in edges:
            result[part.source[~settled[part.target]]] = False
        return result


def problem_json(problem: Problem, step: Fraction, box: np.ndarray) -> dict[str, JSON]:
    """Return the problem of basins as plain data, in the order of the file format."""
    return {
        "objective": problem.objective.to_json(),
        "rho": format_rational(problem.rho),
        "step": format_exact(step),
        "region": [[format_exact(Fraction(v)) for v in side] for side in box.tolist()],
    }


def traps_text(traps: Sequence[Trap]) -> list[str]:
    """Return for each trap the letters of what may happen instead."""
    return ["".join(LABELS[label] for label in trap.others) for trap in traps]


def commitment(into: Flow, seed: int, count: int) -> str:
    """Return the text that numbers of draws are put behind.

    It says what is drawn from, what its starts do, and how often; where one of these is changed, all draws are others.
    """
    digest = problem_digest(problem_json(into.problem, into.step, into.partition.box))
    cells, _ = to_text(into.partition.cells, into.labels)
    parts = [digest, str(len(into.regions)), cells, *traps_text(into.traps)]
    return f"sha256:{sha256(' '.join(parts).encode()).hexdigest()} {seed} {count}"


def drawn(partition: Partition, where: np.ndarray, text: str, count: int) -> np.ndarray:
    """Return cells of the level `LEVEL`, rows (count, 3), drawn from some cells of a partition, (n,) of truth values.

    The text is that of `commitment`. None if there are no such cells.
    """
    order = partition.order[where[partition.order]]
    if not len(order):
        return np.zeros((0, 3), np.int64)
    cells = partition.cells[order].tolist()
    ends = list(accumulate(4 ** (LEVEL - level) for level, _, _ in cells))
    rows = []
    for number in range(count):
        place = int.from_bytes(sha256(f"{text} {number}".encode()).digest(), "big") % ends[-1]
        k = bisect_right(ends, place)
        level, i, j = cells[k]
        down = LEVEL - level
        first, second = divmod(ends[k] - 1 - place, 2**down)
        rows.append((LEVEL, (i << down) + first, (j << down) + second))
    return np.array(rows, np.int64).reshape(-1, 3)


@lru_cache(maxsize=1000)
def least_share(found: int, count: int) -> Fraction:
    """Return a p_0 of the theorem, where `found` of `count` drawn cells do one thing.

    Floats propose it, integers decide: ``a^n (G - a)^(N - n) N^N / delta <= G^N n^n (N - n)^(N - n)`` for a/G.
    """
    a, rest = min(_proposed(found, count), GRID * found // count), count - found
    bound = GRID**count * found**found * rest**rest
    while a and a**found * (GRID - a) ** rest * count**count * DOUBT > bound:
        a -= 1
    return Fraction(a, GRID)


def _proposed(found: int, count: int) -> int:
    """Return about the largest a, by bisection in floats."""
    rest, low, high = count - found, 0, GRID * found // count
    while high - low > 1:
        middle = (low + high) // 2
        p = middle / GRID
        lost = rest * math.log((1 - p) * count / rest) if rest else 0.0
        if found * math.log(p * count / found) + lost > -math.log(DOUBT):
            high = middle
        else:
            low = middle
    return low
