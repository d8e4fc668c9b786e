"""Examples find stored data beside themselves by ``__file__``, which sphinx-gallery does not define for them."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def define_file(_: dict[str, Any], script: str | None) -> None:
    """Define ``__file__`` as a builtin, which a module's own ``__file__`` hides, for the example about to run."""
    if script is not None:
        builtins.__file__ = str(EXAMPLES / Path(script).name)  # type: ignore[attr-defined]
