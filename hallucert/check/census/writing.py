"""Writing censuses."""

from __future__ import annotations

from typing import Any

from hallucert.check.census.census import Census
from hallucert.check.census.data import critical_to_json, point_to_json, unsettled_to_json
from hallucert.check.file.fields import header


def to_json(census: Census) -> dict[str, Any]:
    """Return the census as plain data, in the order of the file format."""
    problem = census.problem.to_json()
    return {
        **header(census, problem),
        "search": census.problem.backend,
        "boxes": census.boxes,
        "critical_points": [critical_to_json(point) for point in census.critical_points],
        "points": [point_to_json(point) for point in census.points],
        "excluded": [unsettled_to_json(place) for place in census.excluded],
        "pending": [unsettled_to_json(place) for place in census.pending],
    }
