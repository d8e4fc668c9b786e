"""Writing files so that a reader, or a crash, sees the old file or the new one, never half of it; checkpoints.

A path may lead, through links, to a file or to nothing yet, which is replaced as a whole, or to something that is
written into: a pipe, a terminal, an open file of this process (``/dev/stdout``, the ``/dev/fd/63`` of ``>(command)``).

A checkpoint holds what long work has finished, under names, with the fingerprint of the work that it belongs to. It is
only ever continued by the same work, and it is believed: it holds results, not proofs.
"""

from __future__ import annotations

import errno
import io
import json
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO, NoReturn

from hallucert.arguments import checked_path
from hallucert.errors import ArgumentError, CheckpointError

PATIENCE = 1.0
"""Seconds that a pipe without a reader is given to find one."""

LINKS = 40
"""Links that are followed, as many as Linux follows."""

_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY}
"""What the system answers where a file may be written, but nothing be put in its place: it is mounted by itself, its
folder is read-only, or its owner is somebody else."""


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a stream in memory, and write what it holds to `path` when the block ends without an error.

    A file keeps its permissions, its owner and its names: if it has several, or nothing can be put in its place, it is
    overwritten; else a temporary file beside it is renamed to it. A new file has the permissions of the process. What
    is no path, or that of a socket or a disk, is an `ArgumentError`, what cannot be written an `OSError` of `path`.
    """
    target = checked_path(path)
    with _errors_about(path):
        _status(target)
    content = io.BytesIO()
    yield content
    with _errors_about(path):
        _write(target, content.getbuffer())


def require_place(path: str | PathLike[str]) -> None:
    """Make sure, as far as can be told before the work, that `replacing` can write to `path`; raises as that."""
    target = checked_path(path)
    with _errors_about(path):
        if _status(target) is None:
            write_nothing(Path(os.path.realpath(target)).parent)


def is_file_or_nothing(path: Path) -> bool:
    """Tell whether a path leads to a regular file, or to nothing yet."""
    return path.is_file() or not path.exists()


def _status(target: Path) -> os.stat_result | None:
    """Return what is there, None if there is nothing; refuse what cannot be written to."""
    try:
        old = os.stat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if _own_descriptor(target) is None:
        if stat.S_ISBLK(old.st_mode) or stat.S_ISSOCK(old.st_mode):
            raise ArgumentError("path", str(target), "be a file, a pipe or a terminal, no socket and no disk")
        if not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return old


def _own_descriptor(path: Path) -> int | None:
    """Return the number of the open file of this process that `path` is a name of, None if it is not."""
    folders = {os.path.realpath(folder) for folder in ("/proc/self/fd", "/dev/fd")}
    for _ in range(LINKS):
        if path.name.isdecimal() and os.path.realpath(path.parent) in folders:
            return int(path.name)
        if not path.is_symlink():
            break
        path = path.parent / os.readlink(path)
    return None


def _write(target: Path, content: memoryview) -> None:
    old, descriptor = _status(target), _own_descriptor(target)
    if descriptor is not None:
        _pour(os.dup(descriptor), content)
    elif old is None:
        _replace(Path(os.path.realpath(target)), None, content)
    elif not stat.S_ISREG(old.st_mode):
        _pour(_open_pipe(target, PATIENCE if stat.S_ISFIFO(old.st_mode) else 0), content)
    elif old.st_nlink != 1:
        _overwrite(target, content)
    else:
        try:
            _replace(Path(os.path.realpath(target)), old, content)
        except OSError as error:
            if error.errno not in _IN_PLACE:
                raise
            _overwrite(target, content)


def _replace(target: Path, old: os.stat_result | None, content: memoryview) -> None:
    """Write a temporary file with the permissions and the owner of the old one, and rename it."""
    temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(8)}.tmp")
    mode = 0o666 if old is None else 0o600  # of a new file less the umask; what was private is so from the start
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            if old is not None:
                _take_over(stream.fileno(), old)
            stream.write(content)
            _flush(stream)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    _sync(target.parent)


def _take_over(handle: int, old: os.stat_result) -> None:
    """Give an open file the owner and the permissions of another."""
    own = os.fstat(handle)
    if (own.st_uid, own.st_gid) != (old.st_uid, old.st_gid):
        os.fchown(handle, old.st_uid, old.st_gid)
    if own.st_mode != old.st_mode:
        os.fchmod(handle, stat.S_IMODE(old.st_mode))


def _overwrite(target: Path, content: memoryview) -> None:
    """Write into a file, after its room is sure: on a full disk the old content stays."""
    with target.open("r+b") as stream:
        if content and hasattr(os, "posix_fallocate"):
            before = os.fstat(stream.fileno()).st_size
            try:
                os.posix_fallocate(stream.fileno(), 0, len(content))
            except OSError:
                stream.truncate(before)
                raise
        stream.write(content)
        stream.truncate()
        _flush(stream)


def _flush(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    """Make a renaming last, where the system has that: some cannot open a folder, some file systems not sync it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _open_pipe(target: Path, patience: float) -> int:
    """Open a pipe or a terminal; a pipe that nobody reads is an error, not a wait without end."""
    end = time.monotonic() + patience
    while True:
        try:
            handle = os.open(target, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            if error.errno != errno.ENXIO or not patience:
                raise
            if time.monotonic() > end:
                raise OSError(errno.ENXIO, "Nobody reads this pipe") from None
            time.sleep(0.01)
        else:
            os.set_blocking(handle, True)
            return handle


def _pour(handle: int, content: memoryview) -> None:
    try:
        while content:
            content = content[os.write(handle, content) :]
    finally:
        os.close(handle)


@contextmanager
def _errors_about(path: str | PathLike[str]) -> Iterator[None]:
    """Make an error of the system one about `path`, of the same class."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


def write_nothing(folder: Path) -> None:
    """Make a file in a folder that vanishes at once, so that a wrong folder is an `OSError` before the work."""
    with tempfile.TemporaryFile(dir=folder):
        pass


def require_writable(folder: Path, argument: str) -> None:
    """Make sure that files can be written to a folder, which is made if it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_nothing(folder)
    except OSError as error:
        must = f"be a folder that can be written to ({error.strerror or error})"
        raise ArgumentError(argument, str(folder), must) from None


# ---------------------------------------------------------------- telling files of this library apart, for messages

CHECKPOINTS = {
    "basins": "the checkpoint of basins",
    "census": "the checkpoint of a census",
    "run": "the checkpoint of an ensemble of runs",
    "orbit": "the checkpoint of a run that is enclosed",
}
"""By the work that they are of."""

_LONGEST = 2**26
_MARKS = {
    b'"hallucert-certificate"': "a certificate",
    **{f'{{"work": "{work}"'.encode(): kind for work, kind in CHECKPOINTS.items()},
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


class Checkpoint:
    """Finished parts of work, in memory and, if there is a path, in a file that is replaced whole after each of them.

    The `work` is a key of `CHECKPOINTS`, the `fingerprint` that of all that determines it; `settings` say in words what
    makes another work of it, and `entries` are plain data by the names of the parts. A file that cannot be read, or
    belongs to other work, is a `CheckpointError`.
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
