"""Claim: the second checker's bounds around manifolds are those of derivatives, and each inequality has to hold."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from mutants import written
from test_contraction import CERTIFICATES, RING
from test_momentum import STORED, by_hand, claim

import hallucert as hc
from hallucheck import verify as checker
from hallucheck.arithmetic.interval import Undefined, exact, working_precision
from hallucheck.arithmetic.linear import Matrix, Vector, matrix_of
from hallucheck.attraction.around import ball_around, pairs, read_blocks
from hallucheck.attraction.basins import Manifold
from hallucheck.files.reading import Refused, digest
from hallucheck.points.point import Point
from hallucheck.points.problem import read_problem
from hallucheck.points.rules import Claim

RHO, E, SAMPLES = Fraction(1, 2), Fraction(1, 4), 2
CENTRE = [Fraction(v, 8) for v in (6, -4, 5, 2)]
SCALES = [Fraction(v, 4) for v in (4, 3, 6, 2)]
BASIS = [[Fraction(v, 4) for v in row] for row in ((4, 2, -1), (-1, 8, 3), (2, 1, 5))]
PARTS = [[0], [1, 2]]
SIZES = [Fraction(v, 4) for v in (2, 3, 1)]
ASIDE = [3, 4, 5, 6]
"""Three residuals in four variables, halved; coordinates in blocks of one and two, and what is aside of them."""


def residuals(x, y, z, w):
    return mpmath.matrix([x * y + z**2 - 1, x + y * w / 2 - z**3 / 4, x * w - y * z + w**2 / 3])


def slopes(x, y, z, w):
    return mpmath.matrix([[y, x, 2 * z, 0], [1, w / 2, -3 * z**2 / 4, y / 2], [w, -z, -y, x + 2 * w / 3]])


def floats(found) -> np.ndarray:
    return np.array(found.tolist(), float)


def mp(rows):
    return mpmath.matrix([[mpmath.mpf(v.numerator) / v.denominator for v in row] for row in rows])


def at(x, law):
    """``r(x+)``, A and B at a point, in mpmath: A by differences of r(x+)."""

    def image(x):
        g = slopes(*x).T * residuals(*x) / SAMPLES
        scales = [mpmath.mpf(float(s)) if law == "asam" else mpmath.mpf(1) for s in SCALES]
        size = 1 if law == "usam" else mpmath.norm([s * v for s, v in zip(scales, g, strict=True)])
        return [v + s * s * c / size / 2 for v, s, c in zip(x, scales, g, strict=True)]

    h, ends = mpmath.mpf(10) ** -20, []
    for k in range(4):
        ahead, behind = (residuals(*image([v + s * (i == k) for i, v in enumerate(x)])) for s in (h, -h))
        ends.append(floats((ahead - behind) / (2 * h)).ravel())
    plus = image(x)
    return floats(residuals(*plus)).ravel(), np.array(ends).T, floats(slopes(*plus))


def exactly(x) -> list:
    return [mpmath.mpf(float(v)) for v in x]


def problem_of(law: str):
    """The problem, as it is read."""
    f = hc.Objective.least_squares(
        ["x*y + z**2 - 1", "x + y*w/2 - z**3/4", "x*w - y*z + w**2/3"], variables=["x", "y", "z", "w"], n=SAMPLES
    )
    problem = {"objective": f.to_json(), "rho": str(RHO)}
    if law != "sam":
        problem["variant"] = law
    if law == "asam":
        problem["scales"] = [written(v) for v in SCALES]
    return read_problem({"kind": "point", "problem": problem, "digest": digest(problem)}, CERTIFICATES)


def manifold(law: str, sizes, **changes) -> Manifold:
    """That of the centre."""
    inputs = {
        "blocks": ["1", "1p1"],
        "weights": ["1", "0", "0", "1", "0", "0"],
        "widths": ["1", "1", *map(written, sizes)],
        **changes,
    }
    point = Point(problem_of(law), True, Vector(map(exact, CENTRE)))
    return Manifold(Claim("basin", "proved", inputs, {}), point, matrix_of([map(exact, row) for row in BASIS]))


def changes(sizes, row):
    """The most that ``h F z`` is, where ``h F`` is along the last axis."""
    cuts = [*PARTS, ASIDE]
    return sum(float(s) * np.linalg.norm(row[..., cut], axis=-1) for s, cut in zip(sizes, cuts, strict=True))


def matrices(x, law):
    """``w``, ``L`` and ``W``."""
    v = np.array(BASIS, float)
    y, a, b = at(x, law)
    return np.linalg.solve(v, y), np.linalg.solve(v, a), b.T @ v / SAMPLES


def directions(left, right) -> tuple[np.ndarray, np.ndarray]:
    """``(G, Pi)`` and ``Pi'`` in numpy."""
    g = right @ np.linalg.inv(left @ right)
    return np.hstack([g, np.eye(4) - g @ left]), np.eye(4) - right @ np.linalg.pinv(right)


