"""Numpy-style functions as objectives: the function is called once with symbolic numbers, which record what it does.

The function gets a numpy array of shape (d,) whose elements are `TracedNumber`: indexing, slicing, loops, ``@``,
``np.sum``, ``np.dot``, ``x.mean()`` and the like work because numpy carries them out element by element.
What the function computes must not depend on the *values* in the array: a recording knows one path only.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import checked_whole
from hallucert.errors import ArgumentError, HallucertError, NotAnalyticError, require
from hallucert.exact import exact
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.front_ends import functions
from hallucert.objectives.front_ends.functions import function_name
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import MAX_VARIABLES, Tape
from hallucert.settings import checked_flag

Value = Any
"""What numpy hands around when it runs functions on arrays of objects."""

Rule = Callable[[TapeBuilder, int, int], int]
Operator = Callable[["TracedNumber", Value], Value]

_INSTEAD = (
    "Write the function with arithmetic and functions of numpy or scipy.special (np.exp, not math.exp), or build a "
    "float-only objective with Objective.from_callable(fn, dimension, rigorous=False)"
)
_NO_METHOD = frozenset({"shape", "dtype", "ndim", "size", "fileno", "tolist", "toarray", "todense", "item"})
"""Names that libraries ask for to find out what an object is; a number has none of them."""


def from_callable(
    function: Callable[[Value], Value], dimension: int, rigorous: bool = True, name: str | None = None
) -> Objective:
    """Make an objective from a numpy-style function of one array of shape (d,).

    The function is called once with symbolic numbers and what it does is recorded. With ``rigorous=False`` it is
    kept as it is and differentiated by autograd: good for `hallucert.sam`, `find` and `diagnose`, not for proofs.

    Parameters
    ----------
    function : callable
        From an array of shape (d,) to one number.
    dimension : int
        The number of variables, ``d``.
    rigorous : bool
        Whether the function is recorded, so that it can be certified.
    name : str, optional
        Name for reports; that of the function by default.

    Returns
    -------
    Objective

    Raises
    ------
    NotAnalyticError
        If the function branches on its argument or calls something that is not real-analytic.
    ArgumentError
        If the function raises an error while it is recorded, which is then the cause, or returns no number that
        depends on its argument.
    """
    if checked_flag(rigorous, "rigorous"):
        return FormulaObjective(trace(function, dimension), name=function_name(function) if name is None else name)
    from hallucert.objectives.front_ends.numeric import NumericObjective

    return NumericObjective(function, dimension, name)


def trace(function: Callable[[Value], Value], dimension: int) -> Tape:
    """Record what `function` does to an array of shape (dimension,) as a tape, whose variables are ``x0 .. x{d-1}``.

    Python and numpy floats in it are taken as the dyadic numbers they are: ``0.1`` is not 1/10 (use
    ``Fraction(1, 10)``).

    Examples
    --------
    >>> trace(lambda x: np.sum((x**2 - 1) ** 2), 2)
    Tape(2 inputs, 10 nodes, 1 outputs)
    """
    require(callable(function), "function", function, "be callable")
    count = checked_whole(dimension, 1, "dimension", MAX_VARIABLES)
    builder = TapeBuilder([f"x{i}" for i in range(count)])
    x = np.empty(count, dtype=object).view(TracedArray)
    for i in range(count):
        x[i] = TracedNumber(builder, builder.variable(i))
    try:
        result = function(x)
    except HallucertError:
        raise
    except Exception as error:
        was = f"<one that raises {type(error).__name__}: {error}>"
        must = (
            f"run when it is traced, on an array of {count} symbolic numbers: written with arithmetic and functions of "
            "numpy or scipy.special. Functions of PyTorch and JAX are not taken"
        )
        raise ArgumentError("function", was, must) from error
    return builder.tape([_result(result, builder)])


def _result(result: Value, builder: TapeBuilder) -> int:
    if isinstance(result, np.ndarray) and result.shape == ():
        result = result.item()
    if isinstance(result, TracedNumber):
        if result.builder is not builder:
            raise ArgumentError("function", "<one that returns a number of another trace>", "use its own argument")
        tape = builder.tape([result.node])
        if any(node.op == "var" for node in tape.nodes):
            return result.node
    elif isinstance(result, np.ndarray | list | tuple):
        raise ArgumentError("function", f"<one that returns shape {np.shape(result)}>", "return a scalar")
    elif result is None or not isinstance(result, int | float | Fraction | np.number):
        raise ArgumentError("function", f"<one that returns {type(result).__name__}>", "return a scalar")
    raise ArgumentError("function", "<one whose result is a constant>", "return a value that depends on its argument")


def _operators(rule: Rule) -> tuple[Operator, Operator]:
    """Return the methods of an operator of two numbers, for the number on its left and for the one on its right."""
    return lambda self, other: self._binary(rule, other), lambda self, other: self._binary(rule, other, swapped=True)


class TracedNumber:
    """A number that records the operations applied to it in a builder, as one of its nodes."""

    __slots__ = ("builder", "node")
    __hash__ = object.__hash__

    def __init__(self, builder: TapeBuilder, node: int) -> None:
        self.builder, self.node = builder, node

    def __repr__(self) -> str:
        return f"<traced number, node {self.node}>"

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Value, **options: Value) -> Value:
        """Run a function of arrays on a number: it is an array without dimensions."""
        boxed = []
        for value in inputs:
            if not np.ndim(value):  # numbers of numpy are traced, too: their operators would ask this method again
                number = TracedNumber(self.builder, self._operand(value))
                value = np.empty((), dtype=object)
                value[()] = number
            boxed.append(value)
        return _run_ufunc(ufunc, method, boxed, options)

    def _operand(self, other: Value) -> int:
        """Return the node of another number."""
        if isinstance(other, TracedNumber):
            if other.builder is not self.builder:
                raise ArgumentError("function", "<one that keeps numbers of another trace>", "use its own argument")
            return other.node
        return self.builder.constant(int(other) if isinstance(other, bool | np.bool_) else exact(other, "constant"))

    def _binary(self, rule: Rule, other: Value, swapped: bool = False) -> Value:
        if isinstance(other, np.ndarray):
            if other.ndim:
                return NotImplemented  # numpy applies the operation to each element
            other = other if np.ma.is_masked(other) else other.item()
        if isinstance(other, str | bytes | list | tuple | dict | set) or other is None:
            return NotImplemented
        node = self._operand(other)
        left, right = (node, self.node) if swapped else (self.node, node)
        return TracedNumber(self.builder, rule(self.builder, left, right))

    def _unary(self, name: str) -> TracedNumber:
        return TracedNumber(self.builder, functions.ANALYTIC[name](self.builder, self.node))

    __add__, __radd__ = _operators(TapeBuilder.add)
    __sub__, __rsub__ = _operators(TapeBuilder.sub)
    __mul__, __rmul__ = _operators(TapeBuilder.mul)
    __truediv__, __rtruediv__ = _operators(TapeBuilder.div)

    def __pow__(self, other: Value, modulus: None = None) -> Value:
        if modulus is not None:
            raise NotAnalyticError(functions.not_analytic_message("mod"))
        return self._binary(functions.power, other)

    def __rpow__(self, other: Value) -> Value:
        return self._binary(functions.power, other, swapped=True)

    def __neg__(self) -> TracedNumber:
        return TracedNumber(self.builder, self.builder.neg(self.node))

    def __pos__(self) -> TracedNumber:
        return self

    def _sympy_(self) -> Value:
        """Tell sympy that this is no number of its own: it then leaves ``Rational(1, 2)*x`` to `__rmul__`."""
        from sympy import SympifyError

        raise SympifyError("a traced number", TypeError("functions of sympy cannot be traced; use those of numpy"))

    def conjugate(self) -> TracedNumber:
        """Return the number itself: it is real."""
        return self

    def __getattr__(self, name: str) -> Callable[..., Value]:
        """Return the method that numpy looks for when a function such as ``np.exp`` meets an array of objects."""
        if name.startswith("_") or name in _NO_METHOD:
            raise AttributeError(name)
        if name in functions.ANALYTIC:
            return lambda: self._unary(name)
        if name in _COMPOSED:
            return lambda: _COMPOSED[name](self)
        message = functions.not_analytic_message if name in functions.NOT_ANALYTIC else functions.unknown_message
        return _refusal(message(name))


class TracedArray(np.ndarray):
    """An array of traced numbers that the functions of `scipy.special` take too."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Value, **options: Value) -> Value:
        result = _run_ufunc(ufunc, method, [_plain(value) for value in inputs], options)
        return result.view(TracedArray) if type(result) is np.ndarray and result.dtype == object else result


