"""How long it takes to make each certificate of the documentation, and to check it in either arithmetic.

Run with ``python benchmarks/checking.py [name ...]``; all of them take some minutes. For each file of
``docs/certificates``: its kind and size, the processor time of making it anew (with ``docs/evidence/make.py``, searches
included; what only the proof takes, for basins with their search), of `verify` with Arb and with
mpmath, and how many times longer than the proof they take. Checking should take at most half of the time with Arb, and
no more than all of it with the arithmetic that did not prove. Short work is repeated, and its least time counts: the
proof then has the function's derivatives, as after a search; checking makes them from the file, each time. Set
OMP_NUM_THREADS=1: times are those of the processor, in milliseconds.
"""

from __future__ import annotations

import math
import runpy
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import hallucert as hc

DOCS = Path(__file__).parents[1] / "docs"
ENOUGH = 0.3
"""Seconds of repetitions."""
STALLED = "digits-rho10-SAM-2"
"""The end of a run of the study, which takes long: it is proved from the centre of its box."""


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the least processor time of as many times as fit into `ENOUGH`, and the result."""
    least, spent = math.inf, 0.0
    while spent < ENOUGH:
        begun = time.process_time()
        result = work()
        taken = time.process_time() - begun
        least, spent = min(least, taken), spent + taken
    return least, result


def made_again(name: str, makers: dict[str, Callable[[], Any]]) -> tuple[float, float]:
    """Return the processor time of making a certificate, and what of it the proof took, the last if there are more."""
    spent = repeated = 0.0
    plain = {door: getattr(hc, door) for door in ("certify", "certify_stall", "diagram", "census", "basins")}

    def timed(door: str) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            nonlocal spent, repeated
            begun = time.process_time()
            taken, result = seconds(lambda: plain[door](*arguments, **options))
            spent, repeated = taken, repeated + time.process_time() - begun - taken
            return result

        return run

    def again() -> Any:
        old = hc.load(DOCS / "certificates" / f"{name}.json")
        return hc.certify_stall(old.objective, old.witness.centre, old.rho)

    try:
        for door in plain:
            setattr(hc, door, timed(door))
        begun = time.process_time()
        (again if name == STALLED else makers[name])()
        total = time.process_time() - begun - repeated
    finally:
        for door, function in plain.items():
            setattr(hc, door, function)
    return total, spent


def main() -> None:
    """Print a line for each file, the files of a kind together."""
    makers = runpy.run_path(str(DOCS / "evidence" / "make.py"))["MAKERS"]
    paths = sorted((DOCS / "certificates").glob("*.json"))
    chosen = [(hc.load(path).kind, path) for path in paths if not sys.argv[1:] or path.stem in sys.argv[1:]]
    hc.certify(hc.gallery.load("double_well"), (-0.5, 0), "1.5")
    for backend in ("arb", "mpmath"):
        hc.verify(DOCS / "certificates" / "line.json", backend)
    print(
        f"{'kind':8s} {'file':28s} {'bytes':>8s} {'made':>8s} {'proved':>8s} {'arb':>8s} {'mpmath':>8s}   of the proof"
    )
    for kind, path in sorted(chosen):
        made, proved = made_again(path.stem, makers)
        arb, mpmath = (seconds(partial(hc.verify, path, backend))[0] for backend in ("arb", "mpmath"))
        times = " ".join(f"{1e3 * number:8.1f}" for number in (made, proved, arb, mpmath))
        ratios = f"{arb / proved:6.2f} {mpmath / proved:6.2f}"
        print(f"{kind:8s} {path.stem:28s} {path.stat().st_size:8d} {times} {ratios}", flush=True)


if __name__ == "__main__":
    main()
