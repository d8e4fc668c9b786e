"""How many lines of the second checker a file of each kind loads; run as a program, this prints them."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import hallucert as hc
import hallucheck

PACKAGE = Path(hallucheck.__file__).parent
CERTIFICATES = PACKAGE.parent / "docs" / "certificates"
KINDS = {
    "a point": "himmelblau-minimum-attracts",
    "a farthest point": "camel-farthest",
    "a network": "network-attracts",
    "a stall": "wells-stall",
    "a basin": "double-well-basin",
    "weight decay": "himmelblau-decay",
    "mini-batches": None,
    "a two-cycle": "himmelblau-two-cycle",
    "a branch": "tilted-wells-fold",
    "a sheet": None,
}
"""A certificate for each row of the table in the docstring of `hallucheck`; None where a short one is made."""

SEES = {
    "arithmetic": set(),
    "files": {"arithmetic"},
    "functions": {"arithmetic", "files"},
    "points": {"arithmetic", "files", "functions"},
    "attraction": {"arithmetic", "files", "functions", "points"},
    "curves": {"arithmetic", "files", "functions", "points"},
}
"""What the modules of a room import when they are loaded, besides their own room: what is read before it."""

CHECK = """
import sys
from hallucheck.__main__ import main

assert main(sys.argv[1:]) == 0
print(*(module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "hallucheck"), sep="\\n")
"""


def made(kind: str) -> Any:
    """Two batches of a residual each, or a piece of a circle."""
    if kind == "mini-batches":
        squares = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
        return hc.certify(squares, (-0.5, -0.5), "1.5", batches=[[0], [1]], basin="1/16")
    ring = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    return hc.certify(hc.find.sheet(ring, (-0.5, 0), "1.5", max_steps=2))


@cache
def loaded(kind: str) -> frozenset[Path]:
    """The files that checking a file of a kind loads in a fresh process."""
    path = CERTIFICATES / f"{KINDS[kind]}.json"
    if KINDS[kind] is None:
        path = Path(tempfile.mkdtemp()) / "short.json"
        made(kind).save(path)
    done = subprocess.run([sys.executable, "-c", CHECK, path], capture_output=True, text=True, check=True)
    return frozenset(Path(line) for line in done.stdout.splitlines() if line.endswith(".py"))


def lines(files: frozenset[Path]) -> int:
    """How many lines they have."""
    return sum(len(path.read_text().splitlines()) for path in files)


def stated() -> dict[str, int]:
    """The table in the docstring."""
    rows = re.findall(r"^    (an? [a-z -]+|[a-z -]+?) +(\d,\d{3})", hallucheck.__doc__ or "", re.MULTILINE)
    return {name.strip(): int(number.replace(",", "")) for name, number in rows}


if __name__ == "__main__":
    for each in KINDS:
        print(f"{each:18s} {len(loaded(each)):3d} files {lines(loaded(each)):6d} lines")
    everything = frozenset(PACKAGE.rglob("*.py"))
    print(f"{'everything':18s} {len(everything):3d} files {lines(everything):6d} lines")
