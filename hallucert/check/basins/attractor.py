"""The sets that cells must reach: ellipses from the claims ``basin`` of certificates of points.

The claim says that SAM with any step up to eta converges to ``x*`` from ``Omega = {x* + V w : |w| <= R}``. With floats
B near ``V^-1`` and z near ``x*``, ``e >= |I - B V|`` and ``d >= |z - x*|``,

    |V^-1 (y - x*)| <= (|B (y - z)| + |B| d)/(1 - e),

since ``V^-1 = B + (I - B V) V^-1``. So y is in Omega if ``|B (y - z)| <= (1 - e) R - |B| d``; e and d are computed
exactly. Omega is convex, so a box lies in it if its corners do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.check.claim import Status
from hallucert.check.point.certificate import Certificate
from hallucert.exact import float_below

_ROUNDING = 2.0**-48
"""Of the sizes of all terms of ``B (y - z)``: more than is rounded in it."""


@dataclass(frozen=True)
class Ellipse:
    """The points y with ``|B (y - z)| <= radius``: z is (2,), `back` is B, (2, 2)."""

    centre: np.ndarray
    back: np.ndarray
    radius: float

    def contains(self, boxes: np.ndarray) -> np.ndarray:
        """Tell which boxes (..., 2, 2), the ends of both sides, certainly lie in it."""
        result = np.ones(boxes.shape[:-2], bool)
        for x in (boxes[..., 0, 0], boxes[..., 0, 1]):
            for y in (boxes[..., 1, 0], boxes[..., 1, 1]):
                terms = [row[0] * (x - self.centre[0]) for row in self.back]
                others = [row[1] * (y - self.centre[1]) for row in self.back]
                length = np.hypot(*(a + b for a, b in zip(terms, others, strict=True)))
                slack = sum(np.abs(term) for term in (*terms, *others)) * _ROUNDING
                result &= length + slack <= self.radius
        return result


def ellipse_of(certificate: Certificate, step: Fraction) -> Ellipse | None:
    """Return the ellipse from which SAM with a step is claimed to converge; None if no such thing is claimed."""
    claim = certificate.claims.get("basin")
    if claim is None or claim.status is not Status.PROVED or certificate.problem.residual or certificate.box is None:
        return None
    inputs = claim.inputs
    if "subdivision" not in inputs or inputs["step"] < step or len(inputs["basis"]) != 4:
        return None
    basis = np.array([float(v) for v in inputs["basis"]]).reshape(2, 2)
    determinant = basis[0, 0] * basis[1, 1] - basis[0, 1] * basis[1, 0]
    if not (math.isfinite(determinant) and determinant != 0):
        return None
    back = np.array([[basis[1, 1], -basis[0, 1]], [-basis[1, 0], basis[0, 0]]]) / determinant
    centre = np.array([float((low + high) / 2) for low, high in certificate.box])
    if not (np.isfinite(back).all() and np.isfinite(centre).all()):
        return None
    b = [[Fraction(v) for v in row] for row in back.tolist()]
    v = [inputs["basis"][:2], inputs["basis"][2:]]
    off = [[(i == j) - sum(b[i][k] * v[k][j] for k in range(2)) for j in range(2)] for i in range(2)]
    error = sum(abs(entry) for row in off for entry in row)
    away = sum(
        max(z - low, high - z) for z, (low, high) in zip(map(Fraction, centre.tolist()), certificate.box, strict=True)
    )
    radius = (1 - error) * inputs["size"] - sum(abs(entry) for row in b for entry in row) * away
    return Ellipse(centre, back, float_below(radius)) if error < 1 and radius > 0 else None
