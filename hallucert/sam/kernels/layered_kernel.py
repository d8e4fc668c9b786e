"""SAM on networks too large for `network_kernel`: matrix products by BLAS, lanes spread over threads.

With ``g`` and ``g+`` the gradients on the samples of a step:

    x+ = x + (rho/|g|) g ;  v <- momentum v + g+ ;  x <- x - eta v

A lane runs many steps in one compiled call on one thread. If threads are idle and a gradient is large enough, the loop
over steps is interpreted instead (``advance.py_func``), and idle threads help with each gradient, a sum of a few parts
(`layered_gradient`): whoever advances lanes computes them one after the other, and hires the threads that have nothing
to do at that moment. These are the same passes over the same numbers; who computes a part does not change it, and the
parts are always added in the same order. So results do not depend on the number of threads, bit for bit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  (the BLAS of compiled code, which must be loaded to be limited)
from numba.extending import overload
from threadpoolctl import threadpool_limits

from hallucert.objectives.network.layout import Training
from hallucert.sam.kernels.kernel import code_of, compiled
from hallucert.sam.kernels.layered_gradient import (
    WORTH_SHARING,
    ChunkMemory,
    Data,
    LayeredProgram,
    add_to,
    aligned,
    chunk_memory,
    copy,
    fresh_data,
    layered_program,
    operations,
    part_count,
    part_gradient,
    turn_inputs,
    whole_gradient,
)
from hallucert.sam.lanes import IS_DIVERGED, Lanes, Steps

_UNUSED = np.int64(0)
"""Stands for the crew in compiled code."""
PARTIAL_SUMS = 64
"""Sums of squares are added up in this many partial sums, side by side."""


class LayeredNetwork:
    """A network whose lanes many threads advance; its data are copied.

    `dtype` is the precision of the runs, float64 or float32, and at most `threads` threads work at once.
    """

    def __init__(self, network: Training, dtype: np.dtype, threads: int) -> None:
        self.threads = threads
        self.program = layered_program(network, np.dtype(dtype))
        self._threads = ThreadCount(self.program, threads)
        self._pieces: list[_Piece | None] = [None] * threads

    @property
    def splits(self) -> bool:
        """Whether idle threads help with a gradient on all samples."""
        return self._worth_sharing(len(self.program.data.inputs))

    def _worth_sharing(self, samples: int) -> bool:
        several = self.threads > 1 and part_count(self.program.sizes, samples) > 1
        return several and operations(self.program.sizes, samples) >= WORTH_SHARING

    def advance(self, piece: int, members: np.ndarray, lanes: Lanes, steps: Steps) -> None:
        """Do up to ``len(steps.rho)`` steps on the running lanes `members`, in place, as `engine.PlainEngine` does.

        Norms are added up in double precision; steps are formed in it and then rounded. Run this inside
        `one_blas_thread`; calls that run at once have different numbers `piece` below `threads`.
        """
        batch = steps.batches.shape[1] if steps.batches.size else 0
        own = self._piece(piece, steps.momentum > 0, batch)
        shared = self._worth_sharing(batch or len(self.program.data.inputs))
        with self._threads.at_work():
            run, crew = (advance.py_func, own.crew) if shared else (advance, _UNUSED)  # type: ignore[attr-defined]
            run(self.program, own.memory, own.lane, crew, members, lanes, steps)

    def _piece(self, number: int, heavy: bool, batch: int) -> _Piece:
        """Return what belongs to a piece, made or made anew if the kind of run changed."""
        piece = self._pieces[number]
        if piece is None:
            piece = _Piece(chunk_memory(self.program), lane_memory(self.program, heavy, batch), Crew(self._threads))
        elif (piece.lane.velocity.size > 0) != heavy or len(piece.lane.data.inputs) != batch:
            piece = piece._replace(lane=lane_memory(self.program, heavy, batch))
        self._pieces[number] = piece
        return piece


class ThreadCount:
    """Counts the threads at work, at most `threads`, and hires idle ones."""

    def __init__(self, program: LayeredProgram, threads: int) -> None:
        self.program = program
        self._idle, self._lock = threads, threading.Lock()
        self._memories: list[ChunkMemory] = []
        # It starts a thread only when there is work for it.
        self.pool = ThreadPoolExecutor(threads)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count the calling thread as one at work."""
        self._change(-1)
        try:
            yield
        finally:
            self._change(1)

    @contextmanager
    def hired(self, wanted: int) -> Iterator[list[ChunkMemory]]:
        """Count up to `wanted` idle threads as at work, and give scratch memory for each."""
        with self._lock:
            count = max(0, min(wanted, self._idle))
            self._idle -= count
            while len(self._memories) < count:
                self._memories.append(chunk_memory(self.program))
            hired = [self._memories.pop() for _ in range(count)]
        try:
            yield hired
        finally:
            with self._lock:
                self._memories += hired
                self._idle += count

    def _change(self, idle: int) -> None:
        with self._lock:
            self._idle += idle


