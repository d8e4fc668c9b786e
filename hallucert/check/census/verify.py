"""Verifying a census: its points are proved one by one, and everything else is shown to be empty.

Nothing of the search that made the file is used. Let D be the box of the census.

1. Of each critical point that is not degenerate: exactly one zero of g lies in its box `unique` (Krawczyk), and it lies
   in its `box`; f is defined there, and the inertia of the Hessian names it. Boxes of two points are disjoint.
2. Of each hallucinated point: exactly one zero of the equations of its chart (`charts`) lies in `unique`, it lies in
   `box`, in D, and g points inward; the numbers lie in the published intervals.
3. D made wider by ``rho`` is split until each piece is too far from D or too near to all of it, or g is nowhere 0 on
   it, or f nowhere defined, or it lies in the `unique` box of 1, in a degenerate critical point, or in the target of a
   place that may be anywhere. So the target of a point of D is one of the critical points of the file, or declared.
4. Around each critical point, degenerate ones as a whole, every chart is split until each piece is outside of D, or the
   equations are nowhere 0 on it, or g nowhere points inward, or f is nowhere defined, or it lies where a point of 2 is
   the only solution, or in a place of the file. So a hallucinated point of D is one of the file, or lies in a place.
5. Each excluded place is a small neighbourhood of a critical point of 1 that may lie on the sphere around its target.

A piece that is small and in none of these classes is replaced by what Krawczyk's operator leaves of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TypeVar

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.krawczyk import KrawczykOperator, KrawczykResult, approximate_preconditioner
from hallucert.check.census.census import Census, taken_out_of
from hallucert.check.census.charts import ChartPoint, Face, Gradient, Local, charts, is_undefined
from hallucert.check.census.records import (
    Box,
    CriticalPoint,
    HallucinatedPoint,
    Kind,
    Unsettled,
    is_excluded,
    kind_of,
    may_be_apart,
    overlap,
    signs,
    smallest_real_part,
    stability_of,
    widened,
    within,
)
from hallucert.check.claim import PROVOKED, Enclosure, Status
from hallucert.check.file.verify import Result, provoked
from hallucert.check.problem import Point
from hallucert.check.problem import Problem as SamProblem
from hallucert.check.subdivision import Box as Piece
from hallucert.check.subdivision import balls_of, halves, is_defined
from hallucert.check.units import box_units
from hallucert.clock import Clock, look

SEARCHES = 20
"""Each box that is split has so many times the pieces of a claim."""
SMALL = Fraction(1, 2**7)
"""Of a chart, or of the region: Krawczyk's operator is applied to pieces that are not larger."""
SMALLEST = Fraction(1, 2**70)  # smaller pieces are not split: what they hold is missing in the file
CONTRACTIONS, SHRINKINGS = 8, 8
"""A box in which a zero should be the only one is so often halved, if this is not shown: arithmetics differ."""
NEARBY = Fraction(1, 2**22)
"""How far, as a part of the region, the box of a point in a file may stick out of the checker's. The middles are what a
reader takes for the points; honest boxes are smaller by many powers of ten."""
SHOWN = 3  # problems told one by one

System = Callable[[list[Ball]], Local]
L = TypeVar("L", bound=Local)
Found = tuple[list[Ball], Box]
"""A zero, and a box in which it is the only one."""


def check(certificate: Census, ar: BallArithmetic, max_boxes: int, clock: Clock) -> list[Result]:
    """Return what became of completeness, of the critical points, and of each point."""
    try:
        checker = Checker(certificate, ar, SEARCHES * max_boxes, clock)
    except PROVOKED as error:
        failed = provoked(error)
        return _results(certificate, [failed], [failed], [failed] * len(certificate.points))
    critical = list(_attempted(checker.about_critical_points))
    points = ["; ".join(_attempted(partial(checker.about_point, point))) for point in checker.census.points]
    missing = ["not all of what it has is proved"]
    if not critical and not any(points):
        missing = list(_attempted(checker.about_places)) + list(_attempted(checker.missing))
    return _results(certificate, missing, critical, points)


def _attempted(find: Callable[[], Iterator[str]]) -> Iterator[str]:
    """Yield the problems that are found, and as the last one that no more could be done."""
    try:
        yield from find()
    except PROVOKED as error:
        yield provoked(error)


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
        Status.PROVED: bool(missing),  # so is something if a critical point is not proved
        Status.REFUTED: all(points),
        Status.UNDECIDED: False,
    }
    message = "the rest of the census does not show it" if fails[status] else ""
    return [Result(census.claim.name, status, not fails[status], message), *results]


