"""The Hessian along directions: what it says of (C32) and of the sphere is true, and decided where one shows it."""

from fractions import Fraction

import large_samples as samples
import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.large import curvature
from hallucert.check.large.curvature import Curvature, proposed
from hallucert.check.large.slice import Runs
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective

LEAST, ENDS = "smallest_eigenvalue_sym_Du", ("smallest_tangential_eigenvalue", "largest_tangential_eigenvalue")


def at_centre(seed=0, other=None, rho=samples.RHO):
    """The curvature at the end of a search."""
    f, x = samples.found(seed, other, rho)
    on_slice = samples.slice_through(f, x, rho, arithmetic("arb", 106))
    runs = on_slice.at(MidRad(np.zeros(on_slice.unknowns)), "scalars", "hessian", "curvature")
    return f, x, Curvature(runs, runs.run("scalars")[0])


def numbers(found):
    """All three numbers."""
    return {**found.theorem_3_2(), **found.sphere_type()}


def test_quotients_are_sixty_digit_differences(monkeypatch):
    """Quotients along any directions are those of differences of ``g/|g|`` that mpmath takes at 60 digits."""
    f, x, found = at_centre()
    directions = np.random.default_rng(2).standard_normal((3, f.dimension)) + 2 * proposed(found.runs.slice)[0]
    monkeypatch.setattr(curvature, "proposed", lambda slice_: directions)
    data, targets = (np.asarray(node.data) for node in f.program.nodes if node.op == "constant")
    with mpmath.workdps(60):
        exact = np.vectorize(mpmath.mpf, otypes=[object])
        data, targets, tanh = exact(data), exact(targets), np.vectorize(mpmath.tanh, otypes=[object])

        def direction(y):
            w, c, v, e = f.split(y)
            hidden = tanh(data @ w.T + c)
            off = (hidden @ v.T + e - targets) / int(f.n)
            back = (off @ v) * (1 - hidden * hidden)
            g = np.concatenate([a.reshape(-1) for a in (back.T @ data, back.sum(0), off.T @ hidden, off.sum(0))])
            return g / mpmath.sqrt(g @ g)

        h, u = mpmath.mpf(10) ** -20, direction(exact(x))
        steepest, low, high = exact(directions)

        def quotient(v):
            return float(v @ (direction(exact(x) + h * v) - direction(exact(x) - h * v)) / (2 * h) / (v @ v))

        assert quotient(steepest) == pytest.approx(float(found.theorem_3_2()[LEAST].upper), rel=1e-9)
        for name, side, v in zip(ENDS, ("upper", "lower"), (low, high), strict=True):
            j = 1 + int(samples.RHO) * quotient(v - (u @ v) * u)
            assert j == pytest.approx(float(getattr(found.sphere_type()[name], side)), rel=1e-9)


def test_the_bound_is_that_of_absolute_values():
    """The bound of the Hessian's norm is at least the spectral radius of the matrix of its absolute values."""
    f, x, found = at_centre()
    size = np.abs(np.linalg.eigvals(np.abs(f.hessian(x)))).max()
    assert size * (1 - 1e-9) <= float(found._largest.rad) <= 4 * size


def test_poor_directions_decide_less_and_nothing_wrong(monkeypatch):
    """With random directions the numbers contain the good ones' inner ends, and more."""
    good = numbers(at_centre()[2])
    monkeypatch.setattr(curvature, "proposed", lambda slice_: np.random.default_rng(5).standard_normal((3, 74)))
    poor = numbers(at_centre()[2])
    assert all(poor[name].lower <= good[name].lower and good[name].upper <= poor[name].upper for name in good)


def ramp(b):
    """Residuals ``x/16 - tanh(4 x - 20)`` and ``b y, b z``: f rises slowly from x = 0 on, and falls to 0 at 5.09."""
    builder = ProgramBuilder([(1,), (2,)])
    x, y = builder.input(0), builder.input(1)
    steep = builder.unary("tanh", builder.sub(builder.scale(Fraction(4), x), builder.filled(20, (1,))))
    rows = builder.sub(builder.scale(Fraction(1, 16), x), steep), builder.scale(Fraction(b), y)
    parts = (builder.put(row, np.array(at), (3,)) for row, at in zip(rows, ([0], [1, 2]), strict=True))
    return ProgramObjective(builder.program([builder.add(*parts)]), ["x", "y"])


@pytest.mark.parametrize(("b", "status"), [("1/16", "proved"), ("1/4", "undecided")])
def test_condition_and_minimum_are_proved_where_the_hessian_is_small(b, status):
    """At ``x = x+ - 5``, y = z = 0 there is a minimum on the sphere, and (C32) holds; it is proved for small b."""
    x, f = float(mpmath.findroot(lambda x: x / 16 - mpmath.tanh(4 * x - 20), 5.09)) - 5, ramp(b)
    saved = hc.certify(f, [x, 0, 0], 5, backend="midrad")
    assert (saved["theorem_3_2"].status, saved["sphere_type"].status) == (status, status)
    assert hc.verify(saved)
    q, r = (1 + x / 16) / 16, Fraction(b)
    low, high = (saved["sphere_type"].numbers.get(name) for name in ENDS)
    if status == "proved":
        assert low.lower < 1 + 5 * r * r / Fraction(q) < high.upper
        assert "strict local minimum" in saved["sphere_type"].statement
    assert saved["theorem_3_2"].numbers[LEAST].lower < 0 < saved["theorem_3_2"].numbers[LEAST].upper


def test_a_bound_without_the_box_would_prove_what_is_false(monkeypatch):
    """If the program of ``H v`` lost the radii of v, (C32) would be proved of a network where it fails."""
    run = Runs.run

    def wrong(self, name, *others):
        return run(self, name, *(MidRad(v.mid) if name == "hessian" and isinstance(v, MidRad) else v for v in others))

    monkeypatch.setattr(Runs, "run", wrong)
    number = at_centre()[2].theorem_3_2()[LEAST]
    assert number.upper < -1 / samples.RHO < number.lower
