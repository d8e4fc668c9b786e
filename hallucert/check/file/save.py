"""Writing the file of a certificate in one step, with its companion where there are long arrays."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from hallucert.arguments import checked_path
from hallucert.check.claim import Saved
from hallucert.check.file.fields import JSON
from hallucert.check.file.files import WRITE, module_of
from hallucert.doubles import DTYPE, FIELD, MAX_DOUBLES, array_of, companion_of, header_of
from hallucert.errors import ArgumentError
from hallucert.files import is_file_or_nothing, replacing


def save(self: Saved, path: str | PathLike[str]) -> None:
    """Write the certificate as JSON, atomically: the file is complete or not there.

    Long arrays of doubles go to a companion (`hallucert.doubles`), which is there before the certificate is.

    Parameters
    ----------
    path : str or path
        Where to; an existing file is replaced.

    Raises
    ------
    OSError
        If the path cannot be written; whatever was there before stays.
    """
    data, arrays, target, digest = to_json(self), list[np.ndarray](), checked_path(path), None

    def outside(values: Any) -> object:
        arrays.append(array_of(values))
        return _place_of(values)

    text = json.dumps(data, indent=1, ensure_ascii=True, default=outside)
    if arrays:
        data["doubles"] = digest = _write(arrays, target)
        text = json.dumps(data, indent=1, ensure_ascii=True, default=_place_of)
    new = not target.is_file()
    with replacing(target) as stream:
        stream.write(f"{text}\n".encode("ascii"))
    if not new:
        _tidy(target, digest)


def to_json(certificate: Saved) -> dict[str, JSON]:
    """Return a certificate of any kind as plain data, in the order of the file format."""
    data: dict[str, JSON] = module_of(certificate.kind, WRITE).to_json(certificate)
    return data


def _place_of(value: object) -> dict[str, list[int]]:
    """Return what stands for a `LongArray` in the text of a file."""
    return {FIELD: list(array_of(value).shape)}


def _write(arrays: Sequence[np.ndarray], path: Path) -> str:
    """Write the companion of a certificate that is about to be written to `path`; return its digest.

    Its name has the digest in it: a certificate that is there already keeps its own until `_tidy`.
    """
    if not is_file_or_nothing(path):
        raise ArgumentError("path", str(path), "be a file: another one, with the arrays, comes beside it")
    count = sum(array.size for array in arrays)
    if count > MAX_DOUBLES:
        raise ArgumentError("certificate", f"<arrays of {count} doubles>", f"have at most {MAX_DOUBLES} in arrays")
    parts = [memoryview(header_of(count)), *(np.ascontiguousarray(array, dtype=DTYPE).data for array in arrays)]
    content = hashlib.sha256()
    for part in parts:
        content.update(part)
    digest = f"sha256:{content.hexdigest()}"
    with replacing(companion_of(path, digest)) as stream:
        for part in parts:
            stream.write(part)
    return digest


def _tidy(path: Path, digest: str | None) -> None:
    """Remove the companions of certificates that were at `path` before the one there now."""
    real, kept = Path(os.path.realpath(path)), digest and companion_of(path, digest).name
    name = re.compile(re.escape(real.name) + r"\.[0-9a-f]{16}\.npy")
    for other in real.parent.iterdir():
        if name.fullmatch(other.name) and other.name != kept:
            other.unlink(missing_ok=True)
