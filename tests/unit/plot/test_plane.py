"""Claim: planes and profiles show ``f`` and ``f^SAM`` at the lifted points, whatever the dimension; misuse is named.

What the assertions do not show is that the picture is pleasant to look at.
"""

import json
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.plot.canvas import contour_levels
from hallucert.plot.plane import Frame, frame_along, values_on

RHO = 8
BOWL = "(x**2 + y**2 + z**2 - 1)**2"


@pytest.fixture(scope="module")
def network() -> tuple[hc.TanhNetwork, np.ndarray]:
    """A 2-4-1 network and the parameters where SAM stopped at a hallucinated minimizer, rho = 8."""
    data = json.loads((Path(__file__).parents[2] / "reference" / "tanh_networks.json").read_text())
    end = next(e for e in data["ends"] if e["layer_sizes"] == [2, 4, 1])
    return hc.TanhNetwork(end["layer_sizes"], end["inputs"], end["targets"]), np.array(end["x"])


def markers(ax: plt.Axes) -> dict[str, np.ndarray]:
    """Return where the markers of each legend entry stand."""
    return {
        str(c.get_label()): np.asarray(c.get_offsets())[0]
        for c in ax.collections
        if not str(c.get_label()).startswith("_") and len(np.asarray(c.get_offsets()))
    }


def window_lanes(ax: plt.Axes, center: np.ndarray, e: np.ndarray, count: int) -> np.ndarray:
    """Return the points of the drawn window, with the basis `e` written down here."""
    a, b = (np.linspace(*ends, count) for ends in (ax.get_xlim(), ax.get_ylim()))
    return (center + a[None, :, None] * e[0] + b[:, None, None] * e[1]).reshape(-1, center.size)


def test_both_losses_are_drawn_at_the_lifted_points(network: tuple[hc.TanhNetwork, np.ndarray]) -> None:
    """In a plane of parameters the bands of f and f^SAM are those of the values computed here."""
    # The levels are quantiles of all values drawn: equal levels need equal values.
    f, x = network
    rng = np.random.default_rng(0)
    e = np.linalg.qr(rng.normal(size=(f.dimension, 2)))[0].T
    directions = [3 * e[0], 0.5 * e[1] - 7 * e[0]]
    left, right = hc.plot.plane(f, x, directions, rho=RHO, extent=0.75, resolution=20)
    lanes = window_lanes(left, x, e, 20)
    for ax, values in ((left, f.value(lanes)), (right, hc.sam.sam_value(f, lanes, RHO))):
        assert ax.get_xlim() == ax.get_ylim() == (-0.75, 0.75)
        filled = next(c for c in ax.collections if getattr(c, "levels", None) is not None)
        np.testing.assert_allclose(filled.levels, contour_levels(values, 24), rtol=1e-9)


def test_points_stand_at_their_distances() -> None:
    """Three points stand at the coordinates worked out by hand, with their values and distance to the plane."""
    # By hand: the plane of (1, 0, 0), (1, 3, 0), (1, 1, 2) is x = 1 with e1 along y and e2 along z.
    f = hc.Objective.parse(BOWL)
    ax = hc.plot.plane(f, (1, 0, 0), points=[(1, 3, 0), (1, 1, 2), (1.5, 2, 1)], resolution=20)
    assert isinstance(ax, plt.Axes)
    places = markers(ax)
    np.testing.assert_allclose(places["center: f = 0"], [0, 0], atol=1e-12)
    np.testing.assert_allclose(places["point 1: f = 81"], [3, 0], atol=1e-12)
    np.testing.assert_allclose(places["point 2: f = 25"], [1, 2], atol=1e-12)
    np.testing.assert_allclose(places["point 3: f = 39.1 (0.5 off)"], [2, 1], atol=1e-12)


def test_what_sam_calls_a_minimizer_is_labelled_with_both_values(network: tuple[hc.TanhNetwork, np.ndarray]) -> None:
    """x* has f on the left and f^SAM on the right; at x+ f^SAM is undefined."""
    f, x = network
    plus = hc.sam.perturbed_point(f, x, RHO)
    left, right = hc.plot.plane(f, x, points=[plus, x + 1], rho=RHO, resolution=10, names=["x*", "x+", "other"])
    assert f"x*: f = {f.value(x):.3g}" in markers(left)
    assert f"x*: f^SAM = {hc.sam.sam_value(f, x, RHO):.3g}" in markers(right)
    assert "x+: f^SAM undefined" in markers(right)  # its gradient is rounding


