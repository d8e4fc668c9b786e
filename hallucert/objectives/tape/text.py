"""Writing a tape as a formula that the parser reads back."""

from __future__ import annotations

from hallucert.exact import format_rational
from hallucert.objectives.tape.tape import Tape

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
MAX_LENGTH = 2000


def formula(tape: Tape, output: int = 0) -> str | None:
    """Return the formula of one output, or None if it would be longer than `MAX_LENGTH` characters.

    Examples
    --------
    >>> from hallucert.objectives.parser import parse_tape
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
