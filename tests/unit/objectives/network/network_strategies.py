"""Random small networks with lanes of parameters, for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import hallucert as hc


@st.composite
def networks(draw, residual_form=False, lanes=2):
    """Any of the shapes, losses and outputs, with data and parameters of size about 1 from a drawn seed."""
    loss = "squared" if residual_form else draw(st.sampled_from(["squared", "cross_entropy"]))
    hidden = draw(st.lists(st.integers(1, 3), max_size=3))
    c = draw(st.integers(1 if loss == "squared" else 2, 3))
    sizes = (draw(st.integers(1, 3)), *hidden, c)
    n = draw(st.integers(1, 4))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = generator.integers(0, c, n)
    f = hc.TanhNetwork(
        sizes,
        generator.normal(size=(n, sizes[0])),
        generator.normal(size=(n, c)) if loss == "squared" else labels,
        loss=loss,
        weight_decay=0 if residual_form else draw(st.sampled_from([0, "0.01"])),
        label_smoothing=draw(st.sampled_from([0, "0.1"])) if loss == "cross_entropy" else 0,
        output=draw(st.sampled_from(["linear", "tanh"])),
    )
    return f, generator.normal(size=(lanes, f.dimension))
