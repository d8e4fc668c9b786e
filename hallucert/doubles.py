"""Arrays of doubles in files: few as text, many as bytes in one file beside the certificate, its *companion*.

Where an array of more than `INLINE` doubles belongs, the certificate has ``{"doubles": shape}``, and the companion
holds all of these arrays, one after the other in the order of the text. It is one vector in numpy's format ``.npy``,
whose first 128 bytes are determined by its length, so that nothing in it needs to be interpreted; the certificate has
the SHA-256 of the file, and from that its name.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import parse_dyadic

INLINE = 2**14
"""Longest array that is written as text."""

MAX_DOUBLES = 2**27
"""Most doubles in a companion: a gigabyte."""
MAX_AXES = 16

FIELD = "doubles"
"""The one field of what stands for an array, and the field of the file with the digest of the companion."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
DTYPE = "<f8"


# ---------------------------------------------------------------- one array as plain data


@dataclass(frozen=True, eq=False)
class LongArray:
    """A long array among plain data. It equals nothing else: where text belongs, it is wrong text and no error."""

    values: np.ndarray


def read_doubles(value: object, shape: tuple[int, ...], field: str) -> np.ndarray:
    """Return the array that `hallucert.objectives.writing.doubles_json` made plain data of, read-only.

    CertificateError if it is not one of finite doubles of this shape, each exactly, in its canonical spelling.
    """
    if isinstance(value, LongArray):
        values = value.values.view()
        if values.dtype != np.float64 or values.shape != shape or not np.isfinite(values).all():
            raise CertificateError(field, f"must be an array of the shape {list(shape)} of finite doubles")
    else:
        count = math.prod(shape)
        if count > INLINE:
            raise CertificateError(field, f"must be an array, since it has more than {INLINE} numbers")
        if not isinstance(value, list) or len(value) != count:
            raise CertificateError(field, f"must have {count} numbers")
        values = np.array([_double(v, field) for v in value], dtype=np.float64).reshape(shape)
    values.flags.writeable = False
    return values


def _double(value: object, field: str) -> float:
    """Read a canonical dyadic number that a double is exactly."""
    try:
        number = parse_dyadic(value) if isinstance(value, str) else None
        double = math.nan if number is None else float(number)
    except (ArgumentError, OverflowError):
        number, double = None, math.nan
    if number is None or not math.isfinite(double) or Fraction(double) != number:
        raise CertificateError(field, 'must have doubles, exactly, as text such as "3p-3"')
    return double


def array_of(value: object) -> np.ndarray:
    """Return the array that a `LongArray` holds; `TypeError` for what has no place in a file."""
    if not isinstance(value, LongArray):
        raise TypeError(f"no field holds a {type(value).__name__}")
    return value.values


def digest_of(value: object) -> dict[str, object]:
    """Return what stands for it in the text whose digest is that of a problem: its shape and its SHA-256."""
    content = np.ascontiguousarray(array_of(value), DTYPE).data
    return {FIELD: list(array_of(value).shape), "sha256": hashlib.sha256(content).hexdigest()}


# ---------------------------------------------------------------- all arrays of a file, and its companion


def header_of(count: int) -> bytes:
    """Return the first bytes of a vector of so many doubles in numpy's format ``.npy``."""
    text = f"{{'descr': '{DTYPE}', 'fortran_order': False, 'shape': ({count},), }}"
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.ljust(117).encode() + b"\n"


def companion_of(path: Path, digest: str) -> Path:
    """Return where the companion of a certificate is: beside it, which may be where a link leads."""
    real = Path(os.path.realpath(path))
    return real.with_name(f"{real.name}.{digest[7:23]}.npy")


def reserve(shape: object, arrays: list[np.ndarray]) -> LongArray:
    """Append a new array to those of a file that is being read, and return it; its numbers come with `fill`.

    CertificateError if its shape is no list of lengths, or that of a short array, or if all are too large together.
    """
    if not isinstance(shape, list) or len(shape) > MAX_AXES or any(type(n) is not int or n < 1 for n in shape):
        raise CertificateError(FIELD, f"must have a shape, a list of at most {MAX_AXES} lengths from 1 on")
    if not INLINE < math.prod(shape) <= MAX_DOUBLES - sum(array.size for array in arrays):
        raise CertificateError(FIELD, f"must be arrays of more than {INLINE} numbers, {MAX_DOUBLES} in all")
    arrays.append(np.empty(shape, dtype=DTYPE))
    return LongArray(arrays[-1])


def fill(arrays: Sequence[np.ndarray], path: Path, digest: object) -> None:
    """Read the numbers of all arrays of the certificate at `path` from its companion, which must be a file, no link.

    CertificateError, of the field ``doubles``, if it is missing, is not the one with the digest, or has a number that
    is not finite.
    """
    if not arrays or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise CertificateError(FIELD, 'must be "sha256:" and 64 hexadecimal digits, exactly if there are arrays')
    companion, header = companion_of(path, digest), header_of(sum(array.size for array in arrays))
    flags = [getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")]
    try:
        with os.fdopen(os.open(companion, os.O_RDONLY | sum(flags)), "rb") as stream:
            size = len(header) + sum(array.nbytes for array in arrays)
            if os.fstat(stream.fileno()).st_size != size:  # of what is no file it is 0
                raise CertificateError(FIELD, f"must be in {companion.name}, a file of {size} bytes")
            content = hashlib.sha256(start := stream.read(len(header)))
            for array in arrays:
                stream.readinto(array.reshape(-1).view(np.uint8).data)
                content.update(array.data)
    except OSError as error:
        must = f"must be in {companion.name} beside the certificate, which cannot be read: {error.strerror}"
        raise CertificateError(FIELD, must) from None
    if start != header or f"sha256:{content.hexdigest()}" != digest:
        raise CertificateError(FIELD, f"must be those of the certificate, but {companion.name} has others")
    if not all(np.isfinite(array).all() for array in arrays):
        raise CertificateError(FIELD, "must be finite")
