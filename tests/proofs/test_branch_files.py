"""A well-formed file of a branch with one false thing in it is not believed, and a malformed one is refused by name."""

from __future__ import annotations

import copy
import json
from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.decimals import format_dyadic
from hallucert.errors import CertificateError
from hallucert.exact import parse_dyadic


def tampered(certificate, change):
    """Return the verdict on a certificate after a change of its plain data."""
    data = copy.deepcopy(to_json(certificate))
    change(data)
    try:
        return hc.verify(from_json(json.loads(json.dumps(data))), backend="arb")
    except CertificateError:  # what the numbers show is another status
        return None


def drop_a_cell(data):
    del data["branches"][0]["cells"][5]


def join_across_the_branch_point(data):
    first, second = data["branches"][:2]
    first["cells"] += second["cells"]
    first["to_critical"] = 1
    del data["branches"][1], data["claims"][3:]


def thin_a_tube(data):
    data["branches"][0]["cells"][2]["radius"] = ["1p-60", "1p-60"]


def stretch_a_cell(data):
    cell = data["branches"][0]["cells"][3]
    cell["span"][1] = cell["parts"][-1]["end"] = "1p2"


def shift_a_cell(data):
    data["branches"][0]["cells"][4]["centre"][0] = "-1p-1"


def claim_attraction(data):
    for cell in data["branches"][0]["cells"]:
        for part in cell["parts"]:
            part["stability"] = "attracting"
    data["claims"][2]["inputs"]["attracting"] = 1


def claim_falling(data):
    for part in data["branches"][0]["cells"][3]["parts"]:
        part["turning"] = "falling"


def claim_a_fold(data):
    cell = data["branches"][0]["cells"][3]
    whole = cell["parts"][-1]
    cuts = ("0", "growing"), ("1p-10", "fold"), (whole["end"], "falling")
    cell["parts"] = [whole | {"end": end, "turning": word} for end, word in cuts]


def claim_a_larger_range(data):
    data["claims"][1]["numbers"]["rho_end"] = ["3", "1p2"]


def deny_the_critical_point(data):
    data["branches"][0]["from_critical"] = 0


def invent_a_critical_point(data):
    data["branches"][0]["to_critical"] = 1


def move_the_target(data):
    data["target"]["centre"] = ["-1", "-1"]


def narrow_the_enclosure(data):
    data["enclosure"][0][0] = f"{2**100 + 1}p-100"  # the target is at 1


def start_late(data):
    cell = data["branches"][0]["cells"][3]
    cell["start"] = "0"


def claim_it_is_monotone(data):
    data["claims"][1]["inputs"]["monotone"] ^= 1


def claim_more_folds(data):
    data["claims"][1]["inputs"]["folds"] += 1


def claim_another_index(data):
    data["claims"][1]["inputs"]["negative"] += 1


def claim_an_earlier_cell(data):
    data["claims"][2]["inputs"]["first_cell"] += 1


def repeat_a_claim(data):
    data["claims"].append(data["claims"][-1])


def swap_the_branches(data):
    data["branches"].reverse()


def negated(text):
    return text if text == "0" else text[1:] if text[0] == "-" else "-" + text


def turn_back(data):
    """Reverse the last cell of the second branch: its arc, entered near its new end, leads back where it came from."""
    links = data["branches"][1]["cells"]
    cell, low = links[-2], links[-2]["span"][0]
    del links[-1], data["claims"][4]
    data["branches"][1]["to_critical"] = 0
    for row in cell["frame"]:
        row[0] = negated(row[0])
    cell["span"] = [negated(cell["span"][1]), negated(low)]
    cell["start"] = cell["span"][0]
    nothing = {"end": cell["span"][1], "turning": "undecided", "stability": "undecided"}
    cell["parts"], cell["places"] = [cell["parts"][-1] | nothing], []


def stop_short_of_the_critical_point(data):
    """End the last cell so little before lambda = 0 that all published numbers still hold."""
    cell = data["branches"][1]["cells"][-1]
    end = format_dyadic(parse_dyadic(cell["span"][1]) - Fraction(1, 2**62))
    cell["span"][1] = cell["parts"][-1]["end"] = cell["places"][-1]["s"] = end


