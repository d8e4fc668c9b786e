"""Certify: from a point in floats to theorems about the exact point near it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, overload

from hallucert import __version__
from hallucert.arguments import checked_items, checked_seconds, checked_whole, quiet
from hallucert.arrays import checked_box, exact_point
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.balls.facade import BallArithmetic
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.claim import Enclosure, Provenance, Status
from hallucert.check.point import existence
from hallucert.check.point.certificate import Certificate
from hallucert.check.point.file import MAX_DIMENSION
from hallucert.check.point.rule import Evidence, Facts, Vector
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.check.sheet.certificate import SheetCertificate, SurfaceCertificate
from hallucert.clock import Clock, OutOfTime, Progress, working
from hallucert.errors import ArgumentError, DomainError
from hallucert.exact import Exact, exact_radius, round_up, whole
from hallucert.find.candidate import Candidate, Construction
from hallucert.find.curves.records import Branch, Sheet, Surface
from hallucert.objectives.objective import Objective, checked_objective
from hallucert.objectives.radius_law import SAM, RadiusLaw, radius_law
from hallucert.prove.branch.certify import certify_branch
from hallucert.prove.choices import Hints
from hallucert.prove.claims import prove_claims, without_existence
from hallucert.prove.locate import Located, locate
from hallucert.prove.sheet.certify import certify_sheet, certify_surface

Array = Any
"""What numpy makes an array of, with exact numbers among its entries."""

PRECISIONS = (53, 106, 212, 424)
MAX_BOXES = 200_000
BUDGET, SURFACE_BUDGET = 120.0, 600.0
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
    }
)


@overload
def certify(
    subject: Branch,
    *,
    backend: str = ...,
    precisions: Sequence[int] | None = ...,
    gap: float | None = ...,
    budget: float | None = ...,
    progress: Progress = ...,
) -> BranchCertificate: ...


@overload
def certify(
    subject: Sheet,
    *,
    backend: str = ...,
    precisions: Sequence[int] | None = ...,
    budget: float | None = ...,
    progress: Progress = ...,
) -> SheetCertificate: ...


@overload
def certify(
    subject: Surface,
    *,
    backend: str = ...,
    precisions: Sequence[int] | None = ...,
    budget: float | None = ...,
    progress: Progress = ...,
) -> SurfaceCertificate: ...


@overload
def certify(
    subject: Objective | Candidate,
    x: Array = ...,
    rho: Exact | None = ...,
    *,
    backend: str = ...,
    precisions: Sequence[int] | None = ...,
    radius: Exact | None = ...,
    global_box: Array = ...,
    basin: Exact | None = ...,
    start: Array = ...,
    max_boxes: int | None = ...,
    budget: float | None = ...,
    variant: str | RadiusLaw | None = ...,
    progress: Progress = ...,
) -> Certificate: ...


@quiet
def certify(
    subject: Objective | Candidate | Branch | Sheet | Surface,
    x: Array = None,
    rho: Exact | None = None,
    *,
    backend: str = "arb",
    precisions: Sequence[int] | None = None,
    radius: Exact | None = None,
    global_box: Array = None,
    basin: Exact | None = None,
    start: Array = None,
    max_boxes: int | None = None,
    gap: float | None = None,
    budget: float | None = None,
    variant: str | RadiusLaw | None = None,
    progress: Progress = None,
) -> AnyCertificate:
    """Prove every claim that applies to the hallucinated point near `x`, or to the points of a branch or sheet.

    ``certify(f, x, rho)``, ``certify(candidate)``, ``certify(branch)`` or ``certify(sheet)``. A sheet is covered by
    cells that each hold exactly one arc, or by charts that each hold exactly one patch of a surface (see
    `hallucert.check.sheet.claims`). A branch is covered by cells, each proved to hold exactly one
    arc of the curve, up to `gap` from its branch points (see `hallucert.check.branch.claims`). Otherwise the point is
    polished by Newton's method, existence is proved by Krawczyk's test, and all further claims are about the exact
    point ``x*`` that was proved to exist.

    Parameters
    ----------
    subject : Objective, Candidate, Branch, Sheet or Surface
        The function, or a candidate from `hallucert.find` (then `x` and `rho` come with it), or a branch (which takes
        only `backend`, `precisions`, `gap`, `budget` and `progress`) or a sheet (which takes those except `gap`).
    x : array of shape (d,)
        A point near the hallucinated point, for example the end of a SAM run.
    rho : exact positive number
        ``"0.05"`` is 1/20; a float is the dyadic rational it is.
    backend : {"arb", "mpmath"}
        The arithmetic of the proof.
    precisions : sequence of int, optional
        The ladder of precisions in bits, by default 53, 106, 212, 424; the next is tried while a claim is undecided
        that more bits may decide. A branch is proved at the largest, by default at 106.
    radius : exact positive number, optional
        Ask about exactly the box ``x +- radius`` (no polishing): existence there is proved, refuted or undecided. In
        residual form the box lives in the slice through `x`.
    global_box : array of shape (d, 2), optional
        Also ask whether the target is a global minimizer over this box, of numbers that are doubles exactly.
    basin : exact positive number, optional
        Also ask from which starts SAM with this fixed step, or any smaller one, converges to the point (isolated
        targets).
    start : array of shape (d,), optional
        With `basin`: also ask whether SAM from exactly this start, with that step, converges to the point.
    max_boxes : int
        Budget of each claim that subdivides (`farthest_point`, `global_target`).
    gap : positive float, optional
        Branches only: arclength left out at each side of a branch point, where no cell can exist; by default 3e-4 of
        its radius.
    budget : float
        Seconds for all of it; by default 120, for a surface 600. What is not decided by then stays undecided.
    variant : {"sam", "usam"} or RadiusLaw, optional
        Points only: the ascent step, by default SAM's; for "usam" ``x+ = x + rho g(x)``. A candidate has its own.
    progress : bool or callable, optional
        Show what is being done: by default on a terminal, after a second. A function gets the step, how much of it is
        done, and of how much (None if that is not known).

    Returns
    -------
    Certificate, BranchCertificate, SheetCertificate or SurfaceCertificate
        Failures to prove are in it as undecided claims, with reasons; nothing is raised for them.

    Raises
    ------
    ArgumentError
        For arguments of the wrong shape, not finite, or ``rho <= 0``.
    NotAnalyticError
        If the objective is float-only; for a branch or surface also if it has more than 12 variables, for a branch
        if it is not a formula.
    DomainError
        If ``f`` is not defined at `x`, or the gradient there is exactly zero.

    Examples
    --------
    >>> import hallucert as hc
    >>> f = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> cert = hc.certify(f, [-0.5, 0], "1.5")
    >>> cert["hallucinated_minimizer"].status, cert["attractor"].status
    (<Status.PROVED: 'proved'>, <Status.PROVED: 'proved'>)
    """
    require_round_to_nearest()
    asked = Asked(x, rho, radius, global_box, basin, start, max_boxes, gap, variant)
    door = next(door for kind, door in _DOORS.items() if isinstance(subject, kind))
    for name, value in vars(asked).items():
        if value is not None and name not in door.takes:
            raise ArgumentError(name, value, f"be left out when {door.what} is certified")
    ladder = None if precisions is None else _check_ladder(precisions)
    seconds = checked_seconds(door.budget if budget is None else budget, "budget")
    prove = door.opened(subject, asked)
    with working(seconds, progress) as clock:
        return prove(backend, ladder, clock)


@dataclass(frozen=True)
class Asked:
    """What is asked for besides the subject; None where nothing is. Each subject takes some of it (`_DOORS`)."""

    x: Array
    rho: Exact | None
    radius: Exact | None
    global_box: Array
    basin: Exact | None
    start: Array
    max_boxes: int | None
    gap: float | None
    variant: str | RadiusLaw | None


AnyCertificate = Certificate | BranchCertificate | SheetCertificate | SurfaceCertificate

Prover = Callable[[str, tuple[int, ...] | None, Clock], AnyCertificate]
"""From a backend, a ladder of precisions (None for the default) and a clock to a certificate."""


@dataclass(frozen=True)
class _Door:
    """One kind of subject: its name, what of `Asked` it takes, its seconds by default, and what checks and binds it."""

    what: str
    takes: frozenset[str]
    budget: float
    opened: Callable[..., Prover]


def _objective(subject: Objective, asked: Asked) -> Prover:
    f = checked_objective(subject, "subject", "a Candidate, a Branch, a Sheet or ")
    if asked.rho is None:
        raise ArgumentError("rho", asked.rho, "be given")
    guess, rho = exact_point(asked.x, f.dimension, "x"), exact_radius(asked.rho)
    law = radius_law("sam" if asked.variant is None else asked.variant, f.dimension)
    return _point(Problem(f, rho, law), guess, None, asked)


def _candidate(subject: Candidate, asked: Asked) -> Prover:
    if subject.construction is not None and subject.law != SAM:
        raise ArgumentError("candidate", subject, "have the ascent step of SAM if it has a construction")
    law = radius_law(subject.law, subject.objective.dimension)
    guess = tuple(Fraction(float(v)) for v in subject.x)
    return _point(Problem(subject.objective, subject.rho, law), guess, subject.construction, asked)


def _point(problem: Problem, guess: Vector, construction: Construction | None, asked: Asked) -> Prover:
    f = problem.objective
    f.require_rigorous()
    if f.dimension > MAX_DIMENSION:
        was, must = f"<function of {f.dimension} variables>", f"have at most {MAX_DIMENSION} variables"
        raise ArgumentError("subject", was, f"{must}, as many as a certificate may; certify_stall takes more")
    if asked.start is not None and asked.basin is None:
        raise ArgumentError("start", asked.start, "be given together with basin, the step of the run")
    radius, step = (
        None if value is None else exact_radius(value, name)
        for name, value in (("radius", asked.radius), ("basin", asked.basin))
    )
    box = asked.global_box
    hints = Hints(
        construction=construction,
        global_box=None if box is None else checked_box(box, f.dimension, "global_box", rounded=False),
        basin=None if step is None else round_up(step, 64),
        exact_step=step,
        start=None if asked.start is None else exact_point(asked.start, f.dimension, "start"),
    )
    max_boxes = checked_whole(MAX_BOXES if asked.max_boxes is None else asked.max_boxes, 1, "max_boxes")
    return partial(_certify_point, PointTask(problem, guess, radius, hints, max_boxes))


@dataclass(frozen=True)
class PointTask:
    """What is to be proved about a point: near which guess, or in exactly the box of a radius around it."""

    problem: Problem
    guess: Vector
    radius: Fraction | None
    hints: Hints
    max_boxes: int


def _certify_point(task: PointTask, backend: str, ladder: tuple[int, ...] | None, clock: Clock) -> Certificate:
    """Return the certificate in which most is decided, from a ladder of precisions."""
    best: Certificate | None = None
    for precision in PRECISIONS if ladder is None else ladder:
        ar = arithmetic(backend, precision)
        with ar:
            _check_start(ar, task.problem.objective, task.guess)
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
    provenance = Provenance(__version__, ar.name, ar.version, ar.precision)
    clock.tell(f"existence at {ar.precision} bits", 0)
    try:
        with clock.watched():
            located = locate(ar, task.problem, task.guess, task.radius)
    except OutOfTime:
        located = Located(task.problem, None, reason=Reason.TIME)
    problem, witness = located.problem, located.witness
    if located.x is None or witness is None:
        if located.excluded and witness is not None:
            first = existence.refutation(Facts(problem, witness))
        else:
            reason = located.reason or Reason.PRECISION
            if reason is Reason.NOT_A_ZERO and problem.objective.lacks_decay:
                reason = Reason.NO_DECAY
            first = existence.RULE.about(problem.law).open(reason)
        rest = without_existence(first, task.hints, problem.law)
        return Certificate(problem, witness, rest, provenance)
    point = Point(ar, problem, located.x)
    evidence = Evidence(point, witness.centre, task.max_boxes, clock)
    claims = prove_claims(evidence, Facts(problem, witness), task.hints)
    box = None
    if claims["existence"].status is Status.PROVED:
        ends = [Enclosure(*ar.endpoints(v)).published(ar.precision, point.sizes.box) for v in located.x]
        room = existence.room_of(witness)
        box = tuple((max(e.lower, r.lower), min(e.upper, r.upper)) for e, r in zip(ends, room, strict=True))
    return Certificate(problem, witness, claims, provenance, box)


def _decided(certificate: Certificate) -> int:
    return sum(claim.status is not Status.UNDECIDED for claim in certificate.claims.values())


def _branch(subject: Branch, asked: Asked) -> Prover:
    return partial(certify_branch, subject, gap=asked.gap)


def _sheet(subject: Sheet, asked: Asked) -> Prover:
    return partial(certify_sheet, subject)


def _surface(subject: Surface, asked: Asked) -> Prover:
    return partial(certify_surface, subject)


_OF_POINTS = frozenset({"radius", "global_box", "basin", "start", "max_boxes"})
_DOORS: dict[type, _Door] = {
    Branch: _Door("a branch", frozenset({"gap"}), BUDGET, _branch),
    Sheet: _Door("a sheet", frozenset(), BUDGET, _sheet),
    Surface: _Door("a surface", frozenset(), SURFACE_BUDGET, _surface),
    Candidate: _Door("a candidate", _OF_POINTS, BUDGET, _candidate),
    object: _Door("a function", _OF_POINTS | {"x", "rho", "variant"}, BUDGET, _objective),
}
"""For each kind of subject, the last for whatever is no other."""


def _check_start(ar: BallArithmetic, objective: Objective, start: tuple[Fraction, ...]) -> None:
    balls = [ar.constant(v) for v in start]
    if not ar.is_finite(objective.enclose_value(ar, balls)):
        raise DomainError(f"x is not certainly in the domain of {objective.name}, or on its edge")
    if all(ar.is_finite(g) and ar.magnitude(g) == 0 for g in objective.enclose_gradient(ar, balls)):
        raise DomainError(
            "x is a critical point of f: the gradient is exactly zero there, so the ascent direction g/|g| and the SAM "
            "map are not defined (and an unnormalised step leads nowhere)"
        )


def _check_ladder(precisions: Sequence[int]) -> tuple[int, ...]:
    must = "be a sequence of integers from 30 to 2000 (bits)"
    ladder = [whole(p) for p in checked_items(precisions, "precisions", must)]
    found = tuple(p for p in ladder if p is not None and 30 <= p <= 2000)
    if not found or len(found) < len(ladder):
        raise ArgumentError("precisions", precisions, must)
    return found
