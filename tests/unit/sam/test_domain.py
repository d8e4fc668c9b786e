"""Claim: a run of SAM stops, and says so, where ``x`` or ``x+`` leaves the domain, also where the gradient drops it."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.sam import Status

WELL = "(x**2 - 1)**2/4 + y**2/20"
ASAM = RadiusLaw("asam", (1, 2))  # type: ignore[arg-type]


@pytest.mark.parametrize("term", ["0*log(x + 0.4)", "0*sqrt(x + 0.4)", "0*(x + 0.4)**1.5", "0*log(log(x + 1.4))"])
@pytest.mark.parametrize("variant", ["sam", "usam", ASAM])
def test_a_run_stops_outside_of_the_domain(term, variant):
    """Where the run without the term first has x or x+ at or below -0.4, the run with it stops, with status OUTSIDE."""
    rho = "0.2" if variant == "usam" else "1.5"
    free, cut = (
        hc.sam.run(hc.Objective.parse(f"{WELL} + {more}"), (-0.2, 0.1), rho, 0.1, 60, variant=variant)
        for more in ("0", term)
    )
    shifted = hc.sam.perturbed_point(free.objective, free.history, rho, variant=variant)
    outside = (free.history[:, 0] <= -0.4) | (shifted[:, 0] <= -0.4)
    assert outside.any() and cut.status is Status.OUTSIDE
    assert cut.steps == int(np.argmax(outside))
    np.testing.assert_array_equal(cut.history, free.history[: cut.steps + 1])


def test_a_run_jumps_over_a_pole():
    """Steps are discrete: x = -0.3 and -0.45 are both defined with a pole in between, and so is the map at both."""
    f = hc.Objective.parse(f"{WELL} + 0/(x + 0.4)")
    end = hc.sam.run(f, (-0.3, 0.1), "1.5", 0.3, 2000)
    assert end.status is Status.CONVERGED and abs(end.x[0] + 0.5) < 1e-8


def test_an_ensemble_says_which_lanes_left():
    """Lanes that meet the edge are OUTSIDE, the others converge, and neither disturbs the other."""
    f = hc.Objective.parse(f"{WELL} + 0*log(x + 0.45)")
    runs = hc.sam.run_ensemble(f, [(-0.3, 0.1), (0.99, 0.0), (-0.4, 0.2)], "0.3", 0.1, 3000)
    alone = [hc.sam.run(f, x, "0.3", 0.1, 3000).status for x in [(-0.3, 0.1), (0.99, 0.0), (-0.4, 0.2)]]
    assert list(runs.status) == alone and runs.status[0] is Status.OUTSIDE and runs.status[1] is not Status.OUTSIDE


def test_a_point_on_a_pole_is_outside():
    """Exactly at a removable pole, or at sqrt(0), nothing is defined: no step is done."""
    for term, x in (
        ("0/(x - 0.5)", 0.5),
        ("0*sqrt(x - 0.5)", 0.5),
        ("exp(-1/(x - 0.5)**2)", 0.5),
        ("x/(x*2 - 1)", 0.5),
    ):
        end = hc.sam.run(hc.Objective.parse(f"{WELL} + {term}"), (x, 0.2), 1, 0.1, 10)
        assert (end.status, end.steps) == (Status.OUTSIDE, 0)
