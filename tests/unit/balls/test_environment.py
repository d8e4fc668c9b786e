"""The rounding mode is probed at run time: an ordinary process passes, another rounding mode is refused."""

from __future__ import annotations

import ctypes
import platform

import numpy as np
import pytest

from hallucert.balls import require_round_to_nearest
from hallucert.balls.midrad import MidRadArithmetic
from hallucert.errors import EnvironmentRefused


def test_an_ordinary_process_passes():
    """In a process that rounds to nearest and keeps subnormal numbers nothing is raised."""
    assert 1.0 + 2.0**-53 == 1.0 < 1.0 + 1.5 * 2.0**-53 and 5e-324 * np.ones(1)[0] > 0.0
    require_round_to_nearest()


@pytest.mark.skipif(platform.machine() != "x86_64" or platform.system() != "Linux", reason="constants of x86-64 glibc")
@pytest.mark.parametrize("required", [require_round_to_nearest, MidRadArithmetic])
@pytest.mark.parametrize("mode", [0x400, 0x800, 0xC00], ids=["down", "up", "toward-zero"])
def test_every_other_rounding_mode_is_refused(mode, required):
    """Rounding down, up or toward zero is refused in words that say so, and to nearest passes again after it."""
    required()
    libm, message = ctypes.CDLL("libm.so.6"), ""
    try:
        # No rounding of pytest's own in between: whatever it computes comes after.
        assert libm.fesetround(mode) == 0
        try:
            required()
        except EnvironmentRefused as error:
            message = str(error)
    finally:
        libm.fesetround(0)
    assert "does not round to nearest" in message
    required()


@pytest.mark.parametrize(
    ("ones", "tiny", "word"),
    [
        ([1 + 2.0**-52, 1.0, 1.0, 1.0], [2.0**-60, 0.0, 5e-324, 3.0], "nearest"),
        ([1.0, 1 + 2.0**-52, 1.0, 1.0], [2.0**-60, 0.0, 5e-324, 3.0], "nearest"),
        (
            [type("Up", (float,), {"__add__": lambda *_: 1.0})(1), 1.0, 1.0, 1.0],
            [2.0**-60, 0.0, 5e-324, 3.0],
            "nearest",
        ),
        ([1.0] * 4, [2.0**-60, 0.0, 5e-324, 3.5], "nearest"),
        ([1.0] * 4, [2.0**-60, 0.0, 0.0, 3.0], "subnormal"),
    ],
)
def test_each_probe_is_looked_at(monkeypatch, ones, tiny, word):
    """With numbers for which one probe alone comes out as it would in another mode."""
    monkeypatch.setattr(np, "ones", lambda _: ones)
    monkeypatch.setattr(np, "array", lambda _: tiny)
    with pytest.raises(EnvironmentRefused, match=word):
        require_round_to_nearest()
