"""Claim: in residual form SAM converges to the manifold from all of a proved basin; wrong bounds are refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.attraction.manifold import around, basin
from hallucert.check.attraction.manifold.around import Around
from hallucert.check.attraction.manifold.ascent_programs import AscentPrograms
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.errors import CertificateError
from hallucert.objectives.radius_law import RadiusLaw

START = ("-0.6", "0.2")


@pytest.fixture(scope="module")
def ring() -> hc.Certificate:
    """|x+| = 1 with rho = 3/2: SAM goes along the ray through its start, to the circle of radius 1/2."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    end = hc.sam.run(f, [-0.6, 0.2], "1.5", "0.1", 10_000)
    return hc.certify(f, end.x, "1.5", basin="0.1", start=START)


def test_on_the_ring_the_limit_is_that_of_the_closed_form(ring: hc.Certificate) -> None:
    """The limit is (-3, 1)/(2 sqrt 10), and N steps on the ray reach the stated distance from the circle."""
    claim = ring["converges"]
    assert claim.status is hc.Status.PROVED
    limit = np.array([-3, 1]) / (2 * np.sqrt(10))
    np.testing.assert_allclose(ring.x, limit, atol=1e-9)
    radius = np.sqrt(0.4)
    for _ in range(claim.inputs["steps"]):  # on the ray: x+ is at radius - 3/2, f = (r+^2 - 1)^2/2
        plus = radius - 1.5
        radius -= 0.1 * 2 * plus * (plus**2 - 1)
    assert float(claim.numbers["distance"].upper) == pytest.approx(radius - 0.5, rel=1e-3)
    # along the ray residuals are w/V = (radius - 3/2)^2 - 1, L_* is -2/V, and nothing is aside of it
    inputs = {name: np.array(ring["basin"].inputs[name], float) for name in ("basis", "weights", "widths")}
    v, (p, q), (omega, sigma, gamma) = abs(inputs["basis"][0]), inputs["weights"], inputs["widths"]
    size = (1 - (radius - 1.5) ** 2) / v
    share = max(p * size / omega, 2 * (radius - 0.5) / v / sigma, q * size / gamma)
    assert float(claim.numbers["share"].upper) == pytest.approx(share, rel=1e-3) and share < 1


def test_runs_from_the_edge_converge_at_the_proved_rate(ring: hc.Certificate) -> None:
    """Float runs from the proved sphere of starts end on the circle, in Omega, no slower than kappa says."""
    claim, middle = ring["basin"], ring.x
    radius, kappa = float(claim.numbers["radius"].lower), float(claim.inputs["bound"])
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    x = middle + radius * np.column_stack([np.cos(angles), np.sin(angles)])
    first = np.abs(np.linalg.norm(x, axis=1) - 0.5)
    for _ in range(30):
        x = x - 0.1 * hc.sam.shifted_gradient(ring.objective, x, ring.rho)
    assert (np.abs(np.linalg.norm(x, axis=1) - 0.5) <= 1.01 * kappa**30 * first + 1e-15).all()
    assert (np.linalg.norm(x - middle, axis=1) <= float(claim.inputs["reach"])).all()


def evidence_of(cert: hc.Certificate) -> Evidence:
    """What a proof of a claim about the point of a certificate starts from, at 212 bits."""
    ar = arithmetic("arb", 212)
    x = [ar.interval(low, high) for low, high in cert.box]
    return Evidence(Point(ar, cert.problem, x), cert.witness.centre, 1000)


P, Q, OMEGA, SIGMA, GAMMA = range(5)
"""The numbers of a set with one block, weights before widths."""


