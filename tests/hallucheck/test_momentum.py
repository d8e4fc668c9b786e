"""The second checker on momentum and weight decay: what it accepts, and what it refuses for its own reasons."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path

import pytest

import hallucert as hc
from hallucheck import verify as checker
from hallucheck.arithmetic.interval import exact, working_precision
from hallucheck.arithmetic.linear import matrix_of
from hallucheck.attraction.momentum import Method
from hallucheck.files.reading import Refused, digest
from hallucheck.points.rules import Claim

CERTIFICATES = Path(__file__).parents[2] / "docs" / "certificates"
LINE = hc.Objective.parse("(x**2 - 1)**2 / 4")
"""At -1/2 with rho = 3/2 M = 2: heavy ball with the momentum 1/2 is stable below the step 3/2, Nesterov below 3/4."""
OPTIONS = {"precisions": [53], "momentum": "1/2"}
UNDECIDED = {"status": "undecided", "numbers": {}, "inputs": {}, "reason": "precision"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Certificates by name: of both methods, of steps above their bounds, of manifolds, and with decay."""
    ring, folder = hc.Objective.least_squares(["x**2 + y**2 - 1"]), tmp_path_factory.mktemp("momentum")
    found = {
        "heavy": hc.certify(LINE, [-0.5], "1.5", basin="1/2", **OPTIONS),
        "nesterov": hc.certify(LINE, [-0.5], "1.5", basin="1/2", nesterov=True, **OPTIONS),
        "too long": hc.certify(LINE, [-0.5], "1.5", basin="1.52", **OPTIONS),
        "nesterov, too long": hc.certify(LINE, [-0.5], "1.5", basin="0.76", nesterov=True, **OPTIONS),
        "manifold": hc.certify(ring, (-0.5, 0), "1.5", basin="0.76", **OPTIONS),
        "ring": hc.certify(ring, (-0.5, 0), "1.5", basin="0.5", **OPTIONS),
        "ring ahead": hc.certify(ring, (-0.5, 0), "1.5", basin="0.25", nesterov=True, **OPTIONS),
        "line": hc.certify(LINE, [-0.5], "1.5", basin="1/4", weight_decay="1/20", **OPTIONS),
    }
    for name, cert in found.items():
        cert.save(folder / f"{name}.json")
    found = {name: json.loads((folder / f"{name}.json").read_text()) for name in found}
    return found | {"decay": json.loads((CERTIFICATES / "himmelblau-decay.json").read_text())}


def verdict_on(tmp_path, document, change=None):
    """The verdict on a document that was changed, with its digest."""
    document = copy.deepcopy(document)
    if change:
        change(document)
    document["digest"] = digest(document["problem"])
    path = tmp_path / "file.json"
    path.write_text(json.dumps(document))
    return checker.verify(path)


def failing(verdict):
    """The claims that are not re-proved."""
    return {result.claim for result in verdict.results if result.objection}


def claim(document, name):
    """A claim of a file."""
    return next(claim for claim in document["claims"] if claim["name"] == name)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        *(("heavy", "proved"), ("nesterov", "proved"), ("line", "proved"), ("decay", "proved")),
        *(("ring", "proved"), ("ring ahead", "proved")),
        *(("too long", "refuted"), ("nesterov, too long", "refuted"), ("manifold", "refuted")),
    ],
)
def test_what_is_proved_and_what_is_refuted_is_re_proved(tmp_path, files, name, status):
    """Every claim, of both methods, on both sides of the bound, with decay, of a manifold the refutation."""
    verdict = verdict_on(tmp_path, files[name])
    assert verdict, str(verdict)
    assert next(result for result in verdict.results if result.claim == "momentum").status == status


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        *(("heavy", "size", "1p-2"), ("heavy", "bound", "1p-1"), ("heavy", "momentum", "3p-2")),
        *(("heavy", "nesterov", 1), ("nesterov", "nesterov", 0), ("heavy", "step", "11p-3")),
        *(("too long", "step", "47p-5"), ("too long", "nesterov", 1), ("manifold", "momentum", "5p-3")),
    ],
)
def test_other_methods_and_larger_sets_are_not_re_proved(tmp_path, files, name, key, value):
    """Larger sets, better rates, other methods, and steps on the other side of the bound."""
    verdict = verdict_on(tmp_path, files[name], lambda d: claim(d, "momentum")["inputs"].update({key: value}))
    assert failing(verdict) == {"momentum"}


