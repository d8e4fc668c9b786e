"""Claim: what a sheet certificate says is true, is re-proved by the other arithmetic, and cannot be forged.

Oracles: the ring, whose hallucinated curve is the circle of radius rho - 1 with closed-form numbers, and points of a
network's curve solved by mpmath from formulas written here.
"""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.cell import arc_box
from hallucert.check.claim import Enclosure
from hallucert.check.file.save import to_json
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.check.sheet.curve import (
    CurveCellProof,
    CurveChain,
    CurveSystem,
    ThinPoint,
    check_curve,
    straight_cell,
    winding_number,
)
from hallucert.check.sheet.measures import Least
from hallucert.clock import UNLIMITED
from hallucert.errors import ArgumentError
from hallucert.prove.curves import sheet as proposal

HALF, RHO = Fraction(1, 2), Fraction(3, 2)
INPUTS, TARGETS = (-1.0, 0.0, 1.0), (3.1, 1.6, 0.0)
MIDDLE = [-0.45419527132012494, -0.006790203329450858, 0.49438413134829645, 1.5654192501346285]


@pytest.fixture(scope="module")
def ring():
    return hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)


@pytest.fixture(scope="module")
def circle(ring):
    return hc.find.sheet(ring, (0.4, 0.3), "1.5")


@pytest.fixture(scope="module")
def certified(circle):
    return hc.certify(circle)


@pytest.fixture(scope="module")
def network_piece():
    f = hc.TanhNetwork((1, 1, 1), np.array(INPUTS)[:, None], np.array(TARGETS), loss="squared")
    return hc.certify(hc.find.sheet(f, MIDDLE, 3, ds_max=0.05, max_steps=2))


def solve_exactly(a, b):
    """Solve a 2 by 2 system over the rationals by Cramer's rule."""
    (p, q), (r, s) = a
    determinant = p * s - q * r
    return (b[0] * s - q * b[1]) / determinant, (p * b[1] - r * b[0]) / determinant


def holds(cell, x) -> bool:
    """Tell exactly whether a rational point of the plane lies in a cell."""
    s, w = solve_exactly(cell.frame, [v - m for v, m in zip(x, cell.centre, strict=True)])
    return cell.span[0] <= s <= cell.span[1] and abs(w) <= cell.radius[0]


def on_circle(k):
    """A rational point of the circle of radius 1/2, near the angle k/200 of a full turn."""
    angle = 2 * math.pi * k / 200
    if abs(math.cos(angle / 2)) < 1e-9:
        return -HALF, Fraction(0)
    t = Fraction(math.tan(angle / 2)).limit_denominator(10**6)
    return HALF * (1 - t * t) / (1 + t * t), HALF * 2 * t / (1 + t * t)


def test_the_ring_has_one_closed_curve_of_total_turning_one(certified):
    """One closed chain, turning +-1, nothing undecided; every number contains its closed form."""
    (chain,) = certified.chains
    assert chain.closed
    assert all(claim.status is not hc.Status.UNDECIDED for claim in certified)
    assert certified["theorem_3_2"][0].status is hc.Status.REFUTED
    for name in ("curve", "regular", "projected_c32", "attractor", "turning"):
        assert certified[name][0].status is hc.Status.PROVED
    # q = |x|(1 - |x|^2) = 3/8, A = 2 x+^T with |A| = 2, K = A B^T/2 = 2, Du = -2 across u, J = 1 along x+.
    oracles = {
        ("curve", "gradient_norm"): Fraction(3, 8),
        ("curve", "length"): Fraction(math.pi),
        ("regular", "smallest_singular_value"): Fraction(2),
        ("theorem_3_2", "smallest_eigenvalue_sym_Du"): Fraction(-2),
        ("projected_c32", "smallest_projected_eigenvalue"): Fraction(1),
        ("attractor", "smallest_real_part"): Fraction(2),
        ("attractor", "step_bound"): Fraction(1),
    }
    for (claim, key), value in oracles.items():
        number = certified[claim][0].numbers[key]
        assert number.lower < value < number.upper
        assert number.upper - number.lower < 3 * abs(value)
    turns = certified["turning"][0].numbers["turns"]
    assert abs(abs(turns.lower) - 1) < Fraction(1, 1000)
    assert "closed curve" in certified["curve"][0].statement
    assert "SAM converges to a point of the curve" in certified["attractor"][0].statement


