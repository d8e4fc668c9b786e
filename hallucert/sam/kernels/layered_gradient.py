"""The gradient of a layered network by matrix products, a chunk of samples at a time, inside compiled code.

With ``a_0`` the inputs of ``n`` samples, one a row, and ``t`` the targets, layers ``l = 1 .. L``:

    z_l = a_(l-1) W_l^T + b_l ;  a_l = tanh z_l ;  e_L = (p - t)/n ;  e_(l-1) = (e_l W_l) (1 - a_(l-1)^2)
    dW_l = e_l^T a_(l-1) ;  db_l = column sums of e_l

where ``a_L = z_L`` and ``p = a_L`` for the squared loss; ``p = softmax(a_L)`` for the cross-entropy, with the labels'
weights as targets; and ``e_L`` times ``1 - a_L^2`` with ``a_L = tanh z_L`` if the outputs have a tanh.

The activations and errors of a chunk fit into the second-level cache. Chunks are summed in an order that depends on
the number of samples alone: they are grouped into at most `PARTS` parts, chunks are added up within a part, and then
the parts. So the parts may be computed by any number of threads. Nothing is allocated here.

A pass over the arrays reads each number once: a plain loop over numbers that lie side by side, which the compiler turns
into vector instructions. No pass lets it change the order of a sum or merge operations, so a result depends neither on
the length of the vectors nor on the code around it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hallucert.objectives.machine.compilation import compiled, inlined
from hallucert.objectives.machine.vectors import exponential, tanh
from hallucert.objectives.network.layout import Training

CHUNK = 500
"""Most samples in a chunk: enough for the matrix products to be as fast as they get (measured)."""
SHORT_CHUNK = 64
"""Fewer samples make matrix products slower by more than a tenth (measured)."""
WORTH_SHARING = 2e7
"""Floating-point operations of a gradient from which on threads share it: some 200 us, against 50 us to share."""
PARTS = 8
"""Most groups of chunks, and so most threads that can share a gradient."""
TURNED = 10**6
"""Most products of numbers in a matrix product whose right factor is turned around before: OpenBLAS has code of its own
for these, which takes two thirds to nine tenths of the time if both factors lie row by row (measured)."""
TILE = 2048
"""Numbers that a pass of several loops takes at once, so that they stay in the first-level cache."""


class LayeredProgram(NamedTuple):
    """A network in the precision of the run.

    `inputs` and `targets` are (n, sizes[0]) and (n, sizes[-1]) arrays, of the cross-entropy the classes' weights; the
    last layer is `bounded` if it has a tanh too.
    """

    sizes: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray
    decay: float
    factor: float
    cross_entropy: bool
    bounded: bool

    @property
    def dimension(self) -> int:
        """Number of parameters, ``d``."""
        return int(np.sum((self.sizes[:-1] + 1) * self.sizes[1:]))


class ChunkMemory(NamedTuple):
    """Scratch memory of one thread, flat arrays.

    Activations and errors of a chunk, weights of a layer with their rows as columns, gradients of a chunk and a part.
    """

    activations: np.ndarray
    turned: np.ndarray
    delta: np.ndarray
    before: np.ndarray
    chunk: np.ndarray
    part: np.ndarray


def layered_program(network: Training, dtype: np.dtype) -> LayeredProgram:
    """Return the program of a network, its data rounded to `dtype`."""
    classes = network.layer_sizes[-1]
    targets = network.targets
    if network.loss == "cross_entropy":
        other = float(network.label_smoothing / classes)
        own = float(1 - network.label_smoothing + network.label_smoothing / classes)
        targets = np.where(targets[:, None] == np.arange(classes), own, other)
    return LayeredProgram(
        np.array(network.layer_sizes, dtype=np.int64),
        _copied(network.inputs, dtype),
        _copied(targets, dtype),
        float(network.weight_decay),
        float(network.factor),
        network.loss == "cross_entropy",
        network.output == "tanh",
    )


def chunk_memory(program: LayeredProgram) -> ChunkMemory:
    """Return fresh scratch memory."""
    rows, dtype = min(CHUNK, len(program.inputs)), program.inputs.dtype
    widths, dimension = program.sizes[1:], program.dimension
    errors, turned = rows * int(widths.max()), TURNED // SHORT_CHUNK
    sizes = rows * int(widths.sum()), turned, errors, errors, dimension, dimension
    return ChunkMemory(*[aligned(size, dtype) for size in sizes])


def aligned(size: int, dtype: np.dtype) -> np.ndarray:
    """Return uninitialised memory at a multiple of 64 bytes, so that BLAS meets the same addresses in every run."""
    raw = np.empty(size + 64 // dtype.itemsize, dtype)
    start = -raw.ctypes.data % 64 // dtype.itemsize
    return raw[start : start + size]


def _copied(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    # A copy in any case, because numba compiles anew for read-only arrays.
    result = aligned(array.size, dtype).reshape(array.shape)
    result[:] = array
    return result


@compiled
def operations(program, samples):  # type: ignore[no-untyped-def]
    """Return roughly how many floating-point operations a gradient over `samples` samples takes."""
    count = 0.0
    for l in range(1, program.sizes.shape[0]):
        count += (6.0 * program.sizes[l - 1] + 40.0) * program.sizes[l]
    return samples * count


@inlined
def chunk_count(program, samples):  # type: ignore[no-untyped-def]
    """Return into how many chunks `samples` samples are cut; a chunk fits into the memory of `chunk_memory`.

    Mini-batches of few samples make two chunks if the network is large, so that two threads can share them.
    """
    rows = min(CHUNK, program.inputs.shape[0])
    least = 2 if samples >= 2 * SHORT_CHUNK and operations(program, samples) >= WORTH_SHARING else 1
    return max(least, (samples + rows - 1) // rows)


@compiled
def part_count(program, samples):  # type: ignore[no-untyped-def]
    """Return the number of parts of the sum over `samples` samples."""
    return min(PARTS, chunk_count(program, samples))


@inlined
def whole_gradient(program, memory, inputs, targets, x, g):  # type: ignore[no-untyped-def]
    """Write the gradient at `x` of the mean loss over the given samples to `g`, without weight decay."""
    for part in range(part_count(program, inputs.shape[0])):
        part_gradient(program, memory, inputs, targets, part, x, g if part == 0 else memory.part)
        if part > 0:
            add_to(g, memory.part)


@compiled
def part_gradient(program, memory, inputs, targets, part, x, g):  # type: ignore[no-untyped-def]
    """Write what the chunks of a part contribute to the gradient to `g`."""
    samples = inputs.shape[0]
    chunks, parts = chunk_count(program, samples), part_count(program, samples)
    # Longer parts come first, so that threads that take one after the other finish together.
    begin = part * (chunks // parts) + min(part, chunks % parts)
    end = begin + chunks // parts + (1 if part < chunks % parts else 0)
    for chunk in range(begin, end):
        first, last = chunk * samples // chunks, (chunk + 1) * samples // chunks
        _chunk_gradient(program, memory, inputs, targets, first, last, x, g if chunk == begin else memory.chunk)
        if chunk > begin:
            add_to(g, memory.chunk)


@compiled
def add_to(total, part):  # type: ignore[no-untyped-def]
    """``total <- total + part``."""
    for j in range(total.shape[0]):
        total[j] += part[j]


@compiled
def copy(source, target):  # type: ignore[no-untyped-def]
    """Copy a flat array; a loop, because numba takes seconds to compile assignments of arrays."""
    for i in range(target.shape[0]):
        target[i] = source[i]


@inlined
def _matrix(flat, start, rows, columns):  # type: ignore[no-untyped-def]
    return flat[start : start + rows * columns].reshape((rows, columns))


@inlined
def _chunk_gradient(program, memory, inputs, targets, first, last, x, g):  # type: ignore[no-untyped-def]
    """Write what the samples from `first` on, before `last`, contribute to the gradient to `g`."""
    sizes, n = program.sizes, last - first
    start, place = _forward(program, memory, inputs[first:last], x)
    width = sizes[-1]
    place -= n * width
    outputs = _matrix(memory.activations, place, n, width)
    delta_memory, before_memory = memory.delta, memory.before
    delta = _matrix(delta_memory, 0, n, width)
    copy(outputs.reshape(-1), delta.reshape(-1))
    if program.cross_entropy:
        softmax(delta)
    mean_error(delta, targets[first:last], program.factor / inputs.shape[0], g[start - width : start])
    if program.bounded:
        through_tanh(delta, outputs, g[start - width : start])
    for l in range(sizes.shape[0] - 2, -1, -1):
        fan_in, fan_out = sizes[l], sizes[l + 1]
        bias_start = start - fan_out
        start = bias_start - fan_in * fan_out
        if l == 0:
            np.dot(delta.T, inputs[first:last], _matrix(g, start, fan_out, fan_in))
        else:
            place -= n * fan_in
            a = _matrix(memory.activations, place, n, fan_in)
            np.dot(delta.T, a, _matrix(g, start, fan_out, fan_in))
            before = _matrix(before_memory, 0, n, fan_in)
            np.dot(delta, _matrix(x, start, fan_out, fan_in), before)
            through_tanh(before, a, g[start - fan_in : start])
            delta, delta_memory, before_memory = before, before_memory, delta_memory


@inlined
def _forward(program, memory, a, x):  # type: ignore[no-untyped-def]
    """Write ``a_1 .. a_L`` one behind the other; return where the parameters and the activations end."""
    sizes, n = program.sizes, a.shape[0]
    start, place = 0, 0
    for l in range(1, sizes.shape[0]):
        fan_in, fan_out = sizes[l - 1], sizes[l]
        z, weights = _matrix(memory.activations, place, n, fan_out), _matrix(x, start, fan_out, fan_in)
        if n >= SHORT_CHUNK and n * fan_in * fan_out <= TURNED:
            turned = _matrix(memory.turned, 0, fan_in, fan_out)
            for j in range(fan_in):
                for i in range(fan_out):
                    turned[j, i] = weights[i, j]
            np.dot(a, turned, z)
        else:
            np.dot(a, weights.T, z)
        start += fan_in * fan_out
        bias = x[start : start + fan_out]
        if l < sizes.shape[0] - 1 or program.bounded:
            tanh_layer(z, bias)
        else:
            add_bias(z, bias)
        start += fan_out
        place += n * fan_out
        a = z
    return start, place


# ---------------------------------------------------------------------- passes over samples


@inlined
def add_bias(z, bias):  # type: ignore[no-untyped-def]
    """Add `bias` (c,) to each row of `z` (n, c)."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] += bias[j]