@pytest.mark.parametrize("law", ["sam", "usam", "asam"])
def test_bounds_in_a_tiny_set_are_those_of_derivatives(law):
    """N, e and D by the derivatives at the point, which mpmath finds by differences; directions, and the width."""
    with mpmath.workdps(60):
        h, x = mpmath.mpf(10) ** -10, exactly(CENTRE)
        _, left, right = matrices(x, law)
        ends = [[matrices([v + s * h * (i == k) for i, v in enumerate(x)], law) for s in (1, -1)] for k in range(4)]
        by = [np.array([(ahead[n] - behind[n]) / (2 * float(h)) for ahead, behind in ends]) for n in (1, 2)]
    along, across = directions(left, right)
    of_left, of_right = (np.einsum("kij,kb->ijb", part, along) for part in by)  # row, entry, direction
    sizes = [s / 2**24 for s in SIZES]
    with working_precision(128):
        known = manifold(law, sizes)
        around = known.around()
        n, e, d = known.bounds(around, exact(E))
    for found, own in ((known.left, left), (known.right.T, right), (known.normal, across), (around.directions, along)):
        np.testing.assert_allclose([[float(v) for v in row] for row in found], own, atol=1e-12)
    assert [float(v) for v in around.widths] == pytest.approx(changes(sizes, along))
    products = np.einsum("ieb,ej->ijb", of_left, right), np.einsum("ie,ejb->ijb", left, of_right)
    grown = sum(changes(sizes, part) for part in products)
    aside = np.linalg.norm(changes(sizes, np.einsum("ke,ejb->jkb", across, of_right)), axis=1)
    forms, cuts, reach = np.einsum("eb,iec->ibc", along, of_left), [*PARTS, ASIDE], list(map(float, sizes))
    bend = sum(
        s * t * np.linalg.norm(forms[:, b][:, :, c], axis=(1, 2)) / 2
        for s, b in zip(reach, cuts, strict=True)
        for t, c in zip(reach, cuts, strict=True)
    )
    rest = np.eye(3) - left @ right * float(E)
    for a, rows in enumerate(PARTS):
        assert float(e[a]) == pytest.approx(np.linalg.norm(aside[rows]), rel=1e-4)
        assert float(d[a]) == pytest.approx(np.linalg.norm(bend[rows]), rel=1e-4)
        for b, columns in enumerate(PARTS):
            own = np.ix_(rows, columns)
            more = float(n[a][b]) - np.linalg.norm(rest[own], 2)
            assert more == pytest.approx(np.linalg.norm(grown[own]) * float(E), rel=1e-4)


