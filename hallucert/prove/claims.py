"""The claims about a point: which are made, in which order, and the exact inputs that a proof proposes for them.

Of the inputs a checker only reads what is proposed. Each function of the first part returns those of the claim of its
name, or why there are none.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from hallucert.arrays import checked_box, exact_point
from hallucert.balls.facade import Ball
from hallucert.balls.similarity import eigenvector_bases
from hallucert.check.attraction import manifold_basin
from hallucert.check.attraction.attractor import tangent_kernel
from hallucert.check.attraction.basin import (
    Contraction,
    Region,
    contraction_of,
)
from hallucert.check.attraction.converges import arrival, arrival_of, farthest, limit_of, run
from hallucert.check.claim import Claim, Enclosure, Measured, Status
from hallucert.check.point.rule import Evidence, Facts, Inputs, Numbers, Rule, rules_of
from hallucert.check.problem import Problem
from hallucert.check.publishing import length_at, publish, published, sizes_at
from hallucert.check.reason import MOST_BITS as MOST_PRECISION
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Subdivision
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.exact import exact_radius, round_down, round_up
from hallucert.find.candidate import Construction
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.prove import batches, regions
from hallucert.prove.runs import Run

P = TypeVar("P")

Claims = Mapping[str, Claim]
"""Those that were made before."""

# The first R is half of rho; it is halved until a proof succeeds, and then brought nearer to the last failure.
HALVINGS, REFINEMENTS = 40, 3
SLACK = Fraction(1, 2**20)  # room for what a checker rounds in another way
ROOM = 2**-10  # the same, of inequalities between weights
RATE_KEPT = Fraction(1, 2)  # of the rate of convergence at ``x*`` on all of Omega: more would make it smaller
PIECES = 150  # of a subdivision that a proof may take
LARGEST_DIMENSION = 300  # more variables make V too long for a certificate
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

    @classmethod
    def asked(cls, given: Mapping[str, Any], dimension: int, construction: Construction | None = None) -> Hints:
        """Check what a user asks for."""
        if "start" in given and "basin" not in given:
            raise ArgumentError("start", given["start"], "be given together with basin, the step of the run")
        checked: dict[str, Callable[[Any, str], Any]] = {
            "basin": exact_radius,
            "global_box": lambda value, name: checked_box(value, dimension, name, rounded=False),
            "start": lambda value, name: exact_point(value, dimension, name),
        }
        return cls(construction, **{name: check(given[name], name) for name, check in checked.items() if name in given})


def nothing(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """Return no inputs: most claims have none."""
    return {}


def basin(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The step as asked, eigenvectors of ``M(x*)`` in floats, and about the largest R that passes."""
    if hints.basin is None:
        return Reason.NEEDS_PREMISES
    step = round_up(hints.basin, 64)
    if len(evidence.point.x) > LARGEST_DIMENSION:
        return Reason.DIMENSION
    evidence = regions.in_arb(evidence)
    matrix = tangent_kernel(evidence) if evidence.residual_form else evidence.point.sam_matrix
    floats = evidence.arithmetic.approximations(matrix)
    proposal = next(eigenvector_bases(floats), None) if np.isfinite(floats).all() else None
    if proposal is None:
        return Reason.PRECISION
    columns = proposal.columns / np.linalg.norm(proposal.columns, axis=0)
    basis = tuple(Fraction(v) for row in columns.tolist() for v in row)
    if evidence.residual_form:
        return _basin_of_manifold(evidence, step, basis, proposal.sizes)
    contraction = contraction_of(evidence, {"step": step, "basis": basis})
    at_point = None if contraction is None else contraction.at_point()
    if contraction is None or at_point is None:
        return Reason.PRECISION
    if at_point.upper >= 1:
        return Reason.STEP
    bound = _kept(at_point)
    largest = _largest(evidence, lambda size: _contracting(contraction, size, bound))
    if largest is None:
        return Reason.STEP
    return {"step": step, "basis": basis, "size": largest[0], "bound": bound, "subdivision": largest[1]}


