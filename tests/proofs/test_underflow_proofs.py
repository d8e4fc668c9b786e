"""Points and censuses of functions that underflow or saturate somewhere: proved, and by the other backend too."""

from __future__ import annotations

import mpmath
import pytest

import hallucert as hc

WELLS = "(x**2 - 1)**2/4 + y**2/20"
NARROW = [
    "exp(-1e5*(x - 2)**2)",
    "exp(-1e5*(x - 2)**2) + exp(-1e6*(x + y - 3)**2) + exp(-3e5*((x + 1)**2 + (y - 2)**2))",
    "exp(-exp(20*x + 30))",
    "softplus(1e5*(x + 3))/1e9",
    "log(1 + exp(-1e5*(x + 3)))",
    "x*exp(-x**2*1e6)",
    "sigmoid(-1e5*(x + 3))",
    "erf(1e4*(x + 5))",
    "gelu(1e5*x)/1e9",
]


@pytest.mark.parametrize("term", NARROW)
@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_a_term_that_underflows_at_the_points_of_the_wells_changes_no_proof(term, backend):
    """The point of the double well near (-1/2, 0) exists beside each term, and the other backend proves it again."""
    cert = hc.certify(hc.Objective.parse(f"{WELLS} + {term}"), (-0.5, 0), "1.5", backend=backend)
    assert cert["existence"].status == "proved" and cert["hallucinated_minimizer"].status == "proved"
    assert hc.verify(cert)


@pytest.mark.parametrize("term", [*NARROW[:1], *NARROW[2:5], NARROW[8]])
def test_a_census_of_the_wells_with_a_narrow_term_is_complete_and_proved_again(term, tmp_path):
    """The two points of the wells are all, in doubles and in mpmath; the search is as short in the other arithmetic."""
    census = hc.census(hc.Objective.parse(f"{WELLS} + {term}"), [(-2, 2), (-1, 1)], "1.5", workers=1)
    census.save(tmp_path / "census.json")
    verdict = hc.verify(tmp_path / "census.json", budget=60)
    assert census.complete and len(census) == 2 and census.boxes < 1000
    assert verdict and verdict.backend == "mpmath"


@pytest.mark.parametrize("term", ["sqrt(exp(-1e5*(x + 2)))", "1/cosh(1e4*(x + 2))"])
def test_a_box_on_which_the_derivatives_are_not_enclosed_is_only_too_large(term):
    """Existence is proved on a smaller box where these terms overflow or lose their sign on the first one."""
    assert hc.certify(hc.Objective.parse(f"{WELLS} + {term}"), (-0.5, 0), "1.5")["existence"].status == "proved"


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_a_hallucinated_minimizer_of_a_function_of_erf_is_proved(backend, tmp_path):
    """Two wells at erf(x) = +-1/2: found in floats, proved at erfinv(1/2) - rho, and proved again from the file."""
    f = hc.Objective.parse("5*(erf(x)**2 - 1/4)**2 + gelu(y)**2/5 + y**2/20")
    with mpmath.workdps(60):
        well = mpmath.erfinv(mpmath.mpf(1) / 2)
        (candidate,) = (c for c in hc.find.on_sphere(f, (float(well), 0), "0.7") if abs(c.x[1]) < 1e-6)
        cert = hc.certify(candidate, backend=backend)
        (low, high), _ = cert.enclosure
        assert mpmath.mpf(low) <= well - mpmath.mpf(7) / 10 <= mpmath.mpf(high) and high - low < 1e-12
    assert cert["hallucinated_minimizer"].status == "proved"
    cert.save(tmp_path / "erf.json")
    verdict = hc.verify(tmp_path / "erf.json")
    assert verdict and verdict.backend != backend
    assert hc.load(tmp_path / "erf.json").objective.name.startswith("5*(erf(x)**2 - 1/4)**2")
