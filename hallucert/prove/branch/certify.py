"""Certify a branch: from a continuation in floats to theorems about the exact curve near it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from hallucert import __version__
from hallucert.arguments import checked_positive
from hallucert.balls import arithmetic
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.file.certificate import Provenance
from hallucert.clock import Clock
from hallucert.find.curves.records import Branch, EndReason
from hallucert.prove.branch.guide import Guide
from hallucert.prove.branch.prover import prove_branch

PRECISION = 106
"""Bits by default: folds to 1e-8 and better need more than doubles have."""

GAP = 3e-4
"""What is left out at each side of a branch point, by default, as a part of its radius."""

FAR = 4.0
"""A multiplier beyond this many radii, in units of the branch's scale, is on its way to infinity at a pole. Cells are
sought as parts of the whole arclength."""

MAX_CELLS = 20_000


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