def test_bounds_hold_between_points_of_a_set():
    """Of w, L and W in mpmath at random pairs of points of its edge, and half as far; none is eight times too large."""
    rng, sizes = np.random.default_rng(3), [s / 32 for s in SIZES]
    with working_precision(128):
        known = manifold("sam", sizes)
        n, e, d = known.bounds(known.around(), exact(E))
    bounds = {"n": [[float(v) for v in row] for row in n], "e": list(map(float, e)), "d": list(map(float, d))}
    seen = {"n": np.zeros((2, 2)), "e": np.zeros(2), "d": np.zeros(2)}
    with mpmath.workdps(50):
        w, left, right = matrices(exactly(CENTRE), "sam")
        (along, across), before = directions(left, right), left
        for _ in range(40):
            parts, off = np.split(rng.normal(size=3), [1]), across @ rng.normal(size=4)
            inner = np.concatenate([float(s) * p / np.linalg.norm(p) for s, p in zip(sizes, parts, strict=False)])
            xi = along[:, :3] @ inner + along[:, 3:] @ off / np.linalg.norm(off) * float(sizes[2])
            for theta in (1, 0.5):
                x = [a + mpmath.mpf(theta * b) for a, b in zip(exactly(CENTRE), xi, strict=True)]
                there, after, right = matrices(x, "sam")
                rest, bent = np.eye(3) - before @ right * float(E), (there - w - theta * left @ xi) / theta**2
                values = {
                    "n": [[np.linalg.norm(rest[np.ix_(a, b)], 2) for b in PARTS] for a in PARTS],
                    "e": [np.linalg.norm((across @ right)[:, b], 2) for b in PARTS],
                    "d": [np.linalg.norm(bent[a]) for a in PARTS],
                }
                seen = {name: np.maximum(seen[name], value) for name, value in values.items()}
                before = after
    for name, bound in bounds.items():
        assert (seen[name] <= bound).all() and (seen[name] >= np.array(bound) / 8).all(), name


def test_derivatives_grow_with_points_and_with_images():
    """Of ``r = x**3`` and USAM: ``B = 3 p**2`` and ``A = B p'`` with ``p = x + 3 x**5/4``, at both ends of an interval.

    All that they are made of grows, so that at the upper end no factor can be less than it is there.
    """
    f = hc.Objective.least_squares(["x**3"])
    problem = {"objective": f.to_json(), "rho": "1/4", "variant": "usam"}
    problem = read_problem({"kind": "point", "problem": problem, "digest": digest(problem)}, CERTIFICATES)
    with working_precision(128):
        around = ball_around(Point(problem, True, Vector([exact(1)])), exact(Fraction(1, 64)))
        ((((back,),), ((forth,),)),) = ([part[0] for part in found] for found in around.second_derivatives(1))
        found = back.ends(), forth.ends()
    for x in (1 - Fraction(1, 64), 1, 1 + Fraction(1, 64)):
        p, slope, bend = x + 3 * x**5 / Fraction(4), 1 + 15 * x**4 / Fraction(4), 15 * x**3
        for (low, high), there in zip(found, (6 * p * slope**2 + 3 * p**2 * bend, 6 * p * slope), strict=True):
            assert low <= there <= high and high - low < there / 2


def test_a_ball_is_one_block():
    """On it numbers change by its radius times the length of their derivatives."""
    ball = ball_around(SimpleNamespace(x=[None] * 3), exact(Fraction(1, 2)))
    assert [float(v) for v in ball.most(rows("2 3 6, 0 0 -4"))] == [3.5, 2]
    assert [float(v) for v in ball.widths] == [0.5] * 3


@pytest.mark.parametrize("blocks", [["1p-1", "5p-1"], ["3p-1", "3p-1"], ["1", "1"], ["1", "3"], [], ["-1", "1p2"]])
def test_blocks_that_leave_out_columns_or_cut_them_are_none(blocks):
    """Sizes are positive whole numbers that add up to the order."""
    known = Claim("basin", "proved", {"blocks": ["1", "1p1"]}, {})
    assert read_blocks(known, 3) == [range(1), range(1, 3)]
    known.inputs["blocks"] = blocks
    with pytest.raises((Undefined, Refused)):
        read_blocks(known, 3)


