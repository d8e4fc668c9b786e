"""Claim: intervals of floats hold the values of every instruction, up to rounding."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.find.basins.intervals import run
from hallucert.objectives.machine.program import lower

FORMULAS = (
    "x*y - 3*x + y**2 + x**3/(y + 7) - x*x*y",
    "exp(x/3) + log(y + 6) - sqrt(x + 6)*tanh(y)",
    "sin(2*x)*cos(y) + 1/(x + 7) - y + 2 - x",
    "(x + 6)**(3/2) - (2 - x*y/40)**3",
)


@pytest.mark.parametrize("formula", FORMULAS)
def test_values_lie_in_the_intervals(formula: str) -> None:
    """On random boxes, of values at random points."""
    f = hc.Objective.parse(formula)
    program = lower(f.tape)
    draw = np.random.default_rng(3)
    for _ in range(20):
        box = np.sort(draw.uniform(-5, 5, (2, 2)), axis=1)
        lo, hi = np.zeros(program.registers), np.zeros(program.registers)
        lo[:2], hi[:2] = box.T
        run(program.code, program.constants, lo, hi)
        low, high = lo[program.outputs[0]], hi[program.outputs[0]]
        values = f.value(draw.uniform(box[:, 0], box[:, 1], (50, 2)))
        assert (low - 1e-9 <= values).all()
        assert (values <= high + 1e-9).all()
