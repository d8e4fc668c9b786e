"""What the tangential determinant of a part shows: signs at both ends, a fold between them, nothing when uncertain."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest

from hallucert.balls import arithmetic
from hallucert.check.branch import cell as measures
from hallucert.check.branch.cell import ATTRACTING, FALLING, FOLD, GROWING, REPELLING, Along, Arc
from hallucert.check.cell import Tube


def arc(ar, value, slope, first, last, orientation=1) -> Arc:
    """Return a part with given enclosures of D: over it, of its derivative, and at its two ends."""
    made = Arc.__new__(Arc)
    made.tube = Tube(Fraction(0), Fraction(1), (), ())
    ends = {0: ar.interval(*map(Fraction, first)), 1: ar.interval(*map(Fraction, last))}
    made.proof = SimpleNamespace(arithmetic=ar, orientation=orientation, ends=ends)
    made.determinant = Along(ar.interval(*map(Fraction, value)), slope and ar.interval(*map(Fraction, slope)))
    return made


@pytest.fixture
def ar(monkeypatch):
    monkeypatch.setattr(measures, "determinant_at", lambda proof, s: proof.ends[s])
    with arithmetic("arb", 53) as chosen:
        yield chosen


@pytest.mark.parametrize(
    ("value", "slope", "first", "last", "turning"),
    [
        ((1, 2), None, (0, 0), (0, 0), GROWING),
        ((-2, -1), None, (0, 0), (0, 0), FALLING),
        ((-1, 2), (1, 2), (1, 2), (1, 2), GROWING),
        ((-1, 2), (1, 2), (-2, -1), (1, 2), FOLD),
        ((-1, 2), (-2, -1), (1, 2), (-2, -1), FOLD),
        ((-1, 2), (-1, 2), (-2, -1), (1, 2), None),
        ((-1, 2), None, (-2, -1), (1, 2), None),
        ((-1, 2), (1, 2), (-1, 1), (1, 2), None),
        ((-1, 2), (1, 2), (-2, -1), (-1, 1), None),
    ],
)
def test_a_fold_needs_a_slope_and_opposite_signs(ar, value, slope, first, last, turning) -> None:
    """Of D over the part, its slope and its ends: one sign, one simple zero, or nothing that is certain."""
    assert arc(ar, value, slope, first, last).turning == turning
    assert arc(ar, value, slope, first, last, orientation=0).turning == (FOLD if turning == FOLD else None)
    reversed_ = {GROWING: FALLING, FALLING: GROWING}.get(turning, turning)
    assert arc(ar, value, slope, first, last, orientation=-1).turning == reversed_


@pytest.mark.parametrize(
    ("determinant", "trace", "target", "stability"),
    [
        ((1, 2), (1, 2), 1, ATTRACTING),
        ((1, 2), (-1, 2), 1, None),
        ((1, 2), (-2, -1), 1, REPELLING),
        ((-2, -1), (1, 2), 1, REPELLING),
        ((-1, 2), (1, 2), 1, None),
        ((1, 2), (1, 2), -1, REPELLING),
        ((-2, -1), (1, 2), -1, ATTRACTING),
    ],
)
def test_routh_and_hurwitz_in_the_plane(ar, monkeypatch, determinant, trace, target, stability) -> None:
    """Both trace and determinant positive attract, one of them negative repels, an uncertain one decides nothing."""
    made = arc(ar, determinant, None, (0, 0), (0, 0))
    one, zero = ar.constant(Fraction(1)), ar.constant(Fraction(0))
    hessian = [[ar.constant(Fraction(target)), zero], [zero, one]]
    made.proof.system, made.z = SimpleNamespace(dimension=2, target_hessian=hessian), []
    scaled = [[ar.interval(*map(Fraction, trace)), zero], [zero, zero]]
    monkeypatch.setattr(measures, "scaled_matrix", lambda system, z: scaled)
    assert made.stability == stability
