"""Who does the steps of a run: the library chooses by the kind and the size of the objective.

=====================================  ==============================================================
a formula                              the compiled loop, lanes in vector instructions (`kernel`)
a tiny network with squared loss       the same loop with the network's gradient (`network_kernel`)
any other network                      matrix products, samples in chunks (`layered_kernel`)
a float-only callable                  numpy (`PlainEngine`)
=====================================  ==============================================================

The compiled loop does SAM and USAM, the matrix products do SAM only, numpy does every variant.

An engine may run in coordinates of its own, so starts go in through `project` and points come out through `lift`.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.objectives.network.layout import Training
from hallucert.objectives.network.structure import training_of
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.sam.lanes import IS_CONVERGED, IS_DIVERGED, IS_OUTSIDE, IS_STATIONARY, Lanes, Steps
from hallucert.sam.settings import Plan

if TYPE_CHECKING:
    from hallucert.objectives.machine.native import Code
    from hallucert.sam.kernels.formula_step import Kind
    from hallucert.sam.kernels.kernel import GradientProgram


class Engine:
    """Does SAM steps on lanes: with some threads, each worth so many lanes; gradients are divided by ``2**height``."""

    threads = 1
    lanes_per_thread = 1
    height = 0

    def advance(self, piece: int, members: np.ndarray, lanes: Lanes, steps: Steps) -> None:
        """Do up to ``len(steps.rho)`` steps on the lanes `members`, in place.

        All of them run, and have done the same number of steps. Pieces that run at once have memory of their own.
        """
        raise NotImplementedError

    def session(self) -> AbstractContextManager[None]:
        """Return the context in which a run takes place."""
        return nullcontext()

    def project(self, starts: np.ndarray) -> np.ndarray:
        """Return the starts (k, d) in the engine's coordinates, a fresh array."""
        return np.array(starts, order="C")

    def lift(self, x: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return points (k, d) in the coordinates of the objective, as doubles; `starts` are those of the run."""
        return x

    def pieces(self, lanes: int) -> int:
        """Return into how many pieces to cut `lanes` lanes."""
        return min(self.threads, -(-lanes // self.lanes_per_thread))


class PlainEngine(Engine):
    """The loop in numpy, on one thread, for objectives without a compiled loop.

    Step for step it does what `kernel.advance` does; tests compare the two on the same function.
    """

    def __init__(self, objective: Objective, law: RadiusLaw = SAM, height: int = 0) -> None:
        self.objective, self.law, self.height = objective, law, height

    def advance(self, piece: int, members: np.ndarray, lanes: Lanes, steps: Steps) -> None:
        x, (first, row) = lanes.x, (int(lanes.done[members[0]]), 0)
        with np.errstate(all="ignore"):
            for k in range(steps.rho.size):
                points = x[members]
                if steps.every > 0 and (first + k) % steps.every == 0:
                    steps.kept[row, members] = points
                    row += 1
                step = np.ldexp(self.objective.floats.gradient(points), -self.height)
                q2 = shifted = np.einsum("ij,ij->i", step, step)
                if not steps.warm:
                    slope = steps.rho[k] / self.law.floats.size(step)
                    points_there = points + slope[:, None] * self.law.floats.weighted(step)
                    step = np.ldexp(self.objective.floats.gradient(points_there), -self.height)
                    shifted = np.einsum("ij,ij->i", step, step)
                if steps.momentum:
                    step = lanes.velocity[members] = steps.momentum * lanes.velocity[members] + step
                following = points - steps.eta[k] * step
                code = _codes(q2, shifted, following, steps)
                stop, go = code != 0, code == 0
                lanes.codes[members[stop]] = code[stop]
                members = members[go]
                x[members] = following[go]
                lanes.done[members] = first + k + 1
                if members.size == 0:
                    return


def _codes(q2: np.ndarray, shifted: np.ndarray, following: np.ndarray, steps: Steps) -> np.ndarray:
    """Status code of every lane, 0 if it runs on; later lines overrule earlier ones."""
    code = np.zeros(q2.size, dtype=np.int64)
    code[~(np.abs(following) <= steps.bound).all(axis=1)] = IS_DIVERGED
    if not steps.warm:
        code[shifted <= steps.tolerance**2 + steps.relative**2 * q2] = IS_CONVERGED
        code[np.isinf(shifted)] = IS_DIVERGED
        code[np.isnan(shifted)] = IS_OUTSIDE
    code[np.isinf(q2)] = IS_DIVERGED
    code[np.isnan(q2)] = IS_OUTSIDE
    code[q2 == 0] = IS_STATIONARY
    return code


class CompiledEngine(Engine):
    """The compiled loop on blocks of lanes, for a run of `lanes` lanes, `heavy` if it has momentum.

    The program is that of the gradient divided by ``2**height``.
    """

    def __init__(self, program: GradientProgram, threads: int, lanes: int, heavy: bool, height: int = 0) -> None:
        from hallucert.objectives.machine.program import registers_array
        from hallucert.sam.kernels.kernel import EXTRA_ROWS

        self.program, self.height = program, height
        self.lanes_per_thread = program.lanes_per_thread
        self.threads = max(1, min(threads, lanes // program.lanes_per_thread))
        extra = program.dimension * (2 if heavy else 1) + EXTRA_ROWS
        self.block = program.block(-(-lanes // self.threads), extra)
        self.work = [registers_array(program.registers + extra, self.block) for _ in range(self.threads)]
        self._codes: dict[Kind, Code] = {}

    def advance(self, piece: int, members: np.ndarray, lanes: Lanes, steps: Steps) -> None:
        from hallucert.sam.kernels.formula_step import Kind
        from hallucert.sam.kernels.kernel import advance

        kind = Kind(steps.warm, steps.normalised, steps.momentum > 0)
        if kind not in self._codes:
            self._codes[kind] = self._code(kind)
        address = self._codes[kind].address(members.size, steps.rho.size)
        advance(self.program, self.work[piece], self.block, members, lanes, steps, address)

    def _code(self, kind: Kind) -> Code:
        """Return the step that may be done instead of running the program."""
        from hallucert.objectives.machine.program import Program
        from hallucert.sam.kernels.formula_step import formula_step
        from hallucert.sam.kernels.network_gradient import Shape
        from hallucert.sam.kernels.network_kernel import NetworkProgram
        from hallucert.sam.kernels.network_step import network_step

        if isinstance(self.program, Program):
            return formula_step(self.program, kind)
        assert isinstance(self.program, NetworkProgram)
        program, sizes = self.program, tuple(self.program.sizes.tolist())
        shape = Shape(sizes, program.bounded, program.decay != 0.0, self.block, program.registers)
        return network_step(shape, kind)


class LayeredEngine(Engine):
    """Matrix products, on the inputs reduced to what the data span, in the precision `dtype`."""

    def __init__(self, network: Training, threads: int, lanes: int, dtype: str) -> None:
        from hallucert.sam.kernels.layered_kernel import LayeredNetwork
        from hallucert.sam.kernels.reduction import reduce_inputs

        self.dtype = np.dtype(dtype)
        self.reduction = reduce_inputs(network)
        # With fewer lanes than threads the threads share the samples of a lane.
        self.threads = threads if lanes >= threads else 1
        reduced = network if self.reduction is None else self.reduction.network
        self.network = LayeredNetwork(reduced, self.dtype, threads)

    def advance(self, piece: int, members: np.ndarray, lanes: Lanes, steps: Steps) -> None:
        self.network.advance(piece, members, lanes, steps)

    def session(self) -> AbstractContextManager[None]:
        """Leave the threads to this engine: BLAS gets one for each call."""
        from hallucert.sam.kernels.layered_kernel import one_blas_thread

        return one_blas_thread()

    def project(self, starts: np.ndarray) -> np.ndarray:
        """Reduce the starts, and round them to the precision of the run."""
        reduced = starts if self.reduction is None else self.reduction.project(starts)
        return np.array(reduced, dtype=self.dtype, order="C")

    def lift(self, x: np.ndarray, starts: np.ndarray) -> np.ndarray:
        points = x.astype(np.float64)
        return points if self.reduction is None else self.reduction.lift(points, starts)


def choose_engine(objective: Objective, lanes: int, plan: Plan) -> Engine:
    """Return the engine for a run of `lanes` lanes, by default on one thread a processor.

    If ``plan.height`` is not 0 the function is no network, and the engine divides gradients by ``2**height``. What is
    asked of an objective that no engine can do is an `ArgumentError`.
    """
    wanted, law, batches = plan.threads or os.cpu_count() or 1, plan.law, plan.batches is not None
    compiled = law.floats.metric is None
    if (network := training_of(objective)) is not None:
        # Only now, because it loads the compiler.
        from hallucert.sam.kernels.network_kernel import network_program

        tiny = None if batches or plan.dtype != "float64" else network_program(network)
        if tiny is None and law != SAM:
            raise ArgumentError(
                "variant",
                law.variant,
                'be "sam" for this network: the loop of matrix products, which runs larger networks, other losses, '
                "mini-batches and single precision, has no other ascent step",
            )
        if tiny is None:
            return LayeredEngine(network, wanted, lanes, plan.dtype)
        return CompiledEngine(tiny, wanted, lanes, plan.momentum > 0) if compiled else PlainEngine(objective, law)
    program = objective.floats.gradient_program(-plan.height) if compiled else None
    if program is None:
        return PlainEngine(objective, law, plan.height)
    return CompiledEngine(program, wanted, lanes, plan.momentum > 0, plan.height)
