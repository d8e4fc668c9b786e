"""Claims: surfaces of hallucinated minimizers are proved whole, with their topology, and forged atlases are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic, matrix
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.sheet import surface_chart
from hallucert.check.sheet.curve import CurveSystem
from hallucert.check.sheet.surface_atlas import Atlas, Neighbours, check_atlas
from hallucert.check.sheet.surface_chart import ChartProof
from hallucert.check.sheet.surface_system import PatchPoint, SurfaceSystem
from hallucert.check.sheet.topology import _winding
from hallucert.check.subdivision import Subdivision
from hallucert.errors import ArgumentError, CertificateError, NotAnalyticError, SearchError
from hallucert.prove.curves.charts import chart_around, chart_at
from hallucert.prove.curves.surface import covered_edges

RHO = Fraction(3, 2)
TORUS = "(sqrt(x**2 + y**2) - 1)**2 + z**2 - 1/4"


@pytest.fixture(scope="module")
def ball_of_minimizers():
    return hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)


@pytest.fixture(scope="module")
def piece(ball_of_minimizers):
    return hc.certify(hc.find.sheet(ball_of_minimizers, (0.2, 0.3, 0.35), RHO, max_steps=5))


def checked(f, atlas, rho=RHO):
    ar = arithmetic("arb", 106)
    with ar:
        return check_atlas(SurfaceSystem(ar, f, rho), atlas)


@pytest.mark.thorough
def test_the_hallucinated_sphere_is_closed_and_a_sphere(ball_of_minimizers, monkeypatch) -> None:
    """The minimizers |x| = 1 have for rho = 3/2 the hallucinated sphere |x| = 1/2 (closed form), which attracts.

    Without one of its charts some edge is free, and nothing is closed any more.
    """
    sphere = hc.certify(hc.find.sheet(ball_of_minimizers, (0.2, 0.3, 0.35), RHO), precisions=[53])
    (atlas,) = sphere.atlases
    assert atlas.closed and len(atlas.charts) > 300
    centres = np.array([[float(v) for v in chart.centre[:3]] for chart in atlas.charts])
    assert np.allclose(np.linalg.norm(centres, axis=1), 0.5, atol=1e-12)
    assert {claim.name: str(claim.status) for claim in sphere} == {
        "surface": "proved",
        "regular": "proved",
        "theorem_3_2": "refuted",
        "projected_c32": "proved",
        "attractor": "proved",
        "topology": "proved",
    }
    assert "one smooth closed surface" in sphere["surface"][0].statement
    assert sphere["topology"][0].statement == "As a surface, sheet 1 is a sphere: its Euler characteristic is 2."
    # Closed forms: |g| = 3/8, K = A B^T/n = 2, the projected condition has 1, (C32) has -2.
    for name, number, value in (
        ("surface", "gradient_norm", Fraction(3, 8)),
        ("attractor", "smallest_real_part", Fraction(2)),
        ("projected_c32", "smallest_projected_eigenvalue", Fraction(1)),
        ("theorem_3_2", "smallest_eigenvalue_sym_Du", Fraction(-2)),
    ):
        found = sphere[name][0].numbers[number]
        assert found.lower <= value <= found.upper
    kept = {name: getattr(atlas, name)[:100] + getattr(atlas, name)[101:] for name in ("charts", "edges", "cuts")}
    without = replace(atlas, **kept)
    monkeypatch.setattr(ChartProof, "proved", lambda self: True)  # so they are, as is proved above
    assert "edge" in checked(ball_of_minimizers, without)


def test_charts_that_do_not_hang_together_are_refused(ball_of_minimizers) -> None:
    """Two charts on opposite sides are no connected surface; two that overlap are."""
    ar = arithmetic("arb", 106)
    with ar:
        system, tangents = SurfaceSystem(ar, ball_of_minimizers, RHO), np.eye(3)[:, 1:]
        x = np.array([0.5, 0.0, 0.0])
        here, there = (chart_at(system, sign * x, tangents, 1 / 32) for sign in (1, -1))
        beside = chart_at(system, np.array([0.5, 1 / 32, 0.0]), tangents, 1 / 32)
        joined = covered_edges([here, beside], 0, Neighbours([here, beside])).cuts
    assert any("c" in cuts.letters for cuts in joined)
    free, apart, near = (Subdivision("f"),) * 4, (here.chart, there.chart), (here.chart, beside.chart)
    assert "connected" in checked(ball_of_minimizers, Atlas(apart, False, (free, free)))
    assert "edge of chart 0" in checked(ball_of_minimizers, Atlas(apart, False, (joined, free)))
    assert "connected" in checked(ball_of_minimizers, Atlas(near, False, (free, free)))
    assert not isinstance(checked(ball_of_minimizers, Atlas(near, False, (joined, free))), str)


def test_an_open_piece_is_not_called_closed(piece, ball_of_minimizers) -> None:
    """Five charts are a piece of the surface, with edges, and no topology is claimed of it."""
    (atlas,) = piece.atlases
    assert not atlas.closed and not piece["topology"] and "connected smooth surface" in piece["surface"][0].statement
    assert "at its edges, its continuation" in piece["regular"][0].statement
    assert "edge" in checked(ball_of_minimizers, replace(atlas, closed=True))


def test_both_arithmetics_prove_a_piece_again(piece, tmp_path) -> None:
    """From the file alone."""
    piece.save(tmp_path / "piece.json")
    for backend in ("mpmath", "arb"):
        assert hc.verify(tmp_path / "piece.json", backend=backend)


@pytest.mark.parametrize(
    "change",
    [
        lambda chart: replace(chart, half_width=3 * chart.half_width),
        lambda chart: replace(chart, radius=tuple(r / 1000 for r in chart.radius)),
        lambda chart: replace(chart, centre=(chart.centre[0] + Fraction(1, 5), *chart.centre[1:])),
        lambda chart: replace(chart, preconditioner=tuple(tuple(-v for v in row) for row in chart.preconditioner)),
        lambda chart: replace(chart, frame=(chart.frame[0], chart.frame[0], *chart.frame[2:])),
        lambda chart: replace(chart, centre=(*chart.centre[:-1], -chart.centre[-1])),
    ],
    ids=["wider", "thinner", "moved", "preconditioner", "singular frame", "negative multiplier"],
)
def test_forged_charts_are_not_proved(piece, ball_of_minimizers, change) -> None:
    """A chart that is too wide, too thin, elsewhere, with another preconditioner, frame or sign of lambda."""
    charts = piece.atlases[0].charts
    forged = Atlas((change(charts[0]), *charts[1:]), False)
    assert "chart 0" in checked(ball_of_minimizers, forged)


def test_forged_numbers_are_not_re_proved(piece) -> None:
    """A better bound than can be proved is refused, and a file without the claim of a piece is not read."""
    data = json.loads(json.dumps(to_json(piece)))
    for claim in data["claims"]:
        if claim["name"] == "regular":
            numbers = claim["numbers"]["smallest_singular_value"]
            numbers[0] = numbers[1]
    verdict = hc.verify(from_json(data), backend="arb")
    assert not verdict and [r.name for r in verdict.results if not r.passed] == ["regular (sheet 1)"]
    data["claims"] = [claim for claim in data["claims"] if claim["name"] != "surface"]
    with pytest.raises(CertificateError, match="claims"):
        from_json(data)


@pytest.mark.parametrize("field", ["centre", "frame", "half_width", "radius", "preconditioner"])
def test_malformed_charts_are_named(piece, field) -> None:
    """Each field of a chart is checked for shape and sign, and named."""
    for value in (None, [], "0", ["1", "2"]):
        data = json.loads(json.dumps(to_json(piece)))
        data["sheets"][0]["charts"][1][field] = value
        with pytest.raises(CertificateError, match=field):
            from_json(data)


def test_indices_on_a_torus() -> None:
    """On the torus of tube radius 3/10 the height x has a maximum outside (index 1) and a saddle inside (index -1)."""
    f = hc.Objective.least_squares([TORUS], n=2)
    ar = arithmetic("arb", 53)
    with ar:
        system = SurfaceSystem(ar, f, Fraction(4, 5))
        for x, index in ((1.3, 1), (0.7, -1)):
            proof = chart_at(system, np.array([x, 0.0, 0.0]), np.eye(3)[:, 1:], 1 / 64)
            half = proof.chart.half_width / 2
            assert _winding(proof, ((-half, half), (-half, half)), (Fraction(1), Fraction(0), Fraction(0))) == index
            off = ((half / 2, half), (half / 2, half))
            assert _winding(proof, off, (Fraction(1), Fraction(0), Fraction(0))) == 0


def test_the_two_systems_have_the_same_jacobian_up_to_elimination(ball_of_minimizers) -> None:
    """Eliminating c and lambda from DE gives A = Dr(x+) J (Schur complement, in floats)."""
    ar = arithmetic("arb", 106)
    with ar:
        system, plain = SurfaceSystem(ar, ball_of_minimizers, RHO), CurveSystem(ar, ball_of_minimizers, RHO)
        x = np.array([0.11, 0.34, -0.21])
        g = ball_of_minimizers.gradient(x)
        q = np.linalg.norm(g)
        z = [ar.from_float(float(v)) for v in (*x, *(x + 1.5 * g / q), q / 1.5)]
        de = np.array(ar.approximations(system.jacobian(z)))
        schur = de[4:, :3] - de[4:, 3:] @ np.linalg.solve(de[:4, 3:], de[:4, :3])
        a = np.array(ar.approximations(plain.jacobian([ar.from_float(float(v)) for v in x])))
    assert np.allclose(schur, a, rtol=1e-9)


def test_a_turning_frame_holds_the_invariants(piece, ball_of_minimizers) -> None:
    """In the frame that turns with u the singular value of A and K = A B^T/n are those of every point of the piece."""
    ar = arithmetic("arb", 106)
    with ar:
        system = SurfaceSystem(ar, ball_of_minimizers, RHO)
        proof = ChartProof(system, piece.atlases[0].charts[0])
        h = proof.chart.half_width
        rectangle = ((h / 4, h / 2), (-h / 2, -h / 4))
        point = proof.part(rectangle).narrow().point()
        assert isinstance(point, PatchPoint)
        kernel = ar.dot(point.residual_matrix[0], point.residual_jacobian_plus[0]) * ar.constant(Fraction(1, 2))
        assert ar.lower(kernel) < 2 < ar.upper(kernel) and ar.upper(kernel) - ar.lower(kernel) < 1
        # By symmetry H is constant in that frame, so only second-order terms widen it; without turning it is H itself.
        plain = ball_of_minimizers.enclose_hessian(ar, point.x)
        turned, still = (
            max(float(ar.upper(v) - ar.lower(v)) for row in rows for v in row) for rows in (point.hessian, plain)
        )
        assert turned < still / 4


def test_a_turning_frame_needs_its_slack() -> None:
    """While u turns by 1/4, e1 Q and Q^T e1 e1^T Q (r = x) go from 1 to cos(1/4) and its square in their first entry.

    To first order that entry does not change, exactly, so only the slack ``th |Y|`` lets the enclosures hold it.
    """
    f = hc.Objective.least_squares(["x + 0*y + 0*z"], n=1)
    ar = arithmetic("arb", 106)
    with ar:
        one, zero, angle = (ar.constant(Fraction(v)) for v in (1, 0, Fraction(1, 4)))
        turn = ar.interval(Fraction(0), Fraction(1, 4))
        cosine, sine = ar.cos(turn), ar.sin(turn)
        # c = 0 and x = -u for u = (cos s, sin s, 0), so that e1 Q = (cos s, -sin s, 0).
        z = [-cosine, -sine, *[zero] * 4, one]
        velocities = [[sine, -cosine, *[zero] * 5], [zero] * 7]
        point = PatchPoint(SurfaceSystem(ar, f, Fraction(1)), z, [-one, *[zero] * 5, one], velocities, [turn, zero])
        for found, exact in (
            (point.residual_jacobian_plus[0][0], ar.cos(angle)),
            (point.residual_jacobian_plus[0][1], -ar.sin(angle)),
            (point.hessian[0][0], ar.power(ar.cos(angle), 2)),
            (point.hessian[0][1], -ar.cos(angle) * ar.sin(angle)),
        ):
            assert ar.within(exact, *ar.endpoints(found))


@pytest.mark.parametrize("sharpened", [0, 1, 2])
def test_velocities_of_parts_are_those_of_the_sphere(ball_of_minimizers, monkeypatch, sharpened) -> None:
    """On the sphere |x| = 1/2, over its tangent plane: x_k = t_k - (s_k/x_n) n, c = -2 x, and lambda is constant."""
    monkeypatch.setattr(surface_chart, "SHARPENED", sharpened)
    ar = arithmetic("arb", 106)
    with ar:
        n = np.array([2.0, 3.0, 6.0]) / 7
        tangents = np.linalg.svd(n[None])[2][1:].T
        proof = chart_at(SurfaceSystem(ar, ball_of_minimizers, RHO), n / 2, tangents, 1 / 32)
        h = proof.chart.half_width
        for rectangle in (((h, h), (-h, -h)), ((h / 2, h), (-h / 4, h / 4)), proof.chart.square):
            found = proof.part(rectangle).narrow().velocities
            for s in [(a, b) for a in rectangle[0] for b in rectangle[1]]:
                s = np.array(s, float)
                height = np.sqrt(0.25 - s @ s)
                for k in range(2):
                    v = tangents[:, k] - (s[k] / height) * n
                    for ball, value in zip(found[k], [*v, *(-2 * v), 0.0], strict=True):
                        assert float(ar.lower(ball)) - 1e-12 <= value <= float(ar.upper(ball)) + 1e-12
        thin = proof.part(((h, h), (-h, -h))).narrow().velocities
        assert max(float(ar.upper(v) - ar.lower(v)) for v in (*thin[0], *thin[1])) < (1.0, 0.1, 0.02)[sharpened]


@pytest.mark.parametrize("most", [0, 4])
def test_second_derivatives_are_enclosed_on_all_of_a_chart(monkeypatch, most) -> None:
    """At corners of a chart (thin, in floats) C D^2E [F_a, F_b] lies in what the test takes for the whole of it."""
    monkeypatch.setattr(surface_chart, "FOURTH", most)
    f = hc.Objective.least_squares(["(x**2 + y**2 + z**2 + 3/4)**2 - 4*(x**2 + y**2)"], n=2)
    ar = arithmetic("arb", 106)
    with ar:
        system = SurfaceSystem(ar, f, Fraction(4, 5))
        proof = chart_at(system, np.array([1.3, 0.0, 0.0]), np.eye(3)[:, 1:], 1 / 64)
        ends = np.array([float(proof.chart.half_width)] * 2 + [float(r) for r in proof.chart.radius])
        frame = np.array(proof.chart.frame, float)
        for signs in np.random.default_rng(0).choice([-1.0, 1.0], (20, 7)):
            z = np.array(proof.chart.centre, float) + frame @ (signs * ends)
            second = np.array(
                [ar.approximations(rows) for rows in system.second(matrix.from_floats(ar, z[None])[0], proof.frame)]
            )
            exact = np.einsum("ij,jab->iab", np.array(proof.chart.preconditioner, float), second)
            for rows, values in zip(proof.bend, exact, strict=True):
                for ball, value in zip([v for row in rows for v in row], values.ravel(), strict=True):
                    assert float(ar.lower(ball)) - 1e-9 <= value <= float(ar.upper(ball)) + 1e-9


def test_the_expansion_holds_the_equation_on_all_of_a_square() -> None:
    """v - C E(z(s, v)), in floats at 17 x 17 points s, lies in its expansion of second order, which is that thin.

    The chart lies askew on a torus, so that its curvatures differ and the mixed one is none of 0.
    """
    f = hc.Objective.least_squares(["(x**2 + y**2 + z**2 + 3/4)**2 - 4*(x**2 + y**2)"], n=2)
    ar, turn = arithmetic("arb", 106), np.array([[0.8, -0.6], [0.6, 0.8]])
    with ar:
        system = SurfaceSystem(ar, f, Fraction(4, 5))
        proof = chart_at(system, np.array([1.3, 0.0, 0.0]), np.eye(3)[:, 1:] @ turn, 1 / 256)
        part = surface_chart.Part(proof, proof.chart.square, proof.box)
        ends = np.array([[float(ar.lower(v)), float(ar.upper(v))] for v in part.image_of(part.s, part.v)])
        frame, c = np.array(proof.chart.frame, float), np.array(proof.chart.preconditioner, float)
        grid, values = float(proof.chart.half_width) * np.linspace(-1, 1, 17), []
        for s in [(a, b) for a in grid for b in grid]:
            z = np.array(proof.chart.centre, float) + frame[:, :2] @ s
            values.append(-c @ ar.approximations([system.value(matrix.from_floats(ar, z[None])[0])])[0])
    values, room = np.array(values), 1e-12
    assert (values >= ends[:, 0] - room).all() and (values <= ends[:, 1] + room).all()
    spread = values.max(0) - values.min(0)
    largest = spread.argmax()
    assert (ends[largest, 1] - ends[largest, 0]) < 2.5 * spread[largest]


def test_descent_is_not_ascent(ball_of_minimizers) -> None:
    """At |x| = 5/2 the descent step of length 3/2 meets |c| = 1: a zero of E with lambda < 0, which is no chart."""
    ar = arithmetic("arb", 106)
    with ar:
        system = SurfaceSystem(ar, ball_of_minimizers, RHO)
        slope = np.linalg.norm(ball_of_minimizers.gradient(np.array([2.5, 0.0, 0.0])))
        z = np.array([2.5, 0, 0, 1, 0, 0, -slope / 1.5])
        assert all(abs(ar.approximate(v)) < 1e-12 for v in system.value([ar.from_float(float(v)) for v in z]))
        assert chart_around(system, z, np.eye(3)[:, 1:], 1 / 256) is None


def test_a_network_with_two_parameters_too_many_has_a_surface() -> None:
    """1-1-1 on two samples: four parameters, two residuals; a piece of the surface, every point attracting."""
    f = hc.TanhNetwork((1, 1, 1), [[-0.5], [1.0]], [-0.6, 0.7])
    start = hc.find.hallucinate(f, f.initial(seed=5), rho=2)
    surface = hc.find.sheet(f, start, max_steps=2)
    assert not surface.closed and len(surface) == 2 and "piece of a surface" in repr(surface)
    cert = hc.certify(surface)
    assert cert.proved and str(cert["attractor"][0].status) == "proved"
    assert hc.verify(cert, backend="arb")


def test_misuse_of_surfaces(ball_of_minimizers) -> None:
    """Typed errors: step lengths of curves, a start that is no solution, a network too large to be written out."""
    with pytest.raises(ArgumentError, match="ds"):
        hc.find.sheet(ball_of_minimizers, (0.2, 0.3, 0.35), RHO, ds=0.1)
    with pytest.raises(SearchError):
        hc.find.sheet(ball_of_minimizers, (0.2, 0.3, 0.35), "0.3")
    f = hc.TanhNetwork((2, 3, 1), np.arange(22).reshape(11, 2) / 10, np.linspace(-1, 1, 11))
    with pytest.raises(NotAnalyticError, match="12 parameters"):
        SurfaceSystem(arithmetic("arb", 53), f, RHO)
