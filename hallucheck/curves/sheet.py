"""Sheets of dimension 1: curves of hallucinated minimizers for one `rho`, of sums of squares with `d - 1`
residuals.

`G(x) = r(x+)`. Where `g != 0` a solution has a global minimizer as target, and where `DG = A` has full row
rank the solutions are a smooth curve. The arcs of a chain of cells are one path on it that never turns back.
If the last arc goes on in the first cell, the path is closed and covers a whole component; it goes round once
if its end lies in no other cell than the last and the first.

The numbers are *least* values on the curve. They lie in published intervals if no part of the curve has a
smaller value than the lower end, and some point has one that is at most the upper end.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..arithmetic.interval import ZERO, Interval, Undefined, exact, hull
from ..arithmetic.linear import Matrix, Vector, norm
from ..files.reading import Refused, integer, items, number, record
from ..points.claims import RULES
from ..points.point import Point
from ..points.problem import Problem, read_problem
from ..points.rules import Claim, Facts, Numbers, Result, read_claim, result_of
from ..points.subdivisions import halves, pieces
from .cells import MOST_PARTS, Cell, Equation, joins, keep_away, on_parts, prove_chain, read_cell

MOST_VARIABLES = 100
MEASURED = ("regular", "theorem_3_2", "projected_c32", "attractor")
CURVE = ("curve", *MEASURED, "turning")
LENGTH_PARTS = 3  # halvings of a piece whose length is measured


class ArcPoint(Point):
    """A part of an arc: `g`, `u` and `x+` in its box once more, by the mean value theorem from its middle.

    A thin part that runs aslant has a wide box. But `x - m = (s - s0) z'` for its middle `m`, with `z'`
    somewhere between, so that `g(x)` lies in `g(m) + (s - s0) H z'` with `H` and `z'` on the whole part.
    """

    def __init__(self, problem: Problem, cell: Cell, s: Interval) -> None:
        arc = cell.arc(s)
        super().__init__(problem, True, cell.z(s, arc))
        if s[0] == s[1]:
            return
        middle = Point(problem, True, cell.z(s.middle(), cell.sharpened(s.middle(), 2)))
        step, velocity = s - s.middle(), cell.velocity(s, arc)

        def common(plain: Vector, start: Vector, slopes: Matrix) -> Vector:
            moves = slopes @ velocity
            return plain.meet(start + moves * step)

        self.gradient = common(self.gradient, middle.gradient, self.hessian)
        self.s, u = problem.direction(self.gradient)
        self.u = common(u, middle.u, problem.turn(self.s, u, self.hessian))
        plus = self.x + self.u * problem.rho
        self.plus = common(plus, middle.plus, self.perturbation)


class Sheet:
    """A chain of cells; `cuts` of each say how its arc is measured."""

    def __init__(self, problem: Problem, shared: Equation, value: Any, where: str) -> None:
        record(value, where, ("closed", "cells"))
        self.problem, self.d, self.equation = problem, problem.f.dimension, shared
        self.closed = bool(integer(value["closed"], f"{where}.closed", 0, 1))
        self.cuts: list[list[Interval]] = []
        self.entries: list[Interval] | None = None
        self.points: dict[tuple[int, Interval], Point] = {}
        self.cells = items(value["cells"], f"{where}.cells", self.read_cell, most=100_000)
        if not self.cells:
            raise Refused(where, "a chain without cells")

    def read_cell(self, value: Any, where: str) -> Cell:
        """A cell and the pieces of its span."""
        record(value, where, ("centre", "frame", "span", "radius", "preconditioner", "cuts"))
        cell, tree = read_cell(self.equation, value, where, number), value["cuts"]
        if not isinstance(tree, str) or set(tree) - set("Am"):
            raise Refused(f"{where}.cuts", "not pieces that are measured")
        self.cuts.append([s for (s,) in pieces(Vector([cell.range()]), tree, f"{where}.cuts")])
        return cell

    def prove(self) -> list[Interval]:
        """All cells and joints, or this is undefined; where each arc begins in its `s`."""
        entries = prove_chain(self.cells, [cell.span[0] for cell in self.cells])
        first, last = self.cells[0], self.cells[-1]
        if self.closed:
            entries[0] = joins(last, first, first.span[0])
            keep_away(self.cells[1:-1], last.ends_at(last.span[1]))
        else:
            keep_away(self.cells[1:], first.ends_at(first.span[0]))
        return entries

    def point(self, cell: Cell, s: Interval) -> Point:
        """What is enclosed on a part of the curve."""
        key = (id(cell), s)
        if key not in self.points:
            self.points[key] = ArcPoint(self.problem, cell, s)
        return self.points[key]

    def objection(self, claim: Claim) -> str | None:
        """What there is to say against a claim about this sheet."""
        if self.entries is None:
            self.entries = self.prove()
        if claim.name == "turning":
            if not self.closed or self.d != 2:
                return "not a closed curve in the plane"
            turns = exact(self.turns())
            return None if turns.inside(claim.numbers["turns"]) else "turns: another number"
        if claim.name == "curve":
            if not any(self.length(self.entries, k).inside(claim.numbers["length"]) for k in range(LENGTH_PARTS)):
                return "length: not shown to lie in the published interval"
            return self.least_values(claim, lambda point: {"gradient_norm": norm(point.gradient)})
        facts = Facts(self.problem, True, RULES)
        return self.least_values(claim, lambda point: RULES[claim.name].measure(facts, claim, point))

    def least_values(self, claim: Claim, measure: Callable[[Point], Numbers]) -> str | None:
        """An objection if the published numbers are not shown to hold the least values on the curve."""
        found: list[tuple[Cell, Interval, Numbers]] = []
        for cell, cuts in zip(self.cells, self.cuts, strict=True):

            def above(s: Interval, cell: Cell = cell) -> bool:
                numbers = measure(self.point(cell, s))
                found.append((cell, s, numbers))
                return all(claim.numbers[name].lower().at_most(value.lower()) for name, value in numbers.items())

            if not all(on_parts(piece, above) for piece in cuts):
                return "a smaller value on the curve is not excluded"
        for name, published in claim.numbers.items():
            if name in found[0][2] and not self.has_value(name, published, found, measure):
                return f"{name}: no value is shown to be as small as published"
        return None

    def has_value(
        self,
        name: str,
        published: Interval,
        found: list[tuple[Cell, Interval, Numbers]],
        measure: Callable[[Point], Numbers],
    ) -> bool:
        """Is a number at some point of the curve at most the upper end? Ends and middles of parts are tried, those
        first where it may be smallest.
        """
        for cell, s, _ in sorted(found, key=lambda part: float(part[2][name].lower())):
            for place in (s.middle(), s.lower(), s.upper()):
                if measure(self.point(cell, place))[name].at_most(published.upper()):
                    return True
        return False

    def length(self, entries: list[Interval], halvings: int) -> Interval:
        """The length of the curve, from pieces that are halved some times."""
        result = ZERO
        for cell, start, cuts in zip(self.cells, entries, self.cuts, strict=True):
            for s in [part for piece in cuts for part in parts(piece, halvings)]:
                result = result + length_of(cell, s, start)
        return result

    def turns(self) -> int:
        """How often the tangent of a closed curve in the plane goes round.

        In each cell it lies in the open half plane of vectors with a positive component along `T`. So the
        tangents of the curve can be deformed to a polygon of vectors, a tangent at each joint and `T` in each
        cell, without meeting 0.
        """
        vectors: list[tuple[Fraction, Fraction]] = []
        for i, cell in enumerate(self.cells):
            s, following = exact(cell.span[1]), self.cells[(i + 1) % len(self.cells)]
            tangent = Vector(v.middle() for v in cell.tangent)
            velocity = Vector(v.middle() for v in cell.velocity(s, cell.arc(s)))
            for along, v in ((cell, tangent), (cell, velocity), (following, velocity)):
                if not (along.inverse_frame @ v)[0].positive():
                    raise Undefined("a tangent is not known well enough")
            vectors += [(x.ends()[0], y.ends()[0]) for x, y in (tangent, velocity)]
        return winding_number(vectors)


def winding_number(polygon: list[tuple[Fraction, Fraction]]) -> int:
    """How often a closed polygon goes round 0: how often it crosses the positive first axis, upward less downward."""
    crossings = 0
    for (x, y), (u, v) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        side = x * v - y * u  # positive: 0 lies on the left
        if side == 0 and x * u + y * v <= 0:
            raise Undefined("the polygon meets 0")
        if y < 0 <= v and side > 0:
            crossings += 1
        elif v < 0 <= y and side < 0:
            crossings -= 1
    return crossings


def length_of(cell: Cell, s: Interval, start: Interval, halvings: int = MOST_PARTS) -> Interval:
    """The length of a piece of an arc behind a start: of its halves, where the velocity on all of it is not known."""
    try:
        return cell.speed(s) * passed(s, start)
    except Undefined:
        if halvings == 0:
            raise
        first, second = (length_of(cell, half, start, halvings - 1) for half in halves(s))
        return first + second


def parts(s: Interval, count: int) -> list[Interval]:
    """Parts of an interval, by halves."""
    return [s] if count == 0 else [part for half in halves(s) for part in parts(half, count - 1)]


def passed(s: Interval, start: Interval) -> Interval:
    """How long the part of a piece is that lies behind a start, which is known to an interval."""
    (low, high), (first, last) = s.ends(), start.ends()
    shortest, longest = max(Fraction(0), high - max(low, last)), max(Fraction(0), high - max(low, first))
    return hull([exact(shortest), exact(longest)])


def check_conclusion(claim: Claim, facts: Facts, count: int) -> None:
    """Refuse numbers that do not show what the claim says."""
    where = f"claims.{claim.name}"
    if claim.name not in CURVE:
        raise Refused(where, "no claim of this kind of file")
    undecided = claim.status == "undecided"  # of a sheet, or of none
    record(claim.inputs, f"{where}.inputs", () if undecided else ("sheet",), ("sheet",))
    integer(claim.inputs.get("sheet", 1), f"{where}.inputs.sheet", 1, count)
    if undecided:
        return
    names = {"curve": ("gradient_norm", "length"), "turning": ("turns",)}.get(claim.name)
    if set(claim.numbers) != set(names or RULES[claim.name].numbers_of(facts, claim)):
        raise Refused(f"{where}.numbers", "not those of the claim")
    if claim.name == "curve":
        status = "proved" if claim.numbers["gradient_norm"].positive() else None
    elif claim.name == "turning":
        status = "proved" if all(1 < abs(2 * end) < 3 for end in claim.numbers["turns"].ends()) else None
    else:
        status = RULES[claim.name].conclude(facts, claim)
    if status != claim.status:
        raise Refused(f"{where}.status", f"the numbers show {status}")


def verify(document: dict[str, Any], path: Path) -> list[Result]:
    """A file of kind sheet."""
    record(document, "file", ("format", "schema", "kind", "provenance", "problem", "digest", "sheets", "claims"))
    problem = read_problem(document, path)
    f = problem.f
    if f.n is None or len(f.outputs) != f.dimension - 1 or f.dimension > MOST_VARIABLES:
        raise Refused("problem", "not one residual fewer than variables")
    shared = Equation(f.code, f.inputs, problem.composed.shifted(f.outputs), 0)
    sheets = items(document["sheets"], "sheets", lambda v, w: Sheet(problem, shared, v, w), most=1000)
    claims, facts = items(document["claims"], "claims", read_claim, most=10_000), Facts(problem, True, RULES)
    for claim in claims:
        check_conclusion(claim, facts, len(sheets))
    for i in range(len(sheets)):
        if [claim.name for claim in claims if claim.inputs == {"sheet": i + 1}].count("curve") != 1:
            raise Refused("claims", "a chain without a claim")
    results = []
    for claim in claims:
        if claim.status == "undecided":
            results.append(Result(claim.name, claim.status))
        else:
            sheet = sheets[claim.inputs["sheet"] - 1]
            results.append(result_of(claim, sheet.objection))
    return results
