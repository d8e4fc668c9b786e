"""A conclusion follows from published numbers only where they decide it: enclosures of a threshold decide nothing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from spoken import spoken

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.attraction import attractor, projected_c32, theorem_3_2
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.point.hallucinated_minimizer import HALLUCINATED_MINIMIZER, NONSTATIONARY, TARGET
from hallucert.check.point.perturbation import REGULAR, SPHERE_TYPE
from hallucert.check.point.rule import Evidence, Facts, Witness
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.check.region import farthest_point
from hallucert.prove.claims import prove

TINY = Fraction(1, 2**80)


def _facts(claims=None):
    one, zero = Fraction(1), Fraction(0)
    witness = Witness((zero, zero), None, (one, one), ((one, zero), (zero, one)))
    return Facts(Problem(hc.Objective.parse("x**2 + y**2"), Fraction(2)), witness, dict(claims or {}))


def _around(value):
    """An interval that reaches to both sides of a threshold."""
    return Enclosure(Fraction(value) - TINY, Fraction(value) + TINY)


def _above(value):
    return Enclosure(Fraction(value) + TINY, Fraction(value) + 2 * TINY)


def _below(value):
    return Enclosure(Fraction(value) - 2 * TINY, Fraction(value) - TINY)


def _extremes(low, high, prefix="", suffix="_hessian_eigenvalue"):
    return {
        f"smallest{suffix}": low,
        f"largest{suffix}": high,
        "negative_eigenvalues": Enclosure(Fraction(1), Fraction(1)),
    }


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        (NONSTATIONARY, {"gradient_norm": _around(0)}),
        (REGULAR, {"smallest_singular_value": _around(0)}),
        (theorem_3_2, {"smallest_eigenvalue_sym_Du": _around(Fraction(-1, 2))}),
        (attractor, {"smallest_real_part": _around(0)}),
        (attractor, {"smallest_real_part": _around(0), "step_bound": _above(0)}),
        (attractor, {"smallest_real_part": _above(0), "step_bound": _around(0)}),
        (attractor, {"smallest_real_part": _above(0)}),
        (TARGET, _extremes(_around(0), _above(1))),
        (TARGET, _extremes(_around(0), _around(0))),
        (SPHERE_TYPE, _extremes(_around(0), _above(1), suffix="_tangential_eigenvalue")),
        (SPHERE_TYPE, _extremes(_below(-1), _around(0), suffix="_tangential_eigenvalue")),
        (farthest_point, {"level": _around(1), "maximum": _around(1)}),
    ],
)
def test_an_enclosure_of_the_threshold_decides_nothing(rule, numbers):
    """The interval contains both cases, by 2**-80 each: neither proved nor refuted."""
    assert isinstance(spoken(rule.conclude(_facts(), numbers, {})), Reason)


@pytest.mark.parametrize(
    ("rule", "numbers", "status"),
    [
        (theorem_3_2, {"smallest_eigenvalue_sym_Du": _above(Fraction(-1, 2))}, "proved"),
        (theorem_3_2, {"smallest_eigenvalue_sym_Du": _below(Fraction(-1, 2))}, "refuted"),
        (attractor, {"smallest_real_part": _above(0), "step_bound": _above(1)}, "proved"),
        (attractor, {"smallest_real_part": _below(0)}, "refuted"),
    ],
)
def test_a_hair_on_either_side_decides(rule, numbers, status):
    """The threshold itself is exact: 2**-80 beside it is enough."""
    assert spoken(rule.conclude(_facts(), numbers, {}))[0] == status


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (_above(0), _above(1), "a nondegenerate strict local minimizer of f"),
        (_below(-1), _below(0), "a nondegenerate strict local maximizer of f"),
        (_below(0), _above(0), "a nondegenerate saddle of index 1 of f"),
        (_below(-1), _around(0), "not a local minimizer of f"),
    ],
)
def test_signs_name_the_target(low, high, words):
    """All positive: minimizer; all negative: maximizer; both signs: saddle; one negative: no minimizer."""
    _, statement = spoken(TARGET.conclude(_facts(), _extremes(low, high), {}))
    assert words in statement


def test_a_saddle_with_an_open_sign_has_no_index():
    """With both signs certain and the number of negative eigenvalues only bounded, nondegeneracy is not claimed."""
    numbers = _extremes(_below(-1), _above(1)) | {"negative_eigenvalues": Enclosure(Fraction(2), Fraction(4))}
    _, statement = spoken(TARGET.conclude(_facts(), numbers, {}))
    assert "not a local minimizer" in statement and "it is a saddle" in statement
    assert "nondegenerate" not in statement and "index" not in statement


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("-x**2 + y**4", "< 0. Whether some are 0"),
        ("-x**2 + y**2 + z**4", "< 0, so it is a saddle. Whether some are 0"),
        ("-x**2 - y**2 + z**3", "< 0. Whether some are 0"),
    ],
)
def test_one_negative_eigenvalue_excludes_a_minimizer(backend, formula, words):
    """At 0 the Hessians are diag(-2, 0), diag(-2, 2, 0), diag(-2, -2, 0): no minimizer, whatever the zero does."""
    f = hc.Objective.parse(formula)
    ar = arithmetic(backend, 106)
    with ar:
        # x = (-1, 0, ...) has gradient (2, 0, ...), so x+ = 0 for rho = 1.
        point = Point(ar, Problem(f, Fraction(1)), [ar.constant(Fraction(-(i == 0))) for i in range(f.dimension)])
        claim = prove(TARGET, Evidence(point), Facts(point.problem, _facts().witness))
    assert claim.status is Status.PROVED
    assert "not a local minimizer of f" in claim.statement and words in claim.statement
    numbers = claim.numbers["negative_eigenvalues"]
    assert numbers.upper > numbers.lower + Fraction(1, 2)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize("formula", ["x**2 + y**4", "x**2/2 - y**3"])
def test_a_zero_eigenvalue_among_positive_ones_decides_nothing(backend, formula):
    """diag(1, 0) is the Hessian of a minimizer and of a point that is none."""
    f = hc.Objective.parse(formula)
    ar = arithmetic(backend, 106)
    with ar:
        point = Point(ar, Problem(f, Fraction(1)), [ar.constant(Fraction(-(i == 0))) for i in range(2)])
        point.__dict__["plus"] = [ar.constant(Fraction(0))] * 2
        claim = prove(TARGET, Evidence(point), Facts(point.problem, _facts().witness))
    assert claim.status is Status.UNDECIDED and claim.reason is Reason.DEGENERATE_TARGET


def test_what_depends_on_a_target_that_is_no_minimizer():
    """It refutes the hallucinated minimizer where J is regular, and the attractor's statement says it."""
    kind = _extremes(_below(-1), _around(0))
    claims = dict([_claim("existence"), _claim("nonstationary"), _claim("target", kind), _claim("regular")])
    status, statement = spoken(HALLUCINATED_MINIMIZER.conclude(_facts(claims), {}, {}))
    assert status is Status.REFUTED and "no local minimizer" in statement
    status, statement = spoken(
        attractor.conclude(_facts(claims), {"smallest_real_part": _above(0), "step_bound": _above(1)}, {})
    )
    assert status is Status.PROVED and statement.endswith("Its target is no local minimizer of f.")