def _plain(value: Value) -> Value:
    return value.view(np.ndarray) if isinstance(value, TracedArray) else value


def _run_ufunc(ufunc: np.ufunc, method: str, inputs: list[Value], options: dict[str, Value]) -> Value:
    """Run a function of arrays on arrays of objects: numpy's own ones ask the objects, others are asked for here."""
    if "out" in options:
        options = {**options, "out": tuple(map(_plain, options["out"]))}
    if method == "__call__" and ufunc.nin == 1 and not any("O" in kinds for kinds in ufunc.types):
        return np.frompyfunc(lambda number: getattr(number, ufunc.__name__)(), 1, 1)(*inputs, **options)
    return getattr(ufunc, method)(*inputs, **options)


_COMPOSED: dict[str, Callable[[TracedNumber], TracedNumber]] = {
    "expit": lambda x: x.sigmoid(),
    "ndtr": lambda x: (-x / TracedNumber(x.builder, x.builder.unary("sqrt", x.builder.constant(2)))).erfc() / 2,
    "log1p": lambda x: (1 + x).log(),
    "expm1": lambda x: x.exp() - 1,
    "exp2": lambda x: 2**x,
    "log2": lambda x: x.log() / TracedNumber(x.builder, x.builder.unary("log", x.builder.constant(2))),
    "log10": lambda x: x.log() / TracedNumber(x.builder, x.builder.unary("log", x.builder.constant(10))),
}
"""Functions of numpy and scipy.special that are short expressions in the others."""


