"""Certify a stall: where SAM stopped without converging, prove that no hallucinated minimizer is near."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from hallucert import __version__
from hallucert.arguments import checked_double, quiet
from hallucert.arrays import checked_point, exact_point
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import Provenance, Status
from hallucert.check.point.certificate import Certificate
from hallucert.check.point.no_minimizer_near import RULE
from hallucert.check.point.rule import Evidence, Facts, Witness
from hallucert.check.problem import Point, Problem, is_undefined
from hallucert.clock import Progress, working
from hallucert.errors import DomainError
from hallucert.exact import Exact, exact_radius, round_down
from hallucert.objectives.objective import Objective, checked_objective
from hallucert.objectives.radius_law import RadiusLaw, require_sam
from hallucert.prove.choices import Hints
from hallucert.prove.claims import prove
from hallucert.sam import perturbed_point

PRECISION = 53
DENSE = 400
"""Largest dimension in which the direction comes from a whole Hessian."""

LARGEST, SHRINK, SMALLEST = 2**-4, 2**-3, 2**-50
"""Half widths that are tried, as multiples of rho: from the first on, each time by the second factor, to the third."""


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
    ar = arithmetic(backend, PRECISION)
    with working(progress=progress) as clock:
        clock.tell("direction of negative curvature", 0)
        _require_defined(ar, problem, centre)
        direction = _most_negative(f, perturbed_point(f, point, problem.rho))
        for number, half_width in enumerate(ladder):
            clock.tell("boxes, each smaller", number, len(ladder))
            witness = Witness(centre, None, (half_width,) * f.dimension, ())
            with ar:
                evidence = Evidence(Point(ar, problem, witness.box(ar)), centre)
                claim = prove(RULE, evidence, Facts(problem, witness), Hints(direction=direction))
            if claim.status is Status.PROVED:
                break
    provenance = Provenance(__version__, ar.name, ar.version, ar.precision)
    return Certificate(problem, witness, {claim.name: claim}, provenance)


def _require_defined(ar: BallArithmetic, problem: Problem, x: tuple[Fraction, ...]) -> None:
    """Raise if `f` is certainly undefined at `x` or at its perturbed point; derivatives may be defined there."""
    with ar:
        point = Point(ar, problem, [ar.constant(v) for v in x])
        for name, place in (("x", point.x), ("x+", point.plus)):
            if is_undefined(ar, problem.objective, place):
                raise DomainError(f"{problem.objective.name} is not defined at {name}")


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

    products = LinearOperator((d, d), matvec=lambda v: f.hessian_vector_lanes(x[None], v.reshape(1, d))[0], dtype=float)
    start = np.random.default_rng(0).standard_normal(d)
    try:
        return eigsh(products, k=1, which="SA", v0=start, tol=1e-2, maxiter=20)[1][:, 0]
    except ArpackNoConvergence as error:
        return error.eigenvectors[:, 0] if error.eigenvectors.size else start
