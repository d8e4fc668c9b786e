r"""
Figure 4: a network at a hallucinated minimizer, on planes
==========================================================

Proves that a tanh network trained by SAM has stopped at a hallucinated minimizer, on a 25-dimensional manifold of them
that attracts SAM, and the same of every other run that converged; uses `TanhNetwork`, `sam.run_ensemble`,
`find.refine`, `certify` and `plot.plane`; assumes eight exact data points and squared error. The pictures, and the way
from one end point to another, are floats.

The paper trains a two-layer tanh network on MNIST for twenty million steps, until the shifted gradient is small and the
gradient is not. Its Figure 4 shows the loss (a) and the SAM loss (b) on a plane through the end point: no minimizer in
the first, a minimizer in the second. Panel (c) shows the SAM loss on the plane through three end points, with the
points where it is minimal up to a tolerance, which form a connected set. From such pictures the paper concludes that
the point is a hallucinated minimizer, one of many.

But a plane shows little of a space of 100,000 dimensions. Our network is tiny, 2-8-1 with 33 parameters on eight random
points, and SAM really converges, so that what the pictures suggest can be proved.
"""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import label

import hallucert as hc

rng = np.random.default_rng(0)
f = hc.TanhNetwork((2, 8, 1), rng.normal(size=(8, 2)), np.sign(rng.normal(size=8)), loss="squared")
rho, step_size = "8", "0.05"
print(f"{f.name}: {f.dimension} parameters, {f.residual_count} residuals")

# %%
# SAM converges, often
# --------------------
#
# 32 starts with :math:`\rho = 8`. About half of the runs converge, and each of these has :math:`f(x^+) = 0` up to
# rounding, while :math:`f(x)` and the gradient at :math:`x` are not small.

starts = f.initial(seed=0, count=32)
ends = hc.sam.run_ensemble(f, starts, rho, step_size, steps=100_000, tolerance=1e-10)
stopped = np.flatnonzero(ends.converged)
print(f"{stopped.size} of {len(ends)} runs converge, with f(x+) at most {ends.sam_value[stopped].max():.1e}")
print(f"there f(x) is {ends.value[stopped].min():.2f} to {ends.value[stopped].max():.2f},", end=" ")
print(f"and |g(x)| at least {ends.gradient_norm[stopped].min():.2f}")
assert stopped.size >= 10
assert ends.sam_value[stopped].max() < 1e-16
assert ends.gradient_norm[stopped].min() > 0.1

# %%
# What is proved of them
# ----------------------
#
# In residual form a hallucinated minimizer is a zero of :math:`r(x^+)`, eight equations for 33 parameters. The claim
# ``hallucinated_minimizer`` is what panels (a) and (b) are meant to show, ``regular`` gives the connected set of (c)
# near the point, and ``attractor`` says why SAM is there. This is the last of the converged runs:

points = [hc.find.refine(f, ends.x[lane], rho) for lane in stopped]
certificates = [hc.certify(point) for point in points]
cert = certificates[-1]
print(cert)
assert "manifold of dimension 25" in cert["regular"].statement

# %%
# And this is all of them. Every converged run has stopped at a hallucinated minimizer that attracts SAM. At none of
# them does the condition of the paper's Theorem 3.2 hold; its projection to the row space of :math:`Dr(x^+)` holds at
# most of them.

for name in ("hallucinated_minimizer", "attractor", "theorem_3_2", "projected_c32"):
    print(f"{name:24}", dict(Counter(str(each[name].status) for each in certificates)))
assert all(each["hallucinated_minimizer"].status == "proved" for each in certificates)
assert all(each["attractor"].status == "proved" for each in certificates)
assert all(each["theorem_3_2"].status == "refuted" for each in certificates)

# %%
# The claim ``attractor`` comes with the largest step for which it is proved. SAM's step was 0.05, just below it: SAM
# moves along the manifold until its step is stable, and stops there with hardly anything to spare. With twice the step
# no run converges.

bounds = np.sort([float(each["attractor"].numbers["step_bound"].lower) for each in certificates])
print(f"proved step bounds: smallest {bounds[0]:.5f}, median {np.median(bounds):.5f}, largest {bounds[-1]:.5f}")
assert bounds[0] > 0.05 and np.median(bounds) < 0.052
twice = hc.sam.run_ensemble(f, starts, rho, "0.1", steps=100_000, tolerance=1e-10)
print(f"with step 0.1: {twice.converged.sum()} of {len(twice)} runs converge")
assert not twice.converged.any()

# %%
# Panels (a) and (b)
# ------------------
#
# Two random directions, orthonormal. Where SAM stops the loss has a slope even on this plane; the SAM loss has a
# minimizer.

