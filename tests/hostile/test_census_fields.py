"""A census that is malformed anywhere is refused, and the field that does not fit is named."""

from __future__ import annotations

import copy

import pytest

import hallucert as hc
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.errors import CertificateError

PLANE = [(-2, 2), (-2, 2)]


@pytest.fixture(scope="module")
def censuses():
    well = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    return {
        "complete": hc.census(well, PLANE, "1.5"),
        "partial": hc.census(hc.gallery.load("himmelblau"), [(-1, 4), (0, 4)], "3.5", max_boxes=280),
    }


def _set(data, path, value):
    changed = copy.deepcopy(data)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if path[0] == "problem":
        changed["digest"] = problem_digest(changed["problem"])
    return changed


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("format",), "hallucert census", "format"),
        (("schema",), 1, "schema"),
        (("schema",), True, "schema"),
        (("kind",), "consensus", "kind"),
        (("digest",), "sha256:0", "digest"),
        (("search",), "mpmath", "search"),
        (("boxes",), -1, "boxes"),
        (("provenance", "backend"), "float", "provenance.backend"),
        (("problem", "rho"), "3.5", "problem.rho"),
        (("problem", "rho"), "1/" + "9" * 200, "problem.rho"),
        (("problem", "rho"), "9" * 200, "problem.rho"),
        (("problem", "region"), [["-1", "1"]], "problem.region"),
        (("problem", "region", 0), ["1", "1"], "problem.region"),
        (("problem", "region", 0), ["0", "1p600"], "problem.region"),
        (("problem", "region", 0), ["0", "1p4000"], "problem.region"),
        (("problem", "region", 0, 0), "-36028797018963969p-54", "problem.region"),
        (("problem", "tolerance"), "1p-41", "problem.tolerance"),
        (("problem", "tolerance"), "1", "problem.tolerance"),
        (("points",), {}, "points"),
        (("points",), [[]] * 100_001, "points"),
        (("points", 0), [], "points[0]"),
        (("points", 0, "chart"), [0, 1], "points[0].chart"),
        (("points", 0, "chart"), 4, "points[0].chart"),
        (("points", 0, "unique"), [["0", "1"]] * 2, "points[0].unique"),
        (("critical_points", 0, "unique"), None, "critical_points[0].unique"),
        (("critical_points", 0, "kind"), "degenerate", "critical_points[0].unique"),
        (("points", 0, "box"), [["1", "0"], ["0", "1"]], "points[0].box[0]"),
        (("points", 0, "box"), [["0", "1"]] * 3, "points[0].box"),
        (("points", 0, "box", 0, 1), "1p5000", "points[0].box[0]"),
        (("points", 0, "box", 0), ["0", "1", "1p1"], "points[0].box[0]"),
        (("points", 0, "target"), 3, "points[0].target"),
        (("points", 0, "target"), "0", "points[0].target"),
        (("points", 0, "kind"), ["minimizer"], "points[0].kind"),
        (("points", 0, "kind"), "degenerate", "points[0].kind"),
        (("points", 0, "stability"), None, "points[0].stability"),
        (("points", 0, "smallest_real_part"), "0", "points[0].smallest_real_part"),
        (("critical_points", 0, "kind"), "minimum", "critical_points[0].kind"),
        (("excluded",), [{"box": None, "target": [["0", "1"]] * 2, "reason": "budget"}], "excluded[0].reason"),
        (("pending",), [{"box": None, "target": [["0", "1"]] * 2, "reason": "critical_point"}], "pending[0].reason"),
        (("pending",), [{"box": None, "target": None, "reason": "budget"}], "pending[0].target"),
    ],
)
def test_the_field_that_does_not_fit_is_named(censuses, path, value, field):
    """The error names the path of the field."""
    with pytest.raises(CertificateError) as caught:
        from_json(_set(to_json(censuses["complete"]), path, value))
    assert caught.value.field == field


def test_missing_and_unknown_fields_are_named(censuses):
    """At every level, a field less or more is refused under its name."""
    data = to_json(censuses["partial"])
    objects = {
        "(file)": (),
        "problem": ("problem",),
        "provenance": ("provenance",),
        "points[0]": ("points", 0),
        "critical_points[0]": ("critical_points", 0),
        "pending[0]": ("pending", 0),
    }
    for name, path in objects.items():
        place = data
        for key in path:
            place = place[key]
        for key in [*place, "more"]:
            if (name, key) == ("(file)", "kind"):
                continue  # without a kind it is read as the certificate of a point
            changed = copy.deepcopy(place)
            if key == "more":
                changed["more"] = 1
            else:
                del changed[key]
            with pytest.raises(CertificateError) as caught:
                from_json(_set(data, path, changed) if path else changed)
            assert caught.value.field == f"{name}.{key}"


def test_truncated_files_are_refused(censuses, tmp_path):
    """No beginning of a file is a census."""
    path = tmp_path / "census.json"
    censuses["complete"].save(path)
    content = path.read_bytes()
    for length in range(0, len(content) - 2, 97):
        path.write_bytes(content[:length])
        with pytest.raises(CertificateError):
            hc.load(path)


def test_the_written_text_is_canonical(censuses, tmp_path):
    """Reading a saved census and writing it again gives the same bytes."""
    for name, original in censuses.items():
        first, again = tmp_path / f"{name}.json", tmp_path / "again.json"
        original.save(first)
        hc.load(first).save(again)
        assert first.read_bytes() == again.read_bytes()
