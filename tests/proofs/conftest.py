"""Problems that several proof tests speak about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import hallucert as hc

REFERENCE = Path(__file__).parents[1] / "reference" / "himmelblau.json"


@pytest.fixture(scope="session")
def himmelblau() -> Any:
    return hc.Objective.parse("(x**2 + y - 11)**2 + (x + y**2 - 7)**2")


@pytest.fixture(scope="session")
def reference() -> Any:
    """Critical and hallucinated points of Himmelblau's function to 30 digits, from a root search at 50 digits."""
    return json.loads(REFERENCE.read_text())


@pytest.fixture(scope="session")
def four_well() -> Any:
    return hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")


@pytest.fixture(scope="session")
def diagonal(four_well) -> Any:
    """The branch of the four wells along the diagonal, in floats."""
    return hc.find.branch(four_well, (0, 0), (1, 1))


@pytest.fixture(scope="session")
def certified(diagonal) -> Any:
    """Its certificate."""
    return hc.certify(diagonal)
