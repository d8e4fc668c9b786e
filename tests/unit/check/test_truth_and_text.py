"""Certificates in an `if`, and in print: nothing open counts as proved, and nothing is long."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.claim import Claim, Claims, Enclosure, Status
from hallucert.check.explanations import EXPLANATIONS
from hallucert.check.reason import MOST_BITS, Reason
from hallucert.check.words.cards import LARGEST_COUNT
from hallucert.prove.point import PRECISIONS

WELL = "((x**2 - 1)**2/4 + y**2/20)"
FOUR_WELLS = "(x**2 - 1)**2 + (y**2 - 1)**2"


@pytest.fixture(scope="module")
def point():
    return hc.certify(hc.Objective.parse(WELL), (-0.5, 0), "1.5")


@pytest.fixture(scope="module")
def branch():
    f = hc.Objective.parse(WELL)
    return hc.certify(hc.find.branch(f, (0, 0), (1, 0)))


@pytest.fixture(scope="module")
def census():
    return hc.census(hc.Objective.parse(WELL), [(-2, 2), (-2, 2)], "1")


def test_several_claims_are_true_only_if_all_are_proved() -> None:
    """Of (proved, refuted, undecided) claims: all proved is true; none at all, or one that is not, is false."""
    proved, refuted = (Claim("fold", status, ".") for status in (Status.PROVED, Status.REFUTED))
    open_ = Claim("fold", Status.UNDECIDED, "?", reason=Reason.PRECISION)
    assert Claims((proved, proved))
    for other in (refuted, open_):
        assert not Claims((proved, other)) and not Claims((other, proved)) and not Claims((other,))
    assert not Claims(())


def test_several_claims_are_a_tuple() -> None:
    """Indexing, slicing, length, iteration, equality and unpacking are those of the tuple; a slice has this truth."""
    proved, open_ = Claim("fold", Status.PROVED, "."), Claim("fold", Status.UNDECIDED, "?", reason=Reason.PRECISION)
    claims = Claims((proved, open_))
    assert claims == (proved, open_) and len(claims) == 2 and list(claims) == [proved, open_]
    assert claims[0] is proved and claims[-1] is open_
    assert claims[:1] and not claims[1:] and isinstance(claims[1:], Claims)
    (first, second) = claims
    assert (first, second) == (proved, open_)


def test_an_open_branch_is_not_true(branch) -> None:
    """cert[name] of a branch with its claims proved is true, with one open, or without any, false."""
    assert branch["branch"] and branch.all_claims
    opened = tuple(
        Claim(c.name, Status.UNDECIDED, "?", reason=Reason.TIME) if c.name == "branch" else c for c in branch.all_claims
    )
    cut = replace(branch, all_claims=opened)
    assert not cut["branch"] and not cut.all_claims and cut["branch"][0].status == "undecided"
    assert not replace(branch, all_claims=())["branch"]


def test_an_open_diagram_is_not_true() -> None:
    """A diagram whose target is a saddle is not complete; its claim is false in an assert, not only by status."""
    diagram = hc.diagram(hc.Objective.parse(FOUR_WELLS), (0, 1), [(-2, 2), (-2, 2)], max_boxes=50)
    assert not diagram.complete and not diagram["completeness"]
    assert diagram["completeness"][0].status == "undecided"


def test_all_kinds_have_all_claims(point, branch, census) -> None:
    """`all_claims` goes through the claims of a point, a branch and a census; iterating a point does, too."""
    assert point.all_claims == tuple(point.claims.values()) == tuple(point)
    assert [claim.name for claim in census.all_claims] == ["no_hallucination"]
    for certificate in (point, branch, census):
        assert all(isinstance(claim, Claim) for claim in certificate.all_claims)
    assert point.all_claims and branch.all_claims and not census.all_claims


def test_reprs_are_short(point) -> None:
    """Claims and verdicts print as one short line each, without their numbers."""
    assert repr(point["attractor"]) == "<Claim attractor: proved>"
    verdict = hc.verify(point)
    assert repr(verdict) == "<Verdict: 8 of 8 claims re-proved with mpmath at 106 bits>"
    assert all(len(line) < 400 for line in repr((verdict, *point.all_claims)).splitlines())


def test_counts_are_printed_as_integers(point) -> None:
    """A count whose interval holds one integer is printed as it; other numbers, and huge counts, keep intervals."""
    assert "negative eigenvalues = 0\n" in str(point)
    third = Fraction(1, 3)
    for low, high, text in (
        (1 - third, 1 + third, "= 1"),
        (-third, 2 + third, "from 0 to 2"),
        (third, 1 - third, "in "),
        (-LARGEST_COUNT, LARGEST_COUNT, f"from {-LARGEST_COUNT} to {LARGEST_COUNT}"),
        (-LARGEST_COUNT - 1, 0, "in "),
        (0, LARGEST_COUNT + 1, "in "),
    ):
        claim = Claim("target", Status.PROVED, ".", {"negative_eigenvalues": Enclosure(Fraction(low), Fraction(high))})
        assert f"negative eigenvalues {text}" in str(claim)
    assert "smallest singular value in [0.99" in str(point)


def test_the_threshold_of_c32_is_exact_and_has_a_gap(point) -> None:
    """-1/rho is printed as the rational -2/3, and the gap is below 2/3 and above what six digits can lose of it."""
    sentence = point["theorem_3_2"].statement
    assert "above -1/rho = -2/3 by at least " in sentence
    gap = Fraction(sentence.split("by at least ")[1].split(". ")[0])
    assert (
        Fraction(2, 3) - Fraction(1, 10**5)
        < gap
        <= point["theorem_3_2"].numbers["smallest_eigenvalue_sym_Du"].lower + Fraction(2, 3)
    )


def test_claims_without_a_point_are_on_one_line() -> None:
    """With existence undecided, the seven other claims are named together, and the reason is given once."""
    certificate = hc.certify(hc.Objective.parse(WELL), (0.3, 0.4), "0.1")
    lines = [line for line in str(certificate).splitlines() if "no point is proved to exist" in line]
    assert len(lines) == 1 and all(name in lines[0] for name in list(certificate.claims)[1:])
    assert "network" not in str(certificate)


def test_long_names_and_radii_are_shortened_for_print_only() -> None:
    """A formula in 50 variables and the radius 10^400 take less than a line, and are whole in the data."""
    formula = " + ".join(f"(x{i}**2 - 1)**2" for i in range(50))
    empty = hc.certify(hc.Objective.parse(formula), [0.3] * 50, "1e400", radius="0.001", precisions=[53])
    name, rho = str(empty).splitlines()[:2]
    assert len(name) < 140 and rho == "rho = 1e+400" and empty.objective.name == formula
    assert "0" * 60 not in str(empty)
    rational = replace(empty, problem=replace(empty.problem, rho=Fraction(2**200 + 1, 3**100)))
    assert "... (exact in the certificate)" in str(rational).splitlines()[1]


@pytest.mark.parametrize("scale", ["1e-300", "1e300"])
def test_a_function_of_tiny_or_huge_scale_is_proved_like_any_other(scale: str) -> None:
    """All claims are proved, whatever the factor of the function."""
    assert hc.certify(hc.Objective.parse(f"{scale}*{WELL}"), (-0.5, 1e-9), "1.5").all_claims


def test_a_variable_of_tiny_scale_is_told_to_scale() -> None:
    """One of the reasons says what helps, and it does: more bits, or the same function of another variable."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + 1e-300*y**2/20")
    reasons = {claim.reason for claim in hc.certify(f, (-0.5, 1e-9), "1.5").all_claims} - {None}
    assert reasons == {Reason.SCALE, Reason.DEGENERATE_TARGET, Reason.NEEDS_PREMISES}
    assert "precisions=(1500,)" in Reason.SCALE.explanation and set(EXPLANATIONS["Reason"]) == set(Reason)
    assert hc.certify(f, (-0.5, 1e-9), "1.5", precisions=(1500,)).all_claims
    assert hc.certify(hc.Objective.parse(WELL), (-0.5, 1e-9), "1.5").all_claims


