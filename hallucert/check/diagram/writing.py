"""Writing certificates of complete diagrams."""

from __future__ import annotations

from typing import Any

from hallucert.check.branch import writing as branch_writing
from hallucert.check.diagram.certificate import DiagramCertificate
from hallucert.check.file.fields import problem_digest
from hallucert.exact import format_exact


def to_json(certificate: DiagramCertificate) -> dict[str, Any]:
    """Return the certificate as plain data: that of its branches, with the region as part of the problem."""
    data = branch_writing.to_json(certificate)
    region = [[format_exact(low), format_exact(high)] for low, high in certificate.region]
    problem = {**data["problem"], "region": region}
    return {**data, "problem": problem, "digest": problem_digest(problem)}
