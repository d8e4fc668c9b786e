"""Certificates of large points as plain data: long arrays of doubles are left for the companion of the file."""

from __future__ import annotations

from hallucert.check.file.fields import JSON
from hallucert.check.large.certificate import LargeCertificate
from hallucert.check.writing.fields import claim_json, header
from hallucert.exact import format_rational
from hallucert.objectives.writing import doubles_json


def to_json(certificate: LargeCertificate) -> dict[str, JSON]:
    """Return the certificate as plain data, in the order of the file format."""
    asked, witness = certificate.problem, certificate.witness
    problem: dict[str, JSON] = {"objective": asked.objective.to_json(), "rho": format_rational(asked.rho)}
    return {
        **header(certificate, problem),
        "witness": None if witness is None else {name: doubles_json(values) for name, values in vars(witness).items()},
        "claims": [claim_json(claim) for claim in certificate.all_claims],
    }
