"""Claims about regions: boxes cut into pieces, each of which a test settles.

The file says how a box is cut, and by which test each piece is settled. Cuts in the middle cover the box
whatever they are, so they are only followed. The letters of the tests are hints: here every piece is settled
by any test that is sufficient, and one that is not is cut a few times more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from hallucheck.claims import Claim, Facts, Numbers, Rule, only
from hallucheck.interval import Interval, Undefined, exact, hull, total
from hallucheck.linear import (
    Vector,
    add,
    approximate_inverse,
    identity,
    is_positive_definite,
    middle_of,
    norm,
    scaled,
    subtract,
    symmetric_part,
)
from hallucheck.point import Point, only_zero
from hallucheck.problem import Function, Problem
from hallucheck.reading import NotCovered, Refused, box, positive, positive_vector, record, vector

MOST_LETTERS = 1 << 22
MOST_HALVINGS = 400
MORE_CUTS = 6  # that a piece is halved, once for each side, beyond what the file says
Side = tuple[Fraction, Fraction]
Box = list[Side]


def pieces(whole: Box, tree: Any, where: str) -> Iterator[Box]:
    """The pieces of a subdivision: `A`, `B`, .. halve a side, the lower half comes first; a small letter is a piece."""
    if not isinstance(tree, str) or not 0 < len(tree) <= MOST_LETTERS:
        raise Refused(where, "not a subdivision")
    todo = [(whole, 0)]
    for letter in tree:
        if not todo:
            raise Refused(where, "goes on behind its end")
        piece, halvings = todo.pop()
        side = ord(letter) - ord("A")
        if "a" <= letter <= "z":
            yield piece
        elif 0 <= side < len(whole) and halvings < MOST_HALVINGS:
            todo += [(half, halvings + 1) for half in reversed(halves(piece, side))]
        else:
            raise Refused(where, "cuts a side that is not there, or too often")
    if todo:
        raise Refused(where, "ends too early")


def halves(piece: Box, side: int) -> tuple[Box, Box]:
    """The lower and the upper half."""
    low, high = piece[side]
    middle = (low + high) / 2
    return (
        [*piece[:side], (low, middle), *piece[side + 1 :]],
        [*piece[:side], (middle, high), *piece[side + 1 :]],
    )


def around(centre: Sequence[Fraction], radius: Fraction) -> Box:
    """A cube."""
    return [(c - radius, c + radius) for c in centre]


def intervals(piece: Box) -> Vector:
    """The piece in intervals."""
    return [hull([exact(low), exact(high)]) for low, high in piece]


def settled(piece: Box, test: Callable[[Vector], bool], cuts: int = MORE_CUTS) -> bool:
    """Does the test hold on the piece, or on all parts of it after some cuts of the longest sides?"""
    try:
        if test(intervals(piece)):
            return True
    except Undefined:
        pass
    if cuts == 0:
        return False
    side = max(range(len(piece)), key=lambda i: piece[i][1] - piece[i][0])
    return all(settled(half, test, cuts - 1) for half in halves(piece, side))


def cover(whole: Box, tree: Any, where: str, test: Callable[[Vector], bool]) -> None:
    """The test holds all over the box, or this is undefined."""
    if not all(settled(piece, test) for piece in pieces(whole, tree, where)):
        raise Undefined("a piece of the subdivision is not settled")


def require(*hypotheses: bool) -> None:
    """All hold, or nothing is proved."""
    if not all(hypotheses):
        raise Undefined("a hypothesis is not shown")


def mean_value(value: Interval, slopes: Sequence[Interval], steps: Sequence[Interval]) -> Interval:
    """What a function is at most away from the middle of a box, by its slopes on the box."""
    return value + total(s * d for s, d in zip(slopes, steps, strict=True))


def range_on(f: Function, x: Vector) -> list[Interval]:
    """Enclosures of the values on a box: as it is written, by the gradient, and by the Hessian."""
    middle, steps = middle_of(x)
    value, slopes = f.at(middle)
    _, gradient = f.at(x)
    hessian = f.hessian_at(x)[1]
    half = exact(Fraction(1, 2))
    bends = total(
        half * hessian[i][i] * steps[i].power(2) + total(hessian[i][j] * steps[i] * steps[j] for j in range(i))
        for i in range(len(x))
    )
    return [f.value_at(x), mean_value(value, gradient, steps), mean_value(value, slopes, steps) + bends]


def no_critical_point(f: Function, x: Vector) -> bool:
    """Is the gradient certainly not zero on a box: as it is written, or by the Hessian?"""
    gradient, hessian = f.hessian_at(x)
    middle, steps = middle_of(x)
    forms = [mean_value(v, row, steps) for v, row in zip(f.at(middle)[1], hessian, strict=True)]
    return any(v.positive() or v.negative() for v in [*gradient, *forms])


def is_inside(x: Vector, y: Vector) -> bool:
    """Does one box contain the other?"""
    return all(a.inside(b) for a, b in zip(x, y, strict=True))


def square_distance(x: Sequence[Interval], y: Sequence[Interval]) -> Interval:
    """`|x - y|**2`."""
    return total((a - b).power(2) for a, b in zip(x, y, strict=True))


def refutes_globally(claim: Claim) -> bool:
    """Does the claim name another place, where `f` is lower?"""
    return isinstance(claim.inputs, dict) and "elsewhere" in claim.inputs


def names_of_global_target(facts: Facts, claim: Claim) -> list[str]:
    """The value there, and the place."""
    names = [f"elsewhere[{i}]" for i in range(facts.problem.f.dimension)]
    return ["target_value", "value_elsewhere", *names] if refutes_globally(claim) else ["target_value"]


def measure_global_target(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`f(y) >= f(x*+)` for all `y` of a box: larger on a piece, or convex on a neighbourhood of `x*+`."""
    f, d = point.problem.f, len(point.x)
    values = {"target_value": point.target_value}
    if refutes_globally(claim):
        inputs = record(claim.inputs, "inputs", ("box", "elsewhere"))
        place = box(d)(inputs["elsewhere"], "elsewhere")
        require(is_inside(place, box(d)(inputs["box"], "box")))
        return values | {"value_elsewhere": f.value_at(place)} | {f"elsewhere[{i}]": x for i, x in enumerate(place)}
    inputs = record(claim.inputs, "inputs", ("box", "neighbourhood", "subdivision"))
    whole, near = box(d)(inputs["box"], "box"), box(d)(inputs["neighbourhood"], "neighbourhood")
    convex = is_positive_definite(symmetric_part(f.hessian_at(near)[1]))
    require(convex, is_inside(point.plus, near), is_inside(point.plus, whole))

    def test(x: Vector) -> bool:
        return is_inside(x, near) or any(point.target_value.below(value) for value in range_on(f, x))

    cover([side.ends() for side in whole], inputs["subdivision"], "subdivision", test)
    return values