@pytest.mark.parametrize(
    "inputs",
    [
        {"weights": ["1p-1", "0", "0", "1", "0", "0"]},
        {"weights": ["1", "0", "0", "1p-1", "0", "0"]},
        {"weights": ["1", "-1", "0", "1", "0", "0"]},
        {"weights": ["1", "0", "-1", "1", "0", "0"]},
        {"weights": ["1", "0", "0", "1", "-1", "0"]},
        {"weights": ["1", "0", "0", "1", "0", "-1"]},
        {"weights": ["1", "0", "0", "1", "0"]},
        {"weights": ["1", "0", "0", "1", "0", "0", "0"]},
        *({"widths": ["1p-9"] * i + [v] + ["1p-9"] * (4 - i)} for i in range(5) for v in ("0", "-1p-9")),
        {"widths": ["1p-9"] * 4},
        {"widths": ["1p-9"] * 6},
    ],
)
def test_weights_and_widths_that_make_no_sense_are_refused(inputs):
    """P is at least the identity and q at least 0; widths are positive; there are as many as blocks ask for."""
    with working_precision(64):
        given = {"weights": ["1", "1", "3", "3p-1", "1p-1", "5"], "widths": ["1p-9", "1p-8", "1p-7", "1p-6", "1p-5"]}
        known = manifold("sam", [], **given)
        assert [[float(v) for v in p] for p in (*known.p, known.q)] == [[1, 1], [3, 1.5], [0.5, 5]]
        numbers = (*known.omega, *known.sigma, known.gamma)
        assert [float(v) for v in numbers] == [2.0**-i for i in (9, 8, 7, 6, 5)]
        with pytest.raises((Undefined, Refused)):
            manifold("sam", [], **(given | inputs))


BASE = {
    "p": "1 0, 3/4 1",
    "q": "3/16 1/4",
    "omega": "8 8",
    "sigma": "99 99",
    "gamma": "2",
    "left": "1 0, 0 1",
    "n": "1/2 0, 1/64 1/4",
    "e": "0 0",
    "d": "1/2 1/4",
    "widths": "3 4",
    "bound": "5/8",
    "reach": "6",
}
"""With E = 1/2 and r = 1: theta is 1/2, and every inequality has room."""


def row(text: str) -> Vector:
    return Vector(exact(Fraction(v)) for v in text.split())


def rows(text: str) -> Matrix:
    return matrix_of(map(row, text.split(",")))


def served(**changes: str) -> bool:
    """Whether the inequalities between these numbers hold."""
    given, basin = BASE | changes, Manifold.__new__(Manifold)
    basin.p, basin.q, basin.omega, basin.sigma = rows(given["p"]), *(row(given[v]) for v in ("q", "omega", "sigma"))
    (basin.gamma,), basin.left, basin.blocks = row(given["gamma"]), rows(given["left"]), [range(1), range(1, 2)]
    basin.around = lambda: SimpleNamespace(widths=row(given["widths"]))
    basin.bounds = lambda whole, step: (rows(given["n"]), row(given["e"]), row(given["d"]))
    (bound,), (reach,) = row(given["bound"]), row(given["reach"])
    with working_precision(128):
        try:
            basin.prove(exact(Fraction(1, 2)), exact(1), bound, reach)
        except Undefined:
            return False
    return True


AT_THE_EDGE = {
    # P N <= kappa P
    "kappa 0": ("n", "{} 0, 0 1/4", "5/8", True),
    "kappa 1": ("n", "1/2 0, {} 1/4", "3/32", True),
    "kappa, last": ("n", "1/2 0, 0 {}", "5/8", True),
    "kappa, above": ("n", "0 {}, 0 0", "0", True),
    # q N + E e <= q
    "aside 0": ("e", "{} 0", "23/128", True),
    "aside 1": ("e", "0 {}", "3/8", True),
    # P a <= omega, by roots
    "starts 0": ("d", "{} 0", "28", True),
    "starts 1": ("omega", "8 {}", "45/32", True),
    # omega + D < sigma
    "inside 0": ("omega", "{} 8", "197/2", False),
    "inside 1": ("omega", "8 {}", "395/4", False),
    # r + q a < gamma
    "limit": ("d", "0 {}", "11", False),
    "reach": ("reach", "{}", "5", True),
}
"""A number, where it stands, and its value at which an inequality is an equality; whether that serves."""


@pytest.mark.parametrize("name", AT_THE_EDGE)
def test_each_inequality_decides_by_itself(name):
    """At its edge it holds, or where it is strict does not; a little on one side it serves, on the other not."""
    field, form, edge, closed = AT_THE_EDGE[name]
    little = Fraction(1, 2**40)
    more = {"q": "0 0"} if name == "starts 0" else {}
    values = [Fraction(edge) + k * little for k in (-1, 0, 1)]
    if field in ("omega", "reach") and closed:  # those that have to be large
        values.reverse()
    if name == "kappa, above":
        values[0] = Fraction(0)
    assert served()
    assert [served(**more, **{field: form.format(v)}) for v in values] == [True, closed, False]


