"""Claims ``regular`` and ``sphere_type``, which the perturbation Jacobian ``J(x*)`` shows.

*Regular*: the perturbation map is a local diffeomorphism at ``x*`` (Theorem 3.1, Lemma B.2).
Gradient system: the perturbation Jacobian ``J(x*)`` is nonsingular, so ``x*`` is isolated if its target is.
Residual system: ``A = Dr(x*+) J(x*)`` has full row rank, so near ``x*`` the solutions of ``r(x+) = 0`` are a
manifold of dimension ``d - m`` (Theorem 3.1 in residual form).
Proved where the smallest singular value is positive; a singular matrix cannot be proved, so it is never refuted.
Number: ``smallest_singular_value`` (of ``J``, or of ``A``).

*Sphere type*: what ``x*`` is for ``f`` restricted to the sphere ``S(x*+, rho)`` (Propositions 4.1, 4.3).
``x*`` is a critical point of ``f`` on the sphere with inward gradient (the Lagrange condition ``g = lambda (c -
x)``, Lemma A.4), and on the tangent space ``T`` the perturbation Jacobian is the Riemannian Hessian divided by
``lambda``. So the signs of the eigenvalues of ``J|_T`` tell a strict minimum from a saddle and a strict maximum.
A farthest point of the paper's construction is a maximum. In one dimension there is no tangent direction and the
claim is void. Numbers: ``smallest_tangential_eigenvalue`` and ``largest_tangential_eigenvalue`` of ``J|_T``.

ASAM is SAM for ``f(D y)``, up to the step: the sphere becomes the ellipsoid ``(y - c)^T D^-2 (y - c) = rho^2``.
USAM has no sphere. There ``g = (c - x)/rho``, so ``x*`` is a critical point of the Moreau objective
``f(y) + |y - c|^2/(2 rho)``, whose Hessian is ``H + I/rho = J/rho``; the claim says which kind, also for ``d = 1``.
Numbers: ``smallest_moreau_eigenvalue`` and ``largest_moreau_eigenvalue``, of ``J``.
"""

from __future__ import annotations

from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.matrix import inverse
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.problem import Point
from hallucert.check.reason import Reason

MINIMUM, MAXIMUM, SADDLE = "minimum", "maximum", "saddle"
TANGENTIAL = ("smallest_tangential_eigenvalue", "largest_tangential_eigenvalue")
MOREAU = ("smallest_moreau_eigenvalue", "largest_moreau_eigenvalue")


# ---------------------------------------------------------------------- regular


