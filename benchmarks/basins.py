"""How much of a box of the plane is proved to end where, in how long; beside it a plain simulation on a grid.

    python benchmarks/basins.py --budget 600 [NAME ...]       # the table; files basins-NAME-STEP.json with --save
    python benchmarks/basins.py --check 100000 FILE ...       # random starts in the boxes of files against their labels

Both simulations share nothing with the library but the text of the formula. The grid, of centres of cells at the level
of `--grid`, is followed in doubles by numpy, all starts at once; a start is counted where its run comes within 1e-4 of
an attractor, where g(x+) is below 1e-5 if that is a curve, or leaves the box. Of the random starts those in cells of
which something is proved are followed in doubles, some of them (`--digits-60`) at 60 digits too, until they have come
within 1e-6 of the attractor or left the box, as the label says; whatever else happens is printed, and the exit status
is 1.

Seconds are processor times of all processes; `--budget` is in seconds of wall time, on two cores. Starts that are
trapped are at the end in the core of a trap or do what their trap names.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sympy

import hallucert as hc
from hallucert.check.basins.graph import FIRST, LEAVES
from hallucert.check.basins.partition import corners

CASES = [
    ("himmelblau", "7/2", "0.0005", [(-6, 6), (-6, 6)]),
    ("himmelblau", "7/2", "0.005", [(-6, 6), (-6, 6)]),
    ("double_well", "3/2", "0.1", [(-2, 2), (-1, 1)]),
    ("four_well", "3/2", "0.005", [(-2, 2), (-2, 2)]),
    ("figure_one", "3", "0.1", [(1, 3), (-1, 1)]),
    ("three_hump_camel", "1", "0.05", [(-2.5, 2.5), (-2, 2)]),
]
MOST = 20_000
"""Steps of a run in doubles or digits."""
NEAR, NEARER = 1e-4, 1e-6
"""How far from an attractor runs end: on the grid, and where labels are checked."""

Gradient = Callable[[Any, Any], tuple[Any, Any]]


def gradient_of(name: str, functions: Any) -> Gradient:
    """The gradient of a function, differentiated and written out by sympy, for numbers of some kind."""
    entry = hc.gallery.info(name)
    names = entry.objective().variables
    x = sympy.symbols(" ".join(names))
    expression = sympy.nsimplify(sympy.sympify(entry.formula, locals=dict(zip(names, x, strict=True))), rational=True)
    if entry.n is not None:  # a residual
        expression = expression**2 / (2 * sympy.Rational(str(entry.n)))
    both = sympy.lambdify(x, [sympy.diff(expression, v) for v in x], modules=functions, cse=True)
    return lambda a, b: tuple(both(a, b))


def places(found: hc.Basins) -> list[tuple[int, np.ndarray]]:
    """The labels of attractors, and where these are: points, and both points of two-cycles."""
    return [
        (k, x) for k, point in enumerate(found.attractors, FIRST) for x in point.x.reshape(-1, 2) if k != curve(found)
    ]


def curve(found: hc.Basins) -> int:
    """The label of attractors that are curves, -1 for none: runs end there where g(x+) is small."""
    labels = [k for k, point in enumerate(found.attractors, FIRST) if point.problem.residual]
    return labels[0] if labels else -1


def follow(
    name: str, found: hc.Basins, starts: np.ndarray, wanted: np.ndarray | None = None, near: float = NEAR
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of where runs in doubles end, 0 for nowhere, and how many steps they took; of those wanted, only there."""
    gradient, rho, step = gradient_of(name, "numpy"), float(found.rho), float(found.step)
    ends, taken, x, y = np.zeros(len(starts), int), np.full(len(starts), MOST), *starts.T.copy()
    active, (low, high) = np.arange(len(starts)), found.box.T
    with np.errstate(all="ignore"):
        for k in range(MOST):
            here = np.where((x < low[0]) | (x > high[0]) | (y < low[1]) | (y > high[1]), LEAVES, 0)
            for label, centre in places(found):
                here[np.hypot(x - centre[0], y - centre[1]) < near] = label
            if wanted is not None:  # a run to an attractor may leave the box on its way
                here[(here == LEAVES) & (wanted[active] != LEAVES)] = 0
            done = (here > 0) | ~np.isfinite(x + y)
            ends[active[done]], taken[active[done]] = here[done], k
            active, x, y = active[~done], x[~done], y[~done]
            if not len(active):
                break
            a, b = gradient(x, y)
            length = np.hypot(a, b)
            a, b = gradient(x + rho * a / length, y + rho * b / length)
            if curve(found) > 0:
                still = np.hypot(a, b) < near / 10
                ends[active[still]], taken[active[still]] = curve(found), k
                active, x, y, a, b = active[~still], x[~still], y[~still], a[~still], b[~still]
            x, y = x - step * a, y - step * b
    cores, last = [trap.core for trap in found.traps], found.at(np.stack([x, y], -1))
    ends[active] = np.where(np.isin(last, cores), last, 0)
    return ends, taken


