"""SAM in Lightning: a callback that refuses what would not be SAM, and logs what the optimizer has seen.

Lightning's automatic optimization hands the optimizer a closure, which `SAM` evaluates twice. So it works as it is,
except where Lightning evaluates the closure itself (mixed precision with a scaler), or where a step has more
micro-batches than the closure (accumulation). With manual optimization, call the two steps by hand.
"""

from __future__ import annotations

import math
from typing import Any

import lightning.pytorch as pl

from hallucert.training.torch import SAM, UsageError


class SAMCallback(pl.Callback):  # type: ignore[misc,unused-ignore]
    """Make sure that training is SAM, and log ``sam/...`` from the optimizer's monitor.

    Raises
    ------
    UsageError
        When training starts: without SAM among the optimizers; with automatic optimization and accumulated batches, or
        a gradient scaler. When it ends: if no step ascended.
    """

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at optimizers, accumulation and precision."""
        if not self._sams(trainer):
            names = ", ".join(type(optimizer).__name__ for optimizer in trainer.optimizers) or "none"
            raise UsageError(f"no optimizer is SAM; configure_optimizers returned {names}")
        if not pl_module.automatic_optimization:
            return
        remedy = "use manual optimization: automatic_optimization = False, first_step, second_step"
        if trainer.accumulate_grad_batches > 1:
            raise UsageError(
                f"with accumulate_grad_batches the second pass would see the last micro-batch only; {remedy}"
            )
        if getattr(trainer.precision_plugin, "scaler", None) is not None:
            raise UsageError(f"with a gradient scaler Lightning evaluates the closure once, which is no SAM; {remedy}")

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log the last row of each monitor."""
        for optimizer in self._sams(trainer):
            if optimizer.monitor is not None and optimizer.monitor.rows:
                row = vars(optimizer.monitor.rows[-1])
                known = {f"sam/{name}": v for name, v in row.items() if name != "step" and not math.isnan(v)}
                pl_module.log_dict(known, on_step=True, on_epoch=False)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Complain if SAM was never switched on."""
        if any(optimizer.count and not optimizer.ascents for optimizer in self._sams(trainer)):
            raise UsageError("SAM was never switched on: no step of the run had a radius above 0")

    @staticmethod
    def _sams(trainer: pl.Trainer) -> list[SAM]:
        return [optimizer for optimizer in trainer.optimizers if isinstance(optimizer, SAM)]
