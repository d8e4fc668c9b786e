"""Fixed points with weight decay are found next to a start, in any units, and certified."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")


def test_the_point_is_the_root_of_a_cubic():
    """From a start beside it; the candidate is proved with what it holds."""
    found = hc.find.refine(WELL, (-0.45, 0.1), "1.5", weight_decay="1/10")
    t = next(root.real for root in np.roots([1, 0, -0.9, -0.15]) if root.real > 0)
    np.testing.assert_allclose(found.x, [t - 1.5, 0], atol=1e-12)
    assert (found.rho, found.weight_decay) == (Fraction(3, 2), Fraction(1, 10)) and "weight decay 0.1" in repr(found)
    cert = hc.certify(found, precisions=[53])
    assert cert["existence"] and cert.problem.decay == Fraction(1, 10)


@pytest.mark.parametrize("scale", [2.0**-40, 2.0**40])
def test_units_do_not_matter(scale):
    """Of x: the same point, with w in the units of a second derivative."""
    f = hc.Objective.parse(f"(({1 / scale}*x)**2 - 1)**2 / 4 + ({1 / scale}*y)**2 / 20")
    one = hc.find.refine(WELL, (-0.45, 0.1), "1.5", weight_decay=0.125)
    other = hc.find.refine(f, (-0.45 * scale, 0.1 * scale), 1.5 * scale, weight_decay=0.125 / scale**2)
    np.testing.assert_allclose(other.x / scale, one.x, rtol=1e-12, atol=1e-13)


def test_a_network_is_proved_with_all_of_its_parameters():
    """A 2-8-1 network, 33 equations in 33 unknowns; the signs of its neurons make the point repel."""
    rng = np.random.default_rng(0)
    f = hc.TanhNetwork((2, 8, 1), rng.normal(size=(4, 2)), rng.choice([-1.0, 1.0], size=4))
    signs = np.array([0, 1, 0, -1, -1, -1, 0, 1])
    x = np.concatenate([np.outer(signs, [0.191, 0.228]).ravel(), 0.325 * signs, 0.266 * signs, [-0.363]])
    cert = hc.certify(hc.find.refine(f, x, 8, weight_decay="1/10"), precisions=[53])
    assert cert["existence"] and cert["nonstationary"] and not cert.problem.residual and len(cert.box) == 33
    eigenvalues = np.linalg.eigvals(hc.sam.sam_matrix(f, cert.x, 8)) + 0.1
    found = float(cert["attractor"].numbers["smallest_real_part"].upper)
    assert cert["attractor"].status == "refuted" and found == pytest.approx(eigenvalues.real.min(), rel=1e-5)


def test_where_there_is_none_nothing_is_found():
    """A convex quadratic has none; other ascent steps, and what is no decay, are refused."""
    with pytest.raises(SearchError, match=r"g\(x\+\) \+ w x"):
        hc.find.refine(hc.Objective.parse("x**2 + 2*y**2"), (0.5, 0.1), 1, weight_decay=1)
    for options, name in [({"weight_decay": 0}, "weight_decay"), ({"weight_decay": 1, "variant": "usam"}, "variant")]:
        with pytest.raises(ArgumentError) as caught:
            hc.find.refine(WELL, (-0.45, 0.1), "1.5", **options)
        assert caught.value.argument == name
