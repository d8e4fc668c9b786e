"""Claim ``basin``: from which starts, and how fast, SAM with a given step converges to ``x*``.

Isolated targets. A SAM step is ``Phi(x) = x - eta F(x)`` with ``D Phi = I - eta M(x)``, ``M(x) = H(x+) J(x)``. Let V be
a nonsingular matrix (the real eigenvectors of ``M(x*)``, as floats) and ``|v|_V = |V^-1 v|``. On the convex set

    Omega = {x* + V w : |w| <= R},    suppose ``|V^-1 (I - eta M(x)) V|_2 <= kappa < 1`` for all x of it.

By the mean value theorem along segments ``|Phi(x) - x*|_V <= kappa |x - x*|_V`` there: Omega is mapped into itself and
SAM converges to ``x*`` from all of it. The same holds for every smaller step ``t eta``, 0 < t <= 1, with the factor
``1 - t (1 - kappa)``, since ``I - t eta M = (1 - t) I + t (I - eta M)``. Omega contains the ball ``|x - x*| <= r`` with
``r = R/|V^-1|_2``. Made only when asked, for a step. Inputs: ``step`` (eta, dyadic), ``basis`` (V by rows), ``size``
(R). Numbers: ``contraction`` (from its value at ``x*`` alone to the bound on Omega) and ``radius`` (r).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.inverse import inverse
from hallucert.balls.similarity import eigenvector_bases
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.exact import decimal_above, decimal_below, decimal_enclosure, round_down
from hallucert.prove.claims import Enclosure, Status
from hallucert.prove.point import Point
from hallucert.prove.reasons import Reason
from hallucert.prove.rules import Conclusion, Evidence, Facts, Inputs, Numbers, Rule

ATTEMPTS = 80
"""How many R are tried, each three quarters of the one before, the first a quarter of rho."""

ROOT_BITS = 128
"""Binary places of roots of rational bounds."""

ROOM = 4
"""The contraction must stay below 1 by so many times its variation on Omega: publication takes twice that."""


def choose(evidence: Evidence) -> Inputs | Reason:
    """The step as asked, eigenvectors of ``M(x*)`` in floats, and the first R, going down, that passes."""
    if evidence.step is None or evidence.residual_form:
        return Reason.NEEDS_PREMISES
    at_point = matrix.midpoints(evidence.arithmetic, evidence.point.sam_matrix)
    bases = eigenvector_bases(at_point) if np.isfinite(at_point).all() else []
    if not bases:
        return Reason.PRECISION
    columns = bases[0].columns / np.linalg.norm(bases[0].columns, axis=0)
    basis = tuple(Fraction(v) for row in columns.tolist() for v in row)
    size = round_down(evidence.point.exact_rho / 4, 4)
    for _ in range(ATTEMPTS):
        inputs = {"step": evidence.step, "basis": basis, "size": size}
        measured = measure(evidence, inputs)
        if not isinstance(measured, Reason):
            found = measured["contraction"]
            if found.lower >= 1:
                return Reason.STEP
            if found.upper + ROOM * (found.upper - found.lower) < 1:
                return inputs
        size = size * 3 / 4
    return Reason.STEP


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the contraction on Omega and the radius of the ball in it."""
    ar, point, d = evidence.arithmetic, evidence.point, len(evidence.point.x)
    step, size, flat = inputs["step"], inputs["size"], inputs["basis"]
    if evidence.residual_form or step <= 0 or size <= 0 or len(flat) != d * d:
        return Reason.NEEDS_PREMISES
    v = matrix.from_rationals(ar, [flat[i * d : (i + 1) * d] for i in range(d)])
    back = inverse(ar, v)
    if back is None:
        return Reason.PRECISION
    reach = ar.interval(-size, size)
    # The row of V bounds how far x* + V w goes in one coordinate.
    box = [x + reach * _length(ar, row) for x, row in zip(point.x, v, strict=True)]
    there = Point(ar, point.objective, point.exact_rho, box, point.law)
    if not there.domain_certain:
        return Reason.DOMAIN
    least, most = (_contraction(ar, p.sam_matrix, v, back, step) for p in (point, there))
    shrink = _norm(ar, back)
    if least is None or most is None or shrink is None or shrink.lower <= 0:
        return Reason.PRECISION
    radius = Enclosure(*ar.endpoints(ar.constant(size) / ar.interval(shrink.lower, shrink.upper)))
    return {"contraction": Enclosure(min(least.lower, most.upper), most.upper), "radius": radius}


def _length(ar: Any, row: list[Any]) -> Any:
    """A bound of the Euclidean length of exact entries."""
    total = ar.constant(Fraction(0))
    for entry in row:
        total = total + ar.power(entry, 2)
    return ar.sqrt(total)


def _contraction(ar: Any, m: Any, v: Any, back: Any, step: Fraction) -> Enclosure | None:
    """``|V^-1 (I - eta M) V|_2`` for all M of a matrix of balls."""
    if not ar.all_finite(m):
        return None
    turned = ar.matrix_product(back, ar.matrix_product(m, v))
    scaled = matrix.scale(ar.constant(step), turned)
    return _norm(ar, matrix.subtract(matrix.identity(ar, len(scaled)), scaled))


def _norm(ar: Any, a: Any) -> Enclosure | None:
    """Enclose ``|A|_2``, the root of the largest eigenvalue of ``A^T A``."""
    found = extreme_eigenvalues(ar, matrix.symmetric_part(ar, ar.matrix_product(matrix.transpose(a), a)))
    if found is None:
        return None
    low, high = found[1]
    return Enclosure(_root(low), _root(high) + Fraction(1, 2**ROOT_BITS))


def _root(square: Fraction) -> Fraction:
    """The root rounded down to `ROOT_BITS` binary places; 0 for a negative bound."""
    return Fraction(math.isqrt(math.floor(max(square, Fraction(0)) * 4**ROOT_BITS)), 2**ROOT_BITS)


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """A contraction below 1 makes a basin."""
    contraction, radius = numbers["contraction"], numbers["radius"]
    if facts.witness.system != "gradient" or radius.lower <= 0 or contraction.upper >= 1:
        return Reason.STEP
    step, name = inputs["step"], facts.law.name
    return Status.PROVED, (
        f"{name} with any fixed step 0 < eta <= E converges to x* from every start with |x_0 - x*| <= "
        f"{decimal_below(radius.lower)}, where E is in {decimal_enclosure(step, step)}: in a fixed norm each step "
        f"takes the distance to x* to at most 1 - (eta/E) (1 - {decimal_above(contraction.upper)}) of what it was."
    )


RULE = Rule(
    "basin",
    "From which starts does SAM with this step converge to x*?",
    measure,
    conclude,
    ({"step": "dyadic", "basis": "dyadics", "size": "dyadic"},),
    choose,
    lambda evidence: evidence.step is not None,
)
