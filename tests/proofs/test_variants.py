"""USAM and ASAM as theorems: closed forms, both arithmetics, files, and what a forged file may not do."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, CertificateError, SearchError
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.prove.absence.radii import certify_usam_absence

ONE = hc.Objective.parse("(x**2 - 1)**2 / 4")
TWO = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
METRIC = RadiusLaw("asam", ("1/2", 3))  # type: ignore[arg-type]


def contains(enclosure, value) -> bool:
    """Whether an exact number lies in a published interval."""
    return bool(enclosure.lower <= value <= enclosure.upper)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize("x", [Fraction(-3, 4), Fraction(-1, 4)])
@pytest.mark.parametrize("f", [ONE, TWO], ids=["line", "plane"])
def test_usam_on_the_double_well(f, x, backend) -> None:
    """rho = 16/3, target 1: x = -3/4 and -1/4, J = 1 + rho (3 x^2 - 1) = 14/3 and -10/3, M = 2 J; across 1 + rho/10."""
    rho = Fraction(16, 3)
    cert = hc.certify(f, [x] + [0] * (f.dimension - 1), rho, variant="usam", backend=backend)
    assert cert.box is not None and cert.box[0][0] <= x <= cert.box[0][1]
    along = 1 + rho * (3 * x * x - 1)
    across = [1 + rho / 10] * (f.dimension - 1)
    assert along == {Fraction(-3, 4): Fraction(14, 3), Fraction(-1, 4): Fraction(-10, 3)}[x]
    numbers = {key: value for claim in cert.claims.values() for key, value in claim.numbers.items()}
    assert contains(numbers["gradient_norm"], abs(x**3 - x)) and contains(numbers["multiplier"], 1 / rho)
    assert contains(numbers["smallest_moreau_eigenvalue"], min([along, *across]))
    assert contains(numbers["largest_moreau_eigenvalue"], max([along, *across]))
    assert contains(numbers["smallest_eigenvalue_sym_J"], min([along, *across]))
    assert contains(numbers["smallest_real_part"], min([2 * along, *(j / 10 for j in across)]))
    minimum = along > 0
    if minimum:
        assert contains(numbers["step_bound"], 1 / along)
    assert cert["hallucinated_minimizer"] and cert["regular"] and cert["target"]
    assert bool(cert["attractor"]) == bool(cert["theorem_3_2"]) == minimum
    assert ("strict local minimum" in cert["sphere_type"].statement) == minimum
    assert "f^USAM" in cert["hallucinated_minimizer"].statement and "Moreau" in cert["sphere_type"].statement
    for other in ("arb", "mpmath"):
        assert hc.verify(cert, backend=other)


def test_usam_reaches_a_maximizer_as_soon_as_the_modulus_allows() -> None:
    """Target 0 of the double well: x^2 = 1 - 1/rho for every rho > 1 = 1/max(-H); stationary, no minimizer."""
    rho = Fraction(25, 16)  # x = 3/5, J = 1 + rho (3 x^2 - 1) = 9/8, M = -J
    cert = hc.certify(ONE, [Fraction(3, 5)], rho, variant="usam")
    assert cert["target"].statement.count("strict local maximizer") == 1
    assert str(cert["hallucinated_minimizer"].status) == "refuted"
    assert contains(cert["attractor"].numbers["smallest_real_part"], Fraction(-9, 8))
    assert hc.verify(cert)


def test_moreau_minimum_is_the_same_as_attraction() -> None:
    """For a minimizer as target J > 0, (C32) and the spectral test agree, in the plane with a mixed Hessian."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + x*y/3")
    kinds = []
    for start in np.random.default_rng(5).uniform(-1.3, 1.3, size=(40, 2)):
        try:
            candidate = hc.find.refine(f, start, "1.5", variant="usam")
        except SearchError:
            continue
        cert = hc.certify(candidate)
        if "strict local minimizer" not in cert["target"].statement or not cert["sphere_type"]:
            continue
        minimum = "strict local minimum" in cert["sphere_type"].statement
        assert bool(cert["attractor"]) == bool(cert["theorem_3_2"]) == minimum
        kinds.append(minimum)
    assert kinds.count(True) >= 3 and kinds.count(False) >= 3


