"""Files of certificates of two-cycles: every field is checked, and whatever does not fit is named."""

from __future__ import annotations

from hallucert.check.cycle.certificate import CycleCertificate
from hallucert.check.cycle.problem import CycleProblem
from hallucert.check.file import fields
from hallucert.check.point.file import MAX_DIMENSION, NAMES, claims_of, read_enclosure, read_shaped
from hallucert.check.point.rule import Facts, rules_of
from hallucert.errors import CertificateError
from hallucert.objectives.reading import objective_from_json

WITNESS = {"centre": "vector", "radius": "vector", "preconditioner": "rows"}


def from_json(data: object) -> CycleCertificate:
    """Build the certificate of a two-cycle from plain data, checking every field."""
    top, problem = fields.read_top(data, NAMES, {"objective", "rho", "step"})
    objective = objective_from_json(problem["objective"], "problem.objective")
    unknowns = CycleProblem.period * objective.dimension
    if unknowns > MAX_DIMENSION:
        raise CertificateError("problem.objective", f"must have at most {MAX_DIMENSION // 2} variables")
    step = fields.read_exact(problem["step"], "problem.step")
    if step <= 0:
        raise CertificateError("problem.step", "must be positive")
    posed = CycleProblem(objective, fields.read_rho(problem["rho"]), step=step)
    witness = None
    if top["witness"] is not None:
        witness = read_shaped(top["witness"], WITNESS, unknowns, unknowns)
    claims = claims_of(top["claims"], rules_of(posed), None if witness is None else Facts(posed, witness))
    box = read_enclosure(top["enclosure"], claims, unknowns)
    return CycleCertificate(posed, witness, claims, fields.read_provenance(top["provenance"]), box)
