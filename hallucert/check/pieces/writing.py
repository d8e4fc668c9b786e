"""Writing certificates of sheets and surfaces."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from hallucert.check.cell import Cell
from hallucert.check.file.claims import claim_json
from hallucert.check.file.fields import header
from hallucert.check.sheet.certificate import SheetCertificate
from hallucert.check.surface.cell import Chart
from hallucert.check.surface.certificate import SurfaceCertificate
from hallucert.exact import format_exact, format_rational


def to_json(certificate: SheetCertificate | SurfaceCertificate) -> dict[str, Any]:
    """Return the certificate as plain data, in the order of the file format."""
    problem = {"objective": certificate.objective.to_json(), "rho": format_rational(certificate.rho)}
    if isinstance(certificate, SheetCertificate):
        pieces = [{"closed": int(c.closed), "cells": [_item(cell) for cell in c.cells]} for c in certificate.chains]
    else:
        pieces = [
            {"closed": int(a.closed), "charts": [_item(chart) for chart in a.charts]} for a in certificate.atlases
        ]
    claims = [claim_json(claim) for claim in certificate.all_claims]
    return {**header(certificate, problem), "sheets": pieces, "claims": claims}


def _item(item: Cell | Chart) -> dict[str, Any]:
    """A cell or a chart."""
    return {
        "centre": _numbers(item.centre),
        "frame": [_numbers(row) for row in item.frame],
        **({"span": _numbers(item.span)} if isinstance(item, Cell) else {"half_width": format_exact(item.half_width)}),
        "radius": _numbers(item.radius),
        "preconditioner": [_numbers(row) for row in item.preconditioner],
    }


def _numbers(values: Iterable[Fraction]) -> list[str]:
    return [format_exact(value) for value in values]
