"""SAM on networks too large for `network_kernel`: matrix products by BLAS, lanes spread over threads.

A lane runs many steps in one compiled call on one thread (`layered_steps`). If threads are idle and a gradient is large
enough, the loop over steps is interpreted instead and idle threads help with each gradient, a sum of a few parts
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
from threadpoolctl import threadpool_limits

from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.sam.kernels.layered_gradient import (
    WORTH_SHARING,
    ChunkMemory,
    LayeredProgram,
    add_to,
    aligned,
    chunk_memory,
    layered_program,
    operations,
    part_count,
    part_gradient,
)
from hallucert.sam.kernels.layered_steps import LaneMemory, advance, lane_memory
from hallucert.sam.lanes import Lanes, Steps

_UNUSED = np.int64(0)
"""Stands for the crew in compiled code."""


class LayeredNetwork:
    """A network whose lanes many threads advance; its data are copied.

    `dtype` is the precision of the runs, float64 or float32, and at most `threads` threads work at once.
    """

    def __init__(self, network: TanhNetwork, dtype: np.dtype, threads: int) -> None:
        self.threads = threads
        self.program = layered_program(network, np.dtype(dtype))
        self._threads = ThreadCount(self.program, threads)
        self._pieces: list[_Piece | None] = [None] * threads

    @property
    def splits(self) -> bool:
        """Whether idle threads help with a gradient on all samples."""
        return self._worth_sharing(len(self.program.inputs))

    def _worth_sharing(self, samples: int) -> bool:
        several = self.threads > 1 and part_count(self.program, samples) > 1
        return several and operations(self.program, samples) >= WORTH_SHARING

    def advance(self, piece: int, members: np.ndarray, lanes: Lanes, steps: Steps) -> None:
        """Do up to ``len(steps.rho)`` steps on the running lanes `members`, in place, as `engine.advance_plain` does.

        Norms are added up in double precision; steps are formed in it and then rounded. Run this inside
        `one_blas_thread`; calls that run at once have different numbers `piece` below `threads`.
        """
        batch = steps.batches.shape[1] if steps.batches.size else 0
        own = self._piece(piece, steps.momentum > 0, batch)
        shared = self._worth_sharing(batch or len(self.program.inputs))
        with self._threads.at_work():
            run, crew = (advance.py_func, own.crew) if shared else (advance, _UNUSED)  # type: ignore[attr-defined]
            run(self.program, own.memory, own.lane, crew, members, lanes, steps)

    def _piece(self, number: int, heavy: bool, batch: int) -> _Piece:
        """Return what belongs to a piece, made or made anew if the kind of run changed."""
        piece = self._pieces[number]
        if piece is None:
            piece = _Piece(chunk_memory(self.program), lane_memory(self.program, heavy, batch), Crew(self._threads))
        elif (piece.lane.velocity.size > 0) != heavy or len(piece.lane.inputs) != batch:
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

    def gradient(
        self, memory: ChunkMemory, inputs: np.ndarray, targets: np.ndarray, x: np.ndarray, g: np.ndarray
    ) -> None:
        """Do what `layered_gradient.whole_gradient` does, together."""
        program = self.threads.program
        parts = part_count(program, len(inputs))
        while len(self.sums) < parts - 1:
            self.sums.append(aligned(len(g), g.dtype))
        sums = [g, *self.sums[: parts - 1]]
        # Whoever is ready takes the next part; the interpreter lets one thread at a time do so.
        queue = iter(range(parts))

        def serve(own: ChunkMemory) -> None:
            for part in queue:
                part_gradient(program, own, inputs, targets, part, x, sums[part])

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
