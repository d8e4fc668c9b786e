"""Proposing a target, and a cell along a part of a float curve, reaching back a little behind it, and proving it.

Between two points of the curve a cell is centred at a point of the curve between them, with the frame of singular
vectors of ``DG`` there: the null vector along, the others across. A cell at a critical point is parametrised by lambda
instead, so that its face is exactly ``lambda = 0``. What is proposed is exact from here on: a proof may fail, not lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic
from hallucert.balls.krawczyk import prove_zero
from hallucert.check.branch.cell import Cell, CellProof
from hallucert.check.branch.target import TargetBox, equations
from hallucert.objectives.objective import Objective
from hallucert.prove.branch.guide import Track
from hallucert.prove.zero import uniqueness_radius

OVERLAP = 1 / 32
"""Part of its length by which a cell reaches back into the one before."""

ROOM = Fraction(9, 10)
"""Part of the tube that Krawczyk's image may fill, so that the test passes in any arithmetic."""

THICKNESS = 2.0**-9
"""Tubes are at least this part of their length thick: a wide tube costs little and shows more uniqueness."""

ATTEMPTS = 4

FILLING = (0.15, 0.5)
"""Of the box of a target, as for points: the image leaves room for a test in another arithmetic."""


@dataclass(frozen=True)
class Shape:
    """A proposed cell without its thickness, in scaled variables."""

    centre: np.ndarray
    frame: np.ndarray
    span: tuple[float, float]
    preconditioner: np.ndarray


def propose_target(
    arithmetic: BallArithmetic, objective: Objective, near: Sequence[Fraction], unit: Fraction
) -> TargetBox | None:
    """Find a box around `near` in which a critical point is proved; None if that fails. Lengths are of size `unit`."""
    system = equations(arithmetic, objective)
    found = prove_zero(arithmetic, *system, near, unit=unit)
    if found is None:
        return None
    radius = uniqueness_radius(arithmetic, *system, found, [unit] * len(near), FILLING)
    return TargetBox(tuple(found.centre), tuple(radius), tuple(map(tuple, found.preconditioner)))


def cell_between(track: Track, sigma: float, upto: float) -> CellProof | None:
    """Return a proved cell that covers the curve from arclength `sigma` to `upto`, or None."""
    guide = track.guide
    first = sigma <= 0 and guide.from_critical
    last = upto >= track.total and guide.to_critical
    if first and last:
        return None
    a, b = track.point(sigma), track.point(upto)
    shape = _by_multiplier(track, a, b, first) if first or last else _along(track, a, b, (sigma + upto) / 2)
    return None if shape is None else _thickened(track, shape)


def _along(track: Track, a: np.ndarray, b: np.ndarray, middle: float) -> Shape | None:
    """Shape a cell along the tangent, the null vector of ``DG``."""
    m = track.point(middle)
    jacobian = track.jacobian(m)
    if not np.isfinite(jacobian).all():
        return None
    right = np.linalg.svd(jacobian)[2]
    tangent = right[-1] if right[-1] @ (b - a) > 0 else -right[-1]
    frame = np.column_stack([tangent, right[:-1].T])
    low, high = float(tangent @ (a - m)), float(tangent @ (b - m))
    if not low < 0 < high:
        return None
    return _with_preconditioner(jacobian, m, frame, (low - OVERLAP * (high - low), high))


def _by_multiplier(track: Track, a: np.ndarray, b: np.ndarray, first: bool) -> Shape | None:
    """Shape a cell with ``s = +-(lambda - lambda_m)/scale``, one face at ``lambda = 0``."""
    d = track.system.dimension
    end, other = (a, b) if first else (b, a)
    half = 0.5 * float(other[-1])
    if not half > 0:
        return None
    m = track.corrected(np.append(0.5 * (end[:-1] + other[:-1]), half), np.append(np.zeros(d), 1.0))
    m[-1] = half
    jacobian = track.jacobian(m)
    if not np.isfinite(jacobian).all():
        return None
    try:
        slope = np.linalg.solve(jacobian[:, :-1], -jacobian[:, -1])
    except np.linalg.LinAlgError:
        return None
    sign = 1.0 if first else -1.0
    frame = np.zeros((d + 1, d + 1))
    frame[:, 0] = sign * np.append(slope, 1.0)
    frame[:d, 1:] = np.eye(d)
    # From lambda = 0: -half to half; towards it: with an overlap behind.
    return _with_preconditioner(jacobian, m, frame, (-half if first else -half * (1 + 2 * OVERLAP), half))


def _with_preconditioner(
    jacobian: np.ndarray, m: np.ndarray, frame: np.ndarray, span: tuple[float, float]
) -> Shape | None:
    inverse = matrix.float_inverse(jacobian @ frame[:, 1:])
    return None if inverse is None else Shape(m, frame, span, inverse)


def _thickened(track: Track, shape: Shape) -> CellProof | None:
    """Bend the tube along the curve, and make it as thick as the proof needs."""
    system, ar = track.system, track.system.arithmetic
    d, length = system.dimension, shape.span[1] - shape.span[0]
    # The faces at lambda = 0 must stay exact, so lengths, centre and the tangent's last entry are not shortened.
    frame = [[_short(v, 40) for v in row] for row in (shape.frame * track.unscaled[:, None]).tolist()]
    frame[-1][0] = Fraction(float(shape.frame[-1, 0] * track.scale))
    centre = tuple(Fraction(v) for v in (shape.centre * track.unscaled).tolist())
    rows = tuple(map(tuple, frame))
    preconditioner = tuple(tuple(_short(v, 30) for v in row) for row in shape.preconditioner.tolist())
    span = (Fraction(shape.span[0]), Fraction(shape.span[1]))

    def proof(bend: Sequence[Fraction], radius: Sequence[Fraction]) -> CellProof:
        return CellProof(system, Cell(centre, rows, tuple(bend), span, tuple(radius), preconditioner))

    tangent = [ar.constant(v) for v in (row[0] for row in rows)]
    third = system.third_derivatives([ar.constant(v) for v in centre])
    if not all(ar.all_finite(part) for part in third):
        return None
    curvature = matrix.midpoints(ar, [system.second(third, tangent, tangent)])[0]
    if not np.isfinite(curvature).all():
        return None
    bend = [_short(v, 30) for v in (-0.5 * shape.preconditioner @ curvature).tolist()]
    least = Fraction(_power_of_two(THICKNESS * length))
    radius = [least] * d
    for _ in range(ATTEMPTS):
        attempt = proof(bend, radius)
        image = attempt.image(attempt.box)
        if image is None or not ar.all_finite([image]):
            return None
        spread = [ar.magnitude(k) for k in image]
        if all(s <= ROOM * r for s, r in zip(spread, radius, strict=True)):
            return attempt if attempt.proved() else None
        if max(spread) > length:
            return None
        radius = [max(r, _short(float(s) * 1.35, 12)) for s, r in zip(spread, radius, strict=True)]
        if max(radius) > length:
            return None
    return None


def _short(value: float, bits: int) -> Fraction:
    """Return a double rounded to `bits` significant bits."""
    mantissa, exponent = np.frexp(value)
    return Fraction(float(np.ldexp(np.round(np.ldexp(mantissa, bits)), int(exponent) - bits)))


def _power_of_two(value: float) -> float:
    return float(2.0 ** np.floor(np.log2(value)))
