"""A network of 19,000 parameters, from random weights to a file that is re-proved; and points that are none."""

import large_samples as samples
import numpy as np
import pytest

import hallucert as hc
from hallucert.check.large.certificate import LargeCertificate
from hallucert.errors import ArgumentError, DomainError


def test_images_to_a_theorem_and_back(tmp_path):
    """784-24-10 on 3 images: found, all residual claims proved, saved with its companion, re-proved from the file."""
    rng = np.random.default_rng(0)
    f = samples.network(rng.uniform(0, 1, (3, 784)) * (rng.uniform(size=(3, 784)) < 0.2), np.eye(10)[:3], 24)
    candidate = hc.find.hallucinate(f, samples.start(f, rng), 2)
    told = []
    saved = hc.certify(candidate, progress=lambda step, done, total: told.append(step))
    assert isinstance(saved, LargeCertificate) and f.dimension == 19_090
    proved = [claim.name for claim in saved if claim]
    assert {"existence", "nonstationary", "target", "regular", "hallucinated_minimizer", "attractor"} <= set(proved)
    assert {"existence", "columns of kernel", "claim attractor"} <= set(told)
    saved.save(tmp_path / "point.json")
    assert len(list(tmp_path.iterdir())) == 2
    assert hc.verify(tmp_path / "point.json")


def test_points_that_are_not_hallucinated_stay_undecided_or_are_refuted():
    """From random weights nothing is found; in a box around them it is proved that there is none."""
    f, _ = samples.found()
    x = samples.start(f, np.random.default_rng(7))
    claim = hc.certify(f, x, 2, backend="midrad")["existence"]
    assert claim.status is hc.Status.UNDECIDED and claim.reason == "not_a_zero"
    boxed = hc.certify(f, x, 2, backend="midrad", radius="1e-3")
    assert boxed["existence"].status is hc.Status.REFUTED and hc.verify(boxed)
    assert boxed["attractor"].reason == "needs_existence"


def test_a_box_that_is_asked_for_is_the_box_that_is_proved():
    """With a radius of 1e-12 around the end of the search the point is proved to be there; with 1e-30, not to be."""
    f, x = samples.found()
    assert hc.certify(f, x, 2, backend="midrad", radius="1e-12")["existence"]
    assert hc.certify(f, x, 2, backend="midrad", radius="1e-30")["existence"].status is hc.Status.REFUTED


def test_the_arithmetic_is_chosen_by_size_and_kind(monkeypatch):
    """Arrays are for array programs in residual form: asked for, or with more than 300 parameters."""
    f, x = samples.found()
    assert not isinstance(samples.certified("arb"), LargeCertificate)
    monkeypatch.setattr("hallucert.prove.point.LARGE", 70)
    assert isinstance(hc.certify(f, x, 2), LargeCertificate)
    with pytest.raises(ArgumentError, match="midrad is for points of SAM of an array program"):
        hc.certify(hc.Objective.parse("(x**2 - 1)**2"), [-0.5], 1, backend="midrad")
    with pytest.raises(ArgumentError, match="midrad is for"):
        hc.certify(f, x, 2, backend="midrad", variant="usam")


def test_a_large_point_has_more_time(monkeypatch):
    """A point in arrays has 600 seconds, one in balls 120, unless somebody says otherwise."""
    from hallucert.prove import certify as door

    f, x = samples.found()
    given = []

    class Seen(Exception):
        pass

    def working(seconds, progress):
        given.append(seconds)
        raise Seen

    monkeypatch.setattr(door, "working", working)
    for options in ({"backend": "midrad"}, {}, {"backend": "midrad", "budget": 5}):
        with pytest.raises(Seen):
            hc.certify(f, x, 2, **options)
    assert given == [600, 120, 5]


def test_time_that_is_up_leaves_everything_open():
    """With no time at all, existence is undecided for want of it."""
    f, x = samples.found()
    assert hc.certify(f, x, 2, backend="midrad", budget=1e-9)["existence"].reason == "time"


def test_where_the_function_is_not_defined():
    """Weights that overflow raise, as for every point."""
    f, x = samples.found()
    with pytest.raises(DomainError):
        hc.certify(f, x * 1e200, 2, backend="midrad")
