"""Pictures are drawn without a screen and closed after each test."""

from collections.abc import Iterator

import matplotlib
import pytest

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    """Close every figure that a test opened."""
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
