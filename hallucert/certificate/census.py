"""Censuses as files, and their checker.

The file holds the problem, the critical points, the hallucinated points and the open places. The checker believes none
of it: it takes the whole census again in a ball arithmetic that is not the one of the file, in this process, without
any float search, and asks

1. that what its own census leaves open lies in a place that the file declares open, made wider by its own width and by
   the tolerance of the census; and that the file excludes no more than that,
2. that each box of the file holds exactly one of its own points, with the same target, kind and spectrum, and that no
   other point of its own is left, except in places that the file declares pending,
3. the same of the critical points. Degenerate ones are compared like open places: they may be grouped otherwise.

So existence, kind, stability *and completeness* are proved again. Shared by both are this library's statement of the
equations (`hallucert.prove.census_equations`), the search (`branch_and_prune`) and derivatives.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any

from hallucert import __version__
from hallucert.balls import require_round_to_nearest
from hallucert.errors import ArgumentError, CertificateError, HallucertError
from hallucert.files import replacing
from hallucert.prove.census import Census, take_here
from hallucert.prove.census_records import (
    Box,
    HallucinatedPoint,
    Kind,
    Open,
    Problem,
    Unsettled,
    critical_from_json,
    critical_to_json,
    point_from_json,
    point_to_json,
    unsettled_from_json,
    unsettled_to_json,
)
from hallucert.prove.census_sphere import stability

KIND = "hallucert census"
SCHEMA = 1
MAX_BYTES = 64 * 2**20
MAX_BOXES = 4_000_000
BUDGET = 600.0
"""Seconds a checker spends unless told otherwise."""


def census_to_json(census: Census) -> dict[str, Any]:
    """Return a census as plain data."""
    return {
        "format": KIND,
        "schema": SCHEMA,
        "hallucert": __version__,
        "backend": census.problem.backend,
        "problem": census.problem.to_json(),
        "critical_points": [critical_to_json(point) for point in census.critical_points],
        "points": [point_to_json(point) for point in census.points],
        "excluded": [unsettled_to_json(place) for place in census.excluded],
        "pending": [unsettled_to_json(place) for place in census.pending],
        "boxes": census.boxes,
    }


def save_census(census: Census, path: str | PathLike[str]) -> None:
    """Write a census as JSON: readers see the old file or the new one."""
    text = json.dumps(census_to_json(census), indent=1, ensure_ascii=True) + "\n"
    with replacing(path) as stream:
        stream.write(text.encode("ascii"))


def census_from_json(data: Any) -> Census:
    """Build a census from plain data; nothing in it is believed until `verify_census` has re-proved it.

    Raises
    ------
    CertificateError
        If something is missing or malformed.
    """
    if not isinstance(data, dict) or data.get("format") != KIND:
        raise CertificateError("format", f"must be {KIND!r}")
    if type(data.get("schema")) is not int or data["schema"] != SCHEMA:
        raise CertificateError("schema", f"must be {SCHEMA}; this library knows no other version")
    if data.get("backend") not in ("float", "arb", "mpmath"):
        raise CertificateError("backend", 'must be "float", "arb" or "mpmath"')
    try:
        problem = Problem.from_json(data["problem"], data["backend"])
        result = Census(
            problem,
            tuple(critical_from_json(item) for item in data["critical_points"]),
            tuple(point_from_json(item) for item in data["points"]),
            tuple(unsettled_from_json(item) for item in data["excluded"]),
            tuple(unsettled_from_json(item) for item in data["pending"]),
            int(data["boxes"]),
            math.nan,
        )
    except CertificateError:
        raise
    except (HallucertError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise CertificateError("(file)", f"is not a census: {error}") from None
    _require_shape(result)
    return result


def _require_shape(census: Census) -> None:
    """The dimensions of everything fit together."""
    d, region = census.problem.f.dimension, census.problem.region
    if not 2 <= d <= 4 or region.shape != (d, 2) or not (region[:, 0] < region[:, 1]).all():
        raise CertificateError("problem", "must be a function of 2 to 4 variables and a box")
    if not 2.0**-40 <= census.problem.tolerance <= 0.1:
        raise CertificateError("problem.tolerance", "must be between 2**-40 and 0.1")
    boxes = [point.box for point in census.critical_points] + [point.box for point in census.points]
    for place in (*census.excluded, *census.pending):
        boxes += [place.target] if place.box is None else [place.target, place.box]
    if any(len(box) != d or any(side.lower > side.upper for side in box) for box in boxes):
        raise CertificateError("(file)", f"must have boxes of {d} intervals [lower, upper]")
    if any(not 0 <= point.target < len(census.critical_points) for point in census.points):
        raise CertificateError("points", "must have critical points as targets")


def load_census(path: str | PathLike[str]) -> Census:
    """Read what `save_census` wrote, or somebody says so.

    Raises
    ------
    CertificateError
        If it is not a census.
    OSError
        If the file cannot be read.
    """
    content = Path(path).read_bytes()
    if len(content) > MAX_BYTES:
        raise CertificateError("(file)", f"is larger than {MAX_BYTES} bytes")
    try:
        data = json.loads(content.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise CertificateError("(file)", f"is not JSON: {error}") from None
    return census_from_json(data)


@dataclass(frozen=True)
class CensusVerdict:
    """The outcome of checking a census. True if everything was re-proved.

    Attributes
    ----------
    problems : tuple of str
        What could not be re-proved.
    backend : str
        The checker's arithmetic.
    census : Census
        The census that the checker took itself.
    """

    problems: tuple[str, ...]
    backend: str
    census: Census

    def __bool__(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        if self:
            state = "complete" if self.census.complete else "as far as it goes"
            return f"re-proved in {self.backend}: {len(self.census.points)} points, {state}"
        return f"not re-proved in {self.backend}:\n" + "\n".join(f"  {problem}" for problem in self.problems)


def verify_census(
    source: Census | str | PathLike[str],
    backend: str | None = None,
    *,
    max_boxes: int = MAX_BOXES,
    budget: float = BUDGET,
) -> CensusVerdict:
    """Take a census again in another arithmetic and compare.

    Parameters
    ----------
    source : Census or path
        The census, or the file of one.
    backend : {"arb", "mpmath"}, optional
        The checker's arithmetic; ``"mpmath"`` by default, ``"arb"`` for a census that was taken in mpmath.
    max_boxes : int
        Budget of boxes of each step.
    budget : float
        Seconds.
    """
    require_round_to_nearest()
    census = source if isinstance(source, Census) else load_census(source)
    if backend is None:
        backend = "arb" if census.problem.backend == "mpmath" else "mpmath"
    if backend not in ("arb", "mpmath"):
        raise ArgumentError("backend", backend, 'be "arb" or "mpmath"')
    problem = census.problem
    own = take_here(replace(problem, backend=backend, checking=True), max_boxes, budget)
    return CensusVerdict(tuple(_differences(census, own)), backend, own)


def _differences(census: Census, own: Census) -> list[str]:
    """Say what the checker's own census does not confirm."""
    room = Fraction(census.problem.tolerance) * Fraction(
        float((census.problem.region[:, 1] - census.problem.region[:, 0]).max())
    )
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
    problems += _about_critical_points(census, own, room)
    published, proved = [point.box for point in census.points], [point.box for point in own.points]
    pairs = _matching(published, proved)
    if pairs is None:
        return [*problems, f"the points are others: {len(published)} in the file, {len(proved)} proved"]
    for j in sorted(set(range(len(proved))) - set(pairs)):
        target = own.critical_points[own.points[j].target]
        if not any(_declares(place, Unsettled(proved[j], target.box, Open.BUDGET), room) for place in census.pending):
            problems.append(f"a point is missing: {' x '.join(map(str, proved[j]))}")
    for i, j in enumerate(pairs):
        problems += [f"point {i}: {text}" for text in _about_point(census, own, census.points[i], own.points[j])]
    return problems


