"""Claim: the pages for theorists say what certificates prove, and name claims, files and tests that are there.

What the theory pages state without a certificate (Propositions 4.4 and 4.5, existence by a penalty, USAM at critical
points) is compared with formulas written here.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.branch import certificate as branch
from hallucert.check.file.files import CHECK, KINDS, READ, WRITE, module_of
from hallucert.check.point.rule import BY_NAME
from hallucert.check.sheet import claims as sheet

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CERTIFICATES = sorted((DOCS / "certificates").glob("*.json"))
PAGES = [
    *(DOCS / f"{name}.md" for name in ("mathematics", "claims", "evidence", "trust", "certificate-format")),
    *sorted((DOCS / "mathematics").glob("*.md")),
]
QUOTED = re.compile(r'^- \[([\w-]+)\]\(certificates/([\w-]+)\.json\), `(\w+)`, (proved|refuted): "(.+)"$', re.M)
LARGE = "digits-rho10-SAM-2"
"""A stall in 2410 variables: half a minute in mpmath, so it is checked by Arb (and by both in `test_stalls`)."""
ON_A_SLICE = "wide-attracts"
"""Made in arrays of doubles and Arb. The checker's arrays multiply otherwise; its balls are mpmath's if it is told."""
EVIDENCE = (DOCS / "evidence.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def makers() -> dict[str, Any]:
    """What docs/evidence/make.py defines."""
    return runpy.run_path(str(DOCS / "evidence" / "make.py"))


@pytest.mark.parametrize("path", CERTIFICATES, ids=lambda path: path.stem)
def test_every_certificate_is_re_proved_by_the_other_arithmetic(path: Path) -> None:
    """All claims of every file are proved again, by the arithmetic that did not make it."""
    backend = "arb" if path.stem == LARGE else "mpmath" if path.stem == ON_A_SLICE else None
    verdict = hc.verify(path, backend=backend)
    assert verdict, str(verdict)
    if path.stem != LARGE:
        assert verdict.backend != verdict.certificate.provenance.backend


def test_every_quotation_is_in_its_file(makers: dict[str, Any]) -> None:
    """Claim, status and words of each quoted line are those of the file that it names."""
    quoted = QUOTED.findall(EVIDENCE)
    assert len(quoted) == len(re.findall(r"\]\(certificates/", EVIDENCE)) > 60
    said = {path.stem: makers["quotations"](hc.load(path)) for path in CERTIFICATES}
    for shown, name, claim, status, words in quoted:
        assert shown == name
        plain = re.sub(r"\\(.)", r"\1", words)
        assert any(plain in text for c, s, text in said[name] if (c, s) == (claim, status)), (name, claim, plain)


def test_a_wrong_quotation_is_noticed(makers: dict[str, Any]) -> None:
    """A digit, a status or a claim changed, and the line is in no file: each quoted sentence is there once."""
    said = makers["quotations"](hc.load(DOCS / "certificates" / "himmelblau-farthest.json"))
    assert ("attractor", "proved") not in [(c, s) for c, s, _ in said]
    assert not any("real part at most -599.488" in text for _, _, text in said)
    assert any("real part at most -599.489" in text for _, _, text in said)


def test_every_file_is_quoted_and_has_a_maker(makers: dict[str, Any]) -> None:
    """No file is there that the page does not use, and `make.py` can make each but that of the study."""
    names = {path.stem for path in CERTIFICATES}
    assert {name for _, name, *_ in QUOTED.findall(EVIDENCE)} == names
    assert set(makers["MAKERS"]) == names - {LARGE}
    assert max(path.stat().st_size for path in CERTIFICATES if path.stem != LARGE) < 100_000


def test_a_maker_makes_its_file_again(makers: dict[str, Any]) -> None:
    """What a maker proves today is what its file says: same problem, same statuses."""
    for name in ("wells-saddle", "himmelblau-minimum-repels", "double-well-census-above", "wide-attracts"):
        old, new = hc.load(DOCS / "certificates" / f"{name}.json"), makers["MAKERS"][name]()
        assert [line[:2] for line in makers["quotations"](old)] == [line[:2] for line in makers["quotations"](new)]
        assert old.objective.to_json() == new.objective.to_json()


def issuing_modules() -> list[Path]:
    """Return the files of this package that load with all public names and all kinds of certificates."""
    for name in hc.__all__:
        getattr(hc, name)
    for kind in KINDS:
        for role in (READ, WRITE, CHECK):
            module_of(kind, role)
    importlib.import_module("hallucert.prove.absence.radii")
    loaded = [module for name, module in list(sys.modules.items()) if name.startswith("hallucert.")]
    return sorted({Path(module.__file__) for module in loaded if module.__file__})


def issued() -> set[str]:
    """Return the names of all claims that the package can issue.

    They are the names of all theorems, every constant ``NAME``, and the literal first argument of whatever makes a
    claim or a result.
    """
    makers = {"Claim", "undecided", "Result"}
    names: set[str] = set()
    for path in issuing_modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "NAME"
            if named and isinstance(node.value, ast.Constant):
                names.add(str(node.value.value))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    names.add(first.value)
    theorems = [BY_NAME, branch.THEOREMS, branch.OF_DIAGRAMS, *sheet.THEOREMS.values()]
    return names.union(*theorems)


def test_every_claim_of_the_code_has_a_row() -> None:
    """The table of claims lists each name that the code can issue, with a file and a test in its row."""
    rows = dict(re.findall(r"^\| `([\w\[\]]+)` \| (.*) \|$", (DOCS / "claims.md").read_text(encoding="utf-8"), re.M))
    names = issued()
    assert {"existence", "no_minimizer_near", "fold", "turning", "completeness", "weakly_convex"} <= names
    assert not sorted(names - set(rows))
    for name, row in rows.items():
        assert re.search(r"\]\(\.\./hallucert/[\w/]+\.py\)", row), name
        assert re.search(r"\[[^`\]]+\]\(\.\./tests/[\w/]+\.py\)", row), name


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_tests_named_on_the_page_exist(page: Path) -> None:
    """A link to a file of tests has the name of a test of that file for its words."""
    text = page.read_text(encoding="utf-8")
    linked = re.findall(r"\[([^`\]]+)\]\((?:\.\./)+(tests/[\w/]+\.py)\)", text)
    assert linked or page.stem in ("evidence", "certificate-format")
    for words, file in linked:
        name = "test_" + words.replace(" ", "_")
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M), (file, name)


def field_names(data: Any) -> set[str]:
    """Return all keys of nested objects."""
    if isinstance(data, dict):
        return set(data).union(*map(field_names, data.values()))
    return set().union(*map(field_names, data)) if isinstance(data, list) else set()


def test_every_field_of_every_file_is_in_the_format_page() -> None:
    """Whatever field a file of any kind has, the page on the format has a word for it, in backquotes."""
    text = (DOCS / "certificate-format.md").read_text(encoding="utf-8")
    words = {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"\w+", code)}
    kinds = set()
    for path in CERTIFICATES:
        data = json.loads(path.read_text(encoding="ascii"))
        kinds.add(data["kind"])
        assert not field_names(data) - words, path.stem
    assert kinds == set(KINDS)


def test_the_penalty_finds_a_hallucinated_minimizer_beside_a_kink() -> None:
    """(1 - |x|^1.5)^2 + (1 - |y|^1.5)^2 is C^1 only; the proof's recipe on [-1/2, 1/2]^2, target (1, 1), works.

    f is 2 at the maximizer 0 and at most 1 + (1 - 0.5^1.5)^2 on the boundary, whose farthest point from (1, 1) is
    (-1/2, -1/2), so that lambda may be anything below 2 (2 - 1.418)/(4.5 - 2).
    """
    lowest = 1 + (1 - 0.5**1.5) ** 2
    for multiplier in (0.05, 0.2, 0.99 * 2 * (2 - lowest) / (4.5 - 2)):
        # The penalty is a sum over coordinates: maximize (1 - |t|^1.5)^2 + multiplier/2 (t - 1)^2 on [-1/2, 1/2].
        low, high = -0.5, 0.5
        for _ in range(12):
            t = np.linspace(low, high, 2001)
            best = t[np.argmax((1 - np.abs(t) ** 1.5) ** 2 + multiplier / 2 * (t - 1) ** 2)]
            low, high = max(-0.5, best - (high - low) / 200), min(0.5, best + (high - low) / 200)
        assert abs(best) < 0.5
        x = np.array([best, best])
        gradient = -3 * (1 - np.abs(x) ** 1.5) * np.sqrt(np.abs(x)) * np.sign(x)
        rho = np.linalg.norm(x - 1)
        assert np.linalg.norm(gradient) > 0.01
        assert np.allclose(x + rho * gradient / np.linalg.norm(gradient), 1, atol=1e-6)
        assert np.isclose(np.linalg.norm(gradient) / rho, multiplier, rtol=1e-4)


def test_where_the_least_value_on_circles_falls_its_point_is_hallucinated() -> None:
    """Proposition 4.4 on Himmelblau's function: where it decreases, gradient inward and curvature not negative."""
    f, centre = hc.gallery.load("himmelblau"), np.array([3.0, 2.0])

    def least(radius: float) -> tuple[float, np.ndarray]:
        middle, half = 0.0, np.pi
        for count in (8001, 801, 801, 801):
            angle = np.linspace(middle - half, middle + half, count)
            normals = np.stack([np.cos(angle), np.sin(angle)], axis=1)
            values = f.value(centre + radius * normals)
            middle, half = angle[np.argmin(values)], 4 * half / count
        return values.min(), normals[np.argmin(values)]

    seen = set()
    for radius in np.linspace(0.3, 8.9, 44):
        before, after = least(radius - 1e-3)[0], least(radius + 1e-3)[0]
        _, normal = least(radius)
        x = centre + radius * normal
        gradient = f.gradient(x)
        slope = float(gradient @ normal)
        assert np.sign(slope) == np.sign(after - before)
        seen.add(bool(slope < 0))
        if slope < 0:
            assert np.allclose(x + radius * gradient / np.linalg.norm(gradient), centre, atol=1e-4)
            tangent = np.array([-normal[1], normal[0]])
            assert tangent @ f.hessian(x) @ tangent - slope / radius >= -1e-3 * np.abs(f.hessian(x)).max()
    assert seen == {False, True}


