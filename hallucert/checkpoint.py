"""Checkpoints: what long work has finished, under names, with the fingerprint of the work that it belongs to.

A file is replaced in one step: whoever kills the process, at whatever moment, leaves the old file or the new one. It is
only ever continued by the same work, and it is believed: it holds results, not proofs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

from hallucert.errors import CheckpointError
from hallucert.files import CHECKPOINTS, is_file_or_nothing, kind_of_file, replacing, require_place


class Checkpoint:
    """Finished parts, in memory and, if there is a path, in a file that is replaced whole after each of them.

    Parameters
    ----------
    path : Path or None
        The file.
    fingerprint : str
        Of all that determines the work.
    work : str
        What the work is called, a key of `CHECKPOINTS`.
    settings : str
        What makes another work of it, in words.

    Attributes
    ----------
    entries : dict
        Plain data, by the names of the parts.

    Raises
    ------
    CheckpointError
        If the file cannot be read or belongs to other work.
    """

    def __init__(self, path: Path | None, fingerprint: str, work: str, settings: str) -> None:
        self.path, self.fingerprint, self.work = path, fingerprint, work
        self.entries: dict[str, object] = {}
        if path is None:
            return
        belongs = True
        try:
            usable = is_file_or_nothing(path)
            if usable and path.exists():
                data = json.loads(path.read_text(encoding="ascii"))
                belongs, self.entries = data["digest"] == fingerprint, dict(data["results"])
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read: {error}; use another file") from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self._refuse_others()
            self.refuse(repr(error), "use another file" if kind_of_file(path) is None else "delete it")
        if not usable:
            raise CheckpointError(f"{path} cannot be read: it is no file; use another path")
        self._refuse_others()
        if not belongs:
            raise CheckpointError(f"{path} belongs to another {work} ({settings}); use another file")

    def _refuse_others(self) -> None:
        """Say what the file is, if it is something else of this library's."""
        if self.path is not None and (kind := kind_of_file(self.path)) not in (None, CHECKPOINTS[self.work]):
            self.refuse(f"it is {kind}", "use another file")

    def require_place(self) -> None:
        """Make sure, as far as can be told, that parts can be kept; raises `CheckpointError` if not."""
        if self.path is not None:
            try:
                require_place(self.path)
            except OSError as error:
                raise self._unwritable(error) from None

    def add(self, name: str, entry: object) -> None:
        """Keep a part; raises `CheckpointError` if the file cannot be written, and then the old one stays."""
        if self.path is None:
            return
        self.entries[name] = entry
        text = json.dumps({"work": self.work, "digest": self.fingerprint, "results": self.entries})
        try:
            with replacing(self.path) as stream:
                stream.write(text.encode("ascii"))
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> CheckpointError:
        return CheckpointError(f"the checkpoint {self.path} cannot be written: {error.strerror or error}")

    def refuse(self, why: str, what_to_do: str = "remove it") -> NoReturn:
        """Say that the file is none, and what to do."""
        raise CheckpointError(f"{self.path} is not the checkpoint of a {self.work}: {why}; {what_to_do}")
