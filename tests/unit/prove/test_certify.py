"""Claims: each subject of `certify` takes what fits it, and is told what does not, and what does."""

from __future__ import annotations

import inspect

import pytest

import hallucert as hc
from hallucert.check.point.rule import BY_NAME
from hallucert.errors import ArgumentError
from hallucert.prove.certify import Common, OfBranch, OfCandidate, OfFunction

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
CANDIDATE = hc.find.refine(WELL, (-0.5, 0.01), "1.5")
BRANCH = hc.find.branch(WELL, (-0.5, 0), (1, 0), ds=1e-3, ds_max=1e-3, max_steps=1)
SHEET = hc.find.sheet(hc.Objective.least_squares(["x**2 + y**2 - 1"]), (-0.5, 0.0), "1.5", max_steps=5)
POINT = dict.fromkeys(("radius", "max_boxes", "global_box", "basin", "start", "momentum", "nesterov"), "a point")


@pytest.mark.parametrize(
    ("subject", "what", "takes"),
    [
        (CANDIDATE, "a candidate", list(POINT)),
        (WELL, "a function", ["x", "rho", *POINT, "variant", "checkpoint", "batches", "probabilities", "weight_decay"]),
        (BRANCH, "a branch", ["resume", "gap"]),
        (SHEET, "a sheet", ["resume"]),
    ],
)
@pytest.mark.parametrize("name", ["x", "rho", "variant", "gap", *POINT, "typo"])
def test_what_does_not_fit_a_subject_is_refused_by_name(subject, what, takes, name):
    """The error names the option, the subject, and what fits it; an option that is None is left out."""
    if name in takes:
        return
    with pytest.raises(ArgumentError) as caught:
        hc.certify(subject, **{name: 1})
    assert caught.value.argument == name
    which = f", which takes {', '.join(takes)}" if takes else ""
    assert str(caught.value) == f"{name} must be left out when {what} is certified{which}; it was 1"
    if subject is BRANCH:
        assert hc.certify(subject, budget=1e-3, **{name: None})["target"]


def test_what_claims_need_from_users_are_the_options_of_points():
    """Besides box, budget of boxes and kind of momentum points take what rules declare and no search proposes."""
    needs = {rule.needs for rule in BY_NAME.values()} - {"", "construction", "direction"}
    assert set(OfCandidate.__annotations__) - set(Common.__annotations__) == needs | {"radius", "max_boxes", "nesterov"}


def test_the_door_says_what_every_subject_takes():
    """What all take are its parameters; what some take, its docstring describes."""
    parameters = inspect.signature(hc.certify).parameters
    assert set(Common.__annotations__) <= set(parameters)
    options = hc.certify.__doc__.partition("**options")[2].partition("Returns")[0]
    for name in {*OfFunction.__annotations__, *OfBranch.__annotations__} - set(Common.__annotations__):
        assert f"``{name}`` : " in options
