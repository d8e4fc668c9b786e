"""Claims: all of a sheet is measured: no piece is left out, counted as its own cover, or said to be better known."""

from __future__ import annotations

import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from rings import RHO, RING, ring_cell

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Enclosure
from hallucert.check.reason import Reason
from hallucert.check.sheet import claims, measures, topology
from hallucert.check.sheet.claims import curve_claims, surface_claims
from hallucert.check.sheet.curve import CurveChain, CurveSystem, ProvedChain, ThinPoint, check_curve
from hallucert.check.sheet.measures import (
    LATE,
    Least,
    Length,
    Measures,
    arc_piece,
    measured_curve,
    measured_surface,
    threshold,
)
from hallucert.check.sheet.surface_atlas import Atlas, Neighbours, ProvedAtlas
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.check.subdivision import Subdivision
from hallucert.clock import Clock
from hallucert.prove.curves.charts import chart_at


@pytest.fixture(scope="module")
def charts():
    """Two charts about one point of the sphere, the second with twice the half width."""
    f = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)
    ar = arithmetic("arb", 106)
    with ar:
        system, x = SurfaceSystem(ar, f, RHO), np.array([0.5, 0.0, 0.0])
        return [chart_at(system, x, np.eye(3)[:, 1:], h) for h in (1 / 64, 1 / 32)]


def measured(charts, *cuts):
    with charts[0].arithmetic:
        return measured_surface(
            ProvedAtlas(tuple(charts), False, Neighbours(charts)), tuple(map(Subdivision, cuts)), RHO
        )


def test_a_piece_is_covered_by_earlier_charts_only(charts):
    """Otherwise two charts could cover each other, and nothing would be measured."""
    assert charts[1].holds(charts[0].whole) and not charts[0].holds(charts[1].whole)
    assert not isinstance(measured(charts[::-1], "m", "c"), str)
    assert "earlier" in measured(charts, "c", "m")
    assert "earlier" in measured(charts, "m", "c")


@pytest.mark.parametrize("cuts", [("f", "m"), ("m", "f"), ("m", "AmBmx")])
def test_every_piece_of_a_patch_is_measured_or_covered(charts, cuts):
    """No other letter settles a piece."""
    assert "is not measured" in measured(charts, *cuts)


def ring_chain(ar, count=1):
    """Return some cells of the ring, each 1/50 of a full angle behind the one before, as a proved chain."""
    cells = tuple(ring_cell(k / 50) for k in range(count))
    return check_curve(CurveSystem(ar, RING, RHO), CurveChain(cells, False))


def test_every_piece_of_an_arc_is_measured(monkeypatch):
    """A piece that is called covered is refused, as arcs cover nothing of each other."""
    ar = arithmetic("arb", 106)
    with ar:
        chain = ring_chain(ar)
        assert not isinstance(measured_curve(chain, [Subdivision("Amm")], RHO), str)
        for letters in ("c", "Amc"):
            assert "cell 0 is not measured" in measured_curve(chain, [Subdivision(letters)], RHO)
        assert measured_curve(chain, [Subdivision("m")], RHO, Clock(0.0)) == LATE
        monkeypatch.setattr(measures, "SPEED", 1)
        assert "cell 0 is not measured" in measured_curve(chain, [Subdivision("m")], RHO)


def test_what_is_not_proved_or_not_measured_has_no_claims(charts):
    """Of curves and of surfaces: what is wrong is said."""
    ar = charts[0].arithmetic
    with ar:
        curves, surfaces = CurveSystem(ar, RING, RHO), charts[0].system
        assert "too few" in claims.checked_curve(curves, CurveChain((), False), 1)
        cells, cuts = (ring_cell(),), (Subdivision("c"),)
        assert "is not measured" in claims.checked_curve(curves, CurveChain(cells, False, cuts), 1)
        assert "no charts" in claims.checked_surface(surfaces, Atlas((), False), 1)
        free, cuts = ((Subdivision("f"),) * 4,), (Subdivision("f"),)
        assert "is not measured" in claims.checked_surface(surfaces, Atlas((charts[0].chart,), False, free, cuts), 1)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_numbers_of_a_ring_are_those_of_its_closed_form(backend):
    """All are known in it, and so is the length: between the outer ends of two cells, each asin(2 h) off its middle."""
    reports, ar = [], arithmetic(backend, 106)
    with ar:
        chain = ring_chain(ar, 2)
        clock = Clock(report=lambda *told: reports.append(told))
        numbers, length = measured_curve(chain, [Subdivision("AAmmAmm"), Subdivision("Amm")], RHO, clock)
        stated = curve_claims(chain, numbers, length, 1)
    assert reports == [("cells measured", k, 2) for k in range(2)]
    exact = (1 / 50 + 2 * math.asin(2 / 128)) / 2
    assert exact - 1e-4 < length.low < exact < length.high < exact + 1e-4
    assert {claim.theorem.name: claim.numbers for claim in stated} == {
        "curve": {**numbers.numbers("gradient"), "length": Enclosure(length.low, length.high)},
        **{name: numbers.numbers(name) for name in ("regular", "theorem_3_2", "projected_c32", "attractor")},
    }
    assert {claim.theorem.name: claim.threshold for claim in stated if claim.threshold} == {"theorem_3_2": -1 / RHO}
    known = {key: number for claim in stated for key, number in claim.numbers.items()}
    for key, value in {
        "gradient_norm": Fraction(3, 8),
        "smallest_singular_value": 2,
        "smallest_eigenvalue_sym_Du": -2,
        "smallest_projected_eigenvalue": 1,
        "smallest_real_part": 2,
        "step_bound": 1,
    }.items():
        assert known[key].lower < value < known[key].upper and known[key].upper - known[key].lower < abs(value)


