"""What a theorem about a point needs besides its certificate, proposed: a box about the target, factors, a region.

Nothing here is trusted: a bad proposal makes the exported file fail. Proposals are tried in ball arithmetic, and kept
with room to spare, because whoever checks the file has another arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import arithmetic, matrix
from hallucert.balls.facade import BallArithmetic
from hallucert.check.point.certificate import Certificate
from hallucert.check.problem import Point
from hallucert.errors import ArgumentError
from hallucert.exact import round_down, round_up

PRECISION = 106
"""Bits of the arithmetic in which proposals are tried."""

SHORT = 30
"""Bits of numbers that need not be precise."""

ROOM = 2
"""By how much the box about the target is larger than what is enclosed, and a region smaller than what contracts."""

INNER = 2**12
"""By how much a box that holds the point as well is smaller than that of the witness."""

SMALLEST = 60
"""Regions down to ``2**-SMALLEST`` are tried."""

ZERO = Fraction(0)

Vector = list[Fraction]
Rows = list[Vector]


@dataclass(frozen=True)
class Region:
    """Where SAM with a step converges: from the box of the half widths `start` about the centre.

    There ``W (I - step M) V`` has a norm below 1, with `chart` ``W`` and `inverse` ``V``, its inverse exactly. The
    starts are in the ellipsoid ``|W (x - x*)| <= size``, and that in the box of the half widths `reach`; ``x*`` is in
    the box of the half widths `inner`.
    """

    step: Fraction
    chart: Rows
    inverse: Rows
    size: Fraction
    inner: Vector
    reach: Vector
    start: Vector


class Proposals:
    """Proposals for the certificate of one point that is proved to exist, of the system of the gradient."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.problem = certificate.problem
        if certificate.witness is None:
            raise ArgumentError("certificate.witness", None, "be there")
        self.witness = certificate.witness
        self.centre, self.radius = list(self.witness.centre), list(self.witness.radius)
        if certificate["hallucinated_minimizer"] and not self._definite():
            self.radius = self._smaller()

    def _smaller(self) -> Vector:
        return [round_up(r / INNER, 1) for r in self.radius]

    def point(self, ar: BallArithmetic, radius: Sequence[Fraction]) -> Point:
        """Return the SAM quantities on the box about the centre."""
        box = [ar.interval(c - r, c + r) for c, r in zip(self.centre, radius, strict=True)]
        return Point(ar, self.problem, box)

    def inverse(self) -> Rows:
        """Return a matrix near the inverse of the preconditioner."""
        return near_inverse(self.witness.preconditioner)

    def target(self) -> tuple[Vector, Vector]:
        """Return centre and half widths of a box inside of which SAM looks from the box of the witness."""
        with arithmetic("arb", PRECISION) as ar:
            sides = [ar.endpoints(side) for side in self.point(ar, self.radius).plus]
        centre = [round_up((low + high) / 2, 53) for low, high in sides]
        radius = [
            round_up(ROOM * max(high - c, c - low) + Fraction(1, 2**50), SHORT)
            for c, (low, high) in zip(centre, sides, strict=True)
        ]
        return centre, radius

    def hessian(self) -> np.ndarray:
        """Return the Hessian at the target, in doubles."""
        with arithmetic("arb", PRECISION) as ar:
            origin = self.point(ar, [ZERO] * len(self.radius))
            return ar.approximations(origin.hessian_plus)

    def root(self) -> Rows | None:
        """Return ``R`` such that the Hessian is near ``R^T R`` plus a positive multiple of its own diagonal.

        None if the Hessian does not seem to be positive definite.
        """
        hessian = self.hessian()
        if np.linalg.eigvalsh(hessian)[0] <= 0:
            return None
        scale = np.sqrt(np.diag(hessian))
        scaled = hessian / np.outer(scale, scale)
        share = np.linalg.eigvalsh(scaled)[0] / 2
        return _rows(np.linalg.cholesky(scaled - share * np.eye(len(scaled))).T * scale)

    def _definite(self) -> bool:
        """Tell whether the root shows that the Hessian is positive definite on the box about the target."""
        (centre, radius), found = self.target(), self.root()
        if found is None:
            return False
        with arithmetic("arb", PRECISION) as ar:
            box = [ar.interval(c - ROOM * r, c + ROOM * r) for c, r in zip(centre, radius, strict=True)]
            root = matrix.from_rationals(ar, found)
            squares = ar.matrix_product(matrix.transpose(root), root)
            rest = matrix.add(
                self.problem.objective.enclose_hessian(ar, box), matrix.scale(ar.constant(Fraction(-1)), squares)
            )
            return all(
                ar.positive(row[i] - ar.constant(ar.absolute_sum(row[:i] + row[i + 1 :]))) for i, row in enumerate(rest)
            )

    def directions(self) -> tuple[Vector | None, Vector | None]:
        """Return directions of negative and of positive curvature at the target, where there are any."""
        values, vectors = np.linalg.eigh(self.hessian())
        lowest, highest = _vector(vectors[:, 0]), _vector(vectors[:, -1])
        return (lowest if values[0] < 0 else None), (highest if values[-1] > 0 else None)

    def region(self) -> Region | None:
        """Return a region from which SAM converges to the point, if one is found."""
        with arithmetic("arb", PRECISION) as ar:
            origin = self.point(ar, [ZERO] * len(self.radius))
            sam_matrix = ar.approximations(origin.sam_matrix)
            for step in self._steps(sam_matrix):
                for chart in (np.eye(len(sam_matrix)), _real_eigenvectors(sam_matrix)):
                    found = self._largest(ar, step, _rows(np.round(chart * 2**16) / 2**16))
                    if found is not None:
                        return found
        return None

    def _steps(self, sam_matrix: np.ndarray) -> list[Fraction]:
        """Return the steps that the certificate names, or else a short one at which all eigenvalues contract."""
        for claim in self.certificate:
            if claim.name in ("basin", "converges") and claim:
                return [Fraction(claim.inputs["step"])]
        eigenvalues = np.linalg.eigvals(sam_matrix)
        bound = float(np.min(2 * eigenvalues.real / np.abs(eigenvalues) ** 2))
        return [_short(bound * part) for part in (0.5, 0.25)]

    def _largest(self, ar: BallArithmetic, step: Fraction, inverse: Rows) -> Region | None:
        """Return the largest region of a chart, of the sizes that are powers of two, that is known to contract."""
        chart = _inverse(inverse)
        if chart is None:
            return None
        for k in range(SMALLEST):
            region = self._region(step, chart, inverse, Fraction(1, 2**k))
            if region is None:
                return None
            if self._contracts(ar, region):
                return self._region(step, chart, inverse, Fraction(1, 2**k) / ROOM)
        return None

    def _region(self, step: Fraction, chart: Rows, inverse: Rows, size: Fraction) -> Region | None:
        """Return the region of a size, None if it is too small to hold a box of starts."""
        radius = self._smaller()
        reach = [
            round_up(r + size * _root_above(sum((v * v for v in row), ZERO)), SHORT)
            for r, row in zip(radius, inverse, strict=True)
        ]
        widest = size / _root_above(sum((sum(map(abs, row), ZERO) ** 2 for row in chart), ZERO)) - max(radius)
        if widest <= 0:
            return None
        return Region(step, chart, inverse, size, radius, reach, [round_down(widest, 8)] * len(chart))

    def _contracts(self, ar: BallArithmetic, region: Region) -> bool:
        """Tell whether a step of SAM contracts the region: the rows of ``|E^T E|`` sum up to less than 1."""
        here = self.point(ar, region.reach)
        if not (here.domain_certain and ar.positive(here.q)) or not all(
            ar.is_finite(entry) for row in here.sam_matrix for entry in row
        ):
            return False
        step, one = ar.constant(region.step), ar.constant(Fraction(1))
        chart, inverse = (matrix.from_rationals(ar, rows) for rows in (region.chart, region.inverse))
        moved = matrix.scale(-step, here.sam_matrix)
        for i, row in enumerate(moved):
            row[i] = row[i] + one
        turned = ar.matrix_product(ar.matrix_product(chart, moved), inverse)
        return ar.largest_absolute_sum(ar.matrix_product(matrix.transpose(turned), turned)) < 1


