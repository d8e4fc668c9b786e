"""A formula means what Python's own arithmetic says it means, exactly; what does not fit is refused at its place."""

import ast
import operator
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle_arithmetic import DIGITS, Mpmath, Rationals

from hallucert.errors import ArgumentError, FormulaError, NotAnalyticError
from hallucert.objectives.front_ends.parser import parse_tape
from hallucert.objectives.objective import Objective

X = {"x": Fraction(3, 7), "y": Fraction(-5, 2), "z": Fraction(11)}
BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def pythons_value(node: ast.AST) -> Fraction:
    """Compute in fractions what Python's own parser understood; nothing is executed."""
    if isinstance(node, ast.Expression):
        return pythons_value(node.body)
    if isinstance(node, ast.Name):
        return X[node.id]
    if isinstance(node, ast.Constant):
        return Fraction(node.value)
    if isinstance(node, ast.UnaryOp):
        value = pythons_value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    left, right = pythons_value(node.left), pythons_value(node.right)
    return left ** int(right) if isinstance(node.op, ast.Pow) else BINARY[type(node.op)](left, right)


def rational(formula: str) -> Fraction:
    return parse_tape([formula], list(X)).evaluate(Rationals(), list(X.values()))[0]


@pytest.mark.parametrize(
    "formula",
    ["-x**2", "-x**2*y", "x-y-z", "x/y/z", "x/y*z", "x*y**-2/z", "x**2**3", "x**-1**2", "x- -y", "x*-y+-z",
     "-(-(x-y))*+z", "x-(y-(z-x))", "--x/-y**3", "2*x+3*y*z-4/x**2", "-x**-2**0*3", "2**-1", "x**2**-0", "+x--y"],
)  # fmt: skip
def test_precedence_and_grouping_are_pythons(formula):
    """Operators bind and group as in Python, to the last digit of a rational."""
    assert rational(formula) == pythons_value(ast.parse(formula, mode="eval"))
    assert rational(formula.replace("**", "^")) == rational(formula)


PIECES = st.lists(
    st.tuples(st.sampled_from(["x", "y", "z", "2", "-x", "-(y", "+z", "(x", "--z"]), st.sampled_from("+-*/")),
    min_size=1,
    max_size=9,
)


@given(PIECES, st.lists(st.sampled_from(["", "**2", "**-1", "**2**1"]), min_size=9, max_size=9), st.data())
def test_random_formulas_are_read_as_python_reads_them(pieces, powers, data):
    """Whatever the operators, signs, powers and parentheses: the value is the one of Python's own parse."""
    text, opened = "", 0
    for (operand, symbol), power in zip(pieces, powers, strict=False):
        text, opened = text + operand + power, opened + operand.count("(")
        while opened and data.draw(st.booleans()):
            text, opened = text + ")" + power, opened - 1
        text += symbol
    text += "x" + ")" * opened
    try:
        expected = pythons_value(ast.parse(text, mode="eval"))
    except ZeroDivisionError:
        return
    assert rational(text) == expected


@pytest.mark.parametrize("text", ["0.1", "1e-3", ".5", "5.", "1.5e2", "2E+1", "1e999", "123456789.987654321"])
def test_decimals_are_exact(text):
    """A decimal in a formula is the rational it denotes: 0.1 is 1/10, not a double."""
    nodes = parse_tape([f"x*{text}"]).nodes
    assert Fraction(text) in {node.value for node in nodes}


def test_functions_agree_with_mpmath():
    """Every named function is the function of that name, to 45 digits."""
    x = mpmath.mpf("0.7123")
    oracles = {
        "exp": mpmath.exp, "log": mpmath.log, "sqrt": mpmath.sqrt, "sin": mpmath.sin, "cos": mpmath.cos,
        "tan": mpmath.tan, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh,
        "sigmoid": lambda t: 1 / (1 + mpmath.exp(-t)), "softplus": lambda t: mpmath.log1p(mpmath.exp(t)),
        "silu": lambda t: t / (1 + mpmath.exp(-t)), "square": lambda t: t * t,
        "erf": mpmath.erf, "erfc": mpmath.erfc, "gelu": lambda t: t * mpmath.ncdf(t),
    }  # fmt: skip
    from hallucert.objectives.front_ends.functions import ANALYTIC

    assert set(oracles) == set(ANALYTIC)
    with mpmath.workdps(DIGITS):
        for name, oracle in oracles.items():
            value = parse_tape([f"{name}(x)"]).evaluate(Mpmath(), [x])[0]
            assert abs(value - oracle(x)) < mpmath.mpf(10) ** -45, name


