"""In Lightning SAM takes the steps of a plain loop, and what would not be SAM is refused before training starts."""

from __future__ import annotations

import warnings

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pl = pytest.importorskip("lightning.pytorch", exc_type=ImportError)
    from lightning.pytorch.plugins import MixedPrecision

    from hallucert.training.lightning import SAMCallback

from hallucert.training.torch import SAM, Monitor, UsageError  # noqa: E402

nn = torch.nn
pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]
DATA = [
    (torch.randn(16, 5, generator=g), torch.randint(3, (16,), generator=g))
    for g in [torch.Generator().manual_seed(1)]
    for _ in range(6)
]


class Model(pl.LightningModule):
    def __init__(self, automatic=True, optimizer=SAM, **options):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3))
        self.automatic_optimization, self.kind, self.options = automatic, optimizer, options

    def training_step(self, batch, number):
        loss = nn.functional.cross_entropy(self.net(batch[0]), batch[1])
        if self.automatic_optimization:
            return loss
        optimizer = self.optimizers().optimizer
        self.manual_backward(loss)
        optimizer.first_step(zero_grad=True)
        self.manual_backward(nn.functional.cross_entropy(self.net(batch[0]), batch[1]))
        optimizer.second_step(zero_grad=True)
        return None

    def configure_optimizers(self):
        if self.kind is not SAM:
            return self.kind(self.parameters(), lr=0.1)
        return SAM(self.parameters(), torch.optim.SGD, lr=0.1, momentum=0.9, **{"rho": 0.3, **self.options})


def fit(model, tmp_path, **options):
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
        callbacks=[SAMCallback()],
        **options,
    )
    trainer.fit(model, torch.utils.data.DataLoader(DATA, batch_size=None))
    return trainer


@pytest.mark.parametrize("automatic", [True, False])
def test_steps_are_those_of_a_plain_loop(tmp_path, automatic):
    """Automatic and manual optimization: bit for bit the weights of first_step and second_step in a loop."""
    model, plain = Model(automatic), Model()
    fit(model, tmp_path)
    optimizer = plain.configure_optimizers()
    for inputs, labels in DATA:
        for step in (optimizer.first_step, optimizer.second_step):
            nn.functional.cross_entropy(plain.net(inputs), labels).backward()
            step(zero_grad=True)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), plain.parameters(), strict=True))


def test_the_monitor_is_logged(tmp_path):
    """Losses at x and x+ and the sampled norms reach the trainer's metrics."""
    trainer = fit(Model(monitor=Monitor(every=2)), tmp_path)
    assert {"sam/f", "sam/f_plus", "sam/norm", "sam/norm_plus"} <= set(trainer.logged_metrics)


def test_what_would_not_be_sam_is_refused(tmp_path):
    """Another optimizer, with automatic optimization accumulated batches or a scaler, a radius that was always 0."""
    half = MixedPrecision("16-mixed", "cpu", scaler=torch.amp.GradScaler("cpu"))
    for model, options, says in (
        (Model(optimizer=torch.optim.SGD), {}, "no optimizer is SAM"),
        (Model(), {"accumulate_grad_batches": 2}, "manual optimization"),
        (Model(), {"plugins": [half]}, "with a gradient scaler"),
        (Model(rho=0.0), {}, "never switched on"),
    ):
        with pytest.raises(UsageError, match=says):
            fit(model, tmp_path, **options)