def test_usam_with_a_sum_of_squares() -> None:
    """A network b tanh(a) with one sample: r(x + rho g) = 0 is a curve; rho from bisection, K by differences."""
    f = hc.Objective.least_squares(["b*tanh(a) - 1/2"], n=1, variables=("a", "b"))

    def residual(a: float, b: float) -> float:
        return b * math.tanh(a) - 0.5

    def shifted(a: float, b: float, rho: float) -> tuple[float, float]:
        r = residual(a, b)
        return a + rho * r * b * (1 - math.tanh(a) ** 2), b + rho * r * math.tanh(a)

    a, b, low, high = 0.3, 0.5, 10.3, 10.4
    assert residual(*shifted(a, b, low)) * residual(*shifted(a, b, high)) < 0
    for _ in range(80):
        middle = (low + high) / 2
        same = residual(*shifted(a, b, low)) * residual(*shifted(a, b, middle)) > 0
        low, high = (middle, high) if same else (low, middle)
    cert = hc.certify(f, [a, b], high, variant="usam")
    assert cert.problem.residual
    assert cert["existence"] and cert["hallucinated_minimizer"] and cert["regular"]
    h = 1e-6
    row = [
        (residual(*shifted(a + h, b, high)) - residual(*shifted(a - h, b, high))) / (2 * h),
        (residual(*shifted(a, b + h, high)) - residual(*shifted(a, b - h, high))) / (2 * h),
    ]
    at = shifted(a, b, high)
    kernel = row[0] * at[1] * (1 - math.tanh(at[0]) ** 2) + row[1] * math.tanh(at[0])
    assert float(cert["attractor"].numbers["smallest_real_part"].lower) == pytest.approx(kernel, rel=1e-5)
    assert hc.verify(cert, backend="mpmath") and hc.verify(cert, backend="arb")


def test_asam_with_a_sum_of_squares() -> None:
    """The SAM tangent kernel of the ellipse under ASAM is (1/n) A B^T, with A by differences of r(x+)."""
    f = hc.Objective.least_squares(["x**2 + 2*y**2 - 1"], n=2)
    cert = hc.certify(hc.find.refine(f, [-0.16, 0.02], "2.3", variant=METRIC))
    assert cert.problem.residual and cert.x is not None
    scales, h = np.array([0.5, 3.0]), 1e-6

    def shifted(x: np.ndarray) -> np.ndarray:
        g = (x[0] ** 2 + 2 * x[1] ** 2 - 1) * np.array([2 * x[0], 4 * x[1]]) / 2
        return np.asarray(x + 2.3 * scales**2 * g / np.linalg.norm(scales * g))

    def residual(x: np.ndarray) -> float:
        at = shifted(x)
        return float(at[0] ** 2 + 2 * at[1] ** 2 - 1)

    assert abs(residual(cert.x)) < 1e-12
    row = [(residual(cert.x + s) - residual(cert.x - s)) / (2 * h) for s in h * np.eye(2)]
    kernel = float(np.dot(row, shifted(cert.x) * [2, 4])) / 2
    assert float(cert["attractor"].numbers["smallest_real_part"].lower) == pytest.approx(kernel, rel=1e-5)
    assert hc.verify(cert)


def test_usam_at_an_ordinary_critical_point_claims_nothing_hallucinated() -> None:
    """x = 1 solves g(x + rho g(x)) = 0 too: existence is proved near it, but not that the gradient is not 0."""
    cert = hc.certify(ONE, [1 + 2.0**-40], 2, variant="usam")
    for name in ("nonstationary", "hallucinated_minimizer"):
        assert str(cert[name].status) == "undecided"
    assert str(cert["existence"].status) == "proved" and hc.verify(cert)


