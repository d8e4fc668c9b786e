"""A census that was changed anywhere is rejected, or still true.

Every leaf of a census, and of two others all but the third and further entries of a list, is changed in several ways,
and the digest is recomputed, as a forger would. If the checker
accepts the result, it is compared with a census of the same problem at 424 bits in the other arithmetic, whose points
are closed forms in one case; a change of the problem is a census of another problem, and the checker has taken it.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.check.census.records import CriticalPoint, Kind, Stability, overlap
from hallucert.check.census.verify import Checker
from hallucert.check.claim import Enclosure
from hallucert.check.file import verify as checker
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.writing.census import problem_json
from hallucert.clock import Clock
from hallucert.decimals import format_dyadic
from hallucert.errors import CertificateError
from hallucert.exact import parse_dyadic
from hallucert.prove.census import critical, sphere
from hallucert.prove.census.census import take

PLANE = [(-2, 2), (-2, 2)]
NAMES = ("complete", "excluded", "partial")
WORDS = (
    ("minimizer", "saddle", "maximizer", "degenerate"),
    ("attractor", "repeller", "undecided"),
    ("critical_point", "singular", "budget"),
    ("float", "arb", "mpmath"),
)


@pytest.fixture(scope="module")
def censuses():
    well = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    wells = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    return {
        "complete": hc.census(well, PLANE, "1.5"),
        "excluded": hc.census(wells, [(-1.5, 0.5), (-1.5, 0.5)], "2"),
        "partial": hc.census(hc.gallery.load("himmelblau"), [(-1, 4), (0, 4)], "3.5", max_boxes=280),
    }


@pytest.fixture(scope="module")
def truths(censuses):
    """The same problems at 424 bits in mpmath: the oracle for what is still true."""
    return {name: _sharp(found.problem) for name, found in censuses.items()}


@pytest.fixture(autouse=True)
def _remembered(monkeypatch):
    """What the checker shows depends on the problem and on what is handed to it alone; it does that once for each."""
    known = {}

    def remember(name):
        original = getattr(Checker, name)

        def remembered(self, *arguments):
            if not hasattr(self, "key"):
                problem = json.dumps(problem_json(self.problem))
                self.key = (problem, self.ar.name, self.ar.precision, self.max_boxes)
            key = (name, *self.key, arguments)
            if key not in known:
                known[key] = original(self, *arguments)
            return known[key]

        monkeypatch.setattr(Checker, name, remembered)

    for name in ("critical_point", "holds_all_targets", "hallucinated_point", "holds_all_points"):
        remember(name)


def _sharp(problem):
    """The census in another arithmetic, its enclosures as they are: without the room that is published."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (critical, sphere):
            patch.setattr(module, "published", lambda enclosure, precision: enclosure)
        return take(replace(problem, backend="mpmath", precision=424), 100_000)


def _leaves(data, path=()):
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _leaves(value, (*path, key))
    else:
        yield path, data


def _variants(value):
    """Plausible forgeries of one leaf."""
    if value is None:
        return ["", 0, ["1", "1p1"], [["-1p1", "1p1"], ["-1p1", "1p1"]]]
    if isinstance(value, int):
        return [value + 1, value - 1, -value - 1, 10**30, str(value), True]
    words = [word for group in WORDS if value in group for word in group]
    try:
        number = parse_dyadic(value)
    except (ValueError, TypeError):
        return [*words, value + "x", "", None]
    shifts = [number + Fraction(1, 2**60), number - Fraction(1, 2**20), 2 * number, -number, number + 1]
    return [format_dyadic(v) for v in shifts] + ["NaN", value + "0", "1p20000", None]


def _set(data, path, value):
    changed = copy.deepcopy(data)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if path[0] == "problem":
        changed["digest"] = problem_digest(changed["problem"])
    return changed


def _verified(data):
    """Whether a forgery is accepted, and what it says."""
    try:
        changed = from_json(data)
        return bool(hc.verify(changed, "arb", max_boxes=50)), changed
    except CertificateError as error:
        assert error.field
        return False, None


def _held(box, boxes):
    """The numbers of the boxes that meet a box, if each of them lies in it."""
    near = [i for i, other in enumerate(boxes) if overlap(box, other)]
    inside = all(a.lower <= b.lower and b.upper <= a.upper for i in near for a, b in zip(box, boxes[i], strict=True))
    return near if inside else []


