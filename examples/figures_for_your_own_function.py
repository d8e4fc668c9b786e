r"""
The paper's Figures 1 and 2 for a function of one's own
=======================================================

Proves where SAM stops on a function that is in no paper, and that the paper's construction works for it; uses
`find.critical_points`, `find.on_sphere`, `find.farthest_point`, `certify`, `plot.landscape`, `plot.construction` and
`plot.save`; assumes nothing. Replace the first line by a function of yours. It takes some ten seconds.
"""

import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

f = hc.Objective.parse("x**4/4 - x**2 + y**4/4 - y**2 + x*y/4 + x/10")
box, began = [(-2.6, 2.6), (-2.6, 2.6)], time.perf_counter()

# %%
# Both figures need a minimizer as target, the second one also a maximizer. Here is what there is.
found = hc.find.critical_points(f, box)
for point in found:
    print(f"{point.kind:9} at {point.x.round(4)} with f = {point.value:.4f}")
target = min((point.x for point in found if point.kind == "minimizer"), key=f.value)
(maximizer,) = (point.x for point in found if point.kind == "maximizer")

# %%
# Figure 1: SAM stops where the loss does not
# -------------------------------------------
#
# The points that SAM with :math:`\rho = 5/2` maps to the lowest minimizer. One of them is proved to attract, and some
# runs from random starts stop there.
rho = "5/2"
proofs = [hc.certify(candidate) for candidate in hc.find.on_sphere(f, target, rho)]
attracting = next(proof for proof in proofs if proof["attractor"].status == "proved")
print(attracting["hallucinated_minimizer"])
print(attracting["attractor"])
starts = np.random.default_rng(0).uniform(-2.6, 2.6, (200, 2))
ends = hc.sam.run_ensemble(f, starts, rho, step_size="0.01", steps=20_000)
there = np.abs(ends.x - attracting.x).max(axis=1) < 1e-8
print(f"{there.sum()} of {len(ends)} runs stop there")
run = hc.sam.run(f, starts[there][0], rho, step_size="0.01", steps=2_000)

figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 6.4), layout="compressed")
hc.plot.landscape(f, box, ax=left, points=attracting, trajectory=run, title="(a) the loss f, and a run of SAM")
hc.plot.landscape(
    f, box, rho, ax=right, points=attracting, title="(b) the SAM loss f^SAM for rho = 5/2, and SAM's field"
)

# %%
# Figure 2: the farthest point
# ----------------------------
#
# Around the maximizer lies a component :math:`U` of a superlevel set, and the point of :math:`U` that is farthest from
# the target is the one of Theorem 2.1. What is proved of it is in the certificate: it is that point, a hallucinated
# minimizer, and, unlike the one above, it repels SAM (Proposition 4.3).
farthest = hc.find.farthest_point(f, maximizer, target)
proof = hc.certify(farthest)
print(proof["farthest_point"])
print(proof["attractor"])
assert proof["farthest_point"].status == proof["hallucinated_minimizer"].status == "proved"
assert proof["attractor"].status == "refuted"

figure, ax = plt.subplots(figsize=(6.4, 6.4), layout="compressed")
hc.plot.construction(farthest, ax, title=f"from x* one step of length {float(farthest.rho):.4g} lands on x_min")

# %%
# For one column of a paper, figures are made in their size in inches, and saved with fonts that publishers take.
_, column = plt.subplots(figsize=(3.4, 2.6), layout="compressed")
hc.plot.construction(farthest, column)
with tempfile.TemporaryDirectory() as folder:
    hc.plot.save(column, Path(folder) / "figure_2.pdf")
    print(f"figure_2.pdf: {(Path(folder) / 'figure_2.pdf').stat().st_size // 1000} kB")
plt.close()
print(f"All of it took {time.perf_counter() - began:.0f} s.")
