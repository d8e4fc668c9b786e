"""Claims about regions: boxes cut into pieces, each of which a test settles.

The file says how a box is cut, and by which test each piece is settled. Cuts in the middle cover the box
whatever they are, so they are only followed. The letters of the tests are hints: here every piece is settled
by any test that is sufficient, and one that is not is cut a few times more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hallucheck.claims import Claim, Facts, Measures, Numbers, Rule, given
from hallucheck.interval import HALF, ONE, TWO, Interval, Undefined, ball, exact, total
from hallucheck.linear import Vector, identity, matrix_of, norm, width
from hallucheck.point import Point
from hallucheck.problem import Function, Problem
from hallucheck.reading import (
    NotCovered,
    Refused,
    box,
    fields,
    items,
    matrix,
    null,
    number,
    positive,
    positive_vector,
    record,
    text,
    vector,
)

MOST_LETTERS = 1 << 22
MOST_HALVINGS = 400
MORE_CUTS = 6  # that a piece is halved, once for each side, beyond what the file says


def pieces(whole: Vector, tree: Any, where: str) -> Iterator[Vector]:
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


def halves(piece: Vector, side: int) -> list[Vector]:
    """The lower and the upper half; where ends are rounded, they overlap."""
    return [Vector([*piece[:side], half, *piece[side + 1 :]]) for half in piece[side].halves()]


def settled(piece: Vector, test: Callable[[Vector], bool], cuts: int = MORE_CUTS) -> bool:
    """Does the test hold on the piece, or on all parts of it after some cuts of the longest sides?"""
    try:
        if test(piece):
            return True
    except Undefined:
        pass
    if cuts == 0:
        return False
    widths = [width(x) for x in piece]
    side = max(range(len(piece)), key=lambda i: (float(widths[i]), -i))
    return all(settled(half, test, cuts - 1) for half in halves(piece, side))


def cover(whole: Vector, tree: Any, where: str, test: Callable[[Vector], bool]) -> None:
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
    middle, steps = x.middle_and_steps()
    value, slopes = f.at(middle)
    _, gradient = f.at(x)
    hessian = f.hessian_at(x)[1]
    bends = total(
        HALF * hessian[i][i] * steps[i].power(2) + total(hessian[i][j] * steps[i] * steps[j] for j in range(i))
        for i in range(len(x))
    )
    return [f.value_at(x), mean_value(value, gradient, steps), mean_value(value, slopes, steps) + bends]


def no_critical_point(f: Function, x: Vector) -> bool:
    """Is the gradient certainly not zero on a box: as it is written, or by the Hessian?"""
    gradient, hessian = f.hessian_at(x)
    middle, steps = x.middle_and_steps()
    forms = [mean_value(v, row, steps) for v, row in zip(f.at(middle)[1], hessian, strict=True)]
    return any(v.positive() or v.negative() for v in [*gradient, *forms])


def square_distance(x: Sequence[Interval], y: Sequence[Interval]) -> Interval:
    """`|x - y|**2`."""
    return total(v.power(2) for v in Vector(x) - y)


def global_target_numbers(facts: Facts, claim: Claim) -> Measures:
    """Refuted, also the value elsewhere, and the place."""
    names = [f"elsewhere[{i}]" for i in range(facts.problem.f.dimension)]
    return given("target_value", "value_elsewhere", *names) if "elsewhere" in claim.inputs else given("target_value")


def measure_global_target(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`f(y) >= f(x*+)` for all `y` of a box: larger on a piece, or convex on a neighbourhood of `x*+`."""
    f, d = point.problem.f, len(point.x)
    values = {"target_value": point.target_value}
    if "elsewhere" in claim.inputs:
        inputs = record(claim.inputs, "inputs", ("box", "elsewhere"))
        place = box(d)(inputs["elsewhere"], "elsewhere")
        require(place.inside(box(d)(inputs["box"], "box")))
        return values | {"value_elsewhere": f.value_at(place)} | {f"elsewhere[{i}]": x for i, x in enumerate(place)}
    inputs = record(claim.inputs, "inputs", ("box", "neighbourhood", "subdivision"))
    whole, near = box(d)(inputs["box"], "box"), box(d)(inputs["neighbourhood"], "neighbourhood")
    convex = f.hessian_at(near)[1].symmetric_part().is_positive_definite()
    require(convex, point.plus.inside(near), point.plus.inside(whole))

    def test(x: Vector) -> bool:
        return x.inside(near) or any(point.target_value.below(value) for value in range_on(f, x))

    cover(whole, inputs["subdivision"], "subdivision", test)
    return values


def conclude_global_target(facts: Facts, claim: Claim) -> str | None:
    """Refuted by a lower value."""
    if "elsewhere" not in claim.inputs:
        return "proved"
    return "refuted" if claim.numbers["value_elsewhere"].below(claim.numbers["target_value"]) else None


