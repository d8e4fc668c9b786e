"""Claim: what is said of cells, in numbers and in words, is said of exactly those with the labels that it is about."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.basins import certificate
from hallucert.check.basins.certificate import Basins
from hallucert.check.basins.graph import LEAVES
from hallucert.check.basins.partition import Partition
from hallucert.check.basins.trap import Trap
from hallucert.check.claim import Claim, Enclosure, Provenance, Status
from hallucert.check.problem import Problem
from hallucert.errors import ArgumentError

BOX = np.array([[1.0, 3.0], [10.0, 14.0]])
MADE = Provenance("1.0", "arb", "1.0", 53)
SAM = "SAM with rho = 3/2 and the fixed step 1/8"


def attractor(period: int = 1, place: float = 0.0, **statuses: Status) -> SimpleNamespace:
    """Return what a certificate of a point, or of a cycle, says of itself: claims, and where it is."""
    claims = {name: Claim(name, status, ".") for name, status in statuses.items()}
    box = tuple((Fraction(place + k), Fraction(place + k) + Fraction(1, 3)) for k in range(2 * period))
    return SimpleNamespace(claims=claims, problem=SimpleNamespace(period=period, law=None), box=box)


def basins(labels: list[int], attractors: tuple = (), traps: tuple = (), steps: list[int] | None = None) -> Basins:
    """Return basins of a quarter of the box, the first, and then four 16ths of each other quarter."""
    cells = np.array([(1, 0, 0), *((2, i, j) for i in range(4) for j in range(4) if i > 1 or j > 1)])
    problem = Problem(hc.Objective.parse("(x**2 + y**2)/2"), Fraction(3, 2))
    taken = np.ones(13, int) if steps is None else np.array(steps)
    return Basins(problem, Fraction(1, 8), Partition(BOX, cells), np.array(labels), taken, attractors, MADE, traps)


POINTS = (
    attractor(place=7.0, hallucinated_minimizer=Status.PROVED),
    attractor(hallucinated_minimizer=Status.REFUTED),
    attractor(hallucinated_minimizer=Status.UNDECIDED),
    attractor(),
    attractor(2, around=Status.PROVED, hallucinated_minimizer=Status.PROVED),
    attractor(2, place=-3.0, around=Status.REFUTED),
)


@pytest.fixture
def many() -> Basins:
    """Six attractors in order, each with cells but the fourth, and a cell that leaves; nothing is known of the rest."""
    return basins([2, 3, 3, 4, 6, 6, 6, 7, 1, 0, 0, 0, 0], POINTS)


def test_shares_count_cells_by_their_sizes(many: Basins) -> None:
    """A cell of level l is 4^-l of the box, whose area is 2 times 4."""
    sixteenth = Fraction(1, 16)
    shares = [many.share(label) / sixteenth for label in range(8)]
    assert shares == [4, 1, 4, 2, 1, 0, 3, 1] and many.share() == 0 and many.share(0, 3, 6) == 9 * sixteenth
    assert many.area == 8 and many.decided == 12 * sixteenth and many.labels_known == 8
    assert many.hallucinated == 7 * sixteenth  # as far as certificates say so
    numbers = many.all_claims[0].numbers
    assert numbers == {"share": Enclosure(Fraction(1, 4), Fraction(1)), "area": Enclosure(Fraction(2), Fraction(8))}


@pytest.mark.parametrize(
    ("number", "share", "goal"),
    [
        (0, "0.25", "converges to x*_1, a hallucinated minimizer,"),
        (1, "0.125", "converges to x*_2, an attractor that is no hallucinated minimizer,"),
        (2, "0.0625", "converges to x*_3, an attractor,"),
        (4, "0.1875", "converges to cycle 5, a two-cycle around a minimizer,"),
        (5, "0.0625", "converges to cycle 6, a two-cycle,"),
    ],
)
def test_a_claim_names_the_attractor_as_far_as_it_is_proved(many: Basins, number: int, share: str, goal: str) -> None:
    """And how large a part of the box it is about."""
    claim = many[number]
    assert claim.statement == f"{SAM} {goal} from every start in cells that are together at least {share} of the box."
    assert claim.status is Status.PROVED and claim.inputs == {"attractor": number + 1} and claim.name == "basin_share"


def test_what_has_no_cells_is_undecided(many: Basins) -> None:
    """An attractor, what leaves, and a trap."""
    assert many[3].status is Status.UNDECIDED and many[3].inputs == {"attractor": 4}
    assert many[3].statement == f"From which starts in the box {SAM} converges to x*_4, an attractor?"
    leaves = many.all_claims[-1]
    assert leaves.status is Status.PROVED and leaves.name == "leaves_share" and leaves.inputs == {}
    outside = "comes to a point outside of the box"
    assert (
        leaves.statement == f"{SAM} {outside} from every start in cells that are together at least 0.0625 of the box."
    )
    none = basins([0] * 13, traps=(Trap(2, (1,)),))
    assert [claim.status for claim in none.all_claims] == [Status.UNDECIDED] * 2
    assert none.all_claims[-1].statement == f"From which starts in the box {SAM} {outside}?"
    assert none.all_claims[0].statement == f"From which starts in the box is {SAM} trapped?"
    assert none.all_claims[0].inputs == {"trap": 1}


def test_attractors_have_numbers(many: Basins) -> None:
    """From 0, as the claims."""
    assert len(many) == 6 and len(many.all_claims) == 7 and list(many) == list(many.all_claims)
    for number in (-1, 6, 7):
        with pytest.raises(ArgumentError, match="attractor"):
            many[number]


def test_a_curve_of_zeros_is_named_as_one(many: Basins, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands for all of its points, also where it is what happens instead of a trap."""
    monkeypatch.setattr(certificate, "zeros_of", lambda point, problem, step: point is POINTS[0])
    curve = "converges to a hallucinated minimizer with r(x+) = 0 (x*_1 is one) on a smooth curve of them"
    assert f"{SAM} {curve}, from every start" in many[0].statement
    assert "converges to x*_2, an attractor that is none" not in many[1].statement and "curve" not in many[1].statement
    traps = (Trap(8, (1, 2, 3, 6)), Trap(10, (8, 9)))
    trapped = replace(many, traps=traps, labels=np.array([8, *[10] * 12])).all_claims[6:8]
    instead = f"comes to a point outside of the box, or {curve}, or converges to x*_2, or converges to cycle 5"
    assert f"and never leaves them, or {instead}, from every start" in trapped[0].statement
    assert "and never leaves them, or does what is said of trap 1, from every start" in trapped[1].statement


