"""The curve of a target: the zeros of ``G(x, lambda) = g(x) + lambda (x - c)`` in floats, with rho free.

Points are ``z = (x, lambda/scale)``, so that arclength weighs both parts alike. ``DG = [H + lambda I, x - c]`` has a
null vector, the tangent. Where ``DG`` has full rank the zeros are a smooth curve; where they do not, branches cross.

Test functions, each zero at one kind of event:

========================  ====================================================================================
fold in rho               ``<x - c, x'>``, half the derivative of ``rho^2`` along the curve
branch point              ``det [DG; t]`` with the tangent ``t`` continued smoothly
change of stability       the smallest real part of the eigenvalues of ``lambda M = H(c) (lambda I + P H(x))``
========================  ====================================================================================
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.find.curves.continuation import (
    ON_LIMIT,
    CurvePoint,
    End,
    Limit,
    SmoothCurve,
    Stop,
    box_limits,
    ends_at_limits,
    first_end,
    locate,
    step_across,
)
from hallucert.find.curves.records import EndReason, EventType
from hallucert.find.eigenvalues import critical_kind, eigh, eigvals, eigvalsh, singular_values, svd
from hallucert.find.newton import gradient_system, newton_point
from hallucert.find.rescaled import Unit, original, original_number
from hallucert.objectives.objective import Objective

FLAT = 1e-7  # an eigenvalue below this part of the matrix's size counts as zero when a point is classified
RANK_TOLERANCE = 1e-9  # singular values below this part of the largest count as zero in the corrector
NEWTON_STEPS = 8
CONVERGED = 1e-12  # of the size of a point: it is accepted when Newton's last step is below

# A fold or a change of stability this close to a branch point (part of the step) is the branch point itself.
MERGED = 1e-6
SINGULAR = 1e-5  # ``DG`` with a smaller quotient of singular values at a change of stability: a branch point

TARGET = 1e-2  # a radius below this part of that of the start means that the branch runs into its target


class Curve(SmoothCurve):
    """The equation of a branch."""

    def __init__(self, f: Objective, target: np.ndarray, scale: float) -> None:
        self.f, self.target, self.scale, self.dimension = f, target, scale, f.dimension
        hessian = f.floats.hessian(target[None, :])[0]
        size = float(np.abs(hessian).max())
        # Only signs are asked of its products, which may be out of the range of doubles where a Hessian is not.
        self.target_hessian = hessian / size if size > 0 else hessian

    def residual(self, z: np.ndarray) -> np.ndarray:
        """``G`` at one point (d + 1,): shape (d,)."""
        x = z[:-1]
        return self.f.floats.gradient(x[None, :])[0] + self.scale * z[-1] * (x - self.target)

    def hessian(self, z: np.ndarray) -> np.ndarray:
        """``H(x)``."""
        return self.f.floats.hessian(z[None, :-1])[0]

    def jacobian(self, z: np.ndarray) -> np.ndarray:
        """``DG`` in the scaled variables: shape (d, d + 1)."""
        block = self.hessian(z) + self.scale * z[-1] * np.eye(self.dimension)
        return np.column_stack([block, self.scale * (z[:-1] - self.target)])

    def correct(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray | None:
        start, last = z, np.inf
        for _ in range(NEWTON_STEPS):
            # Beside a branch point the direction of the other curve has no weight: it is left out.
            step = step_across(self.residual(z), self.jacobian(z), z - start, normal, self.scale, RANK_TOLERANCE)
            if step is None:
                return None
            size = float(np.linalg.norm(step))
            z = z + step
            if size <= CONVERGED * (1.0 + float(np.linalg.norm(z))) and (size < 1e-15 or size > 0.1 * last):
                return z
            if size > 4 * last:
                return None
            last = size
        return z if last <= CONVERGED * (1.0 + float(np.linalg.norm(z))) else None

    # ------------------------------------------------------------------ quantities and test functions

    def radius(self, z: np.ndarray) -> float:
        """``rho = |x - c|``."""
        return float(np.linalg.norm(z[:-1] - self.target))

    def fold_test(self, z: np.ndarray, t: np.ndarray) -> float:
        """``<x - c, x'>``."""
        return float((z[:-1] - self.target) @ t[:-1])

    def branch_test(self, z: np.ndarray, t: np.ndarray) -> float:
        """``det [DG; t]``, of matrices divided by the scale."""
        return float(np.linalg.det(np.vstack([self.jacobian(z) / self.scale, t])))

    def stability_matrix(self, z: np.ndarray) -> np.ndarray:
        """``lambda M/|H(c)|``, with ``lambda M = H(c) (lambda I + P H(x))``."""
        normal = (z[:-1] - self.target) / self.radius(z)
        h = self.hessian(z)
        inner = self.scale * z[-1] * np.eye(self.dimension) + h - np.outer(normal, normal @ h)
        return np.asarray(self.target_hessian @ inner)

    def stability_test(self, z: np.ndarray) -> float:
        """The smallest real part of the eigenvalues of ``lambda M``."""
        return float(eigvals(self.stability_matrix(z)).real.min())

    def stability(self, z: np.ndarray) -> str:
        """``"attracting"``, ``"repelling"`` or ``"undecided"``."""
        matrix = self.stability_matrix(z)
        size = float(np.abs(matrix).max())
        smallest = float(eigvals(matrix).real.min())
        if not abs(smallest) > FLAT * size:
            return "undecided"
        return "attracting" if smallest > 0 else "repelling"

    def kind(self, z: np.ndarray) -> str:
        """``"minimum"``, ``"saddle"``, ``"maximum"`` on the sphere, or ``"degenerate"``."""
        if self.dimension == 1:
            return "minimum"
        normal = (z[:-1] - self.target) / self.radius(z)
        basis = svd(normal[None, :])[2][1:]
        h = self.hessian(z)
        tangential = basis @ h @ basis.T + self.scale * z[-1] * np.eye(self.dimension - 1)
        values = eigvalsh(tangential)
        if not np.abs(values).min() > FLAT * (np.abs(h).max() + self.scale * abs(z[-1])):
            return "degenerate"
        if values[0] > 0:
            return "minimum"
        return "maximum" if values[-1] < 0 else "saddle"

    def curvature_form(self, z: np.ndarray, v: np.ndarray, w: np.ndarray) -> np.ndarray:
        """``D^2 G[v, w]``, with the third derivative of ``f`` by central differences of the Hessian; shape (d,)."""
        third = self._third_along(z, v[:-1]) @ w[:-1]
        return np.asarray(third + self.scale * (v[-1] * w[:-1] + w[-1] * v[:-1]))

    def _third_along(self, z: np.ndarray, v: np.ndarray) -> np.ndarray:
        size = float(np.linalg.norm(v))
        if size == 0:
            return np.zeros((self.dimension, self.dimension))
        # The cube root of the unit roundoff balances rounding and truncation of a central difference.
        h = 6e-6 * max(1.0, float(np.abs(z[:-1]).max())) / size
        x = z[None, :-1]
        difference = self.f.floats.hessian(x + h * v)[0] - self.f.floats.hessian(x - h * v)[0]
        return np.asarray(difference / (2 * h))


