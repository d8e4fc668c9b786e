"""Claim: points of functions of one to four variables, with every operation that Coq's intervals have, are theorems."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

import hallucert as hc

pytestmark = pytest.mark.coq

KNOWN = [
    ("ackley", {}, (0.968, 0.968), "1/2"),
    ("rastrigin", {}, (0.995, 0), "1/2"),
    ("cosine_lattice", {"dimension": 3}, (0, 0, 0), "4"),
    ("four_well", {"dimension": 4}, (1, 1, 1, 1), "3/2"),
]
"""Functions of the gallery, each with a minimizer and a radius."""

FORMULAS = [
    ("(x**2 - 1)**2/(1 + x**2) + log(1 + y**2)", (1, 0), "3/2", "sam"),
    ("tanh(x)**2 + sqrt(1 + y**2) - 2*exp(-(x - 3)**2)", (3, 0), "2", "sam"),
    ("softplus(x**2 - 2) + cos(pi*x) + (1 + y**2)**(1/3)", (0.95, 0), "3/2", "sam"),
    ("(x**2 - 1)**2 + sin(y)**2", (1, 0), "2", "usam"),
]


def require_theorem(coq: ModuleType, cert: hc.Certificate, file: Path) -> None:
    """Export a certificate, look for what it should say, and let Coq check it."""
    cert.export(file)
    text = file.read_text()
    assert "strict_local_minimizer" in text and "converges" in text
    assert coq.check(file)


@pytest.mark.parametrize(("name", "parameters", "target", "rho"), KNOWN)
def test_points_of_the_gallery_are_theorems(coq: ModuleType, name, parameters, target, rho, tmp_path: Path) -> None:
    """A point on the sphere around a minimizer: Coq accepts that the target is one, and that SAM converges."""
    f = hc.gallery.load(name, **parameters)
    require_theorem(coq, hc.certify(hc.find.on_sphere(f, target, rho)[0]), tmp_path / "point.v")


@pytest.mark.parametrize(("formula", "target", "rho", "variant"), FORMULAS)
def test_points_of_other_formulas_are_theorems(coq: ModuleType, formula, target, rho, variant, tmp_path: Path) -> None:
    """The same for quotients, roots, real powers, logarithms, `tanh` and `softplus`, and for USAM."""
    found = hc.find.on_sphere(hc.Objective.parse(formula), target, rho, variant=variant)
    require_theorem(coq, hc.certify(found[0]), tmp_path / "point.v")