def test_a_profile_is_the_loss_along_the_segment(network: tuple[hc.TanhNetwork, np.ndarray]) -> None:
    """From -0.35 to 1.35 of the way, the curves are f and f^SAM there, with both points among the abscissas."""
    f, x = network
    other = x + np.linspace(-1, 2, f.dimension)
    length = np.linalg.norm(other - x)
    ax = hc.plot.plane(f, x, points=other, rho=RHO, resolution=25)
    curves = {line.get_label(): line for line in ax.lines if not str(line.get_label()).startswith("_")}
    t = np.asarray(curves["f"].get_xdata())
    assert t[0] == pytest.approx(-0.35 * length) and t[-1] == pytest.approx(1.35 * length)
    assert 0 in t and np.abs(t - length).min() < 1e-12 * length
    lanes = x + t[:, None] * (other - x) / length
    np.testing.assert_allclose(curves["f"].get_ydata(), f.value(lanes), rtol=1e-9)
    np.testing.assert_allclose(curves["f^SAM, rho = 8"].get_ydata(), hc.sam.sam_value(f, lanes, RHO), rtol=1e-6)


def test_a_direction_makes_a_profile_of_f_alone() -> None:
    """Along z, whatever its length, the curve is (t^2 - 1)^2 from -2 to 2."""
    f = hc.Objective.parse(BOWL)
    ax = hc.plot.plane(f, (0, 0, 0), directions=(0, 0, 5), extent=2, resolution=10)
    (line,) = [line for line in ax.lines if line.get_label() == "f"]
    t = np.asarray(line.get_xdata())
    np.testing.assert_allclose(line.get_ydata(), (t**2 - 1) ** 2, atol=1e-12)
    assert ax.get_xlim() == (-2, 2) and ax.get_yscale() == "linear"


def test_f_stays_visible_under_a_much_larger_sam_loss() -> None:
    """For Himmelblau at rho = 7/2 the scale is asinh, includes 0, and its text is 9 points or more."""
    f = hc.gallery.load("himmelblau")
    ax = hc.plot.plane(f, (-0.4, 2.9), points=(3, 2), rho="3.5")
    assert ax.get_yscale() == "asinh"
    bottom, top = ax.get_ylim()
    assert bottom < 0 < top
    assert all(label.get_fontsize() >= 9 for label in [*ax.get_yticklabels(), *ax.texts])


def test_zero_gradients_and_undefined_values_are_gaps() -> None:
    """f^SAM of a bowl has a gap at the center alone; logarithms and overflows raise no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f = hc.Objective.parse("x**2 + y**2 + z**2")
        _, right = hc.plot.plane(f, (0, 0, 0), directions=np.eye(3)[:2], rho=1, resolution=11)
        right.figure.canvas.draw()
        assert "center: f^SAM undefined" in markers(right)
        ax = hc.plot.plane(f, (0, 0, 0), points=(1, 0, 0), rho=1, resolution=11)
        (line,) = [line for line in ax.lines if line.get_label() == "f^SAM, rho = 1"]
        y = np.asarray(line.get_ydata())
        assert np.isnan(y[np.asarray(line.get_xdata()) == 0]).all() and np.isfinite(y).sum() == y.size - 1
        log = hc.Objective.parse("log(x) + y**2 + z**2")
        hc.plot.plane(log, (0.1, 0, 0), directions=np.eye(3)[:2], rho="0.1", extent=1, resolution=11)
        huge = hc.Objective.parse("exp(exp(x)) + y")
        hc.plot.plane(huge, (0, 0), directions=np.eye(2), rho=5, extent=9, resolution=11)


def test_nowhere_finite_is_an_error() -> None:
    """log(x) around x = -9 has no value to draw, and the error names the center."""
    log = hc.Objective.parse("log(x) + y**2 + z**2")
    for directions in (np.eye(3)[:2], np.eye(3)[0]):
        with pytest.raises(ArgumentError, match=r"center.*finite"):
            hc.plot.plane(log, (-9, 0, 0), directions=directions, rho=1, resolution=11)


def test_a_trajectory_is_projected(network: tuple[hc.TanhNetwork, np.ndarray]) -> None:
    """In the plane of the first two axes the run is the first two coordinates of its history."""
    f, x = network
    run = hc.sam.run(f, x + 0.05, RHO, "0.05", 20)
    e = np.eye(f.dimension)[:2]
    for ax in hc.plot.plane(f, x, e, rho=RHO, trajectory=run, resolution=10):
        (line,) = [line for line in ax.lines if line.get_label() == "SAM run, projected"]
        np.testing.assert_allclose(line.get_xydata(), (run.history - x)[:, :2], atol=1e-12)


def test_lanes_are_evaluated_in_bounded_batches(
    network: tuple[hc.TanhNetwork, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """101 points in batches of 10, or of 1 where memory is short, have the values of one batch."""
    f, x = network
    frame = Frame(x, np.eye(f.dimension)[:2])
    places = np.random.default_rng(1).normal(size=(101, 2))
    whole = [values_on(f, frame, places, rho) for rho in (None, RHO)]
    largest = []
    value = f.floats.value
    monkeypatch.setattr(f.floats, "value", lambda lanes: largest.append(len(lanes)) or value(lanes))
    per_lane = 8 * (8 * f.dimension + 4 * len(f.inputs) * (4 + 1))
    monkeypatch.setitem(values_on.__globals__, "CHUNK_BYTES", 10 * per_lane)
    for rho, values in zip((None, RHO), whole, strict=True):
        np.testing.assert_allclose(values_on(f, frame, places, rho), values, rtol=1e-12)
    assert set(largest) == {10, 1}
    monkeypatch.setitem(values_on.__globals__, "CHUNK_BYTES", 1)
    np.testing.assert_allclose(values_on(f, frame, places, RHO), whole[1], rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1, 1e200])
def test_nearly_parallel_directions_still_give_an_orthonormal_basis(scale: float) -> None:
    """Directions 1e-6 apart, of length 1e-200 to 1e200, give an orthonormal basis within 1e-14."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 500))
    frame = frame_along(np.zeros(500), scale * np.stack([a, a + 1e-6 * b]), "directions", "be independent")
    np.testing.assert_allclose(frame.basis @ frame.basis.T, np.eye(2), atol=1e-14)
    np.testing.assert_allclose(frame.basis[0], a / np.linalg.norm(a), atol=1e-14)


