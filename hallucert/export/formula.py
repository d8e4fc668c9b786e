"""Numbers, vectors and tapes in the language of Coq: once as real numbers that are read, once as data that compute.

A reader sees ``x ^ 2 / 3`` and ``-5 / 2 ^ 54``; the checker gets ``Ratio 1 3`` and ``Dyadic (-5) (-54)``. That the two
mean the same is proved in the exported file, by computation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from textwrap import wrap

from hallucert.errors import ArgumentError
from hallucert.exact import format_rational
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.tape import BINARY, Node, Tape, node_operands

WIDTH = 110
"""Characters of a line."""

BITS = 80
"""Precision of the computation that is the proof."""

SUM, PRODUCT, SIGN, POWER, APPLICATION, ATOM = 50, 40, 35, 30, 10, 0
"""Levels of Coq's notations; an operand of a higher level than its place stands in parentheses."""

INFIX = {"add": ("+", SUM), "sub": ("-", SUM), "mul": ("*", PRODUCT), "div": ("/", PRODUCT)}
FUNCTIONS = {"exp": "exp", "log": "ln", "sqrt": "sqrt", "sin": "sin", "cos": "cos", "tanh": "tanh"}
CONSTRUCTORS = {op: op.capitalize() for op in (*INFIX, *FUNCTIONS, "neg", "softplus")}

NAME = re.compile(r"(?!e\d)([A-Za-z][A-Za-z0-9_]{0,2}|[A-Za-z]+_?\d+)")
"""Names of variables that can stay; longer words may mean something to Coq."""

TAKEN = frozenset({"as", "at", "do", "end", "fix", "for", "fun", "if", "IF", "in", "let", "mod", "Set", "by"})
TAKEN |= {"v", "f", "P", "R", "S", "O", "exp", "ln", "sin", "cos", "PI", "vec", "mat", "sum", "mv", "mm"}
"""Those among them that have a meaning."""

Text = tuple[str, int]
"""An expression, and the level of its notation."""


def numbers(values: Iterable[Fraction]) -> str:
    """Write a list of numbers as data."""
    return listed(map(number, values))


def rows(matrix: Iterable[Iterable[Fraction]]) -> str:
    """Write a matrix as data."""
    return listed(map(numbers, matrix))


def listed(items: Iterable[str]) -> str:
    """Write a list."""
    return f"[{'; '.join(items)}]"


def number(value: Fraction) -> str:
    """Write a number as data: ``Dyadic m e`` is ``m 2^e``, ``Ratio p q`` is ``p / q``."""
    mantissa, exponent = _dyadic(value)
    if exponent is None:
        return ratio(value)
    return f"Dyadic {_integer(mantissa)} {_integer(exponent)}"


def ratio(value: Fraction) -> str:
    """Write a rational number as data, a dyadic one too; as a real number it is `fraction`."""
    return f"Ratio {_integer(value.numerator)} {_integer(value.denominator)}"


def fraction(value: Fraction) -> str:
    """Write a rational number as a real number, ``p`` or ``p / q``."""
    return _rational(value)[0]


def real(value: Fraction) -> str:
    """Write the same number as a real number."""
    mantissa, exponent = _dyadic(value)
    if exponent is None:
        return fraction(value)
    text = format_rational(Fraction(mantissa))
    if exponent == 0:
        return text
    return f"{text} {'*' if exponent > 0 else '/'} 2 ^ {abs(exponent)}"


def _dyadic(value: Fraction) -> tuple[int, int | None]:
    """Return ``m, e`` with ``value = m 2^e`` and `m` odd or 0; no exponent if there is none."""
    above, below = value.numerator, value.denominator
    if below & (below - 1):
        return above, None
    shift = (above & -above).bit_length() - 1 if above else 0
    return above >> shift, shift - (below.bit_length() - 1)


def _integer(value: int) -> str:
    text = format_rational(Fraction(value))
    return f"({text})" if value < 0 else text


def _rational(value: Fraction) -> Text:
    """Write a constant of a formula, ``p`` or ``p / q``."""
    text = _integer(value.numerator)
    if value.denominator == 1:
        return text, ATOM
    return f"{text} / {_integer(value.denominator)}", PRODUCT


def tape(program: Tape) -> str:
    """Write a tape as data."""
    return f"Tape {listed(map(_node, program.nodes))} {listed(map(str, program.outputs))}"


def _node(node: Node) -> str:
    match node.op:
        case "var":
            return f"Var {node.a}"
        case "pi":
            return "Pi"
        case "const":
            return f"Const ({ratio(_value(node))})"
        case "pow":
            return f"Pow {node.a} {_integer(node.b)}"
        case "rpow":
            return f"Rpow {node.a} {ratio(_value(node)).removeprefix('Ratio ')}"
        case op if op in CONSTRUCTORS:
            return " ".join([CONSTRUCTORS[op], *map(str, node_operands(node))])
    raise ArgumentError(
        "certificate.operation", node.op, f"be one of {', '.join(['pow', 'rpow', 'pi', *CONSTRUCTORS])}"
    )


