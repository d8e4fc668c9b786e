"""Places in words, what counts as proved, and where the rule of a claim is found."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Claim, Status
from hallucert.check.point.existence import System, excludes, in_domain
from hallucert.check.point.rule import BY_NAME, Evidence, Facts, Rules, Witness
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.clock import Clock, look
from hallucert.objectives.radius_law import SAM, RadiusLaw

WITNESS = Witness((Fraction(1), Fraction(-2)), None, (Fraction(3, 8192), Fraction(1, 2048)), ())
PROBLEM = Problem(hc.Objective.parse("x**2 + y"), Fraction(1))
SLICE = ((Fraction(1), Fraction(2)), (Fraction(0), Fraction(-1)))


def test_a_box_in_words_is_never_smaller_or_larger_than_it_is():
    """Half widths 3.6621...e-4 and 4.8828...e-4: the smallest is rounded down, the largest up; equal ones are cut."""
    assert str(WITNESS.place).endswith("centre and half width between 0.000366 and 0.000489")
    same = replace(WITNESS, radius=(Fraction(3, 8192),) * 2)
    assert str(same.place) == "the box with the certificate's centre and half width 0.000366..."
    sliced = replace(same, slice=SLICE)
    assert str(sliced.place) == "the slice x0 + S z, z in R^2 with half width 0.000366..., of the certificate"


def test_the_box_of_a_witness_is_around_its_centre():
    """Both ends of both coordinates."""
    ends = [("8189/8192", "8195/8192"), ("-4097/2048", "-4095/2048")]
    with arithmetic("mpmath", 106) as ar:
        assert [ar.endpoints(ball) for ball in WITNESS.box(ar)] == [(Fraction(a), Fraction(b)) for a, b in ends]


def test_only_what_is_proved_counts_as_proved():
    """A refuted or undecided claim, and one that is not there, are no premises."""
    facts = Facts(PROBLEM, WITNESS)
    for name, status in zip("abc", Status, strict=True):
        facts.claims[name] = Claim(name, status, ".")
    assert [facts.proved(name) for name in "abcd"] == [True, False, False, False]


def test_every_claim_has_its_rule_and_no_other_name_has_one():
    """By its name, with its question for the law; a name that is not among the chosen ones is none."""
    assert [BY_NAME[name].name for name in BY_NAME] == list(BY_NAME) and len(BY_NAME) == 15
    some = Rules(("existence", "target"), RadiusLaw("usam"))
    assert list(some) == ["existence", "target"] and some["existence"].question.endswith("x* + rho grad f(x*)) = 0?")
    for name in ("attractor", "magic"):
        with pytest.raises(KeyError):
            some[name]
    attractor = BY_NAME["attractor"]
    assert "SAM" in attractor.question and attractor.about(SAM) is attractor
    assert attractor.about(RadiusLaw("usam")).question == attractor.question.replace("SAM", "USAM")


def test_the_time_of_a_claim_is_watched():
    """What is measured when the time is up is a reason, and otherwise what was measured."""
    with arithmetic("arb", 106) as ar:
        point = Point(ar, PROBLEM, [ar.constant(Fraction(1)), ar.constant(Fraction(0))])
        late = Evidence(point, clock=Clock(0))
        assert late.in_time(lambda: {"size": 1}) == {"size": 1}

        def long_work():
            look()
            return {}

        assert late.in_time(long_work) is Reason.TIME
        assert Evidence(point).midpoint == [1, 0] and not Evidence(point).residual_form


def test_a_sliced_system_moves_along_its_slice():
    """``x0 + S z`` in numbers; at the origin the quantities at the centre are taken, which are computed once."""
    witness = Witness((Fraction(3), Fraction(5)), ((Fraction(1), Fraction(2)), (Fraction(0), Fraction(-1))), (), ())
    with arithmetic("arb", 106) as ar:
        system = System.of(ar, PROBLEM, witness)
        z = [ar.constant(Fraction(1, 2)), ar.constant(Fraction(1, 4))]
        assert [ar.midpoint(x) for x in system.to_x(z)] == [4, Fraction(19, 4)]
        assert [ar.midpoint(x) for x in system.point(system.origin).x] == [3, 5]
        assert system.point(system.origin) is system.at_centre is system.at_centre
        half = [system.origin[0], ar.constant(Fraction(1))]
        assert [ar.midpoint(x) for x in system.point(half).x] == [5, 4]
        assert len(System.of(ar, PROBLEM, replace(witness, slice=((Fraction(1),), (Fraction(2),)))).origin) == 1
        assert [ar.midpoint(x) for x in System.of(ar, PROBLEM, replace(witness, slice=None)).to_x(z)] == [
            Fraction(7, 2),
            Fraction(21, 4),
        ]


@pytest.mark.parametrize(
    ("formula", "centre", "rho", "radius", "expected"),
    [
        ("(x**2 - 1)**2/4 + y**2/20", ("-1/2", 0), "3/2", "1/64", False),
        ("(x**2 - 1)**2/4 + y**2/20", ("-1/2", "1/4"), "3/2", "1/64", True),
        ("(x**2 - 1)**2/4 + y**2/20", ("-1/4", 0), "3/2", "1/64", True),
        ("(x**2 - 1)**2/4 + y**2/20", ("-1/2", 0), "3/2", "10", False),
        ("(x**2 - 1)**2/4 + y**2/20", ("-1/2", "1/64"), "3/2", "1/65", True),
        ("log(x) + y**2", (0, 0), "3/2", "1", False),
    ],
)
def test_a_box_without_a_point_is_told_from_others(formula, centre, rho, radius, expected):
    """Beside a known point, in each coordinate; with the point, too wide a box, or an undefined function: nothing."""
    problem = Problem(hc.Objective.parse(formula), Fraction(rho))
    identity = ((Fraction(1), Fraction(0)), (Fraction(0), Fraction(10)))
    witness = Witness(tuple(map(Fraction, centre)), None, (Fraction(radius),) * 2, identity)
    with arithmetic("arb", 106) as ar:
        assert excludes(System.of(ar, problem, witness), witness) is expected


@pytest.mark.parametrize(
    ("formula", "x", "expected"),
    [("-log(x) + y", "1/2", False), ("-log(x) + y", "-1/2", False), ("log(x) + y", "1/2", True)],
)
def test_a_point_needs_the_function_at_itself_and_where_it_is_moved_to(formula, x, expected):
    """A logarithm that is defined at x* alone, at x*+ alone, and at both, with derivatives everywhere."""
    problem = Problem(hc.Objective.parse(formula), Fraction(1))
    with arithmetic("arb", 106) as ar:
        system = System(ar, problem, (Fraction(x), Fraction(0)), None)
        assert (in_domain(system, system.origin) is not Reason.DOMAIN) is expected
