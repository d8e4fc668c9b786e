"""The quantities of the SAM map, and where a function certainly is, or is not, defined."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.census.charts import is_undefined
from hallucert.check.decay.problem import decay_problem
from hallucert.check.problem import Kept, Point, Problem
from hallucert.check.subdivision import is_defined
from hallucert.errors import ArgumentError
from hallucert.objectives.radius_law import SAM, RadiusLaw

DEFINED, UNDEFINED, OPEN = (True, False), (False, True), (False, False)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize(
    ("formula", "low", "high", "expected"),
    [
        ("log(x)", 1, 2, DEFINED),
        ("log(x)", -2, -1, UNDEFINED),
        ("log(x)", -1, 1, OPEN),
        ("0*log(x)", -2, -1, UNDEFINED),
        ("log(log(x))", -2, -1, UNDEFINED),
        ("log(x - 3)*exp(x)", 1, 2, UNDEFINED),
        ("sqrt(x)", -2, -1, UNDEFINED),
        ("sqrt(x)", 1, 2, DEFINED),
        ("x**(1/3)", -2, -1, UNDEFINED),
        ("x**(1/3)", -1, 2, OPEN),
        ("1/x", 0, 0, UNDEFINED),
        ("1/x", -2, -1, DEFINED),
        ("1/x", -1, 1, OPEN),
        ("x**-3", 0, 0, UNDEFINED),
        ("x**-3", -2, -1, DEFINED),
        ("log(x) + 1/x", -2, -1, UNDEFINED),
        ("x**3 + tanh(x)", -2, 2, DEFINED),
    ],
)
def test_defined_and_undefined_are_told_apart(backend, formula, low, high, expected):
    """On all of the interval, nowhere on it, or neither: from the domain of each operation."""
    f, ar = hc.Objective.parse(formula, ("x",)), arithmetic(backend, 53)
    with ar:
        box = [ar.interval(Fraction(low), Fraction(high))]
        assert (is_defined(ar, f, box), is_undefined(ar, f, box)) == expected


LAWS = {"sam": SAM, "usam": RadiusLaw("usam"), "asam": RadiusLaw("asam", (Fraction(1, 2), Fraction(3)))}


def _gradient(x):
    """Of exp(x/2) y + x**2 y**3, by hand."""
    a, b = x
    return mpmath.matrix([mpmath.exp(a / 2) * b / 2 + 2 * a * b**3, mpmath.exp(a / 2) + 3 * a**2 * b**2])


def _ascent(x, law):
    """The size s, u and x+, as the definitions say."""
    g, scales = _gradient(x), mpmath.diag(LAWS[law].scales or (1, 1))
    size = mpmath.mpf(1) if law == "usam" else mpmath.norm(scales * g)
    u = scales**2 * g / size
    return size, u, x + u * mpmath.mpf(3) / 2


def _derivative(f, x):
    """The Jacobian of a map, by central differences at 60 digits: right to about 35."""
    h = mpmath.mpf(10) ** -20
    columns = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in (mpmath.matrix([1, 0]), mpmath.matrix([0, 1]))]
    return mpmath.matrix([[columns[j][i] for j in range(2)] for i in range(len(columns[0]))])


def _flat(rows):
    return [entry for row in rows for entry in row]


@pytest.mark.parametrize("law", LAWS)
def test_every_quantity_of_the_sam_map_is_what_its_definition_says(law):
    """Sizes, u, x+, J and the derivatives of g(x+) and r(x+), against differences of the maps themselves."""
    f = hc.Objective.parse("exp(x/2)*y + x**2*y**3")
    squares = hc.Objective.least_squares(["exp(x/2)*y", "x**2*y**3 - x"])
    with arithmetic("arb", 212) as ar, mpmath.workdps(60):
        x, exact = mpmath.matrix(["0.75", "-0.5"]), [ar.constant(Fraction(3, 4)), ar.constant(Fraction(-1, 2))]
        point = Point(ar, Problem(f, Fraction(3, 2), LAWS[law]), exact)
        size, u, plus = _ascent(x, law)

        def close(balls, values):
            assert len(balls) == len(values)
            for ball, value in zip(balls, values, strict=True):
                found = ar.midpoint(ball)
                assert abs(mpmath.mpf(found.numerator) / found.denominator - value) < mpmath.mpf(10) ** -30

        close([point.q, point.size, point.multiplier], [mpmath.norm(_gradient(x)), size, 2 * size / 3])
        close([*point.gradient, *point.u, *point.plus], [*_gradient(x), *u, *plus])
        close(point.shifted_gradient, list(_gradient(plus)))
        close(_flat(point.perturbation), list(_derivative(lambda x: _ascent(x, law)[2], x)))
        close(_flat(point.sam_matrix), list(_derivative(lambda x: _gradient(_ascent(x, law)[2]), x)))
        close(point.hessian_along, list(_derivative(_gradient, x) * u))

        def residual(x):
            a, b = x
            return mpmath.matrix([mpmath.exp(a / 2) * b, a**2 * b**3 - a])

        def squares_plus(x):
            g, scales = _derivative(residual, x).T * residual(x), mpmath.diag(LAWS[law].scales or (1, 1))
            length = 1 if law == "usam" else mpmath.norm(scales * g)
            return x + scales**2 * g / length * mpmath.mpf(3) / 2

        point = Point(ar, Problem(squares, Fraction(3, 2), LAWS[law], residual=True), exact)
        close(point.shifted_residual, list(residual(squares_plus(x))))
        close(_flat(point.residual_jacobian_plus), list(_derivative(residual, squares_plus(x))))
        slope = _derivative(residual, squares_plus(x)) * _derivative(squares_plus, x)
        found = [ar.midpoint(ball) for ball in _flat(point.residual_matrix)]
        for one, value in zip(found, list(slope), strict=True):  # a difference of differences: right to 12 digits
            assert abs(float(one) - float(value)) < 1e-11


def test_a_law_has_one_scale_for_each_variable():
    """ASAM with two scales is no problem in three variables, and one in two."""
    Problem(hc.Objective.parse("x*y"), Fraction(1), LAWS["asam"])
    with pytest.raises(ArgumentError, match="rho"):
        Problem(hc.Objective.parse("x*y"), Fraction(0))
    with pytest.raises(ArgumentError, match="have 3 scales"):
        Problem(hc.Objective.parse("x*y*z"), Fraction(1), LAWS["asam"])


def test_what_was_made_of_balls_is_kept_for_these_balls_alone():
    """Made once for the same balls, and anew for a list that lost, got or changed one."""
    made, kept, a, b = [], Kept(), object(), object()
    assert Kept().of([], lambda: "made") == "made"

    def of(balls):
        return kept.of(balls, lambda: made.append(list(balls)) or len(made))

    balls = [a, b]
    assert [of(balls), of(balls), of([a, b])] == [1, 1, 1]
    balls.append(a)
    assert [of(balls), of([a, b]), of([a, b, b]), of([b, a]), of([b, b]), of([a])] == [2, 3, 4, 5, 6, 7]


def test_a_ball_is_read_by_its_ends():
    """Lower and upper end, in this order; an indeterminate ball has none."""
    with arithmetic("mpmath", 106) as ar:
        point = Point(ar, Problem(hc.Objective.parse("x*y"), Fraction(1)), [ar.pi(), ar.pi()])
        found = point.enclosure(ar.interval(Fraction(-1), Fraction(2)))
        assert (found.lower, found.upper) == (-1, 2) and point.enclosure(ar.indeterminate()) is None


def test_weight_decay_is_added_to_the_gradient_and_to_its_jacobian():
    """|x|^2/2 at (3, 4), rho = 5: g(x+) = x+ = (6, 8), H(x+) J = 2 I - u u^T with u = x/5; w = 1/8 adds x/8 and I/8."""
    plain = Problem(hc.Objective.parse("(x**2 + y**2)/2"), Fraction(5))
    assert plain.period == 1
    for problem, w in ((plain, Fraction(0)), (decay_problem(plain, Fraction(1, 8)), Fraction(1, 8))):
        with arithmetic("arb", 106) as ar:
            point = Point(ar, problem, [ar.constant(Fraction(v)) for v in (3, 4)])
            matrix = [[Fraction(41, 25) + w, Fraction(-12, 25)], [Fraction(-12, 25), Fraction(34, 25) + w]]
            found = [*point.shifted_gradient, *point.sam_matrix[0], *point.sam_matrix[1]]
            for ball, value in zip(found, [6 + 3 * w, 8 + 4 * w, *matrix[0], *matrix[1]], strict=True):
                assert ar.lower(ball) <= value <= ar.upper(ball) and ar.upper(ball) - ar.lower(ball) < 2**-90
