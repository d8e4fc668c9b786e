"""Functions as text and as plain data: formulas that the parser reads back, names, heads of reports, and files."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hallucert import doubles
from hallucert.decimals import LONGEST_NAME, format_dyadic, short_name
from hallucert.doubles import LongArray
from hallucert.exact import format_rational
from hallucert.objectives.front_ends.functions import CONSTANTS_ELSEWHERE
from hallucert.objectives.names import RESERVED
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import BINARY, Node, Tape

if TYPE_CHECKING:
    from hallucert.objectives.formula import FormulaObjective
    from hallucert.objectives.program.objective import ProgramObjective
    from hallucert.objectives.program.program import Program


def mistakable(variables: Iterable[str]) -> list[str]:
    """Return the names of variables that a reader may take for constants, or in small letters for functions.

    Examples
    --------
    >>> mistakable(["x", "e", "y", "Log"])
    ['e', 'Log']
    """
    return [name for name in variables if name in CONSTANTS_ELSEWHERE or name.lower() in RESERVED]


def heading(objective: Objective, longest: int = LONGEST_NAME) -> str:
    """Return a function's name for the head of a report, and which of its variables are no constants.

    Examples
    --------
    >>> from hallucert import Objective
    >>> heading(Objective.parse("e**2 + x**2", variables=["e", "x"]))
    'e**2 + x**2 (e is a variable)'
    """
    names = mistakable(objective.variables)
    note = f" ({', '.join(names)} {'is a variable' if len(names) == 1 else 'are variables'})" if names else ""
    return short_name(objective.name, longest) + note


# ---------------------------------------------------------------------- formulas

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
MAX_LENGTH = 2000


def formula(tape: Tape, output: int = 0) -> str | None:
    """Return the formula of one output, or None if it would be longer than `MAX_LENGTH` characters.

    Examples
    --------
    >>> from hallucert.objectives.front_ends.parser import parse_tape
    >>> formula(parse_tape(["(x**2 + y - 11)**2"]))
    '(x**2 + y - 11)**2'
    """
    texts: list[tuple[str, int]] = []
    for op, a, b, value in tape.nodes:
        match op:
            case "var":
                entry = (tape.variables[a], _ATOM)
            case "const":
                text = format_rational(value)  # type: ignore[arg-type]
                entry = (text, _SUM if text.startswith("-") else _PRODUCT if "/" in text else _ATOM)
            case "pi":
                entry = ("pi", _ATOM)
            case "add":
                entry = (f"{_in(texts[a], _SUM)} + {_in(texts[b], _PRODUCT)}", _SUM)
            case "sub":
                entry = (f"{_in(texts[a], _SUM)} - {_in(texts[b], _PRODUCT)}", _SUM)
            case "mul":
                entry = (f"{_in(texts[a], _PRODUCT)}*{_in(texts[b], _SIGN)}", _PRODUCT)
            case "div":
                entry = (f"{_in(texts[a], _PRODUCT)}/{_in(texts[b], _POWER)}", _PRODUCT)
            case "neg":
                entry = (f"-{_in(texts[a], _POWER)}", _SUM)
            case "pow":
                entry = (f"{_in(texts[a], _ATOM)}**{b if b >= 0 else f'({b})'}", _POWER)
            case "rpow":
                entry = (f"{_in(texts[a], _ATOM)}**({format_rational(value)})", _POWER)  # type: ignore[arg-type]
            case _:
                entry = (f"{op}({texts[a][0]})", _ATOM)
        if len(entry[0]) > MAX_LENGTH:
            return None
        texts.append(entry)
    return texts[tape.outputs[output]][0]


def _in(entry: tuple[str, int], level: int) -> str:
    """The text of an operand, in parentheses if it binds less tightly than `level`."""
    text, own = entry
    return text if own >= level else f"({text})"


def name(f: FormulaObjective) -> str:
    """Return a name for want of one: the formula, or the residuals, if they are short."""
    if f.residuals is None:
        return formula(f.tape) or f"a function of {f.dimension} variables"
    parts = [formula(f.residuals, i) or "..." for i in range(min(f.residual_count, 3))]
    more = ", ..." if f.residual_count > 3 else ""
    return f"|({', '.join(parts)}{more})|^2 / {format_rational(2 * f.n)}"


# ---------------------------------------------------------------------- plain data


def to_json(self: Tape | FormulaObjective) -> dict[str, object]:
    """Return a tape or a formula as plain data; `from_json` and `objective_from_json` read it back."""
    if isinstance(self, Tape):
        nodes = [_node_to_json(node) for node in self.nodes]
        return {"variables": list(self.variables), "nodes": nodes, "outputs": list(self.outputs)}
    if self.residuals is None:
        return {"kind": "formula", "tape": to_json(self.tape)}
    return {"kind": "least_squares", "residuals": to_json(self.residuals), "n": format_rational(self.n)}


def _node_to_json(node: Node) -> list[object]:
    if node.op in BINARY or node.op == "pow":
        return [node.op, node.a, node.b]
    if node.op == "const":
        return [node.op, format_rational(node.value)]  # type: ignore[arg-type]
    if node.op == "rpow":
        return [node.op, node.a, format_rational(node.value)]  # type: ignore[arg-type]
    return [node.op] if node.op == "pi" else [node.op, node.a]


def program_json(f: ProgramObjective) -> dict[str, object]:
    """Return the loss of an array program as plain data; `objective_from_json` reads it back."""
    program = program_to_json(f.program)
    return {"kind": "array_program", "program": program, "names": list(f.names), "n": format_rational(f.n)}


def program_to_json(program: Program) -> dict[str, object]:
    """Return a program as plain data."""
    return {
        "inputs": [list(shape) for shape in program.inputs],
        "nodes": [[node.op, list(node.args), _data_to_json(node.data), list(node.shape)] for node in program.nodes],
        "outputs": list(program.outputs),
    }


def _data_to_json(data: object) -> object:
    if isinstance(data, np.ndarray):
        return data.reshape(-1).tolist() if data.dtype == np.int64 else doubles_json(data)
    if isinstance(data, Fraction):
        return format_rational(data)
    return list(data) if isinstance(data, tuple) else data


def doubles_json(values: np.ndarray) -> object:
    """Return an array as plain data: a list of dyadic numbers, row by row, or a `LongArray`."""
    values = np.asarray(values, dtype=np.float64)
    if values.size > doubles.INLINE:
        return LongArray(values)
    return [format_dyadic(Fraction(v)) for v in values.reshape(-1).tolist()]
