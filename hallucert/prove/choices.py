"""The exact inputs of claims about a point: what a proof proposes, and a checker only reads.

Each function returns the inputs of the claim of its name, or why there are none.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import Ball
from hallucert.balls.similarity import eigenvector_bases
from hallucert.check.attraction.basin import Contraction, Region, contraction_of
from hallucert.check.attraction.converges import FEWEST_BITS, MOST_BITS, MOST_STEPS, distance_of, run
from hallucert.check.claim import Claim, Status
from hallucert.check.point.rule import Evidence, Inputs
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Subdivision
from hallucert.clock import look
from hallucert.exact import round_down, round_up
from hallucert.find.candidate import Construction
from hallucert.prove import regions

Claims = Mapping[str, Claim]
"""Those that were made before."""

HALVINGS, REFINEMENTS = 40, 3
"""The first R is half of rho; it is halved until a proof succeeds, and then brought nearer to the last failure."""
RATE_KEPT = Fraction(1, 2)
"""Of the rate of convergence at ``x*`` so much is kept on all of Omega: more would make it smaller."""
PIECES = 150
"""Of a subdivision that a proof may take."""
LARGEST_DIMENSION = 300
"""More variables make V too long for a certificate."""
LOOK = 8
"""The prover looks where the run is every so many steps."""
WIDE = 4
"""More bits are due when the distance is not known to one part in so many of the radius."""


@dataclass(frozen=True)
class Hints:
    """What a user or a search asks for, or proposes.

    Attributes
    ----------
    construction
        The search's construction (`hallucert.find.candidate.Construction`), for `farthest_point`.
    global_box : (d, 2) array or None
        The box over which the target is asked to be a global minimizer.
    direction : (d,) array or None
        The direction of `no_minimizer_near`.
    basin : Fraction or None
        The step of the claim `basin`, dyadic.
    start : tuple of Fraction or None
        Where the run of `converges` starts.
    exact_step : Fraction or None
        The step of `converges`, at most that of `basin`.
    """

    construction: Construction | None = None
    global_box: np.ndarray | None = None
    direction: np.ndarray | None = None
    basin: Fraction | None = None
    start: tuple[Fraction, ...] | None = None
    exact_step: Fraction | None = None


def nothing(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """Return no inputs: most claims have none."""
    return {}


def basin(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The step as asked, eigenvectors of ``M(x*)`` in floats, and about the largest R that passes."""
    if hints.basin is None or evidence.residual_form:
        return Reason.NEEDS_PREMISES
    if len(evidence.point.x) > LARGEST_DIMENSION:
        return Reason.DIMENSION
    evidence = regions.in_arb(evidence)
    floats = matrix.midpoints(evidence.arithmetic, evidence.point.sam_matrix)
    bases = eigenvector_bases(floats) if np.isfinite(floats).all() else []
    if not bases:
        return Reason.PRECISION
    columns = bases[0].columns / np.linalg.norm(bases[0].columns, axis=0)
    basis = tuple(Fraction(v) for row in columns.tolist() for v in row)
    contraction = contraction_of(evidence, {"step": hints.basin, "basis": basis})
    at_point = None if contraction is None else contraction.at_point()
    if contraction is None or at_point is None:
        return Reason.PRECISION
    if at_point.upper >= 1:
        return Reason.STEP
    bound = round_up(1 - RATE_KEPT * (1 - at_point.upper), 24)
    size = round_down(evidence.point.length / 2, 4)
    for _ in range(HALVINGS):
        if found := _contracting(contraction, size, bound):
            break
        size /= 2
    else:
        return Reason.STEP
    for k in range(1, REFINEMENTS + 1):
        larger = size * (1 + Fraction(1, 2**k))
        if better := _contracting(contraction, larger, bound):
            size, found = larger, better
    return {"step": hints.basin, "basis": basis, "size": size, "bound": bound, "subdivision": found}


def _contracting(contraction: Contraction, size: Fraction, bound: Fraction) -> Subdivision | None:
    """Return a subdivision that shows the bound on Omega; None if there is none of few pieces."""
    region = Region(contraction, size, bound)
    if not region.has_forms:
        most = 1
    elif all(contraction.is_bounded(contraction.around(move), bound) for move in _probes(contraction, size)):
        most = PIECES
    else:
        return None
    found = regions.subdivide(region.box, region.tests, most)
    return found if isinstance(found, Subdivision) else None


def _probes(contraction: Contraction, size: Fraction) -> Iterator[list[Ball]]:
    """Yield ``V w`` for some w with ``|w|`` just below `size`, along axes and diagonals."""
    ar, basis = contraction.evidence.arithmetic, contraction.basis
    for corner in itertools.product((-1, 0, 1), repeat=len(basis)):
        length = Fraction(math.isqrt(4**20 * sum(map(abs, corner))) + 1, 2**20)
        w = [ar.constant(size * c / length) for c in corner]
        yield [ar.dot(row, w) for row in basis]


def converges(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The run as asked; the first multiple of `LOOK` steps, and the fewest bits, with which it arrives."""
    region = claims.get("basin")
    if region is None or region.status is not Status.PROVED or hints.start is None or hints.exact_step is None:
        return Reason.NEEDS_PREMISES
    radius, bits = region.numbers["radius"].lower, max(FEWEST_BITS, evidence.arithmetic.precision)
    while bits <= MOST_BITS:
        for k, x in enumerate(run(evidence, hints.start, hints.exact_step, bits)):
            look()
            if k % LOOK:
                continue
            distance = distance_of(evidence, x, bits)
            if distance is None or WIDE * (distance.upper - distance.lower) > radius:
                break
            if 2 * distance.upper <= radius:  # with room for what publication adds, and bits for what a checker loses
                return {"start": hints.start, "step": hints.exact_step, "steps": k, "bits": 2 * bits}
            if k >= MOST_STEPS:
                return Reason.START
        bits *= 2
    return Reason.START


def farthest_point(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The construction that the search proposes, with what proves it."""
    if hints.construction is None:
        return Reason.NEEDS_PREMISES
    return regions.farthest_point(regions.in_arb(evidence), hints.construction)


def global_target(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The box as asked, with what proves or refutes it."""
    if hints.global_box is None:
        return Reason.NEEDS_PREMISES
    return regions.global_target(regions.in_arb(evidence), hints.global_box)


def no_minimizer_near(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The direction that the search proposes."""
    if hints.direction is None:
        return Reason.NEEDS_PREMISES
    return {"direction": tuple(Fraction(float(v)) for v in hints.direction)}
