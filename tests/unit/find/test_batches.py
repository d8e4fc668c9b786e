"""Common fixed points of mini-batch SAM, searched for in floats."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError

SQUARES = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
"""Each residual alone moves its own coordinate: for rho = 3/2 common fixed points are (+-1/2, +-1/2)."""


def test_the_common_fixed_points_of_two_squares_are_those_of_the_closed_form():
    """(x^2 - 1)x > 0 for -1 < x < 0, so x_0+ = x + 3/2, which is 1 at -1/2."""
    found = hc.find.hallucinate(SQUARES, (-0.45, 0.6), "1.5", batches=1)
    np.testing.assert_allclose(found.x, [-0.5, 0.5], atol=1e-9)
    np.testing.assert_allclose(found.targets, [[1.0, 0.5], [-0.5, -1.0]], atol=1e-9)
    np.testing.assert_allclose(found.gradient_norms, [1.5, 1.5], atol=1e-9)  # n_b = 1/2, so f_b = r_b^2
    assert found.batches.rows == ((0,), (1,)) and "2 batches" in repr(found)


def test_one_batch_of_everything_is_full_batch_sam():
    """The search is the same as without batches."""
    one = hc.find.hallucinate(SQUARES, (-0.45, 0.6), "1.5", batches=2)
    full = hc.find.hallucinate(SQUARES, (-0.45, 0.6), "1.5")
    np.testing.assert_allclose(one.x, full.x, atol=1e-10)


def test_residuals_vanish_at_the_perturbed_point_of_each_batch():
    """In numpy, on a network: x + rho g_b/|g_b| with g_b of the two samples of the batch."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(4, 2)), rng.choice([-1.0, 1.0], size=4)
    f = hc.TanhNetwork((2, 8, 1), inputs, targets)
    found = hc.find.hallucinate(f, f.initial(4), 8, batches=[[0, 2], [1, 3]])
    for samples in ([0, 2], [1, 3]):
        alone = hc.TanhNetwork((2, 8, 1), inputs[samples], targets[samples])
        g = alone.gradient(found.x)
        assert np.abs(alone.residual(found.x + 8 * g / np.linalg.norm(g))).max() < 1e-9


@pytest.mark.parametrize("start", [(1.0, 0.5), (0.5, 0.0)])
def test_a_start_where_a_batch_has_no_gradient_is_refused(start):
    """At such a point the step with that batch is not defined."""
    with pytest.raises(SearchError, match="batch"):
        hc.find.hallucinate(SQUARES, start, "1.5", batches=1)


def test_a_start_from_which_a_batch_leaves_the_domain_is_refused():
    """sqrt(x) is not defined at x_0+ = -0.9."""
    f = hc.Objective.least_squares(["sqrt(x) - 1", "y**2 - 1"])
    with pytest.raises(SearchError, match="of a batch"):
        hc.find.hallucinate(f, (0.1, 0.5), 1, batches=1)


def test_other_ascent_steps_have_no_batches():
    """The equations are those of SAM."""
    with pytest.raises(ArgumentError, match="variant"):
        hc.find.hallucinate(SQUARES, (-0.45, 0.6), "1.5", batches=1, variant="usam")
