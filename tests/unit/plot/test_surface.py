"""Claim: a picture of a surface shows its charts, targets and what is certified, in two or three coordinates.

What the assertions do not show is that the picture is pleasant to look at.
"""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError

START = (0.2, 0.3, 0.35)
SQUARE = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])


@pytest.fixture(scope="module")
def ball_of_minimizers() -> hc.Objective:
    return hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)


@pytest.fixture(scope="module")
def piece(ball_of_minimizers: hc.Objective) -> hc.Surface:
    """Twelve charts of the sphere of radius 1/2."""
    return hc.find.sheet(ball_of_minimizers, START, "1.5", max_steps=12)


@pytest.fixture(scope="module")
def certificate(piece: hc.Surface) -> hc.SurfaceCertificate:
    """What is proved of the first two charts of the piece."""
    first = replace(
        piece, x=piece.x[:2], tangents=piece.tangents[:2], half_widths=piece.half_widths[:2], target=piece.target[:2]
    )
    return hc.certify(first, precisions=[53])


def patches(ax: plt.Axes, label: str) -> np.ndarray:
    """Return the corners (n, 4, 3) of the patches drawn in space under a label."""
    (found,) = [c for c in ax.collections if str(c.get_label()).lstrip("_") == label]
    return np.asarray(found._faces)


def legend_texts(ax: plt.Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_charts_are_squares_in_tangent_planes_of_the_sphere(piece: hc.Surface) -> None:
    """Middles have |x| = 1/2 and targets |x| = 1 (closed form); the sides are two half widths, across the radius."""
    ax = hc.plot.sheet(piece, title="piece")
    faces = patches(ax, "hallucinated minimizers")
    assert faces.shape == (12, 4, 3) and ax.get_title() == "piece"
    middles = faces.mean(axis=1)
    assert np.allclose(np.linalg.norm(middles, axis=1), 0.5, atol=1e-9)
    sides = faces - np.roll(faces, 1, axis=1)
    assert np.allclose(np.linalg.norm(sides, axis=2), 2 * piece.half_widths[:, None])
    assert np.allclose(np.einsum("nkd,nd->nk", sides, middles), 0, atol=1e-9)
    (targets,) = [line for line in ax.lines if len(line.get_data_3d()[0]) == len(piece.x)]
    assert np.allclose(np.linalg.norm(np.array(targets.get_data_3d()), axis=0), 1)
    assert [line.get_label() for line in ax.lines].count("targets: minimizers of f") == 1
    low, high = np.array([ax.get_xlim(), ax.get_ylim(), ax.get_zlim()]).T
    assert (low <= piece.target.min(axis=0)).all() and (piece.x.max(axis=0) <= high).all()
    assert (high - low < 1.2 * (piece.x.max(axis=0) - piece.target.min(axis=0))).all()


def test_ascent_steps_lead_from_the_surface_to_its_targets(piece: hc.Surface) -> None:
    """Each has length 3/2 and goes through the maximizer at the origin (closed form)."""
    ax = hc.plot.sheet(piece)
    steps = [np.array(line.get_data_3d()).T for line in ax.lines if line.get_label() in ("ascent steps", "_step")]
    assert len(steps) == 10
    for a, b in steps:
        assert np.isclose(np.linalg.norm(b - a), 1.5) and np.allclose(a + (b - a) / 3, 0, atol=1e-9)


def test_certified_charts_take_the_place_of_the_others(piece: hc.Surface, certificate: hc.SurfaceCertificate) -> None:
    """What is drawn as certified are the charts of the certificate; the float charts under them are left out."""
    ax = hc.plot.sheet(piece, certificate=certificate)
    charts = [chart for atlas in certificate.atlases for chart in atlas.charts]
    proved, found = patches(ax, "certified"), patches(ax, "found, not certified")
    assert len(proved) == len(charts) >= 2 and len(found) == 10
    centres = np.array([[float(v) for v in chart.centre[:3]] for chart in charts])
    assert np.allclose(proved.mean(axis=1), centres)
    assert set(legend_texts(ax)) == {"certified", "found, not certified", "targets: minimizers of $f$", "ascent steps"}
    kept = found.mean(axis=1)
    assert np.allclose(kept, piece.x[2:])


def test_all_of_a_surface_may_be_certified(ball_of_minimizers: hc.Objective) -> None:
    """Nothing is called uncertified then."""
    surface = hc.find.sheet(ball_of_minimizers, START, "1.5", max_steps=2)
    ax = hc.plot.sheet(surface, certificate=hc.certify(surface, precisions=[53]))
    assert "found, not certified" not in legend_texts(ax) and "certified" in legend_texts(ax)


def test_two_coordinates_are_a_projection(piece: hc.Surface) -> None:
    """On given plane axes, with the named coordinates in their order."""
    ax = plt.subplots()[1]
    assert hc.plot.sheet(piece, ("z", "x"), ax=ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$z$", "$x$")
    (drawn,) = ax.collections
    vertices = np.array([path.vertices[:4] for path in drawn.get_paths()])
    corners = piece.x[:, None] + np.einsum("ndk,ck,n->ncd", piece.tangents, SQUARE, piece.half_widths)
    assert np.allclose(vertices, corners[..., [2, 0]])


def test_more_than_three_variables_need_no_names() -> None:
    """A network with four parameters: the first three, or those that are named."""
    f = hc.TanhNetwork((1, 1, 1), [[-0.5], [1.0]], [-0.6, 0.7])
    surface = hc.find.sheet(f, hc.find.hallucinate(f, f.initial(seed=5), rho=2), max_steps=2)
    labels = [ax.get_xlabel() for ax in (hc.plot.sheet(surface), hc.plot.sheet(surface, f.variables[1:]))]
    assert labels == list(f.variables[:2])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"coordinates": ["x"]}, "coordinates"),
        ({"coordinates": ["x", "w"]}, "coordinates"),
        ({"coordinates": ["x", "x"]}, "coordinates"),
        ({"coordinates": ["x", "y", "z", "x"]}, "coordinates"),
        ({"certificate": 1}, "certificate"),
        ({"ax": "plane"}, "ax"),
        ({"ax": "space", "coordinates": ["x", "y"]}, "ax"),
    ],
)
def test_misuse_is_named(piece: hc.Surface, options: dict, name: str) -> None:
    """Too few, unknown or repeated coordinates, the certificate of something else, axes of another dimension."""
    if "ax" in options:
        kind = {"projection": "3d"} if options["ax"] == "space" else {}
        options = options | {"ax": plt.figure().add_subplot(**kind)}
    with pytest.raises(ArgumentError) as caught:
        hc.plot.sheet(piece, **options)
    assert caught.value.argument == name


def test_three_coordinates_are_for_surfaces() -> None:
    """A curve is drawn in the plane."""
    ring = hc.Objective.least_squares(["x**2 + y**2 - 1", "z"], n=2)
    curve = hc.find.sheet(ring, (0.4, 0.3, 0), "1.5")
    with pytest.raises(ArgumentError, match="two of"):
        hc.plot.sheet(curve, ("x", "y", "z"))
    assert hc.plot.sheet(curve, ("y", "x")).get_xlabel() == "$y$"
