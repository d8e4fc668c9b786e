"""Hallucinated points by descent on the sphere: the search for functions of too many variables to form Hessians.

It finds minima of ``f`` on ``S(c, rho)`` only, which is where attractors are (Proposition 4.4), not the saddles.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.errors import SearchError
from hallucert.find.candidate import Candidate
from hallucert.find.descent import Descended, SphereDescent
from hallucert.find.distinct import distinct, lexicographic
from hallucert.find.domain import defined
from hallucert.find.symmetry import symmetric_copies
from hallucert.objectives.objective import Objective

PRODUCTS = 20_000  # most Hessian-vector products of one descent

SADDLES = 4  # how often a descent that ended at a saddle goes on from there

NO_GRADIENT = 1e-8  # ``|g| <= NO_GRADIENT |R| rho``: the descent ended at a critical point of ``f`` itself

# ``|P g| <= TANGENTIAL |g|``: the gradient is normal, so the descent has converged; most reach 1e-12.
TANGENTIAL = 1e-6

# ``|g(x+)| <= SHIFTED |g(x)|``. A tiny multiplier magnifies the rounding in ``P g``: ``x+`` misses the target
# by ``rho |P g| / |g|``. Where that spoils the definition, floats do not tell whether there is a hallucinated
# point.
SHIFTED = 1e-3


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
    return [_candidate(f, found[kept[i]], rho, centre) for i in lexicographic(values, x[kept])]


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
    shifted = descent.f.gradient_lanes((end.x + descent.rho * end.gradient / q)[None, :])[0]
    return float(np.linalg.norm(shifted)) <= SHIFTED * q


def _candidate(f: Objective, end: Descended, rho: Fraction, centre: np.ndarray) -> Candidate:
    return Candidate(f, end.x, rho, centre, float(np.linalg.norm(end.gradient)) / float(rho), "minimum")
