"""Certificates for other programs: a theorem for the proof assistant Coq."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path

from hallucert.arguments import checked_path
from hallucert.check.claim import Made
from hallucert.errors import ArgumentError
from hallucert.files import replacing


def export(self: Made, path: str | PathLike[str], to: str = "coq") -> None:
    """Write the certificate as a theorem for a proof assistant; `formal/` of the project holds what the file imports.

    The file says at the top the function as a formula, and what is proved of it; `coqc` accepts it only if that holds.

    Parameters
    ----------
    path : str or path
        Where to; a name that Coq takes for a module, with the ending ``.v``. An existing file is replaced.
    to : {"coq"}
        The proof assistant.

    Raises
    ------
    ArgumentError
        If there is no theorem in Coq for such a certificate: then the argument is ``certificate.kind``, ``.claims``,
        ``.variant``, ``.dimension``, ``.operation``, ``.nodes`` or what else stands in the way. Also if `path` is no
        name of a Coq file, or `to` another program.
    """
    if to != "coq":
        raise ArgumentError("to", to, 'be "coq"')
    target = checked_path(path)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*\.v", Path(target).name):
        raise ArgumentError("path", str(path), 'end in a name of letters, digits and underscores, and ".v"')
    from hallucert.export.coq import theorem

    text = theorem(self)
    with replacing(target) as stream:
        stream.write(text.encode("ascii", "backslashreplace"))
