"""SAM in the Trainer of Hugging Face: a mixin that evaluates the second gradient where the trainer still has the data.

::

    class SAMTrainer(SAMTrainerMixin, Trainer):
        pass

    options = {"base_optimizer": torch.optim.AdamW, "rho": 0.05, "lr": 5e-5}
    trainer = SAMTrainer(model, args, train_dataset=data, optimizer_cls_and_kwargs=(SAM, options))
"""

from __future__ import annotations

from typing import Any

from hallucert.training.torch import SAM, UsageError


class SAMTrainerMixin:
    """Two passes for each step: on all micro-batches of it, with the weights at ``x``, then again at ``x+``.

    A callback could not do this: it sees no batch, and the moment before the optimizer steps comes after clipping. Here
    the gradients at ``x+`` are those that are clipped, and the loss that is logged is the one at ``x``. Put it before
    `transformers.Trainer` among the bases.

    Raises
    ------
    UsageError
        If the optimizer of the trainer is another.
    """

    accelerator: Any
    optimizer: Any
    _micro_batches: list[tuple[Any, Any, Any]]

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        """Evaluate loss and gradients of a micro-batch; after the last of a step, all of them again at ``x+``."""
        optimizer = getattr(self.optimizer, "optimizer", self.optimizer)
        if not isinstance(optimizer, SAM):
            raise UsageError(
                f"the optimizer of the trainer is {type(optimizer).__name__}, not SAM: give "
                'optimizer_cls_and_kwargs=(SAM, {"base_optimizer": torch.optim.AdamW, "rho": 0.05, "lr": ...})'
            )
        if optimizer.perturbed:  # the last step was skipped, because of an overflow
            optimizer.restore()
        if optimizer.batchnorm.which != "both":
            model.train()
        step = super().training_step  # type: ignore[misc]
        loss = step(model, inputs, num_items_in_batch)
        kept = self.__dict__.setdefault("_micro_batches", [])
        kept.append((inputs, num_items_in_batch, loss))
        if self.accelerator.sync_gradients:
            losses = [first for _, _, first in kept]
            optimizer.first_step(zero_grad=True, loss=sum(losses), scaler=getattr(self.accelerator, "scaler", None))
            try:
                optimizer.take_loss_plus(sum(step(model, again, count) for again, count, _ in kept))
            except BaseException:
                optimizer.restore()
                raise
            finally:
                kept.clear()
        return loss
