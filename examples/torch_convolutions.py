r"""
A convolutional network written in PyTorch
==========================================

Proves that a convolutional network with batch normalization, 2,404 parameters, has hallucinated minimizers of its
training loss; uses `Objective.from_torch`, `find.hallucinate`, `certify` and `verify`; assumes that the module computes
what PyTorch records of it. (This page was built without PyTorch: where that is installed the script runs as a test.)
"""

import numpy as np
import torch
from torch import nn

import hallucert as hc

# %%
# A module as one writes it: two convolutions with batch normalization over the whole batch, SiLU and average pooling,
# then two linear layers. Everything is analytic, which is what the theorems need; max-pooling or ReLU would be refused
# by name.
torch.manual_seed(0)
module = nn.Sequential(
    *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.SiLU(), nn.AvgPool2d(2)),
    *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.SiLU(), nn.AvgPool2d(2)),
    *(nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 4)),
).double()
rng = np.random.default_rng(0)
images, wanted = rng.normal(size=(5, 1, 8, 8)), rng.normal(size=(5, 4))
f = hc.Objective.from_torch(module, "squared", (images, wanted))
print(f.dimension, "parameters,", f.residual_count, "residuals")

# %%
# The search starts from PyTorch's random weights.
candidate = hc.find.hallucinate(f, f.parameters, rho=2)
print(f"f(x) = {f.value(candidate.x):.3f}, f(x+) = {f.value(candidate.target):.0e}")

# %%
# Proof and check, in different arithmetics; the derivatives are the library's own, and not PyTorch's.
cert = hc.certify(candidate)
print(cert)
assert cert["hallucinated_minimizer"].status == "proved"
verdict = hc.verify(cert)
print(verdict)
assert verdict
