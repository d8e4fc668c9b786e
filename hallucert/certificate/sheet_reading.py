"""Reading certificates of sheets from anyone: every field is checked, and whatever does not fit is named."""

from __future__ import annotations

from collections.abc import Mapping

from hallucert.certificate.fields import (
    read_fields,
    read_integer,
    read_interval,
    read_list,
    read_numbers,
    read_positive,
    read_provenance,
    read_rho,
    read_square,
    read_text,
    require_claims,
    require_format,
)
from hallucert.certificate.sheet import SheetCertificate
from hallucert.certificate.writing import problem_digest
from hallucert.errors import CertificateError
from hallucert.objectives.reading import objective_from_json
from hallucert.prove.branch_cell import Cell
from hallucert.prove.claims import Claim, Enclosure, Status
from hallucert.prove.manifold import QUESTIONS
from hallucert.prove.manifold_cell import straight_cell
from hallucert.prove.manifold_chain import CurveChain
from hallucert.prove.manifold_system import MAX_DIMENSION
from hallucert.prove.reasons import Reason

MAX_CHAINS, MAX_CELLS, MAX_CLAIMS = 1000, 100_000, 10_000
NUMBERS = {
    "curve": ({"gradient_norm", "length"},),
    "regular": ({"smallest_singular_value"},),
    "theorem_3_2": ({"smallest_eigenvalue_sym_Du"},),
    "projected_c32": ({"smallest_projected_eigenvalue"},),
    "attractor": ({"smallest_real_part", "step_bound"}, {"smallest_real_part"}),
    "turning": ({"turns"},),
}
"""The numbers that each claim may have."""


def from_json(data: object) -> SheetCertificate:
    """Build the certificate of a sheet from plain data, checking every field."""
    names = {"format", "schema", "kind", "provenance", "problem", "digest", "sheets", "claims"}
    top = read_fields(data, names, "(file)")
    require_format(top)
    problem = read_fields(top["problem"], {"objective", "rho"}, "problem")
    if top["digest"] != problem_digest(problem):
        raise CertificateError("digest", "is not the digest of the problem")
    objective = objective_from_json(problem["objective"], "problem.objective")
    d = objective.dimension
    if not 2 <= d <= MAX_DIMENSION or objective.residual_count != d - 1:
        must = f"must have 2 to {MAX_DIMENSION} variables and one residual fewer"
        raise CertificateError("problem.objective", must)
    sheets = read_list(top["sheets"], "sheets", MAX_CHAINS)
    chains = tuple(_chain(item, d, f"sheets[{i}]") for i, item in enumerate(sheets))
    claims = tuple(
        _claim(item, f"claims[{i}]", len(chains))
        for i, item in enumerate(read_list(top["claims"], "claims", MAX_CLAIMS))
    )
    require_claims(claims, "curve", "sheet", len(chains))
    return SheetCertificate(objective, read_rho(problem["rho"]), chains, claims, read_provenance(top["provenance"]))


def _chain(data: object, d: int, field: str) -> CurveChain:
    entry = read_fields(data, {"closed", "cells"}, field)
    closed = read_integer(entry["closed"], f"{field}.closed")
    if closed > 1:
        raise CertificateError(f"{field}.closed", "must be 0 or 1")
    items = read_list(entry["cells"], f"{field}.cells", MAX_CELLS)
    return CurveChain(tuple(_cell(item, d, f"{field}.cells[{i}]") for i, item in enumerate(items)), bool(closed))


def _cell(data: object, d: int, field: str) -> Cell:
    entry = read_fields(data, {"centre", "frame", "span", "radius", "preconditioner"}, field)
    low, high = read_numbers(entry["span"], 2, f"{field}.span")
    radius = read_positive(entry["radius"], d - 1, f"{field}.radius")
    if not low < 0 < high:
        raise CertificateError(f"{field}.span", "must have 0 inside")
    return straight_cell(
        read_numbers(entry["centre"], d, f"{field}.centre"),
        read_square(entry["frame"], d, f"{field}.frame"),
        (low, high),
        radius,
        read_square(entry["preconditioner"], d - 1, f"{field}.preconditioner"),
    )


def _claim(data: object, field: str, chains: int) -> Claim:
    entry = read_fields(data, {"name", "status", "statement", "inputs", "numbers", "reason"}, field)
    name, numbers = entry["name"], entry["numbers"]
    if not isinstance(name, str) or name not in QUESTIONS:
        raise CertificateError(f"{field}.name", "is not the name of a claim about a sheet")
    if not isinstance(numbers, Mapping) or not isinstance(entry["inputs"], Mapping):
        raise CertificateError(f"{field}.numbers", "and inputs must be objects")
    if entry["status"] not in tuple(Status):
        raise CertificateError(f"{field}.status", f"must be one of {', '.join(Status)}")
    status = Status(entry["status"])
    if status is Status.UNDECIDED and not entry["inputs"]:
        inputs = {}
    else:
        number = read_integer(read_fields(entry["inputs"], {"sheet"}, f"{field}.inputs")["sheet"], f"{field}.inputs")
        if not 1 <= number <= chains:
            raise CertificateError(f"{field}.inputs.sheet", f"must be from 1 to {chains}")
        inputs = {"sheet": number}
    if status is Status.UNDECIDED:
        if numbers or entry["statement"] != QUESTIONS[name] or entry["reason"] not in tuple(Reason):
            raise CertificateError(
                f"{field}.statement", "of an undecided claim is its question, with a known reason only"
            )
        return Claim(name, status, QUESTIONS[name], inputs=inputs, reason=Reason(entry["reason"]))
    if entry["reason"] is not None:
        raise CertificateError(f"{field}.reason", "must be there exactly if the claim is undecided")
    if set(numbers) not in NUMBERS[name]:
        raise CertificateError(f"{field}.numbers", f"must be {', '.join(sorted(NUMBERS[name][0]))}")
    return Claim(
        name,
        status,
        read_text(entry["statement"], f"{field}.statement"),
        {str(key): Enclosure(*read_interval(numbers[key], f"{field}.numbers.{key}")) for key in numbers},
        inputs,
    )
