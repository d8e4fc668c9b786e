"""In the Trainer of Hugging Face both passes of SAM see the same micro-batches, and steps are those of a plain loop."""

from __future__ import annotations

import warnings

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    transformers = pytest.importorskip("transformers", exc_type=ImportError)
    pytest.importorskip("accelerate", exc_type=ImportError)
    from transformers import Trainer, TrainingArguments

from hallucert.training.torch import SAM, Monitor, UsageError  # noqa: E402
from hallucert.training.transformers import SAMTrainerMixin  # noqa: E402

nn = torch.nn
pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]


class SAMTrainer(SAMTrainerMixin, Trainer):
    pass


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3))

    def forward(self, inputs, labels):
        return {"loss": nn.functional.cross_entropy(self.net(inputs), labels)}


G = torch.Generator().manual_seed(1)
ROWS = [{"inputs": torch.randn(5, generator=G), "labels": torch.randint(3, (), generator=G)} for _ in range(48)]


class InOrder(SAMTrainer):
    def _get_train_sampler(self, *args):
        return torch.utils.data.SequentialSampler(ROWS)


def train(tmp_path, kind=InOrder, optimizer=None, **options):
    model = Model()
    arguments = TrainingArguments(
        output_dir=str(tmp_path),
        max_steps=6,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        save_strategy="no",
        lr_scheduler_type="constant",
        **options,
    )
    chosen = optimizer or (SAM, {"base_optimizer": torch.optim.SGD, "rho": 0.3, "lr": 0.1, "momentum": 0.9})
    trainer = kind(model, arguments, train_dataset=ROWS, optimizer_cls_and_kwargs=chosen)
    trainer.train()
    return model, trainer


@pytest.mark.parametrize("micro_batches", [1, 2])
def test_steps_are_those_of_a_plain_loop(tmp_path, micro_batches):
    """Batches of 8, whole or as two micro-batches, clipped at x+: weights and losses of a plain loop up to rounding."""
    options = {"base_optimizer": torch.optim.SGD, "rho": 0.3, "lr": 0.1, "momentum": 0.9, "monitor": Monitor()}
    model, trainer = train(
        tmp_path,
        per_device_train_batch_size=8 // micro_batches,
        gradient_accumulation_steps=micro_batches,
        max_grad_norm=0.5,
        optimizer=(SAM, options),
    )
    plain = Model()
    optimizer = SAM(plain.parameters(), **{**options, "monitor": Monitor()})
    for i in range(6):
        inputs = torch.stack([row["inputs"] for row in ROWS[8 * i : 8 * i + 8]])
        labels = torch.stack([row["labels"] for row in ROWS[8 * i : 8 * i + 8]])
        loss = plain(inputs, labels)["loss"]
        loss.backward()
        optimizer.first_step(zero_grad=True, loss=loss.item())
        loss = plain(inputs, labels)["loss"]
        loss.backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
        optimizer.second_step(zero_grad=True, loss=loss.item())
    for name in ("f", "f_plus"):
        seen, wanted = (each.columns()[name] for each in (options["monitor"], optimizer.monitor))
        assert seen == pytest.approx(wanted, abs=1e-6)
    for a, b in zip(model.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-6)
    assert trainer.optimizer.optimizer.count == 6


def test_another_optimizer_is_refused(tmp_path):
    """The mixin around AdamW would be no SAM."""
    with pytest.raises(UsageError, match="not SAM"):
        train(tmp_path, optimizer=(torch.optim.AdamW, {"lr": 0.1}), per_device_train_batch_size=8)
