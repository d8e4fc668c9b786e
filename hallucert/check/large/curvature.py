"""Claims ``theorem_3_2`` and ``sphere_type`` at a point on a slice, from the Hessian along three directions.

With ``k = rho/q`` and ``P = I - u u^T``, for any v and ``t = P v``

    lambda_min(sym Du) <= (v^T H v - (u^T v)(u^T H v)) / (q |v|^2),
    lambda_min(J|_T) <= 1 + k t^T H t / |t|^2 <= lambda_max(J|_T)

(Rayleigh's quotients; ``Du = P H/q``, and ``J = I + k P H P`` on the tangent space). And if ``|H| w <= y`` for the
matrix of absolute values and some ``w > 0``, no eigenvalue of H is larger in size than ``eta = max y_i/w_i`` (Collatz,
Wielandt), so that ``lambda_min(sym Du) >= -eta/q``, and ``J|_T`` lies within ``k eta`` of 1. The program of ``H v``,
run on the box ``|v_i| <= w_i``, gives such a y.

So (C32) is refuted wherever a direction shows it, and a saddle on the sphere is proved by two; what needs all
directions is proved only where ``eta`` is small. The directions are proposed anew by whoever measures, by Lanczos'
method in floats; with poor ones less is decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.balls.midrad import MidRad
from hallucert.balls.midrad.rounding import UP, Doubles
from hallucert.check.claim import Enclosure, Numbers
from hallucert.check.large.slice import Runs, Slice
from hallucert.check.point.perturbation import TANGENTIAL
from hallucert.clock import look
from hallucert.errors import DomainError
from hallucert.objectives.program.evaluate import FloatArrays

KRYLOV = 20
"""Steps of Lanczos' method."""
SWEEPS = 3
"""Vectors w that are tried."""
LEAST, NEGLIGIBLE = 2.0**-20, 1e-10
"""The least entry of w, in parts of its largest; and which part of a vector is as good as none."""


def enclosure(number: MidRad) -> Enclosure:
    """The interval of a single number, exactly."""
    mid, rad = Fraction(number.mid.item()), Fraction(number.rad.item())
    return Enclosure(mid - rad, mid + rad)


@dataclass(frozen=True)
class Curvature:
    """The Hessian at ``x(z)``, along directions, from runs of ``hessian`` and ``curvature``; `q` is ``|g|``, ()."""

    runs: Runs
    q: MidRad

    def theorem_3_2(self) -> Numbers:
        """Enclose the least eigenvalue of ``sym Du``."""
        along, ahead, turned, _, size = (part[:1] for part in self._forms)
        quotient = (along - ahead * turned / (self.q * self.q)) / (size * self.q)
        least = enclosure(self._largest / self.q).lower
        return {"smallest_eigenvalue_sym_Du": Enclosure(least, enclosure(quotient).upper)}

    def sphere_type(self) -> Numbers:
        """Enclose the least and the largest eigenvalue of ``J|_T``."""
        if self.runs.slice.f.dimension == 1:
            return {}
        along, ahead, turned, whole, size = (part if part.shape == (1,) else part[1:] for part in self._forms)
        if along.size < 2:
            raise DomainError("no tangential direction is known")
        square, k = self.q * self.q, MidRad.number(self.runs.slice.problem.rho) / self.q
        bent = along - ahead * turned / square * 2 + ahead * ahead * whole / (square * square)
        j = bent / (size - ahead * ahead / square) * k + 1
        ends = enclosure(self._largest * k + 1)
        least, largest = Enclosure(ends.lower, enclosure(j[0]).upper), Enclosure(enclosure(j[1]).lower, ends.upper)
        return {TANGENTIAL[0]: least, TANGENTIAL[1]: largest}

    @cached_property
    def _forms(self) -> list[MidRad]:
        """``v^T H v``, ``g^T v``, ``g^T H v``, ``g^T H g`` and ``|v|^2`` for three directions."""
        found = self.runs.run("curvature", *self.runs.slice.f.split(proposed(self.runs.slice)))
        return [part if part.ndim else part.reshape(1) for part in found]

    @cached_property
    @np.errstate(over="ignore")
    def _largest(self) -> MidRad:
        """The interval from ``-eta`` to ``eta``."""
        f, least = self.runs.slice.f, np.inf
        w = np.ones(f.dimension)
        for sweep in range(SWEEPS):
            look("bounds of the Hessian", sweep, SWEEPS)
            boxes = [MidRad(np.zeros(part.shape), part) for part in f.split(w)]
            y = f.joined([part.magnitude() for part in self.runs.run("hessian", *boxes)], 0)
            least = min(least, float((y / w).max() * UP))
            w = y / max(y.max(), 1e-300) + LEAST
        if not np.isfinite(least):
            raise DomainError("the Hessian is not bounded")
        return MidRad(0.0, least)


@np.errstate(all="ignore")
def proposed(slice_: Slice) -> Doubles:
    """Propose Ritz vectors at the centre: of the least eigenvalue of ``sym P H``, and of both ends of ``P H P``.

    Shape (3, d); in one dimension (1, d).
    """
    f, floats, count = slice_.f, slice_.on(FloatArrays()), 1
    hessian = floats.at(np.zeros(slice_.unknowns), "hessian")

    def product(v: Doubles) -> Doubles:
        return np.asarray(f.joined(hessian.run("hessian", *f.split(v)), 0))

    basis, form = np.empty((KRYLOV + 1, f.dimension)), np.zeros((KRYLOV + 1, KRYLOV + 1))
    g = f.joined(floats.arrays.run(f.gradients, floats.x0), 0)
    basis[0] = g / np.linalg.norm(g)
    turned, image = product(basis[0]), product(np.random.default_rng(0).standard_normal(f.dimension))
    form[0, 0] = basis[0] @ turned
    image = sum((v / (np.linalg.norm(v) or 1.0) for v in (turned, image)), np.zeros(f.dimension))
    while count <= min(KRYLOV, f.dimension - 1):
        look("directions of the Hessian", count, KRYLOV)
        known, size = basis[:count], np.linalg.norm(image)
        for _ in range(2):
            image = image - known.T @ (known @ image)
        if not np.linalg.norm(image) > NEGLIGIBLE * size:
            break
        basis[count] = image / np.linalg.norm(image)
        image = product(basis[count])
        form[: count + 1, count] = form[count, : count + 1] = basis[: count + 1] @ image
        count += 1
    basis, form = basis[:count], form[:count, :count]
    if not np.isfinite(form).all():
        raise DomainError("products with the Hessian overflow")
    skew = form.copy()  # of sym P H: half of the column of u, and of its row, which `eigh` does not read
    skew[:, 0] /= 2
    skew[0, 0] = 0
    steepest = np.linalg.eigh(skew)[1][:, :1].T @ basis
    ends = np.linalg.eigh(form[1:, 1:])[1][:, [0, -1]].T @ basis[1:] if count > 1 else basis[:0]
    return np.concatenate([steepest, ends])
