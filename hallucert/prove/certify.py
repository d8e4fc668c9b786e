"""Certify: from a point in floats to theorems about the exact point near it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, overload

from hallucert import __version__
from hallucert.arguments import checked_items, checked_seconds, checked_whole, quiet
from hallucert.arrays import checked_box, exact_point
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.balls.facade import BallArithmetic
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.claim import Enclosure, Status
from hallucert.check.file.certificate import Certificate, Provenance
from hallucert.check.file.reading import MAX_DIMENSION
from hallucert.check.point import existence
from hallucert.check.point.rule import Evidence, Facts
from hallucert.check.reason import Reason
from hallucert.check.sam_point import Point
from hallucert.check.sheet.certificate import SheetCertificate
from hallucert.check.surface.certificate import SurfaceCertificate
from hallucert.clock import Clock, OutOfTime, Progress, working
from hallucert.errors import ArgumentError, DomainError
from hallucert.exact import Exact, exact_radius, round_up, whole
from hallucert.find.candidate import Candidate
from hallucert.find.curves.branch_record import Branch
from hallucert.find.curves.sheet_record import Sheet
from hallucert.find.surfaces.record import Surface
from hallucert.objectives.objective import Objective, checked_objective
from hallucert.objectives.radius_law import SAM, RadiusLaw, radius_law
from hallucert.prove.branch.certify import certify_branch
from hallucert.prove.choices import Hints
from hallucert.prove.claims import prove_claims, without_existence
from hallucert.prove.locate import Located, locate
from hallucert.prove.sheet.certify import certify_sheet, certify_surface

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
    x: Any = ...,
    rho: Exact | None = ...,
    *,
    backend: str = ...,
    precisions: Sequence[int] | None = ...,
    radius: Exact | None = ...,
    global_box: Any = ...,
    basin: Exact | None = ...,
    start: Any = ...,
    max_boxes: int = ...,
    budget: float | None = ...,
    variant: str | RadiusLaw | None = ...,
    progress: Progress = ...,
) -> Certificate: ...


@quiet
def certify(
    subject: Objective | Candidate | Branch | Sheet | Surface,
    x: Any = None,
    rho: Exact | None = None,
    *,
    backend: str = "arb",
    precisions: Sequence[int] | None = None,
    radius: Exact | None = None,
    global_box: Any = None,
    basin: Exact | None = None,
    start: Any = None,
    max_boxes: int = MAX_BOXES,
    gap: float | None = None,
    budget: float | None = None,
    variant: str | RadiusLaw | None = None,
    progress: Progress = None,
) -> Certificate | BranchCertificate | SheetCertificate | SurfaceCertificate:
    """Prove every claim that applies to the hallucinated point near `x`, or to the points of a branch or sheet.

    ``certify(f, x, rho)``, ``certify(candidate)``, ``certify(branch)`` or ``certify(sheet)``. A sheet is covered by
    cells that each hold exactly one arc (see `hallucert.check.sheet.claims`), or by charts that each hold exactly one
    patch of a surface (`hallucert.check.surface.claims`). A branch is covered by cells, each proved to hold exactly one
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
    if isinstance(subject, Branch | Sheet | Surface):
        points_only = {"x": x, "rho": rho, "radius": radius, "global_box": global_box, "basin": basin, "start": start}
        points_only["variant"] = variant
        if given := [name for name, value in points_only.items() if value is not None]:
            raise ArgumentError(given[0], points_only[given[0]], "be left out when a branch or a sheet is certified")
        ladder = None if precisions is None else _check_ladder(precisions)
    if budget is None:
        budget = SURFACE_BUDGET if isinstance(subject, Surface) else BUDGET
    budget = checked_seconds(budget, "budget")
    if isinstance(subject, Branch):
        with working(budget, progress) as clock:
            return certify_branch(subject, backend, ladder, gap, clock)
    if gap is not None:
        raise ArgumentError("gap", gap, "be left out unless a branch is certified")
    if isinstance(subject, Sheet):
        with working(budget, progress) as clock:
            return certify_sheet(subject, backend, ladder, clock)
    if isinstance(subject, Surface):
        with working(budget, progress) as clock:
            return certify_surface(subject, backend, ladder, clock)
    objective, guess, exact_rho, construction = _arguments(subject, x, rho)
    law = _law(subject, variant, objective.dimension)
    objective.require_rigorous()
    if objective.dimension > MAX_DIMENSION:
        was, must = f"<function of {objective.dimension} variables>", f"have at most {MAX_DIMENSION} variables"
        raise ArgumentError("subject", was, f"{must}, as many as a certificate may; certify_stall takes more")
    half_width = None if radius is None else exact_radius(radius, "radius")
    box = None if global_box is None else checked_box(global_box, objective.dimension, "global_box", rounded=False)
    hints = Hints(construction=construction, global_box=box)
    if basin is not None:
        exact_step = exact_radius(basin, "basin")
        hints = replace(hints, step=round_up(exact_step, 64), exact_step=exact_step)
    if start is not None:
        if basin is None:
            raise ArgumentError("start", start, "be given together with basin, the step of the run")
        hints = replace(hints, start=exact_point(start, objective.dimension, "start"))
    rungs = _check_ladder(PRECISIONS if precisions is None else precisions)
    max_boxes = checked_whole(max_boxes, 1, "max_boxes")
    with working(budget, progress) as clock:
        return _best(objective, exact_rho, guess, half_width, law, (backend, rungs), max_boxes, clock, hints)


