"""Entries of a bibliography: a certificate with its digests, this library, and the paper that it is about."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from hallucert import __version__
from hallucert.check.claim import Saved
from hallucert.check.file.save import save, to_json

LIBRARY, PAPER = "hallucert", "park2025hallucinate"
"""Keys of the entries that do not change."""

OTHERS = rf"""
@misc{{{LIBRARY},
  author = {{{{The hallucert developers}}}},
  title = {{hallucert: hallucinated minimizers of Sharpness-Aware Minimization, constructed and proved}},
  note = {{Version {__version__}}},
}}

@misc{{{PAPER},
  author = {{Park, Chanwoong and Jang, Uijeong and Ryu, Ernest K. and Yang, Insoon}},
  title = {{Sharpness-Aware Minimization Can Hallucinate Minimizers}},
  year = {{2025}},
  note = {{arXiv:2509.21818}},
}}
"""

ENTRY = r"""@misc{{{key},
  author = {{{{The hallucert developers}}}},
  title = {{Certificate of kind \texttt{{{kind}}}, made by hallucert}},
  howpublished = {{Supplementary file}},
  note = {{SHA-256 of the file {file}; of its problem {problem}}},
}}
"""


def digest_of(certificate: Saved) -> str:
    """Return SHA-256 of the file that `save` writes, as hexadecimal text."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "certificate.json"
        save(certificate, path)
        return hashlib.sha256(path.read_bytes()).hexdigest()


def key_of(certificate: Saved) -> str:
    """Return what the certificate is cited as: its kind, and the beginning of its digest."""
    return f"hallucert:{certificate.kind}-{digest_of(certificate)[:12]}"


def entries(certificate: Saved) -> str:
    """Return the entries in BibTeX: the certificate, the library, and the paper."""
    problem = str(to_json(certificate)["digest"]).removeprefix("sha256:")
    entry = ENTRY.format(
        key=key_of(certificate),
        kind=certificate.kind,
        file=_broken(digest_of(certificate)),
        problem=_broken(problem),
    )
    return entry + OTHERS


def _broken(digest: str) -> str:
    """Return a digest that may be broken over lines."""
    parts = r"\allowbreak ".join(digest[i : i + 16] for i in range(0, len(digest), 16))
    return rf"\texttt{{{parts}}}"