def test_branches_begin_as_proposition_4_5_says() -> None:
    """Beside 200 random quadratic critical points: velocity, curvature on the sphere and growth of rho, by the signs.

    f(x) = y^T H y/2 with y = x - c' is its own second-order part: x - c' = lambda (H + lambda)^-1 (c - c') exactly.
    """
    rng, kinds = np.random.default_rng(5), set()
    for _ in range(200):
        d = int(rng.integers(2, 5))
        basis = np.linalg.qr(rng.normal(size=(d, d)))[0]
        eigenvalues = rng.uniform(0.5, 2, d) * rng.choice([-1, 1], d)
        hessian, w = basis @ np.diag(eigenvalues) @ basis.T, rng.normal(size=d)
        sign = w @ np.linalg.solve(hessian, w)
        if abs(sign) < 0.1:
            continue
        lam = 1e-6
        x = lam * np.linalg.solve(hessian + lam * np.eye(d), w)
        assert np.allclose(x, lam * np.linalg.solve(hessian, w), atol=1e-9)
        tangent = np.linalg.svd(w[None])[2][1:]
        curvature = np.linalg.eigvalsh(tangent @ hessian @ tangent.T)
        if np.abs(curvature).min() < 1e-3:
            continue
        direction = hessian @ x / np.linalg.norm(hessian @ x)
        # Near c' the spherical curvature is (H + lambda) on the complement of the gradient.
        plane = np.linalg.svd(direction[None])[2][1:]
        on_sphere = np.linalg.eigvalsh(plane @ (hessian + lam * np.eye(d)) @ plane.T)
        negative = int((eigenvalues < 0).sum())
        assert (on_sphere[0] > 0) == (negative == 0 or (negative == 1 and sign < 0))
        assert (np.linalg.norm(x - w) > np.linalg.norm(w)) == (sign < 0)
        kinds.add((min(negative, 2), bool(sign < 0)))
    assert {(0, False), (1, False), (1, True), (2, True)} <= kinds


