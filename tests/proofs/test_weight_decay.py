"""Claim: fixed points of SAM with weight decay are proved to be what they are, and to be no hallucinated points."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.check.claim import Status
from hallucert.check.decay.problem import DecayProblem
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.problem import Problem
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.batches import checked_batches

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
"""On the axis ``x+ = x + 3/2``: with decay w the fixed point solves ``t^3 - t + w (t - 3/2) = 0``, t = x+."""

TILTED = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 4 + y/10 + x*y/10")
"""A fixed point off the axis."""

HALF = Fraction(1, 2)


def gradient_of_tilted(x):
    """Its gradient, in mpmath, by hand."""
    return mpmath.matrix([x[0] ** 3 - x[0] + x[1] / 10, x[1] / 2 + (1 + x[0]) / 10])


@pytest.fixture(scope="module")
def well() -> hc.Certificate:
    """The double well, with a basin."""
    return hc.certify(WELL, (-0.5, 0), "1.5", weight_decay="1/10", basin="0.5", precisions=[53])


@pytest.fixture(scope="module")
def tilted() -> hc.Certificate:
    """The tilted one, with momentum."""
    options = {"basin": "1/4", "momentum": HALF, "nesterov": True, "precisions": [53]}
    return hc.certify(TILTED, (-0.44, -0.18), "1.5", weight_decay="1/5", **options)


def encloses(cert: hc.Certificate, claim: str, number: str, value: object) -> bool:
    """Tell whether a published number is this one, to 1e-6 of it."""
    found = cert[claim].numbers[number]
    low, high = (mpmath.mpf(end.numerator) / end.denominator for end in (found.lower, found.upper))
    return bool(low <= value <= high and high - low <= 1e-6 * abs(value))


def test_the_closed_form_is_proved_with_its_numbers(well):
    """A root of a cubic at 60 digits: where the point is, all three gradients, and the eigenvalues of M + w I."""
    with mpmath.workdps(60):
        w = mpmath.mpf(1) / 10
        t = mpmath.findroot(lambda t: t**3 - t + w * (t - 1.5), 1.02)
        x = t - 1.5
        q = x**3 - x
        (low, high), (below, above) = well.box
        assert low <= Fraction(str(x)) <= high and below <= 0 <= above and high - low < Fraction(1, 10**12)
        assert encloses(well, "nonstationary", "gradient_norm", q)
        assert encloses(well, "nonstationary", "decayed_gradient_norm", q + w * x)
        assert encloses(well, "nonstationary", "value", (x**2 - 1) ** 2 / 4)
        assert encloses(well, "target", "shifted_gradient_norm", -w * x)
        assert encloses(well, "target", "target_value", (t**2 - 1) ** 2 / 4)
        smallest = (1 + mpmath.mpf(15) / 100 / q) / 10 + w
        assert encloses(well, "attractor", "smallest_real_part", smallest)
        assert encloses(well, "attractor", "step_bound", 2 / (3 * t**2 - 1 + w))
    for name in ("existence", "nonstationary", "target", "attractor", "basin"):
        assert well[name]
    assert "w = 1/10" in str(well) and "grad f(x*+) = -w x*" in str(well)
    assert well["hallucinated_minimizer"].status is Status.UNDECIDED  # its gradient is 0 exactly, by symmetry


def test_the_gradient_of_the_objective_with_decay_is_not_zero(tilted):
    """In 60 digits, by differences of f(x+) + (w/2) |x|^2 at the end of a run: it is that number, so refuted."""
    with mpmath.workdps(60):
        w = mpmath.mpf(1) / 5

        def f(x):
            return (x[0] ** 2 - 1) ** 2 / 4 + x[1] ** 2 / 4 + (1 + x[0]) * x[1] / 10

        def phi(x):
            g = gradient_of_tilted(x)
            return f(x + 1.5 * g / mpmath.norm(g)) + w / 2 * (x.T * x)[0]

        x, v = mpmath.matrix(["-0.44", "-0.18"]), mpmath.zeros(2, 1)
        for _ in range(400):
            g = gradient_of_tilted(x)
            step = gradient_of_tilted(x + 1.5 * g / mpmath.norm(g)) + w * x
            v = v / 2 + step
            x -= (step + v / 2) / 4
        assert mpmath.norm(step) < mpmath.mpf(10) ** -40
        for (low, high), c in zip(tilted.box, x, strict=True):
            assert low <= Fraction(str(c)) <= high
        h = mpmath.mpf(10) ** -20
        sides = [mpmath.matrix([h, 0]), mpmath.matrix([0, h])]
        slope = mpmath.matrix([(phi(x + e) - phi(x - e)) / (2 * h) for e in sides])
        assert encloses(tilted, "hallucinated_minimizer", "sam_gradient_norm", mpmath.norm(slope))
        assert encloses(tilted, "target", "shifted_gradient_norm", w * mpmath.norm(x))
    assert tilted["hallucinated_minimizer"].status is Status.REFUTED and tilted["momentum"]


@pytest.mark.thorough
def test_runs_from_the_edge_of_the_basin_converge_at_the_proved_rate(well):
    """In 60 digits, from eight points on the sphere of the proved radius, with the step and with half of it."""
    claim, with_60 = well["basin"], mpmath.workdps(60)
    basis = np.array(claim.inputs["basis"], dtype=float).reshape(2, 2)
    middle = np.asarray(well.enclosure).mean(axis=1)
    rate = float(claim.inputs["bound"])
    assert claim.numbers["radius"].lower > Fraction(1, 100)
    with with_60:
        for k in range(8):
            for part in (1, 2):
                x = mpmath.matrix(middle + float(claim.numbers["radius"].lower) * np.array([np.cos(k), np.sin(k)]))
                before = np.linalg.norm(np.linalg.solve(basis, np.array(x.tolist(), dtype=float).ravel() - middle))
                for _ in range(20):
                    g = mpmath.matrix([x[0] ** 3 - x[0], x[1] / 10])
                    plus = x + 1.5 * g / mpmath.norm(g)
                    x -= (mpmath.matrix([plus[0] ** 3 - plus[0], plus[1] / 10]) + x / 10) / 2 / part
                after = np.linalg.norm(np.linalg.solve(basis, np.array(x.tolist(), dtype=float).ravel() - middle))
                assert after <= (1 - (1 - rate) / part) ** 20 * before + 1e-12


def test_the_branch_begins_at_the_hallucinated_point():
    """x(w) is x(0) - w M^-1 x(0) to first order, as the implicit function theorem says."""
    cert = hc.certify(TILTED, (-0.47, -0.2), "1.5", precisions=[53])
    m = hc.sam.sam_matrix(TILTED, cert.x, 1.5)
    slope = -np.linalg.solve(m, cert.x)
    for w in (1e-3, 1e-4):
        moved = hc.certify(TILTED, cert.x, "1.5", weight_decay=w, precisions=[53])
        assert moved["existence"]
        assert np.linalg.norm((moved.x - cert.x) / w - slope) < 30 * w * np.linalg.norm(slope)


@pytest.mark.parametrize(
    ("formula", "x", "rho", "status"),
    [
        ("(x**2 - 1)**2 / 4", -0.5, "1.5", Status.PROVED),  # the target is near the minimizer 1
        ("-(x**2 - 1)**2 / 4", -0.4, "0.5", Status.REFUTED),  # x+ is near the maximizer -1
    ],
)
def test_on_the_line_the_second_derivative_decides(formula, x, rho, status):
    """phi'' = f''(x+) + w, of both signs."""
    cert = hc.certify(hc.Objective.parse(formula), [x], rho, weight_decay="1/20", precisions=[53])
    assert cert["existence"] and cert["hallucinated_minimizer"].status is status
    assert cert["attractor"].status is status


def test_a_negative_eigenvalue_repels():
    """In numpy the Jacobian of g(x+) + w x has one, beside a minimizer of f."""
    f = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20 + y/5 + x*y/10")
    cert = hc.certify(f, (1.042, -1.9939), "1.5", weight_decay="1/20", precisions=[53])
    smallest = np.linalg.eigvals(hc.sam.sam_matrix(f, cert.x, 1.5)).real.min() + 0.05
    assert smallest < 0 and cert["attractor"].status is Status.REFUTED
    assert float(cert["attractor"].numbers["smallest_real_part"].upper) == pytest.approx(smallest, rel=1e-5)


def test_a_quadratic_has_no_fixed_point():
    """g(x+) + w x points away from 0 everywhere: nothing is found, and boxes are refuted."""
    f = hc.Objective.parse("x**2 + 2*y**2")
    assert not hc.certify(f, (-0.5, 0.1), 1, weight_decay="1/10", precisions=[53])["existence"]
    found = hc.certify(f, (-0.5, 0.1), 1, weight_decay="1/10", radius="1/1000", precisions=[53])["existence"]
    assert found.status is Status.REFUTED and "w = 1/10" in found.statement


def test_without_decay_and_with_another_the_point_is_none(well):
    """In a fixed box around it the equations of other problems have no solution."""
    for w in (None, "1/11", "1/9"):
        found = hc.certify(WELL, well.x, "1.5", weight_decay=w, radius="1/10000", precisions=[53])["existence"]
        assert found.status is Status.REFUTED
    assert hc.certify(WELL, well.x, "1.5", weight_decay="1/10", radius="1/10000", precisions=[53])["existence"]


def changed(cert: hc.Certificate, **problem: object) -> dict:
    """The file of a certificate with another problem, and the digest that belongs to it."""
    data = deepcopy(to_json(cert))
    data["problem"] |= problem
    data["problem"] = {name: value for name, value in data["problem"].items() if value is not None}
    data["digest"] = problem_digest(data["problem"])
    return data


@pytest.mark.parametrize("decay", ["1/11", "101/1000"])
def test_a_file_with_another_decay_is_not_proved_again(well, decay):
    """No claim of it."""
    results = hc.verify(from_json(changed(well, weight_decay=decay))).results
    assert {result.name for result in results if result.passed} == {"hallucinated_minimizer"}  # which claims nothing


@pytest.mark.parametrize(
    "problem",
    [
        {"weight_decay": "0"},
        {"weight_decay": "-1/10"},
        {"weight_decay": "0.1"},
        {"weight_decay": 1},
        {"weight_decay": ["1/10"]},
        {"weight_decay": "2/20"},
        {"variant": "usam"},
        {"weight_decay": None},
    ],
)
def test_files_with_a_decay_that_is_none_are_refused(well, problem):
    """Not positive, not in lowest terms, no text, with another ascent step; and a file without it has other claims."""
    with pytest.raises(CertificateError):
        from_json(changed(well, **problem))


def test_a_box_that_solves_nothing_is_no_witness(well):
    """Nothing shows that there is a point in it: such a file is refused with weight decay."""
    data = to_json(well)
    data["witness"] |= {"system": "box", "preconditioner": []}
    with pytest.raises(CertificateError, match="with weight decay"):
        from_json(data)


def test_mini_batches_and_residuals_have_no_decay():
    """Neither in a problem nor in a file."""
    squares = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
    cert = hc.certify(squares, (-0.5, -0.5), "1.5", batches=1, precisions=[53])
    with pytest.raises(CertificateError, match="weight_decay"):
        from_json(changed(cert, weight_decay="1/10"))
    with pytest.raises(ArgumentError, match="weight_decay"):
        DecayProblem(squares, Fraction(3, 2), residual=True, weight_decay=HALF)
    with pytest.raises(ArgumentError, match="weight_decay"):
        DecayProblem(squares, Fraction(3, 2), weight_decay=Fraction(0))
    assert Problem(squares, Fraction(3, 2)).decay == 0 and checked_batches(squares, 1)


@pytest.mark.parametrize("backend", ["arb", pytest.param("mpmath", marks=pytest.mark.thorough)])
def test_both_arithmetics_prove_it_again(well, tilted, backend, tmp_path):
    """What is written is read, says the same, and is proved again."""
    for number, cert in enumerate((well, tilted)):
        path = tmp_path / f"{number}.json"
        cert.save(path)
        read = hc.load(path)
        assert str(read).split("\n")[1:] == str(cert).split("\n")[1:]
        assert read.problem.decay == cert.problem.decay
        assert hc.verify(path, backend=backend)


@pytest.mark.thorough
def test_a_run_with_decay_is_followed():
    """From a start far off, in balls, in the second arithmetic, too: the distance is that of a 60-digit run."""
    options = {"weight_decay": "1/10", "basin": HALF, "start": ("-0.8", "0.4"), "precisions": [53]}
    cert = hc.certify(WELL, (-0.5, 0), "1.5", **options)
    claim = cert["converges"]
    assert claim and claim.statement.startswith("With weight decay w = 1/10 at x: SAM from x_0")
    with mpmath.workdps(60):
        t = mpmath.findroot(lambda t: t**3 - t + (t - 1.5) / 10, 1.02)
        x, y = mpmath.mpf(-8) / 10, mpmath.mpf(4) / 10
        for _ in range(claim.inputs["steps"]):
            g = mpmath.matrix([x**3 - x, y / 10])
            plus = mpmath.matrix([x, y]) + 1.5 * g / mpmath.norm(g)
            x, y = x - (plus[0] ** 3 - plus[0] + x / 10) / 2, y - (plus[1] / 10 + y / 10) / 2
        assert encloses(cert, "converges", "distance", mpmath.hypot(x - t + 1.5, y))
    assert hc.verify(cert)


def test_the_ring_keeps_a_circle_of_them():
    """Of a function that rotations leave as it is there are circles with decay, too: M + w I is singular, and open."""
    ring = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    assert not hc.certify(ring, (-0.5, 0), "1.5", weight_decay="1/10", precisions=[53])["existence"]


def test_of_residuals_decay_leaves_single_points():
    """A curve of hallucinated minimizers, of which one point near by stays: d equations, and proved to be isolated."""
    bent = hc.Objective.least_squares(["x**2 + 2*y**2 - 1"])
    plain = hc.certify(bent, (-0.5, 0.01), "1.5", precisions=[53])
    assert plain.problem.residual and "manifold of dimension 1" in plain["regular"].statement
    cert = hc.certify(bent, (-0.5, 0), "1.5", weight_decay="1/10", precisions=[53])
    assert cert["existence"] and not cert.problem.residual and cert.witness.slice is None


def test_what_knows_no_decay_refuses_such_points(well, tmp_path):
    """Theorems for Coq, pictures and basins in the plane, each by name."""
    with pytest.raises(ArgumentError, match="with weight decay"):
        well.export(tmp_path / "a.v", to="coq")
    with pytest.raises(ArgumentError, match="weight decay"):
        hc.plot.certificate(well)
    with pytest.raises(ArgumentError):
        hc.basins(WELL, [(-1, 0), (-0.5, 0.5)], "1.5", "0.5", attractors=[well], depth=1, workers=1)
    text = well.to_latex()
    assert r"let $w = \tfrac{1}{10}$" in text and r"+ w\,\mathbf{x}_{k})" in text and r"\emph{hallucinated" not in text


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"weight_decay": 0}, "weight_decay"),
        ({"weight_decay": "-1/10"}, "weight_decay"),
        ({"weight_decay": float("nan")}, "weight_decay"),
        ({"weight_decay": "x"}, "weight_decay"),
        ({"weight_decay": 1, "variant": "usam"}, "variant"),
        ({"weight_decay": 1, "batches": 1}, "batches"),
        ({"weight_decay": 1, "global_box": [(-1, 1)] * 2}, "global_box"),
        ({"weight_decay": 1, "backend": "midrad"}, "backend"),
        ({"weight_decay": 1, "basin": 1, "momentum": 1}, "momentum"),
    ],
)
def test_what_does_not_go_with_decay_is_refused(options, argument):
    """Numbers that are no decay, other ascent steps, batches, claims about targets, and proofs in arrays."""
    with pytest.raises(ArgumentError) as caught:
        hc.certify(WELL, (-0.5, 0), "1.5", **options)
    assert caught.value.argument == argument
