"""Reading certificates of sheets and surfaces from anyone: every field is checked, and what does not fit is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hallucert.check.branch import system as branch_system
from hallucert.check.cell import Cell
from hallucert.check.claim import Theorem
from hallucert.check.file.claims import read_claims
from hallucert.check.file.fields import (
    read_fields,
    read_integer,
    read_list,
    read_numbers,
    read_positive,
    read_provenance,
    read_rho,
    read_square,
    read_top,
    require_claims,
)
from hallucert.check.pieces.sentences import Pieces
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
    noun: str
    theorems: Mapping[str, Theorem[Pieces]]


KINDS = {
    "sheet": _Kind(
        SheetCertificate,
        CurveChain,
        "cells",
        _cell,
        1,
        manifold_system.MAX_DIMENSION,
        "curve",
        manifold.THEOREMS,
    ),
    "surface": _Kind(
        SurfaceCertificate,
        Atlas,
        "charts",
        _chart,
        SIDES,
        branch_system.MAX_DIMENSION,
        "surface",
        surface.THEOREMS,
    ),
}


def from_json(data: object) -> SheetCertificate | SurfaceCertificate:
    """Build the certificate of a sheet or a surface from plain data, checking every field."""
    names = {"format", "schema", "kind", "provenance", "problem", "digest", "sheets", "claims"}
    top, problem = read_top(data, names, {"objective", "rho"})
    kind = KINDS[top["kind"]]
    objective = objective_from_json(problem["objective"], "problem.objective")
    d, dimension = objective.dimension, kind.dimension
    if not dimension < d <= kind.most_variables or objective.residual_count != d - dimension:
        must = f"must have {dimension + 1} to {kind.most_variables} variables and {dimension} fewer residuals"
        raise CertificateError("problem.objective", must)
    sheets = read_list(top["sheets"], "sheets", MAX_PIECES)
    pieces = tuple(_piece(kind, item, d, f"sheets[{i}]") for i, item in enumerate(sheets))
    rho = read_rho(problem["rho"])
    about = Pieces(rho, kind.noun, tuple((piece.closed, len(getattr(piece, kind.items))) for piece in pieces))
    claims = tuple(read_claims(top["claims"], kind.theorems, about, MAX_CLAIMS, len(pieces)))
    require_claims(claims, next(iter(kind.theorems)), "sheet", len(pieces))
    result: SheetCertificate | SurfaceCertificate = kind.certificate(
        objective, rho, pieces, claims, read_provenance(top["provenance"])
    )
    return result


def _piece(kind: _Kind, data: object, d: int, field: str) -> CurveChain | Atlas:
    entry = read_fields(data, {"closed", kind.items}, field)
    closed = read_integer(entry["closed"], f"{field}.closed")
    if closed > 1:
        raise CertificateError(f"{field}.closed", "must be 0 or 1")
    items = read_list(entry[kind.items], f"{field}.{kind.items}", MAX_ITEMS)
    read = tuple(kind.item(item, d, f"{field}.{kind.items}[{i}]") for i, item in enumerate(items))
    result: CurveChain | Atlas = kind.piece(read, bool(closed))
    return result
