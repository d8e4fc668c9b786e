"""The second checker on momentum, decay and manifolds: what it accepts, and what it refuses for its own reasons."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from math import hypot
from pathlib import Path

import pytest
from mutants import dyadic, written
from test_contraction import RING

import hallucert as hc
from hallucert.errors import CertificateError
from hallucheck import verify as checker
from hallucheck.arithmetic.interval import exact, working_precision
from hallucheck.arithmetic.linear import matrix_of
from hallucheck.attraction.momentum import Method
from hallucheck.files.reading import Refused, digest
from hallucheck.points.rules import Claim

CERTIFICATES = Path(__file__).parents[2] / "docs" / "certificates"
LINE = hc.Objective.parse("(x**2 - 1)**2 / 4")
"""At -1/2 with rho = 3/2 M = 2: heavy ball with the momentum 1/2 is stable below the step 3/2, Nesterov below 3/4."""
STORED = json.loads((CERTIFICATES / "ring-basin.json").read_text())
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


def test_negative_weights_show_no_contraction(tmp_path, files):
    """With the step 64 all inequalities hold for weights of the wrong sign."""

    def change(document):
        inputs = claim(document, "momentum")["inputs"]
        inputs.update(step="1p6", weights=["-1p20"] * len(inputs["weights"]), slope="-1p-1")
        claim(document, "momentum")["numbers"].update(radius=["1p-60", "1p9"])

    assert failing(verdict_on(tmp_path, files["ring"], change)) == {"momentum"}


@pytest.mark.parametrize(("scale", "failed"), [(1, set()), (Fraction(1, 1 << 9), {"momentum"})])
def test_weights_pay_for_the_way(tmp_path, files, scale, failed):
    """On a tiny ball residuals contract in any weights, those that are too small for steps as long as they are."""

    def change(document):
        inputs = claim(document, "momentum")["inputs"]
        *own, last = inputs["weights"]
        inputs.update(size="1p-60", weights=[*(written(dyadic(p) * scale) for p in own), last])
        claim(document, "momentum")["numbers"].update(radius=["1p-99", "1"])

    assert failing(verdict_on(tmp_path, files["ring"], change)) == failed


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


def test_on_the_line_a_minimizer_is_not_stationary(tmp_path, files):
    """A point of which nobody shows that f falls there is no hallucinated one, for both checkers."""

    def change(document):
        document["claims"] = [entry for entry in document["claims"] if entry["name"] != "nonstationary"]

    with pytest.raises(Refused, match="the numbers show nothing"):
        verdict_on(tmp_path, files["line"], change)
    with pytest.raises(CertificateError, match="which is not proved"):
        hc.verify(tmp_path / "file.json")


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


SMALL = Fraction(1, 2**30)


def by_hand(document, start=(-1 / 2, 0), share=0.0):
    """On the ring, with rho = 3/2, the point (-1/2, 0), a basin that was written by hand, and a start in it."""
    document["witness"].update(centre=["-1p-1", "0"], slice=[["1"], ["0"]], radius=["1p-20"], preconditioner=[["1p-1"]])
    document["enclosure"] = [["-536870913p-30", "-536870911p-30"], ["0", "0"]]
    for entry in document["claims"]:
        if entry["name"] not in ("existence", "basin"):
            entry.update(status="undecided", numbers={}, inputs={}, reason="precision")
    claim(document, "existence")["numbers"] = {"offset": ["-1p-30", "1p-30"]}
    claim(document, "basin").update(inputs=copy.deepcopy(RING), numbers={"radius": ["1p-11", "1p-11"]})
    run = {"name": "converges", "status": "proved", "reason": None}
    run["inputs"] = {"start": [written(Fraction(v)) for v in start], "step": "1/10", "steps": 0, "bits": 256}
    ends = [written(Fraction(share) + error) for error in (-SMALL, SMALL)]
    run["numbers"] = {"distance": ["0", "1p-8"], "share": ends}
    document["claims"] = [entry for entry in document["claims"] if entry["name"] != "converges"] + [run]


@pytest.mark.parametrize(
    ("changed", "failing"),
    [
        ({}, set()),
        ({"size": "1p-9"}, {"basin"}),  # theta is 1, but |w| may be beyond omega
        ({"step": "1p-1"}, {"basin"}),  # 1 - E L* W* = -1
        ({"bound": "1p-1"}, {"basin"}),  # which it is at x*, for the step 1/8
        ({"bound": "17p-5"}, set()),
        ({"weights": ["1023p-10", "1p-8"]}, {"basin"}),  # not as large as the identity
        ({"weights": ["-1", "1p-8"]}, {"basin"}),
        ({"weights": ["3p-1", "1p-8"]}, set()),
        ({"weights": ["1p3", "1p-8"]}, {"basin"}),  # 8 |w| may be beyond omega
        ({"weights": ["1", "0"]}, {"basin"}),  # steps leave the range of W*
        ({"weights": ["1", "15p-13"]}, {"basin"}),  # E e/(1 - N) is at least 1/512
        ({"weights": ["1", "9p-12"]}, set()),
        ({"weights": ["1", "-1p-8"]}, {"basin"}),
        ({"weights": ["1", "1p1"]}, {"basin"}),  # r + q |w| is beyond gamma
        ({"widths": ["1p-10", "1p-8", "1p-9"]}, {"basin"}),  # |L* xi| at starts, but |w| may be more
        ({"widths": ["1p-8", "1p-8", "1p-9"]}, {"basin"}),  # |w| = omega may be outside of the set
        ({"widths": ["127p-15", "1p-8", "1p-9"]}, set()),
        ({"widths": ["511p-17", "1p-8", "1p-9"]}, {"basin"}),  # 7.6e-6 below sigma, where D is 1.3e-5
        ({"widths": ["2049p-21", "1p-8", "1p-9"]}, {"basin"}),  # 4.8e-7 above |L*| r, where theta**2 D is 8.4e-7
        ({"widths": ["1025p-20", "1p-8", "1p-9"]}, set()),
        ({"widths": ["1p-9", "1p-11", "1p-9"]}, {"basin"}),
        ({"widths": ["1p-9", "1p-8", "1p-11"]}, {"basin"}),  # starts at the end of the set
        ({"widths": ["1p-9", "1p-8", "9p-14"]}, set()),
        ({"widths": ["1p-9", "1p-8", "-1p-9"]}, {"basin"}),
        ({"widths": ["1p-9", "-1p-8", "1p-9"]}, {"basin"}),
        ({"widths": ["1p-9", "1p-1", "1p-9"]}, {"basin"}),  # the gradient may vanish there
        ({"reach": "11p-12"}, {"basin"}),  # the diagonal is 2**0.5/512
        ({"reach": "23p-13"}, set()),
    ],
)
def test_every_inequality_of_a_manifold_has_to_hold(tmp_path, changed, failing):
    """Sets, weights and steps by hand, on both sides of what the theorem asks for."""

    def change(document):
        by_hand(document)
        document["claims"].pop()
        claim(document, "basin")["inputs"].update(changed)
        claim(document, "basin")["numbers"] = {"radius": ["1p-12", "1p-8"]}

    verdict = verdict_on(tmp_path, STORED, change)
    assert {result.claim for result in verdict.results if result.objection} == failing


@pytest.mark.parametrize(
    ("x", "y", "widths"),
    [
        (1 / 4096, 0, {}),  # P |w| is nearest to its end
        (0, -1 / 1024, {}),  # what is orthogonal to W*
        (1 / 4096, 0, {"widths": ["1", "1p-8", "1p-9"]}),  # L* xi
        (1 / 4096, 1 / 65536, {"weights": ["1", "1"], "widths": ["1", "1", "1p-9"]}),  # what leads away from there
        (-1 / 4096, 1 / 4096, {"weights": ["1p1", "1p-8"]}),
    ],
)
def test_the_share_is_that_of_the_closest_end(tmp_path, x, y, widths):
    """The largest quotient, from closed forms; half of it and twice as much are refused, and so is a start outside."""
    inputs = RING | widths
    (p, q), (omega, sigma, gamma) = ([float(dyadic(v)) for v in inputs[name]] for name in ("weights", "widths"))
    w = abs((1.5 - hypot(x - 1 / 2, y)) ** 2 - 1)
    share = max(p * w / omega, 2 * abs(x) / sigma, (abs(y) + q * w) / gamma)
    for factor, objects in ((1, False), (1 / 2, True), (7 / 4, True)):

        def change(document, factor=factor):
            by_hand(document, (x - 1 / 2, y), factor * share)
            claim(document, "basin")["inputs"].update(widths)

        (run,) = [r for r in verdict_on(tmp_path, STORED, change).results if r.claim == "converges"]
        assert bool(run.objection) == objects
    for outside in (1, 1 - SMALL):  # beyond 1, and up to it
        with pytest.raises(Refused, match="the numbers show nothing"):
            verdict_on(tmp_path, STORED, lambda d, share=outside: by_hand(d, (x - 1 / 2, y), share))
