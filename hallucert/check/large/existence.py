"""Existence on a slice: Krawczyk's test for ``G(z) = r(x(z)+)`` in midpoint-radius arrays.

With the box ``|z - z0| <= radius``, C near the inverse of ``DG``, ``E >= |I - C [DG(Z)]|`` and ``step >= |C G(z0)|``,

    step + E radius < radius    in every component

proves that G has exactly one zero in the box, and that every matrix of ``[DG(Z)]`` is nonsingular (claim `existence`,
`hallucert.check.point.existence`). ``G(z0)`` is enclosed in balls, for in doubles its rounding errors are too large; C
is the float inverse of the middle of ``[DG(Z)]``, proposed anew by whoever makes the test.

**A tighter box.** For the zero ``|z* - z0| <= step + E |z* - z0|``. With ``|v|_r`` the largest ``|v_i| / radius_i`` and
``kappa = |E radius|_r < 1`` it follows that ``|z* - z0|_r <= |step|_r / (1 - kappa)``, and once more

    |z* - z0| <= step + E radius |step|_r / (1 - kappa).

**A tighter one still**, in balls of many bits: if ``|z* - z0| <= reach`` and E is that of this smaller box, then by the
mean value theorem ``|z* - (z0 - C G(z0))| <= E |z* - z0| <= E reach``: Newton's step squares the distance, about, as
long as balls have the bits.

Refuted: ``step_i - (E radius)_i > radius_i`` for some i, or a component of G that does not vanish on the box.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from hallucert.balls.facade import BallArithmetic
from hallucert.balls.midrad import MidRad, matrix_vector_upper
from hallucert.balls.midrad.rounding import TINY, UP, Doubles
from hallucert.check.claim import Sentence
from hallucert.check.large.slice import Slice
from hallucert.check.point.rule import Facts
from hallucert.check.problem import Problem
from hallucert.errors import DomainError
from hallucert.exact import float_above
from hallucert.objectives.program.evaluate import Array

if TYPE_CHECKING:
    from hallucert.check.point.rule import Witness

DOWN = 2 - UP
STEPS = 5
"""Of Newton's method in balls, at most."""


@dataclass(frozen=True, eq=False)
class SlicedWitness:
    """Where existence is proved: in the slice through `centre`, for ``|z - middle| <= radius``.

    Nothing in it is trusted: a bad one only makes the proof fail. `centre` is ``x0`` (d,), `middle` is ``z0`` (m,), and
    the half widths of the box, `radius` (m,), are positive.
    """

    centre: Doubles
    middle: Doubles
    radius: Doubles

    @property
    def box(self) -> MidRad:
        """The box, in z."""
        return MidRad(self.middle, self.radius)

    @property
    def place(self) -> Sentence:
        """The box in words."""
        low, high = Fraction(float(self.radius.min())), Fraction(float(self.radius.max()))
        return Sentence("point.large_slice", (low, high, len(self.middle)))


class BoxWitness(SlicedWitness):
    """The same of a function without residuals: the box is one of points ``x0 + z``."""

    @property
    def place(self) -> Sentence:
        return Sentence("point.large_box", (Fraction(float(self.radius.max())), len(self.middle)))


def facts_of(problem: Problem, witness: SlicedWitness) -> Facts:
    """What statements may refer to; of a witness that is its `place`."""
    placed = witness if problem.residual else BoxWitness(**vars(witness))
    return Facts(problem, cast("Witness", placed))


@dataclass(frozen=True)
class Test:
    """The outcome of Krawczyk's test: the box is proved to hold exactly one zero, or none (`excluded`), or neither.

    `filled` is about the part of the box that the image fills, infinite where nothing could be enclosed; `reach` (m,)
    bounds ``|z* - z0|`` if it is proved.
    """

    proved: bool
    excluded: bool
    filled: float
    reach: Doubles


def krawczyk(slice_: Slice, witness: SlicedWitness, value: MidRad) -> Test:
    """Make the test; `value` encloses ``G(z0)``."""
    radius = witness.radius
    try:
        runs = slice_.at(witness.box, "residual", "jacobian")
        image, jacobian = runs.run("residual")[0], runs.columns("jacobian")[0]
        c = MidRad.computed(np.linalg.inv(jacobian.mid))
        defect = (MidRad(np.eye(len(radius))) - c @ jacobian).magnitude()
        move = c @ value
        turn, step = matrix_vector_upper(defect, radius), move.magnitude()
    except (DomainError, np.linalg.LinAlgError):
        return Test(False, False, np.inf, radius)
    spread = (step + turn) * UP + TINY
    misses = (move.mignitude() * DOWN - turn > radius * UP).any() or bool((image.mignitude() > 0).any())
    if not (spread < radius).all():
        return Test(False, bool(misses), float((spread / radius).max()), radius)
    share = float(((step / radius).max() + TINY) / (1 - (turn / radius).max() * UP)) * UP**2
    reach = (step + turn * share) * UP**2 + TINY
    return Test(True, False, float((spread / radius).max()), np.minimum(reach, radius))


def refined(slice_: Slice, witness: SlicedWitness, reach: Doubles) -> Array:
    """Enclose the zero, which is proved to lie within `reach` of the middle, in balls, as tightly as they allow.

    The slice is one that runs whole programs in balls.
    """
    sharp, ar = slice_.sharp, slice_.sharp.arithmetic
    middle = sharp.balls_of(witness.middle)
    for _ in range(STEPS):
        box = _around(ar, middle, reach)
        try:
            jacobian = slice_.columns("jacobian", box)[0]
            inverse = MidRad.computed(np.linalg.inv(jacobian.mid))
            defect = (MidRad(np.eye(len(reach))) - inverse @ jacobian).magnitude()
            value = sharp.balls(slice_.program("residual"), middle)[0]
            with ar:
                moved = middle - sharp.arrays.product(sharp.balls_of(inverse.mid)[None], value[None, :, None])[0, :, 0]
                off = np.array([float_above(ar.magnitude(ball - ar.centre(ball))) for ball in moved])
            tight = (matrix_vector_upper(defect, reach) + off) * UP
        except (DomainError, np.linalg.LinAlgError):
            return box
        if not tight.max() < reach.max() / 2:
            return box
        middle, reach = np.array([ar.centre(ball) for ball in moved], dtype=object), tight
    return _around(ar, middle, reach)


def _around(ar: BallArithmetic, middle: Array, reach: Doubles) -> Array:
    """Balls around exact ones."""
    with ar:
        sides = [ball + ar.interval(-Fraction(r), Fraction(r)) for ball, r in zip(middle, reach.tolist(), strict=True)]
    return np.array(sides, dtype=object)
