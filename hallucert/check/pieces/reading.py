"""Reading certificates of sheets and surfaces from anyone: every field is checked, and what does not fit is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hallucert.check.branch import system as branch_system
from hallucert.check.branch.cell import Cell
from hallucert.check.file.fields import (
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
from hallucert.check.file.writing import problem_digest
from hallucert.check.pieces.claims import read_piece_claim
from hallucert.check.sheet import claims as manifold
from hallucert.check.sheet import system as manifold_system
from hallucert.check.sheet.cell import straight_cell
from hallucert.check.sheet.certificate import SheetCertificate
from hallucert.check.sheet.chain import CurveChain
from hallucert.check.surface import claims as surface
from hallucert.check.surface.atlas import Atlas
from hallucert.check.surface.cell import Chart
from hallucert.check.surface.certificate import SurfaceCertificate
from hallucert.check.surface.part import SIDES
from hallucert.errors import CertificateError
from hallucert.objectives.reading import objective_from_json

MAX_PIECES, MAX_ITEMS, MAX_CLAIMS = 1000, 100_000, 10_000
POINTWISE = {
    "regular": ({"smallest_singular_value"},),
    "theorem_3_2": ({"smallest_eigenvalue_sym_Du"},),
    "projected_c32": ({"smallest_projected_eigenvalue"},),
    "attractor": ({"smallest_real_part", "step_bound"}, {"smallest_real_part"}),
}
"""The numbers that claims about every point of a piece may have."""


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


class _Kind(NamedTuple):
    """What differs between the two kinds."""

    certificate: Callable[..., Any]
    piece: Callable[..., Any]
    items: str
    item: Callable[[object, int, str], Any]
    dimension: int
    most_variables: int
    questions: Mapping[str, str]
    numbers: Mapping[str, Any]


KINDS = {
    "sheet": _Kind(
        SheetCertificate,
        CurveChain,
        "cells",
        _cell,
        1,
        manifold_system.MAX_DIMENSION,
        manifold.QUESTIONS,
        {"curve": ({"gradient_norm", "length"},), **POINTWISE, "turning": ({"turns"},)},
    ),
    "surface": _Kind(
        SurfaceCertificate,
        Atlas,
        "charts",
        _chart,
        SIDES,
        branch_system.MAX_DIMENSION,
        surface.QUESTIONS,
        {"surface": ({"gradient_norm"},), **POINTWISE, "topology": ({"euler_characteristic"},)},
    ),
}


def from_json(data: object) -> SheetCertificate | SurfaceCertificate:
    """Build the certificate of a sheet or a surface from plain data, checking every field."""
    names = {"format", "schema", "kind", "provenance", "problem", "digest", "sheets", "claims"}
    top = read_fields(data, names, "(file)")
    require_format(top)
    kind = KINDS[top["kind"]]
    problem = read_fields(top["problem"], {"objective", "rho"}, "problem")
    if top["digest"] != problem_digest(problem):
        raise CertificateError("digest", "is not the digest of the problem")
    objective = objective_from_json(problem["objective"], "problem.objective")
    d, dimension = objective.dimension, kind.dimension
    if not dimension < d <= kind.most_variables or objective.residual_count != d - dimension:
        must = f"must have {dimension + 1} to {kind.most_variables} variables and {dimension} fewer residuals"
        raise CertificateError("problem.objective", must)
    sheets = read_list(top["sheets"], "sheets", MAX_PIECES)
    pieces = tuple(_piece(kind, item, d, f"sheets[{i}]") for i, item in enumerate(sheets))
    claims = tuple(
        read_piece_claim(item, f"claims[{i}]", len(pieces), kind.questions, kind.numbers)
        for i, item in enumerate(read_list(top["claims"], "claims", MAX_CLAIMS))
    )
    require_claims(claims, next(iter(kind.questions)), "sheet", len(pieces))
    made = read_provenance(top["provenance"])
    return kind.certificate(objective, read_rho(problem["rho"]), pieces, claims, made)


def _piece(kind: _Kind, data: object, d: int, field: str) -> CurveChain | Atlas:
    entry = read_fields(data, {"closed", kind.items}, field)
    closed = read_integer(entry["closed"], f"{field}.closed")
    if closed > 1:
        raise CertificateError(f"{field}.closed", "must be 0 or 1")
    items = read_list(entry[kind.items], f"{field}.{kind.items}", MAX_ITEMS)
    read = tuple(kind.item(item, d, f"{field}.{kind.items}[{i}]") for i, item in enumerate(items))
    return kind.piece(read, bool(closed))