def attractor(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """With mini-batches a step and a norm in which it contracts; nothing otherwise."""
    return batches.attractor(regions.in_arb(evidence)) if evidence.point.problem.claims else {}


def mean_square(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The step as asked, and a norm in which it contracts in mean square."""
    found = _of_batches(batches.mean_square, evidence, hints)
    refuted = isinstance(found, Reason) and "attractor" in claims and claims["attractor"].status is Status.REFUTED
    return {"step": hints.basin} if refuted and hints.basin is not None else found


def reshuffled(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Reason:
    """The step as asked, and a norm in which every order of the batches contracts."""
    return _of_batches(batches.reshuffled, evidence, hints)


def _of_batches(
    choose: Callable[[Evidence, Fraction], Inputs | Reason], evidence: Evidence, hints: Hints
) -> Inputs | Reason:
    """Choose inputs for the step that is asked for."""
    return Reason.NEEDS_PREMISES if hints.basin is None else choose(regions.in_arb(evidence), hints.basin)


def _basin_of_manifold(
    evidence: Evidence, step: Fraction, basis: tuple[Fraction, ...], sizes: list[int]
) -> Inputs | Reason:
    """The same in residual form: of sizes that pass, that with about the largest ball of starts."""
    inputs = {"step": step, "basis": basis, "blocks": tuple(map(Fraction, sizes))}
    frame, found = manifold_basin.frame_of(evidence, inputs), None
    if frame is None:
        return Reason.PRECISION
    size = round_down(length_at(evidence.point) / 2, 4)
    for _ in range(HALVINGS):
        passed = _weighted(frame, size)
        if passed is not None and (found is None or _radius(size, passed) > _radius(*found)):
            found = size, passed
        elif found is not None:
            break
        size /= 2
    if found is None:
        return Reason.STEP
    for k in range(1, REFINEMENTS + 1):
        for factor in (1 + Fraction(1, 2**k), 1 - Fraction(1, 2 ** (k + 1))):
            passed = _weighted(frame, found[0] * factor)
            if passed is not None and _radius(found[0] * factor, passed) > _radius(*found):
                found = found[0] * factor, passed
                break
    return {**inputs, "size": found[0], **found[1]}


def _radius(size: Fraction, weights: Inputs) -> Fraction:
    """Return the radius of the ball of starts."""
    radius: Fraction = size / (1 + weights["slope"])
    return radius


def _weighted(frame: manifold_basin.Frame, size: Fraction) -> Inputs | None:
    """Return weights that serve on a ball, with the bounds kappa and of the slope; None if there are none.

    ``p (I - N) = E b`` with a little more on the right, so that the inequalities hold with room. All in floats.
    """
    bounds = frame.bounds(size)
    if bounds is None:
        return None
    n, b, a = bounds.contraction, bounds.descent, bounds.slope
    try:
        p = np.linalg.solve((np.eye(len(n)) - n).T, float(frame.step) * b * (1 + ROOM))
    except np.linalg.LinAlgError:
        return None
    if not (np.isfinite(p).all() and (p > 0).all()):
        return None
    rest = Fraction(float((float(frame.step) * b / p).min()))  # of 1 - kappa, the room included
    bound = round_up(1 - rest, 60)
    slope = round_up(Fraction(float(p @ a)) * (1 + SLACK), 24)
    weights = tuple(Fraction(v) for v in p.tolist())
    serves = bound < 1 and manifold_basin.serves(bounds, frame.step, bound, weights, slope)
    return {"bound": bound, "weights": weights, "slope": slope} if serves else None


def _kept(contraction: Enclosure) -> Fraction:
    """Return the bound that leaves so much of the rate as is asked."""
    return round_up(1 - RATE_KEPT * (1 - contraction.upper), 24)


def _largest(evidence: Evidence, passes: Callable[[Fraction], P | None]) -> tuple[Fraction, P] | None:
    """Return about the largest size that passes, with what it passes by."""
    size = round_down(length_at(evidence.point) / 2, 4)
    for _ in range(HALVINGS):
        if found := passes(size):
            break
        size /= 2
    else:
        return None
    for k in range(1, REFINEMENTS + 1):
        larger = size * (1 + Fraction(1, 2**k))
        if better := passes(larger):
            size, found = larger, better
    return size, found


def _contracting(contraction: Contraction, size: Fraction, bound: Fraction) -> Subdivision | None:
    """Return a subdivision that shows the bound on Omega; None if there is none of few pieces."""
    region = Region(contraction, size, bound)
    if not region.has_forms:
        most = 1
    elif all(contraction.is_bounded(contraction.around(move), bound) for move in _probes(contraction, size)):
        most = PIECES
    else:
        return None
    found = regions.subdivide(region.box, region.tests, most)
    return found if isinstance(found, Subdivision) else None


def _probes(contraction: Contraction, size: Fraction) -> Iterator[list[Ball]]:
    """Yield ``V w`` for some w with ``|w|`` just below `size`, along axes and diagonals."""
    ar, basis = contraction.evidence.arithmetic, contraction.basis
    for corner in itertools.product((-1, 0, 1), repeat=len(basis)):
        length = Fraction(math.isqrt(4**20 * sum(map(abs, corner))) + 1, 2**20)
        w = [ar.constant(size * c / length) for c in corner]
        yield [ar.dot(row, w) for row in basis]


@dataclass(frozen=True)
class Shown:
    """Inputs of a claim whose numbers are enclosed already."""

    inputs: Inputs
    numbers: Numbers


def converges(evidence: Evidence, hints: Hints, claims: Claims) -> Inputs | Shown | Reason:
    """The run as asked: of an array program in cubes, of a formula in balls, until it arrives."""
    region, problem = claims.get("basin"), evidence.point.problem
    if region is None or region.status is not Status.PROVED or hints.start is None or hints.basin is None:
        return Reason.NEEDS_PREMISES
    if not isinstance(problem.objective, ProgramObjective):
        return _run_in_balls(evidence, hints.start, hints.basin, limit_of(region))
    cubes = hints.run or Run(problem, hints.start, hints.basin, evidence.arithmetic.name)
    while True:
        found = arrival_of(evidence, cubes.last, cubes.bits)
        if found is not None and farthest(found) <= (1 - SLACK) * limit_of(region):
            at_once = {"start": hints.start, "step": hints.basin, "bits": cubes.bits, "steps": 0}
            return Shown(cubes.inputs, found) if cubes.cubes else at_once
        if hints.run is not None or not cubes.go_on():
            return Reason.START


def _run_in_balls(evidence: Evidence, start: tuple[Fraction, ...], step: Fraction, radius: Fraction) -> Inputs | Reason:
    """The first multiple of `LOOK` steps, and the fewest bits, with which a run arrives."""
    bits = max(FEWEST_BITS, evidence.arithmetic.precision)
    while bits <= MOST_BITS:
        for k, x in enumerate(run(evidence, start, step, bits)):
            look()
            if k % LOOK:
                continue
            found = arrival(evidence, x, bits)
            if found is None or WIDE * (found["distance"].upper - found["distance"].lower) > radius:
                break
            if 2 * farthest(found) <= radius:  # with room for what publication adds, and bits for what a checker loses
                return {"start": start, "step": step, "steps": k, "bits": 2 * bits}
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
    "basin": basin,
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
