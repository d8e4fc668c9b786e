"""Traps: cells among which SAM stays for ever, wherever it goes there.

A trap has two labels. Cells with the first, its *core*, take one step each. The core is settled as one, at a time when
the image of every cell of it is covered by boxes that touch only cells of the core, or cells of the `others` that were
settled before, or lie in regions of these. Cells with the second label flow into the trap: their images may touch
these, cells of the core, or the `others`, if all were settled before.

**Theorem.** From every start in a settled cell of a trap SAM comes to a cell of the core and is in such cells at every
later step, or what is said of one of the others holds: it converges to an attractor, leaves the box, or is trapped by a
trap before it. *Proof.* A point of the core goes in one step to a point of the core, for which the same holds, or into
a region or a settled cell of one of the others. If the latter never happens, it stays. Cells of the second label:
by induction over the order in which cells are settled (`hallucert.check.basins.graph`). No trap leans on
itself but through its core, as the others are settled before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Trap:
    """The label of a core, that of cells that flow into it being the next, and the `others`, smaller labels."""

    core: int
    others: tuple[int, ...]

    @property
    def labels(self) -> tuple[int, int]:
        """Both labels."""
        return self.core, self.core + 1


def leaning(traps: Sequence[Trap], labels: int) -> np.ndarray:
    """Tell of which labels, the columns, images of cells with a label, the rows, may be: (labels, labels).

    Labels are on themselves, but for 0, of cells of which nothing is known.
    """
    result = np.eye(labels, dtype=bool)
    result[0] = False
    for trap in traps:
        core, inward = trap.labels
        result[inward, core] = True
        result[np.ix_(trap.labels, trap.others)] = True
    return result
