"""One recorded subdivision of a box: a prover searches for it, a checker walks it exactly once and never searches.

A piece is halved in the middle of one of its sides, or a test settles it: then what the test proves holds on all of it.
The record is the preorder of that tree, one letter a piece: ``A, B, ..`` halve the first, the second, .. side, and the
lower half comes first; ``a .. z`` name the test that settles the piece. So the pieces that are settled cover the box
whatever stands in a record: a wrong one can only name a test that does not hold, and then nothing is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from string import ascii_lowercase, ascii_uppercase
from typing import Generic, TypeVar

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.check.reason import Reason
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.objectives.objective import Objective

Box = list[tuple[Fraction, Fraction]]

LONGEST, DEEPEST = 2**22, 400
"""Letters of a record, and halvings of one piece: its ends get a bit longer with each."""


@dataclass(frozen=True)
class Subdivision:
    """The record of a subdivision, by its letters.

    Raises
    ------
    ArgumentError
        If they are not the preorder of one tree, or of one that is too long or too deep.

    Examples
    --------
    >>> unit = [(Fraction(0), Fraction(1))]
    >>> [(test, float(side[0][1])) for test, side in Subdivision("AbAab").pieces(unit)]
    [('b', 0.5), ('a', 0.75), ('b', 1.0)]
    """

    letters: str

    def __post_init__(self) -> None:
        if len(self.letters) > LONGEST:
            raise self._error(f"have at most {LONGEST} letters")
        depths = [0]
        for letter in self.letters:
            if not depths:
                raise self._error("end with the last piece of the box")
            depth = depths.pop()
            if letter in ascii_uppercase:
                if depth == DEEPEST:
                    raise self._error(f"halve no piece more than {DEEPEST} times")
                depths += [depth + 1, depth + 1]
            elif letter not in ascii_lowercase:
                raise self._error("be letters from A to Z and a to z")
        if depths:
            raise self._error("settle every piece of the box")

    def _error(self, must: str) -> ArgumentError:
        return ArgumentError("subdivision", f"<{len(self.letters)} characters>", must)

    def to_json(self) -> str:
        """Return what stands in a file."""
        return self.letters

    def __len__(self) -> int:
        """Return how many pieces are settled."""
        return len(self.letters) // 2 + 1

    def pieces(self, box: Sequence[tuple[Fraction, Fraction]]) -> Iterator[tuple[str, Box]]:
        """Yield the settled pieces, each with the letter of its test; ArgumentError if the box lacks a side."""
        waiting = [list(box)]
        for letter in self.letters:
            piece = waiting.pop()
            if letter in ascii_lowercase:
                yield letter, piece
                continue
            axis = ascii_uppercase.index(letter)
            if axis >= len(piece):
                raise self._error(f"halve one of the {len(piece)} sides of the box")
            waiting.extend(reversed(halves(piece, axis)))


P = TypeVar("P")


@dataclass(frozen=True)
class Criteria(Generic[P]):
    """What may settle a piece of a box, in an arithmetic.

    `view` takes a piece, exactly, and balls that contain it, to what the `tests` look at. These tell, by letter,
    whether it is certain of a piece what is to be proved of all; a prover tries them in this order.
    """

    arithmetic: BallArithmetic
    view: Callable[[Box, list[Ball]], P]
    tests: Mapping[str, Callable[[P], bool]]

    def settling(self, piece: Box, room: Ball) -> str | None:
        """Return the letter of the first test that settles a piece, in balls larger by a part; None if none does."""
        ar = self.arithmetic
        seen = self.view(piece, [ball + room * ar.radius(ball) for ball in balls_of(ar, piece)])
        return next((letter for letter, test in self.tests.items() if test(seen)), None)

    def settle(self, subdivision: Subdivision, box: Sequence[tuple[Fraction, Fraction]], most: int) -> Reason | None:
        """Walk a subdivision of a box, of so many pieces at most.

        Returns None if each piece is settled by the test that is named for it.
        """
        if len(subdivision) > most:
            return Reason.BUDGET
        for count, (letter, piece) in enumerate(subdivision.pieces(box)):
            look("pieces", count, len(subdivision))
            test = self.tests.get(letter)
            if test is None or not test(self.view(piece, balls_of(self.arithmetic, piece))):
                return Reason.UNSETTLED
        return None


def balls_of(arithmetic: BallArithmetic, piece: Sequence[tuple[Fraction, Fraction]]) -> list[Ball]:
    """Enclose a piece in balls, which may reach beyond it: their midpoints need not be points of it."""
    return [arithmetic.interval(low, high) for low, high in piece]


def middle_of(piece: Box) -> list[Fraction]:
    """Return the centre of a piece, exactly."""
    return [(low + high) / 2 for low, high in piece]


def halves(piece: Box, axis: int | None = None) -> tuple[Box, Box]:
    """Split a box in the middle of a side, by default of its longest one."""
    if axis is None:
        widths = [high - low for low, high in piece]
        axis = widths.index(max(widths))
    low, high = piece[axis]
    middle = (low + high) / 2
    first, second = list(piece), list(piece)
    first[axis], second[axis] = (low, middle), (middle, high)
    return first, second


def box_around(centre: Sequence[Fraction], radius: Fraction) -> Box:
    """Return the cube with the given centre and half width."""
    return [(c - radius, c + radius) for c in centre]


def lies_in(piece: Box, box: Sequence[tuple[Fraction, Fraction]]) -> bool:
    """Tell whether a piece is a part of a box, exactly."""
    return all(low <= a and b <= high for (a, b), (low, high) in zip(piece, box, strict=True))


def is_defined(ar: BallArithmetic, f: Objective, box: Sequence[Ball]) -> bool:
    """Tell whether `f` is certainly defined and analytic on all of a box of balls.

    Its own tape is run: a derivative may be defined where the function is not.
    """
    return bool(ar.is_finite(f.enclose_value(ar, box)))
