"""What an operation of PyTorch's graphs (ATen) is as nodes of an array program: a table by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from hallucert.errors import NotAnalyticError
from hallucert.objectives.front_ends import shifts
from hallucert.objectives.front_ends.frameworks import Operation, Tensor, Value, arithmetic, entering, node_of
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder as Builder
from hallucert.objectives.program.program import Shape

OPERATIONS: dict[str, Operation] = {}
"""By the name of the operation; called with the builder and the operation's own arguments."""


def reads(*names: str) -> Callable[[Operation], Operation]:
    """Return what enters a function in the table under the names of operations."""
    return entering(OPERATIONS, *(f"aten.{name}" for name in names))


def _of_one(function: layers.Entrywise) -> Operation:
    return lambda b, x: Tensor(function(b, x.number))


ENTRYWISE: dict[str, layers.Entrywise] = {
    **layers.ENTRYWISE,
    **dict.fromkeys(("sigmoid", "special_expit"), layers.sigmoid),
    "silu": layers.silu,
    "mish": layers.mish,
    "reciprocal": lambda b, x: b.power(x, -1),
    **dict.fromkeys(("log_sigmoid", "logsigmoid"), lambda b, x: b.neg(b.unary("softplus", b.neg(x)))),
    **dict.fromkeys(("contiguous", "clone", "alias"), lambda b, x: x),
}
for _name, _function in ENTRYWISE.items():
    reads(f"{_name}.default")(_of_one(_function))
reads("mul.Tensor", "mul.Scalar")(lambda b, x, y: arithmetic(b, "mul", x, y))
reads("div.Tensor", "div.Scalar")(lambda b, x, y: arithmetic(b, "div", x, y))
reads("rsub.Scalar")(lambda b, x, y: _sub(b, y, x))
reads("addmm.default")(lambda b, bias, x, y: _add(b, _matmul(b, x, y), bias))
reads("to.dtype", "to.dtype_layout")(lambda b, x, *_, **options: x)  # types of results are checked apart


def _optional(x: Tensor | None) -> int | None:
    return None if x is None else x.number


def _pair(value: int | Sequence[int], axes: int) -> Shape:
    sizes = [value] if isinstance(value, int) else list(value)
    return tuple(sizes * axes if len(sizes) == 1 else sizes)


# ---------------------------------------------------------------------- arithmetic


@reads("add.Tensor", "add.Scalar")
def _add(b: Builder, x: Value, y: Value, alpha: Value = 1) -> Value:
    if alpha == 1 and (shifts.special(x) or shifts.special(y)):
        return shifts.plus(b, x, y)
    return arithmetic(b, "add", x, Tensor(b.scale(Fraction(alpha), node_of(b, y))))


@reads("add_.Tensor")
def _add_in_place(b: Builder, x: Value, y: Value, alpha: Value = 1) -> Value:
    raise NotAnalyticError("the module changes a tensor in place, which is not read: write x = x + y")


@reads("sub.Tensor", "sub.Scalar")
def _sub(b: Builder, x: Value, y: Value, alpha: Value = 1) -> Tensor:
    return arithmetic(b, "sub", x, Tensor(b.scale(Fraction(alpha), node_of(b, y))))


@reads("pow.Tensor_Scalar")
def _pow(b: Builder, x: Tensor, exponent: float) -> Tensor:
    if exponent == 0.5:
        return Tensor(b.unary("sqrt", x.number))
    if exponent != int(exponent):
        raise NotAnalyticError(f"the module raises to the power {exponent}: integer powers and square roots are read")
    return Tensor(b.power(x.number, int(exponent)))


