"""The gradient of a layered network by matrix products, a chunk of samples at a time, inside compiled code.

With ``a_0`` the inputs of ``n`` samples, one a column, and ``t`` the targets, layers ``l = 1 .. L``:

    z_l = W_l a_(l-1) + b_l ;  a_l = tanh z_l ;  e_L = (p - t)/n ;  e_(l-1) = (W_l^T e_l) (1 - a_(l-1)^2)
    dW_l = e_l a_(l-1)^T ;  db_l = row sums of e_l

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
SMALL = 10**6
"""Most products of numbers in a matrix product for which OpenBLAS has code of its own. Where the right factor does not
lie row by row it has so only for `FEW` numbers or less, sums of `DEEP` or more; it takes up to three times as long if
not, so inputs are turned around before, and products are cut up (measured)."""
FEW, DEEP = 1200, 32


class Data(NamedTuple):
    """Samples: `inputs` (n, p), `targets` (c, n), of the cross-entropy the classes' weights.

    `turned` has the inputs of one chunk after the other as (p, n) arrays, or nothing where that gains nothing.
    """

    inputs: np.ndarray
    targets: np.ndarray
    turned: np.ndarray


class LayeredProgram(NamedTuple):
    """A network with its data in the precision of the run; the last layer is `bounded` if it has a tanh too."""

    sizes: np.ndarray
    data: Data
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

    Activations and errors of a chunk, ones, gradients of a chunk and a part.
    """

    activations: np.ndarray
    delta: np.ndarray
    before: np.ndarray
    ones: np.ndarray
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
    sizes = np.array(network.layer_sizes, dtype=np.int64)
    data = fresh_data(sizes, len(targets), dtype)
    data.inputs[:], data.targets[:] = network.inputs, targets.T
    turn_inputs(data, sizes)
    return LayeredProgram(
        sizes,
        data,
        float(network.weight_decay),
        float(network.factor),
        network.loss == "cross_entropy",
        network.output == "tanh",
    )


def chunk_memory(program: LayeredProgram) -> ChunkMemory:
    """Return fresh scratch memory."""
    widths, dimension = program.sizes[1:], program.dimension
    errors = CHUNK * int(widths.max())
    sizes = CHUNK * int(widths.sum()), errors, errors, CHUNK, dimension, dimension
    memory = ChunkMemory(*[aligned(size, program.data.inputs.dtype) for size in sizes])
    memory.ones[:] = 1
    return memory


def fresh_data(sizes: np.ndarray, samples: int, dtype: np.dtype) -> Data:
    """Return memory for the data of a network of the given layer sizes."""
    p, c = int(sizes[0]), int(sizes[-1])
    turned = samples * p if min(CHUNK, samples) * p * int(sizes[1]) <= SMALL else 0
    inputs, targets = aligned(samples * p, dtype), aligned(samples * c, dtype)
    return Data(inputs.reshape(samples, p), targets.reshape(c, samples), aligned(turned, dtype))


