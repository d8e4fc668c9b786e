"""Coq: its tests are selected with ``-m coq`` alone, and then a machine without it is a failure."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

FORMAL = Path(__file__).parents[2] / "formal"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs Coq unless it is asked for: it takes minutes."""
    if "coq" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("coq")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("coq")]


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
