"""Mutation tests of the trusted room: does some test fail whenever one thing in it is wrong?

    python tests/mutation/run.py hallucert/check/point --tests tests/unit/check/point tests/hostile

Prints the mutants that live, one a line, and the score of each file. Those that no test can tell from the original are
listed with the reason in `equivalent.json`, where ``...`` is any change of a statement, and are not run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path

from mutants import Mutant, mutants
from server import Tests

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TRUSTED = ("hallucert/check", "hallucert/balls")
TESTS = ("tests/unit/balls", "tests/unit/check", "tests/hostile")


def modules(places: list[str]) -> list[str]:
    """List the modules in some folders, by their paths in the project."""
    found = (path for place in places for path in sorted((ROOT / place).rglob("*.py")) or [ROOT / place])
    return list(dict.fromkeys(path.relative_to(ROOT).as_posix() for path in found))


def listed_as_equivalent() -> set[str]:
    """Return the mutants with a reason why no test can tell them from the original; ``...`` is any change."""
    reasons = json.loads((HERE / "equivalent.json").read_text(encoding="utf-8"))
    return {key for keys in reasons.values() for key in keys}


def is_listed(mutant: Mutant, keys: set[str]) -> bool:
    """Tell whether a mutant is listed, by itself or with all of its statement."""
    return mutant.key in keys or f"{mutant.path}:{mutant.scope}: {mutant.before}  ->  ..." in keys


class Order:
    """Puts the tests that enter a mutant's function in order: those that killed its neighbours, then the fastest."""

    def __init__(self, tests: Tests, budget: float) -> None:
        self.tests = tests
        self.budget = budget
        self.kills: dict[str, Counter[str]] = defaultdict(Counter)

    def names(self, mutant: Mutant) -> list[str]:
        """Name the tests that may kill a mutant, the most promising first, of so many seconds in all.

        They are those of the first run, which lists what is entered and compiles: later ones take a part of them.
        """
        near, far = self.kills[f"{mutant.path}:{mutant.scope}"], self.kills[mutant.path]
        stem = f"test_{Path(mutant.path).stem}.py"

        def cost(name: str) -> float:
            promise = (5.0 if stem in name else 1.0) * (1 + 5 * near[name] + far[name])
            return (self.tests.seconds[name] + 0.01) / promise

        chosen, left = [], self.budget
        for name in sorted(self.tests.entering(mutant.path, mutant.scope), key=cost):
            if self.tests.seconds[name] < left:
                chosen.append(name)
                left -= self.tests.seconds[name]
        return chosen

    def killed(self, mutant: Mutant, name: str) -> None:
        """Remember which test killed a mutant."""
        self.kills[f"{mutant.path}:{mutant.scope}"][name] += 1
        self.kills[mutant.path][name] += 1


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", default=[*TRUSTED], help="modules or folders to mutate")
    parser.add_argument("--tests", nargs="+", default=[*TESTS], help="folders or files of tests")
    parser.add_argument("--sample", type=int, help="run so many of the mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--again", type=Path, help="run those alone that stand in this file, one a line")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds of tests for one mutant, by the first run")
    options = parser.parse_args()
    os.chdir(ROOT)
    every = [mutant for path in modules(options.paths) for mutant in mutants(ROOT, path)]
    listed = listed_as_equivalent()
    if options.again:
        asked = options.again.read_text().splitlines()
        every = [mutant for mutant in every if mutant.key in asked]
    if options.sample is not None:
        drawn = sorted(random.Random(options.seed).sample(range(len(every)), min(options.sample, len(every))))
        every = [every[i] for i in drawn]
    tests = Tests(ROOT, options.tests)
    print(f"{len(tests.items)} tests, {len(every)} mutants", flush=True)
    order, table = Order(tests, options.budget), defaultdict(Counter)
    for mutant in every:
        if mutant.path not in table:
            path = ROOT / mutant.path
            original = compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)
            if wrong := tests.killer(mutant.path, original, order.names(mutant)):
                print(f"{mutant.path}: cannot be put in the place of itself, says {wrong}", flush=True)
        what = "equivalent"
        if not is_listed(mutant, listed):
            killer = tests.killer(mutant.path, mutant.compile(), order.names(mutant))
            what = "killed" if killer else "alive"
            if killer:
                order.killed(mutant, killer)
            else:
                print(mutant.key, flush=True)
        table[mutant.path][what] += 1
        table["all"][what] += 1
    print(f"{'':52s} {'mutants':>8s} {'killed':>7s} {'equiv.':>7s} {'alive':>6s} {'score':>7s}")
    for path, count in table.items():
        score = f"{count['killed'] / max(1, count['killed'] + count['alive']):7.1%}"
        print(
            f"{path:52s} {count.total():8d} {count['killed']:7d} {count['equivalent']:7d} {count['alive']:6d} {score}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