def test_theta_is_the_largest_of_all_quotients():
    """Of 1/4, 1/8, .. and 1/2: with D_1 = 4 theta**2 D is 1, so that 1 + 4 theta**2 has to be at most omega_1."""
    small = {"q": "0 0", "d": "4 0", "gamma": "8", "sigma": "64 64", "p": "1 0, 0 1", "n": "1/2 0, 0 1/4"}
    for changes in ({"gamma": "2"}, {"left": "32 0, 0 1"}, {"left": "1 0, 0 32"}):
        first = 32 if changes.get("left", "").startswith("32") else 1
        given = small | changes
        assert served(**given, omega=f"{first + 1 + Fraction(1, 2**40)} 50")
        assert not served(**given, omega=f"{first + 1 - Fraction(1, 2**40)} 50")


def test_rows_that_are_no_orthogonal_ones_add_up_as_vectors():
    """p = (1, 2) and the rows (3, 4), (1, 0): the root of 25 + 4 + 4 * 3, by the scalar product of the rows."""
    left = rows("3 4, 1 0")
    with working_precision(128):
        assert float(pairs(row("1 2"), [range(1), range(1, 2)], left, row("0 0"))) == 25 + 4 + 4 * 3
    given = {"left": "3 4, 1 0", "p": "1 2, 0 1", "n": "0 0, 0 0", "d": "0 0", "sigma": "99 99"}
    assert served(**given, omega="6.4032 8", q="0 0") and not served(**given, omega="6.4031 8", q="0 0")


def test_the_share_is_the_largest_quotient_of_all_blocks():
    """Each of P |w|, |L xi| and |Pi' xi| + q |w| in turn is nearest to its end: in numpy."""
    rng, (p, q) = np.random.default_rng(7), (np.array([[1, 0.5], [0.25, 2]]), np.array([0.75, 0.5]))
    xi, y = rng.integers(-9, 9, (2, 4)) / 64
    with mpmath.workdps(60):
        _, left, right = matrices(exactly(CENTRE), "sam")
    w, along = np.linalg.solve(np.array(BASIS, float), y[:3]), left @ xi
    sizes, ends = (np.array([np.linalg.norm(v[part]) for part in PARTS]) for v in (w, along))
    off = np.linalg.norm(directions(left, right)[1] @ xi) + q @ sizes
    exact_ones, weights = np.array([*(p @ sizes), *ends, off]), [*p.ravel(), *q]
    for near in range(5):
        widths = [Fraction(16 if i != near else 1) for i in range(5)]
        with working_precision(128):
            known = manifold(
                "sam", [], weights=[written(Fraction(v)) for v in weights], widths=list(map(written, widths))
            )
            found = known.share(*(Vector(exact(Fraction(v)) for v in u) for u in (xi, y[:3])))
        assert float(found) == pytest.approx((exact_ones / list(map(float, widths))).max(), rel=1e-12)


@pytest.mark.parametrize(
    "changed",
    [
        {"bound": "1"},
        {"bound": "3p-1"},
        {"bound": "0"},
        {"step": "0"},
        {"step": "-1p-3"},
        {"size": "0"},
        {"size": "-1p-11"},
    ],
)
def test_what_is_no_contraction_no_step_and_no_ball_is_refused(tmp_path, changed):
    """Weights that do not contract would be kept by many a set from which nothing converges."""
    document = copy.deepcopy(STORED)
    by_hand(document)
    document["claims"].pop()
    claim(document, "basin")["inputs"] = {**copy.deepcopy(RING), **changed}
    claim(document, "basin")["numbers"] = {"radius": ["1p-12", "1p-8"]}
    (tmp_path / "file.json").write_text(json.dumps(document))
    with pytest.raises(Refused, match="the numbers show nothing"):
        checker.verify(tmp_path / "file.json")
