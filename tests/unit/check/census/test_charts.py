"""Charts of a sphere: the formulas against differences, and what lies over a chart."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.balls import arithmetic
from hallucert.check.census.charts import ChartPoint, charts
from hallucert.objectives.objective import Objective


def test_the_jacobian_on_a_chart_is_the_derivative():
    """Differences of the equations at 106 bits, on every face in three dimensions."""
    f, ar, step = Objective.parse("x**3*y + sin(y*z) + x*z**2"), arithmetic("arb", 106), 2.0**-30
    with ar:
        for face in charts(3):

            def at(y, face=face):
                balls, centre = [ar.from_float(v) for v in y], [ar.from_float(v) for v in (0.25, -0.5, 1.0)]
                return ChartPoint(ar, f, ar.constant(Fraction(2)), centre, face, balls)

            middle = np.array([0.375, -0.625])
            jacobian = ar.approximations(at(middle).jacobian)
            for k in range(2):
                shift = step * np.eye(2)[k]
                above, below = (ar.approximations([at(middle + s * shift).equations])[0] for s in (1, -1))
                np.testing.assert_allclose((above - below) / (2 * step), jacobian[:, k], rtol=1e-6, atol=1e-6)
