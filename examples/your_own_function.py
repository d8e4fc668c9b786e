"""From a Python function to a file that somebody else can check.

Run it with ``python examples/your_own_function.py``.
"""

import tempfile
from pathlib import Path

import numpy as np

import hallucert as hc


def wells(x):
    """A tilted double well with a coupling between the variables; any analytic numpy-style function will do."""
    return (x[0] ** 2 - 1) ** 2 / 4 + x[1] ** 2 / 2 + np.sin(x[0] * x[1]) / 10 + x[0] / 10


# The function is called once and what it computes is recorded; from then on it runs in floats and in rigorous balls.
f = hc.Objective.from_callable(wells, dimension=2)

# Look for its critical points, then for the points that SAM with rho = 1.5 maps to the lowest minimizer.
minimizers = [p.x for p in hc.find.critical_points(f, [(-2, 2), (-2, 2)]) if p.kind == "minimizer"]
lowest = min(minimizers, key=f.value)
candidates = hc.find.on_sphere(f, lowest, rho="1.5")
print(candidates)

# Floats proposed; now prove. What cannot be proved comes out undecided, with the reason.
certificates = [hc.certify(candidate) for candidate in candidates]
attractors = [cert for cert in certificates if cert["attractor"].status == "proved"]
print(attractors[0])

# Save, and check from the file alone, in another arithmetic than the one that proved.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "point.json"
    attractors[0].save(path)
    verdict = hc.verify(path, backend="mpmath")
    print(verdict)
    assert verdict
