"""The fields of files: a reader for each kind of value.

Whatever does not fit is named by its path. A record is read by a table from its fields to the names of their values
(`READERS`); the same table says what is written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hallucert.check.claim import Provenance
from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import MAX_DIGITS, exact_radius, format_rational, parse_dyadic, parse_exact
from hallucert.objectives.tape import Tape

if TYPE_CHECKING:
    from hallucert.check.subdivision import Subdivision

FORMAT = "hallucert-certificate"
JSON = Any
"""Plain data, as `json` reads and writes them."""

SCHEMA = 2
MAX_BOX_DIMENSION = 2**17
"""Of a box about which something is proved without solving anything."""
MAX_SENTENCE = 40_000
"""Characters: a sentence may hold the longest number several times."""
MAX_PRECISION = 2000
MAX_VECTOR_BITS, MAX_MATRIX_BITS = 2**28, 2**30
"""Of all numerators and denominators of a list, or a matrix: ``"1p20000"`` is short as text and long as a number."""
PROVENANCE = {"hallucert": "version", "backend": "text", "backend_version": "version", "precision": "integer"}
_VERSION = re.compile(r"[A-Za-z0-9 ._+-]{1,60}")


def read_fields(data: object, names: set[str], field: str) -> Mapping[str, JSON]:
    """Return the entries of a JSON object that must have exactly the given names."""
    if not isinstance(data, Mapping):
        raise CertificateError(field, "must be an object")
    if missing := names - set(data):
        raise CertificateError(f"{field}.{min(missing)}", "is missing")
    if extra := set(data) - names:
        raise CertificateError(f"{field}.{min(extra)[:40]}", "is not a field of a certificate")
    return data


def read_top(data: object, names: set[str], problem: set[str]) -> tuple[Mapping[str, JSON], Mapping[str, JSON]]:
    """Return the fields of a file and those of its problem, after checking format, version and digest."""
    top = read_fields(data, names, "(file)")
    if top["format"] != FORMAT:
        raise CertificateError("format", f"must be {FORMAT!r}")
    if type(top["schema"]) is not int or top["schema"] != SCHEMA:
        raise CertificateError("schema", f"must be {SCHEMA}; this library knows no other version")
    entry = read_fields(top["problem"], problem, "problem")
    if top["digest"] != problem_digest(entry):
        raise CertificateError("digest", "is not the digest of the problem")
    return top, entry


def problem_digest(problem: Mapping[str, JSON]) -> str:
    """Return ``sha256:...`` of the canonical text of a problem (keys sorted, no spaces, ASCII)."""
    text = json.dumps(problem, separators=(",", ":"), sort_keys=True, ensure_ascii=True, default=_array_digest)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _array_digest(value: object) -> JSON:
    """Return what stands for an array of doubles in the text of a problem."""
    from hallucert.doubles import digest_of  # for large problems alone

    return digest_of(value)


def read_text(value: object, field: str, limit: int = MAX_SENTENCE) -> str:
    """Return printable ASCII text of at most `limit` characters: on a terminal it does nothing but stand there."""
    if not isinstance(value, str) or len(value) > limit or not (value.isascii() and value.isprintable()):
        raise CertificateError(field, f"must be printable ASCII text of at most {limit} characters")
    return value


def read_list(value: object, field: str, limit: int = MAX_BOX_DIMENSION) -> list[JSON]:
    """Return a list of at most `limit` entries."""
    if not isinstance(value, list) or len(value) > limit:
        raise CertificateError(field, f"must be a list of at most {limit} entries")
    return value


def read_dyadic(value: object, field: str) -> Fraction:
    """Return a dyadic number in its canonical spelling."""
    try:
        return parse_dyadic(read_text(value, field, MAX_DIGITS))
    except ArgumentError as error:
        raise CertificateError(field, str(error)) from None


def read_dyadics(value: object, field: str) -> tuple[Fraction, ...]:
    """Return a list of dyadic numbers."""
    return tuple(_counted(read_dyadic, MAX_VECTOR_BITS, value, field))


def _counted(read: Callable[[object, str], Any], most: int, value: object, field: str) -> Iterator[Any]:
    """Yield the numbers, or tuples of numbers, of a list, whose bits are counted while they are read."""
    bits = 0
    for i, item in enumerate(read_list(value, field)):
        yield (found := read(item, f"{field}[{i}]"))
        for x in found if isinstance(found, tuple) else (found,):
            bits += x.numerator.bit_length() + x.denominator.bit_length()
        if bits > most:
            raise CertificateError(field, f"must have at most {most} bits")


def read_exact(value: object, field: str) -> Fraction:
    """Return an exact number in its canonical spelling."""
    try:
        return parse_exact(read_text(value, field, MAX_DIGITS))
    except ArgumentError as error:
        raise CertificateError(field, str(error)) from None


def read_vector(value: object, field: str) -> tuple[Fraction, ...]:
    """Return a list of exact numbers."""
    return tuple(_counted(read_exact, MAX_VECTOR_BITS, value, field))


def read_rows(value: object, field: str) -> tuple[tuple[Fraction, ...], ...]:
    """Return a matrix of exact numbers."""
    return tuple(_counted(read_vector, MAX_MATRIX_BITS, value, field))


def read_rho(value: object) -> Fraction:
    """Return the radius of a problem."""
    try:
        rho = exact_radius(read_text(value, "problem.rho", MAX_DIGITS))
    except ArgumentError as error:
        raise CertificateError("problem.rho", str(error)) from None
    if format_rational(rho) != value:
        raise CertificateError("problem.rho", "must be a fraction in lowest terms")
    return rho


def read_interval(value: object, field: str) -> tuple[Fraction, Fraction]:
    """Return ``[lower, upper]``, dyadic, in order."""
    ends = read_list(value, field)
    if len(ends) == 2:
        lower, upper = read_dyadic(ends[0], f"{field}[0]"), read_dyadic(ends[1], f"{field}[1]")
        if lower <= upper:
            return lower, upper
    raise CertificateError(field, "must be [lower, upper] with lower <= upper")


def read_box(value: object, field: str) -> tuple[tuple[Fraction, Fraction], ...]:
    """Return a list of intervals."""
    return tuple(_counted(read_interval, MAX_VECTOR_BITS, value, field))


def read_subdivision(value: object, field: str) -> Subdivision:
    """Return the record of a subdivision."""
    from hallucert.check.subdivision import LONGEST, Subdivision  # most points have none

    try:
        return Subdivision(read_text(value, field, LONGEST))
    except ArgumentError as error:
        raise CertificateError(field, f"must {error.must}") from None


def read_integer(value: object, field: str) -> int:
    """Return a nonnegative integer."""
    if type(value) is not int or value < 0:
        raise CertificateError(field, "must be a nonnegative integer")
    return value


def read_provenance(data: object) -> Provenance:
    """Return which software made a certificate."""
    made = read_record(data, PROVENANCE, "provenance")
    if made["backend"] not in ("arb", "mpmath", "midrad"):
        raise CertificateError("provenance.backend", 'must be "arb", "mpmath" or "midrad"')
    if not 30 <= made["precision"] <= MAX_PRECISION:
        raise CertificateError("provenance.precision", f"must be an integer from 30 to {MAX_PRECISION}")
    return Provenance(**made)


def read_version(value: object, field: str) -> str:
    """Return the version of some software."""
    text = read_text(value, field)
    if not _VERSION.fullmatch(text):
        raise CertificateError(field, "must be a version")
    return text


READERS: dict[str, Callable[[object, str], JSON]] = {
    "box": read_box,
    "dyadic": read_dyadic,
    "dyadics": read_dyadics,
    "exact": read_exact,
    "integer": read_integer,
    "interval": read_interval,
    "rows": read_rows,
    "subdivision": read_subdivision,
    "tape": Tape.from_json,
    "text": read_text,
    "vector": read_vector,
    "version": read_version,
}
"""From the name of a value, as tables of fields and `Theorem.inputs` give it, to what reads it."""


def read_record(data: object, fields: Mapping[str, str], path: str) -> dict[str, JSON]:
    """Read a JSON object with exactly the fields of a table."""
    entry = read_fields(data, set(fields), path)
    return {name: READERS[value](entry[name], f"{path}.{name}") for name, value in fields.items()}