def test_a_trap_is_said_to_be_where_its_core_is() -> None:
    """In the cells (2, 3) and (3, 2) of 16, of half the width and the whole height each: the hull of both."""
    labels = [1, 1, 1, 1, 1, 0, 0, 1, 2, 0, 0, 2, 3]
    found = basins(labels, traps=(Trap(2, ()),))
    assert found.partition.cells[[8, 11]].tolist() == [[2, 2, 3], [2, 3, 2]]
    (claim, _) = found.all_claims
    around = "[1.99999, 3.00001] x [11.9999, 14.0001]"  # corners of cells are rounded outward
    where = f"comes to cells in {around} that are together at most 0.125 of the box, and never leaves them,"
    part = "from every start in cells that are together at least 0.1875 of the box."
    assert claim.statement == f"Trap 1: {SAM} {where} {part}"
    assert (claim.name, claim.inputs, claim.status) == ("trap_share", {"trap": 1}, Status.PROVED)
    share, core = Fraction(3, 16), Fraction(1, 8)
    assert claim.numbers == {
        "share": Enclosure(share, Fraction(1)),
        "area": Enclosure(8 * share, Fraction(8)),
        "core": Enclosure(core, core),
    }


@pytest.mark.parametrize(
    ("core", "inward", "others", "counts", "single"),
    [
        (True, True, (), True, True),
        (True, False, (), True, True),
        (False, True, (), False, False),
        (False, True, (1,), True, False),
        (True, True, (1,), True, False),
        (True, False, (1,), True, False),
    ],
)
def test_traps_count_if_something_is_said(core: bool, inward: bool, others: tuple, counts: bool, single: bool) -> None:
    """Without a core there is only what happens instead; then it is not one thing that is said."""
    labels = [2 * core, 3 * inward, *[0] * 10, 1]
    found = basins(labels, traps=(Trap(2, others),))
    share = Fraction(4 * core + inward, 16)
    assert found.trapped == (share if counts else 0)
    assert found.decided == Fraction(1, 16) + (share if single else 0)
    assert (found.all_claims[0].status is Status.PROVED) is counts
    assert ("never leaves them" in found.all_claims[0].statement) is core
    last = "is trapped in cells that are at most " + ("0.25" if core else "0")
    last += ", or does what is named instead" * bool(others)
    assert found.card()[-1].endswith(last) and found.card()[-1].split()[0] == certificate.decimal_below(found.trapped)
    assert f"in {single * (core + inward) + 1} cells;" in found.card()[-2]


