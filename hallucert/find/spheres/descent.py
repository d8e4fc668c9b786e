"""Hallucinated points by descent on the sphere: the search for functions of too many variables to form Hessians.

It finds minima of ``f`` on ``S(c, rho)`` only, which is where attractors are (Proposition 4.4), not the saddles, by
Riemannian Newton-CG with Hessian-vector products. Legend as in `hallucert.find.shifted`: the Riemannian gradient is
``P g``, the Riemannian Hessian ``R = P (H + lambda I) P``, and a step ``s`` is pulled back along the radius.

Networks have *symmetric copies* of their parameters, with the same loss. Tanh is odd: turning the signs of all weights
and of the bias into a hidden unit, and of all weights out of it, changes nothing. Nor does exchanging two hidden units
of a layer. Weight decay is the same at all copies. So every minimizer ``c`` that is not itself symmetric has other
minimizers of the same value around it, and ``f`` on spheres around ``c`` falls again towards them: where hallucinated
points that attract come from (Proposition 4.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.errors import SearchError
from hallucert.find.candidate import Candidate
from hallucert.find.domain import defined
from hallucert.find.eigenvalues import Operator
from hallucert.find.newton import distinct, lexicographic
from hallucert.find.rescaled import Rescaled, Unit
from hallucert.find.shifted import FLAT, tangential_ends, tangential_operator
from hallucert.objectives.network.layout import Training
from hallucert.objectives.network.structure import training_of
from hallucert.objectives.objective import Objective

PRODUCTS = 20_000  # most Hessian-vector products of one descent
TURN = 0.3  # longest step in units of ``rho``
KICK = 0.05  # in units of ``rho``: the first step along a negative eigenvector that Lanczos finds at a saddle
SADDLES = 4  # how often a descent that ended at a saddle goes on from there

CONVERGED = 1e-15  # ``|P g| <= CONVERGED (|g| + |R| rho)`` cannot be improved: rounding in ``g`` is larger
LINEAR = 1e-5  # least relative residual of a linear system; far below it rounding makes curvature look negative
ROUNDING = 1e-13  # part of ``|f|`` that a step must be expected to win if ``f`` shall judge it, and not ``|P g|``

NO_GRADIENT = 1e-8  # ``|g| <= NO_GRADIENT |R| rho``: the descent ended at a critical point of ``f`` itself
TANGENTIAL = 1e-6  # ``|P g| <= TANGENTIAL |g|``: the gradient is normal, the descent has converged; most reach 1e-12

# ``|g(x+)| <= SHIFTED |g(x)|``. A tiny multiplier magnifies the rounding in ``P g``: ``x+`` misses the target by
# ``rho |P g| / |g|``. Where that spoils the definition, floats do not tell whether there is a hallucinated point.
SHIFTED = 1e-3

# Layer, two of its units, and a sign: exchange them with that sign; a unit with itself and -1 is turned over.
Move = tuple[int, int, int, int]


def minima_on_sphere(
    f: Objective, centre: np.ndarray, rho: Fraction, starts: int, rng: np.random.Generator
) -> list[Candidate]:
    """Return minima of ``f`` on ``S(centre, rho)`` with inward gradient, reached by descent from `starts` directions.

    Half as many again start towards symmetric copies of the centre, if ``f`` is a network that has some.
    """
    descent = SphereDescent(f, centre, float(rho), PRODUCTS)
    copies = symmetric_copies(f, centre, float(rho), max(1, starts // 2), rng) - centre
    ends = [_minimum(descent, direction) for direction in [*copies, *rng.standard_normal((starts, centre.size))]]
    ends = [end for end in ends if defined(f, end.x[None, :])[0]]
    critical = [end for end in ends if _is_critical(descent, end)]
    if ends and len(critical) == len(ends):
        raise SearchError(
            f"on_sphere: all {len(ends)} descents on the sphere ended where the gradient of f itself vanishes, which "
            "is not hallucinated. So it is for targets on a manifold of minimizers (zero loss) which crosses the "
            "sphere: hallucinated points with such a target are saddles there; hc.find.hallucinate constructs one. "
            "Other ways out: another rho, or weight decay, which makes minimizers isolated"
        )
    found = [end for end in ends if not _is_critical(descent, end) and _is_hallucinated(descent, end)]
    found.sort(key=lambda end: end.value)
    x = np.array([end.x for end in found]).reshape(-1, centre.size)
    kept = distinct(x, 1e-6 * descent.rho)
    values = np.array([found[i].value for i in kept])
    best = [found[kept[i]] for i in lexicographic(values, x[kept])]
    multipliers = [float(np.linalg.norm(end.gradient)) / float(rho) for end in best]
    return [Candidate(f, end.x, rho, centre, lam, "minimum") for end, lam in zip(best, multipliers, strict=True)]


def _minimum(descent: SphereDescent, direction: np.ndarray) -> Descended:
    """Descend, and go on from saddles."""
    end = descent.run(direction)
    for _ in range(SADDLES):
        if not np.isfinite(end.value) or _is_critical(descent, end):
            break
        further = descent.leave_saddle(end)
        if further is None:
            break
        end = further
    return end


def _is_critical(descent: SphereDescent, end: Descended) -> bool:
    return float(np.linalg.norm(end.gradient)) <= NO_GRADIENT * end.curvature * descent.rho


def _is_hallucinated(descent: SphereDescent, end: Descended) -> bool:
    """Tell whether the gradient is inward and normal, and ``g`` vanishes at ``x+`` as the definition wants."""
    if not end.tangential <= TANGENTIAL * end.inward:
        return False
    q = float(np.linalg.norm(end.gradient))
    shifted = descent.f.floats.gradient((end.x + descent.rho * end.gradient / q)[None, :])[0]
    return float(np.linalg.norm(shifted)) <= SHIFTED * q


# ---------------------------------------------------------------------- Newton-CG


@dataclass(frozen=True)
class Descended:
    """Where a descent ended."""

    x: np.ndarray  # (d,): the point on the sphere
    value: float  # ``f(x)``
    gradient: np.ndarray  # (d,): ``g(x)``
    inward: float  # ``lambda rho = -<g, n>``: positive if the gradient points inward
    tangential: float  # ``|P g|``
    curvature: float  # largest curvature ``|v^T R v|/|v|^2`` met on the way to `x`, a lower bound of ``|R|``


class SphereDescent:
    """Minimization of ``f`` on ``S(centre, rho)``."""

    def __init__(self, f: Objective, centre: np.ndarray, rho: float, products: int) -> None:
        self.f, self.centre, self.rho, self.products = f, centre, rho, products

    def at(self, direction: np.ndarray) -> np.ndarray:
        """Return the point of the sphere in a direction (d,), which need not be a unit vector."""
        return self.centre + self.rho * direction / np.linalg.norm(direction)

    def state(self, x: np.ndarray, curvature: float = 0.0) -> Descended:
        """Describe a point of the sphere."""
        n = (x - self.centre) / self.rho
        g = self.f.floats.gradient(x[None, :])[0]
        value = float(self.f.floats.value(x[None, :])[0])
        inward = -float(g @ n)
        return Descended(x, value, g, inward, float(np.linalg.norm(g + inward * n)), curvature)

    def run(self, direction: np.ndarray) -> Descended:
        """Descend from the point of the sphere in a direction to where ``P g`` vanishes to rounding."""
        here = self.state(self.at(direction))
        first, left = here.tangential, self.products
        while left > 0 and np.isfinite(here.value) and here.tangential > self._resolved(here):
            step, curvature, used = self._newton_step(here, first, left)
            left -= used
            there = self._backtrack(here, step, curvature)
            if there is None:
                break
            here = there
        return here

    def leave_saddle(self, here: Descended) -> Descended | None:
        """Continue a descent that ended at a saddle of ``f`` on the sphere; None if `here` is a minimum to floats."""
        n = (here.x - self.centre) / self.rho
        ends = tangential_ends(self.f, here.x, n, here.inward / self.rho)
        if ends.smallest >= -FLAT * max(abs(ends.smallest), abs(ends.largest)):
            return None
        sides = [self.state(self.at(n + sign * KICK * ends.vector)) for sign in (1.0, -1.0)]
        lower = min(sides, key=lambda side: side.value)
        return self.run(lower.x - self.centre) if lower.value < here.value else None

    def curvature_at(self, here: Descended) -> Operator:
        """Return ``v -> R v``."""
        return tangential_operator(self.f, here.x, (here.x - self.centre) / self.rho, here.inward / self.rho)

    def _resolved(self, here: Descended) -> float:
        return CONVERGED * (abs(here.inward) + here.curvature * self.rho)

    def _newton_step(self, here: Descended, first: float, most: int) -> tuple[np.ndarray, float, int]:
        """Solve ``R s = -P g`` by conjugate gradients, up to a direction of negative curvature.

        Returns a descent direction, the largest curvature met, and the number of products. The tolerance shrinks with
        ``|P g|``, so that convergence is superlinear.
        """
        n, apply = (here.x - self.centre) / self.rho, self.curvature_at(here)
        residual = -(here.gradient + here.inward * n)
        step, direction = np.zeros_like(residual), residual
        squared = float(residual @ residual)
        goal = squared * min(0.25, max(here.tangential / first, LINEAR)) ** 2
        curvature, used = here.curvature, 0
        while used < min(most, 4 * here.x.size):
            image = apply(direction)
            used += 1
            bend, length = float(direction @ image), float(direction @ direction)
            curvature = max(curvature, abs(bend) / length)
            if bend <= 1e-12 * curvature * length:
                # f falls along `direction` and does not bend upwards: go there as far as a step may.
                if used == 1:
                    step = residual / max(curvature, 1e-300)
                break
            step = step + (squared / bend) * direction
            residual = residual - (squared / bend) * image
            before, squared = squared, float(residual @ residual)
            if squared <= goal:
                break
            direction = residual + (squared / before) * direction
        if bend <= 1e-12 * curvature * length:
            step = step + direction * (TURN * self.rho / np.sqrt(length)) * (0.5 if used > 1 else 1.0)
        return step, curvature, used

    def _backtrack(self, here: Descended, step: np.ndarray, curvature: float) -> Descended | None:
        """Shorten a step until ``f`` falls or, where that is below rounding, ``|P g|``; None if it never does."""
        slope = float(here.gradient @ step)
        scale = min(1.0, TURN * self.rho / max(float(np.linalg.norm(step)), 1e-300))
        for _ in range(25):
            there = self.state(self.at(here.x + scale * step - self.centre), curvature)
            if -scale * slope > ROUNDING * abs(here.value):
                good = there.value <= here.value + 1e-4 * scale * slope
            else:
                good = there.tangential < 0.5 * here.tangential
            if good:
                return there
            scale *= 0.4
        return None


# ---------------------------------------------------------------------- symmetric copies


def symmetric_copies(f: Objective, x: np.ndarray, beyond: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return copies of `x` at distances larger than `beyond`, nearest first."""
    if isinstance(f, Rescaled) and f.uniform:
        # Moves exchange coordinates, which have the same unit.
        return f.inside(symmetric_copies(f.f, f.outside(x), f.number_outside(beyond, Unit.LENGTH), count, rng))
    network = training_of(f)
    if network is None:
        return np.empty((0, x.size))
    moves = _moves(network)
    if len(moves) > 4 * count + 400:
        moves = [moves[i] for i in rng.choice(len(moves), 4 * count + 400, replace=False)]
    single = [moved(network, x, move) for move in moves]
    lengths = np.array([np.linalg.norm(copy - x) for copy in single])
    found = [single[i] for i in np.argsort(lengths, kind="stable") if lengths[i] > beyond][:count]
    # Products of moves that are each too short: until the copy is far enough.
    short = [move for move, length in zip(moves, lengths, strict=True) if 1e-9 * beyond < length <= beyond]
    for _ in range(count if short else 0):
        copy = x
        for i in rng.permutation(len(short)):
            copy = moved(network, copy, short[i])
            if np.linalg.norm(copy - x) > beyond:
                found.append(copy)
                break
    order = np.argsort([np.linalg.norm(copy - x) for copy in found], kind="stable")[:count]
    return np.array([found[i] for i in order]).reshape(-1, x.size)


def moved(network: Training, x: np.ndarray, move: Move) -> np.ndarray:
    """Return the copy of `x` (d,) that one move makes."""
    layer, i, j, sign = move
    copy = x.copy()
    parts = network.layout.split(copy)
    (w, b), after = parts[layer], parts[layer + 1][0]
    for rows in (w, b, after.T):
        rows[[i, j]] = sign * rows[[j, i]]
    return copy


def _moves(network: Training) -> list[Move]:
    found = []
    for layer, width in enumerate(network.layer_sizes[1:-1]):
        for i in range(width):
            found.append((layer, i, i, -1))
            found.extend((layer, i, j, sign) for j in range(i) for sign in (1, -1))
    return found
