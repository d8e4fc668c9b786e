"""Files of certificates of any kind: reading from anyone, with every field checked.

A kind is one entry in `KINDS` and the modules that it names, which load when a file of that kind turns up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from hallucert.arguments import checked_path, quiet
from hallucert.check.file.fields import FORMAT, JSON
from hallucert.errors import CertificateError

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 40
PART = 2**16

_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1
"""How each character changes the depth."""

_PACKAGES = {kind: kind for kind in ("point", "large", "branch", "census", "sheet", "basins", "cycle")} | {
    "diagram": "branch",
    "surface": "sheet",
}

KINDS = {
    kind: tuple(f"hallucert.check.{place}" for place in (f"{package}.file", f"writing.{package}", f"{package}.verify"))
    for kind, package in _PACKAGES.items()
}
KINDS["cycle"] = (*KINDS["cycle"][:2], KINDS["point"][2])  # a point, whose problem says how it is checked
"""From the field ``kind`` to the modules with its ``from_json``, ``to_json`` and ``check``."""

READ, WRITE, CHECK = range(3)


def module_of(kind: object, role: int) -> ModuleType:
    """Return the module of a kind for `READ`, `WRITE` or `CHECK`; `CertificateError` if there is no such kind."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise CertificateError("kind", f"must be one of {', '.join(KINDS)}")
    return import_module(KINDS[kind][role])


@quiet
def load(path: str | PathLike[str]) -> Any:
    """Read a certificate; nothing in it is believed until `hallucert.verify` has re-proved it.

    Parameters
    ----------
    path : str or path
        A file that `Certificate.save` wrote, or somebody says so.

    Returns
    -------
    Certificate, BranchCertificate, SheetCertificate, Census or another of `hallucert.check`
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
    content = _content(checked_path(path))
    if FORMAT.encode() not in content:
        from hallucert.files import kind_of_content  # for the message alone

        if kind := kind_of_content(content):
            raise CertificateError("(file)", f"is {kind}, no certificate: it is for checkpoint=")
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        raise CertificateError("(file)", "must be ASCII text") from None
    if "\\" in text:
        raise CertificateError("(file)", "must not contain a backslash: nothing in it has to be escaped")
    if _depth(text) > MAX_DEPTH:
        raise CertificateError("(file)", f"is nested deeper than {MAX_DEPTH}")
    arrays: list[np.ndarray] = []
    try:
        data = json.loads(
            text,
            object_pairs_hook=lambda pairs: _object(pairs, arrays),
            parse_constant=_no_constant,
            parse_float=_no_float,
            parse_int=_short_int,
        )
    except json.JSONDecodeError as error:
        raise CertificateError("(file)", f"is not JSON: {error.msg} in line {error.lineno}") from None
    if arrays or (isinstance(data, dict) and "doubles" in data):
        from hallucert.doubles import fill  # for large certificates alone

        fill(arrays, checked_path(path), data.pop("doubles", None) if isinstance(data, dict) else None)
    return from_json(data)


def _content(path: Path) -> bytes:
    """Read a file, part by part: memory is taken for what there is, not for what there may be."""
    parts, size = list[bytes](), 0
    with path.open("rb") as stream:
        while part := stream.read(PART):
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise CertificateError("(file)", f"is larger than {MAX_BYTES} bytes")
    return b"".join(parts)


def _depth(text: str) -> int:
    """Largest nesting of brackets outside of strings, at no more cost for a file of nothing but brackets."""
    characters = np.frombuffer("".join(text.split('"')[::2]).encode(), dtype=np.uint8)
    return int(np.cumsum(_STEPS[characters], dtype=np.int32).max(initial=0))


def _object(pairs: list[tuple[str, JSON]], arrays: list[np.ndarray]) -> JSON:
    """Return an object without duplicate fields; what stands for an array is that array, whose numbers come later."""
    if len(pairs) == 1 and pairs[0][0] == "doubles":
        from hallucert.doubles import reserve  # for large certificates alone

        return reserve(pairs[0][1], arrays)
    result: dict[str, JSON] = {}
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
    """Build a certificate of any kind from plain data, checking every field."""
    if not isinstance(data, Mapping):
        raise CertificateError("(file)", "must be an object")
    if "kind" not in data:
        raise CertificateError("kind", "is missing, so this is no certificate of hallucert")
    return module_of(data["kind"], READ).from_json(data)
