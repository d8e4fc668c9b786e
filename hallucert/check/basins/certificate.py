"""Basins in the plane: a box whose cells are proved to flow into attractors, or to leave the box."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from hallucert.arguments import quiet
from hallucert.check.basins.attractor import zeros_of
from hallucert.check.basins.graph import FIRST, LEAVES
from hallucert.check.basins.partition import Partition
from hallucert.check.basins.trap import Trap
from hallucert.check.claim import MARKS, Claim, Claims, Enclosure, Provenance, Saved, Status
from hallucert.check.point.certificate import Certificate
from hallucert.check.problem import AboutProblem, Problem
from hallucert.decimals import decimal_above, decimal_below, decimal_enclosure, short_rational
from hallucert.errors import ArgumentError
from hallucert.exact import format_rational

NAME, TRAPPED = "basin_share", "trap_share"


@dataclass(frozen=True, repr=False)
class Basins(AboutProblem, Saved):
    """Which parts of a box flow where under SAM with a fixed step.

    Indexing with the number of an attractor gives the `Claim` about its basin, iterating gives all claims: about
    attractors, traps, and leaving.

    Attributes
    ----------
    problem : Problem
        Function and radius.
    step : Fraction
        The step, exactly.
    partition : Partition
        The cells; their box is that of doubles.
    labels, steps : (n,) arrays of integers
        Of each cell: 0 if nothing is proved, 1 if all of it leaves the box, k + 2 if all of it converges to attractor
        k, then two for each trap; and after how many steps it is seen to be where that is known, negative if the last
        of them is one for all directions of the gradient.
    attractors : tuple of Certificate
        Points with the claim ``basin`` for the step or a larger one, and two-cycles of the step with that claim; a
        point with ``r(x+) = 0``, r the only residual, stands for all of these, which form curves.
    provenance : Provenance
        Which software made it.
    traps : tuple of Trap
        Sets of cells in which runs stay for ever, with the labels of these, of what flows into them, and of what may
        happen instead.
    """

    kind: ClassVar[str] = "basins"

    problem: Problem
    step: Fraction
    partition: Partition
    labels: np.ndarray
    steps: np.ndarray
    attractors: tuple[Certificate, ...]
    provenance: Provenance
    traps: tuple[Trap, ...] = ()

    def share(self, *labels: int) -> Fraction:
        """Return which part of the box has one of some labels, exactly.

        Parameters
        ----------
        *labels : int
            As in `labels`.

        Returns
        -------
        Fraction
            From 0 to 1.
        """
        levels, counts = np.unique(self.partition.cells[np.isin(self.labels, labels), 0], return_counts=True)
        return sum(
            (Fraction(c, 4**level) for level, c in zip(levels.tolist(), counts.tolist(), strict=True)), Fraction(0)
        )

    @property
    def box(self) -> np.ndarray:
        """The box, shape (2, 2)."""
        return self.partition.box

    @property
    def area(self) -> Fraction:
        """The area of the box, exactly."""
        (a, b), (c, d) = [[Fraction(v) for v in side] for side in self.box.tolist()]
        return (b - a) * (d - c)

    @property
    def decided(self) -> Fraction:
        """Which part of the box is proved to do one thing: converge to an attractor, leave, or stay in a trap."""
        return self.share(*self._single)

    @property
    def _single(self) -> list[int]:
        """The labels of which a claim says one thing."""
        traps = [label for trap in self._trapping if not trap.others for label in trap.labels]
        return [*range(LEAVES, FIRST + len(self.attractors)), *traps]

    @property
    def _trapping(self) -> list[Trap]:
        """The traps of which there is something to say."""
        return [trap for trap in self.traps if trap.others or trap.core in self.labels]

    @property
    def trapped(self) -> Fraction:
        """Which part of the box is proved to come to traps and stay there, or to do what these name instead."""
        return self.share(*(label for trap in self._trapping for label in trap.labels))

    @property
    def labels_known(self) -> int:
        """How many labels there are."""
        return FIRST + len(self.attractors) + 2 * len(self.traps)

    def meant(self, labels: tuple[int, ...]) -> set[int]:
        """Return all labels that what is said of some depends on.

        Parameters
        ----------
        labels : tuple of int
            As in `labels`.

        Returns
        -------
        set of int
            These, and of traps both of their own and those that they name, theirs too.
        """
        result = set(labels)
        for trap in reversed(self.traps):  # the others of a trap are smaller
            if result & set(trap.labels):
                result |= {*trap.labels, *trap.others}
        return result

    @property
    def hallucinated(self) -> Fraction:
        """Which part of the box is proved to converge to hallucinated minimizers."""
        points = enumerate(self.attractors, FIRST)
        return self.share(*(k for k, point in points if point.claims.get("hallucinated_minimizer")))

    @cached_property
    def all_claims(self) -> Claims:
        """A claim for each attractor and each trap, and one about starts that leave the box."""
        basins = [self._claim(k) for k in range(len(self.attractors))]
        return Claims([*basins, *(self._trap_claim(k) for k in range(len(self.traps))), self._claim(-1)])

    def __getitem__(self, attractor: int) -> Claim:
        if not 0 <= attractor < len(self.attractors):
            raise ArgumentError(
                "attractor", attractor, f"be the number of one of the {len(self.attractors)} attractors"
            )
        return self.all_claims[attractor]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.all_claims)

    def __len__(self) -> int:
        return len(self.attractors)

    def _claim(self, attractor: int) -> Claim:
        """State how large a basin is at least, or, for -1, the part that leaves."""
        label = attractor + FIRST  # LEAVES of -1
        share, what = self.share(label), self._what
        if attractor < 0:
            name, inputs, goal = "leaves_share", {}, "comes to a point outside of the box"
        else:
            name, inputs = NAME, {"attractor": attractor + 1}
            goal = self._goal(attractor)
        if not share:
            return Claim(
                name, Status.UNDECIDED, f"From which starts in the box {what} {goal.rstrip(',')}?", inputs=inputs
            )
        return Claim(name, Status.PROVED, self._sentence(goal, share, (label,)), self._numbers(share), inputs)

    def _trap_claim(self, number: int) -> Claim:
        """State from how large a part runs are trapped, and where."""
        trap = self.traps[number]
        share, inputs = self.share(*trap.labels), {"trap": number + 1}
        goals = []
        if core := self.share(trap.core):
            lo, hi = self.partition.bounds(self.labels == trap.core)
            low, high = ([Fraction(v) for v in ends.tolist()] for ends in (lo.min(axis=0), hi.max(axis=0)))
            sides = " x ".join(f"[{decimal_below(a)}, {decimal_above(b)}]" for a, b in zip(low, high, strict=True))
            goals.append(
                f"comes to cells in {sides} that are together at most {decimal_above(core)} of the box, "
                "and never leaves them"
            )
        goals += dict.fromkeys(self._otherwise(label) for label in trap.others)
        if not share or not goals:
            return Claim(
                TRAPPED, Status.UNDECIDED, f"From which starts in the box is {self._what} trapped?", inputs=inputs
            )
        text = f"Trap {number + 1}: {self._sentence(', or '.join(goals) + ',', share, trap.labels)}"
        return Claim(TRAPPED, Status.PROVED, text, self._numbers(share) | {"core": Enclosure(core, core)}, inputs)

    def _otherwise(self, label: int) -> str:
        """Say what happens instead of being trapped."""
        if label == LEAVES:
            return "comes to a point outside of the box"
        number = label - FIRST
        if number < len(self.attractors):
            curve = zeros_of(self.attractors[number], self.problem, self.step)
            return self._goal(number).rstrip(",") if curve else f"converges to {self._symbol(number)}"
        return f"does what is said of trap {(number - len(self.attractors)) // 2 + 1}"

    @property
    def _what(self) -> str:
        """What moves."""
        return f"SAM with rho = {format_rational(self.rho)} and the fixed step {format_rational(self.step)}"

    def _numbers(self, share: Fraction) -> dict[str, Enclosure]:
        """Return the numbers of a claim about a part of the box."""
        return {"share": Enclosure(share, Fraction(1)), "area": Enclosure(share * self.area, self.area)}

    def _sentence(self, goal: str, share: Fraction, labels: tuple[int, ...]) -> str:
        """Say what all starts in cells with some labels do."""
        part = f"cells that are together at least {decimal_below(share)} of the box"
        text = f"{self._what} {goal} from every start in {part}"
        if (self.steps[np.isin(self.labels, list(self.meant(labels)))] < 0).any():
            return f"{text}; where the gradient vanishes on the way, with any unit vector for its direction."
        return f"{text}."

    def _goal(self, attractor: int) -> str:
        """Say to what SAM converges."""
        symbol = self._symbol(attractor)
        if zeros_of(self.attractors[attractor], self.problem, self.step):
            which = f"a hallucinated minimizer with r(x+) = 0 ({symbol} is one) on a smooth curve of them"
            return f"converges to {which},"
        return f"converges to {symbol}, {self._named(attractor)},"

    def _symbol(self, attractor: int) -> str:
        """Return how an attractor is called."""
        return f"x*_{attractor + 1}" if self.attractors[attractor].problem.period == 1 else f"cycle {attractor + 1}"

    def _named(self, attractor: int) -> str:
        """Say what an attractor is, as far as its certificate proves it."""
        claims = self.attractors[attractor].claims
        if self.attractors[attractor].problem.period == 2:
            around = claims.get("around")
            return "a two-cycle around a minimizer" if around else "a two-cycle"
        minimizer = claims.get("hallucinated_minimizer")
        if minimizer is not None and minimizer.status is Status.PROVED:
            return "a hallucinated minimizer"
        if minimizer is not None and minimizer.status is Status.REFUTED:
            return "an attractor that is no hallucinated minimizer"
        return "an attractor"

    def __repr__(self) -> str:
        return (
            f"<Basins of {self.objective.name[:40]!r}, rho = {short_rational(self.rho)}, step "
            f"{short_rational(self.step)}: {len(self.attractors)} attractors, {decimal_below(self.decided, 4)} decided>"
        )

    def card(self) -> list[str]:
        """Return what is proved of which part of the box."""
        sides = " x ".join(
            f"[{format_rational(Fraction(a))}, {format_rational(Fraction(b))}]" for a, b in self.box.tolist()
        )
        lines = [f"rho = {short_rational(self.rho)}, step {short_rational(self.step)}, box {sides}"]
        for k, point in enumerate(self.attractors):
            ends = [decimal_enclosure(low, high, 17) for low, high in point.box or ()]
            places = [f"({', '.join(ends[i : i + 2])})" for i in range(0, len(ends), 2)]
            lines.append(f"{self._symbol(k)} in {' and '.join(places)}")
        lines += [f"[{MARKS[claim.status]}] {claim.name}: {claim.statement}" for claim in self.all_claims]
        cells = np.isin(self.labels, self._single).sum()
        lines.append(
            f"{decimal_below(self.decided)} of the box is decided, in {cells} cells; "
            f"{decimal_below(self.hallucinated)} converges to hallucinated minimizers"
        )
        if self.traps:
            cores = decimal_above(self.share(*(trap.core for trap in self.traps)))
            instead = "or does what is named instead"
            lines.append(f"{decimal_below(self.trapped)} is trapped in cells that are at most {cores}, {instead}")
        return lines

    @quiet
    def at(self, x: object) -> np.ndarray:
        """Return the labels of the cells at some points.

        Parameters
        ----------
        x : (k, 2) array-like
            Points.

        Returns
        -------
        (k,) array
            As `labels`; 1 outside of the box, and 0 where a point may lie in cells with different labels, or is none.
        """
        points = np.asarray(x, float).reshape(-1, 2)
        number, cell, _ = self.partition.touched(np.stack([points, points], -1))
        least, largest = np.full(len(points), np.iinfo(int).max), np.zeros(len(points), int)
        np.minimum.at(least, number, self.labels[cell])
        np.maximum.at(largest, number, self.labels[cell])
        outside = ((points < self.box[:, 0]) | (points > self.box[:, 1])).any(axis=1)
        return np.where(outside, LEAVES, np.where(least == largest, largest, 0))
