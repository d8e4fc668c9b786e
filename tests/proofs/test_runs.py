"""Claim: SAM from given weights converges to a hallucinated minimizer, shown segment by segment; forgeries fail."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.attraction import converges
from hallucert.check.attraction.method import Method
from hallucert.check.attraction.orbit import Cube
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.errors import ArgumentError, CertificateError, CheckpointError, DomainError
from hallucert.prove import runs, start

ROOT = Path(__file__).parents[2]
QUARTIC = hc.Objective.parse("(x**2 - 1)**2 + y**2")
NETWORK = hc.TanhNetwork((1, 2, 1), [[2.0408], [-2.5556]], [-1.0, 1.0])
START = NETWORK.initial(0, count=64, gain=2.0)[36]


@pytest.fixture(scope="module")
def cert() -> hc.Certificate:
    """From random weights: the run proposes the point."""
    return hc.certify(NETWORK, None, 2, basin="0.02", start=START, precisions=[53])


def test_a_run_from_random_weights_is_proved_to_converge(cert: hc.Certificate) -> None:
    """With its limit where a run in floats ends, a global minimizer of f^SAM and none of f, in 256 bits."""
    claim = cert["converges"]
    assert claim.status is hc.Status.PROVED and cert["hallucinated_minimizer"].status is hc.Status.PROVED
    x = START
    for _ in range(1000):
        x = x - 0.02 * hc.sam.shifted_gradient(NETWORK, x, 2)
    assert np.linalg.norm(x - cert.x) <= float(cert["basin"].inputs["size"])
    assert NETWORK.value(x) > 0.01 and hc.sam.sam_value(NETWORK, x, 2) < 1e-20
    assert claim.inputs["bits"] <= 256 and claim.inputs["ends"][0] == 64
    assert f"after {claim.inputs['ends'][-1]} steps" in claim.statement


def test_the_other_arithmetic_proves_all_segments_again(cert: hc.Certificate, tmp_path: Path) -> None:
    """From the file alone."""
    cert.save(tmp_path / "run.json")
    verdict = hc.verify(tmp_path / "run.json")
    assert verdict and verdict.backend == "mpmath"


def changed(cert: hc.Certificate, **inputs: object) -> hc.Certificate:
    """The certificate with other inputs of its run, or a function of the old ones."""
    data = to_json(cert)
    claim = next(claim for claim in data["claims"] if claim["name"] == "converges")
    for name, value in inputs.items():
        claim["inputs"][name] = value(claim["inputs"][name]) if callable(value) else value
    return from_json(data)


FORGERIES = {
    "a cube that is elsewhere": {"centres": lambda rows: [["1", *rows[0][1:]], *rows[1:]]},
    "a first cube that is too small": {"radii": lambda radii: ["1p-300", *radii[1:]]},
    "a cube too wide to lead into the next": {"radii": lambda radii: ["1p-20", *radii[1:]]},
    "a step too few": {"ends": lambda ends: ["63", *ends[1:]]},
    "another step": {"step": "1/51"},
    "another start": {"start": lambda x: ["0", *x[1:]]},
    "too few bits": {"bits": 64},
    "a step beyond that of the basin": {"step": "1/49"},
    "segments in disorder": {"ends": lambda ends: [ends[-1], *ends[1:]]},
    "no whole number": {"ends": lambda ends: ["3/2", *ends[1:]]},
    "a cube less": {"centres": lambda rows: rows[1:]},
    "no radius": {"radii": lambda radii: ["0", *radii[1:]]},
    "a coordinate less": {"centres": lambda rows: [rows[0][1:], *rows[1:]]},
    "nothing": {"ends": [], "centres": [], "radii": []},
    "longer than anybody checks": {"ends": lambda ends: [*ends[:-1], "1000001"]},
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
def test_changed_runs_are_not_re_proved(cert: hc.Certificate, change: dict) -> None:
    """Whatever is changed of a run, the claim fails and the claims before it do not."""
    try:
        verdict = hc.verify(changed(cert, **change), backend="arb")
    except CertificateError:
        return
    assert [result.name for result in verdict.results if not result.passed] == ["converges"]


def test_a_run_that_ends_too_early_is_not_in_the_basin(cert: hc.Certificate) -> None:
    """Without its last segment the run is somewhere else; with the numbers of the end nobody believes that."""
    short = {name: (lambda rows: rows[:-1]) for name in ("ends", "centres", "radii")}
    verdict = hc.verify(changed(cert, **short), backend="arb")
    assert [result.name for result in verdict.results if not result.passed] == ["converges"]


def test_a_run_to_an_ordinary_minimizer_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a small radius SAM ends near minimizers of f: after some steps the claims of its last point are open."""
    monkeypatch.setattr(runs, "MOST_STEPS", 256)
    found = hc.certify(NETWORK, None, "0.01", basin="0.1", start=START, precisions=[53])
    assert found["converges"].status is hc.Status.UNDECIDED


