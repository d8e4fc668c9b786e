"""Certificates with anything changed in them: a small sample of what `fuzz.py` tries for as long as one likes."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter

import fuzz
import pytest

import hallucert as hc


def test_changed_certificates_end_in_a_verdict_or_a_typed_error(tmp_path, monkeypatch):
    """Bytes, structure, numbers and arrays of certificates of every kind: nothing else comes out of the checker."""
    monkeypatch.setattr(fuzz, "BUDGET", 0.2)
    endings = Counter(
        fuzz.outcome(fuzz.write(tmp_path / "c.json", 24, index), random.Random(index)) for index in range(40)
    )
    assert endings["not read"] > 8 and endings["accepted"] and endings["not proved"], endings


def test_another_error_is_reported(tmp_path, monkeypatch, capfd):
    """A reader that fails in any other way is found, with the number of the file, which is kept; so is a crash."""

    def broken(path):
        raise KeyError("field")

    monkeypatch.setattr(hc, "load", broken)
    assert fuzz.main(2, 5, 3, tmp_path) == 1
    assert "3 FAILED KeyError" in capfd.readouterr().out
    assert (tmp_path / "4.json").read_bytes() == fuzz.forged(5, 4)[1]
    monkeypatch.setattr(hc, "load", lambda path: os.kill(os.getpid(), signal.SIGKILL))
    assert fuzz.main(1, 5, 0, tmp_path) == 1
    assert "0: ended by signal 9" in capfd.readouterr().out


@pytest.mark.parametrize("index", range(3))
def test_a_file_of_a_seed_is_always_the_same(index):
    """A number and a seed give the same bytes again, and other numbers others."""
    assert fuzz.forged(1, index) == fuzz.forged(1, index) != fuzz.forged(1, index + 1)
