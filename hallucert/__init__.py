"""Construct hallucinated minimizers of Sharpness-Aware Minimization, and prove what they are.

Importing this package is cheap: every public name loads what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_LAZY = {
    "Objective": "hallucert.objectives.objective",
}
_MODULES = ("sam", "find", "plot", "errors")

__all__ = ["__version__", *_LAZY, *_MODULES]

if TYPE_CHECKING:
    from hallucert import errors as errors
    from hallucert import find as find
    from hallucert import plot as plot
    from hallucert import sam as sam
    from hallucert.objectives.objective import Objective as Objective


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(import_module(_LAZY[name]), name)
    elif name in _MODULES:
        value = import_module(f"hallucert.{name}")
    else:
        raise AttributeError(f"module 'hallucert' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
