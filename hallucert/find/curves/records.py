"""Branches, sheets and surfaces: what a continuation in floats hands to the prover, as proposals, never evidence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Self

import numpy as np

from hallucert.arrays import checked_shape, row_count
from hallucert.errors import ArgumentError, require
from hallucert.exact import exact_radius
from hallucert.find.candidate import point_text
from hallucert.objectives.doors import checked_objective
from hallucert.objectives.objective import Objective
from hallucert.settings import checked_positive


class EventType(StrEnum):
    """What can happen on a branch."""

    FOLD = "fold"
    BRANCH_POINT = "branch point"
    STABILITY = "stability change"
    END = "end"


class Explained(StrEnum):
    """Words, each with a sentence that says what it means and, where something can be tried, what to try."""

    explanation: str

    def __new__(cls, value: str, explanation: str) -> Self:
        """Make the member of a word."""
        member = str.__new__(cls, value)
        member._value_, member.explanation = value, explanation
        return member


class EndReason(Explained):
    """Why a branch ends where it does."""

    CRITICAL_POINT = "critical point", "the multiplier reached 0 at another critical point of f"
    TARGET = "target", "the branch runs into its target: rho fell below rho_min"
    BRANCH_POINT = "branch point", "the half-branch was started at a branch point"
    BOX = "box", "the branch left the box"
    RHO_MAX = "rho_max", "rho reached rho_max"
    RHO_MIN = "rho_min", "rho reached rho_min"
    DOMAIN = "edge of the domain", "f is not defined beyond this point"
    CLOSED = "closed", "the branch is a closed curve: it came back to its start"
    MULTIPLIER = "multiplier zero", "the multiplier reached 0 where no nondegenerate critical point was found"
    MAX_STEPS = "max_steps", "max_steps were done; raise max_steps or ds_max"
    DS_MIN = "ds_min", "no step of ds_min succeeded: a singular point, perhaps; lower ds_min"


def _keep_checked(record: object, shapes: dict[str, tuple[int, ...]]) -> None:
    """Replace fields of a frozen record by finite arrays of their shapes."""
    for name, shape in shapes.items():
        object.__setattr__(record, name, checked_shape(getattr(record, name), shape, name))


@dataclass(frozen=True)
class BranchEvent:
    """Something that happens at a point of a branch.

    Attributes
    ----------
    type : EventType
        ``"fold"`` (a turning point in rho), ``"branch point"`` (two curves cross, the system is singular),
        ``"stability change"`` (apart from folds and branch points), or ``"end"``.
    index : int
        Which point of the branch it is.
    x : (d,) array
        Where.
    rho, multiplier : float
        The radius and ``lambda`` there.
    reason : EndReason or None
        For ends.
    detail : str
        What changes, such as ``"repelling to attracting"``; for ends at a critical point its kind, for those at the
        edge of the domain what vanishes, and where.
    """

    type: EventType
    index: int
    x: np.ndarray
    rho: float
    multiplier: float
    reason: EndReason | None = None
    detail: str = ""

    def __repr__(self) -> str:
        what = f"{self.type} ({self.reason})" if self.reason else str(self.type)
        tail = f", {self.detail}" if self.detail else ""
        return f"<{what} at rho = {self.rho:.10g}, x = {point_text(self.x, 8)}{tail}>"


@dataclass(frozen=True)
class Branch:
    """A curve of points ``x`` with ``g(x) = lambda (c - x)``, found in floats; rho and lambda vary along it.

    Attributes
    ----------
    objective : Objective
        The function.
    target : (d,) array
        The critical point ``c`` to which every point of the branch is mapped.
    x : (n, d) array
        Points, in order along the curve; the points of all events are among them.
    rho : (n,) array
        ``|x - c|``.
    multiplier : (n,) array
        ``lambda``, 0 at a critical point where the branch ends.
    tangent : (n, d + 1) array
        Unit tangents in ``(x, lambda/scale)``, pointing along the order of the points.
    scale : float
        Unit of ``lambda`` that makes arclength in ``(x, lambda/scale)`` meaningful; a power of two.
    kind : (n,) array of str
        ``"minimum"``, ``"saddle"`` or ``"maximum"`` of ``f`` on the sphere around the target, ``"degenerate"`` where
        that is not clear to floats (at folds and branch points).
    stability : (n,) array of str
        ``"attracting"``, ``"repelling"`` or ``"undecided"``, by the eigenvalues of ``M = H(c) J(x)``.
    value : (n,) array
        ``f(x)``.
    events : tuple of BranchEvent
        Folds, branch points, changes of stability and the ends, in order along the curve.

    Raises
    ------
    ArgumentError
        If a field is not as above.
    """

    objective: Objective
    target: np.ndarray
    x: np.ndarray
    rho: np.ndarray
    multiplier: np.ndarray
    tangent: np.ndarray
    scale: float
    kind: np.ndarray
    stability: np.ndarray
    value: np.ndarray
    events: tuple[BranchEvent, ...]

    def __post_init__(self) -> None:
        count, d = row_count(self.x, "x"), checked_objective(self.objective, "objective").dimension
        shapes = {"x": (count, d), "target": (d,), "rho": (count,), "multiplier": (count,), "tangent": (count, d + 1)}
        _keep_checked(self, shapes)
        object.__setattr__(self, "scale", checked_positive(self.scale, "scale"))
        events = self.events if isinstance(self.events, tuple) else ()
        good = all(isinstance(event, BranchEvent) and 0 <= event.index < count for event in events)
        if not good or sum(event.type is EventType.END for event in events) < 2:
            raise ArgumentError("events", self.events, "be a tuple of BranchEvents, two of them ends")

    @property
    def start(self) -> BranchEvent:
        """The end at the first point."""
        return next(event for event in self.events if event.type is EventType.END)

    @property
    def end(self) -> BranchEvent:
        """The end at the last point."""
        return next(event for event in reversed(self.events) if event.type is EventType.END)

    @property
    def folds(self) -> tuple[BranchEvent, ...]:
        """The folds in rho."""
        return tuple(event for event in self.events if event.type is EventType.FOLD)

    @property
    def branch_points(self) -> tuple[BranchEvent, ...]:
        """The points where another branch crosses, apart from ends."""
        return tuple(event for event in self.events if event.type is EventType.BRANCH_POINT)

    @property
    def points(self) -> np.ndarray:
        """The curve in ``(x, lambda/scale)``, shape (n, d + 1)."""
        return np.column_stack([self.x, self.multiplier / self.scale])

    def coordinate(self, name: str) -> np.ndarray:
        """Return one number along the branch, shape (n,).

        Parameters
        ----------
        name : str
            A variable of the function, ``"f"``, ``"rho"`` or ``"multiplier"``.

        Returns
        -------
        (n,) array

        Raises
        ------
        ArgumentError
            If there is no number of that name.
        """
        if isinstance(name, str) and name in self.objective.variables:
            return self.x[:, self.objective.variables.index(name)]
        known = {"f": self.value, "rho": self.rho, "multiplier": self.multiplier}
        if not isinstance(name, str) or name not in known:
            names = ", ".join((*self.objective.variables, *known))
            raise ArgumentError("coordinate", name, f"be one of {names}")
        return known[name]

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        lines = [
            f"<Branch of {self.objective.name[:40]!r}, target {point_text(self.target)}: {len(self)} points, "
            f"rho from {self.rho.min():.6g} to {self.rho.max():.6g}, {len(self.folds)} folds"
        ]
        lines += [f"  {event!r}" for event in self.events]
        return "\n".join(lines) + ">"


@dataclass(frozen=True)
class Sheet:
    """A curve of points ``x`` with ``r(x + rho u(x)) = 0``, or ``g(x + rho u(x)) = 0``, for a fixed rho, in floats.

    Attributes
    ----------
    objective : Objective
        The function. If it is a sum of squares with one residual fewer than variables, ``r(x+) = 0``.
    rho : Fraction
        The perturbation radius, exact.
    x : (n, d) array
        Points, in order along the curve; the last is the first again if it is closed.
    tangent : (n, d) array
        Unit tangents, pointing along the order of the points.
    target : (n, d) array
        ``x + rho u(x)``: minimizers with ``r = 0``, or critical points.
    ends : (EndReason, EndReason)
        Why the curve begins and ends where it does.

    Raises
    ------
    ArgumentError
        If a field is not as above.
    """

    objective: Objective
    rho: Fraction
    x: np.ndarray
    tangent: np.ndarray
    target: np.ndarray
    ends: tuple[EndReason, EndReason]

    def __post_init__(self) -> None:
        shape = (row_count(self.x, "x"), checked_objective(self.objective, "objective").dimension)
        _keep_checked(self, dict.fromkeys(("x", "tangent", "target"), shape))
        object.__setattr__(self, "rho", exact_radius(self.rho))
        if not isinstance(self.ends, tuple) or [type(end) for end in self.ends] != [EndReason, EndReason]:
            raise ArgumentError("ends", self.ends, "be a pair of EndReasons")

    @property
    def closed(self) -> bool:
        """Whether the curve came back to its start, in its direction and to rounding, as far as floats show.

        `hallucert.certify` proves that it is closed, or only pieces of it.
        """
        return self.ends[1] is EndReason.CLOSED

    @property
    def given_by_residuals(self) -> bool:
        """Whether the points solve ``r(x+) = 0``; otherwise ``g(x+) = 0``, and nothing is proved about the curve."""
        return self.objective.residual_count == self.objective.dimension - 1

    @property
    def length(self) -> float:
        """Length of the polygon through the points."""
        return float(np.linalg.norm(np.diff(self.x, axis=0), axis=1).sum())

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        what = "closed curve in floats" if self.closed else f"curve ({self.ends[0]} to {self.ends[1]})"
        return (
            f"<Sheet of {self.objective.name[:40]!r}, rho = {float(self.rho):.6g}: {what}, {len(self)} points, "
            f"length {self.length:.6g}>"
        )


@dataclass(frozen=True)
class Surface:
    """An atlas of points ``x`` with ``r(x + rho u(x)) = 0`` for a fixed rho, found in floats.

    Attributes
    ----------
    objective : Objective
        The function, a sum of squares with two residuals fewer than variables.
    rho : Fraction
        The perturbation radius, exact.
    x : (n, d) array
        The centres of the charts.
    tangents : (n, d, 2) array
        Orthonormal tangents there; chart ``i`` lies over the square ``x + tangents s``, ``|s_j| <= half_widths[i]``.
    half_widths : (n,) array
        Half the side lengths of the squares.
    target : (n, d) array
        ``x + rho u(x)``: points of the manifold of minimizers.
    closed : bool
        Whether the squares, moved onto the surface, leave no edge free, as far as floats show. `hallucert.certify`
        proves it, or pieces.
    at_domain_edge : bool
        Whether charts were left out because ``x`` or ``x+`` would leave the domain of the function.

    Raises
    ------
    ArgumentError
        If a field is not as above.
    """

    objective: Objective
    rho: Fraction
    x: np.ndarray
    tangents: np.ndarray
    half_widths: np.ndarray
    target: np.ndarray
    closed: bool
    at_domain_edge: bool = False

    def __post_init__(self) -> None:
        count, d = row_count(self.x, "x"), checked_objective(self.objective, "objective").dimension
        shapes = {"x": (count, d), "target": (count, d), "tangents": (count, d, 2), "half_widths": (count,)}
        _keep_checked(self, shapes)
        object.__setattr__(self, "rho", exact_radius(self.rho))
        require((self.half_widths > 0).all(), "half_widths", self.half_widths, "be positive")
        if self.objective.residual_count != d - 2:
            raise ArgumentError("objective", self.objective, "have two residuals fewer than variables")

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        what = "closed surface in floats" if self.closed else "piece of a surface"
        what += ", cut at the edge of the domain" if self.at_domain_edge else ""
        return f"<Surface of {self.objective.name[:40]!r}, rho = {float(self.rho):.6g}: {what}, {len(self)} charts>"
