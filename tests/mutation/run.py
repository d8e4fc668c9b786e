"""Mutation tests of the trusted room: does some test fail whenever one thing in it is wrong?

    python tests/mutation/run.py --paths hallucert/check/point --sample 500 --seed 1
    python tests/mutation/run.py --report

Needs `coverage` besides the tests' own packages. Results are kept in `.mutation/`, and a run goes on where the last one
ended: a mutant that is named there is not run again, unless it survived and `--survivors` asks for it. Mutants that no
test can tell from the original are listed with the reason in `equivalent.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from mutants import Mutant, mutants, outside
from record import Record, record

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

TRUSTED = ("hallucert/check", "hallucert/balls")
FIRST = (
    *("hallucert/check/point", "hallucert/check/attraction", "hallucert/check/problem.py", "hallucert/check/claim.py"),
    *("hallucert/check/publishing.py", "hallucert/balls/krawczyk.py", "hallucert/balls/matrix.py"),
)
TESTS = (
    "tests/unit/balls",
    "tests/unit/check",
    "tests/unit/objectives",
    "tests/hostile",
    "tests/property",
    "tests/proofs",
)
WITHOUT = ("front_ends", "gallery", "test_threads", "test_environment")
KILLED = ("killed", "timeout")
PATIENCE = 300.0
"""Seconds on the clock after which a mutant is let live: nothing that is measured in processor time waits so long."""


def python_files(places: Iterable[str], prefix: str = "") -> list[str]:
    """List the modules in some folders, by their paths in the project."""
    found = []
    for place in places:
        path = ROOT / place
        files = sorted(path.rglob(f"{prefix}*.py")) if path.is_dir() else [path]
        found += [f.relative_to(ROOT).as_posix() for f in files if f.name != "__init__.py" or f.stat().st_size > 200]
    return list(dict.fromkeys(found))


class Results:
    """What became of mutants, in a file to which each is appended; of several entries the last counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[str, tuple[str, str]] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                key, what, test = json.loads(line)
                self.found[key] = what, test

    def add(self, key: str, what: str, test: str) -> None:
        """Keep what became of a mutant."""
        self.found[key] = what, test
        with self.path.open("a") as stream:
            stream.write(json.dumps([key, what, test]) + "\n")


def equivalent() -> dict[str, str]:
    """Return the reasons why mutants are equivalent to the original."""
    reasons = json.loads((HERE / "equivalent.json").read_text())
    return {key: reason for reason, keys in reasons.items() for key in keys}


def report(every: list[Mutant], results: Results) -> None:
    """Print the score of each file, and what survived."""
    reasons = equivalent()
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in every:
        what = results.found.get(mutant.key, ("not run", ""))[0]
        what = "killed" if what in KILLED else what
        what = "equivalent" if what in ("survived", "budget", "uncovered") and mutant.key in reasons else what
        table[mutant.path][what] += 1
        table["all"][what] += 1
        if what in ("survived", "budget", "uncovered"):
            print(f"{what}: {mutant.path}:{mutant.lines[0]} {mutant.scope} [{mutant.kind}]")
            print(f"    - {mutant.before}\n    + {mutant.after}")
    print(f"{'':52s} {'mutants':>8s} {'run':>6s} {'killed':>7s} {'equiv.':>7s} {'alive':>6s} {'score':>7s}")
    for path, count in table.items():
        run = count.total() - count["not run"]
        alive = run - count["killed"] - count["equivalent"]
        score = f"{count['killed'] / (run - count['equivalent']):7.1%}" if run > count["equivalent"] else ""
        print(
            f"{path:52s} {count.total():8d} {run:6d} {count['killed']:7d} {count['equivalent']:7d} {alive:6d} {score}"
        )


