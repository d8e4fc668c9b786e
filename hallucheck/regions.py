"""Claims about regions: boxes cut into pieces, each of which a test settles.

The file says how a box is cut, and by which test each piece is settled. Cuts in the middle cover the box
whatever they are, so they are only followed. The letters of the tests are hints: here every piece is settled
by any test that is sufficient, and one that is not is cut a few times more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from hallucheck.claims import Claim, Facts, Numbers
from hallucheck.interval import ONE, ZERO, Interval, Undefined, exact, hull, precision, total, working_precision
from hallucheck.linear import (
    Matrix,
    Vector,
    add,
    apply,
    approximate_inverse,
    identity,
    inverse,
    is_positive_definite,
    least_singular_value,
    matmul,
    middle_of,
    norm,
    scaled,
    spectrum,
    symmetric_part,
    transpose,
)
from hallucheck.manifolds import arrives, check_basin_of_manifold, residual_size
from hallucheck.point import Point, only_zero
from hallucheck.problem import Function, Problem
from hallucheck.reading import NotCovered, Refused, box, dyadic, integer, items, number, positive, record, vector

MOST_LETTERS = 1 << 22
MOST_HALVINGS = 400
MOST_BITS_OF_RUNS = 20_000
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


def ends(x: Interval) -> Side:
    """The ends of an interval of the file, exactly."""
    scale = Fraction(2) ** x[2]
    return x[0] * scale, x[1] * scale


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


def cover(whole: Box, tree: Any, where: str, test: Callable[[Vector], bool]) -> bool:
    """Does the test hold all over the box?"""
    return all(settled(piece, test) for piece in pieces(whole, tree, where))


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


def square_distance(x: Sequence[Interval], y: Sequence[Interval]) -> Interval:
    """`|x - y|**2`."""
    return total((a - b).power(2) for a, b in zip(x, y, strict=True))


def check_global_target(claim: Claim, facts: Facts, point: Point) -> tuple[Numbers, str | None]:
    """`f(y) >= f(x*+)` for all `y` of a box: larger on a piece, or convex on a neighbourhood of `x*+`."""
    f, d = point.problem.f, len(point.x)
    inputs = claim.inputs if isinstance(claim.inputs, dict) else {}
    if "elsewhere" in inputs:
        record(inputs, "inputs", ("box", "elsewhere"))
        whole, place = box(d)(inputs["box"], "box"), box(d)(inputs["elsewhere"], "elsewhere")
        measured = {"target_value": point.target_value, "value_elsewhere": f.value_at(place)}
        measured |= {f"elsewhere[{i}]": side for i, side in enumerate(place)}
        lower = "value_elsewhere" in claim.numbers and claim.numbers["value_elsewhere"].below(
            claim.numbers["target_value"]
        )
        return measured, "refuted" if lower and all(p.inside(w) for p, w in zip(place, whole, strict=True)) else None
    record(inputs, "inputs", ("box", "neighbourhood", "subdivision"))
    whole, near = box(d)(inputs["box"], "box"), box(d)(inputs["neighbourhood"], "neighbourhood")
    inside = all(p.strictly_inside(n) and p.inside(w) for p, n, w in zip(point.plus, near, whole, strict=True))
    convex = is_positive_definite(symmetric_part(f.hessian_at(near)[1]))

    def test(x: Vector) -> bool:
        if is_inside(x, near):
            return True
        return any(point.target_value.below(value) for value in range_on(f, x))

    proved = inside and convex and cover([ends(side) for side in whole], inputs["subdivision"], "subdivision", test)
    return {"target_value": point.target_value}, "proved" if proved else None


def maximizer_in(f: Function, near: Sequence[Fraction], cube: Vector) -> Vector:
    """The only critical point in a cube on which the Hessian is negative definite: a maximizer."""
    minus = scaled(exact(-1), symmetric_part(f.hessian_at(cube)[1]))
    centre = [exact(v) for v in near]
    small = [c + (side - side.middle()) * Interval((1, 1, -20)) for c, side in zip(centre, cube, strict=True)]
    c = approximate_inverse(f.hessian_at(centre)[1])
    x = only_zero(lambda x: f.at(x)[1], lambda x: f.hessian_at(x)[1], c, small, small)
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
        rest = add(scaled(diagonal, identity(len(y))), scaled(exact(-1), f.hessian_at(y)[1]))
        return is_positive_definite(symmetric_part(add(outer, rest)))

    return settled(near, concave)


def check_farthest_point(claim: Claim, facts: Facts, point: Point) -> tuple[Numbers, str | None]:
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
    cube = intervals(around(centre, small))
    middle, square = [exact(c) for c in centre], exact(radius * radius)
    maximum = f.value_at(maximizer_in(f, centre, cube))
    rho_square = exact(point.problem.exact_rho**2)

    def test(x: Vector) -> bool:
        from_middle = square_distance(x, middle)
        if square.below(from_middle) or any(v.below(point.value) for v in range_on(f, x)):
            return True
        if not from_middle.below(square):
            return False
        if not is_inside(x, near) and not square_distance(x, point.plus).below(rho_square):
            return False
        return is_inside(x, cube) or no_critical_point(f, x)

    proved = (
        point.problem.variant is None
        and facts.has("hallucinated_minimizer")
        and {"level", "maximum"} == set(claim.numbers)
        and claim.numbers["level"].below(claim.numbers["maximum"])
        and square_distance(point.x, middle).below(square)
        and all(a.strictly_inside(b) for a, b in zip(point.x, near, strict=True))
        and is_farthest_near(point, [ends(side) for side in near], penalty)
        and cover(around(centre, radius), inputs["subdivision"], "subdivision", test)
    )
    return {"level": point.value, "maximum": maximum}, "proved" if proved else None


def is_inside(x: Vector, y: Vector) -> bool:
    """Does one box contain the other?"""
    return all(a.inside(b) for a, b in zip(x, y, strict=True))


class Contraction:
    """`I - E V^-1 M(x) V` on boxes of `w`, where `x = x* + V w`."""

    def __init__(self, point: Point, step: Fraction, basis: list[list[Fraction]]) -> None:
        self.point, self.step = point, exact(step)
        self.basis = [[exact(v) for v in row] for row in basis]
        self.inverse = inverse(self.basis)
        self.nodes: list[int] | None = None

    def of(self, m: Matrix, start: Interval = ONE) -> Matrix:
        """`I - E V^-1 M V`; with 0 as start without `I`."""
        turned = scaled(-self.step, matmul(self.inverse, matmul(m, self.basis)))
        return add(scaled(start, identity(len(m))), turned)

    def x(self, w: Vector) -> Vector:
        """The points of these `w`."""
        return [a + b for a, b in zip(self.point.x, apply(self.basis, w), strict=True)]

    def on(self, w: Vector) -> Matrix:
        """All its values on a box, as it is written."""
        x, problem = self.x(w), self.point.problem
        g, hessian = problem.f.hessian_at(x)
        plus = problem.plus(x, g)
        return self.of(matmul(problem.f.hessian_at(plus)[1], problem.perturbation(g, hessian)))

    def by_mean_value(self, w: Vector) -> Matrix:
        """The same: the value in the middle, and derivatives on the box times steps."""
        code, inputs, d = self.point.problem.f.code, self.point.problem.f.inputs, len(w)
        if self.nodes is None:  # all entries of M as code, by columns
            shifted, one = self.point.problem.shifted_gradient_nodes(), code.constant(1)
            self.nodes = [node for i in inputs for node in code.tangents(shifted, {i: one})]
            code.differentiable(self.nodes)
        slopes = code.jacobian(code.evaluate(self.x(w)), self.nodes, inputs)
        middle, steps = middle_of(w)
        result = self.on(middle)
        for k, step in enumerate(steps):
            direction = [row[k] for row in self.basis]
            flat = [total(a * b for a, b in zip(row, direction, strict=True)) for row in slopes]
            bend = self.of([[flat[j * d + i] for j in range(d)] for i in range(d)], ZERO)
            result = add(result, scaled(step, bend))
        return result


def check_basin(claim: Claim, facts: Facts, point: Point) -> tuple[Numbers, str | None]:
    """`|V^-1 (I - E M(x)) V| <= kappa < 1` on all of `{x* + V w: |w| <= R}`."""
    if point.residual:
        return check_basin_of_manifold(claim, point)
    d, inputs = len(point.x), record(claim.inputs, "inputs", ("step", "basis", "size", "bound", "subdivision"))
    step, size = dyadic(inputs["step"], "step"), dyadic(inputs["size"], "size")
    bound = dyadic(inputs["bound"], "bound")
    flat = items(inputs["basis"], "basis", dyadic, count=d * d)
    if step <= 0 or size <= 0 or not 0 < bound < 1:
        return {}, None
    map_of = Contraction(point, step, [flat[i : i + d] for i in range(0, d * d, d)])

    def square_of(n: Matrix) -> Matrix:
        return symmetric_part(matmul(transpose(n), n))

    def bounded(n: Matrix) -> bool:
        return is_positive_definite(add(scaled(exact(bound * bound), identity(d)), scaled(exact(-1), square_of(n))))

    def test(w: Vector) -> bool:
        if exact(size * size).below(total(v.power(2) for v in w)) or bounded(map_of.on(w)):
            return True
        return d <= 4 and bounded(map_of.by_mean_value(w))

    contraction = spectrum(square_of(map_of.of(point.dynamics)), symmetric=True).largest_real_part().sqrt()
    radius = exact(size) * least_singular_value(map_of.basis)
    proved = cover(around([Fraction(0)] * d, size), inputs["subdivision"], "subdivision", test)
    return {"contraction": contraction, "radius": radius}, "proved" if proved else None


def check_converges(claim: Claim, facts: Facts, point: Point) -> tuple[Numbers, str | None]:
    """`x_N` of the iteration from an exact start lies in the ball of the claim `basin`."""
    d, inputs = len(point.x), record(claim.inputs, "inputs", ("start", "step", "steps", "bits"))
    start, step = vector(d)(inputs["start"], "start"), number(inputs["step"], "step")
    steps, bits = integer(inputs["steps"], "steps"), integer(inputs["bits"], "bits", 2, MOST_BITS_OF_RUNS)
    if not facts.has("basin") or not 0 < step <= dyadic(facts.claims["basin"].inputs["step"], "step"):
        return {}, None
    problem = point.problem
    with working_precision(max(precision(), 2 * bits)):
        x, eta = [exact(v) for v in start], exact(step)
        for _ in range(steps):
            shifted = problem.f.at(problem.plus(x, problem.f.at(x)[1]))[1]
            x = [a - eta * b for a, b in zip(x, shifted, strict=True)]
        numbers = residual_size(Point(problem, True, x)) if point.residual else {}
    distance = norm([a - b for a, b in zip(x, point.x, strict=True)])
    if point.residual:
        return {"distance": distance} | numbers, "proved" if arrives(claim, facts, point) else None
    radius = facts.claims["basin"].numbers["radius"]
    inside = "distance" in claim.numbers and claim.numbers["distance"].upper().inside(hull([ZERO, radius.lower()]))
    return {"distance": distance}, "proved" if inside else None


REGIONS = {
    "basin": check_basin,
    "converges": check_converges,
    "farthest_point": check_farthest_point,
    "global_target": check_global_target,
}


def check_stall(
    problem: Problem, centre: list[Fraction], radius: list[Fraction], claim: Claim
) -> tuple[Numbers, str | None]:
    """`v^T H(y+) v < 0` for every `y` of a box: no `y+` is a local minimizer of `f`."""
    f = problem.f
    inputs = record(claim.inputs, "inputs", ("direction",))
    direction = vector(f.dimension)(inputs["direction"], "direction")
    if problem.variant is not None or not any(direction):
        return {}, None
    seeds = {i: f.code.constant(v) for i, v in zip(f.inputs, direction, strict=True) if v}
    (bend,) = f.code.tangents(f.code.tangents([f.value], seeds), seeds)
    x = [exact(c) for c in centre]
    whole = [c + hull([exact(-r), exact(r)]) for c, r in zip(x, radius, strict=True)]
    curvature = f.code.evaluate(problem.plus(whole, f.at(whole)[1]))[bend]
    value, g = f.at(x)
    sam_value, shifted = f.at(problem.plus(x, g))
    measured = {
        "curvature": curvature,
        "gradient_norm": norm(g),
        "shifted_gradient_square": total(v.power(2) for v in shifted),
        "value": value,
        "sam_value": sam_value,
    }
    return measured, "proved" if "curvature" in claim.numbers and claim.numbers["curvature"].negative() else None
