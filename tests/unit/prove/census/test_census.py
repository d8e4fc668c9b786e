"""Taking a census: its arguments."""

from __future__ import annotations

import math

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError

PLANE = [(-2, 2), (-2, 2)]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (([(0, 1)], 1), "box"),
        (([(0, 1), (1, 0)], 1), "box"),
        (([(0, 1), (0, math.nan)], 1), "box"),
        ((PLANE, 0), "rho"),
        ((PLANE, -1), "rho"),
        ((PLANE, "x"), "rho"),
        ((PLANE, "1e-400"), "rho"),
        ((PLANE, "1e400"), "rho"),
        (([(-1.7e308, 1.7e308)] * 2, 1), "box"),
        (([(-(10**400), 2), (-2, 2)], 1), "box"),
        (([[0], [0, 1]], 1), "box"),
        ((np.array([[0, 1j], [0, 1]]), 1), "box"),
    ],
)
def test_misuse_names_the_argument(arguments, name):
    """Wrong boxes and radii raise `ArgumentError`."""
    four_well = hc.gallery.load("four_well")
    with pytest.raises(ArgumentError, match=name):
        hc.census(four_well, *arguments)
    with pytest.raises(ArgumentError, match="workers"):
        hc.census(four_well, PLANE, 1, workers=0)
    with pytest.raises(ArgumentError, match="variables"):
        hc.census(hc.Objective.parse("a*b*c*d*e"), [(-1, 1)] * 5, 1)