def digits_60(name: str, found: hc.Basins, start: np.ndarray, label: int) -> int:
    """Where a run at 60 digits ends, followed as long as one in doubles."""
    from flint import arb, ctx, fmpq

    ctx.dps = 60
    gradient = gradient_of(name, [{"tanh": lambda v: v.tanh()}])
    rho, step = (arb(fmpq(v.numerator, v.denominator)) for v in (found.rho, found.step))
    low, high = ([arb(v) for v in ends] for ends in found.box.T.tolist())
    x, y = (arb(v) for v in start.tolist())
    for _ in range(MOST):
        if label == LEAVES and (x < low[0] or x > high[0] or y < low[1] or y > high[1]):
            return LEAVES
        for k, centre in places(found):
            if abs(float(x) - centre[0]) + abs(float(y) - centre[1]) < NEARER:
                return k
        a, b = gradient(x, y)
        length = (a * a + b * b).sqrt()
        a, b = gradient(x + rho * a / length, y + rho * b / length)
        if curve(found) > 0 and abs(float(a)) + abs(float(b)) < NEARER / 10:
            return curve(found)
        x, y = (x - step * a).mid(), (y - step * b).mid()
    return 0


def table(names: list[str], budget: float, depth: int, grid: int, save: bool, draws: int) -> None:
    """Print a row for each case: what is proved, and what the grid shows."""
    print("function, step: all claims, cores, decided, likely, hallucinated, leaves, s, cells", end=" | ")
    print("grid: attractors, hallucinated, leaves, s")
    for name, rho, step, box in CASES:
        if names and name not in names and f"{name}-{step}" not in names:
            continue
        f, begun = hc.gallery.load(name), sum(os.times()[:4])
        found = hc.basins(f, box, rho, step, depth=depth, budget=budget, workers=2, goal=1, draws=draws)
        proving = sum(os.times()[:4]) - begun
        if save:
            found.save(f"basins-{name}-{step}.json")
        cores = sum(found.share(trap.core) for trap in found.traps)
        likely = found.likely(*found.single)
        every = (1 - found.share(0), cores, found.decided, likely, found.hallucinated, found.share(LEAVES))
        shares = [float(share) for share in every]
        begun = time.process_time()
        sides = [np.linspace(low, high, 2 * grid + 1)[1::2] for low, high in box]
        ends, _ = follow(name, found, np.stack(np.meshgrid(*sides), -1).reshape(-1, 2))
        simulating = time.process_time() - begun
        minimizers = [k for k, p in enumerate(found.attractors, FIRST) if p.claims.get("hallucinated_minimizer")]
        seen = [float(part.mean()) for part in (ends >= FIRST, np.isin(ends, minimizers), ends == LEAVES)]
        left, right = (", ".join(f"{100 * v:.1f} %" for v in values) for values in (shares, seen))
        row = f"{left}, {proving:.0f} s, {len(found.labels)}"
        print(f"{name}, {step}: {row} | {grid}^2: {right}, {simulating:.0f} s", flush=True)


def check(files: list[str], count: int, exactly: int) -> int:
    """Follow random starts, and middles of drawn cells, and compare with what is proved; return how many differ."""
    wrong, rng = 0, np.random.default_rng(1)
    for file in files:
        found, name = hc.load(file), Path(file).stem.split("-")[1]
        starts = rng.uniform(found.box[:, 0], found.box[:, 1], (count // len(files), 2))
        wrong += compare(f"{file}: {len(starts)} starts", name, found, starts, found.at(starts), exactly)
        if (draw := found.draw) is not None:
            low, high = corners(found.box, found.drawn)
            what = f"{file}: middles of {len(draw)} drawn cells"
            wrong += compare(what, name, found, (low + high) / 2, draw.labels, exactly)
    return wrong


def compare(what: str, name: str, found: hc.Basins, starts: np.ndarray, labels: np.ndarray, exactly: int) -> int:
    """Follow the starts with a label, print how many do not do what it says, and return their number."""
    proved = labels > 0
    ends, taken = follow(name, found, starts[proved], labels[proved], NEARER)
    wanted, good = labels[proved], ends == labels[proved]
    for trap in found.traps:
        good |= np.isin(wanted, trap.labels) & np.isin(ends, [*trap.labels, *trap.others])
    off, one = int((~good).sum()), wanted < FIRST + len(found.attractors)
    some = [(x, int(k)) for x, k in zip(starts[proved][one][:exactly], wanted[one][:exactly], strict=True)]
    at_60 = sum(digits_60(name, found, x, label) != label for x, label in some)
    print(
        f"{what}, {int(proved.sum())} with a claim, at most {int(taken.max())} steps: "
        f"{off} do not do what is proved; of {len(some)} at 60 digits {at_60}",
        flush=True,
    )
    return off + at_60


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="functions, or with --check files")
    parser.add_argument("--budget", type=float, default=600.0)
    parser.add_argument("--depth", type=int, default=12)
    parser.add_argument("--grid", type=int, default=512)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--check", type=int, default=0)
    parser.add_argument("--digits-60", type=int, default=100)
    given = parser.parse_args()
    if given.check:
        sys.exit(check(given.names, given.check, given.digits_60) > 0)
    table(given.names, given.budget, given.depth, given.grid, given.save, given.draws)


if __name__ == "__main__":
    main()