def test_speeds_and_length_of_the_circle_are_enclosed_tightly(certified):
    """Over the tangent the circle of radius 1/2 has the speed (1 - 4 s^2)^(-1/2); all of it has the length pi."""
    number = certified["curve"][0].numbers["length"]
    assert number.lower < Fraction(math.pi) < number.upper < number.lower + HALF
    ar = arithmetic("arb", 106)
    with ar:
        system = CurveSystem(ar, certified.objective, certified.rho)
        for cell in certified.chains[0].cells[::20]:
            proof = CurveCellProof(system, cell)
            for part in range(4):
                low, high = (cell.span[0] + (cell.span[1] - cell.span[0]) * Fraction(k, 4) for k in (part, part + 1))
                _, _, x = arc_box(proof, low, high, proof.box)
                least, most = ar.endpoints(proof.speed(x))
                for s in (low, high):
                    assert least < (1 - 4 * float(s) ** 2) ** -0.5 < most < Fraction(26, 25)


@pytest.mark.thorough
def test_cells_cover_a_curve_over_an_ellipse_in_one_row():
    """rho = 1.5: between two ends near the centre, where cells must be tiny, no hole is left but at the ends."""
    f, rho = hc.Objective.least_squares(["x**2/4 + y**2 - 1"], n=2), Fraction(3, 2)
    curve = hc.find.sheet(f, (0.4, 0.3), rho)
    ar = arithmetic("arb", 106)
    with ar:
        search = proposal.Search(CurveSystem(ar, f, rho), curve)
        search.run(1000, UNLIMITED)
    (row,) = search.rows
    assert not search.whole and search.unfinished is None
    ends = [[float(v) for v in cell.proof.cell.centre] for cell in (row.cells[0], row.cells[-1])]
    assert np.linalg.norm(ends - curve.x[[0, -1]], axis=1).max() < 0.05


def test_the_search_for_cells_ends_where_none_can_be_proved(ring, circle, monkeypatch):
    """Holes grow until the end of the curve: a few hundred attempts, whatever the rounding of arclengths."""
    attempts = []

    def fail(track, sigma, upto):
        attempts.append(upto - sigma)
        assert len(attempts) < 2000, "the search does not end"

    monkeypatch.setattr(proposal, "cell_between", fail)
    ar = arithmetic("arb", 106)
    with ar:
        search = proposal.Search(CurveSystem(ar, ring, RHO), circle)
        search.run(10**6, UNLIMITED)
    assert [row.cells for row in search.rows] == [[]]
    assert min(attempts) < proposal.SHORTEST * 4 * circle.length


@pytest.mark.thorough
def test_exact_points_of_the_circle_lie_in_thin_cells(certified):
    """200 rational points of the circle are in cells; rational points a twentieth of the radius off are in none."""
    cells = certified.chains[0].cells
    for k in range(200):
        x, y = on_circle(k)
        assert x * x + y * y == Fraction(1, 4)
        assert any(holds(cell, (x, y)) for cell in cells)
        for stretch in (Fraction(19, 20), Fraction(21, 20)):
            assert not any(holds(cell, (stretch * x, stretch * y)) for cell in cells)


def test_the_file_is_read_back_and_re_proved_by_the_other_arithmetic(certified, tmp_path):
    """save, load, verify: the file is complete and exact, and mpmath proves all of it again."""
    path = tmp_path / "sheet.json"
    certified.save(path)
    again = hc.load(path)
    assert to_json(again) == to_json(certified)
    verdict = hc.verify(path)
    assert verdict, str(verdict)
    assert verdict.backend == "mpmath"
    assert verdict.asserted == 6


def shifted_residuals(x):
    """``r(x+)`` of the network 1-1-1 with rho = 3, in mpmath, the gradient by the chain rule written out."""
    a, b, c, d = x
    g = [mpmath.mpf(0)] * 4
    for t, y in zip(INPUTS, TARGETS, strict=True):
        h = mpmath.tanh(a * t + b)
        r = c * h + d - mpmath.mpf(y)
        slope = c * (1 - h * h)
        g = [v + r * w for v, w in zip(g, (slope * t, slope, h, 1), strict=True)]
    q = mpmath.sqrt(sum(v * v for v in g))
    a, b, c, d = (v + 3 * w / q for v, w in zip(x, g, strict=True))
    return [c * mpmath.tanh(a * t + b) + d - mpmath.mpf(y) for t, y in zip(INPUTS, TARGETS, strict=True)]


def test_a_piece_of_a_network_s_curve_is_certified(network_piece):
    """Four parameters, three samples: a chain of some length, all claims proved, re-proved by mpmath."""
    (chain,) = network_piece.chains
    assert not chain.closed
    assert network_piece["curve"][0].numbers["length"].lower > Fraction(1, 20)
    assert all(claim.status is hc.Status.PROVED for claim in network_piece)
    verdict = hc.verify(network_piece)
    assert verdict, str(verdict)


