"""Reading certificates from anyone: every field is checked, and whatever does not fit is named."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from os import PathLike
from typing import Any, NoReturn

from hallucert.arguments import checked_path, quiet
from hallucert.check.claim import Claim, Status
from hallucert.check.file.certificate import Certificate
from hallucert.check.file.claims import read_claims
from hallucert.check.file.fields import (
    FORMAT,
    MAX_BOX_DIMENSION,
    MAX_MATRIX_BITS,
    read_box,
    read_fields,
    read_list,
    read_provenance,
    read_rho,
    read_rows,
    read_text,
    read_top,
    read_vector,
)
from hallucert.check.file.kinds import module_of
from hallucert.check.point.rule import OF_A_BOX, OF_A_POINT, OF_SAM, Facts, Rules, Witness
from hallucert.check.problem import Problem
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw, radius_law
from hallucert.objectives.reading import objective_from_json

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_DIMENSION", "MAX_MATRIX_BITS", "from_json", "load"]

MAX_BYTES = 64 * 2**20
MAX_DIMENSION = 1000
"""Of a point that is proved to exist: the proof works with matrices of this size."""
MOST_CLAIMS = 100
MAX_DEPTH = 40


@quiet
def load(path: str | PathLike[str]) -> Any:
    """Read a certificate; nothing in it is believed until `hallucert.verify` has re-proved it.

    Parameters
    ----------
    path : str or path
        A file that `Certificate.save` wrote, or somebody says so.

    Returns
    -------
    Certificate, BranchCertificate, SheetCertificate or Census
        By the kind of the file.

    Raises
    ------
    CertificateError
        Naming the field that is missing, superfluous, malformed, inconsistent or too large.
    ArgumentError
        If `path` is no path.
    OSError
        If the file cannot be read.
    """
    with checked_path(path).open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise CertificateError("(file)", f"is larger than {MAX_BYTES} bytes")
    if FORMAT.encode() not in content:
        from hallucert.files import kind_of_content  # for the message alone

        if kind := kind_of_content(content):
            raise CertificateError("(file)", f"is {kind}, no certificate: it is for checkpoint=")
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        raise CertificateError("(file)", "must be ASCII text") from None
    if _depth(text) > MAX_DEPTH:
        raise CertificateError("(file)", f"is nested deeper than {MAX_DEPTH}")
    try:
        data = json.loads(
            text,
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_float=_no_float,
            parse_int=_short_int,
        )
    except json.JSONDecodeError as error:
        raise CertificateError("(file)", f"is not JSON: {error.msg} in line {error.lineno}") from None
    return from_json(data)


def _depth(text: str) -> int:
    """Largest nesting of brackets outside of strings, without recursion."""
    depth = deepest = 0
    # The closing quote is optional and nothing is given back, so that an open string is scanned once, not once a quote.
    for token in re.finditer(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', text, re.DOTALL):
        first = token.group()[0]
        if first in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in "]}":
            depth -= 1
    return deepest


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise CertificateError(key[:40], "appears twice")
        result[key] = value
    return result


def _no_constant(name: str) -> NoReturn:
    raise CertificateError("(file)", f"must not contain {name}")


def _no_float(text: str) -> NoReturn:
    raise CertificateError("(file)", f"must not contain the floating-point number {text[:40]}: numbers are exact text")


def _short_int(text: str) -> int:
    if len(text) > 18:
        raise CertificateError("(file)", f"must not contain the integer {text[:18]}...")
    return int(text)


def from_json(data: object) -> Any:
    """Build a certificate from plain data, checking every field; of a point, unless a field ``kind`` says otherwise."""
    if isinstance(data, Mapping) and "kind" in data:
        return module_of(data["kind"], "reading").from_json(data)
    fields = {"format", "schema", "provenance", "problem", "digest", "witness", "enclosure", "claims"}
    problem = data.get("problem") if isinstance(data, Mapping) else None
    given = set(problem) & {"variant", "scales"} if isinstance(problem, Mapping) else set()
    top, problem = read_top(data, fields, {"objective", "rho"} | given)
    objective = objective_from_json(problem["objective"], "problem.objective")
    if objective.dimension > MAX_BOX_DIMENSION:
        raise CertificateError("problem.objective", f"must have at most {MAX_BOX_DIMENSION} variables")
    law = _law(problem, objective.dimension)
    residual, witness = (False, None) if top["witness"] is None else _witness(top["witness"], objective, law)
    is_box = witness is not None and not witness.solves
    if objective.dimension > MAX_DIMENSION and not is_box:
        raise CertificateError("problem.objective", f"must have at most {MAX_DIMENSION} variables")
    box = None if top["enclosure"] is None else read_box(top["enclosure"], "enclosure")
    if box is not None and len(box) != objective.dimension:
        raise CertificateError("enclosure", f"must have {objective.dimension} intervals")
    posed = Problem(objective, read_rho(problem["rho"]), law, residual)
    names = tuple(name for name in (OF_A_BOX if is_box else OF_A_POINT) if law == SAM or name not in OF_SAM)
    facts = None if witness is None else Facts(posed, witness)
    claims = _claims(top["claims"], Rules(names, law), facts)
    exists = "existence" in claims and claims["existence"].status is Status.PROVED
    if (box is None) == exists:
        raise CertificateError("enclosure", "must be there exactly if existence is proved")
    return Certificate(posed, witness, claims, read_provenance(top["provenance"]), box)


def _law(problem: Mapping[str, Any], dimension: int) -> RadiusLaw:
    """Return the ascent step; SAM's has no field of its own, so that it is written in one way."""
    if "variant" not in problem:
        if "scales" in problem:
            raise CertificateError("problem.scales", "must not be there without a variant")
        return SAM
    scales = read_vector(problem["scales"], "problem.scales") if "scales" in problem else ()
    try:
        law = radius_law(RadiusLaw(read_text(problem["variant"], "problem.variant", 20), scales), dimension)
    except ArgumentError as error:
        raise CertificateError("problem.variant", str(error)) from None
    if law == SAM:
        raise CertificateError("problem.variant", "must be left out for SAM")
    return law


