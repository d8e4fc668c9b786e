"""Claim: the construction's picture shows U, B, x*, x_min and the sphere that touches U at x*.

The component drawn is compared with the level set itself; that its contour is smooth is only seen by eye.
"""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Circle

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.find.candidate import Candidate


@pytest.fixture(scope="module")
def farthest() -> Candidate:
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    return hc.find.farthest_point(f, (0, 0), (1, 1), level="1.5")


def circles(ax: plt.Axes) -> list[Circle]:
    return [patch for patch in ax.patches if isinstance(patch, Circle)]


def test_sphere_and_ball_have_the_radii_of_the_construction(farthest: Candidate) -> None:
    """The two circles have the radius rho and that of the ball B."""
    _, ax = plt.subplots()
    assert hc.plot.construction(farthest, ax=ax, resolution=60) is ax
    radii = sorted(circle.radius for circle in circles(ax))
    assert radii == pytest.approx(sorted([float(farthest.rho), farthest.construction.ball_radius]))


def test_component_lies_inside_the_sphere_and_touches_it(farthest: Candidate) -> None:
    """The level line drawn reaches rho from the target and not beyond, and is that of the component U alone."""
    ax = hc.plot.construction(farthest, resolution=200)
    rho, target = float(farthest.rho), farthest.construction.target
    (boundary,) = [
        c
        for c in ax.collections
        if getattr(c, "levels", None) is not None and list(c.levels) == [farthest.construction.level]
    ]
    vertices = np.concatenate([path.vertices for path in boundary.get_paths()])
    distance = np.linalg.norm(vertices - target, axis=1)
    assert rho - 0.02 < distance.max() < rho + 0.02
    # The three other parts of {f >= 3/2} beyond the saddles are not drawn: U fits around the maximizer.
    assert np.linalg.norm(vertices, axis=1).max() < 0.7


def test_the_gradient_arrow_points_at_the_target(farthest: Candidate) -> None:
    """One arrow is rho long, the other that of the gradient, and both point the same way."""
    ax = hc.plot.construction(farthest, resolution=60)
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    step, gradient = ((np.asarray(a.xy) - np.asarray(a.xyann)) for a in arrows)
    np.testing.assert_allclose(np.linalg.norm(step), float(farthest.rho), rtol=1e-6)
    np.testing.assert_allclose(gradient / np.linalg.norm(gradient), step / np.linalg.norm(step), atol=1e-6)


def test_a_ring_of_maximizers_is_drawn_with_its_band() -> None:
    """Around a circle of maximizers the boundary of a band is drawn, and the sphere is the only circle."""
    f = hc.Objective.parse("(x**2 + y**2)*(x**2 + y**2 - 4)**2")
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = (4 / 3) ** 0.5 * np.column_stack([np.cos(angle), np.sin(angle)])
    ax = hc.plot.construction(hc.find.farthest_point(f, ring, (2, 0)), resolution=60)
    labels = ax.get_legend_handles_labels()[1]
    assert "boundary of B, where f < level" in labels
    assert len(circles(ax)) == 1


def test_a_candidate_without_construction_is_refused() -> None:
    """A refined point has no construction, and the error names `farthest_point`, which makes one."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    with pytest.raises(ArgumentError, match="farthest_point"):
        hc.plot.construction(hc.find.refine(f, (-0.75, -0.75), 2**0.5 * 1.75))
