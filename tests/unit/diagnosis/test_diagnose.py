"""`diagnose` names what a point is to SAM, on functions where theory 10 knows the answer."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError

DOUBLE_WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
FOUR_WELL = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")


def test_attracting_hallucinated_minimizer() -> None:
    """(1 - rho, 0) of the double well: minimizer, J = 1 + rho b/q on the tangent, M = diag(2, ...), (C32) holds."""
    found = hc.diagnose(DOUBLE_WELL, [-0.5, 0], "1.5", 0.1)
    assert found.kind == "hallucinated minimizer" and found.attracts and found.sphere_type == "minimum"
    np.testing.assert_allclose(found.tangential_eigenvalues, [1.4])
    np.testing.assert_allclose(sorted(found.sam_eigenvalues.real), [0.14, 2.0])
    np.testing.assert_allclose(found.step_bound, 1.0)
    np.testing.assert_allclose(found.c32_margin, 1 / 1.5)
    assert "attracts SAM" in found.verdict and "hc.certify" in found.advice
    assert "too large" in hc.diagnose(DOUBLE_WELL, [-0.5, 0], "1.5", 1.1).verdict


def test_repelling_hallucinated_minimizer() -> None:
    """(-s, -s) of the four-well function with s < 1/2 repels; (C32) fails and it is a maximum on the sphere."""
    found = hc.diagnose(FOUR_WELL, [-0.3, -0.3], float(np.sqrt(2) * 1.3), 0.01)
    assert found.kind == "hallucinated minimizer" and found.attracts is False and found.sphere_type == "maximum"
    assert found.c32_margin < 0 and "repels" in found.verdict


def test_saddle_target_is_not_called_a_minimizer() -> None:
    """(0, -s) of the four-well function attracts SAM and its target is a saddle: step bound 2/12 for s = 1/2."""
    found = hc.diagnose(FOUR_WELL, [0, -0.5], "1.5", 0.01)
    assert found.target_type == "saddle" and "saddle" in found.kind and "not at a minimizer" in found.verdict
    assert found.attracts and abs(found.step_bound - 1 / 6) < 1e-12


def test_maximizer_target() -> None:
    """Uphill from (1/2, 1/2) the function x^2 - x^4/2 + y^2 - y^4/2 has its maximizer (1, 1), at distance 1/sqrt2."""
    f = hc.Objective.parse("x**2 - x**4/2 + y**2 - y**4/2", ("x", "y"))
    found = hc.diagnose(f, [0.5, 0.5], float(np.sqrt(0.5)))
    assert found.target_type == "maximizer" and "maximizer" in found.kind


def test_manifold_target_is_degenerate_and_attracts() -> None:
    """The circle of radius rho - 1 for (|x|^2 - 1)^2/4 has degenerate targets; the nonzero eigenvalue 2 attracts."""
    found = hc.diagnose(hc.Objective.parse("(x**2 + y**2 - 1)**2/4"), [0.3, 0.4], "1.5")
    assert found.target_type == "degenerate" and found.attracts and abs(found.step_bound - 1) < 1e-12


def test_two_cycle_is_bouncing_only_with_the_step_size() -> None:
    """The quadratic's two-cycle |x| = eta a rho/(2 - eta a) is recognized, with its jump, once eta is known."""
    f, eta, rho = hc.Objective.parse("3/2*x**2 + y**2/50"), 0.1, 0.5
    end = hc.sam.run(f, [0.4, 0.0], rho, eta, 500).x
    found = hc.diagnose(f, end, rho, eta)
    assert "bouncing" in found.kind and "minimizer" in found.verdict
    np.testing.assert_allclose(found.cycle, 2 * eta * 3 * rho / (2 - eta * 3), rtol=1e-9)
    assert hc.diagnose(f, end, rho).kind == "still moving"


