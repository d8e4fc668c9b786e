"""Weak convexity is claimed from a subdivision that is walked, and refuted at a point that is looked at, by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.reason import Reason
from hallucert.check.region.weak_convexity import WeakConvexity
from hallucert.check.subdivision import Subdivision


def asked(formula, low, high, rho="1/2"):
    """The claim about an interval: 1 + rho f'' > 0."""
    ar = arithmetic("arb", 53)
    f = hc.Objective.parse(formula, ("x",))
    return WeakConvexity(ar, f, Fraction(rho), [(Fraction(low), Fraction(high))])


@pytest.mark.parametrize(
    ("formula", "found", "status"),
    [
        ("x**3/6", Subdivision("p"), "proved"),  # 1 + x/2 > 0 on [-1, 1]
        ("x**3/6", Subdivision("App"), "proved"),
        ("x**3/6", Subdivision("o"), "undecided"),
        ("x**3", Subdivision("p"), "undecided"),  # 1 + 3 x
        ("x**3/6 + 0*log(x + 1/2)", Subdivision("p"), "undecided"),
        ("x**3", [Fraction(-1)], "refuted"),
        ("x**3", [Fraction(0)], "undecided"),
        ("x**3", [Fraction(-2)], "undecided"),  # outside of the box
        ("x**3 + 0*log(x + 1/2)", [Fraction(-1)], "undecided"),
        ("x**3/6", Reason.BUDGET, "undecided"),
    ],
)
def test_what_is_found_is_looked_at(formula, found, status):
    """A record that is not settled, a point that shows nothing, is elsewhere or has no value: nothing is claimed."""
    claim = asked(formula, -1, 1)
    with claim.arithmetic:
        assert claim.claim(found, 10).status == status


def test_a_claim_names_the_box_or_why_it_is_open():
    """Both ends of each side; time is told from all else."""
    claim = asked("x**3/6", "-1/2", "3/4")
    with claim.arithmetic:
        assert "positive definite on [-1/2, 3/4] for rho = 1/2" in str(claim.claim(Subdivision("p"), 10))
        assert [claim.claim(why, 10).reason for why in (Reason.TIME, Reason.BUDGET)] == [Reason.TIME, Reason.PRECISION]
