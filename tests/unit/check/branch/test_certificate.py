"""What is said of a branch follows from published numbers: an enclosure of the threshold decides nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hallucert.check.branch.certificate import FOLD, TARGET, Branches
from hallucert.check.claim import Enclosure, Status
from hallucert.check.reason import Reason

ABOUT = Branches(2, ())


def stated(theorem, inputs, **numbers):
    found = theorem.state(ABOUT, {k: Enclosure(*map(Fraction, v)) for k, v in numbers.items()}, inputs)
    return found if isinstance(found, Reason) else found.status


@pytest.mark.parametrize(
    ("small", "large", "negative", "kind"),
    [
        ((1, 2), (3, 4), 0, "proved"),
        ((-2, -1), (3, 4), 1, "proved"),
        ((-4, -3), (-2, -1), 2, "proved"),
        ((1, 2), (3, 4), 1, "straddles"),
        ((-1, 1), (3, 4), 0, "straddles"),
        ((0, 1), (3, 4), 0, "straddles"),
        ((-4, -3), (-2, 0), 2, "straddles"),
        ((-4, -3), (-2, -1), 1, "straddles"),
    ],
)
def test_the_index_of_a_target_agrees_with_its_eigenvalues(small, large, negative, kind) -> None:
    """None negative: the least is positive. All negative: the largest is negative. Otherwise neither."""
    numbers = {"smallest_hessian_eigenvalue": small, "largest_hessian_eigenvalue": large}
    assert stated(TARGET, {"negative": negative}, **numbers) == kind


@pytest.mark.parametrize(
    ("second", "kind"), [((1, 2), "proved"), ((-2, -1), "proved"), ((0, 1), "straddles"), ((-1, 0), "straddles")]
)
def test_a_fold_has_a_second_derivative_of_one_sign(second, kind) -> None:
    """Otherwise it may be an inflection."""
    assert stated(FOLD, {"branch": 1}, rho=(1, 2), second_derivative=second) == kind


def test_a_fold_is_a_minimum_or_a_maximum_by_that_sign() -> None:
    """Positive: rho has a minimum there."""
    numbers = {"rho": Enclosure(Fraction(1), Fraction(2)), "second_derivative": Enclosure(Fraction(1), Fraction(2))}
    claim = FOLD.state(ABOUT, numbers, {"branch": 1})
    assert claim.status is Status.PROVED and "local minimum" in claim.statement and "at least 1" in claim.statement
