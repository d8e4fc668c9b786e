"""SAM for PyTorch takes the steps of the published algorithm, and is right or loud where other implementations fail."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from training_samples import batches, loss_of, network, same, weights_of  # noqa: E402

from hallucert.errors import ArgumentError  # noqa: E402
from hallucert.training.torch import SAM, Guard, Monitor, UsageError, normalization_only  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.frameworks


def plain_sam(model, base, data, rho, adaptive=False):
    """SAM as its authors write it down, by hand: the oracle."""
    for batch in data:
        base.zero_grad()
        loss_of(model, batch).backward()
        weights = [p for p in model.parameters() if p.grad is not None]
        with torch.no_grad():
            scaled = [p.abs() * p.grad if adaptive else p.grad for p in weights]
            scale = rho / (torch.stack([g.norm(p=2) for g in scaled]).norm(p=2) + 1e-12)
            old = [p.clone() for p in weights]
            for p in weights:
                p.add_((p.pow(2) if adaptive else 1.0) * p.grad * scale)
        base.zero_grad()
        loss_of(model, batch).backward()
        with torch.no_grad():
            for p, kept in zip(weights, old, strict=True):
                p.copy_(kept)
        base.step()


def two_steps(model, optimizer, data):
    for batch in data:
        loss_of(model, batch).backward()
        optimizer.first_step(zero_grad=True)
        loss_of(model, batch).backward()
        optimizer.second_step(zero_grad=True)


def with_closure(model, optimizer, data):
    for batch in data:

        def closure(batch=batch):
            optimizer.zero_grad()
            loss = loss_of(model, batch)
            loss.backward()
            return loss

        optimizer.step(closure)


def with_gradients_first(model, optimizer, data):
    for batch in data:

        def closure(batch=batch):
            loss = loss_of(model, batch)
            loss.backward()
            return loss

        closure()
        optimizer.step(closure)
        optimizer.zero_grad()


BASES = {
    "SGD": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-3}),
    "AdamW": (torch.optim.AdamW, {"lr": 1e-2}),
}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("loop", [two_steps, with_closure, with_gradients_first])
def test_weights_are_those_of_the_published_algorithm_bit_for_bit(base, adaptive, loop):
    """Both interfaces, either convention of closures, plain and adaptive: the weights of a loop written by hand."""
    kind, options = BASES[base]
    ours, theirs = network(), network()
    plain_sam(theirs, kind(theirs.parameters(), **options), batches(20), 0.3, adaptive)
    loop(ours, SAM(ours.parameters(), kind, rho=0.3, adaptive=adaptive, **options), batches(20))
    assert same(weights_of(ours), weights_of(theirs))


def test_a_zero_gradient_moves_nothing():
    """Where g = 0, x+ = x, and nothing is NaN."""
    x = nn.Parameter(torch.zeros(3))
    optimizer = SAM([x], torch.optim.SGD, lr=0.1, rho=1.0)
    for _ in range(2):
        (x.square().sum()).backward()
        optimizer.first_step(zero_grad=True)
        assert torch.equal(x, torch.zeros(3))
        (x.square().sum()).backward()
        optimizer.second_step(zero_grad=True)
    assert torch.equal(x, torch.zeros(3))


def test_weights_without_a_gradient_in_a_pass_are_put_back():
    """Without one in the second pass: put back, not trained; without one in the first: not moved, but trained."""
    a, b, c = (nn.Parameter(torch.ones(2)) for _ in range(3))
    optimizer = SAM([a, b, c], torch.optim.SGD, lr=0.5, rho=1.0)
    (a.sum() + b.sum()).backward()
    optimizer.first_step(zero_grad=True)
    assert not torch.equal(a, torch.ones(2)) and torch.equal(c, torch.ones(2))
    (a.sum() + c.sum()).backward()
    optimizer.second_step()
    assert torch.equal(b, torch.ones(2))
    assert torch.equal(a, torch.full((2,), 0.5)) and torch.equal(c, torch.full((2,), 0.5))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_tiny_gradients_in_half_precision_give_a_finite_ascent(dtype):
    """The norm is formed in single precision: gradients whose squares underflow still give a step of length rho."""
    x = nn.Parameter(torch.zeros(4, dtype=dtype))
    x.grad = torch.full((4,), 6e-8 if dtype is torch.float16 else 1e-30, dtype=dtype)
    optimizer = SAM([x], torch.optim.SGD, lr=0.1, rho=2.0)
    optimizer.first_step()
    assert torch.allclose(x.float(), torch.ones(4), atol=0.02)


def test_training_goes_on_from_a_saved_state():
    """Saved and loaded in the middle, with momentum: the same weights as without a break."""
    options = {"lr": 0.1, "momentum": 0.9, "rho": 0.3, "ascent": "vasso"}
    whole, part = network(), network()
    two_steps(whole, SAM(whole.parameters(), torch.optim.SGD, **options), batches(12))
    first = SAM(part.parameters(), torch.optim.SGD, **options)
    two_steps(part, first, batches(12)[:6])
    saved = copy.deepcopy((part.state_dict(), first.state_dict()))
    again = network(5)
    again.load_state_dict(saved[0])
    second = SAM(again.parameters(), torch.optim.SGD, **options)
    second.load_state_dict(saved[1])
    two_steps(again, second, batches(12)[6:])
    assert same(weights_of(again), weights_of(whole)) and second.count == 12


def test_no_checkpoint_holds_perturbed_weights():
    """Between the two steps there is no state to save."""
    model = network()
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1)
    loss_of(model, batches(1)[0]).backward()
    optimizer.first_step(zero_grad=True)
    with pytest.raises(UsageError, match="x\\+"):
        optimizer.state_dict()


def test_a_scaled_loss_gives_the_same_steps():
    """With a gradient scaler, and clipping in between, steps are those of the plain loss up to rounding."""
    plain, scaled = network(), network()
    two_steps(plain, SAM(plain.parameters(), torch.optim.SGD, lr=0.1, rho=0.3), batches(5))
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=10**6)
    optimizer = SAM(scaled.parameters(), torch.optim.SGD, lr=0.1, rho=0.3)
    for batch in batches(5):
        scaler.scale(loss_of(scaled, batch)).backward()
        optimizer.first_step(zero_grad=True, scaler=scaler)
        scaler.scale(loss_of(scaled, batch)).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(scaled.parameters(), 1e3)
        optimizer.second_step(zero_grad=True, scaler=scaler)
        scaler.update()
    for a, b in zip(weights_of(plain), weights_of(scaled), strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-6)


def test_an_overflow_skips_the_step_and_puts_the_weights_back():
    """Infinite scaled gradients: the weights stay, bit for bit, and the scale falls."""
    model = network()
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, rho=0.3)
    before = weights_of(model)
    scaler.scale(1e6 * loss_of(model, batches(1)[0])).backward()
    optimizer.first_step(zero_grad=True, scaler=scaler)
    scaler.scale(1e6 * loss_of(model, batches(1)[0])).backward()
    optimizer.second_step(zero_grad=True, scaler=scaler)
    scaler.update()
    assert same(weights_of(model), before) and scaler.get_scale() < 2.0**127


def test_micro_batches_are_the_same_in_both_passes():
    """A closure that adds up the gradients of four micro-batches takes the step of the whole batch."""
    whole, parts = network(), network()
    batch = batches(1)[0]
    two_steps(whole, SAM(whole.parameters(), torch.optim.SGD, lr=0.1, rho=0.3), [batch])
    optimizer = SAM(parts.parameters(), torch.optim.SGD, lr=0.1, rho=0.3)

    def closure():
        optimizer.zero_grad()
        total = 0.0
        for i in range(4):
            loss = loss_of(parts, (batch[0][4 * i : 4 * i + 4], batch[1][4 * i : 4 * i + 4])) / 4
            loss.backward()
            total += loss.item()
        return total

    optimizer.step(closure)
    for a, b in zip(weights_of(whole), weights_of(parts), strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("which", "updates"), [("both", 2), ("first", 1), ("second", 1)])
def test_running_statistics_are_those_of_the_pass_that_is_asked_for(which, updates):
    """Batch normalization: both passes, that at x or that at x+ update means and variances."""
    model = network(0, nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3))
    twin = copy.deepcopy(model)
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, rho=2.0, model=model, batchnorm=which)
    batch = batches(1)[0]
    loss_of(model, batch).backward()
    optimizer.first_step(zero_grad=True)
    with torch.no_grad():
        plus = copy.deepcopy(model)
    loss_of(model, batch).backward()
    optimizer.second_step()
    seen = []
    if which in ("both", "first"):
        seen.append(twin[0](batch[0]))
    if which in ("both", "second"):
        seen.append(plus[0](batch[0]))
    mean = torch.zeros(8)
    for values in seen:
        mean = 0.9 * mean + 0.1 * values.mean(0)
    assert len(seen) == updates and torch.allclose(model[1].running_mean, mean, atol=1e-6)
    assert model[1].momentum == 0.1 and model[1].track_running_stats == (which != "second")


MISTAKES = {
    "no gradients": (lambda o, go: o.first_step(), "no weight has a gradient"),
    "no ascent": (lambda o, go: (go(), o.second_step()), "without first_step"),
    "no closure": (lambda o, go: (go(), o.step()), "closure"),
    "two ascents": (lambda o, go: (go(), o.first_step(), go(), o.first_step()), "again"),
    "one pass": (lambda o, go: (go(), o.first_step(), o.second_step()), "not evaluated again"),
    "no second gradient": (lambda o, go: (go(), o.first_step(zero_grad=True), o.second_step()), "twice"),
    "added": (lambda o, go: (go(), o.first_step(), go(), o.second_step()), "added"),
    "a closure that answers from memory": (lambda o, go: (go(), o.step(lambda: 0.0)), "twice"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_no_sam_is_an_error(mistake):
    """Steps that would silently be those of the base optimizer, or of wrong gradients, raise, and name the remedy."""
    model = network()
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1)
    act, says = MISTAKES[mistake]
    with pytest.raises(UsageError, match=says):
        act(optimizer, lambda: loss_of(model, batches(1)[0]).backward())


def test_gradients_of_the_step_before_are_refused():
    """Without zero_grad and a new backward, the ascent would follow the old gradient."""
    model = network()
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1)
    loss_of(model, batches(1)[0]).backward()
    optimizer.first_step(zero_grad=True)
    loss_of(model, batches(1)[0]).backward()
    optimizer.second_step()
    with pytest.raises(UsageError, match="step before"):
        optimizer.first_step()


def test_weights_are_put_back_also_after_a_mistake():
    """The error that stops a step leaves the weights at x."""
    model = network()
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, rho=1.0)
    before = weights_of(model)
    loss_of(model, batches(1)[0]).backward()
    optimizer.first_step(zero_grad=True)
    with pytest.raises(UsageError):
        optimizer.second_step()
    assert same(weights_of(model), before) and not optimizer.perturbed


@pytest.mark.parametrize(
    "options",
    [
        {"rho": -1.0},
        {"rho": float("nan")},
        {"ascent": "up"},
        {"descent": "down"},
        {"steps": 0},
        {"batchnorm": "third"},
        {"batchnorm": "first"},
        {"adaptive": 2},
    ],
)
def test_options_that_do_not_fit_are_named(options):
    """Every option is checked, and the message names it."""
    with pytest.raises(ArgumentError) as error:
        SAM(network().parameters(), torch.optim.SGD, lr=0.1, **options)
    assert error.value.argument in (*options, "model")


def test_only_normalization_layers_are_moved():
    """Groups of SAM-ON: ascents move scales and shifts, descents train everything."""
    model = network(0, nn.Linear(5, 8), nn.LayerNorm(8), nn.Linear(8, 3))
    optimizer = SAM(normalization_only(model), torch.optim.SGD, lr=0.1, rho=1.0)
    before = weights_of(model)
    batch = batches(1)[0]
    loss_of(model, batch).backward()
    optimizer.first_step(zero_grad=True)
    moved = [not torch.equal(a, b) for a, b in zip(weights_of(model), before, strict=True)]
    assert moved == [False, False, True, True, False, False]
    length = sum((a - b).square().sum() for a, b in zip(weights_of(model), before, strict=True)).sqrt()
    assert abs(float(length) - 1) < 1e-6
    loss_of(model, batch).backward()
    optimizer.second_step()
    assert all(not torch.equal(a, b) for a, b in zip(weights_of(model), before, strict=True))


def test_a_scheduler_of_the_learning_rate_is_content():
    """Schedulers count steps of SAM without a warning, and their rate reaches the base optimizer."""
    model = network()
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    two_steps(model, optimizer, batches(1))
    scheduler.step()
    assert optimizer.base_optimizer.param_groups[0]["lr"] == 0.05


def test_a_guard_lowers_rho_and_its_state_is_saved():
    """While the loss at x+ stays at its start, rho falls; the factor is in the state."""
    x = nn.Parameter(torch.tensor([0.0]))
    optimizer = SAM([x], torch.optim.SGD, lr=0.0, rho=1.0, guard=Guard(begin=1.0, patience=2))
    for _ in range(12):
        optimizer.step(lambda: ((x - 1).square().sum().backward(), 1.0)[1])
    assert abs(optimizer.factor - 0.9**10) < 1e-12
    other = SAM([nn.Parameter(torch.zeros(1))], torch.optim.SGD, lr=0.0, guard=Guard())
    other.load_state_dict(optimizer.state_dict())
    assert other.factor == optimizer.factor


def test_the_monitor_records_what_an_ordinary_computation_gives():
    """Norms, cosine, displacement and two-step displacement of a linear model, by hand."""
    x = nn.Parameter(torch.tensor([1.0, 0.0]))
    monitor = Monitor(every=2)
    optimizer = SAM([x], torch.optim.SGD, lr=1.5, rho=0.5, monitor=monitor)
    for _ in range(2):
        optimizer.step(lambda: (loss := x.square().sum() / 2, loss.backward())[0])
    first, second = monitor.rows
    assert (first.f, first.f_plus, first.norm, first.norm_plus, first.cosine) == (0.5, 1.125, 1.0, 1.5, 1.0)
    assert first.moved == 2.25 and second.norm == 1.25  # from 1 to -5/4, and back by 1.5 * 1.75
    assert abs(second.returned - abs(-2.25 + 2.625) / 2.625) < 1e-6 and second.next_cosine == 1.0
