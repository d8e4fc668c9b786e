"""Mini-batches: partitions as users give them, their losses, and what files hold of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.batches import Batches, batches_from_json, checked_batches, part_of

RNG = np.random.default_rng(3)
INPUTS, TARGETS = RNG.normal(size=(4, 2)), RNG.normal(size=(4, 2))
NET = hc.TanhNetwork((2, 3, 2), INPUTS, TARGETS)
THREE = hc.Objective.least_squares(["x**2 + y", "y*z", "z - 1"], n=6)


def test_the_loss_of_a_batch_of_samples_is_that_of_a_network_on_them():
    """Value, Hessian and residuals are those of a network on these samples alone; the mean is the whole loss."""
    batches = checked_batches(NET, [[3, 0], [2, 1]])
    assert batches.rows == ((0, 1, 6, 7), (2, 3, 4, 5))
    x = NET.initial(1)
    for f, samples in zip(batches.parts(NET), ([0, 3], [1, 2]), strict=True):
        alone = hc.TanhNetwork((2, 3, 2), INPUTS[samples], TARGETS[samples])
        assert f.n == alone.n == 2
        np.testing.assert_allclose(f.value(x), alone.value(x), rtol=1e-14)
        np.testing.assert_allclose(f.hessian(x), alone.hessian(x), rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(f.residual(x), alone.residual(x))
    values = [float(p) * f.value(x) for p, f in zip(batches.probabilities, batches.parts(NET), strict=True)]
    np.testing.assert_allclose(sum(values), NET.value(x), rtol=1e-14)


def test_the_loss_of_a_batch_of_formulas_is_written_down():
    """(1/2n_b) |r_b|^2 with n_b = n |b|/m: of two of three residuals, n = 6, it is (r_0^2 + r_2^2)/8."""
    part = part_of(THREE, (0, 2))
    assert part.n == 4
    assert part.value([1.0, 2.0, 4.0]) == (3.0**2 + 3.0**2) / 8
    assert part.variables == THREE.variables


def test_sizes_and_lists_are_partitions_with_probabilities_by_size():
    """A size makes batches of consecutive samples; lists come in any order, with their probabilities."""
    assert checked_batches(NET, 2).rows == ((0, 1, 2, 3), (4, 5, 6, 7))
    assert checked_batches(THREE, 1).rows == ((0,), (1,), (2,))
    found = checked_batches(THREE, [[2, 1], [0]])
    assert found == Batches(((0,), (1, 2)), (Fraction(1, 3), Fraction(2, 3)))
    found = checked_batches(THREE, [[2, 1], [0]], ["0.25", "3/4"])
    assert found == Batches(((0,), (1, 2)), (Fraction(3, 4), Fraction(1, 4)))
    assert checked_batches(THREE, found) is found


@pytest.mark.parametrize(
    "batches", [0, 2, -1, 1.5, [], [[0, 1]], [[0, 1], [1, 2]], [[0], [1], [2], []], [[0, 1, 2, 3]], "x"]
)
def test_what_is_no_partition_is_refused(batches):
    """Sizes that do not divide, samples missing, twice or out of range, and empty batches."""
    with pytest.raises(ArgumentError, match="batches must"):
        checked_batches(THREE, batches)


@pytest.mark.parametrize("given", [["1/2"], ["1/2", "1/3"], ["1", "0"], ["2", "-1"], ["a", "b"]])
def test_what_are_no_probabilities_is_refused(given):
    """Too few, another sum than 1, and such that are not positive."""
    with pytest.raises(ArgumentError, match="probabilities must"):
        checked_batches(THREE, [[0], [1, 2]], given)


def test_functions_without_residuals_have_no_batches():
    """Only sums of squares are cut into batches; batches of another function are refused."""
    with pytest.raises(ArgumentError):
        checked_batches(hc.Objective.parse("x**2"), 1)
    with pytest.raises(ArgumentError):
        checked_batches(THREE, checked_batches(NET, 2))


GOOD = {"rows": [[0, 2], [1]], "probabilities": ["2/3", "1/3"]}


def test_files_give_batches_back():
    """What is written is read."""
    batches = batches_from_json(GOOD, "problem.batches")
    assert batches == Batches(((0, 2), (1,)), (Fraction(2, 3), Fraction(1, 3)))
    assert batches.to_json() == GOOD


@pytest.mark.parametrize(
    "change",
    [
        {"rows": [[1], [0, 2]]},
        {"rows": [[2, 0], [1]]},
        {"rows": [[0, 2], [2]]},
        {"rows": [[0, 3], [1]]},
        {"rows": [[0, True], [2]]},
        {"rows": [[0, 2], []]},
        {"rows": [[0, 2, 1]]},
        {"rows": [[0, 1], [2.0]]},
        {"rows": []},
        {"rows": "02"},
        {"probabilities": ["4/6", "1/3"]},
        {"probabilities": ["1/3", "1/3"]},
        {"probabilities": ["1", "0"]},
        {"probabilities": ["3/2", "-1/2"]},
        {"probabilities": [1, 0]},
        {"probabilities": ["1"]},
        {"more": 1},
    ],
)
def test_malformed_batches_are_refused(change):
    """Each is a CertificateError that names the field."""
    with pytest.raises(CertificateError, match=r"problem\.batches"):
        batches_from_json(GOOD | change, "problem.batches")
