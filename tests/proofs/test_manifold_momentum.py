"""Claim: SAM with momentum converges to the manifold from all of a proved ball; wrong bounds are refused."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.attraction import momentum
from hallucert.check.attraction.manifold import momentum as manifold_momentum
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason
from hallucert.errors import CertificateError

RING = hc.Objective.least_squares(["x**2 + y**2 - 1"])
"""With rho = 3/2 the circle of radius 1/2 is hallucinated, and K = 4."""

SAMPLES, RHO = 2, 0.75
TWO = hc.Objective.least_squares(["x**2 + y**2 - 1 + z*y/2", "z - x*y + w**2/3"], n=SAMPLES)


@pytest.fixture(scope="module")
def heavy() -> hc.Certificate:
    """Heavy ball with 9/10 on the ring."""
    return hc.certify(RING, (-0.5, 0), "1.5", basin="1/10", momentum="9/10", precisions=[53])


@pytest.fixture(scope="module")
def ahead() -> hc.Certificate:
    """Nesterov's method with 1/2 on the ring."""
    return hc.certify(RING, (-0.5, 0), "1.5", basin="3/10", momentum="1/2", nesterov=True, precisions=[53])


@pytest.mark.parametrize("name", ["heavy", "ahead"])
def test_runs_from_the_edge_end_on_the_ring_no_slower_than_proved(name, request):
    """From all sides of the ball: on the ray through the start, in Omega, and S as defined falls by kappa a step."""
    cert = request.getfixturevalue(name)
    claim, inputs = cert["momentum"], cert["momentum"].inputs
    assert claim.status is hc.Status.PROVED
    radius, size, kappa = float(claim.numbers["radius"].lower), float(inputs["size"]), float(inputs["bound"])
    e, b = float(inputs["step"]), float(inputs["momentum"])
    back = np.linalg.inv(np.array(inputs["basis"], float).reshape(2, 2))
    *p, last = np.array(inputs["weights"], float)
    starts = np.cumsum([0, *map(int, inputs["blocks"])])

    def carried(y: float, o: float, z: np.ndarray) -> float:
        q = back @ [y, o]
        parts = [np.linalg.norm(q[i:j]) for i, j in pairwise(starts)]
        return float(np.dot(p, parts) + last * np.linalg.norm(z))

    for angle in np.linspace(0, 2 * np.pi, 6, endpoint=False):
        x = np.array([-0.5, 0]) + radius * np.array([np.cos(angle), np.sin(angle)])
        limit, v, o, z = x / np.linalg.norm(x) / 2, np.zeros(2), 0.0, np.zeros(2)
        at_point, before = np.array([2.0, 0.0]), np.inf  # B at x*: twice x*+ = (1, 0)
        for k in range(60):
            plus = x * (1 - 1.5 / np.linalg.norm(x))
            y, slope = plus @ plus - 1, 2 * plus
            total = carried(y, o, z)
            assert np.abs(v - at_point * o - z).max() < 1e-13  # what doubles make of numbers around 1
            assert total <= kappa * before + 1e-13
            assert np.linalg.norm(x - [-0.5, 0]) + total <= size * (1 + 1e-12)
            assert k > 0 or total <= float(inputs["slope"]) * radius
            f, z, o, before = slope * y, b * z + (slope - at_point) * y, b * o + y, total
            v = b * v + f
            x = x - e * (f + b * v if inputs["nesterov"] else v)
        assert np.linalg.norm(x - limit) <= before + 1e-13


@pytest.mark.parametrize("state", [(0, 0, 0.25), (0, 0.25, 0), (0, -0.5, 0.125), (0.0625, 0.25, -0.125), (0.25, 0, 0)])
def test_what_is_left_of_the_way_is_the_weighted_sum_by_hand(heavy, state):
    """At (-1/2 - s, 0) with velocity (v, w): there y is (1 - s)^2 - 1, o is v/2, and z is (0, w)."""
    s, v, w = state
    inputs = heavy["momentum"].inputs
    q = np.linalg.solve(np.array(inputs["basis"], float).reshape(2, 2), [(1 - s) ** 2 - 1, v / 2])
    *p, last = np.array(inputs["weights"], float)
    starts = np.cumsum([0, *map(int, inputs["blocks"])])
    expected = np.dot(p, [np.linalg.norm(q[i:j]) for i, j in pairwise(starts)]) + last * abs(w)
    with arithmetic("arb", 128) as ar:
        known = Evidence(
            heavy.problem.at(ar, [ar.constant(Fraction(-1, 2)), ar.constant(Fraction(0))]), claims=heavy.claims
        )
        x, velocity = ([ar.from_float(float(c)) for c in pair] for pair in ((-0.5 - s, 0), (v, w)))
        found = manifold_momentum.measure_arrival(known, x, velocity, ar)
        assert found is not None
        assert (
            float(found.lower) - 1e-12 <= expected <= float(found.upper) + 1e-12 and found.upper - found.lower < 1e-20
        )


