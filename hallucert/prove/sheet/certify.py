"""Certify a sheet: from a continuation in floats to theorems about the exact curve or surface near it."""

from __future__ import annotations

from collections.abc import Sequence

from hallucert import __version__
from hallucert.balls import arithmetic
from hallucert.check.claim import Provenance
from hallucert.check.sheet.certificate import SheetCertificate
from hallucert.check.sheet.system import MAX_DIMENSION
from hallucert.check.surface.certificate import SurfaceCertificate
from hallucert.clock import Clock
from hallucert.errors import ArgumentError
from hallucert.find.curves.records import Sheet, Surface
from hallucert.prove.sheet.proposal import CurveGuide
from hallucert.prove.sheet.prover import prove_sheet
from hallucert.prove.surface.proposal import SurfaceGuide
from hallucert.prove.surface.prover import prove_surface

PRECISION = 106
"""Bits by default."""

MAX_CELLS = 20_000


def certify_sheet(sheet: Sheet, backend: str, precisions: Sequence[int] | None, clock: Clock) -> SheetCertificate:
    """Prove what can be proved about `sheet`; see `hallucert.certify`.

    Raises
    ------
    ArgumentError
        If the function has too many variables, or is not given as a sum of squares with ``d - 1`` residuals.
    NotAnalyticError
        If the objective is float-only.
    """
    sheet.objective.require_rigorous()
    if not sheet.given_by_residuals:
        must = "be a curve of a function given as a sum of squares (Objective.least_squares) with d - 1 residuals; for "
        must += "others g(x+) = 0 has one equation too many to be regular, so that nothing can be proved"
        raise ArgumentError("subject", f"<a sheet of {sheet.objective.name[:40]!r}>", must)
    if sheet.objective.dimension > MAX_DIMENSION:
        raise ArgumentError("subject", sheet, f"have at most {MAX_DIMENSION} variables")
    ar = arithmetic(backend, PRECISION if precisions is None else max(precisions))
    guide = CurveGuide(sheet.x, sheet.tangent, sheet.closed)
    with ar:
        chains, claims = prove_sheet(ar, sheet.objective, sheet.rho, guide, MAX_CELLS, clock)
    provenance = Provenance(__version__, ar.name, ar.version, ar.precision)
    return SheetCertificate(sheet.objective, sheet.rho, chains, claims, provenance)


def certify_surface(
    surface: Surface, backend: str, precisions: Sequence[int] | None, clock: Clock
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
        atlases, claims = prove_surface(ar, surface.objective, surface.rho, guide, MAX_CELLS, clock)
    provenance = Provenance(__version__, ar.name, ar.version, ar.precision)
    return SurfaceCertificate(surface.objective, surface.rho, atlases, claims, provenance)
