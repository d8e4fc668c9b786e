"""Files of branches and diagrams hold formulas in few variables, a target where anything is proved, and an end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.check.branch import region
from hallucert.check.branch.certificate import BranchCertificate, DiagramCertificate
from hallucert.check.branch.file import from_json
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.save import to_json
from hallucert.errors import CertificateError
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective

STORED = Path(__file__).parents[4] / "docs" / "certificates" / "himmelblau-branch.json"
COMPLETE = {"name": "completeness", "status": "undecided", "inputs": {}, "numbers": {}, "reason": "time"}
OPEN_TARGET = COMPLETE | {"name": "target"}
HELD = {"status": "proved", "inputs": {"subdivision": "a", "holders": [], "thickness": []}, "reason": None}


def file(f="x + y", kind="branch", region=(["-1", "1"], ["0", "1"]), **changes) -> dict:
    """A file in which nothing is proved: no target, no branches, and of a diagram an open claim."""
    data = json.loads(STORED.read_text())
    objective = f if isinstance(f, hc.Objective) else hc.Objective.parse(f)
    data["problem"] = {"objective": objective.to_json()} | ({"region": list(region)} if kind == "diagram" else {})
    data |= {"kind": kind, "target": None, "enclosure": None, "branches": [], "digest": problem_digest(data["problem"])}
    return data | {"claims": [COMPLETE] if kind == "diagram" else []} | changes


def program() -> ProgramObjective:
    """The product of two numbers, which is no formula."""
    b = ProgramBuilder([(2,)])
    return ProgramObjective(b.program([b.reshape(b.mul(b.input(0), b.input(0)), (2,))]), ["x"])


STORED_START = json.loads(STORED.read_text())["branches"][0]["cells"][0]["start"]


def ending(end) -> dict:
    """The stored file with another end of its first part."""
    data = json.loads(STORED.read_text())
    data["branches"][0]["cells"][0]["parts"][0]["end"] = end
    return data


def spanning(low, high) -> dict:
    """The stored file with another span of its first cell."""
    data = json.loads(STORED.read_text())
    data["branches"][0]["cells"][0]["span"] = [low, high]
    return data


def sum_of(count) -> str:
    return " + ".join(f"x{i}" for i in range(count))


def test_a_file_is_what_it_was_written_from() -> None:
    """With a target and branches, without, and with a region."""
    stored = json.loads(STORED.read_text())
    for data in (
        stored,
        file(),
        file(kind="diagram", claims=[OPEN_TARGET, COMPLETE]),
        file(sum_of(12)),
        file(sum_of(region.MAX_DIMENSION), "diagram", [["0", "1"]] * 3),
    ):
        read = from_json(data)
        assert type(read) is (DiagramCertificate if data["kind"] == "diagram" else BranchCertificate)
        assert to_json(read) == data


def target(d=2) -> dict:
    """One in `d` variables, and its enclosure."""
    numbers = {"centre": ["0"] * d, "radius": ["1"] * d, "preconditioner": [["1"] * d] * d}
    return {"target": numbers, "enclosure": [["0", "1"]] * d}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (list, "(file)"),
        (lambda: file(sum_of(13)), "problem.objective"),
        (lambda: file(sum_of(4), "diagram", [["0", "1"]] * 4), "problem.objective"),
        (lambda: file(program()), "problem.objective"),
        (lambda: file(kind="diagram", region=[["0", "1"]]), "problem.region"),
        (lambda: file(kind="diagram", region=[["0", "1"], ["1", "1"]]), "problem.region"),
        (lambda: file(kind="diagram", region=[["0", "1"], ["1p1", "1"]]), "problem.region"),
        (lambda: file(kind="diagram", region=[["0", "1"], ["0"]]), "problem.region[1]"),
        (lambda: file(**target() | {"enclosure": None}), "enclosure"),
        (lambda: file(**target() | {"target": None}), "enclosure"),
        (lambda: file(**target() | {"enclosure": [["0", "1"]]}), "enclosure"),
        (lambda: json.loads(STORED.read_text()) | {"target": None, "enclosure": None}, "target"),
        (lambda: file(kind="diagram", claims=[]), "claims"),
        (lambda: file(kind="diagram", claims=[COMPLETE, COMPLETE]), "claims"),
        (lambda: file(kind="diagram", claims=[COMPLETE | HELD]), "target"),
        (lambda: file(kind="diagram", claims=[OPEN_TARGET, COMPLETE | HELD]), "target"),
        (lambda: file(claims=[COMPLETE]), "claims[0].name"),
        (lambda: json.loads(STORED.read_text()) | {"claims": [OPEN_TARGET]}, "claims"),
        (lambda: ending(STORED_START), "branches[0].cells[0].parts[0].end"),
        (lambda: spanning("0", "1"), "branches[0].cells[0].span"),
        (lambda: spanning("-1", "0"), "branches[0].cells[0].span"),
    ],
)
def test_what_no_branch_has_is_refused(data, field) -> None:
    """Too many variables, no formula, a region or an enclosure of other ones, and claims without what they need."""
    with pytest.raises(CertificateError) as caught:
        from_json(data())
    assert caught.value.field == field


def test_with_a_target_the_same_is_read() -> None:
    """Of the right size, without branches."""
    assert from_json(file(**target())).target.radius == (1, 1)
    assert from_json(file(kind="diagram", claims=[OPEN_TARGET, COMPLETE | HELD], **target())).complete
