"""Telling this library's files apart, for messages about one that was given in the place of another."""

from __future__ import annotations

from pathlib import Path

CERTIFICATE = "hallucert-certificate"
"""The field ``format`` of every certificate."""

CENSUS = "the checkpoint of a census"
_LONGEST = 2**26
_MARKS = {
    f'"{CERTIFICATE}"'.encode(): "a certificate",
    b'{"digest": "': CENSUS,
    b"fingerprint.npy": "the checkpoint of an ensemble of runs",
}


def kind_of_content(content: bytes) -> str | None:
    """Say what the content of a file looks like; None if it looks like nothing of this library's.

    Examples
    --------
    >>> kind_of_content(b'{"format": "hallucert-certificate"}')
    'a certificate'
    """
    return next((kind for mark, kind in _MARKS.items() if mark in content), None)


def kind_of_file(path: Path) -> str | None:
    """Say what a file looks like; None too if it cannot be read, or is no file."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return kind_of_content(stream.read(_LONGEST))
    except OSError:
        return None
