"""How long a census takes, and the same equations paved by codac.

Run with ``python benchmarks/census.py``. If codac is installed, here or in the Python named by the environment variable
``CODAC_PYTHON``, it is run in a process of its own, because importing it leaves the floating-point unit in another
rounding mode. It gets the same equations: ``grad f = 0`` for the targets, then for each of them
``|x - c|^2 = rho^2``, ``g x (c - x) = 0`` and ``g . (c - x) >= 0``, contracted by `CtcInverse` inside `pave`. What it
returns are boxes of width 1e-3 that may hold solutions: no existence, no uniqueness, no classes. Ours holds all three.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import sympy

import hallucert as hc

PLANE = [("himmelblau", "3.5"), ("six_hump_camel", "1"), ("styblinski_tang", "3")]
SOLID = [("styblinski_tang", "3", 3), ("four_well", "2.2", 3), ("styblinski_tang", "3", 4)]
REPEATS = 5

CODAC = """
import json, sys, time
from codac import AnalyticFunction, CtcInverse, Interval, IntervalVector, ScalarVar, oo, pave, sqr
job = json.loads(sys.stdin.read())
x, y = ScalarVar(), ScalarVar()
gx, gy = (eval(text, {"x": x, "y": y}) for text in job["gradient"])
zero, count, start = Interval(0, 0), 0, time.perf_counter()
wide = IntervalVector([[low - job["rho"], high + job["rho"]] for low, high in job["box"]])
critical = AnalyticFunction([x, y], [gx, gy])
left = pave(wide, CtcInverse(critical, IntervalVector([zero, zero])), 1e-3)
count += len(left.connected_subsets())
for a, b in job["targets"]:
    circle = sqr(x - a) + sqr(y - b) - job["rho"] ** 2
    system = AnalyticFunction([x, y], [circle, gx * (b - y) - gy * (a - x), gx * (a - x) + gy * (b - y)])
    contractor = CtcInverse(system, IntervalVector([zero, zero, Interval(0, oo)]))
    count += len(pave(IntervalVector(job["box"]), contractor, 1e-3).connected_subsets())
print(json.dumps([time.perf_counter() - start, count]))
"""


def timed(task: object) -> tuple[float, object]:
    """Median time of a task over the repeats, after a warm-up, and its last result."""
    task()  # type: ignore[operator]
    times, result = [], None
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = task()  # type: ignore[operator]
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def codac(f: hc.Objective, formula: str, box: list[tuple[float, float]], rho: str, targets: list[list[float]]) -> Any:
    """Median time of codac and how many clusters of boxes it leaves, or None if it is not there."""
    x, y = sympy.symbols("x y")
    names = dict(zip(f.variables, (x, y), strict=True))
    expression = sympy.nsimplify(sympy.sympify(formula, locals=names))
    gradient = [str(sympy.N(sympy.diff(expression, v))) for v in (x, y)]
    job = {"gradient": gradient, "box": box, "rho": float(rho), "targets": targets}
    python = os.environ.get("CODAC_PYTHON", sys.executable)
    results = []
    for _ in range(REPEATS):
        done = subprocess.run([python, "-c", CODAC], input=json.dumps(job), capture_output=True, text=True, check=False)
        if done.returncode:
            sys.stderr.write(done.stderr[-2000:])
            return None
        results.append(json.loads(done.stdout.splitlines()[-1]))
    return statistics.median(seconds for seconds, _ in results), results[-1][1]


def main() -> None:
    """Measure and print."""
    for name, rho in PLANE:
        entry = hc.gallery.info(name)
        f, box = entry.objective(), [(float(low), float(high)) for low, high in entry.box]
        seconds, found = timed(lambda f=f, box=box, rho=rho: hc.census(f, box, rho))
        check, verdict = timed(lambda found=found: hc.verify(found))
        print(f"{name}, rho = {rho}: {seconds:.3f} s, {found!r}; checked in mpmath in {check:.2f} s: {bool(verdict)}")
        other = codac(f, entry.formula, box, rho, [list(c.x) for c in found.critical_points])
        if other is not None:
            print(f"    codac, one process: {other[0]:.3f} s, {other[1]} clusters; ratio {other[0] / seconds:.2f}")
    for name, rho, dimension in SOLID:
        entry = hc.gallery.info(name, dimension=dimension)
        f, box = entry.objective(), [(float(low), float(high)) for low, high in entry.box]
        for workers in (1, 2):
            start = time.perf_counter()
            found = hc.census(f, box, rho, workers=workers)
            print(f"{name}, d = {dimension}, {workers} processes: {time.perf_counter() - start:.2f} s, {found!r}")
    f = hc.gallery.load("himmelblau")
    for minimizer in hc.gallery.info("himmelblau").minimizers:
        seconds, found = timed(lambda m=minimizer: hc.critical_rho(f, m.x))
        print(f"critical_rho of {minimizer}: {seconds:.3f} s, relative width {found.relative_width:.1e}")


if __name__ == "__main__":
    main()