def test_critical_point_of_f() -> None:
    """At, or a millionth of rho from, a minimizer nothing is hallucinated; a saddle of f is named as such."""
    for x in ([1, 0], [1 + 1e-8, 0]):
        assert hc.diagnose(DOUBLE_WELL, x, 1).kind == "at a critical point of f"
    assert "saddle" in hc.diagnose(DOUBLE_WELL, [0, 0], 1).verdict


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_answer_does_not_depend_on_the_unit_of_f(scale: float) -> None:
    """Multiplying f by a constant (and dividing the step by it) changes no kind."""
    f = hc.Objective.parse(f"{scale!r}*((x**2 - 1)**2 / 4 + y**2 / 20)")
    bouncing = hc.sam.run(DOUBLE_WELL, [1.0, 0.3], 0.1, 0.1, 3000).x
    cases = [([-0.5, 0], 1.5), ([1 + 1e-8, 0], 1.0), ([0.3, 0.2], 0.1), (bouncing, 0.1)]
    kinds = [str(hc.diagnose(f, x, rho, 0.1 / scale).kind) for x, rho in cases]
    assert kinds == [
        "hallucinated minimizer", "at a critical point of f", "still moving", "bouncing around a critical point",
    ]  # fmt: skip


def test_small_shifted_gradient_without_a_target_is_still_moving() -> None:
    """|g+| far below |g| is no hallucination when Newton's estimate puts the target far away: a steep quartic."""
    x = np.array([10.0, 0.0])
    rho = 9.3  # x+ = (0.7, 0), between the critical points 0 and 1
    f = hc.Objective.parse("-(x**2 - 1)**2/4 - y**2/20")
    q, s = np.linalg.norm(f.gradient(x)), np.linalg.norm(hc.sam.shifted_gradient(f, x, rho))
    assert s < 1e-3 * q
    assert hc.diagnose(f, x, rho).kind == "still moving"


def test_bouncing_in_no_cycle_is_said_to_last() -> None:
    """Around the minimum 0 of the camel, where no run of 3,000 steps comes to rest or to a cycle of two."""
    f = hc.gallery.load("three_hump_camel")
    run = hc.sam.run(f, (0.05, 0.03), rho=1, step_size=0.05, steps=3000)
    found = hc.diagnose(f, run.x, 1, step_size=0.05)
    assert np.abs(run.x).max() < 0.13 and found.kind == "still moving"
    assert "may bounce around a critical point for ever" in str(found) and "Run longer" not in str(found)
    assert "give step_size" in str(hc.diagnose(f, run.x, 1))


def test_large_dimension_uses_lanczos() -> None:
    """Beyond the dense limit the target is still classified: -rho e_1 for the cosine lattice in 260 dimensions."""
    names = [f"x{i}" for i in range(260)]
    f = hc.Objective.parse(" + ".join(f"(2 - cos({n}))" for n in names), names)
    x = np.zeros(260)
    x[0] = -4.0
    found = hc.diagnose(f, x, 4)
    assert found.kind == "hallucinated minimizer" and found.sphere_type == "minimum"
    np.testing.assert_allclose(found.target_eigenvalues, [1, 1], rtol=1e-6)
    # H(x+) = I and J = diag(1, 1 + rho/q, .., 1 + rho/q) with q = |sin 4|.
    np.testing.assert_allclose(sorted(found.sam_eigenvalues.real), [1, 1 + 4 / abs(np.sin(4))], rtol=1e-6)
    assert found.attracts is None  # only leading eigenvalues are known


def test_float_only_objectives_are_diagnosed() -> None:
    """An objective without a formula gets the same answer."""
    f = hc.Objective.from_callable(lambda z: (z[0] ** 2 - 1) ** 2 / 4 + z[1] ** 2 / 20, 2, rigorous=False)
    assert hc.diagnose(f, [-0.5, 0], 1.5).attracts


def test_text_says_that_it_is_no_proof() -> None:
    """Printing shows the verdict first, the numbers, what to do next, and that floats prove nothing."""
    text = str(hc.diagnose(DOUBLE_WELL, [-0.5, 0], "1.5", 0.1))
    assert text.startswith("This is a hallucinated minimizer") and "not a proof" in text and "(C32)" in text


def test_one_dimension() -> None:
    """On the line a hallucinated point always attracts: J = 1."""
    found = hc.diagnose(hc.Objective.parse("(x**2 - 1)**2/4"), [-0.5], 1.5)
    assert found.attracts and found.sphere_type == "minimum" and found.tangential_eigenvalues.size == 0
    assert "on the sphere" in str(found)


