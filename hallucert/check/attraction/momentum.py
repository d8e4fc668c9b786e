"""Claim ``momentum``: from which starts SAM with momentum, with a given step, converges to ``x*``.

A state is (x, v). With ``F(x) = g(x+)``, momentum b and step E, a step is ``v' = b v + F(x)`` and

    heavy ball:  x' = x - E v'                   b' = b,    k = 1
    Nesterov:    x' = x - E (F(x) + b v')        b' = b^2,  k = 1 + b

(as in PyTorch). The fixed states are (x, 0) with ``F(x) = 0``. At (x, v) the derivative of a step is ``T(M(x))``,

    T(M) = [[I - E k M, -E b' I], [M, b I]],     M(x) = H(x+) J(x).

*Theorem.* Isolated targets. Let ``V = [[U, 0], [W, Z]]`` be nonsingular, of order 2d, and ``|V^-1 T(M(x)) V|_2 <= kappa
< 1`` for all ``x = x* + U w`` with ``|w| <= R``, where f is analytic and ``g != 0``. Then runs from all states of

    Omega = {(x*, 0) + V z : |z| <= R}

converge to (x*, 0), and each step takes ``|V^-1 (x - x*, v)|`` to at most kappa of what it was. *Proof.* The x of
states of Omega, which is convex, are such ``x* + U w``. By the mean value theorem along segments from (x*, 0) the norm
falls by kappa, so Omega is mapped into itself. Starts with v = 0 are in it for ``|x - x*| <= r``, ``r = R/|V^-1 (I,
0)|_2``. That V is 0 above Z is no restriction: V may be multiplied by an orthogonal matrix from the right.

Refuted: at ``x*`` T has an eigenvalue of modulus above 1. Then ``x*`` repels: (x*, 0) has a neighbourhood in which the
starts of runs that stay there for ever are a set of measure 0, also among those with v = 0 (as the claim `attractor`;
the latter since ``p != 0`` for left eigenvectors (p, q) of eigenvalues other than b). In residual form ``M = B^T A/n``,
and the eigenvalues of T(M) beside 1 and b are those of T(K) with the tangent kernel K. There what is proved is about
the manifold through x*: `hallucert.check.attraction.manifold.momentum`, with its inputs.

For exactly this step and momentum; nothing is said of smaller steps. Inputs: ``step`` (E), ``momentum`` (b),
``nesterov`` (1 or 0) and, if proved, ``basis`` (V by rows), ``size`` (R), ``bound`` (kappa), ``subdivision`` of the
cube of w, as for `basin`. Numbers: ``contraction`` (the norm at ``x*``) and ``radius`` (r); refuted ``expansion``, the
spectral radius of T.
"""

from __future__ import annotations

