"""Both passes of a step of SAM see the same data, or there is one pass alone; SAMPa has passes of its own."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from training_samples import batches, loss_of, network, same, weights_of  # noqa: E402

from hallucert.training.descents import Look  # noqa: E402
from hallucert.training.guard import Schedule  # noqa: E402
from hallucert.training.sampa import SAMPa  # noqa: E402
from hallucert.training.torch import SAM, Monitor, UsageError  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.frameworks


def test_a_second_pass_on_another_batch_is_refused():
    """A closure that draws a new batch each time: an error before the step, with the weights put back."""
    model, data = network(), iter(batches(2))
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, model=model)
    before = weights_of(model)
    with pytest.raises(UsageError, match="other inputs"):
        optimizer.step(lambda: (loss := loss_of(model, next(data)), loss.backward())[0])
    assert same(weights_of(model), before) and optimizer.count == 0


def test_inputs_that_a_pass_changes_in_place_are_refused():
    """Noise that is added to the batch itself: the second pass would see it twice."""
    model, (inputs, labels) = network(), batches(1)[0]
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, model=model)
    with pytest.raises(UsageError, match="in place"):
        optimizer.step(lambda: loss_of(model, (inputs.add_(1.0), labels)).backward())


def test_equal_inputs_in_other_tensors_and_evaluations_in_between_are_fine():
    """Batches that are moved or indexed anew, micro-batches, and evaluations before and between the two passes."""
    model, (inputs, labels) = network(), batches(1)[0]
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, model=model)

    def closure():
        for part in (slice(8), slice(8, 16)):
            loss_of(model, (inputs[part].clone(), labels[part])).backward()
        with torch.no_grad():
            return loss_of(model, (torch.randn(4, 5), labels[:4]))

    for _ in range(3):
        model(torch.randn(4, 5))
        optimizer.step(closure)
    assert optimizer.count == 3


def test_a_part_of_the_micro_batches_in_the_second_pass_is_refused():
    """Gradients of all micro-batches at x, of the last alone at x+, as with accumulation in trainers."""
    model, data = network(), batches(3)
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, model=model)
    for batch in data:
        loss_of(model, batch).backward()
    optimizer.first_step(zero_grad=True)
    loss_of(model, data[-1]).backward()
    with pytest.raises(UsageError, match="other inputs"):
        optimizer.second_step()


@pytest.mark.parametrize("base", ["SGD", "AdamW"])
def test_schedulers_of_rate_and_momentum_are_content(base):
    """They look for momentum or betas among the defaults of the optimizer."""
    model = network()
    options = {"momentum": 0.9} if base == "SGD" else {}
    optimizer = SAM(model.parameters(), getattr(torch.optim, base), lr=0.1, **options)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=5)
    for batch in batches(3):
        optimizer.step(lambda batch=batch: (loss := loss_of(model, batch), loss.backward())[0])
        scheduler.step()
    momentum = optimizer.base_optimizer.param_groups[0]["momentum" if base == "SGD" else "betas"]
    assert momentum != (0.9 if base == "SGD" else (0.9, 0.999))


def test_watched_models_are_copied_and_compiled_as_others():
    """No copy or pickle of a model takes the check along; deleting the optimizer ends it."""
    model = network()
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, model=model)
    other, loaded = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    batch, another = batches(2)
    loss_of(model, batch).backward()
    optimizer.first_step(zero_grad=True)
    for twin in (other, loaded):
        loss_of(twin, another).backward()
    loss_of(torch.compile(model, backend="eager", fullgraph=True), batch).backward()
    optimizer.second_step()
    assert optimizer.count == 1
    ended = weakref.ref(optimizer)
    del optimizer
    gc.collect()
    assert ended() is None
    loss_of(model, batch).backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ({}, [2, 2, 2, 2, 2, 2]),
        ({"guard": Schedule.warm_start(4, 0.5)}, [1, 1, 2, 2, 2, 2]),
        ({"descent": Look(every=3)}, [2, 1, 1, 2, 1, 1]),
        ({"steps": 2}, [3, 3, 3, 3, 3, 3]),
    ],
    ids=["SAM", "warm start", "LookSAM", "two ascents"],
)
def test_a_step_without_an_ascent_takes_one_pass(options, calls):
    """A warm start costs what plain training costs, and ends at the same weights as two passes by hand."""
    counted, ends = [], []
    for by_hand in (False, True):
        model = network()
        optimizer = SAM(model.parameters(), torch.optim.SGD, rho=0.5, lr=0.1, monitor=Monitor(every=2), **options)
        for batch in batches(6):
            passes = 0

            def closure(model=model, batch=batch):
                nonlocal passes
                passes += 1
                loss = loss_of(model, batch)
                loss.backward()
                return loss

            if by_hand:
                for _ in range(optimizer.steps):
                    first = closure()
                    optimizer.first_step(zero_grad=True, loss=first.detach())
                second = closure()
                optimizer.second_step(zero_grad=True, loss=second.detach())
            else:
                optimizer.step(closure)
                counted.append(passes)
        ends.append(weights_of(model))
        assert all(row.f == row.f_plus for row, n in zip(optimizer.monitor.rows, calls, strict=True) if n == 1)
        if isinstance(optimizer.guard, Schedule):
            optimizer.guard.load_state_dict({"count": 0})
    assert counted == calls and same(*ends)


def test_sampa_takes_closures_alone():
    """By hand its gradients would be those at other points: refused, as are descents of others."""
    model = network()
    optimizer = SAMPa(model.parameters(), torch.optim.SGD, lr=0.1)
    loss_of(model, batches(1)[0]).backward()
    for call in (optimizer.first_step, optimizer.second_step, optimizer.step):
        with pytest.raises(UsageError, match="closure"):
            call()
    with pytest.raises(UsageError, match="backward"):
        optimizer.step(lambda: 0.0)


def test_sampa_goes_on_from_a_saved_state_and_after_an_error():
    """Saved, copied: the same weights as without a break. A closure that raises leaves the weights as they were."""
    whole, part, data = network(), network(), batches(8)

    def take(model, optimizer, steps):
        for batch in steps:
            optimizer.step(lambda batch=batch: (loss := loss_of(model, batch), loss.backward())[0])

    options = {"lr": 0.1, "momentum": 0.9, "rho": 0.3, "monitor": Monitor(every=2)}
    take(whole, first := SAMPa(whole.parameters(), torch.optim.SGD, **options), data)
    assert len(first.monitor.rows) == 8 and first.monitor.rows[2].norm > 0 and first.ascents == 8
    begun = SAMPa(part.parameters(), torch.optim.SGD, lr=0.1, momentum=0.9, rho=0.3)
    take(part, begun, data[:4])
    again, saved = network(), copy.deepcopy(begun.state_dict())
    again.load_state_dict(part.state_dict())
    second = SAMPa(again.parameters(), torch.optim.SGD, lr=0.1, momentum=0.9, rho=0.3)
    second.load_state_dict(saved)
    take(again, second, data[4:])
    assert same(weights_of(again), weights_of(whole))
    model, optimizer = copy.deepcopy((again, second))
    assert optimizer.mix == 0.2
    before = weights_of(model)

    def stopped():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(stopped)
    assert same(weights_of(model), before)
    take(model, optimizer, data[:1])
