"""Writing certificates of surfaces."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from hallucert.certificate.surface import SurfaceCertificate
from hallucert.certificate.writing import claim_json, header
from hallucert.exact import format_exact, format_rational
from hallucert.prove.surface_atlas import Atlas


def to_json(certificate: SurfaceCertificate) -> dict[str, Any]:
    """Return the certificate as plain data, in the order of the file format."""
    problem = {"objective": certificate.objective.to_json(), "rho": format_rational(certificate.rho)}
    return {
        **header(certificate, problem),
        "sheets": [_atlas(atlas) for atlas in certificate.atlases],
        "claims": [claim_json(claim) for claim in certificate.all_claims],
    }


def _atlas(atlas: Atlas) -> dict[str, Any]:
    charts = [
        {
            "centre": _numbers(chart.centre),
            "frame": [_numbers(row) for row in chart.frame],
            "half_width": format_exact(chart.half_width),
            "radius": _numbers(chart.radius),
            "preconditioner": [_numbers(row) for row in chart.preconditioner],
        }
        for chart in atlas.charts
    ]
    return {"closed": int(atlas.closed), "charts": charts}


def _numbers(values: Iterable[Fraction]) -> list[str]:
    return [format_exact(value) for value in values]
