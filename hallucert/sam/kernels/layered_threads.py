"""Idle threads help others with their gradients.

A gradient is a sum of a few parts (`layered_gradient`). Whoever advances lanes computes them one after the other, and
hires the threads that have nothing to do at that moment. Who computes a part does not change it, and the parts are
always added in the same order.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import numpy as np

from hallucert.sam.kernels.elementwise import add_to
from hallucert.sam.kernels.layered_gradient import (
    ChunkMemory,
    LayeredProgram,
    aligned,
    chunk_memory,
    part_count,
    part_gradient,
)


class ThreadCount:
    """Counts the threads at work, and hires idle ones.

    Parameters
    ----------
    program : LayeredProgram
        The network.
    threads : int
        Most threads that work at once.
    """

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
    """A thread that advances lanes, together with the idle ones that it hires for each gradient.

    Parameters
    ----------
    threads : ThreadCount
        Where to find idle threads.
    """

    def __init__(self, threads: ThreadCount) -> None:
        self.threads = threads
        self.sums: list[np.ndarray] = []

    def gradient(
        self,
        program: LayeredProgram,
        memory: ChunkMemory,
        inputs: np.ndarray,
        targets: np.ndarray,
        x: np.ndarray,
        g: np.ndarray,
    ) -> None:
        """Do what `layered_gradient.whole_gradient` does, together."""
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
