"""SAMPa for PyTorch: the gradient that the ascent follows is taken ahead of ``x``, so that both can run in parallel.

With ``g_y`` the gradient at ``y`` and ``g~`` that at ``x~``, of the batch of the step before, a step is

    y <- x - eta g_y,    x <- x - eta ((1 - lambda) g~ + lambda g(y)),    x~ <- x + rho g(y)/|g(y)|

and evaluates ``g(y)`` and then ``g(x~)`` on its own batch. Source: Xie, Pethick and Cevher, 2024, and their program,
whose steps these are; there ``x~`` comes first in a step, on the batch of the step before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from hallucert.errors import ArgumentError, require
from hallucert.training import gradients
from hallucert.training.descents import Pair
from hallucert.training.gradients import Loss, Scaler, UsageError, detached, real_view
from hallucert.training.guard import State, real
from hallucert.training.torch import SAM

TWO_STEPS = "SAMPa evaluates its gradients elsewhere than at x and x+: give a closure to step"


class SAMPa(SAM):
    """SAM with the ascent along the gradient at a point ahead; `step` with a closure is the only way to take steps.

    Fixed points have ``(1 - lambda) g(x~) + lambda g(y) = 0`` with ``y = x - eta g(y)``; for ``lambda = 0`` these are
    hallucinated points.

    Parameters
    ----------
    params, base_optimizer, rho, adaptive
        As for `hallucert.training.torch.SAM`. Each group has a learning rate ``lr``; where the base optimizer has a
        ``momentum_buffer``, the point ahead is where its momentum leads, too.
    mix : float
        ``lambda``, in [0, 1): the part of ``g(y)`` in the descent.
    options
        Of `SAM`, but for `descent`, `steps` and `batchnorm`.

    Raises
    ------
    UsageError
        From `first_step` and `second_step`, from `step` without a closure or with a scaler.
    """

    mix: float

    def __init__(
        self,
        params: Iterable[Any],
        base_optimizer: Callable[..., Any],
        rho: float = 0.05,
        adaptive: bool = False,
        *,
        mix: float = 0.2,
        **options: Any,
    ) -> None:
        require(real(mix) and 0 <= mix < 1, "mix", mix, "lie in [0, 1)")
        for name in ("descent", "steps", "batchnorm"):
            if name in options:
                raise ArgumentError(name, options[name], "be left out: SAMPa has its own")
        self.mix = float(mix)
        super().__init__(params, base_optimizer, rho, adaptive, **options)
        if any("lr" not in group for group in self.param_groups):
            raise ArgumentError("base_optimizer", base_optimizer, "have a learning rate, lr")

    def __getstate__(self) -> State:
        return super().__getstate__() | {"mix": self.mix}

    def first_step(self, zero_grad: bool = False, loss: Loss = None, scaler: Scaler = None) -> None:
        """Refuse: see `step`."""
        raise UsageError(TWO_STEPS)

    def second_step(self, zero_grad: bool = False, loss: Loss = None, scaler: Scaler = None) -> None:
        """Refuse: see `step`."""
        raise UsageError(TWO_STEPS)

    @torch.no_grad()
    def step(self, closure: Callable[[], Loss] | None = None, scaler: Scaler = None) -> Loss:  # type: ignore[override,unused-ignore]
        """Do a step; the closure evaluates loss and gradients, and is called at ``y`` and at ``x~``.

        Returns
        -------
        loss
            At ``y``, which is near ``x``.
        """
        if closure is None or scaler is not None:
            raise UsageError(TWO_STEPS + ", without a scaler" * (scaler is not None))
        evaluate = torch.enable_grad()(closure)
        everything = [p for group in self.param_groups for p in group["params"]]
        self._kept = {p: p.detach().clone() for p in everything}
        before = self._kept
        try:
            self._look_ahead()
            self._losses[0] = loss = self._evaluated(evaluate)
            self._inputs.turn()
            self._put_back()
            ahead = {p: g.detach().clone() for p, g in self._gradients()}
            self._sample = None if self.monitor is None else self.monitor.begin(self.count)
            self._mix()
            measured = self._curvature()
            self.base_optimizer.step()
            self._kept = {p: p.detach().clone() for p in everything}
            for p, g in ahead.items():
                p.grad = g
            weights = gradients.weights_of(self.param_groups, self.memory)
            self._ascend([w for w in weights if w.options.get("perturb", True)])
            self._losses[1] = self._evaluated(evaluate)
            self._inputs.require_same()
            self._require_losses()
        except BaseException:
            for kept in self.memory.values():  # they belong to a step that is not done: begin anew
                kept.pop("ahead", None), kept.pop("shifted", None)
            self._put_back()
            self._forget()
            raise
        self._put_back()
        for p, g in self._gradients():
            self.memory.setdefault(p, {})["shifted"] = g.detach().clone()
        for p, g in ahead.items():
            self.memory.setdefault(p, {})["ahead"] = g.clone()
        self._measure(ahead)
        self._kept = before
        self._finish(measured)
        self._forget()
        self.zero_grad()
        return loss

    def _evaluated(self, evaluate: Callable[[], Loss]) -> Loss:
        """Call the closure with no gradients left, and return the loss."""
        self.zero_grad()
        loss = detached(evaluate())
        if self.check and not any(True for _ in self._gradients()):
            raise UsageError("the closure left no gradient: it has to call backward()")
        return loss

    def _look_ahead(self) -> None:
        """Go to ``y``: where the last gradient there leads from ``x``, with the momentum of the base optimizer."""
        for group in self.param_groups:
            for p in group["params"]:
                move = self.memory.get(p, {}).get("ahead")
                if move is None:
                    continue
                buffer = self.state[p].get("momentum_buffer") if p in self.state else None
                if buffer is not None:
                    move = move + group.get("weight_decay", 0) * p + group["momentum"] * buffer
                p.add_((-group["lr"] * move).to(p.dtype))

    def _mix(self) -> None:
        """Make of the gradients at ``y`` what the base optimizer follows; in the first step they are that."""
        for p, g in list(self._gradients()):
            shifted = self.memory.get(p, {}).get("shifted")
            if shifted is not None:
                p.grad = (1 - self.mix) * shifted + self.mix * g

    def _measure(self, ahead: dict[torch.Tensor, torch.Tensor]) -> None:
        """Fill in what the monitor samples."""
        if self._sample is not None:
            first = {p: real_view(g) for p, g in ahead.items()}
            pairs = [Pair(first.get(p), real_view(g), {}) for p, g in self._gradients()]
            gradients.measure(self._sample, first, pairs, [w["rho"] * self.factor for w in self.param_groups])
