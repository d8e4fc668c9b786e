"""What SAM in PyTorch needs to know of weights and gradients: their options, which are new, and their norms."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

import torch
from torch.amp.grad_scaler import OptState

from hallucert.errors import ArgumentError, HallucertError, require
from hallucert.settings import checked_flag
from hallucert.training.ascents import Memory, Tensor, Weight, norm, widened
from hallucert.training.descents import Descent, Pair, both, dot
from hallucert.training.guard import Group, Guard, State
from hallucert.training.monitor import Sample

OPTIONS = ("rho", "adaptive", "perturb")
"""What a group of weights has of SAM."""
KEPT_OF_ASCENT = 0.5
"""Part of the length of an ascent that rounding of the weights has to leave."""
Loss: TypeAlias = "Tensor | float | None"
"""A loss as training scripts have it, if they say it."""
Scaler: TypeAlias = "torch.amp.GradScaler | None"
Gradients = Callable[[], Iterator[tuple[Tensor, Tensor]]]
"""The weights that have a gradient, each with it."""
Given = tuple[Tensor, int]
"""A tensor that a network got, and how often it had been changed."""


class UsageError(HallucertError, RuntimeError):
    """The optimizer is used in a way that is not SAM; without this error it would train on silently."""


class Seen:
    """The gradients that were used last, each by a reference and by how often it had been changed.

    `gradients` returns the weights that have one now, each with it.
    """

    def __init__(self, gradients: Gradients) -> None:
        self._gradients = gradients
        self._used: dict[Tensor, tuple[weakref.ref[Tensor], int]] = {}

    def note(self) -> None:
        """Remember which gradients have been used."""
        self._used = {p: (weakref.ref(g), g._version) for p, g in self._gradients()}

    def forget(self) -> None:
        """Take all gradients as new."""
        self._used = {}

    def fresh(self) -> bool:
        """Whether there are gradients that have not been used: one that was changed once may only be zeroed."""
        ages = [(self._age(p, g), g) for p, g in self._gradients()]
        return any(age is None or age > 1 for age, _ in ages) or any(age == 1 and bool(g.any()) for age, g in ages)

    def require_first(self) -> None:
        """Refuse gradients of the step before, and those that were added to them."""
        if not self._used or not any(True for _ in self._gradients()):
            return
        if not self.fresh():
            raise UsageError("first_step got the gradients of the step before: evaluate loss and gradients anew")
        if self._added():
            raise UsageError(
                "the gradients were added to those of the step before: use second_step(zero_grad=True) or zero_grad()"
            )

    def require_second(self, first: Container[Tensor]) -> None:
        """Refuse gradients that were not evaluated at ``x+``, or of other weights, or added to those at ``x``."""
        if not any(True for _ in self._gradients()):
            raise UsageError(
                "no weight has a gradient at x+: the closure must be evaluated twice in a step. Trainers that evaluate "
                "it once, such as automatic optimization, train without SAM: use their manual optimization"
            )
        if not any(p in first for p, _ in self._gradients()):
            raise UsageError("no weight has a gradient in both passes: they must be of the same network")
        if not self.fresh():
            raise UsageError("the gradients were not evaluated again at x+: call backward() between the two steps")
        if self._added():
            raise UsageError("the gradients at x+ were added to those at x: use first_step(zero_grad=True)")

    def _added(self) -> bool:
        """Whether each was changed exactly once, as by one backward pass that was not preceded by zeroing."""
        return all(self._age(p, g) == 1 for p, g in self._gradients())

    def _age(self, p: Tensor, g: Tensor) -> int | None:
        """Return how often a gradient was changed since it was used; None for one that is new."""
        reference, before = self._used.get(p, (None, 0))
        age: int = g._version - before
        return age if reference is not None and reference() is g else None


class Inputs:
    """What a network got in the two passes of a step, wherever gradients came back; other evaluations do not count.

    Without a network nothing is seen.
    """

    def __init__(self, model: torch.nn.Module | None) -> None:
        self.forget()
        if model is None:
            return
        require(isinstance(model, torch.nn.Module), "model", model, "be a module of PyTorch")
        model.register_forward_hook(Watch(self, model), with_kwargs=True)

    def forget(self) -> None:
        """Drop what was seen."""
        self._first: list[Given] = []
        self._latest: list[Given] = []

    def note(self, given: list[Given]) -> None:
        """Remember the arguments of a pass that has come back."""
        self._latest += given

    def turn(self) -> None:
        """Begin the next pass."""
        self._first, self._latest = self._first or self._latest, []

    def require_same(self) -> None:
        """Refuse passes on different data."""
        if self._first and self._latest and not _same(self._first, self._latest):
            raise UsageError(
                "the network got other inputs at x+ than at x: both passes of a step must see the same batch, with the "
                "same augmentation, and no pass may change it in place"
            )


class Watch:
    """A hook that notes what a network gets; no copy of the network takes it along."""

    def __init__(self, inputs: Inputs, model: torch.nn.Module) -> None:
        self._inputs, self._model = weakref.ref(inputs), weakref.ref(model)

    def __getstate__(self) -> State:
        return {}

    def __setstate__(self, state: State) -> None:
        self._inputs = self._model = lambda: None  # type: ignore[assignment]

    def __call__(self, model: torch.nn.Module, arguments: object, named: object, outputs: object) -> None:
        """Note the arguments of a pass, with how often each had been changed, once its gradients come."""
        if torch.compiler.is_compiling() or not torch.is_grad_enabled() or model is not self._model():
            return
        given = [(t, t._version) for t in _tensors((arguments, named))]

        def come(gradient: Tensor) -> None:
            inputs = self._inputs()
            if inputs is not None and given:
                inputs.note(given.copy())
                given.clear()

        for output in _tensors(outputs):
            if output.requires_grad:
                output.register_hook(come)


def _tensors(given: object) -> Iterator[Tensor]:
    """Yield the tensors in nested arguments."""
    if isinstance(given, torch.Tensor):
        yield given
    elif isinstance(given, Mapping):
        yield from _tensors(list(given.values()))
    elif isinstance(given, list | tuple):
        for part in given:
            yield from _tensors(part)


def _same(first: list[Given], second: list[Given]) -> bool:
    """Whether two passes got equal tensors; of one object it is enough that it was not changed."""
    return len(first) == len(second) and all(
        version == again if a is b else a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b)
        for (a, version), (b, again) in zip(first, second, strict=True)
    )


def checked_group(group: Group) -> None:
    """Refuse a group of weights whose options are none of SAM."""
    rho = group["rho"]
    if isinstance(rho, bool) or not isinstance(rho, int | float) or not 0 <= rho < float("inf"):
        raise ArgumentError("rho", rho, "be a number of at least 0")
    checked_flag(group["adaptive"], "adaptive")
    checked_flag(group["perturb"], "perturb")
    if group.get("maximize"):
        raise ArgumentError("maximize", group["maximize"], "be False: SAM goes up where it minimizes; negate the loss")


def real_view(tensor: Tensor) -> Tensor:
    """Return a tensor itself, a complex one as real and imaginary parts, which share its memory."""
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def weights_of(groups: Sequence[Group], memory: dict[Tensor, Memory], unscale: float = 1.0) -> list[Weight]:
    """Return the weights that have a gradient, with what an ascent follows."""
    found = []
    for group in groups:
        require(0 <= group["rho"] < float("inf"), "rho", group["rho"], "be a number of at least 0")
        for p in group["params"]:
            if p.grad is None:
                continue
            require(not p.grad.is_sparse, "params", "<a weight with sparse gradients>", "have dense gradients")
            require(not _is_shard(p), "params", "<a sharded weight>", "be whole: norms would be those of a shard")
            gradient = real_view(p.grad) if unscale == 1.0 else widened(real_view(p.grad)) * unscale
            found.append(Weight(real_view(p), gradient, group, memory.setdefault(p, {})))
    return found


def _is_shard(p: Tensor) -> bool:
    """Whether this process has a part of a weight only: of FSDP, old or new, or DeepSpeed's stage 3."""
    split = any(placement.is_shard() for placement in getattr(p, "placements", ()))
    return split or hasattr(p, "_fsdp_flattened") or hasattr(p, "ds_id") or type(p).__name__ == "FlatParameter"