def _still_true(changed, original, truth):
    """Compare what an accepted forgery says with the sharp census of the same problem."""
    if problem_json(changed.problem) != problem_json(original.problem):
        return True  # another problem, and the checker has taken its census
    wells = [_held(c.box, [t.box for t in truth.critical_points]) for c in changed.critical_points]
    for own, held in zip(changed.critical_points, wells, strict=True):
        if own.kind != "degenerate" and [truth.critical_points[i].kind for i in held] != [own.kind]:
            return False
    vague = [c.box for c in changed.critical_points if c.kind == "degenerate"] + [p.target for p in changed.pending]
    for i, point in enumerate(truth.critical_points):
        if [i] not in wells and not any(overlap(point.box, box) for box in vague):
            return False
    points = [_held(p.box, [t.box for t in truth.points]) for p in changed.points]
    for own, held in zip(changed.points, points, strict=True):
        if len(held) != 1 or not _says_the_truth(own, truth.points[held[0]], changed, truth):
            return False
    for i, point in enumerate(truth.points):
        target = truth.critical_points[point.target].box
        if [i] not in points and not any(
            overlap(p.target, target) and (p.box is None or overlap(p.box, point.box)) for p in changed.pending
        ):
            return False
    # Open places are meant up to their own width and the tolerance.
    room = Fraction(changed.problem.tolerance) * 2
    tiny = all(side.upper - side.lower <= room for place in changed.excluded for side in place.box)
    return tiny and all(any(overlap(_wider(e.box, room), t.box) for t in truth.excluded) for e in changed.excluded)


def _wider(box, room):
    return tuple(Enclosure(side.lower - room, side.upper + room) for side in box)


def _says_the_truth(own, sharp, changed, truth):
    target = changed.critical_points[own.target]
    return (
        len(_held(target.box, [truth.critical_points[sharp.target].box])) == 1
        and own.kind == sharp.kind
        and own.stability in (sharp.stability, "undecided")
        and own.gradient_norm.contains(sharp.gradient_norm)
        and (own.smallest_real_part is None or own.smallest_real_part.contains(sharp.smallest_real_part))
    )


def test_the_oracle_is_the_closed_form(truths):
    """Of the double well at rho = 3/2: (-+1/2, 0) with targets (+-1, 0), |g| = 3/8, spectrum {2, 7/50}."""
    # H(c) = diag(2, 1/10); J = diag(1, 1 + rho/10/|g|) = diag(1, 7/5).
    truth = truths["complete"]
    assert [c.kind for c in truth.critical_points] == ["minimizer", "saddle", "minimizer"]
    assert len(truth.points) == 2 and not truth.pending and not truth.excluded
    for point in truth.points:
        c = truth.critical_points[point.target].box[0]
        sign = 1 if c.lower > 0 else -1
        assert c.lower <= sign <= c.upper
        assert point.box[0].lower <= Fraction(-sign, 2) <= point.box[0].upper
        assert point.gradient_norm.lower <= Fraction(3, 8) <= point.gradient_norm.upper
        assert point.smallest_real_part.lower <= Fraction(7, 50) <= point.smallest_real_part.upper


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.thorough] * (n != "partial")) for n in NAMES])
def test_every_changed_leaf_is_rejected_or_still_true(censuses, truths, name):
    """No forged number, word or type makes the checker assert something false."""
    original = censuses[name]
    data = to_json(original)
    assert _verified(data)[0]
    assert bool(original.excluded) == (name == "excluded") and bool(original.pending) == (name == "partial")
    tried = accepted = 0
    for path, value in list(_leaves(data)):
        if name != "complete" and (path[0] == "problem" or (len(path) > 1 and path[1] in range(2, 100))):
            continue  # there is one problem; and of entries of one kind the first two
        for forged in _variants(value):
            if forged == value and type(forged) is type(value):
                continue
            tried += 1
            passed, changed = _verified(_set(data, path, forged))
            if passed:
                accepted += 1
                assert _still_true(changed, original, truths[name]), (path, value, forged)
    assert tried > 300 and accepted < tried / 2


@pytest.mark.parametrize("name", NAMES)
def test_every_deleted_or_repeated_entry_is_rejected_or_still_true(censuses, truths, name):
    """A point, a critical point or a place that is left out is missed; one that is there twice is refused or the same.

    Every point of a complete census, and every place that is excluded, is needed.
    """
    data = to_json(censuses[name])
    for key in ("critical_points", "points", "excluded", "pending"):
        for i in range(len(data[key])):
            fewer, more = copy.deepcopy(data), copy.deepcopy(data)
            del fewer[key][i]
            more[key].append(more[key][i])
            for forged in (fewer, more):
                passed, changed = _verified(forged)
                assert not passed or _still_true(changed, censuses[name], truths[name]), (key, i)
                if key == "points":
                    assert not passed or (name == "partial" and forged is fewer)
                if key == "excluded" and forged is fewer:
                    assert not passed


