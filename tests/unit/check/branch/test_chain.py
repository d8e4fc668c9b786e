"""What makes a chain: its parts divide the arcs, its folds are inside, its faces are where they are said to be."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch.cell import FALLING, FOLD, GROWING, UNDECIDED, BranchCell
from hallucert.check.branch.chain import Chain, Link, Part, check_chain, hallucinated
from hallucert.check.branch.system import BranchSystem, proved_target
from hallucert.check.cell import Tube

FOLDER = Path(__file__).parents[4] / "docs" / "certificates"


@pytest.fixture(scope="module")
def stored():
    return hc.load(FOLDER / "himmelblau-branch.json")


@pytest.fixture(scope="module")
def system(stored):
    ar = arithmetic("arb", 106)
    with ar:
        yield BranchSystem(ar, stored.objective, proved_target(ar, stored.objective, stored.target).c)


def parts(*cuts) -> tuple[Part, ...]:
    tubes = [Tube(Fraction(a), Fraction(b), (), ()) for a, b in cuts]
    return tuple(Part(tube, UNDECIDED, UNDECIDED) for tube in tubes)


@pytest.mark.parametrize(
    ("cuts", "divided"),
    [
        ([(-1, 0), (0, 2)], True),
        ([(0, 2)], True),
        ([(-1, 0), (1, 2)], False),
        ([(-1, 1), (0, 2)], False),
        ([(-1, 0), (0, 0), (0, 2)], False),
        ([(-1, 0), (0, 1)], False),
        ([(-1, 3), (3, 2)], False),
    ],
)
def test_parts_divide_an_arc_without_gap_or_overlap(stored, cuts, divided) -> None:
    """From where they begin to the end of the span, here 2, each longer than a point."""
    cell = replace(stored.chains[0].links[0].cell, span=(Fraction(-1), Fraction(2)))
    assert Link(cell, (), parts(*cuts)).divided == divided


def test_only_a_face_at_lambda_zero_is_critical(stored, system) -> None:
    """The first cell begins at lambda = 0 and the last ends there; no face of another cell does, nor the other one."""
    first, *between, last = [BranchCell(system, link.cell) for link in stored.chains[0].links]
    assert hallucinated(first, True, False) is None and hallucinated(last, False, True) is None
    assert hallucinated(first, False, True) and hallucinated(last, True, False)
    assert hallucinated(first, False, False) and hallucinated(last, False, False)
    for proof in between:
        assert hallucinated(proof, False, False) is None
        assert hallucinated(proof, True, False) and hallucinated(proof, False, True)


def test_a_cell_around_the_target_is_not_hallucinated(stored, system) -> None:
    """Where x may be c there is no radius: the same cell moved there is objected to, though lambda is positive."""
    cell = stored.chains[0].links[3].cell
    c = [system.arithmetic.midpoint(v) for v in system.target]
    found = hallucinated(BranchCell(system, replace(cell, centre=(*c, cell.centre[-1] + 1000))), False, False)
    assert found is not None and "meet the target" in found.text


def test_a_fold_at_an_end_of_its_cell_is_refused(stored, system) -> None:
    """It might be counted twice, in the cell before or behind: whatever is said of the rest."""
    link = stored.chains[0].links[0]
    (low, high), tube = link.cell.span, link.parts[0].tube
    for first, last in (((low, FOLD), (Fraction(0), UNDECIDED)), ((low, UNDECIDED), (Fraction(0), FOLD))):
        ends = (last[0], high)
        said = [
            Part(tube._replace(low=begin, high=end), word, UNDECIDED)
            for (begin, word), end in zip((first, last), ends, strict=True)
        ]
        found = check_chain(system, Chain((replace(link, parts=tuple(said)),), True, False))
        assert "too close to the end" in found.text


def test_a_stored_branch_says_which_way_rho_goes(stored) -> None:
    """From 5.88 to 8.10: it grows all along, in every part."""
    (claim,) = stored["branch"]
    assert claim.numbers["rho_start"].upper < claim.numbers["rho_end"].lower
    assert {part.turning for link in stored.chains[0].links for part in link.parts} == {GROWING}


@pytest.mark.parametrize(
    ("formula", "start", "target"),
    [
        ("(x**2 - 1)**2/4", [0], [1]),
        ("(x**2 - 1)**2/4 + y**2/20", [0, 0], [1, 0]),
        ("(x**2 - 1)**2/4 + y**2/2 + z**2/3", [0, 0, 0], [1, 0, 0]),
    ],
)
def test_rho_grows_away_from_the_target_in_every_dimension(formula, start, target) -> None:
    """Between the wells x goes from 0 to -1 and rho from 1 to 2: the words of the parts agree with the radii."""
    cert = hc.certify(hc.find.branch(hc.Objective.parse(formula), start, target))
    start_radius, end_radius = (cert["branch"][0].numbers[key].lower for key in ("rho_start", "rho_end"))
    way = GROWING if start_radius < end_radius else FALLING
    words = {part.turning for chain in cert.chains for link in chain.links for part in link.parts}
    assert words - {UNDECIDED} == {way}
