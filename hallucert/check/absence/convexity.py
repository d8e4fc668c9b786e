"""Convexity: on all of R^d from the structure of the formula, on boxes from enclosures of the Hessian.

*Composition rules* (disciplined convex programming). Every node of the tape is given what is certain about it on all of
R^d: its sign, and whether it is convex, concave, log-convex (its logarithm is convex) or root-convex (its square root
is). The rules are exact; no number is rounded. Their sources are the classical ones: sums and nonnegative multiples,
``h(u)`` with h convex and increasing and u convex, ``u**2`` with ``|u|`` convex, sums and products of log-convex
functions (so ``log(1 + exp(u))`` is convex), norms of vectors of convex nonnegative functions (so ``sqrt(1 + u**2)``
is). A node that may be undefined somewhere ends the analysis.

*Semidefinite Hessians.* A quadratic function has a constant Hessian, decided in rational arithmetic. On a box, ``H`` is
positive semidefinite if it is diagonally dominant with nonnegative diagonal, or if ``W^T H W`` is strictly so for some
W (which then is nonsingular), with float eigenvectors as W. It is not, at a point, if ``w^T H w < 0`` for some w.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.check.census.search.branch_and_prune import ends
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.tape import Node, Tape, node_operands

POLYNOMIAL = frozenset({"var", "const", "add", "sub", "mul", "neg", "pow"})
HALF = Fraction(1, 2)


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
            shape = _with(shape, convex=True, concave=True, constant=True)
        shapes.append(_closed(shape))
    return shapes


def _with(shape: Shape, **changes: bool) -> Shape:
    return Shape(**{**shape.__dict__, **changes})


def _closed(shape: Shape) -> Shape:
    """Add what follows: log-convex functions are positive, convex and root-convex."""
    positive = shape.positive or shape.log_convex or (shape.constant and shape.positive)
    log_convex = shape.log_convex or (shape.constant and positive)
    return _with(
        shape,
        positive=positive,
        nonnegative=shape.nonnegative or positive,
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
                inverse = _with(inverse, convex=True, concave=True, constant=True)
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
        good = (a.positive and a.concave) or (a.negative and a.convex and even)
        return Shape(
            positive=a.positive or even,
            negative=a.negative and not even,
            convex=good,
            concave=a.negative and a.convex and not even,
            log_convex=good,
        )
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
        return Shape(positive=True, convex=a.concave, log_convex=a.concave)
    if exponent >= 1:
        return Shape(positive=True, convex=a.convex, log_convex=a.log_convex)
    convex = exponent == HALF and a.root_convex
    return Shape(positive=True, convex=convex, concave=a.concave, log_convex=a.log_convex)


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


def definiteness(lanes: Any, a: Sequence[Sequence[Any]], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Tell for each lane whether every symmetric matrix in `a` is positive semidefinite, and whether none is."""
    d = len(a)
    low, high = np.empty((count, d, d)), np.empty((count, d, d))
    for i in range(d):
        for j in range(d):
            low[:, i, j], high[:, i, j] = ends(lanes, a[i][j], count)
    known: np.ndarray = np.all(np.isfinite(low) & np.isfinite(high), axis=(1, 2))
    middle = np.where(known[:, None, None], low / 2 + high / 2, np.eye(d))
    _, vectors = np.linalg.eigh((middle + middle.transpose(0, 2, 1)) / 2)
    w = [[lanes.box(vectors[:, i, j], vectors[:, i, j]) for j in range(d)] for i in range(d)]
    turned = _product_of(lanes, [list(column) for column in zip(*w, strict=True)], _product_of(lanes, a, w))
    _, dominant = _dominance(lanes, turned, count)
    plain, least = _dominance(lanes, a, count)
    semidefinite_lanes = ((dominant > 0).all(1) | ((least >= 0) & (plain >= 0)).all(1)) & known
    negative = np.stack([ends(lanes, turned[i][i], count)[1] for i in range(d)], 1)
    return semidefinite_lanes, (negative < 0).any(1) & known


def _dominance(lanes: Any, a: Sequence[Sequence[Any]], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return lower ends of the diagonal, and of the diagonal minus the sum of the sizes beside it, rounded down."""
    d = len(a)
    diagonal, excess = np.empty((count, d)), np.empty((count, d))
    for i in range(d):
        own = ends(lanes, a[i][i], count)[0]
        good = np.isfinite(own)
        start = np.where(good, own, 0.0)
        total = lanes.box(start, start)
        for j in range(d):
            if j != i:
                low, high = ends(lanes, a[i][j], count)
                size = np.maximum(-low, high)
                good = good & np.isfinite(size)
                size = np.where(np.isfinite(size), size, 0.0)
                total = total - lanes.box(size, size)
        diagonal[:, i] = own
        excess[:, i] = np.where(good, ends(lanes, total, count)[0], -np.inf)
    return diagonal, excess


def _product_of(lanes: Any, a: Sequence[Sequence[Any]], b: Sequence[Sequence[Any]]) -> list[list[Any]]:
    result = []
    for row in a:
        entries = []
        for column in zip(*b, strict=True):
            total = row[0] * column[0]
            for x, y in zip(row[1:], column[1:], strict=True):
                total = total + x * y
            entries.append(total)
        result.append(entries)
    return result
