"""Make the helpers beside the tests importable under --import-mode=importlib."""

import sys
from pathlib import Path

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
