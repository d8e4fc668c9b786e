"""The rounding mode is probed at run time: an ordinary process passes, another rounding mode is refused."""

from __future__ import annotations

import ctypes
import platform

import pytest

from hallucert.balls import require_round_to_nearest
from hallucert.errors import EnvironmentRefused


def test_an_ordinary_process_passes():
    require_round_to_nearest()


@pytest.mark.skipif(platform.machine() != "x86_64" or platform.system() != "Linux", reason="constants of x86-64 glibc")
@pytest.mark.parametrize("mode", [0x400, 0x800, 0xC00], ids=["down", "up", "toward-zero"])
def test_every_other_rounding_mode_is_refused(mode):
    libm = ctypes.CDLL("libm.so.6")
    try:
        assert libm.fesetround(mode) == 0
        refused = False
        try:
            require_round_to_nearest()
        except EnvironmentRefused:
            refused = True
    finally:
        libm.fesetround(0)
    assert refused
