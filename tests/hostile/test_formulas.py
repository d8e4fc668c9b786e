"""A formula is data: the largest and strangest ones are read quickly or refused by a typed error, never run."""

import pytest

from hallucert.errors import ArgumentError, FormulaError, HallucertError
from hallucert.objectives.front_ends.parser import parse_tape
from hallucert.objectives.objective import Objective


@pytest.mark.parametrize(
    "formula",
    [
        "(" * 30_000 + "x" + ")" * 30_000,
        "-" * 150_000 + "x",
        "sin(" * 20_000 + "x" + ")" * 20_000,
        "x**" * 20_000 + "1",
        "1/" * 20_000 + "x",
        "+".join(["x"] * 30_000),
        "+".join(f"x{i}" for i in range(10_000)),
        "*".join(["(x+1)"] * 10_000),
    ],
    ids=["parentheses", "signs", "functions", "powers", "divisions", "terms", "variables", "factors"],
)
def test_depth_and_length_exhaust_nothing(formula):
    """Nesting and length are bounded by the size of the text only: no RecursionError, no quadratic time."""
    tape = parse_tape([formula])
    assert len(tape.outputs) == 1


@pytest.mark.parametrize(
    "formula",
    [
        "x + 9**9**9",
        "x + 9**9**9**9**9",
        "x**1e9",
        "x + 10**(10**10)",
        "x + 1e99999",
        "x*" + "9" * 5000,
        "x" * 200_001,
        "x + " + "y" * 65,
        "x" + "1" * 5000,
        "(" * 90_000 + "x",
        "x" + ")" * 90_000,
        "+".join(f"x{i}" for i in range(10_001)),
        "__import__('os').system('true')",
        "x.__class__",
        "lambda: x",
        "x if x else y",
        "x\x00",
        "x;y",
        "[x]",
        "x=1",
        "ｘ + 1",
        "1_000*x",
        "0x10*x",
    ],
    ids=lambda text: text[:12] + f"..{len(text)}" if len(text) > 40 else text,
)
def test_bombs_and_code_are_refused(formula):
    """Numbers that do not fit, too many names, and anything that is Python rather than arithmetic are refused."""
    with pytest.raises(ArgumentError):
        parse_tape([formula])


def test_powers_of_constants_do_not_explode():
    """Constants too long to fold stay operations: the tape of (2**10000)**10000 is a handful of nodes."""
    tape = parse_tape(["x*((2**10000)**10000)**10000 + (x + 1)**10000"])
    assert len(tape.nodes) < 15
    assert sum(len(str(node.value)) for node in tape.nodes if node.value is not None) < 50


@pytest.mark.parametrize("wrong", [None, 3, b"x", ["x"], object()])
def test_a_formula_must_be_text(wrong):
    """Anything but a string is refused by name."""
    with pytest.raises(ArgumentError, match="formula"):
        Objective.parse(wrong)


def test_error_messages_are_short_whatever_the_formula():
    """An excerpt, not two hundred thousand characters."""
    with pytest.raises(HallucertError) as caught:
        parse_tape(["x+" * 90_000 + "@"])
    assert isinstance(caught.value, FormulaError)
    assert caught.value.position == 180_000 and len(str(caught.value)) < 300
