r"""
From random weights to a certificate
====================================

Proves that a small tanh network has a hallucinated minimizer of its training loss right where SAM from random weights
stopped, and that it attracts SAM up to a step size barely above the one that was used; uses `sam.run_ensemble`,
`diagnose`, `find.refine`, `certify`, `verify` and `plot.plane`; assumes that the data are the floats that they are (the
training itself is a search in floats, of which nothing is claimed).
"""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np

import hallucert as hc

# %%
# A 2-8-1 network with a linear output, 33 parameters, and eight random points with random labels :math:`\pm 1`. The
# loss is the mean squared error; it has many global minimizers with loss zero, a manifold of dimension 25.
rng = np.random.default_rng(0)
f = hc.TanhNetwork((2, 8, 1), rng.normal(size=(8, 2)), np.sign(rng.normal(size=8)), loss="squared")
print(f)
assert f.dimension == 33

# %%
# SAM from 200 random initial weights, with a large radius. `diagnose` says in floats what each end is.
rho, step_size = "5", "0.05"
starts = f.initial(seed=0, count=200)
ends = hc.sam.run_ensemble(f, starts, rho, step_size, steps=60_000)
kinds = [str(hc.diagnose(f, x, rho, step_size).kind) for x in ends.x]
for kind, count in Counter(kinds).most_common():
    print(f"{count:4} {kind}")

# %%
# Candidates go on to the prover: each end that looks hallucinated is refined by Gauss-Newton and certified. What
# counts is what comes out proved.
proved = []
for k in np.flatnonzero([kind == "hallucinated minimizer" for kind in kinds]):
    cert = hc.certify(hc.find.refine(f, ends.x[k], rho))
    if cert["hallucinated_minimizer"] and cert["attractor"]:
        proved.append((k, cert))
print(f"next to {len(proved)} of {len(starts)} ends there is a hallucinated minimizer that attracts SAM, proved")
losses = [ends.value[k] for k, _ in proved]
print(f"their training loss is between {min(losses):.3f} and {max(losses):.3f}, while f(x+) = 0")
assert len(proved) >= 30

# %%
# One of them from near. Existence is proved for :math:`r(x^+) = 0`, in a slice of eight dimensions; then
# :math:`x^{*+}` is a global minimizer of the loss, since the loss there is zero, and the solutions near :math:`x^*`
# form a manifold of dimension 25. Condition (C32) of Theorem 3.2 fails; its projection to the row space of
# :math:`Dr(x^+)` holds, and the point attracts. Of the
# runs that came to rest it is the one whose step is nearest to the largest with which it attracts.
rested = [(k, cert) for k, cert in proved if ends.status[k] == hc.sam.Status.CONVERGED and cert["projected_c32"]]
k, _ = min(rested, key=lambda pair: pair[1]["attractor"].numbers["step_bound"].lower)
start = starts[k]
run = hc.sam.run(f, start, rho, step_size, steps=60_000)
print(run)
print(hc.diagnose(f, run.x, rho, step_size))
candidate = hc.find.refine(f, run.x, rho)
cert = hc.certify(candidate)
print(cert)
assert cert["theorem_3_2"].status == "refuted"
assert cert["projected_c32"].status == cert["attractor"].status == "proved"
print(f"SAM stopped {np.linalg.norm(run.x - candidate.x):.1e} away from it")

# %%
# The step size is the surprise. The certificate bounds the fixed steps with which SAM is attracted, and the step of
# the run, 0.05, is within a tenth of a percent of the bound: SAM has stopped at the edge of stability.
bound = cert["attractor"].numbers["step_bound"]
print(f"steps below {float(bound.lower):.6f} attract; the run used {step_size}")
assert 0.05 < bound.lower < 0.05 * 1.001

# %%
# A certificate is a proof that anybody can check. The other arithmetic takes nothing but the certificate.
verdict = hc.verify(cert, backend="mpmath")
print(verdict)
assert verdict

# %%
# Left, the way there: SAM's own loss falls to zero, and :math:`f` stays far above. Middle and right, :math:`f` and
# :math:`f^{\mathrm{SAM}}` on the plane through :math:`x^*`, its target and the start of the run. At :math:`x^*` the one
# has a slope and the other its minimum 0; at the target :math:`f` has its minimum, and :math:`f^{\mathrm{SAM}}` is not
# even defined, since the gradient vanishes.
figure, axes = plt.subplots(1, 3, figsize=(16.0, 6.0), layout="compressed")
shown = np.unique(np.geomspace(1, len(run.history) - 1, 400).astype(int))
axes[0].loglog(shown, run.values[shown], color="black", lw=1.8, label="$f(x)$")
axes[0].loglog(shown, run.sam_values[shown], color="#0072b2", lw=1.8, label="$f(x^+)$")
axes[0].loglog(shown, run.gradient_norms[shown], color="#e69f00", lw=1.8, ls="--", label=r"$|\nabla f(x)|$")
axes[0].loglog(shown, run.shifted_gradient_norms[shown], color="#d55e00", lw=1.8, ls="--", label=r"$|\nabla f(x^+)|$")
axes[0].set(xlabel="step", ylim=(1e-16, 20), title="One SAM run from random weights")
axes[0].legend(loc="lower left", frameon=False)
points = [candidate.target, start]
names = ["x*, certified", "its target x*+", "random weights"]
hc.plot.plane(f, candidate.x, points=points, rho=rho, ax=axes[1:], names=names)

plt.show()