def shift_a_number(data):
    """Move an interval beside the number, by so little that the sentence stays what it is."""
    numbers = data["claims"][1]["numbers"]
    upper = parse_dyadic(numbers["rho_end"][1])
    numbers["rho_end"] = [numbers["rho_end"][1], format_dyadic(upper + Fraction(1, 2**62))]


FORGERIES = [
    stop_short_of_the_critical_point,
    shift_a_number,
    turn_back,
    drop_a_cell,
    join_across_the_branch_point,
    thin_a_tube,
    stretch_a_cell,
    shift_a_cell,
    claim_attraction,
    claim_falling,
    claim_a_fold,
    claim_a_larger_range,
    deny_the_critical_point,
    invent_a_critical_point,
    move_the_target,
    narrow_the_enclosure,
    start_late,
    claim_it_is_monotone,
    claim_more_folds,
    claim_another_index,
    claim_an_earlier_cell,
    repeat_a_claim,
    swap_the_branches,
]


@pytest.mark.parametrize("change", FORGERIES, ids=lambda change: change.__name__)
def test_forgeries_are_not_believed(certified, change):
    """A well-formed file with one false thing in it does not pass."""
    assert tampered(certified, lambda data: None)
    assert not tampered(certified, change)


def set_value(path, value):
    def change(data):
        *way, last = path
        for key in way:
            data = data[key]
        data[last] = value

    return change


CELL = ("branches", 0, "cells", 0)
MALFORMED = [
    (("kind",), "star", "kind"),
    (("kind",), 3, "kind"),
    (("schema",), 1, "schema"),
    (("problem", "rho"), "1", "problem.rho"),
    (("branches", 0, "from_critical"), 2, "branches[0].from_critical"),
    ((*CELL, "span"), ["1", "1p1"], "branches[0].cells[0].span"),
    ((*CELL, "radius"), ["1", "0"], "branches[0].cells[0].radius"),
    ((*CELL, "frame"), [["1"]], "branches[0].cells[0].frame"),
    ((*CELL, "frame"), [["1", "0", "0"], ["0", "1"], ["0", "0", "1"]], "branches[0].cells[0].frame"),
    ((*CELL, "parts"), [], "branches[0].cells[0].parts"),
    ((*CELL, "parts", 0, "turning"), "dancing", "branches[0].cells[0].parts[0].turning"),
    ((*CELL, "parts", 0, "stability"), ["fold"], "branches[0].cells[0].parts[0].stability"),
    ((*CELL, "parts", 0, "end"), "-1p9", "branches[0].cells[0].parts[0].end"),
    ((*CELL, "parts", 0, "radius"), ["0", "1"], "branches[0].cells[0].parts[0].radius"),
    ((*CELL, "places", 0, "centre"), ["1"], "branches[0].cells[0].places[0].centre"),
    (("claims", 1, "inputs"), {"branch": 7}, "claims[1].inputs"),
    (("claims", 1, "inputs", "branch"), 7, "claims[1].inputs.branch"),
    (("claims", 1, "name"), "existence", "claims[1].name"),
    (("claims", 1, "status"), "refuted", "claims[1].status"),
    (("claims", 1, "numbers"), {}, "claims[1].numbers"),
    (("target",), None, "enclosure"),
]


@pytest.mark.parametrize(("path", "value", "field"), MALFORMED)
def test_malformed_files_are_refused_with_the_place(certified, path, value, field):
    """Whatever does not fit the format raises CertificateError with the path of the entry."""
    data = copy.deepcopy(to_json(certified))
    set_value(path, value)(data)
    if path[0] == "problem":
        from hallucert.check.file.fields import problem_digest

        data["digest"] = problem_digest(data["problem"])
    with pytest.raises(CertificateError) as caught:
        from_json(data)
    assert caught.value.field == field


def test_a_curve_that_turns_back_is_named_as_such(certified):
    """The reversed cell fails at its joint, for its direction: everything else about it is provable."""
    data = copy.deepcopy(to_json(certified))
    turn_back(data)
    verdict = hc.verify(from_json(data), backend="arb")
    (message,) = {result.message for result in verdict.results if result.name == "branch (branch 2)"}
    assert "is not shown to go on into it" in message
