"""SAM with momentum: what numbers show, and what discs of eigenvalues say of the spectral radius."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.spectrum import Disc, Spectrum
from hallucert.check.attraction import momentum
from hallucert.check.attraction.manifold import momentum as manifold_momentum
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
    if shown is not None:
        assert found[1].name == {"proved": "momentum.converges", "refuted": "momentum.repels"}[shown]


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
    found = momentum.conclude(facts, enclosed, inputs)
    assert (not isinstance(found, Reason)) is proved
    if proved:
        assert found[1].name == "momentum.manifold"
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


METHOD = {"step": Fraction(1, 4), "momentum": Fraction(1, 2)}
V = np.array([[2, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 1], [3, 1, 0, 2]])
SAM_MATRIX = np.array([[1, 2], [-3, 4]])


def numbers_of(ar, rows):
    return [[ar.approximate(v) for v in row] for row in rows]


def evidence_of(ar, **given):
    """Evidence of an isolated point (1, -2) with the matrix `SAM_MATRIX`."""
    point = SimpleNamespace(x=[ar.constant(Fraction(v)) for v in (1, -2)], sam_matrix=balls_of(ar, SAM_MATRIX))
    return SimpleNamespace(arithmetic=ar, residual_form=False, point=point, claims={}, **given)


def balls_of(ar, rows):
    return [[ar.constant(Fraction(int(v))) for v in row] for row in rows]


@pytest.mark.parametrize("nesterov", [0, 1])
def test_the_derivative_of_a_step_and_its_norm_are_those_of_matrices(nesterov):
    """``[[I - E k M, -E b' I], [M, b I]]``, and in coordinates ``V^-1 T V``, by numpy."""
    inputs = METHOD | {"nesterov": nesterov, "basis": tuple(Fraction(int(v)) for v in V.ravel())}
    k, carried, one = (1.5, 0.25, np.eye(2)) if nesterov else (1, 0.5, np.eye(2))
    exact = np.block([[one - k * SAM_MATRIX / 4, -carried / 4 * one], [SAM_MATRIX, one / 2]])
    with arithmetic("mpmath", 106) as ar:
        evidence = evidence_of(ar)
        found = momentum.derivative(ar, evidence.point.sam_matrix, inputs)
        np.testing.assert_allclose(numbers_of(ar, found), exact, atol=1e-15)
        basis, back = momentum.coordinates_of(evidence, inputs)
        np.testing.assert_allclose(numbers_of(ar, basis), V)
        np.testing.assert_allclose(numbers_of(ar, back), np.linalg.inv(V), atol=1e-12)
        c = momentum.contraction_of(evidence, inputs)
        parts = {name: np.array(numbers_of(ar, rows)) for name, rows in vars(c).items() if isinstance(rows, list)}
        turned = np.linalg.inv(V) @ exact @ V
        assert c.evidence is evidence
        np.testing.assert_allclose(parts["fixed"] + parts["left"] @ SAM_MATRIX @ parts["basis"] @ np.eye(2, 4), turned)
        np.testing.assert_allclose(parts["basis"], V[:2, :2])
        np.testing.assert_allclose(parts["back"], np.linalg.inv(V)[:, :2], atol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis": tuple(map(Fraction, range(9)))},
        {"basis": tuple(Fraction(int(i == j)) for i in range(5) for j in range(4))},
        {"basis": tuple(Fraction(int(i == j or (i, j) == (0, 3))) for i in range(4) for j in range(4))},
        {"basis": tuple(Fraction(int(i == j != 2)) for i in range(4) for j in range(4))},
        {"step": Fraction(0)},
        {"momentum": Fraction(1)},
    ],
)
def test_coordinates_of_states_keep_points_at_rest_apart(wrong):
    """Of the wrong order, with an entry above Z, singular, or of no method: nothing is measured in them."""
    identity = tuple(Fraction(int(i == j)) for i in range(4) for j in range(4))
    inputs = METHOD | {"nesterov": 0, "basis": identity, "size": Fraction(1), "bound": Fraction(1, 2)}
    with arithmetic("mpmath", 106) as ar:
        evidence = evidence_of(ar)
        assert momentum.coordinates_of(evidence, inputs) is not None
        assert momentum.coordinates_of(evidence, inputs | wrong) is None
        assert momentum.contraction_of(evidence, inputs | wrong) is None
        assert momentum.measure(evidence, inputs | wrong) is Reason.NEEDS_PREMISES


def test_states_are_as_far_off_as_in_these_coordinates(monkeypatch):
    """``|V^-1 (x - x*, v)|`` by numpy, and None without the claim, without its basis, or where a ball is endless."""
    inputs = METHOD | {"nesterov": 0, "basis": tuple(Fraction(int(v)) for v in V.ravel())}
    with arithmetic("mpmath", 106) as ar:
        evidence, x, v = evidence_of(ar), *balls_of(ar, [(4, 0), (-5, 6)])

        def arrival(claim, x=x):
            evidence.claims = {} if claim is None else {"momentum": SimpleNamespace(inputs=claim)}
            return momentum.measure_arrival(evidence, x, v, ar)

        found, exact = arrival(inputs), np.linalg.norm(np.linalg.solve(V, [3, 2, -5, 6]))
        assert float(found.lower) - 1e-12 < exact < float(found.upper) + 1e-12
        assert found.upper - found.lower < Fraction(1, 10**12)
        assert arrival(None) is arrival(METHOD | {"nesterov": 0}) is arrival(inputs | {"step": Fraction(0)}) is None
        assert arrival(inputs, [ar.indeterminate(), x[1]]) is None
        evidence.residual_form = True
        monkeypatch.setattr(manifold_momentum, "measure_arrival", lambda *given: given)
        assert arrival(inputs) == (evidence, x, v, ar)


def test_what_is_measured_depends_on_what_is_given(monkeypatch):
    """Weights, a basis, or neither: then the spectral radius, of M or of the kernel, if it is known."""
    monkeypatch.setattr(manifold_momentum, "measure", lambda *given: "weights")
    monkeypatch.setattr(momentum, "tangent_kernel", lambda evidence: balls_of(ar, [[2]]))
    inputs = METHOD | {"nesterov": 0}
    with arithmetic("mpmath", 106) as ar:
        evidence = evidence_of(ar)
        assert momentum.measure(evidence, inputs | {"weights": (), "basis": ()}) == "weights"
        matrices = []
        monkeypatch.setattr(momentum, "spectrum", lambda ar, m: matrices.append(len(m)))
        assert momentum.measure(evidence, inputs) is Reason.PRECISION
        evidence.residual_form = True
        assert momentum.measure(evidence, inputs) is Reason.PRECISION
        assert matrices == [4, 2]
        disc = Spectrum((Disc(Fraction(2), Fraction(0), Fraction(0)),))
        monkeypatch.setattr(momentum, "spectrum", lambda ar, m: disc)
        ends = momentum.measure(evidence, inputs)["expansion"]
        assert ends.lower <= 2 <= ends.upper < 2 + Fraction(1, 10**20)
        for wrong in ({"step": Fraction(0)}, {"momentum": Fraction(1)}, {"nesterov": 2}):
            assert momentum.measure(evidence, inputs | wrong) is Reason.NEEDS_PREMISES
