"""The census: every hallucinated stationary point in a box, for one ``rho``, proved complete.

**Theorem.** Let x lie in the box D, ``g(x) != 0`` and ``g(x+) = 0``. Then ``c = x+`` is a critical point at distance
``rho`` from D, and x is a point of the sphere ``S(c, rho)`` where g is normal and points inward. So if all critical
points at distance ``rho`` from D are enclosed, and all such points of their spheres in D, every hallucinated point of D
has been found. A box is dropped only where an enclosure shows that it holds no solution, so what is neither proved nor
dropped is the list of places that are open.

The census is *complete* if no place is open but neighbourhoods of critical points of ``f``, where the ascent direction
is not defined. Such a neighbourhood is left only where a critical point lies on the sphere of another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from hallucert.arguments import Late
from hallucert.check.census.records import (
    CriticalPoint,
    HallucinatedPoint,
    Problem,
    Stability,
    Unsettled,
    from_floats,
)
from hallucert.check.claim import Claim, Claims, Provenance, Saved, Sentence, Status
from hallucert.check.reason import Reason
from hallucert.check.units import CALLER, Units
from hallucert.objectives.objective import Objective


@dataclass(frozen=True)
class Census(Saved):
    """All hallucinated stationary points of a box, for one ``rho``.

    Attributes
    ----------
    problem : Problem
        Function, radius, box and tolerance.
    critical_points : tuple of CriticalPoint
        Every critical point of ``f`` that a point of the box can be mapped to.
    points : tuple of HallucinatedPoint
        Every one is proved to exist; no two are the same.
    excluded : tuple of Unsettled
        Neighbourhoods of critical points of ``f``, about which nothing is claimed.
    pending : tuple of Unsettled
        Other places that are open, each with its reason.
    boxes : int
        How many boxes were looked at.
    seconds : float
        How long it took; NaN if it was read from a file.
    provenance : Provenance
        Which software took it.
    """

    kind: ClassVar[str] = "census"

    problem: Problem
    critical_points: tuple[CriticalPoint, ...]
    points: tuple[HallucinatedPoint, ...]
    excluded: tuple[Unsettled, ...]
    pending: tuple[Unsettled, ...]
    boxes: int
    seconds: float
    provenance: Provenance

    @property
    def objective(self) -> Objective:
        """The function."""
        return self.problem.f

    @property
    def complete(self) -> bool:
        """Whether there are no points in the box but `points`, outside of the excluded neighbourhoods."""
        return not self.pending

    def __len__(self) -> int:
        return len(self.points)

    def counts(self) -> dict[str, dict[str, int]]:
        """Count the points: by kind of target, and then by stability.

        Returns
        -------
        dict
            Such as ``{"minimizer": {"attractor": 2, "repeller": 1}, "saddle": {"repeller": 4}}``.
        """
        counted: dict[str, Counter[str]] = {}
        for point in self.points:
            counted.setdefault(str(point.kind), Counter())[str(point.stability)] += 1
        return {kind: {str(s): counted[kind][s] for s in Stability if counted[kind][s]} for kind in sorted(counted)}

    @property
    def claim(self) -> Claim:
        """The claim ``no_hallucination``: proved, refuted by a point, or undecided."""
        return conclude(self)

    @property
    def all_claims(self) -> Claims:
        """The claim alone, as certificates of every kind have their claims."""
        return Claims((self.claim,))

    def __repr__(self) -> str:
        return str(Sentence("census.in_brackets", (self,)))

    if not TYPE_CHECKING:
        card = Late("hallucert.check.words.census")


def taken_out_of(units: Units, census: Census, problem: Problem) -> Census:
    """Return the census of a problem from that of the same problem in some units."""
    if units == CALLER:
        return replace(census, problem=problem)
    return replace(
        census,
        problem=problem,
        critical_points=tuple(map(units.critical_outside, census.critical_points)),
        points=tuple(map(units.point_outside, census.points)),
        excluded=tuple(map(units.place_outside, census.excluded)),
        pending=tuple(map(units.place_outside, census.pending)),
    )


def conclude(census: Census) -> Claim:
    """State what a census shows about the absence of hallucinated points."""
    about = (census.problem.rho, from_floats(census.problem.region))
    if census.points:
        return Claim("no_hallucination", Status.REFUTED, Sentence("census.some", (*about, len(census.points))))
    if census.pending or census.excluded:
        return Claim(
            "no_hallucination", Status.UNDECIDED, Sentence("census.question", about), reason=Reason.NEEDS_PREMISES
        )
    return Claim("no_hallucination", Status.PROVED, Sentence("census.none", about))