@pytest.mark.parametrize(("nesterov", "sizes"), [(0, (1, 2, 1)), (1, (1, 1, 2))])
def test_the_bounds_are_those_of_the_step_written_out(nesterov, sizes):
    """Blocks of the linear map of (y, o, z) at pairs of points, by differences, are bounded; at one point tightly."""
    x, rng, e, b = np.array([0.4, 0.5, 0.3, -0.6]), np.random.default_rng(3), 0.2, 0.75
    basis, (k, carried) = np.eye(4) + rng.normal(size=(4, 4)) / 3, (1 + b, b * b) if nesterov else (1, b)
    given = {"step": Fraction(1, 5), "momentum": Fraction(3, 4), "nesterov": nesterov}
    given |= {"basis": tuple(map(Fraction, basis.ravel().tolist())), "blocks": tuple(map(Fraction, sizes))}
    with arithmetic("arb", 106) as ar:
        problem = Problem(TWO, Fraction(3, 4), residual=True)
        evidence = Evidence(problem.at(ar, [ar.from_float(c) for c in x.tolist()]))
        found = manifold_momentum.carried_of(evidence, given)
        bounds, none = (found.bounds(size) for size in (Fraction(1, 64), Fraction(1, 2**40)))

    def ascended(x: np.ndarray) -> np.ndarray:
        g = TWO.gradient(x)
        return x + RHO * g / np.linalg.norm(g)

    def change(x: np.ndarray) -> np.ndarray:
        moves = 1e-6 * np.eye(4)
        return np.column_stack([(TWO.residual(ascended(x + h)) - TWO.residual(ascended(x - h))) / 2e-6 for h in moves])

    def norms(matrix: np.ndarray, rows: list[int], columns: list[int]) -> np.ndarray:
        parts = [np.split(row, np.cumsum(columns)[:-1], axis=1) for row in np.split(matrix, np.cumsum(rows)[:-1])]
        return np.array([[np.linalg.norm(part, 2) for part in row] for row in parts])

    here, one, state = TWO.residual_jacobian(ascended(x)) / SAMPLES, np.eye(2), [*sizes, 4]
    into, out = (
        np.block([[a, np.zeros((4, 4))], [np.zeros((4, 4)), np.eye(4)]]) for a in (basis, np.linalg.inv(basis))
    )
    nothing = np.zeros((2, 4))
    for size, held in [(0, none)] + [(1 / 64, bounds)] * 40:
        first, second = (x + size * d / np.linalg.norm(d) for d in rng.normal(size=(2, 4)))
        slope, a = TWO.residual_jacobian(ascended(first)) / SAMPLES, change(second)
        move = -e * np.hstack([k * slope.T, carried * here.T, carried * np.eye(4)])
        y = np.hstack([one, np.zeros((2, 2)), nothing]) + a @ move
        o, z = np.hstack([one, b * one, nothing]), np.hstack([(slope - here).T, np.zeros((4, 2)), b * np.eye(4)])
        seen = norms(out @ np.vstack([y, o, z]) @ into, state, state)
        length, rows = norms(move @ into, [4], state)[0] / e, norms(out[:4, :2] @ a, list(sizes), [4])[:, 0]
        for seen_part, part in ((seen, held.contraction), (length, held.descent), (rows, held.slope[:-1])):
            assert (seen_part <= part + 1e-8).all()
            # norms of blocks beside the diagonal are bounded by roots of sums of squares
            assert size > 0 or (part <= np.sqrt(2) * seen_part + 1e-8).all()
    assert held.slope[-1] == 0
    grown = bounds.descent[0] - none.descent[0]  # of a block of one column: by how much W changes
    assert bounds.contraction[-1, 0] == pytest.approx(grown / k, rel=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"size": Fraction(1, 2)},  # the origin, where g = 0, is in Omega
        {"size": Fraction(1, 400)},
        {"bound": Fraction(19, 20)},
        {"slope": Fraction(13)},
        {"momentum": Fraction(19, 20)},
        {"momentum": Fraction(99, 100)},
        {"momentum": Fraction(1)},
        {"momentum": Fraction(-1, 2)},
        {"nesterov": 1},
        {"nesterov": 2},
        {"step": Fraction(3, 25)},
        {"step": Fraction(0)},
        {"size": Fraction(0)},
        {"bound": Fraction(1)},
        {"basis": ()},
        {"basis": (Fraction(0),) * 4},
        {"basis": tuple(map(Fraction, (1, 0, 0, 1)))},  # a norm in which steps do not contract
        {"blocks": (Fraction(1),)},
        {"blocks": (Fraction(1), Fraction(1))},
        {"weights": (Fraction(-1), Fraction(-1)), "step": Fraction(2), "slope": Fraction(0)},
    ],
)
def test_wrong_bounds_are_not_re_proved(heavy, change):
    """A larger ball, better bounds, another method, what is none, and coordinates that are none."""
    ar = arithmetic("arb", 106)
    with ar:
        evidence = Evidence(heavy.problem.at(ar, [ar.interval(*side) for side in heavy.box]), heavy.witness.centre)
        inputs = heavy["momentum"].inputs
        assert not isinstance(momentum.measure(evidence, inputs), Reason)
        assert isinstance(momentum.measure(evidence, inputs | change), Reason)


