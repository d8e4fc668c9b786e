"""Censuses as plain data, in the order of the file format."""

from __future__ import annotations

from fractions import Fraction

from hallucert.check.census.census import Census
from hallucert.check.census.file import CRITICAL_POINT, PLACE, POINT
from hallucert.check.census.records import Problem
from hallucert.check.file.fields import JSON
from hallucert.check.writing.fields import header, record
from hallucert.decimals import format_dyadic
from hallucert.exact import format_rational


def problem_json(problem: Problem) -> dict[str, JSON]:
    """Return the problem as plain data."""
    return {
        "objective": problem.f.to_json(),
        "rho": format_rational(problem.rho),
        "region": [[format_dyadic(side.lower), format_dyadic(side.upper)] for side in problem.sides],
        "tolerance": format_dyadic(Fraction(problem.tolerance)),
    }


def to_json(census: Census) -> dict[str, JSON]:
    """Return the census as plain data, in the order of the file format."""
    return {
        **header(census, problem_json(census.problem)),
        "search": census.problem.backend,
        "boxes": census.boxes,
        "critical_points": [record(point, CRITICAL_POINT) for point in census.critical_points],
        "points": [record(point, POINT) for point in census.points],
        "excluded": [record(place, PLACE) for place in census.excluded],
        "pending": [record(place, PLACE) for place in census.pending],
    }
