"""Claims: sentences about sheets follow only from numbers that decide them, and say what closed and open ones allow."""

from __future__ import annotations

from fractions import Fraction

import pytest
from spoken import spoken

from hallucert.check.claim import Enclosure, Status
from hallucert.check.reason import Reason
from hallucert.check.sheet.claims import THEOREMS, Pieces

RHO = Fraction(3, 2)


def concluded(noun, name, *numbers, closed=True):
    """Conclude from the ends of the numbers of a claim, in the order of their names here."""
    names = {
        "curve": ("gradient_norm", "length"),
        "surface": ("gradient_norm",),
        "regular": ("smallest_singular_value",),
        "theorem_3_2": ("smallest_eigenvalue_sym_Du",),
        "projected_c32": ("smallest_projected_eigenvalue",),
        "attractor": ("smallest_real_part", "step_bound"),
        "turning": ("turns",),
        "topology": ("euler_characteristic",),
    }[name]
    found = {key: Enclosure(*map(Fraction, ends)) for key, ends in zip(names, numbers, strict=False)}
    about = Pieces(RHO, noun, ((not closed, 5), (closed, 7), (not closed, 5)))
    return spoken(THEOREMS[noun][name].conclude(about, found, {"sheet": 2}))


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("curve", [(0, 1), (1, 2)]),
        ("curve", [(1, 2), (0, 1)]),
        ("regular", [(0, 1)]),
        ("theorem_3_2", [("-2/3", 1)]),
        ("theorem_3_2", [(-1, "-2/3")]),
        ("projected_c32", [(0, 1)]),
        ("projected_c32", [(-1, 0)]),
        ("attractor", [(0, 1), (1, 2)]),
        ("attractor", [(1, 2), (0, 1)]),
        ("attractor", [(1, 2)]),
        ("attractor", [(-1, 0)]),
        ("turning", [("1/2", "5/4")]),
        ("turning", [("3/4", "3/2")]),
        *(("turning", [(n, n)]) for n in (2, 0, -2)),
        ("turning", [("3/5", "4/5")]),
        ("turning", [("6/5", "7/5")]),
    ],
)
def test_numbers_that_touch_a_threshold_decide_nothing(name, numbers):
    """Strict inequalities are strict, a missing bound of the step is no bound, and twice round is not once."""
    assert concluded("curve", name, *numbers) is Reason.STRADDLES
    assert concluded("surface", "surface", (0, 1)) is Reason.STRADDLES


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("curve", [("1/100", 1), ("1/100", 1)]),
        ("regular", [("1/100", 1)]),
        ("theorem_3_2", [("-65/100", 1)]),
        ("projected_c32", [("1/100", 1)]),
        ("attractor", [("1/100", 1), ("1/100", 1)]),
        ("turning", [("51/100", "149/100")]),
        ("turning", [(1, 1)]),
        ("turning", [("-149/100", "-51/100")]),
        ("surface", [("1/100", 1)]),
        ("topology", [("151/100", "249/100")]),
        ("topology", [("-49/100", "49/100")]),
    ],
)
def test_numbers_that_just_suffice_prove(name, numbers):
    """However close to the threshold, and whole numbers known to just less than one half."""
    noun = "surface" if name in ("surface", "topology") else "curve"
    status, sentence = concluded(noun, name, *numbers)
    assert status is Status.PROVED
    if name == "turning":
        assert ("counterclockwise" in sentence) == (numbers[0][0] in ("51/100", 1))


@pytest.mark.parametrize(
    "ends",
    [
        *((n, n) for n in (1, 3, 4, -1)),
        *(("3/2", 2), (2, "5/2"), ("1/2", "5/2"), ("8/5", "9/5"), ("21/10", "23/10"), ("-1/4", "-1/5"), ("1/5", "1/4")),
    ],
)
def test_no_closed_surface_has_such_a_characteristic(ends):
    """It is an even integer of at most 2, known to less than one half on both sides."""
    assert concluded("surface", "topology", ends) is Reason.STRADDLES


@pytest.mark.parametrize(("count", "what"), [(2, "a sphere"), (0, "a torus"), (-4, "genus 3")])
def test_the_characteristic_says_which_surface_it_is(count, what):
    """2 - 2 genus."""
    status, sentence = concluded("surface", "topology", (count, count))
    assert status is Status.PROVED and what in sentence


@pytest.mark.parametrize(
    ("name", "numbers"), [("theorem_3_2", [("-1/2", 0)]), ("projected_c32", [(1, 2)]), ("attractor", [(1, 2), (1, 2)])]
)
def test_only_a_closed_sheet_is_converged_to_as_a_whole(name, numbers):
    """An open piece is not isolated from what goes on at its ends."""
    closed, open_ = (concluded("curve", name, *numbers, closed=closed)[1] for closed in (True, False))
    assert "converges to" in closed and ("to a solution near x" in open_ or "converges" not in open_)
    assert closed != open_


def test_what_is_below_the_threshold_is_refuted():
    """Some point fails the condition, or repels."""
    for name, ends in (("theorem_3_2", (-1, "-3/4")), ("projected_c32", (-2, -1)), ("attractor", (-2, -1))):
        assert concluded("surface", name, ends)[0] is Status.REFUTED
