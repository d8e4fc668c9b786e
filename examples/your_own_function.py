r"""
Your own function, from Python to a file that others can check
==============================================================

Proves a hallucinated minimizer of a function that was written in Python, and re-proves it from a file; uses
`Objective.from_callable`, `find.critical_points`, `find.on_sphere`, `certify`, `verify` and `plot.landscape`; assumes
that the Python code computes the function with the supported operations.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc


def wells(x):
    """A tilted double well with a coupling between the variables; any analytic numpy-style function will do."""
    return (x[0] ** 2 - 1) ** 2 / 4 + x[1] ** 2 / 2 + np.sin(x[0] * x[1]) / 10 + x[0] / 10


# %%
# The function is called once and what it computes is recorded; from then on it runs in floats and in rigorous balls.
f = hc.Objective.from_callable(wells, dimension=2)
print(f)

# %%
# Look for its critical points, then for the points that SAM with :math:`\rho = 1.5` maps to the lowest minimizer.
found = hc.find.critical_points(f, [(-2, 2), (-2, 2)])
for point in found:
    print(f"{point.kind:9} at {point.x.round(4)} with f = {point.value:.4f}")
lowest = min((point.x for point in found if point.kind == "minimizer"), key=f.value)
candidates = hc.find.on_sphere(f, lowest, rho="1.5")
print(candidates)

# %%
# Floats proposed; now prove. What cannot be proved comes out undecided, with the reason.
certificates = [hc.certify(candidate) for candidate in candidates]
attractors = [cert for cert in certificates if cert["attractor"].status == "proved"]
print(attractors[0])
assert attractors[0]["hallucinated_minimizer"].status == "proved"

# %%
# Save, and check from the file alone, in another arithmetic than the one that proved. Whoever gets the file needs
# neither this script nor any search: ``hallucert verify point.json`` on the command line does the same. The first line
# of the answer is the formula that was recorded. It should be read: the theorems are about that function.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "point.json"
    attractors[0].save(path)
    verdict = hc.verify(path, backend="mpmath")
print(verdict)
assert verdict

# %%
# SAM agrees with the theorem: from a start on the slope it runs to the proved point.
run = hc.sam.run(f, (1.4, -1.2), "1.5", step_size="0.02", steps=20_000)
print(f"SAM stops {np.abs(run.x - attractors[0].x).max():.1e} away from the certified point")
assert np.abs(run.x - attractors[0].x).max() < 1e-8

figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 6.4), layout="compressed")
box = [(-2, 2), (-2, 2)]
hc.plot.landscape(f, box, ax=left, points=attractors, trajectory=run, title="f")
hc.plot.landscape(f, box, "1.5", ax=right, points=attractors, trajectory=run, title="f^SAM, rho = 1.5")

plt.show()