def test_scale_is_not_blamed_for_equality() -> None:
    """At a pitchfork the threshold of (C32) lies inside of the enclosure itself: scaling changes nothing."""
    for factor in ("1", "1e-40"):
        f = hc.Objective.parse(f"{factor}*({FOUR_WELLS})")
        assert hc.certify(f, (-0.5, -0.5), 3 / 2**0.5)["theorem_3_2"].reason == Reason.STRADDLES


def test_scale_is_blamed_from_the_last_rung_on() -> None:
    """At lower precisions the reason is one for which `certify` goes on to the next."""
    assert PRECISIONS[-1] == MOST_BITS


def test_a_census_with_excluded_places_says_so(census) -> None:
    """The double well at rho = 1, where critical points lie on the spheres of others: 4 places are excluded."""
    assert census.complete and len(census.excluded) == 4
    assert "complete outside of 4 excluded places" in str(census) and "outside of 4" in repr(census)
    one = replace(census, excluded=census.excluded[:1])
    assert "complete outside of 1 excluded place\n" in str(one)
    whole = replace(census, excluded=())
    assert "points, complete\n" in str(whole) and repr(whole).endswith("complete>")
    assert "NOT complete" in str(replace(census, pending=census.excluded))


def test_sam_leaves_a_repelling_point_from_almost_every_start() -> None:
    """Where `attractor` is refuted, runs from random starts a millionth away leave the ball of radius 1/20."""
    f = hc.Objective.parse(FOUR_WELLS)
    certificate = hc.certify(f, (-0.3, -0.3), float(np.sqrt(2) * 1.3))
    claim = certificate["attractor"]
    assert claim.status == "refuted" and "x* repels SAM" in claim.statement
    assert "a neighbourhood of x* which SAM leaves from almost every start in it" in claim.statement
    starts = certificate.x + 1e-6 * np.random.default_rng(0).standard_normal((20, 2))
    for start in starts:
        x = start
        for _ in range(400):
            x = x - 0.01 * hc.sam.shifted_gradient(f, x, certificate.rho)
            if np.linalg.norm(x - certificate.x) > 0.05:
                break
        else:
            pytest.fail(f"the run from {start} stays")
