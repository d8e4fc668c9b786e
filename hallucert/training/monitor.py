"""What a run of SAM does, from numbers that it has anyway: a record, and where the run stands.

No pass through the network is added. Losses are recorded in every step; norms, cosines and displacements, which each
read all weights once, in two steps of every `every`.
"""

from __future__ import annotations

import csv
import io
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from statistics import fmean, variance
from typing import TYPE_CHECKING, Any

from hallucert.arguments import checked_path, checked_whole
from hallucert.errors import ArgumentError, MissingPackageError, require
from hallucert.files import replacing
from hallucert.training.guard import Group, State, lowered

if TYPE_CHECKING:
    from hallucert.training.curvature import Curvature

Vector = Mapping[Any, Any]
"""One array for each weight."""


class Standing(StrEnum):
    """Where a run stands; each member's value is how reports call it."""

    EARLY = "too early to tell"
    TRAINING = "training"
    AT_X = "stalled at x"
    AT_PLUS = "stalled at x+"
    BOUNCING = "bouncing"
    HALLUCINATED = "hallucinated"
    DIVERGED = "diverged"


MEANINGS = {
    Standing.EARLY: "not enough steps have been recorded",
    Standing.TRAINING: "the loss falls at x, or has fallen at x+",
    Standing.AT_X: "the loss at x+ stays where it began and x hardly moves, at a critical point of the loss such as a "
    "constant predictor: lower rho, ramp it up, or use a Guard",
    Standing.AT_PLUS: "x+ sits at a plateau or saddle of the loss, not a minimizer, while the gradient at x does not "
    "vanish: lower rho, ramp it up, or use a Guard",
    Standing.BOUNCING: "steps take each other back and the loss at x+ does not fall: lower the learning rate or rho",
    Standing.HALLUCINATED: "the gradient vanishes at x+ and not at x, and the loss is lower at x+: training has come "
    "to rest at what may be a hallucinated minimizer. hallucert.certify can prove it for networks that it reads",
    Standing.DIVERGED: "losses are not finite, or far above where they began",
}
STALLED = frozenset({Standing.AT_X, Standing.AT_PLUS, Standing.BOUNCING, Standing.HALLUCINATED})

LEVEL = 0.9
"""Of the loss at the start: above it at x+, nothing has been learnt."""
FALLING, ERRORS = 0.01, 3.0
"""Where a run trains the loss at x falls from half to half of the window: by this part, and so many standard errors."""
FAR = 10.0
BELOW, ABOVE = 0.3, 3.0
"""Quotients ``|g|/|g+|`` that tell which of the two points is critical."""
VANISHING = 0.05
"""Of the gradient at x: that at x+ vanishes."""
RETURNING = 0.5
"""Two steps together are shorter than this part of one: they take each other back."""
WINDOW = 40
"""Steps that are looked at, and recorded before anything is said."""


@dataclass
class Sample:
    """What the optimizer measures in a step that is sampled; arrays of any framework with numpy's operators."""

    gradients: Vector = field(default_factory=dict)
    norm: Any = math.nan
    norm_plus: Any = math.nan
    product: Any = math.nan
    rho: float = math.nan


@dataclass(frozen=True)
class Row:
    """One step: losses at ``x`` and ``x+``, and what was sampled (NaN elsewhere).

    ``cosine`` is that of both gradients, ``next_cosine`` that of the gradient with the displacement before it,
    ``moved`` the length of the step and ``returned`` the length of two steps together, in units of one. With a
    `Curvature` the smallest and largest eigenvalue of the Hessian at ``x`` and at ``x+`` (``_plus``), and ``edge``:
    above 1 the step is longer than is stable.
    """

    step: int
    f: float = math.nan
    f_plus: float = math.nan
    norm: float = math.nan
    norm_plus: float = math.nan
    cosine: float = math.nan
    next_cosine: float = math.nan
    moved: float = math.nan
    returned: float = math.nan
    rho: float = math.nan
    smallest: float = math.nan
    largest: float = math.nan
    smallest_plus: float = math.nan
    largest_plus: float = math.nan
    edge: float = math.nan


COLUMNS = tuple(entry.name for entry in fields(Row))


