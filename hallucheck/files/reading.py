"""Reading of a hostile file: limits first, then one spelling for every number, then exactly the expected
fields.

Whatever does not fit raises `Refused` with the name of the field. What fits but is not covered here raises
`NotCovered`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import gcd
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from ..arithmetic.interval import Interval, between, exact
from ..arithmetic.linear import Matrix, Vector

T = TypeVar("T")
LARGEST_FILE = 64 << 20
LONGEST_NUMBER = 6100  # characters
MOST_BITS = 20_000  # of numerator and denominator together
MOST_BITS_OF_FILE = 2**30  # of all numbers: `"1p20000"` is short as text and long as a number
EXPONENT = re.compile(r'p(-?[0-9]{1,9})"')
DYADIC = re.compile(r"0|(-?[1-9][0-9]*)(?:p(-?[1-9][0-9]*))?")
RATIONAL = re.compile(r"(0|-?[1-9][0-9]*)(?:/([1-9][0-9]*))?")
Reader = Callable[[Any, str], T]  # of a value, whose place a refusal names


class Refused(ValueError):
    """The file is no certificate."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


class NotCovered(Exception):
    """The file may be a good certificate of something that this checker knows nothing about."""


def load(path: Path) -> dict[str, Any]:
    """The JSON object in a file."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Refused("file", f"cannot be read ({error.strerror})") from None
    if len(data) > LARGEST_FILE or not data.isascii() or b"\\" in data:
        raise Refused("file", "too large, not ASCII, or with a backslash")
    text = data.decode("ascii")
    if sum(min(abs(int(match[1])), MOST_BITS) for match in EXPONENT.finditer(text)) > MOST_BITS_OF_FILE:
        raise NotCovered("numbers that long altogether")
    try:
        document = json.loads(
            text, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float, parse_int=_short_integer
        )
    except json.JSONDecodeError as error:
        raise Refused("file", f"not JSON: {error.msg} in line {error.lineno}") from None
    except RecursionError:
        raise Refused("file", "nested too deeply") from None
    if not isinstance(document, dict):
        raise Refused("file", "not a JSON object")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, if no key occurs twice."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Refused("file", "a field occurs twice")
    return result


def _no_float(text: str) -> None:
    raise Refused("file", f"floating-point number {text[:20]}")


def _short_integer(text: str) -> int:
    """An integer of at most 18 digits."""
    if len(text.lstrip("-")) > 18 or text == "-0":
        raise Refused("file", "an integer has too many digits, or a sign too many")
    return int(text)


def record(value: Any, where: str, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """An object with exactly these fields, besides optional ones."""
    if not isinstance(value, dict):
        raise Refused(where, "not an object")
    for name in names:
        if name not in value:
            raise Refused(where, f"field {name} is missing")
    for name in value:
        if name not in names and name not in optional:
            raise Refused(where, f"unknown field {name[:40]!r}")
    return value


def fields(value: Any, where: str, **readers: Reader[Any]) -> SimpleNamespace:
    """An object with exactly these fields, each read."""
    record(value, where, tuple(readers))
    return SimpleNamespace(**{name: read(value[name], f"{where}.{name}") for name, read in readers.items()})


def items(value: Any, where: str, read: Reader[T], count: int | None = None, most: int = 10**6) -> list[T]:
    """A list, of exactly `count` or at most `most` entries."""
    if not isinstance(value, list) or len(value) > most or (count is not None and len(value) != count):
        raise Refused(where, "not a list of the right length")
    return [read(item, f"{where}[{i}]") for i, item in enumerate(value)]


def text(value: Any, where: str, most: int = 40_000) -> str:
    """A text, which is ASCII as all of the file is."""
    if not isinstance(value, str) or len(value) > most:
        raise Refused(where, "not a text")
    return value


def integer(value: Any, where: str, low: int = 0, high: int = 10**18) -> int:
    """An integer in a range."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refused(where, "not an integer in range")
    return value


