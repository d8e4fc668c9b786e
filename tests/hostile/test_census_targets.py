"""Censuses whose targets a forger made up: repeated, wider than they are, or of a function that is defined nowhere."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.decimals import format_dyadic
from hallucert.errors import CertificateError

CERTIFICATES = Path(__file__).parents[2] / "docs" / "certificates"


def stored(name):
    return json.loads((CERTIFICATES / f"{name}.json").read_text())


def verified(data):
    data["digest"] = problem_digest(data["problem"])
    return hc.verify(from_json(data), backend="arb")


def interval(low, high):
    return [format_dyadic(Fraction(low)), format_dyadic(Fraction(high))]


@pytest.mark.parametrize("name", ["himmelblau-census-small", "double-well-census-below", "camel-census"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_degenerate_target_any_number_of_times_is_not_all(name, count):
    """Without its points, and with one vague critical point said once or again and again, nothing is complete."""
    data = stored(name)
    vague = {"box": data["critical_points"][-1]["box"], "kind": "degenerate", "unique": None}
    data["points"], data["critical_points"] = [], [vague] * count
    verdict = verified(data)
    assert not verdict
    assert not any(r.passed for r in verdict.results if r.name in ("completeness", "no_hallucination"))


def test_a_target_less_with_vague_ones_instead_is_missed():
    """An isolated target is left out, and another entry is there twice."""
    data = stored("himmelblau-census")
    vague = {"box": data["critical_points"][0]["box"], "kind": "degenerate", "unique": None}
    data["points"] = [point for point in data["points"] if point["target"] != len(data["critical_points"]) - 1]
    data["critical_points"][-1:] = [vague, vague]
    assert not verified(data)


def test_places_on_the_spheres_of_vague_targets_are_not_excluded():
    """How far a degenerate target is from a critical point is not known: it makes no neighbourhood that hides points.

    The double well at rho = 129/128 has the points (1/128, 0) and (-1/128, 0), near the critical point 0, whose
    distance from both minimizers is 1.
    """
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    census = hc.census(f, [(-3, 3), (-3, 3)], "129/128")
    assert census.complete and len(census) == 2
    data, e = to_json(census), Fraction(1, 2**12)
    data["problem"]["tolerance"] = format_dyadic(Fraction(0.1))
    far, tiny = Fraction(1) + Fraction(1, 128) + e, Fraction(1, 64)
    targets = [[interval(-far, e - 1), interval(-e, e)], [interval(1 - e, far), interval(-e, e)]]
    data["critical_points"] += [{"box": box, "kind": "degenerate", "unique": None} for box in targets]
    data["points"] = []
    place = [interval(-tiny, tiny), interval(-tiny, tiny)]
    data["excluded"] = [{"box": place, "target": box, "reason": "critical_point"} for box in targets]
    verdict = verified(data)
    assert not verdict and "excluded in the file" in str(verdict)


@pytest.mark.parametrize(
    "extra",
    [
        [["const", "0"], ["sqrt", 12]],
        [["const", "0"], ["mul", 12, 0], ["sqrt", 13]],
        [["const", "0"], ["rpow", 12, "3/2"]],
        [["const", "-1"], ["log", 12]],
        [["const", "0"], ["const", "1"], ["div", 13, 12]],
        [["const", "0"], ["pow", 12, -1]],
    ],
    ids=["sqrt", "sqrt of 0 x", "power", "log", "div", "negative power"],
)
def test_a_function_that_is_defined_nowhere_cannot_be_read(extra):
    """What `Objective.parse` refuses, as sqrt(0), is refused in files: of no point at all anything is true."""
    data = copy.deepcopy(stored("double-well-census-above"))
    tape = data["problem"]["objective"]["tape"]
    assert len(tape["nodes"]) == 12
    tape["nodes"] += extra
    tape["nodes"].append(["add", tape["outputs"][0], len(tape["nodes"]) - 1])
    tape["outputs"] = [len(tape["nodes"]) - 1]
    data["points"] = data["critical_points"] = []
    with pytest.raises(CertificateError, match=r"problem\.objective\.tape"):
        verified(data)
