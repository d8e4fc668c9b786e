"""The limits of files are those that stand on the page of the format."""

from __future__ import annotations

import pytest

from hallucert import exact
from hallucert.check import subdivision
from hallucert.check.census import file as census
from hallucert.check.file import fields, files
from hallucert.check.point import file as point


@pytest.mark.parametrize(
    ("module", "name", "limit"),
    [
        (files, "MAX_BYTES", 67_108_864),
        (files, "MAX_DEPTH", 40),
        (point, "MAX_DIMENSION", 1000),
        (point, "MOST_CLAIMS", 100),
        (fields, "MAX_BOX_DIMENSION", 131_072),
        (fields, "MAX_MATRIX_BITS", 1_073_741_824),
        (fields, "MAX_VECTOR_BITS", 268_435_456),
        (fields, "MAX_SENTENCE", 40_000),
        (fields, "MAX_PRECISION", 2000),
        (exact, "MAX_DIGITS", 6100),
        (census, "MAX_ENTRIES", 100_000),
        (census, "MAX_BITS", 4096),
        (subdivision, "LONGEST", 4_194_304),
        (subdivision, "DEEPEST", 400),
    ],
)
def test_limits_are_those_of_the_page(module, name, limit):
    """As the page says: 64 MiB, 2^30 and 2^28 bits, 2^22 letters and so on."""
    assert getattr(module, name) == limit