def aligned(size: int, dtype: np.dtype) -> np.ndarray:
    """Return uninitialised memory at a multiple of 64 bytes, so that BLAS meets the same addresses in every run."""
    raw = np.empty(size + 64 // dtype.itemsize, dtype)
    start = -raw.ctypes.data % 64 // dtype.itemsize
    return raw[start : start + size]


@compiled
def operations(sizes, samples):  # type: ignore[no-untyped-def]
    """Return roughly how many floating-point operations a gradient over `samples` samples takes."""
    count = 0.0
    for l in range(1, sizes.shape[0]):
        count += (6.0 * sizes[l - 1] + 40.0) * sizes[l]
    return samples * count


@inlined
def chunk_count(sizes, samples):  # type: ignore[no-untyped-def]
    """Return into how many chunks `samples` samples are cut; a chunk fits into the memory of `chunk_memory`.

    Mini-batches of few samples make two chunks if the network is large, so that two threads can share them.
    """
    least = 2 if samples >= 2 * SHORT_CHUNK and operations(sizes, samples) >= WORTH_SHARING else 1
    return max(least, (samples + CHUNK - 1) // CHUNK)


@compiled
def part_count(sizes, samples):  # type: ignore[no-untyped-def]
    """Return the number of parts of the sum over `samples` samples."""
    return min(PARTS, chunk_count(sizes, samples))


@inlined
def whole_gradient(program, memory, data, x, g):  # type: ignore[no-untyped-def]
    """Write the gradient at `x` of the mean loss over the given samples to `g`, without weight decay."""
    for part in range(part_count(program.sizes, data.inputs.shape[0])):
        part_gradient(program, memory, data, part, x, g if part == 0 else memory.part)
        if part > 0:
            add_to(g, memory.part)


@compiled
def part_gradient(program, memory, data, part, x, g):  # type: ignore[no-untyped-def]
    """Write what the chunks of a part contribute to the gradient to `g`."""
    samples = data.inputs.shape[0]
    chunks, parts = chunk_count(program.sizes, samples), part_count(program.sizes, samples)
    # Longer parts come first, so that threads that take one after the other finish together.
    begin = part * (chunks // parts) + min(part, chunks % parts)
    end = begin + chunks // parts + (1 if part < chunks % parts else 0)
    for chunk in range(begin, end):
        first, last = chunk * samples // chunks, (chunk + 1) * samples // chunks
        _chunk_gradient(program, memory, data, first, last, x, g if chunk == begin else memory.chunk)
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


@compiled
def turn_inputs(data, sizes):  # type: ignore[no-untyped-def]
    """Fill in `Data.turned`."""
    samples, p = data.inputs.shape
    chunks = chunk_count(sizes, samples) if data.turned.shape[0] > 0 else 0
    for chunk in range(chunks):
        first, last = chunk * samples // chunks, (chunk + 1) * samples // chunks
        turned = _matrix(data.turned, first * p, p, last - first)
        for j in range(p):
            for i in range(last - first):
                turned[j, i] = data.inputs[first + i, j]


@inlined
def _chunk_gradient(program, memory, data, first, last, x, g):  # type: ignore[no-untyped-def]
    """Write what the samples from `first` on, before `last`, contribute to the gradient to `g`."""
    sizes, n, end = program.sizes, last - first, program.sizes[-1] * (last - first)
    start, place = _forward(program, memory, data, first, last, x)
    place -= end
    errors, others, outputs = memory.delta, memory.before, memory.activations[place:]
    delta = _matrix(errors, 0, sizes[-1], n)
    copy(outputs, errors[:end])
    if program.cross_entropy:
        softmax(delta, others[:n])
    mean_error(delta, data.targets, first, program.factor / data.inputs.shape[0])
    if program.bounded:
        through_tanh(errors[:end], outputs)
    for l in range(sizes.shape[0] - 2, -1, -1):
        fan_in, fan_out = sizes[l], sizes[l + 1]
        np.dot(delta, memory.ones[:n], g[start - fan_out : start])
        start -= fan_out + fan_in * fan_out
        slopes = _matrix(g, start, fan_out, fan_in)
        if l == 0:
            np.dot(delta, data.inputs[first:last], slopes)
        else:
            place -= n * fan_in
            a, before = _matrix(memory.activations, place, fan_in, n), _matrix(others, 0, fan_in, n)
            few = n >= DEEP and 4 * fan_in <= FEW and n * fan_in * fan_out <= SMALL  # four rows at least, or all
            rows = FEW // fan_in // 4 * 4 if few else fan_out
            for i in range(0, fan_out, rows):
                np.dot(delta[i : i + rows], a.T, slopes[i : i + rows])
            np.dot(_matrix(x, start, fan_out, fan_in).T, delta, before)
            through_tanh(others[: n * fan_in], memory.activations[place:])
            delta, errors, others = before, others, errors


@inlined
def _forward(program, memory, data, first, last, x):  # type: ignore[no-untyped-def]
    """Write ``a_1 .. a_L`` one behind the other; return where the parameters and the activations end."""
    sizes, n = program.sizes, last - first
    start, place, a = 0, 0, _matrix(memory.activations, 0, 0, n)
    for l in range(1, sizes.shape[0]):
        fan_in, fan_out = sizes[l - 1], sizes[l]
        z, weights = _matrix(memory.activations, place, fan_out, n), _matrix(x, start, fan_out, fan_in)
        if l > 1:
            np.dot(weights, a, z)
        elif data.turned.shape[0] > 0:
            np.dot(weights, _matrix(data.turned, first * fan_in, fan_in, n), z)
        else:
            np.dot(weights, data.inputs[first:last].T, z)
        start += fan_in * fan_out
        for j in range(fan_out):
            row, bias = z[j], x[start + j]
            for i in range(n):
                row[i] += bias
        if l < sizes.shape[0] - 1 or program.bounded:
            # A loop from 0 on: where an index might be negative, numba's wraparound keeps LLVM from using vectors.
            flat = memory.activations[place : place + n * fan_out]
            for i in range(flat.shape[0]):
                flat[i] = tanh(flat[i])
        start += fan_out
        place += n * fan_out
        a = z
    return start, place


# ---------------------------------------------------------------------- passes over samples


@inlined
def softmax(z, column):  # type: ignore[no-untyped-def]
    """``z <- softmax(z)`` in each column, for `z` (c, n); `column` (n,) is scratch."""
    flat = z.reshape(-1)
    copy(z[0], column)
    for j in range(1, z.shape[0]):
        row = z[j]
        for i in range(row.shape[0]):
            column[i] = max(column[i], row[i])
    for j in range(z.shape[0]):
        row = z[j]
        for i in range(row.shape[0]):
            row[i] -= column[i]
    for i in range(flat.shape[0]):
        flat[i] = exponential(flat[i])
    copy(z[0], column)
    for j in range(1, z.shape[0]):
        add_to(column, z[j])
    for j in range(z.shape[0]):
        row = z[j]
        for i in range(row.shape[0]):
            row[i] /= column[i]


@inlined
def mean_error(delta, targets, first, factor):  # type: ignore[no-untyped-def]
    """``delta <- factor (delta - targets)`` for `delta` (c, n), with the targets of the samples from `first` on."""
    scale = delta.dtype.type(factor)
    for j in range(delta.shape[0]):
        errors, aims = delta[j], targets[j][first:]
        for i in range(errors.shape[0]):
            errors[i] = (errors[i] - aims[i]) * scale


@inlined
def through_tanh(errors, a):  # type: ignore[no-untyped-def]
    """``errors <- (1 - a^2) errors`` for flat arrays; `a` may be longer."""
    one = errors.dtype.type(1)
    for i in range(errors.shape[0]):
        errors[i] *= one - a[i] * a[i]
