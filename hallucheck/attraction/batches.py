"""SAM with a fixed partition of the residuals into batches: common fixed points, and what attracts to them.

A batch b has the loss `f_b = |r_b|**2/(2 n_b)`, its gradient `g_b` and its own perturbed point `x_b+ = x + rho
g_b/|g_b|`; a step with it goes from `x` to `x - eta g_b(x_b+)`. With `y = (r_b(x_b+))_b`, `A = Dy` and `B_b =
Dr_b(x_b+)`, and a nonsingular `V` whose rows that belong to b are `V_b`, a step of length `t E`, `0 < t <= 1`, takes
`w = V^-1 y` to

    (1 - t) w + t T_b w,    T_b = I - E L' W_b,    L = V^-1 A,    W_b = B_b^T V_b/n_b,

with a mean `L'` of `L` along the step, and is at most `t E |W_b| |w|` long. On the ball `|x - x*| <= R`, in which no
gradient vanishes, let `sum p_b |W_b| <= b` and `|L| <= a`; batches are drawn independently, b with probability `p_b`.

*In mean square.* If `sum p_b |T_b w|**2 <= kappa**2 |w|**2` for all these matrices, `kappa < 1`, the mean of `|w|`
falls at least like `(1 - t (1 - kappa))**k` while runs stay in the ball, so their paths have a mean length of at most
`E b |w_0|/(1 - kappa)`: from `|x_0 - x*| = r` they leave it with a probability of at most `c r/(R - r)`, `c = E a b/(1
- kappa)` (Markov). If `sum p_b |T_b w|**2 >= e**2 |w|**2` for all `w`, `e > 1`, at `x*`, no step from E on is stable.

*In any order.* If every product of all `T_b`, each once, has a norm of at most `kappa < 1`, and the sums `|W_b1| +
|W_b2| |T_b1| + |W_b3| |T_b2 T_b1| + ...` are at most `b`, paths have a length of at most `E b |w_0|/(1 - kappa)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from itertools import pairwise
from operator import add
from typing import Any

from ..arithmetic.interval import ONE, ZERO, Interval, Undefined, ball, exact, largest, least, total
from ..arithmetic.linear import Matrix, Vector, identity, matrix_of, norm
from ..arithmetic.norms import frobenius, is_at_most, is_positive_definite, spectral_norm
from ..arithmetic.spectrum import spectrum
from ..files.reading import Refused, dyadic, integer, items, number, positive, rational, record, square_matrix
from ..functions.formulas import Objective
from ..points.claims import RULES as RULES_OF_POINTS
from ..points.point import Point, System
from ..points.problem import Function, Problem
from ..points.rules import Claim, Facts, Measures, Numbers, Rule, by_sign, given, if_positive
from .around import ball_around, change_of_product, changes, combined

MOST_BATCHES = 5  # in any order
BALL = ("step", "basis", "size", "bound", "descent", "slope")


@dataclass
class Batches:
    """For each batch of residuals the problem of its loss, and the probability of a step with it."""

    parts: list[Problem]
    probabilities: list[Fraction]


def read_batches(value: Any, problem: Problem) -> Batches:
    """The field `problem.batches`: each residual is in one batch, and the probabilities have the sum 1."""
    where, f, m = "problem.batches", problem.f, len(problem.f.outputs)

    def read_row(row: Any, where: str) -> list[int]:
        return items(row, where, lambda value, where: integer(value, where, high=m - 1))

    record(value, where, ("rows", "probabilities"))
    rows = items(value["rows"], f"{where}.rows", read_row, most=m)
    shares = items(value["probabilities"], f"{where}.probabilities", positive(rational), count=len(rows))
    ordered = all(row and row == sorted(row) for row in rows) and rows == sorted(rows)
    if not ordered or sorted(i for row in rows for i in row) != list(range(m)) or sum(shares) != 1:
        raise Refused(where, "no partition in order, or no probabilities")
    if f.n is None or problem.variant is not None:
        raise Refused(where, "only for SAM and sums of squares")
    losses = [Objective(f.code, f.inputs, [f.outputs[i] for i in row], f.n * len(row) / m) for row in rows]
    return Batches([Problem(Function(loss), problem.exact_rho, None, problem.exact_scales) for loss in losses], shares)


class BatchPoint(Point):
    """A common fixed point, or all points of a box: for the whole of `f`, and for each batch."""

    def __init__(self, problem: Problem, x: Vector) -> None:
        assert problem.batches is not None
        self.problem, self.residual, self.x, self.batches = problem, True, x, problem.batches
        self.value, self.gradient = problem.f.at(x)
        self.parts = [Point(part, True, x) for part in self.batches.parts]
        ends = [sum(len(part.f.outputs) for part in self.batches.parts[:i]) for i in range(len(self.parts) + 1)]
        self.own = [range(low, high) for low, high in pairwise(ends)]

    @cached_property
    def a(self) -> Matrix:
        """`A`, batch after batch."""
        return Matrix(row for part in self.parts for row in part.a)

    def mean_kernel(self) -> Matrix:
        """`sum p_b A B_b^T/n_b`, each batch in its own columns."""
        columns = Matrix()
        for part, p in zip(self.parts, self.batches.probabilities, strict=True):
            columns.extend(part.b @ self.a.T * exact(p * part.problem.f.share))
        return columns.T


class BatchSystem(System):
    """`y(x0 + S z)` and its derivative."""

    @cached_property
    def parts(self) -> list[System]:
        """The systems of the batches, which have the same witness."""
        assert self.problem.batches is not None
        return [System(part, self.witness) for part in self.problem.batches.parts]

    def value(self, z: Vector) -> Vector:
        """The residuals of each batch at its own point."""
        return Vector(r for part in self.parts for r in part.value(z))

    def derivative(self, z: Vector) -> Matrix:
        """Rows of each batch."""
        return Matrix(row for part in self.parts for row in part.derivative(z))

    def point(self, z: Vector) -> Point:
        """What belongs to a `z`."""
        return BatchPoint(self.problem, self.x(z))


class Steps:
    """The matrices `T_b`, and bounds of `|W_b|` and of `|L|`, at `x*` or on a ball around it."""

    def __init__(self, turned: list[Matrix], descents: Vector, slope: Interval) -> None:
        self.turned, self.descents, self.slope = turned, descents, slope

    def mean_square(self, probabilities: list[Fraction]) -> Matrix:
        """`sum p_b T_b^T T_b`."""
        squares = [t.T @ t * exact(p) for p, t in zip(probabilities, self.turned, strict=True)]
        return reduce(add, squares).symmetric_part()

    def epochs(self, left: frozenset[int], product: Matrix, way: Interval = ZERO) -> Iterator[tuple[Matrix, Interval]]:
        """For all orders of the batches that are left the product of their `T_b`, and the sum that bounds the path."""
        if not left:
            yield product, way
        length = spectral_norm(product) if left else ONE
        for b in left:
            step = (self.descents[b] * length).upper()
            yield from self.epochs(left - {b}, self.turned[b] @ product, way + step)

    def all_epochs(self) -> list[tuple[Matrix, Interval]]:
        """For all orders."""
        if len(self.turned) > MOST_BATCHES:
            raise Undefined("too many batches for all orders")
        return list(self.epochs(frozenset(range(len(self.turned))), identity(len(self.turned[0]))))


class Norm:
    """`|V^-1 y|`, and steps of length `E`."""

    def __init__(self, point: BatchPoint, claim: Claim) -> None:
        step, m = number(claim.inputs["step"], "step"), len(point.problem.f.outputs)
        if len(items(claim.inputs["basis"], "basis", dyadic)) != m * m or step <= 0:
            raise Undefined("a basis that is none, or a step that is not positive")
        self.point, self.step = point, exact(step)
        self.basis = square_matrix(m)(claim.inputs["basis"], "basis")
        self.back = self.basis.inverse()
        self.left = self.back @ point.a  # L
        self.right = [self.of(*both).T @ both[1].b for both in zip(point.own, point.parts, strict=True)]  # W_b^T

    def of(self, own: range, part: Point) -> Matrix:
        """The rows `V_b/n_b`."""
        return Matrix(self.basis[i] for i in own) * exact(part.problem.f.share)

    @cached_property
    def here(self) -> Steps:
        """At `x*`."""
        one = identity(len(self.basis))
        turned = [one + self.left @ right.T * -self.step for right in self.right]
        return Steps(turned, Vector(map(spectral_norm, self.right)), spectral_norm(self.left))

    def around(self, size: Fraction) -> Steps:
        """On the ball `|x - x*| <= R`, in whose box the derivatives are known."""
        point, parts, d = self.point, self.point.parts, len(self.point.x)
        balls = [ball_around(part, exact(size)) for part in parts]
        if not norm(point.problem.f.at(point.x.cube(exact(size)))[1]).positive():
            raise Undefined("nothing is hallucinated where the gradient vanishes")
        found = [next(around.second_derivatives(1)) for around in balls]
        of_left = combined(self.back, [Matrix(rows for of_a, _ in found for rows in of_a[k]) for k in range(d)])
        turned, descents, slope = [], Vector(), ZERO
        for around, part, own, right, t, descent, (_, of_b) in zip(
            balls, parts, point.own, self.right, self.here.turned, self.here.descents, found, strict=True
        ):
            of_right = combined(self.of(own, part).T, of_b)
            moved, steps = changes(around, of_left, right), changes(around, of_right, self.left)
            change = change_of_product(d, moved, steps) * self.step
            turned.append(t + matrix_of(map(ball, row) for row in change))
            descents.append(descent + frobenius(steps.columns(0, d)))
            slope = self.here.slope + frobenius(moved.columns(0, d))
        return Steps(turned, descents, slope)


def read_ball(claim: Claim) -> list[Fraction]:
    """The inputs `R`, `kappa`, `b` and `a` of a claim about a ball; Undefined if they make no sense."""
    size, bound, descent, slope = (dyadic(claim.inputs[k], k) for k in BALL[2:])
    if size <= 0 or not 0 < bound < 1:
        raise Undefined("no ball, or no contraction")
    return [size, bound, descent, slope]


def conclude_minimizer(facts: Facts, claim: Claim) -> str | None:
    """`sum p_b f_b(x_b+)` is 0 there, and `f` is positive without being stationary."""
    if not facts.has("existence", "nonstationary", "target"):
        return None
    return if_positive("value")(facts, facts.claims["nonstationary"])


def attractor_numbers(facts: Facts, claim: Claim) -> Measures:
    """Of the spectrum of the mean kernel, and with a step the factor in the mean square."""
    kernel: Measures = {"smallest_real_part": lambda p: spectrum(p.mean_kernel()).least_real_part()}
    return {**kernel, "contraction": lambda p: factor(claim, p)} if claim.inputs else kernel


def factor(claim: Claim, point: BatchPoint, largest: bool = True) -> Interval:
    """The root of the largest eigenvalue, or of the least, of `sum p_b T_b^T T_b` at `x*`."""
    found = spectrum(Norm(point, claim).here.mean_square(point.batches.probabilities))
    return (found.largest_real_part() if largest else found.least_real_part()).sqrt()


def conclude_attractor(facts: Facts, claim: Claim) -> str | None:
    """Small steps are stable in mean square, up to the one of the inputs; or none is."""
    status = by_sign("smallest_real_part")(facts, claim)
    if not claim.inputs:
        return status
    record(claim.inputs, "inputs", BALL[:2])
    dyadic(claim.inputs["step"], "step")
    return "proved" if status == "proved" and claim.numbers["contraction"].below(ONE) else None


def measure_mean_square(facts: Facts, claim: Claim, point: BatchPoint) -> Numbers:
    """What bounds how likely runs leave the ball; or the expansion at `x*`."""
    if "basis" not in claim.inputs:
        return {}
    if "size" not in claim.inputs:
        return {"expansion": factor(claim, point, largest=False)}
    size, bound, descent, slope = read_ball(claim)
    norm_of, shares = Norm(point, claim), point.batches.probabilities
    steps = norm_of.around(size)
    mean = total(exact(p) * b for p, b in zip(shares, steps.descents, strict=True))
    if not is_positive_definite(identity(len(norm_of.basis)) * exact(bound * bound) - steps.mean_square(shares)):
        raise Undefined("steps may not contract in mean square on the ball")
    check_bounds(mean, descent, steps, slope)
    leaving = number(claim.inputs["step"], "step") * descent * slope / (1 - bound)
    radius = exact(size / (1 + 2 * leaving))
    return {"contraction": factor(claim, point), "leaving": exact(leaving), "radius": radius} | path_of(norm_of, claim)


def check_bounds(mean: Interval, descent: Fraction, steps: Steps, slope: Fraction) -> None:
    """See that `b` and `a` are bounds."""
    if not (mean.at_most(exact(descent)) and steps.slope.at_most(exact(slope))):
        raise Undefined("steps, or the slope, may be larger")


def path_of(norm_of: Norm, claim: Claim) -> Numbers:
    """`E b |V^-1|/(1 - kappa)`."""
    _, bound, descent, _ = read_ball(claim)
    return {"path": norm_of.step * exact(descent / (1 - bound)) * spectral_norm(norm_of.back)}


def mean_square_numbers(facts: Facts, claim: Claim) -> Measures:
    """By what is among the inputs."""
    if "size" in claim.inputs:
        return given("contraction", "leaving", "path", "radius")
    return given("expansion") if "basis" in claim.inputs else {}


def conclude_mean_square(facts: Facts, claim: Claim) -> str | None:
    """A ball to stay in, or an expansion; no step is stable where small ones are not."""
    step = number(record(claim.inputs, "inputs", ("step",), BALL[1:])["step"], "step")
    if "basis" not in claim.inputs:
        record(claim.inputs, "inputs", ("step",))
        return "refuted" if facts.has("attractor", status="refuted") and step > 0 else None
    if "size" not in claim.inputs:
        record(claim.inputs, "inputs", BALL[:2])
        return "refuted" if ONE.below(claim.numbers["expansion"]) and step > 0 else None
    return conclude_ball(facts, claim)


def conclude_ball(facts: Facts, claim: Claim) -> str | None:
    """Starts, and a ball that holds more than them."""
    step = number(record(claim.inputs, "inputs", BALL)["step"], "step")
    size, bound = (dyadic(claim.inputs[k], k) for k in ("size", "bound"))
    return "proved" if min(step, size, bound) > 0 and bound < 1 and claim.numbers["radius"].positive() else None


def measure_reshuffled(facts: Facts, claim: Claim, point: BatchPoint) -> Numbers:
    """What bounds the ways of all epochs."""
    size, bound, descent, slope = read_ball(claim)
    norm_of = Norm(point, claim)
    steps = norm_of.around(size)
    for product, way in steps.all_epochs():
        if not is_at_most(product, bound):
            raise Undefined("an order of the batches may not contract on the ball")
        check_bounds(way, descent, steps, slope)
    most = number(claim.inputs["step"], "step") * descent * slope / (1 - bound)
    norms = [spectral_norm(product) for product, _ in norm_of.here.all_epochs()]
    numbers = {"contraction": largest(norms), "radius": exact(size / (1 + most))}
    return numbers | path_of(norm_of, claim)


RULES: dict[str, Rule] = {
    "existence": RULES_OF_POINTS["existence"],
    "nonstationary": Rule(
        {
            "gradient_norm": lambda p: norm(p.gradient),
            "batch_gradient_norm": lambda p: least([norm(part.gradient) for part in p.parts]),
            "value": lambda p: p.value,
        },
        if_positive("gradient_norm", "batch_gradient_norm"),
    ),
    "target": Rule({}, lambda facts, claim: "proved"),
    "regular": RULES_OF_POINTS["regular"],
    "hallucinated_minimizer": Rule({}, conclude_minimizer),
    "attractor": Rule(attractor_numbers, conclude_attractor, inputs=True),
    "mean_square": Rule(mean_square_numbers, conclude_mean_square, measure_mean_square, inputs=True),
    "reshuffled": Rule(given("contraction", "path", "radius"), conclude_ball, measure_reshuffled, inputs=True),
}
