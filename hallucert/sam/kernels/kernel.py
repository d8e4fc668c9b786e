"""The compiled SAM loop: it runs the gradient's program on blocks of lanes and does many steps in one call.

One step for the lanes of a block, row by row in vector instructions (``g`` and ``g+`` are the program's outputs):

    save = x ;  x = x + (rho / |g|) g ;  x = save - eta g+

Unnormalised (USAM), the factor of ``g`` in the second assignment is ``rho``.

A lane that has to stop is noticed by one count of all stopping conditions and then moved out of the block, so that the
loop carries no branch and no mask for lanes, and finished lanes cost nothing.

The loop is compiled once for every kind of program, a named tuple of arrays with the fields ``outputs`` and
``registers``; how such a program is run is its implementation of `gradient`.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numba.extending import overload

from hallucert.objectives.machine.compilation import compiled, inlined, merged
from hallucert.objectives.machine.interpreter import execute
from hallucert.objectives.machine.program import Program
from hallucert.objectives.machine.vectors import fma
from hallucert.sam.kernels.formula_step import TOGETHER, call_step
from hallucert.sam.lanes import IS_CONVERGED, IS_DIVERGED, IS_OUTSIDE, IS_STATIONARY

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


class Rows(NamedTuple):
    """Where things of a block stand in the work array, all unsigned: its length, then offsets of rows.

    ``x`` stands at 0; saved coordinates at `save`, ``|g|^2`` at `q2`, the factor of the ascent step at `slope`, and
    velocities at `speed`.
    """

    block: np.uint64
    save: np.uint64
    q2: np.uint64
    slope: np.uint64
    speed: np.uint64


def gradient(program: GradientProgram, work: np.ndarray, block: int, width: int) -> None:
    """Run a program on the first `width` lanes of its registers, inside compiled code; the arguments of `execute`."""
    raise NotImplementedError("only compiled code can run a program")


@overload(gradient)
def _execute(program, work, block, width):  # type: ignore[no-untyped-def]
    if program.instance_class is not Program:
        return None
    return lambda program, work, block, width: execute(program.code, program.constants, work, block, width)


def take_step(program, address, work, block, width, rho, eta, momentum, bound, absolute, factor):  # type: ignore[no-untyped-def]
    """Do one step with the machine code at an address: see `formula_step.SIGNATURE`."""
    raise NotImplementedError("only compiled code can take a step")


@overload(take_step)
def _formula_step(program, address, work, block, width, rho, eta, momentum, bound, absolute, factor):  # type: ignore[no-untyped-def]
    if program.instance_class is not Program:
        return None
    return lambda program, address, work, block, width, rho, eta, momentum, bound, absolute, factor: call_step(
        address, work, block, width, rho, eta, momentum, bound, absolute, factor
    )


@compiled
def advance(program, work, block, members, lanes, steps, address):  # type: ignore[no-untyped-def]
    """Do up to ``len(steps.rho)`` steps on the lanes `members`, in place, `block` of them together.

    They are done by the step at `address`, or by running the program if that is 0. The lanes are all running and have
    done the same number of steps; there are no mini-batches. The scratch memory `work` has ``registers + d +
    EXTRA_ROWS`` rows of a block, and `d` more with momentum.
    """
    for start in range(0, members.shape[0], block):
        some = members[start : start + block].copy()
        _gather(work, block, some, lanes.x)
        speed = program.registers + lanes.x.shape[1] + EXTRA_ROWS
        if steps.momentum > 0.0:
            _gather(work[speed * block :], block, some, lanes.velocity)
        _advance_block(program, work, np.uint64(block), some, lanes, steps, address)


@inlined
def _gather(work, block, members, x):  # type: ignore[no-untyped-def]
    for i in range(members.shape[0]):
        for j in range(x.shape[1]):
            work[j * block + i] = x[members[i], j]


@merged
def _advance_block(program, work, block, members, lanes, steps, address):  # type: ignore[no-untyped-def]
    d = np.uint64(lanes.x.shape[1])
    outputs = program.outputs
    save = np.uint64(program.registers) * block
    q2 = save + d * block
    rows = Rows(block, save, q2, q2 + block + block, q2 + np.uint64(EXTRA_ROWS) * block)
    first = lanes.done[members[0]]
    count = members.shape[0]
    row = 0
    for k in range(steps.rho.shape[0]):
        width = np.uint64(count)
        if steps.every > 0 and (first + k) % steps.every == 0:
            _keep(work, block, members, count, steps.kept, row)
            row += 1
        norm = q2 if steps.warm else q2 + block
        tolerance, relative = (0.0, 0.0) if steps.warm else (steps.tolerance, steps.relative)
        if address != 0:
            limits = (steps.bound, tolerance * tolerance, relative * relative)
            stop = take_step(program, address, work, block, width, steps.rho[k], steps.eta[k], steps.momentum, *limits)
        else:
            for half in range(1 if steps.warm else 2):
                gradient(program, work, block, width)
                _squared_norms(work, block, outputs, q2 + np.uint64(half) * block, width)
                if half == 0:
                    _perturb(work, rows, outputs, 0.0 if steps.warm else steps.rho[k], steps.normalised, width)
            stop = _stops(work, q2, norm, tolerance, relative, width)
            stop += _descend(work, rows, outputs, steps.eta[k], steps.momentum, steps.bound, width)
        if stop > 0:
            count = _retire(work, rows, norm, members, count, first + k, lanes, steps)
            if count == 0:
                return
    for i in range(count):
        lanes.done[members[i]] = first + steps.rho.shape[0]
        for j in range(lanes.x.shape[1]):
            lanes.x[members[i], j] = work[np.uint64(j) * block + np.uint64(i)]
            if steps.momentum > 0.0:
                lanes.velocity[members[i], j] = work[rows.speed + np.uint64(j) * block + np.uint64(i)]


@inlined
def _squared_norms(work, block, outputs, norm, width):  # type: ignore[no-untyped-def]
    """Sum the squares of the outputs into the row at `norm`, in the order of `formula_step.plus_squares`."""
    whole = outputs.shape[0] // TOGETHER * TOGETHER
    for i in range(width):
        work[norm + i] = 0.0
    for j in range(0, whole, TOGETHER):
        g, h = np.uint64(outputs[j]) * block, np.uint64(outputs[j + 1]) * block
        k, l = np.uint64(outputs[j + 2]) * block, np.uint64(outputs[j + 3]) * block
        for i in range(width):
            part = fma(work[h + i], work[h + i], work[g + i] * work[g + i])
            work[norm + i] += fma(work[l + i], work[l + i], fma(work[k + i], work[k + i], part))
    for j in range(whole, outputs.shape[0]):
        g = np.uint64(outputs[j]) * block
        for i in range(width):
            work[norm + i] = fma(work[g + i], work[g + i], work[norm + i])


@inlined
def _perturb(work, rows, outputs, rho, normalised, width):  # type: ignore[no-untyped-def]
    """Save ``x`` and put ``x + (rho/|g|) g`` in its place, or ``x + rho g``."""
    if normalised:
        for i in range(width):
            work[rows.slope + i] = rho / np.sqrt(work[rows.q2 + i])
    else:
        for i in range(width):
            work[rows.slope + i] = rho
    for j in range(outputs.shape[0]):
        o, g = np.uint64(j) * rows.block, np.uint64(outputs[j]) * rows.block
        for i in range(width):
            before = work[o + i]
            work[rows.save + o + i] = before
            work[o + i] = fma(work[rows.slope + i], work[g + i], before)


@inlined
def _descend(work, rows, outputs, eta, momentum, bound, width):  # type: ignore[no-untyped-def]
    """Put the saved point minus `eta` times the outputs in its place; count the coordinates beyond `bound`, or NaN.

    With momentum the velocities, after updating them, take the place of the outputs.
    """
    beyond = 0
    for j in range(outputs.shape[0]):
        o, along = np.uint64(j) * rows.block, np.uint64(outputs[j]) * rows.block
        if momentum > 0.0:
            v = rows.speed + o
            for i in range(width):
                work[v + i] = fma(momentum, work[v + i], work[along + i])
            along = v
        for i in range(width):
            after = fma(-eta, work[along + i], work[rows.save + o + i])
            work[o + i] = after
            beyond += 0 if np.abs(after) <= bound else 1
    return beyond


@inlined
def _stops(work, q2, norm, tolerance, relative, width):  # type: ignore[no-untyped-def]
    """Count the lanes whose squared norm is small, infinite or NaN (a lane with ``|g| = 0`` has NaN)."""
    absolute, factor = tolerance * tolerance, relative * relative
    stop = 0
    for i in range(width):
        stop += 0 if fma(factor, work[q2 + i], absolute) < work[norm + i] < np.inf else 1
    return stop


@inlined
def _keep(work, block, members, count, kept, row):  # type: ignore[no-untyped-def]
    for i in range(count):
        for j in range(kept.shape[2]):
            kept[row, members[i], j] = work[np.uint64(j) * block + np.uint64(i)]


@inlined
def _retire(work, rows, norm, members, count, step, lanes, steps):  # type: ignore[no-untyped-def]
    """Freeze the lanes that stop at their point before the step, and close the gaps; return how many run on."""
    i = 0
    while i < count:
        lane = np.uint64(i)
        code = code_of(work[rows.q2 + lane], work[norm + lane], steps.tolerance, steps.relative, steps.warm)
        for j in range(lanes.x.shape[1]):
            # The negation catches NaN.
            if code == 0 and not np.abs(work[np.uint64(j) * rows.block + lane]) <= steps.bound:
                code = IS_DIVERGED
        if code == 0:
            i += 1
            continue
        member, last = members[i], np.uint64(count - 1)
        lanes.codes[member] = code
        lanes.done[member] = step
        for j in range(lanes.x.shape[1]):
            o = np.uint64(j) * rows.block
            lanes.x[member, j] = work[rows.save + o + lane]
            work[rows.save + o + lane] = work[rows.save + o + last]
            work[o + lane] = work[o + last]
            if steps.momentum > 0.0:
                work[rows.speed + o + lane] = work[rows.speed + o + last]
        work[rows.q2 + lane] = work[rows.q2 + last]
        work[norm + lane] = work[norm + last]
        members[i] = members[count - 1]
        count -= 1
    return count


@compiled
def code_of(q2, s2, tolerance, relative, warm):  # type: ignore[no-untyped-def]
    """Status code of a lane from ``|g|^2`` and ``|g+|^2``; 0 if it runs on."""
    if q2 == 0.0:
        return IS_STATIONARY
    if np.isnan(q2):
        return IS_OUTSIDE
    if np.isinf(q2):
        return IS_DIVERGED
    if warm:
        return 0
    if s2 <= tolerance * tolerance + relative * relative * q2:
        return IS_CONVERGED
    if np.isnan(s2):
        return IS_OUTSIDE
    return IS_DIVERGED if np.isinf(s2) else 0