def _about_critical_points(census: Census, own: Census, room: Fraction) -> list[str]:
    """Say what is not confirmed of the critical points. Missing ones must lie where targets are declared pending."""
    problems = []
    groups = [point.box for point in census.critical_points if point.kind is Kind.DEGENERATE]
    groups += [place.target for place in census.pending]
    published = [point for point in census.critical_points if point.kind is not Kind.DEGENERATE]
    proved = [point for point in own.critical_points if point.kind is not Kind.DEGENERATE]
    pairs = _matching([point.box for point in published], [point.box for point in proved])
    if pairs is None:
        return [f"the critical points are others: {len(published)} in the file, {len(proved)} proved"]
    if any(published[i].kind is not proved[j].kind for i, j in enumerate(pairs)):
        problems.append("the critical points are of other kinds")
    missing = [point for j, point in enumerate(proved) if j not in pairs]
    missing += [point for point in own.critical_points if point.kind is Kind.DEGENERATE]
    if any(not any(_within(point.box, box, room) for box in groups) for point in missing):
        problems.append("there may be critical points that the file does not have")
    return problems


def _about_point(census: Census, own: Census, point: HallucinatedPoint, proved: HallucinatedPoint) -> list[str]:
    """Say what is not confirmed of a point."""
    problems, target = [], census.critical_points[point.target]
    if point.kind is not target.kind or not _within(own.critical_points[proved.target].box, target.box):
        problems.append("its target is another")
    if point.stability is not stability(point.smallest_real_part):
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


def _matching(published: Sequence[Box], proved: Sequence[Box]) -> list[int] | None:
    """Return, for each published box, the only proved one that it holds, each at most once; None if that fails."""
    partner: list[int] = []
    for box in published:
        close = [j for j, other in enumerate(proved) if _within(other, box)]
        if len(close) != 1:
            return None
        partner.append(close[0])
    return partner if len(set(partner)) == len(partner) else None
