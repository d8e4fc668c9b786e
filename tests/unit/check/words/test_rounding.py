"""Each number in a sentence is the end that holds, rounded to the side on which the sentence stays true."""

from __future__ import annotations

import re
from fractions import Fraction
from types import SimpleNamespace

import pytest

from hallucert.check.claim import Enclosure
from hallucert.check.point.hallucinated_minimizer import MINIMIZER, SADDLE
from hallucert.check.words import attraction, batches, branch, census, cycle, decay, momentum, point, region, sheet
from hallucert.objectives.radius_law import SAM, RadiusLaw

T = Fraction(2, 3)
E = Enclosure(T, T + 1)
LOW = Enclosure(-T - 2, -T - 1)
HALF = Fraction(1, 2)
BOX, SIDE = ((T, T + 1),), (Enclosure(T, T + 1),)
OF = SimpleNamespace(index=1, cells=2, closed=False, noun="curve", rho=Fraction(1))
USAM = RadiusLaw("usam")
MOVED = SAM, HALF, HALF, 0
ALL = {
    "gradient_norm": E,
    "length": E,
    "smallest_singular_value": E,
    "smallest_eigenvalue_sym_Du": E,
    "smallest_projected_eigenvalue": E,
    "smallest_real_part": E,
    "step_bound": E,
    "smallest_hessian_eigenvalue": E,
    "largest_hessian_eigenvalue": E,
    "negative_eigenvalues": Enclosure(Fraction(0), Fraction(1)),
    "value": Enclosure(Fraction(0), Fraction(0)),
    "sam_value": E,
    "curvature": E,
    "shifted_gradient_square": E,
}


def printed(text):
    """The decimals, in order: a and b for what is above and below 2/3, A and B for 5/3; with a minus below 0."""
    found = ""
    for number in map(Fraction, re.findall(r"-?\d+\.\d{2,}", text)):
        thirds = round(3 * abs(number))
        letter = "ab"[number < Fraction(thirds if number > 0 else -thirds, 3)]
        found += "-" * (number < 0) + {2: letter, 5: letter.upper()}.get(thirds, f"?{number}?")
    return found


@pytest.mark.parametrize(
    ("sentence", "about", "expected"),
    [
        (region.farthest, (T, T + 1, T), "baB"),
        (region.farthest, (T, T + 1, None), "aB"),
        (region.lower_elsewhere, (BOX, T, T + 1), "bAaB"),
        (region.lowest, (BOX,), "aB"),
        (cycle.one_cycle, (HALF, "this", "there", T, T + 1), "aB"),
        (cycle.gradients_above, (T, T + 1), "bB"),
        (cycle.attracts, (T,), "a"),
        (cycle.repels, (T,), "b"),
        (cycle.around, (T, T + 1, T), "bBa"),
        (cycle.basin, (T, T + 1), "bA"),
        (decay.gradients_above, (T, T + 1), "bB"),
        (decay.target, (E,), "bA"),
        (decay.no_minimizer, (T,), "b"),
        (decay.minimizer, (T,), "b"),
        (decay.maximizer, (T,), "a"),
        (decay.repels, (T,), "a"),
        (decay.attracts, (T, T + 1), "bB"),
        (branch.target, (0, 2, T, T + 1), "bA"),
        (branch.fold, (1, {"rho": E, "second_derivative": E}), "bAb"),
        (branch.fold, (1, {"rho": E, "second_derivative": Enclosure(-T - 1, -T)}), "bA-a"),
        (batches.gradients_above, (T, T + 1), "bB"),
        (batches.regular, (T, 3), "b"),
        (batches.hallucinated, (HALF, E), "bA"),
        (batches.never_stable, (T,), "a"),
        (batches.attracts, (T,), "b"),
        (batches.attracts, (T, T + 1), "bB"),
        (batches.unstable, (HALF, T), "b"),
        (batches.likely, (HALF, T + 1, T, T, T), "BAaBba"),
        (batches.surely, (HALF, T, T + 1, T), "aBa"),
        (momentum.converges, (*MOVED, T, T + 1), "bA"),
        (momentum.manifold, (*MOVED, T, T + 1, T), "abA"),
        (momentum.repels, (*MOVED, T), "b"),
        (attraction.converges, (SAM, (), HALF, 3, T, None, T + 1, HALF, 0), "aB"),
        (attraction.converges, (SAM, (), HALF, 3, T, T + 1, T, HALF, 0), "aAa"),
        (attraction.c32_fails, (LOW, Fraction(1)), "-Ab"),
        (attraction.c32_holds, (E, Fraction(1), True, False), "bB"),
        (attraction.variant_fails, (E, USAM), "A"),
        (attraction.variant_holds, (E, USAM, True), "b"),
        (attraction.projected_fails, (E,), "A"),
        (attraction.projected_holds, (E, SAM), "b"),
        (attraction.repels, (SAM, False, T), "a"),
        (attraction.attracts, (SAM, T, T + 1, None), "bB"),
        (attraction.basin, (SAM, T, HALF, T, None), "ba"),
        (attraction.basin, (SAM, T, HALF, T, T + 1), "Aba"),
        (attraction.converges, (SAM, (), HALF, 3, T, None, T), "a"),
        (attraction.converges, (SAM, (), HALF, 3, T, T + 1, T), "Aaa"),
        (point.place, (T, T, None), "b"),
        (point.place, (T, T + 1, None), "bA"),
        (point.place, (T, T + 1, 3), "bA"),
        (point.large_slice, (T, T, 3), "b"),
        (point.large_slice, (T, T + 1, 3), "bA"),
        (point.large_box, (T, 3), "a"),
        (point.one_solution, (HALF, "this", "there", T), "a"),
        (point.gradient_above, (T,), "b"),
        (point.target, (MINIMIZER, ALL), "bA"),
        (point.target, (SADDLE, ALL), "bAA"),
        (point.regular, (T, None), "b"),
        (point.regular, (T, 2), "b"),
        (point.no_minimizer_near, (HALF, T, ALL), "bAbAb"),
        (sheet.curve, (OF, ALL), "bAb"),
        (sheet.surface, (OF, ALL), "b"),
        (sheet.regular, (OF, ALL), "b"),
        (sheet.c32_fails, (OF, ALL | {"smallest_eigenvalue_sym_Du": LOW}), "-Ab"),
        (sheet.c32_holds, (OF, ALL), "bB"),
        (sheet.projected_fails, (OF, ALL), "A"),
        (sheet.projected_holds, (OF, ALL), "b"),
        (sheet.repels, (OF, ALL), "A"),
        (sheet.attracts, (OF, ALL), "bb"),
        (census.some, (HALF, SIDE, 2), "bA"),
        (census.none, (HALF, SIDE), "aB"),
    ],
)
def test_numbers_are_rounded_to_the_side_that_holds(sentence, about, expected):
    """2/3 and 5/3 have no last decimal: it shows which end is printed, and how it was rounded."""
    assert printed(sentence(*about)) == expected
