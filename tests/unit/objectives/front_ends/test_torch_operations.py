"""Operations of PyTorch one by one: forms and options that change what is computed are read, or refused."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import NotAnalyticError

torch = pytest.importorskip("torch", exc_type=ImportError)
pytestmark = pytest.mark.frameworks
nn = torch.nn


def _in_place(h):
    h = 2 * h
    h.view(-1).add_(1)
    return h


class Straight(torch.autograd.Function):
    """Another derivative than its own."""

    @staticmethod
    def forward(ctx, x):
        return x**2

    @staticmethod
    def backward(ctx, slope):
        return slope


def _without_gradient(h):
    with torch.no_grad():
        factor = h * 2
    return h * factor


REFUSED = {
    "a derivative of one's own": Straight.apply,
    "no gradient": _without_gradient,
    "rounding in between": lambda h: h.float().double(),
    "a row that sees nothing": lambda h: (h @ h.t()).masked_fill(torch.eye(4) < 2, -torch.inf).softmax(1) @ h,
    "infinities": lambda h: h.masked_fill(torch.eye(4) > 0, -torch.inf),
    "an embedding that is not moved": lambda h: nn.functional.embedding(torch.tensor([0, 1]), h, padding_idx=1),
    "an embedding of frequencies": lambda h: nn.functional.embedding(torch.tensor([0, 0]), h, scale_grad_by_freq=True),
    "a part that is set": lambda h: torch.zeros_like(h).index_put((torch.tensor([0]),), h[:1]),
    "random numbers": lambda h: h * torch.rand(4, 4),
    "what is not in the table": lambda h: torch.erfinv(h.sigmoid()),
    "in place": _in_place,
    "pooling without channels": lambda h: nn.functional.avg_pool1d(h, 3, 1, 1),
    "adaptive pooling without channels": lambda h: nn.functional.adaptive_avg_pool1d(h, 2),
    "softplus that jumps": lambda h: nn.functional.softplus(h, 1, 1),
    "attention of unequal ranks": lambda h: nn.functional.scaled_dot_product_attention(h[None], h, h)[0],
    "stopped gradients": lambda h: h * h.detach(),
    "lower precision": lambda h: torch.softmax(h, 1, dtype=torch.float32).double(),
    "an infinite power": lambda h: (1 + h**2) ** float("inf"),
    "a matrix product with factors": lambda h: torch.addmm(h, h, h.t() @ h, beta=2),
    "rounded quotients": lambda h: torch.div(h, 2, rounding_mode="floor"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_forms_of_operations_that_are_not_read_are_refused(name):
    """An option that changes what is computed is read or refused, never passed over."""

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 4)

        def forward(self, x):
            return REFUSED[name](self.first(x)).reshape(-1, 4)[:4].sum(1, keepdim=True)

    data = torch.randn(4, 2, dtype=torch.float64), torch.randn(4, 1, dtype=torch.float64)
    with pytest.raises(NotAnalyticError):
        hc.Objective.from_torch(Whole().double(), "squared", data)


def test_options_that_are_read_count():
    """``alpha`` of sums, of integers as well, and a squeeze of no axis."""

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.scale = nn.Embedding(9, 2), nn.Parameter(torch.tensor(1.5))

        def forward(self, i):
            h = self.embedding(torch.add(i, i, alpha=2))
            return torch.add(h, torch.squeeze(h.softmax(1), ()), alpha=3).sum(1, keepdim=True) * self.scale

    torch.manual_seed(0)
    module, tokens = Whole().double(), torch.tensor([0, 2, 1])
    f = hc.Objective.from_torch(module, "squared", (tokens, torch.zeros(3, 1).double()))
    assert np.isclose(f.value(f.parameters), (module(tokens) ** 2).sum().item() / 6, rtol=1e-12)
    assert np.isfinite(f.hessian(f.parameters)).all()


MASK = torch.tril(torch.ones(3, 3)) > 0
MASKS = {
    "attention, booleans": lambda h: nn.functional.scaled_dot_product_attention(h, h, h, attn_mask=MASK),
    "attention, infinities": lambda h: nn.functional.scaled_dot_product_attention(
        h, h, h, attn_mask=torch.zeros(3, 3).double().masked_fill_(~MASK, -torch.inf)
    ),
    "attention, learned": lambda h: nn.functional.scaled_dot_product_attention(h, h, h, attn_mask=h[0, :, :3]),
    "filled": lambda h: (h @ h.mT).masked_fill(torch.triu(torch.ones(3, 3), 1) == 1, -torch.inf).softmax(-1) @ h,
    "added": lambda h: ((h @ h.mT) + torch.where(MASK, 0.0, -torch.inf)).softmax(-1) @ h,
    "chosen": lambda h: torch.logsumexp(torch.where(MASK, h @ h.mT, -torch.inf), -1),
    "constants": lambda h: torch.where(MASK.unsqueeze(-1)[:, 0], h, 2.0) * torch.arange(4),
    "constants changed in place": lambda h: h * torch.ones(4).fill_(3.0)[:3, None] + _counted(h),
    "conversions that round nothing": lambda h: h.to(torch.float64) + torch.full((4,), 0.1).double(),
}


def _counted(h):
    rows = torch.zeros(3, dtype=torch.int64)
    rows[1:].add_(1)
    return nn.functional.embedding(rows, h[0])


@pytest.mark.parametrize("name", MASKS)
def test_masks_and_constants_are_pytorchs(name):
    """Entries of minus infinity are left out of a softmax; constants made on the way are what PyTorch makes of them."""

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 12)

        def forward(self, x):
            return MASKS[name](self.first(x).unflatten(1, (3, 4))).flatten(1).sum(1, keepdim=True)

    torch.manual_seed(0)
    module, inputs = Whole().double(), torch.randn(4, 2).double()
    f = hc.Objective.from_torch(module, "squared", (inputs, torch.zeros(4, 1)))
    kept = hc.Objective.from_torch(module, "squared", (inputs, torch.zeros(4, 1)), rigorous=False)
    x = 1.5 * f.parameters + 0.1
    assert np.isclose(f.value(x), kept.value(x), rtol=1e-12)
    assert np.allclose(f.gradient(x), kept.gradient(x), rtol=1e-10, atol=1e-12)
