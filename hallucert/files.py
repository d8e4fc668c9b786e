"""Writing files so that a reader, or a crash, sees the old file or the new one, never half of it."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hallucert.arguments import checked_path
from hallucert.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`, and rename it to `path` when the block ends without an error.

    Raises
    ------
    ArgumentError
        If `path` is no path.
    OSError
        If the file cannot be written; the error names `path`, not the temporary file.
    """
    target = checked_path(path)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with _errors_about(path):
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        with _errors_about(path):
            os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


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
    """Make a file in a folder that vanishes at once, so that a wrong folder is reported before the work.

    Raises
    ------
    OSError
        If that fails.
    """
    with tempfile.TemporaryFile(dir=folder):
        pass


def require_writable(folder: Path, argument: str) -> None:
    """Make sure that files can be written to a folder, which is made if it is missing.

    Raises
    ------
    ArgumentError
        If they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_nothing(folder)
    except OSError as error:
        must = f"be a folder that can be written to ({error.strerror or error})"
        raise ArgumentError(argument, str(folder), must) from None


def save_picture(figure: Figure, path: Path) -> None:
    """Save a figure as PNG with 256 colours, a third of the size."""
    import io

    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100, format="png")
    image = Image.open(drawn).convert("RGB")
    with replacing(path) as stream:
        image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(stream, "png", optimize=True)
