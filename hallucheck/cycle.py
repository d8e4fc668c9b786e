"""Cycles of two points `p`, `q` that SAM with a fixed step takes to each other: `S(x) = x - E g(x+)`.

Unknown is the pair, with `G(p, q) = (S(p) - q, S(q) - p)`. A zero with `|p - q| > 0` is a cycle. With `DS = I - E M`
the eigenvalues of `DS(q) DS(p)` are its multipliers: it attracts if all have a modulus below 1, and repels if one is
above. If on the convex set `{p + V w: |w| <= R}` two steps are defined and

    |V^-1 DS(S(x)) DS(x) V| <= kappa < 1,

two steps take `|V^-1 (x - p)|` to at most `kappa` of what it was; and so around `q`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hallucheck.claims import Claim, Facts, Numbers, Rule, if_positive, only
from hallucheck.contraction import Family, along, spectral_norm
from hallucheck.interval import ONE, ZERO, Interval, Undefined, exact, hull, least
from hallucheck.linear import (
    Matrix,
    Vector,
    add,
    apply,
    approximate_inverse,
    identity,
    inverse,
    matmul,
    middle_of,
    norm,
    scaled,
    spectrum,
    subtract,
    symmetric_part,
)
from hallucheck.point import Point, System, Witness, only_zero
from hallucheck.problem import Problem
from hallucheck.reading import Refused, dyadic, items, matrix, positive, positive_vector, record, vector
from hallucheck.regions import is_inside

MOST_VARIABLES = 500


class Step:
    """`S` and its derivatives."""

    def __init__(self, problem: Problem, length: Fraction) -> None:
        self.problem, self.length = problem, exact(length)

    def of(self, x: Vector) -> Vector:
        """`S(x)`."""
        return [a - self.length * b for a, b in zip(x, self.problem.field(x), strict=True)]

    def slopes(self, x: Vector) -> Matrix:
        """`DS(x)`."""
        return subtract(identity(len(x)), scaled(self.length, self.problem.field_slopes(x)))

    def bends(self, x: Vector) -> list[Matrix]:
        """The derivatives of `DS` by each variable."""
        return [scaled(-self.length, bend) for bend in self.problem.bends(x)]


class CyclePoint(Point):
    """The pair, and both points."""

    def __init__(self, problem: Problem, x: Vector, step: Step) -> None:
        self.problem, self.residual, self.x, self.step = problem, False, x, step
        d = problem.f.dimension
        self.ends = [Point(problem, False, x[:d]), Point(problem, False, x[d:])]

    def turned(self) -> list[Matrix]:
        """`DS(q) DS(p)` and `DS(p) DS(q)`."""
        first, second = (self.step.slopes(end.x) for end in self.ends)
        return [matmul(second, first), matmul(first, second)]


class CycleSystem(System):
    """`G` and `DG` on boxes of pairs."""

    def __init__(self, problem: Problem, witness: Witness, step: Step) -> None:
        super().__init__(problem, witness)
        self.step, self.d = step, problem.f.dimension

    def value(self, z: Vector) -> Vector:
        """`(S(p) - q, S(q) - p)`."""
        x = self.x(z)
        p, q = x[: self.d], x[self.d :]
        return [a - b for a, b in zip([*self.step.of(p), *self.step.of(q)], [*q, *p], strict=True)]

    def derivative(self, z: Vector) -> Matrix:
        """`[[DS(p), -I], [-I, DS(q)]]`."""
        x, minus = self.x(z), scaled(exact(-1), identity(self.d))
        upper = [[*a, *b] for a, b in zip(self.step.slopes(x[: self.d]), minus, strict=True)]
        return upper + [[*b, *a] for a, b in zip(self.step.slopes(x[self.d :]), minus, strict=True)]

    def point(self, z: Vector) -> Point:
        """The pair of a `z`."""
        return CyclePoint(self.problem, self.x(z), self.step)


def read_pair(value: Any, problem: Problem) -> Witness:
    """The field `witness`."""
    record(value, "witness", ("centre", "radius", "preconditioner"))
    n = 2 * problem.f.dimension
    if problem.f.dimension > MOST_VARIABLES:
        raise Refused("witness", "too many unknowns")
    return Witness(
        False,
        vector(n)(value["centre"], "witness.centre"),
        None,
        positive_vector(n)(value["radius"], "witness.radius"),
        matrix(n, n)(value["preconditioner"], "witness.preconditioner"),
    )


class TwoSteps(Family):
    """`V^-1 DS(S(x)) DS(x) V` for `x = p + V w`."""

    def __init__(self, step: Step, x: Vector, basis: Matrix) -> None:
        none = scaled(ZERO, identity(len(x)))
        super().__init__(step.problem, x, basis, inverse(basis), basis, none)
        self.step = step

    def at(self, w: Vector) -> Matrix:
        """As it is written."""
        x = self.x(w)
        return self.turned(matmul(self.step.slopes(self.step.of(x)), self.step.slopes(x)))

    def slopes(self, w: Vector) -> list[Matrix]:
        """By the product rule; the image of the box is enclosed by the mean value theorem."""
        x, middle = self.x(w), middle_of(w)
        first = self.step.slopes(x)
        moved = matmul(first, self.basis)
        image = [a + b for a, b in zip(self.step.of(self.x(middle[0])), apply(moved, middle[1]), strict=True)]
        second = self.step.slopes(image)
        by_second, by_first = along(self.step.bends(image), moved), along(self.step.bends(x), self.basis)
        pairs = zip(by_second, by_first, strict=True)
        return [self.turned(add(matmul(bend, first), matmul(second, other))) for bend, other in pairs]


def distance(x: Vector, y: Vector) -> Interval:
    """`|x - y|`."""
    return norm([a - b for a, b in zip(x, y, strict=True)])


def both_ends(point: Point) -> list[Vector]:
    """`p` and `q`."""
    assert isinstance(point, CyclePoint)
    return [end.x for end in point.ends]


def largest(parts: list[Interval]) -> Interval:
    """The larger of two numbers."""
    return -least([-x for x in parts])


def measure_nonstationary(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The smaller `|g|`."""
    assert isinstance(point, CyclePoint)
    return {"gradient_norm": least([norm(end.gradient) for end in point.ends])}


