"""Claim: points of functions of one to four variables, with every operation that Coq's intervals have, are theorems."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

import hallucert as hc
from hallucert.export.coq import theorem

pytestmark = pytest.mark.coq

KNOWN = [
    ("ackley", {}, (0.968, 0.968), "1/2"),
    ("rastrigin", {}, (0.995, 0), "1/2"),
    ("cosine_lattice", {"dimension": 3}, (0, 0, 0), "4"),
    ("four_well", {"dimension": 4}, (1, 1, 1, 1), "3/2"),
]
"""Functions of the gallery, each with a minimizer and a radius."""

FORMULAS = [
    ("(x**2 - 1)**2/(1 + x**2) + log(1 + y**2)", (1, 0), "3/2", "sam", "0 < 1 + y ^ 2 /\\ e1 + 1 <> 0."),
    ("tanh(x)**2 + sqrt(1 + y**2) - 2*exp(-(x - 3)**2)", (3, 0), "2", "sam", "0 < 1 + y ^ 2."),
    ("softplus(x**2 - 2) + cos(pi*x) + (1 + y**2)**(1/3)", (0.95, 0), "3/2", "sam", "0 < 1 + y ^ 2."),
    ("(x**2 - 1)**2 + sin(y)**2", (1, 0), "2", "usam", None),
]
"""Functions with the other operations, each with a minimizer, a radius, and where it is defined."""

ASSUMED = {"sig_not_dec", "sig_forall_dec", "functional_extensionality_dep", "classic"}
"""Names of the axioms of the classical real numbers."""


def assumptions(coq: ModuleType, cert: hc.Certificate, folder: Path) -> set[str]:
    """Return what the exported theorem assumes, which Coq accepted for the statement of the certificate."""
    cert.save(folder / "point.json")
    cert.export(folder / "point.v")
    return {axiom.rpartition(".")[2] for axiom in coq.check(folder / "point.v", folder / "point.json")}


@pytest.mark.parametrize(("name", "parameters", "target", "rho"), KNOWN)
def test_points_of_the_gallery_are_theorems(coq: ModuleType, name, parameters, target, rho, tmp_path: Path) -> None:
    """A point on the sphere around a minimizer: Coq accepts that the target is one, and that SAM converges."""
    f = hc.gallery.load(name, **parameters)
    cert = hc.certify(hc.find.on_sphere(f, target, rho)[0])
    n, text = f.dimension, theorem(cert)
    assert f"  /\\ strict_local_minimizer {n} f (P x)\n" in text
    assert f"  /\\ (forall y, box {n} centre start y -> converges {n} (orbit y) x)" in text
    assert assumptions(coq, cert, tmp_path) == ASSUMED


@pytest.mark.parametrize(("formula", "target", "rho", "variant", "domain"), FORMULAS)
def test_points_of_other_formulas_are_theorems(
    coq: ModuleType, formula, target, rho, variant, domain, tmp_path: Path
) -> None:
    """The same for quotients, roots, real powers, logarithms, `tanh` and `softplus`, and for USAM: where defined."""
    cert = hc.certify(hc.find.on_sphere(hc.Objective.parse(formula), target, rho, variant=variant)[0])
    text = theorem(cert)
    assert "  /\\ strict_local_minimizer 2 f (P x)\n" in text and "converges 2 (orbit y) x)" in text
    assert ("domain y /\\ domain (P y)" in text) is (domain is not None)
    assert domain is None or f"  {domain}\n" in text
    assert assumptions(coq, cert, tmp_path) == ASSUMED


def test_residuals_that_are_not_defined_everywhere_are_theorems(coq: ModuleType, tmp_path: Path) -> None:
    """On a slice, too, the theorem says that the logarithm is taken of positive numbers, where SAM looks as well."""
    f = hc.Objective.least_squares(["log(x**2 + y**2)"], n=1)
    cert = hc.certify(hc.find.refine(f, (0.5, 0), rho="3/2"))
    assert "domain (X t) /\\ domain (P (X t))" in theorem(cert)
    assert assumptions(coq, cert, tmp_path) == ASSUMED
