"""Files of censuses: numbers up to the ends of their ranges are read, and none beyond; oracle: the format's page."""

from __future__ import annotations

import copy
import math
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.census.census import Census
from hallucert.check.census.file import from_json, place_from_json, point_from_json
from hallucert.check.census.records import Open, Problem
from hallucert.check.claim import Provenance
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.save import to_json
from hallucert.errors import CertificateError
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective


def file(variables=2, backend="arb", **changes) -> dict:
    """The file of a census of a sum of squares that found nothing, with another problem."""
    f = hc.Objective.parse(" + ".join(f"x{i}**2" for i in range(variables)))
    problem = Problem(f, Fraction(1), np.array([[-1.0, 1.0]] * variables))
    data = to_json(Census(problem, (), (), (), (), 7, math.nan, Provenance("1", backend, "1", 53)))
    for name, value in changes.items():
        (data if name in data else data["problem"])[name] = value
    return data | {"digest": problem_digest(data["problem"])}


def program() -> object:
    """The square of a number, as an array program."""
    b = ProgramBuilder([(1,)])
    return ProgramObjective(b.program([b.mul(b.input(0), b.input(0))]), ["x"]).to_json()


def region(low, high, count=2) -> list:
    return [[low, high], *[["-1", "1"]] * (count - 1)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *(({"variables": d}, None if d < 5 else "problem.objective") for d in range(1, 6)),
        ({"objective": program()}, "problem.objective"),
        ({"search": "arb"}, None),
        ({"search": "mpmath"}, "search"),
        ({"backend": "mpmath", "search": "mpmath"}, None),
        ({"backend": "mpmath"}, "search"),
        ({"tolerance": "1p-40"}, None),
        ({"tolerance": "1023p-50"}, "problem.tolerance"),
        ({"tolerance": "3602879701896397p-55"}, None),
        ({"tolerance": "3602879701896399p-55"}, "problem.tolerance"),
        ({"rho": f"1/{2**500}", "region": region("1p-600", "1p-500", 1), "variables": 1}, None),
        ({"rho": f"1/{2**500 + 1}", "region": region("1p-600", "1p-500", 1), "variables": 1}, "problem.rho"),
        ({"rho": str(2**500)}, None),
        ({"rho": str(2**500 + 1)}, "problem.rho"),
        ({"rho": str(2**400), "region": region("-1p500", "1")}, None),
        ({"rho": str(2**400), "region": region("-1", "1p500")}, None),
        ({"rho": str(2**400), "region": region("-4503599627370497p448", "1")}, "problem.region"),
        ({"region": region("-1p400", "1")}, None),
        ({"region": region("-1", "4503599627370497p348")}, "problem.region"),
        ({"region": region("1", "1")}, "problem.region"),
        ({"region": region("1p1", "1")}, "problem.region[0]"),
    ],
)
def test_problems_up_to_the_ends_of_their_ranges_are_read(changes, field) -> None:
    """One to four variables, radii from 2^-500 to 2^500, boxes within these and within 2^400 rho, tolerances."""
    data = file(**changes)
    if field is None:
        assert to_json(from_json(data)) == data
        return
    with pytest.raises(CertificateError) as caught:
        from_json(data)
    assert caught.value.field == field


POINT = {
    "box": [["0", "1"]],
    "target": 0,
    "kind": "minimizer",
    "stability": "attractor",
    "gradient_norm": ["1", "1"],
    "smallest_real_part": None,
    "chart": 1,
    "unique": [],
}
LONG = 2**4095


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"smallest_real_part": ["-1", "1"]}, None),
        ({"smallest_real_part": ["-1"]}, "point.smallest_real_part"),
        ({"target": 1}, "point.target"),
        ({"chart": 2}, "point.chart"),
        ({"kind": "degenerate"}, "point.kind"),
        ({"kind": ["minimizer"]}, "point.kind"),
        ({"stability": "stable"}, "point.stability"),
        ({"gradient_norm": ["1", "1", "1"]}, "point.gradient_norm"),
        ({"gradient_norm": ["1", str(2 * LONG - 1)]}, None),
        ({"gradient_norm": [str(1 - 2 * LONG), "1"]}, None),
        ({"gradient_norm": ["1", "1p4096"]}, "point.gradient_norm"),
        ({"gradient_norm": ["-1p4096", "1"]}, "point.gradient_norm"),
        ({"gradient_norm": ["1p-4096", "1"]}, "point.gradient_norm"),
    ],
)
def test_points_are_read_field_by_field(changes, field) -> None:
    """With numbers of at most 4096 bits, of one target and two charts."""
    data = copy.deepcopy(POINT) | changes
    if field is None:
        point = point_from_json(1, 1, data, "point")
        assert (point.smallest_real_part is None) == (data["smallest_real_part"] is None) and point.unique == ()
        return
    with pytest.raises(CertificateError) as caught:
        point_from_json(1, 1, data, "point")
    assert caught.value.field == field


def test_places_are_of_their_list() -> None:
    """Neighbourhoods of critical points are excluded, all others pending; where it does not matter, either is read."""
    for reason in ("critical_point", "budget"):
        data = {"box": [["0", "1"]], "target": [["1", "1p1"]], "reason": reason}
        place = place_from_json(data, 1, "place")
        assert place.box[0].upper == 1 and place.target[0].upper == 2 and place.reason is Open(reason)
        assert place_from_json(data | {"box": None}, 1, "place").box is None
        assert place_from_json(data, 1, "place", reason == "critical_point") == place
        with pytest.raises(CertificateError, match="exactly if"):
            place_from_json(data, 1, "place", reason != "critical_point")