def test_asam_in_the_plane() -> None:
    """(x*, 0) with D = diag(1/2, 3): rho/2 is the way along x; J across is 1 + (rho/|D g|) 9/10; M = H(c) J."""
    rho, x, g = Fraction(3), Fraction(-1, 2), Fraction(3, 8)
    cert = hc.certify(TWO, [x, 0], rho, variant=METRIC)
    multiplier = g / 2 / rho
    across = 1 + Fraction(9, 10) / multiplier
    assert contains(cert["nonstationary"].numbers["multiplier"], multiplier)
    assert contains(cert["sphere_type"].numbers["smallest_tangential_eigenvalue"], across)
    assert contains(cert["attractor"].numbers["smallest_real_part"], min(Fraction(2), across / 10))
    assert cert["attractor"] and cert["theorem_3_2"] and "ellipsoid" in cert["sphere_type"].statement
    assert hc.verify(cert, backend="mpmath") and hc.verify(cert, backend="arb")


def test_asam_and_sam_of_the_rescaled_function_are_enclosed_alike() -> None:
    """Off the axes the points, multipliers and tangential eigenvalues are those of SAM for f(D y); the step is not."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + x*y/7")
    rescaled = hc.Objective.parse("((x/2)**2 - 1)**2 + ((3*y)**2 - 1)**2 + (x/2)*(3*y)/7")
    inner = hc.certify(hc.find.refine(rescaled, [-0.28, -0.332], "2.3"))
    outer = hc.certify(hc.find.refine(f, [-0.14, -0.996], "2.3", variant=METRIC))
    assert inner.x is not None and outer.x is not None
    np.testing.assert_allclose(outer.x, inner.x * [0.5, 3], atol=1e-12)
    for claim, key in (("nonstationary", "multiplier"), ("sphere_type", "smallest_tangential_eigenvalue")):
        a, b = inner[claim].numbers[key], outer[claim].numbers[key]
        assert max(a.lower, b.lower) <= min(a.upper, b.upper)
    assert outer["existence"] and hc.verify(outer)


@pytest.mark.parametrize("variant", ["usam", METRIC], ids=["usam", "asam"])
def test_files_carry_the_variant(variant, tmp_path) -> None:
    """Written, read and re-proved; a file without the field, or with another, is refused or not re-proved."""
    x, rho = (-0.75, "16/3") if variant == "usam" else (-0.5, 3)
    cert = hc.certify(TWO, [x, 0], rho, variant=variant)
    path = tmp_path / "a.json"
    cert.save(path)
    verdict = hc.verify(path)
    assert verdict and verdict.asserted == len(cert.claims)
    data = json.loads(path.read_text())
    assert data["problem"]["variant"] == cert.law.variant

    def forged(**changes: object) -> dict:
        from hallucert.check.file.fields import problem_digest

        problem = {**data["problem"], **changes}
        problem = {key: value for key, value in problem.items() if value is not None}
        return {**data, "problem": problem, "digest": problem_digest(problem)}

    from hallucert.check.file.files import from_json

    assert from_json(data).law == cert.law
    with pytest.raises(CertificateError, match="digest"):
        from_json({**data, "problem": forged(variant=None, scales=None)["problem"]})
    with pytest.raises(CertificateError, match="claims"):  # other numbers belong to claims about SAM
        from_json(forged(variant=None, scales=None))
    for wrong in ({"variant": "sam", "scales": None}, {"variant": "fsam"}, {"variant": 1}, {"scales": ["1"]}):
        with pytest.raises(CertificateError, match=r"problem\."):
            from_json(forged(**wrong))
    if variant == "usam":
        assert not hc.verify(from_json(forged(variant="asam", scales=["1", "1"])))


def test_sam_certificates_are_written_as_before() -> None:
    """A SAM file has no new field."""
    from hallucert.check.file.save import to_json

    assert set(to_json(hc.certify(TWO, [-0.5, 0], "1.5"))["problem"]) == {"objective", "rho"}


def test_undecided_questions_are_about_the_variant(tmp_path) -> None:
    """Where no point is found the questions name USAM, and the file is read again."""
    cert = hc.certify(TWO, [-0.5, 0], "16/3", variant="usam", radius="0.3")
    assert not any(cert.claims.values())
    assert cert["hallucinated_minimizer"].statement == "Is x* a local minimizer of f^USAM with grad f(x*) != 0?"
    assert "rho grad f(x*)" in cert["existence"].statement and "sphere" not in cert["sphere_type"].statement
    cert.save(tmp_path / "a.json")
    from hallucert.check.file.files import load

    assert load(tmp_path / "a.json").claims == cert.claims


def test_a_box_without_points() -> None:
    """In a fixed box away from all solutions existence under USAM is refuted, and the refutation is re-proved."""
    cert = hc.certify(ONE, [Fraction(-1, 2)], Fraction(16, 3), variant="usam", radius="0.001")
    assert str(cert["existence"].status) == "refuted" and hc.verify(cert)


def test_misuse() -> None:
    """A candidate has its own variant; branches take none."""
    candidate = hc.find.refine(TWO, [-0.74, 0], "16/3", variant="usam")
    with pytest.raises(ArgumentError, match="variant"):
        hc.certify(candidate, variant="usam")
    with pytest.raises(ArgumentError, match="variant"):
        hc.certify(TWO, [-0.75, 0], "16/3", variant="usa")
    branch = hc.find.branch(TWO, (-0.5, 0), (1, 0))
    with pytest.raises(ArgumentError, match="variant"):
        hc.certify(branch, variant="usam")  # type: ignore[call-overload]


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_no_usam_points_below_the_reciprocal_modulus(backend) -> None:
    """The double well has H >= -1, with equality on x = 0: proved for rho = 9/10, not for 1; refuted for 11/10."""
    box = [[-2, 2], [-1, "1.5"]]
    assert certify_usam_absence(TWO, "0.9", box, backend=backend)
    assert not certify_usam_absence(TWO, 1, box, backend=backend, max_boxes=500)
    above = certify_usam_absence(TWO, "1.1", box, backend=backend)
    assert str(above.status) == "refuted"
    # Away from x = 0, where 3 x^2 - 1 >= -13/16 for x >= 1/4, the bound is 16/13.
    assert certify_usam_absence(TWO, "1.2", [["0.25", 2], [-1, 1]], backend=backend)
    assert str(certify_usam_absence(TWO, "1.24", [["0.25", 2], [-1, 1]], backend=backend).status) == "refuted"


def test_no_usam_points_of_quadratics_and_outside_the_domain() -> None:
    """A convex quadratic has none for a huge rho; where f is undefined on the box nothing is proved."""
    assert certify_usam_absence(hc.Objective.parse("3*x**2/2", ("x",)), 10**6, [[-5, 7]])
    undefined = certify_usam_absence(hc.Objective.parse("x*log(x)", ("x",)), "0.1", [[-1, 1]], max_boxes=200)
    assert str(undefined.status) == "undecided"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("rho", {"rho": 0}),
        ("box", {"box": [[1, 0], [0, 1]]}),
        ("box", {"box": [[0, 1]]}),
        ("box", {"box": [[0, float("nan")], [0, 1]]}),
        ("max_boxes", {"max_boxes": 0}),
        ("budget", {"budget": 0}),
        ("precision", {"precision": 2}),
        ("f", {"f": "x**2"}),
    ],
)
def test_misuse_of_absence(name, changes) -> None:
    """Arguments are refused by name."""
    with pytest.raises(ArgumentError, match=name):
        certify_usam_absence(**{"f": TWO, "rho": 1, "box": [[0, 1], [0, 1]], **changes})
