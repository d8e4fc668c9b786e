"""Claim: with momentum, bounds on a ball are those of the theorem, of matrices and rows that are written down."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.check.attraction import manifold_momentum
from hallucert.check.attraction.manifold_basin import Bounds, Frame
from hallucert.check.attraction.manifold_momentum import Carried
from hallucert.check.attraction.method import Method
from hallucert.check.reason import Reason

HALF, E = Fraction(1, 2), Fraction(1, 4)
METHODS = {
    "heavy": (Method(E, HALF, 0), 1.0, 0.5),
    "nesterov": (Method(E, HALF, 1), 1.5, 0.25),
    "none": (Method(E, Fraction(0), 0), 1.0, 0.0),
    "plain": (Method(E), 1.0, 0.0),
}
OF_BLOCKS = Bounds(
    np.array([[1.0, 2.0], [3.0, 4.0]]),
    np.array([5.0, 6.0]),
    np.array([7.0, 0.0]),
    np.array([[8.0, 9.0], [10.0, 11.0]]),
    np.array([12.0, 0.0]),
)


@pytest.fixture
def ar():
    with arithmetic("mpmath", 106) as chosen:
        yield chosen


def balls(ar, rows):
    return [[ar.constant(Fraction(v)) for v in row] for row in rows]


@pytest.mark.parametrize("name", METHODS)
def test_the_rest_of_the_velocity_is_one_more_block(name: str) -> None:
    """``[[N, b' E a], [c/k, b]]``, ``(beta, b')`` and ``(a, 0)``: no bound is less than its number, nor much more."""
    method, k, carried = METHODS[name]
    b = float(method.momentum or 0)
    for given in (OF_BLOCKS, None):
        frame = SimpleNamespace(bounds=lambda size, given=given: given if size == 3 else 1 / 0)
        found = Carried(frame, method).bounds(3)
        if given is None:
            assert found is None
            continue
        exact = (
            [[1, 2, carried / 4 * 7], [3, 4, 0], [12 / k, 0, b]],
            [5, 6, carried],
            [7, 0, 0],
            [[8, 9, 0], [10, 11, 0], [0, 0, 0]],
            [12, 0, 0],
        )
        for bound, number in zip(vars(found).values(), exact, strict=True):
            assert (bound >= np.array(number)).all()
            np.testing.assert_allclose(bound, number, rtol=1e-12, atol=1e-200)


BASIS = np.array([[2, 1, 0, 0], [0, 1, 0, 1], [1, 0, 1, 0], [0, 0, 3, 2]])
INPUTS = {
    "basis": tuple(Fraction(int(v)) for v in BASIS.ravel()),
    "blocks": (Fraction(1), Fraction(2), Fraction(1)),
    "step": E,
    "momentum": HALF,
    "nesterov": 1,
    "weights": tuple(map(Fraction, (2, 3, 5, 7))),
}


def evidence_of(ar, **more):
    objective = SimpleNamespace(residual_count=2, n=Fraction(4))
    point = SimpleNamespace(objective=objective, problem="posed", **more)
    return SimpleNamespace(arithmetic=ar, residual_form=True, point=point, claims={})


@pytest.mark.parametrize("nesterov", [0, 1])
def test_coordinates_are_those_of_residuals_and_of_what_they_leave(ar, nesterov: int) -> None:
    """``k P_1``, ``Q_1``, ``b' P_2`` and ``Q_1 P_1 + Q_2 (P_1 + b P_2)``; nothing for a basis of another order."""
    evidence = evidence_of(ar)
    found = manifold_momentum.carried_of(evidence, INPUTS | {"nesterov": nesterov})
    k, carried = (1.5, 0.25) if nesterov else (1, 0.5)
    inverse, above, below = np.linalg.inv(BASIS), BASIS[:2], BASIS[2:]
    frame, parts = found.frame, ("basis", "back", "still", "fixed")
    fixed = inverse[:, :2] @ above + inverse[:, 2:] @ (above + below / 2)
    for part, exact in zip(parts, (k * above, inverse[:, :2], carried * below, fixed), strict=True):
        numbers = [[ar.approximate(v) for v in row] for row in getattr(frame, part)]
        np.testing.assert_allclose(numbers, exact, atol=1e-14)
    assert (frame.evidence, frame.blocks, frame.step) == (evidence, (1, 2, 1), E)
    assert found.method == Method(E, HALF, nesterov)
    for wrong in ({"basis": INPUTS["basis"][:4]}, {"blocks": (Fraction(2),)}, {"step": Fraction(0)}):
        assert manifold_momentum.carried_of(evidence, INPUTS | wrong) is None
        assert manifold_momentum.measure(evidence, INPUTS | wrong) is Reason.NEEDS_PREMISES


def test_the_radius_is_that_of_weights_that_serve(ar, monkeypatch: pytest.MonkeyPatch) -> None:
    """With bounds of 0 any weights do."""
    zero = Bounds(np.zeros((3, 3)), np.zeros(3), np.zeros(3), np.zeros((3, 3)), np.zeros(3))
    monkeypatch.setattr(Frame, "bounds", lambda self, size: zero)
    given = INPUTS | {"size": HALF, "bound": Fraction(3, 4), "slope": Fraction(1)}
    found = manifold_momentum.measure(evidence_of(ar), given)["radius"]
    assert found.lower <= Fraction(1, 4) <= found.upper < found.lower + Fraction(1, 10**20)


def test_the_rest_of_the_way_of_a_state_is_bounded(ar, monkeypatch: pytest.MonkeyPatch) -> None:
    """``S = p (|q_1|, |q_2 3|, |q_4|, |z|)``: v is split by least squares, in numpy; unknown where something is."""
    jacobian, y, v = np.array([[1, 2, 0], [0, 1, 3]]), np.array([1, -2]), np.array([3, 1, -4])
    evidence = evidence_of(ar, residual_jacobian_plus=balls(ar, jacobian.tolist()))
    place = SimpleNamespace(domain_certain=True, shifted_residual=balls(ar, [y.tolist()])[0])
    asked = []
    monkeypatch.setattr(manifold_momentum, "Point", lambda *given: asked.append(given) or place)
    velocity = balls(ar, [v.tolist()])[0]

    def arrival(claim, v=velocity):
        evidence.claims = {} if claim is None else {"momentum": SimpleNamespace(inputs=claim)}
        return manifold_momentum.measure_arrival(evidence, "x", v, ar)

    found = arrival(INPUTS)
    assert asked == [(ar, "posed", "x")]
    normals = jacobian.T / 4
    o = np.linalg.lstsq(normals, v, rcond=None)[0]
    q, z = np.linalg.solve(BASIS, [*y, *o]), v - normals @ o
    exact = 2 * abs(q[0]) + 3 * np.hypot(*q[1:3]) + 5 * abs(q[3]) + 7 * np.linalg.norm(z)
    assert float(found.lower) - 1e-12 <= exact <= float(found.upper) + 1e-12
    assert found.upper - found.lower < Fraction(1, 10**12)
    assert arrival(None) is None
    assert arrival({name: value for name, value in INPUTS.items() if name != "weights"}) is None
    assert arrival(INPUTS | {"step": Fraction(0)}) is None
    assert arrival(INPUTS, [ar.indeterminate(), *velocity[1:]]) is None
    place.domain_certain = False
    assert arrival(INPUTS) is None
    place.domain_certain, place.shifted_residual = True, [ar.indeterminate()] * 2
    assert arrival(INPUTS) is None
