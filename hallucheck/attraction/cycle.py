"""Cycles of two points `p`, `q` that SAM with a fixed step takes to each other: `S(x) = x - E g(x+)`.

Unknown is the pair, with `G(p, q) = (S(p) - q, S(q) - p)`. A zero with `|p - q| > 0` is a cycle. With `DS = I - E M`
the eigenvalues of `DS(q) DS(p)` are its multipliers: it attracts if all have a modulus below 1, and repels if one is
above. If on the convex set `{p + V w: |w| <= R}` two steps are defined and

    |V^-1 DS(S(x)) DS(x) V| <= kappa < 1,

two steps take `|V^-1 (x - p)|` to at most `kappa` of what it was; and so around `q`.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..arithmetic.interval import HALF, ONE, ZERO, Undefined, exact, hull, largest, least
from ..arithmetic.linear import Matrix, Vector, identity, norm
from ..arithmetic.norms import spectral_norm
from ..arithmetic.spectrum import least_symmetric_eigenvalue, spectrum
from ..files.reading import Refused, dyadic, fields, items, matrix, number, positive, record, square_matrix, vector
from ..points.file import FIELDS, check_claims
from ..points.point import Point, System
from ..points.problem import Problem, read_problem
from ..points.rules import Claim, Conclusion, Facts, Measures, Numbers, Result, Rule, given, if_positive, read_claims
from .contraction import Family, along, blocks

MOST_VARIABLES = 500


class Step:
    """`S` and its derivatives."""

    def __init__(self, problem: Problem, length: Fraction) -> None:
        self.problem, self.length = problem, exact(length)

    def of(self, x: Vector) -> Vector:
        """`S(x)`."""
        return x - self.problem.field(x) * self.length

    def slopes(self, x: Vector) -> Matrix:
        """`DS(x)`."""
        return identity(len(x)) - self.problem.field_slopes(x) * self.length

    def bends(self, x: Vector) -> list[Matrix]:
        """The derivatives of `DS` by each variable."""
        return [bend * -self.length for bend in self.problem.composed.bends(x)]


class CyclePoint(Point):
    """The pair, and both points."""

    def __init__(self, problem: Problem, x: Vector, step: Step) -> None:
        self.problem, self.residual, self.x, self.step = problem, False, x, step
        d = problem.f.dimension
        self.ends = [Point(problem, False, Vector(part)) for part in (x[:d], x[d:])]

    def turned(self) -> list[Matrix]:
        """`DS(q) DS(p)` and `DS(p) DS(q)`."""
        first, second = (self.step.slopes(end.x) for end in self.ends)
        return [second @ first, first @ second]


class CycleSystem(System):
    """`G` and `DG` on boxes of pairs."""

    def __init__(self, problem: Problem, witness: SimpleNamespace, step: Step) -> None:
        super().__init__(problem, witness)
        self.step, self.d = step, problem.f.dimension

    def pair(self, z: Vector) -> tuple[Vector, Vector]:
        """Both points."""
        x = self.x(z)
        return Vector(x[: self.d]), Vector(x[self.d :])

    def value(self, z: Vector) -> Vector:
        """`(S(p) - q, S(q) - p)`."""
        p, q = self.pair(z)
        return Vector([*(self.step.of(p) - q), *(self.step.of(q) - p)])

    def derivative(self, z: Vector) -> Matrix:
        """`[[DS(p), -I], [-I, DS(q)]]`."""
        minus = identity(self.d) * -ONE
        first, second = (self.step.slopes(end) for end in self.pair(z))
        return blocks(first, minus, minus, second)

    def point(self, z: Vector) -> Point:
        """The pair of a `z`."""
        return CyclePoint(self.problem, self.x(z), self.step)


def read_pair(value: Any, problem: Problem) -> SimpleNamespace:
    """The field `witness`."""
    n = 2 * problem.f.dimension
    if problem.f.dimension > MOST_VARIABLES:
        raise Refused("witness", "too many unknowns")
    found = fields(value, "witness", centre=vector(n), radius=vector(n, positive(number)), preconditioner=matrix(n, n))
    found.slice = None
    return found


class TwoSteps(Family):
    """`V^-1 DS(S(x)) DS(x) V` for `x = p + V w`."""

    def __init__(self, step: Step, x: Vector, basis: Matrix) -> None:
        none = identity(len(x)) * ZERO
        super().__init__(step.problem, x, basis, basis.inverse(), basis, none)
        self.step = step

    def at(self, w: Vector) -> Matrix:
        """As it is written."""
        x = self.x(w)
        return self.turned(self.step.slopes(self.step.of(x)) @ self.step.slopes(x))

    def image(self, w: Vector) -> Vector:
        """A box around `S(x)`, by the mean value theorem."""
        middle, steps = w.middle_and_steps()
        return self.step.of(self.x(middle)) + self.step.slopes(self.x(w)) @ self.basis @ steps

    def slopes(self, w: Vector) -> list[Matrix]:
        """By the product rule."""
        x, image = self.x(w), self.image(w)
        first, second = self.step.slopes(x), self.step.slopes(image)
        by_second, by_first = along(self.step.bends(image), first @ self.basis), along(self.step.bends(x), self.basis)
        pairs = zip(by_second, by_first, strict=True)
        return [self.turned(bend @ first + second @ other) for bend, other in pairs]


def of_a_cycle(conclude: Conclusion) -> Conclusion:
    """Nothing is said of a cycle that is not proved to exist: `p` and `q` might be the same point."""
    return lambda facts, claim: conclude(facts, claim) if facts.has("existence") else None


def conclude_attractor(facts: Facts, claim: Claim) -> str | None:
    """On which side of 1 it is."""
    modulus = claim.numbers["largest_multiplier"]
    return "proved" if modulus.below(ONE) else "refuted" if ONE.below(modulus) else None


def measure_around(facts: Facts, claim: Claim, point: CyclePoint) -> Numbers:
    """The only critical point of `f` in a box around the middle of the pair."""
    f, (p, q) = point.problem.f, (end.x for end in point.ends)
    inputs = record(claim.inputs, "inputs", ("centre", "half_width"))
    centre = vector(f.dimension)(inputs["centre"], "centre")
    near = centre.cube(exact(positive(number)(inputs["half_width"], "half_width")))
    if not ((p + q) * HALF).inside(near):
        raise Undefined("the middle may not be in the box")
    c = f.only_critical_point(f.hessian_at(centre)[1].approximate_inverse(), near)
    if c is None:
        raise Undefined("Krawczyk's test fails for the critical point")
    smallest = least_symmetric_eigenvalue(f.hessian_at(c)[1])
    return {"smallest_hessian_eigenvalue": smallest, "distance": largest([norm(p - c), norm(q - c)])}


def read_balls(claim: Claim, d: int) -> tuple[list[Matrix], list[Fraction], Fraction]:
    """The inputs `V` and `R`, of both points, and `kappa`."""
    names = ("bases", "sizes", "bound", "subdivision_p", "subdivision_q")
    inputs = record(claim.inputs, "inputs", names)
    bases = items(inputs["bases"], "bases", square_matrix(d, number), count=2)
    return bases, items(inputs["sizes"], "sizes", dyadic, count=2), dyadic(inputs["bound"], "bound")


def measure_basin(facts: Facts, claim: Claim, point: CyclePoint) -> Numbers:
    """The bound around both points."""
    bases, sizes, bound = read_balls(claim, facts.problem.f.dimension)
    contractions, radii = [], []
    parts = zip(
        (end.x for end in point.ends), point.turned(), bases, sizes, ("subdivision_p", "subdivision_q"), strict=True
    )
    for x, turned, basis, size, name in parts:
        family = TwoSteps(point.step, x, basis)
        family.prove_bound(size, bound, claim.inputs[name], name)
        contractions.append(spectral_norm(family.turned(turned)))
        radii.append(exact(size) / spectral_norm(family.left))
    return {"contraction": largest(contractions), "radius": least(radii)}


def conclude_basin(facts: Facts, claim: Claim) -> str | None:
    """A contraction on two sets with an interior."""
    _, sizes, bound = read_balls(claim, facts.problem.f.dimension)
    return "proved" if min(sizes) > 0 and 0 < bound < 1 and claim.numbers["radius"].positive() else None


DISTANCES: Measures = {
    "offset": lambda cycle: hull(cycle.offsets),
    "distance": lambda cycle: norm(cycle.ends[0].x - cycle.ends[1].x),
}
RULES: dict[str, Rule] = {
    "existence": Rule(
        lambda facts, claim: DISTANCES if claim.numbers else {},
        lambda facts, claim: if_positive("distance")(facts, claim) if claim.numbers else "refuted",
    ),
    "nonstationary": Rule(
        {"gradient_norm": lambda cycle: least([norm(end.gradient) for end in cycle.ends])},
        of_a_cycle(if_positive("gradient_norm")),
    ),
    "attractor": Rule(
        {"largest_multiplier": lambda cycle: spectrum(cycle.turned()[0]).largest_modulus()},
        of_a_cycle(conclude_attractor),
    ),
    "around": Rule(
        given("smallest_hessian_eigenvalue", "distance"),
        of_a_cycle(if_positive("smallest_hessian_eigenvalue")),
        measure_around,
        inputs=True,
    ),
    "basin": Rule(given("contraction", "radius"), of_a_cycle(conclude_basin), measure_basin, inputs=True),
}


def verify(document: dict[str, Any], path: Path) -> list[Result]:
    """A file of kind cycle."""
    record(document, "file", FIELDS, ("doubles",))
    problem = read_problem(document, path)
    claims = read_claims(document, list(RULES))
    step = Step(problem, positive(number)(document["problem"]["step"], "problem.step"))
    witness = document["witness"]
    system = None if witness is None else CycleSystem(problem, read_pair(witness, problem), step)
    return check_claims(Facts(problem, False, RULES), system, document["enclosure"], claims)
