"""Files of basins: every field is checked, and whatever does not fit is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from hallucert.arguments import LARGEST_INTEGER
from hallucert.check.basins.attractor import regions_of
from hallucert.check.basins.certificate import Basins
from hallucert.check.basins.draw import MOST, Draw
from hallucert.check.basins.graph import FIRST, LEAVES
from hallucert.check.basins.partition import LABELS, NAMES, RANGE, Partition, from_text
from hallucert.check.basins.trap import Trap
from hallucert.check.file import fields
from hallucert.check.file.fields import JSON
from hallucert.check.file.files import READ, module_of
from hallucert.check.problem import Problem
from hallucert.errors import CertificateError
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.reading import objective_from_json

ATTRACTORS = ("point", "cycle")
"""Kinds of their certificates."""
LONGEST = 2**24
"""Nodes of the tree of cells."""
MOST_STEPS = 100_000
"""Of one cell."""


def from_json(data: object) -> Basins:
    """Build basins from plain data, checking every field."""
    names = {"format", "schema", "kind", "provenance", "problem", "digest", "attractors", "cells", "steps"}
    if isinstance(data, Mapping):  # files without any do not have these fields
        names |= {"traps", "draw"} & set(data)
    top, entry = fields.read_top(data, names, {"objective", "rho", "step", "region"})
    objective = objective_from_json(entry["objective"], "problem.objective")
    if not isinstance(objective, FormulaObjective) or objective.dimension != 2:
        raise CertificateError("problem.objective", "must be a formula in 2 variables")
    step = fields.read_exact(entry["step"], "problem.step")
    if step <= 0:
        raise CertificateError("problem.step", "must be positive")
    posed = Problem(objective, fields.read_rho(entry["rho"]))
    attractors = []
    for i, item in enumerate(fields.read_list(top["attractors"], "attractors", len(NAMES))):
        kind = item.get("kind") if isinstance(item, Mapping) else None
        if kind not in ATTRACTORS:
            raise CertificateError(f"attractors[{i}].kind", f"must be {' or '.join(ATTRACTORS)}")
        point = module_of(kind, READ).from_json(item)
        if not regions_of(point, posed, step):
            must = "must be a point or a two-cycle of the problem with a basin for the step, or a zero of a residual"
            raise CertificateError(f"attractors[{i}]", must)
        attractors.append(point)
    try:
        cells, labels = from_text(fields.read_text(top["cells"], "cells", LONGEST))
    except ValueError as error:
        raise CertificateError("cells", f"must {error}") from None
    traps = _traps(top.get("traps", []), FIRST + len(attractors))
    if labels.max() >= FIRST + len(attractors) + 2 * len(traps):
        raise CertificateError("cells", f"must have labels of the {len(attractors)} attractors and of traps")
    for i, trap in enumerate(traps):  # of such cells no claim would say anything, so nobody would prove them
        if trap.core + 1 in labels and trap.core not in labels and not trap.others:
            raise CertificateError(f"traps[{i}]", "must have cells of a core, or letters of what may happen instead")
    steps = _steps(top["steps"], "steps", labels)
    made = fields.read_provenance(top["provenance"])
    found = Basins(posed, step, Partition(_region(entry), cells), labels, steps, tuple(attractors), made, traps)
    return replace(found, draw=_draw(top["draw"], found)) if "draw" in top else found


def _steps(data: JSON, name: str, labels: np.ndarray) -> np.ndarray:
    """Return the numbers of steps of all cells, 0 for those without a label, which have none."""
    counts = fields.read_list(data, name, LONGEST)
    if len(counts) != int((labels > 0).sum()) or any(type(k) is not int or abs(k) > MOST_STEPS for k in counts):
        raise CertificateError(name, f"must be a number of at most {MOST_STEPS} steps for each cell with a label")
    steps = np.zeros(len(labels), np.int64)
    steps[labels > 0] = counts
    return steps


def _draw(data: JSON, basins: Basins) -> Draw:
    """Return what was drawn: cells that do one thing, or of which nothing is known."""
    entry = fields.read_fields(data, {"seed", "cells", "steps"}, "draw")
    seed, text = entry["seed"], fields.read_text(entry["cells"], "draw.cells", MOST)
    if type(seed) is not int or not 0 <= seed <= LARGEST_INTEGER:
        raise CertificateError("draw.seed", f"must be an integer from 0 to {LARGEST_INTEGER}")
    labels = np.array([LABELS.find(letter) for letter in text], np.int64)
    if not len(labels) or not np.isin(labels, [0, *basins.single]).all():
        raise CertificateError("draw.cells", "must be letters, one for each cell, of labels that say one thing")
    if basins.decided == 1:
        raise CertificateError("draw", "must be left out where all of the box is decided")
    return Draw(seed, labels, _steps(entry["steps"], "draw.steps", labels))


def _traps(data: JSON, first: int) -> tuple[Trap, ...]:
    """Return the traps, whose labels follow those of attractors, from the letters of what may happen instead."""
    traps: list[Trap] = []
    for i, item in enumerate(fields.read_list(data, "traps", (len(NAMES) + FIRST - first) // 2)):
        core = first + 2 * i
        others = [LABELS.find(letter) for letter in fields.read_text(item, f"traps[{i}]", len(NAMES) + 1)]
        if any(not LEAVES <= label < core for label in others) or sorted(set(others)) != others:
            raise CertificateError(f"traps[{i}]", "must be letters of labels before its own, in their order")
        traps.append(Trap(core, tuple(others)))
    return tuple(traps)


def _region(entry: Mapping[str, JSON]) -> np.ndarray:
    """Return the box, whose ends are doubles."""
    sides = fields.read_box(entry["region"], "problem.region")
    try:
        ends = np.array([[float(v) for v in side] for side in sides])
        exact = len(sides) == 2 and all(
            Fraction(a) == b for a, b in zip(ends.ravel().tolist(), sum(sides, ()), strict=True)
        )
        good = exact and bool(np.abs(ends).max() <= RANGE)
        good = good and bool(((ends[:, 1] - ends[:, 0]) >= 1 / RANGE).all())
    except OverflowError:
        good = False
    if not good:
        raise CertificateError("problem.region", "must be two intervals of doubles [lower, upper], lower < upper")
    return ends
