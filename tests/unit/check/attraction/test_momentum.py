"""SAM with momentum: what numbers show, and what discs of eigenvalues say of the spectral radius."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.spectrum import Disc, Spectrum
from hallucert.check.attraction import momentum
from hallucert.check.claim import Enclosure, Status
from hallucert.check.point.rule import Evidence, Facts, Witness
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason

RING = Problem(hc.Objective.least_squares(["x**2 + y**2 - 1"]), Fraction(3, 2))
WITNESS = Witness((Fraction(-1, 2), Fraction(0)), None, (Fraction(1),) * 2, ())
AT = {"step": Fraction(1), "momentum": Fraction(1, 2), "nesterov": 0}
ON = AT | {"basis": (), "size": Fraction(1), "bound": Fraction(1, 2)}
WEIGHTED = {"blocks": (), "weights": (), "slope": Fraction(1)}
GOOD = {"contraction": (0.1, 0.2), "radius": (0.1, 0.2)}


@pytest.mark.parametrize(
    ("numbers", "inputs", "shown"),
    [
        (GOOD, ON, "proved"),
        (GOOD | {"radius": (0, 1)}, ON, None),
        (GOOD, ON | {"bound": Fraction(1)}, None),
        (GOOD, ON | {"bound": Fraction(0)}, None),
        (GOOD, ON | {"size": Fraction(0)}, None),
        (GOOD, ON | {"step": Fraction(0)}, None),
        (GOOD, ON | {"momentum": Fraction(1)}, None),
        (GOOD, ON | {"nesterov": -1}, None),
        ({"radius": (0.1, 0.2)}, ON, None),
        (GOOD | {"expansion": (2, 3)}, ON, None),
        ({"expansion": (1.5, 2)}, AT, "refuted"),
        ({"expansion": (1, 2)}, AT, None),
        ({"expansion": (0.5, 0.9)}, AT, None),
        ({"expansion": (1.5, 2)}, AT | {"step": Fraction(-1)}, None),
        (GOOD, AT, None),
    ],
)
def test_numbers_show_what_they_show(numbers, inputs, shown):
    """Nothing at a threshold or beyond it, with numbers of another claim, or about no method."""
    enclosed = {name: Enclosure(Fraction(low), Fraction(high)) for name, (low, high) in numbers.items()}
    found = momentum.conclude(Facts(RING, WITNESS), enclosed, inputs)
    assert isinstance(found, Reason) if shown is None else found[0] is Status(shown)


@pytest.mark.parametrize(
    ("numbers", "inputs", "proved"),
    [
        ({"radius": (0.1, 0.2)}, ON | WEIGHTED, True),
        ({"radius": (0, 0.2)}, ON | WEIGHTED, False),
        ({"radius": (0.1, 0.2)}, ON | WEIGHTED | {"bound": Fraction(1)}, False),
        ({"radius": (0.1, 0.2)}, ON | WEIGHTED | {"momentum": Fraction(1)}, False),
        (GOOD, ON | WEIGHTED, False),
        ({"radius": (0.1, 0.2)}, ON, False),
        (GOOD, ON, False),
    ],
)
def test_on_a_manifold_weights_are_asked_for(numbers, inputs, proved):
    """Numbers and inputs of an isolated point prove nothing there, and those of a manifold nothing elsewhere."""
    enclosed = {name: Enclosure(Fraction(low), Fraction(high)) for name, (low, high) in numbers.items()}
    facts = Facts(replace(RING, residual=True), WITNESS)
    assert (not isinstance(momentum.conclude(facts, enclosed, inputs), Reason)) is proved
    if "weights" in inputs:
        assert isinstance(momentum.conclude(Facts(RING, WITNESS), enclosed, inputs), Reason)


def test_on_a_manifold_no_basis_of_states_is_taken():
    """What is measured for isolated points is measured for them alone, whatever the basis is."""
    identity = tuple(Fraction(i == j) for i in range(4) for j in range(4))
    with arithmetic("arb", 106) as ar:
        for residual, found in ((True, False), (False, True)):
            problem = Problem(RING.objective, RING.rho, residual=residual)
            evidence = Evidence(problem.at(ar, [ar.constant(c) for c in WITNESS.centre]))
            assert (momentum.contraction_of(evidence, ON | {"basis": identity}) is not None) is found


@pytest.mark.parametrize(
    ("discs", "low", "high"),
    [
        ([(3, 4, 1)], 4, 6),
        ([(0, 2, 0), (1, 0, 0)], 2, 2),
        ([(2, 0, 1), (0, 0, 1)], 0, 3),  # they touch: both eigenvalues may be in the one around 0
        ([(2, 0, "1/2"), (0, 0, 1)], "3/2", "5/2"),
        ([(-3, 0, "1/4")], "11/4", "13/4"),
    ],
)
def test_the_spectral_radius_is_that_of_discs(monkeypatch, discs, low, high):
    """At least the least modulus of some component of their union, at most the largest of all."""
    found = Spectrum(tuple(Disc(Fraction(re), Fraction(im), Fraction(radius)) for re, im, radius in discs))
    monkeypatch.setattr(momentum, "spectrum", lambda *_: found)
    with arithmetic("arb", 106) as ar:
        point = RING.at(ar, [ar.constant(c) for c in WITNESS.centre])
        ends = momentum.expansion_of(Evidence(point), AT)
    assert ends.lower <= Fraction(low) <= ends.lower + Fraction(1, 2**60)
    assert ends.upper - Fraction(1, 2**60) <= Fraction(high) <= ends.upper
