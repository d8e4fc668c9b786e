"""Basins as plain data, in the order of the file format."""

from __future__ import annotations

from hallucert.check.basins.certificate import Basins
from hallucert.check.basins.draw import Draw, problem_json, traps_text
from hallucert.check.basins.partition import LABELS, to_text
from hallucert.check.file.fields import JSON
from hallucert.check.file.files import WRITE, module_of
from hallucert.check.writing.fields import header


def to_json(basins: Basins) -> dict[str, JSON]:
    """Return basins as plain data, in the order of the file format."""
    problem = problem_json(basins.problem, basins.step, basins.box)
    text, order = to_text(basins.partition.cells, basins.labels)
    steps = basins.steps[order][basins.labels[order] > 0]
    return {
        **header(basins, problem),
        "attractors": [module_of(point.kind, WRITE).to_json(point) for point in basins.attractors],
        "cells": text,
        "steps": steps.tolist(),
        **({"traps": traps_text(basins.traps)} if basins.traps else {}),
        **({} if basins.draw is None else {"draw": _draw(basins.draw)}),
    }


def _draw(draw: Draw) -> dict[str, JSON]:
    """Return what was drawn."""
    letters = "".join(LABELS[label] for label in draw.labels.tolist())
    return {"seed": draw.seed, "cells": letters, "steps": draw.steps[draw.labels > 0].tolist()}
