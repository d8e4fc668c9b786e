"""Both ball arithmetics for tests; and helpers beside them importable under --import-mode=importlib."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOLDERS = (
    "",
    "check",
    "check/batches",
    "check/census",
    "check/large",
    "check/region",
    "check/sheet",
    "find",
    "objectives",
    "objectives/network",
    "objectives/program",
    "training",
)
sys.path[:0] = [str(HERE / folder) for folder in FOLDERS]


@pytest.fixture(params=["arb", "mpmath"])
def ar(request):
    """Either arithmetic at 106 bits, in use."""
    from hallucert.balls import arithmetic

    with arithmetic(request.param, 106) as chosen:
        yield chosen
