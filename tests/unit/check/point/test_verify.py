"""What the checker of a point asks besides numbers: where the published enclosure lies, and whether time is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.file.verify import SPENT
from hallucert.check.point import existence, verify
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
