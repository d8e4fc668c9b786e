"""Claim: bounds on a set hold between its points, are those of derivatives, and make the claim and the share."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.attraction.manifold import basin
from hallucert.check.attraction.manifold.basin import Bounds, Near
from hallucert.check.attraction.manifold.frame import Frame
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.errors import DomainError


def numbers(text: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, text.split()))


# ---------------------------------------------------------------------- two residuals in four variables, by hand

F = hc.Objective.least_squares(["x*y + z**2 - 1", "x + y*w/2 - z**3/4"], variables=["x", "y", "z", "w"], n=2)
RHO, E = Fraction(1, 2), Fraction(1, 4)
CENTRE = numbers("3/4 -1/2 5/8 1/4")
V = ((Fraction(1), Fraction(1, 2)), (Fraction(-1, 4), Fraction(2)))


def at(x):
    """``w``, ``L`` and ``W`` at a point, in mpmath."""
    back, basis = mpmath.matrix([[float(v) for v in row] for row in V]) ** -1, mpmath.matrix(V_ROWS)

    def residuals(x, y, z, w):
        return mpmath.matrix([x * y + z**2 - 1, x + y * w / 2 - z**3 / 4])

    def slopes(x, y, z, w):
        return mpmath.matrix([[y, x, 2 * z, 0], [1, w / 2, -3 * z**2 / 4, y / 2]])

    r, jacobian = residuals(*x), slopes(*x)
    bends = mpmath.zeros(4)
    bends[0, 1] = bends[1, 0] = r[0]
    bends[1, 3] = bends[3, 1] = r[1] / 2
    bends[2, 2] = 2 * r[0] - 3 * x[2] / 2 * r[1]
    g, hessian = jacobian.T * r / 2, (jacobian.T * jacobian + bends) / 2
    q = mpmath.norm(g)
    u = g / q
    plus = [v + s / 2 for v, s in zip(x, u, strict=True)]
    b = slopes(*plus)
    a = b * (mpmath.eye(4) + (hessian - u * (u.T * hessian)) / (2 * q))
    return back * residuals(*plus), back * a, b.T * basis / 2


V_ROWS = [[float(v) for v in row] for row in V]


def floats(found) -> np.ndarray:
    return np.array(found.tolist(), float)


def exactly(x) -> list[mpmath.mpf]:
    return [mpmath.mpf(float(v)) for v in x]


def evidence_of(ar, x=CENTRE, f=F, rho=RHO) -> Evidence:
    return Evidence(Point(ar, Problem(f, rho, residual=True), [ar.constant(v) for v in x]))


def near_of(ar, blocks: str = "1 1", **changes) -> Near:
    found = Near.of(evidence_of(ar), {"basis": V[0] + V[1], "blocks": numbers(blocks), "step": E, **changes})
    assert found is not None
    return found


def directions() -> tuple[np.ndarray, np.ndarray]:
    """``(G, Pi)`` and ``Pi'`` in numpy."""
    _, left, right = map(floats, at(exactly(CENTRE)))
    g = right @ np.linalg.inv(left @ right)
    return np.hstack([g, np.eye(4) - g @ left]), np.eye(4) - right @ np.linalg.inv(right.T @ right) @ right.T


def test_directions_are_those_of_the_coordinates(ar) -> None:
    """``xi = G L xi + Pi Pi' xi``, ``Pi W = 0``, ``Pi'`` a projection, and as numpy finds them."""
    near, (_, left, right) = near_of(ar), map(floats, at(exactly(CENTRE)))
    (along, across), own = near.directions, directions()
    for found, exact in zip((along, across), own, strict=True):
        np.testing.assert_allclose(found.mid, exact, atol=1e-12)
        assert (np.abs(found.mid - exact) <= found.rad + 1e-13).all() and found.rad.max() < 1e-12
    g, pi, rest = along.mid[:, :2], along.mid[:, 2:], across.mid
    for zero in (g @ left + pi @ rest - np.eye(4), pi @ right, rest @ right, rest @ rest - rest, rest - rest.T):
        np.testing.assert_allclose(zero, 0, atol=1e-12)
    around = near.around(numbers("1/3 2 5"))
    assert around.blocks == (1, 1, 4) and (around.directions.mid == along.mid).all()
    assert all(Fraction(a) >= b for a, b in zip(around.sizes, numbers("1/3 2 5"), strict=True))
    np.testing.assert_allclose(around.sizes, [1 / 3, 2, 5], rtol=1e-15)
    assert near_of(ar, "2").around(numbers("1 5")).blocks == (2, 4)


