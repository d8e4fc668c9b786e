"""Claim: what so many drawn cells show is no more than a binomial tail allows, and hardly less."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import mpmath
import pytest

from hallucert.check.basins import draw
from hallucert.check.basins.draw import DOUBT, GRID, least_share


@pytest.fixture(autouse=True)
def _afresh() -> None:
    """Each test computes what it looks at."""
    least_share.cache_clear()


def tail(found: int, count: int, share: Fraction) -> Fraction:
    """The probability that so many, or more, of a number of trials are successes: the sum of its terms."""
    terms = (comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(found, count + 1))
    return sum(terms, Fraction(0))


@pytest.mark.parametrize(("found", "count"), [(1, 1), (1, 40), (20, 40), (39, 40), (40, 40), (150, 200), (3, 200)])
def test_so_many_by_chance_are_rarer_than_one_in_a_billion(found: int, count: int) -> None:
    """If the share were what is stated; one part of the grid more, and the bound of Chernoff no longer says so."""
    share, q = least_share(found, count), mpmath.mpf(found) / count
    assert tail(found, count, share) <= Fraction(1, DOUBT) and share <= Fraction(found, count)
    with mpmath.workdps(60):
        q, more = mpmath.mpf(found) / count, mpmath.mpf(share.numerator) / share.denominator + mpmath.mpf(1) / GRID
        rest = ((1 - more) / (1 - q)) ** (count - found) if found < count else 1
        assert (more / q) ** found * rest > mpmath.mpf(1) / DOUBT


@pytest.mark.parametrize(("found", "count"), [(20, 40), (40, 40), (3, 200)])
def test_floats_propose_and_integers_decide(found: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is proposed too large comes down to the largest number that is right, one by one."""
    right = least_share(found, count)
    for more in (1, 5):
        monkeypatch.setattr(draw, "_proposed", lambda *_, more=more: int(right * GRID) + more)
        assert least_share.__wrapped__(found, count) == right
    monkeypatch.setattr(draw, "_proposed", lambda *_: GRID)  # beyond q the bound says nothing
    assert least_share.__wrapped__(20, 40) == least_share(20, 40)
    monkeypatch.setattr(draw, "_proposed", lambda *_: 2)
    assert least_share.__wrapped__(1, 10**4) == 0  # found once in ten thousand


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_no_larger_part_of_the_grid_is_shown(count: int) -> None:
    """For all numbers of cells that may be found: the bound of Chernoff, in fractions, holds for a/G, not for more."""
    for found in range(1, count + 1):
        q, rest = Fraction(found, count), count - found

        def holds(p: Fraction, q: Fraction = q, found: int = found, rest: int = rest) -> bool:
            return p <= q and (p / q) ** found * ((1 - p) / (1 - q) if rest else 1) ** rest <= Fraction(1, DOUBT)

        share = least_share(found, count)
        assert holds(share) and not holds(share + Fraction(1, GRID))


def test_nothing_found_shows_nothing() -> None:
    """And of ten thousand cells that all do one thing, hardly one in five hundred can do something else."""
    assert least_share(0, 10) == 0
    assert Fraction(499, 500) > least_share(10_000, 10_000) > Fraction(997, 1000)
    assert least_share(5000, 10_000) > Fraction(46, 100) > least_share(4600, 10_000)
