"""What was compiled is forgotten as soon as something that was compiled into it has changed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from hallucert.objectives.machine.compilation import PACKAGE, SOURCES, digest

OUTER = """
from pathlib import Path
from hallucert.objectives.machine.compilation import compiled
from inner import CONSTANT, registered

def twice(x):
    return registered(x) + CONSTANT

outer = compiled(twice, Path(__file__).parent, ("*.py",))
print(outer(1), sum(outer.stats.cache_hits.values()))
"""

INNER = """
from numba.extending import overload

CONSTANT = {constant}

def registered(x):
    raise NotImplementedError

@overload(registered)
def _registered(x):
    return lambda x: {term}
"""


@pytest.fixture
def outer(tmp_path, monkeypatch):
    """Return what calls the compiled function in a fresh process, with a constant and a term in another file."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "outer.py").write_text(OUTER)

    def call(constant: int, term: str) -> list[int]:
        (tmp_path / "inner.py").write_text(INNER.format(constant=constant, term=term))
        done = subprocess.run([sys.executable, tmp_path / "outer.py"], capture_output=True, text=True, check=True)
        return [int(word) for word in done.stdout.split()]

    return call


@pytest.mark.thorough
def test_a_change_in_another_file_is_seen(outer) -> None:
    """The result follows a changed constant and a changed implementation of other files; unchanged, it is kept."""
    assert outer(10, "x + 1") == [12, 0]
    assert outer(10, "x + 1") == [12, 1]
    assert outer(30, "x + 1") == [32, 0]
    assert outer(30, "x + 5") == [36, 0]


def test_the_sources_are_all_files_with_compiled_code() -> None:
    """Whatever imports numba or llvmlite is among the sources, and so are the codes of `hallucert.sam.lanes`."""
    watched = {path for pattern in SOURCES for path in PACKAGE.glob(pattern)}
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        if "numba" not in text and "llvmlite" not in text:
            continue
        names = {node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
        if {name.split(".")[0] for name in names} & {"numba", "llvmlite"}:
            assert path in watched, path
    assert PACKAGE / "sam" / "lanes.py" in watched


def test_the_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    """A changed, a renamed and an added file give other digests."""
    seen = set()
    for name, text in (("a.py", "1"), ("a.py", "2"), ("b.py", "2")):
        folder = tmp_path / str(len(seen))
        folder.mkdir()
        (folder / name).write_text(text)
        seen.add(digest(folder, ("*.py",)))
        (folder / "c.py").write_text(text)
        seen.add(digest.__wrapped__(folder, ("*.py",)))
    assert len(seen) == 6