@pytest.mark.parametrize(
    ("h", "attracts"),
    [((-2, -3), True), ((-2, -0.5), False), ((-2, 1), True), ((-0.5, 1), False), ((0.5, 1), True)],
    ids=["steep maximizer", "flat maximizer", "steep saddle", "flat saddle", "minimizer"],
)
def test_usam_is_attracted_to_steep_maximizers(h: tuple[float, float], attracts: bool) -> None:
    """On h_1 x^2/2 + h_2 y^2/2 with rho = 1 a step multiplies coordinates by 1 - eta h (1 + rho h), below 1 or not."""
    f = hc.Objective.parse(f"({h[0]})*x**2/2 + ({h[1]})*y**2/2")
    eta, steps, start = 0.05, 60, np.array([0.01, 0.01])
    end = hc.sam.run(f, start, 1, eta, steps, variant="usam").x
    assert np.allclose(end, start * (1 - eta * np.array(h) * (1 + np.array(h))) ** steps)
    assert bool(np.abs(end).max() < 0.01) == attracts


def test_the_maximizer_of_the_double_well_attracts_usam_from_the_threshold_of_absence_on() -> None:
    """H = -1 at 0 and H >= -1 everywhere: for rho = 0.9 USAM leaves 0 for a minimizer, for rho = 1.1 it stays."""
    f = hc.Objective.parse("(x**2 - 1)**2/4")
    ends = [abs(hc.sam.run(f, [0.05], rho, 0.1, 20_000, variant="usam").x[0]) for rho in ("0.9", "1.1")]
    assert np.allclose(ends, [1, 0], atol=1e-6)