def test_axes_in_axes_out() -> None:
    """Two axes are drawn on and returned with rho and one without, with f and f^SAM in their titles."""
    f = hc.Objective.parse(BOWL)
    _, pair = plt.subplots(1, 2)
    drawn = hc.plot.plane(f, (1, 0, 0), directions=np.eye(3)[1:], rho=1, ax=pair, resolution=10)
    assert drawn == tuple(pair)
    assert [ax.get_title() for ax in drawn] == ["$f$", r"$f^{\mathrm{SAM}}$, $\rho$ = 1"]
    _, one = plt.subplots()
    assert hc.plot.plane(f, (1, 0, 0), directions=np.eye(3)[1:], ax=one, resolution=10, title="bowl") is one
    assert one.get_title() == "bowl: $f$"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({}, "points"),
        ({"center": (1, 0)}, "center"),
        ({"center": "here"}, "center"),
        ({"points": [(0, 0)]}, "points"),
        ({"points": [(1, np.nan, 0)]}, "points"),
        ({"points": [(1, 0, 0)]}, "points must differ from center"),
        ({"points": [(2, 1, 1), (3, 2, 2)]}, "points must not lie on one line"),
        ({"points": [(2, 1, 1), (1, 0, 0)]}, "points must not lie on one line"),
        ({"points": []}, "points"),
        ({"directions": [(1, 0, 0), (-2, 0, 0)]}, "directions must be nonzero and not parallel"),
        ({"directions": [(0, 0, 0), (1, 0, 0)]}, "directions must be nonzero"),
        ({"directions": np.eye(3)}, "directions"),
        ({"directions": (0, 1, 0), "rho": -1}, "rho"),
        ({"directions": (0, 1, 0), "extent": 0}, "extent"),
        ({"directions": (0, 1, 0), "extent": "wide"}, "extent"),
        ({"directions": (0, 1, 0), "names": ["a", "b"]}, "names"),
        ({"directions": (0, 1, 0), "names": "a"}, "names"),
        ({"directions": (0, 1, 0), "resolution": 3}, "resolution"),
        ({"directions": (0, 1, 0), "trajectory": [(0, 0, 0)]}, "trajectory"),
        ({"directions": np.eye(3)[:2], "trajectory": [(0, 0)]}, "trajectory"),
        ({"directions": np.eye(3)[:2], "rho": 1, "ax": "axes"}, "ax must be 2 Axes"),
        ({"f": "x**2"}, "f must be an Objective"),
    ],
)
def test_misuse_names_the_argument(arguments: dict[str, object], name: str) -> None:
    """Each argument that is no center, point, direction, radius, extent or name is named in the error."""
    given = {"f": hc.Objective.parse(BOWL), "center": (1, 0, 0), **arguments}
    with pytest.raises(ArgumentError, match=name):
        hc.plot.plane(**given)


def test_the_curve_has_a_gap_at_a_converged_minimizer(network: tuple[hc.TanhNetwork, np.ndarray]) -> None:
    """The profile of f^SAM has one gap, at the distance rho, where the gradient is rounding."""
    # There the gradient is about 1e-9 of what it is elsewhere: the value of f^SAM would be one of a whole sphere.
    f, x = network
    plus = hc.sam.perturbed_point(f, x, RHO)
    ax = hc.plot.plane(f, x, points=plus, rho=RHO, resolution=25)
    (line,) = [line for line in ax.lines if line.get_label() == "f^SAM, rho = 8"]
    t, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert np.abs(t[np.isnan(y)] - RHO).max() < 1e-9 and np.isnan(y).sum() == 1
