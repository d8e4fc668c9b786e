"""The record of a monitor is read back from what others read: Parquet files and TensorBoard's events."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from hallucert.training.guard import Schedule  # noqa: E402
from hallucert.training.torch import SAM, Monitor  # noqa: E402

pytestmark = pytest.mark.frameworks


def train(monitor, steps=5, **options):
    x = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = SAM([x], torch.optim.SGD, rho=0.5, lr=0.1, monitor=monitor, **options)
    for _ in range(steps):
        optimizer.step(lambda: (loss := x.square().sum() / 2, loss.backward())[0])
    return optimizer


def test_parquet_has_the_rows(tmp_path):
    """One row a step and one column a field, as doubles."""
    parquet = pytest.importorskip("pyarrow.parquet")
    train(monitor := Monitor(every=2))
    monitor.to_parquet(tmp_path / "run.parquet")
    table = parquet.read_table(tmp_path / "run.parquet").to_pydict()
    assert table["step"] == list(range(5)) and table["f_plus"] == [row.f_plus for row in monitor.rows]
    assert table["norm"][0] == monitor.rows[0].norm and math.isnan(table["edge"][0])


def test_tensorboard_has_the_scalars(tmp_path):
    """Its own writer takes every number that there is, under its step."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        train(monitor := Monitor(every=4, writer=writer))
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.step for event in events.Scalars("sam/f_plus")] == list(range(5))
    assert [event.step for event in events.Scalars("sam/norm")] == [0, 1, 4]
    assert math.isclose(events.Scalars("sam/norm_plus")[1].value, monitor.rows[1].norm_plus, rel_tol=1e-6)


def test_sam_that_was_never_switched_on_is_said():
    """A warm start that outlasts the run: the monitor and the checkpoint say that there was no ascent."""
    waiting = train(Monitor(every=2), guard=Schedule.warm_start(100, 0.5))
    assert "not been switched on" in str(waiting.monitor) and waiting.state_dict()["sam"]["ascents"] == 0
    begun = train(Monitor(every=2), guard=Schedule.warm_start(4, 0.5))
    assert "switched" not in str(begun.monitor) and begun.state_dict()["sam"]["ascents"] == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_in_half_precision_everything_is_measured(dtype):
    """At w = (1/2, 1) of |w|^2/2 both gradients point along w, and the next one against the step: cosines 1 and -1."""
    w, monitor = torch.nn.Parameter(torch.tensor([0.5, 1.0], dtype=dtype)), Monitor(every=2)
    optimizer = SAM([w], torch.optim.SGD, lr=0.125, rho=0.25, monitor=monitor)

    def closure():
        loss = (w * w).sum() / 2
        loss.backward()
        return loss

    for _ in range(2):
        optimizer.zero_grad()
        optimizer.step(closure)
    last = monitor.rows[-1]
    assert (last.cosine, last.next_cosine) == pytest.approx((1, -1), abs=1e-2)