def decayed(weights: list[Weight]) -> list[Weight]:
    """Return weights with the gradients of the loss with weight decay."""
    return [replace(w, gradient=w.gradient + w.options.get("weight_decay", 0) * w.tensor) for w in weights]


def climb(weights: list[Weight], directions: list[Tensor], size: Tensor, part: float, watch: bool) -> None:
    """Add to each weight ``part rho / size`` of its direction; nothing where the size is 0 or not finite.

    With `watch` it is a warning if rounding takes most of it: then both passes are at ``x``.
    """
    usable = (size > 0) & torch.isfinite(size)
    asked, moved = [], []
    for w, direction in zip(weights, directions, strict=True):
        scale = torch.where(usable, w.options["rho"] * part / size, torch.zeros_like(size))
        move = torch.where(usable.to(direction.device), direction * scale.to(direction), 0.0)  # not inf * 0
        before = widened(w.tensor).clone() if watch else None
        w.tensor.add_(move.to(w.tensor.dtype))
        if before is not None:
            asked.append(move)
            moved.append(widened(w.tensor) - before)
    if watch and norm(moved) < KEPT_OF_ASCENT * norm(asked):
        warnings.warn(
            f"rounding takes most of the ascent: of its length {float(norm(asked)):.3g} the weights, in "
            f"{weights[0].tensor.dtype}, moved {float(norm(moved)):.3g}; keep them in float32, or take a larger rho",
            stacklevel=4,
        )