class Order:
    """Puts the tests that run a mutant's lines in order: those that killed its neighbours, then the fastest."""

    def __init__(self, known: dict[str, Record]) -> None:
        self.known = known
        self.kills: dict[str, Counter[str]] = defaultdict(Counter)

    def tests(self, mutant: Mutant, cold: bool, budget: float) -> list[Record]:
        """Return tests that may kill a mutant, the most promising first, of so many seconds in all."""
        wanted = frozenset(range(mutant.lines[0], mutant.lines[1] + 1))
        inside = frozenset(range(mutant.inside[0], mutant.inside[1] + 1))
        near, far = self.kills[f"{mutant.path}:{mutant.scope}"], self.kills[mutant.path]
        stem = "test_" + Path(mutant.path).stem + ".py"

        def cost(test: Record) -> float:
            """Seconds, divided by what speaks for the test."""
            goes_in = not inside.isdisjoint(test.lines[mutant.path])
            promise = 10.0 if goes_in != (mutant.kind == "condition true") else 1.0
            promise *= (5.0 if stem in test.name else 1.0) * (1 + 5 * near[test.name] + far[test.name])
            return (test.seconds + 0.02) / promise

        chosen, left = [], budget
        reach = (test for test in self.known.values() if mutant.path in test.lines)
        for test in sorted((t for t in reach if cold or not wanted.isdisjoint(t.lines[mutant.path])), key=cost):
            if left > 0 and test.seconds < budget:
                chosen.append(test)
                left -= test.seconds + 0.02
        return chosen

    def killed(self, mutant: Mutant, name: str) -> None:
        """Remember which test killed a mutant."""
        self.kills[f"{mutant.path}:{mutant.scope}"][name] += 1
        self.kills[mutant.path][name] += 1


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", nargs="+", default=[*FIRST, *TRUSTED], help="modules or folders to mutate")
    parser.add_argument("--tests", nargs="+", default=list(TESTS), help="folders or files of tests")
    parser.add_argument("--sample", type=int, help="run so many of the mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--budget", type=float, default=10.0, help="seconds of tests for one mutant, as recorded")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--survivors", action="store_true", help="run again what survived")
    parser.add_argument("--stale", action="store_true", help="take the record of tests as it is")
    parser.add_argument("--cold", action="store_true", help="import the package anew for every mutant")
    parser.add_argument("--report", action="store_true", help="run nothing, print the score and what survived")
    parser.add_argument("--folder", type=Path, default=ROOT / ".mutation", help="where results are kept")
    options = parser.parse_args()
    os.chdir(ROOT)
    options.folder.mkdir(exist_ok=True)
    results = Results(options.folder / "results.jsonl")
    paths = python_files(options.paths)
    every = [mutant for path in paths for mutant in mutants(ROOT, path)]
    if options.sample is not None:
        drawn = sorted(random.Random(options.seed).sample(range(len(every)), min(options.sample, len(every))))
        every = [every[i] for i in drawn]
    if not options.report:
        again = ("survived", "budget", "uncovered") if options.survivors else ()
        todo = [m for m in every if m.key not in results.found or results.found[m.key][0] in again]
        _run_all([m for m in todo if m.key not in equivalent()], results, options)
    report(every, results)
    return 0


def _run_all(todo: list[Mutant], results: Results, options: argparse.Namespace) -> None:
    files = [name for name in python_files(options.tests, "test_") if not any(part in name for part in WITHOUT)]
    sources = python_files([*TRUSTED, "hallucert/exact.py", "hallucert/objectives"])
    known = record(ROOT, options.folder / "record", files, sources, options.stale)
    print(f"{len(known)} tests, {sum(test.seconds for test in known.values()):.0f} s", flush=True)
    from server import Server

    server = Server(ROOT, sorted({name.split("::")[0] for name in known}))
    order, started, tally = Order(known), time.perf_counter(), Counter()
    originals = {path: compile((ROOT / path).read_text(), str(ROOT / path), "exec") for path in {m.path for m in todo}}
    for number, mutant in enumerate(todo):
        if time.perf_counter() - started > options.seconds:
            break
        code = mutant.compile()
        cold = options.cold or outside(code) != outside(originals[mutant.path])
        tests = order.tests(mutant, cold, options.budget)
        if not tests:
            what, test = "uncovered", "-"
        elif cold:
            what, test = server.run_cold(tests[:60], mutant.path, mutant.compile, PATIENCE)
        else:
            what, test = server.run(tests, server.patched(mutant.path, code), PATIENCE)
        if what in KILLED:
            order.killed(mutant, test)
        results.add(mutant.key, what, test)
        tally[what] += 1
        if number % 50 == 49:
            rate = (time.perf_counter() - started) / (number + 1)
            print(f"{number + 1} of {len(todo)}, {rate:.2f} s each: {dict(tally)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
