"""Critical points, hallucinated points and open places of a census as plain data, exactly, and back."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hallucert.balls.facade import dyadic
from hallucert.check.census.records import Box, CriticalPoint, HallucinatedPoint, Kind, Open, Stability, Unsettled
from hallucert.check.claim import Enclosure
from hallucert.exact import MAX_DIGITS, format_dyadic


def box_to_json(box: Box) -> list[list[str]]:
    """Return a box as plain data."""
    return [[format_dyadic(side.lower), format_dyadic(side.upper)] for side in box]


def box_from_json(data: Any) -> Box:
    """Read `box_to_json` back."""
    return tuple(Enclosure(_parsed(low), _parsed(high)) for low, high in data)


def _parsed(text: str) -> Fraction:
    """Read what `format_dyadic` wrote, from this library's own results."""
    mantissa, _, exponent = text.partition("p")
    if len(text) > MAX_DIGITS or len(exponent) > 6:
        raise ValueError(f"{text[:40]!r} is too long")
    return dyadic(int(mantissa), int(exponent or "0"))


def point_to_json(point: HallucinatedPoint) -> dict[str, Any]:
    """Return a point as plain data."""
    return {
        "box": box_to_json(point.box),
        "target": point.target,
        "kind": str(point.kind),
        "stability": str(point.stability),
        "gradient_norm": box_to_json((point.gradient_norm,))[0],
        "smallest_real_part": None if point.smallest_real_part is None else box_to_json((point.smallest_real_part,))[0],
    }


def point_from_json(data: Any) -> HallucinatedPoint:
    """Read `point_to_json` back."""
    spectrum = data["smallest_real_part"]
    return HallucinatedPoint(
        box_from_json(data["box"]),
        data["target"],
        Kind(data["kind"]),
        Stability(data["stability"]),
        box_from_json([data["gradient_norm"]])[0],
        None if spectrum is None else box_from_json([spectrum])[0],
    )


def unsettled_to_json(place: Unsettled) -> dict[str, Any]:
    """Return a place as plain data."""
    box = None if place.box is None else box_to_json(place.box)
    return {"box": box, "target": box_to_json(place.target), "reason": str(place.reason)}


def unsettled_from_json(data: Any) -> Unsettled:
    """Read `unsettled_to_json` back."""
    box = None if data["box"] is None else box_from_json(data["box"])
    return Unsettled(box, box_from_json(data["target"]), Open(data["reason"]))


def critical_to_json(point: CriticalPoint) -> dict[str, Any]:
    """Return a critical point as plain data."""
    return {"box": box_to_json(point.box), "kind": str(point.kind)}


def critical_from_json(data: Any) -> CriticalPoint:
    """Read `critical_to_json` back."""
    return CriticalPoint(box_from_json(data["box"]), Kind(data["kind"]))
