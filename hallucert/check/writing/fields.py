"""What files of all kinds begin with, and values and claims as plain data: the other way round than they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from hallucert.check.claim import Claim, Enclosure, Saved
from hallucert.check.file.fields import FORMAT, JSON, SCHEMA, problem_digest
from hallucert.decimals import format_exact


def plain(value: object) -> JSON:
    """Return a value as plain data: exact numbers as text, intervals as their ends, tapes as in a problem."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Fraction):
        return format_exact(value)
    if isinstance(value, Enclosure):
        return [format_exact(value.lower), format_exact(value.upper)]
    if hasattr(value, "to_json"):  # tapes and subdivisions
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"no field holds a {type(value).__name__}")


def record(value: object, fields: Iterable[str]) -> dict[str, JSON]:
    """Return the attributes of an object that a table of fields names, as plain data."""
    return {name: plain(getattr(value, name)) for name in fields}


def header(certificate: Saved, problem: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the fields that files of all kinds begin with."""
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "kind": certificate.kind,
        "provenance": plain(vars(certificate.provenance)),
        "problem": problem,
        "digest": problem_digest(problem),
    }


def claim_json(claim: Claim) -> dict[str, JSON]:
    """Return a claim as plain data; what an undecided one has measured is not kept."""
    return {
        "name": claim.name,
        "status": str(claim.status),
        "inputs": plain(claim.inputs),
        "numbers": {} if claim.reason is not None else plain(claim.numbers),
        "reason": plain(claim.reason),
    }
