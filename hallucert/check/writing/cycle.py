"""Certificates of two-cycles as plain data, in the order of the file format."""

from __future__ import annotations

from hallucert.check.cycle.certificate import CycleCertificate
from hallucert.check.cycle.file import WITNESS
from hallucert.check.file.fields import JSON
from hallucert.check.writing.fields import record
from hallucert.check.writing.point import content
from hallucert.decimals import format_exact
from hallucert.exact import format_rational


def to_json(certificate: CycleCertificate) -> dict[str, JSON]:
    """Return the certificate as plain data, in the order of the file format."""
    asked = certificate.problem
    problem = {
        "objective": asked.objective.to_json(),
        "rho": format_rational(asked.rho),
        "step": format_exact(asked.step),
    }
    witness = None if certificate.witness is None else record(certificate.witness, WITNESS)
    return content(certificate, problem, witness)
