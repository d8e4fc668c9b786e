"""Bases that are proposed for basins: in them a matrix is as short as its eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest

from hallucert.balls.bases import eigenvector_bases
from hallucert.prove.attraction.basin import flattened


@pytest.mark.parametrize("rows", [[[0.84, -0.87], [1.54, -0.98]], [[0.5, 2.0], [0.0, -0.25]]])
def test_the_norm_in_a_basis_is_the_spectral_radius(rows) -> None:
    """With a complex pair, whose columns have different lengths, and with two real eigenvalues."""
    a = np.array(rows)
    v = np.array(flattened(next(eigenvector_bases(a))), float).reshape(2, 2)
    radius = np.abs(np.linalg.eigvals(a)).max()
    assert radius < 1 and np.linalg.norm(np.linalg.solve(v, a @ v), 2) == pytest.approx(radius, rel=1e-12)
