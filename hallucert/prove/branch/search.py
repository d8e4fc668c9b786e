"""From a float branch to chains of proved cells: what the prover does before everything is measured.

A cell joins a chain if `branch_chain.check_link` has no objection: what a checker will demand of it is demanded here
already. A shorter cell is tried otherwise. Where none is accepted the chain ends, and another begins behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from hallucert.check.branch.cell import CellProof
from hallucert.check.branch.chain import NOT_JOINED, Chain, Fault, Link, Objection, check_link, entry, hallucinated
from hallucert.check.branch.parts import UNDECIDED, Part, divided
from hallucert.check.branch.stability import stability
from hallucert.check.branch.turning import FALLING, FOLD, GROWING, determinant_at, narrowed_fold, turning, way
from hallucert.check.reason import Reason
from hallucert.clock import Clock
from hallucert.exact import round_down
from hallucert.prove.branch.guide import Track
from hallucert.prove.branch.proposal import cell_between

DEPTH = 12
"""How often the prover halves a part of an arc."""

FIRST = 1 / 32
"""The first cell tried, as a part of the whole length."""

SHORTEST = 2.0**-13
"""No cell is shorter than this part of the whole length."""

GROWTH = 1.6
"""How much longer than the last accepted cell the next one tried is."""

NOT_PROVED = Objection("it is not shown to hold exactly one arc", Reason.PRECISION)


@dataclass
class Growing:
    """A chain to which cells are added: its links, and the proofs of their cells."""

    from_critical: bool
    to_critical: bool = False
    links: list[Link] = field(default_factory=list)
    proofs: list[CellProof] = field(default_factory=list)

    @property
    def chain(self) -> Chain:
        """What has been accepted so far."""
        return Chain(tuple(self.links), self.from_critical, self.to_critical)

    def add(self, proof: CellProof, to_critical: bool, clock: Clock) -> Objection | None:
        """Add a proved cell; return what a checker would object to instead, or None."""
        first = not self.links
        before, begin = (
            (None, None) if first else (self.proofs[-1], self.proofs[0].section(self.proofs[0].cell.span[0]))
        )
        ends = (self.from_critical and first, to_critical)
        # Before the arc is described, which takes longer.
        if objection := hallucinated(proof, *ends):
            return objection
        start = proof.cell.span[0] if before is None else _start(before, proof)
        if start is None:
            return NOT_JOINED
        link = Link(proof.cell, start, _turning(proof, start, clock), _stability(proof, start, clock))
        found = check_link(proof, link, before, begin, ends, again=False)
        if isinstance(found, Objection):
            return found
        self.links.append(link)
        self.proofs.append(proof)
        self.to_critical = to_critical
        return None


def intervals(track: Track, gap: float) -> list[tuple[float, float]]:
    """Return the parts of the arclength that are at least `gap` away from every branch point."""
    low, parts = 0.0, []
    for sigma in sorted(float(track.lengths[i]) for i in track.guide.singular):
        parts.append((low, sigma - gap))
        low = sigma + gap
    parts.append((low, track.total))
    return [(a, b) for a, b in parts if a < b]


def search_chains(
    track: Track, gap: float, max_cells: int, clock: Clock
) -> tuple[list[tuple[Chain, list[CellProof]]], Reason | None]:
    """Return the chains that can be proved along the guide, with the proofs of their cells.

    A chain ends beside a branch point, or where no short cell is accepted; then the next begins behind a hole that
    grows until it does, or at once if a cell was refused only as a continuation.

    Returns
    -------
    list of (Chain, list of CellProof), Reason or None
        The chains, and why the last part of the guide without a cell has none, if there is one.
    """
    guide, shortest, left = track.guide, SHORTEST * track.total, max_cells
    chains: list[Growing] = []
    obstacle: Reason | None = None
    for low, high in intervals(track, gap):
        sigma, hole, step = low, shortest, FIRST * track.total
        while sigma < high and left > 0 and not clock.passed():
            growing = Growing(sigma <= 0 and guide.from_critical)
            sigma, step, objection = _grown(growing, track, sigma, high, step, left, clock)
            if growing.links:
                chains.append(growing)
                left -= len(growing.links)
                hole = shortest
            if objection is None:
                continue
            if objection.fault is Fault.FIRST_POINT:
                # The curve is closed.
                break
            if objection.fault is Fault.CELL:
                obstacle = objection.reason
                # A failed search leaves the shortest step behind; the next tries a cell as long as the hole.
                sigma, step, hole = sigma + hole, max(step, hole), 2 * hole
            else:
                step = FIRST * track.total
    if clock.passed():
        obstacle = Reason.TIME
    return [(growing.chain, growing.proofs) for growing in chains], obstacle


def _grown(
    growing: Growing, track: Track, sigma: float, stop: float, step: float, max_cells: int, clock: Clock
) -> tuple[float, float, Objection | None]:
    """Add cells from arclength `sigma` towards `stop`.

    Returns
    -------
    float, float, Objection or None
        How far they reach; the length to begin with next; what was objected to the shortest cell that could follow,
        None if the cells reach `stop`, there are `max_cells`, or the time is up.
    """
    shortest = SHORTEST * track.total
    while sigma < stop and len(growing.links) < max_cells and not clock.passed():
        clock.tell("cells", len(growing.links))
        upto = min(sigma + step, stop)
        if stop - upto < 0.3 * step:
            upto = stop
        proof = cell_between(track, sigma, upto)
        to_critical = upto >= track.total and track.guide.to_critical
        objection = NOT_PROVED if proof is None else growing.add(proof, to_critical, clock)
        if objection is None:
            sigma, step = upto, GROWTH * step
            continue
        length = upto - sigma
        step = max(0.5 * min(step, length), shortest)
        # Not `length <= shortest`, which rounding may keep from ever coming true.
        if step > 0.75 * length:
            return sigma, shortest, objection
    return sigma, step, None


def _start(before: CellProof, proof: CellProof) -> Fraction | None:
    """Return an ``s`` a little before the point where the curve comes in, or None if it is not shown to."""
    where = entry(before, proof)
    if where is None:
        return None
    low, high = proof.cell.span
    return max(low, round_down(proof.arithmetic.lower(where) - (high - low) / 2**40, 60))


def _stability(proof: CellProof, start: Fraction, clock: Clock) -> tuple[Part, ...]:
    return divided(proof, start, stability, DEPTH, clock)


def _turning(proof: CellProof, start: Fraction, clock: Clock) -> tuple[Part, ...]:
    """Divide the arc by what rho does, with each fold in a short part of its own."""
    parts: list[Part] = []
    low = start

    def add(high: Fraction, word: str) -> None:
        if high <= (parts[-1].high if parts else start):
            return
        if parts and parts[-1].word == word != FOLD:
            parts.pop()
        parts.append(Part(high, word))

    for high, word in divided(proof, start, turning, DEPTH, clock):
        if word == FOLD:
            ahead = way(proof, determinant_at(proof, low)) or UNDECIDED
            first, last = narrowed_fold(proof, low, high)
            add(first, ahead)
            add(last, FOLD)
            add(high, {GROWING: FALLING, FALLING: GROWING}.get(ahead, UNDECIDED))
        else:
            add(high, word)
        low = high
    return tuple(parts)
