"""The import rules of the design hold: floats never reach a proof, and the checker stays small."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hallucert as hc

PACKAGE = Path(hc.__file__).parent


def _imports(folder):
    """All modules imported anywhere in the files of a folder, also inside functions."""
    found = {}
    for path in (PACKAGE / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            for name in names:
                found.setdefault(name, path.name)
    return found


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("find", ("hallucert.balls", "hallucert.prove", "hallucert.certificate", "flint", "mpmath")),
        ("sam", ("hallucert.balls", "hallucert.prove", "hallucert.certificate", "flint", "mpmath")),
        ("prove", ("hallucert.find", "hallucert.sam", "numba", "scipy", "sympy", "autograd")),
        ("certificate", ("hallucert.find", "hallucert.sam", "numba", "scipy", "sympy", "autograd")),
        (
            "balls",
            ("hallucert.find", "hallucert.sam", "hallucert.prove", "hallucert.objectives", "numba", "scipy", "sympy"),
        ),
        (
            "objectives",
            ("hallucert.find", "hallucert.sam", "hallucert.prove", "hallucert.certificate", "hallucert.balls"),
        ),
    ],
)
def test_imports_run_one_way(folder, forbidden):
    """No file of the folder imports what its layer must not know."""
    for name, where in _imports(folder).items():
        assert not any(name == bad or name.startswith(bad + ".") for bad in forbidden), (where, name)


def test_nothing_evaluates_strings():
    """No eval, exec, pickle or sympify in the package."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile", "__import__"), path
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                assert not {"pickle", "sympify", "marshal", "shelve"} & set(names), path


def test_verify_runs_without_search_code(tmp_path):
    """A fresh process that verifies a file loads neither numba, scipy, sympy, matplotlib nor find and sam."""
    path = tmp_path / "c.json"
    hc.certify(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), [-0.5, 0], "1.5").save(path)
    code = (
        "import sys, hallucert as hc; assert hc.verify(sys.argv[1], sys.argv[2]);"
        "print(sorted(m for m in sys.modules if m in ('numba','scipy','sympy','matplotlib','autograd')"
        " or m.startswith(('hallucert.find','hallucert.sam'))))"
    )
    for backend in ("arb", "mpmath"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), backend], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]"


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
