"""Files of large points: what is written is read back, and every field is checked."""

import copy
import json
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction

import large_samples as samples
import numpy as np
import pytest

import hallucert as hc
from hallucert.check.claim import Provenance
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.large import file
from hallucert.check.large.existence import SlicedWitness
from hallucert.check.problem import Problem
from hallucert.errors import CertificateError
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective


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


def made(*places):
    """A file that claims nothing of two squares: residuals at some places of three, or without places their sum."""
    b = ProgramBuilder([(2,)])
    square = b.mul(b.input(0), b.input(0))
    parts = [b.put(square, np.array(at), (1 + max(map(max, places)),)) for at in places]
    output = b.add(*parts) if parts[1:] else parts[0] if parts else b.sum(square, (0,))
    problem = Problem(ProgramObjective(b.program([output]), ["x"]), Fraction(1), residual=bool(places))
    witness = SlicedWitness(np.zeros(2), np.zeros(2), np.ones(2))
    certificate = hc.LargeCertificate(problem, witness, {}, Provenance("1", "midrad", "1", 53))
    return json.loads(json.dumps(to_json(certificate)))


def test_functions_of_every_size_that_fits_are_read(monkeypatch):
    """As many parameters and residuals as there may be at most, two here; not one more."""
    for most, refused in (((2, 2), False), ((1, 2), True), ((2, 1), True)):
        monkeypatch.setattr(file, "MOST_PARAMETERS", most[0])
        monkeypatch.setattr(file, "MOST_RESIDUALS", most[1])
        with pytest.raises(CertificateError, match="at most") if refused else nullcontext():
            assert from_json(made([0, 1])).objective.dimension == 2


def test_a_function_of_another_form_has_a_box_and_no_slice():
    """Without residuals there are as many unknowns as parameters; with more residuals than parameters no file."""
    again = from_json(made())
    assert not again.problem.residual and again.witness.radius.tolist() == [1.0, 1.0]
    assert from_json({**made(), "witness": None}).witness is None
    with pytest.raises(CertificateError, match="array program"):
        from_json(made([0, 1], [1, 2]))


def test_no_enclosure_is_shown_of_what_is_not_proved():
    """Without a proved claim, or a place, there is none; otherwise it is the offset on both sides."""
    saved = samples.certified()
    claim, witness = saved["existence"], saved.witness
    offset = claim.numbers["offset"].upper
    assert saved.offset == offset and saved.x is witness.centre
    assert saved.printed == [(Fraction(c) - offset, Fraction(c) + offset) for c in map(float, witness.centre[:8])]
    refuted, nothing = replace(claim, status=hc.Status.REFUTED), {"claims": {}}
    for changes in (nothing, {"claims": {"existence": refuted}}, {"witness": None}, {"witness": None} | nothing):
        other = replace(saved, **changes)
        assert (other.offset is None) == ("claims" in changes) and (other.x is None) == ("witness" in changes)
        assert other.enclosure is None and other.printed == []
