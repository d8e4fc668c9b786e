"""Pictures of functions of one variable: two graphs, broken where uphill changes sides; points and steps on them."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4")


def _curve(ax, start: str) -> np.ndarray:
    (line,) = [line for line in ax.lines if str(line.get_label()).startswith(start)]
    return np.column_stack(line.get_data())


def test_the_graph_of_f_sam_is_that_of_f_moved_uphill():
    """f(x + rho sign f'(x)), by the formula; between the samples around -1, 0 and 1 there is no line."""
    ax = hc.plot.landscape(WELL, [(-1.6, 1.6)], "1.5", points=hc.find.refine(WELL, [-0.5], "1.5"))
    f, moved = _curve(ax, "$f$"), _curve(ax, "$f^")
    assert np.allclose(f[:, 1], (f[:, 0] ** 2 - 1) ** 2 / 4)
    x, known = moved[:, 0], np.isfinite(moved[:, 1])
    plus = x + 1.5 * np.sign(x**3 - x)
    assert np.allclose(moved[known, 1], (plus[known] ** 2 - 1) ** 2 / 4)
    assert (~known).sum() == 3 and np.abs(np.abs(x[~known]) - np.round(np.abs(x[~known]))).max() < 4e-3
    assert ax.get_ylim()[1] < 1 and ax.get_xlabel() == "$x$"
    places = [tuple(np.round(c.get_offsets()[0], 6)) for c in ax.collections if len(c.get_offsets()) == 1]
    assert (1.0, 0.0) in places and (-0.5, 0.140625) in places


def test_a_census_and_a_certificate_of_the_line_are_drawn():
    """Points, minimizers and maximizer on the graph; a run as a path; where nothing is defined it is refused."""
    census = hc.census(WELL, [(-2, 2)], "1.5", workers=1)
    labels = hc.plot.certificate(census).get_legend_handles_labels()[1]
    assert {"minimizer of f", "maximizer of f", "target a minimizer: attractor (2)"} <= {
        label.replace("$f$", "f") for label in labels
    }
    ax = hc.plot.certificate(hc.certify(WELL, [-0.5], "1.5"))
    assert "proved: attracts SAM" in ax.get_legend_handles_labels()[1]
    run = hc.sam.run(WELL, [-0.9], "1.5", "0.1", 100)
    assert "SAM run" in hc.plot.landscape(WELL, [(-1, 1)], trajectory=run).get_legend_handles_labels()[1]
    with pytest.raises(ArgumentError, match="meet the domain"):
        hc.plot.landscape(hc.Objective.parse("log(x)"), [(-2, -1)])
    with pytest.raises(ArgumentError, match="one or two variables"):
        hc.plot.landscape(hc.Objective.parse("x + y + z"), [(-2, -1)])
