"""Files of certificates of sheets and surfaces: every field is checked, and what does not fit is named."""

from __future__ import annotations

from collections.abc import Mapping

from hallucert.check.branch.system import MAX_DIMENSION as MAX_SURFACE_DIMENSION
from hallucert.check.cell import Cell
from hallucert.check.file import fields
from hallucert.check.file.cells import read_flag, read_numbers, read_positive, read_square, require_claims
from hallucert.check.file.claims import read_claims
from hallucert.check.file.fields import JSON
from hallucert.check.sheet.certificate import SheetCertificate, SurfaceCertificate
from hallucert.check.sheet.claims import THEOREMS, Pieces
from hallucert.check.sheet.curve import MAX_DIMENSION, CurveChain, straight_cell
from hallucert.check.sheet.surface_atlas import Atlas
from hallucert.check.sheet.surface_chart import SIDES, Chart
from hallucert.check.subdivision import Subdivision
from hallucert.errors import CertificateError
from hallucert.objectives.reading import objective_from_json

OF_ITEMS = ("centre", "frame", "radius", "preconditioner")
"""What cells and charts have in common."""

MAX_PIECES, MAX_ITEMS, MAX_CLAIMS = 1000, 100_000, 10_000


def from_json(data: object) -> SheetCertificate | SurfaceCertificate:
    """Build the certificate of a sheet or a surface from plain data, checking every field."""
    names = {"format", "schema", "kind", "provenance", "problem", "digest", "sheets", "claims"}
    top, problem = fields.read_top(data, names, {"objective", "rho"})
    curves = top["kind"] == SheetCertificate.kind
    noun, dimension, most = ("curve", 1, MAX_DIMENSION) if curves else ("surface", SIDES, MAX_SURFACE_DIMENSION)
    objective = objective_from_json(problem["objective"], "problem.objective")
    d = objective.dimension
    if not dimension < d <= most or objective.residual_count != d - dimension:
        must = f"must have {dimension + 1} to {most} variables and {dimension} fewer residuals"
        raise CertificateError("problem.objective", must)
    sheets = fields.read_list(top["sheets"], "sheets", MAX_PIECES)
    chains = tuple(_chain(item, d, f"sheets[{i}]") for i, item in enumerate(sheets)) if curves else ()
    atlases = () if curves else tuple(_atlas(item, d, f"sheets[{i}]") for i, item in enumerate(sheets))
    rho = fields.read_rho(problem["rho"])
    about = Pieces.of(rho, noun, chains or atlases)
    claims = tuple(read_claims(top["claims"], THEOREMS[noun], about, MAX_CLAIMS, len(sheets)))
    require_claims(claims, noun, "sheet", len(sheets))
    provenance = fields.read_provenance(top["provenance"])
    if curves:
        return SheetCertificate(objective, rho, chains, claims, provenance)
    return SurfaceCertificate(objective, rho, atlases, claims, provenance)


def _chain(data: object, d: int, field: str) -> CurveChain:
    closed, items = _items(data, "cells", {"span", "cuts"}, field)
    cells = tuple(_cell(entry, d, where) for where, entry in items)
    return CurveChain(
        cells, closed, tuple(fields.read_subdivision(entry["cuts"], f"{where}.cuts") for where, entry in items)
    )


def _atlas(data: object, d: int, field: str) -> Atlas:
    closed, items = _items(data, "charts", {"half_width", "edges", "cuts"}, field)
    charts = tuple(_chart(entry, d, where) for where, entry in items)
    edges = tuple(_edges(entry["edges"], f"{where}.edges") for where, entry in items)
    return Atlas(
        charts, closed, edges, tuple(fields.read_subdivision(entry["cuts"], f"{where}.cuts") for where, entry in items)
    )


def _edges(data: object, field: str) -> tuple[Subdivision, ...]:
    return tuple(
        fields.read_subdivision(cuts, f"{field}[{i}]")
        for i, cuts in enumerate(fields.read_list(data, field, 2 * SIDES))
    )


def _items(data: object, name: str, own: set[str], field: str) -> tuple[bool, list[tuple[str, Mapping[str, JSON]]]]:
    """Return whether a piece is closed, and the entries of its cells or charts, each with its place."""
    entry = fields.read_fields(data, {"closed", name}, field)
    closed = read_flag(entry["closed"], f"{field}.closed")
    items = []
    for i, item in enumerate(fields.read_list(entry[name], f"{field}.{name}", MAX_ITEMS)):
        where = f"{field}.{name}[{i}]"
        items.append((where, fields.read_fields(item, {*OF_ITEMS, *own}, where)))
    return closed, items


def _cell(entry: Mapping[str, JSON], d: int, field: str) -> Cell:
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


def _chart(entry: Mapping[str, JSON], d: int, field: str) -> Chart:
    unknowns, equations = 2 * d + 1, 2 * d + 1 - SIDES
    (half_width,) = read_positive([entry["half_width"]], 1, f"{field}.half_width")
    return Chart(
        read_numbers(entry["centre"], unknowns, f"{field}.centre"),
        read_square(entry["frame"], unknowns, f"{field}.frame"),
        half_width,
        read_positive(entry["radius"], equations, f"{field}.radius"),
        read_square(entry["preconditioner"], equations, f"{field}.preconditioner"),
    )
