r"""
A transformer block written in PyTorch
======================================

Proves that a transformer block of 2,585 parameters has hallucinated minimizers of its training loss; uses
`Objective.from_torch`, `find.hallucinate`, `certify` and `verify`; assumes that the module computes what PyTorch
records of it. (This page was built without PyTorch: where that is installed the script runs as a test.)
"""

import numpy as np
import torch
from torch import nn

import hallucert as hc


# %%
# Attention with two heads, layer norms, GELU and residual connections, between an embedding and a head of one output.
class Block(nn.Module):
    """A transformer block before whose parts the norms stand, and the mean over the tokens."""

    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Linear(8, 8), nn.Linear(8, 1)
        self.before, self.between = nn.LayerNorm(8), nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.feed = nn.Sequential(nn.Linear(8, 128), nn.GELU(), nn.Linear(128, 8))

    def forward(self, tokens):
        """Return one number for each sequence, shape (samples, 1)."""
        x = self.embed(tokens)
        y = self.before(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return self.head((x + self.feed(self.between(x))).mean(1))


torch.manual_seed(0)
rng = np.random.default_rng(0)
sequences, wanted = rng.normal(size=(4, 3, 8)), rng.normal(size=(4, 1))
f = hc.Objective.from_torch(Block().double(), "squared", (sequences, wanted))
print(f.dimension, "parameters,", f.residual_count, "residuals")

# %%
# From PyTorch's random weights to a point where :math:`r(x^+) = 0`.
candidate = hc.find.hallucinate(f, f.parameters, rho=1)
print(f"f(x) = {f.value(candidate.x):.3f}, f(x+) = {f.value(candidate.target):.0e}")

# %%
# Four sequences of three tokens, eight numbers each. Where enclosures in doubles grow too much on their way through the
# layers, twice forward and twice back, as with longer or wider sequences, claims are proved in balls alone.
cert = hc.certify(candidate)
print(cert)
assert cert["hallucinated_minimizer"].status == "proved"
verdict = hc.verify(cert)
print(verdict)
assert verdict