def measure_regular(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the smallest singular value of ``A`` or of ``J``."""
    found = _of_rows(evidence) if evidence.residual_form else _of_square(evidence)
    if found is None:
        return Reason.RANK_DEFICIENT if evidence.residual_form else Reason.SINGULAR_JACOBIAN
    return {"smallest_singular_value": found}


def _of_rows(evidence: Evidence) -> Enclosure | None:
    """The root of the smallest eigenvalue of ``M M^T``, M in the middle of A, which moves by at most ``|A - M|``.

    (Weyl's inequality for singular values; the norm is at most the root of the sum of squares.)
    """
    ar, rows = evidence.arithmetic, evidence.point.residual_matrix
    if not ar.all_finite(rows):
        return None
    middle = [[ar.centre(v) for v in row] for row in rows]
    spread = matrix.frobenius_norm(ar, matrix.subtract(rows, middle))
    extremes = extreme_eigenvalues(ar, ar.matrix_product(middle, matrix.transpose(middle)))
    if spread is None or extremes is None or extremes[0][0] <= 0:
        return None
    low, high = (ar.sqrt(ar.constant(end)) for end in extremes[0])
    low, high = ar.lower(low) - spread, ar.upper(high) + spread
    return Enclosure(low, high) if low > 0 else None


def _of_square(evidence: Evidence) -> Enclosure | None:
    """One over the root of the largest eigenvalue of ``X X^T``, ``X = J^-1``; in the plane ``|det J|`` over that of J.

    Near a critical point of ``f`` the norm of ``J`` is about ``rho |H|/q``, and the rounding of ``J J^T``, about its
    square, would hide the smallest singular value, which is moderate there.
    """
    ar, x, size = evidence.arithmetic, evidence.point.perturbation, evidence.arithmetic.constant(Fraction(1))
    if len(x) == 2:
        size = x[0][0] * x[1][1] - x[0][1] * x[1][0]
        if not ar.nonzero(size):
            return None
        size = -size if ar.negative(size) else size
    elif (inverted := inverse(ar, x)) is not None:
        x = inverted
    else:
        return None
    extremes = extreme_eigenvalues(ar, ar.matrix_product(x, matrix.transpose(x)))
    if extremes is None or extremes[1][0] <= 0:
        return None
    high, low = (size / ar.sqrt(ar.constant(end)) for end in extremes[1])
    return Enclosure(ar.lower(low), ar.upper(high))


def conclude_regular(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """The smallest singular value is positive."""
    lower, residual = numbers["smallest_singular_value"].lower, facts.problem.residual
    if lower <= 0:
        return Reason.STRADDLES
    f = facts.objective
    return Status.PROVED, Sentence("point.regular", (lower, f.dimension - f.residual_count if residual else None))


REGULAR = Rule(
    name="regular",
    question="Is the perturbation map regular at x*?",
    measure=measure_regular,
    conclude=conclude_regular,
)


# ---------------------------------------------------------------------- sphere type


def measure_sphere(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the extreme eigenvalues of ``J|_T``, for USAM of ``J``."""
    point = evidence.point
    if not point.law.normalised:
        extremes = extreme_eigenvalues(evidence.arithmetic, point.perturbation)
        if extremes is None:
            return Reason.PRECISION
        return {MOREAU[0]: Enclosure(*extremes[0]), MOREAU[1]: Enclosure(*extremes[1])}
    if len(point.x) == 1:
        return {}
    smallest, largest = tangential_extremes(point)
    if smallest is None or largest is None:
        return Reason.PRECISION
    return {TANGENTIAL[0]: smallest, TANGENTIAL[1]: largest}


def tangential_extremes(point: Point) -> tuple[Enclosure | None, Enclosure | None]:
    """Enclose the smallest and largest eigenvalue of ``J|_T = P + (rho/q) P H P`` on ``T = u^perp``.

    The matrix ``P + k P H P``, ``k = rho/q``, has the eigenvalue 0 for ``u``, and those of ``J|_T``. Adding ``t u u^T``
    moves the 0 to ``t``. Their mean is ``t = 1 + k (tr H - u^T H u)/(d - 1)``, which lies between the smallest and
    the largest, so that these are the extreme eigenvalues of the sum. With ``w = H u`` and ``s = u^T w`` it is

        P + k P H P + t u u^T = I + k H - z u^T - u z^T,    z = k w - (k s - 1 + t)/2 u.

    For ASAM ``H`` is ``D H D`` and ``u`` is ``D g/|D g|``, those of ``f(D y)``.
    """
    ar, d, u, w, h = point.arithmetic, len(point.x), point.u, point.hessian_along, point.hessian
    if point.scales:
        u = [side / scale for side, scale in zip(u, point.scales, strict=True)]
        w = [scale * side for side, scale in zip(w, point.scales, strict=True)]
        h = [
            [left * (side * right) for side, right in zip(row, point.scales, strict=True)]
            for row, left in zip(h, point.scales, strict=True)
        ]
    k, s, one = point.rho / point.size, ar.dot(u, w), ar.constant(Fraction(1))
    t = one + k * (matrix.trace(h) - s) * ar.constant(Fraction(1, d - 1))
    if d == 2:  # the mean of the one that there is
        return (point.enclosure(t),) * 2
    half = (k * s - one + t) * ar.constant(Fraction(1, 2))
    z = [k * along - half * direction for along, direction in zip(w, u, strict=True)]
    shifted = matrix.symmetric_update(k, h, z, u)
    for i in range(d):
        shifted[i][i] = shifted[i][i] + one
    extremes = extreme_eigenvalues(ar, shifted)
    return (None, None) if extremes is None else (Enclosure(*extremes[0]), Enclosure(*extremes[1]))


def sphere_kind(numbers: Numbers) -> str | None:
    """Return the kind that the published numbers show, or None."""
    names = TANGENTIAL if TANGENTIAL[0] in numbers else MOREAU
    smallest, largest = numbers[names[0]], numbers[names[1]]
    if smallest.lower > 0:
        return MINIMUM
    if largest.upper < 0:
        return MAXIMUM
    return SADDLE if smallest.upper < 0 < largest.lower else None


def conclude_sphere(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Name the kind of critical point on the sphere."""
    if facts.objective.dimension == 1 and facts.law.normalised:
        return Status.PROVED, Sentence("point.on_a_line")
    kind = sphere_kind(numbers)
    return Reason.STRADDLES if kind is None else (Status.PROVED, Sentence("point.on_sphere", (facts.law, kind)))


SPHERE_TYPE = Rule(
    name="sphere_type",
    question="Is x* a minimum, a saddle or a maximum of f on the sphere around x*+?",
    measure=measure_sphere,
    conclude=conclude_sphere,
    questions={
        "usam": "Is x* a minimum, a saddle or a maximum of f(y) + |y - c|^2/(2 rho), c = x*+?",
        "asam": "Is x* a minimum, a saddle or a maximum of f on the ellipsoid |D^-1 (y - c)| = rho, c = x*+?",
    },
)