@pytest.mark.parametrize("columns", [(2, 3, 0, 1), (0, 2, 1, 3), (0, 0, 2, 3)])
def test_velocities_do_not_move_points_out_of_the_set(tmp_path, files, columns):
    """With the columns in another order the norm is the same, and x of states are not x* + U w; or there is none."""

    def change(document):
        basis = claim(document, "momentum")["inputs"]["basis"]
        basis[:] = [basis[i + k] for i in range(0, 16, 4) for k in columns]

    assert failing(verdict_on(tmp_path, files["decay"], change)) == {"momentum"}


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        *(("heavy", "size", "0"), ("heavy", "size", "-1p-9"), ("heavy", "bound", "1"), ("heavy", "bound", "-1p-1")),
        *(("heavy", "momentum", "1"), ("heavy", "momentum", "-1p-1"), ("heavy", "step", "0")),
        *(("heavy", "nesterov", 2), ("too long", "step", "-1"), ("too long", "momentum", "1"), ("heavy", "extra", 0)),
    ],
)
def test_what_is_no_method_and_no_set_is_refused(tmp_path, files, name, key, value):
    """No step, no momentum, no ball, no contraction."""
    with pytest.raises(Refused):
        verdict_on(tmp_path, files[name], lambda d: claim(d, "momentum")["inputs"].update({key: value}))


@pytest.mark.parametrize(("name", "status"), [("heavy", "refuted"), ("too long", "proved"), ("manifold", "proved")])
def test_the_status_follows_from_the_numbers(tmp_path, files, name, status):
    """A contraction is no refutation, and an expansion no proof."""
    with pytest.raises(Refused):
        verdict_on(tmp_path, files[name], lambda d: claim(d, "momentum").update(status=status))


@pytest.mark.parametrize("expansion", [["1p-1", "3p-2"], ["3p-2", "5p-2"], ["1", "3p-1"]])
def test_what_does_not_expand_is_not_refuted(tmp_path, files, expansion):
    """Nothing is refuted by a spectral radius that may be 1."""
    with pytest.raises(Refused):
        verdict_on(tmp_path, files["too long"], lambda d: claim(d, "momentum")["numbers"].update(expansion=expansion))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("size", "1p-3"), ("bound", "1p-2"), ("bound", "7p-3"), ("slope", "1p-2"), ("slope", "-1p-2")),
        *(("step", "23p-5"), ("momentum", "3p-2"), ("nesterov", 1), ("basis", ["0"] * 4)),
    ],
)
def test_bounds_around_a_manifold_have_to_hold(tmp_path, files, key, value):
    """Larger balls, better rates, other slopes and methods, and a basis that is none."""

    def change(document):
        claim(document, "momentum")["inputs"].update({key: value})
        claim(document, "momentum")["numbers"].update(radius=["1p-60", "1p9"])

    assert failing(verdict_on(tmp_path, files["ring"], change)) == {"momentum"}


@pytest.mark.parametrize(("which", "factor"), [(0, 1 / 8), (-1, 1 / 8), (-1, 8), (0, -1), (-1, -1)])
def test_weights_of_residuals_and_of_velocities_are_needed(tmp_path, files, which, factor):
    """The first and the last, another size or another sign."""

    def change(document):
        weights = claim(document, "momentum")["inputs"]["weights"]
        m, _, e = weights[which].partition("p")
        shift = {1 / 8: -3, 8: 3, -1: 0}[factor]
        weights[which] = f"{'-' if factor < 0 else ''}{m}p{int(e or 0) + shift}"

    assert failing(verdict_on(tmp_path, files["ring"], change)) == {"momentum"}


def test_on_a_manifold_no_set_of_states_is_proved(tmp_path, files):
    """By the numbers and inputs of an isolated point, which say nothing of velocities along the manifold."""

    def change(document):
        proved = copy.deepcopy(claim(files["heavy"], "momentum"))
        claim(document, "momentum").update(status="proved", numbers=proved["numbers"], inputs=proved["inputs"])

    with pytest.raises(Refused, match="not those of the claim"):
        verdict_on(tmp_path, files["manifold"], change)