def _claim(name, numbers=None, status=Status.PROVED):
    return name, Claim(name, status, "", numbers or {})


def test_a_refutation_needs_a_regular_jacobian():
    """A saddle as target refutes only where x -> x+ is proved to be a local diffeomorphism."""
    claims = dict([_claim("existence"), _claim("nonstationary"), _claim("target", _extremes(_below(0), _above(0)))])
    assert isinstance(spoken(HALLUCINATED_MINIMIZER.conclude(_facts(claims), {}, {})), Reason)
    claims.update([_claim("regular")])
    assert spoken(HALLUCINATED_MINIMIZER.conclude(_facts(claims), {}, {}))[0] is Status.REFUTED


@pytest.mark.parametrize("missing", ["existence", "nonstationary", "target"])
def test_the_conjunction_needs_each_part(missing):
    """Without existence, nonstationarity or a classified target there is no hallucinated minimizer."""
    claims = dict([_claim("existence"), _claim("nonstationary"), _claim("target", _extremes(_above(0), _above(1)))])
    assert spoken(HALLUCINATED_MINIMIZER.conclude(_facts(claims), {}, {}))[0] is Status.PROVED
    del claims[missing]
    assert isinstance(spoken(HALLUCINATED_MINIMIZER.conclude(_facts(claims), {}, {})), Reason)


