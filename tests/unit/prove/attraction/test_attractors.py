"""Claim: of a curve one point is certified, cells beside it cover the box once, and their starts converge to it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.basins.zeros import Zeros
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.problem import Problem
from hallucert.clock import Clock
from hallucert.errors import CertificateError
from hallucert.prove.attraction import attractors

RING, RHO, STEP = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2), Fraction(3, 2), Fraction(1, 10)
"""Inside of the unit circle SAM moves radially, to the circle of radius 1/2."""
BOX = np.array([[0.25, 0.75], [-0.25, 0.25]])


@pytest.fixture(scope="module")
def zero() -> hc.Certificate:
    """A point of the circle."""
    return hc.certify(RING, (0.5, 0), RHO)


@pytest.fixture(scope="module")
def found(zero: hc.Certificate) -> hc.Basins:
    """Basins of it."""
    return hc.basins(RING, BOX, RHO, STEP, attractors=[zero], depth=5, workers=1, goal=1)


def test_a_curve_is_certified_once(zero: hc.Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many runs end on it: at other points each; and no point is when there is no time."""
    asked = []

    def certify(candidate: hc.Candidate, basin: object) -> hc.Certificate:
        asked.append(candidate.x)
        return zero

    monkeypatch.setattr(attractors, "RUNS", 20)
    monkeypatch.setattr(attractors, "RUN_STEPS", 300)
    monkeypatch.setattr(attractors, "certify", certify)
    found, ends = attractors.found_by_runs(Problem(RING, RHO), STEP, BOX, 0, Clock())
    assert found == [(zero, (Zeros(RING, RHO, STEP),))] and len(ends) == 20
    assert len(asked) == 1 and abs(np.hypot(*asked[0]) - 0.5) < 1e-9
    assert attractors.found_by_runs(Problem(RING, RHO), STEP, BOX, 0, Clock(0.0))[0] == []


def test_cells_beside_a_curve_and_others_are_the_box() -> None:
    """Each place is in one cell; the radii of those beside the circle come from its side and the others' too."""
    for depth in (3, 7):
        beside, others = attractors.beside_curves([(Zeros(RING, RHO, STEP),)], BOX, depth)
        cells = np.concatenate([beside[:, :3], others])
        assert (4.0 ** -cells[:, 0]).sum() == 1 and len(np.unique(cells, axis=0)) == len(cells)
        assert (beside[:, 3:] == [2, 0]).all() and cells[:, 0].max() <= depth
        if depth > 3:
            middles = BOX[:, 0] + (beside[:, 1:3] + 0.5) * 0.5 / 2.0 ** beside[:, :1]
            sizes = np.hypot(*middles.T)
            assert sizes.min() < 0.48 and sizes.max() > 0.52 and np.abs(sizes - 0.5).max() < 0.1
    assert len(attractors.beside_curves([()], BOX, 7)[0]) == 0


def test_starts_converge_to_the_curve(found: hc.Basins) -> None:
    """Of random starts, by the closed form of the map, to the point of the circle in their direction."""
    assert found.hallucinated == found.share(2) > Fraction(1, 2)
    starts = np.random.default_rng(2).uniform(*BOX.T, (500, 2))
    starts = starts[found.at(starts) == 2]
    size = np.hypot(*starts.T)
    for _ in range(300):
        size = size + 0.1 * ((1.5 - size) ** 2 - 1) * (1.5 - size)
    assert np.abs(size - 0.5).max() < 1e-9
    text = "converges to a hallucinated minimizer with r(x+) = 0 (x*_1 is one) on a smooth curve of them, from every"
    assert text in found[0].statement


def test_a_file_with_a_curve_is_proved_again(zero: hc.Certificate, tmp_path: Path) -> None:
    """In mpmath's arithmetic, but for a step above the bound, and cells elsewhere; another radius is refused."""
    box, path = [(0.46875, 0.53125), (-0.03125, 0.03125)], tmp_path / "basins.json"
    small = hc.basins(RING, box, RHO, STEP, attractors=[zero], depth=2, workers=1)
    small.save(path)
    assert small.decided == 1 and hc.verify(path)
    data = to_json(small)
    assert to_json(hc.load(path)) == data
    assert not hc.verify(replace(small, step=Fraction(11, 10)))
    assert not hc.verify(replace(small, steps=small.steps + 1))
    with pytest.raises(CertificateError, match=r"attractors\[0\]"):
        from_json(to_json(replace(small, problem=Problem(RING, Fraction(2)))))
    far = replace(small, partition=replace(small.partition, box=small.box + 0.25))
    assert not hc.verify(far)
