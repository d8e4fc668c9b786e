"""The numbers of the claims about a point with an isolated target, from matrices with d rows in midpoint-radius arrays.

The claims are those of every point (`hallucert.check.point`, `hallucert.check.attraction`). With ``Hp = H(x*+)``:

**Regular.** With R near ``J^-1``, exact, and ``phi >= |I - R J|_2``, ``phi < 1``: ``R = (I - F) J^-1`` makes
``(1 - phi)/|R|_2 <= sigma_min(J) <= (1 + phi)/|R|_2``, and ``|R|_2^2`` is the largest eigenvalue of ``R R^T``.

**Sphere type.** ``P J P + t u u^T = J - (J u - t u) u^T`` has the eigenvalues of ``J|_T`` and t; with their mean
``t = (tr J - 1)/(d - 1)`` the extreme ones are those of ``J|_T``.

**Theorem 3.2.** ``sym Du = (sym J - I)/rho``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.balls.midrad import MidRad, matrix_vector_upper
from hallucert.balls.midrad.rounding import UP
from hallucert.balls.midrad.spectra import least_eigenvalue, spectrum, symmetric_part
from hallucert.check.attraction.attractor import numbers_of
from hallucert.check.claim import Enclosure, Numbers
from hallucert.check.large.curvature import enclosure
from hallucert.check.large.slice import Runs
from hallucert.check.point.perturbation import TANGENTIAL
from hallucert.check.reason import Reason

Ends = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Matrices:
    """The matrices at a point ``x(z)``, from runs of a function without residuals; `value` is ``f(x+)``."""

    runs: Runs
    value: MidRad

    @cached_property
    def perturbation(self) -> MidRad:
        """``J``."""
        found: MidRad = self.runs.columns("perturbation")[0]
        return found

    def target(self) -> Numbers | Reason:
        """Enclose the extreme eigenvalues of ``H(x+)``, the number of negative ones and ``f(x+)``."""
        extremes = _extremes(symmetric_part(self.runs.columns("target")[0]))
        if extremes is None:
            return Reason.PRECISION
        (low, above), (below, high) = extremes
        d = self.runs.slice.unknowns
        fewest = d if high < 0 else 1 if above < 0 else 0
        most = 0 if low > 0 else d - 1 if below > 0 else d
        return {
            "smallest_hessian_eigenvalue": Enclosure(low, above),
            "largest_hessian_eigenvalue": Enclosure(below, high),
            "negative_eigenvalues": Enclosure(Fraction(fewest), Fraction(most)),
            "target_value": enclosure(self.value),
        }

    def regular(self) -> Numbers | Reason:
        """Enclose the least singular value of J."""
        j = self.perturbation
        try:
            inverse = MidRad.computed(np.asarray(np.linalg.inv(j.mid), np.float64))
        except np.linalg.LinAlgError:
            return Reason.SINGULAR_JACOBIAN
        f = (MidRad(np.eye(len(j))) - inverse @ j).magnitude()
        ones = np.ones(len(j))
        phi = Fraction(float(max(matrix_vector_upper(side, ones).max() for side in (f, f.T))))
        ends = least_eigenvalue(symmetric_part(-(inverse @ inverse.T)))
        if ends is None or phi >= 1 or ends[1] >= 0:
            return Reason.SINGULAR_JACOBIAN
        long, short = (Fraction(math.sqrt(float(-end) * up) * up) for end, up in zip(ends, (UP, 2 - UP), strict=True))
        return {"smallest_singular_value": Enclosure((1 - phi) / long, (1 + phi) / short)}

    def sphere_type(self) -> Numbers | Reason:
        """Enclose the extreme eigenvalues of ``J|_T``."""
        j, d = self.perturbation, self.runs.slice.unknowns
        if d == 1:
            return {}
        u = self.runs.run("direction")[0].reshape(-1, 1)
        trace = j.reshape(-1)[:: d + 1].sum()
        mean = (trace - 1) * MidRad.number(Fraction(1, d - 1))
        extremes = _extremes(symmetric_part(j - (j @ u - u * mean) @ u.T))
        if extremes is None:
            return Reason.PRECISION
        return {name: Enclosure(*ends) for name, ends in zip(TANGENTIAL, extremes, strict=True)}

    def theorem_3_2(self) -> Numbers | Reason:
        """Enclose the least eigenvalue of ``sym Du``."""
        ends = least_eigenvalue(symmetric_part(self.perturbation))
        if ends is None:
            return Reason.PRECISION
        low, high = ((end - 1) / self.runs.slice.problem.rho for end in ends)
        return {"smallest_eigenvalue_sym_Du": Enclosure(low, high)}

    def attractor(self) -> Numbers | Reason:
        """Enclose the spectrum of ``M``."""
        return numbers_of(spectrum(self.runs.columns("jacobian")[0]))


def _extremes(s: MidRad) -> tuple[Ends, Ends] | None:
    """Enclose the least and the largest eigenvalue of symmetric matrices."""
    least, largest = least_eigenvalue(s), least_eigenvalue(-s)
    return None if least is None or largest is None else (least, (-largest[1], -largest[0]))
