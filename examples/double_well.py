r"""
The double well, in one dimension and in fifty
==============================================

Proves that SAM with :math:`\rho = 3/2` is attracted to :math:`-1/2`, between the two wells of
:math:`(x^2 - 1)^2/4`, on the line and in :math:`\mathbb R^{50}`, and on the line for every :math:`1 < \rho < 2`; uses
`certify`, `find.branch`, `verify` and ensembles of SAM runs; assumes nothing, and compares each certificate with the
closed form.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

import hallucert as hc

BLUE, VERMILION, ORANGE, SKY = "#0072b2", "#d55e00", "#e69f00", "#56b4e9"

# %%
# On the line the gradient is :math:`x^3 - x`. Left of the maximizer at 0 and right of :math:`-1` it is positive, so
# :math:`x^+ = x + \rho`, and :math:`x = 1 - \rho` is mapped to the minimizer 1 for every :math:`1 < \rho < 2`. On the
# line :math:`J = 1`: each hallucinated minimizer attracts SAM, with rate :math:`f''(1) = 2`.
line = hc.Objective.parse("(x**2 - 1)**2 / 4", name="double well")
cert = hc.certify(line, [-0.5], "1.5")
print(cert["hallucinated_minimizer"], cert["attractor"], sep="\n")
assert cert["hallucinated_minimizer"] and cert["attractor"]
rate = cert["attractor"].numbers["smallest_real_part"]
assert rate.lower <= 2 <= rate.upper
assert hc.verify(cert, backend="mpmath")

# %%
# That is one radius. The branch from the minimizer :math:`-1` to the maximizer 0 proves it for all of them at once.
branch = hc.find.branch(line, (-1,), (1,))
proof = hc.certify(branch)
print(proof["branch"][0].statement, proof["stability"][0].statement, sep="\n")
assert all(claim.status == "proved" for claim in proof.all_claims) and "attracts" in proof["stability"][0].statement
assert np.allclose(branch.x[:, 0], 1 - branch.rho)

# %%
# In fifty dimensions, with a bowl in the other coordinates, :math:`f = (x^2 - 1)^2/4 + |y|^2/20`. The same point, with
# :math:`y = 0`, is hallucinated. With :math:`b = 1/10` and :math:`q = |x^3 - x|` the eigenvalues of the SAM matrix are
# :math:`2` and, 49 times, :math:`b (1 + \rho b/q) = 0.14`: it attracts faster than the bowl itself, whose curvature is
# :math:`b`.
others = [f"y{i}" for i in range(1, 50)]
bowl = " + ".join(f"{name}**2" for name in others)
space = hc.Objective.parse(f"(x**2 - 1)**2 / 4 + ({bowl}) / 20", variables=["x", *others], name="double well in R^50")
centre = np.zeros(50)
centre[0] = -0.5
cert = hc.certify(space, centre, "1.5")
print(cert["hallucinated_minimizer"], cert["attractor"], sep="\n")
rate = cert["attractor"].numbers["smallest_real_part"]
assert cert["hallucinated_minimizer"] and cert["attractor"]
assert float(rate.lower) - 1e-12 <= 0.1 * (1 + 1.5 * 0.1 / 0.375) <= float(rate.upper) + 1e-12

verdict = hc.verify(cert, backend="mpmath")
print(f"re-proved with mpmath: {bool(verdict)}")
assert verdict

# %%
# How many starts lead there? On the line all of them, for every radius between 1 and 2: nothing else is left. Below
# 1 no hallucinated minimizer exists, yet not every run finds a minimizer: some end up jumping back and forth over the
# *maximizer*, because on both sides of 0 the ascent step leads across to the other slope, and the step that is taken
# with the gradient from there leads back to 0.
radii = np.linspace(0.1, 1.95, 75)
starts = np.linspace(-1.6, 1.6, 161)[:, None] + 1e-3
ends = hc.sam.run_ensemble(line, starts, hc.sam.each(*radii.round(3).tolist()), step_size="0.02", steps=3000)
x, rho = ends.x[:, 0], ends.rho.astype(float)
between = ends.converged & (ends.gradient_norm > 1e-3)
print(f"1 < rho < 2: {between[rho > 1].sum()} of {(rho > 1).sum()} runs stop at a hallucinated minimizer")
print(f"    rho < 1: {between[rho < 1].sum()} of {(rho < 1).sum()}")
print(f"rho = 0.9: {(np.abs(x[rho == 0.9]) < 0.1).sum()} of {(rho == 0.9).sum()} runs end beside the maximizer")
assert between[rho > 1].all() and np.allclose(np.abs(x[rho > 1]), rho[rho > 1] - 1, atol=1e-8)
assert not between[rho < 1].any()

# %%
# In :math:`\mathbb R^{50}` SAM never turns in :math:`y`: each step multiplies :math:`y` by a number, as the bowl is
# round. So every run stays in a plane through the axis, and one picture in :math:`(x, |y|)` shows the
# basins of all of :math:`\mathbb R^{50}` without any loss. (All starts of this grid have their
# :math:`y` along one direction.)
side = 130
grid_x, grid_y = np.meshgrid(np.linspace(-2, 2, side), np.linspace(0, 10, side))
lanes = np.zeros((side * side, 50))
lanes[:, 0], lanes[:, 1:] = grid_x.ravel(), grid_y.ravel()[:, None] / 7
basin = hc.sam.run_ensemble(space, lanes, "1.5", step_size="0.05", steps=2500, tolerance=1e-6)
hallucinated = basin.converged & (basin.gradient_norm > 1e-3)
assert np.allclose(np.abs(basin.x[hallucinated, 0]), 0.5, atol=1e-4)

# %%
# Standard normal starts lie around :math:`|y| = 7`. Some of them fall into a true well before the bowl is
# flattened out and go on jumping around it; most do not.
random = np.random.default_rng(0).normal(size=(400, 50))
runs = hc.sam.run_ensemble(space, random, "1.5", step_size="0.05", steps=8000)
stuck = runs.converged & (runs.gradient_norm > 1e-3)
print(f"{stuck.sum()} of {len(runs)} random starts in R^50 end at a hallucinated minimizer")
assert stuck.mean() > 0.5
assert np.allclose(np.abs(runs.x[stuck, 0]), 0.5, atol=1e-8) and np.abs(runs.x[stuck, 1:]).max() < 1e-6
assert np.abs(np.abs(runs.x[~stuck, 0]) - 1).max() < 0.01

# %%
# Left, both objectives on the line. Middle, where runs end against :math:`\rho`, with the closed form. Right, the
# basins in :math:`\mathbb R^{50}` for :math:`\rho = 3/2`, with the random starts.
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13.5, 4.8), layout="constrained")
t = np.linspace(-1.7, 1.7, 1702)
t = t[np.abs(line.gradient(t[:, None])[:, 0]) > 1e-3]
left.plot(t, line.value(t[:, None]), color="black", lw=1.8, label="$f$")
shifted = hc.sam.sam_value(line, t[:, None], 1.5)
shifted[np.append(np.abs(np.diff(shifted)) > 0.2, False)] = np.nan
left.plot(t, shifted, color=BLUE, lw=1.8, label=r"$f^{\mathrm{SAM}}$, $\rho$ = 3/2")
left.plot([-1, 1], [0, 0], "*", color="white", mec="black", ms=14, label="minimizers of $f$")
left.plot([-0.5, 0.5], [0, 0], "o", color=ORANGE, mec="black", ms=9, label="hallucinated minimizers")
left.set(ylim=(-0.05, 1.0), xlabel="x", title="On the line")

middle.plot(rho, x, ".", color=SKY, ms=3, label="ends of SAM runs")
closed = np.linspace(1, 2)
for sign in (1, -1):
    middle.plot(closed, sign * (closed - 1), color=VERMILION, lw=1.6, label="_" * (sign < 0) + "|x| = rho - 1, proved")
middle.plot([1.5, 1.5], [-0.5, 0.5], "o", color=ORANGE, mec="black", ms=9, label="certified at 3/2")
middle.set(xlabel=r"$\rho$", ylabel="x at the end", title="Where SAM ends, 161 starts a radius")

kinds = np.where(hallucinated, np.where(basin.x[:, 0] < 0, 0, 1), 2).reshape(side, side)
right.pcolormesh(
    grid_x, grid_y, kinds, cmap=ListedColormap([ORANGE, SKY, "#dddddd"]), vmin=0, vmax=2, shading="nearest"
)
right.plot(random[:, 0], np.linalg.norm(random[:, 1:], axis=1), ".", color="black", ms=2.5, label="random starts")
names = ("to (-1/2, 0)", "to (1/2, 0)", "jumps around a minimizer")
for colour, name in zip((ORANGE, SKY, "#dddddd"), names, strict=True):
    right.plot([], [], "s", color=colour, mec="black", ms=9, label=name)
right.set(xlim=(-2, 2), ylim=(0, 10), xlabel="x", ylabel="|y|", title=r"Basins in 50 dimensions, $\rho$ = 3/2")
for ax in (left, middle, right):
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2 if ax is not middle else 1, frameon=False)

plt.show()
