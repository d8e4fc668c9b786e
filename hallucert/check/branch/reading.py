"""Reading certificates of branches from anyone: every field is checked, and whatever does not fit is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hallucert.check.branch.cell import Cell
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.branch.chain import Chain, Link
from hallucert.check.branch.claims import QUESTIONS
from hallucert.check.branch.parts import UNDECIDED, Part
from hallucert.check.branch.stability import ATTRACTING, REPELLING
from hallucert.check.branch.system import MAX_DIMENSION
from hallucert.check.branch.target import TargetBox
from hallucert.check.branch.turning import FALLING, FOLD, GROWING
from hallucert.check.claim import Claim, Enclosure, Status
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
    read_text,
    require_claims,
    require_format,
)
from hallucert.check.file.writing import problem_digest
from hallucert.check.reason import Reason
from hallucert.errors import CertificateError
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.reading import objective_from_json

MAX_CHAINS, MAX_CELLS, MAX_PARTS, MAX_CLAIMS = 1000, 100_000, 10_000, 100_000
TURNING, STABILITY = (GROWING, FALLING, FOLD, UNDECIDED), (ATTRACTING, REPELLING, UNDECIDED)
NUMBERS = {
    "target": {"smallest_hessian_eigenvalue", "largest_hessian_eigenvalue"},
    "branch": {"rho_start", "rho_end"},
    "fold": {"rho", "second_derivative"},
    "stability": {"rho_from", "rho_to"},
}
"""The numbers of each claim."""


def from_json(data: object) -> BranchCertificate:
    """Build the certificate of a branch from plain data, checking every field."""
    names = {"format", "schema", "kind", "provenance", "problem", "digest", "target", "enclosure", "branches", "claims"}
    top = read_fields(data, names, "(file)")
    require_format(top)
    problem = read_fields(top["problem"], {"objective"}, "problem")
    if top["digest"] != problem_digest(problem):
        raise CertificateError("digest", "is not the digest of the problem")
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
    claims = tuple(
        _claim(item, f"claims[{i}]", len(chains))
        for i, item in enumerate(read_list(top["claims"], "claims", MAX_CLAIMS))
    )
    require_claims(claims, "branch", "branch", len(chains))
    return BranchCertificate(objective, target, chains, claims, read_provenance(top["provenance"]), box)


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


def _claim(data: object, field: str, chains: int) -> Claim:
    entry = read_fields(data, {"name", "status", "statement", "inputs", "numbers", "reason"}, field)
    name = entry["name"]
    if not isinstance(name, str) or name not in QUESTIONS:
        raise CertificateError(f"{field}.name", "is not the name of a claim about a branch")
    inputs, numbers = _inputs(entry["inputs"], name, chains, field), entry["numbers"]
    if not isinstance(numbers, Mapping):
        raise CertificateError(f"{field}.numbers", "must be an object")
    if entry["status"] == Status.UNDECIDED:
        if numbers or inputs or entry["statement"] != QUESTIONS[name] or entry["reason"] not in tuple(Reason):
            raise CertificateError(
                f"{field}.statement", "of an undecided claim is its question, with a known reason only"
            )
        return Claim(name, Status.UNDECIDED, QUESTIONS[name], reason=Reason(entry["reason"]))
    if entry["status"] != Status.PROVED or entry["reason"] is not None:
        raise CertificateError(f"{field}.status", "must be proved, without a reason, or undecided")
    if set(numbers) != NUMBERS[name]:
        raise CertificateError(f"{field}.numbers", f"must be {', '.join(sorted(NUMBERS[name]))}")
    return Claim(
        name,
        Status.PROVED,
        read_text(entry["statement"], f"{field}.statement"),
        {key: Enclosure(*read_interval(numbers[key], f"{field}.numbers.{key}")) for key in numbers},
        inputs,
    )


def _inputs(data: Any, name: str, chains: int, field: str) -> dict[str, int]:
    if not isinstance(data, Mapping) or not data:
        read_fields(data, set(), f"{field}.inputs")
        return {}
    number = read_integer(read_fields(data, {"branch"}, f"{field}.inputs")["branch"], f"{field}.inputs.branch")
    if name == "target" or not 1 <= number <= chains:
        raise CertificateError(f"{field}.inputs.branch", f"must be from 1 to {chains}")
    return {"branch": number}
