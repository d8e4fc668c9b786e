"""Every hallucinated point of the Himmelblau reference is found, certified, and re-proved by the other arithmetic.

The reference values come from a root search in the angle at 50 digits, which shares no code with this library.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc

CASES = [(i, j) for i in range(12) for j in range(3)]


def _points(reference, case):
    entry = reference["hallucinated"][case]
    target = [float(c) for c in entry["target"]]
    return target, entry["rho"], entry["points"]


def test_reference_is_complete(reference):
    """The reference lists 9 critical points and 18 hallucinated points."""
    assert len(reference["critical_points"]) == 9
    assert sum(len(entry["points"]) for entry in reference["hallucinated"]) == 18


@pytest.mark.parametrize("case", range(12))
def test_on_sphere_and_certify_agree_with_the_reference(himmelblau, reference, case):
    """Exactly the reference's points are found; enclosures contain its 30 digits; verdicts match its eigenvalues."""
    target, rho, points = _points(reference, case)
    candidates = hc.find.on_sphere(himmelblau, target, rho)
    assert len(candidates) == len(points)
    for point in points:
        x = np.array([float(v) for v in point["x"]])
        candidate = min(candidates, key=lambda c: np.abs(c.x - x).max())
        cert = hc.certify(candidate)
        assert cert["hallucinated_minimizer"].status == "proved"
        assert all(low <= Fraction(v) <= high for (low, high), v in zip(cert.box, point["x"], strict=True))
        norm = cert["nonstationary"].numbers["gradient_norm"]
        assert norm.lower <= Fraction(point["gradient_norm"]) <= norm.upper
        tangential = cert["sphere_type"].numbers["smallest_tangential_eigenvalue"]
        assert tangential.lower <= Fraction(point["tangential_eigenvalue_J"]) <= tangential.upper
        smallest = min(Fraction(re) for re, _ in point["sam_matrix_eigenvalues"])
        assert cert["attractor"].status == ("proved" if smallest > 0 else "refuted")
        real_part = cert["attractor"].numbers["smallest_real_part"]
        assert real_part.lower <= smallest <= real_part.upper
        condition = Fraction(point["lambda_min_sym_J"]) > 0
        assert cert["theorem_3_2"].status == ("proved" if condition else "refuted")
        assert hc.verify(cert), str(hc.verify(cert))


def test_the_prover_in_mpmath_is_checked_by_arb(himmelblau, reference):
    """The roles of the arithmetics can be exchanged."""
    _, rho, points = _points(reference, 1)
    cert = hc.certify(himmelblau, [float(v) for v in points[0]["x"]], rho, backend="mpmath")
    verdict = hc.verify(cert)
    assert verdict and verdict.backend == "arb"
