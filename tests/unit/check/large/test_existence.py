"""Krawczyk's test on a slice: boxes with exactly one zero, boxes with none, and where the zero is."""

import large_samples as samples
import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.large.existence import SlicedWitness, krawczyk
from hallucert.check.large.slice import SharpSlice


@pytest.fixture(scope="module")
def place():
    """A slice near a zero, the sharp one, and the zero to about 200 bits: a middle and what is to be added to it."""
    f, x = samples.found()
    on_slice = samples.slice_through(f, x + 1e-9)
    sharp = SharpSlice(on_slice, arithmetic("arb", 400))
    inverse = np.linalg.inv(on_slice.columns("jacobian", MidRad(np.zeros(8)))[0].mid)
    middle = np.zeros(8)
    for _ in range(6):
        middle = middle - inverse @ sharp.run("residual", middle)[0].mid
    return on_slice, sharp, middle, inverse


def outcome(place, middle, radius):
    on_slice, sharp = place[:2]
    witness = SlicedWitness(on_slice.centre, middle, np.full(8, radius))
    return krawczyk(on_slice, witness, sharp.run("residual", middle)[0])


def test_the_reach_holds_the_zero_and_is_sharp(place):
    """From a middle 1e-9 off the zero, the reach contains the distance and is hardly larger."""
    middle, off = place[2], 1e-9 * np.sin(np.arange(8) + 1.0)
    test = outcome(place, middle + off, 1e-8)
    assert test.proved and not test.excluded
    assert (test.reach >= abs(off) * (1 - 1e-6)).all() and (test.reach <= abs(off) + 0.05e-9).all()


def test_boxes_that_miss_the_zero_are_excluded(place):
    """A box of half width 1e-9, 3e-9 beside the zero in one coordinate, holds none; the box around it holds one."""
    middle = place[2]
    beside = outcome(place, middle + 3e-9 * np.eye(8)[2], 1e-9)
    assert beside.excluded and not beside.proved
    assert outcome(place, middle, 1e-9).proved


def test_a_box_on_whose_edge_the_zero_lies_decides_nothing(place):
    """With the zero at a corner of the box, nothing is proved and nothing excluded; nor on too large a box."""
    corner = outcome(place, place[2] + 1e-9, 1e-9)
    assert not corner.proved and not corner.excluded
    large = outcome(place, place[2], 1.0)
    assert not large.proved and not large.excluded and large.filled > 1


class OneUnknown:
    """``G`` of one unknown, with the derivative in a given interval on any box."""

    def __init__(self, slope):
        self.slope = slope

    def at(self, box, *names):
        self.box = box
        return self

    def run(self, name):
        return [self.box * self.slope]

    def columns(self, name):
        return [self.slope.reshape(1, 1)]


def tried(slope, value, radius):
    witness = SlicedWitness(np.zeros(1), np.zeros(1), np.array([radius]))
    return krawczyk(OneUnknown(slope), witness, MidRad(np.array([value])))


def test_the_reach_holds_the_zero_where_its_share_of_the_box_underflows():
    """G = v + s z with a slope from 0.1 to 1.9: the zero may be 10 v away, also where v is 2**-1900 of the box."""
    value = 2.0**-900
    test = tried(MidRad(np.array([1.0]), 0.9 - 2.0**-40), value, 2.0**1000)
    assert test.proved and test.reach[0] >= 9.99 * value


def test_a_slope_whose_inverse_overflows_decides_nothing():
    """The float inverse of 1e-310 is infinite: that is no error."""
    test = tried(MidRad(np.array([1e-310])), 1e-320, 1.0)
    assert not test.proved and not test.excluded
