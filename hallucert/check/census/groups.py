"""Boxes that hang together: groups of what a search has left over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hallucert.clock import UNLIMITED, Clock


def connected(lo: np.ndarray, hi: np.ndarray, clock: Clock = UNLIMITED) -> list[list[int]]:
    """Return the index sets of boxes that hang together, step by step from one to another that it meets.

    Along the coordinate in which they overlap least, boxes are compared with those that begin before they end. When
    the time is up the boxes that are left are compared with no others.

    Parameters
    ----------
    lo, hi : (k, n) arrays
        Ends of the boxes.
    clock : Clock
        When to compare no more.
    """
    firsts, lasts = np.sort(lo, axis=0), np.empty_like(lo, dtype=int)
    for j in range(lo.shape[1]):
        lasts[:, j] = np.searchsorted(firsts[:, j], hi[:, j], side="right")
    axis = int(np.argmin(lasts.sum(axis=0)))
    order = np.argsort(lo[:, axis], kind="stable")
    first = np.arange(len(lo))  # of each group, by way of other members

    def leader(i: int) -> int:
        while first[i] != i:
            first[i] = first[first[i]]
            i = int(first[i])
        return i

    for position, i in enumerate(order.tolist()):
        if clock.passed():
            break
        later = order[position + 1 : lasts[i, axis]]
        for j in later[((lo[later] <= hi[i]) & (hi[later] >= lo[i])).all(axis=1)].tolist():
            a, b = leader(i), leader(j)
            first[max(a, b)] = min(a, b)
    groups: dict[int, list[int]] = {}
    for i in range(len(lo)):
        groups.setdefault(leader(i), []).append(i)
    return list(groups.values())


def touching_groups(lo: np.ndarray, hi: np.ndarray, room: float = 0.0) -> Iterator[np.ndarray]:
    """Yield the index sets of boxes that hang together: closer than `room` in every coordinate, step by step."""
    free = np.ones(len(lo), bool)
    while free.any():
        group_lo, group_hi = lo[free][0] - room, hi[free][0] + room
        members = np.zeros(len(lo), bool)
        while True:
            near = free & ((lo <= group_hi) & (hi >= group_lo)).all(axis=1) & ~members
            if not near.any():
                break
            members |= near
            group_lo, group_hi = lo[members].min(0) - room, hi[members].max(0) + room
        free &= ~members
        yield np.flatnonzero(members)
