"""A chain is what its cells, joints, parts and ends show one by one: every answer counts, and for its own cell."""

from __future__ import annotations

from collections import namedtuple
from fractions import Fraction
from types import SimpleNamespace

import pytest

from hallucert.balls import arithmetic
from hallucert.check.branch import chain as chains
from hallucert.check.branch.cell import ATTRACTING, FALLING, FOLD, GROWING, REPELLING, UNDECIDED
from hallucert.check.branch.chain import (
    EMPTY,
    LATE,
    NO_RADIUS,
    NOT_JOINED,
    NOT_PROVED,
    RETURNS,
    STARTS_LATE,
    UNDIVIDED,
    Chain,
    Link,
    Part,
    Run,
    check_chain,
    check_link,
    unconfirmed,
)
from hallucert.check.cell import Tube
from hallucert.clock import UNLIMITED

Cell = namedtuple("Cell", "name span")
TWO = Fraction(2)


def link(name, span, *words) -> Link:
    """A cell of a name, its arc divided where the words say: ``(end, turning, stability)``."""
    cuts = [span[0], *(end for end, *_ in words)]
    parts = (Part(Tube(low, high, (), ()), *said) for low, (high, *said) in zip(cuts, words, strict=False))
    return Link(Cell(name, span), (), tuple(parts))


LINKS = (
    link("a", (-1, 1), (-TWO / 4, GROWING, UNDECIDED), (0, GROWING, REPELLING), (1, GROWING, ATTRACTING)),
    link("b", (-2, 2), (2, GROWING, ATTRACTING)),
    link(
        "c", (-3, 3), (-2, FALLING, ATTRACTING), (0, FOLD, UNDECIDED), (1, GROWING, REPELLING), (3, GROWING, UNDECIDED)
    ),
)


@pytest.fixture
def joined(monkeypatch):
    """What becomes of `LINKS` where the answers of their cells are those given."""

    def run(links=LINKS, refused=None, unproved=None, proofs=None, unknown=None, clock=UNLIMITED):
        asked = []

        def made(system, cell, places):
            return SimpleNamespace(cell=cell, proved=lambda: cell.name != unproved)

        def checked(proof, link, before, ends, again):
            asked.append((link.cell.name, [other.cell.name for other in before], ends, again))
            return NOT_JOINED if link.cell.name == refused else [f"fold of {link.cell.name}"]

        monkeypatch.setattr(chains, "BranchCell", made)
        monkeypatch.setattr(chains, "check_link", checked)
        monkeypatch.setattr(
            chains, "radius_at", lambda proof, s: None if (proof.cell.name, s) == unknown else (proof.cell.name, s)
        )
        return check_chain(None, Chain(links, True, True), proofs, clock), asked

    return run


def test_a_chain_tells_of_all_of_its_cells(joined) -> None:
    """Radii at both ends, folds in order, neighbours of one stability together, and who was asked what."""
    facts, asked = joined()
    assert (facts.rho_start, facts.rho_end) == (("a", -1), ("c", 3))
    assert facts.folds == ("fold of a", "fold of b", "fold of c") and facts.turning_complete
    assert facts.runs == (
        Run(REPELLING, 0, 0, ("a", -TWO / 4), ("a", 0)),
        Run(ATTRACTING, 0, 2, ("a", 0), ("c", -2)),
        Run(REPELLING, 2, 2, ("c", 0), ("c", 1)),
    )
    nobody = (False, False)
    assert asked == [("a", [], (True, False), True), ("b", ["a"], nobody, True), ("c", ["a", "b"], (False, True), True)]
    open_ = link("b", (-2, 2), (2, UNDECIDED, ATTRACTING))
    assert not joined((LINKS[0], open_, LINKS[2]))[0].turning_complete
    (facts, asked) = joined(LINKS[1:2])
    assert asked == [("b", [], (True, True), True)] and (facts.rho_start, facts.rho_end) == (("b", -2), ("b", 2))


def test_what_the_prover_has_proved_is_not_proved_again(joined) -> None:
    """Then the cells are those given, and their parts are taken as they are."""
    cells = [Cell(one.cell.name.upper(), one.cell.span) for one in LINKS]
    given = [SimpleNamespace(cell=cell, proved=lambda: pytest.fail("is not asked")) for cell in cells]
    facts, asked = joined(unproved="a", proofs=given)
    assert facts.rho_start == ("A", -1) and [again for *_, again in asked] == [False] * 3


