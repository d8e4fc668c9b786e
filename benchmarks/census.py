"""How long a census takes, and the same equations paved by codac.

Run with ``python benchmarks/census.py``, or with ``--growth`` for a picture of how the time grows with the number of
variables and of points, ``docs/images/census-growth.png``. If codac is installed, here or in the Python named by the
environment variable ``CODAC_PYTHON``, it is run in a process of its own, because importing it leaves the floating-point
unit in another rounding mode. It gets the same equations: ``grad f = 0`` for the targets, then for each of them
``|x - c|^2 = rho^2``, ``g x (c - x) = 0`` and ``g . (c - x) >= 0``, contracted by `CtcInverse` inside `pave`. What it
returns are boxes that may hold solutions: no existence, no uniqueness, no classes. Ours holds all three.

Times are processor times of one thread, so that other load disturbs them less; the load is printed. Widths of codac's
boxes: 1e-3; the smallest box in which our search proved a zero; and finer ones, until its clusters are as many as our
targets and points, or to show that they are not.

Our times are those of a process in which numba is loaded, as it is where SAM has run; without it a search in two or
three variables does the same in numpy, which takes up to twice as long in two variables, but does not load a compiler.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np
import sympy

import hallucert as hc
from hallucert.exact import parse_dyadic

PLANE = [("himmelblau", "3.5", 2), ("six_hump_camel", "1", 2), ("styblinski_tang", "3", 2)]
SOLID = [("styblinski_tang", "3", 3), ("four_well", "2.2", 3), ("styblinski_tang", "3", 4)]
REPEATS = 5
FINER = [1e-5, 1e-9]
"""Widths of codac's boxes, to see whether its clusters become as many as the solutions."""
PICTURE = Path(__file__).parents[1] / "docs" / "images" / "census-growth.png"

CODAC = """
import json, sys, time
from codac import AnalyticFunction, CtcInverse, Interval, IntervalVector, ScalarVar, oo, pave, sqr
job = json.loads(sys.stdin.read())
d, zero, count, start = len(job["gradient"]), Interval(0, 0), 0, time.process_time()
x = [ScalarVar() for _ in range(d)]
g = [eval(text, {f"x{i}": v for i, v in enumerate(x)}) for text in job["gradient"]]
wide = IntervalVector([[low - job["rho"], high + job["rho"]] for low, high in job["box"]])
left = pave(wide, CtcInverse(AnalyticFunction(x, g), IntervalVector([zero] * d)), job["width"])
count += len(left.connected_subsets())
for target in job["targets"]:
    toward = [v - c for v, c in zip(x, target)]
    sphere, inward = sqr(toward[0]), g[0] * toward[0]
    for t, v in zip(toward[1:], g[1:]):
        sphere, inward = sphere + sqr(t), inward + v * t
    normal = [g[i] * toward[j] - g[j] * toward[i] for j in range(d) for i in range(j)]
    equations = [sphere - job["rho"] ** 2, *normal]
    system = AnalyticFunction(x, [*equations, -inward])
    contractor = CtcInverse(system, IntervalVector([zero] * len(equations) + [Interval(0, oo)]))
    count += len(pave(IntervalVector(job["box"]), contractor, job["width"]).connected_subsets())
print(json.dumps([time.process_time() - start, count]))
"""


def timed(task: Any, repeats: int = REPEATS) -> tuple[float, Any]:
    """Median processor time of a task over the repeats, after a warm-up, and its last result."""
    task()
    times, result = [], None
    for _ in range(repeats):
        start = time.process_time()
        result = task()
        times.append(time.process_time() - start)
    return statistics.median(times), result


