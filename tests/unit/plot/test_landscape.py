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
from hallucert.plot.canvas import ATTRACTS, CERTIFIED, REPELS, UNPROVED, contour_levels, grid, sample, style_of

FOUR_WELLS = "(x**2 - 1)**2 + (y**2 - 1)**2"
BOX = [(-2, 2), (-2, 2)]


@pytest.fixture(scope="module")
def f() -> hc.Objective:
    return hc.Objective.parse(FOUR_WELLS)


def offsets(ax: plt.Axes, label: str) -> np.ndarray:
    """Return the marker positions of the legend entry `label`."""
    (collection,) = [c for c in ax.collections if c.get_label() == label]
    return np.asarray(collection.get_offsets())


def bands(ax: plt.Axes) -> np.ndarray:
    """Return the ends of the colour bands, which are quantiles of the values that are drawn."""
    filled, lines = [c for c in ax.collections if getattr(c, "levels", None) is not None]
    assert filled.filled and not lines.filled
    np.testing.assert_array_equal(filled.levels, lines.levels)
    return np.asarray(filled.levels)


def window(low: float, high: float, count: int) -> np.ndarray:
    """Return the points of a square window, with `count` on a side."""
    side = np.linspace(low, high, count)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def test_axes_in_axes_out(f: hc.Objective) -> None:
    """Axes that are given are drawn on and returned, with the limits of the box and the names of the variables."""
    _, ax = plt.subplots()
    assert hc.plot.landscape(f, BOX, ax=ax, resolution=30) is ax
    assert ax.get_xlim() == ax.get_ylim() == (-2, 2) and ax.get_aspect() == 1.0
    assert ax.get_title() == "" and ax.get_legend() is None and len(bands(ax)) == 25
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x$", "$y$")


def test_point_target_and_sphere_stand_where_the_closed_form_says(f: hc.Objective) -> None:
    """(-3/4, -3/4), its target (1, 1) and the circle of radius 7 sqrt(2)/4 stand at these places."""
    # s = 3/4: the point (-s, -s) goes to (1, 1) at rho = sqrt(2) (1 + s).
    rho = 2**0.5 * 1.75
    point = hc.find.refine(f, (-0.75, -0.75), rho)
    ax = hc.plot.landscape(f, BOX, rho, points=[point], resolution=30, field="none")
    np.testing.assert_allclose(offsets(ax, "candidate: minimum on its sphere"), [[-0.75, -0.75]], atol=1e-9)
    np.testing.assert_allclose(offsets(ax, "target x+"), [[1, 1]], atol=1e-9)
    (circle,) = [patch for patch in ax.patches if isinstance(patch, Circle)]
    np.testing.assert_allclose([*circle.center, circle.radius], [1, 1, rho], atol=1e-9)


def test_one_point_may_stand_for_a_list(f: hc.Objective) -> None:
    """One candidate is drawn with one target, and `spheres=False` leaves its circle out."""
    point = hc.find.refine(f, (-0.75, -0.75), 2**0.5 * 1.75)
    ax = hc.plot.landscape(f, BOX, points=point, spheres=False, resolution=30)
    assert not any(isinstance(patch, Circle) for patch in ax.patches)
    assert offsets(ax, "target x+").shape == (1, 2)


def test_points_of_other_ascent_steps_lead_to_their_own_targets() -> None:
    """USAM goes from (-3/4, 0) by 16/3 times the gradient 21/64 to (1, 0), not by 16/3; that is no sphere's radius."""
    well = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    point = hc.find.refine(well, (-0.75, 0), "16/3", variant="usam")
    for drawn in (point, hc.certify(point)):
        ax = hc.plot.landscape(well, BOX, points=drawn, resolution=30)
        np.testing.assert_allclose(offsets(ax, "target x+"), [[1, 0]], atol=1e-9)
        assert not any(isinstance(patch, Circle) for patch in ax.patches)


def test_trajectory_is_the_history_of_the_run(f: hc.Objective) -> None:
    """The line of a run has exactly the points of its history."""
    run = hc.sam.run(f, (-0.5, -0.9), "2.5", "0.01", 50)
    ax = hc.plot.landscape(f, BOX, "2.5", trajectory=run, resolution=30, field="none")
    (line,) = ax.lines
    assert line.get_label() == "SAM run" and len(run.history) == 51
    np.testing.assert_array_equal(np.asarray(line.get_xydata()), run.history)
    np.testing.assert_array_equal(offsets(ax, "its start"), [(-0.5, -0.9)])


