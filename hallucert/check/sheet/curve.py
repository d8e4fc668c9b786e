"""Curves of hallucinated minimizers: ``r(x+) = 0`` in balls, cells that hold one arc each, and chains of them.

``f = |r|^2/(2n)`` with ``m < d`` residuals, rho fixed, ``G(x) = r(x+)``. ``DG = A = Dr(x+) J`` has `m` rows; where it
has full rank the zeros of ``G`` are a manifold of dimension ``d - m`` (Theorem 3.1), and where also ``g != 0`` they are
global hallucinated minimizers.

*A cell* is a region of ``x`` proved to hold exactly one piece of a curve (``m = d - 1``). As for branches
(`hallucert.check.cell`), but straight, ``x(s, w) = m + s T + N w``, and with first derivatives only, so that
networks have cells too. Krawczyk's operator for ``w -> G(x(s, w))`` and all ``s`` in the span S at once:

    K = -C G(x(S, 0)) + (I - C [A(X) N]) W,     K in the interior of W

proves for every ``s``: exactly one ``w(s)`` in W has ``G = 0``. ``C``, every ``A N`` on the cell and hence ``A`` have
full rank, and ``g != 0`` on it, so the zeros in the cell are one smooth arc from the face ``s = s_0`` to ``s = s_1``
(implicit function theorem). On pieces of S around ``t``, ``C G(x(s, 0)) = C G(x(t, 0)) + (s - t) C A T``.

*Thin boxes.* A piece of a curve is thin, but the box of its coordinates is not. Along ``x = c + F y``, with small
``y``,

    u(x) in u(c) + Du(X) F y,    x+ in c+ + J(X) F y,    g(x) in g(c) + H(X) F y,    q(x) in q(c) + (H u)(X)^T F y

by the mean value theorem, with ``Du = P H/q`` and ``J = I + rho Du`` on the box X of all ``x``; each is intersected
with the plain enclosure. `Point` does everything else, with ``J`` formed again from what came out.

*A chain* is of overlapping cells whose arcs are proved to be one connected curve, open or closed.
Each cell holds exactly one arc of solutions of ``r(x+) = 0``. The end ``P`` of a cell's arc, on its face ``s = s_1``,
is enclosed and shown to lie in the next cell, hence on that cell's arc, before its end; and there the next arc runs in
the same direction (the ``s``-component of the velocity in the next frame is positive). So the arcs, each from where
the curve comes in to its end, are one path that never turns back, on a smooth one-dimensional manifold of solutions.

A chain is *closed* if the end of the last cell's arc lies in the first cell in the same way. The path then comes back
to its start in its own direction, so it covers a whole connected component of the solutions, which is compact: a
smooth closed curve. All solutions in the cells lie on it, as each cell's arc meets the path. The path goes round
once if its end lies in no other cell than the first and the last: every point is covered equally often.
An *open* chain passes no point twice if no later cell holds its first point (see `hallucert.check.branch.chain`).

*Turning: how often the tangent of a closed chain in the plane goes round.* In the frame ``[T, N]`` of a cell the
velocity of the arc is ``(1, w')``: throughout the cell it lies in the open half plane that ``N`` bounds and ``T`` lies
in. At the joint of two cells it lies in the half planes of both. So the loop of velocities can be deformed, without
meeting 0, into the polygon ``T_1 v_1 T_2 v_2 .. T_k v_k`` with ``v_i`` any point of the enclosure of the velocity at
joint `i`: exact vectors, whose winding number around 0 is counted exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.check.cell import Cell, CellProof, Joint, Vector, unrepeated
from hallucert.check.problem import Kept, Point, Problem
from hallucert.check.subdivision import Subdivision
from hallucert.clock import UNLIMITED, Clock
from hallucert.objectives.objective import Objective

MAX_DIMENSION = 100
"""Most variables."""

PIECES = 2
"""Into so many pieces the span is cut where ``G`` is enclosed along the axis of a cell."""


class Region(list[Ball]):
    """A box of points ``x = c + F y`` (the list of its coordinates, `d` balls) that knows how it lies.

    `centre` is ``c``, `frame` has the d rows of ``F``, and `offsets` are the ``y``, each around 0.
    """

    def __init__(self, x: Sequence[Ball], centre: Sequence[Ball], frame: Matrix, offsets: Sequence[Ball]) -> None:
        super().__init__(x)
        self.centre, self.frame, self.offsets = list(centre), frame, list(offsets)


class ThinPoint(Point):
    """Every quantity of the SAM map on a `Region`."""

    def __init__(self, arithmetic: BallArithmetic, problem: Problem, region: Region) -> None:
        super().__init__(arithmetic, problem, region)
        self.region = region
        self.at_centre = Point(arithmetic, problem, region.centre)

    @cached_property
    def hessian_frame(self) -> Matrix:
        """``H(X) F``."""
        result: Matrix = self.arithmetic.matrix_product(self.hessian, self.region.frame)
        return result

    @cached_property
    def gradient(self) -> Vector:
        plain = self.objective.enclose_gradient(self.arithmetic, self.x)
        return self._common(plain, self._moved(self.at_centre.gradient, self.hessian_frame))

    @cached_property
    def _direction(self) -> tuple[Ball, Vector]:
        """``q``, then ``u``, tightened."""
        ar = self.arithmetic
        q = ar.sqrt(matrix.sum_of_squares(ar, self.gradient))
        u = [g / q for g in self.gradient]
        along = [ar.dot(u, column) for column in matrix.transpose(self.hessian_frame)]  # u^T H F
        q = self._common([q], [self.at_centre.q + ar.dot(along, self.region.offsets)])[0]
        rows = zip(self.hessian_frame, u, strict=True)
        slope = [[(h - v * a) / q for h, a in zip(row, along, strict=True)] for row, v in rows]  # Du F
        return q, self._common(u, self._moved(self.at_centre.u, slope))

    @cached_property
    def q(self) -> Ball:
        return self._direction[0]

    @cached_property
    def u(self) -> Vector:
        return self._direction[1]

    @cached_property
    def plus(self) -> Vector:
        plain = [x + self.rho * u for x, u in zip(self.x, self.u, strict=True)]
        slope = self.arithmetic.matrix_product(self.perturbation, self.region.frame)
        return self._common(plain, self._moved(self.at_centre.plus, slope))

    def _moved(self, start: Sequence[Ball], slope: Matrix) -> Vector:
        """``start + slope y``."""
        return [v + w for v, w in zip(start, matrix.apply(self.arithmetic, slope, self.region.offsets), strict=True)]

    def _common(self, plain: Sequence[Ball], other: Sequence[Ball]) -> Vector:
        """Intersect two enclosures of the same numbers; indeterminate where the plain one is."""
        ar, common = self.arithmetic, matrix.intersected(self.arithmetic, plain, other)
        return [both if ar.is_finite(a) else a for a, both in zip(plain, common, strict=True)]


class CurveSystem:
    """``G`` for one function in residual form and one exact radius, as `hallucert.check.cell` takes it."""

    def __init__(self, arithmetic: BallArithmetic, objective: Objective, rho: Fraction) -> None:
        self.arithmetic, self.objective, self.rho = arithmetic, objective, rho
        self.problem = Problem(objective, rho, residual=True)
        self.dimension = objective.residual_count
        self._last: Kept[Point] = Kept()

    def point(self, x: Vector) -> Point:
        """All quantities of the SAM map on a box; the last one is kept."""
        at = self.arithmetic, self.problem
        return self._last.of(x, lambda: ThinPoint(*at, x) if isinstance(x, Region) else Point(*at, x))

    def value(self, x: Vector) -> Vector:
        """``G(x)``, `m` balls; indeterminate unless certainly ``g != 0``."""
        return self.point(x).shifted_residual

    def jacobian(self, x: Vector) -> Matrix:
        """``A(x)``: `m` rows of `d` balls."""
        return self.point(x).residual_matrix

    def defined(self, x: Vector) -> bool:
        """Tell whether certainly ``g != 0`` on the box, and ``f`` is defined there and on its image."""
        return self.point(x).domain_certain


def straight_cell(
    centre: tuple[Fraction, ...],
    frame: tuple[tuple[Fraction, ...], ...],
    span: tuple[Fraction, Fraction],
    radius: tuple[Fraction, ...],
    preconditioner: tuple[tuple[Fraction, ...], ...],
) -> Cell:
    """Return a cell without bend."""
    return Cell(centre, frame, (Fraction(0),) * len(radius), span, radius, preconditioner)


class CurveCellProof(CellProof[CurveSystem]):
    """A straight cell (bend 0) in an arithmetic."""

    def at(self, s: Ball, w: Vector) -> Region:
        """``x(s, w)``, with its position, so that mean-value forms can be used."""
        ar, y = self.arithmetic, [s, *w]
        middle = [ar.centre(v) for v in y]

        def point(y: Vector) -> Vector:
            return [m + v for m, v in zip(self.centre, matrix.apply(ar, self.frame, y), strict=True)]

        return Region(point(y), point(middle), self.frame, [v - c for v, c in zip(y, middle, strict=True)])

    def base(self, s: Ball) -> Vector:
        """``x(s, 0)``."""
        return self.at(s, [self.arithmetic.constant(Fraction(0))] * self.system.dimension)

    def image(self, w: Vector) -> Vector | None:
        ar, c = self.arithmetic, self.preconditioner
        jacobian = self.system.jacobian(self.at(self.span, w))
        along = self.along_axis
        if along is None or not ar.all_finite(jacobian):
            return None
        across = ar.matrix_product(c, ar.matrix_product(jacobian, self.normals))
        error = matrix.subtract(matrix.identity(ar, self.system.dimension), across)
        return [e - v for e, v in zip(matrix.apply(ar, error, w), along, strict=True)]

    @cached_property
    def along_axis(self) -> Vector | None:
        """``C G(x(s, 0))`` for all ``s`` of the span, whatever the radii; None where it is indeterminate."""
        ar, c, (low, high) = self.arithmetic, self.preconditioner, self.cell.span
        result: Vector | None = None
        for k in range(PIECES):
            ends = [low + (high - low) * Fraction(j, PIECES) for j in (k, k + 1)]
            s, t = ar.interval(*ends), ar.constant((ends[0] + ends[1]) / 2)
            value = self.system.value(self.base(t))
            slope = matrix.apply(ar, self.system.jacobian(self.base(s)), self.tangent)
            if not ar.all_finite([value, slope]):
                return None
            c_value, c_slope = matrix.apply(ar, c, value), matrix.apply(ar, c, slope)
            piece = [v + (s - t) * w for v, w in zip(c_value, c_slope, strict=True)]
            result = piece if result is None else [ar.hull(a, b) for a, b in zip(result, piece, strict=True)]
        return result

    def speed(self, x: Vector) -> Ball | None:
        """Enclose ``|x'(s)|`` for arc points `x`; None if ``A N`` may be singular.

        With ``x' = F y``, ``y = (1, w')`` and ``A N w' = -A T``, ``|x'|^2 = y^T (F^T F) y``. The frame is orthonormal
        up to rounding, so this is near ``1 + |w'|^2`` also where the sum of the squares of ``x'`` is wide.
        """
        ar = self.arithmetic
        jacobian = self.system.jacobian(x)
        across = self.across(jacobian, [-v for v in matrix.apply(ar, jacobian, self.tangent)])
        if across is None:
            return None
        y, square = [ar.constant(Fraction(1)), *across], ar.constant(Fraction(0))
        for i, row in enumerate(self.gram):
            square = square + row[i] * ar.power(y[i], 2)
            for j in range(i):
                square = square + (row[j] + row[j]) * y[i] * y[j]
        return ar.sqrt(square)

    @cached_property
    def gram(self) -> Matrix:
        """``F^T F``."""
        return self.arithmetic.matrix_product(matrix.transpose(self.frame), self.frame)


Plane = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class CurveChain:
    """Overlapping cells, whether the last joins the first, and for each cell how its span is cut to be measured."""

    cells: tuple[Cell, ...]
    closed: bool
    cuts: tuple[Subdivision, ...] = ()

    def __len__(self) -> int:
        return len(self.cells)


@dataclass(frozen=True)
class ProvedChain:
    """A chain that was proved: its cells, the ends of their arcs, and whether the curve is closed.

    `entries` are, for each cell, intervals that hold the ``s`` where the curve comes in.
    """

    proofs: tuple[CurveCellProof, ...]
    joints: tuple[Joint, ...]
    entries: tuple[tuple[Fraction, Fraction], ...]
    closed: bool


def check_curve(
    system: CurveSystem,
    chain: CurveChain,
    proofs: Sequence[CurveCellProof] | None = None,
    clock: Clock = UNLIMITED,
) -> ProvedChain | str:
    """Prove that the cells hold one connected curve; return what was proved, or what could not be.

    With `proofs`, the prover's successful ones of the cells in the same arithmetic, only joints are left to do.
    """
    count = len(chain.cells)
    if count < (3 if chain.closed else 1):
        return "it has too few cells"
    done, joints = [], []
    for i, cell in enumerate(chain.cells):
        if clock.passed():
            return "the time budget was spent before its last cell"
        proof = CurveCellProof(system, cell) if proofs is None else proofs[i]
        if proofs is None and not proof.proved():
            return f"cell {i} is not shown to hold exactly one arc"
        if proof.end is None:
            return f"the end of the arc in cell {i} is not enclosed"
        done.append(proof)
        joints.append(proof.end)
    first = done[0].cell.span[0]
    entries = [(first, first)]
    for i in range(0 if chain.closed else 1, count):
        came_in = done[i].entry(joints[i - 1])
        if came_in is None:
            return f"cell {i} is not shown to take up the curve of the cell before"
        entries[i:] = [came_in]
    if chain.closed and not all(proof.misses(joints[-1].z) for proof in done[1:-1]):
        return "the curve is not shown to go round only once"
    if not chain.closed and unrepeated(done) < count:
        return "the curve may come back to its first point"
    return ProvedChain(tuple(done), tuple(joints), tuple(entries), chain.closed)


def total_turning(chain: ProvedChain) -> int | None:
    """Return the turning number of a proved closed chain in the plane, None if its directions are not certain."""
    polygon: list[Plane] = []
    for i, (proof, joint) in enumerate(zip(chain.proofs, chain.joints, strict=True)):
        ar, after = proof.arithmetic, chain.proofs[(i + 1) % len(chain.proofs)]
        for cell in (proof, after):
            back = cell.inverse_frame
            if back is None or not ar.positive(matrix.apply(ar, back, joint.velocity)[0]):
                return None
        tangent = (proof.cell.frame[0][0], proof.cell.frame[1][0])
        polygon += [tangent, (ar.midpoint(joint.velocity[0]), ar.midpoint(joint.velocity[1]))]
    return winding_number(polygon)


def winding_number(polygon: Sequence[Plane]) -> int:
    """Count how often a closed polygon, none of whose sides meets 0, goes round 0 counterclockwise.

    Every side that crosses the positive first axis counts, by the side it comes from.
    """
    turns = 0
    for i, (x, y) in enumerate(polygon):
        v, w = polygon[(i + 1) % len(polygon)]
        area = x * w - y * v
        if y < 0 <= w and area > 0:
            turns += 1
        elif w < 0 <= y and area < 0:
            turns -= 1
    return turns