@pytest.mark.parametrize(
    ("formula", "oracle"),
    [
        ("exp(1)**x", mpmath.exp),
        ("2**x", lambda x: mpmath.mpf(2) ** x),
        ("x**x", lambda x: x**x),
        ("x**0.3", lambda x: x ** (mpmath.mpf(3) / 10)),
        ("x**(1/3)", mpmath.cbrt),
        ("pi*x", lambda x: mpmath.pi * x),
        ("x**-0.5", lambda x: 1 / mpmath.sqrt(x)),
        ("exp(x)**2.5", lambda x: mpmath.exp(5 * x / 2)),
    ],
)
def test_powers_agree_with_mpmath(formula, oracle):
    """Powers with rational, irrational and variable exponents are what mpmath says."""
    with mpmath.workdps(DIGITS):
        x = mpmath.mpf("1.37")
        assert abs(parse_tape([formula]).evaluate(Mpmath(), [x])[0] - oracle(x)) < mpmath.mpf(10) ** -45


@pytest.mark.parametrize(
    ("formula", "position"),
    [("x +", 3), ("(x", 2), ("x)", 1), ("x y", 2), ("2x", 1), ("x $ y", 2), ("x + foo(y)", 4), ("sin x", 4),
     ("x*/y", 2), ("()", 1), ("x,y", 1), ("x**", 3), ("x + y/0", 5), ("x\u00a0+1", 1), ("1e99999*x", 0),
     ("x + q", 4), ("x*sqrt(0)", 2), ("x + 9**9**9", 5), ("x + (-8)**(1/3)", 8), ("²", 0), ("٣*x", 0)],
)  # fmt: skip
def test_errors_point_at_the_place(formula, position):
    """A formula that does not fit is refused with the offset of the first character that does not."""
    with pytest.raises(FormulaError) as caught:
        parse_tape([formula], ["x", "y"])
    assert caught.value.position == position


@pytest.mark.parametrize("name", ["abs", "max", "min", "relu", "floor", "sign", "where", "elu"])
def test_functions_that_are_not_analytic_are_refused(name):
    """abs, max and the like are refused with the lemma and a way out."""
    with pytest.raises(NotAnalyticError, match=r"Lemmas A\.7, A\.8.*rigorous=False"):
        parse_tape([f"x + {name}(x)"])


def test_variables_come_in_natural_order_whatever_the_hash_seed():
    """x2 comes before x10, and names that differ only by leading zeros have a fixed order."""
    assert parse_tape(["x10 + x2 + a + x1 + x01"]).variables == ("a", "x01", "x1", "x2", "x10")


@pytest.mark.parametrize("variables", ["x", ["x", "x"], ["exp"], ["pi"], [""], ["x y"], [], ["y"]])
def test_bad_variable_lists_are_refused(variables):
    """A list of variables must be distinct identifiers that hold every name of the formula."""
    with pytest.raises(ArgumentError):
        parse_tape(["x**2"], variables)


@pytest.mark.parametrize(
    "name", ["e", "E", "I", "Pi", "PI", "nan", "NaN", "inf", "Infinity", "oo", "zoo", "True", "False", "None"]
)
def test_names_of_constants_elsewhere_are_no_constants_and_no_silent_variables(name):
    """They are refused where they stand, unless the caller lists them: then they are variables like any other."""
    for variables in (None, ["x"]):
        with pytest.raises(FormulaError, match=rf"^formula: '{name}' is a constant elsewhere.*variables=") as caught:
            Objective.parse(f"x**2 + {name}*x", variables)
        assert caught.value.position == 7
    assert Objective.parse(f"x**2 + {name}*x", [name, "x"]).value([3, 5]) == 40


def test_sympys_constants_are_constants():
    """The names are refused in text alone: in a sympy expression E is the number, and a symbol e a variable."""
    import sympy

    e, x = sympy.symbols("e x")
    f = Objective.from_sympy(sympy.E * x + e, [x, e])
    assert f.variables == ("x", "e") and f.value([1, 0]) == pytest.approx(float(mpmath.e), abs=1e-15)


@pytest.mark.parametrize("wrong", [5, "xy", b"xy", {"x", "y"}, object(), np.array("x"), [None], [1]])
def test_what_is_no_list_of_names_or_formulas_is_refused_by_name(wrong):
    """Numbers, strings, sets (which have no order) and lists of something else."""
    with pytest.raises(ArgumentError, match=r"^variables must"):
        Objective.parse("x + y", variables=wrong)
    with pytest.raises(ArgumentError, match=r"^(residuals|formula) must"):
        Objective.least_squares(wrong)


def test_a_formula_needs_a_variable():
    """A constant is not an objective."""
    with pytest.raises(ArgumentError, match="variable"):
        Objective.parse("3 + pi")


@given(st.text(alphabet="xy0123456789.+-*/^() esincolgqrtpabmax,\u00a0²", max_size=40))
def test_any_text_is_read_or_refused_by_a_typed_error(text):
    """No text raises anything but the documented errors."""
    try:
        tape = parse_tape([text], ["x", "y"])
    except (ArgumentError, NotAnalyticError):
        return
    assert len(tape.outputs) == 1