def near_inverse(preconditioner: Sequence[Sequence[Fraction]]) -> Rows:
    """Return a matrix near the inverse of one, in doubles."""
    return _rows(np.linalg.inv(np.array(preconditioner, dtype=float)))


def _vector(values: np.ndarray) -> Vector:
    return [Fraction(float(value)) for value in values]


def _rows(values: np.ndarray) -> Rows:
    return [_vector(row) for row in values]


def _short(value: float) -> Fraction:
    """Return a positive number rounded down to one decimal digit."""
    exponent = math.floor(math.log10(value))
    return Fraction(math.floor(value / 10.0**exponent)) * Fraction(10) ** exponent


def _root_above(value: Fraction) -> Fraction:
    """Return a number a little above the square root of a positive one."""
    return Fraction(math.sqrt(value)) * (1 + Fraction(1, 2**20))


def _real_eigenvectors(a: np.ndarray) -> np.ndarray:
    """Return a real basis in which `a` is near a matrix of diagonal and rotating blocks."""
    values, vectors = np.linalg.eig(a)
    scaled = vectors / np.max(np.abs(vectors), axis=0)
    return np.where(values.imag < 0, scaled.imag, scaled.real)


def _inverse(rows: Rows) -> Rows | None:
    """Invert a matrix exactly (Gauss and Jordan); None if it is singular."""
    n = len(rows)
    work = [[*row, *(Fraction(int(i == j)) for j in range(n))] for i, row in enumerate(rows)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(work[i][k]))
        if work[pivot][k] == 0:
            return None
        work[k], work[pivot] = work[pivot], work[k]
        work[k] = [entry / work[k][k] for entry in work[k]]
        for i in range(n):
            if i != k:
                work[i] = [a - work[i][k] * b for a, b in zip(work[i], work[k], strict=True)]
    return [row[n:] for row in work]
