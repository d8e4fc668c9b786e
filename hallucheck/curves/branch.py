"""Branches: curves of points of one target `c`, with `rho` free.

Unknown is `z = (x, lambda)` and `G(z) = g(x) + lambda (x - c)`. Where `lambda > 0` and `x != c` a solution is
a hallucinated point with target `c` for `rho = |x - c|`. With `v = x - c`, `phi = <v, x'> = rho rho'` has the
sign of the change of `rho`, and `phi' = |x'|**2 + <v, x''>`. A simple zero of `phi` is a nondegenerate fold,
where `rho'' = phi'/rho`.

`lambda M = H(c) (lambda I + P H)`, and `det M = det H(c) det((H + lambda I) on the tangent space) /
lambda**(d - 1)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..arithmetic.interval import ONE, Interval, Undefined, ball, exact, hull, meet, total
from ..arithmetic.linear import Matrix, Vector, identity, norm, outer
from ..arithmetic.spectrum import spectrum
from ..files import reading
from ..files.reading import Refused, dyadic, fields, integer, items, number, positive, record, vector
from ..functions.formulas import read_objective
from ..points.problem import Function
from ..points.rules import Claim, Numbers, Result, read_claim
from ..points.subdivisions import halves
from .cells import Cell, Derived, Equation, keep_away, on_parts, prove_chain, read_cell

MOST_VARIABLES = 12


@dataclass
class Link:
    """A cell of a chain, with what the file says about its arc."""

    cell: Cell
    start: Fraction
    parts: list[SimpleNamespace]


def read_target(value: Any, d: int) -> tuple[Vector, Matrix]:
    """The box of the target, and the matrix for Krawczyk's test."""
    found = fields(
        value, "target", centre=vector(d), radius=vector(d, positive(number)), preconditioner=reading.matrix(d, d)
    )
    return found.centre + Vector(map(ball, found.radius)), found.preconditioner


def equation(f: Function) -> Equation:
    """`G` as code: the inputs are `x`, `lambda`, then `c`."""
    code, d = f.code, f.dimension
    multiplier = code.node("input", (), d)
    outputs = []
    for i, g in enumerate(f.gradient_nodes):
        away = code.node("sub", (f.inputs[i], code.node("input", (), d + 1 + i)))
        outputs.append(code.node("add", (g, code.mul(multiplier, away))))
    return Equation(code, [*f.inputs, multiplier], outputs, d)


class Target:
    """The critical point, and what belongs to it."""

    def __init__(self, f: Function, box: Vector, c: Matrix) -> None:
        found = f.only_critical_point(c, box)
        if found is None:
            raise Undefined("Krawczyk's test fails in the target's box")
        self.box, self.c, self.f = box, found, f
        self.hessian = f.hessian_at(found)[1]
        self.spectrum = spectrum(self.hessian.symmetric_part())
        least, most = self.spectrum.negative()
        if least != most:
            raise Undefined("the index of the target is not known")
        self.negative = least

    def numbers(self) -> Numbers:
        """The extreme eigenvalues of its Hessian."""
        names = NUMBERS["target"]
        return {names[0]: self.spectrum.least_real_part(), names[1]: self.spectrum.largest_real_part()}


