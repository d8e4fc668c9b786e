"""Points with isolated targets in arrays of doubles: claims and numbers are those of Arb, and forgeries are refused."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from scipy.optimize import minimize

import hallucert as hc
from hallucert.balls.midrad import MidRad
from hallucert.check.claim import Enclosure, Status
from hallucert.check.large import isolated, measures
from hallucert.check.large import slice as slices
from hallucert.check.large.certificate import LargeCertificate
from hallucert.check.large.measures import ISOLATED
from hallucert.check.large.slice import MOST_ISOLATED
from hallucert.errors import ArgumentError


@lru_cache
def found(multiplier):
    """A network 2-8-1 with weight decay, 33 parameters, and a point from whose copy of a minimizer a branch starts."""
    rng = np.random.default_rng(0)
    inputs, signs = rng.normal(size=(8, 2)), np.where(rng.random((8, 1)) < 0.5, -1.0, 1.0)
    f = hc.TanhNetwork((2, 8, 1), inputs, signs, weight_decay="0.01")
    target = minimize(f.value, f.initial(0, gain=2.0), jac=f.gradient, method="BFGS", options={"gtol": 1e-7}).x
    for _ in range(6):
        target = target - np.linalg.solve(f.hessian(target), f.gradient(target))
    negated = [np.r_[2 * unit : 2 * unit + 2, 16 + unit, 24 + unit] for unit in range(8)]
    x = target.copy()
    x[max(negated, key=lambda unit: np.linalg.norm(target[unit]))] *= -1
    for lam in np.geomspace(multiplier / 100, multiplier, 5).repeat(4):
        x = x - np.linalg.solve(f.hessian(x) + lam * np.eye(33), f.gradient(x) - lam * (target - x))
    return f, x, float(np.linalg.norm(x - target))


@lru_cache
def certified(multiplier=1e-4, backend="midrad"):
    """The certificate of that point."""
    return hc.certify(*found(multiplier), backend=backend)


@pytest.mark.parametrize("multiplier", [1e-4, 1e-3])
def test_claims_are_those_of_balls(multiplier):
    """Every claim has the status that Arb finds, and numbers that meet those of Arb, to nine digits."""
    arrays, balls = certified(multiplier), certified(multiplier, "arb")
    assert isinstance(arrays, LargeCertificate) and not arrays.problem.residual
    assert set(arrays.claims) == set(balls.claims) == set(ISOLATED)
    for name in ISOLATED:
        assert arrays[name].status is balls[name].status is not Status.UNDECIDED, name
        for key, number in arrays[name].numbers.items():
            if key != "offset":
                true = balls[name].numbers[key]
                assert number.lower <= true.upper and true.lower <= number.upper, key
                assert number.upper - number.lower <= 2e-3 * abs(number.upper), key
    assert "nondegenerate strict local minimizer" in arrays["target"].statement
    assert "half widths" not in arrays["existence"].statement and "box x0 + z" in arrays["existence"].statement


def test_files_are_re_proved_and_forgeries_are_not(tmp_path, monkeypatch):
    """The file holds the box and is re-proved; with numbers that are moved, or another box, it is not."""
    saved = certified()
    saved.save(tmp_path / "point.json")
    again = hc.load(tmp_path / "point.json")
    assert hc.verify(again, backend="mpmath")
    monkeypatch.setattr(slices, "MOST_BALLS", 0)  # balls alone would refuse the same, slowly
    claims = dict(saved.claims)
    for name in ISOLATED.keys() - {"existence", "hallucinated_minimizer"}:
        key, number = next(iter(saved[name].numbers.items()))
        by = 20 * (number.upper - number.lower)
        claims[name] = replace(
            saved[name], numbers={**saved[name].numbers, key: Enclosure(number.lower + by, number.upper + by)}
        )
    results = hc.verify(replace(saved, claims=claims)).results
    assert [r.name for r in results if r.passed] == ["existence"]
    beside = replace(saved.witness, middle=saved.witness.middle + 4 * saved.witness.radius)
    assert not any(r.passed for r in hc.verify(replace(saved, witness=beside)).results)


def test_saddles_and_maxima_are_told():
    """Extreme eigenvalues of known matrices, and how many are negative; what straddles 0 is no index."""

    class Known:
        def __init__(self, diagonal):
            self.slice, self.matrix = type("S", (), {"unknowns": len(diagonal)})(), MidRad(np.diag(diagonal))

        def columns(self, name):
            return [self.matrix]

    for diagonal, ends in (([2.0, 3.0], (0, 0)), ([-2.0, -3.0, -1.0], (3, 3)), ([-2.0, 3.0, 1.0], (1, 2))):
        numbers = isolated.Matrices(Known(diagonal), MidRad(0.0)).target()
        assert numbers["negative_eigenvalues"] == Enclosure(*ends)
        assert (
            numbers["smallest_hessian_eigenvalue"].lower
            <= min(diagonal)
            <= numbers["smallest_hessian_eigenvalue"].upper
        )


@pytest.mark.parametrize("factor", [1.02, 0.98])
def test_a_poor_inverse_widens_the_singular_value(monkeypatch, factor):
    """With an inverse of J that is a fiftieth off the singular value of Arb is still enclosed; not with twice it."""
    saved, true = certified(), certified(backend="arb")["regular"].numbers["smallest_singular_value"]
    evidence = next(iter(measures.Evidences(*_parts(saved))))
    inverse = np.linalg.inv
    monkeypatch.setattr(isolated.np.linalg, "inv", lambda a: factor * inverse(a))
    number = evidence.matrices.regular()["smallest_singular_value"]
    assert number.lower <= true.lower and true.upper <= number.upper < 1.1 * true.upper
    monkeypatch.setattr(isolated.np.linalg, "inv", lambda a: 2 * inverse(a))
    assert evidence.matrices.regular() == "singular_jacobian"


def _parts(saved):
    """What evidence about a certificate is made of."""
    from hallucert.balls import arithmetic
    from hallucert.balls.midrad import MidRadArithmetic
    from hallucert.check.large.existence import krawczyk
    from hallucert.check.large.slice import Slice
    from hallucert.clock import UNLIMITED
    from hallucert.objectives.program.midrad import MidRadArrays

    w = saved.witness
    s = Slice(saved.problem, w.centre, MidRadArrays(MidRadArithmetic()), arithmetic("arb", 106))
    return s, w, krawczyk(s, w, s.sharp.run("residual", w.middle)[0]), UNLIMITED


def test_what_is_too_large_is_refused():
    """Without residuals matrices have d rows: more than some two thousand parameters are refused."""
    f = hc.TanhNetwork((70, 30, 1), np.zeros((1, 70)), np.zeros((1, 1)), weight_decay="0.01")
    assert f.dimension > MOST_ISOLATED
    with pytest.raises(ArgumentError, match="or with at most 2048 parameters"):
        hc.certify(f, f.initial(0), 1, backend="midrad")
