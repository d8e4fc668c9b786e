"""Layers of networks as nodes of an array program: activations, normalisations, convolution, attention, losses.

All of them are real-analytic where they are defined (Lemma A.7 of the paper). Shapes follow PyTorch's conventions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.program import Shape, entries

HALF = Fraction(1, 2)
Entrywise = Callable[[ProgramBuilder, int], int]


def broadcast_to(b: ProgramBuilder, a: int, shape: Shape) -> int:
    """Return `a` with the given shape by numpy's rules: axes of length 1 are repeated, missing ones are in front."""
    own = b.shape(a)
    if own == shape:
        return a
    first = len(shape) - len(own)
    kept = [axis for axis, size in enumerate(own) if size == shape[axis + first]]
    squeezed = b.reshape(a, tuple(own[axis] for axis in kept))
    return b.broadcast(squeezed, [axis + first for axis in kept], shape)


def together(b: ProgramBuilder, x: int, y: int) -> tuple[int, int]:
    """Give two arrays their common shape by numpy's rules."""
    shape = np.broadcast_shapes(b.shape(x), b.shape(y))
    return broadcast_to(b, x, shape), broadcast_to(b, y, shape)


def matmul(b: ProgramBuilder, x: int, y: int) -> int:
    """``x @ y`` for arrays of at least two axes, with numpy's rules for the leading ones."""
    front = np.broadcast_shapes(b.shape(x)[:-2], b.shape(y)[:-2])
    x = broadcast_to(b, x, front + b.shape(x)[-2:])
    y = broadcast_to(b, y, front + b.shape(y)[-2:])
    batch = "abcdefgh"[: len(front)]
    return b.contract(f"{batch}ij,{batch}jk->{batch}ik", x, y)


def linear(b: ProgramBuilder, x: int, weight: int, bias: int | None) -> int:
    """``x W^T + bias`` over the last axis; `weight` is (out, in)."""
    shape = b.shape(x)
    flat = b.reshape(x, (entries(shape[:-1]), shape[-1]))
    y = b.reshape(b.contract("ni,oi->no", flat, weight), (*shape[:-1], b.shape(weight)[0]))
    return y if bias is None else b.add(*together(b, y, bias))


# ---------------------------------------------------------------------- activations


def sigmoid(b: ProgramBuilder, x: int) -> int:
    """``1/(1 + exp(-x)) = (1 + tanh(x/2))/2``, which does not overflow."""
    return b.scale(HALF, b.add(b.constant(1), b.unary("tanh", b.scale(HALF, x))))


def silu(b: ProgramBuilder, x: int) -> int:
    """``x sigmoid(x)``."""
    return b.mul(x, sigmoid(b, x))


def mish(b: ProgramBuilder, x: int) -> int:
    """``x tanh(softplus(x))``."""
    return b.mul(x, b.unary("tanh", b.unary("softplus", x)))


def gelu(b: ProgramBuilder, x: int, approximate: str = "none") -> int:
    """``x (1 + erf(x/sqrt(2)))/2``, or the form with tanh."""
    if approximate == "tanh":  # sqrt(2/pi) (x + 0.044715 x^3)
        inner = b.add(x, b.scale(Fraction("0.044715"), b.power(x, 3)))
        bend = b.unary("tanh", b.mul(b.unary("sqrt", b.div(b.constant(2), b.pi())), inner))
    else:
        bend = b.unary("erf", b.mul(b.unary("sqrt", b.constant(HALF)), x))
    return b.scale(HALF, b.mul(x, b.add(b.constant(1), bend)))


def _unary(op: str) -> Entrywise:
    return lambda b, x: b.unary(op, x)


