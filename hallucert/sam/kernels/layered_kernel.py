"""SAM on networks too large for `network_kernel`: matrix products by BLAS, lanes spread over threads.

A lane runs many steps in one compiled call on one thread (`layered_steps`). If threads are idle and a gradient is large
enough, the loop over steps is interpreted instead and idle threads compute parts of it (`layered_threads`): the same
passes over the same numbers, in the same order. So results do not depend on the number of threads, bit for bit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  (the BLAS of compiled code, which must be loaded to be limited)
from threadpoolctl import threadpool_limits

from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.sam.kernels.layered_gradient import (
    WORTH_SHARING,
    ChunkMemory,
    chunk_memory,
    layered_program,
    operations,
    part_count,
)
from hallucert.sam.kernels.layered_steps import LaneMemory, advance, lane_memory
from hallucert.sam.kernels.layered_threads import Crew, ThreadCount

_UNUSED = np.int64(0)
"""Stands for the crew in compiled code."""


class LayeredNetwork:
    """A network whose lanes many threads advance.

    Parameters
    ----------
    network : TanhNetwork
        The network; its data are copied.
    dtype : np.dtype
        Precision of the runs, float64 or float32.
    threads : int
        Most threads that work at once.
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

    def advance(
        self,
        piece: int,
        lanes: np.ndarray,
        x: np.ndarray,
        codes: np.ndarray,
        done: np.ndarray,
        rho: np.ndarray,
        eta: np.ndarray,
        warm: bool,
        tolerance: tuple[float, float],
        bound: float,
        kept: np.ndarray,
        every: int,
        velocity: np.ndarray,
        momentum: float,
        batches: np.ndarray,
    ) -> None:
        """Do up to ``len(rho)`` steps on the running lanes, in place, as `plain.advance_plain` does.

        Norms are added up in double precision; steps are formed in it and then rounded. Run this inside
        `one_blas_thread`.

        Parameters
        ----------
        piece : int
            Calls that run at once have different numbers below `threads`.
        lanes : (n,) int64 array
            The lanes to run, all of them running.
        x : (k, d) array
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
        kept : (rows, k, d) array
            Iterates before every step whose number is a multiple of `every`; `every` = 0 keeps nothing.
        velocity : (k, d) array
            Velocities; updated. Shape (0, 0) if `momentum` is 0.
        momentum : float
            Factor of the velocity.
        batches : (steps, b) int64 array
            The samples of each step, numbers below n; shape (0, 0) for all samples.
        """
        samples = batches.shape[1] if batches.size else len(self.program.inputs)
        own = self._piece(piece, momentum > 0, batches.shape[1] if batches.size else 0)
        settings = (x, codes, done, rho, eta, warm, tolerance, bound, kept, every, velocity, momentum, batches)
        with self._threads.at_work():
            if self._worth_sharing(samples):
                advance.py_func(self.program, own.memory, own.lane, own.crew, lanes, *settings)
            else:
                advance(self.program, own.memory, own.lane, _UNUSED, lanes, *settings)

    def _piece(self, number: int, heavy: bool, batch: int) -> _Piece:
        """Return what belongs to a piece, made or made anew if the kind of run changed."""
        piece = self._pieces[number]
        if piece is None:
            piece = _Piece(chunk_memory(self.program), lane_memory(self.program, heavy, batch), Crew(self._threads))
        elif (piece.lane.velocity.size > 0) != heavy or len(piece.lane.inputs) != batch:
            piece = piece._replace(lane=lane_memory(self.program, heavy, batch))
        self._pieces[number] = piece
        return piece


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let each call of BLAS use one thread, everywhere in the process; may be entered by several threads at once."""
    with _blas.lock:
        if _blas.users == 0:
            _blas.limit = threadpool_limits(1, user_api="blas")
        _blas.users += 1
    try:
        yield
    finally:
        with _blas.lock:
            _blas.users -= 1
            if _blas.users == 0:
                _blas.limit.restore_original_limits()


class _Blas:
    """Who counts on one BLAS thread, and the limits from before."""

    def __init__(self) -> None:
        self.lock, self.users = threading.Lock(), 0
        self.limit: Any = None


_blas = _Blas()


class _Piece(NamedTuple):
    """Memory of one call of `LayeredNetwork.advance`, and who helps it."""

    memory: ChunkMemory
    lane: LaneMemory
    crew: Crew