@pytest.mark.parametrize("nesterov", [0, 1])
def test_the_matrix_of_a_step_is_its_derivative(nesterov):
    """On the line with F = mu x: one step from (x, v), written out, for both unit vectors."""
    step, b, mu = Fraction(3, 8), Fraction(3, 4), Fraction(5, 2)
    given = Claim("momentum", "proved", {"step": "3p-3", "momentum": "3p-2", "nesterov": nesterov}, {})
    with working_precision(128):
        found = Method(given, 1).at(matrix_of([[exact(mu)]]))
    for column, (x, v) in enumerate([(1, 0), (0, 1)]):
        after = b * v + mu * x
        moved = x - step * (mu * x + b * after if nesterov else after)
        assert [row[column].ends() for row in found] == [(moved, moved), (after, after)]


@pytest.mark.parametrize("ends", [["-3", "-1"], ["-1", "1"], ["0", "1"]])
def test_on_the_line_the_second_derivative_is_positive(tmp_path, files, ends):
    """Else the point is not proved to be a minimizer."""
    with pytest.raises(Refused):
        verdict_on(
            tmp_path,
            files["line"],
            lambda d: claim(d, "hallucinated_minimizer")["numbers"].update(second_derivative=ends),
        )


@pytest.mark.parametrize("decay", ["1/11", "101/1000", None])
def test_with_another_decay_the_point_is_none(tmp_path, files, decay):
    """Existence fails, and everything with it; without decay the file has other claims."""

    def change(document):
        document["problem"]["weight_decay"] = decay
        if decay is None:
            del document["problem"]["weight_decay"]

    if decay is None:
        with pytest.raises(Refused):
            verdict_on(tmp_path, files["decay"], change)
    else:
        assert "existence" in failing(verdict_on(tmp_path, files["decay"], change))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["problem"].update(weight_decay="0"),
        lambda d: d["problem"].update(weight_decay="-1/10"),
        lambda d: d["problem"].update(weight_decay="2/20"),
        lambda d: d["problem"].update(variant="usam"),
        lambda d: d["witness"].update(system="box", preconditioner=[]),
        lambda d: d["witness"].update(system="residual"),
        lambda d: claim(d, "hallucinated_minimizer").update(status="proved"),
        lambda d: claim(d, "hallucinated_minimizer")["numbers"].update(sam_gradient_norm=["0", "1p9"]),
        lambda d: claim(d, "target").update(name="regular"),
        lambda d: d.update(enclosure=None) or claim(d, "existence").update(UNDECIDED),
        lambda d: claim(d, "nonstationary")["numbers"].update(decayed_gradient_norm=["0", "1p9"]),
        lambda d: claim(d, "target")["numbers"].update(shifted_gradient_norm=["0", "1p9"]),
    ],
)
def test_files_that_do_not_fit_weight_decay_are_refused(tmp_path, files, change):
    """No decay, another step or system, a status or a claim that does not follow."""
    with pytest.raises(Refused):
        verdict_on(tmp_path, files["decay"], change)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *(("nonstationary", "gradient_norm"), ("nonstationary", "decayed_gradient_norm"), ("nonstationary", "value")),
        *(("target", "shifted_gradient_norm"), ("target", "target_value")),
        *(("hallucinated_minimizer", "sam_gradient_norm"), ("attractor", "step_bound")),
        *(("momentum", "contraction"), ("momentum", "radius")),
    ],
)
def test_an_interval_beside_a_number_is_refused(tmp_path, files, name, number):
    """Twice the number is none of these."""

    def change(document):
        numbers = claim(document, name)["numbers"]
        numbers[number] = [twice(end) for end in numbers[number]]
        if name != "momentum":
            document["claims"].pop()

    assert failing(verdict_on(tmp_path, files["decay"], change)) == {name}


def twice(text):
    """A dyadic, times 2."""
    m, _, e = text.partition("p")
    return f"{m}p{int(e or 0) + 1}"
