"""The steps of SAM on a layered network, lane by lane.

With ``g`` and ``g+`` the gradients on the samples of the step:

    x+ = x + (rho/|g|) g ;  v <- momentum v + g+ ;  x <- x - eta v

It is one function for two uses, whose `gradient` means one thing to the compiler and another to the interpreter:
compiled, it computes the gradient on the thread it runs on; interpreted (``advance.py_func``), it shares it.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numba.extending import overload

from hallucert.sam.kernels.compiled import compiled
from hallucert.sam.kernels.kernel import code_of
from hallucert.sam.kernels.layered_gradient import ChunkMemory, LayeredProgram, aligned, copy, whole_gradient
from hallucert.sam.lanes import IS_DIVERGED

PARTIAL_SUMS = 64
"""Sums of squares are added up in this many partial sums, side by side."""


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


class Crew(Protocol):
    """Who computes a gradient where the steps are interpreted."""

    def gradient(
        self, memory: ChunkMemory, inputs: np.ndarray, targets: np.ndarray, x: np.ndarray, g: np.ndarray
    ) -> None:
        """Do what `layered_gradient.whole_gradient` does."""


def gradient(
    program: LayeredProgram,
    memory: ChunkMemory,
    crew: Crew,
    inputs: np.ndarray,
    targets: np.ndarray,
    x: np.ndarray,
    g: np.ndarray,
) -> None:
    """Write the gradient on the given samples to `g`: interpreted, `crew` shares the work; compiled, it is unused."""
    crew.gradient(memory, inputs, targets, x, g)


@overload(gradient)
def _gradient(program, memory, crew, inputs, targets, x, g):  # type: ignore[no-untyped-def]
    return lambda program, memory, crew, inputs, targets, x, g: whole_gradient(program, memory, inputs, targets, x, g)


@compiled
def advance(program, memory, lane, crew, members, lanes, steps):  # type: ignore[no-untyped-def]
    """Do up to ``len(steps.rho)`` steps on the lanes `members`, in place.

    What a lane reached is written in one call at its end, so that no interruption leaves it half written.
    """
    for member in members:
        first, row, code, count = lanes.done[member], 0, 0, steps.rho.shape[0]
        point, other, g, v = lane.point, lane.other, lane.g, lane.velocity
        fetch(point, v, lanes, member)
        for k in range(steps.rho.shape[0]):
            if steps.every > 0 and (first + k) % steps.every == 0:
                copy(point, steps.kept[row, member])
                row += 1
            inputs, targets = program.inputs, program.targets
            if steps.batches.shape[0] > 0:
                inputs, targets = lane.inputs, lane.targets
                gather(program, steps.batches[k], inputs, targets)
            q2 = s2 = 0.0
            for half in range(2):
                at = other if half else point
                gradient(program, memory, crew, inputs, targets, at, g)
                s2 = decayed_norm(g, at, program.decay, lane.sums)
                if half == 0:
                    q2 = s2
                    if steps.warm or not 0.0 < q2 < np.inf:
                        break
                    ascend(point, g, steps.rho[k] / np.sqrt(q2), other)
            code = code_of(q2, s2, steps.tolerance, steps.relative, steps.warm)
            if code == 0 and not descend(point, g, v, steps.momentum, steps.eta[k], steps.bound, other):
                code = IS_DIVERGED
            if code != 0:
                count = k
                break
            point, other = other, point
            if v.shape[0] > 0:
                g, v = v, g
        deliver(point, v, lanes, member, code, first + count)


@compiled
def fetch(point, v, lanes, member):  # type: ignore[no-untyped-def]
    """Copy a lane into its scratch memory."""
    copy(lanes.x[member], point)
    if v.shape[0] > 0:
        copy(lanes.velocity[member], v)


@compiled
def deliver(point, v, lanes, member, code, done):  # type: ignore[no-untyped-def]
    """Copy a lane back."""
    copy(point, lanes.x[member])
    if v.shape[0] > 0:
        copy(v, lanes.velocity[member])
    lanes.codes[member] = code
    lanes.done[member] = done


@compiled
def gather(program, batch, inputs, targets):  # type: ignore[no-untyped-def]
    """Copy the samples of a batch side by side."""
    for i in range(batch.shape[0]):
        copy(program.inputs[batch[i]], inputs[i])
        copy(program.targets[batch[i]], targets[i])


# ---------------------------------------------------------------------- passes over parameters


@compiled
def decayed_norm(g, x, decay, sums):  # type: ignore[no-untyped-def]
    """``g <- g + decay x`` and return ``|g|^2`` in double precision; `sums` is scratch of `PARTIAL_SUMS` doubles."""
    # No product without decay: 0 * inf would be NaN.
    if decay != 0.0:
        factor = g.dtype.type(decay)
        for j in range(g.shape[0]):
            g[j] += factor * x[j]
    sums[:] = 0.0
    whole = g.shape[0] // PARTIAL_SUMS * PARTIAL_SUMS
    for start in range(0, whole, PARTIAL_SUMS):
        for i in range(PARTIAL_SUMS):
            value = np.float64(g[start + i])
            sums[i] += value * value
    total = 0.0
    for j in range(whole, g.shape[0]):
        value = np.float64(g[j])
        total += value * value
    for i in range(PARTIAL_SUMS):
        total += sums[i]
    return total


@compiled
def ascend(x, g, slope, shifted):  # type: ignore[no-untyped-def]
    """``shifted <- x + slope g``, in double precision and then rounded."""
    for j in range(x.shape[0]):
        shifted[j] = x[j] + slope * g[j]


@compiled
def descend(x, g, velocity, momentum, eta, bound, following):  # type: ignore[no-untyped-def]
    """Step to ``following = x - eta v`` with ``v = momentum velocity + g``, written over `g`.

    Without momentum `velocity` is empty and ``v = g``. Returns whether all coordinates are at most `bound` in absolute
    value and none is NaN. Sums are formed in double precision and then rounded.
    """
    beyond = 0
    if velocity.shape[0] > 0:
        for j in range(x.shape[0]):
            g[j] = momentum * velocity[j] + g[j]
    for j in range(x.shape[0]):
        following[j] = x[j] - eta * g[j]
        beyond += 0 if np.abs(following[j]) <= bound else 1
    return beyond == 0
