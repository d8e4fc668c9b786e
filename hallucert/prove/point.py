"""Certify a point: from floats to theorems about the exact point near it, or about all points of a box around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from hallucert.arguments import checked_whole, quiet
from hallucert.arrays import checked_point, exact_point, short
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import Enclosure, Status
from hallucert.check.cycle.certificate import CycleCertificate
from hallucert.check.cycle.problem import CycleProblem
from hallucert.check.point import existence, no_minimizer_near
from hallucert.check.point.certificate import Certificate
from hallucert.check.point.file import MAX_DIMENSION
from hallucert.check.point.rule import Evidence, Facts, Vector, Witness, rules_of
from hallucert.check.problem import Point, Problem
from hallucert.check.publishing import provenance, published, sizes_at
from hallucert.check.reason import Reason
from hallucert.clock import Clock, Progress, working
from hallucert.errors import ArgumentError, DomainError, require
from hallucert.exact import Exact, exact_radius, round_down
from hallucert.find.batches import BatchCandidate
from hallucert.find.candidate import Candidate
from hallucert.find.decay import DecayCandidate
from hallucert.find.two_cycle import TwoCycle
from hallucert.objectives.doors import checked_objective, radius_law, require_sam
from hallucert.objectives.network.structure import training_of
from hallucert.objectives.objective import Objective
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.prove.claims import Given, Hints, prove, prove_claims, without_existence
from hallucert.prove.locate import Located, locate
from hallucert.settings import checked_double

Prover = Callable[[str, tuple[int, ...] | None, Clock], Certificate]
"""From a backend, a ladder of precisions (None for the default) and a clock to a certificate."""

MIDRAD = "midrad"
LARGE = 300
"""A point of an array program with more variables is proved in arrays where it can be, unless somebody chooses."""

PRECISIONS = (53, 106, 212, 424)
MAX_BOXES = 200_000
_HELPED_BY_PRECISION = frozenset(
    {
        Reason.PRECISION,
        Reason.STRADDLES,
        Reason.NOT_A_ZERO,
        Reason.NO_DECAY,
        Reason.ZERO_GRADIENT,
        Reason.LEVEL,
        Reason.SINGULAR_JACOBIAN,
        Reason.RANK_DEFICIENT,
        Reason.NEARLY_DEGENERATE,
        Reason.SCALE,
        Reason.NO_CYCLE,
    }
)


@dataclass(frozen=True)
class PointTask:
    """What is to be proved about a point: near which guess, or in exactly the box of a radius around it."""

    problem: Problem
    guess: Vector
    radius: Fraction | None
    hints: Hints
    max_boxes: int


def prover_at(f: Objective, given: Given) -> Prover:
    """Return what proves something about the point of a function near ``x``."""
    f = checked_objective(f, "subject", "a Candidate, a Diagnosis, a Branch, a Sheet or ")
    require("rho" in given, "rho", None, "be given")
    problem = Problem(f, exact_radius(given["rho"]), radius_law(given.get("variant", "sam"), f.dimension))
    if "weight_decay" in given:
        problem = _with_decay(problem, given)
    if "batches" in given or "probabilities" in given:
        problem = _in_batches(problem, given)
    if "checkpoint" in given:
        raise ArgumentError("checkpoint", given["checkpoint"], "be left out but for a run, with start and without x")
    if _in_arrays(problem, given):
        return _large(problem, checked_point(given.get("x"), f.dimension, "x"), Hints.asked(given, f.dimension), given)
    return _small(problem, exact_point(given.get("x"), f.dimension, "x"), Hints.asked(given, f.dimension), given)


def prover_of(candidate: Candidate | BatchCandidate | DecayCandidate, given: Given) -> Prover:
    """Return what proves something about the point of a candidate."""
    if isinstance(candidate, BatchCandidate):
        known = {"x": candidate.x, "rho": candidate.rho, "batches": candidate.batches}
        return prover_at(candidate.objective, {**given, **known})
    if isinstance(candidate, DecayCandidate):
        known = {"x": candidate.x, "rho": candidate.rho, "weight_decay": candidate.weight_decay}
        return prover_at(candidate.objective, {**given, **known})
    if candidate.construction is not None and candidate.law != SAM:
        raise ArgumentError("candidate", candidate, "have the ascent step of SAM if it has a construction")
    f = candidate.objective
    problem = Problem(f, candidate.rho, radius_law(candidate.law, f.dimension))
    hints = Hints.asked(given, f.dimension, candidate.construction)
    if _in_arrays(problem, given):
        return _large(problem, checked_point(candidate.x, f.dimension, "candidate.x"), hints, given)
    return _small(problem, tuple(Fraction(float(v)) for v in candidate.x), hints, given)


def prover_of_cycle(candidate: TwoCycle, given: Given) -> Prover:
    """Return what proves something about a two-cycle."""
    problem = CycleProblem(candidate.objective, candidate.rho, step=candidate.step_size)
    return _small(problem, tuple(map(Fraction, candidate.points.ravel().tolist())), Hints(), given)


def _in_batches(problem: Problem, given: Given) -> Problem:
    """Return the problem of mini-batches."""
    from hallucert.check.batches.problem import batch_problem
    from hallucert.objectives.batches import checked_batches

    if "batches" not in given:
        raise ArgumentError("probabilities", given["probabilities"], "be left out without batches")
    for name in ("start", "global_box", "momentum", "nesterov"):
        if name in given:
            raise ArgumentError(name, given[name], "be left out with batches")
    require(problem.law == SAM, "variant", problem.law.variant, 'be "sam" with batches')
    f = problem.objective
    if not 0 < f.residual_count <= f.dimension:
        raise ArgumentError("batches", given["batches"], "be left out but for at most d residuals")
    return batch_problem(problem, checked_batches(f, given["batches"], given.get("probabilities")))


def _with_decay(problem: Problem, given: Given) -> Problem:
    """Return the problem of SAM with weight decay."""
    from hallucert.check.decay.problem import decay_problem

    for name in ("batches", "probabilities", "global_box"):
        if name in given:
            raise ArgumentError(name, given[name], "be left out with weight_decay")
    require(problem.law == SAM, "variant", problem.law.variant, 'be "sam" with weight_decay')
    return decay_problem(problem, exact_radius(given["weight_decay"], "weight_decay"))


def _in_arrays(problem: Problem, given: Given) -> bool:
    """Tell whether a point is proved on a slice, in midpoint-radius arrays: if that is asked for, or for its size."""
    from hallucert.check.large.slice import FITTING, fits

    f, backend = problem.objective, given.get("backend")
    possible = isinstance(f, ProgramObjective) and fits(f) and problem.law == SAM and not problem.claims
    in_arrays = isinstance(backend, str) and backend == MIDRAD
    if in_arrays and not possible:
        raise ArgumentError("backend", backend, f"be arb or mpmath: midrad is for points of SAM of {FITTING}")
    large = f.dimension > MAX_DIMENSION or (backend is None and f.dimension > LARGE)
    return possible and (large or in_arrays)


class LargeProver(partial[Certificate]):
    """What proves a point on a slice, in arrays."""


def _large(problem: Problem, guess: np.ndarray, hints: Hints, given: Given) -> Prover:
    from hallucert.prove.large import LargeTask, certify_large

    if "momentum" in given:
        raise ArgumentError("momentum", given["momentum"], "be left out for points that are proved in arrays")
    radius = exact_radius(given["radius"], "radius") if "radius" in given else None
    residual = getattr(problem.objective, "residual_count", 0) > 0
    return LargeProver(certify_large, LargeTask(replace(problem, residual=residual), guess, radius, hints))


def _small(problem: Problem, guess: Vector, hints: Hints, given: Given) -> Prover:
    f = problem.objective
    f.require_rigorous()
    if problem.period * f.dimension > MAX_DIMENSION:
        most = MAX_DIMENSION // problem.period
        was, must = f"<function of {f.dimension} variables>", f"have at most {most} variables"
        raise ArgumentError("subject", was, f"{must}, as many as a certificate may; certify_stall takes more")
    radius = exact_radius(given["radius"], "radius") if "radius" in given else None
    max_boxes = checked_whole(given.get("max_boxes", MAX_BOXES), 1, "max_boxes")
    return partial(certify_point, PointTask(problem, guess, radius, hints, max_boxes))


def certify_point(task: PointTask, backend: str, ladder: tuple[int, ...] | None, clock: Clock) -> Certificate:
    """Return the certificate in which most is decided, from a ladder of precisions."""
    best: Certificate | None = None
    for precision in PRECISIONS if ladder is None else ladder:
        ar = arithmetic(backend, precision)
        with ar:
            _check_start(ar, task.problem, task.guess)
            attempt = _attempt(ar, task, clock)
        if best is None or _decided(attempt) >= _decided(best):
            best = attempt
        open_reasons = {claim.reason for claim in best.claims.values() if claim.reason is not None}
        if not open_reasons & _HELPED_BY_PRECISION or clock.passed():
            break
    assert best is not None
    return best


def _attempt(ar: BallArithmetic, task: PointTask, clock: Clock) -> Certificate:
    """Prove what can be proved at one precision."""
    clock.tell(f"existence at {ar.precision} bits", 0)
    late = Located(task.problem, None, reason=Reason.TIME)
    located = clock.kept(lambda: locate(ar, task.problem, task.guess, task.radius), late)
    problem, witness = located.problem, located.witness
    point = located.point
    if point is None or witness is None:
        if located.excluded and witness is not None:
            first = existence.refutation(Facts(problem, witness))
        else:
            reason = located.reason or Reason.PRECISION
            network = training_of(problem.objective)
            if reason is Reason.NOT_A_ZERO and problem.period > 1:
                reason = Reason.NO_CYCLE
            if reason is Reason.NOT_A_ZERO and network is not None and network.lacks_decay:
                reason = Reason.NO_DECAY
            first = rules_of(problem)["existence"].open(reason)
        rest = without_existence(first, task.hints, problem)
        return _certificate(problem, witness, rest, provenance(ar))
    facts = Facts(problem, witness)
    evidence = Evidence(point, witness.centre, task.max_boxes, clock, facts.claims)
    claims = prove_claims(evidence, facts, task.hints)
    box = None
    if claims["existence"].status is Status.PROVED:
        unit = sizes_at(point).box
        ends = [published(Enclosure(*ar.endpoints(v)), ar.precision, unit) for v in point.x]
        room = existence.room_of(witness)
        box = tuple((max(e.lower, r.lower), min(e.upper, r.upper)) for e, r in zip(ends, room, strict=True))
    return _certificate(problem, witness, claims, provenance(ar), box)


def _certificate(problem: Problem, *content: Any) -> Certificate:
    """Return a certificate of the kind that a problem has."""
    if isinstance(problem, CycleProblem):
        return CycleCertificate(problem, *content)
    return Certificate(problem, *content)


def _decided(certificate: Certificate) -> int:
    return sum(claim.status is not Status.UNDECIDED for claim in certificate.claims.values())


def _check_start(ar: BallArithmetic, problem: Problem, start: Vector) -> None:
    """Raise where `f` is not defined, or its gradient is exactly 0, at each of the points that a start holds."""
    d = problem.objective.dimension
    for i in range(0, len(start), d):
        _check_point(ar, problem, start[i : i + d])


def _check_point(ar: BallArithmetic, problem: Problem, start: Vector) -> None:
    objective = problem.objective
    balls = [ar.constant(v) for v in start]
    if not ar.is_finite(objective.enclose_value(ar, balls)):
        raise DomainError(f"x = {short(start)} is not certainly in the domain of {objective.name}, or on its edge")
    if problem.residual and problem.claims:  # the gradient of f may vanish where none of a batch does
        return
    if all(ar.is_finite(g) and ar.magnitude(g) == 0 for g in objective.enclose_gradient(ar, balls)):
        raise DomainError(
            f"x = {short(start)} is a critical point of f: the gradient is exactly zero there, so the ascent direction "
            "g/|g| and the SAM map are not defined (and an unnormalised step leads nowhere)"
        )


# ---------------------------------------------------------------------- where SAM stalls

STALL_PRECISION = 53
DENSE = 400  # largest dimension in which the direction comes from a whole Hessian

# Half widths that are tried, as multiples of rho: from the first on, each time by the second factor, to the third.
LARGEST, SHRINK, SMALLEST = 2**-4, 2**-3, 2**-50


@quiet
def certify_stall(
    f: Objective,
    x: Any,
    rho: Exact,
    radius: Exact | None = None,
    backend: str = "arb",
    *,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Certificate:
    """Prove that no point near `x` is mapped by ``y -> y + rho u(y)`` to a local minimizer of ``f``.

    For the end of a run that stalls where ``|g(x+)|`` is small but does not vanish, so that there is no point to
    certify. The claim ``no_minimizer_near`` is about every point of a box around `x`: there ``f`` curves down at
    ``y+`` along the most negative direction of the Hessian at ``x+``. So a hallucinated stationary point in the box
    has a target that is no minimizer, and no ``y`` in it with nonsingular ``J(y)`` is a hallucinated minimizer. Works
    in thousands of dimensions.

    Parameters
    ----------
    f : Objective
        The function; rigorous.
    x : (d,) array
        The point, taken as the exact numbers it is.
    rho : exact positive number
        Radius.
    radius : exact positive number, optional
        Half width of the box; by default the largest of a geometric ladder for which the proof succeeds.
    backend : {"arb", "mpmath"}
        The arithmetic of the proof.
    variant : {"sam"}
        The ascent step of the run: the claim is about SAM.
    progress : bool or callable, optional
        As for `hallucert.certify`.

    Returns
    -------
    Certificate
        With the one claim; undecided, for example, where the target may be a minimizer.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    NotAnalyticError
        If the objective is float-only.
    DomainError
        If ``f`` is not defined at `x` or ``x+``, or the gradient at `x` is zero.

    Examples
    --------
    The four-well function has an attractor at (0, -1/2) with radius 3/2 whose target, (0, 1), is a saddle:

    >>> f = Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    >>> cert = certify_stall(f, (0.001, -0.5), "1.5")
    >>> str(cert["no_minimizer_near"].status)
    'proved'
    """
    from hallucert.sam import perturbed_point

    require_round_to_nearest()
    require_sam(
        variant, 'the claim is about SAM; for USAM safe_radius(..., variant="usam") proves that no points are in a box'
    )
    f = checked_objective(f)
    f.require_rigorous()
    centre = exact_point(x, f.dimension, "x")
    point = checked_point(centre, f.dimension, "x")
    problem = Problem(f, exact_radius(rho))
    checked_double(rho, "rho")
    ladder = _ladder(problem.rho) if radius is None else [exact_radius(radius, "radius")]
    ar = arithmetic(backend, STALL_PRECISION)
    with working(progress=progress) as clock:
        clock.tell("direction of negative curvature", 0)
        _require_defined(ar, problem, centre)
        direction = _most_negative(f, perturbed_point(f, point, problem.rho))
        for number, half_width in enumerate(ladder):
            clock.tell("boxes, each smaller", number, len(ladder))
            witness = Witness(centre, None, (half_width,) * f.dimension, ())
            with ar:
                evidence = Evidence(Point(ar, problem, witness.box(ar)), centre)
                claim = prove(no_minimizer_near.RULE, evidence, Facts(problem, witness), Hints(direction=direction))
            if claim.status is Status.PROVED:
                break
    return Certificate(problem, witness, {claim.name: claim}, provenance(ar))


def _require_defined(ar: BallArithmetic, problem: Problem, x: tuple[Fraction, ...]) -> None:
    """Raise if `f` is certainly undefined at `x` or at its perturbed point; derivatives may be defined there."""
    from hallucert.check.census.charts import is_undefined

    with ar:
        point = Point(ar, problem, [ar.constant(v) for v in x])
        for name, place in (("x", point.x), ("x+", point.plus)):
            if is_undefined(ar, problem.objective, place):
                raise DomainError(f"{problem.objective.name} is not defined at {name}, for x = {short(x)}")


def _ladder(rho: Fraction) -> list[Fraction]:
    widths, factor = [], LARGEST
    while factor >= SMALLEST:
        widths.append(round_down(rho * Fraction(factor), 20))
        factor *= SHRINK
    return widths


def _most_negative(f: Objective, x: np.ndarray) -> np.ndarray:
    """Return an eigenvector of the smallest eigenvalue of ``H(x)``, in floats; any vector is a valid proposal."""
    d = f.dimension
    if d <= DENSE:
        return np.linalg.eigh(f.hessian(x))[1][:, 0]
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    product = f.floats.hessian_vector
    products = LinearOperator((d, d), matvec=lambda v: product(x[None], v.reshape(1, d))[0], dtype=float)
    start = np.random.default_rng(0).standard_normal(d)
    try:
        return eigsh(products, k=1, which="SA", v0=start, tol=1e-2, maxiter=20)[1][:, 0]
    except ArpackNoConvergence as error:
        return error.eigenvectors[:, 0] if error.eigenvectors.size else start
