"""Claim: a set is no basin where the step does not contract, whatever boxes a file says that it is cut into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.facade import BallArithmetic
from hallucert.check.attraction import basin
from hallucert.check.attraction.basin import Contraction, Piece, Region, measure_basin
from hallucert.check.attraction.manifold import basin as manifold_basin
from hallucert.check.claim import Enclosure
from hallucert.check.point import existence
from hallucert.check.point.rule import Evidence
from hallucert.check.reason import Reason


@pytest.fixture(scope="module")
def point() -> hc.Certificate:
    """A hallucinated minimizer at (-1/2, 0), between 0 and -1, where the gradient is 0 or at right angles to x."""
    return hc.certify(hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2"), (-0.5, 0), "1.5", basin="0.1")


@pytest.fixture(params=["arb", "mpmath"])
def evidence(request: pytest.FixtureRequest, point: hc.Certificate) -> Iterator[Evidence]:
    """What is known of the point."""
    with arithmetic(request.param, 106) as ar:
        yield Evidence(existence.relocate(ar, point.problem, point.witness), max_boxes=1000)


def test_a_set_of_any_size_but_its_own_is_measured_again(point: hc.Certificate, evidence: Evidence) -> None:
    """Twice as large it holds x = -0.7, where ``1 - 0.1 (3 (x + 1.5)^2 - 1)`` is 0.908."""
    inputs = point["basin"].inputs
    assert not isinstance(measure_basin(evidence, inputs), Reason)
    assert 2 * inputs["size"] > Fraction(1, 5) and inputs["bound"] < Fraction(908, 1000)
    for factor in (2, 10, 1000, 0, -1):
        assert isinstance(measure_basin(evidence, {**inputs, "size": factor * inputs["size"]}), Reason)
    for step in (0, Fraction(-1, 10), 1000):
        assert isinstance(measure_basin(evidence, {**inputs, "step": Fraction(step)}), Reason)


def test_what_lacks_a_subdivision_is_no_set(point: hc.Certificate, evidence: Evidence) -> None:
    """Without it, nor weights, it is not said what is measured; and without boxes to spend nothing is."""
    inputs = {name: value for name, value in point["basin"].inputs.items() if name != "subdivision"}
    assert measure_basin(evidence, inputs) is Reason.NEEDS_PREMISES
    assert measure_basin(replace(evidence, max_boxes=1), point["basin"].inputs) is Reason.BUDGET


# ---------------------------------------------------------------------- piece by piece


@pytest.fixture
def ar() -> Iterator[BallArithmetic]:
    with arithmetic("mpmath", 106) as chosen:
        yield chosen


def ends(low: object, high: object) -> Enclosure:
    return Enclosure(Fraction(low), Fraction(high))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "at_point", "shrink", "open_", "found"),
    [
        (1, ends(0, "1/2"), ends(2, 4), None, ends("1/4", "1/2")),
        (3, ends(0, "1/2"), ends(2, 4), None, ends("3/4", "3/2")),
        (0, ends(0, "1/2"), ends(2, 4), None, Reason.NEEDS_PREMISES),
        (1, None, ends(2, 4), None, Reason.PRECISION),
        (1, ends(0, "1/2"), None, None, Reason.PRECISION),
        (1, ends(0, "1/2"), ends(0, 4), None, Reason.PRECISION),
        (1, ends(0, "1/2"), ends(2, 4), Reason.BUDGET, Reason.BUDGET),
    ],
)
def test_the_radius_is_the_size_by_the_norm_of_what_goes_back(
    ar, monkeypatch: pytest.MonkeyPatch, size, at_point, shrink, open_, found
) -> None:
    """``R/|V^-1|``, both ends of it, if that norm is known and not 0, and no piece of the set is left open."""
    settled = SimpleNamespace(settle=lambda *asked: open_ if asked == ("cuts", "box", 7) else 1 / 0)
    asked = []

    def region(contraction, *given):
        asked.append(given)
        return SimpleNamespace(tests=settled, box="box")

    monkeypatch.setattr(basin, "Region", region)
    monkeypatch.setattr(basin, "spectral_norm", lambda arithmetic, rows: shrink if rows == "back" else 1 / 0)
    evidence = SimpleNamespace(arithmetic=ar, max_boxes=7)
    contraction = SimpleNamespace(evidence=evidence, at_point=lambda: at_point, back="back")
    measured = basin.measure_set(contraction, {"size": Fraction(size), "bound": "kappa", "subdivision": "cuts"})
    if isinstance(found, Reason):
        assert measured is found
        return
    assert measured["contraction"] is at_point and asked == [(size, "kappa")]
    for end, exact in zip(vars(measured["radius"]).values(), vars(found).values(), strict=True):
        assert abs(end - exact) < Fraction(1, 10**20)
    assert measured["radius"].contains(found)
    assert basin.measure_set(None, {"size": Fraction(1)}) is Reason.NEEDS_PREMISES


def test_what_is_not_known_is_not_bounded(ar) -> None:
    """A matrix with one entry that is not known, or a place where f may not be defined; the norm may be the bound."""
    one, zero = ar.constant(Fraction(1)), ar.constant(Fraction(0))
    unit, back = [[one, zero], [zero, one]], [[-one, zero], [zero, -one]]
    evidence = SimpleNamespace(arithmetic=ar)
    contraction = Contraction(evidence, unit, unit, back, [[*row, zero] for row in unit])
    matrices = {
        "known": [[ar.constant(Fraction(1, 2)), zero], [zero, ar.constant(Fraction(1, 4))]],
        "partly": [[one, zero], [zero, ar.indeterminate()]],
    }
    for name, m in matrices.items():
        for certain in (True, False):
            place = SimpleNamespace(arithmetic=ar, sam_matrix=m, domain_certain=certain)
            assert contraction.is_bounded(place, Fraction(3, 4) + Fraction(1, 10**9)) is (certain and name == "known")
            assert not contraction.is_bounded(place, Fraction(3, 4) - Fraction(1, 10**9))
        evidence.point = place
        assert (contraction.at_point() is None) is (contraction.turned(place) is None) is (name == "partly")


@pytest.mark.parametrize("size", [Fraction(1, 2), Fraction(2)])
def test_a_piece_is_outside_of_a_ball_of_any_size(ar, size: Fraction) -> None:
    """Its nearest corner at 3/5 and 4/5 of the radius is not, a little farther off it is."""
    region = Region(SimpleNamespace(basis=[[], []]), size, Fraction(1, 2))
    assert list(region.box) == [(-size, size)] * 2
    for part, outside in ((Fraction(4, 5), False), (Fraction(81, 100), True)):
        piece = [(size * Fraction(3, 5), size), (-size, -size * part)]
        assert Piece(region, piece, []).is_outside() is outside


def test_residual_form_has_sets_of_its_own(ar, monkeypatch: pytest.MonkeyPatch) -> None:
    """With widths alone; a basis of an isolated point is none there. What is concluded names the reach of the set."""
    monkeypatch.setattr(manifold_basin, "measure", lambda *given: given)
    point = SimpleNamespace(x=[ar.constant(Fraction(1))])
    inputs = {"step": Fraction(1), "basis": (Fraction(1),), "size": Fraction(1), "bound": Fraction(1, 2)}
    for residual in (True, False):
        evidence = SimpleNamespace(arithmetic=ar, residual_form=residual, point=point)
        assert (basin.contraction_of(evidence, inputs) is None) is residual
        weighted = inputs | {"widths": (), "reach": Fraction(7)}
        assert measure_basin(evidence, weighted) == (evidence, weighted)
        if residual:
            assert measure_basin(evidence, inputs | {"subdivision": "cuts"}) is Reason.NEEDS_PREMISES
        facts = SimpleNamespace(problem=SimpleNamespace(residual=residual), law="sam")
        numbers = {"radius": ends("1/4", "1/2")}
        for given, fits in ((weighted, residual), (inputs, not residual)):
            concluded = basin.conclude_basin(facts, numbers, given)
            assert isinstance(concluded, Reason) is not fits
            if fits:
                path = Fraction(7) if residual else None
                assert concluded[1].about == ("sam", Fraction(1, 4), Fraction(1), Fraction(1, 2), path)