ENTRYWISE: dict[str, Entrywise] = {
    **{op: _unary(op) for op in ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf")},
    "neg": ProgramBuilder.neg,
    "square": lambda b, x: b.power(x, 2),
    "rsqrt": lambda b, x: b.power(b.unary("sqrt", x), -1),
    "log1p": lambda b, x: b.unary("log", b.add(b.constant(1), x)),
    "expm1": lambda b, x: b.sub(b.unary("exp", x), b.constant(1)),
    "erfc": lambda b, x: b.sub(b.constant(1), b.unary("erf", x)),
}
"""Functions of one array that both frameworks call so."""


# ---------------------------------------------------------------------- over axes


def mean(b: ProgramBuilder, x: int, axes: Sequence[int], keep: bool = False) -> int:
    """Mean over axes, which may stay with length 1."""
    shape = b.shape(x)
    total = b.scale(Fraction(1, entries(tuple(shape[a] for a in axes))), b.sum(x, axes))
    return b.reshape(total, tuple(1 if i in axes else size for i, size in enumerate(shape))) if keep else total


def variance(b: ProgramBuilder, x: int, axes: Sequence[int], keep: bool = False) -> int:
    """Mean square of what is left over after the mean, over axes: never negative, also in balls."""
    centred = b.sub(x, broadcast_to(b, mean(b, x, axes, keep=True), b.shape(x)))
    return mean(b, b.power(centred, 2), axes, keep)


def logsumexp(b: ProgramBuilder, x: int, axes: Sequence[int], live: np.ndarray | None = None) -> int:
    """``log(sum(exp(x)))`` over axes, of the `live` entries alone; 0 where there are none."""
    shape = b.shape(x)
    order = [*(i for i in range(len(shape)) if i not in axes), *sorted(axes)]
    size = entries(tuple(shape[i] for i in axes))
    last = b.reshape(b.transpose(x, order), (*(shape[i] for i in order[: len(shape) - len(axes)]), size))
    if live is None or live.all():
        return b.logsumexp(last)
    seen = np.broadcast_to(live, shape).transpose(order).reshape(-1, size)
    counts, result = seen.sum(axis=1), b.filled(0, (len(seen),))
    for count in sorted({*counts.tolist()} - {0}):  # rows with equally many entries together
        rows = np.flatnonzero(counts == count)
        places = rows[:, None] * size + np.nonzero(seen[rows])[1].reshape(-1, count)
        result = b.add(result, b.put(b.logsumexp(b.take(last, places)), rows, (len(seen),)))
    return b.reshape(result, b.shape(last)[:-1])


def kept(b: ProgramBuilder, x: int, live: np.ndarray | None) -> int:
    """Return the `live` entries, and zeros in place of the others."""
    if live is None or live.all():
        return x
    places = np.arange(entries(b.shape(x))).reshape(b.shape(x))
    return b.take(x, np.where(live, places, -1))


def log_softmax(b: ProgramBuilder, x: int, axis: int, live: np.ndarray | None = None) -> int:
    """``x - logsumexp(x)`` over an axis, and 0 where entries are not `live`."""
    shape = b.shape(x)
    spread = b.broadcast(logsumexp(b, x, [axis], live), [i for i in range(len(shape)) if i != axis], shape)
    return kept(b, b.sub(x, spread), live)


def softmax(b: ProgramBuilder, x: int, axis: int, live: np.ndarray | None = None) -> int:
    """The exponential of `log_softmax`, and 0 where entries are not `live`."""
    return kept(b, b.unary("exp", log_softmax(b, x, axis, live)), live)


def normalised(b: ProgramBuilder, x: int, axes: Sequence[int], eps: Fraction, centred: bool = True) -> int:
    """``(x - mean) / sqrt(variance + eps)`` over axes; not `centred`, the root mean square is divided by."""
    shape = b.shape(x)
    if centred:
        x = b.sub(x, broadcast_to(b, mean(b, x, axes, keep=True), shape))
    size = b.add(mean(b, b.power(x, 2), axes, keep=True), b.constant(eps))
    return b.mul(x, broadcast_to(b, b.power(b.unary("sqrt", size), -1), shape))


def affine(b: ProgramBuilder, x: int, weight: int | None, bias: int | None, axis: int | None = None) -> int:
    """``weight x + bias``, along the trailing axes or along one `axis`."""
    for parameter, join in ((weight, b.mul), (bias, b.add)):
        if parameter is not None:
            if axis is not None:
                parameter = b.broadcast(parameter, [axis], b.shape(x))
            x = join(*together(b, x, parameter))
    return x


def attention(
    b: ProgramBuilder,
    query: int,
    key: int,
    value: int,
    scale: Fraction | None,
    live: np.ndarray | None = None,
    bias: int | None = None,
) -> int:
    """``softmax(q k^T / sqrt(e) + bias) v`` over the last two axes; `live`: which keys a query sees, if not all."""
    axes = list(range(len(b.shape(key))))
    scores = matmul(b, query, b.transpose(key, [*axes[:-2], axes[-1], axes[-2]]))
    if scale is None:
        factor = b.power(b.unary("sqrt", b.constant(b.shape(query)[-1])), -1)
        scores = b.mul(scores, factor)
    else:
        scores = b.scale(scale, scores)
    if bias is not None:
        scores = b.add(*together(b, scores, bias))
    return matmul(b, softmax(b, scores, len(axes) - 1, live), value)


def concatenate(b: ProgramBuilder, parts: Sequence[int], axis: int) -> int:
    """Arrays one after the other along an axis."""
    shapes = [b.shape(part) for part in parts]
    total = sum(shape[axis] for shape in shapes)
    shape = (*shapes[0][:axis], total, *shapes[0][axis + 1 :])
    places, result, start = np.arange(entries(shape)).reshape(shape), -1, 0
    for part, own in zip(parts, shapes, strict=True):
        term = b.put(part, places.take(range(start, start + own[axis]), axis), shape)
        result, start = (term if result < 0 else b.add(result, term)), start + own[axis]
    return result


def pad(b: ProgramBuilder, x: int, widths: Sequence[tuple[int, int]]) -> int:
    """Zeros before and after the entries, along each axis."""
    if not any(width for both in widths for width in both):
        return x
    places = np.arange(entries(b.shape(x))).reshape(b.shape(x))
    return b.take(x, np.pad(places, widths, constant_values=-1))


def windows(size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> np.ndarray:
    """Return which entries of an image lie below each place of a window, -1 outside: (*places, *kernel)."""
    image = np.pad(np.arange(entries(size)).reshape(size), [(p, p) for p in padding], constant_values=-1)
    below = sliding_window_view(image, tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)))
    return below[tuple(slice(None, None, step) for step in (*stride, *dilation))]