class Branch:
    """A chain of cells with its claims."""

    target: Target
    entries: list[Interval]

    def __init__(self, f: Function, value: Any, where: str, shared: Equation) -> None:
        record(value, where, ("from_critical", "to_critical", "cells"))
        self.equation, self.d = shared, f.dimension
        self.critical = [bool(integer(value[name], where, 0, 1)) for name in ("from_critical", "to_critical")]
        self.links = items(value["cells"], f"{where}.cells", self.read_link, most=100_000)
        if not self.links:
            raise Refused(where, "a chain without cells")

    def read_link(self, value: Any, where: str) -> Link:
        """A cell and its parts. Places and tubes are not needed: arcs are enclosed again at whatever `s`."""
        tube = {"centre": vector(self.d), "radius": vector(self.d, positive(number))}

        def read_place(value: Any, where: str) -> None:
            fields(value, where, s=dyadic, **tube)

        def read_part(value: Any, where: str) -> SimpleNamespace:
            return fields(
                value,
                where,
                end=dyadic,
                turning=reading.choice("growing", "falling", "fold", "undecided"),
                stability=reading.choice("attracting", "repelling", "undecided"),
                **tube,
            )

        names = ("centre", "frame", "bend", "span", "radius", "preconditioner", "start", "places", "parts")
        record(value, where, names)
        cell, start = read_cell(self.equation, value, where, dyadic), dyadic(value["start"], f"{where}.start")
        parts = items(value["parts"], f"{where}.parts", read_part, most=10_000)
        places = [start, *(part.end for part in parts)]
        if start < cell.span[0] or len(places) < 2 or places[-1] != cell.span[1] or sorted(set(places)) != places:
            raise Refused(f"{where}.parts", "not from start to end")
        items(value["places"], f"{where}.places", read_place, most=20_000)
        return Link(cell, start, parts)

    def prove(self, target: Target) -> None:
        """All cells, joints and signs, or this is undefined."""
        self.target = target
        first, last, cells = self.links[0], self.links[-1], [link.cell for link in self.links]
        if first.start != first.cell.span[0]:
            raise Undefined("a chain does not begin where its first cell does")
        self.entries = prove_chain(cells, [link.start for link in self.links])
        for link in self.links:
            self.check_signs(link, (link is first and self.critical[0], link is last and self.critical[1]))
        keep_away(cells[1:], first.cell.ends_at(first.start))

    def check_signs(self, link: Link, critical: tuple[bool, bool]) -> None:
        """`lambda > 0` and `x != c` on the arc; at a critical point of `f` a face with exactly `lambda = 0`."""
        cell = link.cell
        if any(critical):
            flat = all(x[0] == 0 == x[1] for x in cell.normal[-1])
            rise = cell.tangent[-1]
            places = [s for s, is_critical in zip((link.start, cell.span[1]), critical, strict=True) if is_critical]
            at = [cell.centre[-1] + rise * exact(s) for s in places]
            outward = all(
                rise.positive() if k else rise.negative()
                for k, used in zip((True, False), critical, strict=True)
                if used
            )
            if not flat or any(x[0] or x[1] for x in at) or not outward:
                raise Undefined("a face is not at a critical point")

        def test(s: Interval) -> bool:
            z = cell.z(s, cell.arc(s))
            apart = norm(Vector(z[: self.d]) - self.target.c).positive()
            return apart and (any(critical) or z[-1].positive())

        if not on_parts(hull([exact(link.start), exact(cell.span[1])]), test):
            raise Undefined("the multiplier is not shown to be positive")

    def rho(self, cell: Cell, s: Interval) -> Interval:
        """`|x - c|` on the arc."""
        z = cell.z(s, cell.arc(s))
        return norm(Vector(z[: self.d]) - self.target.c)

    def change(self, cell: Cell, s: Interval) -> tuple[Interval, Interval, Interval, Interval]:
        """`phi`, `phi'`, `rho` and `|x'|**2`."""
        d, w = self.d, cell.arc(s)
        z, velocity = cell.z(s, w), cell.velocity(s, w)
        bend = cell.acceleration(s, w, velocity)
        v = Vector(z[:d]) - self.target.c
        speed = total(x.power(2) for x in velocity[:d])
        phi = total(a * b for a, b in zip(v, velocity[:d], strict=True))
        return phi, speed + total(a * b for a, b in zip(v, bend[:d], strict=True)), norm(v), speed

    def has_sign(self, cell: Cell, part: Interval, growing: bool) -> bool:
        """Does `rho` grow, or fall, all along the part?"""

        def right(phi: Interval) -> bool:
            return phi.positive() if growing else phi.negative()

        def test(s: Interval) -> bool:  # phi is monotone where phi' has a sign, and then between its values at the ends
            phi, slope, _, _ = self.change(cell, s)
            if right(phi) or not (slope.positive() or slope.negative()):
                return right(phi)
            return all(right(self.change(cell, end)[0]) for end in (s.lower(), s.upper()))

        return on_parts(part, test)

    def fold(self, cell: Cell, part: Interval) -> Numbers:
        """Radius and second derivative at the only zero of `phi` in the part."""
        ends = [self.change(cell, end)[0] for end in (part.lower(), part.upper())]
        if not ((ends[0].positive() and ends[1].negative()) or (ends[0].negative() and ends[1].positive())):
            raise Undefined("rho is not shown to turn")
        sign = ends[1].positive()

        def test(s: Interval) -> bool:
            slope = self.change(cell, s)[1]
            return slope.positive() if sign else slope.negative()

        if not on_parts(part, test):
            raise Undefined("a fold is not shown to be the only one")
        s = part
        for _ in range(40):  # Newton's method in intervals, by halves where that is shorter
            middle = s.middle()
            slope = self.change(cell, s)[1]
            if not (slope.positive() or slope.negative()):
                half = halves(s)
                value = self.change(cell, middle)[0]
                if not (value.positive() or value.negative()):
                    break
                s = half[0] if value.positive() == sign else half[1]
                continue
            better = meet(middle - self.change(cell, middle)[0] / slope, s)
            if not Vector([better]).is_half(Vector([s])):
                break
            s = better
        _, slope, rho, speed = self.change(cell, s)
        return {"rho": rho, "second_derivative": slope / (rho * speed)}

    def dynamics(self, cell: Cell, s: Interval) -> Matrix:
        """`lambda M`."""
        d, z = self.d, cell.z(s, cell.arc(s))
        v = Vector(z[:d]) - self.target.c
        square = norm(v).power(2)
        hessian = self.target.f.hessian_at(z[:d])[1]
        projection = identity(d) - outer(v) * (ONE / square)
        return self.target.hessian @ (identity(d) * z[-1] + projection @ hessian)

    def is_stable(self, cell: Cell, part: Interval, attracting: bool, turns: bool) -> bool:
        """Has `M` only eigenvalues with positive real part, or one with negative real part, all along the
        part?

        Where `rho` does not turn, `det M` has one sign: it is negative if at some place an odd number of real
        parts is (complex eigenvalues come in pairs), and then one is negative everywhere. In the plane a
        positive determinant leaves the trace.
        """
        d, odd, even = self.d, False, False
        if d == 1:  # M = H(c)
            return attracting == (self.target.negative == 0)
        if not turns:
            least, most = spectrum(self.dynamics(cell, part.middle())).negative()
            odd, even = least == most and least % 2 == 1, least == most and least % 2 == 0

        def test(s: Interval) -> bool:
            m = self.dynamics(cell, s)
            trace = total(m[i][i] for i in range(d))
            if trace.negative() or (d == 2 and even and trace.positive()):
                return trace.positive() == attracting
            least = spectrum(m).least_real_part()
            return least.positive() if attracting else least.negative()

        return (odd and not attracting) or on_parts(part, test)

    def derive(self, number: int) -> list[tuple[str, dict[str, int], Numbers]]:
        """The claims of the chain, in order."""
        first, last = self.links[0], self.links[-1]
        folds: list[tuple[str, dict[str, int], Numbers]] = []
        runs: list[tuple[str, dict[str, int], Numbers]] = []
        monotone, before, here = 1, "undecided", self.rho(first.cell, exact(first.start))
        for i, link in enumerate(self.links):
            s = exact(link.start)
            for part in link.parts:
                reach = hull([s, exact(part.end)])
                if part.turning == "undecided":
                    monotone = 0
                elif part.turning == "fold":
                    if not self.entries[i].at_most(s):
                        raise Undefined("a fold may be counted twice")
                    folds.append(("fold", {"branch": number}, self.fold(link.cell, reach)))
                elif not self.has_sign(link.cell, reach, part.turning == "growing"):
                    raise Undefined("rho is not shown to be monotone")
                there = self.rho(link.cell, exact(part.end))
                if part.stability != "undecided":
                    turns = part.turning not in ("growing", "falling")
                    if not self.is_stable(link.cell, reach, part.stability == "attracting", turns):
                        raise Undefined("the stability is not shown")
                    if part.stability == before:
                        runs[-1][1]["last_cell"] = i + 1
                        runs[-1][2]["rho_to"] = there
                    else:
                        cells = {"first_cell": i + 1, "last_cell": i + 1}
                        inputs = {"branch": number, **cells, "attracting": int(part.stability == "attracting")}
                        runs.append(("stability", inputs, {"rho_from": here, "rho_to": there}))
                before, here, s = part.stability, there, exact(part.end)
        inputs = {"branch": number, "negative": self.target.negative, "folds": len(folds), "monotone": monotone}
        ends = {
            "rho_start": self.rho(first.cell, exact(first.start)),
            "rho_end": self.rho(last.cell, exact(last.cell.span[1])),
        }
        return [("branch", inputs, ends), *folds, *runs]


