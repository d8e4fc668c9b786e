"""The hallucinated points of a branch at a given radius."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

from hallucert.arguments import quiet
from hallucert.errors import ArgumentError
from hallucert.exact import Exact
from hallucert.find.arguments import checked_radius
from hallucert.find.candidate import Candidate
from hallucert.find.curves.branch_curve import Curve
from hallucert.find.curves.branch_record import Branch
from hallucert.find.curves.branch_units import branch_units, inside
from hallucert.find.curves.continuation import CurvePoint, locate
from hallucert.find.spheres.sphere import sphere_kind


@quiet
def on_branch(branch: Branch, rho: Exact) -> list[Candidate]:
    """Return the points of a branch whose radius is `rho`, in order along it.

    Parameters
    ----------
    branch : Branch
        A branch; its folds must be among its points, as `hallucert.find.branch` leaves them.
    rho : exact positive number
        The radius.

    Returns
    -------
    list of Candidate
        One for each passage through `rho`; empty if the branch does not reach it. Ends at critical points are not
        hallucinated and do not count.

    Raises
    ------
    ArgumentError
        If an argument is not as above.

    Examples
    --------
    >>> from hallucert.find import branch
    >>> from hallucert.objectives.objective import Objective
    >>> f = Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    >>> [c.x.round(9) + 0.0 for c in on_branch(branch(f, (0, 1), (1, 1)), "1.5")]
    [array([-0.5,  1. ])]
    """
    if not isinstance(branch, Branch):
        raise ArgumentError("branch", branch, "be a Branch")
    radius = checked_radius(rho)
    units = branch_units(branch, float(radius))
    inner = units.radius(radius)
    return [units.original(found, radius) for found in _passages(inside(units, branch), inner)]


def _passages(branch: Branch, radius: Fraction) -> list[Candidate]:
    r = float(radius)
    curve = Curve(branch.objective, branch.target, branch.scale)
    points = [CurvePoint(z, t) for z, t in zip(branch.points, branch.tangent, strict=True)]
    offset = branch.rho - r
    found: list[Candidate] = []
    for i, (a, b) in enumerate(pairwise(points)):
        if offset[i] == 0:
            here: CurvePoint | None = a
        elif offset[i] * offset[i + 1] < 0:
            here = locate(curve, a, b, lambda p: curve.radius(p.z) - r)
        else:
            continue
        if here is not None and here.z[-1] > 0:
            found.append(_candidate(curve, here.z, radius))
    if offset[-1] == 0 and points[-1].z[-1] > 0:
        found.append(_candidate(curve, points[-1].z, radius))
    return found


def _candidate(curve: Curve, z: np.ndarray, rho: object) -> Candidate:
    x = z[:-1]
    kind = sphere_kind(curve.f, x, float(rho))  # type: ignore[arg-type]
    return Candidate(curve.f, x, rho, curve.target, float(curve.scale * z[-1]), kind)  # type: ignore[arg-type]
