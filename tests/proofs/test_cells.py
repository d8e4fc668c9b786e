"""Claim: no run at 60 digits contradicts what is proved of the cell that it starts in."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest

import hallucert as hc

pytestmark = pytest.mark.thorough

BOX, RHO, STEP, MOST, TRAPPED = [(-2.5, 2.5), (-2, 2)], "1", "0.05", 5000, 1000
"""The last two: steps of a run, and of one that may stay in a trap."""


@pytest.fixture(scope="module")
def found() -> hc.Basins:
    """Basins of the three-hump camel: two hallucinated minimizers, starts that leave, traps."""
    return hc.basins(hc.gallery.load("three_hump_camel"), BOX, RHO, STEP, depth=8, budget=120, workers=1)


def end_of(start: list[float], meant: set[int], centres: list[list[float]]) -> tuple[int, list[float]]:
    """Follow a run at 60 digits, by the formula of the map: k + 2 if it comes to centre k, 1 if it leaves as it may.

    On its way to an attractor a run may leave the box. Returns 0 and where it is if nothing of that happens.
    """
    x, y = map(mpmath.mpf, start)
    rho, step = mpmath.mpf(1), mpmath.mpf(1) / 20

    def gradient(a: mpmath.mpf, b: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
        return 4 * a - mpmath.mpf(21) / 5 * a**3 + a**5 + b, a + 2 * b

    for _ in range(TRAPPED if max(meant) >= 2 + len(centres) else MOST):
        if 1 in meant and (abs(x) > mpmath.mpf(5) / 2 or abs(y) > 2):
            return 1, []
        for k, (a, b) in enumerate(centres, 2):
            if abs(x - a) + abs(y - b) < 1e-6:
                return k, []
        a, b = gradient(x, y)
        length = mpmath.sqrt(a * a + b * b)
        a, b = gradient(x + rho * a / length, y + rho * b / length)
        x, y = x - step * a, y - step * b
    return 0, [float(x), float(y)]


def contradictions(found: hc.Basins, starts: np.ndarray) -> int:
    """Count the starts in labelled cells whose runs do nothing of what is said of these."""
    centres = [point.x.tolist() for point in found.attractors]
    cores, count = {trap.core for trap in found.traps}, 0
    with mpmath.workdps(60):
        for x, label in zip(starts.tolist(), found.at(starts).tolist(), strict=True):
            meant = found.meant((label,))
            if label == 0:
                continue
            end, last = end_of(x, meant, centres)
            stays = not end and int(found.at(last)[0]) in (cores & meant)
            count += not (end in meant or stays)
    return count


def test_no_run_at_60_digits_contradicts_its_cell(found: hc.Basins) -> None:
    """Of 150 random starts none does, and cells have all labels; with labels exchanged some do."""
    starts = np.random.default_rng(3).uniform(found.box[:, 0], found.box[:, 1], (150, 2))
    assert {0, 1, 2, 3, 4, 5} <= set(found.labels.tolist()) and found.traps[0].others == (2, 3)
    assert contradictions(found, starts) == 0
    for first, second in ((2, 3), (1, 5)):
        exchanged = np.arange(found.labels_known)
        exchanged[[first, second]] = second, first
        assert contradictions(replace(found, labels=exchanged[found.labels]), starts) > 0
