"""Files of two-cycles: what is read back, and what is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hallucert.check.cycle.file import from_json
from hallucert.check.file.fields import problem_digest
from hallucert.errors import CertificateError

DATA = json.loads((Path(__file__).parents[4] / "docs" / "certificates" / "himmelblau-two-cycle.json").read_text())


def changed(**changes):
    """The file with other parts of the problem, or another witness."""
    top = {name: changes.pop(name) for name in set(changes) & {"witness", "enclosure", "claims"}}
    problem = {**DATA["problem"], **changes}
    return {**DATA, "problem": problem, "digest": problem_digest(problem), **top}


def test_a_cycle_is_read_back():
    """Two points of the plane, whose coordinates come one after the other; half the step is a step, too."""
    cert = from_json(DATA)
    assert cert.points.tolist() == [cert.x[:2].tolist(), cert.x[2:].tolist()] and cert.witness is not None
    undecided = {"witness": None, "enclosure": None, "claims": []}
    assert from_json(changed(step="1/200", **undecided)).problem.step * 2 == cert.problem.step
    open_ = from_json(changed(**undecided))
    assert open_.witness is None and open_.points is None


@pytest.mark.parametrize("step", ["0", "-1/100"])
def test_a_step_is_positive(step):
    """And exact."""
    with pytest.raises(CertificateError, match=r"problem\.step"):
        from_json(changed(step=step))


@pytest.mark.parametrize(("variables", "fine"), [(500, True), (501, False)])
def test_a_cycle_has_two_points_of_few_variables(variables, fine):
    """As many unknowns as a point may have, 1000."""
    names = [f"x{i}" for i in range(variables)]
    sums = [["add", i, variables + i - 2 if i > 1 else 0] for i in range(1, variables)]
    nodes = [["var", i] for i in range(variables)] + sums
    tape = {"variables": names, "nodes": nodes, "outputs": [len(nodes) - 1]}
    data = changed(objective={"kind": "formula", "tape": tape}, witness=None, enclosure=None, claims=[])
    if fine:
        assert from_json(data).problem.objective.dimension == variables
    else:
        with pytest.raises(CertificateError, match="at most 500 variables"):
            from_json(data)


def test_a_witness_has_its_fields_and_no_others():
    """Their names are told."""
    with pytest.raises(CertificateError, match="witness"):
        from_json(changed(witness={**DATA["witness"], "more": 1}))


def test_without_a_witness_nothing_is_decided():
    """What is proved needs the box that it is about."""
    with pytest.raises(CertificateError, match="witness"):
        from_json(changed(witness=None, enclosure=None))
