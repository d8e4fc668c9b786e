"""What each end point of the study is: a class in floats, and a certificate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import hallucert as hc
from hallucert.check.point.certificate import Certificate
from hallucert.diagnosis.diagnose import diagnose
from hallucert.errors import DomainError, SearchError
from hallucert.sam.lanes import Status
from hallucert.sam.result import Ensemble
from hallucert.tools.study.arena import Arena

CONVERGED_CLAIMS = ("hallucinated_minimizer", "attractor", "projected_c32", "theorem_3_2")
STALLED_CLAIMS = ("no_minimizer_near",)
STALLED = 0.1
"""``|g+| <= STALLED |g|`` at the end of a run that did not converge: SAM sees hardly a slope, and yet there is one."""


def claims_of(arena: Arena) -> tuple[str, ...]:
    """Return the claims that the table of an arena has as columns."""
    if not arena.certify:
        return ()
    return CONVERGED_CLAIMS if arena.network.residual_count else STALLED_CLAIMS


def classify(ends: Ensemble, lane: int, step_size: str) -> str:
    """Return the class of an end point in words, by `hallucert.diagnose`."""
    if ends.status[lane] in (Status.DIVERGED, Status.OUTSIDE):
        return ends.status[lane].label
    try:
        return str(diagnose(ends.objective, ends.x[lane], ends.rho[lane], step_size).kind)
    except DomainError:
        return "undefined"


def certificate_of(arena: Arena, ends: Ensemble, lane: int) -> Certificate | None:
    """Certify where a run stopped; None where there is nothing to certify.

    With squared error, runs that converged near a zero of ``r(x+)``; with cross-entropy, runs that stalled.
    """
    f, x, rho = ends.objective, ends.x[lane], ends.rho[lane]
    if not arena.network.residual_count:
        stalled = ends.shifted_gradient_norm[lane] <= STALLED * ends.gradient_norm[lane]
        return hc.certify_stall(f, x, rho) if stalled else None
    if ends.status[lane] is not Status.CONVERGED:
        return None
    try:
        return hc.certify(hc.find.refine(f, x, rho))
    except SearchError:
        return None


def table_of(arena: Arena, ends: Ensemble, folder: Path, report: Callable[[int], None]) -> list[dict[str, Any]]:
    """Return the records of an ensemble with the class of each end point, and what is proved about it.

    Parameters
    ----------
    arena : Arena
        What was trained.
    ends : Ensemble
        Where SAM stopped.
    folder : Path
        For certificates.
    report : callable
        ``report(done)`` after every run.
    """
    rows, claims = [], claims_of(arena)
    for lane, record in enumerate(ends.records()):
        row = record | {"class": classify(ends, lane, arena.step_size)}
        if claims:
            cert = certificate_of(arena, ends, lane)
            row |= {name: "" if cert is None else str(cert[name].status) for name in claims}
            if cert is not None:
                cert.save(folder / f"{arena.name}-rho{row['rho']}-{row['arm']}-{row['seed']}.json")
        rows.append(row)
        report(lane + 1)
    return rows
