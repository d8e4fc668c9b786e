"""Arenas of the study in which PyTorch trains with mini-batches: methods, one run, and all runs, kept and spread."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from hallucert import __version__
from hallucert.clock import Progress, working
from hallucert.errors import MissingPackageError
from hallucert.exact import exact_radius
from hallucert.files import Checkpoint
from hallucert.processes import in_order, jobs_of
from hallucert.tools.study_data import SPLIT_SEED, images_of, split
from hallucert.training.guard import Guard, Schedule
from hallucert.training.monitor import standing_of

METHODS: dict[str, Callable[[int], Guard | None]] = {
    "SGD": lambda steps: None,
    "SAM": lambda steps: None,
    "switching": lambda steps: Schedule.warm_start(steps, 0.1),
    "switching 30%": lambda steps: Schedule.warm_start(steps, 0.3),
    "decay": Schedule.decay,
    "late": lambda steps: Schedule.late(steps, 0.3),
    "ramp": Schedule.ramp,
    "guard": lambda steps: Guard(),
}
"""What multiplies rho in a run of so many steps; SGD has the radius 0."""

NETWORK_TITLES = {
    "tanh": "tanh",
    "gelu": "GELU and LayerNorm",
    "silu": "SiLU and BatchNorm",
    "residual": "residual convolutions with BatchNorm",
    "attention": "attention",
}
"""The networks of `study_networks`, in words."""

OBSERVATIONS = 10
"""Rows of the curves."""
SAMPLED = 10
"""Every so many steps the monitor looks at vectors."""
TENTH = 10
"""The monitor is asked where a run stands when a tenth of it is over; losses until then are kept."""
COURSE = 700
"""Steps of the losses by which the rule of a guard is known: they fall and rise twice."""
DIGITS = 6
"""Of numbers in a record."""

Run = dict[str, Any]
"""What is kept of a run, as plain data: numbers at its end, standings, and the curves."""


@dataclass(frozen=True)
class TrainingArena:
    """A network of `study_networks` that is trained on some of the images, with all methods in `arms`.

    Images are moved by up to `shift` pixels at random whenever they are drawn. The learning rate falls from `step_size`
    to 0 along a cosine.
    """

    name: str
    title: str
    network: str
    images: str
    train: int
    shift: int
    steps: int
    arms: tuple[str, ...]
    radii: tuple[str, ...]
    batch: int = 32
    step_size: str = "0.05"
    momentum: float = 0.9
    weight_decay: float = 5e-4

    def runs(self, seeds: int, radii: Sequence[str]) -> list[tuple[str, str, int]]:
        """Return radius, arm and seed of every run, in the order of the table; SGD has no radius."""
        plain = [("0", "SGD", seed) for seed in range(seeds) if "SGD" in self.arms]
        return plain + [(rho, arm, s) for rho in radii for arm in self.arms if arm != "SGD" for s in range(seeds)]


def require_torch() -> None:
    """Raise `MissingPackageError` where PyTorch is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        raise MissingPackageError("networks are trained with PyTorch", "torch") from None


@lru_cache(maxsize=2)
def _data(images: str, train: int, shift: int) -> tuple[Any, Any, Any, Any]:
    """Return training images with a margin (n, side + 2 shift, side + 2 shift), labels, and the held-out ones."""
    import torch

    inputs, labels = images_of(images)
    side = math.isqrt(inputs.shape[1])
    x, y = torch.tensor(inputs, dtype=torch.float32).reshape(-1, side, side), torch.tensor(labels, dtype=torch.long)
    own, other = split(len(labels), train)
    return torch.nn.functional.pad(x[own], (shift,) * 4), y[own], x[other], y[other]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let PyTorch use one thread: runs are spread over processes, and their sums do not depend on the machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def train(arena: TrainingArena, runs: Sequence[tuple[str, str, int]]) -> list[Run]:
    """Train side by side for the given radii, arms and seeds; return what is kept of each run.

    The seed decides about the weights at the start and the batches.
    """
    import torch

    from hallucert.tools.study_lanes import Lanes, Record, cosine
    from hallucert.tools.study_networks import NETWORKS

    padded, labels, held_out, answers = _data(arena.images, arena.train, arena.shift)
    side, seeds = held_out.shape[1], sorted({seed for _, _, seed in runs})
    lane_seeds, radii = [seeds.index(seed) for _, _, seed in runs], torch.tensor([_radius(rho) for rho, _, _ in runs])
    with _one_thread(), torch.random.fork_rng(devices=[]):
        lanes = Lanes(
            [_network(NETWORKS[arena.network], side, seed) for _, _, seed in runs], arena.momentum, arena.weight_decay
        )
        kept = Record([METHODS[arm](arena.steps) for _, arm, _ in runs], SAMPLED)
        draws = [torch.Generator().manual_seed(seed) for seed in seeds]
        for step in range(arena.steps):
            drawn = [_batch(padded, arena, draw) for draw in draws]
            inputs, chosen = (torch.stack(parts)[lane_seeds] for parts in zip(*drawn, strict=True))
            rho = radii * torch.tensor(kept.factor())
            rate = cosine(float(arena.step_size), step, arena.steps)
            kept.take(step, lanes.step(inputs, labels[chosen], rho, rate), lanes.velocity, rate)
            if (step + 1) * OBSERVATIONS // arena.steps > step * OBSERVATIONS // arena.steps:
                for lane, right in enumerate(lanes.accuracy(held_out, answers)):
                    kept.accuracies[lane].append(right)
    return [_run(kept, lane, arena.steps, _radius(rho) > 0) for lane, (rho, _, _) in enumerate(runs)]


