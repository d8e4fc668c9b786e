"""From a float branch to chains of proved cells: what the prover does before everything is measured.

A cell joins a chain if `check_link` has no objection: what a checker will demand of it is demanded here
already. A shorter cell is tried otherwise. Where none is accepted the chain ends, and another begins behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from hallucert.check.branch.cell import FOLD, UNDECIDED, Arc, determinant_at
from hallucert.check.branch.chain import (
    LATE,
    NOT_JOINED,
    NOT_PROVED,
    Chain,
    Fault,
    Link,
    Objection,
    Part,
    check_link,
    hallucinated,
)
from hallucert.check.branch.system import BranchSystem
from hallucert.check.cell import Tube
from hallucert.check.reason import Reason
from hallucert.clock import Clock
from hallucert.exact import round_down, round_up
from hallucert.prove.curves.cells import SoughtCell, Track, cell_between
from hallucert.prove.curves.resume import expected

DEPTH = 12  # how often the prover halves a part of an arc
FIRST = 1 / 32  # the first cell tried, as a part of the whole length
SHORTEST = 2.0**-13  # no cell is shorter than this part of the whole length
GROWTH = 1.6  # how much longer than the last accepted cell the next one tried is
MAX_TESTS = 2000  # so many parts of one arc are looked at: near a branch point a sign may need ever shorter ones
NEWTON_STEPS = 12


class Words(NamedTuple):
    """What is known of a part of an arc."""

    turning: str | None
    stability: str | None


@dataclass
class Growing:
    """A chain to which cells are added: its links, and the proofs of their cells."""

    from_critical: bool
    to_critical: bool = False
    links: list[Link] = field(default_factory=list)
    proofs: list[SoughtCell] = field(default_factory=list)

    @property
    def chain(self) -> Chain:
        """What has been accepted so far."""
        return Chain(tuple(self.links), self.from_critical, self.to_critical)

    def add(self, proof: SoughtCell, to_critical: bool, clock: Clock) -> Objection | None:
        """Add a proved cell; return what a checker would object to instead, or None."""
        first, face = not self.links, proof.cell.span[0]
        ends = (self.from_critical and first, to_critical)
        # Before the arc is described, which takes longer.
        if objection := hallucinated(proof, *ends):
            return objection
        start = face if first else _start(self.proofs[-1], proof)
        if start is None:
            return NOT_JOINED
        link = Link(proof.cell, (), described(proof, start, clock))
        found = check_link(proof, link, self.proofs, ends, again=False)
        if isinstance(found, Objection):
            return found
        before = self.links[-1].parts[-1].stability if self.links else None
        self.links.append(replace(link, places=_places(proof, link, before)))
        self.proofs.append(proof)
        self.to_critical = to_critical
        return None


def intervals(track: Track[BranchSystem], gap: float) -> list[tuple[float, float]]:
    """Return the parts of the arclength that are at least `gap` away from every branch point."""
    low, parts = 0.0, []
    for sigma in sorted(float(track.lengths[i]) for i in track.guide.singular):
        parts.append((low, sigma - gap))
        low = sigma + gap
    parts.append((low, track.total))
    return [(a, b) for a, b in parts if a < b]


class Found(NamedTuple):
    """Chains with the proofs of their cells, why the last part without a cell has none, and how far the search came."""

    chains: list[tuple[Chain, list[SoughtCell]]]
    obstacle: Reason | None
    reached: float


def taken_up(
    system: BranchSystem, chain: Chain, clock: Clock, proofs: list[SoughtCell] | None = None
) -> Growing | Objection:
    """Prove again what a chain says, so that it can grow; return the objection, if there is one.

    The proofs are put into a list as they are found.
    """
    growing = Growing(chain.from_critical, proofs=[] if proofs is None else proofs)
    for i, link in enumerate(chain.links):
        clock.tell("cells proved again", i, len(chain.links))
        if clock.passed():
            return LATE
        proof = SoughtCell(system, link.cell)
        proof.places = {place.low: place for place in link.places}
        ends = (chain.from_critical and i == 0, chain.to_critical and i == len(chain.links) - 1)
        found = check_link(proof, link, growing.proofs, ends, again=True) if proof.proved() else NOT_PROVED
        if isinstance(found, Objection):
            return found.in_cell(i)
        growing.links.append(link)
        growing.proofs.append(proof)
    growing.to_critical = chain.to_critical
    return growing


def search_chains(
    track: Track[BranchSystem],
    gap: float,
    max_cells: int,
    clock: Clock,
    done: Sequence[Growing] = (),
    begin: float = 0.0,
    back: float = 0.0,
) -> Found:
    """Return the chains that can be proved along the guide, behind those that are done until arclength `begin`.

    Floats say where that is, so that the next cell begins as much before it as `back`.

    A chain ends beside a branch point, or where no short cell is accepted; then the next begins behind a hole that
    grows until it does, or at once if a cell was refused only as a continuation.
    """
    guide, shortest, left = track.guide, SHORTEST * track.total, max_cells
    chains, sigma = list(done), begin
    obstacle: Reason | None = None
    for low, high in intervals(track, gap):
        if done and (high - begin <= max(back, shortest) or (high == track.total and done[-1].to_critical)):
            continue
        more = bool(done) and low < begin
        sigma, hole, step = max(low, begin - back), shortest, FIRST * track.total
        while sigma < high and left > 0 and not clock.passed():
            growing = chains.pop() if more else Growing(sigma <= 0 and guide.from_critical)
            before, more = len(growing.links), False
            sigma, step, objection = _grown(growing, track, sigma, high, step, left, clock)
            if growing.links:
                chains.append(growing)
                left -= len(growing.links) - before
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
            return Found([(growing.chain, growing.proofs) for growing in chains], Reason.TIME, sigma)
    return Found([(growing.chain, growing.proofs) for growing in chains], obstacle, track.total)


def _grown(
    growing: Growing, track: Track[BranchSystem], sigma: float, stop: float, step: float, max_cells: int, clock: Clock
) -> tuple[float, float, Objection | None]:
    """Add cells from arclength `sigma` towards `stop`.

    Return how far they reach, the length to begin with next, and what was objected to the shortest cell that could
    follow; None if the cells reach `stop`, there are `max_cells`, or the time is up.
    """
    shortest = SHORTEST * track.total
    while sigma < stop and len(growing.links) < max_cells and not clock.passed():
        so_far = track.steps_until(sigma), track.steps_until(track.total)
        clock.tell("cells", len(growing.links), expected(0, len(growing.links), 0.0, *so_far))
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


def _start(before: SoughtCell, proof: SoughtCell) -> Fraction | None:
    """Return an ``s`` a little before the point where the curve comes in, or None if it is not shown to."""
    where = None if before.end is None else proof.entry(before.end)
    if where is None:
        return None
    low, high = proof.cell.span
    return max(low, round_down(where[0] - (high - low) / 2**40, 60))


def described(proof: SoughtCell, start: Fraction, clock: Clock) -> tuple[Part, ...]:
    """Divide the arc from `start` to its end into parts of which it is known what rho does, and who is attracted.

    Parts are halved at most `DEPTH` times, until there were `MAX_TESTS` of them or the time is up; what is undecided
    then is named so. Each fold is in a short part of its own.
    """
    parts: list[Part] = []
    tests, pending = 0, [(start, proof.cell.span[1], proof.box, Words(None, None), DEPTH)]
    while pending:
        low, high, near, words, left = pending.pop()
        arc = proof.arc(low, high, near)
        words = Words(words.turning or arc.turning, words.stability or arc.stability)
        tests += 1
        if words.turning == FOLD:
            parts += _around_fold(arc, proof)
        elif None in words and left > 0 and tests < MAX_TESTS and not clock.passed():
            middle = (low + high) / 2
            pending += [(middle, high, arc.w, words, left - 1), (low, middle, arc.w, words, left - 1)]
        else:
            parts.append(Part(arc.tube, words.turning or UNDECIDED, words.stability or UNDECIDED))
    return _joined(parts)


def _around_fold(arc: Arc, proof: SoughtCell) -> list[Part]:
    """Divide a part with one fold into what is before it, a short part with the fold, and what is behind."""
    first, last = narrowed_fold(arc, proof)
    cuts = [arc.tube.low, first, last, arc.tube.high]
    pieces = [proof.arc(low, high, arc.w, steps=40) for low, high in pairwise(cuts) if low < high]
    return [Part(piece.tube, piece.turning or UNDECIDED, piece.stability or UNDECIDED) for piece in pieces]


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Join undecided neighbours: of them nothing is said."""
    result: list[Part] = []
    for part in parts:
        nothing = part.turning == part.stability == UNDECIDED
        if nothing and result and result[-1].turning == result[-1].stability == UNDECIDED:
            part = part._replace(tube=part.tube._replace(low=result.pop().tube.low))
        result.append(part)
    return tuple(result)


