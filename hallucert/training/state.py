"""What a checkpoint holds of SAM in PyTorch, beside the state of the base optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hallucert.training.gradients import OPTIONS
from hallucert.training.guard import State

if TYPE_CHECKING:
    from hallucert.training.torch import SAM


def saved(optimizer: SAM) -> State:
    """Return the state of the base optimizer, and under ``"sam"`` what variant, guard and monitor remember."""
    state: State = optimizer.base_optimizer.state_dict()
    numbers = {p: i for i, p in enumerate(p for group in optimizer.param_groups for p in group["params"])}
    random, guard, monitor = optimizer.ascent.generator, optimizer.guard, optimizer.monitor
    state["sam"] = {
        "count": optimizer.count,
        "ascents": optimizer.ascents,
        "random": None if random is None else random.get_state(),
        "memory": {numbers[p]: dict(kept) for p, kept in optimizer.memory.items() if kept},
        "guard": None if guard is None else guard.state_dict(),
        "monitor": None if monitor is None else monitor.state_dict(),
    }
    return state


def load(optimizer: SAM, state: State) -> None:
    """Load what `saved` returned; with a state of the base optimizer alone, rho stays as it is."""
    extra, base = state.get("sam") or {}, optimizer.base_optimizer
    options = [{name: group[name] for name in OPTIONS} for group in optimizer.param_groups]
    base.load_state_dict({k: v for k, v in state.items() if k != "sam"})
    optimizer.param_groups, optimizer.state = base.param_groups, base.state
    for group, usual in zip(optimizer.param_groups, options, strict=True):
        group |= {name: value for name, value in usual.items() if name not in group}
    weights = [p for group in optimizer.param_groups for p in group["params"]]
    optimizer.count, optimizer.ascents = int(extra.get("count", 0)), int(extra.get("ascents", 0))
    if optimizer.ascent.generator is not None and extra.get("random") is not None:
        optimizer.ascent.generator.set_state(extra["random"].cpu())
    optimizer.memory = {
        weights[i]: {name: value.to(weights[i].device) for name, value in kept.items()}
        for i, kept in extra.get("memory", {}).items()
    }
    for part, name in ((optimizer.guard, "guard"), (optimizer.monitor, "monitor")):
        if part is not None and extra.get(name) is not None:
            part.load_state_dict(extra[name])
