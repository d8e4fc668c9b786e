"""The second checker on branches and sheets: what it accepts and what it refuses."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from hallucheck import verify as checker
from hallucheck.sheet import winding_number

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


def test_winding_numbers_of_polygons():
    """Squares in both directions, twice round, and one beside 0."""
    square = [(Fraction(x), Fraction(y)) for x, y in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    assert winding_number(square) == 1
    assert winding_number(square[::-1]) == -1
    assert winding_number(square * 2) == 2
    assert winding_number([(x + 3, y) for x, y in square]) == 0