def narrowed_fold(arc: Arc, proof: SoughtCell) -> tuple[Fraction, Fraction]:
    """Return the ends of a short part of an arc with one fold that still holds the fold, with room at both ends.

    Interval Newton: the fold lies in ``t - D(t)/D'([low, high])``.
    """
    ar, (low, high, *_) = proof.arithmetic, arc.tube
    for _ in range(NEWTON_STEPS):
        part = proof.arc(low, high, arc.w, steps=40)
        slope, t = part.slope, round_down((low + high) / 2, 80)
        if slope is None or not ar.nonzero(slope):
            break
        step = determinant_at(proof, t) / slope
        if not ar.is_finite(step):
            break
        left, right = max(low, t - ar.upper(step)), min(high, t - ar.lower(step))
        if not left < right or right - left > (high - low) / 2:
            break
        low, high = round_down(left, 80), round_up(right, 80)
    # Room for the signs of D at the ends in any arithmetic: far more than rounding, far less than 1e-8.
    room = max(4 * (high - low), (arc.tube.high - arc.tube.low) / 2**36)
    low, high = round_down((low + high) / 2 - room, 60), round_up((low + high) / 2 + room, 60)
    return max(arc.tube.low, low), min(arc.tube.high, high)


def _places(proof: SoughtCell, link: Link, before: str | None) -> tuple[Tube, ...]:
    """Return the places that a checker needs: ends of the arc, of signs that are told by a slope, and of runs.

    `before` is the stability at the end of the cell before; None for the first cell.
    """
    wanted = {proof.cell.span[1]} | ({proof.cell.span[0]} if before is None else set())
    for tube, turning, stability in link.parts:
        if stability != before:
            wanted.add(tube.low)
        before = stability
        slopes = turning != UNDECIDED and not proof.arithmetic.nonzero(proof.arcs[tube].determinant.value)
        if turning == FOLD or slopes:
            wanted |= {tube.low, tube.high}
    for s in wanted:
        proof.section(s)
    return tuple(proof.places[s] for s in sorted(wanted) if s in proof.places)
