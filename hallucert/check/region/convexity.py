"""Convexity: on all of R^d from the structure of the formula, on boxes from enclosures of the Hessian.

*Composition rules* (disciplined convex programming). Every node of the tape is given what is certain about it on all of
R^d: its sign, and whether it is convex, concave, log-convex (its logarithm is convex) or root-convex (its square root
is). The rules are exact; no number is rounded. Their sources are the classical ones: sums and nonnegative multiples,
``h(u)`` with h convex and increasing and u convex, ``u**2`` with ``|u|`` convex, sums and products of log-convex
functions (so ``log(1 + exp(u))`` is convex), norms of vectors of convex nonnegative functions (so ``sqrt(1 + u**2)``
is). A node that may be undefined somewhere ends the analysis. Positive concave functions on R^d are constant, so the
rules for their reciprocals and roots are not needed.

*Semidefinite Hessians.* A quadratic function has a constant Hessian, decided in rational arithmetic. On a box, the
smallest eigenvalue is bounded from below by diagonal dominance, of ``H`` and of ``W^T H W`` with float eigenvectors as
W; at a point, from above by the diagonal of the latter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from operator import add, mul

import numpy as np

from hallucert.balls.ball_lanes import LaneArithmetic, ends
from hallucert.balls.facade import Ball
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.tape import Node, Tape, node_operands

POLYNOMIAL = frozenset({"var", "const", "add", "sub", "mul", "neg", "pow"})
HALF = Fraction(1, 2)
UNIT = 2.0**-52
"""At least the relative error of an operation in doubles."""

Rows = Sequence[Sequence[Ball]]
"""Rows of a matrix, balls in lanes."""


@dataclass(frozen=True)
class Shape:
    """What is certain about a node on all of R^d; False means not known."""

    nonnegative: bool = False
    nonpositive: bool = False
    positive: bool = False
    negative: bool = False
    convex: bool = False
    concave: bool = False
    log_convex: bool = False
    root_convex: bool = False
    constant: bool = False

    @property
    def affine(self) -> bool:
        """Whether it is convex and concave."""
        return self.convex and self.concave

    @property
    def convex_size(self) -> bool:
        """Whether ``|u|`` is convex."""
        return self.affine or (self.convex and self.nonnegative) or (self.concave and self.nonpositive)


def is_convex(f: FormulaObjective) -> bool:
    """Tell whether `f` is certainly defined and convex on all of R^d, by the composition rules or as a quadratic."""
    shapes = node_shapes(f.tape)
    return (shapes is not None and shapes[f.tape.outputs[0]].convex) or is_convex_quadratic(f)


def node_shapes(tape: Tape) -> list[Shape] | None:
    """Apply the composition rules; None if some node may be undefined somewhere."""
    shapes: list[Shape] = []
    for node in tape.nodes:
        shape = _shape(node, [shapes[i] for i in node_operands(node)])
        if shape is None:
            return None
        if node_operands(node) and all(shapes[i].constant for i in node_operands(node)):
            shape = replace(shape, convex=True, concave=True, constant=True)
        shapes.append(_closed(shape))
    return shapes


def _closed(shape: Shape) -> Shape:
    """Add what follows: positive constants are log-convex, and log-convex functions are convex and root-convex."""
    log_convex = shape.log_convex or (shape.constant and shape.positive)
    return replace(
        shape,
        nonnegative=shape.nonnegative or shape.positive,
        nonpositive=shape.nonpositive or shape.negative,
        log_convex=log_convex,
        convex=shape.convex or log_convex,
        root_convex=shape.root_convex or log_convex or (shape.constant and shape.nonnegative),
    )


def _shape(node: Node, operands: list[Shape]) -> Shape | None:
    """Return what is certain about a node, None if it may be undefined."""
    match node.op:
        case "var":
            return Shape(convex=True, concave=True)
        case "const" | "pi":
            value = node.value if node.value is not None else Fraction(3)
            return _closed(Shape(value >= 0, value <= 0, value > 0, value < 0, True, True, constant=True))
        case "add":
            return _sum(*operands)
        case "sub":
            return _sum(operands[0], _negated(operands[1]))
        case "neg":
            return _negated(operands[0])
        case "mul":
            return _power(operands[0], 2) if node.a == node.b else _product(*operands)
        case "div":
            inverse = _power(operands[1], -1)
            if inverse is None:
                return None
            if operands[1].constant:
                inverse = replace(inverse, constant=True)
            return _product(operands[0], _closed(inverse))
        case "pow":
            return _power(operands[0], node.b)
        case "sqrt":
            return _real_power(operands[0], HALF)
        case "rpow":
            return _real_power(operands[0], node.value or Fraction(0))
        case "exp":
            return Shape(positive=True, convex=operands[0].convex, log_convex=operands[0].convex)
        case "softplus":  # increasing, convex, positive
            return Shape(positive=True, convex=operands[0].convex)
        case "log":
            a = operands[0]
            return Shape(concave=a.concave, convex=a.log_convex) if a.positive else None
    return Shape()


def _negated(a: Shape) -> Shape:
    return Shape(a.nonpositive, a.nonnegative, a.negative, a.positive, a.concave, a.convex, constant=a.constant)


def _sum(a: Shape, b: Shape) -> Shape:
    return Shape(
        nonnegative=a.nonnegative and b.nonnegative,
        nonpositive=a.nonpositive and b.nonpositive,
        positive=a.nonnegative and b.nonnegative and (a.positive or b.positive),
        negative=a.nonpositive and b.nonpositive and (a.negative or b.negative),
        convex=a.convex and b.convex,
        concave=a.concave and b.concave,
        log_convex=a.log_convex and b.log_convex,
        root_convex=a.root_convex and b.root_convex,
    )


def _product(a: Shape, b: Shape) -> Shape:
    if b.constant:
        a, b = b, a
    same, opposite = (a.nonnegative, b.nonnegative), (a.nonnegative, b.nonpositive)
    return Shape(
        nonnegative=all(same) or (a.nonpositive and b.nonpositive),
        nonpositive=all(opposite) or (a.nonpositive and b.nonnegative),
        positive=(a.positive and b.positive) or (a.negative and b.negative),
        negative=(a.positive and b.negative) or (a.negative and b.positive),
        convex=a.constant and (b.affine or (a.nonnegative and b.convex) or (a.nonpositive and b.concave)),
        concave=a.constant and (b.affine or (a.nonnegative and b.concave) or (a.nonpositive and b.convex)),
        log_convex=a.log_convex and b.log_convex,
        root_convex=a.constant and a.nonnegative and b.root_convex,
    )


def _power(a: Shape, exponent: int) -> Shape | None:
    if exponent == 0:
        return Shape(positive=True, convex=True, concave=True, constant=True)
    if exponent == 1:
        return a
    if exponent < 0:
        if not (a.positive or a.negative):
            return None
        even = exponent % 2 == 0
        return Shape(positive=a.positive or even, negative=a.negative and not even)
    if exponent % 2 == 0:
        return Shape(
            nonnegative=True,
            positive=a.positive or a.negative,
            convex=a.convex_size,
            log_convex=a.log_convex,
            root_convex=a.convex_size,
        )
    return Shape(
        a.nonnegative,
        a.nonpositive,
        a.positive,
        a.negative,
        convex=a.convex and a.nonnegative,
        concave=a.concave and a.nonpositive,
        log_convex=a.log_convex,
    )


def _real_power(a: Shape, exponent: Fraction) -> Shape | None:
    """``a ** exponent`` for ``a > 0``."""
    if not a.positive:
        return None
    if exponent < 0:
        return Shape(positive=True)
    if exponent >= 1:
        return Shape(positive=True, convex=a.convex, log_convex=a.log_convex)
    return Shape(positive=True, convex=exponent == HALF and a.root_convex, log_convex=a.log_convex)


def is_convex_quadratic(f: FormulaObjective) -> bool:
    """Tell whether `f` is a polynomial with a constant, positive semidefinite Hessian."""
    nodes, hessian = f.tape.nodes, f.hessian_tape
    if any(n.op not in POLYNOMIAL or (n.op == "pow" and n.b < 0) for n in nodes):
        return False
    entries = [hessian.nodes[i] for i in hessian.outputs]
    if any(node.op != "const" or node.value is None for node in entries):
        return False
    values, d = [node.value or Fraction(0) for node in entries], f.dimension
    return semidefinite([[values[max(i, j) * (max(i, j) + 1) // 2 + min(i, j)] for j in range(d)] for i in range(d)])


def semidefinite(a: Sequence[Sequence[Fraction]]) -> bool:
    """Tell whether a symmetric rational matrix is positive semidefinite, by symmetric elimination, exactly."""
    rows = [list(row) for row in a]
    for k in range(len(rows)):
        pivot = rows[k][k]
        if pivot < 0 or (pivot == 0 and any(rows[k][k:])):
            return False
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / pivot if pivot else Fraction(0)
            for j in range(k, len(rows)):
                rows[i][j] -= factor * rows[k][j]
    return True


@np.errstate(all="ignore")
def smallest_eigenvalues(lanes: LaneArithmetic, a: Rows, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Bound, for each lane, the smallest eigenvalue of every symmetric matrix in `a`, from below and from above.

    It is at least the *dominance*, the least of ``H_ii - sum_j |H_ij|``, j other than i. With float eigenvectors as the
    columns of W let ``T = W^T H W``, and let ``e < 1`` bound the sums of the sizes in the rows of ``W^T W - I``. Then
    ``x^T H x = y^T T y`` for ``x = W y``, and ``|x|^2`` lies between ``(1 - e) |y|^2`` and ``(1 + e) |y|^2``: so the
    dominance of T, divided by one of these, is another bound from below, and the least ``T_ii`` is one from above.
    """
    low, high = _ends_of(lanes, a, count)
    known = np.isfinite(low).all((1, 2)) & np.isfinite(high).all((1, 2))
    middle = np.where(known[:, None, None], low / 2 + high / 2, np.eye(len(a)))
    _, vectors = np.linalg.eigh(middle / 2 + middle.transpose(0, 2, 1) / 2)
    w = [[lanes.box(v, v) for v in row] for row in vectors.transpose(1, 2, 0)]
    transposed = [list(column) for column in zip(*w, strict=True)]
    turned_low, turned_high = _ends_of(lanes, _product_of(lanes, transposed, _product_of(lanes, a, w)), count)
    error = _sum_above(_distance_from_orthogonal(vectors)).max(1)
    shortest, longest = np.nextafter(1 - error, -np.inf), np.nextafter(1 + error, np.inf)
    below, above = _dominance(turned_low, turned_high), np.diagonal(turned_high, axis1=1, axis2=2).min(1)
    below = np.nextafter(below / np.where(below > 0, longest, shortest), -np.inf)
    above = np.nextafter(above / np.where(above < 0, longest, shortest), np.inf)
    sound = known & (shortest > 0) & ~np.isnan(below) & ~np.isnan(above)
    below = np.maximum(_dominance(low, high), np.where(sound, below, -np.inf))
    return np.where(known, below, -np.inf), np.where(sound, above, np.inf)


