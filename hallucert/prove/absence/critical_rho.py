"""The critical radius of a minimizer: the infimum of the ``rho`` for which a hallucinated point has it as target.

Near a minimizer f is convex, so small radii are safe (`absence`). From the safe radius on, one octave of radii after
the other is searched for points with ``g(x) = lambda (c - x)``, ``lambda > 0``.

*The upper end* is a point that is proved for exactly that ``rho``. Floats propose where to prove it
(`shells`): before an octave is searched, again and again while it is searched, at radii just above the lower
end, and at last where a box cannot be decided.

*The lower end* comes from branch and prune over the charts of a census, with the radius as one more
coordinate, smallest radii first. Nothing needs to be known about radii nearer to the upper end than the tolerance, so
those are cut off. For a box Y of a chart and an interval of radii the operator of `branch_and_prune` is applied with
the radius as a parameter:

- its image misses Y, or g is certainly not normal or not inward: the box is dropped for all of its radii;
- its image lies in the interior of the box and g points inward at the smallest radius of the interval: there is a
  hallucinated point for exactly that radius. This lowers the upper end;
- it is neither, and the box is tiny: the lower end does not pass it. It stops also where boxes finer than the tolerance
  have not moved it, in half of all steps, by as much as the tolerance.

*Saddles and maximizers have no threshold*: if v is an eigenvector of ``H(c)`` with a negative eigenvalue,
``x = c - rho v`` to first order has a gradient that points at c, and there are hallucinated stationary points with
target c for arbitrarily small ``rho``. They are not minimizers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np

from hallucert.balls.ball_lanes import Boxes, ends, lane_arithmetic
from hallucert.check.census.records import CriticalPoint, HallucinatedPoint, Kind, Problem, floats
from hallucert.check.region.bracket import SearchEnd
from hallucert.check.region.safe_radius import SafeRadius
from hallucert.check.units import CALLER, Units
from hallucert.clock import UNLIMITED, Clock
from hallucert.decimals import decimal_above, decimal_below
from hallucert.exact import LARGEST_DOUBLE, float_below
from hallucert.objectives.formula import FormulaObjective
from hallucert.prove.absence.shells import Around, Cells, Existing, Places, lowest_point
from hallucert.prove.census.branch_and_prune import Zero, image, inflated
from hallucert.prove.census.sphere import settle

BATCH = 1024
FEW = 64  # so few boxes are split twice at once: a step costs about the same for one box as for a hundred
DOUBLINGS = 12  # the outer radius is doubled so often before the search gives up
RADII = 12  # radii that are tried in an octave before it is searched
ABOVE = 24  # radii tried above the lower end while an octave is searched: each twice as far above as the one before
PART = 0.75  # the lower end comes so close to the upper one, as a part of the tolerance
PERIOD = 8  # batches from one proposal to the next; that number doubles
NEAREST = 32  # so many boxes, those of the smallest radii, tell where Newton's method begins
SMALLEST = 2.0**-44  # smaller boxes are not split, whatever the tolerance

NO_THRESHOLD = (
    "there is no threshold: near a {kind} there are hallucinated stationary points with it as target for arbitrarily "
    "small rho, at about c - rho v with v an eigenvector of the Hessian with a negative eigenvalue; they are not "
    "hallucinated minimizers. Small rho removes those of minimizers only"
)
BOTH_ENDS = "no smaller rho than the lower end has a hallucinated point with this target; the upper end has one"
LOWER_END = "no hallucinated point has this target for any rho below the lower end; none was proved above it"
DEGENERATE = "; of a degenerate target, as this one, existence is never claimed"


@dataclass(frozen=True, repr=False)
class CriticalRho:
    """A bracket of the smallest radius with a hallucinated point of one target.

    Attributes
    ----------
    target : CriticalPoint
        The target.
    lower : Fraction
        For no ``rho < lower`` is there a hallucinated point with this target.
    upper : Fraction or None
        For exactly this ``rho`` there is one; None: none was proved.
    point : HallucinatedPoint or None
        It, for ``rho = upper``.
    safe : SafeRadius
        Where the search began.
    explanation : str
        What the bracket says, in words, and if it is wider than asked, why.
    boxes : int
        How many boxes were looked at.
    ended : SearchEnd
        Why the search ended: ``"reached"``, or what made the bracket wider than asked.
    """

    target: CriticalPoint
    lower: Fraction
    upper: Fraction | None
    point: HallucinatedPoint | None
    safe: SafeRadius
    explanation: str
    boxes: int
    ended: SearchEnd = SearchEnd.REACHED

    @property
    def relative_width(self) -> float:
        """``(upper - lower)/upper``; 0 if there is no threshold, infinite if there is no upper end."""
        if self.upper is None:
            return math.inf
        return float((self.upper - self.lower) / self.upper) if self.upper else 0.0

    @property
    def _interval(self) -> str:
        high = "infinity" if self.upper is None else decimal_above(self.upper, 8)
        return f"[{decimal_below(self.lower, 8)}, {high}]"

    def __repr__(self) -> str:
        if self.safe.everywhere:
            return "<CriticalRho: none, f is convex>"
        why = "" if self.ended is SearchEnd.REACHED else f", {self.ended.explanation}"
        return f"<CriticalRho in {self._interval}{why}>"

    def __str__(self) -> str:
        return f"critical rho in {self._interval}: {self.explanation}"


def critical_rho(
    f: FormulaObjective,
    target: CriticalPoint,
    safe: SafeRadius,
    rtol: float,
    max_boxes: int,
    clock: Clock = UNLIMITED,
    limit: float | None = None,
    backend: str = "float",
    units: Units = CALLER,
) -> CriticalRho:
    """Bracket the critical radius of a target of a function of 1 to 4 variables, beginning at its safe radius.

    By default radii up to the safe one doubled `DOUBLINGS` times are looked at. A spent budget leaves a wider bracket.
    """
    if safe.everywhere:
        return CriticalRho(target, Fraction(0), None, None, safe, "f is convex: no radius has a hallucinated point", 0)
    if target.kind in (Kind.SADDLE, Kind.MAXIMIZER):
        return CriticalRho(target, Fraction(0), Fraction(0), None, safe, NO_THRESHOLD.format(kind=target.kind), 0)
    if safe.lower <= 0:
        text = f"no radius is proved to be safe ({safe.ended.explanation if safe.ended else 'nothing is known'})"
        return CriticalRho(target, Fraction(0), None, None, safe, text, 0, safe.ended or SearchEnd.RESOLUTION)
    begin = float_below(units.inside(safe.lower))
    last = begin * 2.0**DOUBLINGS if limit is None else float(min(units.inside(Fraction(limit)), LARGEST_DOUBLE))
    scaled = replace(target, box=units.inside_box(target.box))
    around = Around(lane_arithmetic(backend), units.function(f), floats(scaled.box))
    search = _Search(around, scaled, rtol, (min(begin, last), last), max_boxes, clock)
    outer = search.lower
    while search.goes_on:
        outer = min(2 * outer, last)
        search.octave(outer)
    while search.best is None and outer < last:
        inner, outer = outer, min(2 * outer, last)
        search.beyond(inner, outer)
    return _result(search, safe, target, units)


def _result(search: _Search, safe: SafeRadius, target: CriticalPoint, units: Units) -> CriticalRho:
    """Put the bracket into words."""
    ended, point, upper = search.ended, search.point, None
    text = LOWER_END if point is None else BOTH_ENDS
    if search.best is not None:
        upper = units.length_outside(Fraction(search.best.radius))
    elif search.target.kind is Kind.DEGENERATE:
        text += DEGENERATE
    if ended is not SearchEnd.REACHED:
        text += f" ({ended.explanation})"
    point = None if point is None else units.point_outside(point)
    lower = units.length_outside(Fraction(search.lower))
    return CriticalRho(target, lower, upper, point, safe, text, search.spent, ended)


class _Search:
    """A search of shells: there is nothing for radii below `lower`, and `best` and `point` for the smallest one known.

    Because of boxes in `places` that are not decided, the lower end does not pass the `barrier`.
    """

    def __init__(
        self, around: Around, target: CriticalPoint, rtol: float, shell: tuple[float, float], budget: int, clock: Clock
    ) -> None:
        self.around, self.lanes, self.f, self.target, self.rtol = around, around.lanes, around.f, target, rtol
        self.max_boxes, self.clock = budget, clock
        self.smallest = max(rtol * rtol / 16, SMALLEST)
        (self.lower, self.last), self.barrier, self.spent = shell, math.inf, 0
        self.places = Places.grid(self.f.dimension)
        self.best: Existing | None = None
        self.point: HallucinatedPoint | None = None

    @property
    def goes_on(self) -> bool:
        """Whether to search the next octave: there is no upper end yet, nothing in the way, and a budget."""
        return self.best is None and self.lower < min(self.barrier, self.last) and not self._is_over

    @property
    def ended(self) -> SearchEnd:
        """Why the search ended."""
        if self.best is not None and self.lower >= self._aim(math.inf):
            return SearchEnd.REACHED
        if self.best is None and self.lower >= self.last:
            return SearchEnd.RANGE
        if self.barrier < math.inf:
            return SearchEnd.RESOLUTION
        return SearchEnd.BOXES if self.spent >= self.max_boxes else SearchEnd.TIME

    @property
    def _is_over(self) -> bool:
        return self.spent >= self.max_boxes or self.clock.passed()

    def _aim(self, outer: float) -> float:
        """Return the radius up to which there is something to find out."""
        return outer if self.best is None else min(outer, (1 - PART * self.rtol) * self.best.radius)

    def octave(self, outer: float) -> None:
        """Search the shell from the lower end to a radius."""
        with self.lanes:
            radii = np.geomspace(self.lower, outer, RADII + 1)[1:]
            self._propose(radii, Places.grid(self.f.dimension))
            stack = Cells.whole(self.f.dimension, self.lower, outer)
            batches, due, before = 0, PERIOD, 0.0
            while True:
                stack = stack.up_to(min(self._aim(outer), self.barrier))
                if not len(stack) or self._is_over:
                    break
                stack = stack.smallest_radii_first()
                self.lower = max(self.lower, float(stack.r_lo[0]))
                if batches == due:
                    due *= 2
                    first, least = stack[:NEAREST], self.rtol / 4
                    found = self._propose(self._above(outer), _middles(first))
                    if not found and first.sides.max() <= least and self.lower - before <= least * self.lower:
                        self.barrier, self.places = self.lower, _middles(first)
                    before = self.lower
                    continue
                batch = stack[:BATCH]
                rest = self.clock.kept(partial(self._decided, batch), None)
                if rest is None:  # what was not decided stays
                    break
                batches, self.spent = batches + 1, self.spent + len(batch)
                self.clock.tell(f"boxes of radii from {self.lower:.4g}", self.spent)
                stack = Cells.join(stack[BATCH:], rest)
            self.lower = max(self.lower, self._nothing_below(stack, outer))
            if self.barrier < math.inf:
                self._propose(self._above(outer), Places.grid(self.f.dimension).joined(self.places))

    def beyond(self, inner: float, outer: float) -> None:
        """Look for an upper end in a shell that is beyond what cannot be decided."""
        with self.lanes:
            self._propose(np.geomspace(inner, outer, RADII + 1)[1:], Places.grid(self.f.dimension))

    def _nothing_below(self, stack: Cells, outer: float) -> float:
        """Return a radius below which there is nothing, given the boxes that are left."""
        left = float(stack.r_lo.min()) if len(stack) else math.inf
        return min(left, self._aim(outer), self.barrier)

    def _above(self, outer: float) -> np.ndarray:
        """Return radii above the lower end, most of them just above it."""
        top = outer if self.best is None else min(outer, self.best.radius)
        radii = self.lower + (top - self.lower) * 2.0 ** -np.arange(ABOVE)[::-1]
        return np.unique(radii[radii > self.lower])

    def _propose(self, radii: np.ndarray, starts: Places) -> bool:
        """Look for a smaller upper end at some radii; tell whether there is one."""
        if self.target.kind is Kind.DEGENERATE or not len(radii):
            return False

        def accepted() -> bool:
            found = lowest_point(self.around, self.lower, radii, starts, self.rtol)
            return found is not None and self._accepted(found)

        return self.clock.kept(accepted, False)

    def _accepted(self, found: Existing) -> bool:
        """Refine a point in ball arithmetic; if it is a hallucinated point for a smaller radius, keep it."""
        if self.target.kind is Kind.DEGENERATE or (self.best is not None and self.best.radius <= found.radius):
            return False
        box = floats(self.target.box)
        region = np.stack([box[:, 0] - 2 * found.radius, box[:, 1] + 2 * found.radius], -1)
        problem = Problem(self.f, Fraction(found.radius), region)
        point = settle(problem, [self.target], Zero(found.chart, found.box, found.unique))
        if isinstance(point, HallucinatedPoint):
            self.best, self.point = found, point
            return True
        return False

    def _decided(self, cells: Cells) -> Cells:
        """Drop or prove some boxes, and return halves of what is left."""
        wide = inflated(cells.boxes)
        system = self.around.shell(cells.chart, cells.r_lo, cells.r_hi)
        impossible, expand = system.look(wide)
        left = ~impossible
        if not left.any():
            return cells[left]
        cells, wide = cells[left], wide[left]
        found = image(self.lanes, wide, expand(left))
        lo, hi = np.maximum(cells.lo, found.lo), np.minimum(cells.hi, found.hi)
        keep = ~(lo > hi).any(axis=1)
        rows = np.flatnonzero(found.proved & keep)
        if len(rows):
            # For every radius of the interval there is one zero in the image.
            own = Boxes(rows, found.lo[rows], found.hi[rows])
            inward = self._outward(cells, cells.r_lo, own)[1] < 0
            keep[rows[self._outward(cells, cells.r_hi, own)[0] >= 0]] = False
            keep[rows[inward]] = False
            if inward.any():
                i = rows[inward][np.argmin(cells.r_lo[rows[inward]])]
                box, unique = np.stack([found.lo[i], found.hi[i]], -1), np.stack([wide.lo[i], wide.hi[i]], -1)
                if not self._accepted(Existing(float(cells.r_lo[i]), int(cells.chart[i]), box, unique)):
                    self.barrier = min(self.barrier, float(cells.r_lo[i]))
        rest = Cells(cells.chart[keep], lo[keep], hi[keep], cells.r_lo[keep], cells.r_hi[keep])
        tiny = rest.sides.max(axis=1) <= self.smallest
        if tiny.any() and float(rest.r_lo[tiny].min()) < self.barrier:
            self.barrier, self.places = float(rest.r_lo[tiny].min()), _middles(rest[tiny][:NEAREST])
        rest = rest[~tiny].halves()
        return rest.halves() if len(rest) <= FEW else rest

    def _outward(self, cells: Cells, largest: np.ndarray, boxes: Boxes) -> tuple[np.ndarray, np.ndarray]:
        """Bound the component of g that tells whether it points inward, from the smallest radii to others."""
        system = self.around.shell(cells.chart, cells.r_lo, largest)
        return ends(self.lanes, system.point(boxes).outward, len(boxes))


def _middles(cells: Cells) -> Places:
    return Places(cells.chart, cells.boxes.middle)
