"""Functions and exact numbers in LaTeX.

No name of a variable that a file gives reaches the text unless it is a word or a symbol that LaTeX sets as one: where
one of them is not, or two would look the same, all variables are ``x_1``, ``x_2``, ...
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from hallucert.exact import format_rational, is_dyadic
from hallucert.export.formula import APPLICATION, ATOM, POWER, PRODUCT, SIGN, SUM, within
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Node, Tape

LINE = 62
"""Characters that are seen of a line of a formula, about as many as there is room for."""

LONGEST, MOST_VARIABLES = 4000, 8
"""Characters of a formula that is written out, and the number of variables up to which each is."""

GREEK = "alpha|beta|gamma|delta|epsilon|zeta|theta|iota|kappa|mu|nu|xi|sigma|tau|phi|chi|psi|omega"
"""Letters whose names are commands."""

NAME = re.compile(rf"(?P<letter>[A-Za-z]|{GREEK})_?(?P<index>\d{{0,3}})|(?P<word>[a-z]{{2,12}})")
"""Names of variables that can stay."""

TAKEN = re.compile(r"[efrnBCDEHIJKMNSTXZ]|r_?\d+|pi|rho|lambda|eta|min|max|sup|inf|d")
"""Those among them that mean something else in a theorem."""

FUNCTIONS = {op: f"\\{op}" for op in ("exp", "log", "sin", "cos", "tanh")} | {"erf": r"\operatorname{erf}"}

BETWEEN = r" \, "
"""What stands between factors."""

NUMBER = re.compile(r"-?(?:\d+|\\tfrac\{\d+\}\{\d+\})(?: \\, |$)")
"""A number as the first factor of a product, or all of it."""

Text = tuple[str, int]
"""A formula, and the level of its outermost operation."""


def exactly(value: Fraction) -> str:
    """Return a number exactly: as a decimal if that is short, as a fraction if its numbers are, else with powers."""
    tenths = next((k for k in range(13) if (value * 10**k).denominator == 1), None)
    if value.denominator == 1:
        return format_rational(value)
    if tenths is not None:
        digits = f"{abs(value.numerator) * 10**tenths // value.denominator:0{tenths + 1}d}"
        return "-" * (value < 0) + f"{digits[:-tenths]}.{digits[-tenths:]}"
    if is_dyadic(value) and value.denominator > 10**6:
        return rf"{format_rational(Fraction(value.numerator))} \cdot 2^{{-{value.denominator.bit_length() - 1}}}"
    return fraction(value)


def fraction(value: Fraction) -> str:
    """Return a number as an integer or a ratio of integers."""
    if value.denominator == 1:
        return format_rational(value)
    above, below = format_rational(Fraction(abs(value.numerator))), format_rational(Fraction(value.denominator))
    return "-" * (value < 0) + rf"\tfrac{{{above}}}{{{below}}}"


def names(f: Objective) -> list[str]:
    """Return the variables in LaTeX, each another symbol."""
    matches = [NAME.fullmatch(name) for name in f.variables]
    symbols = [_name(match) for match in matches if match]
    if len(set(symbols)) < f.dimension or any(TAKEN.fullmatch(name) for name in f.variables):
        return [f"x_{{{i}}}" for i in range(1, f.dimension + 1)]
    return symbols


def _name(match: re.Match[str]) -> str:
    """Return one variable in LaTeX."""
    letter, index, word = match["letter"], match["index"], match["word"]
    if word and not letter:
        return rf"\mathit{{{word}}}"
    return (f"\\{letter}" if len(letter) > 1 else letter) + (f"_{{{index}}}" if index else "")


def point(f: Objective) -> str:
    """Return a point with its coordinates; with many variables, a bold letter."""
    return f"({', '.join(names(f))})" if f.dimension <= MOST_VARIABLES else r"(\mathbf{x})"


def definition(f: Objective) -> list[str] | None:
    """Return the lines of a displayed formula that defines a function and its residuals; None if that is too long."""
    if not isinstance(f, FormulaObjective) or f.dimension > MOST_VARIABLES:
        return None
    at, parts = point(f), []
    if f.residuals is None:
        parts.append(_equation(f"f{at}", _outputs(f.tape, names(f))[0]))
    else:
        residuals = _outputs(f.residuals, names(f))
        parts += [_equation(f"r_{{{i}}}{at}", text) for i, text in enumerate(residuals, 1)]
        what = "r_{1}^{2}" if len(residuals) == 1 else rf"\sum_{{i=1}}^{{{len(residuals)}}} r_{{i}}^{{2}}"
        scale = fraction(1 / (2 * f.n))
        parts.append(_equation("f", f"{'' if scale == '1' else scale} {what}".strip()))
    return None if sum(map(len, parts)) > LONGEST else parts


def _equation(name: str, value: str) -> str:
    """Return ``name = value`` for an alignment, over several lines where terms of a sum do not fit one."""
    lines, room = [""], LINE - seen(name)
    for term in _terms(value):
        if lines[-1] and seen(lines[-1]) + seen(term) > room:
            lines.append("")
        lines[-1] += term
    return f"{name} ={{}}& " + r" \\ & \quad ".join(line.strip() for line in lines)


def seen(text: str) -> int:
    """Return about how many characters are seen of a formula."""
    return len(re.sub(r"\\[A-Za-z]+|[{}^_ ]|\\.", lambda m: "n" * (m.group()[1:] in FUNCTIONS), text))


def _terms(value: str) -> list[str]:
    """Cut a sum into its terms, each with its sign."""
    depth, start, terms = 0, 0, []
    for i, character in enumerate(value):
        depth += (character in "{(") - (character in "})")
        if depth == 0 and i > start and value[i : i + 3] in (" + ", " - "):
            terms.append(value[start:i])
            start = i
    return [*terms, value[start:]]


def _outputs(tape: Tape, variables: Sequence[str]) -> list[str]:
    """Write the outputs of a tape, each part as often as it is used; nothing that is too long for a theorem."""
    texts: list[Text] = []
    for node in tape.nodes:
        made = _text(node, texts, variables)
        texts.append(made if len(made[0]) <= LONGEST else ("?" * (LONGEST + 1), ATOM))
    return [texts[i][0] for i in tape.outputs]


def _text(node: Node, texts: Sequence[Text], variables: Sequence[str]) -> Text:
    """Write a node, given what it reads."""
    match node.op:
        case "var":
            return variables[node.a], ATOM
        case "pi":
            return r"\pi", ATOM
        case "const":
            value = node.value or Fraction(0)
            return fraction(value), (SIGN if value < 0 else ATOM if value.denominator == 1 else POWER)
        case "add":
            return _sum(texts[node.a], texts[node.b], "+")
        case "sub":
            return _sum(texts[node.a], texts[node.b], "-")
        case "mul":
            return _product(texts[node.a], texts[node.b])
        case "neg":
            inner = texts[node.a]
            return f"-{_enclosed(inner, PRODUCT, signed=False)}", max(SIGN, min(inner[1], PRODUCT))
        case "div":
            return rf"\frac{{{texts[node.a][0]}}}{{{texts[node.b][0]}}}", POWER
        case "pow" if node.b < 0:
            return rf"\frac{{1}}{{{_power(texts[node.a], str(-node.b))[0]}}}", POWER
        case "pow":
            return _power(texts[node.a], str(node.b))
        case "rpow":
            return _power(texts[node.a], format_rational(node.value or Fraction(0)))
        case "sqrt":
            return rf"\sqrt{{{texts[node.a][0]}}}", POWER
        case "softplus":
            return rf"\log(1 + \exp({texts[node.a][0]}))", APPLICATION
    return f"{FUNCTIONS[node.op]}{_in_parentheses(texts[node.a][0])}", APPLICATION


def _sum(left: Text, right: Text, sign: str) -> Text:
    """Write a sum or a difference: a sign that the second term begins with becomes that between them."""
    if sign == "+" and right[0].startswith("-"):
        return f"{left[0]} - {right[0][1:]}", SUM
    second = right[0] if sign == "+" else _enclosed(right, PRODUCT, signed=False)
    return f"{left[0]} {sign} {second}", SUM


def _product(left: Text, right: Text) -> Text:
    """Write a product: a number stands first, or after a dot."""
    first, second = _enclosed(left, PRODUCT), _enclosed(right, PRODUCT, signed=False)
    if (leading := NUMBER.match(second)) and not NUMBER.match(first):
        first, second = (
            leading[0].removesuffix(BETWEEN),
            first + BETWEEN * (leading[0] != second) + second[leading.end() :],
        )
    return first + (r" \cdot " if NUMBER.match(second) else BETWEEN) + second, PRODUCT


def _power(base: Text, exponent: str) -> Text:
    """Write a power; only single letters and numbers stand below an exponent without parentheses."""
    return f"{_enclosed(base, ATOM, signed=False)}^{{{exponent}}}", POWER


def _enclosed(text: Text, level: int, signed: bool = True) -> str:
    """Put a formula in parentheses if it is looser than its place allows, or begins with a sign that it must not."""
    return _in_parentheses(text[0]) if within(text, level) != text[0] or (not signed and text[0][0] == "-") else text[0]


def _in_parentheses(text: str) -> str:
    """Return a formula in parentheses as high as it is."""
    return rf"\left({text}\right)" if "frac" in text or "left" in text else f"({text})"
