"""What a reader takes for granted: refutations need an empty box, boxes reach to both sides, kinds have their names."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch.system import kind_of
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.point.rule import Witness

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_a_refuted_existence_needs_a_box_without_a_point(backend):
    """A box around the point (-1/2, 0), which exists, does not pass as empty in a file that says it is."""
    honest = hc.certify(WELL, ["-0.5", 0], "1.500000001", radius="1e-10")
    assert honest["existence"].status is hc.Status.REFUTED
    assert hc.verify(honest, backend)
    forged = json.loads(json.dumps(to_json(honest)))
    forged["witness"] = json.loads(json.dumps(to_json(hc.certify(WELL, [-0.5, 0], "1.5"))))["witness"]
    verdict = hc.verify(from_json(forged), backend)
    assert not verdict
    assert [result.name for result in verdict.results if not result.passed] == ["existence"]


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_the_box_of_a_stall_reaches_to_both_sides(backend):
    """Each side of the box of a witness runs from centre - radius to centre + radius."""
    ar = arithmetic(backend, 106)
    centre, radius = (Fraction(1), Fraction(-2)), (Fraction(1, 4), Fraction(1, 2))
    with ar:
        sides = Witness(centre, None, radius, ()).box(ar)
        for side, c, r in zip(sides, centre, radius, strict=True):
            assert ar.lower(side) <= c - r < c + r <= ar.upper(side)
            assert ar.upper(side) - ar.lower(side) <= 2 * r + Fraction(1, 2**20)


@pytest.mark.parametrize(
    ("negative", "dimension", "name"),
    [(0, 2, "minimizer"), (1, 2, "saddle of index 1"), (2, 2, "maximizer"), (2, 3, "saddle of index 2")],
)
def test_nondegenerate_critical_points_are_called_by_their_index(negative, dimension, name):
    """No negative eigenvalue is a minimizer, all negative a maximizer, and everything between a saddle."""
    assert kind_of(negative, dimension) == name
