"""Fixed points of SAM with weight decay at the clean point, ``g(x+) + w x = 0``: the equations, and what is found."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.errors import SearchError
from hallucert.find.candidate import point_text
from hallucert.find.domain import defined, same_side
from hallucert.find.newton import newton_point
from hallucert.find.rescaled import Rescaled, Unit, number_text, short
from hallucert.find.shifted import Shifted
from hallucert.objectives.objective import Objective


@dataclass(frozen=True, eq=False)
class DecayCandidate:
    """A point where floats say that ``g(x+) + w x`` vanishes and ``g(x)`` does not.

    Attributes
    ----------
    objective : Objective
        The function.
    x : (d,) array
        The point.
    rho, weight_decay : Fraction
        The perturbation radius and w, exact.
    """

    objective: Objective
    x: np.ndarray
    rho: Fraction
    weight_decay: Fraction

    def __repr__(self) -> str:
        decay = float(self.weight_decay)
        return f"<DecayCandidate at {point_text(self.x)}, rho = {float(self.rho):.6g}, weight decay {decay:.6g}>"


class Decayed(Shifted):
    """The equations ``g(x+) + w x = 0`` in place of ``g(x+) = 0``."""

    def __init__(self, f: Objective, rho: float, decay: float) -> None:
        super().__init__(f, rho)
        self.decay = decay

    def by_gradient(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``g(x+) + w x`` and its Jacobian."""
        value, jacobian = super().by_gradient(x)
        return value + self.decay * x, jacobian + self.decay * np.eye(x.size)


def decayed(units: Rescaled, x: np.ndarray, rho: Fraction, decay: Fraction, steps: int) -> DecayCandidate:
    """Return the fixed point that Newton finds from `x`, for a function in `units`."""
    radius = float(units.radius(rho))
    equations = Decayed(units, radius, units.number_inside(float(decay), Unit.MULTIPLIER))

    def allowed(here: np.ndarray, there: np.ndarray) -> bool:
        return same_side(equations.domain_arguments, here, there)

    root = newton_point(equations.by_gradient, units.inside(x), steps, radius, allowed, "steps of Newton")
    place = short(units, root.x)
    if not root.solved(radius):
        left = number_text(units, root.residual, Unit.GRADIENT)
        raise SearchError(
            f"refine did not converge: at {place} |g(x+) + w x| = {left}. Continue the run with weight decay, start "
            f"nearer, or raise max_steps (now {steps})"
        )
    plus = equations.targets(root.x)
    if equations.is_critical(root.x, radius) or not defined(units, np.stack([root.x, *plus])).all():
        raise SearchError(f"refine ended at {place}, where the gradient of f vanishes or f is not defined")
    return DecayCandidate(units.f, units.outside(root.x), rho, decay)
