"""Claim: a landscape shows the points at their coordinates, their spheres, the run and the field; misuse is named.

What the assertions do not show is that the picture is pleasant to look at.
"""

import warnings
from fractions import Fraction
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Circle

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.plot.canvas import contour_levels, grid, sample
from hallucert.plot.points import ATTRACTS, CERTIFIED, REPELS, UNPROVED, style_of

FOUR_WELLS = "(x**2 - 1)**2 + (y**2 - 1)**2"
BOX = [(-2, 2), (-2, 2)]


@pytest.fixture(scope="module")
def f() -> hc.Objective:
    return hc.Objective.parse(FOUR_WELLS)


def offsets(ax: plt.Axes, label: str) -> np.ndarray:
    """Return the marker positions of the legend entry `label`."""
    (collection,) = [c for c in ax.collections if c.get_label() == label]
    return np.asarray(collection.get_offsets())


def test_axes_in_axes_out(f: hc.Objective) -> None:
    _, ax = plt.subplots()
    assert hc.plot.landscape(f, BOX, ax=ax, resolution=30) is ax
    assert ax.get_xlim() == (-2, 2)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")


def test_point_target_and_sphere_stand_where_the_closed_form_says(f: hc.Objective) -> None:
    # s = 3/4: the point (-s, -s) goes to (1, 1) at rho = sqrt(2) (1 + s).
    rho = 2**0.5 * 1.75
    point = hc.find.refine(f, (-0.75, -0.75), rho)
    ax = hc.plot.landscape(f, BOX, rho, points=[point], resolution=30, field="none")
    np.testing.assert_allclose(offsets(ax, "candidate: minimum on its sphere"), [[-0.75, -0.75]], atol=1e-9)
    np.testing.assert_allclose(offsets(ax, "target x+"), [[1, 1]], atol=1e-9)
    (circle,) = [patch for patch in ax.patches if isinstance(patch, Circle)]
    np.testing.assert_allclose([*circle.center, circle.radius], [1, 1, rho], atol=1e-9)


def test_one_point_may_stand_for_a_list(f: hc.Objective) -> None:
    point = hc.find.refine(f, (-0.75, -0.75), 2**0.5 * 1.75)
    ax = hc.plot.landscape(f, BOX, points=point, spheres=False, resolution=30)
    assert not ax.patches or not any(isinstance(patch, Circle) for patch in ax.patches)
    assert offsets(ax, "target x+").shape == (1, 2)


def test_trajectory_is_the_history_of_the_run(f: hc.Objective) -> None:
    run = hc.sam.run(f, (-0.5, -0.9), "2.5", "0.01", 50)
    ax = hc.plot.landscape(f, BOX, "2.5", trajectory=run, resolution=30, field="none")
    (line,) = [item for item in ax.lines if item.get_label() == "SAM run"]
    np.testing.assert_array_equal(np.asarray(line.get_xydata()), run.history)


def test_surface_is_f_sam_when_rho_is_given_and_f_on_request(f: hc.Objective) -> None:
    titles = {}
    for surface in (None, "f"):
        ax = hc.plot.landscape(f, BOX, "1.5", surface=surface, resolution=30, field="none")
        titles[surface] = ax.collections[0].get_array()
    plain_axes = hc.plot.landscape(f, BOX, resolution=30)
    np.testing.assert_array_equal(titles["f"], plain_axes.collections[0].get_array())
    assert titles[None].shape != titles["f"].shape or not np.array_equal(titles[None], titles["f"])


@pytest.mark.parametrize("field", ["stream", "arrows"])
def test_field_is_drawn_where_the_gradient_vanishes_on_grid_points_too(f: hc.Objective, field: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with_field = hc.plot.landscape(f, BOX, "1.5", resolution=31, field=field)
        without = hc.plot.landscape(f, BOX, "1.5", resolution=31, field="none")
        with_field.figure.canvas.draw()
    assert len(with_field.get_children()) > len(without.get_children())


def test_undefined_values_and_constants_are_drawn() -> None:
    log = hc.Objective.parse("log(x) + y**2", variables=("x", "y"))
    hc.plot.landscape(log, [(-1, 2), (-1, 1)], resolution=20).figure.canvas.draw()
    constant = hc.Objective.parse("3", variables=("x", "y"))
    hc.plot.landscape(constant, BOX, resolution=20).figure.canvas.draw()


def test_text_is_at_least_nine_points(f: hc.Objective) -> None:
    point = hc.find.refine(f, (-0.75, -0.75), 2**0.5 * 1.75)
    ax = hc.plot.landscape(f, BOX, points=[point], resolution=20)
    labels = [ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), *ax.get_legend().get_texts()]
    assert min(label.get_fontsize() for label in labels) >= 9
    assert ax.figure.get_figwidth() * 100 <= 640


def test_levels_crowd_at_both_ends_whatever_the_scale() -> None:
    values = np.exp(np.linspace(0, 40, 2000))
    levels = contour_levels(values, 12)
    inside = np.histogram(values, levels)[0] / values.size
    assert inside.min() > 0.005 and inside.max() < 0.2
    assert inside[0] < inside[5] > inside[-1]


def test_sample_runs_along_y_then_x() -> None:
    x, y = grid(np.array([(0.0, 1.0), (5.0, 7.0)]), 3)
    np.testing.assert_array_equal(sample(lambda lanes: lanes[:, 0] + 10 * lanes[:, 1], x, y)[2], [70, 70.5, 71])


@pytest.mark.parametrize(
    ("statuses", "style"),
    [
        ({"existence": "proved", "attractor": "proved"}, ATTRACTS),
        ({"existence": "proved", "attractor": "refuted"}, REPELS),
        ({"existence": "proved", "attractor": "undecided"}, CERTIFIED),
        ({"existence": "undecided", "attractor": "proved"}, UNPROVED),
    ],
)
def test_marker_says_what_is_proved(statuses: dict[str, str], style: object) -> None:
    claims = {name: SimpleNamespace(status=status) for name, status in statuses.items()}
    assert style_of(SimpleNamespace(claims=claims)) is style


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"box": [(-1, 1)]}, "box"),
        ({"box": [(1, -1), (0, 1)]}, "box"),
        ({"box": "wide"}, "box"),
        ({"rho": -1}, "rho"),
        ({"surface": "sam"}, "surface"),
        ({"surface": "loss", "rho": 1}, "surface"),
        ({"field": "lines"}, "field"),
        ({"resolution": 3}, "resolution"),
        ({"points": [(0, 0)]}, "points"),
        ({"trajectory": [1.0, 2.0]}, "trajectory"),
    ],
)
def test_misuse_names_the_argument(f: hc.Objective, arguments: dict[str, object], name: str) -> None:
    with pytest.raises(ArgumentError, match=name):
        hc.plot.landscape(f, **{"box": BOX, **arguments})


def test_only_functions_of_two_variables_are_drawn() -> None:
    with pytest.raises(ArgumentError, match="two variables"):
        hc.plot.landscape(hc.Objective.parse("x**2 + y**2 + z**2"), BOX)
    with pytest.raises(ArgumentError, match="Objective"):
        hc.plot.landscape(lambda x: x, BOX)


def test_points_of_another_dimension_are_refused(f: hc.Objective) -> None:
    point = SimpleNamespace(x=np.zeros(3), rho=Fraction(1), objective=f)
    with pytest.raises(ArgumentError, match="plane"):
        hc.plot.landscape(f, BOX, points=[point])
