"""What trains on in silence elsewhere: stale casts and gradients, ascents that rounding takes, states of others."""

from __future__ import annotations

import math
import pickle
import warnings
from contextlib import nullcontext

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from training_samples import batches, loss_of, network, same, weights_of  # noqa: E402

from hallucert.errors import ArgumentError  # noqa: E402
from hallucert.training.curvature import Curvature  # noqa: E402
from hallucert.training.guard import Guard, Schedule  # noqa: E402
from hallucert.training.sampa import SAMPa  # noqa: E402
from hallucert.training.torch import SAM, Monitor, UsageError  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.frameworks


def steps(model, optimizer, data):
    """Take a step on each batch, by a closure."""
    for batch in data:

        def closure(batch=batch):
            optimizer.zero_grad()
            loss = loss_of(model, batch)
            loss.backward()
            return loss

        optimizer.step(closure)


@pytest.mark.parametrize("kind", [SAM, SAMPa])
def test_casts_of_the_weights_are_made_anew_at_each_point(kind):
    """In one autocast context around a whole run no pass gets weights that were cast in an earlier one."""
    ends = []
    for around in (True, False):
        model = network()
        optimizer = kind(model.parameters(), torch.optim.SGD, rho=1.0, lr=0.1, model=model)
        with torch.autocast("cpu", dtype=torch.bfloat16) if around else nullcontext():
            for batch in batches(3):

                def closure(model=model, batch=batch):
                    with torch.autocast("cpu", dtype=torch.bfloat16):
                        loss = loss_of(model, batch)
                    loss.backward()
                    return loss

                optimizer.step(closure)
        ends.append(weights_of(model))
    assert same(*ends)


def test_an_ascent_that_rounding_takes_is_a_warning():
    """Half of the digits of 1 in bfloat16: 300 weights that move by 0.05 together stay where they are."""
    for dtype, count in ((torch.bfloat16, 1), (torch.float32, 0)):
        p = nn.Parameter(torch.ones(300, dtype=dtype))
        optimizer = SAM([p], torch.optim.SGD, rho=0.05, lr=0.1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(2):
                p.sum().backward()
                optimizer.first_step(zero_grad=True)
                p.sum().backward()
                optimizer.second_step(zero_grad=True)
        assert len(caught) == count and all("rounding" in str(w.message) for w in caught)


@pytest.mark.parametrize("rho", [-1.0, math.nan, math.inf])
def test_a_radius_written_into_a_group_is_checked(rho):
    """A scheduler may write rho: one below 0 would go down, or train without SAM."""
    model = network()
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1)
    before = weights_of(model)
    optimizer.param_groups[0]["rho"] = rho
    with pytest.raises(ArgumentError, match=r"^rho must"):
        steps(model, optimizer, batches(1))
    assert same(weights_of(model), before)


@pytest.mark.parametrize("call", [1, 2])
def test_gradients_of_a_step_that_failed_are_not_those_of_the_next(call):
    """A closure that raises after its backward pass: the next step is as if it had not been, also with `model`."""
    model, other, data = network(), network(), batches(2)
    optimizer = SAM(model.parameters(), torch.optim.SGD, rho=0.5, lr=0.1, model=model)
    calls = []

    def failing():
        loss_of(model, data[0]).backward()
        calls.append(0)
        if len(calls) == call:
            raise ValueError("a logger")

    with pytest.raises(ValueError, match="logger"):
        optimizer.step(failing)
    optimizer.step(lambda: loss_of(model, data[1]).backward())
    steps(other, SAM(other.parameters(), torch.optim.SGD, rho=0.5, lr=0.1), data[1:])
    assert same(weights_of(model), weights_of(other))


def test_passes_of_two_networks_are_no_step():
    """An optimizer of two networks: one is perturbed, the other evaluated."""
    first, second, batch = network(0), network(1), batches(1)[0]
    optimizer = SAM([*first.parameters(), *second.parameters()], torch.optim.SGD, lr=0.1)
    loss_of(first, batch).backward()
    optimizer.first_step(zero_grad=True)
    loss_of(second, batch).backward()
    with pytest.raises(UsageError, match="both passes"):
        optimizer.second_step()


