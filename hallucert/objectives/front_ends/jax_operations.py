"""What an operation of JAX's jaxprs (a primitive) is as nodes of an array program: a table by name."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from hallucert.errors import NotAnalyticError
from hallucert.objectives.front_ends.frameworks import Operation, Tensor, Value, arithmetic, entering, node_of
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder as Builder
from hallucert.objectives.program.program import Shape, entries

OPERATIONS: dict[str, Operation] = {}
"""By the primitive; called with the builder, the arguments, and the equation's parameters by name. None: not read."""

HARMLESS = frozenset({"accuracy", "out_dtype", "out_sharding", "precision", "preferred_element_type", "sharding"})
HARMLESS |= {"weak_type"}
"""Parameters that say how results are rounded or where they lie; types of results are checked apart."""


reads = partial(entering, OPERATIONS)

ENTRYWISE: dict[str, layers.Entrywise] = {
    **layers.ENTRYWISE,
    "logistic": layers.sigmoid,
    "tan": lambda b, x: b.div(b.unary("sin", x), b.unary("cos", x)),
    "cosh": lambda b, x: b.scale(layers.HALF, b.add(b.unary("exp", x), b.unary("exp", b.neg(x)))),
    "sinh": lambda b, x: b.scale(layers.HALF, b.sub(b.unary("exp", x), b.unary("exp", b.neg(x)))),
    "exp2": lambda b, x: b.unary("exp", b.mul(b.unary("log", b.constant(2)), x)),
}


def _of_one(function: layers.Entrywise) -> Operation:
    return lambda b, x: Tensor(function(b, node_of(b, x)))


def _of_two(op: str) -> Operation:
    return lambda b, x, y: arithmetic(b, op, x, y)


OPERATIONS |= {name: _of_one(function) for name, function in ENTRYWISE.items()}
OPERATIONS |= {"add_any": _of_two("add"), **{op: _of_two(op) for op in ("add", "sub", "mul", "div")}}
reads("convert_element_type")(lambda b, x, new_dtype: x)
reads("transpose")(lambda b, x, *, permutation: Tensor(b.transpose(node_of(b, x), list(map(int, permutation)))))
reads("integer_pow")(lambda b, x, *, y: Tensor(b.power(node_of(b, x), y)))
reads("reduce_sum")(lambda b, x, *, axes: Tensor(b.sum(node_of(b, x), list(map(int, axes)))))


# ---------------------------------------------------------------------- shapes


@reads("reshape")
def _reshape(b: Builder, x: Value, *, new_sizes: Shape, dimensions: None) -> Tensor:
    if dimensions is not None:
        raise NotAnalyticError("the function has a reshape that permutes axes, which is not read")
    return Tensor(b.reshape(node_of(b, x), new_sizes))


@reads("squeeze")
def _squeeze(b: Builder, x: Value, *, dimensions: Shape) -> Tensor:
    number = node_of(b, x)
    return Tensor(b.reshape(number, tuple(n for i, n in enumerate(b.shape(number)) if i not in dimensions)))


@reads("broadcast_in_dim")
def _broadcast(b: Builder, x: Value, *, shape: Shape, broadcast_dimensions: Shape) -> Tensor:
    number, places = node_of(b, x), [int(axis) for axis in broadcast_dimensions]
    own = b.shape(number)
    if entries(own) == entries(shape):
        return Tensor(b.reshape(number, shape))
    kept = [i for i, place in enumerate(places) if own[i] == shape[place]]
    alone = b.reshape(number, tuple(own[i] for i in kept))
    return Tensor(b.broadcast(alone, [places[i] for i in kept], shape))


# ---------------------------------------------------------------------- powers, maxima


@reads("pow")
def _pow(b: Builder, x: Value, y: Value) -> Tensor:
    """With one constant exponent, or of a positive constant."""
    if isinstance(y, np.ndarray) and (y == y.flat[0]).all():
        exponent, number = Fraction(y.flat[0].item()), node_of(b, x)
        if (2 * exponent).denominator == 1:
            whole = exponent.denominator == 1
            return Tensor(
                b.power(number if whole else b.unary("sqrt", number), int(exponent if whole else 2 * exponent))
            )
        return Tensor(b.unary("exp", b.scale(exponent, b.unary("log", number))))
    if isinstance(x, np.ndarray) and (x > 0).all():
        scaled = arithmetic(b, "mul", y, Tensor(b.unary("log", node_of(b, x))))
        return Tensor(b.unary("exp", scaled.number))
    raise NotAnalyticError("the function uses a power of which both parts vary, which is not read: write exp(y*log(x))")


@reads("max")
def _max(b: Builder, x: Value, y: Value) -> Tensor | None:
    """Of 0 and a variance, written as mean square less squared mean, which is that variance: it is never negative."""
    for zero, other in ((x, y), (y, x)):
        if isinstance(zero, np.ndarray) and not zero.any() and isinstance(other, Tensor):
            found = _variance(b, other.number)
            if found is not None:
                return Tensor(found)
    return None


