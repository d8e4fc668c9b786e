"""The compiled SAM loop: it runs the gradient's program on blocks of lanes and does many steps in one call.

One step for the lanes of a block, row by row in vector instructions (``g`` and ``g+`` are the program's outputs):

    save = x ;  x = x + (rho / |g|) g ;  x = save - eta g+

Unnormalised (USAM), the factor of ``g`` in the second assignment is ``rho``.

A lane that has to stop is noticed by one count of all stopping conditions and then moved out of the block, so that the
loop carries no branch and no mask for lanes, and finished lanes cost nothing.

The loop is compiled once for every kind of program, a named tuple of arrays with the fields ``outputs`` and
``registers``; how such a program is run is its implementation of `gradient`. It is compiled into these functions, but
numba's cache watches only the file a function stands in: whoever changes `machine.execute`, the network's kernel or
`vectors` deletes ``__pycache__/kernel.*.nb*`` beside this file.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numba import njit
from numba.extending import overload

from hallucert.objectives.tape.machine import Program, execute
from hallucert.sam.status import IS_CONVERGED, IS_DIVERGED, IS_OUTSIDE, IS_STATIONARY

EXTRA_ROWS = 3
"""Rows of a block beside the registers and the `d` saved coordinates: ``|g|^2``, ``|g+|^2`` and the slope, rho/|g| or
rho; with momentum `d` rows of velocities follow."""


class GradientProgram(Protocol):
    """What a kind of program offers the driver; the compiled loop reads ``outputs`` and ``registers``."""

    @property
    def dimension(self) -> int:
        """Number of inputs, ``d``; registers ``0 .. d - 1`` hold them and are only read."""

    @property
    def registers(self) -> int:
        """Number of registers."""

    @property
    def lanes_per_thread(self) -> int:
        """Fewer lanes than this are not worth a thread of their own."""

    def block(self, lanes: int, extra: int = 0) -> int:
        """Return how many of `lanes` to run at once, with `extra` rows beside the registers."""


def gradient(program: Any, work: np.ndarray, block: int, width: int) -> None:
    """Run a program on the first `width` lanes of its registers, inside compiled code; the arguments of `execute`."""
    raise NotImplementedError("only compiled code can run a program")


@overload(gradient)
def _execute(program, work, block, width):  # type: ignore[no-untyped-def]
    if program.instance_class is not Program:
        return None
    return lambda program, work, block, width: execute(program.code, program.constants, work, block, width)


@njit(cache=True, nogil=True, error_model="numpy")
def advance(  # type: ignore[no-untyped-def]
    program, work, block, lanes, x, codes, done, rho, eta, warm, tolerance, bound, kept, every, velocity, momentum,
    normalised,
):  # fmt: skip
    """Do up to ``len(rho)`` steps on the running lanes, in place.

    Parameters
    ----------
    program : GradientProgram
        The gradient.
    work : (rows * block,) float64 array
        Scratch memory for ``registers + d + EXTRA_ROWS`` rows, and `d` more with momentum.
    block : int
        Lanes that run together.
    lanes : (n,) int64 array
        The lanes to run, all of them running and with the same number of steps done.
    x : (k, d) float64 array
        Iterates; updated.
    codes, done : (k,) int64 arrays
        Status codes and steps done; updated.
    rho, eta : (steps,) float64 arrays
        Radius and step size of each step.
    warm : bool
        Whether these steps are plain gradient descent.
    tolerance : (float, float)
        Stop where ``|g+|^2 <= tolerance[0]^2 + tolerance[1]^2 |g|^2``.
    bound : float
        Stop where a coordinate would exceed it in absolute value.
    kept : (rows, k, d) float64 array
        Iterates before every step whose number is a multiple of `every`; `every` = 0 keeps nothing.
    velocity : (k, d) float64 array, or (0, 0)
        Velocities; updated. Not read where `momentum` is 0.
    momentum : float
        Heavy ball: the velocity becomes ``momentum v + g+``, and the step is ``-eta`` times it.
    normalised : bool
        Whether the ascent step is ``rho g/|g|`` (SAM), not ``rho g`` (USAM).
    """
    for start in range(0, lanes.shape[0], block):
        members = lanes[start : start + block].copy()
        _gather(work, block, members, x)
        speed = program.registers + x.shape[1] + EXTRA_ROWS
        if momentum > 0.0:
            _gather(work[speed * block :], block, members, velocity)
        _advance_block(
            program, work, np.uint64(block), members, x, codes, done, rho, eta, warm, tolerance, bound, kept, every,
            velocity, np.uint64(speed * block), momentum, normalised,
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(work, block, members, x):  # type: ignore[no-untyped-def]
    for i in range(members.shape[0]):
        for j in range(x.shape[1]):
            work[j * block + i] = x[members[i], j]


@njit(cache=True, nogil=True, error_model="numpy")
def _advance_block(  # type: ignore[no-untyped-def]
    program, work, block, members, x, codes, done, rho, eta, warm, tolerance, bound, kept, every, velocity, speed,
    momentum, normalised,
):  # fmt: skip
    d = np.uint64(x.shape[1])
    outputs = program.outputs
    save = np.uint64(program.registers) * block
    q2 = save + d * block
    slope = q2 + block + block
    first = done[members[0]]
    count = members.shape[0]
    row = 0
    for k in range(rho.shape[0]):
        width = np.uint64(count)
        if every > 0 and (first + k) % every == 0:
            _keep(work, block, members, count, kept, row)
            row += 1
        norm = q2
        for half in range(1 if warm else 2):
            norm = q2 + np.uint64(half) * block
            gradient(program, work, block, width)
            _squared_norms(work, block, outputs, norm, width)
            if half == 0:
                _perturb(work, block, outputs, save, q2, slope, 0.0 if warm else rho[k], normalised, width)
        stop = _stops(work, q2, norm, (0.0, 0.0) if warm else tolerance, width)
        if momentum > 0.0:
            stop += _descend_heavily(work, block, outputs, save, speed, eta[k], momentum, bound, width)
        else:
            stop += _descend(work, block, outputs, save, eta[k], bound, width)
        if stop > 0:
            count = _retire(
                work, block, members, count, x, codes, done, first + k, save, q2, norm, tolerance, bound, warm,
                speed, momentum,
            )  # fmt: skip
            if count == 0:
                return
    for i in range(count):
        done[members[i]] = first + rho.shape[0]
        for j in range(x.shape[1]):
            x[members[i], j] = work[np.uint64(j) * block + np.uint64(i)]
            if momentum > 0.0:
                velocity[members[i], j] = work[speed + np.uint64(j) * block + np.uint64(i)]


@njit(cache=True, nogil=True, error_model="numpy")
def _squared_norms(work, block, outputs, norm, width):  # type: ignore[no-untyped-def]
    """Sum the squares of the outputs into the row at `norm`, in the order of the coordinates."""
    g = np.uint64(outputs[0]) * block
    if outputs.shape[0] == 1:
        for i in range(width):
            work[norm + i] = work[g + i] * work[g + i]
        return
    h = np.uint64(outputs[1]) * block
    for i in range(width):
        work[norm + i] = work[g + i] * work[g + i] + work[h + i] * work[h + i]
    for j in range(2, outputs.shape[0]):
        g = np.uint64(outputs[j]) * block
        for i in range(width):
            work[norm + i] += work[g + i] * work[g + i]


@njit(cache=True, nogil=True, error_model="numpy")
def _perturb(work, block, outputs, save, q2, slope, rho, normalised, width):  # type: ignore[no-untyped-def]
    """Save ``x`` and put ``x + (rho/|g|) g`` in its place, or ``x + rho g``."""
    if normalised:
        for i in range(width):
            work[slope + i] = rho / np.sqrt(work[q2 + i])
    else:
        for i in range(width):
            work[slope + i] = rho
    for j in range(outputs.shape[0]):
        o, g = np.uint64(j) * block, np.uint64(outputs[j]) * block
        for i in range(width):
            before = work[o + i]
            work[save + o + i] = before
            work[o + i] = before + work[slope + i] * work[g + i]


@njit(cache=True, nogil=True, error_model="numpy")
def _descend(work, block, outputs, save, eta, bound, width):  # type: ignore[no-untyped-def]
    """Put the saved point minus `eta` times the outputs in its place; count the coordinates beyond `bound`, or NaN."""
    beyond = 0
    for j in range(outputs.shape[0]):
        o, g = np.uint64(j) * block, np.uint64(outputs[j]) * block
        for i in range(width):
            after = work[save + o + i] - eta * work[g + i]
            work[o + i] = after
            beyond += 0 if np.abs(after) <= bound else 1
    return beyond


@njit(cache=True, nogil=True, error_model="numpy")
def _descend_heavily(work, block, outputs, save, speed, eta, momentum, bound, width):  # type: ignore[no-untyped-def]
    """Do what `_descend` does along the velocities, after updating them."""
    beyond = 0
    for j in range(outputs.shape[0]):
        o, g = np.uint64(j) * block, np.uint64(outputs[j]) * block
        for i in range(width):
            v = momentum * work[speed + o + i] + work[g + i]
            work[speed + o + i] = v
            after = work[save + o + i] - eta * v
            work[o + i] = after
            beyond += 0 if np.abs(after) <= bound else 1
    return beyond


@njit(cache=True, nogil=True, error_model="numpy")
def _stops(work, q2, norm, tolerance, width):  # type: ignore[no-untyped-def]
    """Count the lanes whose squared norm is small, infinite or NaN (a lane with ``|g| = 0`` has NaN)."""
    absolute, relative = tolerance[0] * tolerance[0], tolerance[1] * tolerance[1]
    stop = 0
    for i in range(width):
        stop += 0 if absolute + relative * work[q2 + i] < work[norm + i] < np.inf else 1
    return stop


@njit(cache=True, nogil=True, error_model="numpy")
def _keep(work, block, members, count, kept, row):  # type: ignore[no-untyped-def]
    for i in range(count):
        for j in range(kept.shape[2]):
            kept[row, members[i], j] = work[np.uint64(j) * block + np.uint64(i)]


@njit(cache=True, nogil=True, error_model="numpy")
def _retire(  # type: ignore[no-untyped-def]
    work, block, members, count, x, codes, done, step, save, q2, s2, tolerance, bound, warm, speed, momentum
):  # fmt: skip
    """Freeze the lanes that stop at their point before the step, and close the gaps; return how many run on."""
    i = 0
    while i < count:
        lane = np.uint64(i)
        code = _code(work[q2 + lane], work[s2 + lane], tolerance, warm)
        for j in range(x.shape[1]):
            # The negation catches NaN.
            if code == 0 and not np.abs(work[np.uint64(j) * block + lane]) <= bound:
                code = IS_DIVERGED
        if code == 0:
            i += 1
            continue
        member, last = members[i], np.uint64(count - 1)
        codes[member] = code
        done[member] = step
        for j in range(x.shape[1]):
            o = np.uint64(j) * block
            x[member, j] = work[save + o + lane]
            work[save + o + lane] = work[save + o + last]
            work[o + lane] = work[o + last]
            if momentum > 0.0:
                work[speed + o + lane] = work[speed + o + last]
        work[q2 + lane] = work[q2 + last]
        work[s2 + lane] = work[s2 + last]
        members[i] = members[count - 1]
        count -= 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _code(q2, s2, tolerance, warm):  # type: ignore[no-untyped-def]
    """Status code of a lane from ``|g|^2`` and ``|g+|^2``; 0 if it runs on."""
    if q2 == 0.0:
        return IS_STATIONARY
    if np.isnan(q2):
        return IS_OUTSIDE
    if np.isinf(q2):
        return IS_DIVERGED
    if warm:
        return 0
    if s2 <= tolerance[0] * tolerance[0] + tolerance[1] * tolerance[1] * q2:
        return IS_CONVERGED
    if np.isnan(s2):
        return IS_OUTSIDE
    return IS_DIVERGED if np.isinf(s2) else 0
