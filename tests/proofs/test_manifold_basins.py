"""Claim: in residual form SAM converges to the manifold from all of a proved basin; wrong bounds are refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.attraction import manifold_basin
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
    weight = float(ring["basin"].inputs["weights"][0])
    assert float(claim.numbers["rest"].upper) == pytest.approx(weight * (1 - (radius - 1.5) ** 2), rel=1e-3)
    assert claim.numbers["distance"].upper + claim.numbers["rest"].upper <= ring["basin"].inputs["size"]


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
    assert (np.linalg.norm(x - middle, axis=1) <= float(claim.inputs["size"])).all()


def evidence_of(cert: hc.Certificate) -> Evidence:
    """What a proof of a claim about the point of a certificate starts from, at 212 bits."""
    ar = arithmetic("arb", 212)
    x = [ar.interval(low, high) for low, high in cert.box]
    return Evidence(Point(ar, cert.problem, x), cert.witness.centre, 1000)


@pytest.mark.parametrize(
    "change",
    [
        {"bound": Fraction(3, 5)},  # that at x*, not on the set
        {"size": Fraction(1, 2)},  # Omega contains the origin, where g = 0
        {"size": Fraction(1, 50)},
        {"weights": (Fraction(1, 2),)},  # what the way from x* costs, E b/(1 - kappa) with kappa at x*
        {"slope": Fraction(7, 5)},  # less than p a = .737 * 2
        {"slope": Fraction(-4)},  # its square is larger than that of p a
        {"step": Fraction(1)},  # too long: 1 - 4 = -3
        {"step": Fraction(-1, 10)},
        {"size": Fraction(0)},
        {"bound": Fraction(1)},
        {"basis": ()},
        {"basis": (Fraction(0),)},
        {"blocks": (Fraction(2),)},
        {"blocks": (Fraction(1, 2), Fraction(1, 2))},
        {"blocks": (Fraction(-1), Fraction(2))},
        {"weights": (Fraction(0),)},
        {"weights": (Fraction(1), Fraction(1))},
        {
            "weights": (Fraction(-1),),
            "step": Fraction(1),
            "slope": Fraction(0),
        },  # -1 times what expands is below -kappa
    ],
)
def test_wrong_bounds_are_not_re_proved(ring: hc.Certificate, change: dict) -> None:
    """A bound that does not hold on the set, a set that is too large and a step that is too long prove nothing."""
    with arithmetic("arb", 212):
        inputs = ring["basin"].inputs | change
        assert isinstance(manifold_basin.measure(evidence_of(ring), inputs), Reason)
        assert not isinstance(manifold_basin.measure(evidence_of(ring), ring["basin"].inputs), Reason)


@pytest.mark.parametrize(("part", "excess"), [(1, 30), (Fraction(1, 100), 1.2)])
def test_the_bounds_are_those_of_matrices_written_out(ring: hc.Certificate, part: Fraction, excess: float) -> None:
    """At pairs of points of a ball, in numpy, with B = (2 x+)^T and A = 2 r+ u^T, N, b and a are at most the bounds.

    In a small ball N is little more than the largest that is seen, counted from that at x*: the derivatives are sharp.
    """
    inputs, rng = ring["basin"].inputs, np.random.default_rng(0)
    size, step = float(inputs["size"] * part), float(inputs["step"])
    with arithmetic("arb", 106):
        bounds = manifold_basin.frame_of(evidence_of(ring), inputs).bounds(inputs["size"] * part)
    seen = np.zeros(3)
    for _ in range(500):
        x, other = (ring.x + size * d / np.linalg.norm(d) for d in rng.normal(size=(2, 2)))
        plus = x * (1 - 1.5 / np.linalg.norm(x))  # u points inward: f falls with the radius there
        radius = np.linalg.norm(other)
        b, a = 2 * plus, 2 * (radius - 1.5) * other / radius
        seen = np.maximum(seen, [abs(1 - step * a @ b), np.linalg.norm(b), np.linalg.norm(a)])
    found = [bound.item() for bound in (bounds.contraction, bounds.descent, bounds.slope)]
    assert (seen <= found).all()
    assert found[0] - 0.6 <= excess * (seen[0] - 0.6)


SCALES = (Fraction(1), Fraction(1, 3), Fraction(2), Fraction(4, 5))
TWO = hc.Objective.least_squares(["x**2 + y**2 - 1 + z*y/2", "z - x*y + w**2/3"])


@pytest.mark.parametrize(("law", "blocks"), [("sam", (1, 1)), ("usam", (1, 1)), ("asam", (2,))])
def test_bounds_of_two_residuals_hold_at_pairs_of_points(law: str, blocks: tuple[int, ...]) -> None:
    """N, b, a and S bound the norms of the blocks at random pairs of points, in floats by differences.

    And ``p |L e|``, for all weights and unit vectors e, is at most ``sqrt(p S p^T)``.
    """
    f, rho = TWO, 0.75
    x = np.array([0.4, 0.5, 0.3, -0.6])
    v = np.array([[1.0, 0.3], [-0.2, 0.8]])
    ar, size, step = arithmetic("arb", 106), Fraction(1, 64), Fraction(1, 5)
    exact = {"step": step, "basis": tuple(map(Fraction, v.ravel().tolist())), "blocks": tuple(map(Fraction, blocks))}
    with ar:
        problem = Problem(f, Fraction(3, 4), RadiusLaw(law, SCALES if law == "asam" else ()), residual=True)
        evidence = Evidence(Point(ar, problem, [ar.from_float(c) for c in x.tolist()]))
        bounds = manifold_basin.frame_of(evidence, exact).bounds(size)

    count = len(blocks)
    shapes = [(count, count), (count,), (count,), (count, count), (count,)]
    assert [part.shape for part in vars(bounds).values()] == shapes

    def plus(x: np.ndarray) -> np.ndarray:
        g = f.gradient(x)
        if law == "asam":
            return x + rho * np.array(SCALES, float) ** 2 * g / np.linalg.norm(np.array(SCALES, float) * g)
        return x + rho * (g / np.linalg.norm(g) if law == "sam" else g)

    def lanes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = [(f.residual(plus(x + e)) - f.residual(plus(x - e))) / 2e-6 for e in 1e-6 * np.eye(4)]
        return np.linalg.solve(v, np.column_stack(columns)), f.residual_jacobian(plus(x)).T @ v

    rng, cuts = np.random.default_rng(1), np.cumsum(blocks)[:-1]
    for _ in range(30):
        (left, _), (other, right) = (lanes(x + float(size) * d / np.linalg.norm(d)) for d in rng.normal(size=(2, 4)))
        weights = rng.uniform(size=count)
        for direction in rng.normal(size=(20, 4)):
            e = direction / np.linalg.norm(direction)
            ways = [np.linalg.norm(part @ e) for part in np.split(left, cuts)]
            assert (weights @ ways) ** 2 <= weights @ bounds.slopes @ weights + 1e-8
        for i, rows in enumerate(np.split(left, cuts)):
            for j, rows_there in enumerate(np.split(other, cuts)):
                assert np.linalg.norm(rows @ rows_there.T, 2) <= bounds.slopes[i, j] + 1e-8
        rest = np.eye(2) - float(step) * left @ right
        for i, rows in enumerate(np.split(rest, cuts, axis=0)):
            for j, block in enumerate(np.split(rows, cuts, axis=1)):
                assert np.linalg.norm(block, 2) <= bounds.contraction[i, j] + 1e-8
        for j, block in enumerate(np.split(right, cuts, axis=1)):
            assert np.linalg.norm(block, 2) <= bounds.descent[j]
        for i, block in enumerate(np.split(left, cuts, axis=0)):
            assert np.linalg.norm(block, 2) <= bounds.slope[i] + 1e-8


def test_bounds_of_residuals_of_which_one_is_linear_hold() -> None:
    """With next to no ascent ``L_2`` is (0, 0, 3) and ``W_1`` twice x: their product, not that of 1 and 2, is large."""
    f, x, size = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1", "3*z"]), np.array([0.5, 0.4, 0.3]), 1 / 16
    given = {"step": Fraction(1, 5), "basis": tuple(map(Fraction, (1, 0, 0, 1))), "blocks": (Fraction(1), Fraction(1))}
    with arithmetic("arb", 106) as ar:
        evidence = Evidence(Point(ar, Problem(f, Fraction(1, 2**20), residual=True), [ar.from_float(c) for c in x]))
        bounds = manifold_basin.frame_of(evidence, given).bounds(Fraction(1, 16))
    move, slopes = size * np.array([0, 0, 1]), np.array([[1.0, 0.8, 0.6], [0.0, 0.0, 3.0]])
    for here, there in ((x + move, x), (x, x + move)):
        left, right = np.array([2 * there, [0, 0, 3]]), np.array([2 * here, [0, 0, 3]]).T
        assert (np.abs(np.eye(2) - left @ right / 5) <= bounds.contraction + 1e-5).all()
    assert bounds.contraction == pytest.approx(np.abs(np.eye(2) - slopes @ slopes.T / 5), abs=0.1)


@pytest.mark.parametrize("law", ["sam", "usam", "asam"])
def test_gradients_and_ascended_points_on_a_ball_are_enclosed_sharply(law: str) -> None:
    """g and x+ at random points of the sphere are in their enclosures, and come within a quarter of their ends."""
    x, size, rng = np.array([0.4, 0.5, 0.3, -0.6]), 1 / 256, np.random.default_rng(5)
    scales = np.array(SCALES, float) if law == "asam" else np.ones(4)
    with arithmetic("arb", 106) as ar:
        problem = Problem(TWO, Fraction(3, 4), RadiusLaw(law, SCALES if law == "asam" else ()), residual=True)
        ball = manifold_basin.OnBall(Point(ar, problem, [ar.from_float(c) for c in x.tolist()]), Fraction(1, 256))
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

        around = Point(ar, problem, [ar.constant(c) for c in x])
        found = manifold_basin.derivatives(around, Fraction(1, 2**60), MidRad(np.eye(2)), MidRad(np.eye(2)))
        for k in range(4):
            ends = [both([c + sign * h * (i == k) for i, c in enumerate(x)]) for sign in (1, -1)]
            for part, plus, minus in zip(found, *ends, strict=True):
                np.testing.assert_allclose(part.mid[:, :, k], (plus - minus) / float(2 * h), rtol=1e-8, atol=1e-8)
                assert part.rad.max() < 1e-10


def frame(f: hc.Objective, x: tuple[str, ...], basis: tuple[str, ...], blocks: tuple[int, ...]) -> manifold_basin.Frame:
    """The frame at a point where nothing vanishes, rho = 3/4, E = 1/5, in Arb at 106 bits."""
    ar, problem = arithmetic("arb", 106), Problem(f, Fraction(3, 4), residual=True)
    evidence = Evidence(Point(ar, problem, [ar.constant(Fraction(c)) for c in x]))
    inputs = {"step": Fraction(1, 5), "basis": tuple(map(Fraction, basis)), "blocks": tuple(map(Fraction, blocks))}
    found = manifold_basin.frame_of(evidence, inputs)
    assert found is not None
    return found


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
        assert (manifold_basin.frame_of(evidence, exact | {"step": Fraction(inputs["step"])}) is not None) == made
        gradients = Evidence(Point(ar, Problem(TWO, Fraction(3, 4)), evidence.point.x))
        assert manifold_basin.frame_of(gradients, exact | {"step": Fraction(inputs["step"])}) is None


def test_the_bounds_grow_as_the_derivatives_say() -> None:
    """On a ball N grows by E times terms of first order and a product of two changes, b and a by one change.

    With one residual S is the square of a.
    """
    with arithmetic("arb", 106):
        found, size = (
            frame(hc.Objective.least_squares(["x**2 + y**2 - 1"]), ("2/5", "1/2"), ("1",), (1,)),
            Fraction(1, 32),
        )
        bounds, none = found.bounds(size), found.bounds(Fraction(1, 2**60))
        of = manifold_basin.derivatives(found.evidence.point, size, *([MidRad(np.eye(1))] * 2))
        left, right, _ = (part.magnitude() for part in found.at_point)
    rows, columns = (float(size) * np.linalg.norm(part.magnitude()) for part in of)
    first = np.linalg.norm((MidRad(right.T) @ of[0]).magnitude()) + np.linalg.norm((MidRad(left) @ of[1]).magnitude())
    assert bounds is not None and none is not None
    grown = [float((new - old).item()) for new, old in zip(vars(bounds).values(), vars(none).values(), strict=True)]
    assert grown[1:3] + grown[4:] == pytest.approx([columns, rows, columns], rel=1e-6)
    assert bounds.slopes.item() == pytest.approx(bounds.slope.item() ** 2)
    assert grown[0] == pytest.approx((float(size) * first + rows * columns) / 5, rel=1e-6)
    assert rows * columns > 0.1 * float(size) * first


def test_the_way_is_paid_for_in_one_direction() -> None:
    """``sqrt(p S p^T)`` is the most that ``p |L e|`` is for a unit vector e; the prover takes it, if ``p a`` is more.

    In a tiny ball, for circles in two planes, by differences.
    """
    f = hc.Objective.least_squares(["x**2 + y**2 - 1", "z**2 + w**2 - 2"])
    cert = hc.certify(f, hc.sam.run(f, [0.3, 0.1, -0.9, 0.2], 2, "0.02", 10_000).x, 2, basin="0.005")
    inputs = cert["basin"].inputs
    p, v = np.array(inputs["weights"], float), np.array(inputs["basis"], float).reshape(2, 2)
    with arithmetic("arb", 212):
        around = manifold_basin.frame_of(evidence_of(cert), inputs)
        tiny, bounds = around.bounds(Fraction(1, 2**40)), around.bounds(inputs["size"])

    def w(x: np.ndarray) -> np.ndarray:
        g = f.gradient(x)
        return np.linalg.solve(v, f.residual(x + 2 * g / np.linalg.norm(g)))

    rows = p * np.column_stack([(w(cert.x + e) - w(cert.x - e)) / 2e-6 for e in 1e-6 * np.eye(4)]).T
    most = max(np.linalg.norm(rows @ signs) for signs in ((1, 1), (1, -1)))
    assert p @ tiny.slopes @ p == pytest.approx(most**2, rel=1e-6)
    assert p @ tiny.slope == pytest.approx(np.linalg.norm(rows, axis=0).sum(), rel=1e-6)
    assert p @ tiny.slope > 1.1 * most
    assert most < float(inputs["slope"]) < 0.99 * (p @ bounds.slope)


def test_the_rest_of_the_way_is_weighted_block_by_block() -> None:
    """p |V^-1 y| with V = (1/2, ..), y = (3, 4, 5): 2 |(6, 8)| + 7 |10|, for every y of a box."""
    f = hc.Objective.least_squares(["x*y - 1", "y*z - 2", "z*x + y"])
    half = ("1/2", "0", "0", "0", "1/2", "0", "0", "0", "1/2")
    with arithmetic("arb", 106) as ar:
        found = frame(f, ("1/2", "1/3", "1/4"), half, (2, 1))
        weights = (Fraction(2), Fraction(7))
        exact = found.rest([ar.constant(Fraction(v)) for v in (3, 4, 5)], ar, weights)
        wide = found.rest([ar.interval(Fraction(v) - 1, Fraction(v)) for v in (3, 4, 5)], ar, weights)
        assert ar.within(exact, 90 - Fraction(1, 2**60), 90 + Fraction(1, 2**60))
        assert ar.upper(wide) >= 90 and ar.lower(wide) <= 2 * 2 * Fraction(13) ** Fraction(1, 2) + 56


@pytest.mark.parametrize(("x", "bounded"), [("1", False), ("11/10", True)])
def test_where_the_gradient_may_vanish_nothing_is_bounded_for_usam(x: str, bounded: bool) -> None:
    """Its step is defined there, too, and leads to ordinary minimizers of f, which are not hallucinated."""
    problem = Problem(hc.Objective.least_squares(["x**2 + y**2 - 1"]), Fraction(1, 2), RadiusLaw("usam"), residual=True)
    with arithmetic("arb", 106) as ar:
        evidence = Evidence(Point(ar, problem, [ar.constant(Fraction(x)), ar.constant(Fraction(0))]))
        inputs = {"step": Fraction(1, 10), "basis": (Fraction(1),), "blocks": (Fraction(1),)}
        bounds = manifold_basin.frame_of(evidence, inputs).bounds(Fraction(1, 2**20))
    assert (bounds is not None) == bounded


def test_inputs_of_the_other_form_are_refused(ring: hc.Certificate) -> None:
    """A file whose basin has a subdivision, for a point in residual form, states nothing that its numbers show."""
    data = to_json(ring)
    claim = next(claim for claim in data["claims"] if claim["name"] == "basin")
    for name in ("blocks", "weights", "slope"):
        del claim["inputs"][name]
    claim["inputs"]["subdivision"] = "w"
    with pytest.raises(CertificateError):
        from_json(data)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_both_arithmetics_prove_it_again(ring: hc.Certificate, backend: str) -> None:
    """A basin and a run of a manifold are re-proved; with a rest that is too small to be true they are not."""
    assert hc.verify(ring, backend=backend)
    data = to_json(ring)
    claim = next(claim for claim in data["claims"] if claim["name"] == "converges")
    claim["numbers"]["rest"] = ["1p-40", "1p-39"]
    verdict = hc.verify(from_json(data), backend=backend)
    assert not verdict


def test_samples_divide_the_step() -> None:
    """With f = |r|^2/(2 n), n = 2, |B|/n = 1 and K = 2 at x*: p is at least E b/(E K) = 1/2, kappa at least 0.8."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
    basin = hc.certify(f, (-0.5, 0), "1.5", basin="0.1")["basin"]
    inputs = {name: float(v) for name, v in basin.inputs.items() if name not in ("basis", "blocks", "weights")}
    (weight,) = map(float, basin.inputs["weights"])
    assert float(basin.numbers["radius"].lower) == pytest.approx(inputs["size"] / (1 + inputs["slope"]))
    assert 0.8 <= inputs["bound"] < 0.9
    assert 0.5 <= weight < 0.8
    assert 2 * weight <= inputs["slope"] < 3 * weight  # |A| = 2 |x+|


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
