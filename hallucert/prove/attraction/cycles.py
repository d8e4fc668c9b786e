"""What is proposed for claims about two-cycles: norms and sizes of basins, and the minimizer in the middle."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.bases import eigenvector_bases
from hallucert.balls.inertia import is_positive_definite
from hallucert.check.cycle.around import critical_point
from hallucert.check.cycle.basin import SUBDIVISIONS, contractions_of
from hallucert.check.cycle.claims import of_cycle
from hallucert.check.point.rule import Evidence, Inputs
from hallucert.check.reason import Reason
from hallucert.exact import round_up
from hallucert.find.newton import gradient_system, newton_point
from hallucert.prove.attraction.basin import flattened, with_set

LARGEST_DIMENSION = 100
"""More variables make the bases too long for a certificate."""
PIECES = 30
"""Of a subdivision: with five times as many R would be twice as large, and checking take five times as long."""
NEWTON = 30
ROOMS = (Fraction(2), Fraction(5, 4))
"""Half widths of boxes that are tried: multiples of what holds both points, and of what holds the middle."""


def basin(evidence: Evidence) -> Inputs | Reason:
    """Return eigenvectors of two steps at both points, in floats, and about the largest R that pass."""
    point = of_cycle(evidence)
    if point.objective.dimension > LARGEST_DIMENSION:
        return Reason.DIMENSION
    ar, (first, second) = evidence.arithmetic, point.step_matrices
    products = [ar.approximations(ar.matrix_product(*pair)) for pair in ((second, first), (first, second))]
    proposals = [next(eigenvector_bases(rows), None) if np.isfinite(rows).all() else None for rows in products]
    bases = tuple(flattened(proposal) for proposal in proposals if proposal is not None)
    both, found = contractions_of(evidence, bases), []
    for two_steps in both or ():
        inputs = with_set(two_steps, {}, PIECES)
        if isinstance(inputs, Reason):
            return inputs
        found.append(inputs)
    if not found:
        return Reason.PRECISION
    return {
        "bases": bases,
        "sizes": tuple(inputs["size"] for inputs in found),
        "bound": max(inputs["bound"] for inputs in found),
        **{name: inputs["subdivision"] for name, inputs in zip(SUBDIVISIONS, found, strict=True)},
    }


def around(evidence: Evidence) -> Inputs | Reason:
    """Return a box around the critical point next to the middle, a minimizer, that holds the middle, at best both."""
    ar, point = evidence.arithmetic, of_cycle(evidence)
    pair = np.array([[float(ar.midpoint(v)) for v in part.x] for part in point.parts])
    middle, length = pair.mean(axis=0), float(np.linalg.norm(pair[0] - pair[1]))
    f = point.objective
    c = newton_point(gradient_system(f), middle, NEWTON, length).x
    if not np.isfinite(c).all():
        return Reason.NO_MINIMIZER
    centre = tuple(Fraction(v) for v in c.tolist())
    hessian = f.enclose_hessian(ar, [ar.constant(v) for v in centre])
    if not (ar.all_finite(hessian) and is_positive_definite(ar, matrix.symmetric_part(ar, hessian))):
        return Reason.NO_MINIMIZER
    for place, room in zip((pair, middle), ROOMS, strict=True):
        reach = round_up(room * Fraction(max(float(np.abs(place - c).max()), length * 2.0**-20)), 20)
        if critical_point(ar, f, centre, reach) is not None:
            return {"centre": centre, "half_width": reach}
    return Reason.NO_MINIMIZER
