"""SAM on networks too large for `network_kernel`: matrix products by BLAS, whole runs of a lane in one compiled call.

One step of a lane, with ``g`` and ``g+`` the gradients on the samples of the step:

    x+ = x + (rho/|g|) g ;  v <- momentum v + g+ ;  x <- x - eta v

Lanes are spread over threads by the caller. If threads are idle, the loop over steps is interpreted instead, and
the parts of each gradient are shared among them: the same passes over the same numbers, in the same order, so results
do not depend on the number of threads, bit for bit. It is the same function, whose `gradient` means one thing to
the compiler and another to the interpreter.

numba's cache watches only the file a function stands in: whoever changes `elementwise` or `layered_gradient` deletes
``__pycache__/layered_*.nb*`` beside this file.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  (the BLAS of compiled code, which must be loaded to be limited)
from numba import njit
from numba.extending import overload
from threadpoolctl import threadpool_limits

from hallucert.objectives.network import TanhNetwork
from hallucert.sam.elementwise import PARTIAL_SUMS, ascend, decayed_norm, descend
from hallucert.sam.kernel import _code
from hallucert.sam.layered_gradient import (
    ChunkMemory,
    LayeredProgram,
    aligned,
    chunk_memory,
    copy,
    layered_program,
    part_count,
    whole_gradient,
)
from hallucert.sam.layered_threads import Crew, ThreadCount
from hallucert.sam.status import IS_DIVERGED

WORTH_SHARING = 2e7
"""Floating-point operations of a gradient from which on threads share it: some 200 us, against 50 us to share."""


class LaneMemory(NamedTuple):
    """Scratch memory for one lane: ``x``, ``x+``, ``g`` and ``v`` (d,), partial sums, and the samples of a batch."""

    point: np.ndarray
    other: np.ndarray
    g: np.ndarray
    velocity: np.ndarray
    sums: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray


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
        fan_in, fan_out = self.program.sizes[:-1], self.program.sizes[1:]
        operations = samples * (6.0 * int(np.sum(fan_in * fan_out)) + 40.0 * int(np.sum(fan_out)))
        return self.threads > 1 and part_count(self.program, samples) > 1 and operations >= WORTH_SHARING

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
        tolerance: float,
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
        tolerance, bound : float
            Stop where ``|g+| <= tolerance``, or where a coordinate would exceed `bound` in absolute value.
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


# ---------------------------------------------------------------------- the steps of a lane


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
            code = status_code(q2, s2, tolerance, warm)
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
def status_code(q2, s2, tolerance, warm):  # type: ignore[no-untyped-def]
    """Return the status code for ``|g|^2`` and ``|g+|^2``; 0 if the lane runs on."""
    return _code(q2, s2, tolerance, warm)


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
