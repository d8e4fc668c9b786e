"""Files of certificates of large points: long arrays of doubles stand in the companion of the file."""

from __future__ import annotations

from hallucert.check.file.fields import read_fields, read_provenance, read_rho, read_top
from hallucert.check.large.certificate import LargeCertificate
from hallucert.check.large.existence import SlicedWitness, facts_of
from hallucert.check.large.slice import FITTING, fits, has_slice
from hallucert.check.point.file import claims_of
from hallucert.check.point.rule import OF_A_POINT, Rules
from hallucert.check.problem import Problem
from hallucert.doubles import read_doubles
from hallucert.errors import CertificateError
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.reading import objective_from_json

MOST_PARAMETERS, MOST_RESIDUALS = 2**24, 2**12


def from_json(data: object) -> LargeCertificate:
    """Build the certificate of a large point from plain data, checking every field."""
    fields = {"format", "schema", "kind", "provenance", "problem", "digest", "witness", "claims"}
    top, problem = read_top(data, fields, {"objective", "rho"})
    objective = objective_from_json(problem["objective"], "problem.objective")
    if not isinstance(objective, ProgramObjective) or not fits(objective):
        raise CertificateError("problem.objective", f"must be {FITTING}")
    if objective.dimension > MOST_PARAMETERS or objective.residual_count > MOST_RESIDUALS:
        must = f"must have at most {MOST_PARAMETERS} parameters and {MOST_RESIDUALS} residuals"
        raise CertificateError("problem.objective", must)
    posed = Problem(objective, read_rho(problem["rho"]), residual=has_slice(objective))
    witness = None if top["witness"] is None else _witness(top["witness"], objective)
    claims = claims_of(top["claims"], Rules(OF_A_POINT), None if witness is None else facts_of(posed, witness))
    return LargeCertificate(posed, witness, claims, read_provenance(top["provenance"]))


def _witness(data: object, f: ProgramObjective) -> SlicedWitness:
    fields = read_fields(data, {"centre", "middle", "radius"}, "witness")
    unknowns = f.residual_count or f.dimension
    shapes = {"centre": (f.dimension,), "middle": (unknowns,), "radius": (unknowns,)}
    arrays = {name: read_doubles(fields[name], shape, f"witness.{name}") for name, shape in shapes.items()}
    if not (arrays["radius"] > 0).all():
        raise CertificateError("witness.radius", f"must be {unknowns} positive numbers")
    return SlicedWitness(**arrays)
