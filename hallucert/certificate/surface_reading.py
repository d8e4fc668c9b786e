"""Reading certificates of surfaces from anyone: every field is checked, and whatever does not fit is named."""

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
from hallucert.certificate.surface import SurfaceCertificate
from hallucert.certificate.writing import problem_digest
from hallucert.errors import CertificateError
from hallucert.objectives.reading import objective_from_json
from hallucert.prove.branch_system import MAX_DIMENSION
from hallucert.prove.surface import QUESTIONS
from hallucert.prove.surface_atlas import Atlas
from hallucert.prove.surface_cell import Chart
from hallucert.prove.surface_part import SIDES

MAX_ATLASES, MAX_CHARTS, MAX_CLAIMS = 1000, 100_000, 10_000
NUMBERS = {
    "surface": ({"gradient_norm"},),
    "regular": ({"smallest_singular_value"},),
    "theorem_3_2": ({"smallest_eigenvalue_sym_Du"},),
    "projected_c32": ({"smallest_projected_eigenvalue"},),
    "attractor": ({"smallest_real_part", "step_bound"}, {"smallest_real_part"}),
    "topology": ({"euler_characteristic"},),
}
"""The numbers that each claim may have."""


def from_json(data: object) -> SurfaceCertificate:
    """Build the certificate of a surface from plain data, checking every field."""
    names = {"format", "schema", "kind", "provenance", "problem", "digest", "sheets", "claims"}
    top = read_fields(data, names, "(file)")
    require_format(top)
    problem = read_fields(top["problem"], {"objective", "rho"}, "problem")
    if top["digest"] != problem_digest(problem):
        raise CertificateError("digest", "is not the digest of the problem")
    objective = objective_from_json(problem["objective"], "problem.objective")
    d = objective.dimension
    if not 3 <= d <= MAX_DIMENSION or objective.residual_count != d - SIDES:
        must = f"must have 3 to {MAX_DIMENSION} variables and two residuals fewer"
        raise CertificateError("problem.objective", must)
    sheets = read_list(top["sheets"], "sheets", MAX_ATLASES)
    atlases = tuple(_atlas(item, d, f"sheets[{i}]") for i, item in enumerate(sheets))
    claims = tuple(
        read_piece_claim(item, f"claims[{i}]", len(atlases), QUESTIONS, NUMBERS)
        for i, item in enumerate(read_list(top["claims"], "claims", MAX_CLAIMS))
    )
    require_claims(claims, "surface", "sheet", len(atlases))
    rho, made = read_rho(problem["rho"]), read_provenance(top["provenance"])
    return SurfaceCertificate(objective, rho, atlases, claims, made)


def _atlas(data: object, d: int, field: str) -> Atlas:
    entry = read_fields(data, {"closed", "charts"}, field)
    closed = read_integer(entry["closed"], f"{field}.closed")
    if closed > 1:
        raise CertificateError(f"{field}.closed", "must be 0 or 1")
    items = read_list(entry["charts"], f"{field}.charts", MAX_CHARTS)
    return Atlas(tuple(_chart(item, d, f"{field}.charts[{i}]") for i, item in enumerate(items)), bool(closed))


def _chart(data: object, d: int, field: str) -> Chart:
    entry = read_fields(data, {"centre", "frame", "half_width", "radius", "preconditioner"}, field)
    unknowns, equations = 2 * d + 1, 2 * d + 1 - SIDES
    (half_width,) = read_positive([entry["half_width"]], 1, f"{field}.half_width")
    return Chart(
        read_numbers(entry["centre"], unknowns, f"{field}.centre"),
        read_square(entry["frame"], unknowns, f"{field}.frame"),
        half_width,
        read_positive(entry["radius"], equations, f"{field}.radius"),
        read_square(entry["preconditioner"], equations, f"{field}.preconditioner"),
    )
