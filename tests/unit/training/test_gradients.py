"""What would pass in silence: interrupted steps, gradients left over, copies, groups added later, other optimizers."""

from __future__ import annotations

import copy
import pickle
import warnings

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from hallucert.errors import ArgumentError  # noqa: E402
from hallucert.training.guard import Schedule  # noqa: E402
from hallucert.training.torch import SAM, Guard, Monitor, UsageError  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.frameworks
INPUTS = torch.randn(12, 5, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(12) % 3


def made(**options):
    """A classifier and its SAM."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8, momentum=None), nn.Tanh(), nn.Linear(8, 3))
    if "batchnorm" in options:
        options["model"] = model
    return model, SAM(model.parameters(), torch.optim.SGD, **{"lr": 0.1, "rho": 0.5, "momentum": 0.9, **options})


def loss_of(model):
    return nn.functional.cross_entropy(model(INPUTS), LABELS)


def closure_of(model, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = loss_of(model)
        loss.backward()
        return loss

    return closure


def trained(model, optimizer, count):
    for _ in range(count):
        optimizer.step(closure_of(model, optimizer))
    return vector(model)


def vector(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def by_hand(model, optimizer, **second):
    loss_of(model).backward()
    optimizer.first_step(zero_grad=True)
    loss_of(model).backward()
    optimizer.second_step(zero_grad=True, **second)


@pytest.mark.parametrize(("steps", "call"), [(1, 2), (3, 2), (3, 4)])
def test_a_closure_that_raises_leaves_the_weights_at_x(steps, call):
    """An interrupt in any pass after the ascent: x is back bit for bit, and training goes on as if nothing was."""
    model, optimizer = made(steps=steps, batchnorm="first")
    before, calls, usual = vector(model), [], closure_of(model, optimizer)

    def closure():
        calls.append(0)
        if len(calls) == call:
            raise KeyboardInterrupt
        return usual()

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(closure)
    assert torch.equal(vector(model), before) and not optimizer.perturbed
    assert torch.equal(trained(model, optimizer, 1), trained(*made(steps=steps, batchnorm="first"), 1))


def test_gradients_set_to_zero_are_no_new_ones():
    """Zeroed in place before step(closure): the closure is evaluated for both passes."""
    model, optimizer = made()
    for _ in range(3):
        optimizer.zero_grad(set_to_none=False)

        def closure():
            loss = loss_of(model)
            loss.backward()
            return loss

        optimizer.step(closure)
    assert torch.equal(vector(model), trained(*made(), 3))


def test_gradients_added_to_those_of_the_step_before_are_refused():
    """Without zero_grad after second_step the ascent would follow a sum of two gradients."""
    model, optimizer = made()
    loss_of(model).backward()
    optimizer.first_step(zero_grad=True)
    loss_of(model).backward()
    optimizer.second_step()
    loss_of(model).backward()
    with pytest.raises(UsageError, match="zero_grad=True"):
        optimizer.first_step(zero_grad=True)


def test_after_restore_there_is_no_step():
    """The gradients of an ascent that was taken back are those of no SAM."""
    model, optimizer = made()
    loss_of(model).backward()
    optimizer.first_step()
    optimizer.restore()
    with pytest.raises(UsageError, match="closure"):
        optimizer.step()


@pytest.mark.parametrize("ascent", ["sam", "vasso", "esam"])
@pytest.mark.parametrize("way", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_and_pickles_go_on_as_the_original(ascent, way):
    """With momentum, what the variant remembers, and the monitor; between the two steps there is no copy."""
    pair = made(ascent=ascent, monitor=Monitor())
    trained(*pair, 2)
    again = way(pair)
    assert torch.equal(trained(*pair, 3), trained(*again, 3))
    assert again[1].count == 5 and len(again[1].monitor.rows) == 5 and repr(again[1]) == repr(pair[1])
    closure_of(*pair)()
    pair[1].first_step()
    with pytest.raises(UsageError, match="x\\+"):
        way(pair)


def test_a_checkpoint_holds_what_is_random_and_counted():
    """ESAM resumes with the masks that come next; counts of steps and ascents, and the monitor's start, go on."""
    model, optimizer = made(ascent="esam", monitor=Monitor())
    trained(model, optimizer, 2)
    saved = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    later, resumed = made(ascent="esam", monitor=Monitor())
    later.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    assert (resumed.count, resumed.ascents) == (2, 2)
    assert resumed.monitor.rows == optimizer.monitor.rows[:1]
    assert torch.equal(trained(later, resumed, 4), trained(model, optimizer, 4))


def test_a_state_of_the_base_optimizer_alone_is_taken():
    """Its groups know nothing of rho, which stays as it was asked for."""
    model, optimizer = made(rho=0.25)
    base = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.5)
    optimizer.load_state_dict(base.state_dict())
    trained(model, optimizer, 1)
    group = optimizer.param_groups[0]
    assert (group["rho"], group["lr"], group["momentum"]) == (0.25, 0.3, 0.5)


