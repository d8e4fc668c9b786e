"""What the composition rules say of a node on all of R^d: nothing false, all signs, and what of bends they miss."""

from __future__ import annotations

import operator
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.region import convexity
from hallucert.check.region.convexity import Shape, is_convex_quadratic, node_shapes
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.tape import Node, Tape

PARTS = {
    "exp({})": np.exp,
    "({}**2)": lambda t: t**2,
    "{}": lambda t: t,
    "(-exp({}))": lambda t: -np.exp(t),
    "(-{}**2)": lambda t: -(t**2),
    "(1 + {}**2)": lambda t: 1 + t**2,
    "(-1 - {}**2)": lambda t: -1 - t**2,
    "({}**3)": lambda t: t**3,
    "2": lambda t: 2 + 0 * t,
    "(-2)": lambda t: -2 + 0 * t,
    "0": lambda t: 0 * t,
    "pi": lambda t: np.pi + 0 * t,
}
"""Functions of every sign and curvature, as text and for numpy."""
MORE = PARTS | {
    "(exp({}) - 1)": lambda t: np.exp(t) - 1,
    "(1 - exp({}))": lambda t: 1 - np.exp(t),
    "((exp({}) - 1)**2)": lambda t: (np.exp(t) - 1) ** 2,
    "(-(exp({}) - 1)**2)": lambda t: -((np.exp(t) - 1) ** 2),
    "(exp({0})*{0}**2)": lambda t: np.exp(t) * t**2,
    "(-exp({0})*{0}**2)": lambda t: -np.exp(t) * t**2,
    "(exp({0}) + {0}**2)": lambda t: np.exp(t) + t**2,
    "softplus({})": lambda t: np.log1p(np.exp(t)),
    "exp({}**2)": lambda t: np.exp(t**2),
}
rng = np.random.default_rng(5)
ENDS = np.concatenate([rng.uniform(-4, 3.3, (1500, 2, 2)), np.zeros((1, 2, 2))])
"""Pairs of points of the plane; one is 0 twice."""
ENDS[:200, :, 0] = ENDS[200:400, :, 1] = 0
ENDS = np.concatenate([ENDS, 0.1 * ENDS])
POINTS = (ENDS[:, 0], ENDS[:, 1], ENDS.mean(axis=1))


def seen(value):
    """What is true of a function at the points: its signs, and its curvature by midpoints of pairs."""
    with np.errstate(all="ignore"):
        a, b, middle = (np.asarray(value(x, y), float) for x, y in (p.T for p in POINTS))
        bent = {"convex": (a, b, middle), "concave": (-a, -b, -middle)}
        signs = {
            "nonnegative": (middle >= 0).all(),
            "nonpositive": (middle <= 0).all(),
            "positive": (middle > 0).all(),
            "negative": (middle < 0).all(),
        }
        if signs["positive"]:
            bent["log_convex"] = tuple(map(np.log, (a, b, middle)))
        if signs["nonnegative"]:
            bent["root_convex"] = tuple(map(np.sqrt, (a, b, middle)))
        below = {k: (m <= (p + q) / 2 + 1e-12 * (np.abs(p) + np.abs(q))).all() for k, (p, q, m) in bent.items()}
    return {name for name, holds in (signs | below).items() if holds}


def told(formula):
    """What the rules say of the same."""
    return words_of(hc.Objective.parse(formula, ("x", "y")).tape)


def words_of(tape):
    """What the rules say of the last node of a tape."""
    shapes = node_shapes(tape)
    return None if shapes is None else {name for name in vars(shapes[-1]) if getattr(shapes[-1], name)} - {"constant"}


SIGNS, BENDS = (
    {"nonnegative", "nonpositive", "positive", "negative"},
    {"convex", "concave", "log_convex", "root_convex"},
)


def is_told(formula, value, missing):
    """Whether all that is true is told of a function, but for some words, and nothing that is false."""
    true, said = seen(value), told(formula)
    return said is not None and said <= true and true - said <= missing


