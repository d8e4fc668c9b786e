"""Two formulas have the same canonical form only if they agree; order, brackets and constants make no difference."""

from fractions import Fraction

import mpmath
import pytest

from hallucert.objectives.canonical import Ring, TooLargeError, composes, evaluated
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Node, Tape


def form(formula, variables=("x", "y"), ring=None):
    """The canonical form of a formula."""
    ring = ring or Ring(len(variables))
    return evaluated(ring, Objective.parse(formula, variables=variables).tape, ring.variables).form


def same(a, b):
    """Whether two formulas have the same form in one ring."""
    ring = Ring(2)
    return form(a, ring=ring) == form(b, ring=ring)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("exp(x) - x - 1 + 2*y**2 + y**3/10", "y**3/10 + (2*y**2 - 1) - (x - exp(x))"),
        ("(x + y - 2)**3", "(y - (2 - x))*(x**2 + y**2 + 4 + 2*x*y - 4*x - 4*y)"),
        ("exp(1 - (x + 2*y))", "exp(-y*2 + 1 - x)"),
        ("sin(x*(y + 1))**2", "sin(x + x*y)*sin(y*x + x)"),
        ("1/(2*x + 4*y)", "0.5*(x + 2*y)**-1"),
        ("(x**2 + 1)**0.75", "(x*x + 1)**(3/4)"),
        ("tanh(pi*(x - y))", "tanh(x*pi - pi*y)"),
        ("log(exp(x*y + x))/3", "log(exp(x*(1 + y)))*(1/3)"),
    ],
)
def test_rewriting_leaves_the_form(a, b):
    """Sums in another order, distributed factors, spread constants, also within functions."""
    assert same(a, b)
    f, g = (Objective.parse(formula, variables=("x", "y")) for formula in (a, b))
    assert f.value((0.7, 0.4)) == pytest.approx(g.value((0.7, 0.4)), rel=1e-12)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("exp(x) - x - 1 + 2*y**2 + y**3/10", "exp(x) - x - 1 + 2*y**2 + y**3/11"),
        ("exp(1 - x)", "exp(x - 1)"),
        ("sin(x + y)", "cos(x + y)"),
        ("(x**2 + 1)**0.75", "(x**2 + 1)**0.7500000000000000001"),
        ("1/(x + 2*y)", "1/(2*x + y)"),
        ("x*y**2", "x**2*y"),
        ("x/3", "x*0.3333333333333333333333333"),
        ("sqrt(x**2)", "x"),
        ("x + pi", "x + 3.14159265358979323846"),
    ],
)
def test_different_functions_have_different_forms(a, b):
    """No two functions that differ somewhere (as mpmath shows) share a form; the square root of x^2 is not x."""
    assert not same(a, b)
    with mpmath.workdps(60):
        point = [mpmath.mpf("-0.7"), mpmath.mpf("0.4")]
        values = [_at(formula, point) for formula in (a, b)]
    assert abs(values[0] - values[1]) > 1e-30


def _at(formula, point):
    names = {"exp": mpmath.exp, "sin": mpmath.sin, "cos": mpmath.cos, "sqrt": mpmath.sqrt}

    class Numbers:
        lasting = False

        def __getattr__(self, op):
            return names[op]

        def constant(self, value):
            return mpmath.mpf(value.numerator) / value.denominator

        def pi(self):
            return +mpmath.pi

        def power(self, x, n):
            return x**n

        def real_power(self, x, q):
            return x ** (mpmath.mpf(q.numerator) / q.denominator)

    return Objective.parse(formula, variables=("x", "y")).tape.evaluate(Numbers(), point)[0]


def test_composition_is_decided_by_forms():
    """x^4 + 2 x^2 y + y^2 + 1 is s^2 + 1 of s = x^2 + y, not of x^2 - y; other variables or outputs never compose."""
    f, s, minus = (
        Objective.parse(t, variables=("x", "y")).tape for t in ("x**4 + 2*x**2*y + y**2 + 1", "x**2 + y", "x**2 - y")
    )
    outer = Objective.parse("s**2 + 1").tape
    assert composes(f, outer, s)
    assert not composes(f, outer, minus)
    assert not composes(f, s, outer)
    assert not composes(f, outer, Objective.parse("a**2 + b", variables=("a", "b")).tape)
    assert not composes(f, outer, Tape(s.variables, s.nodes, (*s.outputs, s.outputs[0])))


@pytest.mark.parametrize(
    "nodes",
    [
        [Node("var", 0), Node("var", 1), Node("add", 0, 1), Node("pow", 2, 10000)],
        [Node("var", 0), *(Node("pow", i, 10000) for i in range(5000))],
        [Node("const", value=Fraction(3**4000)), *(Node("pow", i, 10000) for i in range(5000))],
        [Node("const", value=Fraction(0)), Node("pow", 0, -1)],
    ],
)
def test_forms_of_hostile_tapes_are_given_up(nodes):
    """Too many terms, too high exponents, too long numbers, division by zero: an answer at once, not after years."""
    tape = Tape(("x", "y"), tuple(nodes), (len(nodes) - 1,))
    ring = Ring(2)
    with pytest.raises(TooLargeError):
        evaluated(ring, tape, ring.variables)
    assert not composes(tape, Tape(("s",), (Node("var", 0),), (0,)), tape)


JOINED = [
    ("exp(x)*exp(y)", "exp(x + y)"),
    ("exp(x)**3*exp(-y)", "exp(3*x - y)"),
    ("exp(x)*exp(-x)", "1 + 0*x*y"),
    ("exp(x)/exp(2*y)", "exp(x - 2*y)"),
    ("(exp(x) + exp(y))**2", "exp(2*x) + 2*exp(x + y) + exp(2*y)"),
    ("sin(y*exp(x)*exp(x))", "sin(exp(2*x)*y)"),
]


@pytest.mark.parametrize(("a", "b"), JOINED)
def test_exponentials_are_joined_where_that_is_asked_for(a, b):
    """exp(a) exp(b) = exp(a + b) in a ring that joins; the values agree, and nearby formulas stay apart."""
    ring = Ring(2, joined=True)
    assert form(a, ring=ring) == form(b, ring=ring)
    assert form(f"{a} + x/10**9", ring=ring) != form(b, ring=ring)
    assert form(f"({a})*exp(x/10**9)", ring=ring) != form(b, ring=ring)
    f, g = (Objective.parse(formula, variables=("x", "y")) for formula in (a, b))
    assert f.value((0.7, 0.4)) == pytest.approx(g.value((0.7, 0.4)), rel=1e-12)


def test_composition_with_products_of_exponentials():
    """(x^2 + y^2) exp(-x^2/2) exp(-y^2/2) is s exp(-s/2) of s = x^2 + y^2, and not s exp(-s/3)."""
    f = Objective.parse("(x**2 + y**2)*exp(-x**2/2)*exp(-y**2/2)").tape
    inner = Objective.parse("x**2 + y**2").tape
    assert composes(f, Objective.parse("s*exp(-s/2)").tape, inner)
    assert not composes(f, Objective.parse("s*exp(-s/3)").tape, inner)
