r"""
From random weights to a theorem
================================

Proves that SAM, started at given random weights of a network, converges to a hallucinated minimizer: not that there is
one near the end of a run in floats, but where the iteration itself goes; uses `certify` with a start and `verify`;
assumes that weights and data are the doubles that they are.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

# %%
# A network of seven weights on two samples, and random weights.
f = hc.TanhNetwork((1, 2, 1), [[2.0408], [-2.5556]], [-1.0, 1.0])
start = f.initial(0, count=64, gain=2.0)[36]

# %%
# No point is given. The run from the start is enclosed, step by step, until a point near its end has a basin in which
# the run is.
cert = hc.certify(f, None, 2, basin="0.02", start=start)
print(cert["basin"])
print(cert["converges"])
assert cert["converges"].status == "proved" and cert["hallucinated_minimizer"].status == "proved"
print(f"the limit has a training loss of {f.value(cert.x):.3f}, and its target one of 0")

# %%
# What is in the file: after some numbers of steps the run is in cubes. The checker shows for each segment between two
# of them that it leads from all of one cube into the next.
for end, radius in zip(cert["converges"].inputs["ends"], cert["converges"].inputs["radii"], strict=True):
    print(f"after {int(end)} steps in a cube of half width {float(radius):.1e}")
assert hc.verify(cert)

# %%
# The same for 33 weights on eight samples with the step 1/20, just below the bound for the point where it ends: 4096
# steps, of which ten seconds were the proof. Shown is a run in floats. At the edge of stability rounding errors grow,
# so it need not be the run that the file is about, which is in its cubes after the marked steps.
folder = Path(hc.__file__).parents[1] / "docs" / "certificates" / "runs"
path = folder / "network-run.json"
if path.exists():  # beside the sources alone
    long = hc.load(path)
    print(long["converges"])
    inputs = long["converges"].inputs
    run = hc.sam.run(long.objective, np.array([float(v) for v in inputs["start"]]), 8, "0.05", 7_500, every=25)
    steps = 25 * np.arange(len(run.history))
    plt.semilogy(steps, run.shifted_gradient_norms, label="$|g(x^+)|$")
    plt.semilogy(steps, run.gradient_norms, label="$|g(x)|$")
    for end in inputs["ends"]:
        plt.axvline(int(end), color="0.8", zorder=0)
    plt.xlabel("step")
    plt.legend()
    plt.show()
