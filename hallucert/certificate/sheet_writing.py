"""Writing certificates of sheets."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from hallucert.certificate.sheet import SheetCertificate
from hallucert.certificate.writing import claim_json, header
from hallucert.exact import format_exact, format_rational
from hallucert.prove.manifold_chain import CurveChain


def to_json(certificate: SheetCertificate) -> dict[str, Any]:
    """Return the certificate as plain data, in the order of the file format."""
    problem = {"objective": certificate.objective.to_json(), "rho": format_rational(certificate.rho)}
    return {
        **header(certificate, problem),
        "sheets": [_chain(chain) for chain in certificate.chains],
        "claims": [claim_json(claim) for claim in certificate.all_claims],
    }


def _chain(chain: CurveChain) -> dict[str, Any]:
    cells = [
        {
            "centre": _numbers(cell.centre),
            "frame": [_numbers(row) for row in cell.frame],
            "span": _numbers(cell.span),
            "radius": _numbers(cell.radius),
            "preconditioner": [_numbers(row) for row in cell.preconditioner],
        }
        for cell in chain.cells
    ]
    return {"closed": int(chain.closed), "cells": cells}


def _numbers(values: Iterable[Fraction]) -> list[str]:
    return [format_exact(value) for value in values]
