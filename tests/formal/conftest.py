"""Coq: its tests are selected with ``-m coq`` alone, and then a machine without it is a failure."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

FORMAL = Path(__file__).parents[2] / "formal"


@pytest.fixture(scope="session")
def coq() -> ModuleType:
    """Return the module `formal/compile.py`, with the theory compiled."""
    assert shutil.which("coqc"), "coqc is not there: apt-get install coq libcoq-interval libcoq-coquelicot"
    spec = importlib.util.spec_from_file_location("compile_theorems", FORMAL / "compile.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.compile_theory()
    return module
