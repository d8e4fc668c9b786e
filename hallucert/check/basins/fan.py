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

from hallucert.balls.ball_lanes import ends
from hallucert.check.basins.tube import SamStep, Tubes, product

TURNS = 32
"""A side of the square of directions is cut into so many arcs: a power of two, so that their ends are exact."""
SIDES = ((1, 0), (0, 1), (-1, 0), (0, -1))


def fan(step: SamStep, tubes: Tubes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return boxes (m, 2, 2) that cover the images of tubes, their lanes (m,), and for which lanes these are known."""
    lanes, f, count = step.lanes, step.f, len(tubes)
    c, q, r = [lanes.box(x, x) for x in tubes.centre.T], step.axes(tubes.turn), [lanes.box(-s, s) for s in tubes.size.T]
    moved = [row[0] * r[0] + row[1] * r[1] for row in q]
    around = [a + b for a, b in zip(c, moved, strict=True)]
    known, gradient = step.defined(around, count).copy(), f.enclose_gradient(lanes, c)
    bent = product(f.enclose_hessian(lanes, around), q)
    owners, boxes = [np.zeros(0, np.int64)], [np.zeros((0, 2, 2))]
    for e in SIDES:
        for turn in range(TURNS):
            t0, t1 = (2 * turn - TURNS) / TURNS, (2 * turn + 2 - TURNS) / TURNS
            left, possible = (-e[1], e[0]), np.full(count, True)
            for a, b in ((1.0, 0.0), (-t0, 1.0), (t1, -1.0)):
                p = [
                    step.lanes.box(np.array([v]), np.array([v]))
                    for v in (a * e[0] + b * left[0], a * e[1] + b * left[1])
                ]
                turned = [p[0] * bent[0][j] + p[1] * bent[1][j] for j in range(2)]
                component = p[0] * gradient[0] + p[1] * gradient[1] + turned[0] * r[0] + turned[1] * r[1]
                possible &= ~(ends(lanes, component, count)[1] < 0)
            own = np.flatnonzero(possible & known)
            if len(own):
                centre, way = ([lanes.picked(v, own) for v in pair] for pair in (c, moved))
                images, defined = _images(
                    step, centre, way, _arc(step, e, t0, t1), _unit(step, e, (t0 + t1) / 2), len(own)
                )
                known[own] &= defined
                owners.append(own)
                boxes.append(images)
    owner = np.concatenate(owners)
    kept = known[owner]
    return owner[kept], np.concatenate(boxes)[kept], known


def _unit(step: SamStep, e: tuple[int, int], t: float) -> list[Any]:
    """Enclose the unit vector in the direction ``e + t e'``."""
    lanes = step.lanes
    one, t = (lanes.box(np.array([v]), np.array([v])) for v in (1.0, t))
    along = one / lanes.sqrt(one + lanes.power(t, 2))
    beside = t * along
    turned = {(1, 0): [along, beside], (0, 1): [-beside, along], (-1, 0): [-along, -beside], (0, -1): [beside, -along]}
    return turned[e]


def _arc(step: SamStep, e: tuple[int, int], first: float, last: float) -> list[Any]:
    """Enclose the unit vectors of an arc on which t does not change its sign: both components are monotone there."""
    found = []
    for u, v in zip(_unit(step, e, first), _unit(step, e, last), strict=True):
        (a, b), (c, d) = ends(step.lanes, u, 1), ends(step.lanes, v, 1)
        found.append(step.lanes.box(np.minimum(a, c), np.maximum(b, d)))
    return found


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