def _distance_from_orthogonal(w: np.ndarray) -> np.ndarray:
    """Return upper bounds of the sizes of the entries of ``W^T W - I``.

    In whatever order the sums are taken, they are off by at most ``d u/(1 - d u)`` times those of sizes, u the unit of
    rounding, half of `UNIT`, and by less than `UNIT` where products underflow; subtracting I is off by u of the result.
    The factors leave room for the five roundings of the last line itself.
    """
    turned, d = w.transpose(0, 2, 1), w.shape[1]
    gram, sizes = turned @ w, np.abs(turned) @ np.abs(w)
    bound: np.ndarray = np.abs(gram - np.eye(d)) * (1 + 8 * UNIT) + (d + 2) * UNIT * sizes + UNIT
    return bound


def _ends_of(lanes: LaneArithmetic, a: Rows, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper ends of matrices, each of shape (count, d, d)."""
    both = np.array([[ends(lanes, entry, count) for entry in row] for row in a])
    return both[:, :, 0].transpose(2, 0, 1), both[:, :, 1].transpose(2, 0, 1)


def _sum_above(sizes: np.ndarray) -> np.ndarray:
    """Return upper bounds of sums of few nonnegative doubles, along the last axis: each addition is off by a unit."""
    sums: np.ndarray = sizes.sum(-1)
    return sums * (1 + len(sizes.T) * UNIT)


def _dominance(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return a lower bound of the least ``H_ii - sum_j |H_ij|`` of matrices."""
    own = np.diagonal(low, axis1=1, axis2=2)
    others = _sum_above(np.where(np.eye(low.shape[1], dtype=bool), 0.0, np.maximum(-low, high)))
    least: np.ndarray = np.where(others > 0, np.nextafter(own - others, -np.inf), own).min(1)
    return least


def _product_of(lanes: LaneArithmetic, a: Rows, b: Rows) -> list[list[Ball]]:
    columns = list(zip(*b, strict=True))
    return [[reduce(add, map(mul, row, column)) for column in columns] for row in a]