def verify(document: dict[str, Any], path: Path) -> list[Result]:
    """A file of kind branch."""
    names = ("format", "schema", "kind", "provenance", "problem", "digest", "target", "enclosure", "branches", "claims")
    record(document, "file", names)
    record(document["problem"], "problem", ("objective",))
    f = Function(read_objective(document, path))
    reading.check_digest(document)
    claims = items(document["claims"], "claims", read_claim, most=100_000)
    if f.n is not None or f.dimension > MOST_VARIABLES:
        raise Refused("problem.objective", "not a formula in at most 12 variables")
    if (document["target"] is None) != (document["enclosure"] is None):
        raise Refused("enclosure", "there is one exactly if there is a target")
    shared, chains = equation(f), document["branches"]
    branches = items(chains, "branches", lambda v, w: Branch(f, v, w, shared), most=1000)
    for claim in claims:
        check_conclusion(claim, f.dimension)
    for i in range(len(branches)):
        if not any(claim.name == "branch" and claim.inputs.get("branch") == i + 1 for claim in claims):
            raise Refused("claims", "a chain without a claim")
    if document["target"] is None:
        if any(claim.status != "undecided" for claim in claims):
            raise Refused("target", "nothing is proved without one")
        return [Result(claim.name, claim.status) for claim in claims]
    box_of_target = read_target(document["target"], f.dimension)
    enclosure = reading.box(f.dimension)(document["enclosure"], "enclosure")
    derived = Derived()
    with derived.of({}):
        target = Target(f, *box_of_target)
        if not all(c.inside(e) and e.inside(b) for c, e, b in zip(target.c, enclosure, target.box, strict=True)):
            raise Undefined("the enclosure does not hold the target, or leaves its box")
        shared.fixed = target.c
        derived.claims.append(("target", {"negative": target.negative}, target.numbers()))
        for i, branch in enumerate(branches):
            with derived.of({"branch": i + 1}):
                branch.prove(target)
                derived.claims += branch.derive(i + 1)
    return derived.compare(claims)


