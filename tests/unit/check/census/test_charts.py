"""Charts of a sphere: the formulas against differences, and what lies over a chart."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.check.census.charts import ChartPoint, charts, is_undefined
from hallucert.check.claim import Enclosure
from hallucert.objectives.objective import Objective


def test_the_jacobian_on_a_chart_is_the_derivative():
    """Differences of the equations at 106 bits, on every face in three dimensions."""
    f, ar, step = Objective.parse("x**3*y + sin(y*z) + x*z**2"), arithmetic("arb", 106), 2.0**-30
    with ar:
        for face in charts(3):

            def at(y, face=face):
                balls, centre = [ar.from_float(v) for v in y], [ar.from_float(v) for v in (0.25, -0.5, 1.0)]
                return ChartPoint(ar, f, ar.constant(Fraction(2)), centre, face, balls)

            middle = np.array([0.375, -0.625])
            jacobian = ar.approximations(at(middle).jacobian)
            for k in range(2):
                shift = step * np.eye(2)[k]
                above, below = (ar.approximations([at(middle + s * shift).equations])[0] for s in (1, -1))
                np.testing.assert_allclose((above - below) / (2 * step), jacobian[:, k], rtol=1e-6, atol=1e-6)


def test_the_radial_slope_is_that_of_the_gradient_along_the_normal():
    """s g . v with v = (1, y) on every face, and s g_0: at x = c + s rho v/|v|, by floats."""
    f, ar, rho, centre = Objective.parse("x**3*y + sin(y*z) + x*z**2"), arithmetic("arb", 106), 2.0, (0.25, -0.5, 1.0)
    faces = charts(3)
    assert [(face.axis, face.sign) for face in faces] == [(axis, sign) for axis in range(3) for sign in (1, -1)]
    y = [0.375, -0.625]
    with ar:
        for face in faces:
            balls = [ar.from_float(v) for v in y]
            point = ChartPoint(ar, f, ar.constant(Fraction(2)), [ar.from_float(v) for v in centre], face, balls)
            v = np.array(face.from_chart([1.0, *y]))
            x = np.array(centre) + face.sign * rho * v / np.linalg.norm(v)
            a, b, c = x
            turn = np.cos(b * c)
            slope = np.array([3 * a * a * b + c * c, a**3 + c * turn, b * turn + 2 * a * c])
            assert ar.approximate(point.radial) == pytest.approx(face.sign * slope @ v, rel=1e-12)
            assert ar.approximate(point.outward) == pytest.approx(face.sign * slope[face.axis], rel=1e-12)
            assert face.faces(ar, point.x, [ar.from_float(v) for v in centre])
            back = face.of(point.x, [ar.from_float(v) for v in centre])
            assert [ar.approximate(b) for b in back] == pytest.approx(y, rel=1e-12)
            for wrong in (None, 0, 1):
                box = [Enclosure(Fraction(int(i == wrong)), Fraction(2)) for i in range(2)]
                box[1] = Enclosure(box[1].lower - 1, box[1].upper - 1)  # y is (3/8, -5/8)
                middle = [ar.from_float(v) for v in centre]
                assert face.holds(ar, point.x, middle, box) == (wrong is None)


@pytest.mark.parametrize(
    ("formula", "x", "undefined"),
    [
        ("log(x)", (-2, -1), True),
        ("log(x)", (0, 0), True),
        ("log(x)", (-1, 1), False),
        ("sqrt(x)", (-2, -1), True),
        ("x**(3/2)", (-2, -1), True),
        ("x**(3/2)", (1, 2), False),
        ("1/x", (0, 0), True),
        ("1/x", (-1, -1), False),
        ("x/(x + 1)", (0, 0), False),
        ("x/(x + 1)", (-1, -1), True),
        ("x**(-2)", (0, 0), True),
        ("x**(-2)", (-2, -1), False),
        ("x**2", (0, 0), False),
        ("x**2", (-2, -1), False),
        ("log(x) + 1/x", (-2, -1), True),
        ("1/x + log(x)", (-2, -1), True),
        ("1/x + log(x)", (1, 2), False),
        ("1/x + log(x + 5)", (-2, -1), False),
        ("1/x + x**(-3)", (-2, -1), False),
        ("log(1/x)", (-1, 1), False),
        ("log(1/x)", (-2, -1), True),
        ("x**(-3) + cos(x)", (0, 0), True),
        ("exp(x)", (-2, -1), False),
    ],
)
def test_a_box_is_dropped_where_an_operation_has_no_value(formula, x, undefined):
    """A logarithm or a root of what is not positive, a quotient by 0; not where that is only possible."""
    for name in ("arb", "mpmath"):
        with arithmetic(name, 53) as ar:
            assert is_undefined(ar, Objective.parse(formula), [ar.interval(*map(Fraction, x))]) is undefined


def test_of_other_functions_it_is_not_known_where_they_are_undefined():
    """Only formulas have a list of operations."""
    assert not is_undefined(None, SimpleNamespace(), [])
