r"""
Switching: gradient descent first, then SAM
===========================================

Proves what the hallucinated points are at which SAM stops, with and without a warm-up by gradient descent, on one
function where the warm-up helps, one where it does nothing, and one where it harms; uses `sam.run_ensemble` with
``warmup=``, `find.refine`, `certify`, `census` and `critical_rho`; assumes nothing, except that counts of runs are
floats.
"""

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

VERMILION, ORANGE, SKY, BLUE = "#d55e00", "#e69f00", "#56b4e9", "#0072b2"

# %%
# The paper proposes *switching*: plain gradient descent for the first tenth of the steps, which goes to a minimizer,
# and then SAM, which from so near should stay there. ``warmup=0.1`` does that, and ``each`` runs both arms from the
# same starts.
arms = hc.sam.each(SAM=0, switching=0.1)


def stopped(ends: hc.sam.Ensemble) -> np.ndarray:
    """Return the mask of the runs that stopped, ``g(x+) = 0``, at a hallucinated point, ``g(x) != 0``."""
    return ends.converged & (ends.gradient_norm > 1e-3)


# %%
# It helps
# --------
#
# Himmelblau's function with :math:`\rho = 2.1`. Of 900 runs of SAM more than a fifth stop at a hallucinated point. With
# the warm-up none does, and all go on jumping around a minimizer, closer than 0.6.
f = hc.gallery.load("himmelblau")
minimizers = np.array([point.x for point in hc.gallery.info("himmelblau").minimizers])
axis = np.linspace(-5, 5, 30)
grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
ends = hc.sam.run_ensemble(f, grid, "2.1", step_size="0.001", steps=20_000, warmup=arms)
near = np.linalg.norm(ends.x[:, None] - minimizers, axis=2).min(axis=1) < 0.6
for arm in arms.options:
    own = ends.arm == arm
    print(f"{arm:9}: {stopped(ends)[own].sum():3} hallucinated, {near[own].sum():3} near a minimizer, of {own.sum()}")
assert stopped(ends)[ends.arm == "SAM"].mean() > 0.2
assert near[ends.arm == "switching"].all()

# %%
# All of them stop at one point. It is proved to attract SAM, and it is not a hallucinated minimizer: its target is a
# saddle of :math:`f`. The census for this radius adds that only three hallucinated points attract at all.
places = ends.x[stopped(ends)]
assert np.ptp(places, axis=0).max() < 1e-6
trap = hc.certify(hc.find.refine(f, places[0], "2.1"))
print(trap["target"], trap["attractor"], sep="\n")
assert trap["attractor"].status == "proved" and trap["hallucinated_minimizer"].status == "refuted"
census = hc.census(f, [(-6, 6), (-6, 6)], "2.1")
print(census)
assert census.complete and sum(point.stability == "attractor" for point in census.points) == 3

# %%
# How far does that carry? The larger :math:`\rho`, the more runs are lost, and from 2.7 on the warm-up saves only some;
# from 3 on hardly a run of either arm stays near a minimizer.
radii = np.round(np.arange(1.0, 4.01, 0.1), 1)
coarse = grid.reshape(30, 30, 2)[1::3, 1::3].reshape(-1, 2)
sweep = hc.sam.run_ensemble(f, coarse, hc.sam.each(*radii.tolist()), step_size="0.001", steps=20_000, warmup=arms)
close = np.linalg.norm(sweep.x[:, None] - minimizers, axis=2).min(axis=1) < 0.6
rho = sweep.rho.astype(float)
share = {arm: [close[(sweep.arm == arm) & (rho == r)].mean() for r in radii] for arm in arms.options}
for r in (2.1, 2.7, 3.0):
    i = list(radii).index(r)
    print(f"rho = {r}: near a minimizer {share['SAM'][i]:.0%} with SAM, {share['switching'][i]:.0%} with switching")
assert all(value == 1 for value, r in zip(share["switching"], radii, strict=True) if r <= 2.2)
print(f"rho >= 3: {close[rho >= 3].sum()} of {(rho >= 3).sum()} runs end near a minimizer")
assert close[rho >= 3].mean() < 0.01