@pytest.mark.parametrize(
    ("speed", "known"),
    [
        (None, False),
        ((100, 109), True),
        ((10, 11), False),
        ((100, 112), False),
        ((-1, 2), False),
        ((-2, -1), False),
        ("indeterminate", False),
    ],
)
def test_the_speed_must_be_known_to_a_tenth(monkeypatch, speed, known):
    """On the piece that is asked for; otherwise the piece is not measured."""
    asked = []
    monkeypatch.setattr(measures, "arc_box", lambda proof, low, high, w: asked.append((low, high, w)) or (0, 0, "x"))
    with arithmetic("mpmath", 106) as ar:
        ball = ar.interval(*map(Fraction, speed)) if isinstance(speed, tuple) else speed and ar.indeterminate()
        proof = SimpleNamespace(
            arithmetic=ar, box="w", speed=lambda x: ball, system=SimpleNamespace(point=lambda x: f"at {x}")
        )
        found = arc_piece(proof, [(Fraction(1), Fraction(2))])
    assert asked == [(1, 2, "w")] and found == ("at x", Enclosure(*map(Fraction, speed)) if known else None)


def test_what_failed_on_a_piece_is_not_measured_again():
    """It stays unknown, and nothing else does; thresholds are those of the theorems."""
    found = Measures(RHO)
    assert {name: least.threshold for name, least in found.least.items() if least.threshold} == {
        "theorem_3_2": -1 / RHO
    }
    assert threshold("theorem_3_2", Fraction(1, 3)) == -3 and threshold("regular", RHO) == 0
    found.add({"regular": Reason.PRECISION, "gradient": {"gradient_norm": Enclosure(Fraction(1), Fraction(2))}})
    assert found.numbers("regular") is Reason.PRECISION
    assert found.numbers("gradient") == {"gradient_norm": Enclosure(Fraction(1), Fraction(2))}
    with arithmetic("arb", 53) as ar:
        point = CurveSystem(ar, RING, RHO).point([ar.constant(Fraction(1, 2)), ar.constant(Fraction(0))])
        assert set(found.of(point)) == {"gradient", "theorem_3_2", "projected_c32", "attractor"}


@pytest.mark.parametrize(("closed", "dimension", "counted"), [(True, 2, True), (False, 2, False), (True, 3, False)])
def test_turns_are_counted_of_closed_curves_in_the_plane(monkeypatch, closed, dimension, counted):
    """And the characteristic of closed surfaces; a count that cannot be had is an open claim."""
    monkeypatch.setattr(claims, "total_turning", lambda chain: None if chain.joints else -1)
    monkeypatch.setattr(topology, "euler_characteristic", lambda atlas, clock: clock)
    system = SimpleNamespace(rho=RHO, exact_rho=RHO, objective=SimpleNamespace(dimension=dimension))
    proofs = (SimpleNamespace(system=system),)
    names = ["curve", "regular", "theorem_3_2", "projected_c32", "attractor"]
    for joints, number in (((), {"turns": Enclosure(Fraction(-1), Fraction(-1))}), ((1,), Reason.PRECISION)):
        found = curve_claims(ProvedChain(proofs, joints, (), closed), Measures(RHO), Length(), 4)
        assert [claim.theorem.name for claim in found] == names + ["turning"] * counted
        assert all(claim.inputs == {"sheet": 4} for claim in found)
        assert not counted or found[-1].numbers == number
    for count, number in ((0, {"euler_characteristic": Enclosure(Fraction(0), Fraction(0))}), (None, Reason.PRECISION)):
        found = surface_claims(ProvedAtlas(proofs, closed, None), Measures(RHO), 4, count)
        assert [claim.theorem.name for claim in found] == ["surface", *names[1:]] + ["topology"] * closed
        assert not closed or found[-1].numbers == number


def test_the_length_counts_what_the_curve_has_of_an_arc():
    """It comes in between 1/4 and 1/2: of [0, 1] it has from 1/2 to 3/4, of [1, 2] everything, of [0, 1/8] nothing."""
    length, came_in, speed = Length(), (Fraction(1, 4), Fraction(1, 2)), Enclosure(Fraction(2), Fraction(4))
    for low, high in ((0, 1), (1, 2), (0, Fraction(1, 8))):
        length.add([(Fraction(low), Fraction(high))], came_in, speed)
    assert (length.low, length.high) == (1 + 2, 3 + 4)


def test_the_least_upper_end_bounds_the_least_value():
    """The least of a number in [1, 4] and another in [2, 3] is in [1, 3]."""
    least = Least(Fraction(0))
    for ends in ((1, 4), (2, 3)):
        least.add({"n": Enclosure(*map(Fraction, ends))}, ("n",))
    assert least.numbers == {"n": Enclosure(Fraction(1), Fraction(3))}
    least.add({"n": Enclosure(Fraction(0), Fraction(9)), "late": Enclosure(Fraction(0), Fraction(1))}, ("late", "n"))
    assert least.numbers == {"n": Enclosure(Fraction(0), Fraction(3))}
    least.add({"late": Enclosure(Fraction(0), Fraction(1))}, ("late", "n"))
    assert least.numbers == {}


def test_mean_value_forms_do_not_decide_what_is_undefined():
    """Where the plain enclosure is indeterminate the intersection is, too."""
    ar = arithmetic("arb", 53)
    point = ThinPoint.__new__(ThinPoint)
    point.arithmetic = ar
    one, nothing = ar.constant(Fraction(1)), ar.indeterminate()
    assert not ar.is_finite(point._common([nothing], [one])[0])
    assert ar.is_finite(point._common([one], [nothing])[0])