def test_without_inverses_or_doubles_there_is_no_set(ar) -> None:
    """``L W`` or ``W^T W`` may be singular, and a step may be longer than doubles are."""
    for left, right in (([[1, 0]], [[0], [1]]), ([[0, 1]], [[0], [0]])):
        near = near_of(ar)
        near.frame.__dict__["in_balls"] = tuple(
            [[ar.constant(Fraction(v)) for v in row] for row in rows] for rows in (left, right)
        )
        assert near.inverses is None and near.directions is None and near.around(numbers("1 1 1")) is None
        assert near.bounds_by(None, []) is None
    assert near_of(ar, step=Fraction(10) ** 400).around(numbers("1 1 1")) is None


SIZES = np.array([0.5, 0.75, 0.25])


@pytest.mark.parametrize("lost", [0, 1])
def test_each_of_both_inverses_is_needed(ar, monkeypatch, lost: int) -> None:
    """Without one there are no directions, and nothing is known of the share."""
    near, whole, calls = near_of(ar), basin.inverse, []

    def failing(ar, rows):
        calls.append(rows)
        return None if len(calls) == lost + 1 else whole(ar, rows)

    monkeypatch.setattr(basin, "inverse", failing)
    assert near.inverses is None and near.directions is None and len(calls) == 2


def changes(sizes, cuts, row):
    """The most that ``h F z`` is, where ``h F`` is along the last axis."""
    return sum(s * np.linalg.norm(row[..., cut], axis=-1) for s, cut in zip(sizes, cuts, strict=True))


def test_bounds_in_a_tiny_set_are_those_of_derivatives(ar) -> None:
    """N, e and D by the derivatives at the point, which mpmath finds by differences; ``|L|``, S, and the width."""
    h, small = mpmath.mpf(10) ** -15, 2.0**-24
    with mpmath.workdps(40):
        x = exactly(CENTRE)
        ends = [[at([v + s * h * (i == k) for i, v in enumerate(x)]) for s in (1, -1)] for k in range(4)]
        of_left, of_right = (
            np.array([floats((ahead[n] - behind[n]) / (2 * h)) for ahead, behind in ends]) for n in (1, 2)
        )
        _, left, right = map(floats, at(x))
    along, across = directions()
    by = [np.einsum("kij,kb->ijb", part, along) for part in (of_left, of_right)]  # row, entry, direction
    for blocks, parts in (("1 1", [[0], [1]]), ("2", [[0, 1]])):
        sizes = SIZES[-len(parts) - 1 :] * small
        change = partial(changes, sizes, [*parts, [2, 3, 4, 5]])
        found = near_of(ar, blocks).bounds(near_of(ar, blocks).around([Fraction(s) for s in sizes]))
        grown = change(np.einsum("ieb,ej->ijb", by[0], right)) + change(np.einsum("ie,ejb->ijb", left, by[1]))
        drift = np.linalg.norm(change(np.einsum("ke,ejb->jkb", across, by[1])), axis=1)
        bend = change(change(np.einsum("eb,iec->ibc", along, by[0]))) / 2
        rest, gram = np.eye(2) - left @ right / 4, left @ left.T
        for a, rows in enumerate(parts):
            assert found.drift[a] == pytest.approx(np.linalg.norm(drift[rows]), rel=1e-4)
            assert found.bend[a] == pytest.approx(np.linalg.norm(bend[rows]), rel=1e-4)
            assert found.slope[a] == pytest.approx(np.linalg.norm(left[rows]), rel=1e-12)
            for b, columns in enumerate(parts):
                own = np.ix_(rows, columns)
                more = found.contraction[a, b] - np.linalg.norm(rest[own], 2)
                assert more == pytest.approx(np.linalg.norm(grown[own]) / 4, rel=1e-4)
                assert found.slopes[a, b] == pytest.approx(np.linalg.norm(gram[own]), rel=1e-12)
        assert found.reach == pytest.approx(np.linalg.norm(change(along)), rel=1e-12)


