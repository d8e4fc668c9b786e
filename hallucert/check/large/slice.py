"""The SAM map of a problem on its slice, enclosed: the programs of `SlicedPrograms`, run a block of columns at a time.

The slice through ``x0`` is ``x(z) = x0 + S z`` with ``S = Dr(x0+)^T``. Nothing of size ``d x m`` is formed: the
programs are run in the order in which contractions are cheapest (`hallucert.objectives.program.reassociate`).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from hallucert.balls.facade import BallArithmetic
from hallucert.balls.midrad import MidRad
from hallucert.balls.midrad.rounding import Doubles
from hallucert.check.problem import Problem
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.objectives.program.evaluate import Array, Arrays, BallArrays
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.program.program import Program, entries
from hallucert.objectives.program.reassociate import reassociated
from hallucert.objectives.program.sliced import SlicedPrograms
from hallucert.objectives.radius_law import SAM

MOST_ENTRIES = 2**20
"""Entries of the largest array of a block of lanes."""
MOST_LANES = 64


class Slice:
    """The slice of a problem through a point, in arrays of an arithmetic.

    Parameters
    ----------
    problem : Problem
        In residual form, with the law of SAM and an array program as its function.
    centre : (d,) array of doubles
        ``x0``.
    arrays : Arrays
        What runs the programs: midpoint-radius arrays, or floats for proposals.
    """

    def __init__(self, problem: Problem, centre: Doubles, arrays: Arrays) -> None:
        f = problem.objective
        if not isinstance(f, ProgramObjective) or not 0 < f.residual_count <= f.dimension or problem.law != SAM:
            must = "be SAM for an array program with residuals, at most as many as parameters"
            raise ArgumentError("problem", repr(f), must)
        self.f, self.problem, self.arrays, self.centre = f, problem, arrays, centre
        self.x0 = f.split(centre)
        self.programs = SlicedPrograms(f, problem.rho)
        self._rewritten: dict[str, Program] = {}

    @property
    def unknowns(self) -> int:
        """``m``."""
        return self.f.residual_count

    def on(self, arrays: Arrays) -> Slice:
        """The same slice in other arrays."""
        return self._like(self.centre, arrays)

    def through(self, centre: Doubles) -> Slice:
        """The slice through another point."""
        return self._like(centre, self.arrays)

    def _like(self, centre: Doubles, arrays: Arrays) -> Slice:
        """Another slice of the problem; its programs are the same."""
        result = Slice(self.problem, centre, arrays)
        result.programs, result._rewritten = self.programs, self._rewritten
        return result

    def program(self, name: str) -> Program:
        """One of the programs, in the order in which it is cheapest."""
        if name not in self._rewritten:
            program: Program = getattr(self.programs, name)
            self._rewritten[name] = reassociated(program, range(len(self.x0) + 1, len(program.inputs)))
        return self._rewritten[name]

    def run(self, name: str, z: Array, *others: Array) -> list[Array]:
        """Run a program at ``x(z)``."""
        return self.arrays.run(self.program(name), [*self.x0, z, *others])

    def columns(self, name: str, z: Array) -> list[Array]:
        """The (m, m) matrices whose columns are the lanes of a program, for all columns of the unit matrix."""
        m, size = self.unknowns, self._lanes(name)
        blocks = []
        for start in range(0, m, size):
            look(f"columns of {name}", start, m)
            blocks.append(self.run(name, z, np.eye(min(size, m - start), m, start)))
        joined = MidRad.concatenate if isinstance(blocks[0][0], MidRad) else np.concatenate
        return [joined(list(parts)).T for parts in zip(*blocks, strict=True)]

    def _lanes(self, name: str) -> int:
        """How many columns at a time."""
        largest, many = 1, list[bool]()
        program, first = self.program(name), len(self.x0) + 1
        for node in program.nodes:
            own = isinstance(node.data, int) and node.data >= first
            many.append(own if node.op == "input" else any(many[i] for i in node.args))
            if many[-1]:
                largest = max(largest, entries(node.shape))
        return max(1, min(MOST_LANES, MOST_ENTRIES // largest))


class SharpSlice:
    """The same programs in balls of an arithmetic of any precision, at single points."""

    def __init__(self, slice: Slice, arithmetic: BallArithmetic) -> None:
        self.slice, self.arithmetic = slice, arithmetic
        self.arrays = BallArrays(arithmetic)

    @cached_property
    def _x0(self) -> list[Array]:
        return self.slice.f.split(self._balls(self.slice.centre))

    def _balls(self, values: Doubles) -> Array:
        """Doubles as balls."""
        balls = np.empty(values.size, dtype=object)
        balls[:] = [self.arithmetic.from_float(v) for v in values.reshape(-1).tolist()]
        return balls.reshape(values.shape)

    def run(self, name: str, z: Doubles, *others: Doubles) -> list[MidRad]:
        """Run a program at ``x(z)``; the results as the doubles around the balls."""
        with self.arithmetic:
            inputs = [*self._x0, *map(self._balls, (z, *others))]
            found = self.arrays.run(self.slice.program(name), inputs)
        return [MidRad.from_balls(self.arithmetic, balls) for balls in found]
