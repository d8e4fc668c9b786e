"""The second checker on branches and sheets: what it accepts and what it refuses."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path

import pytest

from hallucheck import verify as checker
from hallucheck.curves.sheet import winding_number

CERTIFICATES = Path(__file__).parents[2] / "docs" / "certificates"


def forged(tmp_path, change):
    """The verdict on the branch with a fold, changed and without all cells but the first two of its chain."""
    document = json.loads((CERTIFICATES / "tilted-wells-fold.json").read_text())
    chain = document["branches"][0]
    del chain["cells"][2:]
    chain["to_critical"] = 0
    document["claims"] = document["claims"][:2]
    document["claims"][1]["inputs"]["folds"] = 0
    document["claims"][1]["numbers"]["rho_end"] = ["1p1", "3"]
    change(document, chain["cells"])
    path = tmp_path / "branch.json"
    path.write_text(json.dumps(document))
    return checker.verify(path)


def test_a_chain_of_two_cells_is_proved(tmp_path):
    """The beginning of the stored branch, from its critical point on."""
    verdict = forged(tmp_path, lambda document, cells: None)
    assert verdict, str(verdict)


@pytest.mark.parametrize(
    "change",
    [
        lambda document, cells: cells[1].update(start="-1p-7"),
        lambda document, cells: cells[1]["centre"].__setitem__(0, "-1"),
        lambda document, cells: cells[0].update(radius=["1p-40", "1p-40"]),
        lambda document, cells: cells[0].update(preconditioner=[["1", "0"], ["0", "1"]]),
        lambda document, cells: cells[1]["parts"][0].update(turning="growing"),
        lambda document, cells: cells[1]["parts"][0].update(turning="fold"),
        lambda document, cells: cells[1]["parts"][0].update(stability="attracting"),
        lambda document, cells: document["claims"][1]["inputs"].update(folds=1),
        lambda document, cells: document["claims"][1]["numbers"].update(rho_end=["5p-1", "3"]),
        lambda document, cells: cells.reverse(),
        lambda document, cells: cells.append(cells[0]),
    ],
)
def test_forged_cells_prove_nothing(tmp_path, change):
    """Cells elsewhere, too thin, in another order or twice; another change of rho or stability; other numbers."""
    assert not forged(tmp_path, change)


def around_the_fold(tmp_path, twice, late_start=False):
    """The verdict on the cell of the stored branch that holds its fold: alone, or up to the fold and once more."""
    document = json.loads((CERTIFICATES / "tilted-wells-fold.json").read_text())
    cell = document["branches"][0]["cells"][4]
    cell["span"][0] = cell["start"]
    if late_start:
        cell["start"] = cell["parts"].pop(0)["end"]
    for part in cell["parts"]:
        part.update(stability="undecided", turning="fold" if part["turning"] == "fold" else "undecided")
    fold = next(k for k, part in enumerate(cell["parts"]) if part["turning"] == "fold")
    before = copy.deepcopy(cell)
    before["span"][1], before["parts"] = cell["parts"][fold]["end"], cell["parts"][: fold + 1]
    if twice:
        cell["span"][0] = cell["parts"][1]["end"]  # behind the first point
        cell["start"], cell["parts"] = cell["parts"][fold - 1]["end"], cell["parts"][fold:]
    chain = [before, cell] if twice else [cell]
    document["branches"] = [{"from_critical": 0, "to_critical": 0, "cells": chain}]
    target, branch, fold, *_ = document["claims"]
    branch["inputs"].update(folds=len(chain), monotone=0)
    branch["numbers"] = {"rho_start": ["1", "3"], "rho_end": ["1", "3"]}
    document["claims"] = [target, branch, *[fold] * len(chain)]
    path = tmp_path / "branch.json"
    path.write_text(json.dumps(document))
    return checker.verify(path)


def test_a_fold_is_counted_once(tmp_path):
    """Two cells that share the place of a fold have one together; no claim of two folds is proved."""
    verdict = around_the_fold(tmp_path, twice=False)
    assert verdict, str(verdict)
    results = around_the_fold(tmp_path, twice=True).results
    assert [result.objection for result in results[1:]] == ["a fold may be counted twice"] * 3


def test_a_chain_begins_with_its_first_cell(tmp_path):
    """The radius at the start is that of the first face, not of a place behind it."""
    assert not around_the_fold(tmp_path, twice=False, late_start=True)


@pytest.mark.parametrize(
    ("file", "chains", "columns"), [("tilted-wells-fold", "branches", 3), ("ring-sheet", "sheets", 2)]
)
def test_a_singular_frame_proves_nothing(tmp_path, file, chains, columns):
    """It has no coordinates: the chain fails, and nothing else happens."""
    document = json.loads((CERTIFICATES / f"{file}.json").read_text())
    document[chains][0]["cells"][0]["frame"] = [["1"] * columns] * columns
    path = tmp_path / "chain.json"
    path.write_text(json.dumps(document))
    assert not checker.verify(path)


def test_a_face_has_exactly_the_multiplier_0(tmp_path):
    """Beside a critical point it is not at it, however near: here the multiplier is 2**-302 / 3, and cut to 0."""

    def change(document, cells):
        multiplier = Fraction(7315876400569301, 1 << 57)  # of the first cell, where 1/4 of it is the way to its face
        cells[0]["centre"][2] = str(multiplier + Fraction(1, 3 << 302))

    assert not forged(tmp_path, change)


def test_winding_numbers_of_polygons():
    """Squares in both directions, twice round, and one beside 0."""
    square = [(Fraction(x), Fraction(y)) for x, y in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    assert winding_number(square) == 1
    assert winding_number(square[::-1]) == -1
    assert winding_number(square * 2) == 2
    assert winding_number([(x + 3, y) for x, y in square]) == 0