@pytest.mark.parametrize(
    ("wrong", "objection"),
    [
        ({"links": ()}, EMPTY),
        ({"unproved": "b"}, NOT_PROVED.in_cell(1)),
        ({"refused": "c"}, NOT_JOINED.in_cell(2)),
        *(({"unknown": place}, NO_RADIUS) for place in (("a", -1), ("c", 3), ("a", 0), ("c", -2), ("c", 0), ("c", 1))),
    ],
)
def test_one_answer_that_is_missing_makes_no_chain(joined, wrong, objection) -> None:
    """Of a cell, of its joint, or of one of the radii that are claimed: at both ends, at both of a stability."""
    assert joined(**wrong)[0] == objection


def test_a_chain_says_how_far_it_is_and_stops_when_the_time_is_up(joined) -> None:
    """It looks at the clock before each cell."""
    told: list = []
    clock = SimpleNamespace(tell=lambda *what: told.append(what), passed=lambda: len(told) == 2)
    found, asked = joined(clock=clock)
    assert found is LATE and [name for name, *_ in asked] == ["a"]
    assert told == [("cells joined", 0, 3), ("cells joined", 1, 3)]


@pytest.fixture
def linked(monkeypatch):
    """What becomes of a cell with parts from -1 over -1/2 and 1/2 to 1, a fold said of those in the middle."""

    def run(folds=(FOLD,), ends=(-TWO / 4, TWO / 4), came_in=-1, again=False, fold="found", missing=None, **stub):
        words = [(ends[0], GROWING, ATTRACTING), *((ends[1], word, UNDECIDED) for word in folds)]
        here = link("b", (-1, 1), *words, *([(1, FALLING, UNDECIDED)] if ends[1] < 1 else []))
        before = [
            SimpleNamespace(cell=Cell(name, (low, low + 1)), section=lambda s, name=name: (name, s))
            for name, low in (("first", 5), ("second", 7))
        ]
        proof = SimpleNamespace(cell=here.cell, misses=lambda z: stub.get("misses", z == ("first", 5)))
        asked = []
        monkeypatch.setattr(chains, "hallucinated", lambda *_: stub.get("objection"))
        monkeypatch.setattr(chains, "_entry", lambda *_: came_in)
        monkeypatch.setattr(chains, "Arc", lambda proof, tube: tube)
        monkeypatch.setattr(chains, "fold_on", lambda tube: fold and (fold, tube.low))
        monkeypatch.setattr(chains, "unconfirmed", lambda proof, part: asked.append(part.turning) or missing)
        return check_link(proof, stub.get("link", here), stub.get("before", before), (False, False), again), asked

    return run


def test_a_cell_that_belongs_to_a_chain_tells_its_folds(linked) -> None:
    """One for each part that is said to have one; what is said besides is looked at again if that is wanted."""
    assert linked() == ([("found", -TWO / 4)], [])
    assert linked(again=True) == ([("found", -TWO / 4)], [GROWING, FOLD, FALLING])
    assert linked(folds=(), came_in=0)[0] == []
    assert linked(before=[], misses=None)[0] == [("found", -TWO / 4)]  # nothing to come back to


EDGE = {"ends": (-TWO / 4, 1)}


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"objection": NO_RADIUS}, NO_RADIUS.text),
        ({"came_in": STARTS_LATE}, STARTS_LATE.text),
        ({"misses": False}, RETURNS.text),
        ({"link": link("b", (-1, 1))}, UNDIVIDED.text),
        ({"link": link("b", (-1, 1), (0, GROWING, UNDECIDED))}, UNDIVIDED.text),
        ({"came_in": -TWO / 4}, "too close to the end"),
        (EDGE, "too close to the end"),
        ({"fold": None}, "a fold is not confirmed"),
        ({"again": True, "missing": GROWING}, "growing is not confirmed on a part"),
    ],
)
def test_a_cell_is_refused_for_any_of_what_it_must_be(linked, wrong, text) -> None:
    """Lambda and the target, the joint, the first point, the parts, each fold and each word of a part."""
    assert text in linked(**wrong)[0].text


def test_a_link_without_parts_starts_where_it_ends() -> None:
    """Nothing is said of it."""
    assert link("b", (-1, 1)).start == 1 and link("b", (-1, 1), (1, GROWING, UNDECIDED)).start == -1