def _told(problems: Sequence[str]) -> str:
    more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return "; ".join(problems[:SHOWN]) + more


class Checker:
    """A census in units in which nothing overflows, the arithmetic, and what has been proved.

    That is `centres`, the critical points as far as they are proved; `alone`, boxes with one critical point each; and
    `known`, by target, charts with boxes there that hold one hallucinated point each.
    """

    def __init__(self, census: Census, ar: BallArithmetic, max_boxes: int, clock: Clock) -> None:
        units = box_units(census.problem.f, census.problem.region, census.problem.rho, ar.name)
        self.problem = units.problem(census.problem)
        self.census = taken_out_of(units.back, census, self.problem)
        self.ar, self.max_boxes, self.clock = ar, max_boxes, clock
        self.f, self.size = self.problem.f, Fraction(self.problem.size)
        self.region = [(ar.constant(side.lower), ar.constant(side.upper)) for side in self.problem.sides]
        self.reach = widened(self.problem.sides, self.problem.rho)
        self.centres: dict[CriticalPoint, list[Ball]] = {}
        self.alone: list[Box] = []
        self.known: dict[CriticalPoint, list[tuple[int, Box]]] = {}

    def about_critical_points(self) -> Iterator[str]:
        """Tell what is not shown of the critical points, and whether there may be more."""
        points, pending = self.census.critical_points, self.census.pending
        isolated = [point for point in points if point.kind is not Kind.DEGENERATE]
        vague = [point for point in points if point.kind is Kind.DEGENERATE]
        for number, point in enumerate(points):
            self.clock.tell("critical points", number, len(points))
            found = self.vague_point(point) if point.kind is Kind.DEGENERATE else self.critical_point(point)
            if isinstance(found, str):
                yield found
                continue
            self.centres[point] = found[0]
            if point.kind is not Kind.DEGENERATE:
                self.alone.append(found[1])
        if _meet([point.box for point in isolated]) or len(set(points)) < len(points):
            yield "a critical point is there twice"
        boxes = [point.box for point in vague] + [place.target for place in pending if place.box is None]
        if self.centres.keys() == set(points) and not self.holds_all_targets((*self.alone, *boxes)):
            yield "there may be critical points that the file does not have"

    def vague_point(self, point: CriticalPoint) -> Found | str:
        """Return the box of a degenerate critical point in balls, or why there is none."""
        x = self._balls(point.box)
        if any(map(self.ar.nonzero, self.gradient(x).equations)) or not within(
            point.box, widened(self.reach, self.size)
        ):
            return "there are degenerate critical points in the file that the checker does not find"
        return x, point.box

    def critical_point(self, point: CriticalPoint) -> Found | str:
        """Prove a critical point, or say what is not shown."""
        found = self._only_zero(self.gradient, point.box, point.unique)
        if found is None or not self._is_near(found[0], point.box):
            return "the critical points are others: a box is not shown to hold exactly one"
        if not is_defined(self.ar, self.f, found[0]):
            return "f is not certainly defined at a critical point"
        if kind_of(*signs(self.ar, self.gradient(found[0]).jacobian), self.f.dimension) is not point.kind:
            return "the critical points are of other kinds"
        return found

    def holds_all_targets(self, boxes: tuple[Box, ...]) -> bool:
        """Tell whether all critical points at distance ``rho`` from the region lie in some boxes."""

        def settled(piece: Box, local: Gradient) -> bool:
            return (
                any(map(self.ar.nonzero, local.equations))
                or any(within(piece, box) for box in boxes)
                or not may_be_apart(piece, self.problem.sides, self.problem.rho)
            )

        return self._is_covered(self.gradient, [(side.lower, side.upper) for side in self.reach], settled, self.size)

    def gradient(self, x: list[Ball]) -> Gradient:
        """Return the gradient as a system."""
        return Gradient(self.ar, self.f, x)

    def about_point(self, point: HallucinatedPoint) -> Iterator[str]:
        """Tell what is not shown of a hallucinated point."""
        target = self.census.critical_points[point.target]
        if point.kind is not target.kind or target.kind is Kind.DEGENERATE or target not in self.centres:
            yield "its target is another, or not proved"
            return
        problems, unique = self.hallucinated_point(point, target)
        yield from problems
        self.known.setdefault(target, []).append((point.chart, unique))

    def hallucinated_point(self, point: HallucinatedPoint, target: CriticalPoint) -> tuple[list[str], Box]:
        """Prove a point; returns what is not shown, and a box of its chart in which it is the only solution."""
        ar, centre = self.ar, self.centres[target]
        face, box = charts(self.f.dimension)[point.chart], self._balls(point.box)
        system, found = self._sphere(centre, face), None
        if face.faces(ar, box, centre):
            found = self._only_zero(system, self._box(face.of(box, centre)), point.unique)
        if found is None:
            return ["it is not shown that its box holds one point, and no other does"], point.unique
        local = system(found[0])
        shown = {
            "its box does not hold the point, or is much too large": self._is_near(local.x, point.box),
            "it is not certainly in the box of the census": within(self._box(local.x), self.problem.sides),
            "the gradient does not certainly point to the target": ar.negative(local.outward),
            "f is not certainly defined there": is_defined(ar, self.f, local.x) and is_defined(ar, self.f, centre),
            f"its numbers do not show that it is {point.stability}": point.stability
            is stability_of(point.smallest_real_part),
            **self._numbers_shown(point, local, centre),
        }
        return [problem for problem, right in shown.items() if not right], found[1]

    def _numbers_shown(self, point: HallucinatedPoint, local: ChartPoint, centre: list[Ball]) -> dict[str, bool]:
        """Tell which numbers of a point lie in the published intervals."""
        sam = Point(self.ar, SamProblem(self.f, self.problem.rho), local.x)
        shown = self.ar.is_finite(sam.q) and point.gradient_norm.contains(Enclosure(*self.ar.endpoints(sam.q)))
        result = {"gradient_norm is not in the published interval": shown}
        if (published := point.smallest_real_part) is not None:
            hessian = self.f.enclose_hessian(self.ar, centre)
            ends = smallest_real_part(self.ar, self.ar.matrix_product(hessian, sam.perturbation))
            shown = ends is not None and published.contains(Enclosure(*ends))
            result["smallest_real_part is not in the published interval"] = shown
        return result

    def about_places(self) -> Iterator[str]:
        """Tell what the file excludes without need, and whether it has a point twice."""
        points = self.census.critical_points
        for place in self.census.excluded:
            look()
            if place.box is None or not is_excluded(self.problem, points, place.target, place.box):
                yield f"excluded in the file, but no neighbourhood of a critical point on the sphere: {place}"
        for number in range(len(points)):
            if _meet([point.box for point in self.census.points if point.target == number]):
                yield "a point is there twice"

    def missing(self) -> Iterator[str]:
        """Tell around which critical points there may be more than the file has."""
        targets, declared = self.census.critical_points, [*self.census.excluded, *self.census.pending]
        for number, target in enumerate(targets):
            self.clock.tell("spheres", number, len(targets))
            look()
            places = tuple(place for place in declared if within(target.box, place.target))
            if not self.holds_all_points(target, tuple(self.known.get(target, ())), places):
                where = " x ".join(map(str, target.box))
                yield f"a point is missing, or cannot be excluded, around the critical point {where}"

    def holds_all_points(
        self, target: CriticalPoint, known: tuple[tuple[int, Box], ...], places: tuple[Unsettled, ...]
    ) -> bool:
        """Tell whether all hallucinated points of a target lie in boxes of charts, as proved, or in places."""
        if any(place.box is None for place in places):
            return True
        ar, centre, faces = self.ar, self.centres[target], charts(self.f.dimension)

        def settled(face: Face, piece: Box, local: ChartPoint) -> bool:
            sides = zip(local.x, self.region, strict=True)
            if any(ar.negative(x - low) or ar.positive(x - high) for x, (low, high) in sides):
                return True
            if _nonnegative(ar, local.outward) or any(map(ar.nonzero, local.equations)):
                return True
            if _nonnegative(ar, local.radial):
                return True
            for chart, box in known:
                if within(piece, box) if faces[chart] == face else faces[chart].holds(ar, local.x, centre, box):
                    return True
            return ar.all_finite([local.x]) and any(place.holds(self._box(local.x)) for place in places)

        whole = [(Fraction(-1), Fraction(1))] * (len(centre) - 1)
        return all(
            self._is_covered(self._sphere(centre, face), whole, partial(settled, face), Fraction(1)) for face in faces
        )

    def _sphere(self, centre: list[Ball], face: Face) -> Callable[[list[Ball]], ChartPoint]:
        """Return the equations of a chart."""
        rho = self.ar.constant(self.problem.rho)
        return lambda y: ChartPoint(self.ar, self.f, rho, centre, face, y)

    def _is_covered(
        self, system: Callable[[list[Ball]], L], sides: Piece, settled: Callable[[Box, L], bool], size: Fraction
    ) -> bool:
        """Tell whether all pieces of some subdivision are settled, as they are or as the operator leaves them."""
        if not sides:  # a sphere of one dimension is two points
            return settled((), local := system([])) or is_undefined(self.ar, self.f, local.x)
        pending, smallest = [sides], SMALLEST * size
        for _ in range(self.max_boxes):
            if not pending or self.clock.passed():
                break
            left = self._left(system, pending.pop(), settled, size)
            if left is not None:
                if max(high - low for low, high in left) <= smallest:
                    return False
                pending.extend(halves(left))
        return not pending

    def _left(
        self, system: Callable[[list[Ball]], L], piece: Piece, settled: Callable[[Box, L], bool], size: Fraction
    ) -> Piece | None:
        """Return what is left of a piece to be settled, None if nothing is."""
        for _ in range(CONTRACTIONS):
            local = system(balls_of(self.ar, piece))
            if settled(tuple(Enclosure(*side) for side in piece), local):
                return None
            width = max(high - low for low, high in piece)
            if width > SMALL * size:
                break
            if is_undefined(self.ar, self.f, local.x):
                return None
            smaller = self._contracted(system, local, piece)
            if any(low > high for low, high in smaller):
                return None
            if 2 * max(high - low for low, high in smaller) > width:
                break
            piece = smaller
        return piece

    def _contracted(self, system: System, local: Local, piece: Piece) -> Piece:
        """Return what Krawczyk's operator leaves of a piece; where that is nothing, a side ends before it begins."""
        result = self._operator(system, local, piece)
        ends = [self.ar.endpoints(ball) for ball in result.image] if result and result.image else piece
        return [(max(a, low), min(b, high)) for (a, b), (low, high) in zip(piece, ends, strict=True)]

    def _operator(self, system: System, local: Local, piece: Piece) -> KrawczykResult | None:
        """Apply Krawczyk's operator to a piece on which the system is `local`; None where it has no use."""
        ar, jacobian = self.ar, local.jacobian
        inverse = approximate_preconditioner(ar.approximations(jacobian)) if ar.all_finite(jacobian) else None
        centre, radius = [(low + high) / 2 for low, high in piece], [(high - low) / 2 for low, high in piece]
        if inverse is None or min(radius) <= 0:
            return None
        operator = KrawczykOperator(ar, lambda y: system(y).equations, lambda _: jacobian, inverse)
        return operator.image(centre, radius)

    def _only_zero(self, system: System, box: Box, unique: Box | None) -> Found | None:
        """Enclose the zero in a box, and prove that it is the only one in `unique`, or in a smaller box around it."""
        if not box and unique == ():
            return [], ()
        room = max(side.upper - side.lower for side in box) / 2 + Fraction(1, 2**self.ar.precision)
        tiny = widened(box, room)
        if unique is None or not within(tiny, unique):
            return None
        if (found := self._proved(system, tiny)) is None:
            return None
        for _ in range(SHRINKINGS):
            if self._proved(system, unique) is not None:
                return found, unique
            ends = zip(tiny, unique, strict=True)
            unique = tuple(Enclosure((a.lower + b.lower) / 2, (a.upper + b.upper) / 2) for a, b in ends)
        return None

    def _proved(self, system: System, box: Box) -> list[Ball] | None:
        """Enclose the zero in a box if Krawczyk's operator proves that there is exactly one."""
        sides = [(side.lower, side.upper) for side in box]
        result = self._operator(system, system(balls_of(self.ar, sides)), sides)
        return result.image if result and result.proved else None

    def _is_near(self, x: list[Ball], box: Box) -> bool:
        """Tell whether an enclosure lies in a published box, which hardly sticks out of it."""
        nearby = min(Fraction(self.problem.tolerance), NEARBY) * self.size
        return within(self._box(x), box) and within(box, widened(self._box(x), nearby))

    def _balls(self, box: Box) -> list[Ball]:
        return [self.ar.interval(side.lower, side.upper) for side in box]

    def _box(self, balls: Sequence[Ball]) -> Box:
        return tuple(Enclosure(*self.ar.endpoints(ball)) for ball in balls)


def _nonnegative(ar: BallArithmetic, ball: Ball) -> bool:
    """Tell whether no number of a ball is negative."""
    return ar.positive(ball) or (not ar.negative(ball) and ar.is_finite(ball) and ar.lower(ball) >= 0)


def _meet(boxes: Sequence[Box]) -> bool:
    """Tell whether two of some boxes have a common point."""
    ordered = sorted(boxes, key=lambda box: box[0].lower)
    for i, box in enumerate(ordered):
        for other in ordered[i + 1 :]:
            look()
            if other[0].lower > box[0].upper:
                break
            if overlap(box, other):
                return True
    return False