def _value(node: Node) -> Fraction:
    return node.value or Fraction(0)


class Formula:
    """A tape as expressions of named variables: what is used more than once gets a name of its own.

    `lines` are the ``let``s that name the entries of the vector `v`, and the shared parts, `outputs` have the level of
    their notation, and `conditions` say what has to hold for the formula to be defined: first which operands are
    positive, then which are not zero.
    """

    def __init__(self, program: Tape) -> None:
        self.names = _names(program.variables)
        uses = Counter(operand for node in program.nodes for operand in node_operands(node))
        uses.update(program.outputs)
        used = sorted({node.a for node in program.nodes if node.op == "var"})
        self.lines = [f"let {self.names[i]} := v {i}%nat in" for i in used]
        texts: list[Text] = []
        for i, node in enumerate(program.nodes):
            text = self._text(node, texts)
            if uses[i] > 1 and node.op not in ("var", "const", "pi"):
                self.lines.append(f"let e{i} := {text[0]} in")
                text = f"e{i}", ATOM
            texts.append(text)
        self.outputs = [texts[i] for i in program.outputs]
        positive = [node.a for node in program.nodes if node.op in ("log", "sqrt", "rpow")]
        nonzero = [node.b if node.op == "div" else node.a for node in program.nodes if _divides(node)]
        self.conditions = [f"0 < {texts[i][0]}" for i in positive] + [f"{texts[i][0]} <> 0" for i in nonzero]

    def _text(self, node: Node, texts: Sequence[Text]) -> Text:
        match node.op:
            case "var":
                return self.names[node.a], ATOM
            case "pi":
                return "PI", ATOM
            case "const":
                return _rational(_value(node))
            case "neg":
                return f"- {within(texts[node.a], SIGN)}", SIGN
            case "pow":
                power = f"{within(texts[node.a], POWER - 1)} ^ {abs(node.b)}"
                return (power, POWER) if node.b >= 0 else (f"1 / {power}", PRODUCT)
            case "rpow":
                exponent = _rational(_value(node))
                return f"Rpower {within(texts[node.a], ATOM)} {within(exponent, ATOM)}", APPLICATION
            case "softplus":
                return f"ln (1 + exp {within(texts[node.a], ATOM)})", APPLICATION
            case op if op in BINARY:
                sign, level = INFIX[op]
                return f"{within(texts[node.a], level)} {sign} {within(texts[node.b], level - 1)}", level
        return f"{FUNCTIONS[node.op]} {within(texts[node.a], ATOM)}", APPLICATION


def _divides(node: Node) -> bool:
    return node.op == "div" or (node.op == "pow" and node.b < 0)


def within(text: Text, level: int) -> str:
    """Put an expression in parentheses where its level is above that of its place."""
    return text[0] if text[1] <= level else f"({text[0]})"


def function(f: FormulaObjective) -> list[str]:
    """Write the value of an objective at the vector `v`, line by line."""
    if f.residuals is None:
        formula = Formula(f.tape)
        value = formula.outputs[0][0]
    else:
        formula = Formula(f.residuals)
        squares = " + ".join(f"{within(r, POWER - 1)} ^ 2" for r in formula.outputs)
        count = within(_rational(f.n), PRODUCT - 1)
        value = f"({squares}) / (2 * {count})"
    return _laid_out([*formula.lines, value])


def domain(f: FormulaObjective) -> list[str]:
    """Write where an objective is defined, line by line; nothing if it is so everywhere."""
    formula = Formula(f.tape if f.residuals is None else f.residuals)
    if not formula.conditions:
        return []
    lines = [" /\\ ".join(formula.conditions)]
    for line in reversed(formula.lines):
        name = line.split()[1]
        if any(re.search(rf"\b{name}\b", below) for below in lines):
            lines.insert(0, line)
    return _laid_out(lines)


def _laid_out(texts: Iterable[str]) -> list[str]:
    return [line for text in texts for line in wrap(text, WIDTH - 2, subsequent_indent="  ")]


def objective(f: FormulaObjective) -> str:
    """Write an objective as data."""
    if f.residuals is None:
        return f"Formula ({tape(f.tape)})"
    return f"Squares ({tape(f.residuals)}) ({ratio(f.n)})"


def _names(variables: Sequence[str]) -> list[str]:
    """Return the names of the variables, or others if Coq would not take one of them, or confuse it."""
    simple = all(NAME.fullmatch(name) and name not in TAKEN for name in variables)
    return list(variables) if simple else [f"x_{i}" for i in range(len(variables))]