def test_bounds_hold_between_points_of_a_set() -> None:
    """Of w, L and W in mpmath at random pairs of points of its edge, and half as far; none is six times too large."""
    rng, exact = np.random.default_rng(3), exactly(CENTRE)
    sizes, seen = SIZES / 32, {"n": np.zeros((2, 2)), "e": np.zeros(2), "d": np.zeros(2)}
    with arithmetic("arb", 106) as ar, mpmath.workdps(30):
        near = near_of(ar)
        found = near.bounds(near.around([Fraction(s) for s in sizes]))
        w, left, _ = map(floats, at(exact))
        (along, across), before = directions(), left
        for corner, aside in zip(rng.choice([-1, 1], (40, 2)), rng.normal(size=(40, 4)) @ along[:, 2:].T, strict=True):
            xi = along[:, :2] @ (corner * sizes[:2]) + aside * sizes[2] / np.linalg.norm(across @ aside)
            assert np.linalg.norm(xi) <= found.reach
            for theta in (1, 0.5):
                there, after, right = map(
                    floats, at([a + mpmath.mpf(theta * b) for a, b in zip(exact, xi, strict=True)])
                )
                values = {
                    "n": np.abs(np.eye(2) - before @ right / 4),
                    "e": np.linalg.norm(across @ right, axis=0),
                    "d": np.abs((there - w)[:, 0] - theta * left @ xi) / theta**2,
                }
                seen = {name: np.maximum(seen[name], value) for name, value in values.items()}
                before = after
    for name, bound in zip("ned", (found.contraction, found.drift, found.bend), strict=True):
        assert (seen[name] <= bound).all() and (seen[name] >= bound / 6).all(), name


def test_each_part_of_the_way_has_its_weight(ar) -> None:
    """Derivatives 1, 10 and 100 times as large in its parts: a third of 111, and (5, 3, 1)/18 of them for D.

    If they grow linearly from 0, as 1, 2 and 3 thirds, these are 2/3 and 7/27, where 1/2 and 1/6 are meant.
    """
    near, rng = near_of(ar), np.random.default_rng(5)
    around = near.around(numbers("1/2 3/4 1/4"))
    of_left, of_right = rng.normal(size=(2, 2, 4, 6))
    for factors, mean, late in (((1, 10, 100), 37, 7.5), ((1 / 3, 2 / 3, 1), 2 / 3, 7 / 27)):
        found = near.bounds_by(around, [(MidRad(c * of_left), MidRad(c * of_right)) for c in factors])
        products, rows, columns = near.frame.changes(around, (MidRad(of_left), MidRad(of_right)))
        (along, across), change = directions(), partial(changes, SIZES, [[0], [1], [2, 3, 4, 5]])
        exact = near.frame.contraction(products * mean, rows * mean, columns * mean)
        np.testing.assert_allclose(found.contraction, exact, rtol=1e-10)
        exact = np.linalg.norm(change(np.einsum("ke,jeb->jkb", across, of_right)), axis=1)
        np.testing.assert_allclose(found.drift, mean * exact, rtol=1e-10)
        exact = change(change(np.einsum("eb,iec->ibc", along, of_left)))
        np.testing.assert_allclose(found.bend, late * exact, rtol=1e-10)


def test_the_way_is_cut_in_three(ar, monkeypatch) -> None:
    """Derivatives are enclosed on a third, two thirds and all of a set; that is sharper than all of it thrice."""
    near, asked, slopes = near_of(ar), [], Frame.slopes
    around = near.around([Fraction(s) / 16 for s in SIZES])
    monkeypatch.setattr(Frame, "slopes", lambda self, part: asked.append(part) or slopes(self, part))
    found, whole = near.bounds(around), near.bounds_by(around, [slopes(near.frame, around)])
    assert [part.blocks for part in asked] == [around.blocks] * 3
    for j, part in enumerate(asked, 1):
        exact = SIZES / 16 * j / 3
        assert (part.sizes >= exact).all() and (part.directions.mid == around.directions.mid).all()
        np.testing.assert_allclose(part.sizes, exact, rtol=1e-12)
    assert (found.bend < 0.99 * whole.bend).all() and (found.drift < 0.99 * whole.drift).all()
    assert (found.contraction < whole.contraction).all()

    def unknown(*_):
        raise DomainError("nothing is known")

    monkeypatch.setattr(Frame, "slopes", unknown)
    assert near.bounds(around) is None
    monkeypatch.setattr(Frame, "slopes", slopes)
    monkeypatch.setattr(Frame, "is_hallucinated_on", lambda self, part: part is not around)
    assert near.bounds(around) is None


# ---------------------------------------------------------------------- the claim