def test_the_card_says_where_attractors_are(many: Basins) -> None:
    """Both points of a cycle, and no traps where there are none."""
    card = many.card()
    assert card[0] == "rho = 3/2, step 1/8, box [1, 3] x [10, 14]"
    assert card[1] == "x*_1 in ([7, 7.3333333333333334], [8, 8.3333333333333334])"
    assert card[6].startswith("cycle 6 in ([-3, -2.66666666666666") and ") and ([-1, -0.6666666666" in card[6]
    assert card[7] == f"[+] basin_share: {many[0].statement}" and card[10].startswith("[?] basin_share: From which")
    assert card[-1] == "0.75 of the box is decided, in 9 cells; 0.4375 converges to hallucinated minimizers"
    assert "rho = 3/2, step 1/8: 6 attractors, 0.75 decided" in repr(many)
    empty = SimpleNamespace(claims={}, problem=SimpleNamespace(period=1), box=None)
    assert basins([0] * 13, (empty,)).card()[1] == "x*_1 in "


def test_what_is_said_depends_on_what_a_trap_names() -> None:
    """Of a trap on both of its labels, and on all that its others depend on."""
    found = basins([0] * 13, (POINTS[0],), (Trap(3, (1,)), Trap(5, (2, 4)), Trap(7, ()), Trap(9, (5,))))
    assert found.labels_known == 11
    assert found.meant((2,)) == {2} and found.meant((3,)) == {1, 3, 4} == found.meant((4,))
    assert found.meant((6,)) == {1, 2, 3, 4, 5, 6} and found.meant((8,)) == {7, 8}
    assert found.meant((10, 7)) == {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}


def test_steps_for_all_directions_are_told_of_where_they_count() -> None:
    """One cell of those that the claim is about, or depends on, takes one: not a step of another label, nor no step."""
    said = "; where the gradient vanishes on the way, with any unit vector for its direction."
    labels, traps = [1, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], (Trap(2, ()),)
    for place, (trapped, leaves) in enumerate(
        [(False, True), (False, True), (True, False), (True, False), (False,) * 2]
    ):
        steps = [0, 1, 1, 2, 1, *[1] * 8]
        steps[place] = -1
        found = basins(labels, traps=traps, steps=steps)
        assert [claim.statement.endswith(said) for claim in found.all_claims] == [trapped, leaves]
    assert not any(claim.statement.endswith(said) for claim in basins(labels, traps=traps, steps=[0] * 13).all_claims)


def test_shares_are_rounded_to_the_safe_side() -> None:
    """1 - 2^-20 of the box is at least 0.999999 and, as a core, at most 1; and its hull is rounded outward."""
    deep = [(10, 0, 0), *((level, *side) for level in range(1, 11) for side in ((0, 1), (1, 0), (1, 1)))]
    problem = Problem(hc.Objective.parse("(x**2 + y**2)/2"), Fraction(3, 2))
    third = np.array([[-1 / 3, 1 / 3]] * 2)
    labels = np.array([0, *[2] * 30])
    found = Basins(problem, Fraction(1, 8), Partition(third, np.array(deep)), labels, labels, (), MADE, (Trap(2, ()),))
    text = found.all_claims[0].statement
    assert "comes to cells in [-0.333334, 0.333334] x [-0.333334, 0.333334] that are together at most 1 of" in text
    assert "together at least 0.999999 of the box" in text
    assert found.card()[-1].startswith("0.999999 is trapped in cells that are at most 1")
    assert found.card()[-2].startswith("0.999999 of the box is decided, in 30 cells; 0 converges")
    assert "0.9999 decided" in repr(found)
    assert (
        replace(found, attractors=POINTS[:1], traps=())
        .card()[-1]
        .endswith("; 0.999999 converges to hallucinated minimizers")
    )


def test_labels_of_points_are_those_of_all_cells_that_they_may_be_in(many: Basins) -> None:
    """Between cells of two labels, and where a coordinate is no number, it is 0; outside it is that of what leaves."""
    places = [(1.2, 10.5), (2.0, 10.5), (1.2, 12.5), (1.5, 12.5), (1.5, 13.5), (0.9, 11), (3.1, 11), (2, 9), (2, 14.1)]
    (cell,) = many.partition.at(np.array([[2, 0, 2]]))
    assert many.labels[cell] == 3
    assert many.at(places).tolist() == [2, 0, 3, 0, 0, LEAVES, LEAVES, LEAVES, LEAVES]
    assert many.at([[1.0, 10.0], [3.0, 14.0]]).tolist() == [2, 0]
    assert many.at([[np.nan, 11.0]]).tolist() == [0]
    assert many.box is BOX
