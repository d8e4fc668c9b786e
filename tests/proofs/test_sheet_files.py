"""Claims: files of sheets that were changed are not believed, and malformed ones are refused with the field named."""

from __future__ import annotations

import copy
import json

import pytest

import hallucert as hc
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.errors import CertificateError


@pytest.fixture(scope="module")
def ring():
    return hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)


@pytest.fixture(scope="module")
def arc(ring):
    """A short piece of the circle: few cells, cheap to verify."""
    return hc.certify(hc.find.sheet(ring, (0.5, 0), "1.5", box=[(0.3, 0.7), (-0.06, 0.06)]))


def tampered(certificate, change):
    """Return the verdict on a certificate after a change of its plain data."""
    data = copy.deepcopy(to_json(certificate))
    change(data)
    try:
        return hc.verify(from_json(json.loads(json.dumps(data))), backend="arb")
    except CertificateError:  # what the numbers show is another status
        return None


def drop_a_cell(data):
    del data["sheets"][0]["cells"][1]


def thin_a_tube(data):
    data["sheets"][0]["cells"][1]["radius"] = ["1p-60"]


def stretch_a_cell(data):
    data["sheets"][0]["cells"][-1]["span"][1] = "1p-1"


def shift_a_cell(data):
    data["sheets"][0]["cells"][1]["centre"][0] = "1p-2"


def close_the_arc(data):
    data["sheets"][0]["closed"] = 1


def claim_a_longer_curve(data):
    data["claims"][0]["numbers"]["length"] = ["1", "1p1"]


def claim_faster_attraction(data):
    data["claims"][4]["numbers"]["smallest_real_part"] = ["5", "3p1"]


def repeat_a_claim(data):
    data["claims"].append(data["claims"][-1])


def reverse_the_cells(data):
    data["sheets"][0]["cells"].reverse()


def deny_a_refutation(data):
    data["claims"][2]["status"] = "proved"


FORGERIES = [
    drop_a_cell,
    thin_a_tube,
    stretch_a_cell,
    shift_a_cell,
    close_the_arc,
    claim_a_longer_curve,
    claim_faster_attraction,
    repeat_a_claim,
    reverse_the_cells,
    deny_a_refutation,
]


def test_the_arc_itself_is_believed(arc):
    """The file that the forgeries start from passes."""
    assert arc.cells >= 3
    assert tampered(arc, lambda data: None)


@pytest.mark.parametrize("change", FORGERIES, ids=lambda change: change.__name__)
def test_forgeries_are_not_believed(arc, change):
    """A well-formed file with one false thing in it does not pass."""
    assert not tampered(arc, change)


def set_value(path, value):
    def change(data):
        *way, last = path
        for key in way:
            data = data[key]
        data[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (set_value(["sheets", 0, "closed"], 2), "closed"),
        (set_value(["sheets", 0, "cells", 0, "radius"], ["0"]), "radius"),
        (set_value(["sheets", 0, "cells", 0, "span"], ["1p-9", "1p-8"]), "span"),
        (set_value(["sheets", 0, "cells", 0, "frame"], [["1"]]), "frame"),
        (set_value(["claims", 0, "inputs", "sheet"], 2), "inputs"),
        (set_value(["claims", 0, "name"], "branch"), "name"),
        (set_value(["claims", 0, "numbers"], {}), "numbers"),
        (set_value(["claims", 0, "status"], "sure"), "status"),
        (set_value(["claims", 0, "reason"], "budget"), "reason"),
        (set_value(["problem", "rho"], "6/4"), "digest"),
    ],
)
def test_malformed_files_are_refused_with_the_field_named(arc, change, field):
    """Reading names the field that does not fit."""
    data = copy.deepcopy(to_json(arc))
    change(data)
    with pytest.raises(CertificateError) as caught:
        from_json(data)
    assert field in caught.value.field
