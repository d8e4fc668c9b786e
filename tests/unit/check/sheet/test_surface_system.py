"""Claims: the equation and its derivatives are those of the formulas, and frames that turn are enclosed with slack."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import mpmath
import pytest
from rings import RHO

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.sheet.surface_system import PatchPoint, SurfaceSystem, pairs
from hallucert.errors import ArgumentError


@pytest.mark.parametrize(
    ("x", "c", "multiplier", "defined"), [(1, 2, 1, True), (-1, 2, 1, False), (1, -2, 1, False), (1, 2, -1, False)]
)
def test_both_points_must_be_in_the_domain(x, c, multiplier, defined):
    """f has log(x) and log(c); a descent step has a negative multiplier."""
    f = hc.Objective.least_squares(["log(x) + y + z"], n=1)
    ar = arithmetic("arb", 53)
    with ar:
        z = [ar.constant(Fraction(v)) for v in (x, 0, 0, c, 0, 0, multiplier)]
        assert SurfaceSystem(ar, f, Fraction(1)).defined(z) is defined


def residuals(x):
    """Return two residuals of four variables, and their gradients."""
    a, b, c, d = x
    values = [a * b * c + d * d - 1, a * d * d + b**3 - c - 2]
    return values, [[b * c, a * c, a * b, 2 * d], [d * d, 3 * b * b, -1, 2 * a * d]]


F = hc.Objective.least_squares(["a*b*c + d**2 - 1", "a*d**2 + b**3 - c - 2"], ["a", "b", "c", "d"], n=3)
Z = tuple(Fraction(n, 16) for n in (7, -5, 11, 3, 2, 9, -13, 6, 10))
FRAME = [[Fraction((5 * i + 3 * k * k + i * k) % 7 - 3, 4) for k in range(3)] for i in range(9)]


def equation(z):
    """``E(z)`` for rho = 3/2, in mpmath."""
    x, c, multiplier = z[:4], z[4:8], z[8]
    values, gradients = residuals(x)
    g = [sum(v * row[i] for v, row in zip(values, gradients, strict=True)) / 3 for i in range(4)]
    square = sum((a - b) ** 2 for a, b in zip(x, c, strict=True))
    step = [v + multiplier * (a - b) for v, a, b in zip(g, x, c, strict=True)]
    return [*step, (square - mpmath.mpf(9) / 4) / 2, *residuals(c)[0]]


def differences(*directions):
    """Derivatives of ``E`` at Z along some directions, by differences of 1e-20 at 100 digits."""
    h, total = mpmath.mpf(10) ** -20, [mpmath.mpf(0)] * 7
    for signs in product((1, -1), repeat=len(directions)):
        z = [mpmath.mpf(v.numerator) / v.denominator for v in Z]
        for sign, direction in zip(signs, directions, strict=True):
            z = [a + sign * h * b.numerator / b.denominator for a, b in zip(z, direction, strict=True)]
        total = [a + mpmath.fprod(signs) * b for a, b in zip(total, equation(z), strict=True)]
    return [v / (2 * h) ** len(directions) for v in total]


def is_near(ar, ball, value) -> bool:
    """Tell whether a ball of a number is thin, and at the right place."""
    exact = Fraction(mpmath.nstr(value, 40))
    return all(abs(end - exact) < Fraction(1, 10**25) for end in ar.endpoints(ball))


def unit(n, i):
    return [Fraction(int(i == j)) for j in range(n)]


def test_derivatives_are_those_of_the_equation(ar):
    """Of E, along unit vectors and along the columns of a frame, up to the third."""
    system, z = SurfaceSystem(ar, F, RHO), [ar.constant(v) for v in Z]
    assert (system.dimension, system.equations, system.unknowns) == (4, 7, 9)
    frame = [[ar.constant(v) for v in row] for row in FRAME]
    columns = list(zip(*FRAME, strict=True))
    with mpmath.workdps(100):
        assert all(map(lambda ball, value: is_near(ar, ball, value), system.value(z), differences()))
        for j, balls in enumerate(zip(*system.jacobian(z), strict=True)):
            assert all(is_near(ar, *both) for both in zip(balls, differences(unit(9, j)), strict=True))
        second = system.second(z, frame)
        for a, b in product(range(3), repeat=2):
            exact = differences(columns[a], columns[b])
            assert all(is_near(ar, rows[a][b], v) for rows, v in zip(second, exact, strict=True))
        # The third derivative of g is all there is along x, if the multiplier and c do not move: those are bilinear.
        by_x, by_c = system.third_pairs(z, frame)
        for place, (a, b) in enumerate(pairs(3)):
            in_x = [[*columns[k][:4], *[Fraction(0)] * 5] for k in (a, b)]
            in_c = [[*[Fraction(0)] * 4, *columns[k][4:8], Fraction(0)] for k in (a, b)]
            for last in range(4):
                exact = differences(*in_x, unit(9, last))[:4]
                assert all(is_near(ar, row[4 * place + last], v) for row, v in zip(by_x, exact, strict=True))
                exact = differences(*in_c, unit(9, 4 + last))[5:]
                assert all(is_near(ar, row[4 * place + last], v) for row, v in zip(by_c, exact, strict=True))


@pytest.mark.parametrize("rho", [Fraction(0), Fraction(-1)])
def test_a_radius_is_positive(ar, rho):
    """Nothing is an ascent step of length 0."""
    with pytest.raises(ArgumentError, match="rho"):
        SurfaceSystem(ar, F, rho)


# ---------------------------------------------------------------------- the frame that turns


def patch(ar, *, velocities, offsets, multiplier=(1, 1), middle=1):
    """Return the part about x = (-1, 0, 0), c = 0, for r = x and rho = 1, so that u = B = (1, 0, 0), H = u u^T."""
    f = hc.Objective.least_squares(["x + 0*y + 0*z"], n=1)
    one, zero = ar.constant(Fraction(1)), ar.constant(Fraction(0))
    z = [-one, zero, zero, zero, zero, zero]
    moved = [
        [v if v is None else ar.constant(Fraction(v)) for v in (*(-Fraction(v) for v in velocity), 0, 0, 0, change)]
        for *velocity, change in velocities
    ]
    return PatchPoint(
        SurfaceSystem(ar, f, Fraction(1)),
        [*z, ar.interval(*map(Fraction, multiplier))],
        [*z, ar.constant(Fraction(middle))],
        moved,
        [ar.interval(-Fraction(s), Fraction(s)) for s in offsets],
    )


def is_around(ar, ball, middle, reach) -> bool:
    """Tell whether a ball is ``middle +- reach``, up to rounding outward, where `reach` is rounded to a double."""
    low, high = ar.endpoints(ball)
    slack = Fraction(reach) / 10**6 + Fraction(1, 10**20)  # radii in Arb have 30 bits
    return all(abs(end - middle - sign * Fraction(reach)) <= slack for end, sign in ((low, -1), (high, 1)))


def test_matrices_in_the_frame_that_turns(ar):
    """u turns by (0, 1/2, 0) in one parameter and by (0, 0, 1/4) in the other, each at most 1/8 off.

    ``B Om`` is ``-u'``, and ``H Om - Om H`` has ``-u'`` beside the corner: that reach, and ``|Y|`` times the path of
    u, 3/32, for H, or half of it for B.
    """
    point = patch(ar, velocities=[(0, "1/2", 0, 0), (0, 0, "1/4", 0)], offsets=("1/8", "1/8"))
    half, quarter, zero = Fraction(1, 2), Fraction(1, 4), Fraction(0)
    turns = [[[0, -half, 0], [half, 0, 0], [0, 0, 0]], [[0, 0, -quarter], [0, 0, 0], [quarter, 0, 0]]]
    assert [[[ar.midpoint(v) for v in row] for row in turn] for turn in point._turns] == turns
    size, path = (5**0.5 / 32, 3 / 32)
    for ball, middle, reach in zip(point.residual_jacobian_plus[0], (1, 0, 0), (zero, 1 / 16, 1 / 32), strict=True):
        assert is_around(ar, ball, middle, reach + size * path / 2)
    reaches = [[0, 1 / 16, 1 / 32], [1 / 16, 0, 0], [1 / 32, 0, 0]]
    for i, j in product(range(3), repeat=2):
        assert is_around(ar, point.hessian[i][j], int(i == j == 0), reaches[i][j] + 2**0.5 * size * path)


def test_turns_are_skew(ar):
    """``u' u^T - u u'^T``, whatever both are."""
    u, v = (3, 5, 8), (7, -11, 13)
    point = patch(ar, velocities=[(*v, 0), (0, 0, 0, 0)], offsets=(1, 1))
    point.x, point.plus = ([ar.constant(Fraction(n)) for n in row] for row in ((1, 1, 1), [n + 1 for n in u]))
    turns = [[[ar.midpoint(entry) for entry in row] for row in turn] for turn in point._turns]
    assert turns == [[[v[i] * u[j] - u[i] * v[j] for j in range(3)] for i in range(3)], [[0] * 3] * 3]


def test_the_multiplier_is_narrowed_by_its_change(ar):
    """1 + [-1, 1]/4 in [0, 2]; what is elsewhere is left alone, and so is the half that is out of reach."""
    for multiplier, middle, ends in (((0, 2), 1, (3, 5)), ((0, 1), 1, (3, 4)), ((0, 2), 5, (0, 8))):
        point = patch(ar, velocities=[(0, 0, 0, "1/4")] * 2, offsets=(1, 0), multiplier=multiplier, middle=middle)
        low, high = (Fraction(end, 4) for end in ends)
        assert is_around(ar, point.multiplier, (low + high) / 2, (high - low) / 2)
        assert is_around(ar, point.q, (low + high) / 2, (high - low) / 2)


def test_a_velocity_that_is_not_known_leaves_nothing_known(ar):
    """Neither of H nor of B."""
    point = patch(ar, velocities=[(0, 0, 0, 0)] * 2, offsets=(1, 1))
    nothing = [ar.indeterminate()] * 3
    point.velocities = [(nothing, nothing, ar.constant(Fraction(0)))] * 2
    for rows in (point.hessian, point.residual_jacobian_plus):
        assert not any(ar.is_finite(v) for row in rows for v in row)
