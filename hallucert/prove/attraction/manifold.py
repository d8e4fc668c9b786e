"""Inputs of the claims ``basin`` and ``momentum`` in residual form: about the largest ball of starts, and weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.balls.midrad.rounding import Doubles
from hallucert.check.attraction.manifold import basin as theorem
from hallucert.check.attraction.manifold.around import norms
from hallucert.check.attraction.manifold.basin import Near
from hallucert.check.attraction.manifold.frame import Slopes
from hallucert.check.attraction.manifold.momentum import Bounds, serves
from hallucert.check.point.rule import Evidence, Inputs
from hallucert.check.publishing import length_at
from hallucert.check.reason import Reason
from hallucert.errors import DomainError
from hallucert.exact import round_down, round_up

BoundsOn = Callable[[Fraction], Bounds | None]
"""The bounds on a ball of a given radius, if there are some."""
BoundsOf = Callable[[Sequence[Fraction]], theorem.Bounds | None]
"""The bounds on a set, of given sigma and gamma."""

# The first radius is half of rho; it is halved until a proof succeeds, and then brought nearer to the last failure.
HALVINGS, REFINEMENTS = 40, 3
SLACK = Fraction(1, 2**20)  # room for what a checker rounds in another way
ROOM = 2**-10  # the same, of inequalities between weights
MARGIN = 1 + 2**-7  # the same, of the sizes of a set
SMALL = Fraction(1, 2**100)  # a set on which derivatives are those at the point
SHARE = 0.25  # of the radius by the derivatives at the point: what their widths leave, about
RATE_KEPT = 1 / 2  # of the rate of the bounds: more makes weights larger
GROWTH, ROUNDS = 1.03, 12  # of making a set larger until it holds what its bounds ask for


def basin(evidence: Evidence, inputs: Inputs) -> Inputs | Reason:
    """Add a set, and weights, that serve for about the largest ball of starts."""
    near = Near.of(evidence, inputs)
    try:
        if near is None or near.directions is None:
            return Reason.PRECISION
        found = _Search(near).largest(float(length_at(evidence.point) / 2))
        return Reason.STEP if found is None else {**inputs, **found.inputs}
    except DomainError:
        return Reason.PRECISION


@dataclass(frozen=True)
class _Set:
    """A radius, and the sizes of a set that serves for it."""

    radius: float
    sizes: Doubles
    inputs: Inputs


class _Search:
    """Sets around a point, of which sigma and gamma grow with the radius; all in floats."""

    def __init__(self, near: Near) -> None:
        self.near, self.step = near, near.frame.step
        self.given = {"step": self.step, "blocks": near.frame.blocks}

    @cached_property
    def _at_point(self) -> Slopes:
        """The derivatives at the point."""
        tiny = self.near.around([SMALL] * (len(self.near.frame.blocks) + 1))
        if tiny is None:
            raise DomainError("there are no directions")
        return self.near.frame.slopes(tiny)

    def largest(self, first: float) -> _Set | None:
        """Return a set for about the largest radius, first by derivatives at the point, then by enclosures."""
        rough = self._grown(first, self._roughly)
        return None if rough is None else self._grown(SHARE * rough.radius, self._surely)

    def _grown(self, radius: float, serving: Callable[[float], _Set | None]) -> _Set | None:
        """Return about the largest set that serves, between radii of which one serves and the next does not."""
        found, factor = serving(radius), 0.5
        rising = found is not None
        for _ in range(HALVINGS):
            radius = radius / factor if rising else radius * factor
            passed = serving(radius)
            found = passed or found
            if (passed is None) == rising:
                break
        if found is None:
            return None
        for _ in range(REFINEMENTS):
            factor = factor**0.5
            found = serving(found.radius / factor) or found
        return found

    def _roughly(self, radius: float) -> _Set | None:
        """A set for a radius, by the derivatives at the point."""

        def bounds_on(widths: Sequence[Fraction]) -> theorem.Bounds | None:
            around = self.near.around(widths)
            return None if around is None else self.near.bounds_by(around, [self._at_point])

        slope = self.near.frame.by_blocks(norms(self.near.frame.at_point[0], -1), 0)
        return self._settled(radius, radius * np.append(slope, 1.0) * (1 + ROOM), bounds_on)

    def _surely(self, radius: float) -> _Set | None:
        """The same by the bounds that a checker finds, from there on."""

        def bounds_on(widths: Sequence[Fraction]) -> theorem.Bounds | None:
            around = self.near.around(widths)
            return None if around is None else self.near.bounds(around)

        rough = self._roughly(radius)
        return None if rough is None else self._settled(radius, rough.sizes, bounds_on)

    def _settled(self, radius: float, sizes: Doubles, bounds_on: BoundsOf) -> _Set | None:
        """Return a set for a radius: it grows until it holds what its bounds ask for. None if it never does."""
        for _ in range(ROUNDS):
            if not np.isfinite(sizes).all():
                return None
            bounds = bounds_on([Fraction(v) for v in (sizes * MARGIN).tolist()])
            proposed = None if bounds is None else self._weighted(radius, sizes, bounds)
            if proposed is None:
                return None
            asked, inputs = proposed
            if (asked <= sizes).all():
                passed = bounds is not None and theorem.serves(bounds, {**self.given, **inputs})
                return _Set(radius, sizes, inputs) if passed else None
            sizes = np.maximum(sizes, asked * GROWTH)
        return None

    def _weighted(self, radius: float, sizes: Doubles, bounds: theorem.Bounds) -> tuple[Doubles, Inputs] | None:
        """Return the sizes that bounds ask for, and the inputs that they make."""
        n, one = bounds.contraction, np.eye(len(bounds.contraction))
        try:
            slow = 1 - np.abs(np.linalg.eigvals(n)).max()
            fastest = 1 - RATE_KEPT * slow
            kept, rest = np.linalg.inv(one - n / fastest), np.linalg.inv(one - n)
        except np.linalg.LinAlgError:
            return None
        if not (slow > 0 and np.isfinite(kept).all() and kept.min() >= 0 and rest.min() >= 0):
            return None
        p = kept / np.diag(kept)[:, None]
        q = float(self.step) * bounds.drift * (1 + ROOM) @ rest
        theta = max((bounds.slope * radius / sizes[:-1]).max(), radius / sizes[-1])
        rows = np.concatenate([p, q[None]])
        along = np.minimum(rows @ bounds.slope, np.sqrt(np.einsum("ij,jk,ik->i", rows, bounds.slopes, rows)))
        ways = (along * radius + theta**2 * rows @ bounds.bend) * (1 + ROOM)
        asked = np.concatenate([ways[:-1] + bounds.bend, [radius + ways[-1]]]) * (1 + ROOM)
        bound = round_up(Fraction(float(1 - RATE_KEPT * slow * (1 - 2**-6))), 60)
        inputs = {
            "size": Fraction(radius),
            "bound": bound,
            "weights": tuple(Fraction(v) for v in rows.reshape(-1).tolist()),
            "widths": tuple(Fraction(v) for v in [*ways[:-1].tolist(), *sizes.tolist()]),
            "reach": round_up(Fraction(bounds.reach), 24),
        }
        return asked, inputs


def with_ball(bounds_on: BoundsOn, evidence: Evidence, inputs: Inputs) -> Inputs | Reason:
    """Add a ball, weights, and what they bound, by bounds on balls."""
    found = None
    size = round_down(length_at(evidence.point) / 2, 4)
    for _ in range(HALVINGS):
        passed = _paid(bounds_on(size), inputs["step"])
        if passed is not None and (found is None or _radius(size, passed) > _radius(*found)):
            found = size, passed
        elif found is not None:
            break
        size /= 2
    if found is None:
        return Reason.STEP
    for k in range(1, REFINEMENTS + 1):
        for factor in (1 + Fraction(1, 2**k), 1 - Fraction(1, 2 ** (k + 1))):
            passed = _paid(bounds_on(found[0] * factor), inputs["step"])
            if passed is not None and _radius(found[0] * factor, passed) > _radius(*found):
                found = found[0] * factor, passed
                break
    return {**inputs, "size": found[0], **found[1]}


def _radius(size: Fraction, weights: Inputs) -> Fraction:
    """Return the radius of the ball of starts."""
    radius: Fraction = size / (1 + weights["slope"])
    return radius


def _paid(bounds: Bounds | None, step: Fraction) -> Inputs | None:
    """Return weights that serve, with the bounds kappa and of the slope; None if there are none.

    ``p (I - N) = E b`` with a little more on the right, so that the inequalities hold with room. All in floats.
    """
    if bounds is None:
        return None
    n, b = bounds.contraction, bounds.descent
    try:
        p = np.linalg.solve((np.eye(len(n)) - n).T, float(step) * b * (1 + ROOM))
    except np.linalg.LinAlgError:
        return None
    if not (np.isfinite(p).all() and (p > 0).all()):
        return None
    rest = Fraction(float((float(step) * b / p).min()))  # of 1 - kappa, the room included
    bound = round_up(1 - rest, 60)
    slope = round_up(Fraction(float(min(p @ bounds.slope, np.sqrt(p @ bounds.slopes @ p)))) * (1 + SLACK), 24)
    weights = tuple(Fraction(v) for v in p.tolist())
    passed = bound < 1 and serves(bounds, step, bound, weights, slope)
    return {"bound": bound, "weights": weights, "slope": slope} if passed else None
