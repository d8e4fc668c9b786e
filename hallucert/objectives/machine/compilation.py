"""Compiling Python with numba, once for all processes until one of the sources changes.

What is compiled into one piece of code is kept on disk until one of its sources changes: numba's own cache watches only
the file that a function stands in, but not the functions, constants and ``overload`` implementations of other files
that are compiled into it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache

Function = Callable[..., Any]
"""What is compiled, and what comes of it: neither has types."""

PACKAGE = Path(__file__).parents[2]
SOURCES = ("objectives/machine/*.py", "sam/lanes.py", "sam/kernels/*.py", "find/basins/*.py")
"""Where the compiled code and its constants come from."""


@cache
def digest(root: Path = PACKAGE, sources: tuple[str, ...] = SOURCES) -> str:
    """Return a digest of the files below `root` that some patterns name."""
    content = hashlib.sha256()
    for path in sorted(path for pattern in sources for path in root.glob(pattern)):
        content.update(path.name.encode() + path.read_bytes())
    return content.hexdigest()


inlined = njit(nogil=True, error_model="numpy")
"""Compile a function as part of those that call it."""

merged = njit(nogil=True, error_model="numpy", inline="always")
"""Compile a long function as part of the only one that calls it: LLVM would spend as long on it again."""


def compiled(function: Function, root: Path = PACKAGE, sources: tuple[str, ...] = SOURCES) -> Function:
    """Compile a function that Python calls, once for all processes until one of the sources changes."""
    result: Function = inlined(function)
    kept = FunctionCache(function)
    # The stamp that an index file carries; where it differs, the index counts as empty and is written anew.
    kept._cache_file._source_stamp = (kept._cache_file._source_stamp, digest(root, sources))
    result._cache = kept  # type: ignore[attr-defined]
    return result
