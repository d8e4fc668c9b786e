"""The rooms of the package see what they may, its folders stay small, and the checker loads little."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import rooms

import hallucert as hc

FACE = {"hallucert", "hallucert.gallery"}
"""The module that only hands out names of others."""

MOST_FILES, MOST_LINES, MOST_ANY = 15, 400, 200

POINT_LINES, LARGE_LINES, OTHER_LINES, ALL_LINES = 5_490, 10_736, 12_206, 17_342
"""What checking a file loads today: a point, a large point, every kind but the latter, every kind. They only fall."""

UNTRUSTED = (
    *(f"hallucert.{name}" for name in ("arrays", "decimals", "files", "foreign", "progress", "settings")),
    *(f"hallucert.objectives.{name}" for name in ("ascent", "floats", "front_ends", "gallery", "machine", "network")),
    *(f"hallucert.objectives.{name}" for name in ("doors", "writing")),
    "hallucert.check.words",
    "hallucert.check.writing",
    *(f"hallucert.check.{kind}.values" for kind in ("point", "large")),
)
"""What no check needs: doors for users, progress, objectives in floats, sentences, and writing files."""

SEARCHES = ("hallucert.find", "hallucert.sam", "hallucert.prove", "hallucert.diagnosis", "hallucert.plot")


@pytest.mark.parametrize("module", sorted(set(rooms.modules()) - FACE))
def test_a_module_imports_only_what_its_room_may_see(module):
    """No module imports, anywhere in its file, a room or a package that its room must not know."""
    room = rooms.room(module)
    allowed = rooms.SEES[room] | {room}
    for name in rooms.imported(module):
        if name.split(".")[0] == "hallucert":
            assert name not in FACE or room == "tools", name
            assert rooms.room(name) in allowed or name in FACE, name
        else:
            assert name.split(".")[0] not in rooms.FORBIDDEN[room], name


@pytest.mark.parametrize("module", sorted(name for name in rooms.modules() if rooms.room(name) == "check"))
def test_the_checker_leads_to_no_search(module):
    """Whatever a module of the trusted room imports, and what that imports, proposes nothing and runs no SAM."""
    for name in rooms.reachable(module):
        assert rooms.room(name) in rooms.SEES["check"] | {"check"}, name


def asserting(tree: ast.AST) -> list[int]:
    """Return the lines that assert something, or name the error that this raises."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    found += [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "AssertionError"]
    return [node.lineno for node in found]


def test_the_checker_asserts_nothing():
    """What is wrong with a stranger's file is a typed error: no module that checking may load raises AssertionError."""
    roots = [name for name in rooms.modules() if rooms.room(name) == "check"] + ["hallucert.prove.verify"]
    for name in set().union(*map(rooms.reachable, roots)):
        assert asserting(rooms.parsed(rooms.modules()[name])) == [], name
    assert asserting(ast.parse("def f():\n    assert False\n    raise AssertionError")) == [2, 3]


def test_modules_do_not_import_each_other():
    """There is no circle of imports, neither while modules load nor in their functions."""
    assert rooms.circles() == []
    assert rooms.circles(lazily=False) == []


def test_folders_and_files_are_small():
    """No folder holds more files than a reader can survey, and no file more lines than one idea needs."""
    folders = Counter(path.parent for path in rooms.modules().values())
    assert {folder: count for folder, count in folders.items() if count > MOST_FILES} == {}
    root = Path(__file__).parents[2]
    places = ("hallucert", "hallucheck", "tests", "examples", "benchmarks", "formal")
    files = [path for place in places for path in (root / place).rglob("*.py")]
    long = {str(path.relative_to(root)) for path in files if len(path.read_text().splitlines()) > MOST_LINES}
    assert long == set()


@pytest.mark.parametrize(("backend", "other"), [("arb", "mpmath"), ("mpmath", "flint")])
def test_checking_loads_little_and_neither_searches_nor_the_other_arithmetic(backend, other):
    """Fresh processes check a file of each kind where the other arithmetic and every search package are missing.

    With Arb they load no more lines than stated here and in the docs.
    """
    loaded = {
        kind: rooms.checked(kind, backend, f"{other},numba,scipy,sympy,matplotlib,autograd") for kind in rooms.KINDS
    }
    others = set().union(*(names for kind, names in loaded.items() if kind != rooms.LARGE))
    everything = others | loaded[rooms.LARGE]
    doors = {"hallucert.prove", "hallucert.prove.verify"}
    assert {name for name in everything if name.startswith(SEARCHES)} <= doors
    assert {name for name in everything if name.startswith(UNTRUSTED)} == set()
    if backend == "arb":  # mpmath takes more: its functions are our own
        assert rooms.lines(loaded["point"]) <= POINT_LINES
        assert rooms.lines(loaded[rooms.LARGE]) <= LARGE_LINES
        assert rooms.lines(others) <= OTHER_LINES
        assert rooms.lines(everything) <= ALL_LINES


def test_nothing_evaluates_strings():
    """No eval, exec, pickle or sympify in the package."""
    for path in rooms.modules().values():
        for node in ast.walk(rooms.parsed(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile", "__import__"), path
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                assert not {"pickle", "sympify", "marshal", "shelve"} & set(names), path


def test_importing_the_package_loads_no_heavy_module():
    """`import hallucert` alone loads none of numba, sympy, scipy, matplotlib."""
    code = (
        "import sys, hallucert; print([m for m in ('numba','scipy','sympy','matplotlib','flint') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_exist():
    """Every name that the package lists can be had."""
    for name in hc.__all__:
        assert getattr(hc, name) is not None


def test_types_are_those_of_the_public_names():
    """What type checkers see is each public name, from the module that it loads from."""
    stub = ast.parse((rooms.PACKAGE / "__init__.pyi").read_text())
    seen = {a.name: node.module for node in stub.body if isinstance(node, ast.ImportFrom) for a in node.names}
    modules = dict.fromkeys(("errors", "find", "gallery", "plot", "sam"), "hallucert")
    assert seen == modules | hc._LAZY
    assert {"__version__", *seen} == set(hc.__all__)


def test_a_forbidden_import_is_seen(tmp_path, monkeypatch):
    """An import inside a function of a checking module is found, and one for type checkers alone is not."""
    path = tmp_path / "planted.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import numba\n"
        "def late():\n    from hallucert.find import refine\n"
    )
    monkeypatch.setitem(rooms.modules(), "hallucert.check.planted", path)
    assert rooms.imported("hallucert.check.planted") == {"typing", "hallucert.find.refine"}
    assert rooms.imported("hallucert.check.planted", lazily=False) == {"typing"}
    assert rooms.room("hallucert.find") not in rooms.SEES["check"]


def test_few_lines_say_any():
    """Where a type is known it is said: `Any` stands on 200 lines of the library at most, imports apart."""
    found = [
        (path, node.lineno)
        for path in rooms.modules().values()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and node.id == "Any"
    ]
    assert 0 < len(set(found)) <= MOST_ANY