def test_weights_of_velocity_and_of_residuals_are_both_needed(heavy):
    """Each lowered by two percent, and without that of the velocity, nothing is proved."""
    ar, inputs = arithmetic("arb", 106), heavy["momentum"].inputs
    weights = inputs["weights"]
    with ar:
        evidence = Evidence(heavy.problem.at(ar, [ar.interval(*side) for side in heavy.box]), heavy.witness.centre)
        for i in range(len(weights)):
            lower = tuple(w * Fraction(49, 50) if i == j else w for j, w in enumerate(weights))
            assert isinstance(momentum.measure(evidence, inputs | {"weights": lower}), Reason)
        assert isinstance(momentum.measure(evidence, inputs | {"weights": weights[:-1]}), Reason)
        assert isinstance(momentum.measure(evidence, inputs | {"weights": (*weights, weights[-1])}), Reason)


@pytest.mark.thorough
def test_without_momentum_the_ball_is_smaller_than_that_of_a_basin():
    """With b = 0 the velocity is forgotten at once; claim `basin`, which pays for no way, has a larger ball."""
    plain = hc.certify(RING, (-0.5, 0), "1.5", basin="1/10", precisions=[53])["basin"]
    claim = hc.certify(RING, (-0.5, 0), "1.5", basin="1/10", momentum=0, precisions=[53])["momentum"]
    assert 1 < float(plain.numbers["radius"].lower) / float(claim.numbers["radius"].lower) < 10


def test_a_step_below_the_bound_is_proved_and_one_above_is_refuted():
    """K = 4: heavy ball with 1/2 attracts below the step 3/4, where an eigenvalue of T(K) is -1, and repels above."""
    claims = [
        hc.certify(RING, (-0.5, 0), "1.5", basin=step, momentum="1/2", precisions=[53])["momentum"]
        for step in ("0.74", "0.75", "0.76")
    ]
    assert [str(claim.status) for claim in claims] == ["proved", "undecided", "refuted"]


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_both_arithmetics_prove_it_again(ahead, backend):
    """What is written is read and proved again; with another step, or as the claim of an isolated point, it is not."""
    data = to_json(ahead)
    assert hc.verify(from_json(data), backend=backend)
    claim = next(claim for claim in data["claims"] if claim["name"] == "momentum")
    kept = dict(claim["inputs"])
    claim["inputs"]["step"] = "11p-5"
    assert not hc.verify(from_json(data), backend=backend)
    claim["inputs"] = {name: kept[name] for name in ("step", "momentum", "nesterov", "basis", "size", "bound")}
    claim["inputs"]["subdivision"] = "w"
    with pytest.raises(CertificateError):
        from_json(data)


@pytest.mark.thorough
@pytest.mark.parametrize(("b", "nesterov"), [("9/10", False), ("1/2", True)])
def test_runs_of_a_network_from_the_edge_return(b, nesterov):
    """2-8-1, 33 parameters: float runs from the sphere, in all directions that change r and 20 more, end in Omega."""
    rng = np.random.default_rng(0)
    f = hc.TanhNetwork((2, 8, 1), rng.normal(size=(8, 2)), rng.choice([-1.0, 1.0], size=8))
    ends = hc.sam.run_ensemble(f, f.initial(0, count=512, gain=2.0)[[316]], 8, "0.01", 100_000, tolerance=1e-9)
    cert = hc.certify(f, ends.x[0], 8, basin="0.005", momentum=b, nesterov=nesterov)
    claim = cert["momentum"]
    assert claim.status is hc.Status.PROVED and hc.verify(cert)
    radius, size = float(claim.numbers["radius"].lower), float(claim.inputs["size"])
    plus = hc.sam.perturbed_point(f, cert.x, 8)
    change = f.residual_jacobian(plus) @ hc.sam.perturbation_jacobian(f, cert.x, 8)
    lines = np.vstack([np.linalg.svd(change)[2], rng.normal(size=(20, 33))])
    x = cert.x + radius * lines / np.linalg.norm(lines, axis=1, keepdims=True)
    v, b = np.zeros_like(x), float(Fraction(b))
    first = np.linalg.norm(hc.sam.shifted_gradient(f, x, 8), axis=1)
    for _ in range(4000):
        g = hc.sam.shifted_gradient(f, x, 8)
        v = b * v + g
        x = x - 0.005 * (g + b * v if nesterov else v)
        assert (np.linalg.norm(x - cert.x, axis=1) <= size).all()
    assert (np.linalg.norm(hc.sam.shifted_gradient(f, x, 8), axis=1) < first / 10 + 1e-12).all()
