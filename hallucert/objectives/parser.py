"""Reading formulas: a small recursive-descent parser that knows arithmetic and nothing else.

Grammar (lowest precedence first)::

    sum      = term (("+" | "-") term)*
    term     = factor (("*" | "/") factor)*
    factor   = ("+" | "-") factor | power
    power    = atom (("**" | "^") factor)?
    atom     = number | "pi" | "e" | variable | function "(" sum ")" | "(" sum ")"

Decimals are exact: ``0.05`` in a formula is 1/20. ``-x**2`` is ``-(x**2)`` and ``a**b**c`` is ``a**(b**c)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from hallucert.errors import ArgumentError, FormulaError, NotAnalyticError
from hallucert.objectives import functions
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.tape import Tape, check_variable_names

MAX_LENGTH = 200_000
MAX_DEPTH = 100
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<op>\*\*|[-+*/^(),]))",
    re.ASCII,
)
_CONSTANTS = frozenset({"pi", "e"})


def parse_tape(formulas: Sequence[str], variables: Sequence[str] | None = None) -> Tape:
    """Read one or more formulas into one tape with an output for each.

    Parameters
    ----------
    formulas : sequence of str
        Formulas in the grammar above.
    variables : sequence of str, optional
        Names in the order of the coordinates; by default the names that occur, in natural order
        (``x2`` before ``x10``).

    Raises
    ------
    FormulaError
        Where the text does not fit the grammar, with the position.
    NotAnalyticError
        If a function such as ``abs`` or ``max`` is used.
    """
    tokens = [_tokenize(formula) for formula in formulas]
    if variables is None:
        names = {text for row in tokens for kind, text, _ in row if kind == "name"}
        names -= _CONSTANTS | set(functions.ANALYTIC) | set(functions.NOT_ANALYTIC)
        variables = sorted(names, key=_natural)
        if not variables:
            raise ArgumentError("formula", formulas[0] if formulas else "", "contain at least one variable")
    if isinstance(variables, str):
        raise ArgumentError("variables", variables, "be a sequence of names")
    names_in_order = check_variable_names(variables)
    if reserved := set(names_in_order) & (_CONSTANTS | set(functions.ANALYTIC) | set(functions.NOT_ANALYTIC)):
        raise ArgumentError("variables", min(reserved), "not be the name of a function or constant")
    builder = TapeBuilder(names_in_order)
    return builder.tape([_Parser(f, t, builder).parse() for f, t in zip(formulas, tokens, strict=True)])


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def _tokenize(formula: object) -> list[tuple[str, str, int]]:
    if not isinstance(formula, str):
        raise ArgumentError("formula", formula, "be a string")
    if len(formula) > MAX_LENGTH:
        raise ArgumentError("formula", f"<{len(formula)} characters>", f"have at most {MAX_LENGTH} characters")
    tokens, position = [], 0
    end = len(formula.rstrip())
    while position < end:
        match = _TOKEN.match(formula, position)
        if match is None:
            bad = position + len(formula[position:]) - len(formula[position:].lstrip())
            raise FormulaError(formula, bad, f"unexpected character {formula[bad]!r}")
        kind = match.lastgroup or "op"
        tokens.append((kind, match.group(kind), match.start(kind)))
        position = match.end()
    tokens.append(("end", "", end))
    return tokens


class _Parser:
    """One pass over the tokens of one formula; each method returns a node number of the builder."""

    def __init__(self, formula: str, tokens: list[tuple[str, str, int]], builder: TapeBuilder) -> None:
        self.formula, self.tokens, self.builder = formula, tokens, builder
        self.place, self.depth = 0, 0

    def parse(self) -> int:
        result = self._sum()
        if self.tokens[self.place][0] != "end":
            raise self._error(f"unexpected {self.tokens[self.place][1]!r}")
        return result

    def _error(self, problem: str) -> FormulaError:
        return FormulaError(self.formula, self.tokens[self.place][2], problem)

    def _accept(self, *operators: str) -> str | None:
        kind, text, _ = self.tokens[self.place]
        if kind == "op" and text in operators:
            self.place += 1
            return text
        return None

    def _expect(self, operator: str) -> None:
        if not self._accept(operator):
            found = self.tokens[self.place][1] or "the end"
            raise self._error(f"expected {operator!r} before {found!r}")

    def _nested(self, rule: Callable[[], int]) -> int:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error(f"nesting deeper than {MAX_DEPTH}")
        result = rule()
        self.depth -= 1
        return result

    def _sum(self) -> int:
        result = self._term()
        while sign := self._accept("+", "-"):
            result = self._build(self.builder.add if sign == "+" else self.builder.sub, result, self._term())
        return result

    def _term(self) -> int:
        result = self._factor()
        while sign := self._accept("*", "/"):
            result = self._build(self.builder.mul if sign == "*" else self.builder.div, result, self._factor())
        return result

    def _factor(self) -> int:
        if sign := self._accept("+", "-"):
            inner = self._nested(self._factor)
            return self.builder.neg(inner) if sign == "-" else inner
        base = self._atom()
        if self._accept("**", "^"):
            return self._build(self._power, base, self._nested(self._factor))
        return base

    def _power(self, base: int, exponent: int) -> int:
        return functions.power(self.builder, base, exponent)

    def _atom(self) -> int:
        kind, text, position = self.tokens[self.place]
        if kind == "number":
            self.place += 1
            _, _, power = text.lower().partition("e")
            if len(text) > 400 or len(power) > 5 or abs(int(power or "0")) > 999:
                raise FormulaError(self.formula, position, "number is too long")
            return self.builder.constant(Fraction(text))
        if kind == "name":
            self.place += 1
            return self._name(text, position)
        if self._accept("("):
            inner = self._nested(self._sum)
            self._expect(")")
            return inner
        found = f"before {text!r}" if text else "at the end"
        raise self._error(f"expected a number, a variable or '(' {found}")

    def _name(self, name: str, position: int) -> int:
        if name in functions.NOT_ANALYTIC:
            raise NotAnalyticError(functions.not_analytic_message(name))
        if name in functions.ANALYTIC:
            self._expect("(")
            argument = self._nested(self._sum)
            self._expect(")")
            return self._build(functions.ANALYTIC[name], self.builder, argument)
        if name in self.builder.variables:
            return self.builder.variable(self.builder.variables.index(name))
        if name == "pi":
            return self.builder.pi()
        if name == "e":
            return self.builder.unary("exp", self.builder.constant(1))
        if self.tokens[self.place][1] == "(":
            known = ", ".join(sorted(functions.ANALYTIC))
            raise FormulaError(self.formula, position, f"unknown function {name!r} (known: {known})")
        known = ", ".join(self.builder.variables[:8])
        raise FormulaError(self.formula, position, f"unknown name {name!r} (variables: {known})")

    def _build(self, rule: Callable[..., int], *arguments: object) -> int:
        try:
            return rule(*arguments)
        except ArgumentError as error:
            raise self._error(str(error)) from None
