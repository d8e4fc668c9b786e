"""What is sent between processes arrives: functions, certificates, and the errors that tell what was wrong."""

from __future__ import annotations

import copy
import pickle

import pytest

import hallucert as hc
from hallucert import errors

INPUTS, TARGETS = [[0.5, 1.0], [1.0, -1.0], [0.3, 0.2]], [1.0, -1.0, 0.5]

ERRORS = [
    errors.ArgumentError("x", 3, "be 4"),
    errors.FormulaError("x +", 3, "nothing follows"),
    errors.CertificateError("claims[2].status", "is missing"),
    errors.MissingPackageError("plotting needs matplotlib", "plot"),
    errors.DomainError("the gradient is zero"),
    errors.CheckpointError("belongs to another run"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_arrive_whole(error, again):
    """A copy of an error has its type, its sentence and its fields: a pool of processes reports it."""
    other = again(error)
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert vars(other) == vars(error)


def test_networks_travel_after_a_proof():
    """What a proof keeps of a network in an arithmetic stays behind when the network is sent."""
    f = hc.TanhNetwork((2, 4, 1), INPUTS, TARGETS)
    certificate = hc.certify(f, f.initial(0), "8")
    for thing in (f, certificate):
        copy.deepcopy(thing)
        other = pickle.loads(pickle.dumps(thing))
        assert repr(other) == repr(thing)
    assert repr(hc.verify(pickle.loads(pickle.dumps(certificate)))) == repr(hc.verify(certificate))
