"""The tests themselves: each says its claim, none is decided by how fast a machine is, and they mirror the package."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import rooms

TESTS = Path(__file__).parents[1]
FILES = sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py"))

CLOCKS = frozenset(
    f"{name}{unit}" for name in ("perf_counter", "monotonic", "process_time", "thread_time") for unit in ("", "_ns")
)
"""Functions of `time` by which seconds are measured, besides ``time.time``."""

MEASURED: dict[str, str] = {
    "mutation/server.py": "the fastest tests are tried first, and one that takes much longer than it did is stopped",
}
"""Files that may read a clock, each with its reason. A clock that is injected, or a count of steps, needs none."""


def unclaimed(tree: ast.AST) -> list[str]:
    """Name the tests whose docstring does not begin with a sentence that says more than their name."""
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not _is_claim((ast.get_docstring(node) or "").split("\n")[0], node.name)
    ]


def _is_claim(line: str, name: str) -> bool:
    repeated = re.findall(r"\w+", line.lower()) == name.removeprefix("test_").split("_")
    return line.endswith(".") and not line.startswith("Test") and not repeated


def clocks(tree: ast.AST) -> list[int]:
    """Return the lines that read a clock, or import one."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr in CLOCKS or (owner, node.attr) == ("time", "time"):
                lines.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            if any(name.name in CLOCKS | {"time", "*"} for name in node.names):
                lines.append(node.lineno)
        elif isinstance(node, ast.Import) and any(
            name.name == "timeit" or (name.name == "time" and name.asname) for name in node.names
        ):
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("name", FILES)
def test_every_test_says_its_claim(name):
    """The first line of each docstring is a sentence, not the name of the test in other letters."""
    assert unclaimed(ast.parse((TESTS / name).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("name", FILES)
def test_no_test_reads_a_clock(name):
    """Nothing is measured in seconds, but where a reason is given; and where one is given, something is."""
    found = clocks(ast.parse((TESTS / name).read_text(encoding="utf-8")))
    assert bool(found) == (name in MEASURED), found
    assert MEASURED.get(name, "a reason").strip()


def test_every_folder_is_one_of_the_package():
    """A folder that holds tests of units has the name and place of a package."""
    unit = Path(__file__).parent
    assert set(MEASURED) <= set(FILES)
    folders = {path.parent.relative_to(unit) for path in unit.rglob("*.py")}
    assert len(folders) > 10
    assert [str(folder) for folder in sorted(folders) if not (rooms.PACKAGE / folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize(
    ("docstring", "accepted"),
    [
        ("A sum is exact.", True),
        ("A sum is exact.\n\n    Also of many numbers.", True),
        ("", False),
        ("A sum is exact", False),
        ("A sum is exact,\n    also of many numbers.", False),
        ("Test that a sum is exact.", False),
        ("The sum of numbers.", False),
    ],
)
def test_a_missing_claim_is_found(docstring, accepted):
    """A test without a sentence, with one that runs on, or with its own name again is reported, also in a class."""
    source = f'class A:\n  def test_the_sum_of_numbers(self):\n    """{docstring}"""\n'
    assert unclaimed(ast.parse(source)) == ([] if accepted else ["test_the_sum_of_numbers"])


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("time.perf_counter()", [1]),
        ("time.perf_counter_ns", [1]),
        ("t.monotonic()", [1]),
        ("time.time()", [1]),
        ("from time import monotonic", [1]),
        ("from time import time as now", [1]),
        ("import time as t", [1]),
        ("import timeit", [1]),
        ("import time", []),
        ("time.sleep(1)", []),
        ("clock.time", []),
        ("'time.time()'", []),
    ],
)
def test_a_clock_is_found(line, lines):
    """Reading or importing a clock is reported with its line; sleeping, and words about clocks, are not."""
    assert clocks(ast.parse(line)) == lines
