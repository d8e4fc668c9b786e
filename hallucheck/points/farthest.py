"""The claim `farthest_point`: `x*` is the point of the paper's construction."""

from __future__ import annotations

from collections.abc import Sequence

from ..arithmetic.interval import ONE, TWO, Interval, Undefined, exact, total
from ..arithmetic.linear import Vector, identity, outer
from ..arithmetic.norms import is_positive_definite
from ..files.reading import NotCovered, box, number, positive, record, vector
from .point import Point
from .problem import Function
from .rules import Claim, Facts, Numbers, Rule, given
from .subdivisions import cover, no_critical_point, range_on, require, settled


def square_distance(x: Sequence[Interval], y: Sequence[Interval]) -> Interval:
    """`|x - y|**2`."""
    return total(v.power(2) for v in Vector(x) - y)


def maximizer_in(f: Function, centre: Vector, near: Vector) -> Vector:
    """The only critical point in a cube on which the Hessian is negative definite: a maximizer."""
    minus = f.hessian_at(near)[1] * -ONE
    small = Vector(c + (side - side.middle()) * Interval((1, 1, -20)) for c, side in zip(centre, near, strict=True))
    x = f.only_critical_point(f.hessian_at(centre)[1].approximate_inverse(), small)
    if x is None or not is_positive_definite(minus) or not x.inside(near):
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
        rest = identity(len(y)) * (exact(4) * penalty * t - multiplier) - f.hessian_at(y)[1]
        return is_positive_definite(outer(steps) * (exact(8) * penalty) + rest)

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
    centre, near = vector(d)(inputs["maximizer"], "maximizer"), box(d)(inputs["neighbourhood"], "neighbourhood")
    radius, small, penalty = (
        positive(number)(inputs[name], name) for name in ("ball_radius", "cube_radius", "penalty")
    )
    square, top = exact(radius * radius), centre.cube(exact(small))
    rho_square = exact(point.problem.exact_rho**2)

    def test(x: Vector) -> bool:
        from_middle = square_distance(x, centre)
        if square.below(from_middle) or any(v.below(point.value) for v in range_on(f, x)):
            return True
        near_enough = x.inside(near) or square_distance(x, point.plus).below(rho_square)
        return from_middle.below(square) and near_enough and (x.inside(top) or no_critical_point(f, x))

    inside = square_distance(point.x, centre).below(square) and point.x.inside(near)
    require(point.problem.variant is None, inside, is_farthest_near(point, near, exact(penalty)))
    cover(centre.cube(exact(radius)), inputs["subdivision"], "subdivision", test)
    return {"level": point.value, "maximum": f.at(maximizer_in(f, centre, top))[0]}


def conclude_farthest_point(facts: Facts, claim: Claim) -> str | None:
    """The maximum is above the level, and `x*` is a maximum on the sphere."""
    if not facts.has("sphere_type") or not claim.numbers["level"].below(claim.numbers["maximum"]):
        return None
    largest = facts.claims["sphere_type"].numbers.get("largest_tangential_eigenvalue")
    return "proved" if largest is None or largest.negative() else None


RULES = {
    "farthest_point": Rule(given("level", "maximum"), conclude_farthest_point, measure_farthest_point, inputs=True)
}