def test_every_number_moved_off_its_value_is_rejected(censuses):
    """Moving a published interval of a point beside the number it encloses fails."""
    for name in NAMES:
        data = to_json(censuses[name])
        for i, point in enumerate(data["points"]):
            places = [("box", 0), ("box", 1), ("gradient_norm",), ("smallest_real_part",)]
            for place in places:
                low, high = point[place[0]][place[1]] if len(place) > 1 else point[place[0]]
                width = parse_dyadic(high) - parse_dyadic(low) + Fraction(1, 2**40)
                moved = [format_dyadic(parse_dyadic(end) + 2 * width) for end in (low, high)]
                assert not _verified(_set(data, ("points", i, *place), moved))[0], (name, i, place)


def test_a_missing_point_beside_a_pending_place_is_missed(censuses):
    """A place is made wider for what the checker leaves open, never to hide a point that it proves."""
    data = to_json(censuses["complete"])
    width = Fraction(1, 2**10)
    edge = parse_dyadic(data["points"][0]["box"][0][1]) + Fraction(1, 2**30)
    beside = [[format_dyadic(edge), format_dyadic(edge + width)], ["-1p-10", "1p-10"]]
    around = [["-1p1", "1p1"], ["-1p-10", "1p-10"]]
    target = data["critical_points"][data["points"][0]["target"]]["box"]
    del data["points"][0]
    data["pending"] = [{"box": beside, "target": target, "reason": "budget"}]
    assert not _verified(data)[0]
    data["pending"][0]["box"] = around
    assert _verified(data)[0]


HUGE = [["-1p9", "1p9"], ["-1p9", "1p9"]]


def test_critical_points_are_not_hidden_in_a_degenerate_one(censuses):
    """A box that may contain any number of critical points must be one of the checker's, and no target of points."""
    data = to_json(censuses["complete"])
    degenerate = {"box": HUGE, "kind": "degenerate", "unique": None}
    hidden = {"target": 0, "kind": "degenerate", "stability": "undecided", "smallest_real_part": None}
    points = [point | hidden for point in data["points"]]
    with pytest.raises(CertificateError, match="degenerate"):
        from_json(data | {"critical_points": [degenerate], "points": points})
    census = censuses["complete"]
    vague = CriticalPoint(tuple(Enclosure(Fraction(-512), Fraction(512)) for _ in range(2)), Kind.DEGENERATE)
    below = [
        replace(p, target=0, kind=Kind.DEGENERATE, stability=Stability.UNDECIDED, smallest_real_part=None)
        for p in census.points
    ]
    verdict = hc.verify(replace(census, critical_points=(vague,), points=tuple(below)))
    failed = {result.name for result in verdict.results if not result.passed}
    assert not verdict and {"critical_points", "points[0]", "points[1]"} <= failed


@pytest.mark.parametrize("box", [HUGE, [["1", "1p1"], ["1", "1p1"]]])
def test_a_degenerate_critical_point_that_is_none_is_refused(censuses, box):
    """A degenerate critical point more, of any size, is one that the checker does not find."""
    data = to_json(censuses["complete"])
    data["critical_points"].append({"box": box, "kind": "degenerate", "unique": None})
    assert "does not find" in str(hc.verify(from_json(data)))


def test_a_degenerate_critical_point_is_checked_both_ways():
    """That of x^4 + y^4 - x^6 is found again; it may neither be left out nor be made much wider."""
    data = to_json(hc.census(hc.Objective.parse("x**4 + y**4 - x**6"), [(-0.2, 0.2), (-0.2, 0.2)], "0.1"))
    assert [c["kind"] for c in data["critical_points"]] == ["degenerate"] and hc.verify(from_json(data))
    for forged in ([], [{"box": HUGE, "kind": "degenerate", "unique": None}]):
        results = {r.name: r.passed for r in hc.verify(from_json(data | {"critical_points": forged})).results}
        assert not results["critical_points"]


MOST_BOXES = 50
"""So that a checker that never looks at its clock fails, and does not hang."""


class Ticking:
    """Time that goes on by one second with every look; more looks than allowed fail at once."""

    def __init__(self, most):
        self.looks, self.most = 0, most

    def __call__(self):
        self.looks += 1
        assert self.looks <= self.most
        return self.looks


@pytest.mark.parametrize("budget", [1, 5, 40])
def test_a_hostile_problem_ends_within_its_budget(censuses, budget):
    """A problem that cannot be searched costs its budget of looks and few more, and is not re-proved."""
    data = to_json(censuses["complete"])
    waves = hc.Objective.parse("sin(1000*x)*sin(999*y) + exp(30*x*y) + sin(x**9)*cos(y**8)")
    data["problem"]["objective"] = waves.to_json()
    data["digest"] = problem_digest(data["problem"])
    ticks = Ticking(budget + 5)
    verdict = checker.verify(from_json(data), "mpmath", MOST_BOXES, Clock(budget, now=ticks))
    assert not verdict and budget <= ticks.looks
    assert all("time budget" in result.message for result in verdict.results if not result.passed)
