"""Cycles of two points of SAM with a fixed step: where runs around minimizers usually end."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.arguments import checked_whole, quiet
from hallucert.arrays import checked_lanes
from hallucert.clock import Progress, working
from hallucert.errors import SearchError, require
from hallucert.exact import Exact, exact_radius
from hallucert.find.candidate import point_text
from hallucert.find.domain import checked_point, checked_radius, defined, require_defined
from hallucert.find.newton import Root, newton_point
from hallucert.find.shifted import Shifted
from hallucert.objectives.doors import checked_objective
from hallucert.objectives.objective import Objective

MAX_STEPS, MOST = 20_000, 10**7
"""Steps of the run before Newton's method, by default and at most."""
NEWTON = 50
SAME = 0.1
"""Two points that come nearer than to this part of their distance at the start become one."""


@dataclass(frozen=True)
class TwoCycle:
    """Two points that SAM with a fixed step takes to each other, as floats say.

    Attributes
    ----------
    objective : Objective
        The function.
    points : (2, d) array
        The points p and q.
    rho, step_size : Fraction
        Radius and step, exact.

    Raises
    ------
    ArgumentError
        If a field is not as above; numbers are read as `hallucert.certify` reads them.
    """

    objective: Objective
    points: np.ndarray
    rho: Fraction
    step_size: Fraction

    def __post_init__(self) -> None:
        points = checked_lanes(self.points, checked_objective(self.objective, "objective").dimension, "points")
        require(len(points) == 2, "points", self.points, "be two points")
        rho, step = exact_radius(self.rho), exact_radius(self.step_size, "step_size")
        for name, value in (("points", points), ("rho", rho), ("step_size", step)):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        p, q = map(point_text, self.points)
        return f"<TwoCycle of {p} and {q}, rho = {float(self.rho):.6g}, step {float(self.step_size):.6g}>"


@quiet
def two_cycle(
    f: Objective,
    start: object,
    rho: Exact,
    step_size: Exact,
    max_steps: int = MAX_STEPS,
    *,
    progress: Progress = None,
) -> TwoCycle:
    """Run SAM with a fixed step, and return the cycle of two points next to the end of the run.

    Around a minimizer SAM does not come to rest: the ascent step is as long as ever. The usual end is a cycle of two
    points, one on each side, for a quadratic ``a x**2/2`` those with ``|x| = eta a rho/(2 - eta a)``. Newton's method
    on the pair makes it exact to floats; `hallucert.certify` proves it.

    Parameters
    ----------
    f : Objective
        The function.
    start : (d,) array-like
        Where the run starts.
    rho, step_size : int, float, str or Fraction
        Radius and step ``eta``, positive and exact.
    max_steps : int
        Steps of the run. With 0 the cycle is sought next to the start itself: then it may repel SAM.
    progress : bool or callable, optional
        As for `hallucert.find.sheet`.

    Returns
    -------
    TwoCycle
        With the point next to the end of the run first.

    Raises
    ------
    ArgumentError
        If an argument is not as above, such as a start where `f` is not defined.
    SearchError
        If the run stops, diverges, or leaves the domain, if it does not come back after two steps (as in a longer
        cycle, or far from the end), or if Newton's method finds no two points near its end.

    Examples
    --------
    >>> f = Objective.parse("x**2 + y**2 / 8")
    >>> two_cycle(f, (1, 1), rho="1/2", step_size="1/4").points[:, 0].max().round(12).item()
    0.166666666667
    """
    d = checked_objective(f).dimension
    x = checked_point(start, d, "start")
    radius, step = checked_radius(rho), checked_radius(step_size, "step_size")
    steps = checked_whole(max_steps, 0, "max_steps", MOST)
    require_defined(f, x, "start")
    with working(progress=progress) as clock, clock.watched():
        end = _end_of_run(f, x, radius, step, steps)
        pair = _refined(Shifted(f, float(radius)), end, float(step), steps)
    return TwoCycle(f, pair, radius, step)


def _end_of_run(f: Objective, x: np.ndarray, rho: Fraction, step: Fraction, steps: int) -> np.ndarray:
    """Return where SAM is after so many steps."""
    from hallucert.sam.lanes import Status
    from hallucert.sam.runs import run

    if steps == 0:
        return x
    found = run(f, x, float(rho), float(step), steps, every=steps, progress=False)
    if found.status is not Status.MAX_STEPS:
        raise SearchError(
            f"two_cycle: after {found.steps} steps SAM is at {point_text(found.x)} and does not go on. {found.status}"
        )
    return found.x


def _refined(shifted: Shifted, x: np.ndarray, step: float, steps: int) -> np.ndarray:
    """Return the cycle next to the end of a run, (2, d), by Newton's method.

    The unknowns are the middle m of both points and half of their difference w, and the equations ``(F(p) + F(q))/L =
    0`` and ``2 w - eta F(p) = 0``, L the size of M: all lengths, and regular however small the step is.
    """
    d = x.size
    forward, m_here = shifted.by_gradient(x)
    there = x - step * forward
    size = max(float(np.abs(m_here).max()), 1e-300)
    w = (x - there) / 2
    reach, after = 2 * float(np.linalg.norm(w)), shifted.by_gradient(there)[0]
    back = float(np.linalg.norm(there - step * after - x))
    where = f"two_cycle: after {steps} steps SAM is at {point_text(x)}"
    if not (np.isfinite(back) and reach > 0):
        raise SearchError(f"{where}, from where two more steps are not defined or lead nowhere: try another start")

    def system(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p, q = z[:d] + z[d:], z[:d] - z[d:]
        (f_p, m_p), (f_q, m_q) = shifted.by_gradient(p), shifted.by_gradient(q)
        r = np.concatenate([(f_p + f_q) / size, 2 * z[d:] - step * f_p])
        rows = np.block([[(m_p + m_q) / size, (m_p - m_q) / size], [-step * m_p, 2 * np.eye(d) - step * m_p]])
        return r, rows

    start = np.concatenate([(x + there) / 2, w])
    root: Root = newton_point(system, start, NEWTON, reach)
    pair = np.stack([root.x[:d] + root.x[d:], root.x[:d] - root.x[d:]])
    moved, apart = float(np.linalg.norm(pair[0] - x)), float(np.linalg.norm(pair[0] - pair[1]))
    if not root.solved(reach) or moved > reach or not defined(shifted.f, pair).all():
        raise SearchError(
            f"{where}, moves by {reach:.3g} a step, and is {back:.3g} away from there after two, and Newton's method "
            "finds no two-cycle beside it: the run goes on, ends in a longer cycle, or in none. Try another start or "
            "step_size, or raise max_steps"
        )
    if apart <= SAME * reach:
        raise SearchError(
            f"{where}, next to a fixed point of SAM at {point_text(pair[0])}, which is no cycle: hallucert.find.refine "
            "finds hallucinated points"
        )
    return pair
