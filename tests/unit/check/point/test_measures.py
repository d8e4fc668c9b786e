"""What rules about a point measure, against mpmath's eigenvalues, and what they say of numbers, word by word."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest
from spoken import spoken

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.point import hallucinated_minimizer, no_minimizer_near, perturbation
from hallucert.check.point.hallucinated_minimizer import (
    HALLUCINATED_MINIMIZER,
    MAXIMIZER,
    MINIMIZER,
    NO_MINIMIZER,
    NONSTATIONARY,
    SADDLE,
    TARGET,
    _negative_count,
    target_kind,
)
from hallucert.check.point.perturbation import MOREAU, REGULAR, SPHERE_TYPE, TANGENTIAL, sphere_kind
from hallucert.check.point.rule import Evidence, Facts, Witness
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.check.region.farthest_point import proved_sphere_kind
from hallucert.objectives.radius_law import SAM, RadiusLaw

LAWS = {"sam": SAM, "usam": RadiusLaw("usam"), "asam": RadiusLaw("asam", (Fraction(1, 2), Fraction(3), Fraction(4, 3)))}
ROUND = hc.Objective.parse("(x**2 + y**2 + z**2)*3/4 + x - 2*y")
CROOKED = hc.Objective.parse("exp(x)*y + y**2*z - x*z**2/3 + x**2")
SQUARES = hc.Objective.least_squares(["exp(x)*y + z**2", "x*z - y**2"])
PLACE = (Fraction(1, 2), Fraction(-1, 3), Fraction(1, 4))
RHO = Fraction(3, 4)


def _evidence(ar, f, law="sam", radius=0, residual=False):
    balls = [ar.interval(c - radius, c + radius) for c in PLACE[: f.dimension]]
    return Evidence(Point(ar, Problem(f, RHO, LAWS[law], residual), balls), PLACE)


def _numbers(ar, rows):
    """A matrix of balls as one of mpmath."""
    middles = [[ar.midpoint(ball) for ball in row] for row in rows]
    return mpmath.matrix([[mpmath.mpf(m.numerator) / m.denominator for m in row] for row in middles])


def _assert_holds(number, value, width=1e-13):
    """An interval holds a value that is right to 30 digits, and is narrow."""
    low, high = (mpmath.mpf(end.numerator) / end.denominator for end in (number.lower, number.upper))
    assert low - mpmath.mpf(10) ** -30 <= value <= high + mpmath.mpf(10) ** -30 and high - low < width


@pytest.mark.parametrize("f", [ROUND, CROOKED])
@pytest.mark.parametrize("law", ["sam", "asam"])
def test_extremes_on_the_sphere_are_those_of_the_projected_matrix(f, law):
    """Eigenvalues of ``B^T (I + k H) B``, B a basis of the tangent space; under ASAM of ``f(D y)``."""
    with arithmetic("arb", 212) as ar, mpmath.workdps(50):
        evidence = _evidence(ar, f, law)
        point, d = evidence.point, mpmath.diag(LAWS[law].scales or (1, 1, 1))
        h, g = d * _numbers(ar, point.hessian) * d, d * _numbers(ar, [[v] for v in point.gradient])
        basis = mpmath.qr(g)[0][:, 1:]
        k = mpmath.mpf(3) / 4 / mpmath.norm(g)
        values = sorted(mpmath.eigsy(basis.T * (mpmath.eye(3) + k * h) * basis, eigvals_only=True))
        found = SPHERE_TYPE.measure(evidence, {})
        assert set(found) == set(TANGENTIAL)
        for name, value in zip(TANGENTIAL, (values[0], values[-1]), strict=True):
            _assert_holds(found[name], value)


def test_other_spheres_have_the_matrix_itself_or_nothing():
    """USAM has the eigenvalues of J; in one dimension there are no tangents; an undefined function has no numbers."""
    with arithmetic("arb", 212) as ar, mpmath.workdps(50):
        evidence = _evidence(ar, CROOKED, "usam")
        values = sorted(mpmath.eigsy(_numbers(ar, evidence.point.perturbation), eigvals_only=True))
        found = SPHERE_TYPE.measure(evidence, {})
        assert set(found) == set(MOREAU)
        for name, value in zip(MOREAU, (values[0], values[-1]), strict=True):
            _assert_holds(found[name], value)
        assert SPHERE_TYPE.measure(_evidence(ar, hc.Objective.parse("x**2")), {}) == {}
        for law in ("sam", "usam"):
            assert SPHERE_TYPE.measure(_evidence(ar, hc.Objective.parse("sqrt(y) + x*z"), law), {}) is Reason.PRECISION


@pytest.mark.parametrize("radius", [Fraction(0), Fraction(1, 2**20)])
def test_the_smallest_singular_value_is_enclosed_at_points_and_in_boxes(radius):
    """Of J, and of A in residual form: at the middle, at corners of the box, and not much wider."""
    with arithmetic("arb", 212) as ar, mpmath.workdps(50):
        for f, residual in ((CROOKED, False), (SQUARES, True)):
            found = REGULAR.measure(_evidence(ar, f, radius=radius, residual=residual), {})["smallest_singular_value"]
            for signs in ((0, 0, 0), (1, 1, 1), (-1, 1, -1), (1, -1, -1)):
                corner = [ar.constant(c + radius * s) for c, s in zip(PLACE, signs, strict=True)]
                point = Point(ar, Problem(f, RHO, SAM, residual), corner)
                rows = _numbers(ar, point.residual_matrix if residual else point.perturbation)
                gram = rows * rows.T
                _assert_holds(found, mpmath.sqrt(min(mpmath.eigsy(gram, eigvals_only=True))), 1e-2)


def test_a_singular_value_that_may_be_0_is_none():
    """Two equal residuals, a box in which the rank may drop, and functions that are not defined."""
    same = hc.Objective.least_squares(["exp(x)*y + z**2", "exp(x)*y + z**2"])
    undefined = hc.Objective.least_squares(["sqrt(y) + z", "x - z"])
    with arithmetic("arb", 106) as ar:
        for f, radius in ((same, 0), (undefined, 0), (SQUARES, Fraction(1, 8))):
            assert REGULAR.measure(_evidence(ar, f, radius=radius, residual=True), {}) is Reason.RANK_DEFICIENT
        for bits in range(2, 12):  # the lower bound less what the box adds may be 0 or below, and is then not a number
            found = REGULAR.measure(_evidence(ar, SQUARES, radius=Fraction(1, 2**bits), residual=True), {})
            assert found is Reason.RANK_DEFICIENT or found["smallest_singular_value"].lower > 0
        for f, radius in ((hc.Objective.parse("sqrt(y) + z*x"), 0), (CROOKED, Fraction(1, 8))):
            assert REGULAR.measure(_evidence(ar, f, radius=radius), {}) is Reason.SINGULAR_JACOBIAN


def test_the_target_is_measured_where_the_point_is_moved_to():
    """Extreme eigenvalues of the Hessian at x*+, how many are negative, and the value; gradient norm and s / rho."""
    with arithmetic("arb", 212) as ar, mpmath.workdps(50):
        evidence = _evidence(ar, CROOKED)
        found, plus = TARGET.measure(evidence, {}), [ar.midpoint(x) for x in evidence.point.plus]
        x, y, z = (mpmath.mpf(v.numerator) / v.denominator for v in plus)
        values = sorted(mpmath.eigsy(_numbers(ar, evidence.point.hessian_plus), eigvals_only=True))
        _assert_holds(found["smallest_hessian_eigenvalue"], values[0])
        _assert_holds(found["largest_hessian_eigenvalue"], values[-1])
        _assert_holds(found["target_value"], mpmath.exp(x) * y + y**2 * z - x * z**2 / 3 + x**2)
        negative = sum(value < 0 for value in values)
        assert found["negative_eigenvalues"] == Enclosure(Fraction(negative), Fraction(negative)) and 0 < negative < 3
        assert TARGET.measure(_evidence(ar, SQUARES, residual=True), {}) == {}
        norms = NONSTATIONARY.measure(evidence, {})
        norm = mpmath.norm(_numbers(ar, [[v] for v in evidence.point.gradient]))
        x, y, z = (mpmath.mpf(v.numerator) / v.denominator for v in PLACE)
        _assert_holds(norms["gradient_norm"], norm)
        _assert_holds(norms["multiplier"], norm * 4 / 3)
        _assert_holds(norms["value"], mpmath.exp(x) * y + y**2 * z - x * z**2 / 3 + x**2)


def test_what_is_not_defined_or_may_be_stationary_has_no_numbers():
    """A box with a critical point, a value that is not defined though the derivatives are, here and at the target."""
    with arithmetic("arb", 106) as ar:
        flat = hc.Objective.parse("(x - 1/2)**2 + (y + 1/3)**2")
        assert NONSTATIONARY.measure(_evidence(ar, flat, radius=Fraction(1, 8)), {}) is Reason.ZERO_GRADIENT
        assert NONSTATIONARY.measure(_evidence(ar, flat, "usam", radius=Fraction(1, 8)), {}) is Reason.ZERO_GRADIENT
        here, ahead = hc.Objective.parse("log(y) + x*z"), hc.Objective.parse("-log(x) + y")
        assert NONSTATIONARY.measure(_evidence(ar, here), {}) is Reason.DOMAIN
        assert TARGET.measure(_evidence(ar, ahead), {}) is Reason.DOMAIN
        assert TARGET.measure(_evidence(ar, CROOKED, radius=Fraction(1)), {}) in (Reason.PRECISION, Reason.DOMAIN)


def _interval(low, high):
    return Enclosure(Fraction(low), Fraction(high))


def _facts(f=CROOKED, residual=False, law="sam"):
    witness = Witness(PLACE, None, (Fraction(3, 8192), Fraction(1, 2048), Fraction(1, 2048)), ())
    return Facts(Problem(f, RHO, LAWS[law], residual), witness)


SIGNS = [
    ("1/3", "2/3", "5/3", "7/3", MINIMIZER),
    (0, "2/3", "5/3", "7/3", None),
    ("-1/3", 0, "5/3", "7/3", None),
    ("-7/3", "-5/3", "-2/3", "-1/3", MAXIMIZER),
    ("-7/3", "-5/3", "-2/3", 0, NO_MINIMIZER),
    ("-7/3", "-5/3", "-2/3", "1/3", NO_MINIMIZER),
    ("-7/3", "-5/3", 0, "1/3", NO_MINIMIZER),
    ("-7/3", "-5/3", "1/3", "2/3", SADDLE),
]


@pytest.mark.parametrize(("a", "b", "c", "d", "kind"), SIGNS)
def test_a_kind_is_read_from_signs_and_an_end_at_0_has_none(a, b, c, d, kind):
    """Of the target, and on the sphere, where what is no minimizer alone is nothing."""
    numbers = {"smallest_hessian_eigenvalue": _interval(a, b), "largest_hessian_eigenvalue": _interval(c, d)}
    assert target_kind(_facts(), numbers) == kind
    expected = {MINIMIZER: "minimum", MAXIMIZER: "maximum", SADDLE: "saddle"}.get(kind)
    for names in (TANGENTIAL, MOREAU):
        numbers = {names[0]: _interval(a, b), names[1]: _interval(c, d)}
        assert sphere_kind(numbers) == expected
        conclusion = spoken(SPHERE_TYPE.conclude(_facts(law="usam"), numbers, {}))
        assert conclusion is Reason.STRADDLES if expected is None else conclusion[0] is Status.PROVED


def test_a_kind_on_the_sphere_is_used_only_where_it_is_proved_and_about_a_sphere():
    """Not of an open claim, in one dimension, or under another law."""
    numbers = {TANGENTIAL[0]: _interval(1, 2), TANGENTIAL[1]: _interval(1, 2)}
    claim = Claim("sphere_type", Status.PROVED, ".", numbers)
    for facts, expected in (
        (_facts(), "minimum"),
        (_facts(law="usam"), None),
        (_facts(law="asam"), None),
        (_facts(hc.Objective.parse("x**2")), None),
        (_facts(hc.Objective.parse("x**2 + y")), "minimum"),
    ):
        assert proved_sphere_kind(facts) is None
        facts.claims["sphere_type"] = claim
        assert proved_sphere_kind(facts) == expected
        facts.claims["sphere_type"] = replace(claim, status=Status.UNDECIDED)
        assert proved_sphere_kind(facts) is None


def _target(a, b, c, d, fewest, most):
    numbers = {"smallest_hessian_eigenvalue": _interval(a, b), "largest_hessian_eigenvalue": _interval(c, d)}
    return spoken(TARGET.conclude(_facts(), {**numbers, "negative_eigenvalues": _interval(fewest, most)}, {}))


def test_sentences_about_targets_are_true_to_the_last_digit():
    """Lower bounds are rounded down and upper ones up; an index is said where one integer is left."""
    lie = "grad f(x*+) = 0 and the eigenvalues of the Hessian there lie in "
    minimum = f"The perturbed point x*+ is a nondegenerate strict local minimizer of f: {lie}[0.333333, 2.33334]."
    assert _target("1/3", "2/3", "5/3", "7/3", 0, 0) == (Status.PROVED, minimum)
    maximum = f"The perturbed point x*+ is a nondegenerate strict local maximizer of f: {lie}[-2.33334, -0.333333]."
    assert _target("-7/3", "-5/3", "-2/3", "-1/3", 3, 3) == (Status.PROVED, maximum)
    for fewest, most in ((1, 1), ("1/2", 1), (1, "3/2"), ("2/3", "5/3")):
        saddle = f"The perturbed point x*+ is a nondegenerate saddle of index 1 of f: {lie}[-2.33334, 0.666667]."
        assert _target("-7/3", "-5/3", "1/3", "2/3", fewest, most) == (Status.PROVED, saddle)
    open_ = (
        f"The perturbed point x*+ is not a local minimizer of f: {lie}[-2.33334, 0.666667], the smallest of them at "
        "most -1.66666 < 0, so it is a saddle. Whether some are 0 is not shown."
    )
    for fewest, most in ((1, 2), ("1/2", 2), (1, "5/2"), ("1/3", "2/3")):
        assert _target("-7/3", "-5/3", "1/3", "2/3", fewest, most) == (Status.PROVED, open_)
    no_saddle = open_.replace(", so it is a saddle", "").replace("0.666667]", "0.333334]")
    assert _target("-7/3", "-5/3", "-2/3", "1/3", 1, 3) == (Status.PROVED, no_saddle)
    norm = {"gradient_norm": _interval("2/3", 1)}
    words = "The gradient does not vanish at x*: |grad f(x*)| >= 0.666666."
    assert spoken(NONSTATIONARY.conclude(_facts(), norm, {})) == (Status.PROVED, words)
    assert spoken(NONSTATIONARY.conclude(_facts(), {"gradient_norm": _interval(0, 1)}, {})) is Reason.STRADDLES


def test_sentences_about_regularity_name_the_map_and_the_dimension():
    """J, or A with the dimension of the manifold; a bound rounded down, none from 0."""
    numbers = {"smallest_singular_value": _interval("2/3", 1)}
    status, words = spoken(REGULAR.conclude(_facts(), numbers, {}))
    assert (
        status is Status.PROVED and words.endswith("at x* (smallest singular value >= 0.666666).") and "J(x*)" in words
    )
    status, words = spoken(REGULAR.conclude(_facts(SQUARES, residual=True), numbers, {}))
    assert status is Status.PROVED and ">= 0.666666)" in words and words.endswith("a manifold of dimension 1.")
    assert spoken(REGULAR.conclude(_facts(), {"smallest_singular_value": _interval(0, 1)}, {})) is Reason.STRADDLES


@pytest.mark.parametrize(
    ("law", "f", "words"),
    [
        (
            "sam",
            CROOKED,
            "On the sphere around x*+ with radius rho, x* is a critical point of f with inward gradient: ",
        ),
        ("asam", CROOKED, "On the ellipsoid |D^-1 (y - c)| = rho, c = x*+, x* is a critical point of f with inward"),
        ("usam", CROOKED, "x* is a critical point of the Moreau objective f(y) + |y - c|^2/(2 rho), c = x*+: "),
        ("usam", hc.Objective.parse("x**2"), "x* is a critical point of the Moreau objective"),
        ("sam", hc.Objective.parse("x**2"), "In one dimension the sphere has no tangent directions and J(x*) = 1."),
    ],
)
def test_sentences_about_spheres_name_the_surface(law, f, words):
    """By the law; in one dimension there is none, unless the law is not normalised."""
    for low, high, kind in (
        (1, 2, "strict local minimum."),
        (-2, -1, "strict local maximum."),
        (-1, 1, "of both signs."),
    ):
        numbers = {MOREAU[0]: _interval(low, low), MOREAU[1]: _interval(high, high)}
        status, sentence = spoken(SPHERE_TYPE.conclude(_facts(f, law=law), numbers, {}))
        assert status is Status.PROVED and sentence.startswith(words)
        assert sentence.endswith(kind) or sentence == words


STALL = {
    "curvature": _interval("-2", "-2/3"),
    "gradient_norm": _interval("2/3", 1),
    "shifted_gradient_square": _interval("1/3", "2/3"),
    "value": _interval(1, 2),
    "sam_value": _interval("8/3", 3),
}


def test_a_stall_says_its_bounds_rounded_to_the_safe_side():
    """Curvature and shifted gradient up, gradient, box and gain down; without a certain gain nothing of it."""
    status, words = spoken(no_minimizer_near.conclude(_facts(), STALL, {}))
    assert status is Status.PROVED and words.startswith("For rho = 3/4 and every y within 0.000366 of the given point")
    for part in ("is at most -0.666. ", "|grad f(x)| >= 0.666, ", "|grad f(x+)|^2 <= 0.667, and f(x+) exceeds f(x) by"):
        assert part in words
    assert words.endswith("by at least 0.666.")
    for value in (_interval(1, "8/3"), _interval(2, 4)):
        assert spoken(no_minimizer_near.conclude(_facts(), {**STALL, "value": value}, {}))[1].endswith("|^2 <= 0.667.")
    for curvature in (_interval(-2, 0), _interval(-1, 1), _interval(1, 2)):
        assert spoken(no_minimizer_near.conclude(_facts(), {**STALL, "curvature": curvature}, {})) is Reason.STRADDLES


def test_a_stall_is_measured_along_its_direction():
    """Curvature per unit of length on the box at x+, the rest at the centre; against numbers of mpmath."""
    direction = (Fraction(1), Fraction(2), Fraction(-2))
    with arithmetic("arb", 212) as ar, mpmath.workdps(50):
        evidence = _evidence(ar, CROOKED, radius=Fraction(1, 2**100))
        found = no_minimizer_near.measure(evidence, {"direction": direction})
        point = Point(ar, evidence.point.problem, [ar.constant(c) for c in PLACE])
        v, h = mpmath.matrix([1, 2, -2]), _numbers(ar, point.hessian_plus)
        shifted = _numbers(ar, [[g] for g in point.shifted_gradient])
        _assert_holds(found["curvature"], (v.T * h * v)[0] / 9)
        _assert_holds(found["gradient_norm"], mpmath.norm(_numbers(ar, [[g] for g in point.gradient])))
        _assert_holds(found["shifted_gradient_square"], (shifted.T * shifted)[0])
        for name, place in (("value", point.x), ("sam_value", point.plus)):
            _assert_holds(found[name], _numbers(ar, [[CROOKED.enclose_value(ar, place)]])[0])
        assert no_minimizer_near.measure(evidence, {"direction": direction[:2]}) is Reason.NEEDS_PREMISES
        assert no_minimizer_near.measure(evidence, {"direction": (Fraction(0),) * 3}) is Reason.NEEDS_PREMISES
        wide = _evidence(ar, CROOKED, radius=Fraction(8))
        assert no_minimizer_near.measure(wide, {"direction": direction}) is Reason.ZERO_GRADIENT
        undefined = _evidence(ar, hc.Objective.parse("-log(x) + y + z"))
        assert no_minimizer_near.measure(undefined, {"direction": direction}) is Reason.DOMAIN


def test_roots_of_bounds_are_rounded_outward(monkeypatch):
    """Where both bounds of an eigenvalue are 2, the ends are beside sqrt(2), and beside 1/sqrt(2) for the inverse."""
    monkeypatch.setattr(perturbation, "extreme_eigenvalues", lambda *_: ((Fraction(2), Fraction(2)),) * 2)
    with arithmetic("arb", 53) as ar:
        for f, residual, square in ((CROOKED, False, Fraction(1, 2)), (SQUARES, True, Fraction(2))):
            point = Point(ar, Problem(f, RHO, SAM, residual), [ar.constant(Fraction(1, 2**k)) for k in (1, 2, 3)])
            exact = [[ar.constant(Fraction(j == i)) for j in range(3)] for i in range(2)]
            point.__dict__["residual_matrix"] = exact
            found = REGULAR.measure(Evidence(point), {})["smallest_singular_value"]
            assert found.lower**2 < square < found.upper**2


def test_a_target_about_which_nothing_is_proved_refutes_nothing():
    """Existence, nonstationarity and regularity alone do not show that x* is no hallucinated minimizer."""
    facts = _facts()
    for name in ("existence", "nonstationary", "regular"):
        facts.claims[name] = Claim(name, Status.PROVED, ".", {"gradient_norm": _interval(1, 2)})
    assert spoken(HALLUCINATED_MINIMIZER.conclude(facts, {}, {})) is Reason.NEEDS_PREMISES
    facts.claims["target"] = Claim("target", Status.UNDECIDED, "?")
    assert spoken(HALLUCINATED_MINIMIZER.conclude(facts, {}, {})) is Reason.NEEDS_PREMISES


@pytest.mark.parametrize(
    ("curvatures", "fewest", "most"),
    [
        *(("1 2", 0, 0), ("-1 2", 1, 1), ("-1 -2", 2, 2), ("0 1", 0, 1), ("-1 0", 1, 2), ("1", 0, 0), ("-1", 1, 1)),
        *(("1 2 3", 0, 0), ("-1 2 3", 1, 1), ("-1 -2 3", 2, 2), ("-1 -2 -3", 3, 3), ("-1 0 3", 1, 2), ("0 1 2", 0, 1)),
    ],
)
def test_negative_eigenvalues_are_counted(curvatures, fewest, most):
    """Of both signs or one, and with a 0 that may have either, in one to three variables."""
    names = "xyz"[: len(curvatures.split())]
    terms = "+".join(f"({c})*{name}**2 + 3*{name}" for c, name in zip(curvatures.split(), names, strict=True))
    with arithmetic("arb", 106) as ar:
        numbers = TARGET.measure(_evidence(ar, hc.Objective.parse(terms)), {})
    assert numbers["negative_eigenvalues"] == Enclosure(Fraction(fewest), Fraction(most))


@pytest.mark.parametrize(
    ("smallest", "largest", "expected"),
    [
        ((1, 2), (3, 4), (0, 0)),
        (("1/4", "1/2"), (3, 4), (0, 0)),
        ((-4, -3), (-2, -1), (2, 2)),
        ((-4, -3), (-1, 1), (0, 2)),
        ((-4, -3), (1, 2), (1, 1)),
        ((-4, 1), (2, 3), (0, 2)),
        ((-4, 1), (-3, 2), (0, 2)),
        ((-4, -1), (0, 2), (0, 2)),
    ],
)
def test_the_extreme_eigenvalues_tell_how_many_are_negative(smallest, largest, expected):
    """In two variables, of a Hessian that is not known at all: none, all or one where the signs are, else 0 to 2."""
    with arithmetic("arb", 106) as ar:
        point = Point(ar, Problem(hc.Objective.parse("x + y"), RHO), [ar.constant(RHO)] * 2)
        point.__dict__["hessian_plus"] = [[ar.interval(Fraction(-9), Fraction(9))] * 2] * 2
        ends = (Enclosure(*map(Fraction, side)) for side in (smallest, largest))
        assert _negative_count(point, *ends) == Enclosure(*map(Fraction, expected))


def test_what_is_not_enclosed_is_no_number(monkeypatch):
    """Without eigenvalues, or with ends of no ball, a claim is open for want of precision."""
    with arithmetic("arb", 106) as ar:
        point = Point(ar, Problem(CROOKED, RHO), [ar.constant(c) for c in PLACE])
        evidence = Evidence(point, PLACE)
        direction = {"direction": (Fraction(1), Fraction(0), Fraction(0))}
        assert set(no_minimizer_near.measure(evidence, direction)) >= {"curvature", "value"}
        monkeypatch.setattr(hallucinated_minimizer, "extreme_eigenvalues", lambda *_: None)
        assert TARGET.measure(evidence, {}) is Reason.PRECISION
        monkeypatch.setattr(Point, "enclosure", lambda *_: None)
        assert no_minimizer_near.measure(evidence, direction) is Reason.PRECISION
