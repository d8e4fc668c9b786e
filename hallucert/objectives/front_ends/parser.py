"""Reading formulas: an operator-precedence parser that knows arithmetic and nothing else.

Grammar (lowest precedence first)::

    sum      = term (("+" | "-") term)*
    term     = factor (("*" | "/") factor)*
    factor   = ("+" | "-") factor | power
    power    = atom (("**" | "^") factor)?
    atom     = number | "pi" | variable | function "(" sum ")" | "(" sum ")"

Decimals are exact: ``0.05`` in a formula is 1/20. ``-x**2`` is ``-(x**2)`` and ``a**b**c`` is ``a**(b**c)``. Names
that are constants elsewhere, such as ``e``, are variables only if the caller lists them; Euler's number is ``exp(1)``.
Names that are functions elsewhere, such as ``ln``, are never variables.
The parser keeps its own stacks, so that no formula, however deeply nested, exhausts Python's.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from hallucert.arguments import checked_items
from hallucert.errors import ArgumentError, FormulaError, NotAnalyticError, require
from hallucert.exact import Exact
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.formula import least_squares as least_squares_of
from hallucert.objectives.front_ends import functions
from hallucert.objectives.front_ends.functions import CONSTANTS_ELSEWHERE
from hallucert.objectives.names import RESERVED, check_variable_names
from hallucert.objectives.tape import Tape

MAX_LENGTH = 200_000
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<op>\*\*|[-+*/^(),]))",
    re.ASCII,
)
_SPACE = re.compile(r"\s*", re.ASCII)
_KNOWN = frozenset({"pi"}) | set(functions.ANALYTIC) | set(functions.NOT_ANALYTIC)


class Token(NamedTuple):
    """A piece of a formula: its kind (number, name, op, end), its text and where it starts."""

    kind: str
    text: str
    position: int


def parse(formula: str, variables: Sequence[str] | None = None, name: str | None = None) -> FormulaObjective:
    """Read a formula such as ``"(x**2 + y - 11)**2 + (x + y**2 - 7)**2"``.

    Parameters
    ----------
    formula : str
        Arithmetic with ``+ - * / ** ( )``, decimals (taken exactly), ``pi``, and the functions
        exp log sqrt sin cos tan sinh cosh tanh erf erfc sigmoid softplus silu gelu square. Euler's number is
        ``exp(1)``; ``gelu`` is that of the error function.
    variables : sequence of str, optional
        Order of the coordinates; by default the names in the formula, in natural order. Names that are constants
        elsewhere (``e``, ``E``, ``I``, ``inf``, ``True``, ...) are variables only if they are listed here.
    name : str, optional
        Name for reports; the formula itself by default.

    Returns
    -------
    Objective

    Raises
    ------
    FormulaError
        If the text does not parse, or a name may be meant as a constant; the message points at the place.
    NotAnalyticError
        If it uses ``abs``, ``max`` or another function that is not real-analytic.

    Examples
    --------
    >>> from hallucert import Objective
    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> f.variables, f.dimension
    (('x', 'y'), 2)
    """
    tape = parse_tape([formula], variables)
    return FormulaObjective(tape, name=formula if name is None else name)


def least_squares(
    residuals: Sequence[str],
    variables: Sequence[str] | None = None,
    n: Exact = 1,
    name: str | None = None,
) -> FormulaObjective:
    """Make ``f = (1/2n) |r|^2`` from the formulas of the residuals ``r_1 .. r_m``.

    Parameters
    ----------
    residuals : sequence of str
        One formula for each residual.
    variables : sequence of str, optional
        Order of the coordinates; by default all names, in natural order.
    n : exact positive number
        The sample count in ``1/2n``.
    name : str, optional
        Name for reports.

    Returns
    -------
    Objective
        With `residual` and `residual_jacobian`.

    Raises
    ------
    ArgumentError
        If `residuals` is no sequence of formulas or `n` is not positive.
    FormulaError, NotAnalyticError
        As `parse`.

    Examples
    --------
    >>> from hallucert import Objective
    >>> f = Objective.least_squares(["x**2 + y**2 - 1", "x - y"])
    >>> f.residual_count, f.value([1, 1])
    (2, 0.5)
    """
    formulas = checked_items(residuals, "residuals", must := "be a nonempty sequence of formulas")
    require(formulas and all(isinstance(formula, str) for formula in formulas), "residuals", residuals, must)
    tape = parse_tape(formulas, variables)
    return least_squares_of(tape, n, name)


def parse_tape(formulas: Sequence[str], variables: Sequence[str] | None = None) -> Tape:
    """Read one or more formulas in the grammar above into one tape with an output for each.

    Names that occur are sorted in natural order (``x2`` before ``x10``), unless they are given as `variables`.

    Raises
    ------
    FormulaError
        Where the text does not fit the grammar, with the position; also at a name in `CONSTANTS_ELSEWHERE` that is not
        among the `variables`, and at the name of an unknown function.
    NotAnalyticError
        If a function such as ``abs`` or ``max`` is used.
    """
    tokens = [_tokenize(formula) for formula in formulas]
    given = () if variables is None else check_variable_names(variables)
    for formula, row in zip(formulas, tokens, strict=True):
        _require_known_names(formula, row, given)
    if variables is None:
        names = {token.text for row in tokens for token in row if token.kind == "name"} - RESERVED
        require(names, "formula", formulas[0] if formulas else "", "contain at least one variable")
        given = tuple(sorted(check_variable_names(sorted(names)), key=natural_order))
    builder = TapeBuilder(given)
    index = {name: i for i, name in enumerate(given)}
    return builder.tape([_Parser(f, t, builder, index).parse() for f, t in zip(formulas, tokens, strict=True)])


def natural_order(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sorting key under which ``x2`` comes before ``x10``; distinct names have distinct keys."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], name


def _tokenize(formula: object) -> list[Token]:
    if not isinstance(formula, str):
        raise ArgumentError("formula", formula, "be a string")
    if len(formula) > MAX_LENGTH:
        raise ArgumentError("formula", f"<{len(formula)} characters>", f"have at most {MAX_LENGTH} characters")
    tokens, position = [], 0
    while (start := _SPACE.match(formula, position).end()) < len(formula):  # type: ignore[union-attr]
        match = _TOKEN.match(formula, start)
        if match is None:
            raise FormulaError(formula, start, f"unexpected character {formula[start]!r}")
        kind = match.lastgroup or "op"
        tokens.append(Token(kind, match.group(kind), start))
        position = match.end()
    tokens.append(Token("end", "", position))
    return tokens


def _require_known_names(formula: str, tokens: Sequence[Token], variables: Sequence[str]) -> None:
    """Refuse the name of a function that is none here, and one that may be meant as a constant or as a variable.

    Capitals make no other function. A name before a parenthesis is that of a function, unless it stands elsewhere
    without one or is listed: then a sign is forgotten, which the parser reports.
    """
    pairs = list(itertools.pairwise(tokens))
    not_called = _KNOWN | {token.text for token, after in pairs if token.kind == "name" and after.text != "("}
    for (kind, name, position), after in pairs:
        if kind != "name" or name in variables:
            continue
        if name in CONSTANTS_ELSEWHERE:
            way_out = f"{CONSTANTS_ELSEWHERE[name]}; if it is a variable, rename it or list it in variables="
            raise FormulaError(formula, position, f"{name!r} is a constant elsewhere, not here ({way_out})")
        if name not in _KNOWN and name.lower() in RESERVED:
            raise FormulaError(formula, position, functions.unknown_message(name))
        if after.text == "(" and name not in not_called:
            product = f"; for a product write {name[:40]}*(...)"
            raise FormulaError(formula, position, functions.unknown_message(name) + product)


class _Pending(NamedTuple):
    """An operator that waits for its right operand, or an open parenthesis (`rule` is its function, if any)."""

    symbol: str
    precedence: int
    position: int
    rule: Callable[..., int] | None


_SUM, _TERM, _SIGN, _POWER, _OPEN = 1, 2, 3, 4, 0


class _Parser:
    """One pass over the tokens of one formula, with a stack of finished operands and one of pending operators."""

    def __init__(self, formula: str, tokens: list[Token], builder: TapeBuilder, index: dict[str, int]) -> None:
        self.formula, self.tokens, self.builder, self.index = formula, tokens, builder, index
        self.operands: list[int] = []
        self.pending: list[_Pending] = []
        self.binary: dict[str, tuple[int, Callable[..., int]]] = {
            "+": (_SUM, builder.add),
            "-": (_SUM, builder.sub),
            "*": (_TERM, builder.mul),
            "/": (_TERM, builder.div),
            "**": (_POWER, self._power),
            "^": (_POWER, self._power),
        }

    def parse(self) -> int:
        """Return the node of the whole formula."""
        place, operand_next = 0, True
        while self.tokens[place].kind != "end":
            token = self.tokens[place]
            if operand_next:
                place, operand_next = self._operand(token, place)
            else:
                operand_next = self._operator(token)
                place += 1
        end = self.tokens[place]
        if operand_next:
            raise self._error(end, "expected a number, a variable or '(' at the end")
        self._reduce(_SUM)
        if self.pending:
            raise self._error(end, f"expected ')' for the '(' at position {self.pending[-1].position} before the end")
        return self.operands[0]

    def _operand(self, token: Token, place: int) -> tuple[int, bool]:
        """Read what may stand where an operand is expected; return the next place and whether one still is."""
        if token.kind == "number":
            self.operands.append(self._number(token))
        elif token.kind == "name":
            if token.text in functions.NOT_ANALYTIC:
                raise NotAnalyticError(functions.not_analytic_message(token.text))
            if token.text in functions.ANALYTIC:
                after = self.tokens[place + 1]
                if after.text != "(":
                    raise self._error(after, f"expected '(' after {token.text}")
                self.pending.append(_Pending("(", _OPEN, token.position, functions.ANALYTIC[token.text]))
                return place + 2, True
            self.operands.append(self._name(token))
        elif token.text == "(":
            self.pending.append(_Pending("(", _OPEN, token.position, None))
            return place + 1, True
        elif token.text in ("+", "-"):
            rule = self.builder.neg if token.text == "-" else None
            self.pending.append(_Pending("sign", _SIGN, token.position, rule))
            return place + 1, True
        else:
            raise self._error(token, f"expected a number, a variable or '(' before {token.text!r}")
        return place + 1, False

    def _operator(self, token: Token) -> bool:
        """Read what may stand after an operand; return whether an operand is expected next."""
        if token.text == ")":
            self._reduce(_SUM)
            if not self.pending:
                raise self._error(token, "unexpected ')'")
            opened = self.pending.pop()
            if opened.rule is not None:
                self.operands.append(self._build(opened, self.builder, self.operands.pop()))
            return False
        if token.text not in self.binary:
            raise self._error(token, f"unexpected {token.text!r}" + " (write * to multiply)" * (token.text != ","))
        precedence, rule = self.binary[token.text]
        self._reduce(precedence + (precedence == _POWER))  # powers group from the right
        self.pending.append(_Pending(token.text, precedence, token.position, rule))
        return True

    def _reduce(self, precedence: int) -> None:
        """Apply the pending operators that bind at least as tightly as `precedence`."""
        while self.pending and self.pending[-1].precedence >= precedence:
            operator = self.pending.pop()
            right = self.operands.pop()
            if operator.symbol != "sign":
                right = self._build(operator, self.operands.pop(), right)
            elif operator.rule is not None:
                right = self._build(operator, right)
            self.operands.append(right)

    def _power(self, base: int, exponent: int) -> int:
        return functions.power(self.builder, base, exponent)

    def _number(self, token: Token) -> int:
        power = token.text.lower().partition("e")[2]
        if len(token.text) > 1000 or len(power) > 5 or abs(int(power or "0")) > 999:
            raise self._error(token, "number is too long")
        return self._build(_Pending("", 0, token.position, self.builder.constant), Fraction(token.text))

    def _name(self, name: Token) -> int:
        if name.text in self.index:
            return self.builder.variable(self.index[name.text])
        if name.text == "pi":
            return self.builder.pi()
        known = ", ".join(self.builder.variables[:8])
        raise self._error(name, f"unknown name {name.text[:40]!r} (variables: {known})")

    def _build(self, operator: _Pending, *arguments: object) -> int:
        try:
            return operator.rule(*arguments)  # type: ignore[misc]
        except ArgumentError as error:
            raise self._error(operator, str(error).removeprefix("formula ")) from None

    def _error(self, place: Token | _Pending, problem: str) -> FormulaError:
        return FormulaError(self.formula, place.position, problem)
