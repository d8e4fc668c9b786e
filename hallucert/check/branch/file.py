"""Files of branches and diagrams: reading from anyone, with every field checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from hallucert.check.branch.certificate import (
    COMPLETENESS,
    OF_DIAGRAMS,
    THEOREMS,
    BranchCertificate,
    Branches,
    DiagramCertificate,
)
from hallucert.check.branch.chain import WORDS, Chain, Link, Part
from hallucert.check.branch.region import MAX_DIMENSION as MAX_DIMENSION_OF_REGION
from hallucert.check.branch.system import MAX_DIMENSION, TargetBox
from hallucert.check.cell import Cell, Tube
from hallucert.check.claim import Claim, Status
from hallucert.check.file import fields
from hallucert.check.file.cells import read_flag, read_numbers, read_positive, read_square, require_claims
from hallucert.check.file.claims import read_claims
from hallucert.check.file.fields import JSON
from hallucert.errors import CertificateError
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.reading import objective_from_json

MAX_CHAINS, MAX_CELLS, MAX_PARTS, MAX_CLAIMS = 1000, 100_000, 10_000, 100_000
Reader = Callable[[JSON, int, str], Any]
"""From an entry, the number of variables and the path of the entry to what stands there."""

TARGET: Mapping[str, Reader] = {
    "centre": read_numbers,
    "radius": read_positive,
    "preconditioner": read_square,
}
TUBE: Mapping[str, Reader] = {"centre": read_numbers, "radius": read_positive}
CELL: Mapping[str, Reader] = {
    "centre": lambda value, d, field: read_numbers(value, d + 1, field),
    "frame": lambda value, d, field: read_square(value, d + 1, field),
    "bend": read_numbers,
    "span": lambda value, d, field: _span(value, field),
    "radius": read_positive,
    "preconditioner": read_square,
}
NAMES = {"format", "schema", "kind", "provenance", "problem", "digest", "target", "enclosure", "branches", "claims"}
"""The fields of a file."""


def from_json(data: object) -> BranchCertificate:
    """Build a certificate from plain data, checking every field."""
    diagram = isinstance(data, dict) and data.get("kind") == DiagramCertificate.kind
    top, problem = fields.read_top(data, NAMES, {"objective", "region"} if diagram else {"objective"})
    most = MAX_DIMENSION_OF_REGION if diagram else MAX_DIMENSION
    objective = objective_from_json(problem["objective"], "problem.objective")
    if not isinstance(objective, FormulaObjective) or objective.dimension > most:
        raise CertificateError("problem.objective", f"must be a formula in at most {most} variables")
    region = _region(problem["region"], objective.dimension) if diagram else ()
    target = None if top["target"] is None else _target(top["target"], objective.dimension)
    box = None if top["enclosure"] is None else fields.read_box(top["enclosure"], "enclosure")
    if (box is None) != (target is None) or (box is not None and len(box) != objective.dimension):
        raise CertificateError("enclosure", f"must be {objective.dimension} intervals, exactly if there is a target")
    chains = tuple(
        _chain(item, objective.dimension, f"branches[{i}]")
        for i, item in enumerate(fields.read_list(top["branches"], "branches", MAX_CHAINS))
    )
    if chains and target is None:
        raise CertificateError("target", "must be there if there are branches")
    about = Branches(objective.dimension, chains, region)
    theorems = OF_DIAGRAMS if diagram else THEOREMS
    claims = tuple(read_claims(top["claims"], theorems, about, MAX_CLAIMS, len(chains)))
    require_claims(claims, "branch", "branch", len(chains))
    provenance = fields.read_provenance(top["provenance"])
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
    sides = fields.read_list(data, "problem.region", MAX_DIMENSION_OF_REGION)
    ends = [read_numbers(side, 2, f"problem.region[{i}]") for i, side in enumerate(sides)]
    region = tuple((low, high) for low, high in ends)
    if len(region) != d or not all(low < high for low, high in region):
        raise CertificateError("problem.region", f"must be {d} intervals [low, high], low < high")
    return region


def _read(readers: Mapping[str, Reader], data: JSON, d: int, path: str) -> dict[str, Any]:
    """Return the values of some fields of an object."""
    return {name: read(data[name], d, f"{path}.{name}") for name, read in readers.items()}


def _target(data: JSON, d: int) -> TargetBox:
    return TargetBox(**_read(TARGET, fields.read_fields(data, set(TARGET), "target"), d, "target"))


def _span(value: JSON, field: str) -> tuple[Fraction, Fraction]:
    low, high = fields.read_interval(value, field)
    if not low < 0 < high:
        raise CertificateError(field, "must have 0 inside")
    return low, high


def _chain(data: JSON, d: int, field: str) -> Chain:
    entry = fields.read_fields(data, {"from_critical", "to_critical", "cells"}, field)
    flags = [read_flag(entry[key], f"{field}.{key}") for key in ("from_critical", "to_critical")]
    cells = fields.read_list(entry["cells"], f"{field}.cells", MAX_CELLS)
    links = tuple(_link(item, d, f"{field}.cells[{i}]") for i, item in enumerate(cells))
    return Chain(links, *flags)


def _link(data: JSON, d: int, field: str) -> Link:
    entry = fields.read_fields(data, {*CELL, "start", "places", "parts"}, field)
    cell, places = Cell(**_read(CELL, entry, d, field)), []
    for i, item in enumerate(fields.read_list(entry["places"], f"{field}.places", MAX_PARTS)):
        path = f"{field}.places[{i}]"
        s = fields.read_dyadic(fields.read_fields(item, {"s", *TUBE}, path)["s"], f"{path}.s")
        places.append(Tube(s, s, **_read(TUBE, item, d, path)))
    start = fields.read_dyadic(entry["start"], f"{field}.start")
    return Link(cell, tuple(places), _parts(entry["parts"], start, d, f"{field}.parts"))


def _parts(value: JSON, low: Fraction, d: int, field: str) -> tuple[Part, ...]:
    parts = []
    for i, item in enumerate(fields.read_list(value, field, MAX_PARTS)):
        path = f"{field}[{i}]"
        entry = fields.read_fields(item, {"end", *WORDS, *TUBE}, path)
        for question, words in WORDS.items():
            if entry[question] not in words:
                raise CertificateError(f"{path}.{question}", f"must be one of {', '.join(words)}")
        high = fields.read_dyadic(entry["end"], f"{path}.end")
        if not low < high:
            raise CertificateError(f"{path}.end", "must be above the end before")
        tube = Tube(low, high, **_read(TUBE, entry, d, path))
        parts.append(Part(tube, *(entry[question] for question in WORDS)))
        low = high
    if not parts:
        raise CertificateError(field, "must not be empty")
    return tuple(parts)
