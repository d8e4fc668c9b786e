"""Cells along float curves: points corrected onto the exact curve, and cells that reach a little back, proved.

A float curve guides: its points are corrected onto the exact one. Between two of them a cell is centred at a third,
with the frame of singular vectors of ``DG`` there: the null vector along, the others across. A cell at a critical point
is parametrised by lambda instead, so that its face is exactly ``lambda = 0``. What is proposed is exact from here on: a
proof may fail, not lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic
from hallucert.balls.zeros import prove_zero
from hallucert.check.branch.cell import Arc, BranchCell
from hallucert.check.branch.system import BranchSystem, TargetBox, equations
from hallucert.check.cell import Cell, System, Tube, Vector, arc_box
from hallucert.exact import round_up
from hallucert.find.curves.continuation import CurvePoint, interpolated, step_across
from hallucert.objectives.objective import Objective
from hallucert.prove.locate import uniqueness_radius

CORRECTOR_STEPS = 6
OVERLAP = 1 / 32  # part of its length by which a cell reaches back into the one before
THICKNESS = 2.0**-9  # of their length tubes are thick at least: a wide one costs little and shows more uniqueness
ATTEMPTS = 4
FILLING = (0.15, 0.5)  # of the box of a target, as for points: room for a test in another arithmetic
REMEMBERED = 4  # points of a track: a cell begins where the one before ends, and so does one that is tried again
SECTION_STEPS = 8  # of Newton's method, with one Jacobian, for the point of an arc at one ``s``
WIDER = Fraction(3, 2)  # tubes around an arc are so many times as wide as what is known of it, so that the test passes

Rows = tuple[tuple[Fraction, ...], ...]
S = TypeVar("S", bound=System)


@dataclass(frozen=True)
class Guide:
    """What the prover needs to know of a branch found in floats: points in ``(x, lambda/scale)`` and unit tangents.

    `singular` are the indices of branch points, which no cell can contain; `from_critical` and `to_critical` tell
    whether the ends are critical points with ``lambda = 0``.
    """

    points: np.ndarray
    tangents: np.ndarray
    scale: float
    singular: np.ndarray
    from_critical: bool
    to_critical: bool

    @property
    def arclength(self) -> np.ndarray:
        """Chord length from the first point to each point."""
        steps = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)])


class Track(Generic[S]):
    """Points of the curve for any arclength of a guide, corrected by Newton's method in the midpoints of balls."""

    def __init__(self, system: S, guide: Guide) -> None:
        self.system, self.guide, self.scale = system, guide, guide.scale
        self.lengths = guide.arclength
        self.total = float(self.lengths[-1])
        self.unscaled = np.append(np.ones(system.dimension), guide.scale)
        self.known: dict[float, np.ndarray] = {}

    def steps_until(self, sigma: float) -> float:
        """Return how many steps of the float curve there are until an arclength: they are short where it is hard."""
        return float(np.interp(sigma, self.lengths, np.arange(len(self.lengths))))

    def balls(self, z: np.ndarray) -> Vector:
        """Return a float point, exactly, in ``(x, lambda)``."""
        return [self.system.arithmetic.constant(Fraction(v)) for v in (z * self.unscaled).tolist()]

    def jacobian(self, z: np.ndarray) -> np.ndarray:
        """``DG`` in the scaled variables."""
        return self.system.arithmetic.approximations(self.system.jacobian(self.balls(z))) * self.unscaled

    def point(self, sigma: float) -> np.ndarray:
        """Return the point of the curve near arclength `sigma`; the ends exactly as they are in the guide."""
        if sigma not in self.known:
            self.known = {**dict(list(self.known.items())[-REMEMBERED:]), sigma: self._point(sigma)}
        return self.known[sigma]

    def _point(self, sigma: float) -> np.ndarray:
        points, lengths = self.guide.points, self.lengths
        if sigma <= 0 or sigma >= self.total:
            return points[0] if sigma <= 0 else points[-1]
        i = min(int(np.searchsorted(lengths, sigma, side="right")) - 1, len(points) - 2)
        length = lengths[i + 1] - lengths[i]
        if length == 0:
            return points[i]
        a, b = (CurvePoint(points[k], self.guide.tangents[k]) for k in (i, i + 1))
        return self.corrected(interpolated(a, b, (sigma - lengths[i]) / length), (b.z - a.z) / length)

    def corrected(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Newton's method in the hyperplane through `z` orthogonal to `normal`; `z` itself where it fails."""
        start, unit = z, float(np.abs(self.guide.points).max())
        for _ in range(CORRECTOR_STEPS):
            value = self.system.value(self.balls(z))
            jacobian = self.jacobian(z)
            middle, size = self.system.arithmetic.approximations([value])[0], float(np.abs(jacobian).max())
            step = step_across(middle, jacobian, z - start, normal, size, 1e-12)
            if step is None:
                return start
            z = z + step
            if np.abs(step).max() <= 4e-16 * unit:
                break
        return z

    def shape(self, sigma: float, upto: float) -> Shape | None:
        """Shape a cell from one arclength to another along the tangent in between, the null vector of ``DG``."""
        a, b, m = (self.point(v) for v in (sigma, upto, (sigma + upto) / 2))
        jacobian = self.jacobian(m)
        if not np.isfinite(jacobian).all():
            return None
        right = np.linalg.svd(jacobian)[2]
        tangent = right[-1] if right[-1] @ (b - a) > 0 else -right[-1]
        low, high = float(tangent @ (a - m)), float(tangent @ (b - m))
        span, frame = (low - OVERLAP * (high - low), high), np.column_stack([tangent, right[:-1].T])
        return shaped(jacobian, m, frame, span) if low < 0 < high else None


@dataclass(frozen=True)
class Shape:
    """A proposed cell without its thickness, in scaled variables."""

    centre: np.ndarray
    frame: np.ndarray
    span: tuple[float, float]
    preconditioner: np.ndarray


def shaped(jacobian: np.ndarray, m: np.ndarray, frame: np.ndarray, span: tuple[float, float]) -> Shape | None:
    """Return a shape with its preconditioner, None if there is none."""
    inverse = matrix.float_inverse(jacobian @ frame[:, 1:])
    return None if inverse is None else Shape(m, frame, span, inverse)


class Provable(Protocol):
    """A cell or chart."""

    def proved(self) -> bool:
        """Tell whether it is proved."""


Q = TypeVar("Q", bound=Provable)


@dataclass(frozen=True)
class Thickening:
    """How a region is made thicker: the part of it that the image may fill, by which factor, and how often."""

    room: Fraction
    growth: Fraction
    attempts: int

    def thickened(
        self,
        ar: BallArithmetic,
        attempt: Callable[[tuple[Fraction, ...]], tuple[Q, Vector | None]],
        radius: list[Fraction],
        most: Fraction,
    ) -> Q | None:
        """Make a region as thick as its proof needs, as Krawczyk's image shows, up to a thickness; None if it fails.

        `attempt` takes the radii to the proof, not yet looked at, and to the image.
        """
        for _ in range(self.attempts):
            proof, image = attempt(tuple(radius))
            if image is None or not ar.all_finite([image]):
                return None
            spread = [ar.magnitude(k) for k in image]
            if all(s <= self.room * r for s, r in zip(spread, radius, strict=True)):
                return proof if proof.proved() else None
            radius = [max(r, round_up(s * self.growth, 12)) for s, r in zip(spread, radius, strict=True)]
            if max(radius) > most:
                return None
        return None


STRAIGHT = Thickening(Fraction(8, 10), Fraction(3, 2), 6)
"""Of straight cells and charts."""

BENT = Thickening(Fraction(9, 10), Fraction(27, 20), 4)
"""Of tubes around a parabola, which need less."""


def exact_rows(rows: np.ndarray) -> Rows:
    """Return the rows of a matrix in floats, exactly."""
    return tuple(tuple(map(Fraction, row)) for row in rows.tolist())


# ---------------------------------------------------------------------- cells of branches


class SoughtCell(BranchCell):
    """A cell of which the prover finds every place and tube that it is asked for."""

    def __init__(self, system: BranchSystem, cell: Cell) -> None:
        super().__init__(system, cell)
        self.arcs: dict[Tube, Arc] = {}

    def section(self, s: Fraction) -> Vector:
        """Return a tight enclosure of the point of the arc at one ``s`` of the span."""
        if s not in self.places and (place := self._place(s)) is not None:
            self.places[s] = place
        return super().section(s)

    def _place(self, s: Fraction) -> Tube | None:
        """Find a place by Newton's method in midpoints, and a size for which it passes the test."""
        ar, exact = self.arithmetic, self.arithmetic.constant(s)
        w = [ar.centre(v) for v in self.narrowed(exact, self.box)]
        jacobian = ar.matrix_product(self.system.jacobian(self.at(exact, w)), self.normals)
        back, size = matrix.float_inverse(ar.approximations(jacobian)), float("inf")
        if back is None:
            return None
        radius, best = [float(r) for r in self.cell.radius], w
        for _ in range(SECTION_STEPS):
            step = back @ ar.approximations([self.system.value(self.at(exact, w))])[0]
            if not (np.isfinite(step).all() and 2 * (far := float(np.max(np.abs(step) / radius))) < size):
                break
            best, size = w, far
            w = [ar.centre(v - ar.from_float(t)) for v, t in zip(w, step.tolist(), strict=True)]
        middle = tuple(ar.midpoint(v) for v in best)
        spread = Fraction(_power_of_two(max(64 * size, 2.0 ** (24 - ar.precision))))
        for _ in range(ATTEMPTS):
            place = Tube(s, s, middle, tuple(spread * r for r in self.cell.radius))
            if spread >= 1 or self.passed(place) is not None:
                return place if spread < 1 else None
            spread *= 256
        return None

    def arc(self, low: Fraction, high: Fraction, near: Vector | None = None, steps: int = 1) -> Arc:
        """Return a part of the arc in a tube that passes the test, sought inside of the box `near`."""
        ar = self.arithmetic
        _, w, _ = arc_box(self, low, high, self.box if near is None else near, steps)
        centre, radius = [], []
        for v, r in zip(w, self.cell.radius, strict=True):
            half = round_up(max(WIDER * (ar.upper(v) - ar.lower(v)) / 2, r / 2 ** (ar.precision // 2)), 12)
            middle = round(ar.midpoint(v) / half * 256) * half / 256
            centre.append(middle)
            radius.append(min(half, r - abs(middle)))
        tube = Tube(low, high, tuple(centre), tuple(radius))
        self.arcs[tube] = Arc(self, tube)
        return self.arcs[tube]


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


def cell_between(track: Track[BranchSystem], sigma: float, upto: float) -> SoughtCell | None:
    """Return a proved cell that covers the curve from arclength `sigma` to `upto`, or None."""
    guide = track.guide
    first = sigma <= 0 and guide.from_critical
    last = upto >= track.total and guide.to_critical
    if first and last:
        return None
    shape = (
        _by_multiplier(track, track.point(sigma), track.point(upto), first)
        if first or last
        else track.shape(sigma, upto)
    )
    return None if shape is None else _bent(track, shape)


def _by_multiplier(track: Track[BranchSystem], a: np.ndarray, b: np.ndarray, first: bool) -> Shape | None:
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
    return shaped(jacobian, m, frame, (-half if first else -half * (1 + 2 * OVERLAP), half))


def _bent(track: Track[BranchSystem], shape: Shape) -> SoughtCell | None:
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

    tangent = [ar.constant(v) for v in (row[0] for row in rows)]
    third = system.third_derivatives([ar.constant(v) for v in centre])
    if not all(ar.all_finite(part) for part in third):
        return None
    curvature = ar.approximations([system.second(third, tangent, tangent)])[0]
    if not np.isfinite(curvature).all():
        return None
    bend = [_short(v, 30) for v in (-0.5 * shape.preconditioner @ curvature).tolist()]

    def attempt(radius: tuple[Fraction, ...]) -> tuple[SoughtCell, Vector | None]:
        proof = SoughtCell(system, Cell(centre, rows, tuple(bend), span, radius, preconditioner))
        return proof, proof.image(proof.box)

    return BENT.thickened(ar, attempt, [Fraction(_power_of_two(THICKNESS * length))] * d, Fraction(length))


def _short(value: float, bits: int) -> Fraction:
    """Return a double rounded to `bits` significant bits."""
    mantissa, exponent = np.frexp(value)
    return Fraction(float(np.ldexp(np.round(np.ldexp(mantissa, bits)), int(exponent) - bits)))


def _power_of_two(value: float) -> float:
    return float(2.0 ** np.floor(np.log2(value)))
