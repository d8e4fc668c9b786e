"""Where a function is defined: told from its own tape, since a derivative may be defined where the function is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hallucert.balls.facade import BallArithmetic
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective


def is_defined(ar: BallArithmetic, f: Objective, box: Sequence[Any]) -> bool:
    """Tell whether `f` is certainly defined and analytic on all of a box of balls."""
    return bool(ar.is_finite(f.enclose_value(ar, box)))


def is_undefined(ar: BallArithmetic, f: Objective, box: Sequence[Any]) -> bool:
    """Tell whether `f` is certainly undefined, or not analytic, at every point of a box of balls.

    That is so if some operation of its formula gets an argument that certainly is outside of its domain
    (`hallucert.objectives.tape`).
    """
    if not isinstance(f, FormulaObjective):
        return False
    checked = {}  # node number of an argument: whether it must be positive (True), or only not be 0 (False)
    for node in f.tape.nodes:
        if node.op in ("log", "sqrt", "rpow"):
            checked[node.a] = True
        elif node.op == "div" or (node.op == "pow" and node.b < 0):
            number = node.b if node.op == "div" else node.a
            checked[number] = checked.get(number, False)
    values = f.tape.evaluate_nodes(ar, box, list(checked))
    return any(
        ar.is_finite(value) and (ar.upper(value) <= 0 if positive else ar.magnitude(value) == 0)
        for value, positive in zip(values, checked.values(), strict=True)
    )
