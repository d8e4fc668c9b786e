r"""
Figure 7: along the line to the target, and a surface of hallucinated minimizers
================================================================================

Proves that the point in the picture is a hallucinated minimizer on a 25-dimensional manifold of them, and a global
minimizer of the SAM loss; uses `TanhNetwork`, `sam.run_ensemble`, `find.refine`, `certify` and `plot.plane`;
assumes eight exact data points and squared error. The curves and the surface are floats.

The paper's Figure 7(a) shows the loss and the SAM loss along the line through the point where SAM has stopped and its
perturbed point :math:`x^+`. It is meant to show that the point is no minimizer of the loss, and that this has nothing
to do with a saddle that attracts SAM. Figure 7(b) shows the SAM loss on a plane through three end points: its
minimizers look like a surface.

Ours has the same two parts for the 2-8-1 network of :doc:`Figure 4 </gallery/figure_04_loss_on_planes>`. In (b) we do
not take the plane through end points, where a region of small SAM loss comes and goes with the tolerance, but the
tangent plane of the manifold, and compute the surface above it.
"""

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

rng = np.random.default_rng(0)
f = hc.TanhNetwork((2, 8, 1), rng.normal(size=(8, 2)), np.sign(rng.normal(size=8)), loss="squared")
rho, step_size = "8", "0.05"
ends = hc.sam.run_ensemble(f, f.initial(seed=0, count=32), rho, step_size, steps=100_000, tolerance=1e-10)
assert ends.converged.any()
point = hc.find.refine(f, ends.x[ends.converged][0], rho)
x, target = point.x, point.target
print(ends)

# %%
# What is proved
# --------------
#
# The point is a hallucinated minimizer, its perturbed point a global minimizer of the loss, since :math:`r(x^+) = 0`
# exactly. So no saddle is involved, neither at the point, where the gradient does not vanish, nor at its target.

cert = hc.certify(point)
for name in ("nonstationary", "target", "hallucinated_minimizer", "regular", "attractor"):
    print(cert[name])
    assert cert[name].status == "proved"
assert "global minimizer" in cert["target"].statement

# %%
# This has to be proved and cannot be seen. On digits SAM stalls at points that look the same, with :math:`|g(x)|` far
# above :math:`|g(x^+)|`, and there it is proved that no point nearby has a minimizer as target:
# :doc:`Figure 5 </gallery/figure_05_switching_losses>`.
#
# (a) Along the line
# ------------------
#
# The line from the point to its target, a distance :math:`\rho = 8` away. At the point the loss rises toward the
# target, since the gradient points there, and comes down to 0 at the target; the SAM loss is 0 at the point. Near the
# target the direction of the gradient turns around, and the SAM loss is large.

slope = f.gradient(x) @ (target - x) / float(rho)
line = np.array([f.value((1 - t) * x + t * target) for t in np.linspace(0, 1, 1001)])
print(f"on the line: f starts at {line[0]:.3f} with slope {slope:.3f}, climbs to {line.max():.2f}", end=" ")
print(f"and is {line[-1]:.0e} at the target")
assert slope > 0.1 and line.max() > 2 * line[0] and line[-1] < 1e-20
ax = plt.subplots(figsize=(9.6, 5.6), layout="compressed")[1]
hc.plot.plane(f, x, points=[target], rho=rho, ax=ax, names=["$x^*$", "$x^+$"])
ax.set_title("(a) from the point where SAM stops to its target", fontsize=12)
plt.show()

# %%
# (b) A surface
# -------------
#
# The solutions of :math:`r(x^+) = 0` have the tangent space :math:`\ker A` at :math:`x^*`, with
# :math:`A = Dr(x^+)\, J(x^*)`. We take two orthonormal directions in it. On their plane the SAM loss grows with the
# fourth power of the distance only; on a plane across, spanned by the two directions in which :math:`A` is largest,
# with the second.

plus = hc.sam.perturbed_point(f, x, rho)
a = f.residual_jacobian(plus) @ hc.sam.perturbation_jacobian(f, x, rho)
singular, rows = np.linalg.svd(a)[1:]
along, across = rows[[-1, -2]], rows[[0, 1]]
print(
    f"A: smallest of {singular.size} singular values {singular[-1]:.2f}, kernel of dimension {x.size - singular.size}"
)
angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
for name, basis, least, most in (("along", along, 3.5, 4.5), ("across", across, 1.5, 2.5)):
    inner, outer = (hc.sam.sam_value(f, x + r * circle @ basis, rho).mean() for r in (0.01, 0.02))
    power = np.log2(outer / inner)
    print(f"{name:6}: SAM loss {inner:.1e} on average 0.01 away; twice as far 2^{power:.2f} times as much")
    assert least < power < most

# %%
# From 15 by 15 points of the tangent plane a Newton iteration leads to solutions. They form a surface above the plane,
# which leaves it quadratically: a two-dimensional piece of the 25-dimensional manifold.

side = np.linspace(-0.3, 0.3, 15)
flat = np.array([x + u * along[0] + v * along[1] for v in side for u in side])
surface = np.array([hc.find.refine(f, y, rho).x for y in flat])
height = np.linalg.norm(surface - flat, axis=1).reshape(side.size, side.size)
grid = surface.reshape(side.size, side.size, -1)
gap = max(np.linalg.norm(np.diff(grid, axis=k), axis=2).max() for k in (0, 1)) / (side[1] - side[0])
print(f"{len(surface)} solutions: SAM loss at most {hc.sam.sam_value(f, surface, rho).max():.1e},", end=" ")
print(f"f at least {f.value(surface).min():.3f}, height at most {height.max():.3f}; neighbours", end=" ")
print(f"at most {gap:.2f} times as far apart as on the plane")
assert hc.sam.sam_value(f, surface, rho).max() < 1e-24
assert f.value(surface).min() > 0.01
assert gap < 4

# %%
# Left the loss and in the middle the SAM loss on the tangent plane: a slope, and a flat basin around the point. Right
# how high above the plane the surface of solutions is.

figure, panels = plt.subplots(1, 3, figsize=(13.2, 5.4), layout="compressed")
hc.plot.plane(f, x, along, rho=rho, ax=panels[:2], names=["$x^*$"], extent=0.3)
drawn = panels[2].contourf(side, side, height, levels=12, cmap="viridis")
panels[2].plot(0, 0, "o", color="#e69f00", mec="black", ms=9, label="$x^*$: height 0")
panels[2].set_aspect("equal")
panels[2].set_xlabel("distance along the first direction")
panels[2].set_ylabel("distance along the second direction")
panels[2].legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), frameon=False, fontsize=9.5)
figure.colorbar(drawn, ax=panels[2], shrink=0.75, label="height")
titles = ("the loss $f$ on the tangent plane", r"(b) the SAM loss $f^{\mathrm{SAM}}$ for $\rho = 8$, same plane")
for ax, title in zip(panels, (*titles, "height of the surface of solutions"), strict=True):
    ax.set_title(title, fontsize=12)
plt.show()
