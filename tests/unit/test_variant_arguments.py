"""`variant` means the same everywhere: a search, proof or command takes it, or refuses it by name and says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.tools.cli import main

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
WELLS = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
RING = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
ASAM = RadiusLaw("asam", ("1/2", 3))  # type: ignore[arg-type]

OF_SAM_ALONE: dict[str, Callable[[Any], Any]] = {
    "farthest_point": lambda v: hc.find.farthest_point(WELLS, (0, 0), (1, 1), level="1.5", variant=v),
    "branch": lambda v: hc.find.branch(WELL, (-1, 0), (1, 0), rho_min=1.9, variant=v),
    "branches": lambda v: hc.find.branches(WELL, (1, 0), [(-1.2, 1.2), (-0.5, 0.5)], rho_max=1.9, variant=v),
    "sheet": lambda v: hc.find.sheet(RING, (0.4, 0.3), "1.5", max_steps=3, variant=v),
    "census": lambda v: hc.census(WELL, [(-1, -0.25), (-0.5, 0.5)], "1.5", variant=v),
    "critical_rho": lambda v: hc.critical_rho(WELL, [1, 0], rtol=0.3, variant=v),
    "certify_stall": lambda v: hc.certify_stall(WELLS, (0.001, -0.5), "1.5", variant=v),
}


@pytest.mark.parametrize("name", OF_SAM_ALONE)
def test_what_is_about_sam_alone_says_so(name):
    """Other ascent steps, and names of none, are an ArgumentError about `variant` that says what it must be."""
    for wrong in ("usam", "asam", RadiusLaw("usam"), ASAM, "SAM", None, 2, np.ones(2)):
        with pytest.raises(ArgumentError, match=r'^variant must be "sam": ') as caught:
            OF_SAM_ALONE[name](wrong)
        assert caught.value.argument == "variant" and len(caught.value.must) > 30


@pytest.mark.parametrize("name", OF_SAM_ALONE)
def test_sam_may_be_named(name):
    """``variant="sam"`` and its law are what is done without the argument."""
    assert OF_SAM_ALONE[name]("sam") is not None
    assert OF_SAM_ALONE[name](SAM) is not None


TAKE_ALL: dict[str, Callable[[Any], Any]] = {
    "on_sphere": lambda v: hc.find.on_sphere(WELL, (1, 0), 5, variant=v),
    "refine": lambda v: hc.find.refine(WELL, (-0.7, 0), 5, variant=v),
    "hallucinate": lambda v: hc.find.hallucinate(RING, (0.6, 0.5), 8, variant=v),
    "diagnose": lambda v: hc.diagnose(WELL, (-0.7, 0), 5, variant=v),
    "run": lambda v: hc.sam.run(WELL, (-0.7, 0), 5, 0.01, 3, variant=v),
}


@pytest.mark.parametrize("name", TAKE_ALL)
def test_what_takes_every_variant_refuses_names_of_none(name):
    """USAM by name and by its law give the same; a name of none, and ASAM without a metric, are refused."""
    by_name, by_law = TAKE_ALL[name]("usam"), TAKE_ALL[name](RadiusLaw("usam"))
    assert type(by_name) is type(by_law) and str(by_name) == str(by_law)
    for wrong in ("SAM", "asam", None, 2, RadiusLaw("asam", (1, 1, 1))):  # type: ignore[arg-type]
        with pytest.raises(ArgumentError, match=r"^variant must"):
            TAKE_ALL[name](wrong)


def test_a_point_of_usam_starts_the_branch_of_sam():
    """(-3/4, 0) for rho = 16/3 is the point of SAM with rho = |x - c| = rho q = 7/4 and the same multiplier 3/16."""
    candidate = hc.find.refine(WELL, (-0.74, 0), "16/3", variant="usam")
    curve = hc.find.branch(WELL, candidate, rho_max=1.9)
    (point,) = hc.find.on_branch(curve, "1.75")
    np.testing.assert_allclose(point.x, [-0.75, 0], atol=1e-9)
    assert point.multiplier == pytest.approx(3 / 16) and point.law == SAM


def test_points_of_other_steps_start_no_branch_and_no_sheet():
    """ASAM's equation has another metric; a sheet has a fixed radius, which no other step shares."""
    asam = hc.find.refine(WELL, (-0.5, 0.01), 3, variant=ASAM)
    with pytest.raises(ArgumentError, match=r"^start must be a candidate of the variant"):
        hc.find.branch(WELL, asam)
    with pytest.raises(ArgumentError, match=r'^start must be a candidate of the variant "sam"'):
        hc.find.sheet(RING, hc.find.hallucinate(RING, (0.6, 0.5), 8, variant="usam"))


FORMULA = "(x**2 - 1)**2/4 + y**2/20"


def run(capsys, *arguments):
    """Run a command and return its status, stdout and stderr."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_the_command_line_certifies_usam(capsys, tmp_path):
    """Two points of USAM with the target (1, 0) for rho = 16/3, saved, and verified as what they are."""
    path = tmp_path / "a.json"
    options = ("--rho", "16/3", "--target", "1,0", "--variant", "usam", "--json", "--save", str(path))
    status, out, _ = run(capsys, "certify", FORMULA, *options)
    data = json.loads(out)
    assert status == 0 and data["variant"] == "usam" and len(data["points"]) == 2
    assert hc.load(tmp_path / "a-1.json").law == RadiusLaw("usam")
    status, out, _ = run(capsys, "certify", FORMULA, "--rho", "16/3", "--at=-0.74,0", "--variant", "usam")
    assert status == 0 and "f^USAM" in out.replace("\n", "")


def test_the_command_line_diagnoses_usam_and_asam(capsys):
    """The verdicts name the ascent step; ASAM takes its metric from --scales."""
    status, out, _ = run(capsys, "diagnose", FORMULA, "--rho", "16/3", "--at=-0.25,0", "--variant", "usam")
    assert status == 0 and "it repels USAM" in out
    options = ("--rho", "3", "--at=-0.5,0", "--variant", "asam", "--scales", "1/2, 3", "--json")
    status, out, _ = run(capsys, "diagnose", FORMULA, *options)
    law = json.loads(out)["law"]
    assert status == 0 and law == {"variant": "asam", "scales": ["1/2", "3"]}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--variant", "asam"), "--scales must be given for --variant asam"),
        (("--scales", "1,2"), "--scales must be given for --variant asam, and only for it"),
        (("--variant", "asam", "--scales", "1"), "variant must have 2 scales"),
        (("--variant", "asam", "--scales", "1,x"), "--scales must"),
        (("--variant", "usa"), "'usa' is not one of"),
    ],
)
def test_misuse_on_the_command_line(capsys, options, said):
    """Status 2 and one line on stderr."""
    for command in (("certify", "--target", "1,0"), ("diagnose", "--at=-0.5,0")):
        status, out, err = run(capsys, command[0], FORMULA, *command[1:], "--rho", "3", *options)
        assert status == 2 and said in err and err.count("\n") == 1 and out == ""
