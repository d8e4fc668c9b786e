"""The rooms of the package and what each may see, as data; what imports what, and what the checker loads.

Run as a program, this prints how much of the package checking a file of each kind loads.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import hallucert

PACKAGE = Path(hallucert.__file__).parent

GROUND = frozenset({"ground"})
BELOW_CHECK = GROUND | {"objectives", "balls"}
BELOW_PROVE = BELOW_CHECK | {"check", "find", "sam", "diagnosis"}
SEES: dict[str, frozenset[str]] = {
    "ground": frozenset(),
    "objectives": GROUND,
    "balls": GROUND,
    "check": BELOW_CHECK,
    "find": GROUND | {"objectives", "sam"},
    "sam": GROUND | {"objectives"},
    "diagnosis": GROUND | {"objectives", "find", "sam"},
    "training": GROUND | {"objectives", "find", "diagnosis"},
    "prove": BELOW_PROVE,
    "export": BELOW_CHECK | {"check"},
    "plot": BELOW_PROVE | {"prove"},
    "tools": BELOW_PROVE | {"prove", "plot", "training", "export"},
}
"""The rooms that the modules of a room may import, besides their own."""

FORBIDDEN: dict[str, frozenset[str]] = {
    "ground": frozenset({"numba", "scipy", "sympy", "flint", "mpmath", "matplotlib"}),
    "objectives": frozenset({"flint", "mpmath", "scipy", "matplotlib"}),
    "balls": frozenset({"numba", "scipy", "sympy", "matplotlib"}),
    "check": frozenset({"numba", "scipy", "sympy", "matplotlib", "flint", "mpmath", "autograd"}),
    "find": frozenset({"flint", "mpmath", "matplotlib"}),
    "sam": frozenset({"flint", "mpmath", "matplotlib"}),
    "diagnosis": frozenset({"flint", "mpmath", "matplotlib"}),
    "training": frozenset({"numba", "flint", "mpmath", "sympy", "scipy", "matplotlib"}),
    "prove": frozenset({"numba", "sympy", "matplotlib"}),
    "export": frozenset({"numba", "scipy", "sympy", "flint", "mpmath", "matplotlib"}),
    "plot": frozenset(),
    "tools": frozenset(),
}
"""Packages of others that no module of a room may import."""


@cache
def modules() -> dict[str, Path]:
    """Return the files of all modules by their dotted names; packages without their ``__init__``."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("hallucert", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def parsed(path: Path) -> ast.Module:
    """Return the tree of a file."""
    return ast.parse(path.read_text())


def room(module: str) -> str:
    """Return the room of a module: its folder, or the ground."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in SEES else "ground"


def _nodes(path: Path, lazily: bool) -> list[ast.AST]:
    """Return the nodes of a file that run when it is imported; with `lazily`, also what its functions import."""
    found: list[ast.AST] = []
    open_nodes: list[ast.AST] = [parsed(path)]
    while open_nodes:
        node = open_nodes.pop()
        found.append(node)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not lazily:
            continue
        open_nodes.extend(ast.iter_child_nodes(node))
    return found


def imported(module: str, lazily: bool = True) -> frozenset[str]:
    """Return what a module imports, dotted, but for the version and what type checkers alone import."""
    names: set[str] = set()
    for node in _nodes(modules()[module], lazily):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in [alias for alias in node.names if alias.name != "__version__"]:
                full = f"{node.module}.{alias.name}"
                names.add(full if full in modules() else node.module)
    return frozenset(names)


@cache
def graph(lazily: bool = True) -> dict[str, frozenset[str]]:
    """Return the modules of the package that each module imports."""
    return {module: imported(module, lazily) & modules().keys() for module in modules()}


def reachable(module: str, lazily: bool = True) -> set[str]:
    """Return all modules that a module leads to, itself included."""
    seen, waiting = {module}, [module]
    while waiting:
        for name in graph(lazily)[waiting.pop()] - seen:
            seen.add(name)
            waiting.append(name)
    return seen


def circles(lazily: bool = True) -> list[list[str]]:
    """Return the sets of modules that import each other (Tarjan's strong components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(graph(lazily)[module]):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            component = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(component) > 1:
                found.append(sorted(component))

    for module in sorted(modules()):
        if module not in index:
            visit(module)
    return found


LARGE, CYCLE = "large", "cycle"
"""The kind of file that is about a large array program, by far the longest to check, and that about two-cycles."""

KINDS = {
    "point": "line",
    "point in space": "bump-attracts",
    "branch": "tilted-wells-fold",
    "census": "convex-census",
    "diagram": None,
    "sheet": None,
    "surface": "sphere-piece",
    CYCLE: "himmelblau-two-cycle",
    LARGE: "wide-attracts",
}
"""A certificate of the documentation for each kind of file; None where those are long and a short one is made.

A point of one variable needs nothing for matrices; one of three or more variables has the other name.
"""
BASINS = {"basins": "well-basins"}
"""Their cells are checked in intervals of mpmath whatever proves their attractors, so nothing can be blocked there."""


@cache
def certificate(kind: str) -> Path:
    """Return the path of a certificate of a kind."""
    name = (KINDS | BASINS)[kind]
    if name is not None:
        return PACKAGE.parent / "docs" / "certificates" / f"{name}.json"
    if kind == "sheet":
        ring = hallucert.Objective.least_squares(["x**2 + y**2 - 1"])
        made = hallucert.certify(hallucert.find.sheet(ring, (-0.5, 0), "1.5", max_steps=2))
    else:
        wells = hallucert.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
        made = hallucert.diagram(wells, (1, 0), [("-0.52", "-0.48"), ("-0.1", "0.1")])
    path = Path(tempfile.mkdtemp()) / f"{kind}.json"
    made.save(path)
    return path


CHECK = """
import sys

blocked, backend, path = sys.argv[1:]


class Blocked:
    def find_spec(self, name, *_):
        if name.split(".")[0] in blocked.split(","):
            raise ImportError(f"{name} is blocked")


sys.meta_path.insert(0, Blocked())
import hallucert

assert hallucert.verify(hallucert.load(path), backend)
print(*sorted(name for name in sys.modules if name.split(".")[0] == "hallucert"))
"""


def checked(kind: str, backend: str, blocked: str) -> set[str]:
    """Check the certificate of a kind in a fresh process in which some packages cannot be imported.

    Returns the modules of this package that were loaded.
    """
    command = [sys.executable, "-c", CHECK, blocked, backend, str(certificate(kind))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def lines(names: set[str]) -> int:
    """Return how many lines some modules have."""
    return sum(len(modules()[name].read_text().splitlines()) for name in names)


if __name__ == "__main__":
    loaded = {each: checked(each, "arb", "numba,scipy,sympy,matplotlib") for each in KINDS}
    others = set().union(*(names for each, names in loaded.items() if each != LARGE))
    basins = checked("basins", "arb", "numba,scipy,sympy,matplotlib")
    no_cycle = set().union(*(names for each, names in loaded.items() if each not in (LARGE, CYCLE)))
    sums = {"without cycles": no_cycle, "all but large": others, "all": others | loaded[LARGE], "basins": basins}
    for title, names in (loaded | sums | {"with basins": sums["all"] | basins}).items():
        print(f"{title:14s} {len(names):4d} files {lines(names):7d} lines")
