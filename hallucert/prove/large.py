"""Certify a point of a large array program: polish it on its slice in floats, find a box, prove claims in arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from hallucert import __version__
from hallucert.arrays import short
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad, MidRadArithmetic
from hallucert.check.claim import Claim, Enclosure, Measured, Provenance
from hallucert.check.large.certificate import LargeCertificate
from hallucert.check.large.existence import SlicedWitness, Test, facts_of, krawczyk
from hallucert.check.large.measures import Evidences
from hallucert.check.large.slice import Slice
from hallucert.check.point import existence
from hallucert.check.point.rule import OF_A_POINT, Facts, Rules
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason
from hallucert.clock import Clock
from hallucert.errors import DomainError
from hallucert.exact import round_down, round_up
from hallucert.objectives.program.evaluate import FloatArrays
from hallucert.objectives.program.midrad import MidRadArrays
from hallucert.prove.claims import Hints, is_due, without_existence

SHARP_BITS = 106
"""Of the residual at the centre."""
NEWTON_STEPS, REFINEMENTS = 12, 2
SINGULAR = 1e13
"""Condition of the Jacobian on the slice from which on it counts as singular."""

FILLING = (0.02, 0.6)
"""Which part of its box Krawczyk's image should fill, as for every point."""
AIM, LARGEST_CHANGE = 0.2, 2.0**12
"""What it should fill of the next box, if that grows in proportion, and by how much the next box may differ."""
FIRST_BOX, BOXES = 2.0**-35, 7
"""Half width of the first box that is tried, in lengths of parameters, and how many are."""
GROWTH, TRIALS = 2.0**6, 3
"""Boxes of balls alone: by what the next one is larger, the first than Newton's step, and how many are tried."""
HELPED = frozenset({Reason.PRECISION, Reason.STRADDLES, Reason.RANK_DEFICIENT})
"""Reasons for which a claim is measured once more, in balls alone."""
ROOM, SHARE = 6, 256
"""The ends of a number are published so many widths farther out, but no more than this part of their size."""


@dataclass(frozen=True)
class LargeTask:
    """What is to be proved: near which guess, or in exactly the box of a radius around it, on the slice."""

    problem: Problem
    guess: np.ndarray
    radius: Fraction | None
    hints: Hints


@dataclass(frozen=True)
class Found:
    """A witness, its test, and what it was made with; or why there is none."""

    witness: SlicedWitness | None
    test: Test | None
    reason: Reason | None = None
    slice: Slice | None = None


def certify_large(task: LargeTask, backend: str, ladder: tuple[int, ...] | None, clock: Clock) -> LargeCertificate:
    """Prove every claim about the hallucinated point on the slice near the guess.

    In balls of the backend, at the largest precision, only residuals at single points are enclosed.
    """
    sharp = arithmetic("arb" if backend == "midrad" else backend, max(ladder or [SHARP_BITS]))
    provenance = Provenance(__version__, "midrad", f"numpy {np.__version__} and {sharp.version}", 53)
    arrays = MidRadArrays(MidRadArithmetic())
    search = _Search(task, Slice(task.problem, task.guess, arrays, sharp), clock)
    found = clock.kept(search.found, Found(None, None, Reason.TIME))
    problem, witness, test = task.problem, found.witness, found.test
    if witness is None or test is None or found.slice is None or not test.proved:
        reason = found.reason or Reason.PRECISION
        first = existence.RULE.open(reason)
        if witness is not None and test is not None and test.excluded:
            first = existence.refutation(facts_of(problem, witness))
        return LargeCertificate(problem, witness, without_existence(first, task.hints, problem), provenance)
    evidences = Evidences(found.slice, witness, test, clock)
    facts = facts_of(problem, witness)
    due = [name for name, rule in Rules(OF_A_POINT).items() if is_due(rule, task.hints, problem.residual)]
    for done, name in enumerate(due):
        clock.tell(f"claim {name}", done, len(due))
        for evidence in evidences:
            facts.claims[name] = claim = _claimed(evidence.measured(name), facts)
            if claim.reason not in HELPED:
                break
    return LargeCertificate(problem, witness, facts.claims, provenance)


def _claimed(measured: Measured[Facts], facts: Facts) -> Claim:
    """Make the claim from what is published of its numbers."""
    theorem, found = measured.theorem, measured.numbers
    if isinstance(found, Reason):
        return theorem.open(found)
    numbers = {name: _published(number) for name, number in found.items()}
    stated = theorem.state(facts, numbers, {})
    return replace(theorem.open(stated), numbers=numbers) if isinstance(stated, Reason) else stated


def _published(number: Enclosure) -> Enclosure:
    """Move both ends out, so that products made otherwise lead to the same claim; no end moves across 0."""
    room = ROOM * (number.upper - number.lower)
    low, high = (min(room, abs(end) / SHARE) for end in (number.lower, number.upper))
    return Enclosure(round_down(number.lower - low, 64), round_up(number.upper + high, 64))


