r"""
A curve of minimizers with Theorem 3.2 on all of it
===================================================

Proves a closed curve of hallucinated minimizers and condition (C32) at each of its points, so that Theorem 3.2 says of
the whole curve that it attracts SAM; uses `find.sheet`, `certify` for sheets and `plot.sheet`; assumes that :math:`f`
is given as a square. The proof takes about seven seconds, checking it (``hc.verify``) somewhat longer.

On :doc:`the ring </gallery/ring>` the condition fails: there a point and its target lie on opposite sides of the
maximizer, and :math:`x \mapsto x^+` turns tangents around. Here are two circles of minimizers, one inside of the other,

.. math::

   f = r^2/2, \qquad r = (|x|^2 - 1)(|x|^2 - 9)/8,

and a circle of maximizers between them. On the inner side of the maximizers the gradient points outward. So SAM with
:math:`\rho = 3/2` jumps from the circle of radius :math:`3/2` to the outer minimizers, of radius 3, and stretches it:
:math:`J` has the eigenvalues 1 and :math:`1 + \rho/|x| = 2`, and is positive definite.
"""

import time

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

f = hc.Objective.least_squares(["(x**2 + y**2 - 1)*(x**2 + y**2 - 9)/8"])

# %%
# The curve is followed in floats until it closes; nothing is proved yet.
sheet = hc.find.sheet(f, (1.5, 0), "3/2")
print(sheet)
assert sheet.closed

# %%
# Overlapping cells, each with exactly one arc; on each of them the condition is enclosed.
began = time.process_time()
cert = hc.certify(sheet)
print(f"proved in {time.process_time() - began:.1f} s of processor time")
print(cert)
statuses = {claim.name: str(claim.status) for claim in cert.all_claims}
assert set(statuses.values()) == {"proved"} and "theorem_3_2" in statuses

# %%
# SAM agrees: whatever the direction from which runs come to the circle, they stop on it.
angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
length = np.where(np.arange(24) % 2, 1.35, 1.65)
starts = np.column_stack([length * np.cos(angle), length * np.sin(angle)])
ends = hc.sam.run_ensemble(f, starts, "1.5", step_size="0.01", steps=2000, every=5)
print("distance from the circle at the end:", f"{np.abs(np.linalg.norm(ends.x, axis=1) - 1.5).max():.0e}")
assert np.abs(np.linalg.norm(ends.x, axis=1) - 1.5).max() < 1e-9

figure, (left, right) = plt.subplots(1, 2, figsize=(12.0, 6.4), layout="compressed")
hc.plot.sheet(cert, ax=left, title="The certified circle and its targets")
hc.plot.landscape(f, [(-3.4, 3.4)] * 2, "3/2", ax=right, field="none", title="f^SAM for rho = 3/2, and 24 runs")
for path in ends.history.transpose(1, 0, 2):
    right.plot(*path.T, color="white", lw=1.3)
