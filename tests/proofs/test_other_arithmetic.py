"""What one arithmetic proves, the other proves again, also where numbers are far below the size of their matrix."""

from __future__ import annotations

import pytest

import hallucert as hc

CASES = [
    ("goldstein_price", "1.7", (0, -1), 3),
    ("goldstein_price", "1/2", (1.2, -0.2), 2),
    ("beale", "1.46", (0.10053793732415836, -2.644513585023125), 2),
    ("ackley", "1", (0.95, 0.95), 4),
    ("muller_brown", "1/2", (0.623, 0.028), 1),
    ("muller_brown", "2/3", (0.623, 0.028), 1),
]
"""A function, a radius, where a target is, and how many points have it."""


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize(("name", "rho", "target", "count"), CASES)
def test_points_of_badly_scaled_functions_are_re_proved(name, rho, target, count, backend):
    """Each point around a critical point of a gallery function is certified by one arithmetic, checked by both."""
    f = hc.gallery.load(name)
    candidates = hc.find.on_sphere(f, target, rho)
    assert len(candidates) == count
    for candidate in candidates:
        certificate = hc.certify(candidate, backend=backend)
        assert certificate["existence"].status == certificate["target"].status == "proved"
        for checker in ("arb", "mpmath"):
            verdict = hc.verify(certificate, checker)
            assert verdict, verdict
