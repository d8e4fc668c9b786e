r"""
A network whose loss has a maximizer, and the paper's construction on it
========================================================================

Proves that a tanh network with a bounded output has a local maximizer of its loss and the paper's hallucinated
minimizer, step by step; uses `find.critical_points`, `find.farthest_point`, `certify` and `verify`; assumes exact data,
squared error and two parameters, since the farthest point is proved for two or three variables.
"""

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc
from hallucert.errors import ArgumentError

# %%
# Theorems 2.1 and 2.2 begin with a local maximizer of the loss. A network with linear outputs has none: its loss is
# strictly convex along the bias of an output (Proposition 4.6). The search says so instead of searching.
inputs = [[-4.0], [-2.0], [-1.0], [1.0], [2.0], [4.0]]
targets = [800.0, -400.0, 200.0, -200.0, 400.0, -800.0]
try:
    hc.find.farthest_point(hc.TanhNetwork((1, 1), inputs, targets), maximizer=(0.63, 0), target=(-0.61, 0))
except ArgumentError as refusal:
    print(refusal)
else:
    raise AssertionError("a network with linear outputs has no maximizer")

# %%
# With a tanh on the output the argument fails. This is one unit, :math:`\tanh(W x + b)`, and targets that zigzag far
# outside of its range, so that the samples pull against each other and every pull fades out as the unit saturates.
f = hc.TanhNetwork((1, 1), inputs, targets, output="tanh")
found = hc.find.critical_points(f, [(-1, 1), (-0.5, 0.5)], starts=2000)
for point in found:
    print(f"{point.kind:9} at W = {point.x[0]:+.4f}, b = {point.x[1]:+.4f} with f = {point.value:.4f}")
maximizer = next(p.x for p in found if p.kind == "maximizer")
minimizer = next(p.x for p in found if p.kind == "minimizer")

# %%
# So the paper's construction starts, and every step of it is proved: the isolated maximizer, the component :math:`U` of
# the superlevel set around it, and its point :math:`x^*` farthest from the minimizer. One ascent step of length
# :math:`\rho` from :math:`x^*` lands on the minimizer.
candidate = hc.find.farthest_point(f, maximizer, minimizer)
cert = hc.certify(candidate)
print(cert)
assert cert["farthest_point"].status == "proved"
assert cert["hallucinated_minimizer"].status == "proved"

# %%
# As Proposition 4.3 says of every farthest point, the condition of Theorem 3.2 fails, and this one repels SAM.
assert cert["theorem_3_2"].status == "refuted"
assert cert["attractor"].status == "refuted"

# %%
# The other arithmetic re-proves all of it.
verdict = hc.verify(cert, backend="mpmath")
print(verdict)
assert verdict

# %%
# SAM started beside the point is driven away from it, here by a factor of more than 100.
run = hc.sam.run(f, candidate.x + np.array([0, 1e-5]), candidate.rho, step_size="0.01", steps=100, tolerance=0.0)
away = np.linalg.norm(run.x - candidate.x)
print(f"SAM starts 1e-5 from x* and is {away:.2g} away after {len(run.history) - 1} steps")
assert away > 1e-3

# %%
# Left the construction, right the hill around its maximizer, with the boundary of the component :math:`U` and
# :math:`x^*` on it.
figure, (left, right) = plt.subplots(1, 2, figsize=(12.8, 6.2), layout="compressed")
hc.plot.construction(candidate, ax=left, title="One tanh unit: the paper's construction")
hc.plot.landscape(f, [(0.57, 0.70), (-0.09, 0.09)], ax=right, title="The maximizer of its loss and the component U")
right.plot(*candidate.construction.component.T, ".", color="black", ms=3, label="boundary of U")
right.plot(*maximizer, "^", c="white", mec="black", ms=9, ls="none", label="maximizer")
right.plot(*candidate.x, "X", c="#d55e00", mec="black", ms=10, ls="none", label="$x^*$")
right.legend(loc="upper right")

plt.show()
