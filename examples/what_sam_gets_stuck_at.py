r"""
What SAM gets stuck at: a digit classifier
==========================================

Proves that near the point where SAM with :math:`\rho = 5` stalls no point is mapped to a local minimizer of the loss;
uses scikit-learn's digits, 200 of them, a 64-32-10 tanh network with cross-entropy, `sam.run_ensemble`, `diagnose` and
`certify_stall`; assumes nothing beyond the training data (the training itself runs in floats). The grid over seeds,
radii and data sets is ``hallucert study``.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import hallucert as hc

BLUE, VERMILION, ORANGE = "#0072b2", "#d55e00", "#e69f00"

inputs, labels = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(inputs))
train, rest = order[:200], order[200:]
f = hc.TanhNetwork((64, 32, 10), inputs[train] / 16, labels[train], loss="cross_entropy")
print(f)

# %%
# SAM, and the same with a warm-up by gradient descent, from the same random weights.
rho, step_size = "5", "0.1"
ends = hc.sam.run_ensemble(
    f,
    f.initial(8)[None],
    rho,
    step_size,
    steps=14_000,
    warmup=hc.sam.each(SAM=0, switching=0.1),
    held_out=(inputs[rest] / 16, labels[rest]),
    observe_every=50,
)
for record in ends.records():
    print(
        f"{record['arm']:10} f(x) = {record['value']:.4f}, f(x+) = {record['sam_value']:.4f}, "
        f"|g| = {record['gradient_norm']:.2g}, |g+| = {record['shifted_gradient_norm']:.2g}, "
        f"accuracy {record['accuracy']:.2f}"
    )

# %%
# SAM alone crawls: the shifted gradient is small, the loss is what a classifier gets that knows nothing but how often
# each digit occurs, and SAM's own objective is even higher than the loss.
stalled = ends.x[0]
shares = np.bincount(labels[train]) / len(train)
constant = -(shares @ np.log(shares))
print(f"best constant prediction: loss {constant:.4f}")
assert ends.shifted_gradient_norm[0] < 1e-3 < ends.gradient_norm[0]
assert abs(ends.value[0] - constant) < 1e-3
assert ends.sam_value[0] > ends.value[0]
diagnosis = hc.diagnose(f, stalled, rho, step_size)
print(diagnosis)
assert diagnosis.kind == "stalling at a constant predictor"

# %%
# Is it a hallucinated minimizer, to which SAM would have been attracted? There is no point to certify, since the
# shifted gradient is small but not zero. Yet one can prove what the place is *not*. In one direction :math:`v` the loss
# curves down at :math:`y^+` for every :math:`y` in a box around the point, so no :math:`y^+` is a local minimizer.
cert = hc.certify_stall(f, stalled, rho)
claim = cert["no_minimizer_near"]
print(claim)
assert claim.status == "proved"
assert claim.numbers["curvature"].upper < 0

# %%
# The other arithmetic agrees.
verdict = hc.verify(cert, backend="mpmath")
print(verdict)
assert verdict

# %%
# Left, the two runs; the dotted line is the loss of the best constant prediction. Right, the loss along :math:`v`
# through :math:`x^+`: a maximum to within what can be seen, where a hallucinated minimizer would have a minimum.
v = np.array(claim.inputs["direction"], dtype=float)
v /= np.linalg.norm(v)
plus = hc.sam.perturbed_point(f, stalled, rho)
t = np.linspace(-3, 3, 121)
profile = f.value(plus + t[:, None] * v)
assert profile.argmax() not in (0, len(t) - 1) and profile[60] > max(profile[40], profile[80])

figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 4.8), layout="constrained")
for k, (arm, colour) in enumerate((("SAM", VERMILION), ("switching", BLUE))):
    left.semilogy(ends.curves.steps, ends.curves.value[:, k], color=colour, lw=1.8, label=f"{arm}, $f(x)$")
    left.semilogy(
        ends.curves.steps, ends.curves.sam_value[:, k], color=colour, lw=0.9, ls="--", label=f"{arm}, $f(x^+)$"
    )
left.axhline(constant, color="black", lw=1.2, ls=":", label="best constant prediction")
left.set(xlabel="step", title=r"200 digits, 64-32-10 network, $\rho$ = 5", ylim=(0.01, 20))
right.plot(t, profile, color="black", lw=1.8, label="$f(x^+ + t v)$")
right.plot(0, profile[60], "o", color=ORANGE, mec="black", ms=9, label="$x^+$, where SAM looks")
right.set(xlabel="t", title="The loss curves down at x+")
for ax in (left, right):
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3 if ax is left else 2, frameon=False)

plt.show()