def test_surface_is_f_sam_when_rho_is_given_and_f_on_request(f: hc.Objective) -> None:
    """The bands are quantiles of f^SAM with rho, and of f where that is asked for or no rho is given."""
    x = window(-2, 2, 30)
    g = 4 * x * (x**2 - 1)
    shifted = x + 1.5 * g / np.linalg.norm(g, axis=1, keepdims=True)
    plain, sam = (((y**2 - 1) ** 2).sum(1) for y in (x, shifted))
    for options, values in (({"rho": "1.5"}, sam), ({"rho": "1.5", "surface": "f"}, plain), ({}, plain)):
        ax = hc.plot.landscape(f, BOX, resolution=30, field="none", title="bands", **options)
        np.testing.assert_allclose(bands(ax), contour_levels(values, 24), rtol=1e-9)
        assert ax.get_title() == "bands"


@pytest.mark.parametrize("field", ["stream", "arrows"])
def test_field_is_drawn_where_the_gradient_vanishes_on_grid_points_too(f: hc.Objective, field: str) -> None:
    """Lines or arrows of the field stay in the box, although the gradient is 0 at points of the grid."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with_field = hc.plot.landscape(f, BOX, "1.5", resolution=31, field=field)
        without = hc.plot.landscape(f, BOX, "1.5", resolution=31, field="none")
        with_field.figure.canvas.draw()
    (drawn,) = with_field.collections[len(without.collections) :]
    assert not without.patches
    if field == "stream":
        lines = drawn.get_segments()
        assert len(lines) > 100 and len(with_field.patches) > 50 and np.abs(np.concatenate(lines)).max() <= 2
    else:
        assert len(drawn.get_offsets()) == 23**2
        # At (-2, 2) the gradient is (-24, 24): x+ is farther out, and -F points back to the wells.
        np.testing.assert_allclose((drawn.U[-23], drawn.V[-23]), (0.5**0.5, -(0.5**0.5)), rtol=1e-12)


def test_undefined_values_and_constants_are_drawn() -> None:
    """log(x) is shaded for x > 0 alone, and a constant in bands around its value."""
    log = hc.Objective.parse("log(x) + y**2", variables=("x", "y"))
    ax = hc.plot.landscape(log, [(-1, 2), (-1, 1)], resolution=20)
    ax.figure.canvas.draw()
    shaded = np.concatenate([path.vertices for path in ax.collections[0].get_paths() if len(path.vertices)])
    first = -1 + 3 * 7 / 19  # of the grid, the first with x > 0
    assert ax.get_xlim() == (-1, 2) and shaded[:, 0].min() == pytest.approx(first) and shaded[:, 0].max() == 2
    constant = hc.plot.landscape(hc.Objective.parse("3", variables=("x", "y")), BOX, resolution=20)
    constant.figure.canvas.draw()
    assert bands(constant).tolist() == [2.5, 3.5]


def test_text_is_at_least_nine_points(f: hc.Objective) -> None:
    """No label, tick or legend entry is smaller than 9 points in a figure of at most 640 pixels."""
    point = hc.find.refine(f, (-0.75, -0.75), 2**0.5 * 1.75)
    ax = hc.plot.landscape(f, BOX, points=[point], resolution=20)
    labels = [ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), *ax.get_legend().get_texts()]
    assert min(label.get_fontsize() for label in labels) >= 9
    assert ax.figure.get_figwidth() * 100 <= 640


def test_levels_crowd_at_both_ends_whatever_the_scale() -> None:
    """Twelve bands of values over 17 powers of ten have 0.5 to 20 percent each, the ends less than the middle."""
    values = np.exp(np.linspace(0, 40, 2000))
    levels = contour_levels(values, 12)
    inside = np.histogram(values, levels)[0] / values.size
    assert inside.min() > 0.005 and inside.max() < 0.2
    assert inside[0] < inside[5] > inside[-1]


def test_sample_runs_along_y_then_x() -> None:
    """x + 10 y sampled on 3 by 3 points has the row 70, 70.5, 71 at the last y."""
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
    """Attracting, repelling, only existing and unproved points have four different markers."""
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
    """A box, radius, surface, field, resolution, point or run that is none is named in the error."""
    with pytest.raises(ArgumentError, match=name):
        hc.plot.landscape(f, **{"box": BOX, **arguments})


def test_only_functions_of_two_variables_are_drawn() -> None:
    """A function of three variables and a bare lambda are refused in words."""
    with pytest.raises(ArgumentError, match="two variables"):
        hc.plot.landscape(hc.Objective.parse("x**2 + y**2 + z**2"), BOX)
    with pytest.raises(ArgumentError, match="Objective"):
        hc.plot.landscape(lambda x: x, BOX)


def test_points_of_another_dimension_are_refused(f: hc.Objective) -> None:
    """A point with three coordinates is refused, because it does not lie in the plane."""
    point = SimpleNamespace(x=np.zeros(3), rho=Fraction(1), objective=f)
    with pytest.raises(ArgumentError, match="plane"):
        hc.plot.landscape(f, BOX, points=[point])
