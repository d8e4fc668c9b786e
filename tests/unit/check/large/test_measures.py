"""Numbers in arrays agree with those that Arb has of the same claims, through matrices with d rows and columns."""

from fractions import Fraction

import large_samples as samples
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.balls.midrad.spectra import orthonormalizer
from hallucert.check.claim import Status
from hallucert.check.large import measures
from hallucert.check.large.existence import krawczyk
from hallucert.check.large.measures import MEASURES, Evidences, SlicedEvidence
from hallucert.clock import UNLIMITED

SHARP = {
    "smallest_singular_value",
    "gradient_norm",
    "multiplier",
    "value",
    "smallest_projected_eigenvalue",
    "smallest_real_part",
    "step_bound",
}


INNER = {
    "smallest_eigenvalue_sym_Du": "upper",
    "smallest_tangential_eigenvalue": "upper",
    "largest_tangential_eigenvalue": "lower",
}
"""The sharp end of numbers whose other end is a rough bound."""


def agree(arrays, balls):
    """Both certificates say the same of all claims that arrays measure, and their numbers overlap."""
    for name in MEASURES:
        a, b = arrays[name], balls[name]
        assert (a.status, set(a.numbers)) == (b.status, set(b.numbers)), name
        for key in a.numbers.keys() - {"offset"}:  # of another box
            low, high = a.numbers[key].lower, a.numbers[key].upper
            assert low <= b.numbers[key].upper and b.numbers[key].lower <= high, key
            if key in SHARP:
                assert high - low <= abs(high) / 10**4, key
            if key in INNER:
                true = b.numbers[key].upper
                assert abs(getattr(a.numbers[key], INNER[key]) - true) <= abs(true) / 50, key


def test_claims_are_those_of_balls():
    """At an attracting point of 74 parameters every claim and number agrees with the proof in Arb, which uses J."""
    agree(samples.certified(), samples.certified("arb"))
    assert all(samples.certified()[name] for name in MEASURES.keys() - {"theorem_3_2"})
    assert samples.certified()["theorem_3_2"].status is Status.REFUTED


def test_a_point_that_repels_is_refuted_as_in_balls():
    """At the first point that is found with an eigenvalue left of 0, attraction is refuted in arrays as in Arb."""
    for seed in (27, 29, 28, 6, 15):
        f, x = samples.found(seed, 100 + seed, Fraction(8))
        arrays = hc.certify(f, x, 8, backend="midrad")
        if arrays["attractor"].status is Status.REFUTED:
            break
    agree(arrays, hc.certify(f, x, 8, backend="arb"))
    assert arrays["attractor"].status is arrays["projected_c32"].status is Status.REFUTED
    assert hc.verify(arrays)


@pytest.mark.parametrize("copies", [2])
def test_equal_samples_make_the_residuals_rank_deficient(copies):
    """Where a sample stands twice, two residuals are one, and nothing is proved."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(2, 6)), rng.normal(size=(2, 2))
    f = samples.network(np.repeat(inputs, copies, axis=0), np.repeat(targets, copies, axis=0), 8)
    once = samples.network(inputs, targets, 8)
    x = hc.find.hallucinate(once, samples.start(once, np.random.default_rng(3)), 2).x
    claim = hc.certify(f, x, 2, backend="midrad")["existence"]
    assert claim.status is Status.UNDECIDED and claim.reason == "rank_deficient"


@pytest.mark.parametrize("factor", [1.05, 0.95])
def test_a_poor_orthonormalizer_widens_the_numbers_and_a_bad_one_proves_nothing(monkeypatch, factor):
    """With ``C`` a twentieth too long or too short the projected eigenvalue of Arb is still enclosed; not with 2 C."""
    f, x = samples.found()
    slice_ = samples.slice_through(f, x)
    evidence = SlicedEvidence(slice_, MidRad(np.zeros(8)))
    (name,) = good = measures.projected_c32(evidence)
    monkeypatch.setattr(measures, "orthonormalizer", lambda gram: factor * orthonormalizer(gram))
    poor = measures.projected_c32(SlicedEvidence(slice_, MidRad(np.zeros(8))))
    assert poor[name].lower <= good[name].upper and good[name].lower <= poor[name].upper
    assert poor[name].upper - poor[name].lower > abs(good[name].upper) / 20
    monkeypatch.setattr(measures, "orthonormalizer", lambda gram: 2 * orthonormalizer(gram))
    assert measures.projected_c32(SlicedEvidence(slice_, MidRad(np.zeros(8)))) == "rank_deficient"


def test_runs_near_an_attractor_fall_at_the_stated_rate():
    """SAM with half the step bound takes ``|r(x+)|`` down at least by the factor of the claim, from a point near by."""
    saved, (f, x) = samples.certified(), samples.found()
    claim = saved["attractor"]
    factor = float(claim.statement.rpartition("above ")[2].partition(" ")[0])
    step = float(claim.numbers["step_bound"].lower) / 2
    y, sizes = x + 1e-5 * np.random.default_rng(4).standard_normal(f.dimension), []
    for _ in range(500):
        g = f.gradient(y)
        plus = y + 2 * g / np.linalg.norm(g)
        sizes.append(np.linalg.norm(f.residual(plus)))
        y = y - step * f.gradient(plus)
    assert sizes[-1] > 1e-12
    assert (sizes[-1] / sizes[200]) ** (1 / 299) < factor < 1


def test_claims_in_balls_alone_are_those_of_arb():
    """Every number of a network, measured in balls alone on the slice, meets the one of Arb, and is sharp."""
    saved, (f, _) = samples.certified("arb"), samples.found()
    witness = samples.certified().witness
    s = samples.slice_through(f, witness.centre, balls=arithmetic("arb", 106))
    test = krawczyk(s, witness, s.sharp.run("residual", witness.middle)[0])
    evidence = list(Evidences(s, witness, test, UNLIMITED))[-1]
    assert evidence.slice.whole
    for name in MEASURES.keys() - {"existence"}:
        for key, number in evidence.measured(name).numbers.items():
            true = saved[name].numbers[key]
            assert number.lower <= true.upper and true.lower <= number.upper, key
