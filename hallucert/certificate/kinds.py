"""Kinds of certificates: a table from the field ``kind`` of a file to the modules that read, write and check it.

Certificates of points have no such field. Another kind ``k`` is one entry here and three modules ``k_reading`` (with
``from_json``), ``k_writing`` (``to_json``) and ``k_verify`` (``check``), which load when a file of that kind turns up.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hallucert.errors import CertificateError

KINDS = {
    "branch": "hallucert.certificate.branch",
    "census": "hallucert.certificate.census",
    "diagram": "hallucert.certificate.diagram",
    "sheet": "hallucert.certificate.sheet",
    "surface": "hallucert.certificate.surface",
}
"""Prefix of the modules of each kind."""


def module_of(kind: object, role: str) -> Any:
    """Return the module of a kind for a role: ``"reading"``, ``"writing"`` or ``"verify"``.

    Raises
    ------
    CertificateError
        If there is no such kind.
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise CertificateError("kind", f"must be one of {', '.join(KINDS)}, or left out for a point")
    return import_module(f"{KINDS[kind]}_{role}")
