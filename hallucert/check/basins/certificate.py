"""Basins in the plane: a box whose cells are proved to flow into attractors, or to leave the box."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from hallucert.arguments import quiet
from hallucert.check.basins.attractor import zeros_of
from hallucert.check.basins.draw import DOUBT, LEVEL, Draw, least_share
from hallucert.check.basins.graph import FIRST, LEAVES, Flow
from hallucert.check.basins.partition import Partition
from hallucert.check.basins.trap import Trap
from hallucert.check.claim import MARKS, Claim, Claims, Enclosure, Provenance, Saved, Status
from hallucert.check.point.certificate import Certificate
from hallucert.check.problem import AboutProblem, Problem
from hallucert.decimals import decimal_above, decimal_below, decimal_enclosure, short_rational
from hallucert.errors import ArgumentError, require
from hallucert.exact import format_rational

NAME, TRAPPED, DRAWN = "basin_share", "trap_share", "drawn_share"


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
    draw : Draw or None
        Cells drawn at random from what is not decided, with labels and steps as above.
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
    draw: Draw | None = None

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

    def likely(self, *labels: int) -> Fraction:
        """Return a lower bound of the part of the box that does what some labels of one outcome say, by the draw.

        Parameters
        ----------
        *labels : int
            As in `labels`, each of an attractor, of leaving, or of a trap that names nothing else.

        Returns
        -------
        Fraction
            What is proved, and of the rest what the cells that were drawn show. It is too large for one in a billion of
            all draws.

        Raises
        ------
        ArgumentError
            If a label is another.
        """
        require(set(labels) <= set(self.single), "labels", labels, "be of attractors, leaving, or traps without others")
        if self.draw is None:
            return self.share(*labels)
        found = int(np.isin(self.draw.labels, labels).sum())
        return self.share(*labels) + (1 - self.decided) * least_share(found, len(self.draw))

    @cached_property
    def drawn(self) -> np.ndarray:
        """The cells that were drawn, rows ``(level, i, j)`` of an (N, 3) array, as those of the partition."""
        if self.draw is None:
            return np.zeros((0, 3), np.int64)
        regions = [()] * len(self.attractors)
        flow = Flow(self.problem, self.step, self.partition, self.labels, self.steps, regions, self.traps)
        return self.draw.flow(flow, self.single).nodes

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
        return self.share(*self.single)

    @property
    def single(self) -> list[int]:
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
        return self.share(*self.minimizers)

    @property
    def minimizers(self) -> list[int]:
        """The labels of hallucinated minimizers."""
        points = enumerate(self.attractors, FIRST)
        return [k for k, point in points if point.claims.get("hallucinated_minimizer")]

    @cached_property
    def all_claims(self) -> Claims:
        """A claim for each attractor and each trap, one about starts that leave the box, and those of the draw."""
        basins = [self._claim(k) for k in range(len(self.attractors))]
        traps = [self._trap_claim(k) for k in range(len(self.traps))]
        return Claims([*basins, *traps, self._claim(-1), *self._drawn_claims()])

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
        share, what, goal = self.share(label), self._what, self._goal(attractor)
        name, inputs = (NAME, {"attractor": attractor + 1}) if attractor >= 0 else ("leaves_share", {})
        if not share:
            return Claim(
                name, Status.UNDECIDED, f"From which starts in the box {what} {goal.rstrip(',')}?", inputs=inputs
            )
        return Claim(name, Status.PROVED, self._from_cells(goal, share, (label,)), self._numbers(share), inputs)

    def _trap_claim(self, number: int) -> Claim:
        """State from how large a part runs are trapped, and where."""
        trap = self.traps[number]
        share, core, inputs = self.share(*trap.labels), self.share(trap.core), {"trap": number + 1}
        goals = [self._staying(*trap.labels)] if core else []
        goals += dict.fromkeys(self._otherwise(label) for label in trap.others)
        if not share or not goals:
            return Claim(
                TRAPPED, Status.UNDECIDED, f"From which starts in the box is {self._what} trapped?", inputs=inputs
            )
        text = f"Trap {number + 1}: {self._from_cells(', or '.join(goals) + ',', share, trap.labels)}"
        return Claim(TRAPPED, Status.PROVED, text, self._numbers(share) | {"core": Enclosure(core, core)}, inputs)

    def _drawn_claims(self) -> list[Claim]:
        """State what is proved of cells that were drawn, and of how large a part of the box this is likely."""
        if self.draw is None:
            return []
        parts: list[tuple[tuple[int, ...], dict[str, int]]] = [
            *(((k + FIRST,), {"attractor": k + 1}) for k in range(len(self.attractors))),
            *((trap.labels, {"trap": k}) for k, trap in enumerate(self.traps, 1)),
            ((LEAVES,), {}),
        ]
        claims = []
        for labels, inputs in parts:
            if found := int(np.isin(self.draw.labels, labels).sum()):
                share = self.likely(*labels)
                goal = self._goal(labels[0] - FIRST) if len(labels) == 1 else f"{self._staying(*labels)},"
                text = (
                    f"{self._what} {goal} from every start in {found} of {len(self.draw)} cells of level {LEVEL}, "
                    f"drawn with seed {self.draw.seed} from what is not decided"
                )
                likely = (
                    f"With what is decided it does so from at least {decimal_below(share)} of the box, unless this "
                    f"draw is one of those, at most 1 in {DOUBT}, that show so much by chance."
                )
                text = f"{self._sentence(text, labels, self.draw)} {likely}"
                numbers = {
                    "cells": Enclosure(Fraction(found), Fraction(len(self.draw))),
                    "likely_share": Enclosure(share, Fraction(1)),
                }
                claims.append(Claim(DRAWN, Status.PROVED, text, numbers, inputs))
        return claims

    def _staying(self, core: int, _: int) -> str:
        """Say where runs stay, by the labels of a trap."""
        lo, hi = self.partition.bounds(self.labels == core)
        low, high = ([Fraction(v) for v in ends.tolist()] for ends in (lo.min(axis=0), hi.max(axis=0)))
        sides = " x ".join(f"[{decimal_below(a)}, {decimal_above(b)}]" for a, b in zip(low, high, strict=True))
        part = decimal_above(self.share(core))
        return f"comes to cells in {sides} that are together at most {part} of the box, and never leaves them"

    def _otherwise(self, label: int) -> str:
        """Say what happens instead of being trapped."""
        if label == LEAVES:
            return self._goal(-1)
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

    def _from_cells(self, goal: str, share: Fraction, labels: tuple[int, ...]) -> str:
        """Say what all starts in cells with some labels do."""
        part = f"cells that are together at least {decimal_below(share)} of the box"
        return self._sentence(f"{self._what} {goal} from every start in {part}", labels)

    def _sentence(self, text: str, labels: tuple[int, ...], *draws: Draw) -> str:
        """End a sentence about starts in cells with some labels, or in drawn cells."""
        meant, followed = list(self.meant(labels)), list[Basins | Draw]([self, *draws])
        if any((each.steps[np.isin(each.labels, meant)] < 0).any() for each in followed):
            return f"{text}; where the gradient vanishes on the way, with any unit vector for its direction."
        return f"{text}."

    def _goal(self, attractor: int) -> str:
        """Say to what SAM converges, or, for -1, that it leaves."""
        if attractor < 0:
            return "comes to a point outside of the box"
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
        cells = np.isin(self.labels, self.single).sum()
        lines.append(
            f"{decimal_below(self.decided)} of the box is decided, in {cells} cells; "
            f"{decimal_below(self.hallucinated)} converges to hallucinated minimizers"
        )
        if self.draw is not None:
            shares = [decimal_below(self.likely(*labels)) for labels in (self.single, self.minimizers)]
            lines.append(
                f"by {len(self.draw)} cells drawn at random, not proved: likely at least {shares[0]} of the box does "
                f"one thing; likely at least {shares[1]} converges to hallucinated minimizers"
            )
        if self.traps:
            cores = decimal_above(self.share(*(trap.core for trap in self.traps)))
            instead = ", or does what is named instead" * any(trap.others for trap in self.traps)
            lines.append(f"{decimal_below(self.trapped)} is trapped in cells that are at most {cores}{instead}")
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