def test_groups_added_later_are_those_of_the_base_optimizer():
    """A head that is added with its own rho is trained like one that was there from the start."""
    weights = []
    for late in (True, False):
        model, _ = made()
        groups = [{"params": model[0].parameters()}, {"params": model[3].parameters(), "rho": 0.1}]
        optimizer = SAM(groups[: 1 if late else 2], torch.optim.SGD, lr=0.1, rho=0.5, momentum=0.9)
        if late:
            optimizer.add_param_group(groups[1])
            with pytest.raises(ArgumentError, match="rho"):
                optimizer.add_param_group({"params": model[1].parameters(), "rho": -1})
        weights.append(trained(model, optimizer, 3))
    assert torch.equal(*weights)


@pytest.mark.parametrize(
    ("base", "options", "names"),
    [
        (torch.optim.LBFGS, {}, "without a closure"),
        (torch.optim.SGD, {"maximize": True}, "maximize"),
        (torch.optim.SGD, {"monitor": 5}, "monitor"),
        (torch.optim.SGD, {"guard": 5}, "guard"),
    ],
)
def test_optimizers_that_are_no_base_are_refused(base, options, names):
    """L-BFGS evaluates by itself, maximizing would ascend the wrong way, monitor and guard are objects."""
    with pytest.raises(ArgumentError, match=names):
        SAM([nn.Parameter(torch.ones(2))], base, lr=0.1, **options)


def test_without_losses_a_guard_refuses_and_a_schedule_counts():
    """A guard that is told nothing would leave rho as it is for ever; a schedule needs no loss."""
    model, optimizer = made(guard=Guard())
    with pytest.raises(UsageError, match="loss="):
        by_hand(model, optimizer)
    by_hand(model, optimizer, loss=1.0)
    model, optimizer = made(guard=Schedule.ramp(4))
    by_hand(model, optimizer)
    assert optimizer.factor == 0.25


def test_without_losses_a_monitor_warns_once_and_says_nothing():
    """No loss is not a loss that falls."""
    model, optimizer = made(monitor=Monitor(every=2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(50):
            by_hand(model, optimizer)
    assert optimizer.monitor.standing == "too early to tell" and len(caught) == 1
    assert "loss=" in str(caught[0].message)


def test_complex_weights_are_their_real_and_imaginary_parts():
    """Adaptive and monitored: the steps and the record of the same weights as real ones."""
    start = torch.tensor([[1.0, 2.0], [1.5, -1.0]], dtype=torch.float64)
    ends, rows = [], []
    for complex_ in (True, False):
        p = nn.Parameter(torch.view_as_complex(start.clone()) if complex_ else start.clone())
        optimizer = SAM([p], torch.optim.SGD, lr=0.01, rho=0.5, adaptive=True, descent="gsam", monitor=Monitor())

        def closure(p=p, optimizer=optimizer, complex_=complex_):
            optimizer.zero_grad()
            parts = torch.view_as_real(p) if complex_ else p
            loss = (parts - 1).pow(4).sum() + parts.prod()
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
        ends.append(torch.view_as_real(p.detach()) if complex_ else p.detach())
        rows.append(optimizer.monitor.columns())
    assert torch.allclose(*ends, rtol=1e-13, atol=0)
    for name, values in rows[0].items():
        assert values == pytest.approx(rows[1][name], rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("ascent", ["sam", "vasso", "friendly"])
def test_an_overflow_does_not_stay_in_an_average(ascent):
    """After infinite gradients, which move nothing, ascents are as if these had not been."""
    moves = []
    for overflows in (True, False):
        p = nn.Parameter(torch.ones(3))
        optimizer = SAM([p], torch.optim.SGD, lr=0.1, rho=1.0, ascent=ascent, check=False)
        for scale in (1.0, float("inf"), 2.0) if overflows else (1.0, 2.0):
            p.grad = scale * torch.tensor([1.0, scale, 3.0])
            optimizer.first_step()
            moves.append(p.detach() - 1)
            optimizer.restore()
    assert not moves[1].any() and torch.equal(moves[2], moves[4]) and moves[2].any()


def test_passes_that_are_left_out_are_not_counted():
    """A cumulative average of batch normalization takes one batch a step, not two."""
    model, optimizer = made(batchnorm="first")
    trained(model, optimizer, 3)
    assert model[1].num_batches_tracked == 3


@pytest.mark.parametrize("descent", ["gsam", "wsam", "looksam"])
def test_an_overflow_at_x_does_not_reach_the_weights(descent):
    """Where the gradient at x is infinite and that at x+ is not, the step is that of SAM with x+ = x."""
    p = nn.Parameter(torch.ones(2))
    optimizer = SAM([p], torch.optim.SGD, lr=0.5, rho=0.1, descent=descent)
    p.grad = torch.tensor([float("inf"), 1.0])
    optimizer.first_step(zero_grad=True)
    p.grad = torch.ones(2)
    optimizer.second_step()
    assert torch.equal(p, torch.full((2,), 0.5))