@pytest.mark.parametrize(
    ("sign", "apply"),
    [("+", operator.add), ("-", operator.sub), ("*", operator.mul), ("/", operator.truediv)],
)
def test_sums_products_and_quotients(sign, apply):
    """Of x and of y: a divisor must have a sign, and bends are missed behind a minus and of what is divided by it."""
    for a, left in PARTS.items():
        for b, right in PARTS.items():
            formula = f"{a.format('x')} {sign} {b.format('y')}"
            if sign == "/" and b == "0":
                continue
            if sign == "/" and not {"positive", "negative"} & seen(lambda x, y, right=right: right(y)):
                assert told(formula) is None, formula
                continue
            missing = {"log_convex", "root_convex"} if "-" in formula else set()
            if "{}" not in a + b and sign in "+-":  # signs of sums of both signs are not told
                missing |= SIGNS | BENDS
            if "{}" in a and "{}" in b:
                missing |= {"*": {"concave"}, "/": BENDS}.get(sign, set())
            elif sign == "/" and "{}" in b:
                missing |= BENDS
            assert is_told(formula, lambda x, y, f=left, g=right: apply(f(x), g(y)), missing), formula


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([Node("pow", 0, 0)], {"nonnegative", "positive"} | BENDS),
        ([Node("pow", 0, 1)], {"convex", "concave"}),
        ([Node("mul", 0, 0)], {"nonnegative", "convex", "root_convex"}),
        ([Node("softplus", 0), Node("rpow", 1, value=Fraction(1))], {"nonnegative", "positive", "convex"}),
        ([Node("exp", 0), Node("rpow", 1, value=Fraction(0))], {"nonnegative", "positive"} | BENDS - {"concave"}),
        ([Node("pi"), Node("sin", 1), Node("mul", 2, 0)], {"convex", "concave"}),
        ([Node("pi"), Node("sin", 1), Node("mul", 0, 2)], {"convex", "concave"}),
        ([Node("pi"), Node("div", 0, 1)], {"convex", "concave"}),
        ([Node("pi"), Node("mul", 0, 0), Node("div", 2, 1)], {"nonnegative", "convex", "root_convex"}),
        (
            [Node("const", value=Fraction(2)), Node("mul", 0, 0), Node("mul", 2, 1)],
            {"nonnegative", "convex", "root_convex"},
        ),
        (
            [Node("const", value=Fraction(0)), Node("neg", 1)],
            {"nonnegative", "nonpositive", "root_convex", "convex", "concave"},
        ),
    ],
)
def test_nodes_that_no_formula_has(nodes, words):
    """Powers 0 and 1, factors of no known sign and divisors that are constants, in tapes from files."""
    assert words_of(Tape(("x",), (Node("var", 0), *nodes), (len(nodes),))) == words


WHOLE = {f"{{}}**({n})": (n, lambda t, n=n: np.power(t, float(n))) for n in (-3, -2, -1, 0, 1, 2, 3, 4)}
BROKEN = {
    f"{{}}**({n}/{d})": (n / d, lambda t, p=n / d: np.power(t, p))
    for n, d in ((1, 2), (1, 3), (-1, 2), (3, 2), (-5, 2))
}
OTHER = {
    "sqrt({})": (0.5, np.sqrt),
    "log({})": (0.5, np.log),
    "exp({})": (1, np.exp),
    "softplus({})": (1, lambda t: np.log1p(np.exp(t))),
    "-{}": (1, lambda t: -t),
    "{0}*{0}": (2, lambda t: t * t),
    "sin({})": (1, np.sin),
}


@pytest.mark.parametrize(("form", "power", "apply"), [(f, *rest) for f, rest in (WHOLE | BROKEN | OTHER).items()])
def test_powers_and_functions(form, power, apply):
    """Roots and logarithms are of positive functions, reciprocals of those with a sign, of which bends are missed."""
    missing = {"sqrt({})": set(), "log({})": SIGNS | BENDS - {"convex"}, "-{}": {"root_convex", "log_convex"}}.get(form)
    if missing is None:
        missing = {"root_convex"} if power not in (1, 2) or form[0] == "s" else set()
    if form == "softplus({})":
        missing = {"root_convex", "log_convex"}
    for part, f in MORE.items():
        formula, signs = form.format(part.format("x")), {"positive", "negative"} & seen(lambda x, y, f=f: f(x))
        if (power % 1 and "positive" not in signs) or (power < 0 and not signs):
            if part not in ("0", "(-2)"):
                assert told(formula) is None, formula
            continue
        extra = SIGNS | BENDS if form[:3] == "sin" else BENDS if power < 0 and "{" in part else set()
        assert is_told(formula, lambda x, y, f=f: apply(f(x)), missing | extra), formula


def test_powers_that_no_formula_has_but_a_file_may_have():
    """A root written as a power is one; of a power 0 only its sign is told, and it spoils no quadratic."""
    bowl = Shape(positive=True, convex=True, root_convex=True, log_convex=True)
    for exponent, convex in ((Fraction(1, 2), True), (Fraction(1, 3), False), (Fraction(0), False)):
        found = convexity._shape(Node("rpow", 0, value=exponent), [bowl])
        assert found is not None and found.positive and found.convex is convex
    nodes = (Node("var", 0), Node("pow", 0, 2), Node("pow", 0, 0), Node("add", 1, 2))
    assert is_convex_quadratic(FormulaObjective(Tape(("x",), nodes, (3,))))
    assert not is_convex_quadratic(
        FormulaObjective(Tape(("x",), (*nodes, Node("pow", 1, -1), Node("add", 3, 4)), (5,)))
    )