class _Search:
    """Newton's method on slices, in floats; then boxes of Krawczyk's test, around a point refined in balls."""

    def __init__(self, task: LargeTask, slice_: Slice, clock: Clock) -> None:
        self.task, self.slice, self.clock = task, slice_, clock
        self.floats = self.slice.on(FloatArrays())

    def at(self, centre: np.ndarray) -> Slice:
        """The slice through a centre, in midpoint-radius arrays."""
        if centre is not self.slice.centre:
            self.slice = self.slice.through(centre)
            self.floats = self.floats.through(centre)
        return self.slice

    def found(self) -> Found:
        """A witness and its test."""
        self.clock.tell("existence", 0)
        f = self.slice.f
        try:
            self.slice.arrays.run(f.value_program, self.slice.x0)
        except DomainError:
            where = short(self.slice.centre)
            raise DomainError(f"x = {where} is not certainly in the domain of {f.name}, or on its edge") from None
        try:
            self.slice.run("scalars", MidRad(self._origin))
        except DomainError:
            return Found(None, None, Reason.ZERO_GRADIENT)
        with np.errstate(all="ignore"):
            proposal = self._polished() if self.task.radius is None else self._linear()
        if isinstance(proposal, Reason):
            return Found(None, None, proposal)
        inverse, lengths = proposal
        if self.task.radius is not None:
            witness = SlicedWitness(self.slice.centre, self._origin, float(self.task.radius) / lengths)
            test = krawczyk(self.slice, witness, self.slice.sharp.run("residual", self._origin)[0])
            reason = None if test.proved or test.excluded else Reason.NOT_A_ZERO
            return Found(witness, test, reason, self.slice)
        return self._boxed(inverse, lengths)

    @property
    def _origin(self) -> np.ndarray:
        return np.zeros(self.slice.unknowns)

    def _linear(self) -> tuple[np.ndarray, np.ndarray] | Reason:
        """The inverse of the Jacobian on the slice and the lengths of the columns of S, in floats."""
        if self.task.problem.residual:
            along, gram = self.floats.columns("kernel", self._origin)  # at z = 0 the Jacobian is A B^T
            lengths, singular = np.sqrt(np.diag(gram)), Reason.RANK_DEFICIENT
        else:
            (along,) = self.floats.columns("jacobian", self._origin)
            lengths, singular = np.ones(self.slice.unknowns), Reason.NEARLY_DEGENERATE
        try:
            inverse = np.linalg.inv(along)
        except np.linalg.LinAlgError:
            return singular
        size = np.linalg.norm(inverse, np.inf) * np.linalg.norm(along, np.inf)
        return (inverse, lengths) if size < SINGULAR else singular

    def _size_at(self, x: np.ndarray) -> float:
        """The size of what vanishes at a target, at any point: of the residuals or the gradient."""
        f = self.slice.f
        return float(np.abs(f.residual(x) if self.task.problem.residual else f.gradient(x)).max())

    def _polished(self) -> tuple[np.ndarray, np.ndarray] | Reason:
        """Newton's method, each step on the slice through the last iterate, while the residual falls."""
        best, best_size, best_linear = self.slice.centre, np.inf, None
        here = self._size_at(self.task.guess)
        for _ in range(NEWTON_STEPS):
            value = self.floats.run("residual", self._origin)[0]
            size = float(np.abs(value).max())
            if not size < best_size / 2:
                break
            linear = self._linear()
            if isinstance(linear, Reason):
                return linear
            best, best_size, best_linear = self.slice.centre, size, linear
            move = self.slice.f.joined(self.floats.run("move", -linear[0] @ value), 0)
            if not np.abs(move).max() <= float(self.task.problem.rho) / 2:
                return Reason.NOT_A_ZERO
            self.at(best + move)
        self.at(best)
        if best_linear is None or not 10 * best_size <= here:
            return Reason.NOT_A_ZERO
        return best_linear

    def _boxed(self, inverse: np.ndarray, lengths: np.ndarray) -> Found:
        """Refine the middle in balls, then look for a box that its image fills to a good part."""
        middle = self._origin
        for _ in range(REFINEMENTS + 1):
            value = self.slice.sharp.run("residual", middle)[0]
            step = inverse @ value.mid
            if not np.abs(step * lengths).max() > 2.0**-80 * float(self.task.problem.rho):
                break
            middle = middle - step
        value = self.slice.sharp.run("residual", middle)[0]
        size, best, best_size, too_large = FIRST_BOX, Found(None, None, Reason.NOT_A_ZERO), 0.0, np.inf
        for _ in range(BOXES):
            witness = SlicedWitness(self.slice.centre, middle, size / lengths)
            test = krawczyk(self.slice, witness, value)
            if not test.proved:
                too_large = min(too_large, size)
            elif size > best_size:
                best, best_size = Found(witness, test, None, self.slice), size
            if test.proved and FILLING[0] <= test.filled <= FILLING[1]:
                break
            size *= min(max(AIM / test.filled, LARGEST_CHANGE**-1), LARGEST_CHANGE)
            if size >= too_large:
                size = float(np.sqrt(best_size * too_large)) if best_size else too_large / LARGEST_CHANGE
        return best if best.test is not None else self._in_balls(middle, inverse, lengths)

    def _in_balls(self, middle: np.ndarray, inverse: np.ndarray, lengths: np.ndarray) -> Found:
        """Look for a box in balls alone, from one that is little larger than Newton's step at the middle."""
        slice_, best = self.slice.thorough(), Found(None, None, Reason.NOT_A_ZERO)
        if slice_ is None:
            return best
        value = slice_.sharp.run("residual", middle)[0]
        size = GROWTH * float(np.abs(inverse @ value.mid * lengths).max())
        for _ in range(TRIALS):
            witness = SlicedWitness(slice_.centre, middle, size / lengths)
            test = krawczyk(slice_, witness, value)
            if not test.proved:
                break
            best, size = Found(witness, test, None, slice_), GROWTH * size
        return best
