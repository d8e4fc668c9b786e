r"""
The ring: a whole circle of hallucinated minimizers
===================================================

Proves that for :math:`\rho = 3/2` a closed curve of hallucinated minimizers of :math:`f = (|x|^2 - 1)^2/4` exists, is
passed once, turns once, and attracts SAM; uses `find.sheet`, `certify` for sheets and `plot.sheet`; assumes that
:math:`f` is given as a square, :math:`f = r^2/4`, since its minimizers are not isolated.
"""

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke

import hallucert as hc

# %%
# The minimizers of :math:`f` are the unit circle and its maximizer is the origin. Inside of the circle the gradient
# points inward, through the origin, so for :math:`1 < \rho < 2` the point with :math:`|x| = \rho - 1` is mapped to the
# opposite point of the circle: the hallucinated minimizers are a circle as well, with the radius :math:`\rho - 1`.
#
# No theorem on isolated points applies: :math:`f` has zero curvature along the circle. Given as a formula, the point
# stays undecided, and the reason says why. Given as a square of :math:`r = |x|^2 - 1`, it is proved.
plain = hc.certify(hc.Objective.parse("(x**2 + y**2 - 1)**2 / 4"), (-0.5, 0), "1.5")
print("as a formula:", plain["existence"].status, "because", plain["existence"].reason.explanation)
assert plain["existence"].reason == "degenerate_target"

f = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
print("as a square:", hc.certify(f, (-0.5, 0), "1.5")["hallucinated_minimizer"])

# %%
# SAM in floats: from 200 starts at :math:`|x| < 2`, all end on the circle of radius :math:`1/2`, at different points.
rng = np.random.default_rng(0)
angle, length = rng.uniform(0, 2 * np.pi, 200), rng.uniform(0, 2, 200)
starts = np.column_stack([length * np.cos(angle), length * np.sin(angle)])
ends = hc.sam.run_ensemble(f, starts, "1.5", step_size="0.01", steps=5000, every=5)
radii = np.linalg.norm(ends.x, axis=1)
print(f"{ends.converged.sum()} of {len(ends)} runs stop, at |x| between {radii.min():.9f} and {radii.max():.9f}")
assert ends.converged.all() and np.abs(radii - 0.5).max() < 1e-9

# %%
# Where one of them stops, the curve starts: it is followed through all solutions of :math:`r(x^+) = 0` until it comes
# back.
sheet = hc.find.sheet(f, ends.x[0], "1.5")
print(sheet)
assert sheet.closed and abs(sheet.length - math.pi) < 0.01

# %%
# The theorems are about the whole curve. Cells that overlap hold exactly one arc each, and the last joins the first.
# Condition (C32) of Theorem 3.2 fails on it, although it attracts: only its projection to the row space of
# :math:`Dr(x^+)`, which is what the proof of the theorem needs, holds. (``hc.verify(cert)`` proves all of it again in
# the other arithmetic; that takes some seconds more.)
cert = hc.certify(sheet)
print(cert)
statuses = {claim.name: str(claim.status) for claim in cert.all_claims}
assert statuses.pop("theorem_3_2") == "refuted"
assert set(statuses.values()) == {"proved"} and "turning" in statuses

# %%
# Left, the curve with its targets and ascent steps, which all pass through the maximizer. Right,
# :math:`f^{\mathrm{SAM}}` with some of the runs: they come from inside and from outside and stop on the circle.
figure, (left, right) = plt.subplots(1, 2, figsize=(12.0, 6.4), layout="compressed")
hc.plot.sheet(sheet, ax=left, certificate=cert, title="The certified circle and its targets")
hc.plot.landscape(f, [(-2, 2), (-2, 2)], "1.5", ax=right, field="none", title="f^SAM for rho = 1.5 and 24 runs")
rim = [withStroke(linewidth=2.6, foreground="black")]
for k in range(24):
    right.plot(*ends.history[:, k].T, color="white", lw=1.3, path_effects=rim, label="_run" if k else "SAM runs")
right.plot(*starts[:24].T, "s", color="white", mec="black", ms=5, label="their starts")
right.plot(*sheet.x.T, color="#d55e00", lw=2.6, label="hallucinated minimizers, |x| = 1/2")
right.set(xlim=(-2, 2), ylim=(-2, 2))
right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=2, frameon=False)

plt.show()
