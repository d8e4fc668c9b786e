"""From a diagnosis in floats to what can be proved of it: a hallucinated point, or that no minimizer is near."""

from __future__ import annotations

from functools import partial
from typing import Any

from hallucert.check.point.certificate import Certificate
from hallucert.clock import Clock
from hallucert.diagnosis.report import Diagnosis, Kind
from hallucert.errors import ArgumentError, SearchError
from hallucert.find.candidate import Candidate
from hallucert.find.refine import hallucinate, refine
from hallucert.objectives.radius_law import SAM
from hallucert.prove.claims import Given
from hallucert.prove.point import Prover, certify_stall, prover_of

HALLUCINATED = frozenset({Kind.MINIMIZER, Kind.SADDLE, Kind.MAXIMIZER, Kind.DEGENERATE, Kind.CONSTANT})
STALLING = frozenset({Kind.CONSTANT, Kind.DEGENERATE, Kind.STALLED, Kind.PLATEAU})


def prover_of_diagnosis(found: Diagnosis, given: Given) -> Prover:
    """Return what proves the point that was diagnosed, sharpened first; or for stalls that no minimizer is near.

    `ArgumentError` if there is nothing to prove: a run that is moving, bouncing, or at a critical point of ``f``;
    `NotAnalyticError` if the network was not read, but is known in floats alone.
    """
    found.objective.require_rigorous()
    candidate = _sharpened(found) if found.kind in HALLUCINATED else None
    if candidate is not None:
        return prover_of(candidate, given)
    if found.kind not in STALLING or found.law != SAM or found.target is None:
        must = "be of a hallucinated point, or of a stall of SAM: nothing else is to be proved"
        raise ArgumentError("subject", str(found.kind), must)
    for name in given.keys() - {"radius", "backend"}:
        raise ArgumentError(name, given[name], "be left out: of a stall it is proved that no minimizer is near")
    return partial(_stall, found, given.get("radius"))


def _sharpened(found: Diagnosis) -> Candidate | None:
    """Return the hallucinated point next to the one that was diagnosed, if a search comes to it."""
    f = found.objective
    zero = 0 < f.residual_count <= f.dimension and found.target_type == "minimizer"
    try:
        return (hallucinate if zero else refine)(f, found.x, found.rho, variant=found.law, progress=False)
    except SearchError:
        return None


def _stall(found: Diagnosis, radius: Any, backend: str, ladder: Any, clock: Clock) -> Certificate:
    return certify_stall(found.objective, found.x, found.rho, radius, backend, progress=False)
