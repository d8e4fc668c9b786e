"""SAM for PyTorch: a drop-in for the common two-step class, and loud about mistakes that would pass in silence.

Each step evaluates the gradient twice, at the weights ``x`` and at ``x+ = x + rho g/|g|``, on the same data::

    loss(model(inputs), targets).backward()
    optimizer.first_step(zero_grad=True)
    loss(model(inputs), targets).backward()
    optimizer.second_step(zero_grad=True)

or ``optimizer.step(closure)`` with a closure that evaluates loss and gradients and returns the loss.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch

from hallucert.arguments import checked_whole
from hallucert.errors import ArgumentError, require
from hallucert.settings import checked_choice, checked_flag
from hallucert.training import gradients, state
from hallucert.training.ascents import ASCENTS, Ascent, Memory, Weight, ascent_of, widened
from hallucert.training.descents import DESCENTS, Descent, Pair, descent_of
from hallucert.training.gradients import Inputs, Loss, Scaler, Seen, UsageError, detached, real_view
from hallucert.training.guard import Guard, State
from hallucert.training.monitor import Monitor, Sample
from hallucert.training.normalization import BATCHNORM, RunningStatistics, normalization_only

__all__ = ["ASCENTS", "DESCENTS", "SAM", "Ascent", "Descent", "Guard", "Monitor", "UsageError", "normalization_only"]


KEPT = ("ascent", "descent", "steps", "decay_in_ascent", "check", "batchnorm", "monitor", "guard", "base_optimizer")
"""What a copy of the optimizer takes over, besides what every optimizer has, and what is counted."""


class SAM(torch.optim.Optimizer):  # type: ignore[misc,unused-ignore]
    """Sharpness-aware minimization around any optimizer of PyTorch.

    Parameters
    ----------
    params : iterable of tensors, or of dicts
        As for every optimizer. A group may have its own ``rho`` and ``adaptive``, and ``perturb=False`` for weights
        that no ascent moves.
    base_optimizer : class of optimizer
        Such as ``torch.optim.SGD``; gets `base_options`. It must step without a closure (not L-BFGS), and minimize.
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
        The network: that both passes give it the same inputs is then checked, and it is that of `batchnorm`.
    batchnorm : {"both", "first", "second"}
        Which of the two passes updates running statistics of batch normalization: both (nothing is touched), that at
        ``x`` or that at ``x+``.
    monitor : Monitor, optional
        Records the run and says where it stands.
    guard : Guard, optional
        Lowers rho while training does not proceed. Needs the losses, if it is no schedule: those that closures return,
        or ``loss=`` of the two steps.
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
        or that were added to each other; with a guard, without the loss.

    Notes
    -----
    Where ``g = 0``, or it is not finite, ``x+ = x``. Weights are put back exactly, by copies, also where a closure
    raises. A complex weight counts as its two parts. Weights without a gradient in the first pass are not moved;
    without one in the second they are put back and not trained. The state is the base optimizer's and what the variant
    remembers; `count` is the number of steps, `ascents` of those that went up. Source: Foret et al., 2021, algorithm 1.
    """

    param_groups: list[State]

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
        model: torch.nn.Module | None = None,
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
        self._inputs = Inputs(model if self.check else None)
        require(monitor is None or isinstance(monitor, Monitor), "monitor", monitor, "be a Monitor, or left out")
        require(guard is None or isinstance(guard, Guard), "guard", guard, "be a Guard or a Schedule, or left out")
        self.monitor, self.guard = monitor, guard
        defaults = {"rho": rho, "adaptive": checked_flag(adaptive, "adaptive"), "perturb": True, **base_options}
        super().__init__(params, defaults)
        base = base_optimizer(self.param_groups, **base_options)
        asked = inspect.signature(base.step).parameters.get("closure")
        if asked is not None and asked.default is inspect.Parameter.empty:
            raise ArgumentError("base_optimizer", type(base).__name__, "step without a closure: SAM has the gradient")
        self.base_optimizer, self.defaults = base, {**base.defaults, **defaults}  # schedulers look there
        self.param_groups = self.base_optimizer.param_groups
        self.state = self.base_optimizer.state
        self.memory: dict[torch.Tensor, Memory] = {}
        self.count, self.ascents = 0, 0
        self._begin()

    def _begin(self) -> None:
        """Be between two steps, with all gradients new."""
        self._ascents, self._seen = 0, Seen(self._gradients)
        self._forget()

    def _forget(self) -> None:
        """Drop what is needed within a step alone."""
        self._kept: dict[torch.Tensor, torch.Tensor] = {}
        self._first: dict[torch.Tensor, torch.Tensor] = {}
        self._losses: list[Loss] = [None, None]
        self._sample: Sample | None = None
        self._inputs.forget()

    def __getstate__(self) -> State:
        """For copies and pickles, which are made between two steps."""
        self._require_between()
        return super().__getstate__() | {name: self.__dict__[name] for name in (*KEPT, "memory", "count", "ascents")}

    def __setstate__(self, state: State) -> None:
        super().__setstate__(state)
        self._inputs = Inputs(None)
        self._begin()

    def add_param_group(self, param_group: State) -> None:
        """Add weights, with options of their own, also during training; see `torch.optim.Optimizer`."""
        if isinstance(param_group, dict):
            param_group = {**self.defaults, **param_group}
            gradients.checked_group(param_group)
        if "base_optimizer" in self.__dict__:
            self.base_optimizer.add_param_group(param_group)
        else:
            super().add_param_group(param_group)

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
    def first_step(self, zero_grad: bool = False, loss: Loss = None, scaler: Scaler = None) -> None:
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
            raise UsageError(
                "first_step was called again before second_step: the weights are at x+ already; after an interrupted "
                "step, restore() puts them back"
            )
        unscale = gradients.part_of_scale(scaler, self)
        weights = gradients.weights_of(self.param_groups, self.memory, unscale)
        if not weights and self.check:
            raise UsageError("no weight has a gradient: call backward() before first_step")
        if self.check:
            self._seen.require_first()
        with_gradient = [p for p, _ in self._gradients()]
        if self._ascents == 0:
            self._kept = {p: p.detach().clone() for p in with_gradient}
            self._losses[0] = loss
            self._sample = None if self.monitor is None else self.monitor.begin(self.count)
            if self._sample is not None or self.descent.needs_first:
                self._first = {p: w.gradient.detach().clone() for p, w in zip(with_gradient, weights, strict=True)}
        for p in with_gradient:
            if p not in self._kept:
                self._kept[p] = p.detach().clone()
        self._ascents += 1
        self._inputs.turn()
        self._ascend([w for w in weights if w.options.get("perturb", True)])
        self.batchnorm.enter_second()
        self._seen.note()
        if zero_grad:
            self.zero_grad()

    def _ascend(self, weights: list[Weight]) -> None:
        if not weights or not self.descent.ascends(self.count):
            return
        self.ascents += (rises := any(w.options["rho"] * self.factor > 0 for w in weights))
        directions, size = self.ascent.directions(gradients.decayed(weights) if self.decay_in_ascent else weights)
        watch = self.check and rises and self.ascents == 1
        gradients.climb(weights, directions, size, self.factor / self.steps, watch)
        torch.clear_autocast_cache()  # it holds the weights at x

    @torch.no_grad()
    def second_step(self, zero_grad: bool = False, loss: Loss = None, scaler: Scaler = None) -> None:
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
        self._put_back()
        try:
            if self.check:
                self._seen.require_second(self._kept)
                self._inputs.require_same()
            if scaler is not None:
                scaler.step(self)
            else:
                self._descend()
        finally:
            self._forget()
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def restore(self) -> None:
        """Put the weights back to ``x``, without a step, and forget the first pass."""
        self._put_back()
        self._forget()

    def take_loss_plus(self, loss: Loss) -> None:
        """Take ``f(x+)``, for monitor and guard, before a `step` without a closure."""
        self._losses[1] = loss

    def _put_back(self) -> None:
        for tensor, kept in self._kept.items():
            tensor.copy_(kept)
        torch.clear_autocast_cache()  # it holds the weights at x+
        self._ascents = 0
        self.batchnorm.leave_second()

    def _descend(self) -> None:
        self._require_losses()
        pairs = [Pair(self._first.get(p), real_view(g), self.memory.setdefault(p, {})) for p, g in self._gradients()]
        if self._sample is not None and self.monitor is not None:
            gradients.measure(self._sample, self._first, pairs, [w["rho"] * self.factor for w in self.param_groups])
        gradients.combine(self.descent, self.count, pairs)
        measured = self._curvature()
        self.base_optimizer.step()
        self._finish(measured)

    def _require_losses(self) -> None:
        if self.monitor is not None or self.guard is not None:
            gradients.require_losses(self._losses, self.guard if self.check else None)

    def _curvature(self) -> Mapping[str, float] | None:
        """Measure eigenvalues at ``x``, if the monitor asks for them now."""
        return None if self.monitor is None else self.monitor.curve(self.count, self.param_groups[0], self.factor)

    def _finish(self, measured: Mapping[str, float] | None) -> None:
        """Tell monitor and guard of the step, and count it."""
        self._opt_called = True  # what schedulers of learning rates ask for
        if self.monitor is not None:
            self._report(self.monitor, measured)
        if self.guard is not None and not (self.guard.needs_losses and self._losses[1] is None):
            self.guard.update(*(None if loss is None else float(loss) for loss in self._losses))
        self.count += 1
        self._seen.note()

    @torch.no_grad()
    def step(self, closure: Callable[[], Loss] | None = None, scaler: Scaler = None) -> Loss:  # type: ignore[override,unused-ignore]
        """Do both steps.

        Parameters
        ----------
        closure : callable
            Evaluates loss and gradients and returns the loss. If the weights have new gradients, as after a
            ``backward()``, these are those of the first pass; otherwise the closure is called for them, too, and only
            once in a step that has no ascent. With several micro-batches it adds up the gradients of all of them, so
            both passes see the same ones.
        scaler : torch.amp.GradScaler, optional
            See `first_step`.

        Returns
        -------
        loss
            ``f(x)`` if the closure was called for it, otherwise ``f(x+)``.
        """
        if closure is None:
            if self.perturbed:
                self.second_step()
            elif self._kept:
                self._descend()
            else:
                raise UsageError("step() without a closure is no SAM: give one, or call first_step and second_step")
            return None
        evaluate, first, second = torch.enable_grad()(closure), None, None
        try:
            for _ in range(self.steps):
                loss = None
                if not self._seen.fresh():
                    self.zero_grad()
                    loss = evaluate()
                    second = None if self._rises() else loss
                first = first if self.perturbed else loss
                self.first_step(zero_grad=second is None, loss=detached(loss), scaler=scaler)
                if second is not None:
                    self._take_as_second()
                    break
            else:
                second = evaluate()
            self.second_step(loss=detached(second), scaler=scaler)
        except BaseException:
            self.restore()
            self._seen.note()  # the gradients belong to no step
            raise
        return second if first is None else first

    def _rises(self) -> bool:
        """Whether the next step has an ascent; without one, both passes would give the same gradient."""
        moves = any(group["rho"] * self.factor > 0 for group in self.param_groups if group.get("perturb", True))
        return (moves and self.descent.ascends(self.count)) or self.batchnorm.which == "second"

    def _take_as_second(self) -> None:
        """Let the gradients of the first pass be those of the second."""
        self._seen.forget()
        self._inputs.forget()

    # ------------------------------------------------------------------ what is checked

    def _gradients(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return ((p, p.grad) for group in self.param_groups for p in group["params"] if p.grad is not None)

    def _require_between(self, why: str = "a checkpoint would hold the weights at x+") -> None:
        if self.perturbed:
            raise UsageError(f"between first_step and second_step {why}")

    # ------------------------------------------------------------------ what is told and kept

    def _report(self, monitor: Monitor, measured: Mapping[str, float] | None) -> None:
        losses = [None if loss is None else float(loss) for loss in self._losses]
        moved = None
        if self._sample is not None:
            moved = {p: real_view(widened(p.detach() - kept)) for p, kept in self._kept.items()}
        monitor.record(self.count, losses[0], losses[1], self._sample, moved, measured)

    def state_dict(self) -> State:
        """Return the state of the base optimizer, and under ``"sam"`` what variant, guard and monitor remember."""
        self._require_between()
        return state.saved(self)

    def load_state_dict(self, state_dict: State) -> None:
        """Load what `state_dict` returned; with a state of the base optimizer alone, rho stays as it is."""
        self._require_between("nothing is loaded: call restore() first, then load weights and state")
        state.load(self, state_dict)
