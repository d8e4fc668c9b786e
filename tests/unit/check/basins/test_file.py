"""Files of basins: what is read back, and what is refused by name."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.check.basins.attractor import ellipses_of
from hallucert.check.basins.file import from_json as basins_from_json
from hallucert.check.basins.trap import Trap
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.decimals import format_exact
from hallucert.errors import CertificateError

STORED = Path(__file__).parents[4] / "docs" / "certificates"
DATA = json.loads((STORED / "well-basins.json").read_text())
CYCLE = json.loads((STORED / "himmelblau-two-cycle.json").read_text())
FEW = {"cells": "+.A-.", "steps": [3, 100_000]}


def changed(**changes):
    """The file with few cells, and with other fields or parts of the problem."""
    problem = {**DATA["problem"], **{name: changes.pop(name) for name in set(changes) & set(DATA["problem"])}}
    return {**DATA, **FEW, "problem": problem, "digest": problem_digest(problem), **changes}


def refused(**changes) -> CertificateError:
    with pytest.raises(CertificateError) as caught:
        from_json(changed(**changes))
    return caught.value


def test_basins_are_read_back():
    """As they were written; the steps are those of the cells with a label, in their order."""
    assert to_json(from_json(DATA)) == DATA
    found = from_json(changed())
    assert found.labels.tolist() == [0, 2, 1, 0] and found.steps.tolist() == [0, 3, 100_000, 0]
    assert (found.step, found.rho, len(found.attractors)) == (Fraction("0.1"), Fraction(3, 2), 1)
    assert found.box.tolist() == [[-0.875, -0.125], [-0.25, 0.5]]
    assert found.labels_known == 3 and found.traps == ()


def test_traps_follow_the_attractors():
    """B and C are the core of a trap and what flows into it, D and E those of another, which names others."""
    found = from_json(
        changed(cells="++ABCD-EA.", steps=[1, 1, 1, 1, 1, 1, -1], traps=["", "-AC"]) | {"cells": "++ABCDE-A"}
    )
    assert found.traps == (Trap(3, ()), Trap(5, (1, 2, 4)))
    assert found.labels.tolist() == [2, 3, 4, 5, 6, 1, 2]
    assert from_json(changed(cells="C", steps=[1], traps=["-"])).traps == (Trap(3, (1,)),)
    assert refused(cells="C", steps=[1], traps=[""]).field == "traps[0]"
    assert refused(cells="+BCD.", steps=[1] * 3, traps=[""]).field == "cells"
    assert from_json(changed(traps=[""])).traps == (Trap(3, ()),)
    assert refused(cells="+BCEE", steps=[1] * 4, traps=["", ""]).field == "traps[1]"
    assert from_json(changed(cells="+BCDE", steps=[1] * 4, traps=["", ""])).labels_known == 7


@pytest.mark.parametrize("traps", [["B"], ["C"], ["AA"], ["A-"], ["."], ["a"], ["", "D"]])
def test_a_trap_names_labels_before_its_own_in_order(traps):
    """Each once."""
    assert refused(traps=traps).field == f"traps[{len(traps) - 1}]"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("step", "0", "positive"),
        ("step", "-1/10", "positive"),
        ("attractors", [{}] * 53, "at most 52 entries"),
        ("attractors", [7], "kind"),
        ("attractors", [{"kind": "census"}], "must be point or cycle"),
        ("attractors", [CYCLE], "attractors[0]: must be a point or a two-cycle of the problem"),
        ("cells", "+.A", "all cells of the box"),
        ("cells", "B", "labels of the 1 attractors"),
        ("cells", "+.AB.", "labels of the 1 attractors"),
        ("cells", 7, "at most 16777216 characters"),
        ("steps", "0", "at most 16777216 entries"),
        ("steps", [1], "100000 steps for each cell"),
        ("steps", [1, 1, 1], "100000 steps for each cell"),
        ("steps", [1, 100_001], "100000 steps for each cell"),
        ("steps", [-100_001, 1], "100000 steps for each cell"),
        ("steps", [True, 1], "100000 steps for each cell"),
        ("steps", [1.0, 1], "100000 steps for each cell"),
        ("traps", "", "at most 25 entries"),
        ("traps", [7], "at most 53 characters"),
        ("region", [["0", "1"]], "two intervals"),
        ("region", [["0", "1"]] * 3, "two intervals"),
        ("region", [["0", "1152921504606846977"], ["0", "1"]], "doubles"),
        ("region", [["0", "1"], ["1", "1"]], "lower"),
        ("region", [["0", "1"], ["0", "1p101"]], "doubles"),
        ("region", [["0", "1"], ["-1p101", "0"]], "doubles"),
        ("region", [["0", "1p-101"], ["0", "1"]], "problem.region"),
        ("region", [["0", "1"], ["0", "1p1100"]], "doubles"),
        ("objective", hc.Objective.parse("x**2").to_json(), "formula in 2 variables"),
        ("objective", hc.Objective.parse("x**2 + y**2 + z**2").to_json(), "formula in 2 variables"),
        ("objective", hc.TanhNetwork((1, 1), [[1.0]], [0.5]).to_json(), "formula in 2 variables"),
    ],
)
def test_what_does_not_fit_is_named(field, value, says):
    """Its place, and what it must be."""
    error = refused(**{field: value})
    assert field in error.field and says in str(error), str(error)


def test_what_just_fits_is_read():
    """Sides of a box from 2^-100 to 2^100, and as many traps as there are letters left."""
    large, small = 2.0**100, 2.0**-100
    for region in ([[0.0, large], [-large, 0.0]], [[0.0, small], [0.0, 1.0]]):
        written = [[format_exact(Fraction(end)) for end in side] for side in region]
        assert from_json(changed(region=written)).box.tolist() == region
    found = from_json(changed(traps=["-"] * 25))
    assert found.traps[-1] == Trap(51, (1,)) and found.labels_known == 53
    assert refused(traps=["-"] * 26).field == "traps"


def test_a_file_without_traps_has_no_field_for_them():
    """Nor may it have others."""
    assert refused(extra=1).field.endswith("extra")
    for data in ([], 7):
        with pytest.raises(CertificateError, match="object"):
            basins_from_json(data)


def test_a_basin_serves_for_its_own_step_and_smaller_ones() -> None:
    """Exactly up to it."""
    found = from_json(DATA)
    (point,) = found.attractors
    step = point["basin"].inputs["step"]
    for asked, serves in ((step / 2, True), (step, True), (step + Fraction(1, 2**70), False)):
        assert bool(ellipses_of(point, found.problem, asked)) is serves
