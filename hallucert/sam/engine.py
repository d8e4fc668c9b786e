"""Who does the steps of a run: the library chooses by the kind and the size of the objective.

=====================================  ==============================================================
a formula                              the compiled loop, lanes in vector instructions (`kernel`)
a tiny network with squared loss       the same loop with the network's gradient (`network_kernel`)
any other network                      matrix products, samples in chunks (`layered_kernel`)
a float-only callable                  numpy (`plain`)
=====================================  ==============================================================

The compiled loop does SAM and USAM, the matrix products do SAM only, numpy does every variant.

An engine may run in coordinates of its own, so starts go in through `project` and points come out through `lift`.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.sam.plain import advance_plain

if TYPE_CHECKING:
    from hallucert.sam.kernels.kernel import GradientProgram

DTYPES = ("float64", "float32")


class Engine:
    """Does SAM steps on lanes.

    Attributes
    ----------
    threads, lanes_per_thread : int
        Number of threads, and how many lanes are worth one.
    height : int
        Gradients are divided by ``2**height`` before they are squared.
    """

    threads = 1
    lanes_per_thread = 1
    height = 0

    def advance(self, piece: int, lanes: np.ndarray, *settings: Any) -> None:
        """Advance `lanes`, as `kernel.advance` does; pieces that run at once have memory of their own."""
        raise NotImplementedError

    def session(self) -> AbstractContextManager[Any]:
        """Return the context in which a run takes place."""
        return nullcontext()

    def project(self, starts: np.ndarray) -> np.ndarray:
        """Return the starts (k, d) in the engine's coordinates, a fresh array."""
        return np.array(starts, order="C")

    def lift(self, x: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return points (k, ...) in coordinates of the objective, as doubles; `starts` are those of the run."""
        return x

    def pieces(self, lanes: int) -> int:
        """Return into how many pieces to cut `lanes` lanes."""
        return min(self.threads, -(-lanes // self.lanes_per_thread))


class PlainEngine(Engine):
    """The numpy loop, on one thread."""

    def __init__(self, objective: Objective, law: RadiusLaw = SAM, height: int = 0) -> None:
        self.objective, self.law, self.height = objective, law, height

    def advance(self, piece: int, lanes: np.ndarray, *settings: Any) -> None:
        """Advance `lanes`."""
        arguments = (*settings[:-1], self.law, self.height)
        advance_plain(self.objective, lanes, *arguments)


class CompiledEngine(Engine):
    """The compiled loop on blocks of lanes.

    Parameters
    ----------
    program : GradientProgram
        The gradient.
    threads, lanes : int
        Threads wanted, and number of lanes of the run.
    heavy : bool
        Whether the run has momentum.
    normalised : bool
        Whether the ascent step is that of SAM, not of USAM.
    height : int
        The program is that of the gradient divided by ``2**height``.
    """

    def __init__(
        self, program: GradientProgram, threads: int, lanes: int, heavy: bool, normalised: bool = True, height: int = 0
    ) -> None:
        from hallucert.objectives.tape.machine import registers_array
        from hallucert.sam.kernels.kernel import EXTRA_ROWS

        self.program, self.normalised, self.height = program, normalised, height
        self.lanes_per_thread = program.lanes_per_thread
        self.threads = max(1, min(threads, lanes // program.lanes_per_thread))
        extra = program.dimension * (2 if heavy else 1) + EXTRA_ROWS
        self.block = program.block(-(-lanes // self.threads), extra)
        self.work = [registers_array(program.registers + extra, self.block) for _ in range(self.threads)]

    def advance(self, piece: int, lanes: np.ndarray, *settings: Any) -> None:
        """Advance `lanes`."""
        from hallucert.sam.kernels.kernel import advance

        arguments = (*settings[:-1], self.normalised)
        advance(self.program, self.work[piece], self.block, lanes, *arguments)


class LayeredEngine(Engine):
    """Matrix products, on the inputs reduced to what the data span.

    Parameters
    ----------
    network : TanhNetwork
        The network.
    threads, lanes : int
        Threads wanted, and number of lanes of the run.
    dtype : str
        "float64" or "float32".
    """

    def __init__(self, network: TanhNetwork, threads: int, lanes: int, dtype: str) -> None:
        from hallucert.sam.kernels.layered_kernel import LayeredNetwork
        from hallucert.sam.kernels.reduction import reduce_inputs

        self.dtype = np.dtype(dtype)
        self.reduction = reduce_inputs(network)
        # With fewer lanes than threads the threads share the samples of a lane.
        self.threads = threads if lanes >= threads else 1
        reduced = network if self.reduction is None else self.reduction.network
        self.network = LayeredNetwork(reduced, self.dtype, threads)

    def advance(self, piece: int, lanes: np.ndarray, *settings: Any) -> None:
        """Advance `lanes`."""
        self.network.advance(piece, lanes, *settings)

    def session(self) -> AbstractContextManager[Any]:
        """Leave the threads to this engine: BLAS gets one for each call."""
        from hallucert.sam.kernels.layered_kernel import one_blas_thread

        return one_blas_thread()

    def project(self, starts: np.ndarray) -> np.ndarray:
        """Reduce the starts, and round them to the precision of the run."""
        reduced = starts if self.reduction is None else self.reduction.project(starts)
        return np.array(reduced, dtype=self.dtype, order="C")

    def lift(self, x: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Undo `project`."""
        points = x.astype(np.float64)
        return points if self.reduction is None else self.reduction.lift(points, starts)


def choose_engine(
    objective: Objective,
    lanes: int,
    threads: int | None,
    dtype: str,
    momentum: float,
    batches: bool,
    law: RadiusLaw = SAM,
    height: int = 0,
) -> Engine:
    """Return the engine for a run of `lanes` lanes on at most `threads` threads (by default one a processor).

    If `height` is not 0 the function is no network, and the engine divides gradients by ``2**height``.

    Raises
    ------
    ArgumentError
        If `dtype` or mini-batches are asked of an objective that is not a network, or another variant than SAM of a
        network that the compiled loop cannot run.
    """
    wanted = threads or os.cpu_count() or 1
    compiled = law.metric is None
    if isinstance(objective, TanhNetwork):
        # Only now, because it loads the compiler.
        from hallucert.sam.kernels.network_kernel import network_program

        tiny = None if batches or dtype != "float64" else network_program(objective)
        if tiny is None and law != SAM:
            raise ArgumentError(
                "variant",
                law.variant,
                'be "sam" for this network: the loop of matrix products, which runs larger networks, other losses, '
                "mini-batches and single precision, has no other ascent step",
            )
        if tiny is None:
            return LayeredEngine(objective, wanted, lanes, dtype)
        if compiled:
            return CompiledEngine(tiny, wanted, lanes, momentum > 0, law.normalised)
        return PlainEngine(objective, law)
    if dtype != "float64":
        raise ArgumentError("dtype", dtype, 'be "float64" for an objective that is not a network')
    if batches:
        raise ArgumentError("batch_size", "<a number>", "be left out for an objective that is not a network")
    program = objective.gradient_program(-height) if compiled else None
    if program is None:
        return PlainEngine(objective, law, height)
    return CompiledEngine(program, wanted, lanes, momentum > 0, law.normalised, height)
