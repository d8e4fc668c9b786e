"""The second checker on points: what it accepts, what it refuses, and that it stands alone."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from test_contraction import RING

import hallucert as hc
from hallucert.decimals import format_dyadic
from hallucert.exact import round_down
from hallucheck import verify as checker
from hallucheck.__main__ import main
from hallucheck.arithmetic.interval import exact
from hallucheck.arithmetic.linear import Vector
from hallucheck.attraction.around import ball_around
from hallucheck.files.reading import Refused, digest, load
from hallucheck.points.point import Point
from hallucheck.points.problem import read_problem

CERTIFICATES = Path(__file__).parents[2] / "docs" / "certificates"
POINTS = (
    *("bump-attracts", "himmelblau-minimum-attracts", "line", "usam-repels", "wells-attract", "wells-saddle"),
    *("camel-farthest", "figure-one-farthest", "double-well-basin", "wells-stall"),
)


def forged(tmp_path, name, change):
    """The verdict on a certificate that was changed, with the digest computed again."""
    document = json.loads((CERTIFICATES / f"{name}.json").read_text())
    change(document)
    document["digest"] = digest(document["problem"])
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(document))
    return checker.verify(path)


def claim(document, name):
    """A claim of a file."""
    return next(claim for claim in document["claims"] if claim["name"] == name)


@pytest.mark.parametrize("name", POINTS)
def test_stored_points_are_re_proved(name):
    """Every claim of the stored certificate of a point stands."""
    verdict = checker.verify(CERTIFICATES / f"{name}.json")
    assert verdict, str(verdict)
    assert str(verdict).endswith("claims re-proved.")


def test_the_checker_loads_the_standard_library_alone():
    """A fresh process that checks a file has loaded nothing of hallucert, numpy, mpmath or flint."""
    program = (
        "import sys; before = set(sys.modules); from hallucheck.__main__ import main; status = main(sys.argv[1:]);"
        "print(status, *sorted({name.split('.')[0] for name in set(sys.modules) - before}"
        " - sys.stdlib_module_names - {'hallucheck'}))"
    )
    run = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r});" + program]
    done = subprocess.run([*run, CERTIFICATES / "line.json"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.parametrize("rho", ["81/20", "3", "1"])
def test_a_box_is_proved_for_its_rho_alone(tmp_path, rho):
    """With another radius there is no point in the box."""
    verdict = forged(tmp_path, "himmelblau-minimum-attracts", lambda document: document["problem"].update(rho=rho))
    assert verdict.results[0].objection == "Krawczyk's test fails in the box"
    assert not any(result.objection is None for result in verdict.results)


def test_a_wrong_preconditioner_proves_nothing(tmp_path):
    """Twice the inverse is none: `I - C DG` is near `-I`."""

    def change(document):
        document["witness"]["preconditioner"] = [["1", "0"], ["0", "1"]]

    assert not forged(tmp_path, "wells-attract", change)


def test_a_saddle_is_not_taken_for_a_minimizer(tmp_path):
    """The target of this point is a saddle: the claim that it is a hallucinated minimizer does not follow."""

    def change(document):
        claim(document, "hallucinated_minimizer")["status"] = "proved"

    with pytest.raises(Refused, match="the numbers show refuted"):
        forged(tmp_path, "wells-saddle", change)


@pytest.mark.parametrize("name", ["theorem_3_2", "attractor"])
def test_status_follows_from_numbers(tmp_path, name):
    """A proved claim cannot be called refuted, nor the other way round."""

    def change(document):
        claim(document, name)["status"] = "refuted"

    with pytest.raises(Refused, match=name):
        forged(tmp_path, "wells-attract", change)


def test_an_interval_beside_the_value_is_refused(tmp_path):
    """A published number has to hold the value."""

    def change(document):
        claim(document, "regular")["numbers"] = {"smallest_singular_value": ["1p1", "3"]}

    results = {result.claim: result.objection for result in forged(tmp_path, "bump-attracts", change).results}
    assert "smallest_singular_value" in results["regular"]


def test_a_file_without_claims_proves_nothing(tmp_path):
    """The verdict is true only if something is claimed."""
    undecided = {"status": "undecided", "numbers": {}, "reason": "straddles", "inputs": {}}

    def change(document):
        document["enclosure"] = None
        for entry in document["claims"]:
            entry.update(copy.deepcopy(undecided))

    assert not forged(tmp_path, "line", change)


@pytest.mark.parametrize(
    ("name", "undecided"),
    [
        *(
            ("himmelblau-two-cycle", "around"),
            ("himmelblau-two-cycle", "attractor"),
            ("camel-farthest", "farthest_point"),
        ),
        *(("camel-farthest", "farthest_point"), ("himmelblau-decay", "momentum"), ("tilted-wells-fold", "stability")),
    ],
)
def test_an_undecided_claim_keeps_no_inputs(tmp_path, name, undecided):
    """Neither those that it had nor others: nothing would check them. Only a curve may say which one it is."""

    def change(document, inputs):
        claim(document, undecided).update(status="undecided", numbers={}, reason="precision", inputs=inputs)

    kept = {"branch": 1} if undecided == "stability" else {}
    had = claim(json.loads((CERTIFICATES / f"{name}.json").read_text()), undecided)["inputs"]
    for inputs in [{"step": "1"}, *([had] if had else [])]:
        with pytest.raises(Refused, match=f"claims.{undecided}.inputs"):
            forged(tmp_path, name, lambda document, inputs=inputs: change(document, inputs))
    assert forged(tmp_path, name, lambda document: change(document, kept))


def test_an_undecided_claim_of_a_sheet_keeps_its_number_alone(tmp_path):
    """And that has to be one of a sheet."""

    def change(document, inputs):
        claim(document, "attractor").update(status="undecided", numbers={}, reason="precision", inputs=inputs)

    for inputs in ({"sheet": 1, "step": "1"}, {"sheet": 2}, {"sheet": "1"}):
        with pytest.raises(Refused, match=r"claims.attractor.inputs"):
            forged(tmp_path, "ring-sheet", lambda document, inputs=inputs: change(document, inputs))


def changed_inputs(name, key, value):
    """A change of one input of a claim."""
    return lambda document: claim(document, name)["inputs"].update({key: value})


@pytest.mark.parametrize(
    ("file", "name", "key", "value"),
    [
        ("camel-farthest", "farthest_point", "ball_radius", "1p-2"),
        ("camel-farthest", "farthest_point", "ball_radius", "1"),
        ("camel-farthest", "farthest_point", "maximizer", ["0", "0"]),
        ("figure-one-farthest", "farthest_point", "penalty", "1p-30"),
        ("camel-farthest", "farthest_point", "penalty", "1p30"),
        ("double-well-basin", "basin", "size", "1p-1"),
        ("double-well-basin", "basin", "bound", "7p-3"),
        ("double-well-basin", "basin", "step", "3"),
        ("double-well-basin", "converges", "start", ["0", "1p-1"]),
        ("double-well-basin", "converges", "steps", 3),
        ("wells-stall", "no_minimizer_near", "direction", ["0", "1"]),
    ],
)
def test_other_inputs_prove_nothing(tmp_path, file, name, key, value):
    """A ball with high boundary, a basin too large, a start elsewhere: the hypothesis fails that this input is for."""
    results = forged(tmp_path, file, changed_inputs(name, key, value)).results
    assert next(result for result in results if result.claim == name).objection


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(extra=1),
        lambda document: document.pop("witness"),
        lambda document: document.update(schema=True),
        lambda document: document["problem"].update(rho="7/2 "),
        lambda document: document["problem"].update(rho="2/4"),
        lambda document: document["problem"].update(rho="-1"),
        lambda document: document["witness"].update(radius=["2", "2"]),
        lambda document: document["witness"].update(radius=["1p99999", "1"]),
        lambda document: document["witness"].update(centre=["1", "1", "1"]),
        lambda document: document["claims"].reverse(),
        lambda document: document["claims"].append(document["claims"][0]),
        lambda document: claim(document, "existence").update(numbers={"offset": ["1", "-1"]}),
        lambda document: claim(document, "regular").update(inputs={"step": "1"}),
        lambda document: claim(document, "attractor")["numbers"].update(smallest_real_part=["-1", "1p9"]),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change):
    """Fields, spellings, lengths and orders that are not those of the format raise `Refused`."""
    with pytest.raises(Refused):
        forged(tmp_path, "wells-attract", change)


@pytest.mark.parametrize(
    "node",
    [
        ["reshape", [15], None, []],
        ["reshape", [15], None, [4]],
        [[], [15], None, [8]],
        ["contract", [15, 15], "i,i->i", [8]],
        ["take", [15], [8], [1]],
        ["broadcast", [15], [1], [8, 7]],
    ],
)
def test_nodes_that_do_not_fit_are_refused(tmp_path, node):
    """A single number is not a vector reshaped, and shapes, letters, positions and axes are those of what is read."""

    def change(document):
        program = document["problem"]["objective"]["program"]
        program["nodes"].append(node)
        program["outputs"] = [16]

    with pytest.raises(Refused, match="nodes"):
        forged(tmp_path, "network-attracts", change)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["claims"][0].update(inputs=[]),
        lambda document: document.update(doubles=None),
        lambda document: document.update(doubles="sha256:" + "0" * 64),
    ],
)
def test_other_kinds_of_values_are_refused(tmp_path, change):
    """Lists in place of inputs, and hashes of files that are not there."""
    with pytest.raises(Refused):
        forged(tmp_path, "line", change)


def test_numbers_are_not_spelled_with_escapes(tmp_path):
    """They would escape the count of all bits of a file."""
    text = (CERTIFICATES / "line.json").read_text()
    (tmp_path / "line.json").write_text(text.replace('"proved"', '"prove\\u0064"', 1))
    with pytest.raises(Refused, match="backslash"):
        checker.verify(tmp_path / "line.json")


def ordinary(document):
    """On the ring of minimizers itself: under USAM x+ = x solves r(x+) = 0 at (1, 0), and the residuals contract."""
    document["problem"].update(rho="1/8", variant="usam")
    directions = [["1p1"], ["0"]]
    document["witness"].update(centre=["1", "0"], slice=directions, radius=["1p-20"], preconditioner=[["3p-4"]])
    document["enclosure"] = [["1073741823p-30", "1073741825p-30"], ["0", "0"]]
    for entry in document["claims"]:
        if entry["name"] not in ("existence", "basin"):
            entry.update(status="undecided", numbers={}, inputs={}, reason="precision")
    claim(document, "basin").update(inputs=RING, numbers={"radius": ["1p-11", "1p-11"]})
    claim(document, "existence")["numbers"] = {"offset": ["-1p-30", "1p-30"]}


def test_without_a_gradient_no_basin_is_one_of_hallucinated_minimizers(tmp_path):
    """USAM converges to ordinary minimizers there: both checkers re-prove the point, and neither the basin."""
    results = {result.claim: result for result in forged(tmp_path, "ring-basin", ordinary).results}
    assert results["existence"].objection is None and results["basin"].objection
    verdict = hc.verify(tmp_path / "forged.json")
    assert [result.name for result in verdict.results if not result.passed] == ["basin"]


@pytest.mark.parametrize(("rho", "holds"), [("3/2", False), ("2", True)])
def test_a_point_that_is_there_is_not_excluded(tmp_path, rho, holds):
    """That a box holds none is believed where it is so."""

    def change(document):
        document["enclosure"] = None
        document["problem"]["rho"] = rho if holds else document["problem"]["rho"]
        for entry in document["claims"]:
            entry.update(status="undecided", numbers={}, inputs={}, reason="precision")
        document["claims"][0].update(status="refuted", reason=None)

    assert bool(forged(tmp_path, "line", change)) == holds


def test_messages_help(tmp_path, capsys):
    """Of a file that was cut off the line is named, and a budget that is no time is a misuse, not a failed check."""
    (tmp_path / "cut.json").write_text((CERTIFICATES / "line.json").read_text()[:3000])
    assert main([str(tmp_path / "cut.json")]) == 2
    assert "not JSON: Unterminated string starting at in line 194" in capsys.readouterr().err
    for budget in ("0", "-1", "nan"):
        with pytest.raises(SystemExit) as stop:
            main([f"--budget={budget}", str(CERTIFICATES / "line.json")])
        assert stop.value.code == 2


def test_derivatives_on_a_ball_hold_at_its_points_and_are_sharper_than_on_the_box():
    """Those at points of the sphere are inside; where g and x+ are those of the box, they are wider."""
    path = CERTIFICATES / "ring-basin.json"
    problem = read_problem(load(path), path)
    f, middle, size = problem.f, [Fraction(-1, 2), Fraction(1, 8)], Fraction(1, 128)

    def around(x, reach=0):
        return ball_around(Point(problem, True, Vector(map(exact, x))), exact(reach))

    def at(x, reach=0):
        (found,) = around(x, reach).second_derivatives(1)
        return [v for matrices in found for rows in matrices for row in rows for v in row]

    ball = at(middle, size)
    ((box, known),) = around(middle, size).images(1)
    seen = []
    for p, q in ((3, 4), (-4, 3), (0, -5), (-5, 0), (-3, -4)):
        x = [c + size * Fraction(v, 5) for c, v in zip(middle, (p, q), strict=True)]
        assert all(v.inside(w) for v, w in zip(at(x), ball, strict=True))
        point = around(x).point
        seen.append([*point.gradient, *point.plus])
    for values, interval in zip(zip(*seen, strict=True), known.values(), strict=True):
        assert all(v.inside(interval) for v in values)
        (low, high), parts = interval.ends(), [v.ends()[0] for v in values]
        assert max(parts) - min(parts) >= (high - low) * Fraction(3, 8)
    wide = [v for row in f.code.jacobian(f.code.evaluate(box), problem.composed.columns, f.inputs) for v in row]
    assert sum(b - a for a, b in (v.ends() for v in ball)) < sum(b - a for a, b in (v.ends() for v in wide)) * 9 / 10


@pytest.mark.parametrize(
    ("room", "fine"), [(Fraction(0), True), (Fraction(1, 2**49), True), (Fraction(1, 2**40), False)]
)
def test_an_enclosure_may_leave_a_box_by_its_rounding(tmp_path, room, fine):
    """The box of x^2 - 1 in two variables has no width in y = 1/100, which is not dyadic; both checkers agree."""
    squares = hc.Objective.least_squares(["x**2 - 1"], variables=["x", "y"])
    hc.certify(squares, (-0.5, "0.01"), "1.5").save(tmp_path / "flat.json")
    document = json.loads((tmp_path / "flat.json").read_text())
    document["enclosure"][1] = [
        format_dyadic(round_down(Fraction(1, 100) - room / 100, 90)),
        document["enclosure"][1][1],
    ]
    (tmp_path / "flat.json").write_text(json.dumps(document))
    assert bool(checker.verify(tmp_path / "flat.json")) is fine
    assert bool(hc.verify(tmp_path / "flat.json")) is fine
