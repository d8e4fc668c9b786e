"""Claims ``basin`` and ``converges`` in residual form: from which starts SAM converges to the manifold of solutions.

A SAM step is ``x' = x - eta B(x)^T y(x)/n`` with ``y = r(x+)`` and ``B = Dr(x+)``; let ``A = Dy``. Let V be a
nonsingular matrix (real eigenvectors of the tangent kernel, as floats), its columns cut into blocks (one column, or
the two of a pair of complex eigenvalues), ``L = V^-1 A``, ``W = B^T V/n``, and ``|w|`` the vector of the 2-norms of
the blocks of ``w = V^-1 y``. With L_* and W_* at ``x*``, where y = 0, let

    G = W_* (L_* W_*)^-1,    Pi = I - G L_*,    Pi' = I - W_* (W_*^T W_*)^-1 W_*^T,
    Omega = {x* + xi : |L_* xi| <= sigma, |Pi' xi| <= gamma},

where ``xi = G L_* xi + Pi Pi' xi``. Suppose that on Omega f is analytic at x and ``x+``, g is not 0, and

    |I - E L(x') W(x)| <= N,   |Pi' W(x)| <= e,   |int_0^1 (1 - s) D^2 w(x* + s theta xi)[xi, xi] ds| <= D

for all x, x', ``x* + xi`` of it, 0 <= theta <= 1, block by block. For r > 0 let theta be the largest of ``|L_*|
r/sigma`` and ``r/gamma``, at most 1, and ``a = |L_*| r + theta^2 D``. Let P have entries at least those of I, q
be nonnegative,

    P N <= kappa P,  kappa < 1,    q N + E e <= q,    P a <= omega,    omega + D < sigma,    r + q a < gamma.

By Taylor's formula ``|w - L_* xi| <= D`` on Omega, and at most ``theta^2 D`` on the part of it that is smaller by
theta. Let Z be the set of the x of Omega with ``P |w| <= omega`` and ``|Pi' xi| + q |w| <= gamma' < gamma``. They are
inside: ``|L_* xi| <= omega + D < sigma``. For a step ``eta = t E``, 0 < t <= 1, from an x of Z, as long as the segment
is in Omega, ``w(x_s) = (1 - s t) w + s t (I - E Lbar W) w`` with a mean Lbar of L along it: so ``P |w(x_s)|`` is at
most ``1 - s t (1 - kappa)`` times ``P |w|``, and ``|Pi' xi_s| + q |w(x_s)|`` at most ``|Pi' xi| + q |w| + s t (E e +
q N - q) |w|``: it stays in Z, inside of Omega. From a start with ``|xi| <= r``, ``|L_* xi| <= |L_*| r <= theta sigma``
and ``|Pi' xi| <= r <= theta gamma``, so ``|w| <= a``, and it is in Z. The path of a run is finite, and its limit has
y = 0 and g != 0, a point of the manifold of solutions. In ``P a`` and ``q a`` the part with r may be ``r sqrt(p S
p^T)`` instead, for a row p: with unit vectors c along the blocks ``p |L_* xi| = (sum p_i c_i^T L_*i) xi``, and the
square of that row is at most ``p S p^T`` with ``S = |L_* L_*^T|``.

A change on Omega is the mean of derivatives along the way from ``x*``, which is cut into `PARTS`: in part j of n it is
in Omega smaller by j/n, so the mean of the bounds on these sets bounds it. For D the weights are the integrals of
``1 - s``. Proof and figures: docs/mathematics/attraction.md.

Inputs of `basin`: ``step`` (E), ``basis`` (V by rows), ``blocks`` (their sizes), ``size`` (r), ``bound`` (kappa),
``weights`` (P by rows, q), ``widths`` (omega, sigma, gamma), ``reach`` (a bound of ``|xi|`` on Omega). Number:
``radius``, which is r. Number of `converges` beside ``distance``: ``share``, the largest of the quotients of ``P |w|``
and omega, ``|L_* xi|`` and sigma, ``|Pi' xi| + q |w|`` and gamma at ``x_N``: less than 1 where Z is entered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.matrix import inverse
from hallucert.balls.midrad import MidRad
from hallucert.balls.midrad.rounding import UP, Doubles
from hallucert.check.attraction.manifold.around import Around, norms, rounded
from hallucert.check.attraction.manifold.frame import Frame, Slopes, block_norms, coordinates_of, weighted
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs, Numbers
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.errors import DomainError
from hallucert.exact import float_above

PARTS = 3
"""Of the way from ``x*``."""


@dataclass(frozen=True)
class Bounds:
    """Bounds on Omega, block by block: N, e, D, ``|L_*|``, S, and of ``|xi|``."""

    contraction: Doubles
    drift: Doubles
    bend: Doubles
    slope: Doubles
    slopes: Doubles
    reach: float


@dataclass(frozen=True)
class Weights:
    """What the inputs of a claim give: P by rows, q, omega, sigma, gamma."""

    kept: list[list[Fraction]]
    drifts: list[Fraction]
    limits: list[Fraction]
    widths: list[Fraction]
    aside: Fraction

    @classmethod
    def of(cls, inputs: Inputs) -> Weights | None:
        """Return them; None if they are not as many as they should be, or have wrong signs."""
        k, flat, widths = len(inputs["blocks"]), inputs["weights"], inputs["widths"]
        if len(flat) != k * (k + 1) or len(widths) != 2 * k + 1 or min(widths) <= 0 or min(flat) < 0:
            return None
        rows = [list(flat[i * k : (i + 1) * k]) for i in range(k + 1)]
        if any(row[i] < 1 for i, row in enumerate(rows[:k])):
            return None
        return cls(rows[:k], rows[k], list(widths[:k]), list(widths[k : 2 * k]), widths[-1])


@dataclass(frozen=True)
class Near:
    """The coordinates of residuals, ``L_* xi`` and ``Pi' xi``, around the point of some evidence."""

    frame: Frame

    @classmethod
    def of(cls, evidence: Evidence, inputs: Inputs) -> Near | None:
        """Return those of the inputs of a basin; None if they make no sense."""
        ar, m = evidence.arithmetic, evidence.point.objective.residual_count
        found = coordinates_of(evidence, inputs, m)
        return None if found is None else cls(Frame(evidence, *found, inputs["step"], matrix.identity(ar, m)))

    @cached_property
    def inverses(self) -> tuple[Matrix, Matrix] | None:
        """``(L_* W_*)^-1`` and ``(W_*^T W_*)^-1``; None if there are none for certain."""
        ar, (left, right) = self.frame.evidence.arithmetic, self.frame.in_balls
        found = [inverse(ar, ar.matrix_product(rows, right)) for rows in (left, matrix.transpose(right))]
        return None if found[0] is None or found[1] is None else (found[0], found[1])

    @cached_property
    def directions(self) -> tuple[MidRad, MidRad] | None:
        """``(G, Pi)`` and ``Pi'``; None if there are none."""
        if self.inverses is None:
            return None
        across, own = (rounded(self.frame.evidence.arithmetic, rows) for rows in self.inverses)
        left, right, _ = self.frame.at_point
        g, one = right @ across, np.eye(len(right))
        return MidRad.concatenate([g, one - g @ left], axis=1), one - right @ (own @ right.T)

    def around(self, widths: Sequence[Fraction]) -> Around | None:
        """Omega, from sigma and gamma; None if there are no directions."""
        try:
            found = self.directions
        except DomainError:
            return None
        sizes = np.array([float_above(v) for v in widths])
        return None if found is None else Around(found[0], (*self.frame.blocks, found[1].shape[0]), sizes)

    def bounds(self, around: Around) -> Bounds | None:
        """Return the bounds on Omega; None if f is not certainly defined there, g may be 0, or nothing is bounded."""
        try:
            if not self.frame.is_hallucinated_on(around):
                return None
            parts = [self.frame.slopes(around.scaled(Fraction(j, PARTS))) for j in range(1, PARTS + 1)]
            return self.bounds_by(around, parts)
        except DomainError:
            return None

    def bounds_by(self, around: Around, parts: Sequence[Slopes]) -> Bounds | None:
        """The same, where these are the derivatives on parts of Omega."""
        frame, directions, n = self.frame, self.directions, len(parts)
        if directions is None:
            return None
        (along, across), (left, _, _) = directions, frame.at_point
        sums: list[Doubles] = []
        for j, slopes in enumerate(parts, 1):
            mean = float_above(Fraction(1, n))
            late = float_above(Fraction(2 * (n - j) + 1, 2 * n * n))  # the integral of 1 - s
            terms = [mean * change for change in frame.changes(around, slopes)]
            terms.append(mean * around.change(across @ slopes[1]))
            terms.append(late * around.change(around.change(along.T @ slopes[0])))
            sums = [(a + b) * UP for a, b in zip(sums, terms, strict=True)] if sums else terms
        products, of_left, of_right, aside, bends = sums
        return Bounds(
            frame.contraction(products * UP, of_left * UP, of_right * UP),
            frame.by_blocks(norms(aside * UP, -1), 0),
            frame.by_blocks(bends * UP, 0),
            frame.by_blocks(norms(left, -1), 0),
            frame.by_blocks(left @ left.T, 0, 1),
            float(norms(around.widths, 0)),
        )


