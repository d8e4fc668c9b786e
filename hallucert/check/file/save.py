"""Writing the file of a certificate in one step, with its companion where there are long arrays."""

from __future__ import annotations

import json
from os import PathLike
from typing import Any

import numpy as np

from hallucert import doubles
from hallucert.arguments import checked_path
from hallucert.check.claim import Made
from hallucert.check.file.files import to_json
from hallucert.files import replacing


def save(self: Made, path: str | PathLike[str]) -> None:
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
        arrays.append(doubles.array_of(values))
        return doubles.place_of(values)

    text = json.dumps(data, indent=1, ensure_ascii=True, default=outside)
    if arrays:
        data["doubles"] = digest = doubles.write(arrays, target)
        text = json.dumps(data, indent=1, ensure_ascii=True, default=doubles.place_of)
    new = not target.is_file()
    with replacing(target) as stream:
        stream.write(f"{text}\n".encode("ascii"))
    if not new:
        doubles.tidy(target, digest)