def maximizer_in(f: Function, centre: Vector, near: Vector) -> Vector:
    """The only critical point in a cube on which the Hessian is negative definite: a maximizer."""
    minus = f.hessian_at(near)[1].symmetric_part() * -ONE
    small = Vector(c + (side - side.middle()) * Interval((1, 1, -20)) for c, side in zip(centre, near, strict=True))
    x = f.only_critical_point(f.hessian_at(centre)[1].approximate_inverse(), small)
    if x is None or not minus.is_positive_definite() or not x.inside(near):
        raise Undefined("the maximizer is not found in its cube")
    return x


def is_farthest_near(point: Point, near: Vector, penalty: Interval) -> bool:
    """Is `|y - c| < rho` for all other `y` with `f(y) >= alpha = f(x*)` of a box around `x*`, where `c =
    x*+`?

    Let `t(y) = |y - c|**2 - rho**2` and `W = f - alpha + (lambda/2) t - p t**2` for some `p > 0`. As `g(x*) =
    lambda (c - x*)`, `x*` is a critical point of `W`, and its strict maximum, 0, if the Hessian `H + lambda I
    - p (8 (y - c)(y - c)^T + 4 t I)` is negative definite on the box. Then `f - alpha < -t (lambda/2 - p t)
    <= 0` wherever `0 <= t <= lambda/(2 p)`, but at `x*`.
    """
    f, multiplier, square = point.problem.f, point.s / point.problem.rho, exact(point.problem.exact_rho**2)
    reach = square_distance(near, point.plus) - square
    if not (TWO * penalty * reach.upper()).below(multiplier):
        return False

    def concave(y: Vector) -> bool:
        steps = y - point.plus
        t = total(v.power(2) for v in steps) - square
        diagonal = exact(4) * penalty * t - multiplier
        outer = matrix_of(
            [(exact(8) * penalty) * (a * b if i != j else a.power(2)) for j, b in enumerate(steps)]
            for i, a in enumerate(steps)
        )
        rest = identity(len(y)) * diagonal - f.hessian_at(y)[1]
        return (outer + rest).symmetric_part().is_positive_definite()

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
    if "cut" in inputs or "level_function" in inputs:
        raise NotCovered("farthest points of sets of maximizers are not covered here")
    names = ("maximizer", "ball_radius", "cube_radius", "neighbourhood", "penalty", "subdivision")
    record(inputs, "inputs", names)
    centre = vector(d)(inputs["maximizer"], "maximizer")
    radius, small = positive(inputs["ball_radius"], "ball_radius"), positive(inputs["cube_radius"], "cube_radius")
    near = box(d)(inputs["neighbourhood"], "neighbourhood")
    penalty = exact(positive(inputs["penalty"], "penalty"))
    square, top = exact(radius * radius), centre.cube(exact(small))
    rho_square = exact(point.problem.exact_rho**2)

    def test(x: Vector) -> bool:
        from_middle = square_distance(x, centre)
        if square.below(from_middle) or any(v.below(point.value) for v in range_on(f, x)):
            return True
        near_enough = x.inside(near) or square_distance(x, point.plus).below(rho_square)
        return from_middle.below(square) and near_enough and (x.inside(top) or no_critical_point(f, x))

    inside = square_distance(point.x, centre).below(square) and point.x.inside(near)
    require(point.problem.variant is None, inside, is_farthest_near(point, near, penalty))
    cover(centre.cube(exact(radius)), inputs["subdivision"], "subdivision", test)
    return {"level": point.value, "maximum": f.value_at(maximizer_in(f, centre, top))}


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
    found = fields(
        value,
        "witness",
        system=text,
        centre=vector(d),
        slice=null,
        radius=positive_vector(d),
        preconditioner=matrix(0, 0),
    )
    return Place(found.centre, found.centre + Vector(map(ball, found.radius)))


def measure_stall(facts: Facts, claim: Claim, place: Point) -> Numbers:
    """`v^T H(y+) v/|v|**2 < 0` for every `y` of a box: no `y+` is a local minimizer of `f`."""
    problem, f = facts.problem, facts.problem.f
    direction = items(claim.inputs["direction"], "direction", number, count=f.dimension)
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
    "farthest_point": Rule(given("level", "maximum"), conclude_farthest_point, measure_farthest_point, inputs=True),
    "global_target": Rule(global_target_numbers, conclude_global_target, measure_global_target, inputs=True),
}
RULES_OF_BOXES: dict[str, Rule] = {
    "no_minimizer_near": Rule(
        given("curvature", "gradient_norm", "shifted_gradient_square", "value", "sam_value"),
        conclude_stall,
        measure_stall,
        inputs=True,
    )
}
