"""The claims about a point: which are made, in which order, and the exact inputs that a proof proposes for them.

Of the inputs a checker only reads what is proposed. Each function of the first part returns those of the claim of its
name, or why there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arrays import checked_box, exact_point
from hallucert.check.attraction.converges import arrival, arrival_of, farthest, limit_of, run
from hallucert.check.attraction.method import Method
from hallucert.check.batches.problem import BatchPoint
from hallucert.check.claim import Claim, Measured, Status
from hallucert.check.point.rule import Evidence, Facts, Inputs, Numbers, Rule, rules_of
from hallucert.check.problem import Problem
from hallucert.check.publishing import publish, published, sizes_at
from hallucert.check.reason import MOST_BITS as MOST_PRECISION
from hallucert.check.reason import Reason
from hallucert.clock import look
from hallucert.errors import ArgumentError, require
from hallucert.exact import exact, exact_radius
from hallucert.find.candidate import Construction
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.prove import batches, regions
from hallucert.prove.attraction import basin as basins
from hallucert.prove.attraction import cycles
from hallucert.prove.attraction import momentum as momenta
from hallucert.prove.runs import Run

Given = Mapping[str, Any]
"""What a caller asks for, by the names of his arguments."""
Claims = Mapping[str, Claim]
"""Those that were made before."""

SLACK = Fraction(1, 2**20)  # room for what a checker rounds in another way
FEWEST_BITS, MOST_BITS, MOST_STEPS = 128, 8192, 100_000  # of runs in balls
LOOK = 8  # the prover looks where such a run is every so many steps
WIDE = 4  # more bits are due when the distance is not known to one part in so many of the radius


@dataclass(frozen=True)
class Hints:
    """What a user asks for, or a search proposes; what a claim needs of it, its `Rule.needs` says."""

    construction: Construction | None = None  # of `farthest_point`: the search's
    direction: np.ndarray | None = None  # (d,), of `no_minimizer_near`
    global_box: np.ndarray | None = None  # (d, 2): over this box the target may be a global minimizer
    basin: Fraction | None = None  # the step of `basin` and of `converges`
    start: tuple[Fraction, ...] | None = None  # where the run of `converges` starts
    run: Run | None = None  # that run, as far as it is to be followed
    momentum: Inputs | None = None  # step, momentum and method of `momentum`, and of `converges`

    @property
    def method(self) -> Method | None:
        """Of the run of `converges`."""
        if self.momentum is not None:
            return Method.of(self.momentum)
        return None if self.basin is None else Method(self.basin)

    @classmethod
    def asked(cls, given: Given, dimension: int, construction: Construction | None = None) -> Hints:
        """Check what a user asks for."""
        if "start" in given and "basin" not in given:
            raise ArgumentError("start", given["start"], "be given together with basin, the step of the run")
        checked: dict[str, Callable[[Any, str], Any]] = {
            "basin": exact_radius,
            "global_box": lambda value, name: checked_box(value, dimension, name, rounded=False),
            "start": lambda value, name: exact_point(value, dimension, name),
        }
        found = {name: check(given[name], name) for name, check in checked.items() if name in given}
        if "momentum" in given or given.get("nesterov"):
            found["momentum"] = _momentum(given, found.pop("basin", None))
        return cls(construction, **found)


def _momentum(given: Given, step: Fraction | None) -> Inputs:
    """Check what is asked of SAM with momentum; its step is that of `momentum` alone, and of no basin."""
    if "momentum" not in given:
        raise ArgumentError("nesterov", given["nesterov"], "be left out without momentum")
    if step is None:
        raise ArgumentError("momentum", given["momentum"], "be given together with basin, the step")
    b, nesterov = exact(given["momentum"], "momentum"), given.get("nesterov", False)
    if not 0 <= b < 1:
        raise ArgumentError("momentum", given["momentum"], "be at least 0 and less than 1")
    require(isinstance(nesterov, bool), "nesterov", nesterov, "be True or False")
    return {"step": step, "momentum": b, "nesterov": int(nesterov)}


def nothing(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """Return no inputs: most claims have none."""
    return {}


def basin(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The step as asked, and a norm in which it contracts; of a cycle norms at both points."""
    if evidence.point.problem.period > 1:
        return cycles.basin(regions.in_arb(evidence)) if claims.get("existence") else Reason.NEEDS_PREMISES
    return _of_step(basins.basin, evidence, hints)


