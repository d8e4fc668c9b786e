"""Symmetric copies of a network's parameters give the same outputs from another place."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.find.symmetry import moved, symmetric_copies


def network(sizes: tuple[int, ...], **more: object) -> hc.TanhNetwork:
    rng = np.random.default_rng(3)
    return hc.TanhNetwork(sizes, rng.standard_normal((7, sizes[0])), rng.standard_normal((7, sizes[-1])), **more)


@pytest.mark.parametrize("sizes", [(2, 4, 1), (3, 5, 4, 2)])
@pytest.mark.parametrize("beyond", [0.1, 1.0, 2.0])
def test_copies_have_the_outputs_of_the_original_and_lie_beyond(sizes: tuple[int, ...], beyond: float) -> None:
    """Every copy is farther away than asked, nearest first, with the same outputs and the same norm."""
    f = network(sizes, weight_decay="0.01")
    x = f.initial(1)
    copies = symmetric_copies(f, x, beyond, 12, np.random.default_rng(0))
    assert len(copies) > 0
    distances = np.linalg.norm(copies - x, axis=1)
    assert (distances > beyond).all() and (np.diff(distances) >= -1e-12).all()
    for copy in copies:
        np.testing.assert_allclose(f.predict(copy), f.predict(x), atol=1e-12)
        assert np.linalg.norm(copy) == pytest.approx(np.linalg.norm(x), rel=1e-14)


def test_turning_and_exchanging_units_move_by_closed_forms() -> None:
    """Turning unit i over moves by 2 |w_i|, exchanging i and j by sqrt(2) |w_i - w_j|, with w all numbers of a unit."""
    f = network((2, 4, 1))
    x = f.initial(0)
    (w1, b1), (w2, _) = f.layout.split(x)
    w = np.concatenate([w1, b1[:, None], w2.T], axis=1)
    turned, exchanged = moved(f, x, (0, 2, 2, -1)), moved(f, x, (0, 3, 1, 1))
    assert np.linalg.norm(turned - x) == pytest.approx(2 * np.linalg.norm(w[2]), rel=1e-14)
    assert np.linalg.norm(exchanged - x) == pytest.approx(np.sqrt(2) * np.linalg.norm(w[3] - w[1]), rel=1e-14)


def test_what_has_no_copies_gives_none() -> None:
    """A formula, and a network whose hidden units are all zero, have no copies elsewhere."""
    f, rng = network((2, 4, 1)), np.random.default_rng(0)
    assert symmetric_copies(f, np.zeros(17), 0.1, 5, rng).shape == (0, 17)
    assert symmetric_copies(hc.Objective.parse("x**2 + y**2"), np.ones(2), 0.1, 5, rng).shape == (0, 2)