def check_conclusion(claim: Claim, d: int) -> None:
    """Refuse numbers that do not show what the claim says."""
    if claim.status == "undecided":
        record(claim.inputs, f"claims.{claim.name}.inputs", (), ("branch",))
        return
    numbers, names = claim.numbers, NUMBERS.get(claim.name)
    if claim.status == "refuted" or names is None or set(numbers) != set(names):
        raise Refused(f"claims.{claim.name}", "no claim of this kind of file")
    shown = True
    if claim.name == "target":
        low, high = numbers["smallest_hessian_eigenvalue"], numbers["largest_hessian_eigenvalue"]
        n = integer(claim.inputs.get("negative"), "claims.target.inputs", 0, d)
        shown = (low.positive() if n == 0 else low.negative()) and (high.negative() if n == d else high.positive())
    elif claim.name == "fold":
        bend = numbers["second_derivative"]
        shown = numbers["rho"].positive() and (bend.positive() or bend.negative())
    else:
        shown = all(rho.positive() for rho in numbers.values())
    if not shown:
        raise Refused(f"claims.{claim.name}.status", "the numbers show nothing")


NUMBERS = {
    "target": ("smallest_hessian_eigenvalue", "largest_hessian_eigenvalue"),
    "branch": ("rho_start", "rho_end"),
    "fold": ("rho", "second_derivative"),
    "stability": ("rho_from", "rho_to"),
}
