"""Claim: prevalence draws what it is told, stops when the interval is narrow enough, and proves what it is asked to."""

import numpy as np
import pytest

import hallucert as hc
from hallucert.diagnosis.shares import clopper_pearson
from hallucert.errors import ArgumentError, SearchError
from hallucert.prove import prevalence

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
BOX = [(-2, 2), (-1, 1)]


def test_a_share_that_is_known_is_found() -> None:
    """The map is odd in x, so each of both hallucinated minimizers gets half of the starts: 1/2 is in the intervals."""
    found = hc.prevalence(WELL, BOX, "1.5", "0.1", runs=400, steps=3000, prove=2)
    first, second = found.shares.shares[:2]
    assert {tuple(np.round(share.target, 6) + 0.0) for share in (first, second)} == {(1.0, 0.0), (-1.0, 0.0)}
    assert first.interval[0] < 0.5 < second.interval[1]
    assert found.proved == 2
    assert found.looks == 1
    assert "Proved to be hallucinated minimizers: 2 of 2" in str(found)


def test_looks_share_the_doubt() -> None:
    """It stops at the first look whose interval is narrow enough; that look has its own, higher confidence."""
    found = hc.prevalence(WELL, BOX, "1.5", "0.1", runs=1600, steps=3000, width=0.02)
    low, high = found.hallucinated[1]
    assert high - low <= 0.02
    n, looks = len(found.shares), found.looks
    assert n == 100 * 2 ** (looks - 1)
    assert looks > 1
    doubt = 0.05 / (looks * (looks + 1))
    count = found.shares.hallucinated[0]
    assert (low, high) == pytest.approx(clopper_pearson(count, n, 1 - doubt))


def test_starts_are_those_of_the_sampler() -> None:
    """A function draws the starts with a seeded generator; the same seed draws the same, another one others."""

    def draw(generator: np.random.Generator, count: int) -> np.ndarray:
        return np.column_stack([np.full(count, 0.6), generator.normal(size=count)])

    first, again = (hc.prevalence(WELL, draw, "1.5", "0.1", runs=5, steps=2, seed=3) for _ in range(2))
    other = hc.prevalence(WELL, draw, "1.5", "0.1", runs=5, steps=2, seed=4)
    assert np.array_equal(first.shares.ensemble.x, again.shares.ensemble.x)
    assert not np.array_equal(first.shares.ensemble.x, other.shares.ensemble.x)


def test_runs_that_were_cut_short_are_left_out_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the second look leaves the first; in the first one the result says that steps are missing."""
    whole = prevalence.run_ensemble

    def interrupting(call: int):
        calls = iter(range(10))

        def run(*arguments, **options):
            ends = whole(*arguments, **options)
            if next(calls) == call:
                ends.status[:] = hc.sam.Status.INTERRUPTED
            return ends

        return run

    arguments = {"rho": "1.5", "step_size": "0.1", "runs": 400, "steps": 3000, "width": 0.02}
    monkeypatch.setattr(prevalence, "run_ensemble", interrupting(1))
    found = hc.prevalence(WELL, BOX, **arguments)
    assert (len(found.shares), found.looks, found.interrupted) == (100, 1, False)
    monkeypatch.setattr(prevalence, "run_ensemble", interrupting(0))
    found = hc.prevalence(WELL, BOX, **arguments)
    assert found.interrupted
    assert "fewer steps than asked for" in str(found)


def test_end_points_that_could_not_be_certified_count_as_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no point is found near an end, one more was tried and none more is proved."""

    def lost(*arguments, **options):
        raise SearchError("no point")

    monkeypatch.setattr(prevalence, "refine", lost)
    found = hc.prevalence(WELL, BOX, "1.5", "0.1", runs=20, steps=3000, prove=2)
    assert (found.tried, found.proved) == (2, 0)
    assert "0 of 2 end points tried" in str(found)
    floats = hc.Objective.from_callable(lambda x: x[0] ** 2, 1, rigorous=False)
    with pytest.raises(ArgumentError, match="prove"):
        hc.prevalence(floats, [(-1, 1)], 1, "0.1", runs=2, steps=2, prove=1)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"sampler": None}, "sampler"),
        ({"sampler": lambda generator, count: np.zeros((count + 1, 2))}, "sampler"),
        ({"sampler": [(1, 0), (0, 1)]}, "sampler"),
        ({"rho": 0}, "rho"),
        ({"step_size": float("nan")}, "step_size"),
        ({"runs": 0}, "runs"),
        ({"width": 0}, "width"),
        ({"confidence": 1}, "confidence"),
        ({"prove": -1}, "prove"),
        ({"checkpoint": "folder"}, "checkpoint"),
    ],
)
def test_misuse_is_named(change: dict, name: str) -> None:
    """An argument of a wrong shape or range is an error that names it."""
    arguments = {"sampler": BOX, "rho": "1.5", "step_size": "0.1", "runs": 5, "steps": 2} | change
    with pytest.raises(ArgumentError) as error:
        hc.prevalence(WELL, **arguments)
    assert error.value.argument == name