def test_the_tubes_hold_the_network_s_curve(network_piece):
    """At the middle of cells the solution that mpmath finds in the section is in the section's enclosure."""
    ar = arithmetic("arb", 106)
    with ar, mpmath.workdps(40):
        system = CurveSystem(ar, network_piece.objective, network_piece.rho)
        for cell in network_piece.chains[0].cells[::3]:
            frame = [[mpmath.mpf(float(v)) for v in row] for row in cell.frame]
            centre = [mpmath.mpf(float(v)) for v in cell.centre]

            def section(*w, frame=frame, centre=centre):
                across = [sum(f * v for f, v in zip(row[1:], w, strict=True)) for row in frame]
                x = [m + v for m, v in zip(centre, across, strict=True)]
                return shifted_residuals(x)

            w = mpmath.findroot(section, (0, 0, 0))
            proof = CurveCellProof(system, cell)
            tight = arc_box(proof, Fraction(0), Fraction(0), proof.box, steps=20)[2]
            for enclosed, width in ((proof.section(Fraction(0)), 10**10), (tight, 10**15)):
                for ball, m, row in zip(enclosed, centre, frame, strict=True):
                    exact = m + sum(f * v for f, v in zip(row[1:], w, strict=True))
                    low, high = (Fraction(mpmath.nstr(exact + e, 30)) for e in (mpmath.mpf(-1e-24), mpmath.mpf(1e-24)))
                    assert ar.lower(ball) < high and ar.upper(ball) > low
                    assert ar.upper(ball) - ar.lower(ball) < Fraction(1, width)


@pytest.mark.parametrize("case", ["ring", "network"])
def test_mean_value_forms_enclose_every_point_of_a_region(case, certified, network_piece):
    """At exact points of the region of a cell all SAM quantities, enclosed there alone, meet those of the region."""
    certificate = {"ring": certified, "network": network_piece}[case]
    rng = np.random.default_rng(5)
    ar = arithmetic("arb", 106)
    with ar:
        system = CurveSystem(ar, certificate.objective, certificate.rho)
        for cell in certificate.chains[0].cells[::40]:
            proof = CurveCellProof(system, cell)
            region = system.point(proof.at(proof.span, proof.box))
            assert isinstance(region, ThinPoint)
            for corner in [*rng.uniform(-1, 1, (20, len(cell.radius) + 1)), -np.ones(4), np.ones(4)]:
                low, high = cell.span
                s = low + (high - low) * (Fraction(corner[0]) + 1) / 2
                w = [r * Fraction(v) for r, v in zip(cell.radius, corner[1:], strict=False)]
                y = [s, *w]
                moves = [sum(f * v for f, v in zip(row, y, strict=True)) for row in cell.frame]
                x = [m + v for m, v in zip(cell.centre, moves, strict=True)]
                point = Point(ar, Problem(certificate.objective, certificate.rho), [ar.constant(v) for v in x])
                for name in ("gradient", "u", "plus", "shifted_residual"):
                    for inner, outer in zip(getattr(point, name), getattr(region, name), strict=True):
                        assert ar.within(ar.centre(inner), *ar.endpoints(outer)), name
                for name in ("perturbation", "residual_matrix"):
                    for row, around in zip(getattr(point, name), getattr(region, name), strict=True):
                        assert all(
                            ar.within(ar.centre(a), *ar.endpoints(b)) for a, b in zip(row, around, strict=True)
                        ), name
                assert ar.within(ar.centre(point.q), *ar.endpoints(region.q))


def test_a_number_of_a_curve_needs_every_piece():
    """The least value takes the least ends of all pieces; a piece that cannot be measured makes the claim undecided."""
    least, names = Least(Fraction(0)), ("smallest_real_part", "step_bound")
    one, two = Enclosure(Fraction(1), Fraction(4)), Enclosure(Fraction(2), Fraction(3))
    least.add({"smallest_real_part": one, "step_bound": two}, names)
    least.add({"smallest_real_part": two, "step_bound": one}, names)
    assert least.numbers == dict.fromkeys(names, Enclosure(Fraction(1), Fraction(3)))
    assert not least.failed
    least.add({"smallest_real_part": one}, names)
    least.add({"smallest_real_part": one, "step_bound": one}, names)
    assert set(least.numbers) == {"smallest_real_part"}
    least.add(Reason.PRECISION, names)
    assert least.failed


def test_a_curve_traced_twice_is_not_taken_for_a_closed_curve_once(ring, certified):
    """The same cells in two rounds join all along, but the curve is not shown to be gone round once."""
    cells = certified.chains[0].cells
    ar = arithmetic("arb", 106)
    with ar:
        system = CurveSystem(ar, ring, RHO)
        proofs = [CurveCellProof(system, cell) for cell in cells]
        once = check_curve(system, CurveChain(cells, True), proofs)
        assert not isinstance(once, str)
        twice = check_curve(system, CurveChain(cells * 2, True), proofs * 2)
        assert isinstance(twice, str) and "once" in twice


