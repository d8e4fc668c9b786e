"""Certificates of sheets and surfaces as plain data, in the order of the file format."""

from __future__ import annotations

from hallucert.check.file.fields import JSON
from hallucert.check.sheet.certificate import SheetCertificate, SurfaceCertificate
from hallucert.check.sheet.curve import CurveChain
from hallucert.check.sheet.file import OF_ITEMS
from hallucert.check.sheet.surface_atlas import Atlas
from hallucert.check.writing.fields import claim_json, header, plain, record
from hallucert.exact import format_rational


def to_json(certificate: SheetCertificate | SurfaceCertificate) -> dict[str, JSON]:
    """Return the certificate as plain data, in the order of the file format."""
    problem = {"objective": certificate.objective.to_json(), "rho": format_rational(certificate.rho)}
    return {
        **header(certificate, problem),
        "sheets": [_piece_json(piece) for piece in certificate.pieces],
        "claims": [claim_json(claim) for claim in certificate.all_claims],
    }


def _piece_json(piece: CurveChain | Atlas) -> dict[str, JSON]:
    if isinstance(piece, CurveChain):
        cells = zip(piece.cells, piece.cuts, strict=True)
        entries = [{**record(cell, ("span", *OF_ITEMS)), "cuts": plain(cuts)} for cell, cuts in cells]
        return {"closed": int(piece.closed), "cells": entries}
    charts = zip(piece.charts, piece.edges, piece.cuts, strict=True)
    entries = [{**record(chart, ("half_width", *OF_ITEMS)), **plain({"edges": e, "cuts": c})} for chart, e, c in charts]
    return {"closed": int(piece.closed), "charts": entries}
