"""The SAM map of a problem on its slice, enclosed: the programs of `SlicedPrograms`, run a block of columns at a time.

The slice through ``x0`` is ``x(z) = x0 + S z`` with ``S = Dr(x0+)^T``. Nothing of size ``d x m`` is formed: the
programs are run in the order in which contractions are cheapest (`hallucert.objectives.program.reassociate`).
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.facade import BallArithmetic
from hallucert.balls.midrad import MidRad
from hallucert.balls.midrad.rounding import Doubles
from hallucert.check.problem import Problem
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.evaluate import Array, Arrays, BallArrays
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.program.program import Program
from hallucert.objectives.program.reassociate import Parts, parted, reassociated
from hallucert.objectives.program.sliced import BoxPrograms, SlicedPrograms
from hallucert.objectives.radius_law import SAM

MOST_ENTRIES = 2**20
"""Entries of the largest array of a block of lanes."""
MOST_LANES = 64
MOST_BALLS, BITS = 2**26, 4
"""How many entries `Slice.thorough` computes at most for all columns of a matrix, and with how many times the bits."""
LONG = "move"
"""The program whose result depends on no direction and has as many entries as there are parameters."""

MOST_ISOLATED = 2**11
"""Parameters of a function without residuals: its claims are about matrices of that size."""
FITTING = f"an array program with residuals, at most as many as parameters, or with at most {MOST_ISOLATED} parameters"


def has_slice(f: ProgramObjective) -> bool:
    """Whether points are looked for on a slice: where the function has residuals."""
    return f.residual_count > 0


def fits(f: ProgramObjective) -> bool:
    """Whether the function is as `FITTING` says."""
    return f.residual_count <= f.dimension if has_slice(f) else f.dimension <= MOST_ISOLATED


class Slice:
    """The slice of a problem of SAM through ``x0``, the `centre` (d,); in residual form if its program has residuals.

    The programs are run by `arrays`, midpoint-radius arrays or floats for proposals, and those parts of them that
    depend on no direction by the `balls`, if there are any; or all of them, if `whole`: for networks so deep that
    linear maps in doubles lose too much.
    """

    def __init__(
        self,
        problem: Problem,
        centre: Doubles,
        arrays: Arrays,
        balls: BallArithmetic | None = None,
        whole: bool = False,
    ) -> None:
        f = problem.objective
        if not isinstance(f, ProgramObjective) or not fits(f) or problem.law != SAM or problem.residual != has_slice(f):
            raise ArgumentError("problem", repr(f), f"be SAM for {FITTING}")
        self.f, self.problem, self.arrays, self.balls, self.whole = f, problem, arrays, balls, whole
        self.centre = centre
        self.x0 = f.split(centre)
        self.programs = SlicedPrograms(f, problem.rho) if problem.residual else BoxPrograms(f, problem.rho)
        self._rewritten: dict[str, Program] = {}
        self._parts: dict[str, Parts] = {}
        self._still: dict[tuple[str, ...], tuple[Program, dict[str, list[int]]]] = {}

    @property
    def unknowns(self) -> int:
        """``m``; without residuals ``d``."""
        return self.f.residual_count if self.problem.residual else self.f.dimension

    def on(self, arrays: Arrays) -> Slice:
        """The same slice in other arrays alone."""
        return self._like(self.centre, arrays, None)

    def thorough(self) -> Slice | None:
        """The same slice in balls alone, of several times the bits; None if that would take too long."""
        widest = "square" if self.problem.residual else "jacobian"
        if self.balls is None or self.unknowns * self._work(widest) > MOST_BALLS:
            return None
        more = arithmetic(self.balls.name, BITS * self.balls.precision)
        return self._like(self.centre, self.arrays, more, whole=True)

    def through(self, centre: Doubles) -> Slice:
        """The slice through another point."""
        return self._like(centre, self.arrays, self.balls, self.whole)

    def _like(self, centre: Doubles, arrays: Arrays, balls: BallArithmetic | None, whole: bool = False) -> Slice:
        """Another slice of the problem; its programs are the same."""
        result = Slice(self.problem, centre, arrays, balls, whole)
        result.programs, result._rewritten, result._parts = self.programs, self._rewritten, self._parts
        result._still = self._still
        return result

    def program(self, name: str) -> Program:
        """One of the programs, in the order in which it is cheapest."""
        if name not in self._rewritten:
            program: Program = getattr(self.programs, name)
            self._rewritten[name] = reassociated(program, range(len(self.x0) + 1, len(program.inputs)))
        return self._rewritten[name]

    def parts(self, name: str) -> Parts:
        """The same in two parts, of which the first depends on no direction."""
        if name not in self._parts:
            program = self.program(name)
            self._parts[name] = parted(program, range(len(self.x0) + 1, len(program.inputs)))
        return self._parts[name]

    def still(self, names: tuple[str, ...]) -> tuple[Program, dict[str, list[int]]]:
        """One program of all first parts, and which of its results each second part reads."""
        if names not in self._still:
            builder = ProgramBuilder([*self.f.program.inputs, (self.unknowns,)])
            inputs, places = [builder.input(i) for i in range(len(builder.inputs))], dict[str, list[int]]()
            for name in names:
                if name != LONG:
                    first = self.parts(name).still
                    done = builder.include(first, inputs)
                    places[name] = [done[i] for i in first.outputs]
            ends = {node: k for k, node in enumerate(dict.fromkeys(itertools.chain(*places.values())))}
            at = {name: [ends[node] for node in nodes] for name, nodes in places.items()}
            self._still[names] = builder.program(list(ends)), at
        return self._still[names]

    def run(self, name: str, z: Array, *others: Array) -> list[Array]:
        """Run a program at ``x(z)``."""
        return self.at(z, name).run(name, *others)

    def columns(self, name: str, z: Array) -> list[Array]:
        """The (m, m) matrices of a program at ``x(z)``, see `Runs.columns`."""
        return self.at(z, name).columns(name)

    def at(self, z: Array, *names: str) -> Runs:
        """What runs some programs at ``x(z)``."""
        return Runs(self, z, names)

    @cached_property
    def sharp(self) -> SharpSlice:
        """The slice in balls."""
        if self.balls is None:
            raise ArgumentError("balls", None, "be an arithmetic")
        return SharpSlice(self, self.balls)

    def lanes(self, name: str) -> int:
        """How many columns at a time."""
        return max(1, min(MOST_LANES, MOST_ENTRIES // max(self.parts(name).sizes, default=1)))

    def _work(self, name: str) -> int:
        """How many entries have a value for every direction."""
        return sum(self.parts(name).sizes)


class Runs:
    """Some programs at ``x(z)``, for any directions; what depends on none of these is computed once, for all of them.

    It is computed in balls, if there is an arithmetic of these: then enclosures in doubles begin as tight as can be,
    and what is left for doubles is linear in the directions. Only ``S z``, which has as many entries as there are
    parameters, stays in doubles. `z` may be balls if all is run in these.
    """

    def __init__(self, slice: Slice, z: Array, names: tuple[str, ...]) -> None:
        self.slice, self.z = slice, z
        self.still, self._places = slice.still(names)
        self._known = dict[int, Array]()

    @cached_property
    def _values(self) -> list[Array]:
        """What depends on no direction, in balls if there are some."""
        if self.slice.balls is not None:
            return self.slice.sharp.balls(self.still, self.z)
        return self.slice.arrays.run(self.still, [*self.slice.x0, self.z])

    def _value(self, place: int) -> Array:
        """One of these, as arrays have it."""
        if place not in self._known:
            value = self._values[place]
            self._known[place] = value if self.slice.balls is None else self.slice.sharp.rounded(value)
        return self._known[place]

    def run(self, name: str, *others: Array) -> list[Array]:
        """Run a program in given directions."""
        if self.slice.whole:
            known = [] if name == LONG else [self._values[place] for place in self._places[name]]
            program = self.slice.program(name) if name == LONG else self.slice.parts(name).moving
            return self.slice.sharp.ran(program, self.z, *others, *known)
        at = [*self.slice.x0, self.z, *others]
        if name == LONG:
            return self.slice.arrays.run(self.slice.program(name), at)
        return self.slice.arrays.run(self.slice.parts(name).moving, [*at, *map(self._value, self._places[name])])

    def columns(self, name: str) -> list[Array]:
        """The (m, m) matrices whose columns are the lanes of a program, for all columns of the unit matrix."""
        m, size, blocks = self.slice.unknowns, self.slice.lanes(name), []
        for start in range(0, m, size):
            look(f"columns of {name}", start, m)
            blocks.append(self.run(name, np.eye(min(size, m - start), m, start)))
        joined = MidRad.concatenate if isinstance(blocks[0][0], MidRad) else np.concatenate
        return [joined(list(parts)).T for parts in zip(*blocks, strict=True)]


class SharpSlice:
    """The same programs in balls of an arithmetic of any precision, at single points and on boxes."""

    def __init__(self, slice: Slice, arithmetic: BallArithmetic) -> None:
        self.slice, self.arithmetic = slice, arithmetic
        self.arrays = BallArrays(arithmetic)

    @cached_property
    def _x0(self) -> list[Array]:
        return self.slice.f.split(self.balls_of(self.slice.centre))

    def balls_of(self, values: Array) -> Array:
        """Doubles, or intervals of doubles, as balls; balls as they are."""
        if not isinstance(values, MidRad):
            if values.dtype == object:
                return values
            values = MidRad(values)
        ar, balls = self.arithmetic, np.empty(values.size, dtype=object)
        middles, radii = values.mid.reshape(-1).tolist(), values.rad.reshape(-1).tolist()
        if values.exact:
            balls[:] = [ar.from_float(v) for v in middles]
        else:
            ends = [(Fraction(v) - Fraction(r), Fraction(v) + Fraction(r)) for v, r in zip(middles, radii, strict=True)]
            balls[:] = [ar.interval(low, high) for low, high in ends]
        return balls.reshape(values.shape)

    def run(self, name: str, z: Array, *others: Array) -> list[MidRad]:
        """Run a program at ``x(z)``; the results as the doubles around the balls."""
        return self.ran(self.slice.program(name), z, *others)

    def ran(self, program: Program, z: Array, *others: Array) -> list[MidRad]:
        """Run a program of ``x0``, z and others."""
        return [self.rounded(balls) for balls in self.balls(program, z, *others)]

    def balls(self, program: Program, z: Array, *others: Array) -> list[Array]:
        """The same, in balls."""
        with self.arithmetic:
            return self.arrays.run(program, [*self._x0, *map(self.balls_of, (z, *others))])

    def rounded(self, balls: Array) -> MidRad:
        """The doubles around balls; `DomainError` if there are none."""
        with self.arithmetic:
            return MidRad.from_balls(self.arithmetic, balls)
