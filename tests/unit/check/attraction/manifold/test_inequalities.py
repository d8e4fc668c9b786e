"""Claim: bounds on a set serve only where each inequality of the theorem holds, exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hallucert.check.attraction.manifold import basin
from hallucert.check.attraction.manifold.basin import Bounds, Weights


def numbers(text: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, text.split()))


BASE = {
    "n": "1/8 1/16  1/16 1/8",
    "e": "1 2",
    "d": "1/2 1/4",
    "slope": "2 3",
    "s": "4 1  1 9",
    "reached": "1",
    "step": "1/4",
    "size": "1/8",
    "bound": "1/2",
    "p": "1 1/2  1/4 1",
    "q": "1 2",
    "omega": "2 2",
    "sigma": "4 4",
    "gamma": "4",
    "reach": "1",
}
LITTLE = Fraction(1, 2**20)


def served(**changes: str) -> bool:
    given = {name: numbers(text) for name, text in {**BASE, **changes}.items()}
    arrays = {name: np.array([float(v) for v in given[name]]) for name in ("n", "e", "d", "slope", "s", "reached")}
    squares = (arrays[name].reshape(2, 2) for name in "ns")
    assert all(Fraction(a) == b for name, array in arrays.items() for a, b in zip(array, given[name], strict=True))
    n, s = squares
    bounds = Bounds(n, arrays["e"], arrays["d"], arrays["slope"], s, float(arrays["reached"][0]))
    inputs = {name: given[name][0] for name in ("step", "size", "bound", "reach")}
    inputs |= {"blocks": numbers("1 1"), "weights": given["p"] + given["q"]}
    return basin.serves(bounds, inputs | {"widths": given["omega"] + given["sigma"] + given["gamma"]})


AT_THE_EDGE = {
    # kept: P N <= kappa P, entry by entry
    "kept 00": ({"p": "1 4 1 1", "n": "1/4 1/16  1/16 1/8"}, "n", 0, 1, True),
    "kept 01": ({"n": "1/8 3/16  1/16 1/8"}, "n", 1, 1, True),
    "kept 10": ({"n": "1/8 1/16  3/32 1/8"}, "n", 2, 1, True),
    "kept 11": ({"p": "1 4 1 1", "n": "1/8 1/16  1/16 7/16"}, "n", 3, 1, True),
    "kappa": ({"bound": "3/8"}, "bound", 0, -1, True),
    "kappa < 1": ({"bound": "1"}, "bound", 0, 1, False),
    "kappa > 0": ({"bound": "0", "n": "0 0 0 0"}, "bound", 0, -1, False),
    "P at least I": ({}, "p", 0, -1, True),
    "P at least I, below": ({}, "p", 3, -1, True),
    "P at least 0": ({"p": "1 0 1/4 1", "n": "1/8 0  1/16 1/2"}, "p", 1, -1, True),
    # q N + E e <= q
    "carried 0": ({"e": "3 2"}, "e", 0, 1, True),
    "carried 1": ({"e": "1 27/4"}, "e", 1, 1, True),
    "carried 01": ({"p": "1 1 1 1", "n": "1/8 1/4  1/16 1/8", "e": "1 6"}, "n", 1, 1, True),
    "carried 10": ({"p": "1 1 1 1", "n": "1/8 1/16  5/16 1/8"}, "n", 2, 1, True),
    # theta: at most 1, and the largest of what P a <= omega has squared in it
    "theta, sigma_1": ({"size": "4/3", "s": "0 0 0 0"}, "size", 0, 1, True),
    "theta, sigma_0": ({"size": "4/3", "s": "0 0 0 0", "slope": "3 2"}, "size", 0, 1, True),
    "theta of slope_0": ({"slope": "16 0", "s": "0 0 0 0", "d": "1 0", "omega": "1/4 2"}, "d", 0, 1, True),
    "theta of slope_1": ({"slope": "0 16", "s": "0 0 0 0", "d": "1 0", "omega": "1/4 2"}, "d", 0, 1, True),
    "theta of gamma": ({"slope": "0 0", "size": "2", "d": "1 0", "omega": "1/4 2"}, "d", 0, 1, True),
    # P a <= omega: r p |L| without S, which is too large, or the root of p S p^T, where |L| is
    "P a, row 0": ({"s": "99 99 99 99", "d": "0 0", "omega": "7/16 2"}, "omega", 0, -1, True),
    "P a, row 1": ({"s": "99 99 99 99", "d": "0 0", "omega": "2 7/16"}, "omega", 1, -1, True),
    "P a, root": ({"s": "4 4 2 36", "slope": "9 9", "d": "1 2", "omega": "337/512 3/2"}, "omega", 0, -1, True),
    "P a, bends": ({"s": "0 0 0 0", "slope": "16 0", "d": "3 0", "omega": "3/4 2"}, "omega", 0, -1, True),
    # omega + D < sigma
    "inside 0": ({"omega": "7/2 2"}, "omega", 0, 1, False),
    "inside 1": ({"omega": "2 15/4"}, "omega", 1, 1, False),
    # r + q a < gamma
    "aside": ({"s": "99 99 99 99", "d": "0 0", "gamma": "9/8"}, "gamma", 0, -1, False),
    "aside, root": ({"s": "4 4 2 12", "slope": "8 8", "d": "1 1", "gamma": "21/16"}, "gamma", 0, -1, False),
    # the others
    "r > 0": ({"size": "0"}, "size", 0, -1, False),
    "reach": ({}, "reach", 0, -1, True),
    "reached": ({}, "reached", 0, 1, True),
}
"""Changes that make an inequality an equality; what breaks it if it grows, or falls; whether the equality serves."""


@pytest.mark.parametrize("name", AT_THE_EDGE)
def test_each_inequality_decides_by_itself(name: str) -> None:
    """At its edge it holds, or where it is strict does not; a little on one side it serves, on the other not."""
    changes, field, i, sign, closed = AT_THE_EDGE[name]
    assert served()
    assert served(**changes) is closed
    values = list(numbers({**BASE, **changes}[field]))
    for way, holds in ((sign, False), (-sign, True)):
        moved = [v + way * LITTLE * (j == i) for j, v in enumerate(values)]
        assert served(**changes) is closed and served(**{**changes, field: " ".join(map(str, moved))}) is holds


def test_what_bends_more_than_is_allowed_is_no_root_to_be_squared() -> None:
    """Where omega - P theta^2 D is negative, its square says nothing."""
    assert not served(s="0 0 0 0", slope="16 0", d="3 0", omega="1/64 2")
    assert not served(s="0 0 0 0", slope="1 0", d="3 0", gamma="1/4", q="900 2")


@pytest.mark.parametrize(
    ("changes", "sense"),
    [
        ({}, True),
        ({"weights": "1 0 0 1 0 0"}, True),
        ({"weights": "1 2 3 4 5"}, False),
        ({"weights": "1 2 3 4 5 6 7"}, False),
        ({"widths": "1 2 3 4"}, False),
        ({"widths": "1 2 3 4 5 6"}, False),
        ({"widths": "0 2 3 4 5"}, False),
        ({"widths": "1 2 3 4 0"}, False),
        ({"weights": "1 2 3 4 -1 6"}, False),
        ({"weights": "1 -1 3 4 5 6"}, False),
        ({"weights": "1/2 2 3 4 5 6"}, False),
        ({"weights": "1 2 3 1/2 5 6"}, False),
    ],
)
def test_weights_are_cut_out_of_inputs(changes: dict[str, str], sense: bool) -> None:
    """P by rows, then q; omega, sigma, gamma. As many as there are, P at least I, q at least 0, widths positive."""
    given = {name: numbers(v) for name, v in {"weights": "1 2 3 4 5 6", "widths": "1 2 3 4 5", **changes}.items()}
    found = Weights.of({"blocks": numbers("1 3"), **given})
    assert (found is not None) is sense
    if sense and not changes:
        assert found == Weights([[1, 2], [3, 4]], [5, 6], [1, 2], [3, 4], Fraction(5))
