"""What each end point of the study is: a class in floats, and for squared error a certificate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import hallucert as hc
from hallucert.diagnosis import diagnose
from hallucert.errors import DomainError, SearchError
from hallucert.sam.result import Ensemble
from hallucert.sam.status import Status
from hallucert.study.arena import Arena

CLAIMS = ("hallucinated_minimizer", "attractor", "projected_c32", "theorem_3_2")
"""The claims that the table of a squared-error arena has as columns."""


def classify(ends: Ensemble, lane: int, step_size: str) -> str:
    """Return the class of an end point in words, by `hallucert.diagnose`."""
    if ends.status[lane] in (Status.DIVERGED, Status.OUTSIDE):
        return ends.status[lane].label
    try:
        return str(diagnose(ends.objective, ends.x[lane], ends.rho[lane], step_size).kind)
    except DomainError:
        return "undefined"


def certify_end(arena: Arena, ends: Ensemble, lane: int, folder: Path) -> dict[str, str]:
    """Certify where a converged run stopped, save the certificate, and return the status of its main claims.

    Returns
    -------
    dict of str to str
        "proved", "refuted" or "undecided" by claim; "" for runs that did not converge or where no point was found.
    """
    if ends.status[lane] is not Status.CONVERGED:
        return dict.fromkeys(CLAIMS, "")
    try:
        candidate = hc.find.refine(ends.objective, ends.x[lane], ends.rho[lane])
    except SearchError:
        return dict.fromkeys(CLAIMS, "")
    cert = hc.certify(candidate)
    cert.save(folder / f"{arena.name}-rho{ends.rho[lane]}-{ends.arm[lane]}-{ends.seed[lane]}.json")
    return {name: str(cert[name].status) for name in CLAIMS}


def table_of(arena: Arena, ends: Ensemble, folder: Path, report: Callable[[int], None]) -> list[dict[str, Any]]:
    """Return the records of an ensemble with the class of each end point, and for squared error the claims.

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
    rows = []
    for lane, record in enumerate(ends.records()):
        row = record | {"class": classify(ends, lane, arena.step_size)}
        if arena.network.residual_count:
            row |= certify_end(arena, ends, lane, folder)
        rows.append(row)
        report(lane + 1)
    return rows