def _best(
    objective: Objective,
    rho: Fraction,
    guess: tuple[Fraction, ...],
    radius: Fraction | None,
    law: RadiusLaw,
    arithmetics: tuple[str, Sequence[int]],
    max_boxes: int,
    clock: Clock,
    hints: Hints,
) -> Certificate:
    """Return the certificate in which most is decided, from a backend and a ladder of precisions."""
    best: Certificate | None = None
    for precision in arithmetics[1]:
        ar = arithmetic(arithmetics[0], precision)
        with ar:
            _check_start(ar, objective, guess)
            attempt = _attempt(ar, objective, rho, guess, radius, law, max_boxes, clock, hints)
        if best is None or _decided(attempt) >= _decided(best):
            best = attempt
        open_reasons = {claim.reason for claim in best.claims.values() if claim.reason is not None}
        if not open_reasons & _HELPED_BY_PRECISION or clock.passed():
            break
    assert best is not None
    return best


def _attempt(
    ar: BallArithmetic,
    objective: Objective,
    rho: Fraction,
    guess: tuple[Fraction, ...],
    radius: Fraction | None,
    law: RadiusLaw,
    max_boxes: int,
    clock: Clock,
    hints: Hints,
) -> Certificate:
    """Prove what can be proved at one precision."""
    provenance = Provenance(__version__, ar.name, ar.version, ar.precision)
    clock.tell(f"existence at {ar.precision} bits", 0)
    try:
        with clock.watched():
            located = locate(ar, objective, rho, guess, radius, law)
    except OutOfTime:
        located = Located(None, reason=Reason.TIME)
    if located.x is None or located.witness is None:
        witness, first = located.witness, None
        if located.excluded and witness is not None:
            first = existence.refutation(Facts(objective, rho, witness))
        else:
            reason = located.reason or Reason.PRECISION
            if reason is Reason.NOT_A_ZERO and objective.lacks_decay:
                reason = Reason.NO_DECAY
            first = existence.RULE.about(law).open(reason)
        rest = without_existence(first, hints, law)
        return Certificate(objective, rho, witness, rest, provenance, law=law)
    point = Point(ar, objective, rho, located.x, law)
    facts = Facts(objective, rho, located.witness)
    evidence = Evidence(ar, point, located.witness, max_boxes, clock)
    claims = prove_claims(evidence, facts, hints)
    box = None
    if claims["existence"].status is Status.PROVED:
        unit = evidence.sizes.box
        ends = [Enclosure(*ar.endpoints(v)).published(ar.precision, unit) for v in located.x]
        room = existence.room_of(located.witness)
        box = tuple((max(e.lower, r.lower), min(e.upper, r.upper)) for e, r in zip(ends, room, strict=True))
    return Certificate(objective, rho, located.witness, claims, provenance, box, law)


def _decided(certificate: Certificate) -> int:
    return sum(claim.status is not Status.UNDECIDED for claim in certificate.claims.values())


def _arguments(subject: object, x: Any, rho: Any) -> tuple[Objective, tuple[Fraction, ...], Fraction, Any]:
    if isinstance(subject, Candidate):
        for name, value in (("x", x), ("rho", rho)):
            if value is not None:
                raise ArgumentError(name, value, "be left out when a candidate is certified")
        point = tuple(Fraction(float(v)) for v in subject.x)
        return subject.objective, point, subject.rho, subject.construction
    subject = checked_objective(subject, "subject", "a Candidate, a Branch, a Sheet or ")
    if rho is None:
        raise ArgumentError("rho", rho, "be given")
    return subject, exact_point(x, subject.dimension, "x"), exact_radius(rho), None


def _law(subject: object, variant: Any, dimension: int) -> RadiusLaw:
    """Return the ascent step of a candidate, or the one asked for."""
    if not isinstance(subject, Candidate):
        return radius_law("sam" if variant is None else variant, dimension)
    if variant is not None:
        raise ArgumentError("variant", variant, "be left out when a candidate is certified: it has its own")
    if subject.construction is not None and subject.law != SAM:
        raise ArgumentError("candidate", subject, "have the ascent step of SAM if it has a construction")
    return radius_law(subject.law, dimension)


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
