"""Running SAM from one start, with its history."""

from __future__ import annotations

from hallucert.arguments import checked_whole, quiet
from hallucert.arrays import checked_point
from hallucert.clock import StepProgress, without_step, working
from hallucert.objectives.objective import Objective, checked_objective
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.sam.driver import Hooks, Observer, iterate
from hallucert.sam.lanes import statuses
from hallucert.sam.result import Trajectory
from hallucert.sam.settings import Request, Schedule

LARGE, HISTORY = 1000, 2**25
"""With more variables than LARGE, a history whose ``every`` was not given has at most so many numbers."""


@quiet
def run(
    f: Objective,
    start: object,
    rho: Schedule,
    step_size: Schedule,
    steps: int,
    warmup: float = 0.0,
    every: int | None = None,
    tolerance: float | None = None,
    bound: float | None = None,
    progress: StepProgress = None,
    *,
    momentum: float = 0.0,
    batch_size: int | None = None,
    batch_seed: int = 0,
    dtype: str = "float64",
    threads: int | None = None,
    variant: str | RadiusLaw = "sam",
) -> Trajectory:
    """Run SAM, ``x <- x - eta g(x + rho u(x))``, from one start.

    Parameters
    ----------
    f : Objective
        The function.
    start : (d,) array
        Where to start.
    rho, step_size : number, array of shape (steps,), or function of the step number
        Perturbation radius and step size ``eta``: constant, or a schedule. A function is called a little ahead and
        again for `Trajectory.gradient_norms`, so it must be pure.
    steps : int
        Largest number of steps.
    warmup : float
        Fraction of the steps, rounded up, that are plain gradient descent ``x <- x - eta g(x)`` before SAM begins
        (the paper's switching strategy). These steps do not stop at the tolerance.
    every : int, optional
        Keep every ``every``-th iterate in the history; by default all; with more than
        a thousand variables, as many as surely fit in a quarter of a gigabyte.
    tolerance : float, optional
        Stop when ``|g(x+)|`` is at most this. By default at `settings.TOLERANCE` (1e-10) times ``|g(x)|``; for USAM,
        whose ordinary end is where both vanish, also at that part of ``|g|`` at the start.
    bound : float, optional
        Stop before a coordinate exceeds this in absolute value; by default `settings.BOUND` (1e8) times the largest
        coordinate of the start or the ascent step there, whichever is longer.
    progress : bool, callable or None
        Show a progress bar (by default only on a terminal and after a second), or call ``progress(done, steps)``.
    momentum : float
        Heavy ball: ``v <- momentum v + g(x+)``, ``x <- x - eta v``.
    batch_size : int, optional
        For networks: both gradients of a step see this many samples, shuffled anew in every epoch; what is left of an
        epoch is skipped. The stopping test is about the batch then.
    batch_seed : int
        Seed of the shuffles.
    dtype : {"float64", "float32"}
        Precision of the steps of a network; what is reported about the end point is computed in doubles.
    threads : int, optional
        Number of threads, by default one for each processor. Results do not depend on it.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step: ``rho u(x)``, or ``rho g(x)`` for "usam", or that of ``RadiusLaw("asam", scales)``. Networks
        that run by matrix products (all but tiny ones with squared loss) have "sam" only.

    Returns
    -------
    Trajectory
        Ctrl-C ends the run and returns what was done, with status INTERRUPTED.

    Raises
    ------
    ArgumentError
        If an argument has the wrong shape or range.

    Examples
    --------
    The double well has its minimizers at +-1; SAM with a radius of 3/2 stops at -1/2, where the gradient is not zero.

    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> end = run(f, [-0.6, 0.3], "1.5", 0.1, 5000)
    >>> end.x.round(6).tolist(), round(end.gradient_norm, 6), end.status.label
    ([-0.5, 0.0], 0.375, 'converged')
    """
    lanes = checked_point(start, checked_objective(f).dimension, "start")[None]
    limit = checked_whole(steps, 0, "steps")
    plan = Request(
        objective=f,
        starts=lanes,
        rho=rho,
        step_size=step_size,
        steps=limit,
        warmup=warmup,
        tolerance=tolerance,
        bound=bound,
        momentum=momentum,
        batch_size=batch_size,
        batch_seed=batch_seed,
        dtype=dtype,
        threads=threads,
        variant=variant,
        every=_default_every(f, limit) if every is None else checked_whole(every, 1, "every"),
    ).plan()
    observer = Observer(f, plan, None)
    with working(progress=without_step(progress)) as clock:
        state = iterate(f, lanes, plan, Hooks(lambda done, running: clock.tell("SAM steps", done, plan.steps)))
    value, sam_value, q, s = observer.conclude(state)
    history, steps_kept = state.history(plan.every)
    return Trajectory(
        objective=f,
        x=state.x[0],
        value=float(value[0]),
        sam_value=float(sam_value[0]),
        gradient_norm=float(q[0]),
        shifted_gradient_norm=float(s[0]),
        steps=int(state.done[0]),
        status=statuses(state.codes, state.interrupted)[0],
        history=history[:, 0],
        steps_kept=steps_kept,
        schedule=plan.rho,
        law=plan.law,
    )


def _default_every(f: Objective, steps: int) -> int:
    return 1 + steps * f.dimension // HISTORY if f.dimension > LARGE else 1