def conclude_global_target(facts: Facts, claim: Claim) -> str | None:
    """Refuted by a lower value."""
    if not refutes_globally(claim):
        return "proved"
    return "refuted" if claim.numbers["value_elsewhere"].below(claim.numbers["target_value"]) else None


def maximizer_in(f: Function, near: Sequence[Fraction], cube: Vector) -> Vector:
    """The only critical point in a cube on which the Hessian is negative definite: a maximizer."""
    minus = scaled(exact(-1), symmetric_part(f.hessian_at(cube)[1]))
    centre = [exact(v) for v in near]
    small = [c + (side - side.middle()) * Interval((1, 1, -20)) for c, side in zip(centre, cube, strict=True)]
    c = approximate_inverse(f.hessian_at(centre)[1])
    x = only_zero(lambda x: f.at(x)[1], lambda x: f.hessian_at(x)[1], c, small)
    if x is None or not is_positive_definite(minus) or not all(a.inside(b) for a, b in zip(x, cube, strict=True)):
        raise Undefined("the maximizer is not found in its cube")
    return x


def is_farthest_near(point: Point, near: Box, penalty: Interval) -> bool:
    """Is `|y - c| < rho` for all other `y` with `f(y) >= alpha = f(x*)` of a box around `x*`, where `c =
    x*+`?

    Let `t(y) = |y - c|**2 - rho**2` and `W = f - alpha + (lambda/2) t - p t**2` for some `p > 0`. As `g(x*) =
    lambda (c - x*)`, `x*` is a critical point of `W`, and its strict maximum, 0, if the Hessian `H + lambda I
    - p (8 (y - c)(y - c)^T + 4 t I)` is negative definite on the box. Then `f - alpha < -t (lambda/2 - p t)
    <= 0` wherever `0 <= t <= lambda/(2 p)`, but at `x*`.
    """
    f, multiplier, square = point.problem.f, point.s / point.problem.rho, exact(point.problem.exact_rho**2)
    reach = square_distance(intervals(near), point.plus) - square
    if not (exact(2) * penalty * reach.upper()).below(multiplier):
        return False

    def concave(y: Vector) -> bool:
        steps = [a - c for a, c in zip(y, point.plus, strict=True)]
        t = total(v.power(2) for v in steps) - square
        diagonal = exact(4) * penalty * t - multiplier
        outer = [
            [(exact(8) * penalty) * (a * b if i != j else a.power(2)) for j, b in enumerate(steps)]
            for i, a in enumerate(steps)
        ]
        rest = subtract(scaled(diagonal, identity(len(y))), f.hessian_at(y)[1])
        return is_positive_definite(symmetric_part(add(outer, rest)))

    return settled(near, concave)


