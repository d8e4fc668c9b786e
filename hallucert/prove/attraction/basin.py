"""Inputs of the claim ``basin``: eigenvectors in floats, and about the largest set on which steps contract."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TypeVar

import numpy as np

from hallucert.balls.bases import Basis, eigenvector_bases
from hallucert.balls.facade import Ball
from hallucert.check.attraction.attractor import tangent_kernel
from hallucert.check.attraction.basin import Contraction, Region, contraction_of
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs
from hallucert.check.publishing import length_at
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Subdivision
from hallucert.exact import round_down, round_up
from hallucert.prove import regions
from hallucert.prove.attraction import manifold

P = TypeVar("P")
# The first R is half of rho; it is halved until a proof succeeds, and then brought nearer to the last failure.
HALVINGS, REFINEMENTS = 40, 3
SLACK = Fraction(1, 2**20)  # room for what a checker rounds in another way
ROOM = 2**-10  # the same, of inequalities between weights
RATE_KEPT = Fraction(1, 2)  # of the rate of convergence at ``x*`` on all of Omega: more would make it smaller
PIECES = 150  # of a subdivision that a proof may take
LARGEST_DIMENSION = 300  # more variables make V too long for a certificate


def basin(evidence: Evidence, asked: Fraction) -> Inputs | Reason:
    """The step as asked, eigenvectors of ``M(x*)`` in floats, and about the largest R that passes."""
    step = round_up(asked, 64)
    if len(evidence.point.x) > LARGEST_DIMENSION:
        return Reason.DIMENSION
    matrix = tangent_kernel(evidence) if evidence.residual_form else evidence.point.sam_matrix
    floats = evidence.arithmetic.approximations(matrix)
    proposal = next(eigenvector_bases(floats), None) if np.isfinite(floats).all() else None
    if proposal is None:
        return Reason.PRECISION
    basis = flattened(proposal)
    if evidence.residual_form:
        return manifold.basin(evidence, {"step": step, "basis": basis, "blocks": tuple(map(Fraction, proposal.sizes))})
    inputs = {"step": step, "basis": basis}
    return with_set(contraction_of(evidence, inputs), inputs)


def flattened(proposal: Basis) -> tuple[Fraction, ...]:
    """Return a basis by rows, its blocks of length 1: both columns of a complex pair keep their proportion."""
    ends = np.cumsum(proposal.sizes)[:-1]
    blocks = [block / np.linalg.norm(block, 2) for block in np.split(proposal.columns, ends, axis=1)]
    return tuple(Fraction(v) for row in np.concatenate(blocks, axis=1).tolist() for v in row)


def with_set(contraction: Contraction | None, inputs: Inputs, pieces: int = PIECES) -> Inputs | Reason:
    """Add the set on which a step contracts, about the largest that keeps half of the rate, and its bound.

    It is shown on so many pieces at most.
    """
    at_point = None if contraction is None else contraction.at_point()
    if contraction is None or at_point is None:
        return Reason.PRECISION
    if at_point.upper >= 1:
        return Reason.STEP
    bound = _kept(at_point)
    largest = _largest(contraction.evidence, lambda size: _contracting(contraction, size, bound, pieces))
    if largest is None:
        return Reason.STEP
    return {**inputs, "size": largest[0], "bound": bound, "subdivision": largest[1]}


def _kept(contraction: Enclosure) -> Fraction:
    """Return the bound that leaves so much of the rate as is asked."""
    return round_up(1 - RATE_KEPT * (1 - contraction.upper), 24)


def _largest(evidence: Evidence, passes: Callable[[Fraction], P | None]) -> tuple[Fraction, P] | None:
    """Return about the largest size that passes, with what it passes by."""
    size = round_down(length_at(evidence.point) / 2, 4)
    for _ in range(HALVINGS):
        if found := passes(size):
            break
        size /= 2
    else:
        return None
    for k in range(1, REFINEMENTS + 1):
        larger = size * (1 + Fraction(1, 2**k))
        if better := passes(larger):
            size, found = larger, better
    return size, found


def _contracting(contraction: Contraction, size: Fraction, bound: Fraction, pieces: int) -> Subdivision | None:
    """Return a subdivision that shows the bound on Omega; None if there is none of few pieces."""
    region = Region(contraction, size, bound)
    if not region.has_forms:
        most = 1
    elif all(contraction.is_bounded(contraction.around(move), bound) for move in _probes(contraction, size)):
        most = pieces
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
