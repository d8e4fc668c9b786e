r"""
The sphere: a surface of hallucinated minimizers
================================================

Proves that for :math:`\rho = 3/2` a smooth closed surface of hallucinated minimizers of :math:`f = (|x|^2 - 1)^2/4` in
space exists, attracts SAM as a whole, and is a sphere; uses `find.sheet`, `certify` for surfaces and `plot.sheet`;
assumes that :math:`f` is given as a square, :math:`f = r^2/4`, since its minimizers are not isolated.
"""

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

# %%
# The minimizers of :math:`f` are the unit sphere. Inside of it the gradient points through the origin, so for
# :math:`1 < \rho < 2` a point with :math:`|x| = \rho - 1` is mapped to the opposite point of the unit sphere: on paper
# the hallucinated minimizers are a sphere as well, of radius :math:`\rho - 1`. What do floats and proofs see of it?
f = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)

# %%
# SAM in floats: from 200 starts with coordinates between -1 and 1, all end at the distance :math:`1/2` from the origin,
# at different points.
starts = np.random.default_rng(0).uniform(-1, 1, (200, 3))
ends = hc.sam.run_ensemble(f, starts, "1.5", step_size="0.1", steps=400, every=1)
radii = np.linalg.norm(ends.x, axis=1)
print(f"{ends.converged.sum()} of {len(ends)} runs stop, at |x| between {radii.min():.9f} and {radii.max():.9f}")
assert ends.converged.all() and np.abs(radii - 0.5).max() < 1e-9

# %%
# From the end of one of them the surface is covered by *charts*, squares in tangent planes, until no edge is left free:
# about as many as cover a ball with stamps.
surface = hc.find.sheet(f, ends.x[0], "1.5")
print(surface)
assert surface.closed and len(surface) < 2000

# %%
# Then the charts are proved. Each holds exactly one patch of solutions of :math:`r(x^+) = 0`, and every edge of a patch
# lies inside other charts: together they are one closed surface. The height :math:`\langle a, x\rangle` on it has
# critical points whose indices sum to 2, so it is a sphere and not a torus. (This takes about ten
# seconds. ``hc.verify(cert)`` proves all of it again in the other arithmetic, which takes a minute.)
cert = hc.certify(surface, precisions=[53], budget=600)
print(cert)
statuses = {claim.name: str(claim.status) for claim in cert}
assert statuses.pop("theorem_3_2") == "refuted"
assert set(statuses.values()) == {"proved"}
assert cert["topology"][0].statement == "As a surface, sheet 1 is a sphere: its Euler characteristic is 2."

# %%
# Condition (C32) of Theorem 3.2 fails on the surface, although it attracts: its projection to the row space of
# :math:`Dr(x^+)` holds. The numbers are bounds for all points at once, and published with a margin. By hand they are
# the same at every point:
for name, number, value in (
    ("surface", "gradient_norm", 3 / 8),
    ("attractor", "smallest_real_part", 2),
    ("projected_c32", "smallest_projected_eigenvalue", 1),
):
    proved = cert[name][0].numbers[number]
    print(f"{number}: {float(proved.lower):.4f} <= {value} <= {float(proved.upper):.4f}")
    assert proved.lower <= value <= proved.upper

# %%
# Left, the certified surface, which hides where its ascent steps pass through the maximizer of :math:`f`, and their
# targets around it. Right, how the runs of SAM come to it; their step is below the proved bound.
figure = plt.figure(figsize=(12.0, 6.4), layout="compressed")
left, right = figure.add_subplot(1, 2, 1, projection="3d"), figure.add_subplot(1, 2, 2)
hc.plot.sheet(surface, ax=left, certificate=cert, title="The certified sphere and its targets")
away = np.abs(np.linalg.norm(ends.history[:, :40], axis=2) - 0.5)
right.semilogy(away, color="#0072b2", lw=0.8, alpha=0.6)
right.set(xlabel="step", ylabel="distance from the sphere |x| = 1/2", title="40 runs of SAM, step 0.1")
right.set_ylim(1e-12, 2)
right.grid(True, alpha=0.15)

plt.show()