def around(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """A box around the middle of a cycle, next to a minimizer."""
    return cycles.around(regions.in_arb(evidence)) if claims.get("existence") else Reason.NEEDS_PREMISES


def momentum(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """Step and momentum as asked, and a norm in which they contract, if they do at ``x*``."""
    return Reason.NEEDS_PREMISES if hints.momentum is None else momenta.momentum(evidence, hints.momentum)


def attractor(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """With mini-batches a step and a norm in which it contracts; nothing otherwise."""
    return batches.attractor(regions.in_arb(evidence)) if isinstance(evidence.point, BatchPoint) else {}


def mean_square(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The step as asked, and a norm in which it contracts in mean square."""
    found = _of_step(batches.mean_square, evidence, hints)
    refuted = isinstance(found, Reason) and "attractor" in claims and claims["attractor"].status is Status.REFUTED
    return {"step": hints.basin} if refuted and hints.basin is not None else found


def reshuffled(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The step as asked, and a norm in which every order of the batches contracts."""
    return _of_step(batches.reshuffled, evidence, hints)


def _of_step(
    choose: Callable[[Evidence, Fraction], Inputs | Reason], evidence: Evidence, hints: Hints
) -> Inputs | Reason:
    """Choose inputs for the step that is asked for."""
    return Reason.NEEDS_PREMISES if hints.basin is None else choose(regions.in_arb(evidence), hints.basin)


@dataclass(frozen=True)
class Shown:
    """Inputs of a claim whose numbers are enclosed already."""

    inputs: Inputs
    numbers: Numbers


def converges(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Shown | Reason:
    """The run as asked: of an array program in cubes, of a formula in balls, until it arrives."""
    region, problem = claims.get("basin" if hints.momentum is None else "momentum"), evidence.point.problem
    if region is None or region.status is not Status.PROVED or hints.start is None or hints.method is None:
        return Reason.NEEDS_PREMISES
    if not isinstance(problem.objective, ProgramObjective):
        return _run_in_balls(evidence, hints.start, hints.method, limit_of(region))
    cubes = hints.run or Run(problem, hints.start, hints.method, evidence.arithmetic.name)
    while True:
        found = arrival_of(evidence, hints.method, cubes.last, cubes.bits)
        if found is not None and farthest(found) <= (1 - SLACK) * limit_of(region):
            at_once = {"start": hints.start, **hints.method.inputs, "bits": cubes.bits, "steps": 0}
            return Shown(cubes.inputs, found) if cubes.cubes else at_once
        if hints.run is not None or not cubes.go_on():
            return Reason.START


def _run_in_balls(evidence: Evidence, start: tuple[Fraction, ...], method: Method, radius: Fraction) -> Inputs | Reason:
    """The first multiple of `LOOK` steps, and the fewest bits, with which a run arrives."""
    bits = max(FEWEST_BITS, evidence.arithmetic.precision)
    while bits <= MOST_BITS:
        for k, state in enumerate(run(evidence, method, start, bits)):
            look()
            if k % LOOK:
                continue
            found = arrival(evidence, method, state, bits)
            if found is None or any(WIDE * (number.upper - number.lower) > radius for number in found.values()):
                break
            if 2 * farthest(found) <= radius:  # with room for what publication adds, and bits for what a checker loses
                return {"start": start, **method.inputs, "steps": k, "bits": 2 * bits}
            if k >= MOST_STEPS:
                return Reason.START
        bits *= 2
    return Reason.START


def farthest_point(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The construction that the search proposes, with what proves it."""
    if hints.construction is None:
        return Reason.NEEDS_PREMISES
    return regions.farthest_point(regions.in_arb(evidence), hints.construction)


def global_target(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The box as asked, with what proves or refutes it."""
    if hints.global_box is None:
        return Reason.NEEDS_PREMISES
    return regions.global_target(regions.in_arb(evidence), hints.global_box)


def no_minimizer_near(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The direction that the search proposes."""
    if hints.direction is None:
        return Reason.NEEDS_PREMISES
    return {"direction": tuple(Fraction(float(v)) for v in hints.direction)}


# ---------------------------------------------------------------------- which claims are made

CHOICES: dict[str, Callable[[Evidence, Hints, Mapping[str, Claim]], Inputs | Shown | Reason]] = {
    "attractor": attractor,
    "around": around,
    "basin": basin,
    "momentum": momentum,
    "mean_square": mean_square,
    "reshuffled": reshuffled,
    "converges": converges,
    "farthest_point": farthest_point,
    "global_target": global_target,
    "no_minimizer_near": no_minimizer_near,
}
"""What chooses the inputs of the claims that have some."""

NO_HINTS = Hints()


def is_due(rule: Rule, hints: Hints, residual: bool) -> bool:
    """Tell whether a claim is made: by itself, or because somebody asks for it."""
    asked = not rule.needs or getattr(hints, rule.needs) is not None
    return asked and (residual or not rule.residual_only)


def prove(rule: Rule, evidence: Evidence, facts: Facts, hints: Hints = NO_HINTS) -> Claim:
    """Make a claim; an honest failure is an undecided claim, with the numbers that decide nothing."""
    choose = CHOICES.get(rule.name, nothing)
    inputs = evidence.clock.kept(lambda: choose(evidence, hints, facts.claims), Reason.TIME)
    if isinstance(inputs, Shown):
        numbers, inputs = inputs.numbers, inputs.inputs
        rule = replace(rule, measure=lambda *_: numbers)
    if isinstance(inputs, Reason):
        return rule.about(facts.law).open(inputs)
    measured = rule.measured(evidence, inputs)
    precision, sizes = evidence.arithmetic.precision, sizes_at(evidence.point)
    claim = publish(measured, facts, precision, sizes)
    if claim.reason is None or isinstance(measured.numbers, Reason):
        return claim
    numbers = {key: published(enclosure, precision, sizes.of(key)) for key, enclosure in measured.numbers.items()}
    return replace(claim, numbers=numbers, reason=_cause(measured, claim.reason, facts, precision))


def _cause(measured: Measured[Facts], reason: Reason, facts: Facts, precision: int) -> Reason:
    """Name the cause where nothing but the absolute margin of publication leaves the numbers undecided."""
    if publish(measured, facts, None).reason is not None:
        return reason
    return Reason.SCALE if precision >= MOST_PRECISION else Reason.STRADDLES


def prove_claims(evidence: Evidence, facts: Facts, hints: Hints) -> dict[str, Claim]:
    """Make every claim that is due or asked for; later claims may use earlier ones."""
    rules = rules_of(facts.problem)
    for number, rule in enumerate(rules.values()):
        if is_due(rule, hints, evidence.residual_form):
            evidence.clock.tell(f"claim {rule.name}", number, len(rules))
            facts.claims[rule.name] = prove(rule, evidence, facts, hints)
    return facts.claims


def without_existence(first: Claim, hints: Hints, problem: Problem) -> dict[str, Claim]:
    """Return the claims of a point that is not proved to exist: `first`, and the rest undecided."""
    rest = [rule for rule in rules_of(problem).values() if rule.name != first.name and is_due(rule, hints, False)]
    return {first.name: first, **{rule.name: rule.open(Reason.NEEDS_EXISTENCE) for rule in rest}}
