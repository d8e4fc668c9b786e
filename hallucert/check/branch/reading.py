"""Reading certificates of branches and diagrams from anyone: every field is checked, and what does not fit is named."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from hallucert.check.branch.certificate import BranchCertificate, DiagramCertificate
from hallucert.check.branch.chain import STABILITIES, TURNINGS, Chain, Link, Part
from hallucert.check.branch.claims import COMPLETENESS, OF_DIAGRAMS, THEOREMS, Branches
from hallucert.check.branch.region import MAX_DIMENSION as MAX_DIMENSION_OF_REGION
from hallucert.check.branch.system import MAX_DIMENSION, TargetBox
from hallucert.check.cell import Cell, Tube
from hallucert.check.claim import Claim, Status
from hallucert.check.file.claims import read_claims
from hallucert.check.file.fields import (
    read_box,
    read_dyadic,
    read_fields,
    read_integer,
    read_interval,
    read_list,
    read_numbers,
    read_positive,
    read_provenance,
    read_square,
    read_top,
    require_claims,
)
from hallucert.errors import CertificateError
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.reading import objective_from_json

MAX_CHAINS, MAX_CELLS, MAX_PARTS, MAX_CLAIMS = 1000, 100_000, 10_000, 100_000
NAMES = {"format", "schema", "kind", "provenance", "problem", "digest", "target", "enclosure", "branches", "claims"}
"""The fields of a file."""


def from_json(data: object) -> BranchCertificate:
    """Build a certificate from plain data, checking every field."""
    diagram = isinstance(data, dict) and data.get("kind") == DiagramCertificate.kind
    top, problem = read_top(data, NAMES, {"objective", "region"} if diagram else {"objective"})
    most = MAX_DIMENSION_OF_REGION if diagram else MAX_DIMENSION
    objective = objective_from_json(problem["objective"], "problem.objective")
    if not isinstance(objective, FormulaObjective) or objective.dimension > most:
        raise CertificateError("problem.objective", f"must be a formula in at most {most} variables")
    region = _region(problem["region"], objective.dimension) if diagram else ()
    target = None if top["target"] is None else _target(top["target"], objective.dimension)
    box = None if top["enclosure"] is None else read_box(top["enclosure"], "enclosure")
    if (box is None) != (target is None) or (box is not None and len(box) != objective.dimension):
        raise CertificateError("enclosure", f"must be {objective.dimension} intervals, exactly if there is a target")
    chains = tuple(
        _chain(item, objective, f"branches[{i}]")
        for i, item in enumerate(read_list(top["branches"], "branches", MAX_CHAINS))
    )
    if chains and target is None:
        raise CertificateError("target", "must be there if there are branches")
    about = Branches(objective.dimension, chains, region)
    theorems = OF_DIAGRAMS if diagram else THEOREMS
    claims = tuple(read_claims(top["claims"], theorems, about, MAX_CLAIMS, len(chains)))
    require_claims(claims, "branch", "branch", len(chains))
    provenance = read_provenance(top["provenance"])
    if not diagram:
        return BranchCertificate(objective, target, chains, claims, provenance, box)
    _require_completeness(claims, target)
    return DiagramCertificate(objective, target, chains, claims, provenance, box, region)


def _require_completeness(claims: tuple[Claim, ...], target: TargetBox | None) -> None:
    if [claim.name == COMPLETENESS.name for claim in claims] != [False] * (len(claims) - 1) + [True]:
        raise CertificateError("claims", f"must end with {COMPLETENESS.name}, once")
    if claims[-1].status is Status.PROVED and target is None:
        raise CertificateError("target", "must be there if the diagram is complete")


def _region(data: object, d: int) -> tuple[tuple[Fraction, Fraction], ...]:
    sides = read_list(data, "problem.region", MAX_DIMENSION_OF_REGION)
    ends = [read_numbers(side, 2, f"problem.region[{i}]") for i, side in enumerate(sides)]
    region = tuple((low, high) for low, high in ends)
    if len(region) != d or not all(low < high for low, high in region):
        raise CertificateError("problem.region", f"must be {d} intervals [low, high], low < high")
    return region


def _target(data: object, d: int) -> TargetBox:
    entry = read_fields(data, {"centre", "radius", "preconditioner"}, "target")
    centre = read_numbers(entry["centre"], d, "target.centre")
    radius = read_positive(entry["radius"], d, "target.radius")
    return TargetBox(centre, radius, read_square(entry["preconditioner"], d, "target.preconditioner"))


def _chain(data: object, objective: Objective, field: str) -> Chain:
    entry = read_fields(data, {"from_critical", "to_critical", "cells"}, field)
    flags = [read_integer(entry[key], f"{field}.{key}") for key in ("from_critical", "to_critical")]
    if max(flags) > 1:
        raise CertificateError(f"{field}.from_critical", "and to_critical must be 0 or 1")
    cells = read_list(entry["cells"], f"{field}.cells", MAX_CELLS)
    links = tuple(_link(item, objective.dimension, f"{field}.cells[{i}]") for i, item in enumerate(cells))
    return Chain(links, bool(flags[0]), bool(flags[1]))


def _link(data: object, d: int, field: str) -> Link:
    names = {"centre", "frame", "bend", "span", "radius", "preconditioner", "start", "places", "parts"}
    entry = read_fields(data, names, field)
    low, high = read_interval(entry["span"], f"{field}.span")
    if not low < 0 < high:
        raise CertificateError(f"{field}.span", "must have 0 inside")
    cell = Cell(
        read_numbers(entry["centre"], d + 1, f"{field}.centre"),
        read_square(entry["frame"], d + 1, f"{field}.frame"),
        read_numbers(entry["bend"], d, f"{field}.bend"),
        (low, high),
        read_positive(entry["radius"], d, f"{field}.radius"),
        read_square(entry["preconditioner"], d, f"{field}.preconditioner"),
    )
    places = []
    for i, item in enumerate(read_list(entry["places"], f"{field}.places", MAX_PARTS)):
        place = read_fields(item, {"s", "centre", "radius"}, f"{field}.places[{i}]")
        s = read_dyadic(place["s"], f"{field}.places[{i}].s")
        places.append(_tube(s, s, place, d, f"{field}.places[{i}]"))
    start = read_dyadic(entry["start"], f"{field}.start")
    return Link(cell, tuple(places), _parts(entry["parts"], start, d, f"{field}.parts"))


def _parts(value: object, low: Fraction, d: int, field: str) -> tuple[Part, ...]:
    parts = []
    for i, item in enumerate(read_list(value, field, MAX_PARTS)):
        entry = read_fields(item, {"end", "turning", "stability", "centre", "radius"}, f"{field}[{i}]")
        for question, words in (("turning", TURNINGS), ("stability", STABILITIES)):
            if entry[question] not in words:
                raise CertificateError(f"{field}[{i}].{question}", f"must be one of {', '.join(words)}")
        high = read_dyadic(entry["end"], f"{field}[{i}].end")
        if not low < high:
            raise CertificateError(f"{field}[{i}].end", "must be above the end before")
        parts.append(Part(_tube(low, high, entry, d, f"{field}[{i}]"), entry["turning"], entry["stability"]))
        low = high
    if not parts:
        raise CertificateError(field, "must not be empty")
    return tuple(parts)


def _tube(low: Fraction, high: Fraction, entry: Mapping[str, object], d: int, field: str) -> Tube:
    centre = read_numbers(entry["centre"], d, f"{field}.centre")
    return Tube(low, high, centre, read_positive(entry["radius"], d, f"{field}.radius"))
