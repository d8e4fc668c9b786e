"""A script that trains with the common two-step class works after its import is changed, with the same weights."""

from __future__ import annotations

import runpy
import sys
import types
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from hallucert.training.torch import SAM  # noqa: E402

pytestmark = pytest.mark.frameworks
SCRIPT = Path(__file__).parent / "script.py"


class Usual(torch.optim.Optimizer):
    """The two-step class as it is used everywhere, written from its interface: the oracle."""

    def __init__(self, params, base_optimizer, rho=0.05, adaptive=False, **options):
        super().__init__(params, {"rho": rho, "adaptive": adaptive, **options})
        self.base_optimizer = base_optimizer(self.param_groups, **options)
        self.param_groups = self.base_optimizer.param_groups
        self.kept = {}

    def weights(self):
        return [(p, group) for group in self.param_groups for p in group["params"] if p.grad is not None]

    @torch.no_grad()
    def first_step(self, zero_grad=False):
        sizes = [((p.abs() if group["adaptive"] else 1.0) * p.grad).norm(p=2) for p, group in self.weights()]
        norm = torch.stack(sizes).norm(p=2)
        for p, group in self.weights():
            self.kept[p] = p.clone()
            p.add_((p.square() if group["adaptive"] else 1.0) * p.grad * (group["rho"] / (norm + 1e-12)).to(p))
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def second_step(self, zero_grad=False):
        for p, _ in self.weights():
            p.copy_(self.kept[p])
        self.base_optimizer.step()
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def step(self, closure=None):
        closure = torch.enable_grad()(closure)
        self.first_step(zero_grad=True)
        closure()
        self.second_step()


@pytest.mark.parametrize("base", ["SGD", "AdamW"])
@pytest.mark.parametrize("style", ["two steps", "closure"])
def test_the_script_ends_at_the_same_weights_bit_for_bit(base, style, monkeypatch):
    """Groups, a frozen layer, batch norm, dropout, a loader, augmentation, a schedule, clipping; both interfaces."""
    ends = []
    for kind in (SAM, Usual):
        module = types.ModuleType("sam")
        module.SAM = kind
        monkeypatch.setitem(sys.modules, "sam", module)
        names = runpy.run_path(str(SCRIPT), {"ASKED": {"base": base, "style": style}})
        assert names["accuracy"] > 0.7
        ends.append(names["model"].state_dict().values())
    assert len(SCRIPT.read_text().splitlines()) <= 60
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))