@pytest.mark.parametrize(("system", "word"), [("gradient", "local"), ("residual", "global")])
def test_a_minimizer_is_called_global_only_where_the_residuals_vanish(system, word):
    """A positive definite Hessian shows a local minimizer of the SAM objective, r(x+) = 0 a global one."""
    numbers = {} if system == "residual" else _extremes(_above(1), _above(2))
    claims = dict([_claim("existence"), _claim("nonstationary"), _claim("target", numbers), _claim("regular")])
    facts = _facts(claims)
    facts = Facts(replace(facts.problem, residual=system == "residual"), facts.witness, claims)
    status, statement = spoken(HALLUCINATED_MINIMIZER.conclude(facts, {}, {}))
    assert status is Status.PROVED
    assert f"a {word} minimizer of f^SAM" in statement
    other = {"local": "global", "global": "local"}[word]
    assert other not in statement


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ("-2", "-7/4", "is at most -1.75, and below -1/rho = -1/2 by at least 1.25."),
        ("-1/4", "0", "is at least -0.25, and above -1/rho = -1/2 by at least 0.25"),
    ],
)
def test_the_margin_of_the_papers_condition_is_that_of_the_nearer_end(low, high, words):
    """The distance to -1/rho = -1/2 that is printed is proved by the end of the interval that faces it."""
    numbers = {"smallest_eigenvalue_sym_Du": Enclosure(Fraction(low), Fraction(high))}
    _, statement = spoken(theorem_3_2.conclude(_facts(), numbers, {}))
    assert words in statement


def _ends(low, high):
    return Enclosure(Fraction(low), Fraction(high))


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        (NONSTATIONARY, {"gradient_norm": _ends(0, 1)}),
        (REGULAR, {"smallest_singular_value": _ends(0, 1)}),
        (theorem_3_2, {"smallest_eigenvalue_sym_Du": _ends("-1/2", 1)}),
        (theorem_3_2, {"smallest_eigenvalue_sym_Du": _ends(-1, "-1/2")}),
        (projected_c32, {"smallest_projected_eigenvalue": _ends(0, 1)}),
        (projected_c32, {"smallest_projected_eigenvalue": _ends(-1, 0)}),
        (attractor, {"smallest_real_part": _ends(0, 1), "step_bound": _ends(1, 2)}),
        (attractor, {"smallest_real_part": _ends(-1, 0)}),
        (attractor, {"smallest_real_part": _ends(1, 2), "step_bound": _ends(0, 1)}),
        (TARGET, _extremes(_ends(0, 1), _ends(1, 2))),
        (TARGET, _extremes(_ends(-1, 0), _ends(0, 1))),
        (farthest_point, {"level": _ends(0, 1), "maximum": _ends(1, 2)}),
    ],
)
def test_an_interval_that_ends_at_the_threshold_decides_nothing(rule, numbers):
    """Strict inequalities are strict: a number that may equal its threshold proves and refutes nothing."""
    assert isinstance(spoken(rule.conclude(_facts(), numbers, {})), Reason)


@pytest.mark.parametrize("spectrum", [[1.0], [0.2, 3.0, 0.5 + 4j, 0.5 - 4j], [0.001, 30.0], [2 + 0.1j, 2 - 0.1j]])
def test_the_rate_that_is_stated_bounds_every_eigenvalue(spectrum):
    """``|1 - eta mu|`` is at most the stated factor for half the step bound, and the formula for other steps."""
    mu = np.array(spectrum)
    a, bound = mu.real.min(), (2 * mu.real / abs(mu) ** 2).min()
    numbers = {"smallest_real_part": _ends(a, a), "step_bound": _ends(bound, bound)}
    f = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    facts = replace(_facts(), problem=Problem(f, Fraction(2), residual=True))
    status, statement = spoken(attractor.conclude(facts, numbers, {}))
    factor = float(statement.rpartition("above ")[2].partition(" ")[0])
    assert status is Status.PROVED and "sqrt(1 - 2 eta a (1 - eta/E))" in statement
    assert abs(1 - bound / 2 * mu).max() <= factor
    assert factor == pytest.approx(np.sqrt(1 - a * bound / 2), abs=1e-5)
    for eta in np.linspace(0.05, 0.95, 10) * bound:
        assert abs(1 - eta * mu).max() <= np.sqrt(1 - 2 * eta * a * (1 - eta / bound)) + 1e-12