def convolution(
    b: ProgramBuilder,
    x: int,
    weight: int,
    bias: int | None,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: int = 1,
) -> int:
    """Correlation of images (n, c, *size) with kernels (o, c/groups, *kernel), as PyTorch's conv."""
    n, c, *size = b.shape(x)
    o, own, *kernel = b.shape(weight)
    below = windows(tuple(size), tuple(kernel), stride, padding, dilation)
    places = below.shape[: len(size)]
    flat = below.reshape(entries(places), -1)
    channels = np.arange(n * c).reshape(n, c, 1, 1) * entries(tuple(size))
    patches = b.take(x, np.where(flat < 0, -1, channels + flat))  # (n, c, places, kernel)
    patches = b.reshape(patches, (n, groups, own, *flat.shape))
    kernels = b.reshape(weight, (groups, o // groups, own, flat.shape[1]))
    y = b.reshape(b.contract("ngcpk,gock->ngop", patches, kernels), (n, o, *places))
    return y if bias is None else b.add(y, b.broadcast(bias, [1], b.shape(y)))


def average_pool(b: ProgramBuilder, x: int, kernel: Shape, stride: Shape, padding: Shape, padded: bool = True) -> int:
    """Means over windows of images (n, c, *size); zeros around them count if `padded`."""
    n, c, *size = b.shape(x)
    below = windows(tuple(size), kernel, stride, padding, (1,) * len(size))
    places = below.shape[: len(size)]
    flat = below.reshape(entries(places), -1)
    channels = np.arange(n * c).reshape(n, c, 1, 1) * entries(tuple(size))
    total = b.sum(b.take(x, np.where(flat < 0, -1, channels + flat)), [3])
    if padded or (flat >= 0).all():
        return b.reshape(b.scale(Fraction(1, flat.shape[1]), total), (n, c, *places))
    counts = b.broadcast(b.array((flat >= 0).sum(axis=1)), [2], b.shape(total))
    return b.reshape(b.div(total, counts), (n, c, *places))


# ---------------------------------------------------------------------- losses


def cross_entropy(b: ProgramBuilder, outputs: int, labels: np.ndarray, smoothing: Fraction) -> int:
    """The mean over samples of ``-sum_j t_j log softmax(o)_j``; ``t`` is ``1 - s + s/c`` at the label, else ``s/c``."""
    n, c = b.shape(outputs)
    logs = log_softmax(b, outputs, 1)
    at_label = b.sum(b.take(logs, np.arange(n) * c + labels), [0])
    loss = b.scale(-(1 - smoothing) / n, at_label)
    return b.add(loss, b.scale(-smoothing / (n * c), b.sum(logs, [0, 1]))) if smoothing else loss


def decay(b: ProgramBuilder, arrays: Sequence[int], weight: Fraction) -> int:
    """``(w/2) |theta|^2`` over all parameter arrays."""
    total = -1
    for array in arrays:
        flat = b.reshape(array, (entries(b.shape(array)),))
        square = b.contract("m,m->", flat, flat)
        total = square if total < 0 else b.add(total, square)
    return b.scale(weight / 2, total)
