"""Checkpoints of censuses: whatever is in the file, a `CheckpointError` says so or the census is taken."""

from __future__ import annotations

import copy
import json

import pytest

import hallucert as hc
from hallucert.check.file.save import to_json
from hallucert.errors import CheckpointError

PLANE = [(-2, 2), (-2, 2)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A census and what its checkpoint holds."""
    path = tmp_path_factory.mktemp("kept") / "census.json"
    return to_json(_census(path)), json.loads(path.read_text())


def _census(path):
    return hc.census(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), PLANE, "1.5", checkpoint=path)


def _places(data, path=()):
    """The paths of all that is in the results."""
    yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _places(value, (*path, key))


def test_malformed_entries_raise_a_checkpoint_error(kept, tmp_path):
    """Any entry of a result replaced by one of another type, with the digest as it was, is refused."""
    whole, data = kept
    path, tried = tmp_path / "census.json", 0
    paths = [p for p in _places(data["results"]) if len(p) > 0]
    for place in paths[:: max(len(paths) // 60, 1)]:
        for wrong in (None, 3, "x", {}, [[]]):
            changed = copy.deepcopy(data)
            at = changed["results"]
            for key in place[:-1]:
                at = at[key]
            if type(at[place[-1]]) is type(wrong) or (place[-1], wrong) == ("smallest_real_part", None):
                continue  # the same type, or a spectrum that was not enclosed
            at[place[-1]] = wrong
            path.write_text(json.dumps(changed))
            tried += 1
            with pytest.raises(CheckpointError, match="is not the checkpoint"):
                _census(path)
    assert tried > 200
    path.write_text(json.dumps(data))
    assert to_json(_census(path)) == whole


def test_missing_fields_raise_a_checkpoint_error(kept, tmp_path):
    """So does a field that is not there, at every level."""
    path, data = tmp_path / "census.json", kept[1]
    for place in [p for p in _places(data["results"]) if len(p) > 1 and isinstance(p[-1], str)]:
        changed = copy.deepcopy(data)
        at = changed["results"]
        for key in place[:-1]:
            at = at[key]
        del at[place[-1]]
        path.write_text(json.dumps(changed))
        with pytest.raises(CheckpointError, match="is not the checkpoint"):
            _census(path)


@pytest.mark.parametrize("content", ["", "{}", "[]", "\u00e4", '{"digest": 1, "results": null}'])
def test_files_that_are_none(content, tmp_path):
    """Nor are other files, or folders, checkpoints."""
    path = tmp_path / "census.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError):
        _census(path)
    with pytest.raises(CheckpointError, match="cannot be read"):
        _census(tmp_path)


BROKEN = [
    (("critical 0", "small"), [["nan"] * 4]),
    (("critical 0", "small"), [["-inf", "0x0p+0", "inf", "0x0p+0"]]),
    (("critical 0", "small"), [["0x1p+0", "0x0p+0", "0x0p+0", "0x0p+0"]]),
    (("critical 0", "points", 0, "box"), [["-1p99999", "1p99999"], ["0", "1"]]),
    (("critical 0", "points", 0, "box"), [["1", "0"], ["0", "1"]]),
    (("critical 0", "spent"), -1),
    (("sphere 0", "points", 0, "target"), 1.0),
    (("sphere 0", "points", 0, "target"), True),
    (("sphere 0", "points", 0, "unique"), [["nan", "nan"]]),
    (("sphere 0", "points", 0, "unique"), [["0x1p+0", "0x0p+0"]]),
]


@pytest.mark.parametrize(("place", "wrong"), BROKEN)
def test_numbers_out_of_range_raise_a_checkpoint_error(kept, tmp_path, place, wrong):
    """Not finite, in the wrong order, too large, negative, or of another type."""
    path, changed = tmp_path / "census.json", copy.deepcopy(kept[1])
    at = changed["results"]
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = wrong
    if place[0] == "critical 0":
        del changed["results"]["sphere 0"]
    path.write_text(json.dumps(changed))
    with pytest.raises(CheckpointError, match="is not the checkpoint"):
        _census(path)


def test_a_nested_file_raises_a_checkpoint_error(tmp_path):
    """However deep."""
    path = tmp_path / "census.json"
    path.write_text("[" * 200_000)
    with pytest.raises(CheckpointError, match="is not the checkpoint"):
        _census(path)
