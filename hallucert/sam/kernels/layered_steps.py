"""The steps of SAM on a layered network, lane by lane.

With ``g`` and ``g+`` the gradients on the samples of the step:

    x+ = x + (rho/|g|) g ;  v <- momentum v + g+ ;  x <- x - eta v

It is one function for two uses, whose `gradient` means one thing to the compiler and another to the interpreter:
compiled, it computes the gradient on the thread it runs on; interpreted (``advance.py_func``), it shares it.

numba's cache watches only the file a function stands in: whoever changes `elementwise` or `layered_gradient` deletes
``__pycache__/layered_*.nb*`` beside this file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.extending import overload

from hallucert.sam.kernels.elementwise import PARTIAL_SUMS, ascend, decayed_norm, descend
from hallucert.sam.kernels.kernel import _code
from hallucert.sam.kernels.layered_gradient import LayeredProgram, aligned, copy, whole_gradient
from hallucert.sam.status import IS_DIVERGED


class LaneMemory(NamedTuple):
    """Scratch memory for one lane: ``x``, ``x+``, ``g`` and ``v`` (d,), partial sums, and the samples of a batch."""

    point: np.ndarray
    other: np.ndarray
    g: np.ndarray
    velocity: np.ndarray
    sums: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray


def lane_memory(program: LayeredProgram, heavy: bool, batch: int) -> LaneMemory:
    """Return fresh scratch memory for lanes with momentum or not, and `batch` samples a step (0 for all)."""
    dtype, dimension = program.inputs.dtype, program.dimension
    p, c = program.inputs.shape[1], program.targets.shape[1]
    return LaneMemory(
        aligned(dimension, dtype),
        aligned(dimension, dtype),
        aligned(dimension, dtype),
        aligned(dimension if heavy else 0, dtype),
        np.empty(PARTIAL_SUMS),
        aligned(batch * p, dtype).reshape(batch, p),
        aligned(batch * c, dtype).reshape(batch, c),
    )


def gradient(program: Any, memory: Any, crew: Any, inputs: Any, targets: Any, x: Any, g: Any) -> None:
    """Write the gradient on the given samples to `g`: interpreted, `crew` shares the work; compiled, it is unused."""
    crew.gradient(program, memory, inputs, targets, x, g)


@overload(gradient)
def _gradient(program, memory, crew, inputs, targets, x, g):  # type: ignore[no-untyped-def]
    return lambda program, memory, crew, inputs, targets, x, g: whole_gradient(program, memory, inputs, targets, x, g)


@njit(cache=True, nogil=True, error_model="numpy")
def advance(  # type: ignore[no-untyped-def]
    program, memory, lane, crew, lanes, x, codes, done, rho, eta, warm, tolerance, bound, kept, every, velocity,
    momentum, batches,
):  # fmt: skip
    """Do up to ``len(rho)`` steps on the running lanes, in place; the arguments are those of `LayeredNetwork.advance`.

    What a lane reached is written in one call at its end, so that no interruption leaves it half written.
    """
    for member in lanes:
        first, row, code, steps = done[member], 0, 0, rho.shape[0]
        point, other, g, v = lane.point, lane.other, lane.g, lane.velocity
        fetch(point, v, x, velocity, member)
        for k in range(rho.shape[0]):
            if every > 0 and (first + k) % every == 0:
                copy(point, kept[row, member])
                row += 1
            inputs, targets = program.inputs, program.targets
            if batches.shape[0] > 0:
                inputs, targets = lane.inputs, lane.targets
                gather(program, batches[k], inputs, targets)
            q2 = s2 = 0.0
            for half in range(2):
                at = other if half else point
                gradient(program, memory, crew, inputs, targets, at, g)
                s2 = decayed_norm(g, at, program.decay, lane.sums)
                if half == 0:
                    q2 = s2
                    if warm or not 0.0 < q2 < np.inf:
                        break
                    ascend(point, g, rho[k] / np.sqrt(q2), other)
            code = _code(q2, s2, tolerance, warm)
            if code == 0 and not descend(point, g, v, momentum, eta[k], bound, other):
                code = IS_DIVERGED
            if code != 0:
                steps = k
                break
            point, other = other, point
            if v.shape[0] > 0:
                g, v = v, g
        deliver(point, v, x, velocity, member, codes, code, done, first + steps)


@njit(cache=True, nogil=True, error_model="numpy")
def fetch(point, v, x, velocity, member):  # type: ignore[no-untyped-def]
    """Copy a lane into its scratch memory."""
    copy(x[member], point)
    if v.shape[0] > 0:
        copy(velocity[member], v)


@njit(cache=True, nogil=True, error_model="numpy")
def deliver(point, v, x, velocity, member, codes, code, done, steps):  # type: ignore[no-untyped-def]
    """Copy a lane back."""
    copy(point, x[member])
    if v.shape[0] > 0:
        copy(v, velocity[member])
    codes[member] = code
    done[member] = steps


@njit(cache=True, nogil=True, error_model="numpy")
def gather(program, batch, inputs, targets):  # type: ignore[no-untyped-def]
    """Copy the samples of a batch side by side."""
    for i in range(batch.shape[0]):
        copy(program.inputs[batch[i]], inputs[i])
        copy(program.targets[batch[i]], targets[i])
