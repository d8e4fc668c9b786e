"""Claim: the second checker takes, with momentum around manifolds, just the numbers that the theorem allows."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from mutants import written

from hallucheck.arithmetic.interval import Undefined, exact, working_precision
from hallucheck.arithmetic.linear import Vector, identity, matrix_of
from hallucheck.attraction import converges, momentum
from hallucheck.attraction.around import Around
from hallucheck.points.rules import Claim

E, SHARE = Fraction(1, 8), Fraction(1, 2)
"""The step and 1/n; the momentum is 1/2."""
TWO = [range(2)]
SIZE = Fraction(1, 2**12)
A = np.array([[4, 1, 1], [0.5, 3, 2]])
RIGHT = np.array([[2, 0.5, 1], [-0.25, 3, 1]])
"""What A = Dy and B = Dr(x+) are at the point: two residuals in three variables."""
OF_A, OF_B = np.random.default_rng(3).integers(-9, 9, (2, 2, 3, 3)) * 2.0
"""Their derivatives on the ball: row, entry, direction."""


class Written(Around):
    """A ball on which derivatives are written down."""

    def second_derivatives(self, parts):
        """For each variable the derivatives of its column of A and of B: residual, direction."""
        assert parts == 1
        yield tuple(
            [matrix_of([exact(Fraction(v)) for v in row] for row in part[:, k]) for k in range(3)]
            for part in (OF_A, OF_B)
        )


# eigenvectors of what takes (y, o) to the next, to four bits, in blocks of two pairs, or of one pair that is cut
METHODS = {
    "heavy": (0, 1.0, 0.5, [2, 2], ((0, -5, 1, 5), (-1, 5, 2, 7), (10, 0, -7, 0), (-10, 0, -11, 0))),
    "nesterov": (1, 1.5, 0.25, [1, 1, 2], ((1, 3, -3, -2), (-1, -3, -5, -3), (-11, 0, 8, 0), (11, 0, 12, 0))),
}
"""Which of both, k, c, sizes of blocks, and the basis times 16."""


def oracle(name: str, weights: list[float]) -> tuple[np.ndarray, np.ndarray, float]:
    """What contracts and what pays, column by column, and the slope, in numpy, from the theorem."""
    (_, k, c, sizes, basis), (p, pi) = METHODS[name], (np.array(weights[:-1]), weights[-1])
    basis = np.array(basis) / 16
    inverse, upper, lower = np.linalg.inv(basis), basis[:2], basis[2:]
    first, cuts = inverse[:, :2], [slice(a, b) for a, b in pairwise(np.cumsum([0, *sizes]))]
    left = first @ A
    w = (k * RIGHT.T @ upper + c * RIGHT.T @ lower) / 2
    rest = first @ upper + inverse[:, 2:] @ (upper + lower / 2) - left @ w * float(E)
    r = float(SIZE)
    by_left = np.einsum("ij,jeb->ieb", first, OF_A)
    by_right = np.einsum("jeb,ji->ieb", OF_B, upper) * k / 2  # of the columns of W
    of_left, of_right = (r * np.linalg.norm(part, axis=-1) for part in (by_left, by_right))
    change = (
        r * np.linalg.norm(np.einsum("ieb,ej->ijb", by_left, w), axis=-1)
        + r * np.linalg.norm(np.einsum("ie,jeb->ijb", left, by_right), axis=-1)
        + of_left @ of_right.T
    )
    rows, columns = np.linalg.norm(of_left, axis=1), np.linalg.norm(of_right, axis=1)

    def blocked(v: np.ndarray) -> np.ndarray:
        return np.array([np.linalg.norm(v[cut]) for cut in cuts])

    n = np.array(
        [[np.linalg.norm(rest[a, b], 2) + np.linalg.norm(change[a, b]) * float(E) for b in cuts] for a in cuts]
    )
    a, beta = blocked(np.linalg.norm(left, axis=1) + rows), blocked(np.linalg.norm(w, axis=0) + columns)
    taken = np.append(p @ n + pi * blocked(columns) / k, c * float(E) * p @ a + pi / 2)
    here, moved = blocked(np.linalg.norm(left, axis=1)), blocked(rows)
    s = np.array([[np.linalg.norm(left[x] @ left[y].T, 2) for y in cuts] for x in cuts])
    s += np.outer(here, moved) + np.outer(moved, here) + np.outer(moved, moved)
    return taken, np.append(beta, c) * float(E), min(p @ a, np.sqrt(p @ s @ p))


def served(monkeypatch, name: str, weights, bound, slope) -> bool:
    """Whether the second checker finds R/(1 + slope)."""
    nesterov, _, _, sizes, basis = METHODS[name]
    monkeypatch.setattr(momentum, "ball_around", lambda point, size: Written(point, identity(3), [range(3)], [size]))
    inputs = {
        "step": "1p-3",
        "momentum": "1p-1",
        "nesterov": nesterov,
        "blocks": list(map(written, map(Fraction, sizes))),
    }
    inputs["weights"] = [written(Fraction(w)) for w in weights]
    inputs |= {name: written(Fraction(v)) for name, v in (("size", SIZE), ("bound", bound), ("slope", slope))}
    with working_precision(128):
        a, b = (matrix_of([exact(Fraction(v)) for v in row] for row in part.tolist()) for part in (A, RIGHT))
        point = SimpleNamespace(x=Vector([exact(0)] * 3), a=a, b=b)
        point.problem = SimpleNamespace(f=SimpleNamespace(share=SHARE))
        own = matrix_of([exact(Fraction(v, 16)) for v in row] for row in basis)
        given = Claim("momentum", "proved", inputs, {})
        try:
            radius = momentum.measure_around_manifold(given, point, momentum.Method(given, 3), own)
        except Undefined:
            return False
    assert float(radius) == pytest.approx(float(SIZE / (1 + Fraction(slope))))
    return True


WEIGHTS = {
    "heavy": ([1, 0.25, 4], [1, 0.703125, 2], [1, 2.75, 32]),
    "nesterov": (
        *([1, 1, 0.703125, 2], [1, 0.703125, 4, 64], [1, 1, 0.25, 64], [1, 1.421875, 0.25, 4]),
        *([1, 1.421875, 0.703125, 8], [1, 1.421875, 2, 4]),
    ),
}
"""For each column of the matrix some with which it decides."""
LITTLE = 2.0**-30


@pytest.mark.parametrize("name", METHODS)
def test_all_columns_decide(monkeypatch, name):
    """The least kappa, the least multiple of weights that pays, and the least slope: a little less is refused."""
    decides, pays_last = set(), set()
    for weights in WEIGHTS[name]:
        taken, pays, slope = oracle(name, weights)
        kappa, scales = taken / weights, pays / (weights - taken)
        decides.add(int(np.argmax(kappa)))
        pays_last.add(int(np.argmax(scales)))
        more, less = 1 + LITTLE, 1 - LITTLE
        for scale, bound, way, holds in (
            (2, more, more, True),
            (2, less, more, False),
            (2, more, less, False),
            (2, more, -2, False),
            (more, more, more, True),
            (less, more, more, False),
        ):
            factor = scale * scales.max()
            given = [w * factor for w in weights], kappa.max() * bound, slope * factor * way
            assert served(monkeypatch, name, *given) == holds
    assert decides == set(range(len(WEIGHTS[name][0]))) and len(pays_last) >= len(decides) - 1


@pytest.mark.parametrize("weights", [[1, 0.25, 0], [0, 0.25, 4], [1, -0.25, 4], [1, 0.25, -4]])
def test_weights_are_positive(weights):
    """With a weight of 0 what it belongs to would be free."""
    inputs = {"blocks": ["1p1", "1p1"], "weights": [written(Fraction(w)) for w in weights]}
    with pytest.raises(Undefined):
        momentum.read_weights(Claim("momentum", "proved", inputs, {}), 4)
    inputs["weights"] = ["1", "3", "5"]
    blocks, p, last = momentum.read_weights(Claim("momentum", "proved", inputs, {}), 4)
    assert (blocks, [float(v) for v in p], float(last)) == ([range(2), range(2, 4)], [1, 3], 5)


@pytest.mark.parametrize("name", METHODS)
def test_what_is_left_of_the_way_is_the_weighted_sum(name):
    """Of the norms of blocks of ``P^-1 (y, o)`` and of z, for the o by least squares, in numpy."""
    nesterov, _, _, sizes, basis = METHODS[name]
    x, v = np.array([0.25, -0.5, 0.125]), np.array([0.5, 0.75, -1])
    y, weights, normals = np.array([0.375, -0.25]), [2.0, 3.0, 0.5, 7.0][-len(sizes) - 1 :], RIGHT / 2
    o = np.linalg.lstsq(normals.T, v, rcond=None)[0]
    q, cuts = np.linalg.solve(np.array(basis) / 16, [*y, *o]), np.cumsum(sizes)[:-1]
    parts = [np.linalg.norm(part) for part in (*np.split(q, cuts), v - normals.T @ o)]
    inputs = {"basis": [written(Fraction(v, 16)) for row in basis for v in row], "nesterov": nesterov}
    inputs |= {"blocks": [written(Fraction(s)) for s in sizes], "weights": [written(Fraction(w)) for w in weights]}
    with working_precision(128):
        f = SimpleNamespace(share=SHARE, outputs=[0, 1])
        f.at, f.residuals_at = lambda x: (None, x), lambda x: (Vector(exact(Fraction(c)) for c in y), None)
        right = matrix_of([exact(Fraction(c)) for c in line] for line in RIGHT.tolist())
        problem = SimpleNamespace(f=f, plus=lambda x, g: x)
        point = SimpleNamespace(x=Vector([exact(0)] * 3), b=right, problem=problem)
        facts = SimpleNamespace(residual=True, claims={"momentum": Claim("momentum", "proved", inputs, {})})
        found = converges.with_momentum(facts, point, *(Vector(exact(Fraction(c)) for c in u) for u in (x, v)))
    assert float(found["distance"]) == pytest.approx(np.linalg.norm(x))
    assert float(found["rest"]) == pytest.approx(np.dot(weights, parts), rel=1e-9)