# ---------------------------------------------------------------------- events


@dataclass(frozen=True)
class Located:
    """An event before it has a place in the branch's arrays."""

    type: EventType
    point: CurvePoint
    detail: str = ""


def events_between(curve: Curve, a: CurvePoint, b: CurvePoint, wanted: Collection[EventType]) -> list[Located]:
    """Return the events between two neighbours, in order along the curve."""
    found: list[Located] = []
    before, after = curve.stability(a.z), curve.stability(b.z)
    change = f"{before} to {after}" if before != after and "undecided" not in (before, after) else ""
    crossing = curve.branch_test(a.z, a.t) * curve.branch_test(b.z, b.t) < 0
    turning = curve.fold_test(a.z, a.t) * curve.fold_test(b.z, b.t) < 0
    if crossing and EventType.BRANCH_POINT in wanted and (point := branch_point(curve, a, b)) is not None:
        found.append(Located(EventType.BRANCH_POINT, point, change))
    if turning and EventType.FOLD in wanted:
        point = locate(curve, a, b, lambda p: curve.fold_test(p.z, p.t))
        if point is not None and not _near(point, found, a, b):
            found.append(Located(EventType.FOLD, point, change))
    if change and not (crossing or turning) and EventType.STABILITY in wanted:
        point = locate(curve, a, b, lambda p: curve.stability_test(p.z))
        if point is not None:
            # Eigenvalues that vanish in pairs leave the signs of both other tests as they are.
            if _singular(curve, point):
                found.append(Located(EventType.BRANCH_POINT, _along_chord(point.z, a, b), change))
            else:
                found.append(Located(EventType.STABILITY, point, change))
    chord = b.z - a.z
    return sorted(found, key=lambda event: float(chord @ event.point.z))


