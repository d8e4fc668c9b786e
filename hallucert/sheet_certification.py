"""Certify a sheet: from a continuation in floats to theorems about the exact curve or surface near it."""

from __future__ import annotations

from collections.abc import Sequence

from hallucert import __version__
from hallucert.balls import arithmetic
from hallucert.certificate.certificate import Provenance
from hallucert.certificate.sheet import SheetCertificate
from hallucert.certificate.surface import SurfaceCertificate
from hallucert.errors import ArgumentError
from hallucert.prove.manifold_proposal import CurveGuide
from hallucert.prove.manifold_prover import prove_sheet
from hallucert.prove.manifold_system import MAX_DIMENSION
from hallucert.prove.surface_proposal import SurfaceGuide
from hallucert.prove.surface_prover import prove_surface
from hallucert.sheet import Sheet
from hallucert.surface import Surface

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


def certify_surface(
    surface: Surface, backend: str, precisions: Sequence[int] | None, budget: float
) -> SurfaceCertificate:
    """Prove what can be proved about `surface`; see `hallucert.certify`.

    Raises
    ------
    NotAnalyticError
        If the objective is float-only, or has more than 12 variables.
    """
    surface.objective.require_rigorous()
    ar = arithmetic(backend, PRECISION if precisions is None else max(precisions))
    guide = SurfaceGuide(surface.x, surface.tangents, surface.half_widths, surface.closed)
    with ar:
        atlases, claims = prove_surface(ar, surface.objective, surface.rho, guide, MAX_CELLS, budget)
    provenance = Provenance(__version__, ar.name, ar.version, ar.precision)
    return SurfaceCertificate(surface.objective, surface.rho, atlases, claims, provenance)