x = points[-1].x
figure, panels = plt.subplots(1, 2, figsize=(11.2, 6.4), layout="compressed")
directions = np.random.default_rng(1).normal(size=(2, x.size))
hc.plot.plane(f, x, directions, rho=rho, ax=panels, names=["where SAM stops"], extent=0.4)
panels[0].set_title("(a) the loss $f$", fontsize=12)
panels[1].set_title(r"(b) the SAM loss $f^{\mathrm{SAM}}$ for $\rho = 8$, same plane", fontsize=12)
plt.show()

# %%
# Panel (c)
# ---------
#
# As in the paper, we perturb a point, here by 0.1, and run SAM again, twice. From some of the points it goes far along
# the manifold; this is the first to which it comes back within 0.25. The new ends are proved to be hallucinated
# minimizers as well.


def run_again(x, seed):
    """Run SAM from a random point 0.1 away from x; return the run and the solution near its end."""
    nudge = np.random.default_rng(seed).normal(size=x.size)
    start = x + 0.1 * nudge / np.linalg.norm(nudge)
    run = hc.sam.run(f, start, rho, step_size, steps=100_000, tolerance=1e-10, every=10)
    return run, hc.find.refine(f, run.x, rho).x if np.linalg.norm(run.x - x) < 0.25 else run.x


for point in points:
    x = point.x
    (run, x1), (_, x2) = run_again(x, 0), run_again(x, 1)
    if max(np.linalg.norm(x1 - x), np.linalg.norm(x2 - x)) < 0.25:
        break
for name, y in (("x1", x1), ("x2", x2)):
    print(f"{name} is {np.linalg.norm(y - x):.3f} away from x*:", hc.certify(f, y, rho)["hallucinated_minimizer"])
    assert hc.certify(f, y, rho)["hallucinated_minimizer"].status == "proved"

# %%
# The three points span a plane. How many regions with a small SAM loss hold them depends on what counts as small: one
# region for the larger tolerances, three for the smallest. A plane and a 25-dimensional manifold in 33 dimensions
# should meet in points only, so a connected set in such a picture is a matter of the tolerance.

length = np.linalg.norm(x1 - x)
first = (x1 - x) / length
second = x2 - x - (x2 - x) @ first * first
second /= np.linalg.norm(second)
side = np.linspace(-0.4 * length, 1.4 * length, 401)
values = np.array([hc.sam.sam_value(f, x + side[:, None] * first + height * second, rho) for height in side])
places = [(np.abs(side - (y - x) @ second).argmin(), np.abs(side - (y - x) @ first).argmin()) for y in (x, x1, x2)]
counts = []
for tolerance in (1e-3, 1e-4, 1e-5, 1e-6):
    regions, _ = label(values <= tolerance)
    counts.append(len({int(regions[place]) for place in places}))
    print(f"SAM loss below {tolerance:.0e}: regions that hold the three points: {counts[-1]}")
assert counts[0] == 1 and counts[-1] == 3

# %%
# So we go from one point to the other on the manifold instead: a hundred small steps along the straight line, each
# followed by a Newton iteration that returns to :math:`r(x^+) = 0`. No step is larger than a fiftieth of the distance.
# These are floats; what is proved is the manifold near each of the three points.

for name, y in (("x1", x1), ("x2", x2)):
    way = np.array([hc.find.refine(f, (1 - t) * x + t * y, rho).x for t in np.linspace(0, 1, 101)])
    largest = np.linalg.norm(np.diff(way, axis=0), axis=1).max() / np.linalg.norm(y - x)
    highest = hc.sam.sam_value(f, way, rho).max()
    print(f"from x* to {name}: SAM loss at most {highest:.1e}, largest step {largest:.3f} of the distance")
    assert highest < 1e-25 and largest < 0.02

# %%
# The region of the tolerance 1e-3 is outlined in the picture; it reaches beyond the window.

figure, panels = plt.subplots(1, 2, figsize=(11.2, 5.9), layout="compressed")
names = ["x*", "x1", "x2"]
hc.plot.plane(f, x, points=[x1, x2], rho=rho, ax=panels, trajectory=run, names=names)
for ax in panels:
    ax.contour(side, side, values, levels=[1e-3], colors="#cc79a7", linewidths=2.5)
    ax.plot([], [], color="#cc79a7", lw=2.5, label="SAM loss below 1e-3")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=2, frameon=False, fontsize=9.5)
panels[0].set_title("the loss $f$ on the plane through three end points", fontsize=12)
panels[1].set_title(r"(c) the SAM loss $f^{\mathrm{SAM}}$ for $\rho = 8$, same plane", fontsize=12)
plt.show()
