"""An epoch: the largest norms over all orders of the batches, with all matrices of their enclosures."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
import two_squares as known

from hallucert.balls import arithmetic
from hallucert.check.batches.reshuffled import MOST_BATCHES, epoch_of, measure
from hallucert.check.batches.steps import Steps
from hallucert.check.claim import Enclosure
from hallucert.check.reason import Reason

ONE = Enclosure(Fraction(1), Fraction(1))


def test_an_epoch_has_the_largest_norms_of_all_orders():
    """Of three matrices that do not commute, those of products written out in floats, and of sums along the way."""
    rng = np.random.default_rng(4)
    turned, descents = rng.normal(size=(3, 2, 2)), [1.0, 5.0, 0.25]
    norms, ways = [], []
    for order in permutations(range(3)):
        product, way = np.eye(2), 0.0
        for b in order:
            way += descents[b] * np.linalg.norm(product, 2)
            product = turned[b] @ product
        norms.append(np.linalg.norm(product, 2))
        ways.append(way)
    assert max(norms) > 1.1 * min(norms) and max(ways) > 1.1 * min(ways)
    with arithmetic("arb", 106) as ar:
        rows = [[[ar.from_float(x) for x in row] for row in t] for t in turned.tolist()]
        found = epoch_of(Steps(ar, rows, [Enclosure(Fraction(0), Fraction(d)) for d in descents], ONE))
    assert known.encloses(found.contraction, max(norms))
    assert float(found.descent) == pytest.approx(max(ways), rel=1e-14) and float(found.descent) >= max(ways) * (
        1 - 1e-15
    )


def test_an_epoch_of_wide_matrices_is_bounded_by_their_largest():
    """Numbers in [1/2, 3/4] and [1/8, 1/4], descents up to 2 and 4: 3/16, and 2 + 4 * 3/4 in the worse order."""
    ends = [(Fraction(1, 2), Fraction(3, 4)), (Fraction(1, 8), Fraction(1, 4))]
    with arithmetic("arb", 106) as ar:
        descents = [Enclosure(Fraction(1), Fraction(2)), Enclosure(Fraction(1), Fraction(4))]
        steps = Steps(ar, [[[ar.interval(*end)]] for end in ends], descents, ONE)
        found = epoch_of(steps)
        assert Fraction(3, 16) <= found.contraction.upper < Fraction(3, 16) + Fraction(1, 2**20)
        assert found.contraction.lower <= Fraction(1, 16)
        assert 5 <= found.descent < 5 + Fraction(1, 2**20)
        steps.turned[1][0][0] = ar.indeterminate()
        assert epoch_of(steps) is None


def test_the_number_of_orders_is_limited(monkeypatch):
    """One batch more than are taken is too many; as many are not."""
    assert MOST_BATCHES == 5
    inputs = known.AT_POINT | {
        "size": known.SIZE,
        "bound": Fraction(99, 100),
        "descent": Fraction(20),
        "slope": Fraction(5),
    }
    with arithmetic("arb", 106) as ar:
        for most, shown in ((2, True), (1, False)):
            monkeypatch.setattr("hallucert.check.batches.reshuffled.MOST_BATCHES", most)
            found = measure(known.evidence(ar), inputs)
            assert isinstance(found, dict) if shown else found is Reason.ORDERS
