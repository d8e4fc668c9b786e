"""The checker of a census step by step: what each step asks, and what becomes of its answers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest
from census_samples import ANYWHERE, AR, FIRST, SECOND, SOMEWHERE, TINY, VAGUE, around, box, small

from hallucert.check.census import verify
from hallucert.check.census.records import (
    CriticalPoint,
    HallucinatedPoint,
    Kind,
    Open,
    Stability,
    Unsettled,
)
from hallucert.check.census.verify import Checker, check
from hallucert.check.claim import Status
from hallucert.clock import UNLIMITED
from hallucert.errors import DomainError


def census(status=Status.PROVED, points=2, pending=0) -> SimpleNamespace:
    """A census with so many points and open places, and a claim."""
    claim = SimpleNamespace(name="no_hallucination", status=status)
    parts = {"points": tuple(range(points)), "pending": (None,) * pending}
    return SimpleNamespace(**parts, complete=not pending, claim=claim)


@pytest.fixture
def results(monkeypatch):
    """What becomes of the claims where the steps of the checker find what is given."""

    def run(about=None, critical=(), points=((), ()), places=(), missing=(), fails=False):
        about = about or census(points=len(points))

        def made(certificate, ar, boxes, clock):
            if fails:
                raise DomainError("it overflows")
            return SimpleNamespace(
                census=about,
                about_critical_points=lambda: iter(critical),
                about_point=lambda number: _told(points[number]),
                about_places=lambda: iter(places),
                missing=lambda: iter(missing),
            )

        monkeypatch.setattr(verify, "Checker", made)
        return {result.name: result for result in check(about, None, 1, UNLIMITED)}

    return run


def _told(problems):
    """Yield problems; the last one may be an error."""
    for problem in problems:
        if isinstance(problem, Exception):
            raise problem
        yield problem


NAMES = ["no_hallucination", "completeness", "critical_points", "points[0]", "points[1]"]


def test_a_census_in_which_nothing_is_wrong_passes(results) -> None:
    """Each claim by itself; with open places completeness is one of the rest."""
    assert [(name, r.passed, r.message) for name, r in results().items()] == [(name, True, "") for name in NAMES]
    open_ = results(census(Status.UNDECIDED, 0, 3), points=())
    assert list(open_) == ["no_hallucination", "completeness", "completeness_elsewhere", "critical_points"]
    assert all(result.passed for result in open_.values())
    assert (
        open_["completeness"].status is Status.UNDECIDED and open_["completeness"].message == "3 places are left open"
    )


@pytest.mark.parametrize(
    ("given", "failed", "message"),
    [
        ({"critical": ["a", "b"]}, ["completeness", "critical_points"], ("critical_points", "a; b")),
        ({"points": (("a", "b"), ())}, ["completeness", "points[0]"], ("points[0]", "a; b")),
        ({"points": ((), ["c"])}, ["completeness", "points[1]"], ("completeness", "not all of what it has is proved")),
        ({"places": ["a"]}, ["completeness"], ("completeness", "a")),
        ({"missing": "abc"}, ["completeness"], ("completeness", "a; b; c")),
        ({"places": ["a"], "missing": "bcde"}, ["completeness"], ("completeness", "a; b; c; and 2 more")),
        (
            {"points": ((), ("a", DomainError("it overflows")))},
            ["completeness", "points[1]"],
            ("points[1]", "a; its data cannot be worked with: it overflows"),
        ),
        ({"fails": True}, NAMES[1:], ("points[1]", "its data cannot be worked with: it overflows")),
    ],
)
def test_what_is_wrong_with_one_part_is_said_of_it_and_of_what_needs_it(results, given, failed, message) -> None:
    """Completeness needs all; absence needs it and the critical points, one point refutes it, and open it stays."""
    points = given.get("points", ((), ()))
    for status in Status:
        found = results(census(status), **given | {"points": points})
        wrong = [name for name in NAMES if not found[name].passed]
        nothing = status is Status.PROVED or (status is Status.REFUTED and "fails" in given)
        assert wrong == ["no_hallucination"] * nothing + failed
        assert found[message[0]].message == message[1]
        assert found["no_hallucination"].message == "the rest of the census does not show it" * nothing


def test_absence_fails_with_any_of_what_it_needs(results) -> None:
    """With no point at all it is about completeness, and about the critical points."""
    for given in ({"missing": "a"}, {"critical": "a"}):
        found = results(census(Status.PROVED, 0), points=(), **given)
        assert not found["no_hallucination"].passed
    assert not results(census(Status.REFUTED), points=("a", "b"))["no_hallucination"].passed
    assert results(census(Status.REFUTED), points=("a", ()))["no_hallucination"].passed


def critical(points, pending=(ANYWHERE, SOMEWHERE), refused=None, holds=True):
    """What is told of critical points, what was asked, and what is known then."""
    own, told = Checker.__new__(Checker), []
    own.census = SimpleNamespace(critical_points=points, pending=pending)
    own.clock = SimpleNamespace(tell=lambda *what: told.append(what))
    own.centres, own.alone = {}, []
    own.critical_point = lambda point: "it is none" if point == refused else (f"at {point.kind}", point.unique)
    own.vague_point = lambda point: "it is none" if point == refused else ("vague", point.box)
    own.holds_all_targets = lambda boxes: told.append(boxes) or holds
    return list(own.about_critical_points()), told, own


def test_critical_points_are_proved_and_hold_all_targets() -> None:
    """Isolated ones by the boxes in which they are alone, degenerate ones and places anywhere by theirs."""
    problems, told, own = critical((FIRST, SECOND, VAGUE))
    assert problems == [] and own.alone == [FIRST.unique, SECOND.unique]
    assert own.centres == {FIRST: "at minimizer", SECOND: "at saddle", VAGUE: "vague"}
    assert told[:3] == [("critical points", number, 3) for number in range(3)]
    assert told[3:] == [(FIRST.unique, SECOND.unique, VAGUE.box, ANYWHERE.target)]


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"holds": False}, ["there may be critical points that the file does not have"]),
        ({"refused": FIRST}, ["it is none"]),
        ({"refused": VAGUE}, ["it is none"]),
        ({"points": (FIRST, FIRST)}, ["a critical point is there twice"]),
        (
            {"points": (FIRST, CriticalPoint(box((1, 2)), Kind.SADDLE, FIRST.unique))},
            ["a critical point is there twice"],
        ),
        ({"points": (VAGUE, VAGUE)}, ["a critical point is there twice"]),
        ({"points": (VAGUE, CriticalPoint(box((1, 2)), Kind.DEGENERATE))}, []),
    ],
)
def test_what_is_wrong_with_critical_points_is_told(given, problems) -> None:
    """After one that is none the others are looked at; whether these are all is then not asked."""
    found, told, own = critical(**{"points": (FIRST, VAGUE, SECOND)} | given)
    assert found == problems
    if "refused" in given:
        assert SECOND in own.centres and not any(isinstance(what[0], tuple) for what in told)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (((-0.5, 0.5), (-0.5, 0.5)), True),
        (((0.25, 0.5), (-0.5, 0.5)), False),  # f_x is not 0
        (((-0.5, 0.5), (0.25, 0.5)), False),  # f_y is not 0
        (((-0.5, 8), (-0.5, 0.5)), False),  # beyond 2 + 3/2 + 4
        (((-0.5, 7.5), (-0.5, 0.5)), True),
    ],
)
def test_a_degenerate_critical_point_is_where_it_may_be(where, found) -> None:
    """No component of the gradient is certainly not 0, and it is not far beyond what the box can be mapped to."""
    with AR:
        own = small()
        point = CriticalPoint(box(*where), Kind.DEGENERATE)
        assert (own.vague_point(point)[1] == point.box) if found else isinstance(own.vague_point(point), str)


@pytest.mark.parametrize(
    ("formula", "x", "kind", "room", "said"),
    [
        ("(x**2 - 1)**2/4 + y**2/20", (1, 0), Kind.MINIMIZER, TINY, None),
        ("(x**2 - 1)**2/4 + y**2/20", (0, 0), Kind.SADDLE, TINY, None),
        ("(x**2 - 1)**2/4 + y**2/20", (0, 0), Kind.MAXIMIZER, TINY, "are of other kinds"),
        ("(x**2 - 1)**2/4 + y**2/20", (1, 0), Kind.MINIMIZER, Fraction(1, 2**8), "are others"),
        ("(x**2 - 1)**2/4 + y**2/20", (Fraction(1, 2), 0), Kind.MINIMIZER, TINY, "are others"),
        ("log(x) + x - y**2", (-1, 0), Kind.MAXIMIZER, TINY, "not certainly defined"),
    ],
)
def test_a_critical_point_is_proved_by_its_boxes(formula, x, kind, room, said) -> None:
    """In a box that hardly is larger than what is known, of its kind, and where the function is defined."""
    with AR:
        point = CriticalPoint(around(*x, room=room), kind, around(*x, room=Fraction(1, 64)))
        found = small(formula).critical_point(point)
        assert found[1] == point.unique if said is None else said in found


POINT = HallucinatedPoint(
    around(Fraction(-1, 2), 0),
    0,
    Kind.MINIMIZER,
    Stability.ATTRACTOR,
    around(Fraction(3, 8))[0],
    around(Fraction(7, 50))[0],
    1,
    box((Fraction(-1, 4), Fraction(1, 4))),
)
"""(-1/2, 0), with the target (1, 0), of (x^2 - 1)^2/4 + y^2/20: |g| = 3/8, and the spectrum is {2, 7/50}."""


def test_a_point_needs_a_target_of_its_kind_that_is_proved() -> None:
    """Then its box in a chart is known, whatever else is wrong with it."""
    own = Checker.__new__(Checker)
    own.hallucinated_point = lambda point, target: (["wrong"], point.unique)
    other = "its target is another, or not proved"
    for target, kind, centres, told in (
        (FIRST, Kind.MINIMIZER, {FIRST: None}, ["wrong"]),
        (FIRST, Kind.SADDLE, {FIRST: None}, [other]),
        (FIRST, Kind.MINIMIZER, {}, [other]),
        (VAGUE, Kind.DEGENERATE, {VAGUE: None}, [other]),
    ):
        own.census, own.centres, own.known = SimpleNamespace(critical_points=(SECOND, target)), centres, {}
        assert list(own.about_point(replace(POINT, target=1, kind=kind))) == told
        assert own.known == ({} if told == [other] else {target: [(1, POINT.unique)]})


def test_a_point_is_one_where_the_function_is_defined(monkeypatch) -> None:
    """There and at its target."""
    with AR:
        own = small()
        own.centres[FIRST] = [AR.constant(Fraction(v)) for v in (1, 0)]
        assert own.hallucinated_point(POINT, FIRST) == ([], POINT.unique)
        (problem,), unique = own.hallucinated_point(replace(POINT, chart=0), FIRST)
        assert "holds one point" in problem and unique == POINT.unique
        for sign in (AR.positive, AR.negative):
            monkeypatch.setattr(verify, "is_defined", lambda ar, f, x, sign=sign: sign(x[0]))
            assert own.hallucinated_point(POINT, FIRST)[0] == ["f is not certainly defined there"]


def test_numbers_that_are_not_known_are_not_shown(monkeypatch) -> None:
    """Neither a norm that is not bounded nor a spectrum that is not enclosed."""
    with AR:
        own = small()
        centre, x = ([AR.constant(Fraction(v)) for v in point] for point in ((1, 0), (Fraction(-1, 2), 0)))
        assert all(own._numbers_shown(POINT, SimpleNamespace(x=x), centre).values())
        assert len(own._numbers_shown(replace(POINT, smallest_real_part=None), SimpleNamespace(x=x), centre)) == 1
        monkeypatch.setattr(verify, "smallest_real_part", lambda *_: None)
        assert [*own._numbers_shown(POINT, SimpleNamespace(x=x), centre).values()] == [True, False]
        unknown = SimpleNamespace(q=AR.indeterminate(), perturbation=[[AR.constant(Fraction(1))] * 2] * 2)
        monkeypatch.setattr(verify, "Point", lambda *_: unknown)
        assert [*own._numbers_shown(POINT, SimpleNamespace(x=x), centre).values()] == [False, False]


def test_places_are_neighbourhoods_and_no_point_is_there_twice(monkeypatch) -> None:
    """Of one target; points of different targets may meet."""
    own = Checker.__new__(Checker)
    own.problem = None
    monkeypatch.setattr(verify, "is_excluded", lambda problem, points, target, place: place == box((0, 1)))
    fine, other = (
        Unsettled(box((0, 1)), FIRST.box, Open.CRITICAL_POINT),
        Unsettled(None, FIRST.box, Open.CRITICAL_POINT),
    )
    meeting = [SimpleNamespace(box=box((0, 1)), target=target) for target in (0, 1)]
    for excluded, points, said in (
        ((fine,), meeting, []),
        ((fine, other), (), ["no neighbourhood of"]),
        ((replace(fine, box=box((0, 2))), fine), (), ["no neighbourhood of"]),
        ((), [*meeting, meeting[1]], ["a point is there twice"]),
    ):
        own.census = SimpleNamespace(critical_points=(FIRST, SECOND), excluded=excluded, points=points)
        found = list(own.about_places())
        assert len(found) == len(said) and all(text in problem for text, problem in zip(said, found, strict=True))


def test_around_each_critical_point_all_points_are_known_or_in_places() -> None:
    """In those boxes that are known of it, and in the places whose targets hold it."""
    own, asked = Checker.__new__(Checker), []
    places = [Unsettled(box((0, 1)), box(side), Open.BUDGET) for side in ((0, 1), (2, 5), (Fraction(1, 2), 1))]
    own.census = SimpleNamespace(critical_points=(FIRST, SECOND), excluded=places[:1], pending=places[1:])
    own.clock = SimpleNamespace(tell=lambda *what: asked.append(what))
    own.known = {FIRST: [(1, "alone")]}
    own.holds_all_points = lambda *what: asked.append(what) or what[0] is FIRST
    assert list(own.missing()) == ["a point is missing, or cannot be excluded, around the critical point [3, 4]"]
    assert asked == [
        ("spheres", 0, 2),
        (FIRST, ((1, "alone"),), (places[0],)),
        ("spheres", 1, 2),
        (SECOND, (), (places[1],)),
    ]