class Monitor:
    """Record a run of SAM and say where it stands.

    Parameters
    ----------
    every : int
        Vectors are looked at in two steps of each so many: less often costs less.
    sink : callable, optional
        Gets every `Row`.
    writer : optional
        With ``add_scalar(name, value, step)``, such as TensorBoard's.
    warn : bool
        Warn when the standing changes to one in which training does not proceed.
    curvature : hallucert.training.curvature.Curvature, optional
        Measures eigenvalues of Hessians every so many steps. Only this takes passes of its own.
    """

    def __init__(
        self,
        every: int = 50,
        sink: Callable[[Row], None] | None = None,
        writer: Any = None,
        warn: bool = True,
        curvature: Curvature | None = None,
    ) -> None:
        self.every = checked_whole(every, 2, "every")
        require(sink is None or callable(sink), "sink", sink, "be callable")
        if writer is not None and not callable(getattr(writer, "add_scalar", None)):
            raise ArgumentError("writer", writer, "have add_scalar, as that of TensorBoard")
        if curvature is not None and not hasattr(curvature, "measured"):
            raise ArgumentError("curvature", curvature, "be a Curvature, or left out")
        self.sink, self.writer, self.warn, self.curvature = sink, writer, warn, curvature
        self.rows: list[Row] = []
        self.standing = Standing.EARLY
        self._before: tuple[int, Vector] | None = None
        self._told = False

    def __repr__(self) -> str:
        return f"<Monitor of {len(self.rows)} steps: {self.standing}>"

    def __str__(self) -> str:
        if not self.rows:
            return "no steps recorded"
        last, sampled = self.rows[-1], self._last_sample()
        lines = [
            f"step {last.step}: {self.standing}. {MEANINGS[self.standing][:1].upper()}{MEANINGS[self.standing][1:]}."
        ]
        lines.append(f"  f(x) = {last.f:.4g}, f(x+) = {last.f_plus:.4g}, both {self.rows[0].f_plus:.4g} at the start")
        if sampled is not None:
            lines.append(
                f"  |g(x)| = {sampled.norm:.3g}, |g(x+)| = {sampled.norm_plus:.3g}, cosine {sampled.cosine:.2f}, "
                f"two steps / one = {sampled.returned:.2g}, rho = {sampled.rho:.3g}"
            )
        if sampled is not None and not any(row.rho > 0 for row in self.rows):
            lines.append("  SAM has not been switched on so far: rho was 0 in every step that was sampled")
        if (curved := next((row for row in reversed(self.rows) if not math.isnan(row.largest)), None)) is not None:
            lines.append(
                f"  at step {curved.step}: H(x) from {curved.smallest:.3g} to {curved.largest:.3g}, H(x+) from "
                f"{curved.smallest_plus:.3g} to {curved.largest_plus:.3g}, edge of stability {curved.edge:.3g}"
            )
        return "\n".join(lines)

    def begin(self, step: int) -> Sample | None:
        """Tell whether the step is sampled."""
        return Sample() if step % self.every in (0, 1) else None

    def curve(self, step: int, group: Group, factor: float) -> Mapping[str, float] | None:
        """Measure eigenvalues before a step, with the options of a group of weights, if it is time."""
        if self.curvature is None or step % self.curvature.every:
            return None
        return self.curvature.measured(group, factor)

    def record(
        self,
        step: int,
        f: float | None,
        f_plus: float | None,
        sample: Sample | None,
        moved: Vector | None,
        measured: Mapping[str, float] | None = None,
    ) -> None:
        """Take what a step has shown; one that is recorded again, as in another run, takes the place of what was."""
        while self.rows and self.rows[-1].step >= step:
            self.rows.pop()
        known = {"f": _number(f), "f_plus": _number(f_plus), **(measured or {})}
        if sample is not None and moved is not None:
            known |= self._sampled(step, sample, moved)
        row = Row(step, **known)
        self.rows.append(row)
        if self.sink is not None:
            self.sink(row)
        if self.writer is not None:
            for name in COLUMNS[1:]:
                if not math.isnan(value := getattr(row, name)):
                    self.writer.add_scalar(f"sam/{name}", value, step)
        if f_plus is None:
            self._miss()
        elif step % self.every == 1 or not math.isfinite(known["f_plus"] + known["f"]):
            self._update(row)

    def _miss(self) -> None:
        """Say once that without losses there is no standing."""
        if self.warn and not self._told:
            must = "return the loss from closures, or give loss= to first_step and second_step"
            warnings.warn(f"the monitor gets no loss at x+ and cannot tell where the run stands: {must}", stacklevel=5)
        self._told = True

    def _sampled(self, step: int, sample: Sample, moved: Vector) -> dict[str, float]:
        norm, plus, length = _number(sample.norm), _number(sample.norm_plus), _length(moved)
        found = {"norm": norm, "norm_plus": plus, "moved": length, "rho": sample.rho}
        found["cosine"] = _quotient(_number(sample.product), norm * plus)
        if self._before is not None and self._before[0] == step - 1:
            before, self._before = self._before[1], None
            together = {p: last + before[p] for p, last in moved.items() if p in before}
            found["returned"] = _quotient(_length(together), length)
            product = sum(_dot(g, before[p]) for p, g in sample.gradients.items() if p in before)
            found["next_cosine"] = _quotient(product, norm * _length(before))
        else:
            self._before = step, moved
        return found

    def _update(self, row: Row) -> None:
        standing = standing_of(self.rows)
        changed, self.standing = standing is not self.standing, standing
        if changed and self.warn and (standing in STALLED or standing is Standing.DIVERGED):
            warnings.warn(f"SAM at step {row.step}: {standing}. {MEANINGS[standing]}", stacklevel=5)

    def _last_sample(self) -> Row | None:
        return next((row for row in reversed(self.rows) if not math.isnan(row.returned)), None)

    # ------------------------------------------------------------------ the record

    def state_dict(self) -> State:
        """Return the first row, with which a run that goes on is compared."""
        return {"start": vars(self.rows[0]).copy() if self.rows else None}

    def load_state_dict(self, state: State) -> None:
        """Take up what `state_dict` returned, if nothing has been recorded yet."""
        if state["start"] is not None and not self.rows:
            self.rows.append(Row(**state["start"]))

    def columns(self) -> dict[str, list[float]]:
        """Return the record by columns."""
        return {name: [getattr(row, name) for row in self.rows] for name in COLUMNS}

    def to_csv(self, path: str | Path) -> None:
        """Write the record as CSV; an existing file is replaced."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([getattr(row, name) for name in COLUMNS] for row in self.rows)
        with replacing(checked_path(path)) as file:
            file.write(text.getvalue().encode())

    def to_parquet(self, path: str | Path) -> None:
        """Write the record as Parquet, with pyarrow."""
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise MissingPackageError("Writing Parquet needs pyarrow", "monitor") from None
        with replacing(checked_path(path)) as file:
            pyarrow.parquet.write_table(pyarrow.table(self.columns()), file)


def standing_of(rows: Sequence[Row], window: int = WINDOW) -> Standing:
    """Tell from a record where a run stands.

    Parameters
    ----------
    rows : sequence of Row
        From the first step on.
    window : int
        How many of the last steps are looked at, at least 4.
    """
    window = checked_whole(window, 4, "window")
    if not rows:
        return Standing.EARLY
    latest = [v for row in rows[-3:] for v in (row.f, row.f_plus)]
    start = next((v for v in (rows[0].f, rows[0].f_plus) if math.isfinite(v)), math.nan)
    if all(not math.isfinite(row.f_plus) for row in rows[-3:]) and any(map(math.isinf, latest)):
        return Standing.DIVERGED
    if math.isnan(rows[-1].f_plus):
        return Standing.DIVERGED
    if len(rows) < window:
        return Standing.EARLY
    sampled = [row for row in rows[-4 * window :] if math.isfinite(row.norm) and math.isfinite(row.norm_plus)]
    recent, half = rows[-window:], window // 2
    late = fmean(row.f_plus for row in recent[half:])
    if late > FAR * max(start, 0) > 0:
        return Standing.DIVERGED
    if sampled and _hallucinates(sampled[-4:]):
        return Standing.HALLUCINATED
    here = [row.f if math.isfinite(row.f) else row.f_plus for row in recent]
    if not late > lowered(start, LEVEL) or _falls(here[:half], here[half:]):
        return Standing.TRAINING
    quotients = [_quotient(row.norm, row.norm_plus) for row in sampled[-6:]]
    if quotients and fmean(quotients) > ABOVE:
        return Standing.AT_PLUS
    returned = [row.returned for row in sampled if math.isfinite(row.returned)][-3:]
    if returned and fmean(returned) < RETURNING:
        return Standing.BOUNCING
    return Standing.AT_X


def _falls(before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether a loss falls, and not by the chance of batches."""
    fall = fmean(before) - fmean(after)
    error = math.sqrt((variance(before) + variance(after)) / len(after))
    return fall > FALLING * abs(fmean(before)) and fall > ERRORS * error


def _hallucinates(rows: Sequence[Row]) -> bool:
    """Whether the gradient vanishes at x+ and not at x, in all of these, and the loss is lower at x+."""
    vanishes = all(row.norm_plus < VANISHING * row.norm for row in rows)
    return vanishes and all(row.f_plus < row.f for row in rows)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _dot(a: Any, b: Any) -> float:
    """Return the scalar product of two arrays, without another one for their product."""
    return float(a.ravel() @ b.ravel())


def _length(vector: Vector) -> float:
    return math.sqrt(sum(_dot(part, part) for part in vector.values()))


def _quotient(a: float, b: float) -> float:
    return a / b if b else math.nan
