"""Draw the pictures of the mathematics pages into docs/images: ``python docs/mathematics/figures.py``."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

IMAGES = Path(__file__).parents[1] / "images"
BLUE, RED, GREY = "#0072b2", "#d55e00", "#777777"
WELLS = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")


def save(figure: plt.Figure, name: str) -> None:
    """Write a picture and close it."""
    figure.savefig(IMAGES / f"{name}.png", dpi=110)
    plt.close(figure)


def circle(centre: np.ndarray, radius: float, count: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Return angles, and the points of a circle at them."""
    angle = np.linspace(0, 2 * np.pi, count)
    return angle, centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def sphere_picture() -> None:
    """Draw f on a circle around a minimizer: where the critical points with inward gradient are, and what they do."""
    centre, rho = np.array([1.0, 1.0]), 2.16
    angle, points = circle(centre, rho)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    x, y = np.meshgrid(np.linspace(-1.8, 3.7, 300), np.linspace(-1.8, 3.7, 300))
    values = WELLS.value(np.stack([x.ravel(), y.ravel()], axis=1)).reshape(x.shape)
    left.contour(x, y, np.log10(values + 0.05), levels=24, cmap="Greys", linewidths=0.7)
    left.plot(*points.T, color="black", lw=1.4)
    left.plot(*centre, "*", color="black", ms=13)
    left.annotate("c", centre, xytext=(7, 5), textcoords="offset points", fontsize=13)
    right.plot(angle, WELLS.value(points), color="black", lw=1.4)
    for candidate in hc.find.on_sphere(WELLS, centre, "2.16"):
        attracts = bool(hc.certify(candidate)["attractor"])
        colour, word = (BLUE, "attracts") if attracts else (RED, "repels")
        place = float(np.arctan2(*(candidate.x - centre)[::-1])) % (2 * np.pi)
        ascent = 0.55 * (centre - candidate.x) / rho
        left.annotate("", candidate.x + ascent, candidate.x, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2})
        left.plot(*candidate.x, "o", color=colour, mec="black", ms=8)
        right.plot(place, WELLS.value(candidate.x), "o", color=colour, mec="black", ms=8, label=word)
    normals = (points - centre) / rho
    outward = (WELLS.gradient(points) * normals).sum(axis=1) > 0
    low, high = 0.95, 1.12
    right.fill_between(angle, low, high, where=outward, color=GREY, alpha=0.18, lw=0, label="gradient points outward")
    right.set(ylim=(low, high), xlabel="angle on the circle (a part of it)", ylabel="$f$", xlim=(3.45, 4.4))
    handles = dict(zip(*reversed(right.get_legend_handles_labels()), strict=True))
    right.legend(handles.values(), handles.keys(), loc="upper right")
    left.set(aspect="equal", xlabel="x", ylabel="y")
    save(figure, "sphere-picture")


def least_on_circles() -> None:
    """Draw the least value of Himmelblau's function on circles around (3, 2), and where it decreases."""
    f, centre = hc.gallery.load("himmelblau"), np.array([3.0, 2.0])
    radii = np.linspace(0.02, 9, 900)
    least = np.array([f.value(circle(centre, r)[1]).min() for r in radii])
    figure, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
    falling = np.append(np.diff(least) < 0, False)
    ax.fill_between(radii, 0, 110, where=falling, color=BLUE, alpha=0.2, lw=0, label="decreases: an inward gradient")
    ax.plot(radii, least, color="black")
    for known in hc.gallery.info("himmelblau").minimizers[1:]:
        ax.plot(np.linalg.norm(known.x - centre), 0, "v", color="black", ms=9, clip_on=False)
    ax.plot([], [], "v", color="black", label="distance of another minimizer")
    ax.set(xlabel="radius r", ylabel="least value of f on the circle", ylim=(0, 110), xlim=(0, 9))
    ax.legend(loc="upper left")
    save(figure, "least-on-circles")


def wells_branches() -> None:
    """Draw the diagonal branch of the four wells and the two that cross it, with what is proved."""
    diagonal = hc.find.branch(WELLS, (0, 0), (1, 1))
    halves = hc.find.switch_branch(diagonal, diagonal.branch_points[0])
    proofs = [hc.certify(diagonal), *(hc.certify(half, gap=2e-3) for half in halves)]
    figure, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
    hc.plot.branches([diagonal, *halves], ax=ax, certificates=proofs, title="")
    save(figure, "wells-branches")


def himmelblau_eigenvalues() -> None:
    """Draw the eigenvalues of the SAM matrix and of J along a branch that loses its attraction without a fold."""
    f = hc.gallery.load("himmelblau")
    branch = hc.find.branch(f, (0.0867, 2.8843), (3.5844, -1.8481))
    rho = np.linspace(5.89, 6.3, 83)
    points = [hc.find.on_branch(branch, r)[0].x for r in rho]
    spectra = [np.linalg.eigvals(hc.sam.sam_matrix(f, x, r)) for x, r in zip(points, rho, strict=True)]
    tangential = [np.linalg.det(hc.sam.perturbation_jacobian(f, x, r)) for x, r in zip(points, rho, strict=True)]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
    left.axhline(0, color=GREY, lw=0.8)
    left.plot(rho, np.sort(np.array(spectra).real, axis=1), color=BLUE)
    left.axvline(5.98145, color=RED, lw=1, ls="--")
    left.annotate("repels", (5.9, 130), fontsize=12, color=RED)
    left.annotate("attracts", (6.05, 130), fontsize=12, color=BLUE)
    left.set(xlabel=r"$\rho$", ylabel="real parts of the spectrum of M", ylim=(-120, 200))
    right.plot(rho, tangential, color="black")
    right.set(xlabel=r"$\rho$", ylabel="eigenvalue of J on the tangent line", yscale="log")
    right.axvline(5.98145, color=RED, lw=1, ls="--")
    save(figure, "himmelblau-eigenvalues")


def sphere_surface() -> None:
    """Draw the certified surface of hallucinated minimizers around a maximizer, and its targets."""
    f = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)
    surface = hc.find.sheet(f, (0.2, 0.3, 0.35), "1.5")
    certificate = hc.certify(surface, precisions=[53], budget=600)
    figure = plt.figure(figsize=(6.4, 6.2), layout="compressed")
    hc.plot.sheet(surface, ax=figure.add_subplot(projection="3d"), certificate=certificate)
    save(figure, "sphere-surface")


if __name__ == "__main__":
    sphere_picture()
    least_on_circles()
    wells_branches()
    himmelblau_eigenvalues()
    sphere_surface()