def test_misuse_names_the_argument() -> None:
    """Lanes, a radius of zero and a negative step are refused by name."""
    for arguments, name in (
        (([[1.0, 2.0]], 1), "x"), (([1.0, 2.0], 0), "rho"), (([1.0, 2.0], 1, -1), "step_size"),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=f"^{name} must"):
            hc.diagnose(DOUBLE_WELL, *arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("x", (DOUBLE_WELL,), {"rho": 1}),
        ("rho", (DOUBLE_WELL, [1.0, 2.0]), {}),
        ("rho", (DOUBLE_WELL, [1.0, 2.0], 1), {"rho": 1}),
        ("asked", (DOUBLE_WELL, [1.0, 2.0], 1, 0.1, 20, 3), {}),
        ("history", (DOUBLE_WELL, [1.0, 2.0], 1), {"history": None}),
        ("loss", (lambda p: p,), {"params": [1.0]}),
        ("f", (hc.sam.run(DOUBLE_WELL, [0.3, 0.2], 1, 0.1, 3), 1), {}),
        ("rho", (hc.sam.run_ensemble(DOUBLE_WELL, [[0.3, 0.2]], 1, 0.1, 3),), {"rho": 1}),
    ],
)
def test_arguments_that_are_missing_or_too_many_are_named(
    name: str, arguments: tuple[object, ...], options: dict[str, object]
) -> None:
    """Whatever form of `diagnose` it is: the argument as the caller knows it, and no function within."""
    with pytest.raises(ArgumentError, match=f"^{name} must"):
        hc.diagnose(*arguments, **options)


def test_a_small_negative_eigenvalue_counts_beside_a_large_one() -> None:
    """At a point of Beale's function M has an eigenvalue near -0.785, provably, beside one of 4.6e7: it repels."""
    f = hc.gallery.load("beale")
    found = hc.diagnose(f, hc.find.refine(f, (0.02927627, -4.14281989), "1.5").x, "1.5")
    assert found.attracts is False and "repels" in found.verdict
    np.testing.assert_allclose(np.sort(found.sam_eigenvalues.real), [-0.7847, 4.612e7], rtol=1e-3)


@pytest.mark.parametrize("wrong", [-1e-9, 1e-9])
def test_a_sign_that_rounding_may_have_changed_is_not_claimed(wrong: float) -> None:
    """Curvatures 1e10 and 1e-9 turned by 30 degrees: the entries are known to 1e-6 only, and so is the small one."""
    c, s = 0.866025403784, 0.5
    along, across = f"({c!r}*x + {s!r}*y)", f"({c!r}*y - {s!r}*x)"
    f = hc.Objective.parse(f"1e10*({along}**2 - 1)**2/8 + {wrong!r}*{across}**2/2")
    found = hc.diagnose(f, (-0.5 * c, -0.5 * s), "1.5")
    assert found.target_type == "degenerate" and "repels" not in found.verdict


def test_a_steep_function_is_no_degenerate_target() -> None:
    """cosh(50 (x^2 - 1)) + cosh(50 y) at (-1/2, 0): |g|/rho is 1e17, and the target has the Hessian diag(1e4, 2500)."""
    found = hc.diagnose(hc.Objective.parse("cosh(50*(x**2 - 1)) + cosh(50*y)"), (-0.5, 0), "1.5")
    assert found.kind == "hallucinated minimizer" and found.attracts
    np.testing.assert_allclose(found.target_eigenvalues, [2500, 1e4])


def test_a_plateau_is_not_told_from_a_point() -> None:
    """Far out 1 - exp(-|x|^2) is flat: g and g+ of 1e-270 and 1e-292 point outward, and no critical point is there."""
    found = hc.diagnose(hc.Objective.parse("1 - exp(-(x**2 + y**2))"), (0.3, 25), 1, 0.01)
    assert found.kind == "stalling on a plateau" and found.attracts is None
    assert "cannot tell a plateau" in found.verdict and "repels" not in found.verdict


def test_at_a_singular_point_nothing_is_said_of_attraction() -> None:
    """At (-1/2, -1/2) of the four-well function J is singular, M has the eigenvalue 0: floats do not know its sign."""
    found = hc.diagnose(FOUR_WELL, [-0.5, -0.5], float(np.sqrt(2) * 1.5))
    assert found.target_type == "minimizer" and found.sphere_type == "degenerate"
    assert found.attracts is None and "floats cannot tell" in found.verdict
