"""Writing censuses, and what they are made of, as plain data."""

from __future__ import annotations

from hallucert.check.census.census import Census
from hallucert.check.census.records import CriticalPoint, HallucinatedPoint, Unsettled, box_to_json
from hallucert.check.file.fields import enclosure_json, header


def to_json(census: Census) -> dict[str, object]:
    """Return the census as plain data, in the order of the file format."""
    return {
        **header(census, census.problem.to_json()),
        "search": census.problem.backend,
        "boxes": census.boxes,
        "critical_points": [critical_to_json(point) for point in census.critical_points],
        "points": [point_to_json(point) for point in census.points],
        "excluded": [place_to_json(place) for place in census.excluded],
        "pending": [place_to_json(place) for place in census.pending],
    }


def critical_to_json(point: CriticalPoint) -> dict[str, object]:
    """Return a critical point as plain data."""
    unique = None if point.unique is None else box_to_json(point.unique)
    return {"box": box_to_json(point.box), "kind": str(point.kind), "unique": unique}


def point_to_json(point: HallucinatedPoint) -> dict[str, object]:
    """Return a point as plain data."""
    real_part = point.smallest_real_part
    return {
        "box": box_to_json(point.box),
        "target": point.target,
        "kind": str(point.kind),
        "stability": str(point.stability),
        "gradient_norm": enclosure_json(point.gradient_norm),
        "smallest_real_part": None if real_part is None else enclosure_json(real_part),
        "chart": point.chart,
        "unique": box_to_json(point.unique),
    }


def place_to_json(place: Unsettled) -> dict[str, object]:
    """Return a place as plain data."""
    box = None if place.box is None else box_to_json(place.box)
    return {"box": box, "target": box_to_json(place.target), "reason": str(place.reason)}
