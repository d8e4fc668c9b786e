"""Files of censuses: every field is checked, and whatever does not fit is named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

import numpy as np

from hallucert.check.census.census import Census
from hallucert.check.census.records import (
    FARTHEST,
    LARGEST,
    SMALLEST,
    TOLERANCES,
    Box,
    CriticalPoint,
    HallucinatedPoint,
    Kind,
    Open,
    Problem,
    Stability,
    Unsettled,
)
from hallucert.check.claim import Enclosure, Provenance
from hallucert.check.file import fields
from hallucert.check.file.fields import JSON
from hallucert.errors import CertificateError
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.reading import objective_from_json

MAX_ENTRIES = 100_000
"""Of each list: points, critical points, places."""
MAX_BITS = 4096
"""Of the numerator and the denominator of a number: the product of three doubles fits."""

CRITICAL_POINT = ("box", "kind", "unique")
POINT = ("box", "target", "kind", "stability", "gradient_norm", "smallest_real_part", "chart", "unique")
PLACE = ("box", "target", "reason")
"""The fields of the entries of lists."""

Word = TypeVar("Word", bound=StrEnum)


def from_json(data: object) -> Census:
    """Build a census from plain data, checking every field."""
    lists = {"critical_points", "points", "excluded", "pending"}
    names = {"format", "schema", "kind", "provenance", "problem", "digest", "search", "boxes"} | lists
    top, entry = fields.read_top(data, names, {"objective", "rho", "region", "tolerance"})
    made = fields.read_provenance(top["provenance"])
    problem = _problem(entry, _search(top["search"], made))
    d = problem.f.dimension
    targets = tuple(critical_from_json(d, item, field) for item, field in _items(top, "critical_points"))
    return Census(
        problem,
        targets,
        tuple(point_from_json(d, len(targets), item, field) for item, field in _items(top, "points")),
        tuple(place_from_json(item, d, field, True) for item, field in _items(top, "excluded")),
        tuple(place_from_json(item, d, field, False) for item, field in _items(top, "pending")),
        fields.read_integer(top["boxes"], "boxes"),
        math.nan,
        made,
    )


def _search(value: object, made: Provenance) -> str:
    allowed = ("float", "arb") if made.backend == "arb" else (made.backend,)
    if value not in allowed:
        raise CertificateError("search", f"must be one of {', '.join(allowed)}, as the provenance is {made.backend}")
    return str(value)


def _problem(entry: Mapping[str, JSON], search: str) -> Problem:
    objective = objective_from_json(entry["objective"], "problem.objective")
    if not isinstance(objective, FormulaObjective) or not 1 <= objective.dimension <= 4:
        raise CertificateError("problem.objective", "must be a formula in 1 to 4 variables")
    region = box_from_json(entry["region"], objective.dimension, "problem.region")
    ends = np.array([[double(v, "problem.region") for v in (side.lower, side.upper)] for side in region])
    if (ends[:, 0] >= ends[:, 1]).any() or np.abs(ends).max() > LARGEST:
        raise CertificateError("problem.region", "must be intervals [lower, upper], lower < upper, within 2^500 of 0")
    tolerance = double(fields.read_dyadic(entry["tolerance"], "problem.tolerance"), "problem.tolerance")
    if not TOLERANCES[0] <= tolerance <= TOLERANCES[1]:
        raise CertificateError("problem.tolerance", "must be between 2^-40 and 0.1")
    rho = _rho(entry["rho"])
    if Fraction(float(np.abs(ends).max())) > FARTHEST * rho:
        raise CertificateError("problem.region", "must be within 2^400 rho of 0")
    return Problem(objective, rho, ends, tolerance, search)


def _rho(value: object) -> Fraction:
    rho = fields.read_rho(value)
    if not SMALLEST <= rho <= LARGEST:
        raise CertificateError("problem.rho", "must be between 2^-500 and 2^500")
    return rho


def double(value: Fraction, field: str) -> float:
    """Return a number that must be a double exactly."""
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double) or Fraction(double) != value:
        raise CertificateError(field, "must be finite double-precision numbers")
    return double


def _items(top: Mapping[str, JSON], name: str) -> list[tuple[JSON, str]]:
    """Return the entries of a list with their paths."""
    return [(item, f"{name}[{i}]") for i, item in enumerate(fields.read_list(top[name], name, MAX_ENTRIES))]


def critical_from_json(d: int, data: object, field: str) -> CriticalPoint:
    """Read a critical point."""
    entry = fields.read_fields(data, set(CRITICAL_POINT), field)
    kind = _word(Kind, entry["kind"], f"{field}.kind")
    if (entry["unique"] is None) != (kind is Kind.DEGENERATE):
        raise CertificateError(f"{field}.unique", "must be a box, or null for a degenerate critical point")
    unique = None if entry["unique"] is None else box_from_json(entry["unique"], d, f"{field}.unique")
    return CriticalPoint(box_from_json(entry["box"], d, f"{field}.box"), kind, unique)


def point_from_json(d: int, targets: int, data: object, field: str) -> HallucinatedPoint:
    """Read a point whose target is one of so many."""
    entry = fields.read_fields(data, set(POINT), field)
    target, real_part = fields.read_integer(entry["target"], f"{field}.target"), entry["smallest_real_part"]
    if target >= targets:
        raise CertificateError(f"{field}.target", f"must be the number of one of the {targets} critical points")
    chart = fields.read_integer(entry["chart"], f"{field}.chart")
    if chart >= 2 * d:
        raise CertificateError(f"{field}.chart", f"must be the number of one of {2 * d} charts")
    kind = _word(Kind, entry["kind"], f"{field}.kind")
    if kind is Kind.DEGENERATE:
        raise CertificateError(f"{field}.kind", "must not be degenerate: such a target has no points that are proved")
    return HallucinatedPoint(
        box_from_json(entry["box"], d, f"{field}.box"),
        target,
        kind,
        _word(Stability, entry["stability"], f"{field}.stability"),
        _interval(entry["gradient_norm"], f"{field}.gradient_norm"),
        None if real_part is None else _interval(real_part, f"{field}.smallest_real_part"),
        chart,
        box_from_json(entry["unique"], d - 1, f"{field}.unique"),
    )


def place_from_json(data: object, d: int, field: str, excluded: bool | None = None) -> Unsettled:
    """Read a place; with `excluded`, of which list."""
    entry = fields.read_fields(data, set(PLACE), field)
    reason = _word(Open, entry["reason"], f"{field}.reason")
    if excluded is not None and (reason is Open.CRITICAL_POINT) != excluded:
        raise CertificateError(f"{field}.reason", f"must be {Open.CRITICAL_POINT} exactly if the place is excluded")
    box = None if entry["box"] is None else box_from_json(entry["box"], d, f"{field}.box")
    return Unsettled(box, box_from_json(entry["target"], d, f"{field}.target"), reason)


def box_from_json(value: object, d: int, field: str) -> Box:
    """Read a box of d intervals."""
    sides = fields.read_list(value, field, d)
    if len(sides) != d:
        raise CertificateError(field, f"must be {d} intervals")
    return tuple(_interval(side, f"{field}[{i}]") for i, side in enumerate(sides))


def _interval(value: object, field: str) -> Enclosure:
    ends = fields.read_interval(value, field)
    if max(max(abs(end.numerator), end.denominator).bit_length() for end in ends) > MAX_BITS:
        raise CertificateError(field, f"must have numbers of at most {MAX_BITS} bits")
    return Enclosure(*ends)


def _word(words: type[Word], value: JSON, field: str) -> Word:
    if value not in tuple(words):
        raise CertificateError(field, f"must be one of {', '.join(words)}")
    return words(value)
