"""A checker of a census that has nothing, and what it may be about."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.census.records import CriticalPoint, Kind, Open, Problem, Unsettled
from hallucert.check.census.verify import Checker
from hallucert.check.claim import Enclosure
from hallucert.clock import UNLIMITED

AR = arithmetic("arb", 106)


def box(*sides):
    return tuple(Enclosure(Fraction(low), Fraction(high)) for low, high in sides)


TINY = Fraction(1, 2**60)


def around(*centre, room=TINY):
    return box(*((Fraction(v) - room, Fraction(v) + room) for v in centre))


FIRST = CriticalPoint(box((0, 1)), Kind.MINIMIZER, box((-1, 2)))
SECOND = CriticalPoint(box((3, 4)), Kind.SADDLE, box((2, 5)))
TOUCHING = CriticalPoint(box((1, 2)), Kind.SADDLE, box((0, 3)))
VAGUE = CriticalPoint(box((0, 1)), Kind.DEGENERATE)
ANYWHERE = Unsettled(None, box((7, 8)), Open.BUDGET)
SOMEWHERE = Unsettled(box((0, 1)), box((8, 9)), Open.BUDGET)


def small(formula="(x**2 - 1)**2/4 + y**2/20", region=((-2, 2), (-2, 2)), rho="3/2", variables=("x", "y")) -> Checker:
    """A checker of a census that has nothing."""
    problem = Problem(hc.Objective.parse(formula, variables), Fraction(rho), np.array(region, float))
    parts = dict.fromkeys(("critical_points", "points", "excluded", "pending"), ())
    return Checker(hc.Census(problem, **parts, boxes=1, seconds=1.0, provenance=None), AR, 200, UNLIMITED)
