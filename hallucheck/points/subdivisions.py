"""Boxes cut into pieces, each of which a test settles; and what a function is on a piece.

The file says how a box is cut, and by which test each piece is settled. Cuts in the middle cover the box
whatever they are, so they are only followed. The letters of the tests are hints: here every piece is settled
by any test that is sufficient, and one that is not is cut a few times more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..arithmetic.interval import HALF, Interval, Undefined, hull, total
from ..arithmetic.linear import Vector
from ..files.reading import Refused
from .problem import Function

MOST_LETTERS = 1 << 22
MOST_HALVINGS = 400
MORE_CUTS = 6  # that a piece is halved, once for each side, beyond what the file says


def pieces(whole: Vector, tree: Any, where: str) -> Iterator[Vector]:
    """The pieces of a subdivision: `A`, `B`, .. halve a side, the lower half comes first; a small letter is a piece."""
    if not isinstance(tree, str) or not 0 < len(tree) <= MOST_LETTERS:
        raise Refused(where, "not a subdivision")
    todo = [(whole, 0)]
    for letter in tree:
        if not todo:
            raise Refused(where, "goes on behind its end")
        piece, halvings = todo.pop()
        side = ord(letter) - ord("A")
        if "a" <= letter <= "z":
            yield piece
        elif 0 <= side < len(whole) and halvings < MOST_HALVINGS:
            todo += [(half, halvings + 1) for half in reversed(cut(piece, side))]
        else:
            raise Refused(where, "cuts a side that is not there, or too often")
    if todo:
        raise Refused(where, "ends too early")


def halves(x: Interval) -> tuple[Interval, Interval]:
    """Both halves of an interval; where ends are rounded, they overlap."""
    middle = x.middle()
    return hull([x.lower(), middle]), hull([middle, x.upper()])


def cut(piece: Vector, side: int) -> list[Vector]:
    """The lower and the upper half of a box."""
    return [Vector([*piece[:side], half, *piece[side + 1 :]]) for half in halves(piece[side])]


def settled(piece: Vector, test: Callable[[Vector], bool], cuts: int = MORE_CUTS) -> bool:
    """Does the test hold on the piece, or on all parts of it after some cuts of the longest sides?"""
    try:
        if test(piece):
            return True
    except Undefined:
        pass
    if cuts == 0:
        return False
    widths = [float(x.width()) for x in piece]
    side = max(range(len(piece)), key=lambda i: (widths[i], -i))
    return all(settled(half, test, cuts - 1) for half in cut(piece, side))


def cover(whole: Vector, tree: Any, where: str, test: Callable[[Vector], bool]) -> None:
    """The test holds all over the box, or this is undefined."""
    if not all(settled(piece, test) for piece in pieces(whole, tree, where)):
        raise Undefined("a piece of the subdivision is not settled")


def require(*hypotheses: bool) -> None:
    """All hold, or nothing is proved."""
    if not all(hypotheses):
        raise Undefined("a hypothesis is not shown")


def mean_value(value: Interval, slopes: Sequence[Interval], steps: Sequence[Interval]) -> Interval:
    """What a function is at most away from the middle of a box, by its slopes on the box."""
    return value + total(s * d for s, d in zip(slopes, steps, strict=True))


def range_on(f: Function, x: Vector) -> list[Interval]:
    """Enclosures of the values on a box: as it is written, by the gradient, and by the Hessian."""
    middle, steps = x.middle_and_steps()
    value, slopes = f.at(middle)
    plain, gradient = f.at(x)
    hessian = f.hessian_at(x)[1]
    bends = total(
        HALF * hessian[i][i] * steps[i].power(2) + total(hessian[i][j] * steps[i] * steps[j] for j in range(i))
        for i in range(len(x))
    )
    return [plain, mean_value(value, gradient, steps), mean_value(value, slopes, steps) + bends]


def no_critical_point(f: Function, x: Vector) -> bool:
    """Is the gradient certainly not zero on a box: as it is written, or by the Hessian?"""
    gradient, hessian = f.hessian_at(x)
    middle, steps = x.middle_and_steps()
    forms = [mean_value(v, row, steps) for v, row in zip(f.at(middle)[1], hessian, strict=True)]
    return any(v.positive() or v.negative() for v in [*gradient, *forms])