# %%
# It does nothing
# ---------------
#
# The double well on the line with :math:`\rho = 1.4`. Gradient descent does go to a minimizer. But from :math:`x` a
# little below 1 the ascent step leads to :math:`x - 1.4`, on the far side of the maximizer, where the gradient is
# positive: SAM steps to the left, and on, until it stops at :math:`0.4`. From :math:`x` a little above 1 it jumps
# across 1 first. Both arms end at :math:`\pm 0.4` from every start.
line = hc.Objective.parse("(x**2 - 1)**2 / 4", name="double well")
starts = np.linspace(-1.8, 1.8, 40)[:, None]
lost = hc.sam.run_ensemble(line, starts, "1.4", step_size="0.05", steps=1000, warmup=arms, every=1)
print(f"double well on the line: {stopped(lost).sum()} of {len(lost)} runs stop, at |x| = {np.abs(lost.x).mean():.6f}")
assert stopped(lost).all() and np.allclose(np.abs(lost.x), 0.4, atol=1e-8)
warm = lost.history[100, lost.arm == "switching"]
print(f"after the warm-up they were at |x| = {np.abs(warm).min():.4f} or more")
assert np.allclose(np.abs(warm), 1, atol=0.02)

cert = hc.certify(hc.find.refine(line, lost.x[0], "1.4"))
print(cert["hallucinated_minimizer"], cert["attractor"], sep="\n")
assert cert["hallucinated_minimizer"] and cert["attractor"]

# %%
# It harms
# --------
#
# The double well in :math:`\mathbb R^{50}`, with the bowl :math:`|y|^2/20`, and :math:`\rho = 3/2`. SAM alone is saved
# from some starts by a large :math:`y`, which turns its ascent step away from the dangerous direction. The warm-up
# makes :math:`y` small, and then every run is lost.
others = [f"y{i}" for i in range(1, 50)]
bowl = " + ".join(f"{name}**2" for name in others)
space = hc.Objective.parse(f"(x**2 - 1)**2 / 4 + ({bowl}) / 20", variables=["x", *others], name="double well in R^50")
random = np.random.default_rng(0).normal(size=(400, 50))
harmed = hc.sam.run_ensemble(space, random, "1.5", step_size="0.05", steps=10_000, warmup=arms)
for arm in arms.options:
    print(
        f"R^50, {arm:9}: {stopped(harmed)[harmed.arm == arm].sum()} of {len(random)} runs stop at a hallucinated point"
    )
assert stopped(harmed)[harmed.arm == "switching"].all()
assert stopped(harmed)[harmed.arm == "SAM"].mean() < 0.8

at_end = harmed.x[harmed.arm == "switching"][0]
cert = hc.certify(hc.find.refine(space, at_end, "1.5"))
print(cert["hallucinated_minimizer"], cert["attractor"], sep="\n")
assert cert["hallucinated_minimizer"] and cert["attractor"]

# %%
# Left, the starts on Himmelblau's function that SAM alone loses, with the certified trap and its target. Middle, the
# share of runs near a minimizer, with the certified critical radii of the four minimizers. They do not tell when the
# warm-up fails: it still saves every run between 2 and 2.2, where hallucinated minimizers of two of them exist. Right,
# runs on the line; the shaded steps are gradient descent.
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15.0, 5.6), layout="constrained")
hc.plot.landscape(f, [(-5.2, 5.2), (-5.2, 5.2)], ax=left, points=[trap], title="Himmelblau, rho = 2.1, SAM alone")
lanes = stopped(ends)[ends.arm == "SAM"]
left.scatter(*grid[~lanes].T, s=13, color="white", edgecolors="black", linewidths=0.4, label="starts that do not stop")
left.scatter(
    *grid[lanes].T, s=13, color=VERMILION, edgecolors="black", linewidths=0.4, label="starts that stop at the trap"
)
left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)

middle.plot(radii, share["SAM"], "o-", color=VERMILION, ms=5, label="SAM")
middle.plot(radii, share["switching"], "s-", color=BLUE, ms=5, label="switching")
for i, minimizer in enumerate(minimizers):
    middle.axvline(
        float(hc.critical_rho(f, minimizer).upper), color="black", lw=1, ls=":", label="_" * i + "critical rho"
    )
middle.set(xlabel=r"$\rho$", ylabel="share of runs that end near a minimizer", ylim=(-0.03, 1.05), title="Himmelblau")

for arm, colour in (("SAM", VERMILION), ("switching", BLUE)):
    for k in (3, 13, 30):
        path = lost.history[:400, np.flatnonzero(lost.arm == arm)[k], 0]
        right.plot(path, color=colour, lw=1.6, label=arm if k == 3 else "_run")
right.axvspan(0, 100, color="#dddddd", zorder=0, label="warm-up of switching")
right.axhline(0.4, color="black", lw=1, ls="--", label="hallucinated minimizers, proved")
right.axhline(-0.4, color="black", lw=1, ls="--")
right.set(xlim=(-10, 300), xlabel="step", ylabel="x", title=r"Double well on the line, $\rho$ = 1.4")
for ax in (middle, right):
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)

plt.show()
