"""Every critical point the gallery lists is one, to 30 digits, and is of the kind it is listed as."""

import subprocess
import sys

import mpmath
import numpy as np
import pytest
from oracle_arithmetic import DIGITS, Mpmath

from hallucert.errors import ArgumentError, DomainError
from hallucert.objectives import gallery

CASES = [(name, {}) for name in gallery.names()] + [
    ("styblinski_tang", {"dimension": 3}),
    ("rastrigin", {"dimension": 1}),
    ("cosine_lattice", {"dimension": 4}),
    ("four_well", {"dimension": 5}),
    ("rosenbrock", {"dimension": 4}),
    ("double_well", {"b": "3/7"}),
    ("quadratic", {"a": 2.5}),
]


@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_listed_points_are_critical_and_of_their_kind(name, parameters):
    """|grad f| < 1e-26 at 50 digits (the Hessians reach 1e5), and the signs of the Hessian's eigenvalues fit."""
    entry = gallery.info(name, **parameters)
    f = entry.objective()
    with mpmath.workdps(DIGITS):
        for kind in ("minimizers", "maximizers", "saddles"):
            for point in getattr(entry, kind):
                x = point.evaluate(Mpmath())
                assert mpmath.norm(f.enclose_gradient(Mpmath(), x)) < mpmath.mpf(10) ** -26, point
                eigenvalues = mpmath.eigsy(mpmath.matrix(f.enclose_hessian(Mpmath(), x)), eigvals_only=True)
                signs = {int(mpmath.sign(v)) if abs(v) > mpmath.mpf(10) ** -20 else 0 for v in eigenvalues}
                flat = {0} if getattr(entry, f"{kind[:-1]}_set", None) else set()
                allowed = {"minimizers": {1} | flat, "maximizers": {-1} | flat, "saddles": {1, -1}}[kind]
                assert signs <= allowed and (kind != "saddles" or signs == allowed), (kind, point)


@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_the_minimum_is_attained_and_is_the_least_known_value(name, parameters):
    """The global minimum is the value at the first minimizer, and no value in the box falls below it."""
    entry = gallery.info(name, **parameters)
    f = entry.objective()
    least = f.value(entry.minimizers[0].x)
    if entry.minimum is not None and name != "ackley":
        numerator, _, denominator = entry.minimum.partition("/")
        assert least == pytest.approx(float(numerator) / float(denominator or 1), abs=1e-9)
    rng = np.random.default_rng(7)
    low, high = np.array(entry.box).T
    if name != "ackley":
        assert f.value(rng.uniform(low, high, (20000, f.dimension))).min() >= least - 1e-9


def test_there_are_enough_functions_and_they_say_what_they_are():
    """At least fourteen functions, each with a description and a source; reprs are short."""
    assert len(gallery.names()) >= 14
    for name in gallery.names():
        entry = gallery.info(name)
        assert entry.description and entry.source and len(entry.box) == entry.dimension
        assert entry.name.startswith(name) and name in repr(entry) and name in str(entry)
        assert entry.objective().name == entry.name
        assert all(low < high for low, high in entry.box)


def test_closed_form_oracles_have_their_hallucinated_points():
    """Rows of the theory's table: at the stated x the shifted gradient vanishes and the gradient does not."""
    rows = [
        ("double_well", {}, [1 - 1.4, 0], 1.4, [1, 0]),
        ("four_well", {}, [-0.7, -0.7], np.sqrt(2) * 1.7, [1, 1]),
        ("four_well", {}, [0, -0.6], 1.6, [0, 1]),
        ("ring", {}, [-0.5, 0], 1.5, [1, 0]),
        ("cosine_lattice", {"dimension": 3}, [-4.0, 0, 0], 4.0, [0, 0, 0]),
        ("figure_one", {}, [-0.721817737589405 + 2, 0], 2.0, [-0.721817737589405, 0]),
    ]
    for name, parameters, x, rho, target in rows:
        f = gallery.load(name, **parameters)
        g = f.gradient(np.array(x, dtype=float))
        assert np.linalg.norm(g) > 1e-2
        perturbed = np.array(x) + rho * g / np.linalg.norm(g)
        np.testing.assert_allclose(perturbed, target, atol=1e-12)
        np.testing.assert_allclose(f.gradient(perturbed), 0, atol=1e-11)


def test_sam_is_attracted_by_the_curve_of_figure_one():
    """With rho = 2 SAM from points to the right of the maximizer stops at hallucinated minimizers, not minimizers."""
    f, rho = gallery.load("figure_one"), 2.0
    x = np.random.default_rng(1).uniform([0.8, -0.3], [2.0, 0.3], (100, 2))
    for _ in range(4000):
        g = f.gradient(x)
        x = x - 0.05 * f.gradient(x + rho * g / np.linalg.norm(g, axis=1, keepdims=True))
    g = f.gradient(x)
    q = np.linalg.norm(g, axis=1, keepdims=True)
    stopped = (np.abs(f.residual(x + rho * g / q)[:, 0]) < 1e-6) & (q[:, 0] > 1e-2)
    assert stopped.mean() > 0.9
    assert np.ptp(x[stopped, 1]) > 0.1  # a curve of them, not one point


def test_ackley_is_not_defined_at_its_minimizer_beyond_its_value():
    """The value at the origin is 0 up to rounding; the gradient does not exist and says so."""
    entry = gallery.info("ackley")
    f = entry.objective()
    assert "kink" in entry.warning
    assert abs(f.value([0.0, 0.0])) < 1e-14
    with pytest.raises(DomainError):
        f.gradient([0.0, 0.0])
    assert all(np.linalg.norm(point.x) > 0.1 for point in entry.minimizers)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("himmelblaw", {}), (3, {}), ("himmelblau", {"dimension": 2}), ("rastrigin", {"b": 2}),
     ("rastrigin", {"dimension": 0}), ("rastrigin", {"dimension": 2.5}), ("rosenbrock", {"dimension": 1}),
     ("double_well", {"b": -1}), ("quadratic", {"a": "zero"})],
)  # fmt: skip
def test_misuse_is_refused(name, parameters):
    """Unknown names (with the list of names), unknown parameters and bad values raise ArgumentError."""
    with pytest.raises(ArgumentError) as caught:
        gallery.load(name, **parameters)
    if name == "himmelblaw":
        assert "himmelblau" in str(caught.value)


def test_reading_and_the_gallery_import_nothing_heavy():
    """Certificates are read, and gallery functions looked up, without numba, scipy, sympy, autograd or matplotlib."""
    code = (
        "import sys, hallucert.objectives.reading; from hallucert.objectives import gallery;"
        "gallery.info('peaks').objective();"
        "print(sorted({'numba', 'scipy', 'sympy', 'autograd', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_is_proved_about_ackleys_kink():
    """A point that SAM maps to the origin, where Ackley's function has a kink: no claim about it is proved."""
    import hallucert as hc

    certificate = hc.certify(gallery.load("ackley", dimension=1), [0.55], "0.55")
    for claim in ("existence", "target", "hallucinated_minimizer", "attractor"):
        assert certificate[claim].status != "proved"
