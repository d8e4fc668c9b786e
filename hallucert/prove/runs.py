"""Runs of SAM that are enclosed on the way to a proof: segment after segment, in cubes, at rising precision.

A cube is published with room, so that a checker whose balls are wider ends in it, too. Where cubes become too wide, the
run begins again with twice the bits. What is done is kept in a checkpoint, if there is one.
"""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path

from hallucert import __version__
from hallucert.balls import arithmetic
from hallucert.check.attraction.converges import MOST_BITS, MOST_STEPS
from hallucert.check.attraction.method import Method
from hallucert.check.attraction.orbit import Cube, follow
from hallucert.check.file.fields import problem_digest
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason
from hallucert.clock import look
from hallucert.decimals import format_exact
from hallucert.exact import exponent, format_rational, parse_exact, round_up
from hallucert.files import Checkpoint

FIRST_BITS = 240
SEGMENTS, SEGMENT = (64, 256, 1024, 4096), 8192
"""Numbers of steps after which the first cubes are, and steps from then on: each cube costs about ten bits."""
WIDEST = Fraction(1, 2**40)
"""Of the radius of a cube, as a part of rho: beyond it the run is known too badly."""


class Run:
    """A run of SAM from an exact start, and the cubes in which it is shown to be."""

    def __init__(
        self, problem: Problem, start: tuple[Fraction, ...], method: Method, backend: str, path: Path | None = None
    ) -> None:
        self.problem, self.start, self.method, self.backend = problem, start, method, backend
        law, numbers = problem.law, (problem.rho, *map(Fraction, method.inputs.values()), *problem.law.scales, *start)
        what = [problem_digest(problem.objective.to_json()), law.variant, *map(format_rational, numbers), backend]
        digest = hashlib.sha256(json.dumps([*what, __version__]).encode()).hexdigest()
        self.kept = Checkpoint(path, digest, "orbit", "function, rho, start, step, momentum or backend")
        self.kept.require_place()
        self.bits, self.ends, self.cubes = FIRST_BITS, list[int](), list[Cube]()
        self._resume()

    @property
    def last(self) -> Cube:
        """The last cube; the start, if there is none."""
        return self.cubes[-1] if self.cubes else Cube(self.method.at_rest(self.start), Fraction(0))

    @property
    def steps(self) -> int:
        """Steps that are done."""
        return self.ends[-1] if self.ends else 0

    @property
    def inputs(self) -> dict[str, object]:
        """What the claim `converges` says of it."""
        centres, radii = tuple(cube.centre for cube in self.cubes), tuple(cube.radius for cube in self.cubes)
        ends = tuple(map(Fraction, self.ends))
        run = {"start": self.start, **self.method.inputs, "bits": self.bits + 16}  # a checker's balls may be wider
        return {**run, "ends": ends, "centres": centres, "radii": radii}

    def go_on(self) -> bool:
        """Show one segment more; False if the run cannot be followed any further."""
        while self.steps < MOST_STEPS:
            end = next((n for n in SEGMENTS if n > self.steps), self.steps + SEGMENT)
            look(f"run in {self.bits} bits, steps", self.steps)
            found = follow(self.problem, arithmetic(self.backend, self.bits), self.method, self.last, end - self.steps)
            if isinstance(found, Cube) and found.radius <= WIDEST * self.problem.rho:
                self._add(end, published(found))
                return True
            if found is Reason.DOMAIN or 2 * self.bits > MOST_BITS:
                return False
            self.bits, self.ends, self.cubes = 2 * self.bits, [], []
            self.kept.entries.clear()
        return False

    def _add(self, end: int, cube: Cube) -> None:
        self.ends.append(end)
        self.cubes.append(cube)
        self.kept.add("run", {"bits": self.bits, "ends": self.ends, "cubes": [_plain(c) for c in self.cubes]})

    def _resume(self) -> None:
        """Go on where a checkpoint ends."""
        if (entry := self.kept.entries.get("run")) is None:
            return
        try:
            known = dict(entry)  # type: ignore[call-overload]
            self.bits, self.ends = int(known["bits"]), list(map(int, known["ends"]))
            self.cubes = [Cube(tuple(map(parse_exact, c)), parse_exact(r)) for c, r in known["cubes"]]
        except (KeyError, TypeError, ValueError) as error:
            self.kept.refuse(repr(error))


def _plain(cube: Cube) -> list[object]:
    return [[format_exact(v) for v in cube.centre], format_exact(cube.radius)]


def published(cube: Cube) -> Cube:
    """Return a cube with short numbers around another, with room."""
    radius = round_up(2 * cube.radius, 8)
    unit = Fraction(2) ** (exponent(radius) - 6)
    centre = tuple(unit * round(c / unit) for c in cube.centre)
    return Cube(centre, radius)
