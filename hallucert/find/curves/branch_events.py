"""Events on a branch: folds in rho, branch points and changes of stability, located to the accuracy of floats."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from hallucert.find.curves.branch_curve import Curve
from hallucert.find.curves.branch_record import EventType
from hallucert.find.curves.continuation import CurvePoint, locate
from hallucert.find.linear.eigenvalues import eigh, singular_values, svd

# A fold or a change of stability this close to a branch point (part of the step) is the branch point itself.
MERGED = 1e-6

# ``DG`` with a smaller quotient of singular values at a change of stability is singular: a branch point.
SINGULAR = 1e-5


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