@pytest.mark.parametrize(
    ("formula", "position", "words"),
    [
        ("x + ln(x)", 4, "write log"), ("log2(x)", 0, r"write log\(x\)/log\(2\)"), ("x*arcsin(x)", 2, "known: cos"),
        ("pow(x, 2)", 0, r"write x\*\*y"), ("sec(x) + x", 0, r"write 1/cos"), ("2 ln x", 2, "write log"),
        ("x + atan2(x, 1)", 4, "known: cos"), ("Sin(x)", 0, r"write sin\(x\)"), ("x + LN(x)", 4, "write log"),
        ("Abs(x)", 0, "abs is not real-analytic"), ("foo(x)", 0, r"for a product write foo\*"),
        ("x + gamma(x)", 4, r"for a product write gamma\*"), ("_f(x)", 0, r"_f\*"),
    ],
)  # fmt: skip
def test_unknown_functions_are_named_with_what_to_write(formula, position, words):
    """No sign is forgotten before the parenthesis of a function: the message names it, and its equivalent if any."""
    with pytest.raises(FormulaError, match=rf"^formula: unknown function.*{words}") as caught:
        Objective.parse(formula)
    assert caught.value.position == position


@pytest.mark.parametrize("formula", ["x(y + 1) + x", "2(x)", "(x)(y)", "sin(x)(y)", "x**2(y)"])
def test_forgotten_signs_are_named(formula):
    """What cannot be a function, for example a name that is a variable elsewhere, lacks a sign."""
    with pytest.raises(FormulaError, match=r"unexpected '\('.*write \* to multiply"):
        Objective.parse(formula)
    with pytest.raises(FormulaError, match=r"unexpected '\('.*write \* to multiply"):
        Objective.parse("x(y)", ["x", "y"])


@pytest.mark.parametrize("name", ["ln", "log10", "atan", "cbrt", "pow", "arcsinh", "cot", "sgn", "erfc"])
def test_names_of_functions_are_no_variables(name):
    """Neither in a product, nor where the caller lists them; capitals are variables only if they are listed."""
    with pytest.raises((FormulaError, NotAnalyticError), match=name):
        Objective.parse(f"{name}*(x) + y")
    for formula in ("x", f"{name}*x"):
        with pytest.raises(ArgumentError, match=f"^variables must.*{name}"):
            Objective.parse(formula, [name, "x"])
    with pytest.raises(FormulaError, match=f"unknown function '{name.upper()}'"):
        Objective.parse(f"{name.upper()}*x")
    assert Objective.parse(f"{name.upper()}*x", [name.upper(), "x"]).value([3, 5]) == 15


def test_what_is_written_instead_is_the_function():
    """The equivalents in the messages agree with mpmath at 45 digits."""
    from hallucert.objectives.front_ends.functions import FUNCTIONS_ELSEWHERE

    x, y = mpmath.mpf("1.37"), mpmath.mpf("0.61")
    oracles = {
        "ln": mpmath.ln, "lg": mpmath.log10, "log2": lambda t: mpmath.log(t, 2), "log10": mpmath.log10,
        "log1p": mpmath.log1p, "expm1": mpmath.expm1, "exp2": lambda t: mpmath.mpf(2) ** t,
        "exp10": lambda t: mpmath.mpf(10) ** t, "cbrt": mpmath.cbrt, "pow": lambda t: t**y, "sqr": lambda t: t * t,
        "hypot": lambda t: mpmath.hypot(t, y), "logsumexp": lambda t: mpmath.log(mpmath.exp(t) + mpmath.exp(y)),
        "logistic": lambda t: 1 / (1 + mpmath.exp(-t)), "logit": lambda t: mpmath.log(t) - mpmath.log1p(-t),
        "swish": lambda t: t / (1 + mpmath.exp(-t)), "mish": lambda t: t * mpmath.tanh(mpmath.log1p(mpmath.exp(t))),
        "tg": mpmath.tan,
        **{name: getattr(mpmath, name) for name in ("sec", "csc", "cot", "sech", "csch", "coth", "asinh", "acosh",
                                                    "atanh")},
    }  # fmt: skip
    written = {text: name for name, text in reversed(FUNCTIONS_ELSEWHERE.items()) if text}
    assert set(written.values()) <= set(oracles)
    with mpmath.workdps(DIGITS):
        for text, name in written.items():
            at = y if name in ("logit", "atanh") else x
            value = parse_tape([text.removesuffix(" for x > 0")], ["x", "y"]).evaluate(Mpmath(), [at, y])[0]
            assert abs(value - oracles[name](at)) < mpmath.mpf(10) ** -44, name


def test_all_names_of_functions_are_reserved_and_no_others():
    """Whatever is read as a function, refused with a reason or spelled otherwise here is no name of a variable."""
    from hallucert.objectives.front_ends.functions import ANALYTIC, FUNCTIONS_ELSEWHERE, NOT_ANALYTIC
    from hallucert.objectives.names import RESERVED

    assert {"pi", *ANALYTIC, *NOT_ANALYTIC, *FUNCTIONS_ELSEWHERE} == RESERVED
