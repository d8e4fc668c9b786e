"""What the second checker loads: little, as much as its docstring says, and no room before its turn."""

from __future__ import annotations

import ast

import closure
import pytest

QUICK = ("a point", "a network", "a basin")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.thorough) for kind in closure.KINDS]
)
def test_a_file_loads_as_little_as_is_stated(kind):
    """In a fresh process; the statement is not out of date by more than a screen of code, either."""
    assert closure.stated()[kind] - 50 < closure.lines(closure.loaded(kind)) <= closure.stated()[kind]


def test_everything_is_as_long_as_is_stated():
    """The table has a row for each kind, and one for all."""
    everything = frozenset(closure.PACKAGE.rglob("*.py"))
    assert set(closure.stated()) == {*closure.KINDS, "everything"}
    assert closure.stated()["everything"] - 50 < closure.lines(everything) <= closure.stated()["everything"]


@pytest.mark.parametrize("room", closure.SEES)
def test_a_room_is_read_after_what_it_imports(room):
    """What is imported when a module is loaded lies in its own room or in one before it."""
    for path in (closure.PACKAGE / room).glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                assert str(node.module).split(".")[0] in closure.SEES[room], path
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
                assert not any(str(name).startswith(("hallucert", "hallucheck")) for name in names), path