def _variance(b: Builder, number: int) -> int | None:
    """Return the variance that a node holds as ``mean(x^2) - mean(x)^2``, centred; None if it is none."""
    node = b.node(number)
    for first, second in (node.args, node.args[::-1]) if node.op == "add" else ():
        square, negative = _mean(b, first), b.node(second)
        if square is None or negative.op != "scale" or negative.data != -1:
            continue
        x, mean = _root(b, square[0]), _root(b, negative.args[0])
        if x is not None and mean is not None and _mean(b, mean) == (x, square[1]):
            return b.reshape(layers.variance(b, x, square[1]), b.shape(number))
    return None


def _root(b: Builder, number: int) -> int | None:
    """Return the array of which a node is the square; None if it is none."""
    node = b.node(number)
    squared = (node.op == "power" and node.data == 2) or (node.op == "mul" and node.args[0] == node.args[1])
    return node.args[0] if squared else None


def _mean(b: Builder, number: int) -> tuple[int, tuple[int, ...]] | None:
    """Return the array, and the axes, whose mean a node is, in any shape; None if it is none."""
    factor, node = Fraction(1), b.node(number)
    while node.op in ("scale", "reshape"):
        factor *= node.data if isinstance(node.data, Fraction) else 1
        node = b.node(node.args[0])
    if node.op != "sum" or not isinstance(node.data, tuple):
        return None
    shape = b.shape(node.args[0])
    alone = factor * entries(tuple(shape[axis] for axis in node.data)) == 1
    return (node.args[0], node.data) if alone else None


# ---------------------------------------------------------------------- sums and products


@reads("cumsum")
def _cumsum(b: Builder, x: Value, *, axis: int, reverse: bool) -> Tensor:
    number = node_of(b, x)
    shape = b.shape(number)
    below = np.tri(shape[axis]).T if reverse else np.tri(shape[axis])
    letters = "abcdefghijklmnop"[: len(shape)]
    result = letters.replace(letters[axis], "z")
    return Tensor(b.contract(f"{letters},z{letters[axis]}->{result}", number, b.array(below)))


@reads("dot_general")
def _dot_general(b: Builder, x: Value, y: Value, *, dimension_numbers: Value) -> Tensor:
    (left, right), (left_batch, right_batch) = dimension_numbers
    first, second = node_of(b, x), node_of(b, y)
    free = iter("abcdefghijklmnopqrstuvwxyz")
    names = [next(free) for _ in b.shape(first)]
    shared = {r: names[i] for i, r in zip((*left, *left_batch), (*right, *right_batch), strict=True)}
    others = [shared.get(i) or next(free) for i in range(len(b.shape(second)))]
    result = [names[i] for i in left_batch]
    result += [names[i] for i in range(len(names)) if i not in (*left, *left_batch)]
    result += [others[i] for i in range(len(others)) if i not in (*right, *right_batch)]
    return Tensor(b.contract(f"{''.join(names)},{''.join(others)}->{''.join(result)}", first, second))


@reads("conv_general_dilated")
def _conv(
    b: Builder,
    x: Value,
    weight: Value,
    *,
    window_strides: Shape,
    padding: Sequence[tuple[int, int]],
    lhs_dilation: Shape,
    rhs_dilation: Shape,
    dimension_numbers: Value,
    feature_group_count: int,
    batch_group_count: int,
) -> Tensor:
    if any(d != 1 for d in lhs_dilation) or batch_group_count != 1:
        raise NotAnalyticError("the function has a convolution with dilated images, or groups of samples: not read")
    axes = dimension_numbers
    images = b.transpose(node_of(b, x), axes.lhs_spec)
    images = layers.pad(b, images, [(0, 0), (0, 0), *padding])
    kernels = b.transpose(node_of(b, weight), axes.rhs_spec)
    nothing = (0,) * len(padding)
    y = layers.convolution(b, images, kernels, None, window_strides, nothing, rhs_dilation, feature_group_count)
    return Tensor(b.transpose(y, np.argsort(axes.out_spec).tolist()))


@reads("reduce_window_sum")
def _window_sum(
    b: Builder,
    x: Value,
    *,
    window_dimensions: Shape,
    window_strides: Shape,
    padding: Sequence[tuple[int, int]],
    base_dilation: Shape,
    window_dilation: Shape,
) -> Tensor:
    if any(d != 1 for d in base_dilation):
        raise NotAnalyticError("the function has sums over windows of dilated arrays: not read")
    padded = layers.pad(b, node_of(b, x), padding)
    count = len(window_dimensions)
    below = layers.windows(b.shape(padded), window_dimensions, window_strides, (0,) * count, window_dilation)
    return Tensor(b.sum(b.take(padded, below), range(count, 2 * count)))
