"""What is said of a branch follows from published numbers: an enclosure of the threshold decides nothing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.check.branch import certificate
from hallucert.check.branch.cell import ATTRACTING, REPELLING, Fold
from hallucert.check.branch.certificate import (
    BRANCH,
    FOLD,
    OF_DIAGRAMS,
    STABILITY,
    TARGET,
    BranchCertificate,
    Branches,
    DiagramCertificate,
    chain_claims,
    measured_claims,
    target_claim,
)
from hallucert.check.branch.chain import EMPTY, LATE, Chain, ChainFacts, Run
from hallucert.check.branch.system import Target
from hallucert.check.claim import Claim, Enclosure, Provenance, Status
from hallucert.check.reason import Reason
from hallucert.clock import OutOfTime

PROVED, OPEN = Status.PROVED, Status.UNDECIDED

ABOUT = Branches(2, ())


def stated(theorem, inputs, **numbers):
    found = theorem.state(ABOUT, {k: Enclosure(*map(Fraction, v)) for k, v in numbers.items()}, inputs)
    return found if isinstance(found, Reason) else found.status


@pytest.mark.parametrize(
    ("small", "large", "negative", "kind"),
    [
        ((1, 2), (3, 4), 0, "proved"),
        ((-2, -1), (3, 4), 1, "proved"),
        ((-4, -3), (-2, -1), 2, "proved"),
        ((1, 2), (3, 4), 1, "straddles"),
        ((-1, 1), (3, 4), 0, "straddles"),
        ((0, 1), (3, 4), 0, "straddles"),
        ((-4, -3), (-2, 0), 2, "straddles"),
        ((-4, -3), (-2, -1), 1, "straddles"),
    ],
)
def test_the_index_of_a_target_agrees_with_its_eigenvalues(small, large, negative, kind) -> None:
    """None negative: the least is positive. All negative: the largest is negative. Otherwise neither."""
    numbers = {"smallest_hessian_eigenvalue": small, "largest_hessian_eigenvalue": large}
    assert stated(TARGET, {"negative": negative}, **numbers) == kind


@pytest.mark.parametrize(
    ("second", "kind"), [((1, 2), "proved"), ((-2, -1), "proved"), ((0, 1), "straddles"), ((-1, 0), "straddles")]
)
def test_a_fold_has_a_second_derivative_of_one_sign(second, kind) -> None:
    """Otherwise it may be an inflection."""
    assert stated(FOLD, {"branch": 1}, rho=(1, 2), second_derivative=second) == kind


def test_a_fold_is_a_minimum_or_a_maximum_by_that_sign() -> None:
    """Positive: rho has a minimum there."""
    numbers = {"rho": Enclosure(Fraction(1), Fraction(2)), "second_derivative": Enclosure(Fraction(1), Fraction(2))}
    claim = FOLD.state(ABOUT, numbers, {"branch": 1})
    assert claim.status is Status.PROVED and "local minimum" in claim.statement and "at least 1" in claim.statement


def side(low, high) -> Enclosure:
    return Enclosure(Fraction(low), Fraction(high))


def test_the_sentence_of_a_target_has_the_outer_ends_of_its_spectrum() -> None:
    """All eigenvalues lie between the lower end of the smallest and the upper end of the largest."""
    numbers = {"smallest_hessian_eigenvalue": side(1, 2), "largest_hessian_eigenvalue": side(3, 4)}
    said = TARGET.state(ABOUT, numbers, {"negative": 0}).said
    assert said.about == (0, 2, 1, 4)
    target = Target([], side(1, 2), side(3, 4), 0)
    assert target_claim(target).numbers == numbers and target_claim(target).inputs == {"negative": 0}


def test_a_branch_is_that_of_its_number() -> None:
    """From 1 on: how many cells it has, and at which ends it is critical."""
    about = Branches(2, tuple(Chain((None,) * n, n == 2, n == 3) for n in (1, 2, 3)))
    inputs = {"negative": 0, "folds": 0, "monotone": 0}
    for number, ends in enumerate([(False, False), (True, False), (False, True)], 1):
        claim = BRANCH.state(about, {}, {**inputs, "branch": number})
        assert claim.said.about[:2] == (number, ends)
    assert [theorem.subject for theorem in OF_DIAGRAMS.values()] == ["", "branch", "branch", "branch", ""]


def test_a_chain_claims_its_curve_its_folds_and_what_attracts() -> None:
    """In this order, with cells counted from 1."""
    runs = Run(ATTRACTING, 4, 6, side(1, 2), side(2, 3)), Run(REPELLING, 7, 9, side(3, 4), side(4, 5))
    facts = ChainFacts(side(1, 2), side(7, 8), (Fold(side(5, 6), side(-2, -1)),), runs, True)
    curve, fold, first, second = chain_claims(3, Target([], side(1, 2), side(3, 4), 1), facts)
    assert (curve.theorem, curve.numbers) == (BRANCH, {"rho_start": side(1, 2), "rho_end": side(7, 8)})
    assert curve.inputs == {"branch": 3, "negative": 1, "folds": 1, "monotone": 1}
    assert (fold.theorem, fold.inputs) == (FOLD, {"branch": 3})
    assert fold.numbers == {"rho": side(5, 6), "second_derivative": side(-2, -1)}
    for claim, ends, inputs in (
        (first, ((1, 2), (2, 3)), (5, 7, 1)),
        (second, ((3, 4), (4, 5)), (8, 10, 0)),
    ):
        assert claim.numbers == dict(zip(("rho_from", "rho_to"), (side(*end) for end in ends), strict=True))
        given = zip(("branch", "first_cell", "last_cell", "attracting"), (3, *inputs), strict=True)
        assert (claim.theorem, claim.inputs) == (STABILITY, dict(given))


def test_a_chain_without_its_facts_has_an_objection_in_their_place(monkeypatch) -> None:
    """The target's claim is the first; a chain for which there is no time is late."""

    def checked(system, chain, proofs, clock):
        if chain == "slow":
            raise OutOfTime
        return EMPTY

    monkeypatch.setattr(certificate, "check_chain", checked)
    found = measured_claims(None, Target([], side(1, 2), side(3, 4), 0), ["slow", "empty"])
    assert [claim.theorem for claim in found[0]] == [TARGET] and found[1:] == [LATE, EMPTY]


def test_a_diagram_is_proved_by_its_branches_or_by_having_no_others() -> None:
    """Complete is the claim of that name, whatever else is said."""
    for statuses, complete, proved in (
        ({"branch": PROVED, "completeness": OPEN}, False, True),
        ({"branch": OPEN, "completeness": PROVED}, True, True),
        ({"branch": OPEN, "completeness": OPEN}, False, False),
    ):
        claims = tuple(Claim(name, status, "") for name, status in statuses.items())
        made = DiagramCertificate(None, None, (), claims, Provenance("", "", "", 53))
        assert (made.complete, made.proved) == (complete, proved)
        late = replace(made, unfinished="some of it")
        assert late == made


def test_a_card_shows_where_the_target_is() -> None:
    """Eight coordinates of the enclosure at most; nothing without one."""
    f = hc.Objective.parse(" + ".join(f"x{i}" for i in range(9)))
    made = BranchCertificate(f, None, (), (), Provenance("", "", "", 53), tuple((Fraction(i), i + 1) for i in range(9)))
    lines = made.card()
    assert len(lines) == 8 and lines[3] == "c: x3 in [3, 4]"
    assert replace(made, box=None).card() == []