class Crew:
    """A thread that advances lanes, together with the idle ones that it hires for each gradient."""

    def __init__(self, threads: ThreadCount) -> None:
        self.threads = threads
        self.sums: list[np.ndarray] = []

    def gradient(self, memory: ChunkMemory, data: Data, x: np.ndarray, g: np.ndarray) -> None:
        """Do what `layered_gradient.whole_gradient` does, together."""
        program = self.threads.program
        parts = part_count(program.sizes, len(data.inputs))
        while len(self.sums) < parts - 1:
            self.sums.append(aligned(len(g), g.dtype))
        sums = [g, *self.sums[: parts - 1]]
        # Whoever is ready takes the next part; the interpreter lets one thread at a time do so.
        queue = iter(range(parts))

        def serve(own: ChunkMemory) -> None:
            for part in queue:
                part_gradient(program, own, data, part, x, sums[part])

        with self.threads.hired(parts - 1) as hired:
            helpers = [self.threads.pool.submit(serve, own) for own in hired]
            try:
                serve(memory)
            finally:
                wait(helpers)
        for helper in helpers:
            helper.result()
        for part in sums[1:]:
            add_to(g, part)


class _Piece(NamedTuple):
    """Memory of one call of `LayeredNetwork.advance`, and who helps it."""

    memory: ChunkMemory
    lane: LaneMemory
    crew: Crew


class _Blas:
    """Who counts on one BLAS thread, and what gives BLAS back its own."""

    def __init__(self) -> None:
        self.lock, self.users, self.limit = threading.Lock(), 0, ExitStack()


_blas = _Blas()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let each call of BLAS use one thread, everywhere in the process; may be entered by several threads at once."""
    with _blas.lock:
        if _blas.users == 0:
            _blas.limit.enter_context(threadpool_limits(1, user_api="blas"))
        _blas.users += 1
    try:
        yield
    finally:
        with _blas.lock:
            _blas.users -= 1
            if _blas.users == 0:
                _blas.limit.close()


# ---------------------------------------------------------------------- the steps of a lane


class LaneMemory(NamedTuple):
    """Scratch memory for one lane: ``x``, ``x+``, ``g`` and ``v`` (d,), partial sums, and the samples of a batch."""

    point: np.ndarray
    other: np.ndarray
    g: np.ndarray
    velocity: np.ndarray
    sums: np.ndarray
    data: Data


def lane_memory(program: LayeredProgram, heavy: bool, batch: int) -> LaneMemory:
    """Return fresh scratch memory for lanes with momentum or not, and `batch` samples a step (0 for all)."""
    dtype, dimension = program.data.inputs.dtype, program.dimension
    return LaneMemory(
        aligned(dimension, dtype),
        aligned(dimension, dtype),
        aligned(dimension, dtype),
        aligned(dimension if heavy else 0, dtype),
        np.empty(PARTIAL_SUMS),
        fresh_data(program.sizes, batch, dtype),
    )


def gradient(
    program: LayeredProgram, memory: ChunkMemory, crew: Crew, data: Data, x: np.ndarray, g: np.ndarray
) -> None:
    """Write the gradient on the given samples to `g`: interpreted, `crew` shares the work; compiled, it is unused."""
    crew.gradient(memory, data, x, g)


@overload(gradient)
def _gradient(program, memory, crew, data, x, g):  # type: ignore[no-untyped-def]
    return lambda program, memory, crew, data, x, g: whole_gradient(program, memory, data, x, g)


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
            data = program.data
            if steps.batches.shape[0] > 0:
                data = lane.data
                gather(program, steps.batches[k], data)
            q2 = s2 = 0.0
            for half in range(2):
                at = other if half else point
                gradient(program, memory, crew, data, at, g)
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
def gather(program, batch, data):  # type: ignore[no-untyped-def]
    """Copy the samples of a batch side by side."""
    for i in range(batch.shape[0]):
        copy(program.data.inputs[batch[i]], data.inputs[i])
    for j in range(data.targets.shape[0]):
        for i in range(batch.shape[0]):
            data.targets[j, i] = program.data.targets[j, batch[i]]
    turn_inputs(data, program.sizes)


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