def measure_farthest_point(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`x*` is the point of the paper's construction, farthest from the target `c` in `U`, a part of `{f >=
    alpha}`.

    `B` is a ball around a maximizer and `alpha = f(x*)`. Each piece of the cube around `B` is outside of `B`;
    or `f < alpha` on it; or it lies inside of `B`, no critical point but the maximizer is on it, and nothing
    with `f >= alpha` on it is as far from `c` as `x*`. So `f < alpha` on the boundary of `B`. Each component
    of `{f >= alpha}` in `B` holds a critical point, a maximizer of `f` on it; hence there is one component,
    `U`, and `x*`, which is in `B`, belongs to it.
    """
    d, f, inputs = len(point.x), point.problem.f, claim.inputs
    if isinstance(inputs, dict) and ("cut" in inputs or "level_function" in inputs):
        raise NotCovered("farthest points of sets of maximizers are not covered here")
    names = ("maximizer", "ball_radius", "cube_radius", "neighbourhood", "penalty", "subdivision")
    record(inputs, "inputs", names)
    centre = vector(d)(inputs["maximizer"], "maximizer")
    radius, small = positive(inputs["ball_radius"], "ball_radius"), positive(inputs["cube_radius"], "cube_radius")
    near = box(d)(inputs["neighbourhood"], "neighbourhood")
    penalty = exact(positive(inputs["penalty"], "penalty"))
    middle, square, cube = [exact(c) for c in centre], exact(radius * radius), intervals(around(centre, small))
    rho_square = exact(point.problem.exact_rho**2)

    def test(x: Vector) -> bool:
        from_middle = square_distance(x, middle)
        if square.below(from_middle) or any(v.below(point.value) for v in range_on(f, x)):
            return True
        near_enough = is_inside(x, near) or square_distance(x, point.plus).below(rho_square)
        return from_middle.below(square) and near_enough and (is_inside(x, cube) or no_critical_point(f, x))

    inside = square_distance(point.x, middle).below(square) and is_inside(point.x, near)
    require(point.problem.variant is None, inside, is_farthest_near(point, [x.ends() for x in near], penalty))
    cover(around(centre, radius), inputs["subdivision"], "subdivision", test)
    return {"level": point.value, "maximum": f.value_at(maximizer_in(f, centre, cube))}


def conclude_farthest_point(facts: Facts, claim: Claim) -> str | None:
    """The maximum is above the level, and `x*` is a maximum on the sphere."""
    if not facts.has("sphere_type") or not claim.numbers["level"].below(claim.numbers["maximum"]):
        return None
    largest = facts.claims["sphere_type"].numbers.get("largest_tangential_eigenvalue")
    return "proved" if largest is None or largest.negative() else None


class Place(Point):
    """A box, and the point in its middle."""

    def __init__(self, centre: Vector, whole: Vector) -> None:
        self.centre, self.whole = centre, whole


def read_box(value: Any, problem: Problem) -> Place:
    """The field `witness` where nothing is solved."""
    d = problem.f.dimension
    record(value, "witness", ("system", "centre", "slice", "radius", "preconditioner"))
    if value["slice"] is not None or value["preconditioner"] != []:
        raise Refused("witness", "a box has neither slice nor preconditioner")
    radius = positive_vector(d)(value["radius"], "witness.radius")
    x = [exact(c) for c in vector(d)(value["centre"], "witness.centre")]
    return Place(x, [c + hull([exact(-r), exact(r)]) for c, r in zip(x, radius, strict=True)])


def measure_stall(facts: Facts, claim: Claim, place: Point) -> Numbers:
    """`v^T H(y+) v/|v|**2 < 0` for every `y` of a box: no `y+` is a local minimizer of `f`."""
    problem, f = facts.problem, facts.problem.f
    direction = vector(f.dimension)(record(claim.inputs, "inputs", ("direction",))["direction"], "direction")
    assert isinstance(place, Place)
    require(problem.variant is None, any(direction))
    seeds = {i: f.code.constant(v) for i, v in zip(f.inputs, direction, strict=True) if v}
    (bend,) = f.code.tangents(f.code.tangents([f.value], seeds), seeds)
    square_of_length = exact(sum(v * v for v in direction))
    curvature = f.code.evaluate(problem.plus(place.whole, f.at(place.whole)[1]))[bend] / square_of_length
    value, g = f.at(place.centre)
    sam_value, shifted = f.at(problem.plus(place.centre, g))
    square = total(v.power(2) for v in shifted)
    return {
        "curvature": curvature,
        "gradient_norm": norm(g),
        "shifted_gradient_square": square,
        "value": value,
        "sam_value": sam_value,
    }


def conclude_stall(facts: Facts, claim: Claim) -> str | None:
    """The curvature is negative."""
    record(claim.inputs, "inputs", ("direction",))
    return "proved" if claim.numbers["curvature"].negative() else None


RULES_OF_REGIONS: dict[str, Rule] = {
    "farthest_point": Rule(only("level", "maximum"), measure_farthest_point, conclude_farthest_point, inputs=True),
    "global_target": Rule(names_of_global_target, measure_global_target, conclude_global_target, inputs=True),
}
RULES_OF_BOXES: dict[str, Rule] = {
    "no_minimizer_near": Rule(
        only("curvature", "gradient_norm", "shifted_gradient_square", "value", "sam_value"),
        measure_stall,
        conclude_stall,
        inputs=True,
    ),
}