@pytest.mark.parametrize(
    ("turning", "stability", "missing"),
    [
        (GROWING, ATTRACTING, None),
        (UNDECIDED, ATTRACTING, None),
        (GROWING, UNDECIDED, None),
        (FOLD, ATTRACTING, None),
        (FALLING, ATTRACTING, FALLING),
        (FALLING, UNDECIDED, FALLING),
        (GROWING, REPELLING, REPELLING),
        (UNDECIDED, REPELLING, REPELLING),
        (FOLD, REPELLING, REPELLING),
    ],
)
def test_words_are_confirmed_by_the_arc(monkeypatch, turning, stability, missing) -> None:
    """Each that is said, and no other, on an arc that grows and attracts."""
    monkeypatch.setattr(chains, "Arc", lambda *_: SimpleNamespace(turning=GROWING, stability=ATTRACTING))
    assert unconfirmed(None, Part(None, turning, stability)) == missing


@pytest.mark.parametrize("turning", [FOLD, UNDECIDED])
def test_where_nothing_is_said_no_arc_is_made(monkeypatch, turning) -> None:
    """Folds have a proof of their own."""
    monkeypatch.setattr(chains, "Arc", lambda *_: pytest.fail("is not made"))
    assert unconfirmed(None, Part(None, turning, UNDECIDED)) is None


@pytest.mark.parametrize(
    ("before", "start", "found"),
    [
        ([], -1, -1),
        ([], 0, "the first cell must begin at its first face"),
        ([None, None], -1, NOT_JOINED.text),
        ([None, "elsewhere"], -1, NOT_JOINED.text),
        (["elsewhere", (0, TWO / 4)], -1, TWO / 4),
        (["elsewhere", (0, TWO / 4)], 0, TWO / 4),
        (["elsewhere", (0, TWO / 4)], TWO / 8, STARTS_LATE.text),
        (["elsewhere", (0, TWO / 4)], -2, STARTS_LATE.text),
    ],
)
def test_a_curve_comes_in_behind_the_start(before, start, found) -> None:
    """At the end of the arc before, of which the cell tells between which s that is: parts begin there or before."""
    entries = {"elsewhere": None, (0, TWO / 4): (0, TWO / 4)}
    proof = SimpleNamespace(cell=Cell("b", (-1, 1)), entry=entries.__getitem__)
    here = link("b", (start, 1), (1, GROWING, UNDECIDED))
    entry = chains._entry([SimpleNamespace(end=joint) for joint in before], proof, here)
    assert getattr(entry, "text", entry) == found


@pytest.mark.parametrize(
    ("critical", "ends", "multiplier", "refused"),
    [
        ((True, False), (0, 2), (-1, 2), None),
        ((True, False), (1, 2), (1, 2), "first face"),
        ((True, False), (0, 0), (0, 0), "first face"),
        ((True, False), (0, -2), (-2, 0), "first face"),
        ((True, False), None, (1, 2), "first face"),
        ((False, True), (2, 0), (-1, 2), None),
        ((False, True), (2, 1), (1, 2), "last face"),
        ((False, True), (0, 0), (0, 0), "last face"),
        ((False, True), (-2, 0), (-2, 0), "last face"),
        ((False, True), None, (1, 2), "last face"),
        ((False, False), (1, 2), (-1, 2), None),
        ((False, False), (0, 2), (0, 2), "not be positive"),
        ((False, False), None, (1, 2), None),
        ((False, False), None, (0, 2), "not be positive"),
        ((False, False), (1, 2), (1, 2), "meet the target"),
    ],
)
def test_lambda_is_positive_but_at_a_face_that_is_critical(critical, ends, multiplier, refused) -> None:
    """By its ends where it is linear in s, otherwise on the whole cell, where x stays away from the target."""
    ar = arithmetic("mpmath", 53)
    z = [ar.interval(*map(Fraction, multiplier))]
    size = ar.constant(Fraction(int(refused != "meet the target")))
    system = SimpleNamespace(squared_radius=lambda _: size)
    proof = SimpleNamespace(arithmetic=ar, system=system, at=lambda *_: z, multiplier_ends=ends, span=None, box=None)
    found = chains.hallucinated(proof, *critical)
    assert found is None if refused is None else refused in found.text