def serves(bounds: Bounds, inputs: Inputs) -> bool:
    """Tell, exactly, whether the inequalities between the inputs of a claim and bounds on its Omega hold."""
    given, r, bound = Weights.of(inputs), inputs["size"], inputs["bound"]
    if given is None or not (r > 0 and 0 < bound < 1 and Fraction(bounds.reach) <= inputs["reach"]):
        return False
    n, s = ([[Fraction(v) for v in row] for row in part.tolist()] for part in (bounds.contraction, bounds.slopes))
    e, d, slope = ([Fraction(v) for v in part.tolist()] for part in (bounds.drift, bounds.bend, bounds.slope))
    theta = max(*(r * v / width for v, width in zip(slope, given.widths, strict=True)), r / given.aside)
    bends = [theta**2 * v for v in d]

    def times(row: Sequence[Fraction], column: Sequence[Fraction]) -> Fraction:
        return sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0))

    def is_below(row: Sequence[Fraction], limit: Fraction, strictly: bool) -> bool:
        """Tell whether ``p a``, or what may stand for it, is at most, or below a limit."""
        left, square = limit - times(row, bends), times(row, [times(row, line) for line in s])
        ends = ((r * times(row, slope), left), (r**2 * square, left**2))
        return left >= 0 and any(a < b or (a == b and not strictly) for a, b in ends)

    columns = list(zip(*n, strict=True))
    kept = all(times(row, column) <= bound * p for row in given.kept for p, column in zip(row, columns, strict=True))
    carried = zip(given.drifts, columns, e, strict=True)
    return (
        theta <= 1
        and kept
        and all(times(given.drifts, column) + inputs["step"] * drift <= q for q, column, drift in carried)
        and all(is_below(row, limit, False) for row, limit in zip(given.kept, given.limits, strict=True))
        and all(a + b < c for a, b, c in zip(given.limits, d, given.widths, strict=True))
        and is_below(given.drifts, given.aside - r, True)
    )


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Show that SAM stays in Omega from all starts in the ball."""
    near, given = Near.of(evidence, inputs), Weights.of(inputs)
    around = None if near is None or given is None else near.around([*given.widths, given.aside])
    if near is None or around is None:
        return Reason.NEEDS_PREMISES
    bounds = near.bounds(around)
    if bounds is None or not serves(bounds, inputs):
        return Reason.STEP
    ar = evidence.arithmetic
    return {"radius": Enclosure(*ar.endpoints(ar.constant(inputs["size"])))}


def measure_arrival(evidence: Evidence, x: list[Ball], ar: BallArithmetic) -> Enclosure | None:
    """Enclose the share at a point, by the claim `basin` that was proved; None if something is indeterminate."""
    region = evidence.claims.get("basin")
    if region is None or "widths" not in region.inputs:
        return None
    near, given, point = (
        Near.of(evidence, region.inputs),
        Weights.of(region.inputs),
        Point(ar, evidence.point.problem, x),
    )
    inverses = None if near is None else near.inverses
    if near is None or given is None or inverses is None or not point.domain_certain:
        return None
    blocks, (left, right) = near.frame.blocks, near.frame.in_balls
    xi = [a - b for a, b in zip(x, evidence.point.x, strict=True)]
    across = matrix.apply(ar, inverses[1], matrix.apply(ar, matrix.transpose(right), xi))
    aside = [a - b for a, b in zip(xi, matrix.apply(ar, right, across), strict=True)]
    w = matrix.apply(ar, near.frame.back, list(point.shifted_residual))
    along = matrix.apply(ar, left, xi)
    if not ar.all_finite([w, along, aside]):
        return None
    sizes, (off,) = block_norms(ar, w, blocks), block_norms(ar, aside, [len(aside)])
    pairs = [(weighted(ar, sizes, row), limit) for row, limit in zip(given.kept, given.limits, strict=True)]
    pairs += zip(block_norms(ar, along, blocks), given.widths, strict=True)
    pairs.append((off + weighted(ar, sizes, given.drifts), given.aside))
    shares = [ar.endpoints(size / ar.constant(limit)) for size, limit in pairs]
    return Enclosure(max(low for low, _ in shares), max(high for _, high in shares))