INPUTS = {
    "step": E,
    "basis": V[0] + V[1],
    "blocks": numbers("1 1"),
    "size": Fraction(1, 8),
    "bound": Fraction(1, 2),
    "weights": numbers("1 1/2 1/4 1 1 2"),
    "widths": numbers("2 2 4 5 6"),
    "reach": Fraction(1),
}
SERVING = Bounds(np.eye(2) / 8, np.ones(2), np.ones(2) / 2, np.ones(2), np.ones((2, 2)), 1.0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"reach": Fraction(7, 2)}, None),
        ({"reach": Fraction(1, 2)}, Reason.STEP),
        ({"bounds": None}, Reason.STEP),
        ({"size": Fraction(0)}, Reason.STEP),
        ({"weights": numbers("1 1/2 1/4 1 1")}, Reason.NEEDS_PREMISES),
        ({"blocks": numbers("1 2")}, Reason.NEEDS_PREMISES),
        ({"step": Fraction(10) ** 400}, Reason.NEEDS_PREMISES),
    ],
)
def test_the_radius_is_that_of_a_set_that_serves(ar, monkeypatch, changes, reason) -> None:
    """It is r; the set has sigma and gamma."""
    asked, given = [], {**INPUTS, **changes}
    bounds = given.pop("bounds", SERVING)
    monkeypatch.setattr(Near, "bounds", lambda self, around: asked.append(around) or bounds)
    found = basin.measure(evidence_of(ar), given)
    if reason is not None:
        assert found is reason
        return
    assert found["radius"].lower <= Fraction(1, 8) <= found["radius"].upper < Fraction(1, 8) + Fraction(1, 10**20)
    assert [around.sizes.tolist() for around in asked] == [[4, 5, 6]]


def test_the_share_is_the_largest_of_the_quotients(ar, monkeypatch) -> None:
    """Of ``P |w|`` and omega, ``|L xi|`` and sigma, ``|Pi' xi| + q |w|`` and gamma, in mpmath: each of them once."""
    evidence, xi = evidence_of(ar), numbers("1/64 -1/32 1/128 1/16")
    x = [ar.constant(a + b) for a, b in zip(CENTRE, xi, strict=True)]

    def arrival(claim, place=x):
        object.__setattr__(evidence, "claims", {} if claim is None else {"basin": SimpleNamespace(inputs=claim)})
        return basin.measure_arrival(evidence, place, ar)

    with mpmath.workdps(40):
        w = at([a + b for a, b in zip(exactly(CENTRE), exactly(xi), strict=True)])[0]
        _, left, right = at(exactly(CENTRE))
        move = mpmath.matrix(exactly(xi))
        along = left * move
        aside = move - right * ((right.T * right) ** -1 * (right.T * move))
        a, b = abs(w[0]), abs(w[1])
        sizes = [a + b / 2, a / 4 + b, abs(along[0]), abs(along[1]), mpmath.norm(aside) + a + 2 * b]
        for k in range(5):
            widths = [Fraction(1 + (9999 + i) * (i != k), 4) for i in range(5)]
            found = arrival({**INPUTS, "widths": tuple(widths)})
            quotients = [s * v.denominator / v.numerator for s, v in zip(sizes, widths, strict=True)]
            exact = max(quotients)
            assert quotients.index(exact) == k
            low, high = (mpmath.mpf(v.numerator) / v.denominator for v in (found.lower, found.upper))
            assert low - mpmath.mpf(10) ** -15 <= exact <= high + mpmath.mpf(10) ** -15 and high - low < 1e-15
    assert arrival(None) is None
    assert arrival({name: value for name, value in INPUTS.items() if name != "widths"}) is None
    for wrong in ({"step": Fraction(0)}, {"weights": numbers("1 1")}, {"basis": numbers("1 1 1 1")}):
        assert arrival({**INPUTS, **wrong}) is None
    assert arrival(INPUTS, [ar.interval(Fraction(-2), Fraction(2))] * 4) is None
    assert arrival(INPUTS, [ar.indeterminate(), *x[1:]]) is None
    for certain, y in ((False, x[:2]), (True, [x[0], ar.indeterminate()])):
        place = SimpleNamespace(domain_certain=certain, shifted_residual=y)
        monkeypatch.setattr(basin, "Point", lambda *_, place=place: place)
        assert arrival(INPUTS) is None


def test_the_share_of_a_box_is_that_of_all_of_its_points(ar) -> None:
    """From the least that it is to the most."""
    inputs = {"basin": SimpleNamespace(inputs={**INPUTS, "widths": numbers("9 9 9 9 1")})}
    evidence = replace(evidence_of(ar), claims=inputs)
    box = [ar.interval(v, v + Fraction(1, 64)) for v in CENTRE]
    found = basin.measure_arrival(evidence, box, ar)
    for corner in np.ndindex(2, 2, 2, 2):
        place = [ar.constant(v + Fraction(c, 64)) for v, c in zip(CENTRE, corner, strict=True)]
        exact = basin.measure_arrival(evidence, place, ar)
        assert found.lower <= exact.lower and exact.upper <= found.upper