def measure_attractor(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The largest multiplier."""
    assert isinstance(point, CyclePoint)
    return {"largest_multiplier": spectrum(point.turned()[0]).largest_modulus()}


def conclude_attractor(facts: Facts, claim: Claim) -> str | None:
    """On which side of 1 it is."""
    modulus = claim.numbers["largest_multiplier"]
    return "proved" if modulus.below(ONE) else "refuted" if ONE.below(modulus) else None


def measure_around(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The only critical point of `f` in a box around the middle of the pair."""
    f, (p, q) = point.problem.f, both_ends(point)
    inputs = record(claim.inputs, "inputs", ("centre", "half_width"))
    centre = [exact(c) for c in vector(f.dimension)(inputs["centre"], "centre")]
    reach = exact(positive(inputs["half_width"], "half_width"))
    near = [c + hull([-reach, reach]) for c in centre]
    half = exact(Fraction(1, 2))
    if not is_inside([half * (a + b) for a, b in zip(p, q, strict=True)], near):
        raise Undefined("the middle may not be in the box")
    c = only_zero(
        lambda x: f.at(x)[1], lambda x: f.hessian_at(x)[1], approximate_inverse(f.hessian_at(centre)[1]), near
    )
    if c is None:
        raise Undefined("Krawczyk's test fails for the critical point")
    hessian = spectrum(symmetric_part(f.hessian_at(c)[1]), symmetric=True)
    numbers = {"distance": largest([distance(p, c), distance(q, c)])}
    return numbers | {"smallest_hessian_eigenvalue": hessian.least_real_part()}


def read_balls(claim: Claim, d: int) -> tuple[list[Matrix], list[Fraction], Fraction]:
    """The inputs `V` and `R`, of both points, and `kappa`."""
    names = ("bases", "sizes", "bound", "subdivision_p", "subdivision_q")
    inputs = record(claim.inputs, "inputs", names)
    flat = items(inputs["bases"], "bases", vector(d * d), count=2)
    bases = [[[exact(v) for v in numbers[i : i + d]] for i in range(0, d * d, d)] for numbers in flat]
    return bases, items(inputs["sizes"], "sizes", dyadic, count=2), dyadic(inputs["bound"], "bound")


def measure_basin(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The bound around both points."""
    assert isinstance(point, CyclePoint)
    bases, sizes, bound = read_balls(claim, facts.problem.f.dimension)
    contractions, radii = [], []
    parts = zip(both_ends(point), point.turned(), bases, sizes, ("subdivision_p", "subdivision_q"), strict=True)
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


RULES_OF_CYCLES: dict[str, Rule] = {
    "existence": Rule(
        lambda facts, claim: ("offset", "distance") if claim.numbers else (),
        lambda facts, claim, point: {"distance": distance(*both_ends(point))},
        lambda facts, claim: if_positive("distance")(facts, claim) if claim.numbers else "refuted",
    ),
    "nonstationary": Rule(only("gradient_norm"), measure_nonstationary, if_positive("gradient_norm")),
    "attractor": Rule(only("largest_multiplier"), measure_attractor, conclude_attractor),
    "around": Rule(
        only("smallest_hessian_eigenvalue", "distance"),
        measure_around,
        if_positive("smallest_hessian_eigenvalue"),
        inputs=True,
    ),
    "basin": Rule(only("contraction", "radius"), measure_basin, conclude_basin, inputs=True),
}
