"""Certificates of points as plain data, in the order of the file format."""

from __future__ import annotations

from hallucert.check.file.fields import JSON
from hallucert.check.point.certificate import Certificate
from hallucert.check.point.file import BOX, GRADIENT, RESIDUAL, WITNESS
from hallucert.check.writing.fields import claim_json, header, plain, record
from hallucert.exact import format_rational
from hallucert.objectives.radius_law import SAM


def to_json(certificate: Certificate) -> dict[str, JSON]:
    """Return the certificate as plain data, in the order of the file format."""
    asked, witness = certificate.problem, None
    problem: dict[str, JSON] = {"objective": asked.objective.to_json(), "rho": format_rational(asked.rho)}
    if asked.law != SAM:
        problem["variant"] = asked.law.variant
    if asked.law.scales:
        problem["scales"] = plain(asked.law.scales)
    if (batches := getattr(asked, "batches", None)) is not None:
        problem["batches"] = batches.to_json()
    if asked.decay:
        problem["weight_decay"] = format_rational(asked.decay)
    if certificate.witness is not None:
        system = RESIDUAL if asked.residual else GRADIENT if certificate.witness.solves else BOX
        witness = {"system": system, **record(certificate.witness, WITNESS)}
    return content(certificate, problem, witness)


def content(certificate: Certificate, problem: dict[str, JSON], witness: JSON) -> dict[str, JSON]:
    """Return the fields of a file, in order."""
    return {
        **header(certificate, problem),
        "witness": witness,
        "enclosure": plain(certificate.box),
        "claims": [claim_json(claim) for claim in certificate.all_claims],
    }