from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.matrix import inverse
from hallucert.balls.spectrum import spectrum
from hallucert.check.attraction.attractor import tangent_kernel
from hallucert.check.attraction.basin import Contraction, measure_set
from hallucert.check.attraction.method import Method
from hallucert.check.attraction.norms import root, spectral_radius
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Show that steps contract on Omega, or enclose the spectral radius at ``x*``."""
    if not Method.of(inputs).makes_sense:
        return Reason.NEEDS_PREMISES
    if "weights" in inputs:
        from hallucert.check.attraction.manifold import momentum  # with arrays, which isolated points do without

        return momentum.measure(evidence, inputs)
    if "basis" in inputs:
        return measure_set(contraction_of(evidence, inputs), inputs)
    found = expansion_of(evidence, inputs)
    return Reason.PRECISION if found is None else {"expansion": found}


def derivative(ar: BallArithmetic, m: Matrix, inputs: Inputs) -> Matrix:
    """``T(M)``."""
    (k, carried), step, d = Method.of(inputs).shares, inputs["step"], len(m)
    one, zero = ar.constant(Fraction(1)), ar.constant(Fraction(0))
    fast, slow, kept = (ar.constant(c) for c in (-step * k, -step * carried, inputs["momentum"]))
    above = [[(one if i == j else zero) + fast * m[i][j] for j in range(d)] for i in range(d)]
    diagonals = [[[c if i == j else zero for j in range(d)] for i in range(d)] for c in (slow, kept)]
    rows = zip([*above, *m], [*diagonals[0], *diagonals[1]], strict=True)
    return [[*left, *right] for left, right in rows]


def coordinates_of(evidence: Evidence, inputs: Inputs) -> tuple[Matrix, Matrix] | None:
    """Return V and its inverse; None if they make no sense, or the target is not isolated."""
    d, flat, ar = len(evidence.point.x), inputs["basis"], evidence.arithmetic
    if evidence.residual_form or not Method.of(inputs).makes_sense or len(flat) != 4 * d * d:
        return None
    rows = [flat[i * 2 * d : (i + 1) * 2 * d] for i in range(2 * d)]
    if any(entry != 0 for row in rows[:d] for entry in row[d:]):
        return None
    v = matrix.from_rationals(ar, rows)
    back = inverse(ar, v)
    return None if back is None else (v, back)


def contraction_of(evidence: Evidence, inputs: Inputs) -> Contraction | None:
    """Return the norm of T in the basis V; None if there is no such basis."""
    found, d, ar = coordinates_of(evidence, inputs), len(evidence.point.x), evidence.arithmetic
    if found is None:
        return None
    (v, back), zero = found, ar.constant(Fraction(0))
    # T(M) = T(0) + (-E k I, I)^T M (I, 0)
    fast = ar.constant(-inputs["step"] * Method.of(inputs).shares[0])
    left = [[fast * row[j] + row[d + j] for j in range(d)] for row in back]
    still = derivative(ar, [[zero] * d for _ in range(d)], inputs)
    fixed = ar.matrix_product(back, ar.matrix_product(still, v))
    return Contraction(evidence, [row[:d] for row in v[:d]], [row[:d] for row in back], left, fixed)


def measure_arrival(evidence: Evidence, x: list[Ball], v: list[Ball], ar: BallArithmetic) -> Enclosure | None:
    """Enclose ``|V^-1 (x - x*, v)|`` with the V of the claim that was proved, in residual form S; None if undecided."""
    if evidence.residual_form:
        from hallucert.check.attraction.manifold import momentum  # with arrays, which isolated points do without

        return momentum.measure_arrival(evidence, x, v, ar)
    region = evidence.claims.get(RULE.name)
    found = None if region is None or "basis" not in region.inputs else coordinates_of(evidence, region.inputs)
    if found is None:
        return None
    from_rest = [*[a - b for a, b in zip(x, evidence.point.x, strict=True)], *v]
    square = matrix.sum_of_squares(ar, matrix.apply(ar, found[1], from_rest))
    return root(Enclosure(*ar.endpoints(square))) if ar.is_finite(square) else None


def expansion_of(evidence: Evidence, inputs: Inputs) -> Enclosure | None:
    """Enclose the spectral radius of T at ``x*``; in residual form of the part that does not stand still."""
    ar = evidence.arithmetic
    m = tangent_kernel(evidence) if evidence.residual_form else evidence.point.sam_matrix
    found = spectrum(ar, derivative(ar, m, inputs))
    return None if found is None else spectral_radius(found)


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """A contraction on Omega, or an expansion at ``x*``."""
    if not Method.of(inputs).makes_sense:
        return Reason.NEEDS_PREMISES
    about = (facts.law, inputs["step"], inputs["momentum"], inputs["nesterov"])
    if "basis" not in inputs:
        if set(numbers) != {"expansion"} or numbers["expansion"].lower <= 1:
            return Reason.STEP
        return Status.REFUTED, Sentence("momentum.repels", (*about, numbers["expansion"].lower))
    residual = facts.problem.residual
    if set(numbers) != ({"radius"} if residual else {"contraction", "radius"}) or residual != ("weights" in inputs):
        return Reason.STEP
    radius, size, bound = numbers["radius"].lower, inputs["size"], inputs["bound"]
    if radius <= 0 or size <= 0 or not 0 < bound < 1:
        return Reason.STEP
    if residual:
        return Status.PROVED, Sentence("momentum.manifold", (*about, radius, bound, size))
    return Status.PROVED, Sentence("momentum.converges", (*about, radius, bound))


AT_POINT = {"step": "exact", "momentum": "exact", "nesterov": "integer"}
ON_SET = AT_POINT | {"basis": "dyadics", "size": "dyadic", "bound": "dyadic"}

RULE = Rule(
    name="momentum",
    needs="momentum",
    question="From which starts does SAM with this step and momentum converge to x*?",
    measure=measure,
    conclude=conclude,
    inputs=(
        ON_SET | {"subdivision": "subdivision"},
        ON_SET | {"blocks": "vector", "weights": "dyadics", "slope": "dyadic"},
        AT_POINT,
    ),
)
