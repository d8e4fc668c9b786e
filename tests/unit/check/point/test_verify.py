"""What the checker of a point asks besides numbers: where the published enclosure lies, and whether time is left."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.file.verify import SPENT
from hallucert.check.point import existence, verify
from hallucert.check.point.rule import Facts
from hallucert.check.reason import Reason
from hallucert.clock import Clock


@pytest.fixture(scope="module")
def certificate():
    return hc.certify(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), (-0.5, 0), "1.5")


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize("coordinate", [0, 1])
@pytest.mark.parametrize("side", [-1, 1])
def test_an_enclosure_beside_the_point_in_one_coordinate_is_refused(certificate, backend, coordinate, side):
    """Moved by twice its width in x or in y alone, within the box of uniqueness, it no longer holds the point."""
    box = list(certificate.box)
    low, high = box[coordinate]
    move = side * 2 * (high - low)
    box[coordinate] = low + move, high + move
    assert existence.stays_inside(box, certificate.witness)
    verdict = hc.verify(replace(certificate, box=tuple(box)), backend)
    assert not verdict
    assert [r.name for r in verdict.results if "does not contain the point" in r.message] == ["existence"]


def test_no_claim_is_looked_at_after_the_end_of_the_time(certificate, monkeypatch):
    """Once the clock has passed a decided claim counts as not re-proved, also one that would take no time."""
    ar, clock = arithmetic("arb", 106), Clock(3600.0)
    with ar:
        assert all(result.passed for result in verify.check(certificate, ar, 1000, clock))
        monkeypatch.setattr(clock, "passed", lambda: True)
        late = verify.check(certificate, ar, 1000, clock)
    assert {(result.passed, result.message) for result in late if result.status != "undecided"} == {(False, SPENT)}


def _checked(certificate, backend="arb"):
    """What becomes of each claim."""
    with arithmetic(backend, 106) as ar:
        return {result.name: result for result in verify.check(certificate, ar, 1000, Clock(3600.0))}


def test_without_a_witness_nothing_decided_is_re_proved(certificate):
    """Whatever is claimed fails; what is undecided asserts nothing, and does not spare the others."""
    assert not any(r.passed for r in _checked(replace(certificate, witness=None)).values() if r.status != "undecided")
    opened = dict(certificate.claims)
    opened["attractor"] = Claim("attractor", Status.UNDECIDED, "?", reason=Reason.PRECISION)
    found = _checked(replace(certificate, claims=opened))
    assert all(result.passed for result in found.values()) and found["attractor"].status == "undecided"
    open_alone = replace(certificate, claims={"attractor": opened["attractor"]}, witness=None)
    assert _checked(open_alone)["attractor"].passed


def test_a_claim_that_fails_is_no_premise(certificate):
    """With a published number of `nonstationary` moved, what rests on it fails as well, and the rest does not."""
    claims = dict(certificate.claims)
    number = claims["nonstationary"].numbers["gradient_norm"]
    moved = replace(number, lower=2 * number.upper, upper=3 * number.upper)
    claims["nonstationary"] = replace(claims["nonstationary"], numbers={"gradient_norm": moved})
    found = _checked(replace(certificate, claims=claims))
    assert found["existence"].passed and not found["nonstationary"].passed
    assert not found["hallucinated_minimizer"].passed


def test_existence_fails_with_its_number_or_without_an_enclosure(certificate):
    """An offset that is wrong fails though the enclosure is right, and a file without an enclosure fails, too."""
    narrow = replace(certificate["existence"], numbers={"offset": Enclosure(Fraction(1), Fraction(2))})
    found = _checked(replace(certificate, claims={**certificate.claims, "existence": narrow}))
    assert found["existence"].message.startswith("offset is in ") and not found["existence"].passed
    assert not _checked(replace(certificate, box=None))["existence"].passed


def test_an_enclosure_larger_than_the_box_of_the_point_is_refused(certificate):
    """It holds the point, and maybe others."""
    box = tuple((low - 1, high + 1) for low, high in certificate.box)
    found = _checked(replace(certificate, box=box))
    assert "leaves the box" in found["existence"].message and not found["existence"].passed


def test_a_witness_that_proves_nothing_fails_every_claim(certificate):
    """A box beside the point, and one that makes the arithmetic stumble."""
    witness = certificate.witness
    for wrong in (
        replace(witness, centre=tuple(c + 1 for c in witness.centre)),
        replace(witness, radius=tuple(-r for r in witness.radius)),
    ):
        found = _checked(replace(certificate, witness=wrong))
        assert not any(result.passed for result in found.values() if result.status != "undecided")
        assert {r.message.split(":")[0] for r in found.values() if r.message} == {
            "existence cannot be re-proved in the box of the file"
        }


def test_an_empty_box_is_re_proved_and_nothing_else_can_be_said_of_it(certificate):
    """A refuted existence passes where the box is empty, in its own words; not where the point is."""
    empty = hc.certify(certificate.objective, ["-0.5", 0], "1.500000001", radius="1e-10")
    assert _checked(empty)["existence"].passed and empty["existence"].status == "refuted"
    wider = replace(empty.witness, radius=(Fraction(1, 2**20),) * 2)  # here the point is, but for 1e-9
    facts = Facts(empty.problem, wider)
    lie = replace(empty, witness=wider, claims={"existence": existence.refutation(facts)})
    assert not existence.excludes(existence.System.of(arithmetic("arb", 106), facts.problem, wider), wider)
    assert "not shown" in _checked(lie)["existence"].message
    other = {"existence": replace(empty["existence"], said=empty["existence"].statement + ".")}
    assert "not shown" in _checked(replace(empty, claims=other))["existence"].message
    more = _checked(replace(empty, claims={**empty.claims, "nonstationary": certificate["nonstationary"]}))
    assert more["existence"].passed and more["nonstationary"].message == "there is no point to speak about"


def test_progress_is_told_claim_by_claim(certificate):
    """The clock hears which claim is looked at, after how many, of how many."""
    heard = []
    with arithmetic("arb", 106) as ar:
        verify.check(certificate, ar, 1000, Clock(3600.0, lambda *step: heard.append(step)))
    decided = [claim.name for claim in certificate if claim.status != "undecided"]
    assert [step for step, _, _ in heard] == [f"claim {name}" for name in decided]
    assert all(total == len(certificate.all_claims) and 0 <= done < total for _, done, total in heard)


def test_a_stall_is_checked_in_its_box_and_solves_nothing(certificate):
    """Of a certificate without existence the box is what the claim is about; without anything decided all passes."""
    stall = hc.certify_stall(certificate.objective, (0.3, 0.5), "0.5")
    assert "existence" not in stall and all(result.passed for result in _checked(stall).values())
    opened = {name: Claim(name, Status.UNDECIDED, "?", reason=Reason.PRECISION) for name in certificate.claims}
    nowhere = replace(certificate.witness, centre=(Fraction(0), Fraction(0)))
    assert all(r.passed for r in _checked(replace(certificate, claims=opened, witness=nowhere)).values())


def test_a_checker_encloses_as_tightly_as_half_of_its_bits_allow(monkeypatch, certificate):
    """And 4 bits more: the prover, with half of 106, published what is wider."""
    monkeypatch.setattr(existence, "enclosed", lambda equations, witness, bits: (equations.exact_centre, bits))
    with arithmetic("arb", 106) as ar:
        found = existence.relocate(ar, certificate.problem, certificate.witness)
    assert found == (certificate.witness.centre, 57)
