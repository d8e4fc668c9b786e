"""Reading certificates of branches from anyone: every field is checked, and whatever does not fit is named."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from hallucert.check.branch.cell import Cell
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.branch.chain import Chain, Link
from hallucert.check.branch.claims import THEOREMS, Branches
from hallucert.check.branch.parts import UNDECIDED, Part
from hallucert.check.branch.stability import ATTRACTING, REPELLING
from hallucert.check.branch.system import MAX_DIMENSION
from hallucert.check.branch.target import TargetBox
from hallucert.check.branch.turning import FALLING, FOLD, GROWING
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
TURNING, STABILITY = (GROWING, FALLING, FOLD, UNDECIDED), (ATTRACTING, REPELLING, UNDECIDED)
NAMES = {"format", "schema", "kind", "provenance", "problem", "digest", "target", "enclosure", "branches", "claims"}
"""The fields of a file."""


class Read(NamedTuple):
    """What files of branches and of diagrams have in common."""

    objective: FormulaObjective
    target: TargetBox | None
    chains: tuple[Chain, ...]
    box: tuple[tuple[Fraction, Fraction], ...] | None


def from_json(data: object) -> BranchCertificate:
    """Build the certificate of a branch from plain data, checking every field."""
    top, problem = read_top(data, NAMES, {"objective"})
    objective, target, chains, box = read_branches(top, problem)
    about = Branches(objective.dimension, chains)
    claims = tuple(read_claims(top["claims"], THEOREMS, about, MAX_CLAIMS, len(chains)))
    require_claims(claims, "branch", "branch", len(chains))
    return BranchCertificate(objective, target, chains, claims, read_provenance(top["provenance"]), box)


def read_branches(top: Mapping[str, Any], problem: Mapping[str, Any]) -> Read:
    """Return function, target, cells and enclosure of a file."""
    objective = objective_from_json(problem["objective"], "problem.objective")
    if not isinstance(objective, FormulaObjective) or objective.dimension > MAX_DIMENSION:
        raise CertificateError("problem.objective", f"must be a formula in at most {MAX_DIMENSION} variables")
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
    return Read(objective, target, chains, box)


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
    names = {"centre", "frame", "bend", "span", "radius", "preconditioner", "start", "turning", "stability"}
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
    return Link(
        cell,
        read_dyadic(entry["start"], f"{field}.start"),
        _parts(entry["turning"], TURNING, f"{field}.turning"),
        _parts(entry["stability"], STABILITY, f"{field}.stability"),
    )


def _parts(value: object, words: tuple[str, ...], field: str) -> tuple[Part, ...]:
    parts = []
    for i, item in enumerate(read_list(value, field, MAX_PARTS)):
        pair = read_list(item, f"{field}[{i}]", 2)
        if len(pair) != 2 or pair[1] not in words:
            raise CertificateError(f"{field}[{i}]", f"must be [end, word], the word one of {', '.join(words)}")
        parts.append(Part(read_dyadic(pair[0], f"{field}[{i}][0]"), str(pair[1])))
    return tuple(parts)
