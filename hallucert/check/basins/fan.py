"""One SAM step of tubes for all directions u that the gradient may have on them, and for any u where g may be 0.

A tube is ``x = c + Q r`` as in `hallucert.check.basins.tube`, with the box X around it. Every unit vector is ``p/|p|``
for a p on the boundary of the square ``|p_i| <= 1``, which is cut into arcs ``p = e + t e'``, ``t0 <= t <= t1``: e is
one of the four directions of the axes, and e' is to the left of it. If ``g = |g| u`` with u in such an arc,

    e . g >= 0,      (e' - t0 e) . g >= 0,      (t1 e - e') . g >= 0,

also for g = 0. By ``g(x) in g(c) + H(X) Q r`` some of these are impossible on the tube for most arcs, which are left
out. For the others, with u' in the arc, ``z = c + rho u'``,

    x - eta g(x + rho u)  in  c - eta g(z) + (I - eta H(z + D)) (x - c) - eta rho H(z + D) (u - u'),

where D is a box with 0 and all ``(x - c) + rho (u - u')`` (mean value theorem, on segments from z).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import LaneArithmetic, ends
from hallucert.check.basins.tube import SamStep, Tubes, product
from hallucert.clock import look

TURNS = 32
"""A side of the square of directions is cut into so many arcs: a power of two, so that their ends are exact."""
SIDES = np.array([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)])
TOGETHER = 128
"""Tubes whose arcs are looked at together, so that their lanes stay in the cache."""


def fan(step: SamStep, tubes: Tubes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return boxes (m, 2, 2) that cover the images of tubes, their lanes (m,), and for which lanes these are known."""
    arcs, middles = _directions(step.lanes)
    owners, boxes, knowns = [np.zeros(0, np.int64)], [np.zeros((0, 2, 2))], [np.zeros(0, bool)]
    for first in range(0, len(tubes), TOGETHER):
        look()
        owner, images, known = _fan(step, tubes[first : first + TOGETHER], arcs, middles)
        owners.append(first + owner)
        boxes.append(images)
        knowns.append(known)
    return np.concatenate(owners), np.concatenate(boxes), np.concatenate(knowns)


def _fan(
    step: SamStep, tubes: Tubes, arcs: np.ndarray, middles: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Do what `fan` does, for a few tubes."""
    lanes, f, count = step.lanes, step.f, len(tubes)
    c, q, r = [lanes.box(x, x) for x in tubes.centre.T], step.axes(tubes.turn), [lanes.box(-s, s) for s in tubes.size.T]
    moved = [row[0] * r[0] + row[1] * r[1] for row in q]
    around = [a + b for a, b in zip(c, moved, strict=True)]
    gradient, bent = f.enclose_gradient(lanes, c), product(f.enclose_hessian(lanes, around), q)
    owner, arc = (index.ravel() for index in np.indices((count, len(arcs))))
    g, s = ([lanes.picked(v, owner) for v in values] for values in (gradient, r))
    h = [[lanes.picked(v, owner) for v in row] for row in bent]
    possible = step.defined(around, count)[owner]
    for normal in _normals():
        p = [lanes.box(x, x) for x in normal[arc].T]
        turned = [p[0] * h[0][j] + p[1] * h[1][j] for j in range(2)]
        component = p[0] * g[0] + p[1] * g[1] + turned[0] * s[0] + turned[1] * s[1]
        possible &= ~(ends(lanes, component, len(owner))[1] < 0)
    owner, arc = owner[possible], arc[possible]
    centre, way = ([lanes.picked(v, owner) for v in pair] for pair in (c, moved))
    around_u, u = ([lanes.box(*side.T) for side in which[arc].swapaxes(0, 1)] for which in (arcs, middles))
    images, defined = _images(step, centre, way, around_u, u, len(owner))
    known = step.defined(around, count).copy()
    known[owner[~defined]] = False
    kept = known[owner]
    return owner[kept], images[kept], known


def _ends() -> np.ndarray:
    """Return t at both ends of the arcs of a side, exactly, (TURNS, 2)."""
    first = np.arange(-TURNS, TURNS, 2) / TURNS
    return np.stack([first, first + 2 / TURNS], -1)


def _normals() -> np.ndarray:
    """Return e, ``e' - t0 e`` and ``t1 e - e'`` of all arcs, exactly, (3, 4 TURNS, 2)."""
    t, left = _ends(), np.stack([-SIDES[:, 1], SIDES[:, 0]], -1)[:, None]
    e = np.broadcast_to(SIDES[:, None], (len(SIDES), TURNS, 2))
    return np.stack([e, left - t[:, :1] * e, t[:, 1:] * e - left]).reshape(3, -1, 2)


def _directions(lanes: LaneArithmetic) -> tuple[np.ndarray, np.ndarray]:
    """Enclose the unit vectors of all arcs, and of one direction in each: ends of both components, (4 TURNS, 2, 2).

    t does not change its sign on an arc, so that both components are monotone there.
    """
    t = _ends()
    first, last, middle = (_units(lanes, x) for x in (*t.T, t.mean(axis=1)))
    return np.stack([np.minimum(first, last)[..., 0], np.maximum(first, last)[..., 1]], -1), middle


def _units(lanes: LaneArithmetic, t: np.ndarray) -> np.ndarray:
    """Enclose the unit vectors in the directions ``e + t e'`` of all sides, (4 TURNS, 2, 2)."""
    one, tangent = lanes.constant(Fraction(1)), lanes.box(t, t)
    along = one / lanes.sqrt(one + lanes.power(tangent, 2))
    beside = tangent * along
    turned = [along, beside], [-beside, along], [-along, -beside], [beside, -along]
    return np.concatenate([np.stack([np.stack(ends(lanes, v, len(t)), -1) for v in u], 1) for u in turned])


def _images(
    step: SamStep, c: list[Any], moved: list[Any], arc: list[Any], middle: list[Any], count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (k, 2, 2) for the u of an arc, `middle` being one of them; and for which lanes f is defined."""
    lanes, f = step.lanes, step.f
    z = [x + step.rho * u for x, u in zip(c, middle, strict=True)]
    turned = [step.rho * (u - v) for u, v in zip(arc, middle, strict=True)]
    ahead = [a + b + d for a, b, d in zip(z, moved, turned, strict=True)]
    gradient, hessian = f.enclose_gradient(lanes, z), f.enclose_hessian(lanes, ahead)
    boxes = np.empty((count, 2, 2))
    for i in range(2):
        terms = [step.step * (hessian[i][j] * turned[j]) for j in range(2)]
        own, other = (
            (lanes.constant(Fraction(1)) - step.step * hessian[i][i]) * moved[i],
            step.step * hessian[i][1 - i] * moved[1 - i],
        )
        image = (c[i] - step.step * gradient[i]) + own - other - terms[0] - terms[1]
        boxes[:, i] = np.stack(ends(lanes, image, count), -1)
    return boxes, step.defined(ahead, count)