@pytest.mark.parametrize(
    ("change", "factors"),
    [
        ({"bound": Fraction(3, 5)}, {}),  # that at x*, not on the set
        ({"size": Fraction(1, 50)}, {}),
        ({"size": Fraction(0)}, {}),
        ({"bound": Fraction(1)}, {}),
        ({"step": Fraction(1)}, {}),  # too long: 1 - 4 = -3
        ({"step": Fraction(-1, 10)}, {}),
        ({"basis": ()}, {}),
        ({"basis": (Fraction(0),)}, {}),
        ({"blocks": (Fraction(2),)}, {}),
        ({"blocks": (Fraction(1, 2), Fraction(1, 2))}, {}),
        ({"blocks": (Fraction(-1), Fraction(2))}, {}),
        ({"reach": Fraction(1, 100)}, {}),
        ({"weights": (Fraction(1),)}, {}),
        ({"widths": (Fraction(1, 25), Fraction(1, 25), Fraction(1, 40), Fraction(1, 40))}, {}),
        ({}, {P: 0.99}),
        ({}, {Q: 0.9}),  # less than what a step carries aside
        ({}, {Q: -1}),
        ({}, {OMEGA: 0.9}),  # less than w is at starts
        ({}, {SIGMA: 0.9}),  # less than omega and what bends
        ({}, {GAMMA: 0.9}),
        ({}, {OMEGA: 1.2}),
        ({}, {SIGMA: 10, GAMMA: 10}),  # Omega contains the origin, where g = 0
    ],
)
def test_wrong_bounds_are_not_re_proved(ring: hc.Certificate, change: dict, factors: dict[int, float]) -> None:
    """A bound that does not hold on the set, a set that is too large or small, and a step too long prove nothing."""
    given = dict(ring["basin"].inputs)
    numbers = [*given["weights"], *given["widths"]]
    for which, factor in factors.items():
        numbers[which] *= Fraction(factor)
    with arithmetic("arb", 212):
        inputs = given | {"weights": tuple(numbers[:2]), "widths": tuple(numbers[2:])} | change
        assert isinstance(basin.measure(evidence_of(ring), inputs), Reason)
        assert not isinstance(basin.measure(evidence_of(ring), given), Reason)


