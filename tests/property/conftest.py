"""Make the helpers beside the tests, and random array programs, importable under --import-mode=importlib."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "unit" / "objectives" / "program")]
