"""The second derivative of a network's loss along one direction, in balls, without a Hessian.

Along ``x + t v`` with ``v = (V_l, v_l)`` every layer carries ``a, a', a''`` (derivatives by ``t`` at 0):

    z' = W a' + V a + v ;  z'' = W a'' + 2 V a' ;  a' = s z' ;  a'' = s (z'' - 2 a z'^2) ,  s = 1 - a^2

and with the error ``e`` and the curvature ``C`` of the loss by the outputs, ``v^T H v = sum e . o'' + o'^T C o'``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hallucert.objectives.network.enclosures import Pass, Rows
from hallucert.objectives.network.losses import Loss


def second_derivative(run: Pass, loss: Loss, v: Sequence[Any]) -> Any:
    """Enclose ``v^T H v`` on the box of a run, for `d` balls ``v``."""
    ar = run.ar
    dot, ddot = output_jets(run, v)
    error, curvature = loss.enclose_error(ar, run.outputs), loss.enclose_curvature(ar, run.outputs)
    total = ar.constant(Fraction(0))
    for e_row, o_row in zip(error, ddot, strict=True):
        for e, o in zip(e_row, o_row, strict=True):
            total = total + e * o
    for j, blocks in enumerate(curvature):
        for k, block in enumerate(blocks):
            if block is not None:
                for c, a, b in zip(block, dot[j], dot[k], strict=True):
                    total = total + c * (ar.power(a, 2) if j == k else a * b)
    return total


def output_jets(run: Pass, v: Sequence[Any]) -> tuple[Rows, Rows]:
    """Enclose the first and second derivatives of the outputs along ``v``, `c` rows of `n` balls each."""
    ar = run.ar
    two, zero = ar.constant(Fraction(2)), ar.constant(Fraction(0))
    dot: Rows = [[zero] * run.samples for _ in run.a[0]]
    ddot = dot
    for number, (move, bias) in enumerate(run.network.layout.split_rows(v)):
        w, a = run.weights[number][0], run.a[number]
        along = ar.matrix_product(move, a)
        bend = [[two * x for x in row] for row in ar.matrix_product(move, dot)]
        if number:
            along = _sum(along, ar.matrix_product(w, dot))
            bend = _sum(bend, ar.matrix_product(w, ddot))
        dot = [[x + b for x in row] for row, b in zip(along, bias, strict=True)]
        ddot = bend
        slopes = run.slopes[number]
        if slopes is not None:
            after = run.a[number + 1]
            ddot = [
                [s * (y - two * x * ar.power(z, 2)) for s, x, y, z in zip(*rows, strict=True)]
                for rows in zip(slopes, after, ddot, dot, strict=True)
            ]
            dot = [[s * z for s, z in zip(*rows, strict=True)] for rows in zip(slopes, dot, strict=True)]
    return dot, ddot


def _sum(a: Rows, b: Rows) -> Rows:
    return [[x + y for x, y in zip(row, other, strict=True)] for row, other in zip(a, b, strict=True)]
