"""Operations of PyTorch's graphs that only move, add up or repeat entries, as nodes of an array program."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

import numpy as np

from hallucert.objectives.front_ends.frameworks import Tensor, Value, node_of
from hallucert.objectives.front_ends.torch_operations import OPERATIONS, reads
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder as Builder


def _axis(b: Builder, x: Tensor, axis: int) -> int:
    return axis % max(1, len(b.shape(x.number)))


def _axes(b: Builder, x: Tensor, axes: int | Sequence[int] | None) -> list[int]:
    count = len(b.shape(x.number))
    if axes is None or axes == []:
        return list(range(count))
    return sorted(axis % count for axis in ([axes] if isinstance(axes, int) else axes))


@reads("mean.default", "mean.dim")
def _mean(b: Builder, x: Tensor, axes: Value = None, keep: bool = False) -> Tensor:
    return Tensor(layers.mean(b, x.number, _axes(b, x, axes), keep))


@reads("sum.default", "sum.dim_IntList")
def _sum(b: Builder, x: Tensor, axes: Value = None, keep: bool = False) -> Tensor:
    count = prod(b.shape(x.number)[axis] for axis in _axes(b, x, axes))
    return Tensor(b.scale(Fraction(count), _mean(b, x, axes, keep).number))


@reads("view.default", "reshape.default", "_unsafe_view.default")
def _view(b: Builder, x: Value, shape: Sequence[int]) -> Value:
    if isinstance(x, np.ndarray):
        return x.reshape(shape)
    total, known = prod(b.shape(x.number)), prod(n for n in shape if n >= 0)
    return Tensor(b.reshape(x.number, tuple(total // known if n < 0 else n for n in shape)))


@reads("flatten.using_ints")
def _flatten(b: Builder, x: Value, start: int = 0, end: int = -1) -> Value:
    shape = x.shape if isinstance(x, np.ndarray) else b.shape(x.number)
    first, last = start % len(shape), end % len(shape)
    return _view(b, x, [*shape[:first], -1, *shape[last + 1 :]])


@reads("unflatten.int")
def _unflatten(b: Builder, x: Tensor, axis: int, sizes: Sequence[int]) -> Tensor:
    shape, axis = b.shape(x.number), _axis(b, x, axis)
    known = prod(n for n in sizes if n >= 0)
    parts = [shape[axis] // known if n < 0 else n for n in sizes]
    return Tensor(b.reshape(x.number, (*shape[:axis], *parts, *shape[axis + 1 :])))


@reads("unsqueeze.default")
def _unsqueeze(b: Builder, x: Tensor, axis: int) -> Tensor:
    shape = list(b.shape(x.number))
    shape.insert(axis % (len(shape) + 1), 1)
    return Tensor(b.reshape(x.number, tuple(shape)))


@reads("squeeze.dim", "squeeze.dims", "squeeze.default")
def _squeeze(b: Builder, x: Tensor, axes: Value = None) -> Tensor:
    gone = [] if axes == [] else _axes(b, x, axes)
    kept = tuple(n for i, n in enumerate(b.shape(x.number)) if not (i in gone and n == 1))
    return Tensor(b.reshape(x.number, kept))


@reads("transpose.int")
def _transpose(b: Builder, x: Tensor, first: int, second: int) -> Tensor:
    axes = list(range(len(b.shape(node_of(b, x)))))
    first, second = first % len(axes), second % len(axes)
    axes[first], axes[second] = axes[second], axes[first]
    return Tensor(b.transpose(node_of(b, x), axes))


reads("mT.default")(lambda b, x: _transpose(b, x, -2, -1))
reads("t.default", "numpy_T.default")(lambda b, x: Tensor(b.transpose(x.number, range(len(b.shape(x.number)))[::-1])))
reads("permute.default")(lambda b, x, axes: Tensor(b.transpose(x.number, [axis % len(axes) for axis in axes])))


@reads("expand.default")
def _expand(b: Builder, x: Tensor, sizes: Sequence[int], implicit: bool = False) -> Tensor:
    own = b.shape(x.number)
    first = len(sizes) - len(own)
    return Tensor(layers.broadcast_to(b, x.number, tuple(own[i - first] if n < 0 else n for i, n in enumerate(sizes))))


@reads("select.int")
def _select(b: Builder, x: Tensor, axis: int, index: int) -> Tensor:
    axis = _axis(b, x, axis)
    return Tensor(b.index(x.number, (slice(None),) * axis + (index,)))


@reads("slice.Tensor")
def _slice(b: Builder, x: Tensor, axis: int = 0, start: Value = None, end: Value = None, step: int = 1) -> Tensor:
    axis = _axis(b, x, axis)
    return Tensor(b.index(x.number, (slice(None),) * axis + (slice(start, end, step),)))


@reads("cat.default")
def _cat(b: Builder, parts: Sequence[Tensor], axis: int = 0) -> Tensor:
    return Tensor(layers.concatenate(b, [node_of(b, part) for part in parts], _axis(b, parts[0], axis)))


@reads("stack.default")
def _stack(b: Builder, parts: Sequence[Tensor], axis: int = 0) -> Tensor:
    axis = axis % (len(b.shape(parts[0].number)) + 1)
    return _cat(b, [_unsqueeze(b, part, axis) for part in parts], axis)


@reads("chunk.default")
def _chunk(b: Builder, x: Tensor, chunks: int, axis: int = 0) -> list[Tensor]:
    axis = _axis(b, x, axis)
    size = -(-b.shape(x.number)[axis] // chunks)
    return _split(b, x, size, axis)


@reads("split.Tensor")
def _split(b: Builder, x: Tensor, size: int, axis: int = 0) -> list[Tensor]:
    axis = _axis(b, x, axis)
    return [_slice(b, x, axis, i, i + size) for i in range(0, b.shape(x.number)[axis], size)]


OPERATIONS["<built-in function getitem>"] = lambda b, parts, index: parts[index]
