"""Files of large points: what is written is read back, and every field is checked."""

import copy
import json

import large_samples as samples
import numpy as np
import pytest

import hallucert as hc
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.errors import CertificateError


@pytest.fixture(scope="module")
def data():
    return json.loads(json.dumps(to_json(samples.certified())))


def test_what_is_saved_is_read_back(tmp_path):
    """Problem, witness and claims are the same; the card says the same; the enclosure is around the centre."""
    saved = samples.certified()
    saved.save(tmp_path / "point.json")
    again = hc.load(tmp_path / "point.json")
    assert isinstance(again, hc.LargeCertificate) and str(again) == str(saved)
    assert again.claims == dict(saved.claims) and again.provenance == saved.provenance
    for name, values in vars(saved.witness).items():
        assert np.array_equal(getattr(again.witness, name), values)
    low, high = again.enclosure.T
    assert (low <= again.x).all() and (again.x <= high).all() and (high - low).max() < 1e-14
    assert float(again["existence"].numbers["offset"].upper) <= (high - low).min() / 2
    assert "0.01" in str(saved) and "... and 66 more coordinates" in str(saved)


FORGERIES = {
    "witness.radius": lambda data: data["witness"]["radius"].__setitem__(3, "0"),
    "witness.centre": lambda data: data["witness"]["centre"].pop(),
    "witness.middle": lambda data: data["witness"]["middle"].__setitem__(0, "1/3"),
    "witness.slice": lambda data: data["witness"].update(slice=None),
    "problem.objective": lambda data: data["problem"].update(objective=hc.Objective.parse("x**2").to_json()),
    "problem.variant": lambda data: data["problem"].update(variant="usam"),
    "claims[8].status": lambda data: data["claims"][8].update(status="refuted"),
    "provenance.backend": lambda data: data["provenance"].update(backend="doubles"),
}


@pytest.mark.parametrize("field", FORGERIES)
def test_what_does_not_fit_is_named(data, field):
    """A radius of 0, arrays of another length, numbers that are no doubles, other functions and laws are refused."""
    forged = copy.deepcopy(data)
    FORGERIES[field](forged)
    forged["digest"] = problem_digest(forged["problem"])
    with pytest.raises(CertificateError, match=field.replace("[", r"\[").replace("]", r"\]")):
        from_json(forged)


def test_nothing_is_claimed_without_a_witness(data):
    """A file without a place, with proved claims, is refused."""
    with pytest.raises(CertificateError, match="witness"):
        from_json({**copy.deepcopy(data), "witness": None})
