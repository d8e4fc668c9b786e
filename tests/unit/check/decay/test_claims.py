"""Claims about fixed points with weight decay: what numbers show, and what is 0 by symmetry."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.decay import attraction
from hallucert.check.decay.claims import (
    ATTRACTOR,
    HALLUCINATED_MINIMIZER,
    NONSTATIONARY,
    TARGET,
    measure_minimizer,
    measure_norms,
    measure_target,
)
from hallucert.check.decay.problem import decay_problem
from hallucert.check.point.rule import Evidence, Facts, Witness
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason

PLANE = decay_problem(Problem(hc.Objective.parse("x**2 + y"), Fraction(1)), Fraction(1, 10))
LINE = decay_problem(Problem(hc.Objective.parse("x**2"), Fraction(1)), Fraction(1, 10))
WITNESS = Witness((Fraction(0),) * 2, None, (Fraction(1),) * 2, ())
PREMISES = {name: Claim(name, Status.PROVED, "") for name in ("existence", "nonstationary")}
NORMS = {"gradient_norm": (1, 2), "decayed_gradient_norm": (1, 2), "value": (0, 1)}
REAL = {"smallest_real_part": (1, 2), "step_bound": (1, 2)}


@pytest.mark.parametrize(
    ("rule", "problem", "numbers", "without", "shown"),
    [
        (NONSTATIONARY, PLANE, NORMS, "", "proved"),
        (NONSTATIONARY, PLANE, NORMS | {"gradient_norm": (0, 2)}, "", None),
        (NONSTATIONARY, PLANE, NORMS | {"decayed_gradient_norm": (0, 2)}, "", None),
        (NONSTATIONARY, PLANE, NORMS | {"decayed_gradient_norm": (-1, 2)}, "", None),
        (TARGET, PLANE, {"shifted_gradient_norm": (1, 2), "target_value": (0, 1)}, "", "proved"),
        (TARGET, PLANE, {"shifted_gradient_norm": (0, 2), "target_value": (0, 1)}, "", None),
        (HALLUCINATED_MINIMIZER, PLANE, {"sam_gradient_norm": (1, 2)}, "", "refuted"),
        (HALLUCINATED_MINIMIZER, PLANE, {"sam_gradient_norm": (0, 2)}, "", None),
        (HALLUCINATED_MINIMIZER, PLANE, {"sam_gradient_norm": (-1, 2)}, "", None),
        (HALLUCINATED_MINIMIZER, PLANE, {"sam_gradient_norm": (1, 2)}, "existence", None),
        (HALLUCINATED_MINIMIZER, LINE, {"second_derivative": (1, 2)}, "", "proved"),
        (HALLUCINATED_MINIMIZER, LINE, {"second_derivative": (1, 2)}, "nonstationary", None),
        (HALLUCINATED_MINIMIZER, LINE, {"second_derivative": (-2, -1)}, "nonstationary", "refuted"),
        (HALLUCINATED_MINIMIZER, LINE, {"second_derivative": (-2, -1)}, "existence", None),
        (HALLUCINATED_MINIMIZER, LINE, {"second_derivative": (0, 1)}, "", None),
        (HALLUCINATED_MINIMIZER, LINE, {"second_derivative": (-1, 0)}, "", None),
        (ATTRACTOR, PLANE, REAL, "", "proved"),
        (ATTRACTOR, PLANE, {"smallest_real_part": (-2, -1)}, "", "refuted"),
        (ATTRACTOR, PLANE, {"smallest_real_part": (-1, 0)}, "", None),
        (ATTRACTOR, PLANE, REAL | {"smallest_real_part": (0, 1)}, "", None),
        (ATTRACTOR, PLANE, REAL | {"step_bound": (0, 1)}, "", None),
        (ATTRACTOR, PLANE, {"smallest_real_part": (1, 2)}, "", None),
    ],
)
def test_numbers_show_what_they_show(rule, problem, numbers, without, shown):
    """Nothing at 0, nothing without premises, and of a line and a plane what fits them."""
    claims = {name: claim for name, claim in PREMISES.items() if name != without}
    enclosed = {name: Enclosure(Fraction(low), Fraction(high)) for name, (low, high) in numbers.items()}
    found = rule.conclude(Facts(problem, WITNESS, claims), enclosed, {})
    assert isinstance(found, Reason) if shown is None else found[0] is Status(shown)


def test_numbers_are_those_written_out():
    """At (1, 1) of x^2 + y with rho = 1: g = (2, 1), and grad phi = w (x - J^T x) by hand."""
    with arithmetic("arb", 106) as ar:
        one = ar.constant(Fraction(1))
        evidence = Evidence(PLANE.at(ar, [one, one]))
        found = {**measure_norms(evidence, {}), **measure_target(evidence, {}), **measure_minimizer(evidence, {})}
    # u = (2, 1)/sqrt 5, Du = (I - u u^T) H/q with H = diag(2, 0): its first column is 2 (1, -2)/5/sqrt 5
    known = {
        "gradient_norm": 5**0.5,
        "decayed_gradient_norm": (2.1**2 + 1.1**2) ** 0.5,
        "value": 2,
        "shifted_gradient_norm": 0.1 * 2**0.5,
        "target_value": (1 + 2 / 5**0.5) ** 2 + 1 + 1 / 5**0.5,
        "sam_gradient_norm": 0.1 * 2 / 5**1.5,
    }
    assert set(found) == set(known)
    for name, value in known.items():
        assert float(found[name].lower) == pytest.approx(value, rel=1e-14), name
        assert found[name].upper - found[name].lower < Fraction(1, 2**90)


def test_at_the_origin_the_target_is_left_open():
    """w x* = 0 there: nothing is said of x*+."""
    with arithmetic("arb", 106) as ar:
        zero = ar.constant(Fraction(0))
        found = measure_target(Evidence(PLANE.at(ar, [zero, zero])), {})
    assert isinstance(found, Reason) or isinstance(TARGET.conclude(Facts(PLANE, WITNESS), found, {}), Reason)


@pytest.mark.parametrize(
    ("text", "at", "measure", "reason"),
    [
        ("sqrt(x) + y", (-1, 1), measure_norms, Reason.ZERO_GRADIENT),  # no gradient
        ("log(x) + y", (-1, 1), measure_norms, Reason.DOMAIN),  # a gradient, but no value
        ("(x - 1)**2 + y**2", (1, 0), measure_norms, Reason.ZERO_GRADIENT),  # of f alone
        ("x**2 + y", (0, -10), measure_norms, Reason.ZERO_GRADIENT),  # with the decay alone
        ("x**2 + y", (0, 0), measure_target, Reason.STRADDLES),  # w x = 0
        ("log(x) + y", (-4, 1), measure_target, Reason.DOMAIN),  # nor at x+
        ("x**2 + y**2", (0, 0), measure_minimizer, Reason.STRADDLES),  # no direction
        ("x**2", (0,), measure_minimizer, Reason.PRECISION),
    ],
)
def test_what_is_not_defined_is_not_measured(text, at, measure, reason):
    """Logarithms of negative numbers, and directions of gradients that are 0."""
    problem = decay_problem(Problem(hc.Objective.parse(text), Fraction(1)), Fraction(1, 10))
    with arithmetic("arb", 106) as ar:
        assert measure(Evidence(problem.at(ar, [ar.constant(Fraction(v)) for v in at])), {}) is reason


def test_on_the_line_it_is_the_second_derivative():
    """phi(x) = f(x + rho) + w x^2/2 where f grows: of x^3 at 2 with rho = 1 it is 6 (2 + 1) + 1/10."""
    problem = decay_problem(Problem(hc.Objective.parse("x**3"), Fraction(1)), Fraction(1, 10))
    with arithmetic("arb", 106) as ar:
        found = measure_minimizer(Evidence(problem.at(ar, [ar.constant(Fraction(2))])), {})
    assert set(found) == {"second_derivative"}
    assert found["second_derivative"].lower <= Fraction(181, 10) <= found["second_derivative"].upper
    assert float(found["second_derivative"].lower) == pytest.approx(18.1, rel=1e-14)


def test_sentences_have_the_ends_that_hold():
    """Of what is at least so large the lower end, of what is at most the upper."""
    half = Enclosure(Fraction(1, 2), Fraction(3, 4))
    facts = Facts(PLANE, WITNESS, dict(PREMISES))
    for rule, numbers, about in (
        (NONSTATIONARY, {"gradient_norm": half, "decayed_gradient_norm": half}, (half.lower, half.lower)),
        (TARGET, {"shifted_gradient_norm": half}, (half,)),
        (HALLUCINATED_MINIMIZER, {"sam_gradient_norm": half}, (half.lower,)),
        (ATTRACTOR, {"smallest_real_part": half, "step_bound": half}, (half.lower, half.lower)),
        (ATTRACTOR, {"smallest_real_part": Enclosure(-half.upper, -half.lower)}, (-half.lower,)),
    ):
        assert rule.conclude(facts, numbers, {})[1].about == about
    for ends, about in (((half.lower, half.upper), half.lower), ((-half.upper, -half.lower), -half.lower)):
        numbers = {"second_derivative": Enclosure(*ends)}
        assert HALLUCINATED_MINIMIZER.conclude(Facts(LINE, WITNESS, dict(PREMISES)), numbers, {})[1].about == (about,)


def test_questions_and_sentences_name_the_decay():
    """Of claims that are those of SAM; what is open there is open here."""
    assert "SAM with weight decay" in attraction.BASIN.question
    inputs = {"size": Fraction(1), "bound": Fraction(1, 2), "step": Fraction(1, 8), "subdivision": None}
    numbers = {"radius": Enclosure(Fraction(1), Fraction(2))}
    status, said = attraction.BASIN.conclude(Facts(PLANE, WITNESS), numbers, inputs)
    assert status is Status.PROVED and str(said).startswith("With weight decay w = 1/10 at x: SAM with any fixed step")
    assert attraction.BASIN.conclude(Facts(PLANE, WITNESS), numbers, inputs | {"bound": Fraction(1)}) is Reason.STEP
