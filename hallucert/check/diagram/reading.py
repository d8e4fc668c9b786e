"""Reading certificates of complete diagrams from anyone: branches with a region, and one claim more."""

from __future__ import annotations

from collections.abc import Mapping

from hallucert.check.branch import reading as branch_reading
from hallucert.check.claim import Claim, Status
from hallucert.check.diagram.certificate import DiagramCertificate
from hallucert.check.diagram.claims import MAX_DIMENSION, NAME, QUESTION
from hallucert.check.file.fields import read_fields, read_list, read_numbers, read_text, require_format
from hallucert.check.file.writing import problem_digest
from hallucert.check.reason import Reason
from hallucert.errors import CertificateError


def from_json(data: object) -> DiagramCertificate:
    """Build the certificate of a diagram from plain data, checking every field."""
    names = {"format", "schema", "kind", "provenance", "problem", "digest", "target", "enclosure", "branches", "claims"}
    top = read_fields(data, names, "(file)")
    require_format(top)
    problem = read_fields(top["problem"], {"objective", "region"}, "problem")
    if top["digest"] != problem_digest(problem):
        raise CertificateError("digest", "is not the digest of the problem")
    claims = read_list(top["claims"], "claims", branch_reading.MAX_CLAIMS)
    if not claims:
        raise CertificateError("claims", f"must end with {NAME}")
    inner = {"objective": problem["objective"]}
    base = {**top, "problem": inner, "digest": problem_digest(inner), "claims": claims[:-1]}
    branches = branch_reading.from_json(base)
    objective = branches.objective
    if objective.dimension > MAX_DIMENSION:
        raise CertificateError("problem.objective", f"must have at most {MAX_DIMENSION} variables")
    sides = read_list(problem["region"], "problem.region", MAX_DIMENSION)
    region = tuple(read_numbers(side, 2, f"problem.region[{i}]") for i, side in enumerate(sides))
    if len(region) != objective.dimension or not all(low < high for low, high in region):
        raise CertificateError("problem.region", f"must be {objective.dimension} intervals [low, high], low < high")
    claim = _completeness(claims[-1], f"claims[{len(claims) - 1}]")
    if claim.status is Status.PROVED and branches.target is None:
        raise CertificateError("target", "must be there if the diagram is complete")
    made, box, pairs = branches.provenance, branches.box, tuple((low, high) for low, high in region)
    everything = (*branches.all_claims, claim)
    return DiagramCertificate(objective, branches.target, branches.chains, everything, made, box, pairs)


def _completeness(data: object, field: str) -> Claim:
    entry = read_fields(data, {"name", "status", "statement", "inputs", "numbers", "reason"}, field)
    if entry["name"] != NAME:
        raise CertificateError(f"{field}.name", f"must be {NAME}")
    for key in ("inputs", "numbers"):
        if not isinstance(entry[key], Mapping) or entry[key]:
            raise CertificateError(f"{field}.{key}", "must be empty")
    if entry["status"] == Status.UNDECIDED:
        if entry["statement"] != QUESTION or entry["reason"] not in tuple(Reason):
            raise CertificateError(f"{field}.statement", "must be the question, with a known reason")
        return Claim(NAME, Status.UNDECIDED, QUESTION, reason=Reason(entry["reason"]))
    if entry["status"] != Status.PROVED or entry["reason"] is not None:
        raise CertificateError(f"{field}.status", "must be proved, without a reason, or undecided")
    return Claim(NAME, Status.PROVED, read_text(entry["statement"], f"{field}.statement"))
