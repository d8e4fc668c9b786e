"""From a float branch to chains of proved cells: what the prover does before everything is measured."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction

from hallucert.exact import round_down
from hallucert.prove.branch_cell import CellProof
from hallucert.prove.branch_chain import Chain, Link, entry
from hallucert.prove.branch_guide import Track
from hallucert.prove.branch_parts import UNDECIDED, Part, divided
from hallucert.prove.branch_proposal import proved_chain
from hallucert.prove.branch_stability import stability
from hallucert.prove.branch_turning import FALLING, FOLD, GROWING, determinant_at, narrowed_fold, turning, way

DEPTH = 12
"""How often the prover halves a part of an arc."""

FIRST = 1 / 32
"""The first cell tried, as a part of the whole length."""

SHORTEST = 2.0**-13
"""No cell is shorter than this part of the whole length."""


def intervals(track: Track, gap: float) -> list[tuple[float, float]]:
    """Return the parts of the arclength that are at least `gap` away from every branch point."""
    low, parts = 0.0, []
    for sigma in sorted(float(track.lengths[i]) for i in track.guide.singular):
        parts.append((low, sigma - gap))
        low = sigma + gap
    parts.append((low, track.total))
    return [(a, b) for a, b in parts if a < b]


def search_chains(track: Track, gap: float, max_cells: int, deadline: float) -> Iterator[tuple[Chain, list[CellProof]]]:
    """Yield the chains that can be proved along the guide, with the proofs of their cells.

    A chain ends beside a branch point, or where no short cell can be proved; then the next begins behind a hole that
    grows until it does.
    """
    guide, shortest, left = track.guide, SHORTEST * track.total, max_cells
    for low, high in intervals(track, gap):
        sigma, hole, step = low, shortest, FIRST * track.total
        while sigma < high and left > 0 and time.monotonic() < deadline:
            proofs, reach, step = proved_chain(track, sigma, high, step, shortest, left, deadline)
            left -= len(proofs)
            if proofs:
                starts_critical = sigma <= 0 and guide.from_critical
                ends_critical = reach >= track.total and guide.to_critical
                yield from _linked(proofs, starts_critical, ends_critical, deadline)
                hole = shortest
            if reach >= high:
                break
            # A failed search leaves the shortest step behind; the next tries a cell as long as the hole.
            sigma, hole = reach + hole, 2 * hole
            step = max(step, hole)


def _linked(
    proofs: list[CellProof], from_critical: bool, to_critical: bool, deadline: float
) -> Iterator[tuple[Chain, list[CellProof]]]:
    """Prove the joints and describe the arcs; where a joint fails, one chain ends and another begins."""
    links: list[Link] = []
    own: list[CellProof] = []
    for proof in proofs:
        start = _start(own[-1], proof) if own else proof.cell.span[0]
        if start is None:
            yield Chain(tuple(links), from_critical, False), own
            links, own, from_critical, start = [], [], False, proof.cell.span[0]
        links.append(Link(proof.cell, start, _turning(proof, start, deadline), _stability(proof, start, deadline)))
        own.append(proof)
    yield Chain(tuple(links), from_critical, to_critical), own


def _start(before: CellProof, proof: CellProof) -> Fraction | None:
    """Return an ``s`` a little before the point where the curve comes in, or None if it is not shown to."""
    where = entry(before, proof)
    if where is None:
        return None
    low, high = proof.cell.span
    return max(low, round_down(proof.arithmetic.lower(where) - (high - low) / 2**40, 60))


def _stability(proof: CellProof, start: Fraction, deadline: float) -> tuple[Part, ...]:
    return divided(proof, start, stability, DEPTH, deadline)


def _turning(proof: CellProof, start: Fraction, deadline: float) -> tuple[Part, ...]:
    """Divide the arc by what rho does, with each fold in a short part of its own."""
    parts: list[Part] = []
    low = start

    def add(high: Fraction, word: str) -> None:
        if high <= (parts[-1].high if parts else start):
            return
        if parts and parts[-1].word == word != FOLD:
            parts.pop()
        parts.append(Part(high, word))

    for high, word in divided(proof, start, turning, DEPTH, deadline):
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
