"""The critical radius of a minimizer: the infimum of the ``rho`` for which a hallucinated point has it as target.

Near a minimizer f is convex, so small radii are safe (`absence`). From the safe radius on, the shell
``r_safe <= |x - c| <= R`` is searched for points with ``g(x) = lambda (c - x)``, ``lambda > 0``: branch and prune over
the charts of `census_equations`, with the radius as one more coordinate, smallest radii first. For a box Y of a chart
and an interval of radii the operator of `branch_and_prune` is applied with the radius as a parameter:

- its image misses Y, or g is certainly not normal or not inward: the box is dropped for all of its radii;
- its image lies in the interior of the box and g points inward at the smallest radius r of the interval: for exactly
  ``rho = r`` there is a hallucinated point. This lowers the upper end.

The lower end is the smallest radius of a box that is left. *Saddles and maximizers have no threshold*: if v is an
eigenvector of ``H(c)`` with a negative eigenvalue, ``x = c - rho v`` to first order has a gradient that points at c,
and there are hallucinated stationary points with target c for arbitrarily small ``rho``. They are not minimizers.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.exact import decimal_above, decimal_below, float_below
from hallucert.objectives.formula import FormulaObjective
from hallucert.prove.absence import SafeRadius
from hallucert.prove.branch_and_prune import Boxes, Zero, ends, inflated, krawczyk
from hallucert.prove.census_equations import Chart, SphereSystem, charts
from hallucert.prove.census_records import CriticalPoint, HallucinatedPoint, Kind, Problem, floats
from hallucert.prove.census_sphere import settle

BATCH = 1024
DOUBLINGS = 12
"""The outer radius is doubled so often before the search gives up."""

NO_THRESHOLD = (
    "there is no threshold: near a {kind} there are hallucinated stationary points with it as target for arbitrarily "
    "small rho, at about c - rho v with v an eigenvector of the Hessian with a negative eigenvalue; they are not "
    "hallucinated minimizers. Small rho removes those of minimizers only"
)


@dataclass(frozen=True)
class CriticalRho:
    """A bracket of the smallest radius with a hallucinated point of one target.

    Attributes
    ----------
    target : CriticalPoint
        The target.
    lower : Fraction
        For no ``rho < lower`` is there a hallucinated point with this target.
    upper : Fraction or None
        For exactly this ``rho`` there is one; None: none was found up to `lower`.
    point : HallucinatedPoint or None
        It, for ``rho = upper``.
    safe : SafeRadius
        Where the search began.
    explanation : str
        What the bracket says, in words.
    boxes : int
        How many boxes were looked at.
    """

    target: CriticalPoint
    lower: Fraction
    upper: Fraction | None
    point: HallucinatedPoint | None
    safe: SafeRadius
    explanation: str
    boxes: int

    @property
    def relative_width(self) -> float:
        """``(upper - lower)/upper``; 0 if there is no threshold, infinite if there is no upper end."""
        if self.upper is None:
            return math.inf
        return float((self.upper - self.lower) / self.upper) if self.upper else 0.0

    def __str__(self) -> str:
        high = "infinity" if self.upper is None else decimal_above(self.upper, 8)
        return f"critical rho in [{decimal_below(self.lower, 8)}, {high}]: {self.explanation}"


class _Shell(SphereSystem):
    """The system of one chart with an interval of radii for each box; the tag of a box is its interval."""

    def __init__(
        self, lanes: Any, f: FormulaObjective, centre: np.ndarray, chart: Chart, low: np.ndarray, high: np.ndarray
    ) -> None:
        super().__init__(lanes, f, Fraction(1), np.broadcast_to(centre, (len(low), *centre.shape)), chart, None)
        self.low, self.high = low, high

    def point(self, boxes: Boxes) -> Any:
        """Everything about the points of the boxes, at all of their radii."""
        self.rho = self.lanes.box(self.low[boxes.tag], self.high[boxes.tag])
        return super().point(boxes)


@dataclass(frozen=True)
class _Cells:
    """Boxes on charts with intervals of radii."""

    chart: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    r_lo: np.ndarray
    r_hi: np.ndarray

    def __len__(self) -> int:
        return len(self.chart)

    def __getitem__(self, which: Any) -> _Cells:
        return _Cells(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    @staticmethod
    def join(*parts: _Cells) -> _Cells:
        names = _Cells.__dataclass_fields__
        return _Cells(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def halves(self) -> _Cells:
        """Split across the longest side; radii count relative to their size."""
        sides = np.concatenate([self.hi - self.lo, ((self.r_hi - self.r_lo) / self.r_hi)[:, None]], axis=1)
        axis, rows = sides.argmax(axis=1), np.arange(len(self))
        lower = np.concatenate([self.lo, self.r_lo[:, None]], axis=1)
        upper = np.concatenate([self.hi, self.r_hi[:, None]], axis=1)
        cut = lower[rows, axis] + (upper[rows, axis] - lower[rows, axis]) / 2
        first, second = upper.copy(), lower.copy()
        first[rows, axis], second[rows, axis] = cut, cut
        return _Cells.join(
            _Cells(self.chart, self.lo, first[:, :-1], self.r_lo, first[:, -1]),
            _Cells(self.chart, second[:, :-1], self.hi, second[:, -1], self.r_hi),
        )


@dataclass(frozen=True)
class _Existing:
    """A radius for which a point is proved, and where."""

    radius: float
    chart: int
    box: np.ndarray
    unique: np.ndarray


def critical_rho(
    f: FormulaObjective,
    target: CriticalPoint,
    safe: SafeRadius,
    rtol: float,
    max_boxes: int,
    deadline: float = math.inf,
    limit: float | None = None,
    backend: str = "float",
) -> CriticalRho:
    """Bracket the critical radius of `target`.

    Parameters
    ----------
    f : FormulaObjective
        The function, of 2 to 4 variables.
    target : CriticalPoint
        The target.
    safe : SafeRadius
        Its safe radius; the search begins there.
    rtol : float
        Wanted relative width.
    max_boxes, deadline : int, float
        Budgets; a spent one leaves a wider bracket, which is true.
    limit : float, optional
        Largest radius to look at; by default the safe radius doubled twelve times.
    backend : str
        Arithmetic of the search.
    """
    if safe.everywhere:
        return CriticalRho(target, Fraction(0), None, None, safe, "f is convex: no radius has a hallucinated point", 0)
    if target.kind in (Kind.SADDLE, Kind.MAXIMIZER):
        return CriticalRho(target, Fraction(0), Fraction(0), None, safe, NO_THRESHOLD.format(kind=target.kind), 0)
    if safe.lower <= 0:
        return CriticalRho(target, Fraction(0), None, None, safe, "no radius is proved to be safe", 0)
    begin = float_below(safe.lower)
    outer = 2 * begin
    last = begin * 2.0**DOUBLINGS if limit is None else limit
    lower, best, spent = begin, None, 0
    inner = begin
    while inner < last and spent < max_boxes and time.monotonic() < deadline:
        outer = min(outer, last)
        lower, best, boxes = _search(f, target, inner, outer, rtol, max_boxes - spent, deadline, backend)
        spent += boxes
        if best is not None or lower < outer:
            break
        inner, outer = outer, 2 * outer
    return _result(f, target, safe, lower, best, spent)


def _result(
    f: FormulaObjective,
    target: CriticalPoint,
    safe: SafeRadius,
    lower: float,
    best: _Existing | None,
    spent: int,
) -> CriticalRho:
    """Refine the point at the upper end in ball arithmetic, and put the bracket into words."""
    if best is None:
        text = "no hallucinated point has this target for any rho below the lower end; none was found above it"
        return CriticalRho(target, Fraction(lower), None, None, safe, text, spent)
    radius, box = Fraction(best.radius), floats(target.box)
    region = np.stack([box[:, 0] - 2 * best.radius, box[:, 1] + 2 * best.radius], -1)
    problem = Problem(f, radius, region)
    chart = charts(f.dimension)[best.chart]
    point = None
    if target.kind is not Kind.DEGENERATE:
        settled = settle(problem, [target], chart, Zero(0, best.box, best.unique))
        point = settled if isinstance(settled, HallucinatedPoint) else None
    if point is None:
        text = "a point at the upper end is there, but f is not certainly defined at it, or the target is degenerate"
        return CriticalRho(target, Fraction(lower), None, None, safe, text, spent)
    text = "no smaller rho than the lower end has a hallucinated point with this target; the upper end has one"
    return CriticalRho(target, Fraction(lower), radius, point, safe, text, spent)


def _start(dimension: int, inner: float, outer: float) -> _Cells:
    count, n = 2 * dimension, dimension - 1
    ones = np.ones((count, n))
    return _Cells(np.arange(count), -ones, ones, np.full(count, inner), np.full(count, outer))


def _search(
    f: FormulaObjective,
    target: CriticalPoint,
    inner: float,
    outer: float,
    rtol: float,
    max_boxes: int,
    deadline: float,
    backend: str,
) -> tuple[float, _Existing | None, int]:
    """Search one shell; returns a radius below which there is nothing, the best point, and the boxes looked at."""
    lanes, centre = lane_arithmetic(backend), floats(target.box)
    stack, best, spent = _start(f.dimension, inner, outer), None, 0
    with lanes:
        while True:
            top = outer if best is None else best.radius
            stack = stack[stack.r_lo < top]
            lower = float(stack.r_lo.min()) if len(stack) else top
            enough = best is not None and top - lower <= rtol * top
            if not len(stack) or enough or spent >= max_boxes or time.monotonic() > deadline:
                return lower, best, spent
            order = np.argsort(stack.r_lo, kind="stable")
            batch, stack = stack[order[:BATCH]], stack[order[BATCH:]]
            spent += len(batch)
            for number in range(2 * f.dimension):
                own = batch[batch.chart == number]
                if len(own):
                    rest, found = _settle(lanes, f, centre, number, own)
                    if found is not None and (best is None or found.radius < best.radius):
                        best = found
                    stack = _Cells.join(stack, rest)


def _settle(
    lanes: Any, f: FormulaObjective, centre: np.ndarray, number: int, cells: _Cells
) -> tuple[_Cells, _Existing | None]:
    """Drop or prove the boxes of one chart; returns halves of what is left, and the smallest radius proved."""
    chart = charts(f.dimension)[number]
    system = _Shell(lanes, f, centre, chart, cells.r_lo, cells.r_hi)
    tags = np.arange(len(cells))
    wide = inflated(Boxes(tags, cells.lo, cells.hi))
    left = ~system.impossible(wide)
    if not left.any():
        return cells[left], None
    wide, cells = wide[left], cells[left]
    image = krawczyk(system, wide)
    lo, hi = np.maximum(cells.lo, image.lo), np.minimum(cells.hi, image.hi)
    keep = ~(lo > hi).any(axis=1)
    best, inward = None, np.zeros(len(cells), bool)
    proved = image.proved & keep
    if proved.any():
        # For every radius of the interval there is one zero in the image: look at the smallest radius.
        small = _Shell(lanes, f, centre, chart, cells.r_lo, cells.r_lo)
        rows = np.flatnonzero(proved)
        at = small.point(Boxes(rows, image.lo[rows], image.hi[rows]))
        inward[rows] = ends(lanes, at.outward, len(rows))[1] < 0
        everywhere = _never_inward(lanes, f, centre, chart, cells, image.lo, image.hi, rows)
        keep[rows[everywhere]] = False
        if inward.any():
            i = min(np.flatnonzero(inward), key=lambda k: (cells.r_lo[k], k))
            unique = np.stack([wide.lo[i], wide.hi[i]], -1)
            best = _Existing(float(cells.r_lo[i]), number, np.stack([image.lo[i], image.hi[i]], -1), unique)
    keep &= ~inward
    rest = _Cells(cells.chart[keep], lo[keep], hi[keep], cells.r_lo[keep], cells.r_hi[keep])
    return rest.halves(), best


def _never_inward(
    lanes: Any,
    f: FormulaObjective,
    centre: np.ndarray,
    chart: Chart,
    cells: _Cells,
    lo: np.ndarray,
    hi: np.ndarray,
    rows: np.ndarray,
) -> np.ndarray:
    """Tell for which proved boxes g certainly does not point inward, at any of their radii."""
    whole = _Shell(lanes, f, centre, chart, cells.r_lo, cells.r_hi)
    return ends(lanes, whole.point(Boxes(rows, lo[rows], hi[rows])).outward, len(rows))[0] >= 0
