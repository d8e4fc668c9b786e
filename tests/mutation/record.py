"""Which tests run which lines of the package, and how long each takes: recorded once, and again where files changed.

Each file of tests runs in a process of its own under `coverage`. What is recorded stays valid while the file, and the
files of the package that it ran, are the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

OPTIONS = (
    *("-q", "-n", "0", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
"""Of pytest: one process, and nothing written."""


@dataclass(frozen=True)
class Record:
    """What is known of a test: its seconds, and the lines of each file of the package that it runs."""

    name: str
    seconds: float
    lines: dict[str, frozenset[int]]


def quiet() -> None:
    """Let this process say nothing more."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nothing, stream)


def settle() -> None:
    """Let examples of hypothesis be the same in every run, none shrunk and none kept."""
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutation", phases=phases, database=None, derandomize=True, deadline=None)
    settings.load_profile("mutation")


class Timed:
    """A plugin of pytest: the seconds of each test that passes, and what to do when one begins."""

    def __init__(self, begins) -> None:
        self.seconds: dict[str, float] = {}
        self.bad: set[str] = set()
        self.begins = begins

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.begins(nodeid)

    def pytest_runtest_logreport(self, report) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if not report.passed:
            self.bad.add(report.nodeid)


def _run(root: Path, test_file: str, sources: list[str], output: Path) -> None:
    """Run a file of tests under coverage and write what was seen."""
    import coverage
    import pytest

    settle()
    cover = coverage.Coverage(data_file=None, config_file=False, include=[str(root / source) for source in sources])
    cover.start()
    timed = Timed(cover.switch_context)
    pytest.main([*OPTIONS, str(root / test_file)], plugins=[timed])
    cover.stop()
    data = cover.get_data()
    tests = {name: {} for name in timed.seconds if name not in timed.bad}
    for path in data.measured_files():
        for line, contexts in data.contexts_by_lineno(path).items():
            for name in contexts:
                if name in tests:
                    tests[name].setdefault(str(Path(path).relative_to(root)), []).append(line)
    seen = {name: {"seconds": timed.seconds[name], "lines": lines} for name, lines in tests.items()}
    output.write_text(json.dumps({"failed": sorted(timed.bad), "tests": seen}))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def record(root: Path, folder: Path, test_files: Iterable[str], sources: list[str], stale: bool) -> dict[str, Record]:
    """Return what is known of the tests of some files, by name; what is not, or not any more unless `stale`, is run."""
    found: dict[str, Record] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for test_file in test_files:
        path = folder / (test_file.replace("/", "-") + ".json")
        known = json.loads(path.read_text()) if path.exists() else None
        if known is None or not (stale or all(digest(root / name) == d for name, d in known["digests"].items())):
            started = time.perf_counter()
            child = os.fork()
            if not child:
                quiet()
                try:
                    _run(root, test_file, sources, path)
                finally:
                    os._exit(0)
            os.waitpid(child, 0)
            if not path.exists():
                print(f"{test_file}: cannot be run", file=sys.stderr)
                continue
            known = json.loads(path.read_text())
            files = {name for test in known["tests"].values() for name in test["lines"]} | {test_file}
            known["digests"] = {name: digest(root / name) for name in sorted(files)}
            path.write_text(json.dumps(known))
            took = time.perf_counter() - started
            print(f"{test_file}: {len(known['tests'])} tests, {took:.0f} s", *known["failed"][:3], flush=True)
        for name, test in known["tests"].items():
            lines = {source: frozenset(numbers) for source, numbers in test["lines"].items()}
            if lines:
                found[name] = Record(name, test["seconds"], lines)
    return found
