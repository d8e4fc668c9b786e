"""Where doubles lose too much, points are proved in balls alone: the same claims, at points that are known better."""

from dataclasses import replace
from fractions import Fraction

import large_samples as samples
import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Enclosure, Status
from hallucert.check.large import existence
from hallucert.check.large import slice as slices
from hallucert.check.large.existence import SlicedWitness, krawczyk, refined
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective

LENGTHS = (1e3, 1e6)
"""With the first the matrix ``A A^T`` is lost in doubles; with the second also Krawczyk's test is."""


def well(length, level=1):
    """The residual ``w^2 - level`` with ``w = (x + y length) - y length``, that is x."""
    b = ProgramBuilder([(1,), (1,)])
    far = b.scale(Fraction(length), b.input(1))
    w = b.sub(b.add(b.input(0), far), far)
    return ProgramObjective(b.program([b.sub(b.mul(w, w), b.filled(Fraction(level), (1,)))]), ["x", "y"])


@pytest.fixture
def plain(monkeypatch):
    """Nothing is rewritten, so that terms of opposite signs do not cancel before they are computed."""
    monkeypatch.setattr(slices, "reassociated", lambda program, lanes: program)


@pytest.mark.parametrize("length", LENGTHS)
def test_what_doubles_lose_is_proved_in_balls(plain, monkeypatch, length):
    """At ``x = -1/2``, rho 3/2 the singular value of A is 2, the kernel 4, the step bound 1/2; undecided in doubles."""
    f = well(length)
    saved = hc.certify(f, [-0.5, 0], "1.5", backend="midrad")
    numbers = {key: value for claim in saved for key, value in claim.numbers.items()}
    for key, true in (("smallest_singular_value", 2), ("smallest_real_part", 4), ("step_bound", Fraction(1, 2))):
        assert numbers[key].lower <= true <= numbers[key].upper < Fraction(11, 10) * true, key
    assert saved["attractor"] and saved["regular"] and saved["projected_c32"]
    assert hc.verify(saved)
    moved = Enclosure(Fraction(5), Fraction(6))
    forged = replace(saved["attractor"], numbers={**saved["attractor"].numbers, "smallest_real_part": moved})
    assert not hc.verify(replace(saved, claims={**saved.claims, "attractor": forged}))
    monkeypatch.setattr(slices, "MOST_BALLS", 0)
    doubles = hc.certify(f, [-0.5, 0], "1.5", backend="midrad")
    assert doubles["regular"].status is Status.UNDECIDED and not hc.verify(saved)


@pytest.mark.parametrize(("bits", "digits"), [(106, 80), (30, 30)])
def test_the_zero_is_enclosed_to_many_digits(bits, digits):
    """For ``x^2 - 2`` the zero in z is ``(sqrt 2 - rho - x0)/S``: to as many digits as steps or bits give."""
    f, rho, x0 = well(1, 2), Fraction(3, 2), -0.0625
    s = samples.slice_through(f, np.array([x0, 0.0]), rho, arithmetic("arb", bits))
    with mpmath.workdps(150):
        z = (mpmath.sqrt(2) - mpmath.mpf(1.5) - x0) / (2 * (x0 + mpmath.mpf(1.5)))
        witness = SlicedWitness(np.array([x0, 0.0]), np.array([float(z)]), np.array([2.0**-20]))
        test = krawczyk(s, witness, s.sharp.run("residual", witness.middle)[0])
        thorough = s.thorough()
        low, high = thorough.sharp.arithmetic.endpoints(refined(thorough, witness, test.reach)[0])
        assert test.proved and 0 < high - low < Fraction(1, 10**digits)
        assert mpmath.mpf(low.numerator) / low.denominator <= z <= mpmath.mpf(high.numerator) / high.denominator


def test_without_the_defect_the_zero_would_be_missed(monkeypatch):
    """With a far smaller defect of Newton's step in the bound, the test above fails."""
    upper = existence.matrix_vector_upper
    monkeypatch.setattr(existence, "matrix_vector_upper", lambda a, x: 2.0**-60 * upper(a, x))
    with pytest.raises(AssertionError):
        test_the_zero_is_enclosed_to_many_digits(106, 80)
