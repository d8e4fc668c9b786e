"""Certificates for other programs: theorems for the proof assistant Coq and for LaTeX, entries for a bibliography."""

from __future__ import annotations

import re
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from hallucert.arguments import checked_path
from hallucert.check.claim import Saved
from hallucert.errors import ArgumentError, require
from hallucert.files import replacing

ENDINGS = {"coq": ".v", "latex": ".tex", "bibtex": ".bib"}
"""What certificates are written for, and how the names of such files end."""


def export(self: Saved, path: str | PathLike[str], to: str = "coq") -> None:
    """Write the certificate as a theorem for a proof assistant or a paper, or as entries of a bibliography.

    For Coq, `formal/` of the project holds what the file imports. The file says at the top the function as a formula,
    and what is proved of it; `coqc` accepts it only if that holds. For LaTeX the file is what `to_latex` returns, to
    be put into a paper by ``\\input``; it cites the entries that ``"bibtex"`` writes.

    Parameters
    ----------
    path : str or path
        Where to; the name ends in ``.v``, ``.tex`` or ``.bib``, and Coq must take what is before for a module. An
        existing file is replaced.
    to : {"coq", "latex", "bibtex"}
        The proof assistant, or what a paper is made with.

    Raises
    ------
    ArgumentError
        If there is no theorem for such a certificate: then the argument is ``certificate.claims``, and for Coq also
        ``certificate.kind``, ``.variant``, ``.dimension``, ``.operation``, ``.nodes`` or what else stands in the way.
        Also if `path` is no name of such a file, or `to` another program.
    """
    require(to in ENDINGS, "to", to, f"be one of {', '.join(ENDINGS)}")
    target = checked_path(path)
    if to == "coq" and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*\.v", Path(target).name):
        raise ArgumentError("path", str(path), 'end in a name of letters, digits and underscores, and ".v"')
    require(Path(target).suffix == ENDINGS[to], "path", str(path), f'end in "{ENDINGS[to]}"')
    text = _writer(to)(self)
    with replacing(target) as stream:
        stream.write(text.encode("ascii", "backslashreplace"))


def to_latex(self: Saved) -> str:
    """Return the certificate as a theorem in LaTeX, with a proof that cites it.

    The statement has the function as a formula, ``rho`` exactly, boxes, and each claim that is proved or refuted, with
    its numbers rounded outward; what is undecided is listed after it. It needs ``amsmath``, ``amssymb`` and ``amsthm``
    with ``\\newtheorem{theorem}{Theorem}``.

    Returns
    -------
    str
        ASCII, to be written into a file or a paper.

    Raises
    ------
    ArgumentError
        If the certificate proves and refutes nothing.
    """
    return _writer("latex")(self)


def _writer(to: str) -> Callable[[Saved], str]:
    """Return what writes a certificate for a program."""
    if to == "coq":
        from hallucert.export import coq

        return coq.theorem
    if to == "latex":
        from hallucert.export import latex

        return latex.theorem
    from hallucert.export import bibliography

    return bibliography.entries
