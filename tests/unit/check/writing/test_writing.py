"""What is written of a certificate is what it was read from, for every kind of file; oracle: the files of the docs."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.basins.partition import LABELS
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.file.save import to_json
from hallucert.check.reason import Reason
from hallucert.check.writing.fields import claim_json, plain

STORED = Path(__file__).parents[4] / "docs" / "certificates"


@pytest.mark.parametrize("path", sorted(STORED.glob("*.json")), ids=lambda path: path.stem)
def test_a_stored_file_is_written_as_it_stands(path, tmp_path) -> None:
    """With its companion, byte for byte, if it has one."""
    hc.load(path).save(tmp_path / path.name)
    written = sorted(tmp_path.iterdir())
    assert [file.name for file in written] == sorted(file.name for file in STORED.glob(f"{path.name}*"))
    read = {".json": lambda file: json.loads(file.read_text()), ".npy": Path.read_bytes}
    assert all(read[file.suffix](file) == read[file.suffix](STORED / file.name) for file in written)


@pytest.mark.parametrize("name", ["himmelblau-two-cycle", "wide-attracts", "himmelblau-saddle"])
def test_without_a_place_none_is_written(name) -> None:
    """Of a cycle, of a large point, of a point."""
    assert to_json(replace(hc.load(STORED / f"{name}.json"), witness=None, claims={}))["witness"] is None


def test_traps_are_written_by_the_labels_of_others() -> None:
    """Only where there are some."""
    basins = hc.load(STORED / "well-basins.json")
    assert "traps" not in to_json(replace(basins, traps=()))
    traps = (SimpleNamespace(others=(0, 1)), SimpleNamespace(others=()))
    assert to_json(replace(basins, traps=traps))["traps"] == [LABELS[0] + LABELS[1], ""]


def test_cells_that_are_decided_have_steps() -> None:
    """Those with a label but 0, also those that leave the box."""
    basins = hc.load(STORED / "well-basins.json")
    for label in (0, 1, 2):
        labels = np.full_like(basins.labels, label)
        assert len(to_json(replace(basins, labels=labels))["steps"]) == (len(labels) if label else 0)


def test_an_undecided_claim_keeps_no_numbers() -> None:
    """Nothing is asserted of them; what no field may hold is refused."""
    numbers, half = {"rho": Enclosure(Fraction(1), Fraction(2))}, Fraction(1, 2)
    proved = claim_json(Claim("fold", Status.PROVED, "", numbers, {"branch": 1, "at": (half, None)}))
    assert proved["numbers"] == {"rho": ["1", "1p1"]} and proved["inputs"] == {"branch": 1, "at": ["1p-1", None]}
    undecided = claim_json(Claim("fold", Status.UNDECIDED, "", numbers, {}, Reason.TIME))
    assert undecided["numbers"] == {} and undecided["reason"] == "time"
    with pytest.raises(TypeError, match="no field holds a object"):
        plain(object())