def test_a_chain_that_turns_back_is_not_joined(ring, certified):
    """A cell with its frame reversed holds the same arc, but the curve may not change direction at a joint."""
    cells = certified.chains[0].cells
    back = cells[6]
    frame = tuple((-row[0], *row[1:]) for row in back.frame)
    turned = straight_cell(back.centre, frame, (-back.span[1], -back.span[0]), back.radius, back.preconditioner)
    ar = arithmetic("arb", 106)
    with ar:
        system = CurveSystem(ar, ring, RHO)
        chain = CurveChain((*cells[4:6], turned), False)
        assert CurveCellProof(system, turned).proved()
        assert "take up the curve" in str(check_curve(system, chain))
        assert not isinstance(check_curve(system, CurveChain(cells[4:7], False)), str)


def test_a_cell_across_the_circle_is_not_proved(ring, certified):
    """A tube that holds two arcs, or reaches the origin where g = 0, fails the test."""
    cell = certified.chains[0].cells[0]
    ar = arithmetic("arb", 106)
    with ar:
        system = CurveSystem(ar, ring, RHO)
        for radius in (Fraction(1, 4), HALF, Fraction(3, 2)):
            wide = straight_cell(cell.centre, cell.frame, cell.span, (radius,), cell.preconditioner)
            assert not CurveCellProof(system, wide).proved()


def test_winding_numbers_of_polygons_with_known_ones():
    """Squares once, twice and backwards, a figure eight, and a square that does not surround 0."""
    square = [(Fraction(x), Fraction(y)) for x, y in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    assert winding_number(square) == 1
    assert winding_number(square * 2) == 2
    assert winding_number(square[::-1]) == -1
    assert winding_number(square + square[:1] + square[:0:-1]) == 0
    assert winding_number([(x + 3, y) for x, y in square]) == 0
    assert winding_number([(Fraction(1), Fraction(0)), (Fraction(-1), Fraction(1)), (Fraction(-1), Fraction(-1))]) == 1


def test_arguments_that_do_not_apply_to_a_sheet_are_refused(circle):
    """x, rho and gap belong to points and branches."""
    for name, value in (("x", [0, 0]), ("rho", 1), ("gap", 0.1)):
        with pytest.raises(ArgumentError, match=name):
            hc.certify(circle, **{name: value})


def test_a_picture_shows_sheet_targets_and_certified_part(circle, certified):
    """hc.plot.sheet draws the circle of radius 1/2, the unit circle, and what is certified."""
    import matplotlib as mpl

    mpl.use("Agg")
    ax = hc.plot.sheet(circle, certificate=certified, title="ring")
    lines = {line.get_label(): np.hypot(*line.get_data()) for line in ax.get_lines()}
    assert np.allclose(lines["hallucinated minimizers"], 0.5)
    assert np.allclose(lines["targets: minimizers of f"], 1)
    assert np.allclose(lines["certified"], 0.5, atol=1e-3)
    for arguments in ({"coordinates": ["x"]}, {"coordinates": ["x", "z"]}, {"certificate": 1}):
        with pytest.raises(ArgumentError):
            hc.plot.sheet(circle, **arguments)
    with pytest.raises(ArgumentError, match="sheet"):
        hc.plot.sheet(3)
    drawn = [np.hypot(*line.get_data()) for line in hc.plot.sheet(certified).get_lines()]  # from the proof alone
    assert any(np.allclose(radii, 0.5, atol=1e-3) for radii in drawn)


def test_sharp_turns_are_proved_in_cells_as_short_as_the_steps_there():
    """The curve of x^4 + y^4 = 1, rho = 1.3, turns by a right angle within 4e-4 of the diagonal at (0.0783, 0.0783)."""
    f = hc.Objective.least_squares(["x**4 + y**4 - 1"])
    whole = hc.find.sheet(f, (0.3, 0), "1.3")
    at = int(np.argmin(np.linalg.norm(whole.x - 0.078342, axis=1)))
    diagonal = 1.3 / math.sqrt(2) - 0.5**0.25
    assert np.abs(whole.x[at] - diagonal).max() < 1e-4
    ar = arithmetic("arb", 106)
    with ar:
        search = proposal.Search(CurveSystem(ar, f, Fraction(13, 10)), whole)
        track, sigma = search.track, float(search.track.lengths[at])
        usual = proposal.SHORTEST * whole.length
        assert proposal.cell_between(track, sigma, sigma + usual) is None
        search.sigma = sigma
        short = search._shortest
        assert short < usual and proposal.cell_between(track, sigma, sigma + short) is not None
