"""What quotients, bounds and directions say of a Hessian, with numbers by hand."""

from __future__ import annotations

import itertools
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from hallucert.balls.midrad import MidRad
from hallucert.check.large.curvature import Curvature, proposed
from hallucert.errors import DomainError

PARTS = {"split": lambda v: [v], "joined": lambda parts, axis: np.concatenate(parts, axis)}


def curvature(dimension=3, rho=1, run=None, **known):
    """A curvature with ``|g| = 2`` of which some parts are known."""
    f = SimpleNamespace(dimension=dimension, **PARTS)
    on = SimpleNamespace(f=f, problem=SimpleNamespace(rho=Fraction(rho)))
    found = Curvature(SimpleNamespace(slice=on, run=run), MidRad(2.0, 0.0))
    found.__dict__.update(known)
    return found


FORMS = [
    MidRad(np.array([3.0, -3.0, 6.0]), np.full(3, 0.5)),  # v^T H v
    MidRad(np.array([1.0, 2.0, 0.0])),  # g^T v
    MidRad(np.array([2.0, 1.0, 0.0])),  # g^T H v
    MidRad(np.array([8.0])),  # g^T H g
    MidRad(np.array([4.0, 5.0, 4.0])),  # |v|^2
]


def test_ends_are_those_of_quotients_and_of_the_bound():
    """-7/2 and (3.5 - 1/2)/8; then 1 - 7/2, 1 - (2 - 1/2)/8, 1 + (6 - 1/2)/8 and 1 + 7/2, with rho/q = 1/2."""
    found = curvature(_forms=FORMS, _largest=MidRad(0.0, 7.0))
    ends = [float(end) for n in (found.theorem_3_2() | found.sphere_type()).values() for end in (n.lower, n.upper)]
    assert ends == pytest.approx([-3.5, 0.375, -2.5, 0.8125, 1.6875, 4.5], rel=1e-12)
    assert curvature(1).sphere_type() == {}
    with pytest.raises(DomainError, match="tangential"):
        curvature(_forms=[part[:1] for part in FORMS], _largest=MidRad(0.0, 7.0)).sphere_type()


def test_the_bound_is_the_least_of_three_sweeps():
    """|H| = (1, 1; 1, 0) from w = (1, 1): 2, 2, and with w = (1, 2/3) 5/3; its spectral radius is 1.618."""
    size = np.array([[1.0, 1.0], [1.0, 0.0]])
    found = curvature(2, run=lambda name, box: [MidRad(np.zeros(2), size @ box.rad)])._largest
    assert found.mid == 0 and abs(found.rad - 5 / 3) < 1e-5
    large = itertools.cycle([[np.finfo(float).max, 1.0], [1.0, np.finfo(float).max]])
    endless = curvature(2, run=lambda name, box: [MidRad(np.array(next(large)))])
    with pytest.raises(DomainError, match="not bounded"):
        endless._largest  # noqa: B018


def directions(h, g):
    """What is proposed for a Hessian and a gradient."""
    f = SimpleNamespace(dimension=len(g), gradients=None, **PARTS)
    arrays = SimpleNamespace(run=lambda program, x: [np.array(g, float)])
    at = SimpleNamespace(run=lambda name, v: [h(v) if callable(h) else np.array(h, float) @ v])
    floats = SimpleNamespace(arrays=arrays, x0=None, at=lambda z, name: at)
    return np.abs(proposed(SimpleNamespace(f=f, unknowns=1, on=lambda arrays: floats)))


def test_directions_are_those_of_extreme_eigenvalues():
    """sym P H = (0, 4, 0; 4, 5, 0; 0, 0, -1) has (5 - sqrt 89)/2 first; P H P has -1 and 5 on the plane."""
    steep = np.array([8.0, np.sqrt(89) - 5, 0.0])
    found = directions([[1, 8, 0], [8, 5, 0], [0, 0, -1]], (2, 0, 0))
    assert found == pytest.approx(np.array([steep / np.linalg.norm(steep), [0, 0, 1], [0, 1, 0]]), abs=1e-12)
    assert directions([[3]], (2,)).tolist() == [[1.0]]
    assert directions(np.zeros((2, 2)), (1, 0)).shape == (1, 2)
    with pytest.raises(DomainError, match="overflow"):
        directions(np.full((2, 2), np.inf), (1, 1))
    products = iter([[1.0, 1.0], [1.0, 2.0], [np.inf, 1.0]])
    with pytest.raises(DomainError, match="overflow"):
        directions(lambda _: np.array(next(products)), (1, 0))
    long = np.diag(np.arange(40.0))
    assert len(directions(long, np.ones(40))) == 3
