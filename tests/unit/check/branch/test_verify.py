"""What is proved again of a branch or a diagram: each claim against what the data prove in its place."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch import verify
from hallucert.check.branch.certificate import DiagramCertificate
from hallucert.check.branch.verify import ELSEWHERE, NO_BRANCHES, NOT_SHOWN, encloses
from hallucert.check.claim import Claim, Status
from hallucert.check.file.verify import Result
from hallucert.check.reason import Reason
from hallucert.clock import UNLIMITED

FOLDER = Path(__file__).parents[4] / "docs" / "certificates"
PROVED, OPEN = Status.PROVED, Status.UNDECIDED
COMPLETE = Claim("completeness", PROVED, "", {}, {})
REGION = ((Fraction(0), Fraction(1)),) * 2


@pytest.fixture(scope="module")
def branch():
    return hc.load(FOLDER / "himmelblau-branch.json")


def diagram_of(branch, *claims) -> DiagramCertificate:
    """The certificate with a region, and other claims."""
    return DiagramCertificate(
        branch.objective, branch.target, branch.chains, claims, branch.provenance, branch.box, REGION
    )


def test_claims_take_what_is_proved_in_their_place(branch, monkeypatch) -> None:
    """The target's from the first group, those of a branch from its own, each once; only a diagram has a region."""
    monkeypatch.setattr(verify, "_incomplete", lambda *_: "the region is asked")
    claims = [Claim(name, PROVED, "", {}, {"branch": n} if n else {}) for name, n in (("target", 0), ("branch", 1))]
    claims += [Claim("fold", PROVED, "", {}, {"branch": 1}), COMPLETE, replace(claims[1], inputs={"branch": 2})]

    def results(certificate):
        waiting = [[SimpleNamespace(recheck=lambda claim, _, n=n: f"{n} {claim.name}")] for n in (0, 1)]
        monkeypatch.setattr(verify, "_proved", lambda *_: (None, [*waiting, NOT_SHOWN]))
        return [result.message for result in verify.check(certificate, None, 0, UNLIMITED)]

    told = ["0 target", "1 branch", "the cells prove no more claims", "the region is asked", NOT_SHOWN.text]
    assert results(diagram_of(branch, *claims)) == told
    told[3] = told[2]
    assert results(replace(branch, all_claims=tuple(claims))) == told


def test_nothing_is_proved_for_claims_that_are_open(branch, monkeypatch) -> None:
    """They assert nothing; beside one that does, they pass whatever is wrong."""
    monkeypatch.setattr(verify, "_proved", lambda *_: pytest.fail("is not asked"))
    undecided = Claim("fold", OPEN, "", reason=Reason.TIME)
    assert [result.passed for result in verify.check(diagram_of(branch, undecided), None, 0, UNLIMITED)] == [True]
    monkeypatch.setattr(verify, "_proved", lambda *_: "no target")
    found = verify.check(diagram_of(branch, undecided, COMPLETE), None, 0, UNLIMITED)
    assert [result.message for result in found] == ["", "no target"]


def test_a_target_is_one_that_is_proved_and_enclosed(branch, monkeypatch) -> None:
    """Otherwise it is said what it is not."""
    ar = arithmetic("arb", 106)
    with ar:
        system, target = verify._place(branch, ar)
        assert system.target == target.c
        assert verify._place(replace(branch, target=None), ar) is NOT_SHOWN
        assert verify._place(replace(branch, box=REGION), ar) is ELSEWHERE
        monkeypatch.setattr(verify, "proved_target", lambda *_: None)
        assert verify._place(branch, ar) is NOT_SHOWN
    monkeypatch.setattr(verify, "_place", lambda *_: ("system", "target"))
    monkeypatch.setattr(verify, "measured_claims", lambda *what: what)
    assert verify._proved(branch, None, UNLIMITED) == ("system", ("system", "target", branch.chains, UNLIMITED))


@pytest.mark.parametrize(
    ("box", "held"),
    [
        (((-2, 2),), True),
        (((-1, 1),), True),
        (((-3, 2),), False),  # where there may be others
        (((-2, 3),), False),
        (((0, 2),), False),  # where it may not be
        (((-2, 0),), False),
        (((-2, 2), (-2, 2)), False),
        (None, False),
    ],
)
def test_an_enclosure_lies_where_the_target_is_the_only_one(box, held) -> None:
    """The target is in [-1, 1], and alone in [-2, 2]."""
    ar, two = arithmetic("mpmath", 53), (Fraction(2),)
    target = SimpleNamespace(c=[ar.interval(Fraction(-1), Fraction(1))])
    place = SimpleNamespace(centre=(Fraction(0),), radius=two)
    assert encloses(SimpleNamespace(box=box, target=place), ar, target) == held
    assert not encloses(SimpleNamespace(box=box, target=None), ar, target)


@pytest.mark.parametrize(
    ("before", "obstacle", "objection"),
    [
        ((("target", True, PROVED), ("branch", True, PROVED), ("stability", False, PROVED)), None, None),
        ((("target", True, PROVED),), None, None),
        ((("target", True, PROVED), ("branch", True, OPEN)), None, NO_BRANCHES),
        ((("target", True, PROVED), ("branch", False, PROVED)), None, NO_BRANCHES),
        ((("branch", True, PROVED),), None, NO_BRANCHES),
        ((("target", True, PROVED),), Reason.UNSETTLED, Reason.UNSETTLED.explanation),
    ],
)
def test_completeness_needs_the_target_and_all_branches(branch, monkeypatch, before, obstacle, objection) -> None:
    """Proved again, all of them; what else is said of the branches it does not need."""
    monkeypatch.setattr(verify, "settle", lambda *_: obstacle)
    diagram = diagram_of(branch, *(Claim(name, status, "") for name, _, status in before))
    claim = verify.COMPLETENESS.state(diagram.about, {}, {})
    results = [Result(name, status, passed, "") for name, passed, status in before]
    found = verify._incomplete(diagram, claim, None, results, 9)
    assert found == objection or objection in found