def points_of(middle: np.ndarray, sizes: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Points of the set of the ring: along the ray so far that ``2 |xi| <= sigma``, and aside of it up to gamma."""
    along = middle / np.linalg.norm(middle)
    aside = np.array([-along[1], along[0]])
    pair = rng.uniform(-1, 1, 2)
    return middle + pair[0] * sizes[0] / 2 * along + pair[1] * sizes[1] * aside


@pytest.mark.parametrize(("part", "excess"), [(1, 15), (Fraction(1, 100), 1.2)])
def test_the_bounds_are_those_of_matrices_written_out(ring: hc.Certificate, part: Fraction, excess: float) -> None:
    """At pairs of points of the set, in numpy, with B = (2 x+)^T and A = 2 r+ u^T, N, e and D are at most the bounds.

    In a small set they are little more than the largest that is seen, N counted from that at x*.
    """
    inputs, rng = ring["basin"].inputs, np.random.default_rng(0)
    v, step = float(inputs["basis"][0]), float(inputs["step"])
    sigma, gamma = (width * part for width in inputs["widths"][1:])
    with arithmetic("arb", 106):
        near = basin.Near.of(evidence_of(ring), inputs)
        bounds = near.bounds(near.around([sigma, gamma]))
    along, seen = ring.x / np.linalg.norm(ring.x), np.zeros(3)
    for _ in range(2000):
        x, other = (points_of(ring.x, (float(sigma) * abs(v), float(gamma)), rng) for _ in range(2))
        plus = x * (1 - 1.5 / np.linalg.norm(x))  # u points inward: f falls with the radius there
        radius = np.linalg.norm(other)
        b, a = 2 * plus, 2 * (radius - 1.5) * other / radius
        w, linear = ((radius - 1.5) ** 2 - 1) / v, -2 * along @ (other - ring.x) / v
        seen = np.maximum(
            seen, [abs(1 - step * a @ b), np.linalg.norm(b - along * (along @ b)) * abs(v), abs(w - linear)]
        )
    found = np.array([bounds.contraction.item(), bounds.drift.item(), bounds.bend.item()])
    assert (seen <= found).all()
    # what bends along the ray and aside of it has opposite signs, which norms forget
    assert (found - [0.6, 0, 0] <= np.array([1, 1, 1.8]) * excess * (seen - [0.6, 0, 0])).all()


SCALES = (Fraction(1), Fraction(1, 3), Fraction(2), Fraction(4, 5))
TWO = hc.Objective.least_squares(["x**2 + y**2 - 1 + z*y/2", "z - x*y + w**2/3"])


@pytest.mark.parametrize(("law", "blocks"), [("sam", (1, 1)), ("usam", (1, 1)), ("asam", (2,))])
def test_bounds_of_two_residuals_hold_at_pairs_of_points(law: str, blocks: tuple[int, ...]) -> None:
    """N, e and D bound the norms of blocks at random pairs of points of the set, in floats by differences.

    The set is made anew, from L and W at its centre, in numpy; its points are within the stated reach.
    """
    f, rho = TWO, 0.75
    x = np.array([0.4, 0.5, 0.3, -0.6])
    v = np.array([[1.0, 0.3], [-0.2, 0.8]])
    ar, step = arithmetic("arb", 106), Fraction(1, 5)
    widths = [Fraction(1, 64)] * len(blocks) + [Fraction(1, 96)]
    exact = {"step": step, "basis": tuple(map(Fraction, v.ravel().tolist())), "blocks": tuple(map(Fraction, blocks))}
    with ar:
        problem = Problem(f, Fraction(3, 4), RadiusLaw(law, SCALES if law == "asam" else ()), residual=True)
        near = basin.Near.of(Evidence(Point(ar, problem, [ar.from_float(c) for c in x.tolist()])), exact)
        bounds = near.bounds(near.around(widths))

    def w(x: np.ndarray) -> np.ndarray:
        g = f.gradient(x)
        length = 1 if law == "usam" else np.linalg.norm((np.array(SCALES, float) if law == "asam" else 1) * g)
        plus = x + rho * (np.array(SCALES, float) ** 2 if law == "asam" else 1) * g / length
        return np.linalg.solve(v, f.residual(plus)), f.residual_jacobian(plus).T @ v

    def both(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = [(w(x + e)[0] - w(x - e)[0]) / 2e-6 for e in 1e-6 * np.eye(4)]
        return np.column_stack(columns), w(x)[1]

    left, right = both(x)
    g = right @ np.linalg.inv(left @ right)
    pi, aside = np.eye(4) - g @ left, np.eye(4) - right @ np.linalg.pinv(right)
    rng, cuts = np.random.default_rng(1), np.cumsum(blocks)[:-1]

    def place() -> np.ndarray:
        parts = [row / np.linalg.norm(row) for row in np.split(rng.normal(size=2), cuts)]
        u = aside @ rng.normal(size=4)
        return g @ np.concatenate(parts) / 64 + pi @ u / np.linalg.norm(u) / 96

    for _ in range(60):
        one, other = place(), place()
        assert max(np.linalg.norm(one), np.linalg.norm(other)) <= bounds.reach
        (there, _), (_, here) = both(x + one), both(x + other)
        rest, off = np.eye(2) - float(step) * there @ here, aside @ here
        for i, rows in enumerate(np.split(rest, cuts, axis=0)):
            for j, block in enumerate(np.split(rows, cuts, axis=1)):
                assert np.linalg.norm(block, 2) <= bounds.contraction[i, j] + 1e-8
        for j, block in enumerate(np.split(off, cuts, axis=1)):
            assert np.linalg.norm(block, 2) <= bounds.drift[j] + 1e-8
        for i, block in enumerate(np.split(w(x + one)[0] - w(x)[0] - left @ one, cuts)):
            assert np.linalg.norm(block) <= bounds.bend[i] + 1e-8
    for i, rows in enumerate(np.split(left, cuts)):
        assert np.linalg.norm(rows, 2) <= bounds.slope[i] + 1e-8
        for j, others in enumerate(np.split(left, cuts)):
            assert np.linalg.norm(rows @ others.T, 2) <= bounds.slopes[i, j] + 1e-8


@pytest.mark.parametrize("law", ["sam", "usam", "asam"])
def test_gradients_and_ascended_points_on_a_ball_are_enclosed_sharply(law: str) -> None:
    """g and x+ at random points of the sphere are in their enclosures, and come within a quarter of their ends."""
    x, size, rng = np.array([0.4, 0.5, 0.3, -0.6]), 1 / 256, np.random.default_rng(5)
    scales = np.array(SCALES, float) if law == "asam" else np.ones(4)
    with arithmetic("arb", 106) as ar:
        problem = Problem(TWO, Fraction(3, 4), RadiusLaw(law, SCALES if law == "asam" else ()), residual=True)
        point = Point(ar, problem, [ar.from_float(c) for c in x.tolist()])
        ball = around.OnSet(point, AscentPrograms.of(point.problem), Around.ball(4, Fraction(1, 256)))
    directions = rng.normal(size=(4000, 4))
    points = x + size * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    g = TWO.gradient(points)
    length = 1 if law == "usam" else np.linalg.norm(scales * g, axis=1, keepdims=True)
    for seen, (found,) in ((g, ball.g), (points + 0.75 * scales**2 * g / length, ball.plus)):
        reach = np.abs(seen - found.mid).max(axis=0)
        assert (reach <= found.rad).all() and (reach >= 0.75 * found.rad).all()


@pytest.mark.parametrize("law", ["sam", "usam", "asam"])
def test_derivatives_are_those_of_differences(law: str) -> None:
    """In a tiny ball they are the differences of A and B themselves, which are computed in balls at points beside."""
    with arithmetic("arb", 106) as ar:
        problem = Problem(TWO, Fraction(3, 4), RadiusLaw(law, SCALES if law == "asam" else ()), residual=True)
        x, h = [Fraction(c) for c in ("2/5", "1/2", "3/10", "-3/5")], Fraction(1, 2**20)

        def both(x: list[Fraction]) -> tuple[np.ndarray, np.ndarray]:
            point = Point(ar, problem, [ar.constant(c) for c in x])
            return tuple(ar.approximations(part) for part in (point.residual_matrix, point.residual_jacobian_plus))

        here, tiny = Point(ar, problem, [ar.constant(c) for c in x]), Around.ball(4, Fraction(1, 2**60))
        found = around.derivatives(here, AscentPrograms.of(here.problem), tiny, MidRad(np.eye(2)), MidRad(np.eye(2)))
        for k in range(4):
            ends = [both([c + sign * h * (i == k) for i, c in enumerate(x)]) for sign in (1, -1)]
            for part, plus, minus in zip(found, *ends, strict=True):
                np.testing.assert_allclose(part.mid[:, :, k], (plus - minus) / float(2 * h), rtol=1e-8, atol=1e-8)
                assert part.rad.max() < 1e-10


@pytest.mark.parametrize(
    "change",
    [
        {"blocks": ("0", "2")},
        {"blocks": ("-1", "3")},
        {"blocks": ("3/2", "1")},
        {"blocks": ("3/2", "1/2")},
        {"blocks": ("1", "1", "1")},
        {"blocks": ("2", "1/2")},
        {"blocks": ()},
        {"basis": ("1", "0", "0", "1", "0")},
        {"basis": ("1", "1", "1", "1")},
        {"step": "0"},
        {"step": "-1/10"},
    ],
)
def test_what_are_no_blocks_no_basis_and_no_step_make_no_frame(change: dict) -> None:
    """Blocks are positive whole numbers that add up to the number of residuals, a basis is square and nonsingular."""
    good = {"blocks": ("1", "1"), "basis": ("1", "0", "0", "1"), "step": "1/10"}
    ar, problem = arithmetic("arb", 106), Problem(TWO, Fraction(3, 4), residual=True)
    evidence = Evidence(Point(ar, problem, [ar.constant(Fraction(v, 10)) for v in (4, 5, 3, -6)]))
    for inputs, made in ((good, True), (good | change, False)):
        exact = {name: tuple(map(Fraction, value)) for name, value in inputs.items() if name != "step"}
        assert (basin.Near.of(evidence, exact | {"step": Fraction(inputs["step"])}) is not None) == made
        gradients = Evidence(Point(ar, Problem(TWO, Fraction(3, 4)), evidence.point.x))
        assert basin.Near.of(gradients, exact | {"step": Fraction(inputs["step"])}) is None


@pytest.mark.parametrize(("x", "bounded"), [("1", False), ("11/10", True)])
def test_where_the_gradient_may_vanish_nothing_is_bounded_for_usam(x: str, bounded: bool) -> None:
    """Its step is defined there, too, and leads to ordinary minimizers of f, which are not hallucinated."""
    problem = Problem(hc.Objective.least_squares(["x**2 + y**2 - 1"]), Fraction(1, 2), RadiusLaw("usam"), residual=True)
    with arithmetic("arb", 106) as ar:
        evidence = Evidence(Point(ar, problem, [ar.constant(Fraction(x)), ar.constant(Fraction(0))]))
        inputs = {"step": Fraction(1, 10), "basis": (Fraction(1),), "blocks": (Fraction(1),)}
        near = basin.Near.of(evidence, inputs)
        bounds = near.bounds(near.around([Fraction(1, 2**20)] * 2))
    assert (bounds is not None) == bounded


def test_inputs_of_the_other_form_are_refused(ring: hc.Certificate) -> None:
    """A file whose basin has a subdivision, for a point in residual form, states nothing that its numbers show."""
    data = to_json(ring)
    claim = next(claim for claim in data["claims"] if claim["name"] == "basin")
    for name in ("blocks", "weights", "widths", "reach"):
        del claim["inputs"][name]
    claim["inputs"]["subdivision"] = "w"
    with pytest.raises(CertificateError):
        from_json(data)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_both_arithmetics_prove_it_again(ring: hc.Certificate, backend: str) -> None:
    """A basin and a run of a manifold are re-proved; with a share that is too small to be true they are not."""
    assert hc.verify(ring, backend=backend)
    data = to_json(ring)
    claim = next(claim for claim in data["claims"] if claim["name"] == "converges")
    claim["numbers"]["share"] = ["1p-40", "1p-39"]
    verdict = hc.verify(from_json(data), backend=backend)
    assert not verdict


def test_samples_divide_the_step() -> None:
    """With f = |r|^2/(2 n), n = 2, K = 2 at x*: kappa is at least 0.8, and omega at least |A| r = 2 r."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
    inputs = hc.certify(f, (-0.5, 0), "1.5", basin="0.1")["basin"].inputs
    v, (omega, sigma, gamma) = abs(float(inputs["basis"][0])), map(float, inputs["widths"])
    assert 0.8 <= inputs["bound"] < 0.95
    # half of w is the square of the distance of the radius from 3/2, less 1: it bends by one square
    radius = float(inputs["size"])
    assert 2 * radius / v < omega < 2.5 * radius / v and omega + (sigma * v / 2) ** 2 / v < sigma
    assert radius < gamma < 2 * radius


def test_a_step_may_lengthen_residuals_where_the_manifold_attracts() -> None:
    """From starts however close the first step doubles |r(x+)|, for half the bound, where the rate is 0.106 a step.

    ``I - eta K`` is far from normal: the rate that the claim states is that of another norm, and it says so.
    """
    f = hc.Objective.least_squares(["x**2 - 1 - 0.35*y - 2.03*x*y", "0.54*(y**2 - 1) + 0.83*x + 0.55*x*y"])
    cert = hc.certify(f, (0.2212, 0.1811), "1.5", precisions=[53])
    claim = cert["attractor"]
    step = float(claim.numbers["step_bound"].lower) / 2
    assert claim.status is hc.Status.PROVED and float(claim.numbers["smallest_real_part"].lower) * step > 0.98
    angles = np.linspace(0, np.pi, 60)
    starts = cert.x + 1e-6 * np.column_stack([np.cos(angles), np.sin(angles)])

    def sizes(x: np.ndarray) -> np.ndarray:
        g = f.gradient(x)
        return np.linalg.norm(f.residual(x + 1.5 * g / np.linalg.norm(g, axis=1, keepdims=True)), axis=1)

    x, before = starts, sizes(starts)
    for k in range(12):
        x = x - step * hc.sam.shifted_gradient(f, x, "1.5")
        assert k > 0 or 2 < (sizes(x) / before).max() < 2.4
    assert (sizes(x) < 1e-6 * before).all()
    assert "there is a norm in which r(x+) falls" in claim.statement and "|r(x+)|" not in claim.statement
