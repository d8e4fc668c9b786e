"""Sentences about attraction: what they say only where it is proved, and numbers that are computed for them."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from hallucert.check.claim import Enclosure
from hallucert.check.point.hallucinated_minimizer import MINIMIZER, NO_MINIMIZER, SADDLE
from hallucert.check.words import attraction
from hallucert.objectives.radius_law import SAM, RadiusLaw

ONE, T, TENTH = Fraction(1), Fraction(2, 3), Fraction(1, 10)
E = Enclosure(T, T + 1)


@pytest.mark.parametrize(
    ("sentence", "about", "says", "silent"),
    [
        (attraction.c32_holds, (E, ONE, True, False), "Corollary B.3", "not applied"),
        (attraction.c32_holds, (E, ONE, False, True), "connected set", "Corollary"),
        (attraction.c32_holds, (E, ONE, False, False), "not applied", "Corollary"),
        (attraction.c32_holds, (E, 3 * ONE, True, False), "above -1/rho = -1/3 by", "-1/rho by"),
        (attraction.c32_holds, (E, 3**40 * ONE, True, False), "above -1/rho by", "-1/rho ="),
        (attraction.variant_holds, (E, RadiusLaw("usam"), True), "J(x*) = I + rho Hess f(x*)", "not applied"),
        (attraction.variant_holds, (E, RadiusLaw("asam", (ONE,)), False), "symmetric part of J(x*)", "Corollary"),
        (attraction.repels, (SAM, True, T), "tangent kernel", "matrix M"),
        (attraction.repels, (SAM, False, T), "matrix M", "tangent kernel"),
        (attraction.attracts, (SAM, T, T, SADDLE), "target is a saddle", "no local"),
        (attraction.attracts, (SAM, T, T, NO_MINIMIZER), "is no local minimizer", "target is a"),
        (attraction.attracts, (SAM, T, T, MINIMIZER), "attracts", "Its target"),
        (attraction.basin, (SAM, T, TENTH + Fraction(1, 2**70), T, None), "E = 1/10", "E is in"),
        (attraction.basin, (SAM, T, TENTH - Fraction(1, 2**70), T, None), "E is in", "E ="),
    ],
)
def test_sentences_say_what_is_proved(sentence, about, says, silent):
    """Of isolated points, of kernels and of targets; and a threshold or a step exactly where that is short."""
    text = sentence(*about)
    assert says in text and silent not in text


def test_a_short_step_is_never_larger():
    """1/10 stands for the numbers up to 2^-62 of themselves above it, not for one below, or farther above."""
    assert attraction.as_given(TENTH) == attraction.as_given(TENTH * (1 + Fraction(1, 2**63))) == TENTH
    for step in (TENTH * (1 - Fraction(1, 2**63)), TENTH * (1 + Fraction(1, 2**61))):
        assert attraction.as_given(step) == step


def test_the_factor_of_a_manifold_is_that_of_the_printed_numbers():
    """At least sqrt(1 - a E/2) of a and E as they are printed, which are below 2/3 and 5/3; not below 0."""
    text = attraction.manifold_attracts(SAM, T, T + 1)
    a, step, factor = (Fraction(t) for t in re.findall(r"\d\.\d{2,}", text))
    assert a < T and step < T + 1
    assert 1 - a * step / 2 <= factor**2 < 1 - a * step / 2 + Fraction(1, 10**5)
    assert "above 5.42102e-20 for" in attraction.manifold_attracts(SAM, 2 * ONE, 2 * ONE)  # 2^-64
