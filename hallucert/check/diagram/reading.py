"""Reading certificates of complete diagrams from anyone: branches with a region, and one claim more."""

from __future__ import annotations

from hallucert.check.branch.claims import Branches
from hallucert.check.branch.reading import MAX_CLAIMS, NAMES, read_branches
from hallucert.check.claim import Status
from hallucert.check.diagram.certificate import DiagramCertificate
from hallucert.check.diagram.claims import COMPLETENESS, MAX_DIMENSION, THEOREMS
from hallucert.check.file.claims import read_claims
from hallucert.check.file.fields import read_list, read_numbers, read_provenance, read_top, require_claims
from hallucert.errors import CertificateError


def from_json(data: object) -> DiagramCertificate:
    """Build the certificate of a diagram from plain data, checking every field."""
    top, problem = read_top(data, NAMES, {"objective", "region"})
    objective, target, chains, box = read_branches(top, problem)
    if objective.dimension > MAX_DIMENSION:
        raise CertificateError("problem.objective", f"must have at most {MAX_DIMENSION} variables")
    sides = read_list(problem["region"], "problem.region", MAX_DIMENSION)
    ends = [read_numbers(side, 2, f"problem.region[{i}]") for i, side in enumerate(sides)]
    region = tuple((low, high) for low, high in ends)
    if len(region) != objective.dimension or not all(low < high for low, high in region):
        raise CertificateError("problem.region", f"must be {objective.dimension} intervals [low, high], low < high")
    about = Branches(objective.dimension, chains, region)
    claims = tuple(read_claims(top["claims"], THEOREMS, about, MAX_CLAIMS, len(chains)))
    require_claims(claims, "branch", "branch", len(chains))
    if [claim.name == COMPLETENESS.name for claim in claims] != [False] * (len(claims) - 1) + [True]:
        raise CertificateError("claims", f"must end with {COMPLETENESS.name}, once")
    if claims[-1].status is Status.PROVED and target is None:
        raise CertificateError("target", "must be there if the diagram is complete")
    return DiagramCertificate(objective, target, chains, claims, read_provenance(top["provenance"]), box, region)
