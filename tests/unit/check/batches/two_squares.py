"""Two residuals that move one coordinate each, at a common fixed point where all is known in closed form.

``r = (x^2 - 1, 2 y^2 - 2)``, one residual a batch, rho = 3/2, at (-1/2, -1/2): ``x_0+ = x + 3/2``, ``y_1+ = y + 3/2``,
``A = diag(2 x_0+, 4 y_1+)``, ``B_0 = (2 x_0+, 0)``, ``B_1 = (0, 4 y_1+)`` and ``n_b = 1/2``, with the probabilities 1/4
and 3/4. With ``V = [[1/2, 1/8], [0, 1]]``, ``V^-1 = [[2, -1/4], [0, 1]]`` and E = 1/64 then follow the arrays below.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

import hallucert as hc
from hallucert.balls.facade import BallArithmetic
from hallucert.check.batches.problem import BatchProblem, batch_problem
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Problem
from hallucert.objectives.batches import Batches

HALF = Fraction(-1, 2)
F = hc.Objective.least_squares(["x**2 - 1", "2*y**2 - 2"])
P = (Fraction(1, 4), Fraction(3, 4))
STEP = Fraction(1, 64)
AT_POINT = {"step": STEP, "basis": (Fraction(1, 2), Fraction(1, 8), Fraction(0), Fraction(1))}

BACK = np.array([[2, -1 / 4], [0, 1]])
LEFT = np.array([[4.0, -1.0], [0.0, 4.0]])  # L = V^-1 A
RIGHTS = np.array([[[2, 1 / 2], [0, 0]], [[0, 0], [0, 8]]])  # W_b
TURNED = np.array([[[7 / 8, -1 / 32], [0, 1]], [[1, 1 / 8], [0, 1 / 2]]])  # I - E L W_b
SLOPE = np.linalg.norm(LEFT, 2)
DESCENTS = [np.linalg.norm(right, 2) for right in RIGHTS]

SIZE = Fraction(1, 2**25)
"""Of a ball that is small enough for first order, and large enough to be seen."""

_ROWS = float(SIZE) * np.array([17**0.5, 4])  # D (4 x+, -y+) and D (0, 4 y+)
_COLUMNS = float(SIZE) * np.array([[2, 1 / 2], [0, 8]])
_FIRST = float(SIZE) * np.array([[[16, 4], [0, 0]], [[0, 16], [0, 64]]])  # of L W*_b and of L* W_b, which are the same
CHANGES = [(first + np.outer(_ROWS, columns)) / 64 for first, columns in zip(_FIRST, _COLUMNS, strict=True)]
OF_DESCENTS = [np.linalg.norm(columns) for columns in _COLUMNS]
OF_SLOPE = np.linalg.norm(_ROWS)


def problem() -> BatchProblem:
    """The problem."""
    return batch_problem(Problem(F, Fraction(3, 2)), Batches(((0,), (1,)), P))


def evidence(ar: BallArithmetic, reach: Fraction = Fraction(0)) -> Evidence:
    """What is enclosed about the point, known to so much in the first coordinate."""
    x = [ar.interval(HALF - reach, HALF + reach), ar.constant(HALF)]
    return Evidence(problem().at(ar, x), (HALF, HALF))


def encloses(enclosure: Enclosure, value: float, width: float = 1e-14) -> bool:
    """Tell whether an enclosure is around a number but for rounding of floats, and about as narrow."""
    low, high = float(enclosure.lower), float(enclosure.upper)
    return low <= value * (1 + 1e-14) and value * (1 - 1e-14) <= high and high - low <= width * abs(value)