def codac(job: dict[str, Any], width: float, repeats: int = REPEATS) -> tuple[float, int] | None:
    """Median processor time of codac and how many clusters of boxes it leaves, or None if it is not there."""
    python = os.environ.get("CODAC_PYTHON", sys.executable)
    results = []
    for _ in range(repeats):
        text = json.dumps(job | {"width": width})
        done = subprocess.run([python, "-c", CODAC], input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.stderr.write(done.stderr[-2000:])
            return None
        results.append(json.loads(done.stdout.splitlines()[-1]))
    return statistics.median(seconds for seconds, _ in results), results[-1][1]


def codac_job(entry: Any, f: hc.Objective, box: list[tuple[float, float]], rho: str, found: Any) -> dict[str, Any]:
    """Return what codac is to pave: the gradient as text, the box, the radius and the targets."""
    x = sympy.symbols(f"x0:{f.dimension}")
    names = dict(zip(f.variables, x, strict=True))
    expression = sympy.nsimplify(sympy.sympify(entry.formula, locals=names))
    gradient = [str(sympy.N(sympy.diff(expression, v))) for v in x]
    return {"gradient": gradient, "box": box, "rho": float(rho), "targets": [list(c.x) for c in found.critical_points]}


def smallest_proved(f: hc.Objective, box: list[tuple[float, float]], rho: str) -> float:
    """Return the width of the smallest box in which a census proved a zero; on charts, at most rho times the step."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "census.json"
        hc.census(f, box, rho, checkpoint=path, workers=1)
        results = json.loads(path.read_text())["results"]
    return min(
        max(float(parse_dyadic(high) - parse_dyadic(low)) for low, high in point["unique"])
        * (float(rho) if name.startswith("sphere") else 1.0)
        for name, result in results.items()
        for point in result["points"]
    )


def problem(name: str, dimension: int) -> tuple[Any, hc.Objective, list[tuple[float, float]]]:
    """Return the entry of the gallery, the function and the box of a census."""
    sized = name in ("styblinski_tang", "four_well")
    entry = hc.gallery.info(name, dimension=dimension) if sized else hc.gallery.info(name)
    return entry, entry.objective(), [(float(low), float(high)) for low, high in entry.box]


def growth() -> None:
    """Measure by the number of variables, and draw time against the number of targets and points."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    marks = {"styblinski_tang": "o", "four_well": "s", "himmelblau": "^", "six_hump_camel": "v"}
    cases = [*PLANE, ("four_well", "2.2", 2), ("styblinski_tang", "3", 3), *SOLID[1:]]
    times: dict[str, list[tuple[int, int, float]]] = {}
    for name, rho, dimension in cases:
        _, f, box = problem(name, dimension)
        seconds, found = timed(
            lambda f=f, box=box, rho=rho: hc.census(f, box, rho, workers=1), 5 if dimension < 4 else 1
        )
        solutions = len(found.critical_points) + len(found)
        times.setdefault(name, []).append((dimension, solutions, seconds))
        print(f"{name}, d = {dimension}: {solutions} targets and points, {found.boxes} boxes, {1e3 * seconds:.1f} ms")
    for name, rows in times.items():
        _, solutions, seconds = np.array(rows).T
        axes.loglog(solutions, seconds, marker=marks[name], label=name.replace("_", " "))
        for d, x, y in rows:
            axes.annotate(f"d = {d}", (x, y), textcoords="offset points", xytext=(6, -9), fontsize=8)
    ticks = [20, 50, 100, 200, 500]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.margins(0.15)
    axes.set_xlabel("targets and hallucinated points")
    axes.set_ylabel("processor time of a census, s")
    axes.legend(frameon=False)
    figure.savefig(PICTURE, dpi=150)


def compared(name: str, rho: str, dimension: int) -> None:
    """Measure a census and codac on the same problem, and print."""
    entry, f, box = problem(name, dimension)
    repeats = REPEATS if dimension == 2 else 1
    seconds, found = timed(lambda: hc.census(f, box, rho, workers=1), repeats)
    print(f"{name}, d = {dimension}, rho = {rho}: {1e3 * seconds:.1f} ms, {found!r}, load {os.getloadavg()[0]:.1f}")
    job, width = codac_job(entry, f, box, rho, found), smallest_proved(f, box, rho)
    solutions = len(found.critical_points) + len(found)
    for own in [1e-3, width, *FINER]:
        other = codac(job, own, repeats)
        if other is None:
            return
        print(
            f"    codac, boxes of {own:.1e}: {1e3 * other[0]:.1f} ms, {other[1]} clusters for {solutions} targets and "
            f"points; its time is {other[0] / seconds:.2f} of ours",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    print(f"numba {numba.__version__}")
    if "--growth" in sys.argv:
        growth()
        return
    for name, rho, dimension in [*PLANE, ("styblinski_tang", "3", 3)]:
        compared(name, rho, dimension)
    for name, rho in [(name, rho) for name, rho, _ in PLANE]:
        entry = hc.gallery.info(name)
        found = hc.census(entry.objective(), [(float(low), float(high)) for low, high in entry.box], rho)
        check, verdict = timed(lambda found=found: hc.verify(found), 1)
        print(f"{name}: checked in mpmath in {check:.2f} s: {bool(verdict)}")
    for name, rho, dimension in SOLID:
        _, f, box = problem(name, dimension)
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