def _singular(curve: Curve, point: CurvePoint) -> bool:
    values = singular_values(curve.jacobian(point.z))
    return not values[-1] > SINGULAR * values[0]


def _near(point: CurvePoint, found: list[Located], a: CurvePoint, b: CurvePoint) -> bool:
    reach = MERGED * float(np.linalg.norm(b.z - a.z))
    return any(np.linalg.norm(point.z - other.point.z) <= reach for other in found)


def branch_point(curve: Curve, a: CurvePoint, b: CurvePoint) -> CurvePoint | None:
    """Locate a simple branch point between two points of the curve where ``det [DG; t]`` has opposite signs.

    The bracket is narrowed on the curve as long as its corrector is well conditioned; then Newton's method solves
    the extended system, which is regular at a simple branch point (`polished_branch_point`).
    """
    near = locate(curve, a, b, lambda p: curve.branch_test(p.z, p.t), tolerance=1e-4)
    if near is None:
        near = CurvePoint((a.z + b.z) / 2, a.t)
    z = polished_branch_point(curve, near.z)
    length = float(np.linalg.norm(b.z - a.z))
    if z is None or np.linalg.norm(z - near.z) > 0.6 * length:
        return None
    return _along_chord(z, a, b)


def _along_chord(z: np.ndarray, a: CurvePoint, b: CurvePoint) -> CurvePoint:
    """Return a singular point with the direction of its neighbours: ``DG`` has several null vectors there."""
    chord = b.z - a.z
    return CurvePoint(z, chord / np.linalg.norm(chord))


def polished_branch_point(curve: Curve, z: np.ndarray, max_steps: int = 12) -> np.ndarray | None:
    """Solve ``G + beta psi = 0``, ``DG^T psi = 0``, ``psi^T psi = 1`` in ``(z, beta, psi)`` by Newton's method.

    At a solution with ``beta = 0`` the rank of ``DG`` drops by one. The second derivatives in the Newton matrix come
    from differences; that slows the last steps and does not move the solution.
    """
    d, s = curve.dimension, curve.scale
    psi, beta = svd(curve.jacobian(z) / s)[0][:, -1], 0.0
    for _ in range(max_steps):
        residual, jacobian = curve.residual(z) / s, curve.jacobian(z) / s
        value = np.concatenate([residual + beta * psi, jacobian.T @ psi, [(psi @ psi - 1) / 2]])
        matrix = np.zeros((2 * d + 2, 2 * d + 2))
        matrix[:d] = np.column_stack([jacobian, psi, beta * np.eye(d)])
        units = np.eye(d + 1)
        matrix[d : 2 * d + 1, : d + 1] = [[psi @ curve.curvature_form(z, v, w) / s for w in units] for v in units]
        matrix[d : 2 * d + 1, d + 2 :] = jacobian.T
        matrix[-1, d + 2 :] = psi
        if not np.isfinite(matrix).all():
            return None
        try:
            step = np.linalg.solve(matrix, -value)
        except np.linalg.LinAlgError:
            return None
        z, beta, psi = z + step[: d + 1], beta + float(step[d + 1]), psi + step[d + 2 :]
        if np.abs(step).max() <= 1e-13 * (1 + np.abs(z).max()):
            break
    else:
        return None
    return z if abs(beta) <= 1e-9 * (1 + float(np.abs(z).max())) else None


def crossing_directions(curve: Curve, z: np.ndarray) -> list[np.ndarray]:
    """Return the unit tangents of the two curves that cross at a simple branch point; empty if it is none.

    With ``psi`` the left null vector of ``DG`` and ``phi_1, phi_2`` its right null vectors, a tangent
    ``a phi_1 + b phi_2`` solves the algebraic bifurcation equation ``psi^T D^2G[t, t] = 0``, a quadratic form in
    ``(a, b)``, which has two real solutions where its determinant is negative.
    """
    left, values, right = svd(curve.jacobian(z))
    if len(values) > 1 and values[-2] <= SINGULAR * values[0]:
        return []  # the rank drops by two or more
    psi, null = left[:, -1], right[-2:]
    form = np.array([[psi @ curve.curvature_form(z, v, w) for w in null] for v in null])
    form = (form + form.T) / 2
    (low, high), vectors = eigh(form)
    if not low < 0 < high:
        return []
    # In the eigenbasis: low a^2 + high b^2 = 0.
    a, b = np.sqrt(high), np.sqrt(-low)
    pair = [vectors @ np.array([a, sign * b]) @ null for sign in (1.0, -1.0)]
    return [t / np.linalg.norm(t) for t in pair]


