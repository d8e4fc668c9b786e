"""The rules about attraction: what they measure, against mpmath, and what they conclude, at and beside thresholds."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from spoken import spoken

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.attraction import attractor, basin, converges, projected_c32, theorem_3_2
from hallucert.check.attraction.basin import Contraction, Region, contraction_of
from hallucert.check.attraction.norms import root
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.point.rule import Evidence, Facts, Witness
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.check.words.attraction import above_threshold, as_given
from hallucert.exact import round_up
from hallucert.objectives.radius_law import SAM, RadiusLaw

LAWS = {"sam": SAM, "usam": RadiusLaw("usam"), "asam": RadiusLaw("asam", (Fraction(1, 2), Fraction(3), Fraction(4, 3)))}
CROOKED = hc.Objective.parse("exp(x)*y + y**2*z - x*z**2/3 + x**2")
SQUARES = hc.Objective.least_squares(["exp(x)*y + z**2", "x*z - y**2"])
PLACE = (Fraction(1, 2), Fraction(-1, 3), Fraction(1, 4))
RHO = Fraction(3, 4)


def _evidence(ar, f=CROOKED, law="sam", residual=False, radius=0):
    return Evidence(
        Point(ar, Problem(f, RHO, LAWS[law], residual), [ar.interval(c - radius, c + radius) for c in PLACE])
    )


def _numbers(ar, rows):
    middles = [[ar.midpoint(ball) for ball in row] for row in rows]
    return mpmath.matrix([[mpmath.mpf(m.numerator) / m.denominator for m in row] for row in middles])


def _assert_holds(number, value, width=1e-9):
    low, high = (mpmath.mpf(end.numerator) / end.denominator for end in (number.lower, number.upper))
    assert low - mpmath.mpf(10) ** -30 <= value <= high + mpmath.mpf(10) ** -30 and high - low < width


def _interval(low, high):
    return Enclosure(Fraction(low), Fraction(high))


def _facts(f=CROOKED, residual=False, law="sam", rho=RHO):
    return Facts(Problem(f, rho, LAWS[law], residual), Witness(PLACE, None, (Fraction(1),) * 3, ()))


# ---------------------------------------------------------------- attractor


def test_the_spectrum_is_that_of_the_sam_matrix_or_of_the_tangent_kernel():
    """Smallest real part of M, and of A B^T / n."""
    with arithmetic("arb", 212) as ar, mpmath.workdps(50):
        for f, residual in ((CROOKED, False), (SQUARES, True)):
            evidence = _evidence(ar, f, residual=residual)
            m = _numbers(ar, evidence.point.sam_matrix)
            if residual:
                b = _numbers(ar, evidence.point.residual_jacobian_plus)
                m = _numbers(ar, evidence.point.residual_matrix) * b.T / mpmath.mpf(f.n.numerator) * f.n.denominator
            found = attractor.measure(evidence, {})
            values = mpmath.eig(m, left=False, right=False)
            _assert_holds(found["smallest_real_part"], min(mpmath.re(v) for v in values))
            if min(mpmath.re(v) for v in values) > 0:
                bound = min(2 * mpmath.re(v) / abs(v) ** 2 for v in values)
                assert mpmath.mpf(found["step_bound"].lower.numerator) / found["step_bound"].lower.denominator <= bound
        assert attractor.measure(_evidence(ar, hc.Objective.parse("sqrt(y) + x*z")), {}) is Reason.PRECISION


def _attractor(facts, low, high, step=(1, 2)):
    numbers = {"smallest_real_part": _interval(low, high)}
    return spoken(attractor.conclude(facts, numbers | ({"step_bound": _interval(*step)} if step else {}), {}))


def test_attraction_needs_every_real_part_positive_and_a_step():
    """Repelled if one is certainly negative; with an end at 0, or no positive step, nothing."""
    assert _attractor(_facts(), -2, "-2/3")[0] is Status.REFUTED
    assert "real part at most -0.666666, so" in _attractor(_facts(), -2, "-2/3")[1]
    for low, high, step in (
        (-2, 0, (1, 2)),
        (0, 1, (1, 2)),
        (-1, 1, (1, 2)),
        (1, 2, None),
        (1, 2, (0, 1)),
        (1, 2, (-1, 1)),
    ):
        assert _attractor(_facts(), low, high, step) is Reason.STRADDLES
    status, words = _attractor(_facts(), "2/3", 1, ("5/3", 2))
    assert status is Status.PROVED and words.endswith("for every fixed step 0 < eta < 1.66666.")
    assert "has real part at least 0.666666, so" in words and "M = H(x*+) J(x*)" in words


def test_the_rate_of_a_manifold_is_rounded_up():
    """sqrt(1 - a E / 2), a and E the lower bounds that are printed, so 0.91287102...; at least 0."""
    status, words = _attractor(_facts(SQUARES, True), "2/3", 1, ("1/2", 2))
    assert status is Status.PROVED and words.endswith("above 0.912872 for eta = E/2.")
    assert "real part at least 0.666666, for every fixed step 0 < eta < 0.5." in words and "K = A B^T / n" in words
    assert _attractor(_facts(SQUARES, True), 2, 3, (2, 3))[1].endswith("above 5.42102e-20 for eta = E/2.")


@pytest.mark.parametrize(("mu", "a", "e"), [(3, "3", "0.666666"), (6, "6", "0.333333"), ("1/3", "0.333333", "6")])
def test_the_rate_is_that_of_the_numbers_as_they_are_printed(mu, a, e):
    """With one eigenvalue mu, E = 2/mu, half of the E that is printed takes y to no less than the factor stated."""
    mu = Fraction(mu)
    words = _attractor(_facts(SQUARES, True), mu, mu, (2 / mu, 2 / mu))[1]
    assert f"at least {a}, for every fixed step 0 < eta < {e}." in words
    factor = Fraction(re.search(r"above (\S+) for eta = E/2", words)[1])
    assert factor >= abs(1 - mu * Fraction(e) / 2)
    assert factor**2 >= 1 - Fraction(a) * Fraction(e) / 2


@pytest.mark.parametrize(
    ("a", "b", "c", "d", "words"),
    [
        (1, 2, 3, 4, "."),
        (-4, -3, -2, -1, ". Its target is a strict local maximizer, not a minimizer of f."),
        (-4, -3, 1, 2, ". Its target is a saddle, not a minimizer of f."),
        (-4, -3, -1, 1, ". Its target is no local minimizer of f."),
    ],
)
def test_an_attractor_says_what_its_target_is_where_that_is_proved(a, b, c, d, words):
    """A saddle, a maximizer, no minimizer; nothing where it is a minimizer, or the claim is open or missing."""
    numbers = {"smallest_hessian_eigenvalue": _interval(a, b), "largest_hessian_eigenvalue": _interval(c, d)}
    facts, target = _facts(), Claim("target", Status.PROVED, ".", numbers)
    assert _attractor(facts, 1, 2)[1].endswith("fixed step 0 < eta < 1.")
    facts.claims["target"] = target
    assert _attractor(facts, 1, 2)[1].endswith(f"fixed step 0 < eta < 1{words}")
    facts.claims["target"] = replace(target, status=Status.UNDECIDED)
    assert _attractor(facts, 1, 2)[1].endswith("fixed step 0 < eta < 1.")


# ---------------------------------------------------------------- condition (C32)


@pytest.mark.parametrize("law", LAWS)
def test_the_condition_is_measured_on_the_symmetric_part(law):
    """Of ``Du = (J - I)/rho`` under SAM, of J under other laws."""
    with arithmetic("arb", 212) as ar, mpmath.workdps(50):
        evidence = _evidence(ar, law=law)
        j = _numbers(ar, evidence.point.perturbation)
        value = min(mpmath.eigsy((j + j.T) / 2, eigvals_only=True))
        name = "smallest_eigenvalue_sym_J"
        if law == "sam":
            name, value = "smallest_eigenvalue_sym_Du", (value - 1) * 4 / 3
        found = theorem_3_2.measure(evidence, {})
        assert set(found) == {name}
        _assert_holds(found[name], value)
        undefined = _evidence(ar, hc.Objective.parse("sqrt(y) + x*z"), law=law)
        assert theorem_3_2.measure(undefined, {}) is Reason.PRECISION


def test_the_condition_is_compared_with_its_threshold_exactly():
    """-1/rho = -4/3: below it fails, above it holds, an end at it decides nothing; margins are rounded down."""

    def concluded(low, high):
        return spoken(theorem_3_2.conclude(_facts(), {"smallest_eigenvalue_sym_Du": _interval(low, high)}, {}))

    for low, high in ((-2, "-4/3"), ("-4/3", -1), (-2, -1)):
        assert concluded(low, high) is Reason.STRADDLES
    status, words = concluded(-3, "-5/3")
    assert status is Status.REFUTED and words.endswith("most -1.66666, and below -1/rho = -4/3 by at least 0.333333.")
    status, words = concluded("-2/3", 1)
    part = "least -0.666667, and above -1/rho = -4/3 by at least 0.666666. The theorem is not applied"
    assert status is Status.PROVED and part in words
    long = above_threshold(_interval(0, 1), Fraction(10**16 + 1, 10**16))
    assert long.startswith("0, and above -1/rho by") and "= -1" not in long


@pytest.mark.parametrize("law", ["sam", "usam"])
def test_the_theorem_is_applied_to_isolated_hallucinated_minimizers_alone(law):
    """All of target, hallucinated minimizer and regularity have to be proved."""
    facts = _facts(law=law)
    numbers = {name: _interval(1, 2) for name in ("smallest_eigenvalue_sym_Du", "smallest_eigenvalue_sym_J")}
    ends = {"smallest_hessian_eigenvalue": _interval(1, 2), "largest_hessian_eigenvalue": _interval(1, 2)}
    for name in ("target", "hallucinated_minimizer", "regular"):
        assert "not applied" in spoken(theorem_3_2.conclude(facts, numbers, {}))[1]
        facts.claims[name] = Claim(name, Status.PROVED, ".", ends)
    assert spoken(theorem_3_2.conclude(facts, numbers, {}))[1].endswith(
        "close enough, for every small enough fixed step."
    )
    for name in ("target", "hallucinated_minimizer", "regular"):
        broken = replace(facts, claims={**facts.claims, name: replace(facts.claims[name], status=Status.REFUTED)})
        assert "not applied" in spoken(theorem_3_2.conclude(broken, numbers, {}))[1]
    assert "at every point of the set" in spoken(theorem_3_2.conclude(_facts(SQUARES, True), numbers, {}))[1]


def test_the_condition_of_other_laws_is_compared_with_0():
    """Below: fails; above: holds; an end at 0: nothing. The sentences name the matrix."""

    def concluded(low, high, law="usam"):
        return spoken(theorem_3_2.conclude(_facts(law=law), {"smallest_eigenvalue_sym_J": _interval(low, high)}, {}))

    for low, high in ((-1, 0), (0, 1), (-1, 1)):
        assert concluded(low, high) is Reason.STRADDLES
    status, words = concluded(-1, "-2/3")
    assert status is Status.REFUTED and words.endswith("I + rho Hess f(x*) is at most -0.666666.")
    status, words = concluded("2/3", 1, "asam")
    assert status is Status.PROVED and "the symmetric part of J(x*) is at least 0.666666. " in words


def test_the_projected_condition_is_measured_on_the_row_space():
    """Against ``N^T (J + J^T)/2 N`` with N from mpmath; not in another form, of another rank, or without numbers."""
    with arithmetic("arb", 212) as ar, mpmath.workdps(50):
        evidence = _evidence(ar, SQUARES, residual=True)
        j, b = _numbers(ar, evidence.point.perturbation), _numbers(ar, evidence.point.residual_jacobian_plus)
        n = mpmath.qr(b.T)[0][:, :2]
        value = min(mpmath.eigsy(n.T * (j + j.T) * n / 2, eigvals_only=True))
        _assert_holds(projected_c32.measure(evidence, {})["smallest_projected_eigenvalue"], value)
        assert projected_c32.measure(_evidence(ar), {}) is Reason.NEEDS_PREMISES
        undefined = hc.Objective.least_squares(["sqrt(y) + z", "x - z"])
        assert projected_c32.measure(_evidence(ar, undefined, residual=True), {}) is Reason.RANK_DEFICIENT
        for bits in range(1, 12):  # in wide boxes the basis is not nearly orthonormal, and nothing is divided by 0
            wide = projected_c32.measure(_evidence(ar, SQUARES, residual=True, radius=Fraction(1, 2**bits)), {})
            known = not isinstance(wide, Reason)
            assert known if bits > 9 else not known or bits > 4
        found = projected_c32._divided(ar, (Fraction(1), Fraction(2)), Fraction(1, 3))
        for room in (Fraction(3, 4) - found.lower, found.upper - 3):
            assert 0 <= room < Fraction(1, 10**7)


def test_the_projected_condition_is_read_from_the_sign():
    """Below 0 it fails, above it holds, with an end at 0 nothing is said."""

    def concluded(low, high):
        return spoken(
            projected_c32.conclude(_facts(SQUARES, True), {"smallest_projected_eigenvalue": _interval(low, high)}, {})
        )

    for low, high in ((-1, 0), (0, 1), (-1, 1)):
        assert concluded(low, high) is Reason.STRADDLES
    assert concluded(-1, "-2/3")[0] is Status.REFUTED and concluded(-1, "-2/3")[1].endswith("at most -0.666666 < 0.")
    assert concluded("2/3", 1)[0] is Status.PROVED and "at least 0.666666 > 0." in concluded("2/3", 1)[1]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_has_no_basis(value):
    """A matrix with one entry that is no number, and one of deficient rank."""
    assert projected_c32.orthonormalizer(np.array([[1.0, value], [0.0, 1.0]])) is None
    assert projected_c32.orthonormalizer(np.array([[1.0, 1.0], [0.0, 0.0]])) is None
    rows = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 2.0]])
    turned = projected_c32.orthonormalizer(rows) @ rows
    assert np.allclose(turned @ turned.T, np.eye(2))


# ---------------------------------------------------------------- basins

BOWL = hc.Objective.parse("(x**2 + 4*y**2)/2")
STEP = Fraction(1, 8)


def _contraction(ar, basis=((2, 1), (0, 1)), step=STEP, f=BOWL, place=(1, -1), radius=0):
    problem = Problem(f, RHO)
    point = Point(ar, problem, [ar.interval(Fraction(c) - radius, Fraction(c) + radius) for c in place])
    flat = tuple(Fraction(v) for row in basis for v in row)
    return contraction_of(Evidence(point), {"basis": flat, "step": step})


def _norm_at(place, basis=((2, 1), (0, 1)), step=STEP):
    """``|V^-1 (I - eta M) V|_2`` of the bowl at a point: H is diagonal, M = H J."""
    h, x = mpmath.diag([1, 4]), mpmath.matrix([mpmath.mpf(v.numerator) / v.denominator for v in map(Fraction, place)])
    g = h * x
    q, rho, eta = mpmath.norm(g), mpmath.mpf(3) / 4, mpmath.mpf(step.numerator) / step.denominator
    j = mpmath.eye(2) + rho / q * (mpmath.eye(2) - g * g.T / q**2) * h
    v = mpmath.matrix(basis)
    a = v**-1 * (mpmath.eye(2) - eta * h * j) * v
    return mpmath.sqrt(max(mpmath.eigsy(a.T * a, eigvals_only=True)))


def test_a_contraction_is_measured_at_the_point_and_bounded_around_it():
    """Against mpmath at points of Omega, in balls and in mean value forms; a bound just below is not given."""
    with arithmetic("arb", 106) as ar, mpmath.workdps(40):
        contraction = _contraction(ar)
        _assert_holds(contraction.at_point(), _norm_at((1, -1)))
        size = Fraction(1, 64)
        whole, w = contraction.on_all(size), [ar.interval(-size, size), ar.interval(Fraction(0), size)]
        for point, pieces in (
            (whole, [(-1, 1), (1, -1), (0, 0)]),
            (contraction.on_piece(w), [(-1, 1), (1, 0), (0, 1)]),
        ):
            reached = []
            for a, b in pieces:  # x* + V w
                place = [1 + size * (2 * a + b) / 2, -1 + size * b / 2]
                reached.append(_norm_at(place))
            bound = Fraction(str(max(reached))[:18])
            assert contraction.is_bounded(point, bound + Fraction(1, 16))
            assert not contraction.is_bounded(point, bound - Fraction(1, 2**30))
        assert not contraction.is_bounded(_contraction(ar, place=(0, 0), radius=1).evidence.point, Fraction(10))


def test_what_makes_no_contraction_is_none():
    """A step that is not positive, a basis of the wrong size, and a singular one."""
    with arithmetic("arb", 106) as ar:
        for wrong in ({"step": Fraction(0)}, {"step": Fraction(-1)}, {"basis": ((1, 0),)}, {"basis": ((1, 1), (1, 1))}):
            assert _contraction(ar, **wrong) is None
        assert isinstance(_contraction(ar), Contraction)


@pytest.mark.parametrize(
    ("piece", "outside"),
    [
        ((("3/5", 1), ("4/5", 1)), False),
        ((("3/5", 1), ("5/6", 1)), True),
        (((-1, "-3/5"), ("4/5", 1)), False),
        (((-1, "-2/3"), (-1, "-4/5")), True),
        (((-1, 1), ("1/2", 1)), False),
    ],
)
def test_a_piece_is_outside_of_a_ball_by_its_nearest_point(piece, outside):
    """Exactly at the distance it is not; coordinates may have any sign."""
    with arithmetic("arb", 106) as ar:
        region = Region(_contraction(ar), Fraction(1), Fraction(1, 2))
        box = tuple((Fraction(low), Fraction(high)) for low, high in piece)
        assert basin.Piece(region, box, []).is_outside() is outside
        assert list(region.box) == [(-1, 1), (-1, 1)] and region.has_forms


@pytest.mark.parametrize("square", [0, 1, 2, Fraction(1, 10**40), 10**40, Fraction(25, 4)])
def test_a_root_is_enclosed_tightly(square):
    """By the squares of its ends, which are 2**-120 apart; an end below 0 counts as 0."""
    found = root(Enclosure(Fraction(square), Fraction(square)))
    assert found.lower >= 0 and found.lower**2 <= square <= found.upper**2
    assert found.upper - found.lower <= max(found.upper, Fraction(1, 2**10)) / 2**118
    wide = root(_interval(-1, 4))
    assert wide.lower == 0 and 2 <= wide.upper < 2 + Fraction(1, 2**100)


BASIN = {"step": Fraction(1, 3), "bound": Fraction(2, 3)}


def test_a_basin_is_concluded_from_a_contraction_and_a_radius():
    """Below 1, with a positive radius, of an isolated point; numbers are rounded to the safe side."""
    numbers = {"radius": _interval("2/3", 1), "contraction": _interval(0, 1)}
    status, words = spoken(basin.conclude_basin(_facts(), numbers, BASIN))
    assert status is Status.PROVED and "|x_0 - x*| <= 0.666666, where E = 1/3:" in words
    assert words.endswith("at most 1 - (eta/E) (1 - 0.666667) of what it was.")
    long = spoken(basin.conclude_basin(_facts(), numbers, BASIN | {"step": Fraction(1, 3 * 10**15)}))
    assert "E is in [3.33333e-16, 3.33334e-16]" in long[1]
    assert spoken(basin.conclude_basin(_facts(), numbers, BASIN | {"bound": Fraction(1)})) is Reason.STEP
    for wrong in (_interval(0, 1), _interval(-1, 1)):
        assert spoken(basin.conclude_basin(_facts(), numbers | {"radius": wrong}, BASIN)) is Reason.STEP
    assert spoken(basin.conclude_basin(_facts(SQUARES, True), numbers, BASIN)) is Reason.STEP


def test_a_run_converges_only_into_a_basin_of_its_step():
    """The ball may be reached exactly, the step may be that of the basin; beyond either nothing follows."""
    facts = _facts()
    start = {"start": (Fraction(1, 3), Fraction(-2), Fraction(0)), "step": Fraction(1, 3), "steps": 7, "bits": 128}
    numbers = {"distance": _interval("1/3", "2/3")}
    assert spoken(converges.conclude_converges(facts, numbers, start)) is Reason.NEEDS_PREMISES
    claim = Claim("basin", Status.PROVED, ".", {"radius": _interval("2/3", 1)}, BASIN)
    facts.claims["basin"] = claim
    status, words = spoken(converges.conclude_converges(facts, numbers, start))
    assert status is Status.PROVED and words.startswith("SAM from x_0 = (1/3, -2, 0) with the fixed step 1/3 converges")
    assert "after 7 steps its distance to x* is at most 0.666667," in words
    assert spoken(converges.conclude_converges(facts, {"distance": _interval("1/3", "3/4")}, start)) is Reason.START
    assert spoken(converges.conclude_converges(facts, numbers, start | {"step": Fraction(3, 8)})) is Reason.START
    facts.claims["basin"] = replace(claim, status=Status.UNDECIDED)
    assert spoken(converges.conclude_converges(facts, numbers, start)) is Reason.NEEDS_PREMISES


@pytest.mark.parametrize(
    ("asked", "printed"),
    [("0.1", "E = 1/10:"), ("1/3", "E = 1/3:"), ("3e-16", "E = 3e-16:"), (0.5, "E = 1/2:"), (2.0**-40 / 3, "E is in ")],
)
def test_a_step_is_printed_as_it_was_given(asked, printed):
    """A file has the dyadic above it; the sentence has the number that was given, and a factor that holds for it."""
    given = Fraction(asked)
    step, kappa = round_up(given, 64), Fraction(1, 2)
    numbers = {"contraction": _interval(0, 1), "radius": _interval(1, 1)}
    _, sentence = spoken(basin.conclude_basin(_facts(), numbers, {"step": step, "bound": kappa}))
    assert printed in sentence
    largest, shown = as_given(step), Fraction(re.search(r"\(eta/E\) \(1 - ([\d.]+)\)", sentence)[1])
    assert largest <= step and 1 - (1 - shown) / largest >= 1 - (1 - kappa) / step
    below = step - step / 2**50
    assert as_given(below) == below
