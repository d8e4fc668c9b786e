"""The soak test is itself tested: its exact comparisons by rational numbers, and each kind with a planted error."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import soak

from hallucert.balls import lanes

COMPARISONS = {
    "sum": (soak.sum_at_least, lambda a, b: a + b),
    "product": (soak.product_at_least, lambda a, b: a * b),
    "quotient": (soak.quotient_at_least, lambda a, b: a / b),
    "root": (lambda a, _, bound: soak.root_at_least(a, bound), None),
}


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons_are_those_of_rational_numbers(name):
    """Whether a double is at most a sum, product, quotient or root: also at subnormals and one unit beside it."""
    compare, operation = COMPARISONS[name]
    rng = np.random.default_rng(3)
    a, b = (soak.doubles(rng, 400) for _ in range(2))
    keep = (b != 0) & (a > 0 if name == "root" else True)
    a, b = a[keep], b[keep]
    with np.errstate(all="ignore"):
        near = np.sqrt(a) if name == "root" else operation(a, b)
        bounds = [near, np.nextafter(near, np.inf), np.nextafter(near, -np.inf), 0 * a, -near, 2 * near]
        answers = [compare(a, b, bound) for bound in bounds]
    checked = 0
    for bound, answer in zip(bounds, answers, strict=True):
        for x, y, v, found in zip(a.tolist(), b.tolist(), bound.tolist(), answer.tolist(), strict=True):
            if math.isfinite(v):
                exact = Fraction(x) if name == "root" else operation(Fraction(x), Fraction(y))
                expected = v <= 0 or Fraction(v) ** 2 <= exact if name == "root" else Fraction(v) <= exact
                assert found == expected, (x, y, v)
                checked += 1
    assert checked > 800


def _failures(check, seeds):
    count, found = Counter(), []
    for seed in range(seeds):
        found += check(np.random.default_rng([seed, 1]), count)
    assert count.total() > 100
    return found


def test_intervals_of_doubles_hold_and_a_missing_rounding_is_found(monkeypatch):
    """No end is wrong; without the unit in the last place each operation fails, without care for tiny ones products."""
    monkeypatch.setattr(soak, "LANES", 256)
    assert _failures(soak.check_doubles, 4) == []
    monkeypatch.setattr(lanes, "_TINY", 0.0)
    assert {text.split(",")[0] for text in _failures(soak.check_doubles, 4)} == {"doubles mul", "doubles div"}
    monkeypatch.setattr(lanes, "_UNIT", 0.0)
    found = {text.split(",")[0] for text in _failures(soak.check_doubles, 1)}
    assert found == {f"doubles {name}" for name in ("add", "sub", "mul", "div", "sqrt")}


def test_random_formulas_hold_and_a_moved_enclosure_is_found(monkeypatch):
    """No node is wrong in any arithmetic; one part in 2**40 is noticed, by the values and by the other arithmetics."""
    assert _failures(soak.check_tapes, 4) == []
    in_balls = soak.in_balls

    def moved(name, bits):
        run = in_balls(name, bits)
        factor = 1 + Fraction(name == "arb", 2**25)
        return lambda *arguments: [ends and (ends[0] * factor, ends[1] * factor) for ends in run(*arguments)]

    monkeypatch.setattr(soak, "in_balls", moved)
    found = _failures(soak.check_tapes, 4)
    assert {"60 digits at 0 and arb", "arb and mpmath"} <= {
        text.split(": ")[0].removeprefix("tapes, ") for text in found
    }
