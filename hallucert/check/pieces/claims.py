"""Reading claims about the pieces of a sheet: curves or surfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.file.fields import read_fields, read_integer, read_interval, read_text
from hallucert.check.reason import Reason
from hallucert.errors import CertificateError


def read_piece_claim(
    data: object,
    field: str,
    pieces: int,
    questions: Mapping[str, str],
    known: Mapping[str, Sequence[set[str]]],
) -> Claim:
    """Read a claim about one of the pieces of a sheet.

    Parameters
    ----------
    data, field
        The data, and its place in the file.
    pieces : int
        How many pieces there are.
    questions : mapping
        For each name of a claim what it asks.
    known : mapping
        For each name the sets of numbers that it may have.

    Raises
    ------
    CertificateError
        If something does not fit.
    """
    entry = read_fields(data, {"name", "status", "statement", "inputs", "numbers", "reason"}, field)
    name, numbers = entry["name"], entry["numbers"]
    if not isinstance(name, str) or name not in questions:
        raise CertificateError(f"{field}.name", "is not the name of a claim about a sheet")
    if not isinstance(numbers, Mapping) or not isinstance(entry["inputs"], Mapping):
        raise CertificateError(f"{field}.numbers", "and inputs must be objects")
    if entry["status"] not in tuple(Status):
        raise CertificateError(f"{field}.status", f"must be one of {', '.join(Status)}")
    status = Status(entry["status"])
    if status is Status.UNDECIDED and not entry["inputs"]:
        inputs = {}
    else:
        number = read_integer(read_fields(entry["inputs"], {"sheet"}, f"{field}.inputs")["sheet"], f"{field}.inputs")
        if not 1 <= number <= pieces:
            raise CertificateError(f"{field}.inputs.sheet", f"must be from 1 to {pieces}")
        inputs = {"sheet": number}
    if status is Status.UNDECIDED:
        if numbers or entry["statement"] != questions[name] or entry["reason"] not in tuple(Reason):
            raise CertificateError(
                f"{field}.statement", "of an undecided claim is its question, with a known reason only"
            )
        return Claim(name, status, questions[name], inputs=inputs, reason=Reason(entry["reason"]))
    if entry["reason"] is not None:
        raise CertificateError(f"{field}.reason", "must be there exactly if the claim is undecided")
    if set(numbers) not in known[name]:
        raise CertificateError(f"{field}.numbers", f"must be {', '.join(sorted(known[name][0]))}")
    return Claim(
        name,
        status,
        read_text(entry["statement"], f"{field}.statement"),
        {str(key): Enclosure(*read_interval(numbers[key], f"{field}.numbers.{key}")) for key in numbers},
        inputs,
    )
