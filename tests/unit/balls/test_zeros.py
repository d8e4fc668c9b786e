"""A zero is proved in a box that holds it, and no zero of a box is lost when the box is made smaller."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.krawczyk import KrawczykOperator
from hallucert.balls.zeros import contract, prove_zero
from hallucert.errors import ArgumentError

ROOT = Fraction(6369051672525773, 4503599627370496)  # of 2, to 2**-52
ONE, ZERO = Fraction(1), Fraction(0)


def system(ar):
    """``(x^2 - 2, x y - 1)``, with the zero (sqrt(2), 1/sqrt(2)), and its Jacobian."""
    zero = ar.constant(ZERO)
    return (
        lambda z: [z[0] * z[0] - ar.constant(2 * ONE), z[0] * z[1] - ar.constant(ONE)],
        lambda z: [[z[0] + z[0], zero], [z[1], z[0]]],
    )


def holds_the_zero(ar, box):
    """``x^2 <= 2`` at the lower end and ``>= 2`` at the upper one, and ``2 y^2`` around 1."""
    (a, b), (c, d) = map(ar.endpoints, box)
    return min(a, c) > 0 and a * a <= 2 <= b * b and 2 * c * c <= 1 <= 2 * d * d


@pytest.mark.parametrize("shift", ["0", "1/1000", "-1/20"])
def test_a_zero_is_proved_near_a_guess(ar, shift):
    """In a tight box around it, inside of the one in which it is alone; not from where the Jacobian is singular."""
    centre = [ROOT + Fraction(shift), ROOT / 2]
    found = prove_zero(ar, *system(ar), centre)
    assert found.result.proved and holds_the_zero(ar, found.box) and found.contraction < 1
    for ball, c, r in zip(found.box, found.centre, found.radius, strict=True):
        low, high = ar.endpoints(ball)
        assert high - low < r and c - r - Fraction(1, 2**60) <= low
        assert high <= c + r + Fraction(1, 2**60)
    again = prove_zero(ar, *system(ar), centre, found.preconditioner)
    assert again.preconditioner == found.preconditioner and again.result.proved
    assert prove_zero(ar, *system(ar), [ZERO, ZERO]) is None
    assert prove_zero(ar, lambda z: [ar.indeterminate()] * 2, system(ar)[1], centre) is None
    assert prove_zero(ar, system(ar)[0], system(ar)[1], [10 * ONE, ZERO], [[ZERO, ZERO]] * 2) is None


@pytest.mark.parametrize("fixed", [False, True])
def test_a_box_is_made_smaller_around_its_zeros(ar, fixed):
    """Boxes drawn around the zero keep it; a point that is no zero, and what is not known, are refused."""
    rng, function = np.random.default_rng(0), system(ar)
    inverse = [[ONE / 3, ZERO], [-ONE / 6, ONE * 2 / 3]] if fixed else None
    for size in rng.uniform(0.01, 0.3, (10, 2, 2)).tolist():
        middles = zip((ROOT, ROOT / 2), size, strict=True)
        box = [ar.interval(m - Fraction(low), m + Fraction(high)) for m, (low, high) in middles]
        small = contract(ar, *function, box, inverse)
        assert holds_the_zero(ar, small)
        assert all(ar.upper(x) - ar.lower(x) < Fraction(1, 2**8) for x in small)
    assert holds_the_zero(ar, contract(ar, *function, small, inverse))
    with pytest.raises(ArgumentError, match="zero"):
        contract(ar, *function, [ar.constant(2 * ONE), ar.constant(ONE)], inverse)
    with pytest.raises(ArgumentError, match="finite"):
        contract(ar, *function, [ar.constant(ONE), ar.indeterminate()], inverse)
    wide = [ar.interval(-ONE, ONE)] * 2
    flat = lambda z: [[ar.indeterminate()] * 2] * 2  # noqa: E731
    assert contract(ar, function[0], flat, wide, inverse) == wide


@pytest.mark.parametrize("name", ["arb", "mpmath"])
def test_the_operator_is_asked_about_all_of_a_box(name, monkeypatch):
    """However its middle is rounded to few bits; a point has its last bit, 0 that of the others."""
    asked = []
    monkeypatch.setattr(
        KrawczykOperator,
        "image",
        lambda self, centre, radius: asked.append((centre, radius)) or SimpleNamespace(image=[]),
    )
    with arithmetic(name, 30) as ar:
        sides = [(1 - Fraction(1, 2**45), 3 + Fraction(1, 2**41)), (ONE / 3, 7 * ONE / 3), (-(ONE / 7), ONE / 5)]
        sides += [(-high, -low) for low, high in sides]
        box = [ar.interval(low, high) for low, high in sides]
        inverse = [[ONE * (i == j) for j in range(6)] for i in range(6)]
        identity = lambda z: [[ar.constant(ONE * (i == j)) for j in range(6)] for i in range(6)]  # noqa: E731
        contract(ar, lambda z: z, identity, box, inverse)
        for (c, r), x in zip(zip(*asked[0], strict=True), box, strict=True):
            low, high = ar.endpoints(x)
            assert c - r <= low and high <= c + r and r < high - low
        contract(ar, lambda z: z, identity, [ar.constant(Fraction(v)) for v in (5, 0, 1, -2, 0, 3)], inverse)
        assert [r * 2**30 for r in asked[1][1]] == [5, 5, 1, 2, 5, 3]
