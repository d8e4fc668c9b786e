"""What is said follows the numbers: which words, which end of an interval, and nothing where nothing is proved."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest

from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.reason import Reason
from hallucert.check.words import attraction, branch, cards, census, momentum, point, region, sheet
from hallucert.objectives.radius_law import SAM, RadiusLaw

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


def side(low, high) -> Enclosure:
    return Enclosure(Fraction(low), Fraction(high))


def along(start=(1, 2), end=(5, 7), count=2, critical=(False, False), **inputs) -> str:
    """The sentence of a branch."""
    numbers = {"rho_start": side(*start), "rho_end": side(*end)}
    return branch.branch(count, critical, numbers, {"branch": 3, "negative": 0, "folds": 0, "monotone": 0} | inputs)


@pytest.mark.parametrize(
    ("given", "said", "unsaid"),
    [
        ({}, "Every rho strictly between 2 and 5 is attained.", "monotone"),
        ({"start": (5, 7), "end": (1, 2)}, "Every rho strictly between 2 and 5 is attained.", "monotone"),
        ({"start": (1, 5), "end": (2, 7)}, "Branch 3", "attained"),
        ({"start": (1, 2), "end": (2, 3)}, "Branch 3", "attained"),
        ({"start": (2, 3), "end": (1, 2)}, "Branch 3", "attained"),
        ({"end": (2 + Fraction(1, 10**20), 3)}, "Branch 3", "attained"),  # nothing is between as it is printed
        ({"start": (0, THIRD), "end": (2 * THIRD, 1)}, "between 0.333333333334 and 0.666666666666 is", "monotone"),
        ({}, "2 overlapping cells, each", "critical point of f,"),
        ({"count": 1}, "1 overlapping cell, each", "cells"),
        ({}, "from a point where rho is in [1, 2], to a point where rho is in [5, 7]", "lambda = 0"),
        ({"critical": (True, False)}, "from a critical point of f, where lambda = 0 and rho is in [1", "to a critical"),
        ({"critical": (False, True)}, "to a critical point of f, where lambda = 0 and rho is in [5", "from a critical"),
        ({}, "are hallucinated minimizers of", "stationary"),
        ({"negative": 1}, "are hallucinated stationary points of", "minimizers"),
        ({"monotone": 1}, "rho is strictly monotone all along it.", "fold"),
        ({"monotone": 1, "folds": 1}, "monotone on each side of its fold.", "folds"),
        ({"monotone": 1, "folds": 2}, "monotone between its 2 folds.", "all along"),
    ],
)
def test_a_branch_is_said_to_be_what_its_numbers_show(given, said, unsaid) -> None:
    """Where it begins and ends, what its points are, which radii are attained, and where rho is monotone."""
    text = along(**given)
    assert said in text and unsaid not in text


def complete(count, *ends) -> str:
    return branch.complete(tuple((Fraction(low), Fraction(high)) for low, high in ends), count)


def test_a_diagram_names_its_branches_and_its_box() -> None:
    """None, one, or several, and a box of up to 3000 characters."""
    assert complete(0, (0, 1), (-1, HALF)).startswith("No point of the box [0, 1] x [-1, 1/2] is hallucinated")
    assert complete(1, (0, 1)).endswith("lies on branch 1.") and "Every point of the box [0, 1] that" in complete(
        1, (0, 1)
    )
    assert complete(2, (0, 1)).endswith("lies on one of branches 1 to 2.")
    for digits, written in ((2993, True), (2994, False)):  # with "[0, 1" and "]", and what follows 1
        text = complete(1, (0, Fraction(10 ** (digits + 1))))
        assert ("[0, 1" in text) is written and ("the region of the certificate" in text) is not written


def test_stability_and_folds_of_a_branch() -> None:
    """Which of both, and of which sign; a second derivative whose sign is not known has none."""
    numbers = {"rho_from": side(1, 2), "rho_to": side(3, 4)}
    inputs = {"branch": 1, "first_cell": 2, "last_cell": 5}
    texts = [branch.stability(numbers, inputs | {"attracting": flag}) for flag in (0, 1)]
    assert "repels" in texts[0] and "attracts" not in texts[0] and "attracts" in texts[1] and "repels" not in texts[1]
    assert all(
        "in cell 2, where rho is in [1, 2], on to a point in cell 5, where rho is in [3, 4]," in t for t in texts
    )
    for second, what in (((1, 2), "minimum along it"), ((-2, -1), "maximum along it"), ((0, 1), "maximum along it")):
        text = branch.fold(1, {"rho": side(1, 2), "second_derivative": side(*second)})
        assert what in text and ("at least 1." if second == (1, 2) else f"at most {second[1]}.") in text
    assert "maximum" in branch.fold(1, {"rho": side(1, 2), "second_derivative": side(-1, 1)})


def test_a_short_number_stands_for_a_step_just_above_it() -> None:
    """Of at most six decimals of a fraction, or twelve digits: it is never above, and at most 2^-62 of it below."""
    decimal = Fraction(123456789012, 10**12)
    for short in (Fraction(1, 10), Fraction(1, 999_983), decimal):
        for step in (short, short / (1 - Fraction(1, 2**62)), short * (1 + Fraction(1, 2**63))):
            assert attraction.as_given(step) == short
        for step in (short * (1 - Fraction(1, 2**70)), short * (1 + Fraction(1, 2**61))):
            assert attraction.as_given(step) == step
    for long in (Fraction(1, 1_000_003), Fraction(1234567890123, 10**13)):
        step = long * (1 + Fraction(1, 2**63))
        assert attraction.as_given(step) == step


def test_a_start_is_written_out_if_it_is_short() -> None:
    """With 400 characters, not with 401; a step with 16."""
    for length, written in ((400, True), (401, False)):
        text = attraction.converges(SAM, (Fraction(10 ** (length - 1)),), HALF, 3, HALF, None, HALF)
        assert ("x_0 = (1" in text) is written and ("the start x_0 among the inputs" in text) is not written
    for step, said in (
        (Fraction(1234567, 2**24), "E = 1234567/16777216"),
        (Fraction(12345677, 2**24), "E is in [0.73"),
    ):
        assert said in attraction.basin(SAM, HALF, step, HALF, None)
    for rho, said in ((10**12, "above -1/rho = -1/1000000000000 by"), (10**13, "above -1/rho by")):
        assert said in attraction.c32_holds(side(1, 2), Fraction(rho), True, False)
    assert "with momentum" not in attraction.converges(SAM, (), HALF, 3, HALF, None, HALF)
    runs = [attraction.converges(SAM, (), HALF, 3, HALF, None, HALF, HALF, *more) for more in ((), (0,), (1,))]
    assert runs[0] == runs[1] and "the momentum (heavy ball) 1/2" in runs[0] and "Nesterov's momentum 1/2" in runs[2]
    assert "Nesterov" in momentum.method(SAM, HALF, HALF, 1) and "heavy ball" in momentum.method(SAM, HALF, HALF, 0)


def test_a_census_is_about_a_box_printed_around_it_or_inside() -> None:
    """Inside if at least half of it is left, otherwise exactly."""
    near = side(1, 1 + Fraction(1, 10**9))
    assert "[1, 1000000001/1000000000]" in census.none(Fraction(1), (near,))
    assert "[1, 1.00001]" in census.question(Fraction(1), (near,)) and "[1, 1.00001]" in census.some(
        Fraction(1), (near,), 2
    )
    third = side(THIRD, 1)
    assert "[0.333334, 1]" in census.none(Fraction(1), (third,)) and "[0.333333, 1]" in census.question(
        Fraction(1), (third,)
    )
    unit = Fraction(1, 10**6)  # 1.00001 and 1.00002 are printed
    assert "[1.00001, 1.00002]" in census.none(Fraction(1), (side(1 + 5 * unit, 1 + 25 * unit),))
    assert "[1.00001, 1.00002]" not in census.none(Fraction(1), (side(1 + 5 * unit, 1 + 26 * unit),))
    assert "[-3, -1]" in census.none(Fraction(1), (side(-3, -1),))


@pytest.mark.parametrize(
    ("law", "step", "direction"),
    [
        (SAM, "rho u(x)", ", u = grad f/|grad f|"),
        (RadiusLaw("usam"), "rho grad f(x)", ""),
        (RadiusLaw("asam", (HALF,)), "rho u(x)", ", u = D^2 grad f/|D grad f|, D the certificate's diagonal"),
    ],
)
def test_the_step_is_that_of_the_law(law, step, direction) -> None:
    """With its direction, where it has one."""
    assert (point.step_of(law), point.direction_of(law)) == (step, direction)


def test_boxes_of_large_points_are_printed_with_three_digits() -> None:
    """Half widths rounded down at the lower, up at the upper end."""
    low, high = Fraction(12345, 10**4), Fraction(23456, 10**4)
    assert "within 1.23 to 2.35 of the certificate's z0" in point.large_slice(low, high, 3)
    assert "within at most 2.35 of z0" in point.large_box(high, 3)


@pytest.mark.parametrize(
    ("maximum", "digits"),
    [(2, 6), (1 + Fraction(1, 10**9), 11), (1 + Fraction(5, 10**6), 7), (1, 40), (1 + Fraction(1, 10**50), 40)],
)
def test_levels_are_printed_with_as_many_digits_as_separate_them(maximum, digits) -> None:
    """1, or 1 + 1/(3 10^10), from a larger number, with 6 digits at least and 40 at most."""
    level = 1 + Fraction(1, 3 * 10**10) if digits == 11 else Fraction(1)
    assert region._separating_digits(level, Fraction(maximum)) == digits


OPEN, CLOSED = (SimpleNamespace(index=1, cells=2, closed=flag, noun="curve", rho=Fraction(1)) for flag in (False, True))
NUMBERS = {name: side(1, 2) for name in ("gradient_norm", "length", "smallest_singular_value")}


@pytest.mark.parametrize(
    ("sentence", "about", "said", "unsaid"),
    [
        (sheet.curve, (OPEN, NUMBERS), "one connected smooth curve", "no other solutions"),
        (sheet.curve, (CLOSED, NUMBERS), "one smooth closed curve, gone round once", "connected"),
        (sheet.curve, (CLOSED, NUMBERS), "There are no other solutions in the cells.", "connected"),
        (sheet.surface, (OPEN, NUMBERS), "one connected smooth surface", "whole component"),
        (sheet.surface, (CLOSED, NUMBERS), "one smooth closed surface. ", "connected"),
        (sheet.surface, (CLOSED, NUMBERS), "It is a whole component of the solutions.", "connected"),
        (sheet.surface, (OPEN, NUMBERS), "2 overlapping charts,", "1 chart,"),
        (sheet.surface, (SimpleNamespace(index=1, cells=1, closed=False), NUMBERS), "1 chart,", "overlapping"),
        (sheet.regular, (OPEN, NUMBERS), "the curve and, at its ends, its continuation.", "edges"),
        (sheet.regular, (CLOSED, NUMBERS), "nothing but the curve.", "continuation"),
        (sheet.regular, (SimpleNamespace(index=1, closed=False, noun="surface"), NUMBERS), "at its edges, its", "ends"),
        (
            sheet.turning,
            (CLOSED, {}, 1),
            "once, counterclockwise in the order of its cells: its total turning is 1 t",
            "-",
        ),
        (
            sheet.turning,
            (CLOSED, {}, -1),
            "once, clockwise in the order of its cells: its total turning is -1 t",
            "counter",
        ),
    ],
)
def test_a_sheet_is_said_to_be_what_it_is(sentence, about, said, unsaid) -> None:
    """With ends or closed, in one chart or several, one way round or the other."""
    text = sentence(*about)
    assert said in text and unsaid not in text


def claimed(name, status) -> Claim:
    return Claim(name, status, f"{name} is said", reason=Reason.NEEDS_EXISTENCE if name == "lost" else None)


def pointed(printed, law=SAM, period=1, claims=(("existence", Status.PROVED),)) -> SimpleNamespace:
    """The certificate of a point in three variables of which so many coordinates are printed."""
    return SimpleNamespace(
        law=law,
        rho=HALF,
        printed=[(Fraction(k), Fraction(k) + THIRD) for k in range(printed)],
        problem=SimpleNamespace(described=" of a kind", period=period),
        objective=SimpleNamespace(variables=("x", "y", "z"), name="f" * 50),
        all_claims=[claimed(*claim) for claim in claims],
    )


def test_a_card_shows_the_coordinates_that_are_printed() -> None:
    """And how many more there are; of a cycle those of both points."""
    law = RadiusLaw("usam")
    assert cards.card(pointed(0)) == ["rho = 1/2 of a kind", "[+] existence: PROVED. existence is said"]
    lines = cards.card(pointed(1, law))
    assert lines[0] == f"rho = 1/2, {law.name}: x+ = x + rho grad f(x) of a kind"
    assert lines[1:3] == ["x* in [0, 0.33333333333333334]", "... and 2 more coordinates"]
    assert len(cards.card(pointed(3))) == 5 and not any("more" in line for line in cards.card(pointed(3)))
    cycle = cards.card(pointed(4, period=2))
    assert [line.partition(" in")[0] for line in cycle[1:5]] == ["x of p", "y of p", "z of p", "x of q"]
    assert cycle[5] == "... and 2 more coordinates"


def test_claims_without_a_point_stand_together() -> None:
    """Behind the others; nothing stands there if there are none."""
    claims = (("lost", Status.UNDECIDED), ("existence", Status.PROVED), ("lost", Status.UNDECIDED))
    lines = cards.card(pointed(0, claims=claims))
    assert len(lines) == 3 and lines[1].startswith("[+] existence") and lines[2].startswith("[?] lost, lost: UNDECIDED")
    text = cards.point_in_brackets(pointed(0, claims=(*claims, ("target", Status.PROVED))))
    assert text == f"<Certificate for {'f' * 40!r}, rho = 0.5: 2 proved, 2 undecided>"


def test_a_count_is_printed_as_the_integers_that_it_may_be() -> None:
    """Unless it is no count, holds none, or is more than anything."""
    for low, high, shown in (
        (HALF, 3 * HALF, "= 1"),
        (HALF, 5 * HALF, "from 1 to 2"),
        (10**18, 10**18, f"= {10**18}"),
        (-(10**18), 0, f"from -{10**18} to 0"),
        (10**18 + 1, 10**18 + 1, "in [1"),
        (THIRD, HALF, "in [0.333333, 0.5]"),
    ):
        assert cards._printed("turns", side(low, high)).startswith(shown)
    assert cards._printed("rho", side(1, 1)) == "in [1, 1]"


@pytest.mark.parametrize(
    ("passed", "lines", "last"),
    [
        ((True, True), ["a (proved): re-proved", "b (refuted): re-proved"], "All 2 claims re-proved."),
        (
            (True, False),
            ["a (proved): re-proved", "b (refuted): NOT re-proved. so it is"],
            "1 of 2 claims could not be",
        ),
        ((), [], "The certificate claims nothing."),
    ],
)
def test_a_verdict_says_what_became_of_each_claim(passed, lines, last) -> None:
    """Undecided ones claim nothing."""
    parts = zip("ab", (Status.PROVED, Status.REFUTED), passed, strict=False)
    results = [SimpleNamespace(name=n, status=s, passed=p, message="" if p else "so it is") for n, s, p in parts]
    results.append(SimpleNamespace(name="c", status=Status.UNDECIDED, passed=True, message=""))
    f = SimpleNamespace(name="f", variables=("x",), dimension=1)
    verdict = SimpleNamespace(
        certificate=SimpleNamespace(objective=f), backend="arb", precision=53, results=results, asserted=len(passed)
    )
    text = cards.verdict_text(verdict).split("\n")
    assert text[0].endswith("checked with arb at 53 bits")
    assert [line.strip() for line in text[1:-1]] == [*lines, "c (undecided): nothing claimed"]
    assert text[-1].startswith(last)
