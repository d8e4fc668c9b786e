"""Writing certificates: exact numbers as text, the file replaced in one step."""

from __future__ import annotations

import json
from fractions import Fraction
from os import PathLike
from typing import Any

from hallucert.check.claim import Claim, Enclosure
from hallucert.check.file.fields import FORMAT, SCHEMA, problem_digest
from hallucert.check.file.kinds import module_of
from hallucert.check.point.rule import Witness
from hallucert.exact import format_dyadic, format_exact, format_rational
from hallucert.files import replacing
from hallucert.objectives.radius_law import SAM
from hallucert.objectives.tape import Tape


def to_json(certificate: Any) -> dict[str, Any]:
    """Return the certificate as plain data, in the order of the file format."""
    if certificate.kind != "point":
        data: dict[str, Any] = module_of(certificate.kind, "writing").to_json(certificate)
        return data
    witness, box = certificate.witness, certificate.box
    problem = {"objective": certificate.objective.to_json(), "rho": format_rational(certificate.rho)}
    if certificate.law != SAM:
        problem["variant"] = certificate.law.variant
    if certificate.law.scales:
        problem["scales"] = [format_exact(scale) for scale in certificate.law.scales]
    return {
        **header(certificate, problem),
        "witness": None if witness is None else _witness(certificate.problem.residual, witness),
        "enclosure": None if box is None else [[format_dyadic(low), format_dyadic(high)] for low, high in box],
        "claims": [claim_json(claim) for claim in certificate.claims.values()],
    }


def header(certificate: Any, problem: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that certificates of all kinds begin with."""
    made = certificate.provenance
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        **({} if certificate.kind == "point" else {"kind": certificate.kind}),
        "provenance": {
            "hallucert": made.hallucert,
            "backend": made.backend,
            "backend_version": made.backend_version,
            "precision": made.precision,
        },
        "problem": problem,
        "digest": problem_digest(problem),
    }


def save(certificate: Any, path: str | PathLike[str]) -> None:
    """Write to a temporary file beside `path`, then rename: readers see the old file or the new one."""
    text = json.dumps(to_json(certificate), indent=1, ensure_ascii=True) + "\n"
    with replacing(path) as stream:
        stream.write(text.encode("ascii"))


def _witness(residual: bool, witness: Witness) -> dict[str, Any]:
    return {
        "system": "residual" if residual else "gradient" if witness.solves else "box",
        "centre": [format_exact(c) for c in witness.centre],
        "slice": None if witness.slice is None else [[format_exact(s) for s in row] for row in witness.slice],
        "radius": [format_exact(r) for r in witness.radius],
        "preconditioner": [[format_exact(c) for c in row] for row in witness.preconditioner],
    }


def claim_json(claim: Claim) -> dict[str, Any]:
    """Return a claim as plain data."""
    decided = claim.reason is None
    return {
        "name": claim.name,
        "status": str(claim.status),
        "inputs": {key: _input(value) for key, value in claim.inputs.items()},
        "numbers": {key: enclosure_json(enclosure) for key, enclosure in claim.numbers.items()} if decided else {},
        "reason": None if claim.reason is None else str(claim.reason),
    }


def enclosure_json(enclosure: Enclosure) -> list[str]:
    """Return an interval as two dyadics."""
    return [format_dyadic(enclosure.lower), format_dyadic(enclosure.upper)]


def _input(value: Any) -> Any:
    """Integers stay integers, exact numbers become text, tuples become lists, tapes what they are in a problem."""
    if isinstance(value, Fraction):
        return format_exact(value)
    if isinstance(value, Tape):
        return value.to_json()
    return value if isinstance(value, int) else [_input(item) for item in value]
