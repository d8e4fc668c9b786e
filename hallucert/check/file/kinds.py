"""Kinds of certificates: a table from the field ``kind`` of a file to the modules that read, write and check it.

Certificates of points have no such field. Another kind is one entry here and a package with three modules, ``reading``
(with ``from_json``), ``writing`` (``to_json``) and ``verify`` (``check``), which load when a file of that kind turns
up. Sheets and surfaces are read, written and checked by the same ones.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hallucert.errors import CertificateError

KINDS = {
    "branch": "hallucert.check.branch",
    "census": "hallucert.check.census",
    "diagram": "hallucert.check.branch",
    "sheet": "hallucert.check.pieces",
    "surface": "hallucert.check.pieces",
}
"""The package of each kind."""


def module_of(kind: object, role: str) -> Any:
    """Return the module of a kind for a role: ``"reading"``, ``"writing"`` or ``"verify"``.

    Raises
    ------
    CertificateError
        If there is no such kind.
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise CertificateError("kind", f"must be one of {', '.join(KINDS)}, or left out for a point")
    return import_module(f"{KINDS[kind]}.{role}")
