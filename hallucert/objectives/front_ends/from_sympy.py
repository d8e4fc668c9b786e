"""Sympy expressions as objectives: the expression tree is walked once and becomes a tape.

Integers and rationals are taken exactly; a sympy ``Float`` is the binary number it holds (``Float("0.1")`` is not
1/10: write ``Rational(1, 10)``). The domain is that of the expression *as sympy holds it*: sympy cancels ``x/x`` and
``sqrt(x)**2`` before this module sees them, and simplifies by the assumptions of the symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hallucert.errors import ArgumentError, NotAnalyticError, require
from hallucert.exact import exact
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.front_ends import functions
from hallucert.objectives.front_ends.parser import natural_order
from hallucert.objectives.tape import Tape

Expression = Any
"""Of sympy, which has no types."""

_SYMPY_NAMES = {"ceiling": "ceil", "Mod": "mod"}
"""Sympy's names for what `functions.NOT_ANALYTIC` lists under numpy's."""


def from_sympy(
    expression: Expression, variables: Sequence[Expression] | None = None, name: str | None = None
) -> FormulaObjective:
    """Make an objective from a sympy expression.

    Parameters
    ----------
    expression : sympy expression
        Built from numbers, ``pi``, ``E``, sums, products, powers and the functions exp log sqrt sin cos tan sinh
        cosh tanh erf erfc.
    variables : sequence of sympy symbols or names, optional
        The symbols in the order of the coordinates; by default the free symbols, in natural order.
    name : str, optional
        Name for reports; the printed expression by default.

    Returns
    -------
    Objective

    Raises
    ------
    NotAnalyticError
        If the expression holds ``Abs``, ``Max`` or another function that is not real-analytic.
    ArgumentError
        If it holds the imaginary unit, an infinity, or an unknown function.
    """
    import sympy

    require(isinstance(expression, sympy.Expr), "expression", expression, "be a sympy expression")
    symbols = _symbols(expression, variables)
    tape = _walk(expression, symbols)
    return FormulaObjective(tape, name=_printed(expression) if name is None else name)


def _printed(expression: Expression) -> str | None:
    """Return the expression as text; None if it holds an integer that Python does not print."""
    try:
        return str(expression)
    except ValueError:
        return None


def _symbols(expression: Expression, variables: Sequence[Expression] | None) -> dict[Expression, int]:
    """Return the coordinate of each free symbol."""
    free = expression.free_symbols
    by_name = {symbol.name: symbol for symbol in free}
    if len(by_name) < len(free):
        raise ArgumentError("expression", expression, "not hold two symbols of the same name (other assumptions)")
    if variables is None:
        names = sorted(by_name, key=natural_order)
        require(names, "expression", expression, "contain at least one symbol")
    elif isinstance(variables, str) or not isinstance(variables, Sequence):
        raise ArgumentError("variables", variables, "be a sequence of symbols or names")
    else:
        names = [variable if isinstance(variable, str) else _symbol_name(variable, free) for variable in variables]
    if missing := sorted(set(by_name) - set(names)):
        raise ArgumentError("variables", names, f"list every symbol of the expression: {missing[0]} is missing")
    builder = TapeBuilder(names)  # checks the names
    return {by_name.get(name, name): i for i, name in enumerate(builder.variables)}


def _symbol_name(variable: Expression, free: set[Expression]) -> str:
    name = getattr(variable, "name", None)
    if not isinstance(name, str) or not getattr(variable, "is_Symbol", False):
        raise ArgumentError("variables", variable, "be sympy symbols or names")
    if variable not in free and any(symbol.name == name for symbol in free):
        raise ArgumentError("variables", variable, f"be the symbol {name} of the expression, with its assumptions")
    return name


def _walk(expression: Expression, symbols: dict[Expression, int]) -> Tape:
    """Turn the tree into a tape, children first, without recursion."""
    names: list[str] = [symbol if isinstance(symbol, str) else symbol.name for symbol in symbols]
    builder = TapeBuilder(names)
    done: dict[Expression, int] = {symbol: builder.variable(i) for symbol, i in symbols.items()}
    stack = [expression]
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        operands = _operands(node)
        if waiting := [operand for operand in operands if operand not in done]:
            stack.extend(reversed(waiting))
            continue
        done[stack.pop()] = _build(builder, node, [done[operand] for operand in operands])
    return builder.tape([done[expression]])


def _operands(node: Expression) -> tuple[Expression, ...]:
    """Return what must be built before `node`, after refusing what a tape cannot hold."""
    if node.is_Add or node.is_Mul or node.is_Pow:
        return node.args
    if not node.args:
        return ()
    name = type(node).__name__  # of a class of sympy's own: Function("exp") is an unknown function
    plain = _SYMPY_NAMES.get(name, name.lower())
    if plain in functions.NOT_ANALYTIC:
        raise NotAnalyticError(functions.not_analytic_message(plain))
    import sympy

    if name not in functions.ANALYTIC or type(node) is not getattr(sympy, name, None):
        raise ArgumentError("expression", f"<an expression with {name}>", _known())
    return node.args


def _build(builder: TapeBuilder, node: Expression, operands: list[int]) -> int:
    if node.is_Add:
        total = operands[0]
        for operand in operands[1:]:
            total = builder.add(total, operand)
        return total
    if node.is_Mul:
        return _product(builder, node.args, operands)
    if node.is_Pow:
        return functions.power(builder, *operands)
    if operands:
        return functions.ANALYTIC[type(node).__name__](builder, operands[0])
    return _number(builder, node)


def _product(builder: TapeBuilder, factors: Sequence[Expression], operands: list[int]) -> int:
    """Multiply the factors; those with exponent -1 are divided by, as the user wrote it."""
    result = builder.constant(1)
    for factor, operand in zip(factors, operands, strict=True):
        if not (factor.is_Pow and factor.exp == -1):
            result = builder.mul(result, operand)
    for factor, operand in zip(factors, operands, strict=True):
        if factor.is_Pow and factor.exp == -1:
            node = builder.node(operand)
            inverse = node.op == "pow" and node.b == -1
            result = builder.div(result, node.a) if inverse else builder.mul(result, operand)
    return result


def _number(builder: TapeBuilder, node: Expression) -> int:
    import sympy

    if node.is_Rational or node.is_Float:
        return builder.constant(exact(node, "expression", _known()))
    if node is sympy.pi:
        return builder.pi()
    if node is sympy.E:
        return builder.unary("exp", builder.constant(1))
    require(node is not sympy.I, "expression", "<an expression with the imaginary unit>", "be real")
    raise ArgumentError("expression", f"<an expression with {str(node)[:40]}>", _known())


def _known() -> str:
    return f"be made of finite real numbers, pi, E, symbols, + * **, and {', '.join(sorted(functions.ANALYTIC))}"
