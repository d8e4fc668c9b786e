"""Certify a sheet: from a continuation in floats to theorems about the exact curve near it."""

from __future__ import annotations

from collections.abc import Sequence

from hallucert import __version__
from hallucert.balls import arithmetic
from hallucert.certificate.certificate import Provenance
from hallucert.certificate.sheet import SheetCertificate
from hallucert.errors import ArgumentError
from hallucert.prove.manifold_proposal import CurveGuide
from hallucert.prove.manifold_prover import prove_sheet
from hallucert.prove.manifold_system import MAX_DIMENSION
from hallucert.sheet import Sheet

PRECISION = 106
"""Bits by default."""

MAX_CELLS = 20_000


def certify_sheet(sheet: Sheet, backend: str, precisions: Sequence[int] | None, budget: float) -> SheetCertificate:
    """Prove what can be proved about `sheet`; see `hallucert.certify`.

    Raises
    ------
    ArgumentError
        If the function has too many variables.
    NotAnalyticError
        If the objective is float-only.
    """
    sheet.objective.require_rigorous()
    if sheet.objective.dimension > MAX_DIMENSION:
        raise ArgumentError("subject", sheet, f"have at most {MAX_DIMENSION} variables")
    ar = arithmetic(backend, PRECISION if precisions is None else max(precisions))
    guide = CurveGuide(sheet.x, sheet.tangent, sheet.closed)
    with ar:
        chains, claims = prove_sheet(ar, sheet.objective, sheet.rho, guide, MAX_CELLS, budget)
    provenance = Provenance(__version__, ar.name, ar.version, ar.precision)
    return SheetCertificate(sheet.objective, sheet.rho, chains, claims, provenance)
