"""The prover for branches: from a float guide to chains and claims, in one arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls.facade import BallArithmetic
from hallucert.check.branch.chain import Chain
from hallucert.check.branch.claims import THEOREMS, Branches, measured_claims
from hallucert.check.branch.system import BranchSystem, third_derivative_tape
from hallucert.check.branch.target import TargetBox, proved_target
from hallucert.check.claim import Claim, Enclosure, sizes_of
from hallucert.check.reason import Reason
from hallucert.clock import Clock
from hallucert.objectives.objective import Objective
from hallucert.prove.branch.guide import Guide, Track
from hallucert.prove.branch.proposal import propose_target
from hallucert.prove.branch.search import search_chains

SEARCH = 0.6
"""Part of the time budget for cells; the rest is for what is said about them, which takes less."""


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
    kept = [pair for pair, group in zip(found, groups[1:], strict=True) if not isinstance(group, str)]
    chains = [chain for chain, _ in kept]
    if len(kept) < len(found):
        groups = measured_claims(system, target, chains, [proofs for _, proofs in kept], clock)
        obstacle = Reason.TIME if half.passed() else obstacle
    precision, sizes = arithmetic.precision, target.sizes(reach)
    measured = [one for group in groups if not isinstance(group, str) for one in group]
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
