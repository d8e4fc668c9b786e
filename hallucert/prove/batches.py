"""What is proposed for the claims of mini-batch SAM about attraction: norms in which its steps contract, and sizes.

With ``M_b = I - eta K_b`` the mean square of ``|y|_P`` after a step is ``y^T L(P) y``, ``L(P) = sum p_b M_b^T P M_b``.
This map of symmetric matrices keeps the cone of the semidefinite ones, so its spectral radius c is an eigenvalue with
an eigenvector ``P >= 0``: if P is definite, the mean square of its norm falls by exactly c, whatever y is. Solutions of
``P - L(P)/s = I`` with c < s < 1 have a norm that falls by less, and fewer extreme axes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import permutations
from typing import Any, cast

import numpy as np

from hallucert.check.batches.problem import BatchPoint
from hallucert.check.batches.reshuffled import MOST_BATCHES, epoch_of
from hallucert.check.batches.steps import BatchNorm, Steps, norm_of, probabilities_of
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs
from hallucert.check.reason import Reason
from hallucert.exact import float_above, round_down, round_up

LARGEST = 20
"""Up to so many residuals the spectral radius of L is found by all of its eigenvalues."""
MOST_RESIDUALS = 200
"""A basis of more would make a certificate long."""
BELOW = 0.99
"""Part of the largest stable step that the claim `attractor` is made with."""
HALVINGS = 60
"""Of the interval in which the largest stable step is sought."""
ROUNDS = 30
"""In which orders of an epoch that contract least get more weight."""

LONGEST = 2.0**60
"""Largest entry of a step: products of those of an epoch, squared, do not overflow."""
POWER = 12
"""Squarings of L that show to what its powers tend."""
MOST_TERMS = 2000
"""Of a geometric series of powers of L."""
FIRST = Fraction(1, 2**20)
"""Part of rho at which the search for a size begins."""
TRIALS = 8
"""Sizes that are tried."""
NEARLY = Fraction(3, 4)
"""Part of what a factor may gain that is enough."""
SURE = Fraction(1, 2**30)
"""By so much more than its width a factor has to differ from 1, with room for what publication adds."""
ENOUGH = 200
"""Bits from which on a factor that cannot be told from 1 is left."""


def kernels(evidence: Evidence) -> list[np.ndarray] | None:
    """Return ``K_b = A B_b^T E_b/n_b`` in floats."""
    point, ar = cast(BatchPoint, evidence.point), evidence.arithmetic
    a, b = (ar.approximations(rows) for rows in (point.residual_matrix, point.residual_jacobian_plus))
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    whole, found, done = a @ b.T, [], 0
    for part in point.parts:
        k, count = np.zeros_like(whole), part.objective.residual_count
        k[:, done : done + count] = whole[:, done : done + count] / float(part.objective.n)
        found.append(k)
        done += count
    return found


def moves(found: Sequence[np.ndarray], step: Fraction) -> list[np.ndarray] | None:
    """Return ``M_b = I - eta K_b`` in floats; None if the step is too long for these."""
    with np.errstate(all="ignore"):
        matrices = [np.eye(len(k)) - float_above(step) * k for k in found]
    return matrices if all((np.abs(matrix) < LONGEST).all() for matrix in matrices) else None


class Growth:
    """The map ``L(P) = sum w M^T P M`` of symmetric matrices, in floats."""

    def __init__(self, matrices: Sequence[np.ndarray], weights: Sequence[float]) -> None:
        self.matrices, self.weights, self.m = matrices, weights, len(matrices[0])

    def __call__(self, p: np.ndarray) -> np.ndarray:
        """Return ``L(P)``."""
        return np.sum([w * (a.T @ p @ a) for w, a in zip(self.weights, self.matrices, strict=True)], axis=0)

    @cached_property
    def whole(self) -> np.ndarray:
        """L as a matrix, of order m^2."""
        return np.sum([w * np.kron(a.T, a.T) for w, a in zip(self.weights, self.matrices, strict=True)], axis=0)

    @cached_property
    def _largest(self) -> tuple[float, np.ndarray]:
        """The spectral radius, and an eigenvector."""
        m = self.m
        if m <= LARGEST:
            values, vectors = np.linalg.eig(self.whole)
            k = int(np.argmax(np.abs(values)))
        else:
            from scipy.sparse.linalg import LinearOperator, eigs

            operator = LinearOperator((m * m, m * m), matvec=lambda v: self(v.reshape(m, m)).ravel(), dtype=float)
            values, vectors = eigs(operator, k=1, which="LM", v0=np.eye(m).ravel(), tol=1e-10)
            k = 0
        return float(np.abs(values[k])), _scaled(vectors[:, k].real.reshape(m, m))

    @property
    def radius(self) -> float:
        """The spectral radius."""
        return self._largest[0]

    def candidates(self) -> Iterator[np.ndarray]:
        """Yield definite matrices whose norms may show contraction, or expansion."""
        radius, p = self._largest
        if radius < 1:
            yield self._solution((1 + radius) / 2)
        yield p
        if self.m <= LARGEST and radius > 0:  # eigenvectors of a multiple eigenvalue may all be singular, not their sum
            power = np.linalg.matrix_power(self.whole / radius, 2**POWER) @ np.eye(self.m).ravel()
            yield _scaled(power.reshape(self.m, self.m))

    def _solution(self, rate: float) -> np.ndarray:
        """Return the solution of ``P - L(P)/rate = I``."""
        m = self.m
        if m <= LARGEST:
            return _scaled(np.linalg.solve(np.eye(m * m) - self.whole / rate, np.eye(m).ravel()).reshape(m, m))
        p, term = np.eye(m), np.eye(m)
        for _ in range(MOST_TERMS):
            term = self(term) / rate
            p = p + term
            if np.trace(term) <= 1e-6 * np.trace(p):
                break
        return _scaled(p)


def _scaled(p: np.ndarray) -> np.ndarray:
    """Return the symmetric part, with trace 1."""
    return (p + p.T) / (2 * np.trace(p))


def largest_step(found: Sequence[np.ndarray], weights: Sequence[float]) -> float:
    """Return about the largest step that is stable in mean square, 0 if none is; they are an interval from 0."""
    one = np.eye(len(found[0]))

    def stable(step: float) -> bool:
        return Growth([one - step * k for k in found], weights).radius < 1

    high = 4 / max(float(np.abs(np.linalg.eigvals(k)).max()) for k in found)
    low = high * 1e-9
    if not stable(low):
        return 0.0
    while stable(high) and high < 1e30:
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        if high - low <= 1e-6 * high:
            break
        middle = (low + high) / 2
        low, high = (middle, high) if stable(middle) else (low, middle)
    return low


def basis_of(p: np.ndarray) -> tuple[Fraction, ...] | None:
    """Return V by rows, with ``P = V^-T V^-1`` but for rounding; None if P is not definite to floats."""
    values, vectors = np.linalg.eigh(p)
    if not np.isfinite(values).all() or values[0] <= 1e-14 * values[-1]:
        return None
    v = vectors / np.sqrt(values)
    return tuple(Fraction(entry) for row in (v / np.abs(v).max()).tolist() for entry in row)


def bases(growth: Growth) -> Iterator[tuple[Fraction, ...]]:
    """Yield bases in which steps may contract in mean square, or expand."""
    for p in growth.candidates():
        if (basis := basis_of(p)) is not None:
            yield basis


# ---------------------------------------------------------------------- inputs of the claims


def attractor(evidence: Evidence) -> Inputs | Reason:
    """A step near the largest stable one, and a norm in which it contracts; nothing if there is none."""
    found, m = kernels(evidence), evidence.point.objective.residual_count
    if found is None or m > MOST_RESIDUALS:
        return {}
    weights = [float(p) for p in probabilities_of(evidence)]
    largest = largest_step(found, weights)
    step = round_down(Fraction(BELOW * largest), 12) if largest > 0 else Fraction(0)
    if step <= 0:
        return {}
    blurred = False
    for basis in bases(Growth([np.eye(m) - float(step) * k for k in found], weights)):
        inputs = {"step": step, "basis": basis}
        ends = _at_point(evidence, inputs)
        if ends is not None and _is_below(ends[1]):
            return inputs
        blurred = blurred or ends is None or ends[1].lower < 1
    return Reason.STRADDLES if blurred and evidence.arithmetic.precision < ENOUGH else {}


def _is_below(factor: Enclosure) -> bool:
    """Tell whether a factor is below 1, also as it is published."""
    return factor.upper + 3 * (factor.upper - factor.lower) + SURE < 1


def _is_above(factor: Enclosure) -> bool:
    """Tell whether a factor is above 1, also as it is published."""
    return factor.lower - 3 * (factor.upper - factor.lower) - SURE > 1


def _at_point(evidence: Evidence, inputs: Inputs) -> tuple[Enclosure, Enclosure] | None:
    """Return the factors of the mean square of a norm at ``x*``."""
    norm = norm_of(evidence, inputs)
    steps = None if norm is None else norm.at_point
    return None if steps is None else steps.mean_square(probabilities_of(evidence))


def mean_square(evidence: Evidence, step: Fraction) -> Inputs | Reason:
    """A norm in which the step contracts, and a ball; or one that shows that the step is unstable."""
    found, m = kernels(evidence), evidence.point.objective.residual_count
    if m > MOST_RESIDUALS:
        return Reason.DIMENSION
    if found is None:
        return Reason.PRECISION
    probabilities = probabilities_of(evidence)
    weights = [float(p) for p in probabilities]
    blurred = False

    def factors(steps: Steps) -> tuple[Enclosure, Fraction] | None:
        both = steps.mean_square(probabilities)
        mean = sum((p * b.upper for p, b in zip(probabilities, steps.descents, strict=True)), Fraction(0))
        return None if both is None else (both[1], mean)

    if (matrices := moves(found, step)) is None:
        return Reason.STEP
    for basis in bases(Growth(matrices, weights)):
        inputs = {"step": step, "basis": basis}
        ends, norm = _at_point(evidence, inputs), norm_of(evidence, inputs)
        if ends is None or norm is None:
            continue
        if _is_above(ends[0]):
            return inputs
        ball = _on_ball(evidence, norm, ends[1], factors) if _is_below(ends[1]) else None
        if ball is not None:
            return inputs | ball
        blurred = blurred or (ends[1].lower < 1 and not _is_below(ends[1])) or ends[0].upper > 1
    return Reason.STRADDLES if blurred else Reason.STEP


def reshuffled(evidence: Evidence, step: Fraction) -> Inputs | Reason:
    """A norm in which every order of an epoch contracts."""
    found, m = kernels(evidence), evidence.point.objective.residual_count
    if m > MOST_RESIDUALS:
        return Reason.DIMENSION
    if found is None:
        return Reason.PRECISION
    if len(found) > MOST_BATCHES:
        return Reason.ORDERS
    matrices = moves(found, step)
    basis = None if matrices is None else _contracting(matrices)
    inputs: dict[str, Any] = {"step": step, "basis": basis}
    norm = None if basis is None else norm_of(evidence, inputs)
    here = None if norm is None else norm.at_point
    at_point = None if here is None else epoch_of(here)
    if norm is None or at_point is None or at_point.contraction.upper >= 1:
        return Reason.STEP
    ball = _on_ball(evidence, norm, at_point.contraction, epoch_of)
    return Reason.STEP if ball is None else inputs | ball


def _contracting(matrices: Sequence[np.ndarray]) -> tuple[Fraction, ...] | None:
    """Return a basis for which the largest norm of an epoch is small, the smallest of some that are tried."""
    products = []
    for order in permutations(range(len(matrices))):
        product = np.eye(len(matrices[0]))
        for b in order:
            product = matrices[b] @ product
        products.append(product)
    weights, best, least = np.full(len(products), 1 / len(products)), None, 1.0
    for _ in range(ROUNDS):
        worst = np.ones(len(products))
        for basis in bases(Growth(products, weights.tolist())):
            v = np.array([float(x) for x in basis]).reshape(len(matrices[0]), -1)
            norms = np.array([np.linalg.norm(np.linalg.solve(v, a @ v), 2) for a in products])
            if norms.max() < least:
                best, least = basis, norms.max()
            worst = norms
        weights = weights * worst**2
        weights /= weights.sum()
    return best


def _on_ball(
    evidence: Evidence, norm: BatchNorm, at_point: Enclosure, factors: Callable[[Steps], Any]
) -> dict[str, Fraction] | None:
    """Return size, bounds of the factors and of the slope on about the largest ball that keeps half of the rate.

    What a factor gains grows about linearly with the size, or faster.
    """
    bound, slack = round_up((1 + at_point.upper) / 2, 24), 1 + Fraction(1, 2**20)
    size, best, least_bad = evidence.point.exact_rho * FIRST, None, Fraction(0)
    for _ in range(TRIALS):
        size = round_down(size, 4)
        steps = norm.around(size)
        found = None if steps is None else factors(steps)
        if steps is None or found is None or found[0].upper * slack > bound:
            least_bad = size
        elif best is None or size > best["size"]:
            descent, slope = (round_up(end * slack, 24) for end in (found[1], steps.slope.upper))
            best = {"size": size, "bound": bound, "descent": descent, "slope": slope}
        gained = Fraction(1) if found is None else (found[0].upper * slack - at_point.upper) / (bound - at_point.upper)
        if best is not None and size == best["size"] and gained > NEARLY:
            break
        larger = size * min(max(NEARLY / max(gained, Fraction(1, 2**20)), Fraction(1, 2**10)), Fraction(2**10))
        size = size / 2**8 if found is None else larger
        if least_bad and size >= least_bad:
            size = least_bad / 2
        if best is not None and size <= best["size"]:
            break
    return best
