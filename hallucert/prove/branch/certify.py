"""Certify a branch: from a continuation in floats to chains of cells and theorems about the exact curve near it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert import __version__
from hallucert.arguments import checked_positive
from hallucert.balls import arithmetic
from hallucert.balls.facade import BallArithmetic
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.branch.chain import Chain, Objection
from hallucert.check.branch.claims import THEOREMS, Branches, measured_claims
from hallucert.check.branch.system import BranchSystem, TargetBox, proved_target, third_derivative_tape
from hallucert.check.claim import Claim, Enclosure, Provenance, sizes_of
from hallucert.check.reason import Reason
from hallucert.clock import Clock
from hallucert.find.curves.records import Branch, EndReason
from hallucert.objectives.objective import Objective
from hallucert.prove.branch.proposal import Guide, Track, propose_target
from hallucert.prove.branch.search import search_chains

PRECISION = 106
"""Bits by default: folds to 1e-8 and better need more than doubles have."""

GAP = 3e-4
"""What is left out at each side of a branch point, by default, as a part of its radius."""

FAR = 4.0
"""A multiplier beyond this many radii, in units of the branch's scale, is on its way to infinity at a pole. Cells are
sought as parts of the whole arclength."""

MAX_CELLS = 20_000

SEARCH = 0.6
"""Part of the time budget for cells; the rest is for what is said about them, which takes less."""


def certify_branch(
    branch: Branch, backend: str, precisions: Sequence[int] | None, clock: Clock, gap: float | None = None
) -> BranchCertificate:
    """Prove what can be proved about `branch`; see `hallucert.certify`.

    Raises
    ------
    ArgumentError
        If `gap` is not a positive number.
    NotAnalyticError
        If the objective is not a formula of few variables: the proof needs its third derivatives.
    """
    branch.objective.require_rigorous()
    gap = None if gap is None else checked_positive(gap, "gap")
    first, last = _before_infinity(branch)
    singular = [i for i in range(first, last) if _is_singular(branch, i)]
    width = gap if gap is not None else GAP * max((float(branch.rho[i]) for i in singular), default=1.0)
    ends = (branch.start.reason, branch.end.reason)
    guide = Guide(
        branch.points[first:last],
        branch.tangent[first:last],
        branch.scale,
        np.array(singular, dtype=int) - first,
        ends[0] is EndReason.CRITICAL_POINT,
        ends[1] is EndReason.CRITICAL_POINT,
    )
    near = [Fraction(v) for v in branch.target.tolist()]
    ar = arithmetic(backend, PRECISION if precisions is None else max(precisions))
    with ar:
        found = prove_branch(ar, branch.objective, near, guide, float(width), MAX_CELLS, clock)
    provenance = Provenance(__version__, ar.name, ar.version, ar.precision)
    return BranchCertificate(branch.objective, found.target, found.chains, found.claims, provenance, found.box)


def _before_infinity(branch: Branch) -> tuple[int, int]:
    """Return the range of points to prove: without the way to a pole, on which only the multiplier moves."""
    near = np.flatnonzero(np.abs(branch.multiplier) / branch.scale <= FAR * branch.rho.max())
    first, last = 0, len(branch)
    if near.size and branch.start.reason is EndReason.DOMAIN:
        first = int(near[0])
    if near.size and branch.end.reason is EndReason.DOMAIN:
        last = int(near[-1]) + 1
    return first, last


def _is_singular(branch: Branch, index: int) -> bool:
    """Tell whether a point is a branch point, also if the branch starts there."""
    if any(event.index == index for event in branch.branch_points):
        return True
    reasons = {0: branch.start.reason, len(branch) - 1: branch.end.reason}
    return reasons.get(index) is EndReason.BRANCH_POINT


@dataclass(frozen=True)
class ProvedBranch:
    """What the prover found: the target's box and enclosure, chains, and all claims in order."""

    target: TargetBox | None
    box: tuple[tuple[Fraction, Fraction], ...] | None
    chains: tuple[Chain, ...]
    claims: tuple[Claim, ...]


def prove_branch(
    arithmetic: BallArithmetic,
    objective: Objective,
    near: Sequence[Fraction],
    guide: Guide,
    gap: float,
    max_cells: int,
    clock: Clock,
) -> ProvedBranch:
    """Prove what can be proved along a branch.

    Parameters
    ----------
    arithmetic
        The arithmetic, entered.
    objective : Objective
        A formula.
    near : sequence of Fraction
        A point near the target.
    guide : Guide
        The branch in floats.
    gap : float
        Arclength in ``(x, lambda/scale)`` left out at both sides of a branch point.
    max_cells : int
        Budget.
    clock : Clock
        Look for no further cells when its time is up.
    """
    third = third_derivative_tape(objective)
    reach = _reach(guide, near)
    box = propose_target(arithmetic, objective, near, sizes_of(reach, reach).box)
    target = None if box is None else proved_target(arithmetic, objective, box)
    if box is None or target is None:
        reasons = {"target": Reason.DEGENERATE_TARGET, "branch": Reason.NEEDS_PREMISES}
        open_ = tuple(THEOREMS[name].open(reason) for name, reason in reasons.items())
        return ProvedBranch(None, None, (), open_)
    system = BranchSystem(arithmetic, objective, target.c, third)
    found, obstacle = search_chains(Track(system, guide), gap, max_cells, clock.part(SEARCH))
    half = clock.part(0.5)  # all of it may have to be said a second time
    groups = measured_claims(system, target, [chain for chain, _ in found], [proofs for _, proofs in found], half)
    # A chain that the final check does not confirm is left out; the others are renumbered.
    kept = [pair for pair, group in zip(found, groups[1:], strict=True) if not isinstance(group, Objection)]
    chains = [chain for chain, _ in kept]
    if len(kept) < len(found):
        groups = measured_claims(system, target, chains, [proofs for _, proofs in kept], clock)
        obstacle = Reason.TIME if half.passed() else obstacle
    precision, sizes = arithmetic.precision, target.sizes(reach)
    measured = [one for group in groups if not isinstance(group, Objection) for one in group]
    about = Branches(objective.dimension, tuple(chains))
    claims = [one.published(about, precision, sizes) for one in measured]
    claims += _open_questions(claims, obstacle or Reason.PRECISION)
    enclosure = [Enclosure(*arithmetic.endpoints(c)).published(precision, sizes.box) for c in target.c]
    return ProvedBranch(box, tuple((e.lower, e.upper) for e in enclosure), tuple(chains), tuple(claims))


def _open_questions(claims: Sequence[Claim], obstacle: Reason) -> list[Claim]:
    """Say so where nothing was proved at all: without a curve because of `obstacle`."""
    made = {claim.name for claim in claims}
    reasons = {"branch": obstacle, "stability": Reason.STRADDLES if "branch" in made else Reason.NEEDS_PREMISES}
    return [THEOREMS[name].open(reason) for name, reason in reasons.items() if name not in made]


def _reach(guide: Guide, near: Sequence[Fraction]) -> Fraction:
    """Return the largest distance from the target in a coordinate."""
    return Fraction(float(np.abs(guide.points[:, :-1] - [float(v) for v in near]).max()))