def followed(cert: hc.Certificate, path: Path | None = None, step: str = "1/50") -> runs.Run:
    """The run of the certificate, from its beginning or from a checkpoint."""
    return runs.Run(cert.problem, cert["converges"].inputs["start"], Method(Fraction(step)), "arb", path)


def test_a_run_that_was_interrupted_goes_on(
    cert: hc.Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the second segment keeps the first, which is not followed again; the cubes are the same."""
    path, asked, follow = tmp_path / "run.checkpoint", list[int](), runs.follow

    def interrupted(*given: Any) -> object:
        asked.append(given[-1])
        if len(asked) == 2:
            raise KeyboardInterrupt
        return follow(*given)

    monkeypatch.setattr(runs, "follow", interrupted)
    with pytest.raises(KeyboardInterrupt):
        hc.certify(NETWORK, None, 2, basin="0.02", start=START, checkpoint=path)
    again = followed(cert, path)
    assert again.steps == 64
    again.go_on()
    assert asked == [64, 192, 192]
    assert again.inputs == cert["converges"].inputs
    with pytest.raises(CheckpointError, match="another orbit"):
        followed(cert, path, "1/51")
    path.write_text(path.read_text().replace('"bits"', '"bats"'))
    with pytest.raises(CheckpointError, match="remove it"):
        followed(cert, path)


def test_precision_rises_until_it_suffices(cert: hc.Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 30 bits on the run begins again with twice as many, until cubes are small."""
    monkeypatch.setattr(runs, "FIRST_BITS", 30)
    run = followed(cert)
    while run.steps < 256:
        assert run.go_on()
    assert 60 <= run.bits <= 120 and run.ends == [64, 256]


def test_short_cubes_hold_what_was_found() -> None:
    """Published cubes have short numbers and hold others with room."""
    rng = np.random.default_rng(0)
    for size in (1, 2**-20, 2**-200):
        cube = Cube(tuple(Fraction(v) / 3 for v in rng.normal(size=4).tolist()), Fraction(size) / 7)
        short = runs.published(cube)
        assert short.holds(Cube(cube.centre, cube.radius * Fraction(3, 2)))
        assert short.radius <= 3 * cube.radius
        assert max(abs(v.numerator).bit_length() for v in short.centre) <= 220


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": START}, "basin"),
        ({"start": START, "basin": "0.1", "radius": "0.1"}, "radius"),
        ({"basin": "0.1", "checkpoint": "x.json"}, "x"),
        ({"x": START, "basin": "0.1", "start": START, "checkpoint": "x.json"}, "checkpoint"),
    ],
)
def test_misuse_is_named(options: dict, message: str) -> None:
    """A start without a step, what belongs to a point that is given, and a checkpoint of nothing."""
    given = dict(options)
    with pytest.raises(ArgumentError, match=message):
        hc.certify(NETWORK, given.pop("x", None), 2, **given)


def test_a_start_beyond_doubles_is_a_point_where_nothing_is_defined() -> None:
    """Its loss overflows in floats, which propose the point; that is said, as of a start within doubles."""
    for x in ("1e1000", "-1e1000", 1e300):
        with pytest.raises(DomainError, match="overflows"):
            hc.certify(QUARTIC, None, 2, basin="0.02", start=(x, 0), precisions=[53])


def test_a_long_run_of_a_larger_network_is_stored() -> None:
    """4096 steps of 1/20 from random weights of a 2-8-1 network: cubes are in order, and the first segment holds."""
    long = hc.load(ROOT / "docs" / "certificates" / "runs" / "network-run.json")
    inputs = long["converges"].inputs
    assert "after 4096 steps" in long["converges"].statement and long.objective.dimension == 33
    assert inputs["step"] == Fraction(1, 20) and long["hallucinated_minimizer"].status is hc.Status.PROVED
    cubes = converges.cubes_of(inputs)
    assert cubes is not None and [cube.radius < Fraction(1, 2**100) for cube in cubes] == [True] * 5
    assert converges.leads(
        long.problem, "arb", inputs["bits"], Method(inputs["step"]), math.inf, cubes[0], cubes[1], 64
    )


def test_points_are_looked_for_near_the_end_alone(cert: hc.Certificate) -> None:
    """What bounds the rest of a path is compared with the basin of an earlier point."""
    assert not start._is_far(cert, cert.problem, cert.x)
    assert start._is_far(cert, cert.problem, START)
    assert converges.steps_of(cert["converges"].inputs) == cert["converges"].inputs["ends"][-1]
