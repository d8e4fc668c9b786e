"""Files of certificates of points: every field is checked, and whatever does not fit is named."""

from __future__ import annotations

from collections.abc import Mapping

from hallucert.check.claim import Claim, Status
from hallucert.check.file import fields
from hallucert.check.file.claims import read_claims
from hallucert.check.file.fields import JSON
from hallucert.check.point.certificate import Certificate, Sides
from hallucert.check.point.rule import Facts, Rows, Rules, Witness, rules_of
from hallucert.check.problem import Problem
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.objectives.reading import objective_from_json

MAX_DIMENSION = 1000
"""Of a point that is proved to exist: the proof works with matrices of this size."""
MOST_CLAIMS = 100

SYSTEMS = GRADIENT, RESIDUAL, BOX = "gradient", "residual", "box"
"""What is solved; nothing in a box."""

NAMES = {"format", "schema", "kind", "provenance", "problem", "digest", "witness", "enclosure", "claims"}
"""The fields of a file."""

WITNESS = {"centre": "vector", "slice": "rows", "radius": "vector", "preconditioner": "rows"}


def from_json(data: object) -> Certificate:
    """Build the certificate of a point from plain data, checking every field."""
    problem = data.get("problem") if isinstance(data, Mapping) else None
    given = set(problem) & {"variant", "scales", "batches", "weight_decay"} if isinstance(problem, Mapping) else set()
    top, problem = fields.read_top(data, NAMES, {"objective", "rho"} | given)
    objective = objective_from_json(problem["objective"], "problem.objective")
    if objective.dimension > fields.MAX_BOX_DIMENSION:
        raise CertificateError("problem.objective", f"must have at most {fields.MAX_BOX_DIMENSION} variables")
    law = _law(problem, objective.dimension)
    residual, witness = (False, None) if top["witness"] is None else _witness(top["witness"], objective, law)
    is_box = witness is not None and not witness.solves
    if objective.dimension > MAX_DIMENSION and not is_box:
        raise CertificateError("problem.objective", f"must have at most {MAX_DIMENSION} variables")
    posed = Problem(objective, fields.read_rho(problem["rho"]), law, residual)
    if "batches" in problem:
        from hallucert.check.batches.problem import posed_in_batches  # most points have none

        posed = posed_in_batches(posed, problem["batches"], witness is not None)
    if "weight_decay" in problem:
        from hallucert.check.decay.problem import posed_with_decay  # most points have none

        posed = posed_with_decay(posed, problem["weight_decay"], is_box)
    facts = None if witness is None else Facts(posed, witness)
    claims = claims_of(top["claims"], rules_of(posed, is_box), facts)
    box = read_enclosure(top["enclosure"], claims, objective.dimension)
    return Certificate(posed, witness, claims, fields.read_provenance(top["provenance"]), box)


def read_enclosure(data: object, claims: Mapping[str, Claim], size: int) -> Sides | None:
    """Return the box of what is proved to exist, with so many sides."""
    box = None if data is None else fields.read_box(data, "enclosure")
    if box is not None and len(box) != size:
        raise CertificateError("enclosure", f"must have {size} intervals")
    exists = "existence" in claims and claims["existence"].status is Status.PROVED
    if (box is None) == exists:
        raise CertificateError("enclosure", "must be there exactly if existence is proved")
    return box


def _law(problem: Mapping[str, JSON], dimension: int) -> RadiusLaw:
    """Return the ascent step; SAM's has no field of its own, so that it is written in one way."""
    if "variant" not in problem:
        if "scales" in problem:
            raise CertificateError("problem.scales", "must not be there without a variant")
        return SAM
    scales = fields.read_vector(problem["scales"], "problem.scales") if "scales" in problem else ()
    try:
        law = RadiusLaw(fields.read_text(problem["variant"], "problem.variant", 20), scales)
    except ArgumentError as error:
        raise CertificateError("problem.variant", str(error)) from None
    if law == SAM:
        raise CertificateError("problem.variant", "must be left out for SAM")
    if law.scales and len(law.scales) != dimension:
        raise CertificateError("problem.scales", f"must be {dimension} numbers, one a variable")
    return law


def _witness(data: object, objective: Objective, law: RadiusLaw) -> tuple[bool, Witness]:
    """Return whether the equation is that of the residuals, and the witness."""
    entry = fields.read_fields(data, {"system", *WITNESS}, "witness")
    system = entry["system"]
    if system not in SYSTEMS:
        raise CertificateError("witness.system", 'must be "gradient", "residual" or "box"')
    if system == BOX and law != SAM:
        raise CertificateError("problem.variant", "must be left out with a box as witness")
    residual, solves, d, m = system == RESIDUAL, system != BOX, objective.dimension, objective.residual_count
    if residual and not 0 < m <= d:
        raise CertificateError("witness.system", "must be gradient: there are no residuals, or more than variables")
    size = m if residual else d
    if (entry["slice"] is None) == residual:
        raise CertificateError("witness.slice", "must be there exactly for the residual system")
    types = {name: value for name, value in WITNESS.items() if residual or name != "slice"}
    return residual, read_shaped({name: entry[name] for name in types}, types, d, size, solves)


def read_shaped(data: object, types: Mapping[str, str], places: int, unknowns: int, solves: bool = True) -> Witness:
    """Return a witness around a centre of so many `places`, for so many `unknowns`."""
    witness = Witness(**{"slice": None, **fields.read_record(data, types, "witness")})
    if len(witness.centre) != places:
        raise CertificateError("witness.centre", f"must have {places} numbers")
    if len(witness.radius) != unknowns or min(witness.radius) <= 0:
        raise CertificateError("witness.radius", f"must be {unknowns} positive numbers")
    _require_shape(witness.preconditioner, (unknowns, unknowns) if solves else (0, 0), "witness.preconditioner")
    if witness.slice is not None:
        _require_shape(witness.slice, (places, unknowns), "witness.slice")
    return witness


def _require_shape(rows: Rows, shape: tuple[int, int], field: str) -> None:
    if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
        raise CertificateError(field, f"must be a {shape[0]} by {shape[1]} matrix")


def claims_of(data: object, rules: Rules, facts: Facts | None) -> dict[str, Claim]:
    """Read the claims about a point, each at most once and in order."""
    claims: dict[str, Claim] = {}
    for claim in read_claims(data, rules, facts, MOST_CLAIMS):
        if claim.name in claims:
            raise CertificateError("claims", f"must not have {claim.name} twice")
        claims[claim.name] = claim
        if facts is not None:
            facts.claims[claim.name] = claim
    order = [name for name in rules if name in claims]
    if list(claims) != order:
        raise CertificateError("claims", f"must be in the order {', '.join(order)}")
    return claims
