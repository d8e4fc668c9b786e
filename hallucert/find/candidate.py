"""Candidates: what a search in floats hands to the prover. A candidate is a proposal, never evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from hallucert.arrays import checked_point
from hallucert.errors import ArgumentError, require
from hallucert.exact import exact_radius
from hallucert.objectives.doors import checked_objective
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.objectives.tape import Tape


@dataclass(frozen=True)
class Construction:
    """The steps of the paper's existence proof (Theorems 2.1, 2.2), as numbers found in floats.

    Attributes
    ----------
    maximizer : (d,) array
        The isolated local maximizer; for a maximizer set, its point nearest to `x`.
    target : (d,) array
        The minimizer ``x_min`` that the farthest point is far from.
    ball_radius : float or None
        Radius of the ball ``B`` around `maximizer` with ``f < level`` on its boundary; None for a maximizer set.
    boundary_value : float
        Largest value of ``f`` found on the boundary of ``B``.
    maximum : float
        ``f`` at the maximizer.
    level : float
        ``alpha``: ``f(x)``, strictly between `boundary_value` and `maximum`.
    x : (d,) array
        The point farthest from `target` on the component of ``{f >= level}`` that holds the maximizer.
    component : (k, d) array
        Points on the boundary of that component, for pictures; for a maximizer set, on the outer part of it.
    cut : int or None
        For a maximizer set ``{s = s0}``: the tape node ``s``, if it is one (see `objectives.canonical.cut_nodes`).
    level_function, profile : Tape or None
        For a maximizer set: ``s`` and ``phi``, with ``f = phi(s(x))``.
    band : (float, float) or None
        For a maximizer set: ``B`` is the part of ``{band[0] <= s <= band[1]}`` in `box`.
    box : (d, 2) array or None
        For a maximizer set: a box on whose boundary ``s > band[1]``, so that ``B`` is compact.
    """

    maximizer: np.ndarray
    target: np.ndarray
    ball_radius: float | None
    boundary_value: float
    maximum: float
    level: float
    x: np.ndarray
    component: np.ndarray = field(repr=False)
    cut: int | None = None
    level_function: Tape | None = None
    profile: Tape | None = None
    band: tuple[float, float] | None = None
    box: np.ndarray | None = None


@dataclass(frozen=True)
class Candidate:
    """A point where floats say that the shifted gradient vanishes and the gradient does not.

    Attributes
    ----------
    objective : Objective
        The function.
    x : (d,) array
        The candidate hallucinated point.
    rho : Fraction
        The perturbation radius, exact.
    target : (d,) array
        ``x + rho g/|g|``, the critical point that `x` is mapped to; ``x + rho u`` of `law` in general.
    multiplier : float
        ``lambda = |g| / rho``; ``1 / rho`` for USAM and ``|D g| / rho`` for ASAM.
    kind : str
        What `x` is for ``f`` on the sphere ``S(target, rho)``: ``"minimum"``, ``"saddle"`` or ``"maximum"``
        ("minimum" in one dimension, where the sphere has no tangent directions). Eigenvalues of the tangential
        Hessian that are zero to floats are left out, so at a fold or pitchfork the word is a convention.
        For USAM: what `x` is for the Moreau objective ``f(y) + |y - target|^2/(2 rho)``; for ASAM: what it is on the
        ellipsoid of its metric.
    construction : Construction or None
        The steps of the paper's construction, if that is where the candidate comes from.
    law : RadiusLaw
        The ascent step that takes `x` to `target`.

    Raises
    ------
    ArgumentError
        If a field is not as above; numbers are read as `hallucert.certify` reads them.
    """

    objective: Objective
    x: np.ndarray
    rho: Fraction
    target: np.ndarray
    multiplier: float
    kind: str
    construction: Construction | None = None
    law: RadiusLaw = SAM

    def __post_init__(self) -> None:
        dimension = checked_objective(self.objective, "objective").dimension
        fields = {
            "x": checked_point(self.x, dimension, "x"),
            "target": checked_point(self.target, dimension, "target"),
            "rho": exact_radius(self.rho),
        }
        if not isinstance(self.construction, Construction | None):
            raise ArgumentError("construction", self.construction, "be a Construction or None")
        require(isinstance(self.law, RadiusLaw), "law", self.law, "be a RadiusLaw")
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        at, to = point_text(self.x), point_text(self.target)
        kind = f"{self.kind} {self.law.floats.surface}"
        return f"<Candidate at {at}, rho = {float(self.rho):.6g}, target {to}, {kind}>"


def point_text(x: np.ndarray, digits: int = 6) -> str:
    """Return the first coordinates of a point (d,)."""
    return "(" + ", ".join(f"{v:.{digits}g}" for v in x[:4]) + ", ..." * (x.size > 4) + ")"