def part_of_scale(scaler: Scaler, optimizer: torch.optim.Optimizer) -> float:
    """Return what takes the scale of a loss away from its gradients; refuse those that have none any more."""
    if scaler is None:
        return 1.0
    require(hasattr(scaler, "get_scale"), "scaler", scaler, "be a torch.amp.GradScaler")
    known = getattr(scaler, "_per_optimizer_states", {}).get(id(optimizer), {})  # one that is switched off has none
    if known.get("stage", OptState.READY) is not OptState.READY:
        raise UsageError(
            "the gradients at x were unscaled, so those at x+ will not be: call unscale_ between the second backward "
            "pass and second_step, and update after it"
        )
    return 1.0 / scaler.get_scale()


def require_losses(losses: Sequence[Loss], guard: Guard | None) -> None:
    """Refuse losses that are not one number, and a guard without that at ``x+``."""
    for loss in losses:
        if not _is_number(loss):
            shape = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else type(loss).__name__
            raise UsageError(f"monitor and guard need the loss as one number, not {shape}: return its mean, alone")
    if guard is not None and guard.needs_losses and losses[1] is None:
        raise UsageError("the guard needs the loss at x+: return it from closures, or give loss= to second_step")


def _is_number(loss: Loss) -> bool:
    """Whether something is one number, or nothing; without waiting for its value."""
    if loss is None or isinstance(loss, torch.Tensor):
        return loss is None or loss.numel() == 1
    with suppress(TypeError, ValueError):
        return not isinstance(loss, str) and bool(float(loss) or True)
    return False


def detached(loss: Loss) -> Loss:
    """Return a loss without the graph that it came from."""
    return loss.detach() if isinstance(loss, torch.Tensor) else loss


def combine(descent: Descent, step: int, pairs: list[Pair]) -> None:
    """Make of both gradients what the base optimizer sees: where that at ``x`` is not finite, the one at ``x+``."""
    first = [widened(pair.first) for pair in pairs if pair.first is not None]
    if not descent.ascends(step):
        descent.replace(pairs)
    elif not descent.needs_first or not first or torch.isfinite(norm(first)):
        descent.combine(pairs)


def measure(sample: Sample, first: dict[Tensor, Tensor], pairs: list[Pair], radii: list[float]) -> None:
    """Fill in norms and the cosine of the two gradients."""
    first = {p: widened(g) for p, g in first.items()}
    sample.gradients, sample.rho = first, max(radii)
    if first:
        sample.norm = norm(list(first.values()))
    if pairs:
        sample.norm_plus = norm([widened(pair.second) for pair in pairs])
    known, shifted = both(pairs)
    if known:
        sample.product = dot(known, shifted)
