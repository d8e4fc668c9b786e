"""A target is proved only as a nondegenerate critical point whose index is certain, the only one in its box."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch import system
from hallucert.check.branch.system import TargetBox, proved_target

ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)
SADDLE = TargetBox((ZERO, ZERO), (HALF, HALF), ((HALF, ZERO), (ZERO, -HALF)))


@pytest.fixture
def ar():
    with arithmetic("mpmath", 106) as chosen:
        yield chosen


def test_a_saddle_has_one_negative_eigenvalue(ar) -> None:
    """x^2 - y^2 at 0: eigenvalues 2 and -2. A box beside it, or a useless preconditioner, proves nothing."""
    f = hc.Objective.parse("x**2 - y**2")
    target = proved_target(ar, f, SADDLE)
    assert target.negative == 1
    assert target.smallest.lower <= -2 <= target.smallest.upper and target.largest.lower <= 2 <= target.largest.upper
    assert proved_target(ar, f, replace(SADDLE, centre=(ONE, ZERO))) is None
    assert proved_target(ar, f, replace(SADDLE, preconditioner=((-HALF, ZERO), (ZERO, HALF)))) is None


def test_an_index_that_is_not_certain_proves_no_target(ar, monkeypatch) -> None:
    """Whatever else is known of the Hessian."""
    monkeypatch.setattr(system, "inertia", lambda *_: SimpleNamespace(negative=1, undecided=1))
    assert proved_target(ar, hc.Objective.parse("x**2 - y**2"), SADDLE) is None
