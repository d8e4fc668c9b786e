"""Censuses as plain data, in the order of the file format."""

from __future__ import annotations

from hallucert.check.census.census import Census
from hallucert.check.census.file import CRITICAL_POINT, PLACE, POINT
from hallucert.check.file.fields import JSON
from hallucert.check.writing.fields import header, record


def to_json(census: Census) -> dict[str, JSON]:
    """Return the census as plain data, in the order of the file format."""
    return {
        **header(census, census.problem.to_json()),
        "search": census.problem.backend,
        "boxes": census.boxes,
        "critical_points": [record(point, CRITICAL_POINT) for point in census.critical_points],
        "points": [record(point, POINT) for point in census.points],
        "excluded": [record(place, PLACE) for place in census.excluded],
        "pending": [record(place, PLACE) for place in census.pending],
    }