@reads("softplus.default")
def _softplus(b: Builder, x: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """PyTorch takes ``x`` itself beyond 20, where it differs by 2e-9; here it is the function everywhere."""
    if threshold < 20:
        raise NotAnalyticError("the module has softplus with a threshold below 20: it jumps there")
    scale = Fraction(beta)
    return Tensor(b.scale(1 / scale, b.unary("softplus", b.scale(scale, x.number))))


@reads("gelu.default")
def _gelu(b: Builder, x: Tensor, approximate: str = "none") -> Tensor:
    return Tensor(layers.gelu(b, x.number, approximate))


@reads("dropout.default")
def _dropout(b: Builder, x: Tensor, p: float, train: bool) -> Tensor:
    if train and p:
        raise NotAnalyticError("the module has dropout in training mode, which draws new masks: call its eval()")
    return x


# ---------------------------------------------------------------------- products


@reads("linear.default")
def _linear(b: Builder, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return Tensor(layers.linear(b, node_of(b, x), weight.number, _optional(bias)))


@reads("matmul.default", "mm.default", "bmm.default")
def _matmul(b: Builder, x: Value, y: Value) -> Tensor:
    first, second = node_of(b, x), node_of(b, y)
    if len(b.shape(second)) == 1:
        column = b.reshape(second, (*b.shape(second), 1))
        product = layers.matmul(b, first, column)
        return Tensor(b.reshape(product, b.shape(product)[:-1]))
    if len(b.shape(first)) == 1:
        product = layers.matmul(b, b.reshape(first, (1, *b.shape(first))), second)
        return Tensor(b.reshape(product, (*b.shape(product)[:-2], b.shape(product)[-1])))
    return Tensor(layers.matmul(b, first, second))


@reads("conv1d.default", "conv2d.default", "conv3d.default")
def _conv(
    b: Builder,
    x: Value,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Value = 1,
    padding: Value = 0,
    dilation: Value = 1,
    groups: int = 1,
) -> Tensor:
    axes = len(b.shape(weight.number)) - 2
    if isinstance(padding, str):
        raise NotAnalyticError("the module has a convolution with padding given by a word: give numbers")
    stride, padding, dilation = (_pair(value, axes) for value in (stride, padding, dilation))
    images = _spatial(b, x, axes, "a convolution")
    return Tensor(layers.convolution(b, images, weight.number, _optional(bias), stride, padding, dilation, groups))


def _spatial(b: Builder, x: Value, axes: int, what: str) -> int:
    """Return the node of a batch of images with so many axes besides samples and channels."""
    number = node_of(b, x)
    if len(b.shape(number)) != axes + 2:
        raise NotAnalyticError(f"the module applies {what} to an array that is no batch of channels: add these axes")
    return number


def _avg_pool(axes: int) -> Callable[..., Tensor]:
    def pool(
        b: Builder,
        x: Tensor,
        kernel: Value,
        stride: Value = None,
        padding: Value = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:
        if ceil_mode or divisor_override is not None:
            raise NotAnalyticError("the module has average pooling with ceil_mode or divisor_override: not read")
        size, images = _pair(kernel, axes), _spatial(b, x, axes, "average pooling")
        stride = size if not stride else _pair(stride, axes)
        return Tensor(layers.average_pool(b, images, size, stride, _pair(padding, axes), count_include_pad))

    return pool


def _adaptive_pool(axes: int) -> Callable[..., Tensor]:
    def pool(b: Builder, x: Tensor, sizes: Value) -> Tensor:
        images, sizes = _spatial(b, x, axes, "average pooling"), _pair(sizes, axes)
        shape = b.shape(images)[2:]
        if any(n % k for n, k in zip(shape, sizes, strict=True)):
            raise NotAnalyticError("the module has adaptive pooling to sizes that do not divide those of its input")
        kernel = tuple(n // k for n, k in zip(shape, sizes, strict=True))
        return Tensor(layers.average_pool(b, images, kernel, kernel, (0,) * axes))

    return pool


for _axes in (1, 2):
    reads(f"avg_pool{_axes}d.default")(_avg_pool(_axes))
    reads(f"adaptive_avg_pool{_axes}d.default")(_adaptive_pool(_axes))


@reads("embedding.default")
def _embedding(
    b: Builder, weight: Tensor, indices: np.ndarray, padding_idx: int = -1, scaled: bool = False, *_: bool
) -> Tensor:
    if scaled or (padding_idx >= 0 and (indices == padding_idx).any()):
        must = "which gives PyTorch another gradient than that of the function"
        raise NotAnalyticError(f"the module has an embedding with padding_idx or scale_grad_by_freq, {must}")
    width = b.shape(weight.number)[1]
    return Tensor(b.take(weight.number, np.asarray(indices)[..., None] * width + np.arange(width)))


@reads("scaled_dot_product_attention.default")
def _attention(
    b: Builder,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Value = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    q, k, v = (node_of(b, part) for part in (query, key, value))
    if len({len(b.shape(part)) for part in (q, k, v)}) > 1:
        raise NotAnalyticError("the module has attention of arrays with different numbers of axes, which is not read")
    if dropout_p or enable_gqa:
        raise NotAnalyticError("the module has attention with dropout or grouped queries, which is not read")
    live, bias = None, None
    if is_causal:
        live = np.tri(b.shape(q)[-2], b.shape(k)[-2], dtype=bool)
    elif isinstance(attn_mask, np.ndarray) and attn_mask.dtype == bool:
        live = attn_mask
    elif attn_mask is not None:
        mask = shifts.shifted(b, attn_mask)
        bias, live = mask.base, mask.live
    if live is not None and not live.any(axis=-1).all():
        raise NotAnalyticError("the module has attention in which a query sees no key, which is not a number")
    return Tensor(layers.attention(b, q, k, v, None if scale is None else Fraction(scale), live, bias))


# ---------------------------------------------------------------------- normalisations


@reads("layer_norm.default")
def _layer_norm(
    b: Builder,
    x: Tensor,
    shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *_: bool,
) -> Tensor:
    count = len(b.shape(x.number))
    axes = range(count - len(shape), count)
    return Tensor(
        layers.affine(b, layers.normalised(b, x.number, axes, Fraction(eps)), _optional(weight), _optional(bias))
    )


@reads("rms_norm.default")
def _rms_norm(
    b: Builder, x: Tensor, shape: Sequence[int], weight: Tensor | None = None, eps: float = 2.0**-23
) -> Tensor:
    count = len(b.shape(x.number))
    y = layers.normalised(b, x.number, range(count - len(shape), count), Fraction(eps), centred=False)
    return Tensor(layers.affine(b, y, _optional(weight), None))


@reads("group_norm.default")
def _group_norm(
    b: Builder,
    x: Tensor,
    groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *_: bool,
) -> Tensor:
    n, c, *size = b.shape(x.number)
    grouped = b.reshape(x.number, (n, groups, c // groups, *size))
    y = layers.normalised(b, grouped, range(2, len(size) + 3), Fraction(eps))
    return Tensor(layers.affine(b, b.reshape(y, (n, c, *size)), _optional(weight), _optional(bias), axis=1))


@reads("batch_norm.default")
def _batch_norm(
    b: Builder,
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    *_: bool,
) -> Tensor:
    """In training mode the statistics are those of the whole batch, functions of the parameters."""
    shape, small = b.shape(x.number), Fraction(eps)
    if training or running_mean is None or running_var is None:
        y = layers.normalised(b, x.number, [axis for axis in range(len(shape)) if axis != 1], small)
    else:
        y = b.sub(x.number, b.broadcast(running_mean.number, [1], shape))
        size = b.unary("sqrt", b.add(running_var.number, b.constant(small)))
        y = b.mul(y, b.broadcast(b.power(size, -1), [1], shape))
    return Tensor(layers.affine(b, y, _optional(weight), _optional(bias), axis=1))


def _softmax(name: str, function: Callable[..., int]) -> None:
    """Enter softmax or its logarithm, with masks."""

    def read(b: Builder, x: Value, axis: int) -> Tensor:
        axis = axis % max(1, len(shifts.shifted(b, x).live.shape))
        number, live = shifts.rows(b, x, (axis,))
        if name == "log_softmax" and not live.all():
            raise shifts.refused(x)
        return Tensor(function(b, number, axis, live))

    reads(f"{name}.int")(read)


_softmax("softmax", layers.softmax)
_softmax("log_softmax", layers.log_softmax)


@reads("logsumexp.default")
def _logsumexp(b: Builder, x: Value, axes: Sequence[int], keep: bool = False) -> Tensor:
    shape = shifts.shifted(b, x).live.shape
    over = tuple(sorted(axis % len(shape) for axis in axes))
    number, live = shifts.rows(b, x, over)
    result = layers.logsumexp(b, number, over, live)
    return Tensor(b.reshape(result, tuple(1 if i in over else n for i, n in enumerate(shape))) if keep else result)


@reads("masked_fill.Scalar")
def _masked_fill(b: Builder, x: Value, mask: np.ndarray, value: float) -> Value:
    return shifts.chosen(b, mask, np.asarray(float(value)), x)


@reads("where.self", "where.ScalarOther", "where.ScalarSelf")
def _where(b: Builder, mask: np.ndarray, x: Value, y: Value) -> Value:
    first, second = (np.asarray(float(part)) if isinstance(part, int | float) else part for part in (x, y))
    return shifts.chosen(b, mask, first, second)
