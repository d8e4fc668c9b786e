"""What SAM gets stuck at: a digit classifier stalls at a saddle, provably not at a hallucinated minimizer.

Proves: near the point where SAM with rho = 5 stalls, no point is mapped to a local minimizer of the loss. Uses:
scikit-learn's digits, 200 of them, a 64-32-10 tanh network with cross-entropy. Assumes: nothing beyond the training
data; the training itself runs in floats. The grid over seeds, radii and data sets is ``hallucert study``.
Run it with ``python examples/what_sam_gets_stuck_at.py``.
"""

import numpy as np
from sklearn.datasets import load_digits

import hallucert as hc

inputs, labels = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(inputs))
train, rest = order[:200], order[200:]
f = hc.TanhNetwork((64, 32, 10), inputs[train] / 16, labels[train], loss="cross_entropy")
start = f.initial(1)

ends = hc.sam.run_ensemble(
    f,
    start[None],
    rho="5",
    step_size="0.1",
    steps=14_000,
    warmup=hc.sam.each(SAM=0, switching=0.1),
    held_out=(inputs[rest] / 16, labels[rest]),
)
for record in ends.records():
    print(
        f"{record['arm']:10} f(x) = {record['value']:.4f}, f(x+) = {record['sam_value']:.4f}, "
        f"|g| = {record['gradient_norm']:.2g}, |g+| = {record['shifted_gradient_norm']:.2g}, "
        f"accuracy {record['accuracy']:.2f}"
    )

# SAM alone crawls: the shifted gradient is small, the loss is what a classifier gets that knows nothing but how often
# each digit occurs, and SAM's own objective is even higher than the loss.
stalled = ends.x[0]
shares = np.bincount(labels[train]) / len(train)
print(f"best constant prediction: loss {-(shares @ np.log(shares)):.4f}")
assert ends.shifted_gradient_norm[0] < 1e-3 < ends.gradient_norm[0]
assert ends.sam_value[0] > ends.value[0]
diagnosis = hc.diagnose(f, stalled, "5", "0.1")
print(diagnosis)
assert diagnosis.kind == "stalling at a constant predictor"

cert = hc.certify_stall(f, stalled, "5")
print(cert["no_minimizer_near"])
assert cert["no_minimizer_near"].status == "proved"
assert hc.verify(cert)
