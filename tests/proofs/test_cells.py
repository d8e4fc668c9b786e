"""Claim: no run at 60 digits contradicts what is proved of the cell that it starts in."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest

import hallucert as hc

pytestmark = pytest.mark.thorough

BOX, RHO, STEP, MOST = [(-2.5, 2.5), (-2, 2)], "1", "0.05", 5000


@pytest.fixture(scope="module")
def found() -> hc.Basins:
    """Basins of the three-hump camel, which has two hallucinated minimizers, and starts that leave."""
    return hc.basins(hc.gallery.load("three_hump_camel"), BOX, RHO, STEP, depth=8, budget=120, workers=1)


def end_of(start: list[float], label: int, centres: list[list[float]]) -> int:
    """Follow a run at 60 digits, by the formula of the map: k + 2 if it comes to centre k, 1 if it leaves as it should.

    On its way to an attractor a run may leave the box.
    """
    x, y = map(mpmath.mpf, start)
    rho, step = mpmath.mpf(1), mpmath.mpf(1) / 20

    def gradient(a: mpmath.mpf, b: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
        return 4 * a - mpmath.mpf(21) / 5 * a**3 + a**5 + b, a + 2 * b

    for _ in range(MOST):
        if label == 1 and (abs(x) > mpmath.mpf(5) / 2 or abs(y) > 2):
            return 1
        for k, (a, b) in enumerate(centres, 2):
            if abs(x - a) + abs(y - b) < 1e-6:
                return k
        a, b = gradient(x, y)
        length = mpmath.sqrt(a * a + b * b)
        a, b = gradient(x + rho * a / length, y + rho * b / length)
        x, y = x - step * a, y - step * b
    return 0


def contradictions(found: hc.Basins, starts: np.ndarray) -> int:
    """Count the starts in decided cells that end elsewhere."""
    centres = [point.x.tolist() for point in found.attractors]
    labels = found.at(starts)
    with mpmath.workdps(60):
        return sum(
            end_of(x, label, centres) != label
            for x, label in zip(starts.tolist(), labels.tolist(), strict=True)
            if label
        )


def test_no_run_at_60_digits_contradicts_its_cell(found: hc.Basins) -> None:
    """Of 150 random starts none does, and cells have all labels; with two labels exchanged some do."""
    starts = np.random.default_rng(3).uniform(found.box[:, 0], found.box[:, 1], (150, 2))
    assert set(found.labels) == {0, 1, 2, 3}
    assert contradictions(found, starts) == 0
    swapped = replace(found, labels=np.array([0, 1, 3, 2])[found.labels])
    assert contradictions(swapped, starts) > 0
