"""The gradient of a tiny tanh network, for the compiled SAM loop: eight seeds and four samples at a time.

For one sample with input ``a_0`` and target ``y``, layers ``l = 1 .. L`` with weights ``W_l`` and biases ``b_l``:

    z_l = W_l a_(l-1) + b_l ;  a_l = tanh z_l ;  e_L = c (a_L - y)/n ;  e_(l-1) = (1 - a_(l-1)^2) W_l^T e_l
    dW_l = w W_l + sum e_l a_(l-1)^T ;  db_l = w b_l + sum e_l

with ``a_L = z_L`` if the outputs are linear, else ``e_L`` times ``1 - a_L^2``; ``w`` is the weight decay, ``c`` the
factor of the loss. A parameter is a vector of `vectors.LANES` lanes; what depends on the sample is a bundle of
`vectors.SAMPLES` vectors, so that a weight is read and its derivative written once for them all. The activations and
errors of one bundle stay in the first-level cache, and the number of samples costs no memory. Samples that a last
bundle lacks have no error, so they add zeros. A last vector that is not full computes on what the unused lanes happen
to hold, and nobody reads it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba.extending import overload

from hallucert.objectives.machine.compilation import inlined
from hallucert.objectives.machine.program import CACHE
from hallucert.objectives.machine.vectors import (
    LANES,
    SAMPLES,
    fma,
    load,
    load_bundle,
    multiply,
    negated,
    plus_all,
    plus_products,
    splat,
    spread,
    store,
    subtract,
    tanh,
)
from hallucert.objectives.network.layout import Training
from hallucert.sam.kernels.kernel import gradient, take_step
from hallucert.sam.kernels.network_step import call_network_step

MAX_BLOCK = 64
"""Lanes per block: more gain nothing (measured), as eight fill a vector already."""

MAX_PARAMETERS = 1000
"""Larger networks are left to numpy's BLAS, which is faster from here on for a single run (measured), as that fills
only one lane in eight; the choice must not depend on the number of lanes, or an ensemble would round otherwise."""

_VECTOR, _BUNDLE = np.uint64(LANES), np.uint64(LANES * SAMPLES)


class NetworkProgram(NamedTuple):
    """A network with squared loss, laid out for the kernel.

    The first ``d`` registers hold the point, and `outputs` (d,) are those that receive the gradient, ``d .. 2d - 1``;
    activations and errors of one bundle follow. `inputs` and `targets` are (n, sizes[0]) and (n, sizes[-1]) arrays of
    doubles; the last layer is `bounded` if it has a tanh too.
    """

    sizes: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray
    decay: float
    factor: float
    bounded: bool
    outputs: np.ndarray
    registers: int

    @property
    def dimension(self) -> int:
        """Number of parameters, ``d``."""
        return self.outputs.shape[0]

    @property
    def lanes_per_thread(self) -> int:
        """Fewer lanes than this are not worth a thread of their own: two vectors."""
        return 2 * LANES

    def block(self, lanes: int, extra: int = 0) -> int:
        """Return how many lanes to run at once, when the caller keeps `extra` rows beside the registers.

        They are an odd number of vectors: the rows of one then lie in all sets of the first-level cache.
        """
        bundles = 2 * int(self.sizes.sum()) * LANES * SAMPLES
        fitting = (CACHE // 8 - bundles) // (2 * self.dimension + extra)
        vectors = -(-min(max(fitting, LANES), MAX_BLOCK, max(lanes, 1)) // LANES)
        return (vectors | 1) * LANES


def network_program(network: Training) -> NetworkProgram | None:
    """Return the program of a network, None if it is too large or its loss is another than the squared."""
    d = network.dimension
    if network.loss != "squared" or d > MAX_PARAMETERS:
        return None
    sizes = np.array(network.layer_sizes, dtype=np.int64)
    # Copies, because numba compiles anew for read-only arrays.
    return NetworkProgram(
        sizes,
        np.array(network.inputs, order="C"),
        np.array(network.targets, order="C"),
        float(network.weight_decay),
        float(network.factor),
        network.output == "tanh",
        np.arange(d, 2 * d),
        2 * d + 2 * SAMPLES * int(sizes.sum()),
    )


@overload(gradient)
def _gradient(program, work, block, width):  # type: ignore[no-untyped-def]
    if program.instance_class is not NetworkProgram:
        return None
    return lambda program, work, block, width: _gradients(program, work, block, width)


@overload(take_step)
def _network_step(program, address, work, block, width, rho, eta, momentum, bound, absolute, factor):  # type: ignore[no-untyped-def]
    if program.instance_class is not NetworkProgram:
        return None

    def step(program, address, work, block, width, rho, eta, momentum, bound, absolute, factor):  # type: ignore[no-untyped-def]
        samples = program.inputs.shape[0]
        data = (program.inputs, program.targets, samples, program.decay, program.factor / samples)
        return call_network_step(address, work, width, rho, eta, momentum, bound, absolute, factor, *data)

    return step


@inlined
def _gradients(program, work, block, width):  # type: ignore[no-untyped-def]
    """Write the gradients of the lanes below `width` to registers ``d .. 2d - 1``."""
    sizes, inputs, targets = program.sizes, program.inputs, program.targets
    d = np.uint64(program.outputs.shape[0])
    end = d * block
    activations = end + end
    apart = np.uint64(0)
    for l in range(sizes.shape[0]):
        apart += np.uint64(sizes[l]) * _BUNDLE
    last = activations + apart - np.uint64(sizes[-1]) * _BUNDLE
    decay = splat(program.decay)
    for number in range((width + _VECTOR - np.uint64(1)) // _VECTOR):
        point = np.uint64(number) * _VECTOR
        for j in range(d):
            o = point + np.uint64(j) * block
            # No product without decay: 0 * inf would be NaN.
            store(work, end + o, splat(0.0) if program.decay == 0.0 else multiply(decay, load(work, o)))
        for first in range(0, inputs.shape[0], SAMPLES):
            _fill(inputs, first, work, activations)
            _forward(sizes, program.bounded, work, block, point, activations)
            _errors(targets, first, program.factor, program.bounded, work, last, apart)
            _backward(sizes, work, block, point, end, last, apart)


@inlined
def _fill(inputs, first, work, a):  # type: ignore[no-untyped-def]
    """Write the inputs of the samples from `first` on; behind the last sample it stands again."""
    for s in range(SAMPLES):
        sample = min(first + s, inputs.shape[0] - 1)
        for j in range(inputs.shape[1]):
            store(work, a + np.uint64(j) * _BUNDLE + np.uint64(s) * _VECTOR, splat(inputs[sample, j]))


@inlined
def _errors(targets, first, factor, bounded, work, last, apart):  # type: ignore[no-untyped-def]
    """Write the errors of the outputs; they are 0 behind the last sample."""
    samples = targets.shape[0]
    for s in range(SAMPLES):
        for i in range(targets.shape[1]):
            o = last + np.uint64(i) * _BUNDLE + np.uint64(s) * _VECTOR
            error = splat(0.0)
            if first + s < samples:
                a = load(work, o)
                error = multiply(subtract(a, splat(targets[first + s, i])), splat(factor / samples))
                if bounded:
                    error = multiply(error, fma(negated(a), a, splat(1.0)))
            store(work, o + apart, error)


@inlined
def _forward(sizes, bounded, work, block, point, a):  # type: ignore[no-untyped-def]
    """Write the activations of all layers behind the inputs, which stand at `a`."""
    w = point
    for l in range(1, sizes.shape[0]):
        fan_in, fan_out = np.uint64(sizes[l - 1]), np.uint64(sizes[l])
        after = a + fan_in * _BUNDLE
        b = w + fan_in * fan_out * block
        linear = l == sizes.shape[0] - 1 and not bounded
        for i in range(fan_out):
            z = spread(load(work, b))
            for j in range(fan_in):
                z = fma(spread(load(work, w)), load_bundle(work, a + np.uint64(j) * _BUNDLE), z)
                w += block
            store(work, after + np.uint64(i) * _BUNDLE, z if linear else tanh(z))
            b += block
        a, w = after, b


@inlined
def _backward(sizes, work, block, point, end, a, apart):  # type: ignore[no-untyped-def]
    """Add the gradient of a bundle of samples; outputs stand at `a`, errors stand `apart` from activations."""
    one = spread(splat(1.0))
    w = point + end
    for l in range(sizes.shape[0] - 1, 0, -1):
        fan_in, fan_out = np.uint64(sizes[l - 1]), np.uint64(sizes[l])
        after, a = a, a - fan_in * _BUNDLE
        b = w - fan_out * block
        w = b - fan_in * fan_out * block
        for i in range(fan_out):
            o = end + b + np.uint64(i) * block
            store(work, o, plus_all(load(work, o), load_bundle(work, after + apart + np.uint64(i) * _BUNDLE)))
        for j in range(fan_in):
            value = load_bundle(work, a + np.uint64(j) * _BUNDLE)
            o = w + np.uint64(j) * block
            before = spread(splat(0.0))
            for i in range(fan_out):
                error = load_bundle(work, after + apart + np.uint64(i) * _BUNDLE)
                store(work, end + o, plus_products(load(work, end + o), error, value))
                before = fma(error, spread(load(work, o)), before)
                o += fan_in * block
            if l > 1:
                before = multiply(before, fma(negated(value), value, one))
                store(work, a + apart + np.uint64(j) * _BUNDLE, before)
