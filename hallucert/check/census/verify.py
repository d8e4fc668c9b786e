"""Verifying a census: it is taken again, and compared.

Nothing in the file is believed: the whole census is taken again in the arithmetic of the checker, in this process,
without any float search. Then

1. what its own census leaves open must lie in a place that the file declares open, made wider by its own width and by
   the tolerance of the census; and the file must not exclude more than that,
2. each box of the file must hold exactly one of its own points, with the same target, kind and spectrum, and be hardly
   larger than its own, so that the middle is near the point; and a point of its own that is left must lie in a place
   that the file declares pending (its box, far smaller, must meet the place),
3. the same of the critical points. Degenerate ones are compared like open places, since they may be grouped otherwise:
   each of the one side must lie in one of the other, made wider by its own width and by the tolerance.

So existence, kind, stability *and completeness* are proved again. Shared by both are this library's statement of the
equations (`hallucert.check.census.search.equations`), the search (`branch_and_prune`) and derivatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from hallucert.balls.facade import BallArithmetic
from hallucert.check.census.census import Census, take_here
from hallucert.check.census.records import Box, HallucinatedPoint, Kind, Unsettled, stability_of
from hallucert.check.census.sphere import overlap
from hallucert.check.claim import PROVOKED, Status
from hallucert.check.file.verify import Result, provoked
from hallucert.clock import Clock

SEARCHES = 20
"""A census has so many times the boxes of a claim: twice what its prover may look at by default."""
NEARBY = Fraction(1, 2**22)
"""How far, as a part of the region, the box of a point in a file may stick out of the checker's. The middles are what a
reader takes for the points; honest boxes are smaller by many powers of ten."""

SHOWN = 3
"""Problems told one by one."""


def check(certificate: Census, ar: BallArithmetic, max_boxes: int, clock: Clock) -> list[Result]:
    """Return what became of completeness, of the critical points, and of each point."""
    problem = replace(certificate.problem, backend=ar.name, precision=ar.precision, checking=True)
    try:
        own = take_here(problem, SEARCHES * max_boxes, clock)
    except PROVOKED as error:
        failed = provoked(error)
        return _results(certificate, [failed], [failed], [failed] * len(certificate.points))
    size = max(float(high) - float(low) for low, high in certificate.problem.region)
    room = Fraction(certificate.problem.tolerance) * Fraction(size)
    nearby = min(room, NEARBY * Fraction(size))
    partners = _partners([point.box for point in certificate.points], [point.box for point in own.points], nearby)
    about_points = [
        "it is not shown that its box holds one point of the census, and no other does"
        if j is None
        else "; ".join(_about_point(certificate, own, point, own.points[j]))
        for point, j in zip(certificate.points, partners, strict=True)
    ]
    missing = _about_places(certificate, own, room) + _missing(certificate, own, partners)
    return _results(certificate, missing, _about_critical_points(certificate, own, room, nearby), about_points)


def _results(census: Census, missing: list[str], critical: list[str], points: list[str]) -> list[Result]:
    """Put together what is wrong with the claims of a census."""
    all_found = Result("completeness", Status.PROVED, not missing, _told(missing))
    if census.complete:
        results = [all_found]
    else:
        nothing = Result("completeness", Status.UNDECIDED, True, f"{len(census.pending)} places are left open")
        results = [nothing, replace(all_found, name="completeness_elsewhere")]
    results.append(Result("critical_points", Status.PROVED, not critical, _told(critical)))
    results += [Result(f"points[{i}]", Status.PROVED, not text, text) for i, text in enumerate(points)]
    status = census.claim.status
    fails = {
        Status.PROVED: bool(missing or critical),
        Status.REFUTED: all(points),
        Status.UNDECIDED: False,
    }
    message = "the rest of the census does not show it" if fails[status] else ""
    return [Result(census.claim.name, status, not fails[status], message), *results]


def _told(problems: Sequence[str]) -> str:
    more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return "; ".join(problems[:SHOWN]) + more


def _about_places(census: Census, own: Census, room: Fraction) -> list[str]:
    """Say what is open for the checker and not in the file, and what the file leaves out without need."""
    declared = [*census.excluded, *census.pending]
    problems = [
        f"open, but not in the file: {place}"
        for places, allowed in ((own.excluded, declared), (own.pending, census.pending))
        for place in places
        if not any(_declares(other, place, room) for other in allowed)
    ]
    for place in census.excluded:
        if not any(_declares(other, place, room) for other in own.excluded):
            problems.append(f"excluded in the file, but not left open: {place}")
    return problems


def _missing(census: Census, own: Census, partners: Iterable[int | None]) -> list[str]:
    """Name the points of the checker that the file neither holds nor declares pending."""
    problems = []
    for j in sorted(set(range(len(own.points))) - set(partners)):
        box, target = own.points[j].box, own.critical_points[own.points[j].target].box
        if not any(
            overlap(place.target, target) and (place.box is None or overlap(place.box, box)) for place in census.pending
        ):
            problems.append(f"a point is missing: {' x '.join(map(str, box))}")
    return problems


def _about_critical_points(census: Census, own: Census, room: Fraction, nearby: Fraction) -> list[str]:
    """Say what is not confirmed of the critical points. Missing ones must lie where targets are declared pending."""
    vague, own_vague = ([p.box for p in c.critical_points if p.kind is Kind.DEGENERATE] for c in (census, own))
    groups = vague + [place.target for place in census.pending]
    published = [point for point in census.critical_points if point.kind is not Kind.DEGENERATE]
    proved = [point for point in own.critical_points if point.kind is not Kind.DEGENERATE]
    partners = _partners([point.box for point in published], [point.box for point in proved], nearby)
    problems = []
    if None in partners:
        problems.append(f"the critical points are others: {len(published)} in the file, {len(proved)} proved")
    if any(j is not None and published[i].kind is not proved[j].kind for i, j in enumerate(partners)):
        problems.append("the critical points are of other kinds")
    missing = [point for j, point in enumerate(proved) if j not in partners]
    if any(not any(overlap(point.box, box) for box in groups) for point in missing) or any(
        not any(_within(box, group, room) for group in groups) for box in own_vague
    ):
        problems.append("there may be critical points that the file does not have")
    if any(not any(_within(box, other, room) for other in own_vague) for box in vague):
        problems.append("there are degenerate critical points in the file that the checker does not find")
    return problems


def _about_point(census: Census, own: Census, point: HallucinatedPoint, proved: HallucinatedPoint) -> list[str]:
    """Say what is not confirmed of a point."""
    problems, target, own_target = [], census.critical_points[point.target], own.critical_points[proved.target]
    if not point.kind is target.kind is own_target.kind or not _within(own_target.box, target.box):
        problems.append("its target is another")
    if point.stability is not stability_of(point.smallest_real_part):
        problems.append(f"its numbers do not show that it is {point.stability}")
    for name in ("gradient_norm", "smallest_real_part"):
        outer, inner = getattr(point, name), getattr(proved, name)
        if outer is not None and (inner is None or not outer.contains(inner)):
            problems.append(f"{name} is not in the published interval")
    return problems


def _within(inner: Box, outer: Box, room: Fraction | None = None) -> bool:
    """Tell whether a box lies in another, which `room` makes wider by its own width and by that much."""
    for a, b in zip(inner, outer, strict=True):
        more = Fraction(0) if room is None else b.upper - b.lower + room
        if not (b.lower - more <= a.lower and a.upper <= b.upper + more):
            return False
    return True


def _declares(declared: Unsettled, place: Unsettled, room: Fraction) -> bool:
    """Tell whether an open place of the checker is one that the file declares."""
    if not _within(place.target, declared.target, room):
        return False
    return declared.box is None or (place.box is not None and _within(place.box, declared.box, room))


def _partners(published: Sequence[Box], proved: Sequence[Box], nearby: Fraction) -> list[int | None]:
    """Return, for each published box, the number of the proved one that it holds.

    None if it holds none, meets another one as well, holds one that an earlier box holds, or sticks out of it by more
    than `nearby` and its width.
    """
    partners: list[int | None] = []
    taken: set[int] = set()
    for box in published:
        near = [j for j, other in enumerate(proved) if overlap(box, other)]
        found = None
        if len(near) == 1 and near[0] not in taken:
            other = proved[near[0]]
            found = near[0] if _within(other, box) and _within(box, other, nearby) else None
        partners.append(found)
        if found is not None:
            taken.add(found)
    return partners
