"""Claim: a bifurcation diagram shows branches where their closed forms are, by stability, with events and proofs.

What the assertions do not show is that the picture is pleasant to look at.
"""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError


@pytest.fixture(scope="module")
def branch() -> hc.Branch:
    return hc.find.branch(hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2"), (0, 0), (1, 1))


def lines(ax: plt.Axes, label: str) -> list[np.ndarray]:
    """Return the data of the lines whose label is `label`, hidden from the legend or not."""
    return [np.asarray(line.get_xydata()) for line in ax.lines if str(line.get_label()).lstrip("_") == label]


def test_lines_follow_the_closed_form_by_stability(branch: hc.Branch) -> None:
    """The line rho = sqrt(2)(1 - y) repels up to 3/sqrt(2) and attracts from there on."""
    _, ax = plt.subplots()
    assert hc.plot.branches(branch, "y", ax=ax) is ax
    (repels,), (attracts,) = lines(ax, "repels SAM"), lines(ax, "attracts SAM")
    for data in (repels, attracts):
        np.testing.assert_allclose(data[:, 0], np.sqrt(2) * (1 - data[:, 1]), atol=1e-6)
    assert repels[:, 0].max() == pytest.approx(3 / np.sqrt(2)) == attracts[:, 0].min()
    assert (ax.get_xlabel(), ax.get_ylabel()) == (r"$\rho$", "$y$")


def test_events_stand_where_they_happen(branch: hc.Branch) -> None:
    """The one branch point is marked at rho = 3/sqrt(2), with the multiplier 1."""
    ax = hc.plot.branches([branch], "multiplier")
    marks = {c.get_label().lstrip("_"): np.asarray(c.get_offsets()) for c in ax.collections}
    np.testing.assert_allclose(marks["branch point"], [[3 / np.sqrt(2), 1]], atol=1e-9)


def test_certified_pieces_are_underlaid_and_leave_the_branch_point_out(branch: hc.Branch) -> None:
    """One certified piece ends before rho = 3/sqrt(2), one begins after, both on the closed form of f."""
    ax = hc.plot.branches(branch, "f", certificates=hc.certify(branch))
    first, second = lines(ax, "certified")
    assert first[:, 0].max() < 3 / np.sqrt(2) < second[:, 0].min()
    for data in (first, second):
        np.testing.assert_allclose(data[:, 1], 2 * ((data[:, 0] / np.sqrt(2) - 1) ** 2 - 1) ** 2, atol=1e-2)


@pytest.mark.parametrize(
    ("arguments", "options", "name"),
    [
        (([],), {}, "branches"),
        ((3,), {}, "branches"),
        ((), {"coordinate": "z"}, "coordinate"),
        ((), {"certificates": [1]}, "certificates"),
    ],
)
def test_misuse_is_named(branch: hc.Branch, arguments: tuple, options: dict, name: str) -> None:
    """No branches, a number for one, an unknown coordinate and a false certificate are each named."""
    with pytest.raises(ArgumentError) as caught:
        hc.plot.branches(*(arguments or (branch,)), **options)
    assert caught.value.argument == name