# ---------------------------------------------------------------------- limits and ends


@dataclass(frozen=True)
class Limits:
    """The region in which a branch is followed."""

    box: np.ndarray | None  # (d, 2): ``x`` stays in it
    rho_min: float  # the radius stays between these
    rho_max: float

    def on(self, curve: Curve, start: CurvePoint) -> list[Limit]:
        """Return the limits for the curve that begins at `start`."""

        def outward(p: CurvePoint) -> float:
            return curve.fold_test(p.z, p.t)

        low = EndReason.TARGET if self.rho_min <= TARGET * curve.radius(start.z) else EndReason.RHO_MIN
        radii = [Limit(lambda p: self.rho_min - curve.radius(p.z), lambda p: -outward(p), self.rho_min, low)]
        if np.isfinite(self.rho_max):
            high = EndReason.RHO_MAX
            radii.append(Limit(lambda p: curve.radius(p.z) - self.rho_max, outward, self.rho_max, high))
        return [*radii, *box_limits(self.box)]

    def around(self, radius: float) -> Limits | None:
        """Return the limits of the part of the box where a start at this radius is outside; None if it is inside."""
        if radius > self.rho_max * (1 + ON_LIMIT):
            return Limits(self.box, self.rho_max, np.inf)
        return Limits(self.box, 1e-3 * radius, self.rho_min) if radius < self.rho_min * (1 - ON_LIMIT) else None

    def require(self, curve: Curve, start: CurvePoint) -> None:
        """Raise `ArgumentError`, naming the limit, unless the start lies inside or on it."""
        names = {EndReason.BOX: "box", EndReason.RHO_MAX: "rho_max"}
        for limit in self.on(curve, start):
            if limit.keeps(start):
                continue
            name, radius = names.get(limit.reason, "rho_min"), curve.radius(start.z)
            if name == "box":
                box = None if self.box is None else original(curve.f, self.box.T).T
                must = f"contain the start, {original(curve.f, start.z[:-1]).tolist()}"
                raise ArgumentError(name, box, must)
            must = "at least" if name == "rho_max" else "at most"
            given, at_start = (original_number(curve.f, value, Unit.LENGTH) for value in (getattr(self, name), radius))
            raise ArgumentError(name, given, f"be {must} the radius at the start, {at_start:.10g}")


def stopping_rule(curve: Curve, start: CurvePoint, limits: Limits) -> Stop:
    """Return the function that `follow` asks after each step."""
    steps, bounds = 0, limits.on(curve, start)

    def stop(here: CurvePoint, there: CurvePoint) -> End | None:
        nonlocal steps
        steps += 1
        ends = [_at_zero_multiplier(curve, here, there)] if there.z[-1] <= 0 < here.z[-1] else []
        ends += ends_at_limits(bounds, curve, here, there)
        if steps > 3 and _passes(here, there, start):
            ends.append((start, EndReason.CLOSED))
        return first_end(ends, here, there)

    return stop


def _at_zero_multiplier(curve: Curve, here: CurvePoint, there: CurvePoint) -> End:
    """End at the critical point where ``lambda`` vanishes."""
    near = locate(curve, here, there, lambda p: float(p.z[-1])) or there
    length = float(np.linalg.norm(there.z - here.z))
    root = newton_point(gradient_system(curve.f), near.z[:-1], max_steps=40, step_limit=0.1 * length)
    if not root.solved(curve.radius(near.z)) or np.linalg.norm(root.x - near.z[:-1]) > 0.1 * length:
        return near, EndReason.MULTIPLIER
    z = np.append(root.x, 0.0)
    if critical_kind(curve.f, root.x)[1] == "degenerate":
        return CurvePoint(z, near.t), EndReason.MULTIPLIER
    return CurvePoint(z, curve.tangent(z, near.t)), EndReason.CRITICAL_POINT


def _passes(here: CurvePoint, there: CurvePoint, start: CurvePoint) -> bool:
    """Tell whether the step goes through the start, in its direction."""
    step, back = there.z - here.z, start.z - here.z
    length = float(np.linalg.norm(step))
    part = float(back @ step) / length**2
    beside = float(np.linalg.norm(back - part * step))
    return 0 < part <= 1 and beside < 0.1 * length and float(start.t @ there.t) > 0.9