def choice(*allowed: str | None) -> Reader[Any]:
    """A reader of one of some words."""

    def read(value: Any, where: str) -> Any:
        if (value is not None and not isinstance(value, str)) or value not in allowed:
            raise Refused(where, "unknown word")
        return value

    return read


null = choice(None)


def whole(digits: str) -> int:
    """The integer of a text of any length; the interpreter alone converts at most 4300 digits."""
    return int(Decimal(digits))


def dyadic(value: Any, where: str) -> Fraction:
    """`"mpe"`, with odd `m`: the number `m 2**e`."""
    match = DYADIC.fullmatch(value) if isinstance(value, str) and len(value) <= LONGEST_NUMBER else None
    if not match:
        raise Refused(where, "not a dyadic")
    m, e = whole(match[1] or "0"), whole(match[2] or "0")
    if (m % 2 == 0 and value != "0") or m.bit_length() + abs(e) > MOST_BITS:
        raise Refused(where, "not a dyadic in its only spelling, or too long")
    return Fraction(m << e) if e >= 0 else Fraction(m, 1 << -e)


def rational(value: Any, where: str) -> Fraction:
    """`"p"` or `"p/q"` in lowest terms."""
    match = RATIONAL.fullmatch(value) if isinstance(value, str) and len(value) <= LONGEST_NUMBER else None
    if not match:
        raise Refused(where, "not a rational number")
    p, q = whole(match[1]), whole(match[2] or "1")
    if gcd(p, q) != 1 or match[2] == "1" or p.bit_length() + q.bit_length() > MOST_BITS:
        raise Refused(where, "not in lowest terms, or too long")
    return Fraction(p, q)


def number(value: Any, where: str) -> Fraction:
    """An *exact* number: a dyadic, or `"p/q"` of a number that is none."""
    if isinstance(value, str) and "/" in value:
        result = rational(value, where)
        if result.denominator & (result.denominator - 1) == 0:
            raise Refused(where, "a dyadic is not written as a fraction")
        return result
    return dyadic(value, where)


def positive(read: Reader[Fraction]) -> Reader[Fraction]:
    """A reader of positive numbers."""

    def read_positive(value: Any, where: str) -> Fraction:
        result = read(value, where)
        if result <= 0:
            raise Refused(where, "not positive")
        return result

    return read_positive


def interval(value: Any, where: str) -> Interval:
    """`[lower, upper]`, two dyadics."""
    low, high = items(value, where, dyadic, count=2)
    if low > high:
        raise Refused(where, "reversed")
    return between(exact(low), exact(high))


def vector(d: int, read: Reader[Fraction] = number) -> Reader[Vector]:
    """A reader of `d` numbers."""
    return lambda value, where: Vector(map(exact, items(value, where, read, count=d)))


def matrix(rows: int, columns: int) -> Reader[Matrix]:
    """A reader of rows of exact numbers."""
    return lambda value, where: Matrix(items(value, where, vector(columns), count=rows))


def square_matrix(n: int, read: Reader[Fraction] = dyadic) -> Reader[Matrix]:
    """A reader of the `n**2` numbers of a square matrix, by rows."""

    def read_rows(value: Any, where: str) -> Matrix:
        entries = vector(n * n, read)(value, where)
        return Matrix(Vector(entries[i : i + n]) for i in range(0, n * n, n))

    return read_rows


def box(d: int) -> Reader[Vector]:
    """A reader of `d` intervals."""
    return lambda value, where: Vector(items(value, where, interval, count=d))


def digest(problem: Any) -> str:
    """The hash that guards against accidents."""
    canonical = json.dumps(problem, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode("ascii")).hexdigest()


def check_digest(document: dict[str, Any]) -> None:
    """Refuse a problem that is not the one that was hashed."""
    if document["digest"] != digest(document["problem"]):
        raise Refused("digest", "the problem is not the one that was hashed")
