"""Enclosures on a slice contain what balls of 212 bits have at single points of the box."""

import large_samples as samples
import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.large import slice as slices
from hallucert.check.large.slice import SharpSlice
from hallucert.errors import ArgumentError

PROGRAMS = {
    "residual": 0,
    "jacobian": 8,
    "kernel": 8,
    "square": 8,
    "move": 0,
    "scalars": 0,
    "hessian": 74,
    "curvature": 74,
}
"""How many entries a direction of each program has."""


@pytest.mark.parametrize("balls", [None, arithmetic("arb", 106)])
@pytest.mark.parametrize("radius", [0.0, 1e-12, 1e-6])
def test_points_of_a_box_lie_in_its_enclosures(radius, balls):
    """Every program, run on a box of z, contains what Arb gives at corners and points of the box."""
    f, x = samples.found()
    on_slice, rng = samples.slice_through(f, x, balls=balls), np.random.default_rng(1)
    sharp, m = SharpSlice(on_slice, arithmetic("arb", 212)), on_slice.unknowns
    middle = rng.normal(size=m) * 1e-3
    box = MidRad(middle, np.full(m, radius))
    inside = [np.clip(middle + radius * s, middle - radius, middle + radius) for s in (1, -1, rng.uniform(-1, 1, m))]
    for name, count in PROGRAMS.items():
        directions = [] if not count else [np.eye(m)[:3]] if count == m else f.split(rng.normal(size=(3, count)))
        arrays = on_slice.run(name, box, *directions)
        for z in inside:
            for array, exact in zip(arrays, sharp.run(name, z, *directions), strict=True):
                assert (abs(array.mid - exact.mid) <= array.rad + exact.rad).all(), name
        if radius == 0:
            sharp_enough = 1e-9 if balls is None else 1e-12
            assert all(array.rad.max() <= sharp_enough * (1 + abs(array.mid).max()) for array in arrays), name


def test_blocks_of_lanes_make_no_difference(monkeypatch):
    """A matrix made one column at a time overlaps with the one made at once, and has its shape."""
    f, x = samples.found()
    on_slice = samples.slice_through(f, x)
    z = MidRad(np.zeros(on_slice.unknowns))
    whole = on_slice.columns("kernel", z)
    monkeypatch.setattr(slices, "MOST_LANES", 3)
    for a, b in zip(whole, on_slice.columns("kernel", z), strict=True):
        assert a.shape == b.shape == (8, 8) and (abs(a.mid - b.mid) <= a.rad + b.rad).all()
    assert (abs(whole[1].mid - whole[1].mid.T) <= 1e-12 * abs(whole[1].mid).max()).all()  # B B^T


def test_problems_without_a_slice_are_refused():
    """A function without residuals has no slice."""
    import hallucert as hc

    with pytest.raises(ArgumentError, match="problem must be SAM for an array program with residuals"):
        samples.slice_through(hc.Objective.parse("x**2"), np.zeros(1))
