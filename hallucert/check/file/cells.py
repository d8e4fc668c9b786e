"""The fields of chains of cells, and of charts: numbers of limited length, as many as there must be."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from hallucert.check.claim import Claim, Status
from hallucert.check.file.fields import read_list, read_vector
from hallucert.errors import CertificateError

MAX_NUMBER_BITS = 4096


def read_numbers(value: object, length: int, field: str) -> tuple[Fraction, ...]:
    """Return a list of `length` exact numbers of a cell or chart, none longer than `MAX_NUMBER_BITS`."""
    numbers = read_vector(value, field)
    if len(numbers) != length:
        raise CertificateError(field, f"must have {length} numbers")
    if any(max(abs(x.numerator), x.denominator).bit_length() > MAX_NUMBER_BITS for x in numbers):
        raise CertificateError(field, f"must have numbers of at most {MAX_NUMBER_BITS} bits")
    return numbers


def read_positive(value: object, length: int, field: str) -> tuple[Fraction, ...]:
    """Return a list of `length` positive exact numbers, as short as for `read_numbers`."""
    numbers = read_numbers(value, length, field)
    if min(numbers) <= 0:
        raise CertificateError(field, f"must be {length} positive numbers")
    return numbers


def read_square(value: object, size: int, field: str) -> tuple[tuple[Fraction, ...], ...]:
    """Return a square matrix of exact numbers, as short as for `read_numbers`."""
    rows = read_list(value, field)
    if len(rows) != size or any(not isinstance(row, list) or len(row) != size for row in rows):
        raise CertificateError(field, f"must be a {size} by {size} matrix")
    return tuple(read_numbers(row, size, f"{field}[{i}]") for i, row in enumerate(rows))


def read_flag(value: object, field: str) -> bool:
    """Return what is true or false, as 1 or 0."""
    if type(value) is not int or value not in (0, 1):
        raise CertificateError(field, "must be 0 or 1")
    return bool(value)


def require_claims(claims: Iterable[Claim], name: str, what: str, chains: int) -> None:
    """Check that every chain is claimed to hold a curve: what nobody claims, nobody checks."""
    claimed = {claim.inputs.get(what) for claim in claims if claim.name == name and claim.status is Status.PROVED}
    if missing := set(range(1, chains + 1)) - claimed:
        raise CertificateError("claims", f"must have a claim {name!r} about {what} {min(missing)}")