def _refusal(message: str) -> Callable[..., Value]:
    def refuse(*_: Value, **__: Value) -> Value:
        raise NotAnalyticError(message)

    return refuse


def _refuse_values() -> None:
    """Give `TracedNumber` the special methods that would need its value; each raises `NotAnalyticError`."""
    compares = "comparisons, np.maximum, np.where, np.sort and branches depend on the value of x"
    converts = "conversion to a float, an int or a bool needs the value of x (as do math.exp and filling np.zeros)"
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        reason = f"the function cannot be traced: {compares}, so that it is pieced together, not real-analytic"
        setattr(TracedNumber, f"__{name}__", _refusal(f"{reason} (Lemmas A.7, A.8). {_INSTEAD}"))
    for name in ("bool", "float", "int", "complex", "index"):
        setattr(TracedNumber, f"__{name}__", _refusal(f"the function cannot be traced: {converts}. {_INSTEAD}"))
    same = {"floordiv": "floor", "rfloordiv": "floor", "divmod": "floor", "rdivmod": "floor", "rmod": "mod"}
    for name in ("abs", "mod", "round", "floor", "ceil", *same):
        message = functions.not_analytic_message(same.get(name, name))
        setattr(TracedNumber, f"__{name}__", _refusal(message))
    TracedNumber.__trunc__ = _refusal(functions.not_analytic_message("floor"))  # type: ignore[attr-defined]


_refuse_values()