def test_gradients_that_are_unscaled_at_x_are_refused():
    """The scaler unscales once a step: those at x+ would keep their scale. One that is switched off is fine."""
    p = nn.Parameter(torch.ones(2))
    optimizer = SAM([p], torch.optim.SGD, lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(p.sum()).backward()
    scaler.unscale_(optimizer)
    with pytest.raises(UsageError, match="unscale_"):
        optimizer.first_step(scaler=scaler)
    scaler.update()
    optimizer.first_step(zero_grad=True, scaler=torch.amp.GradScaler("cpu", enabled=False))
    with pytest.raises(ArgumentError, match="scaler"):
        SAM([p], torch.optim.SGD, lr=0.1).first_step(scaler=3)


def test_decay_in_the_ascent_is_none_of_the_gradient_at_x():
    """WSAM with a tiny ascent is plain descent with weight decay, wherever the ascent follows the decay."""
    ends = []
    for decay_in_ascent in (False, True):
        p = nn.Parameter(torch.tensor([1.0, 2.0], dtype=torch.float64))
        options = {"lr": 0.1, "weight_decay": 1.0, "descent": "wsam", "decay_in_ascent": decay_in_ascent}
        optimizer = SAM([p], torch.optim.SGD, rho=1e-9, **options)
        optimizer.step(lambda p=p: (loss := p[0] ** 2 + p[1], loss.backward())[0])
        ends.append(p.detach())
    for end in ends:
        assert torch.allclose(end, torch.tensor([1 - 0.1 * 3.0, 2 - 0.1 * 3.0], dtype=torch.float64), atol=1e-7)


@pytest.mark.parametrize("count", [1, 3])
def test_a_step_returns_the_loss_at_x(count):
    """Whatever the number of ascents."""
    p = nn.Parameter(torch.tensor([2.0]))
    optimizer = SAM([p], torch.optim.SGD, rho=0.5, lr=0.1, steps=count)
    assert optimizer.step(lambda: (loss := p.square().sum(), loss.backward())[0]) == 4.0


@pytest.mark.parametrize("loss", [torch.ones(3), "low", {"loss": 1.0}])
@pytest.mark.parametrize("options", [{"monitor": Monitor()}, {"guard": Guard()}], ids=["monitor", "guard"])
def test_a_loss_that_is_not_one_number_stops_before_the_step(loss, options):
    """Otherwise the weights would have moved, and the record not; without a monitor any value is returned as it is."""
    p = nn.Parameter(torch.ones(2))
    optimizer = SAM([p], torch.optim.SGD, lr=0.1, **options)
    with pytest.raises(UsageError, match="one number"):
        optimizer.step(lambda: (p.sum().backward(), loss)[1])
    assert torch.equal(p, torch.ones(2))
    assert SAM([p], torch.optim.SGD, lr=0.1).step(lambda: (p.sum().backward(), loss)[1]) is loss


def test_nothing_is_loaded_between_the_two_steps():
    """Weights that are loaded there would be overwritten when they are put back."""
    model = network()
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1)
    saved = optimizer.state_dict()
    loss_of(model, batches(1)[0]).backward()
    optimizer.first_step(zero_grad=True)
    with pytest.raises(UsageError, match="restore"):
        optimizer.load_state_dict(saved)
    optimizer.restore()
    optimizer.load_state_dict(saved)


def test_sampa_is_as_loud_as_sam():
    """A guard that is told nothing, passes on different batches."""
    model, data = network(), iter(batches(2))
    optimizer = SAMPa(model.parameters(), torch.optim.SGD, lr=0.1, guard=Guard())
    with pytest.raises(UsageError, match="the guard needs the loss"):
        optimizer.step(lambda: loss_of(model, batches(1)[0]).backward())
    optimizer = SAMPa(model.parameters(), torch.optim.SGD, lr=0.1, model=model)
    with pytest.raises(UsageError, match="other inputs"):
        optimizer.step(lambda: loss_of(model, next(data)).backward())


def test_an_optimizer_with_a_schedule_is_pickled():
    """As workers that are spawned need it; schedules of one's own are pickled if their curve is."""
    p = nn.Parameter(torch.ones(2))
    for schedule in (Schedule.warm_start(9), Schedule.late(9), Schedule.ramp(9), Schedule.decay(9)):
        schedule.update(None, None)
        again = pickle.loads(pickle.dumps(SAM([p], torch.optim.SGD, lr=0.1, guard=schedule)))
        again.guard.update(None, None)
        schedule.update(None, None)
        assert again.factor == schedule.factor


def test_a_run_that_diverges_is_measured_to_its_end():
    """Weights that are not finite have no eigenvalues: NaN in the record, and the run goes on."""
    model = nn.Linear(1, 1, bias=False)
    data = torch.ones(3, 1), torch.zeros(3, 1)
    monitor = Monitor(every=2, curvature=Curvature(model, "squared", data, every=1), warn=False)
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=1e30, monitor=monitor)
    for _ in range(5):
        optimizer.step(lambda: (loss := model(data[0]).square().mean(), loss.backward())[0])
    assert monitor.rows[0].largest > 0 and math.isnan(monitor.rows[4].largest) and monitor.standing == "diverged"
