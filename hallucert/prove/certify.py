"""The front door: `certify` takes a point, a cycle, a branch, a sheet or a surface, and for each only what fits it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

from hallucert.arguments import checked_items, checked_seconds, quiet
from hallucert.balls import require_round_to_nearest
from hallucert.check.point.certificate import Certificate
from hallucert.clock import Clock, Progress, working
from hallucert.diagnosis.report import Diagnosis
from hallucert.errors import ArgumentError, require
from hallucert.exact import Exact, whole
from hallucert.find.batches import BatchCandidate
from hallucert.find.candidate import Candidate
from hallucert.find.curves.records import Branch, Sheet, Surface
from hallucert.find.decay import DecayCandidate
from hallucert.find.two_cycle import TwoCycle
from hallucert.interrupt import ended_by_interrupt
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.prove.claims import Given
from hallucert.prove.point import LargeProver, prover_at, prover_of, prover_of_cycle

if TYPE_CHECKING:
    from hallucert.check.branch.certificate import BranchCertificate
    from hallucert.check.cycle.certificate import CycleCertificate
    from hallucert.check.sheet.certificate import SheetCertificate, SurfaceCertificate

    AnyCertificate = Certificate | BranchCertificate | SheetCertificate | SurfaceCertificate

Array = Any
"""What numpy makes an array of, with exact numbers among its entries."""

BUDGET, SURFACE_BUDGET, LARGE_BUDGET = 120.0, 600.0, 600.0
BACKEND = "arb"


class Common(TypedDict, total=False):
    """Options for every subject."""

    backend: str | None
    precisions: Sequence[int] | None
    budget: float | None
    progress: Progress


class OfCandidate(Common, total=False):
    """Options for a candidate: how its point is proved, and what some claims have to be asked with."""

    radius: Exact | None
    max_boxes: int | None
    global_box: Array
    basin: Exact | None
    start: Array
    momentum: Exact | None
    nesterov: bool


class OfTwoCycle(Common, total=False):
    """Options for a two-cycle."""

    radius: Exact | None
    max_boxes: int | None


class OfBatchCandidate(OfCandidate, total=False):
    """Options for a candidate with mini-batches."""

    probabilities: Array


class OfFunction(OfCandidate, total=False):
    """Options for a point of a function."""

    variant: str | RadiusLaw | None
    checkpoint: str | PathLike[str] | None
    batches: Array
    probabilities: Array
    weight_decay: Exact | None


class OfCurve(Common, total=False):
    """Options for a sheet or a surface."""

    resume: AnyCertificate | str | PathLike[str] | None


class OfBranch(OfCurve, total=False):
    """Options for a branch."""

    gap: float | None


@overload
def certify(subject: Branch, **options: Unpack[OfBranch]) -> BranchCertificate: ...
@overload
def certify(subject: Sheet, **options: Unpack[OfCurve]) -> SheetCertificate: ...
@overload
def certify(subject: Surface, **options: Unpack[OfCurve]) -> SurfaceCertificate: ...
@overload
def certify(subject: Candidate | DecayCandidate | Diagnosis, **options: Unpack[OfCandidate]) -> Certificate: ...
@overload
def certify(subject: BatchCandidate, **options: Unpack[OfBatchCandidate]) -> Certificate: ...
@overload
def certify(subject: TwoCycle, **options: Unpack[OfTwoCycle]) -> CycleCertificate: ...
@overload
def certify(subject: Objective, x: Array, rho: Exact, **options: Unpack[OfFunction]) -> Certificate: ...


@quiet
def certify(
    subject: Objective | Candidate | BatchCandidate | DecayCandidate | TwoCycle | Diagnosis | Branch | Sheet | Surface,
    x: Array = None,
    rho: Exact | None = None,
    *,
    backend: str | None = None,
    precisions: Sequence[int] | None = None,
    budget: float | None = None,
    progress: Progress = None,
    **options: Any,
) -> AnyCertificate:
    """Prove every claim that applies to a hallucinated point, or to the points of a branch, sheet or surface.

    ``certify(f, x, rho)`` and ``certify(candidate)``: the point near `x` is polished by Newton's method, existence is
    proved by Krawczyk's test, and all further claims are about the exact point ``x*`` that was proved to exist.
    ``certify(diagnosis)``: the same for what `hallucert.diagnose` calls hallucinated, after a search for the point
    next to it; of a stall that no minimizer is near, as `hallucert.certify_stall`.
    ``certify(branch)`` and ``certify(sheet)``: the curve is covered by cells that each hold exactly one arc, a surface
    by charts that each hold exactly one patch (`hallucert.check.branch.certificate`, `hallucert.check.sheet.claims`).
    ``certify(cycle)``, with what `hallucert.find.two_cycle` found: that two points are a cycle of SAM with its step,
    whether it attracts, which minimizer it goes around, and from which starts SAM converges to it
    (`hallucert.check.cycle.claims`).

    Parameters
    ----------
    subject : Objective, Candidate, TwoCycle, Diagnosis, Branch, Sheet or Surface
        The function, what a search of `hallucert.find` found, or what `hallucert.diagnose` says of a point.
    x : array of shape (d,)
        With a function: a point near the hallucinated point, for example the end of a SAM run. None with ``start``:
        then the run itself is followed, and the point is the one near its end.
    rho : exact positive number
        With a function: the radius. ``"0.05"`` is 1/20; a float is the dyadic rational it is.
    backend : {"arb", "mpmath", "midrad"}, optional
        The arithmetic of the proof: Arb by default. In "midrad", midpoint-radius arrays of doubles, a point of an array
        program in residual form is proved on a slice, at the speed of BLAS, for a million parameters, too, and one
        without residuals up to 2048 parameters; that is the default for those of more than 300 parameters.
    precisions : sequence of int, optional
        The ladder of precisions in bits, by default 53, 106, 212, 424; the next is tried while a claim is undecided
        that more bits may decide. Curves and surfaces are proved at the largest, by default at 106.
    budget : float
        Seconds for all of it; by default 120, for a surface or a point in "midrad" 600. What is not decided by then
        stays undecided; of a curve or a surface the pieces that are proved are kept, `unfinished` says about how long
        the rest takes, and `resume` goes on. The first Ctrl-C is the end of the time, the second an interrupt.
    progress : bool or callable, optional
        Show what is being done: by default on a terminal, after a second. A function gets the step, how much of it is
        done, and of how much (None if that is not known).
    **options
        What only some subjects take.

        ``radius`` : exact positive number, of points. Ask about exactly the box ``x +- radius`` (no polishing):
        existence there is proved, refuted or undecided. In residual form the box lives in the slice through `x`.

        ``global_box`` : array of shape (d, 2), of points. Also ask whether the target is a global minimizer over this
        box, of numbers that are doubles exactly.

        ``basin`` : exact positive number, of points. Also ask from which starts SAM with this fixed step, or any
        smaller one, converges to the point, or of a sum of squares to the manifold through it.

        ``start`` : array of shape (d,), of points, with ``basin``. Also ask whether SAM from exactly this start, with
        that step, converges to the point; with ``momentum`` from rest.

        ``momentum`` : exact number in [0, 1), of points, with ``basin``, which is its step. Ask instead from which
        starts SAM with that momentum and step converges to the point, or of a sum of squares to the manifold: ``v' =
        momentum v + g(x+)``, ``x' = x - step v'`` (heavy ball).

        ``nesterov`` : bool, with ``momentum``. Nesterov's, as in PyTorch: ``x' = x - step (g(x+) + momentum v')``.

        ``checkpoint`` : path, with ``start`` and without `x`. File that keeps how far the run is, from which it is
        continued after Ctrl-C. It is believed; `hallucert.verify` shows the whole run again.

        ``max_boxes`` : int, of points. Budget of each claim that subdivides (`farthest_point`, `global_target`).

        ``batches`` : int, or lists of int, of points of a function in residual form; a candidate has its own. SAM with
        a fixed partition into mini-batches, as for `hallucert.find.hallucinate`; the claims are about common fixed
        points then (`hallucert.check.batches.claims`).

        ``probabilities`` : exact positive numbers with the sum 1, with ``batches``. With which a step draws each batch,
        in the order in which they are given; by default proportional to their sizes.

        ``weight_decay`` : exact positive number w, of points of a function. SAM whose steps are ``x - eta (g(x+) + w
        x)``, as of optimizers with weight decay: the claims are about a fixed point near `x` of these steps
        (`hallucert.check.decay.claims`), which is no hallucinated point of f. Not with ``batches`` or a ``variant``.

        ``variant`` : {"sam", "usam"} or RadiusLaw, of points of a function; a candidate has its own. The ascent step,
        by default SAM's; for "usam" ``x+ = x + rho g(x)``.

        ``resume`` : certificate or path, of branches, sheets and surfaces. What an earlier call, whose time was up, has
        proved of the same curve: it is proved again, without a search, and the proof goes on behind it. A time
        too short for that is an error.

        ``gap`` : positive float, of branches. Arclength left out at each side of a branch point, where no cell can
        exist; by default 3e-4 of its radius.

    Returns
    -------
    Certificate, CycleCertificate, BranchCertificate, SheetCertificate or SurfaceCertificate
        Failures to prove are in it as undecided claims, with reasons; nothing is raised for them.

    Raises
    ------
    ArgumentError
        For arguments of the wrong shape, not finite, or ``rho <= 0``, and for options that do not fit the subject.
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
    door = next(door for kind, door in _DOORS.items() if isinstance(subject, kind))
    given = {name: value for name, value in {"x": x, "rho": rho, **options}.items() if value is not None}
    for name, value in given.items():
        if name not in door.takes:
            which = f", which takes {', '.join(door.takes)}" if door.takes else ""
            raise ArgumentError(name, value, f"be left out when {door.what} is certified{which}")
    ladder = None if precisions is None else _checked_ladder(precisions)
    seconds = None if budget is None else checked_seconds(budget, "budget")
    chosen = {} if backend is None else {"backend": backend}
    prove = door.opened(subject, {**given, **chosen})
    if seconds is None:
        seconds = LARGE_BUDGET if isinstance(prove, LargeProver) else door.budget
    with working(seconds, progress) as clock, ended_by_interrupt(clock):
        return prove(BACKEND if backend is None else backend, ladder, clock)


Prover = Callable[[str, "tuple[int, ...] | None", Clock], "AnyCertificate"]
"""From a backend, a ladder of precisions (None for the default) and a clock to a certificate."""


@dataclass(frozen=True)
class _Door:
    """One kind of subject: its name, the options it takes, what checks and binds them, and its seconds by default."""

    what: str
    options: type
    opened: Callable[[Any, Given], Prover]
    budget: float = BUDGET
    more: tuple[str, ...] = ()

    @property
    def takes(self) -> list[str]:
        """The names of what only some subjects take."""
        return [*self.more, *(name for name in self.options.__annotations__ if name not in Common.__annotations__)]


def _curve(curve: Branch | Sheet | Surface, given: Given) -> Prover:
    """Return what proves something about a branch, sheet or surface, behind what a certificate has of it."""
    from hallucert.check.branch.certificate import BranchCertificate
    from hallucert.check.sheet.certificate import SheetCertificate, SurfaceCertificate
    from hallucert.prove.curves.branch import certify_branch
    from hallucert.prove.curves.resume import checked_resume
    from hallucert.prove.curves.sheet import certify_sheet
    from hallucert.prove.curves.surface import certify_surface

    before, f = given.get("resume"), curve.objective
    if isinstance(curve, Branch):
        known = checked_resume(before, BranchCertificate, (f, None), "a branch")
        return partial(certify_branch, curve, gap=given.get("gap"), resume=known)
    if isinstance(curve, Sheet):
        return partial(certify_sheet, curve, resume=checked_resume(before, SheetCertificate, (f, curve.rho), "a sheet"))
    after = checked_resume(before, SurfaceCertificate, (f, curve.rho), "a surface")
    return partial(certify_surface, curve, resume=after)


def _diagnosis(found: Diagnosis, given: Given) -> Prover:
    from hallucert.prove.diagnosed import prover_of_diagnosis

    return prover_of_diagnosis(found, given)


def _function(f: Objective, given: Given) -> Prover:
    if "x" in given or "start" not in given:
        return prover_at(f, given)
    from hallucert.prove.start import prover_from_start

    return prover_from_start(f, given)


_DOORS: dict[type, _Door] = {
    Branch: _Door("a branch", OfBranch, _curve),
    Sheet: _Door("a sheet", OfCurve, _curve),
    Surface: _Door("a surface", OfCurve, _curve, SURFACE_BUDGET),
    Candidate: _Door("a candidate", OfCandidate, prover_of),
    DecayCandidate: _Door("a candidate with weight decay", OfCandidate, prover_of),
    BatchCandidate: _Door("a candidate with batches", OfBatchCandidate, prover_of),
    TwoCycle: _Door("a two-cycle", OfTwoCycle, prover_of_cycle),
    Diagnosis: _Door("a diagnosis", OfCandidate, _diagnosis),
    object: _Door("a function", OfFunction, _function, more=("x", "rho")),
}
"""For each kind of subject, the last for whatever is no other."""


def _checked_ladder(precisions: Sequence[int]) -> tuple[int, ...]:
    must = "be a sequence of integers from 30 to 2000 (bits)"
    ladder = [whole(p) for p in checked_items(precisions, "precisions", must)]
    found = tuple(p for p in ladder if p is not None and 30 <= p <= 2000)
    require(found and len(found) >= len(ladder), "precisions", precisions, must)
    return found
