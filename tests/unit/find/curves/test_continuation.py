"""Claim: curves end on their limits, to rounding, in both directions; a start outside is refused by the limit's name.

Radii along the branches are closed forms: sqrt 2 (1 + s) on the diagonal of the four wells.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from search_problems import FOUR_WELL

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.find.curves.records import EndReason

HALFWAY = float(np.hypot(1.75, 1.75))
"""The radius of (-3/4, -3/4) for the target (1, 1)."""


@pytest.fixture(scope="module")
def four_well():
    return hc.Objective.parse(FOUR_WELL)


@pytest.mark.parametrize(
    ("limits", "ends"),
    [
        ({"rho_min": "1.5"}, (2 * 2**0.5, 1.5)),
        ({"rho_min": Fraction(9, 4), "rho_max": "2.6"}, (2.6, 2.25)),
        ({"rho_min": 2.47, "rho_max": 2.48}, (2.48, 2.47)),
        ({"rho_max": 2.5, "ds": 0.5, "ds_max": 0.5}, (2.5, 2**0.5)),
        ({"rho_min": "17/7", "ds": 0.5, "ds_max": 0.5}, (2 * 2**0.5, 17 / 7)),
        ({"rho_max": HALFWAY}, (HALFWAY, 2**0.5)),
        ({"rho_min": HALFWAY}, (2 * 2**0.5, HALFWAY)),
    ],
)
def test_ends_lie_on_the_limits(four_well, limits, ends):
    """Both ends of the diagonal branch from its middle are where the limits, or its critical points, are."""
    branch = hc.find.branch(four_well, (-0.75, -0.75), (1, 1), **limits)
    np.testing.assert_allclose(branch.rho[[0, -1]], ends, rtol=4e-16 * 4, atol=0)
    assert branch.rho.max() <= ends[0] * (1 + 1e-15) and branch.rho.min() >= ends[1] * (1 - 1e-15)
    for end, name in ((branch.start, "rho_max"), (branch.end, "rho_min")):
        assert end.reason == (name if name in limits else EndReason.CRITICAL_POINT)


@pytest.mark.parametrize(
    ("start", "limits", "name"),
    [
        ((-0.75, -0.75), {"rho_max": "2.2"}, "rho_max"),
        ((-0.75, -0.75), {"rho_min": "2.6"}, "rho_min"),
        ((-1, -1), {"rho_max": "2.8"}, "rho_max"),
        ((0, 0), {"rho_min": "1.5", "rho_max": 3}, "rho_min"),
        ((-0.75, -0.75), {"rho_max": HALFWAY * (1 - 1e-9)}, "rho_max"),
        ((-0.75, -0.75), {"rho_max": "1e-3"}, "rho_max"),
    ],
)
def test_a_start_outside_is_refused(four_well, start, limits, name):
    """The error names the limit and says what the radius at the start is."""
    with pytest.raises(ArgumentError, match="radius at the start") as caught:
        hc.find.branch(four_well, start, (1, 1), **limits)
    assert caught.value.argument == name


def test_half_branches_keep_the_limits(four_well):
    """From the branch point at 3/sqrt 2 rho grows on both halves; limits inside, on and beyond it."""
    diagonal = hc.find.branch(four_well, (0, 0), (1, 1))
    event = diagonal.branch_points[0]
    for limit in ("2.2", "2.1215", "2.1214"):
        for half in hc.find.switch_branch(diagonal, event, rho_max=limit):
            assert half.end.reason is EndReason.RHO_MAX
            assert abs(half.rho[-1] - float(limit)) < 1e-14 and half.rho.max() == half.rho[-1]
    for limits, name in (({"rho_max": "2.1"}, "rho_max"), ({"rho_min": "2.2"}, "rho_min")):
        with pytest.raises(ArgumentError) as caught:
            hc.find.switch_branch(diagonal, event, **limits)
        assert caught.value.argument == name


@pytest.fixture(scope="module")
def folded():
    """A branch that comes down to a fold and goes up again; its start and target."""
    f = hc.Objective.parse(f"{FOUR_WELL} + x/20")
    target = max((p.x for p in hc.find.critical_points(f, [(-2, 2), (-2, 2)], starts=128)), key=lambda x: x.sum())
    branch = next(b for b in hc.find.branches(f, target, [(-2, 2), (-2, 2)]) if b.folds)
    return f, branch


def test_a_step_over_a_fold_beyond_the_limit_is_seen(folded):
    """Both ends of a long step around the fold may be inside: the branch ends all the same, where rho is the limit."""
    f, branch = folded
    fold = branch.folds[0].rho
    for above in (1e-3, 1e-6, 1e-9):
        cut = hc.find.branch(f, branch.start.x, branch.target, rho_min=fold + above, ds_max=0.3)
        assert cut.end.reason is EndReason.RHO_MIN and not cut.folds
        assert abs(cut.rho[-1] - (fold + above)) < 1e-14 and cut.rho.min() >= fold + above - 1e-14
    for limit in (fold - 1e-9, fold, float(np.nextafter(fold, 0))):
        whole = hc.find.branch(f, branch.start.x, branch.target, rho_min=limit)
        assert whole.end.reason is EndReason.CRITICAL_POINT or abs(whole.rho[-1] - fold) < 1e-14
        assert whole.rho.min() >= limit - 1e-14


def test_branches_lists_the_pieces_inside(four_well):
    """Branches from critical points beyond a limit are entered there; their ends lie on the limits."""
    for limits in ({"rho_max": "1.2"}, {"rho_max": "2.7", "rho_min": "2.2"}):
        found = hc.find.branches(four_well, (1, 1), [(-1.5, 1.5), (-1.5, 1.5)], **limits)
        low, high = float(limits.get("rho_min", 0)), float(limits["rho_max"])
        assert len(found) == {"1.2": 2, "2.7": 3}[limits["rho_max"]]
        for branch in found:
            assert branch.rho.min() >= low * (1 - 1e-15) and branch.rho.max() <= high * (1 + 1e-15)
            for end in (branch.start, branch.end):
                bound = {"rho_min": low, "rho_max": high}.get(end.reason, end.rho)
                assert abs(end.rho - bound) < 1e-14


def test_boxes_of_sheets_and_surfaces_are_kept():
    """The circle of radius 1/2 leaves a box 1e-6 inside of its top, between two points; starts outside are refused."""
    ring = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
    sheet = hc.find.sheet(ring, (0.4, 0.3), "1.5", box=[(-0.6, 0.6), (-0.6, 0.499999)])
    assert sheet.ends == (EndReason.BOX, EndReason.BOX)
    np.testing.assert_allclose(sheet.x[[0, -1], 1], 0.499999, atol=1e-14)
    assert sheet.x[:, 1].max() <= 0.499999 + 1e-15
    ball = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)
    for f, start in ((ring, (0.4, 0.3)), (ball, (0.4, 0.3, 0))):
        with pytest.raises(ArgumentError, match="lie in the box") as caught:
            hc.find.sheet(f, start, "1.5", box=[(-1, 0.35)] * len(start))
        assert caught.value.argument == "start"


def test_a_branch_in_a_box_ends_on_its_face():
    """On the diagonal of the four wells a box that cuts a coordinate ends the branch there, at both ends."""
    branch = hc.find.branch(hc.Objective.parse(FOUR_WELL), (-0.75, -0.75), (1, 1), box=[(-0.875, 2), (-2, -0.625)])
    np.testing.assert_allclose(branch.x[[0, -1]], [[-0.875, -0.875], [-0.625, -0.625]], atol=1e-14)
    assert (branch.start.reason, branch.end.reason) == (EndReason.BOX, EndReason.BOX)
