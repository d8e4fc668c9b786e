"""Verdicts: what holds is all that is asserted, something at least, and each claim for itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hallucert.balls import arithmetic
from hallucert.check.claim import Claim, Status
from hallucert.check.file import verify as checker
from hallucert.check.file.verify import SPENT, Result, Verdict, rechecked
from hallucert.clock import Clock, OutOfTime
from hallucert.errors import ArgumentError

PROVED, REFUTED, OPEN = Status.PROVED, Status.REFUTED, Status.UNDECIDED


@pytest.mark.parametrize(
    ("results", "holds", "asserted", "passed"),
    [
        ((), False, 0, 0),
        (((OPEN, True),), False, 0, 0),
        (((PROVED, True),), True, 1, 1),
        (((REFUTED, True), (OPEN, True)), True, 1, 1),
        (((PROVED, True), (PROVED, False)), False, 2, 1),
        (((PROVED, False), (OPEN, True)), False, 1, 0),
        (((PROVED, True), (OPEN, False)), False, 1, 1),
    ],
)
def test_a_verdict_holds_if_something_is_asserted_and_all_passed(results, holds, asserted, passed):
    """Undecided claims assert nothing; one that did not pass is enough."""
    verdict = Verdict(None, "arb", 106, tuple(Result("a", *result, "") for result in results))
    assert (bool(verdict), verdict.asserted) == (holds, asserted)
    assert repr(verdict) == f"<Verdict: {passed} of {asserted} claims re-proved with arb at 106 bits>"


def test_each_claim_is_checked_again_and_what_fails_says_why():
    """An objection, absurd data and a time that is up are failures; an undecided claim is not looked at."""

    def objection(claim, results):
        seen.append(len(results))
        if claim.name == "wrong":
            return "it is wrong"
        if claim.name == "absurd":
            raise ZeroDivisionError("by 0")
        if claim.name == "late":
            raise OutOfTime
        return None

    seen = []
    claims = [Claim("right", PROVED, ".", inputs={"sheet": 2, "size": 3}), Claim("open", OPEN, "?")]
    claims += [Claim(name, REFUTED, ".") for name in ("wrong", "absurd", "late")]
    assert [(r.name, r.status, r.passed, r.message) for r in rechecked(claims, objection)] == [
        ("right (sheet 2)", PROVED, True, ""),
        ("open", OPEN, True, ""),
        ("wrong", REFUTED, False, "it is wrong"),
        ("absurd", REFUTED, False, "its data cannot be worked with: by 0"),
        ("late", REFUTED, False, SPENT),
    ]
    assert seen == [0, 2, 3, 4]


@pytest.mark.parametrize(
    ("kind", "made", "asked", "used", "bits", "named"),
    [
        ("point", ("arb", 53), None, "mpmath", 106, "mpmath"),
        ("point", ("mpmath", 212), None, "arb", 424, "arb"),
        ("point", ("midrad", 30), None, "arb", 106, "arb"),
        ("point", ("arb", 53), "arb", "arb", 106, "arb"),
        ("large", ("midrad", 53), None, "arb", 212, "midrad at 53 bits and arb"),
        ("basins", ("arb", 60), "mpmath", "mpmath", 120, "intervals of doubles (some cells in mpmath too) and mpmath"),
    ],
)
def test_another_arithmetic_checks_with_twice_the_bits(monkeypatch, kind, made, asked, used, bits, named):
    """Not that of the prover, unless it is asked for; of large problems with four times those of doubles."""

    def check(certificate, ar, max_boxes, clock):
        assert (ar.name, ar.precision, max_boxes) == (used, bits, 7)
        return [Result("a", PROVED, True, "")]

    monkeypatch.setattr(checker, "module_of", lambda kind, role: SimpleNamespace(check=check))
    provenance = SimpleNamespace(backend=made[0], precision=made[1])
    certificate = SimpleNamespace(kind=kind, provenance=provenance)
    verdict = checker.verify(certificate, asked, 7, Clock(3600.0))
    assert verdict and (verdict.backend, verdict.precision) == (named, bits)


def test_what_is_no_certificate_or_no_backend_is_refused(monkeypatch):
    """An object without a kind or without a provenance, and other names; the mode of rounding is probed first."""
    provenance = SimpleNamespace(backend="arb", precision=53)
    for source in (SimpleNamespace(kind="point"), SimpleNamespace(provenance=provenance), 5):
        with pytest.raises(ArgumentError, match="source"):
            checker.verify(source, None, 1, Clock(1.0))
    for backend in ("float", "midrad", 5, ["arb"]):
        with pytest.raises(ArgumentError, match="backend"):
            checker.verify(SimpleNamespace(kind="point", provenance=provenance), backend, 1, Clock(1.0))
    monkeypatch.setattr(checker, "require_round_to_nearest", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        checker.verify(5, None, 1, Clock(1.0))


def test_what_fails_after_the_end_of_the_time_says_so(monkeypatch):
    """Whatever passed before passed; a message stays behind that of the time, which is there once."""
    left = [Result(name, PROVED, name == "a", text) for name, text in (("a", ""), ("b", ""), ("c", "x"), ("d", SPENT))]
    monkeypatch.setattr(checker, "module_of", lambda *_: SimpleNamespace(check=lambda *_: left))
    certificate = SimpleNamespace(kind="point", provenance=SimpleNamespace(backend="arb", precision=53))
    with arithmetic("arb", 106):
        late = checker.verify(certificate, "arb", 1, SimpleNamespace(watched=Clock(9.0).watched, passed=lambda: True))
        early = checker.verify(certificate, "arb", 1, Clock(3600.0))
    assert [r.message for r in late.results] == ["", SPENT, f"{SPENT}: x", SPENT] and late.results[0].passed
    assert list(early.results) == left
