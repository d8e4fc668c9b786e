"""Reading certificates of sheets from anyone: every field is checked, and whatever does not fit is named."""

from __future__ import annotations

from hallucert.certificate.fields import (
    read_fields,
    read_integer,
    read_list,
    read_numbers,
    read_positive,
    read_provenance,
    read_rho,
    read_square,
    require_claims,
    require_format,
)
from hallucert.certificate.piece_claims import read_piece_claim
from hallucert.certificate.sheet import SheetCertificate
from hallucert.certificate.writing import problem_digest
from hallucert.errors import CertificateError
from hallucert.objectives.reading import objective_from_json
from hallucert.prove.branch_cell import Cell
from hallucert.prove.manifold import QUESTIONS
from hallucert.prove.manifold_cell import straight_cell
from hallucert.prove.manifold_chain import CurveChain
from hallucert.prove.manifold_system import MAX_DIMENSION

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
        read_piece_claim(item, f"claims[{i}]", len(chains), QUESTIONS, NUMBERS)
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
