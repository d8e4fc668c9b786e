"""SAM for PyTorch: a drop-in for the common two-step class, and loud about mistakes that would pass in silence.

Each step evaluates the gradient twice, at the weights ``x`` and at ``x+ = x + rho g/|g|``, on the same data::

    loss(model(inputs), targets).backward()
    optimizer.first_step(zero_grad=True)
    loss(model(inputs), targets).backward()
    optimizer.second_step(zero_grad=True)

or ``optimizer.step(closure)`` with a closure that evaluates loss and gradients and returns the loss.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

from hallucert.arguments import checked_choice, checked_flag, checked_whole
from hallucert.errors import ArgumentError, HallucertError
from hallucert.training.ascents import ASCENTS, Ascent, Weight, ascent_of, widened
from hallucert.training.descents import DESCENTS, Descent, Pair, descent_of
from hallucert.training.guard import Guard
from hallucert.training.monitor import Monitor, Sample
from hallucert.training.normalization import BATCHNORM, RunningStatistics, normalization_only

__all__ = ["ASCENTS", "DESCENTS", "SAM", "Ascent", "Descent", "Guard", "Monitor", "UsageError", "normalization_only"]


class UsageError(HallucertError, RuntimeError):
    """The optimizer is used in a way that is not SAM; without this error it would train on silently."""


class SAM(torch.optim.Optimizer):  # type: ignore[misc,unused-ignore]
    """Sharpness-aware minimization around any optimizer of PyTorch.

    Parameters
    ----------
    params : iterable of tensors, or of dicts
        As for every optimizer. A group may have its own ``rho`` and ``adaptive``, and ``perturb=False`` for weights
        that no ascent moves.
    base_optimizer : class of optimizer
        Such as ``torch.optim.SGD``; gets `base_options`.
    rho : float
        Radius of the ascent, at least 0.
    adaptive : bool
        Measure the ascent relative to the weights (ASAM).
    ascent : {"sam", "usam", "fisher", "friendly", "vasso", "esam"} or Ascent
        How ``x+`` is made.
    descent : {"sam", "gsam", "wsam", "looksam"} or Descent
        What is made of the two gradients.
    steps : int
        Ascents before each descent, of ``rho/steps`` each.
    decay_in_ascent : bool
        Whether the ascent follows the gradient of the loss with weight decay, or without (as most do).
    model : module, optional
        With `batchnorm`: the network whose running statistics are meant.
    batchnorm : {"both", "first", "second"}
        Which of the two passes updates running statistics of batch normalization: both (nothing is touched), that at
        ``x`` or that at ``x+``.
    monitor : Monitor, optional
        Records the run and says where it stands.
    guard : Guard, optional
        Lowers rho while training does not proceed. Needs the losses: those that closures return, or ``loss=`` of the
        two steps.
    check : bool
        Raise `UsageError` for what is not SAM; otherwise only what cannot go on is an error.
    base_options
        Everything else goes to the base optimizer.

    Raises
    ------
    ArgumentError
        For options that do not fit.
    UsageError
        From the steps: a step without an ascent or without a second gradient, gradients that were not evaluated anew,
        or that were added to each other.

    Notes
    -----
    Where ``g = 0``, or it is not finite, ``x+ = x``. Weights are put back exactly, by copies. Weights without a
    gradient in the first pass are not moved; without one in the second they are put back and not trained. The state of
    the optimizer is that of the base optimizer, and what the variant remembers; `count` is the number of steps,
    `ascents` of those that went up. Source: algorithm 1 of Foret et al., 2021.
    """

    param_groups: list[dict[str, Any]]

    def __init__(
        self,
        params: Iterable[Any],
        base_optimizer: Callable[..., Any],
        rho: float = 0.05,
        adaptive: bool = False,
        *,
        ascent: str | Ascent = "sam",
        descent: str | Descent = "sam",
        steps: int = 1,
        decay_in_ascent: bool = False,
        model: Any = None,
        batchnorm: str = "both",
        monitor: Monitor | None = None,
        guard: Guard | None = None,
        check: bool = True,
        **base_options: Any,
    ) -> None:
        if not callable(base_optimizer):
            raise ArgumentError("base_optimizer", base_optimizer, "be a class of optimizers, such as torch.optim.SGD")
        self.ascent, self.descent = ascent_of(ascent), descent_of(descent)
        self.steps = checked_whole(steps, 1, "steps", 1000)
        self.decay_in_ascent = checked_flag(decay_in_ascent, "decay_in_ascent")
        self.check = checked_flag(check, "check")
        self.batchnorm = RunningStatistics(model, checked_choice(batchnorm, BATCHNORM, "batchnorm"))
        self.monitor, self.guard = monitor, guard
        defaults = {"rho": rho, "adaptive": checked_flag(adaptive, "adaptive"), "perturb": True, **base_options}
        super().__init__(params, defaults)
        for group in self.param_groups:
            _checked_rho(group["rho"])
        self.base_optimizer = base_optimizer(self.param_groups, **base_options)
        self.param_groups = self.base_optimizer.param_groups
        self.state = self.base_optimizer.state
        self.memory: dict[Any, dict[str, torch.Tensor]] = {}
        self.count = 0
        self._kept: dict[Any, torch.Tensor] = {}
        self._first: dict[Any, torch.Tensor] = {}
        self._losses: list[Any] = [None, None]
        self._ascents = 0
        self.ascents = 0
        self._seen: dict[Any, tuple[Any, int]] = {}
        self._sample: Sample | None = None

    def __repr__(self) -> str:
        group = self.param_groups[0]
        names = f"{self.ascent.name} ascent, {self.descent.name} descent" * (self.ascent.name != self.descent.name)
        return f"<SAM of {type(self.base_optimizer).__name__}, rho = {group['rho']}{', ' * bool(names)}{names}>"

    @property
    def perturbed(self) -> bool:
        """Whether the weights are at ``x+``."""
        return self._ascents > 0

    @property
    def factor(self) -> float:
        """What rho is multiplied by: 1, or less while a guard is at work."""
        return 1.0 if self.guard is None else self.guard.factor

    # ------------------------------------------------------------------ the two steps

    @torch.no_grad()
    def first_step(self, zero_grad: bool = False, loss: Any = None, scaler: Any = None) -> None:
        """Go from ``x`` to ``x+``, along the gradients that the weights have.

        Parameters
        ----------
        zero_grad : bool
            Forget the gradients then, as the second pass needs it.
        loss : scalar tensor or float, optional
            ``f(x)``, for monitor and guard.
        scaler : torch.amp.GradScaler, optional
            If the loss was scaled: only the direction matters for most variants, the size is put right for all.
        """
        if self._ascents >= self.steps:
            raise UsageError("first_step was called again before second_step: the weights are at x+ already")
        weights = self._weights(1.0 if scaler is None else 1.0 / scaler.get_scale())
        if not weights and self.check:
            raise UsageError("no weight has a gradient: call backward() before first_step")
        self._require_fresh("first_step")
        if self._ascents == 0:
            self._kept = {w.tensor: w.tensor.detach().clone() for w in weights}
            self._losses[0] = loss
            self._sample = None if self.monitor is None else self.monitor.begin(self.count)
            if self._sample is not None or self.descent.needs_first:
                self._first = {w.tensor: w.gradient.detach().clone() for w in weights}
        for w in weights:
            if w.tensor not in self._kept:
                self._kept[w.tensor] = w.tensor.detach().clone()
        self._ascents += 1
        self._ascend([w for w in weights if w.options.get("perturb", True)])
        self.batchnorm.enter_second()
        self._note()
        if zero_grad:
            self.zero_grad()

    def _ascend(self, weights: list[Weight]) -> None:
        if not weights or not self.descent.ascends(self.count):
            return
        self.ascents += any(w.options["rho"] * self.factor > 0 for w in weights)
        directions, size = self.ascent.directions(weights)
        usable = (size > 0) & torch.isfinite(size)
        for w, direction in zip(weights, directions, strict=True):
            scale = torch.where(usable, w.options["rho"] * self.factor / self.steps / size, torch.zeros_like(size))
            w.tensor.add_((direction * scale.to(direction)).to(w.tensor.dtype))

    @torch.no_grad()
    def second_step(self, zero_grad: bool = False, loss: Any = None, scaler: Any = None) -> None:
        """Go back to ``x`` exactly, and let the base optimizer step along the gradients that the weights have.

        Parameters
        ----------
        zero_grad : bool
            Forget the gradients then.
        loss : scalar tensor or float, optional
            ``f(x+)``, for monitor and guard.
        scaler : torch.amp.GradScaler, optional
            Gradients that are not finite then skip the step, and the weights are at ``x``. Call its `update` yourself.
        """
        if not self.perturbed:
            raise UsageError("second_step without first_step: this would be a step of the base optimizer alone")
        if loss is not None:
            self._losses[1] = loss
        self.restore()
        if self.check:
            self._require_second()
        if scaler is not None:
            scaler.step(self)
        else:
            self._descend()
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def restore(self) -> None:
        """Put the weights back to ``x``, without a step."""
        for tensor, kept in self._kept.items():
            tensor.copy_(kept)
        self._ascents = 0
        self.batchnorm.leave_second()

    def _descend(self) -> None:
        pairs = [
            Pair(self._first.get(p), p.grad, self.memory.setdefault(p, {}))
            for group in self.param_groups
            for p in group["params"]
            if p.grad is not None
        ]
        if self._sample is not None and self.monitor is not None:
            _measure(self._sample, self._first, pairs, [w["rho"] * self.factor for w in self.param_groups])
        if self.descent.ascends(self.count):
            self.descent.combine(pairs)
        else:
            self.descent.replace(pairs)
        self.base_optimizer.step()
        self._opt_called = True  # what schedulers of learning rates ask for
        if self.monitor is not None:
            self._report(self.monitor)
        if self.guard is not None and self._losses[1] is not None:
            self.guard.update(float(self._losses[0]) if self._losses[0] is not None else None, float(self._losses[1]))
        self.count += 1
        self._kept, self._first, self._losses = {}, {}, [None, None]
        self._note()

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None, scaler: Any = None) -> Any:  # type: ignore[override,unused-ignore]
        """Do both steps.

        Parameters
        ----------
        closure : callable
            Evaluates loss and gradients and returns the loss. If the weights have new gradients, as after a
            ``backward()``, these are those of the first pass; otherwise the closure is called for them, too. With
            several micro-batches it adds up the gradients of all of them, so both passes see the same ones.
        scaler : torch.amp.GradScaler, optional
            See `first_step`.

        Returns
        -------
        loss
            ``f(x)`` if the closure was called for it, otherwise ``f(x+)``.
        """
        if closure is None:
            if self.perturbed:
                self.restore()
                if self.check:
                    self._require_second()
            elif not self._kept:
                raise UsageError("step() without a closure is no SAM: give one, or call first_step and second_step")
            self._descend()
            return None
        evaluate = torch.enable_grad()(closure)
        loss = None
        for _ in range(self.steps):
            if not self._fresh():
                self.zero_grad()
                loss = evaluate()
            self.first_step(zero_grad=True, loss=_detached(loss), scaler=scaler)
        second = evaluate()
        self.second_step(loss=_detached(second), scaler=scaler)
        return second if loss is None else loss

    # ------------------------------------------------------------------ what is checked

    def _weights(self, unscale: float) -> list[Weight]:
        found = []
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p.grad.is_sparse:
                    raise ArgumentError("params", "<a weight with sparse gradients>", "have dense gradients")
                gradient = p.grad if unscale == 1.0 else widened(p.grad) * unscale
                if self.decay_in_ascent and group.get("weight_decay"):
                    gradient = gradient + group["weight_decay"] * p
                found.append(Weight(p, gradient, group, self.memory.setdefault(p, {})))
        return found

    def _gradients(self) -> Iterator[tuple[Any, Any]]:
        return ((p, p.grad) for group in self.param_groups for p in group["params"] if p.grad is not None)

    def _note(self) -> None:
        """Remember which gradients have been used."""
        self._seen = {p: (weakref.ref(g), g._version) for p, g in self._gradients()}

    def _fresh(self) -> bool:
        """Whether there are gradients that have not been used."""
        return any(self._age(p, g) != 0 for p, g in self._gradients())

    def _age(self, p: Any, g: Any) -> int | None:
        """Return how often a gradient was changed since it was used; None for one that is new."""
        reference, version = self._seen.get(p, (None, 0))
        return g._version - version if reference is not None and reference() is g else None

    def _require_fresh(self, what: str) -> None:
        if self.check and self._seen and any(True for _ in self._gradients()) and not self._fresh():
            raise UsageError(f"{what} got the gradients of the step before: evaluate loss and gradients anew")

    def _require_second(self) -> None:
        gradients = list(self._gradients())
        if not gradients:
            raise UsageError(
                "no weight has a gradient at x+: the closure must be evaluated twice in a step. Trainers that evaluate "
                "it once, such as automatic optimization, train without SAM: use their manual optimization"
            )
        if not self._fresh():
            raise UsageError("the gradients were not evaluated again at x+: call backward() between the two steps")
        if all(self._age(p, g) == 1 for p, g in gradients):
            raise UsageError("the gradients at x+ were added to those at x: use first_step(zero_grad=True)")

    # ------------------------------------------------------------------ what is told and kept

    def _report(self, monitor: Monitor) -> None:
        losses = [None if loss is None else float(loss) for loss in self._losses]
        moved = None
        if self._sample is not None:
            moved = {p: (p.detach() - kept) for p, kept in self._kept.items()}
        monitor.record(self.count, losses[0], losses[1], self._sample, moved)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the base optimizer, and under ``"sam"`` what the variant and the guard remember."""
        if self.perturbed:
            raise UsageError("a checkpoint between first_step and second_step would hold the weights at x+")
        state: dict[str, Any] = self.base_optimizer.state_dict()
        numbers = {p: i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        state["sam"] = {
            "count": self.count,
            "memory": {numbers[p]: dict(kept) for p, kept in self.memory.items() if kept},
            "guard": None if self.guard is None else self.guard.state_dict(),
        }
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned; a state of the base optimizer alone will do."""
        extra = state_dict.get("sam") or {}
        self.base_optimizer.load_state_dict({k: v for k, v in state_dict.items() if k != "sam"})
        self.param_groups, self.state = self.base_optimizer.param_groups, self.base_optimizer.state
        weights = [p for group in self.param_groups for p in group["params"]]
        self.count = int(extra.get("count", 0))
        self.memory = {
            weights[i]: {name: value.to(weights[i].device) for name, value in kept.items()}
            for i, kept in extra.get("memory", {}).items()
        }
        if self.guard is not None and extra.get("guard") is not None:
            self.guard.load_state_dict(extra["guard"])


def _measure(sample: Sample, first: dict[Any, Any], pairs: list[Pair], radii: list[float]) -> None:
    """Fill in norms and the cosine of the two gradients."""
    both = [(first_, pair.second) for pair in pairs if (first_ := pair.first) is not None]
    sample.gradients = first
    sample.norm = sum((widened(g).square().sum() for g in first.values()), torch.zeros(())).sqrt()
    sample.norm_plus = sum((widened(p.second).square().sum() for p in pairs), torch.zeros(())).sqrt()
    sample.product = sum(((widened(a) * widened(b)).sum() for a, b in both), torch.zeros(()))
    sample.rho = max(radii)


def _detached(loss: Any) -> Any:
    return loss.detach() if isinstance(loss, torch.Tensor) else loss


def _checked_rho(rho: Any) -> None:
    if isinstance(rho, bool) or not isinstance(rho, int | float) or not 0 <= rho < float("inf"):
        raise ArgumentError("rho", rho, "be a number of at least 0")
