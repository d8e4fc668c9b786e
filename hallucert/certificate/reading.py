"""Reading certificates from anyone: every field is checked, and whatever does not fit is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

from hallucert.certificate.certificate import Certificate, Provenance
from hallucert.certificate.writing import FORMAT, SCHEMA, problem_digest
from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import exact_radius, format_rational, parse_dyadic, parse_exact
from hallucert.objectives.objective import Objective
from hallucert.objectives.reading import objective_from_json
from hallucert.prove.claims import Claim, Enclosure, Status
from hallucert.prove.point_claims import BY_NAME
from hallucert.prove.reasons import Reason
from hallucert.prove.witness import Witness

MAX_BYTES = 64 * 2**20
MAX_DIMENSION = 1000
MAX_PRECISION = 2000
MAX_DEPTH = 40
MAX_MATRIX_BITS = 2**30
"""Of all numerators and denominators of a matrix: ``"1p20000"`` is short as text and long as a number."""
_VERSION = re.compile(r"[A-Za-z0-9 ._+-]{1,60}")


def load(path: str | PathLike[str]) -> Certificate:
    """Read a certificate; nothing in it is believed until `hallucert.verify` has re-proved it.

    Parameters
    ----------
    path : path
        A file that `Certificate.save` wrote, or somebody says so.

    Raises
    ------
    CertificateError
        Naming the field that is missing, superfluous, malformed, inconsistent or too large.
    OSError
        If the file cannot be read.
    """
    with Path(path).open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise CertificateError("(file)", f"is larger than {MAX_BYTES} bytes")
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


def from_json(data: object) -> Certificate:
    """Build a certificate from plain data, checking every field."""
    fields = {"format", "schema", "provenance", "problem", "digest", "witness", "enclosure", "claims"}
    top = _fields(data, fields, "(file)")
    if top["format"] != FORMAT:
        raise CertificateError("format", f"must be {FORMAT!r}")
    if type(top["schema"]) is not int or top["schema"] != SCHEMA:
        raise CertificateError("schema", f"must be {SCHEMA}; this library knows no other version")
    problem = _fields(top["problem"], {"objective", "rho"}, "problem")
    if top["digest"] != problem_digest(problem):
        raise CertificateError("digest", "is not the digest of the problem")
    objective = objective_from_json(problem["objective"], "problem.objective")
    if objective.dimension > MAX_DIMENSION:
        raise CertificateError("problem.objective", f"must have at most {MAX_DIMENSION} variables")
    witness = None if top["witness"] is None else _witness(top["witness"], objective)
    box = None if top["enclosure"] is None else _box(top["enclosure"], "enclosure")
    if box is not None and len(box) != objective.dimension:
        raise CertificateError("enclosure", f"must have {objective.dimension} intervals")
    claims = _claims(top["claims"])
    if witness is None and any(claim.status is not Status.UNDECIDED for claim in claims.values()):
        raise CertificateError("witness", "must be there if anything is claimed")
    exists = "existence" in claims and claims["existence"].status is Status.PROVED
    if (box is None) == exists:
        raise CertificateError("enclosure", "must be there exactly if existence is proved")
    return Certificate(objective, _rho(problem["rho"]), witness, claims, _provenance(top["provenance"]), box)


def _fields(data: object, names: set[str], field: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise CertificateError(field, "must be an object")
    if missing := names - set(data):
        raise CertificateError(f"{field}.{min(missing)}", "is missing")
    if extra := set(data) - names:
        raise CertificateError(f"{field}.{min(extra)[:40]}", "is not a field of a certificate")
    return data


def _text(value: object, field: str, limit: int = 4000) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise CertificateError(field, f"must be text of at most {limit} characters")
    return value


def _list(value: object, field: str, limit: int = MAX_DIMENSION) -> list[Any]:
    if not isinstance(value, list) or len(value) > limit:
        raise CertificateError(field, f"must be a list of at most {limit} entries")
    return value


def _rho(value: object) -> Fraction:
    try:
        rho = exact_radius(_text(value, "problem.rho"))
    except ArgumentError as error:
        raise CertificateError("problem.rho", str(error)) from None
    if format_rational(rho) != value:
        raise CertificateError("problem.rho", "must be a fraction in lowest terms")
    return rho


def _dyadic(value: object, field: str) -> Fraction:
    try:
        return parse_dyadic(_text(value, field))
    except ArgumentError as error:
        raise CertificateError(field, str(error)) from None


def _dyadics(value: object, field: str) -> tuple[Fraction, ...]:
    return tuple(_dyadic(item, f"{field}[{i}]") for i, item in enumerate(_list(value, field)))


def _exact(value: object, field: str) -> Fraction:
    try:
        return parse_exact(_text(value, field))
    except ArgumentError as error:
        raise CertificateError(field, str(error)) from None


def _vector(value: object, field: str) -> tuple[Fraction, ...]:
    return tuple(_exact(item, f"{field}[{i}]") for i, item in enumerate(_list(value, field)))


def _rows(value: object, field: str) -> tuple[tuple[Fraction, ...], ...]:
    rows, bits = [], 0
    for i, row in enumerate(_list(value, field)):
        rows.append(_vector(row, f"{field}[{i}]"))
        bits += sum(x.numerator.bit_length() + x.denominator.bit_length() for x in rows[-1])
        if bits > MAX_MATRIX_BITS:
            raise CertificateError(field, f"must have at most {MAX_MATRIX_BITS} bits")
    return tuple(rows)


def _interval(value: object, field: str) -> tuple[Fraction, Fraction]:
    ends = _dyadics(value, field)
    if len(ends) != 2 or ends[0] > ends[1]:
        raise CertificateError(field, "must be [lower, upper] with lower <= upper")
    return ends[0], ends[1]


def _box(value: object, field: str) -> tuple[tuple[Fraction, Fraction], ...]:
    return tuple(_interval(item, f"{field}[{i}]") for i, item in enumerate(_list(value, field)))


def _integer(value: object, field: str) -> int:
    if type(value) is not int or value < 0:
        raise CertificateError(field, "must be a nonnegative integer")
    return value


_INPUTS: dict[str, Callable[[object, str], Any]] = {
    "dyadic": _dyadic,
    "dyadics": _dyadics,
    "box": _box,
    "integer": _integer,
}


def _provenance(data: object) -> Provenance:
    made = _fields(data, {"hallucert", "backend", "backend_version", "precision"}, "provenance")
    for key in ("hallucert", "backend_version"):
        if not _VERSION.fullmatch(_text(made[key], f"provenance.{key}")):
            raise CertificateError(f"provenance.{key}", "must be a version")
    if made["backend"] not in ("arb", "mpmath"):
        raise CertificateError("provenance.backend", 'must be "arb" or "mpmath"')
    precision = made["precision"]
    if type(precision) is not int or not 30 <= precision <= MAX_PRECISION:
        raise CertificateError("provenance.precision", f"must be an integer from 30 to {MAX_PRECISION}")
    return Provenance(made["hallucert"], made["backend"], made["backend_version"], precision)


def _witness(data: object, objective: Objective) -> Witness:
    fields = _fields(data, {"system", "centre", "slice", "radius", "preconditioner"}, "witness")
    d, m = objective.dimension, objective.residual_count
    if fields["system"] not in ("gradient", "residual"):
        raise CertificateError("witness.system", 'must be "gradient" or "residual"')
    residual = fields["system"] == "residual"
    if residual and not 0 < m <= d:
        raise CertificateError("witness.system", "must be gradient: there are no residuals, or more than variables")
    size = m if residual else d
    centre, radius = _vector(fields["centre"], "witness.centre"), _vector(fields["radius"], "witness.radius")
    if len(centre) != d:
        raise CertificateError("witness.centre", f"must have {d} numbers")
    if len(radius) != size or min(radius) <= 0:
        raise CertificateError("witness.radius", f"must be {size} positive numbers")
    rows = _rows(fields["preconditioner"], "witness.preconditioner")
    if len(rows) != size or any(len(row) != size for row in rows):
        raise CertificateError("witness.preconditioner", f"must be a {size} by {size} matrix")
    if (fields["slice"] is None) == residual:
        raise CertificateError("witness.slice", "must be there exactly for the residual system")
    columns = None if fields["slice"] is None else _rows(fields["slice"], "witness.slice")
    if columns is not None and (len(columns) != d or any(len(row) != size for row in columns)):
        raise CertificateError("witness.slice", f"must be a {d} by {size} matrix")
    return Witness(fields["system"], centre, columns, radius, rows)


def _claims(data: object) -> dict[str, Claim]:
    claims: dict[str, Claim] = {}
    for i, item in enumerate(_list(data, "claims", 100)):
        claim = _claim(item, f"claims[{i}]")
        if claim.name in claims:
            raise CertificateError(f"claims[{i}].name", f"{claim.name} appears twice")
        claims[claim.name] = claim
    order = [name for name in BY_NAME if name in claims]
    if list(claims) != order:
        raise CertificateError("claims", f"must be in the order {', '.join(order)}")
    return claims


def _claim(data: object, field: str) -> Claim:
    entry = _fields(data, {"name", "status", "statement", "inputs", "numbers", "reason"}, field)
    if not isinstance(entry["name"], str) or entry["name"] not in BY_NAME:
        raise CertificateError(f"{field}.name", "is not the name of a claim")
    rule = BY_NAME[entry["name"]]
    if entry["status"] not in tuple(Status):
        raise CertificateError(f"{field}.status", f"must be one of {', '.join(Status)}")
    status = Status(entry["status"])
    if (entry["reason"] is None) == (status is Status.UNDECIDED) or entry["reason"] not in (None, *Reason):
        raise CertificateError(f"{field}.reason", "must be a known reason, exactly if the claim is undecided")
    inputs, numbers = entry["inputs"], entry["numbers"]
    if not isinstance(inputs, Mapping) or not isinstance(numbers, Mapping):
        raise CertificateError(f"{field}.numbers", "and inputs must be objects")
    if status is Status.UNDECIDED:
        if inputs or numbers or entry["statement"] != rule.question:
            raise CertificateError(f"{field}.statement", "of an undecided claim is its question, without numbers")
        return Claim(rule.name, status, rule.question, reason=Reason(entry["reason"]))
    types = next((kinds for kinds in rule.input_types if set(kinds) == set(inputs)), None)
    if types is None:
        raise CertificateError(f"{field}.inputs", f"are not those of the claim {rule.name}")
    return Claim(
        rule.name,
        status,
        _text(entry["statement"], f"{field}.statement"),
        {str(key): Enclosure(*_interval(value, f"{field}.numbers.{key[:40]}")) for key, value in numbers.items()},
        {key: _INPUTS[kind](inputs[key], f"{field}.inputs.{key}") for key, kind in types.items()},
    )
