"""The claims of a file of any kind: name, status, numbers and inputs are kept, and the sentence is rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hallucert.check.claim import PROVOKED, Claim, Enclosure, F, Inputs, Status, Theorem
from hallucert.check.file.fields import JSON, READERS, read_fields, read_interval, read_list
from hallucert.check.reason import Reason
from hallucert.errors import CertificateError

FIELDS = {"name", "status", "inputs", "numbers", "reason"}
STATUSES, REASONS = {str(each): each for each in Status}, {str(each): each for each in Reason}


def read_claims(
    data: object, theorems: Mapping[str, Theorem[F]], facts: F | None, limit: int, pieces: int = 0
) -> Iterator[Claim]:
    """Read claims, one after the other, that are among some theorems, and render their sentences.

    What the sentences refer to are `facts`, to which whoever takes a claim may add it before taking the next; None if
    all claims are undecided. There are so many `pieces` for claims to be about. `CertificateError` if something does
    not fit, also where numbers do not show the status that a claim has.
    """
    for i, item in enumerate(read_list(data, "claims", limit)):
        yield _claim(item, f"claims[{i}]", theorems, facts, pieces)


def _claim(data: object, field: str, theorems: Mapping[str, Theorem[F]], facts: F | None, pieces: int) -> Claim:
    entry = read_fields(data, FIELDS, field)
    if not isinstance(entry["name"], str) or entry["name"] not in theorems:
        raise CertificateError(f"{field}.name", f"must be one of {', '.join(theorems)}")
    theorem = theorems[entry["name"]]
    if not isinstance(entry["status"], str) or (status := STATUSES.get(entry["status"])) is None:
        raise CertificateError(f"{field}.status", f"must be one of {', '.join(Status)}")
    reason = REASONS.get(entry["reason"]) if isinstance(entry["reason"], str) else None
    if (reason is None) != (entry["reason"] is None) or (reason is None) == (status is Status.UNDECIDED):
        raise CertificateError(f"{field}.reason", "must be a known reason, exactly if the claim is undecided")
    if not isinstance(entry["inputs"], Mapping) or not isinstance(entry["numbers"], Mapping):
        raise CertificateError(f"{field}.numbers", "and inputs must be objects")
    allowed = theorem.inputs
    if status is Status.UNDECIDED:
        if entry["numbers"]:
            raise CertificateError(f"{field}.numbers", "must be empty for an undecided claim")
        allowed = ({}, {theorem.subject: "integer"}) if theorem.subject else ({},)
    inputs = _inputs(entry["inputs"], allowed, f"{field}.inputs", theorem.name)
    if theorem.subject in inputs and not 1 <= inputs[theorem.subject] <= pieces:
        raise CertificateError(f"{field}.inputs.{theorem.subject}", f"must be from 1 to {pieces}")
    if reason is not None:
        return theorem.open(reason, inputs)
    if facts is None:
        raise CertificateError("witness", "must be there if anything is claimed")
    return _stated(entry, field, theorem, facts, inputs)


def _inputs(data: Mapping[str, JSON], allowed: tuple[Mapping[str, str], ...], field: str, name: str) -> Inputs:
    types = next((kinds for kinds in allowed if set(kinds) == set(data)), None)
    if types is None:
        raise CertificateError(field, f"are not those of the claim {name}")
    return {key: READERS[kind](data[key], f"{field}.{key}") for key, kind in types.items()}


def _stated(entry: Mapping[str, JSON], field: str, theorem: Theorem[F], facts: F, inputs: Inputs) -> Claim:
    """Return what the numbers of a decided claim state."""
    if theorem.numbers and set(entry["numbers"]) not in theorem.numbers:
        raise CertificateError(f"{field}.numbers", f"must be {', '.join(sorted(theorem.numbers[0]))}")
    numbers = {
        str(key): Enclosure(*read_interval(value, f"{field}.numbers.{key[:40]}"))
        for key, value in entry["numbers"].items()
    }
    try:
        stated = theorem.state(facts, numbers, inputs)
    except PROVOKED:
        raise CertificateError(f"{field}.numbers", "and inputs must be those of the claim") from None
    if isinstance(stated, Reason) or stated.status != entry["status"]:
        raise CertificateError(f"{field}.status", f"must be what the numbers show, which is not {entry['status']}")
    return stated