def _radius(rho: str) -> float:
    """Return the number that a radius of the table is; that of SGD is 0."""
    return 0.0 if rho == "0" else float(exact_radius(rho))


def _network(kind: Callable[[int], Any], side: int, seed: int) -> Any:
    import torch

    torch.manual_seed(seed)
    return kind(side)


def _batch(padded: Any, arena: TrainingArena, draw: Any) -> tuple[Any, Any]:
    """Return images of a batch (n, side, side), each moved at random, and their places (n,)."""
    import torch

    side = padded.shape[1] - 2 * arena.shift
    chosen = torch.randint(len(padded), (arena.batch,), generator=draw)
    corner = torch.randint(2 * arena.shift + 1, (2, arena.batch, 1), generator=draw)
    rows, columns = corner + torch.arange(side)
    return padded[chosen[:, None, None], rows[:, :, None], columns[:, None, :]], chosen


def _run(kept: Any, lane: int, steps: int, ascends: bool) -> Run:
    """Return what is kept of a run; losses and norms are means over the steps from one observation to the next."""
    rows, columns = kept.rows[lane], kept.columns(lane)
    ends = [(k + 1) * steps // OBSERVATIONS for k in range(OBSERVATIONS)]
    spans = [slice(begin, end) for begin, end in zip([0, *ends], ends, strict=False)]
    names = {"value": "f", "sam_value": "f_plus", "gradient_norm": "norm", "shifted_gradient_norm": "norm_plus"}
    curves = {name: [_mean(columns[source][span]) for span in spans] for name, source in names.items()}
    curves["accuracy"] = [_rounded(right) for right in kept.accuracies[lane]]
    early = slice(steps // TENTH)
    return {
        **{name: values[-1] for name, values in curves.items()},
        "mean_rho": _mean(columns["factor"]) if ascends else 0.0,
        "tenth": str(standing_of(rows[early])),
        "class": str(standing_of(rows)),
        "curves": {"steps": ends, **curves, "factor": [_mean(columns["factor"][span]) for span in spans]},
        "early": {name: [_rounded(value) for value in columns[name][early]] for name in ("f", "f_plus")},
    }


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return _rounded(float(known.mean())) if known.size else math.nan


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


# ---------------------------------------------------------------------- all runs of an arena


def train_all(
    arena: TrainingArena, seeds: int, radii: Sequence[str], folder: Path, workers: int | None, progress: Progress
) -> list[dict[str, Any]]:
    """Train for all radii, arms and seeds, but for the runs that the folder has; return a row for each.

    `workers` is as in `hallucert.census`, but processes start at once: a task takes minutes.
    """
    images_of(arena.images)
    folder.mkdir(parents=True, exist_ok=True)
    kept = Checkpoint(folder / f"{arena.name}.json", fingerprint(arena), "run", "another network, data, or settings")
    names = {f"{arm} rho {rho} seed {seed}": (rho, arm, seed) for rho, arm, seed in arena.runs(seeds, radii)}
    todo = [name for name in names if name not in kept.entries]
    # The runs of a seed are lanes of one task: what is done first is a whole study with fewer seeds.
    tasks = [[name for name in todo if names[name][2] == seed] for seed in range(seeds)]
    tasks = [task for task in tasks if task]
    with working(progress=progress) as clock:
        done = len(names) - len(todo)
        clock.tell(f"runs of {arena.name}", done, len(names))
        work = [partial(train, arena, [names[name] for name in task]) for task in tasks]
        for task, runs in zip(tasks, in_order(work, jobs_of(workers)[0]), strict=True):
            kept.entries |= zip(task[:-1], runs[:-1], strict=True)
            kept.add(task[-1], runs[-1])
            done += len(task)
            clock.tell(f"runs of {arena.name}", done, len(names))
    ends = {name: cast(Run, kept.entries[name]) for name in names}
    return [{"seed": s, "rho": rho, "arm": arm, **ends[name]} for name, (rho, arm, s) in names.items()]


def fingerprint(arena: TrainingArena) -> str:
    """Return a digest of what determines a run, besides its radius, arm and seed."""
    settings = replace(arena, arms=(), radii=())
    methods = {arm: rule_of(method(arena.steps), arena.steps) for arm, method in METHODS.items()}
    everything = settings, methods, SPLIT_SEED, OBSERVATIONS, SAMPLED, __version__
    return hashlib.sha256(repr(everything).encode()).hexdigest()


def rule_of(guard: Guard | None, steps: int) -> list[str]:
    """Return the numbers that a guard has, and the factors that it makes of losses which fall and rise again."""
    if guard is None:
        return []
    rule = [
        f"{name} {value:.{DIGITS}g}" for name, value in sorted(vars(guard).items()) if isinstance(value, int | float)
    ]
    for step in range(steps + COURSE):
        loss = 1.5 + 0.5 * math.cos(step / 50)
        guard.update(loss, loss)
        rule.append(f"{guard.factor:.{DIGITS}g}")
    return rule