def _witness(data: object, objective: Objective, law: RadiusLaw) -> tuple[bool, Witness]:
    """Return whether the equation is that of the residuals, and the witness."""
    fields = read_fields(data, {"system", "centre", "slice", "radius", "preconditioner"}, "witness")
    d, m = objective.dimension, objective.residual_count
    if fields["system"] not in ("gradient", "residual", "box"):
        raise CertificateError("witness.system", 'must be "gradient", "residual" or "box"')
    if fields["system"] == "box" and law != SAM:
        raise CertificateError("problem.variant", "must be left out with a box as witness")
    residual = fields["system"] == "residual"
    if residual and not 0 < m <= d:
        raise CertificateError("witness.system", "must be gradient: there are no residuals, or more than variables")
    solves = fields["system"] != "box"
    size = m if residual else d
    if solves and size > MAX_DIMENSION:
        raise CertificateError("witness.system", f"must have at most {MAX_DIMENSION} unknowns")
    centre, radius = read_vector(fields["centre"], "witness.centre"), read_vector(fields["radius"], "witness.radius")
    if len(centre) != d:
        raise CertificateError("witness.centre", f"must have {d} numbers")
    if len(radius) != size or min(radius) <= 0:
        raise CertificateError("witness.radius", f"must be {size} positive numbers")
    rows = read_rows(fields["preconditioner"], "witness.preconditioner")
    order = size if solves else 0
    if len(rows) != order or any(len(row) != order for row in rows):
        raise CertificateError("witness.preconditioner", f"must be a {order} by {order} matrix")
    if (fields["slice"] is None) == residual:
        raise CertificateError("witness.slice", "must be there exactly for the residual system")
    columns = None if fields["slice"] is None else read_rows(fields["slice"], "witness.slice")
    if columns is not None and (len(columns) != d or any(len(row) != size for row in columns)):
        raise CertificateError("witness.slice", f"must be a {d} by {size} matrix")
    return residual, Witness(centre, columns, radius, rows)


def _claims(data: object, rules: Rules, facts: Facts | None) -> dict[str, Claim]:
    if facts is None:  # nothing can be stated, and so nothing be claimed
        entries = [item for item in read_list(data, "claims", MOST_CLAIMS) if isinstance(item, Mapping)]
        if any(entry.get("status") != Status.UNDECIDED for entry in entries):
            raise CertificateError("witness", "must be there if anything is claimed")
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
