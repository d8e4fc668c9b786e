"""Certify a branch: from a continuation in floats to chains of cells and theorems about the exact curve near it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Self

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.facade import BallArithmetic
from hallucert.check.branch.certificate import THEOREMS, BranchCertificate, Branches, chain_claims, target_claim
from hallucert.check.branch.chain import LATE, Chain, ChainFacts, Objection, check_chain
from hallucert.check.branch.system import BranchSystem, Target, TargetBox, formula_of, proved_target
from hallucert.check.claim import Claim, Enclosure
from hallucert.check.file.unfinished import Unfinished
from hallucert.check.publishing import Sizes, provenance, publish, published, sizes_of
from hallucert.check.reason import Reason
from hallucert.clock import Clock
from hallucert.errors import require
from hallucert.find.curves.records import Branch, EndReason
from hallucert.objectives.objective import Objective
from hallucert.prove.curves.cells import Guide, SoughtCell, Track, propose_target
from hallucert.prove.curves.chains import Growing, search_chains, taken_up
from hallucert.prove.curves.resume import BACK, located, too_short, unfinished
from hallucert.prove.regions import quick
from hallucert.settings import checked_positive

PRECISION = 106  # bits by default: folds to 1e-8 and better need more than doubles have
GAP = 3e-4  # what is left out at each side of a branch point, by default, as a part of its radius

# A multiplier beyond this many radii, in units of the branch's scale, is on its way to infinity at a pole. Cells are
# sought as parts of the whole arclength.
FAR = 4.0
MAX_CELLS = 20_000
SEARCH = 0.6  # part of the time budget for cells, where another arithmetic proves them again


def certify_branch(
    branch: Branch,
    backend: str,
    precisions: Sequence[int] | None,
    clock: Clock,
    gap: float | None = None,
    resume: BranchCertificate | None = None,
) -> BranchCertificate:
    """Prove what can be proved about `branch`; see `hallucert.certify`.

    `ArgumentError` if `gap` is not a positive number; `NotAnalyticError` if the objective is not a formula of few
    variables: the proof needs its third derivatives.
    """
    branch.objective.require_rigorous()
    gap = None if gap is None else checked_positive(gap, "gap")
    objective, near = formula_of(branch.objective), [Fraction(v) for v in branch.target.tolist()]
    reach = Fraction(float(np.abs(_guide(branch).points[:, :-1] - branch.target).max()))
    ar = arithmetic(backend, PRECISION if precisions is None else max(precisions))
    with ar:
        prover = Prover.at(ar, objective, near, reach)
        if prover is None:
            return BranchCertificate(objective, None, (), NO_TARGET, provenance(ar))
        obstacle = prover.add(branch, gap, clock, [] if resume is None else list(resume.chains))
        if resume is not None and not prover.chains:
            raise too_short(resume)
        claims = prover.claims()
    made = {claim.name for claim in claims}
    reasons = {
        "branch": obstacle or Reason.PRECISION,
        "stability": Reason.STRADDLES if "branch" in made else Reason.NEEDS_PREMISES,
    }
    made -= {"branch"} if prover.unfinished else set()
    claims += [THEOREMS[name].open(reason) for name, reason in reasons.items() if name not in made]
    found = objective, prover.place, tuple(prover.chains), tuple(claims), provenance(ar), prover.box
    return BranchCertificate(*found, unfinished=prover.unfinished)


NO_TARGET = (THEOREMS["target"].open(Reason.DEGENERATE_TARGET), THEOREMS["branch"].open(Reason.NEEDS_PREMISES))
"""What is claimed where no target is proved."""


class Prover:
    """Proves branches of one proved target in one arithmetic, and makes the claims about them.

    It searches in Arb, if it can: that is quick, and wider than mpmath, so that either can check what is found. So the
    `system` is for proofs, another one perhaps for `searching`. `chains` and `facts` have been proved so far;
    `unfinished` is what is left of the last branch, if the time was up.
    """

    def __init__(self, system: BranchSystem, place: TargetBox, target: Target, reach: Fraction) -> None:
        self.system, self.searching, self.place, self.target = system, _searching(system), place, target
        self.precision, self.sizes = system.arithmetic.precision, _sizes(target, reach)
        self.chains: list[Chain] = []
        self.facts: list[ChainFacts] = []
        self.unfinished: Unfinished | None = None

    @classmethod
    def at(cls, ar: BallArithmetic, objective: Objective, near: Sequence[Fraction], reach: Fraction) -> Self | None:
        """Prove a target near a point, of branches that reach so far; None if there is none."""
        place = propose_target(ar, objective, near, sizes_of(reach, reach).box)
        target = None if place is None else proved_target(ar, objective, place)
        if place is None or target is None:
            return None
        return cls(BranchSystem(ar, objective, target.c), place, target, reach)

    def add(self, branch: Branch, gap: float | None, clock: Clock, before: Sequence[Chain] = ()) -> Reason | None:
        """Prove chains along a branch; return why the last part without a cell has none.

        A chain that the final check does not confirm is left out. `gap` is the arclength in ``(x, lambda/scale)`` left
        out at both sides of a branch point. Chains of a certificate, `before`, are proved again, and it goes on there.
        Raises `ArgumentError` if they lie elsewhere or are not proved.
        """
        guide, radii = _guide(branch), branch.rho[slice(*_before_infinity(branch))]
        if gap is None:
            gap = GAP * max(radii[guide.singular].tolist(), default=1.0)
        known = self.searching is self.system
        track, began = Track(self.searching, guide), clock.now()
        where = located(track, [[link.cell for link in chain.links] for chain in before], track.total)
        require(where is not None or not before, "resume", "chains of cells", "lie along this branch")
        _, begin, length = where or (0.0, 0.0, 0.0)
        with self.searching.arithmetic:
            done = [taken_up(self.searching, chain, clock) for chain in before]
            if wrong := next((one for one in done if isinstance(one, Objection)), None):
                require(wrong.reason is Reason.TIME, "resume", "a chain of cells", f"be proved: {wrong.text}")
                return wrong.reason
            growing = [one for one in done if isinstance(one, Growing)]
            found = search_chains(
                track, gap, MAX_CELLS, clock if known else clock.part(SEARCH), growing, begin, BACK * length
            )
        obstacle = found.obstacle
        if obstacle is Reason.TIME:
            way = [track.steps_until(sigma) for sigma in (0.0, begin, found.reached, track.total)]
            self.unfinished = unfinished(way, clock.now() - began)
        for chain, proofs in found.chains:
            chain, facts = self._confirmed(chain, proofs, clock)
            if isinstance(facts, Objection):
                obstacle = facts.reason
            else:
                self.chains.append(chain)
                self.facts.append(facts)
        return obstacle

    def along(self, branch: Branch, chains: Sequence[Chain]) -> list[Chain]:
        """Return those of some chains whose cells lie along a branch."""
        track = Track(self.searching, _guide(branch))
        return [one for one in chains if located(track, [[link.cell for link in one.links]], track.total)]

    def _confirmed(
        self, chain: Chain, known: Sequence[SoughtCell], clock: Clock
    ) -> tuple[Chain, ChainFacts | Objection]:
        """Prove a chain, or as much from its first cell on as the time allows, in the arithmetic of the proof."""
        if self.searching is self.system:
            return chain, check_chain(self.system, chain, known)
        began, proofs = clock.now(), list[SoughtCell]()
        growing = clock.kept(partial(taken_up, self.system, chain, clock, proofs), LATE)
        if isinstance(growing, Objection) and growing.reason is Reason.TIME and proofs:
            way = [0.0, 0.0, float(len(proofs)), float(len(chain.links))]
            self.unfinished = unfinished(way, clock.now() - began)
            chain = Chain(chain.links[: len(proofs)], chain.from_critical, False)
        elif isinstance(growing, Objection):
            return chain, growing
        return chain, check_chain(self.system, chain, proofs)

    def claims(self, region: Sequence[tuple[Fraction, Fraction]] = ()) -> list[Claim]:
        """Return the claims about the target and all chains."""
        about = Branches(self.system.dimension, tuple(self.chains), tuple(region))
        measured = [target_claim(self.target)]
        for number, facts in enumerate(self.facts, 1):
            measured += chain_claims(number, self.target, facts)
        return [publish(one, about, self.precision, self.sizes) for one in measured]

    @property
    def box(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """The published enclosure of the target."""
        ends = self.system.arithmetic.endpoints
        wider = [published(Enclosure(*ends(c)), self.precision, self.sizes.box) for c in self.target.c]
        return tuple((side.lower, side.upper) for side in wider)


def _sizes(target: Target, length: Fraction) -> Sizes:
    """Return the sizes of the numbers of branches that reach so far."""
    return sizes_of(length, length * max(abs(target.smallest.lower), abs(target.largest.upper)))


def _searching(system: BranchSystem) -> BranchSystem:
    """Return the system in which is searched."""
    ar = quick(system.arithmetic)
    if ar is system.arithmetic:
        return system
    with ar:
        target = [ar.interval(*system.arithmetic.endpoints(c)) for c in system.target]
        return BranchSystem(ar, system.objective, target, system.third)


def _guide(branch: Branch) -> Guide:
    """Return what the prover needs to know of a branch, without the way to a pole, on which only lambda moves."""
    first, last = _before_infinity(branch)
    return Guide(
        branch.points[first:last],
        branch.tangent[first:last],
        branch.scale,
        np.array([i for i in _singular(branch) if first <= i < last], dtype=int) - first,
        branch.start.reason is EndReason.CRITICAL_POINT,
        branch.end.reason is EndReason.CRITICAL_POINT,
    )


def _before_infinity(branch: Branch) -> tuple[int, int]:
    """Return the range of points to prove."""
    near = np.flatnonzero(np.abs(branch.multiplier) / branch.scale <= FAR * branch.rho.max())
    first, last = 0, len(branch)
    if near.size and branch.start.reason is EndReason.DOMAIN:
        first = int(near[0])
    if near.size and branch.end.reason is EndReason.DOMAIN:
        last = int(near[-1]) + 1
    return first, last


def _singular(branch: Branch) -> list[int]:
    """Return the branch points, also where the branch starts or ends at one."""
    reasons = {0: branch.start.reason, len(branch) - 1: branch.end.reason}
    ends = {i for i, reason in reasons.items() if reason is EndReason.BRANCH_POINT}
    return sorted({event.index for event in branch.branch_points} | ends)