@inlined
def tanh_layer(z, bias):  # type: ignore[no-untyped-def]
    """``z <- tanh(z + bias)`` for `z` (n, c), `bias` (c,)."""
    rows = max(1, TILE // z.shape[1])
    for first in range(0, z.shape[0], rows):
        tile = z[first : first + rows]
        add_bias(tile, bias)
        # A loop from 0 on: where an index might be negative, numba's wraparound keeps LLVM from using vectors.
        flat = tile.reshape(-1)
        for i in range(flat.shape[0]):
            flat[i] = tanh(flat[i])


@inlined
def softmax(z):  # type: ignore[no-untyped-def]
    """``z <- softmax(z)`` in each row, for `z` (n, c)."""
    n, c = z.shape
    flat = z.reshape(-1)
    for i in range(n):
        largest = z[i, 0]
        for j in range(1, c):
            largest = max(largest, z[i, j])
        for j in range(c):
            z[i, j] -= largest
    for i in range(flat.shape[0]):
        flat[i] = exponential(flat[i])
    for i in range(n):
        total = z[i, 0]
        for j in range(1, c):
            total += z[i, j]
        for j in range(c):
            z[i, j] /= total


@inlined
def add_columns(rows, sums):  # type: ignore[no-untyped-def]
    """``sums <- sums + column sums``, four of the rows (n, c) at a time; `sums` is (c,)."""
    whole = rows.shape[0] // 4 * 4
    for i in range(0, whole, 4):
        a, b, c, d = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
        for j in range(sums.shape[0]):
            sums[j] += (a[j] + b[j]) + (c[j] + d[j])
    for i in range(whole, rows.shape[0]):
        for j in range(sums.shape[0]):
            sums[j] += rows[i, j]


@inlined
def mean_error(delta, targets, factor, bias_gradient):  # type: ignore[no-untyped-def]
    """``delta <- factor (delta - targets)``, its columns' sums to `bias_gradient`; arrays (n, c) and (c,)."""
    bias_gradient[:] = 0
    scale, rows = delta.dtype.type(factor), max(1, TILE // delta.shape[1])
    for first in range(0, delta.shape[0], rows):
        tile = delta[first : first + rows]
        errors, aims = tile.reshape(-1), targets[first : first + rows].reshape(-1)
        for i in range(errors.shape[0]):
            errors[i] = (errors[i] - aims[i]) * scale
        add_columns(tile, bias_gradient)


@inlined
def through_tanh(delta, a, bias_gradient):  # type: ignore[no-untyped-def]
    """``delta <- (1 - a^2) delta``, its columns' sums to `bias_gradient`; arrays (n, c) and (c,)."""
    bias_gradient[:] = 0
    one, rows = delta.dtype.type(1), max(1, TILE // delta.shape[1])
    for first in range(0, delta.shape[0], rows):
        tile = delta[first : first + rows]
        errors, values = tile.reshape(-1), a[first : first + rows].reshape(-1)
        for i in range(errors.shape[0]):
            errors[i] *= one - values[i] * values[i]
        add_columns(tile, bias_gradient)
