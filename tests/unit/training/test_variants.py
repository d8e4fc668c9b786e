"""Variants of SAM take the steps of their published implementations, or of the equations of their papers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from training_samples import batches, loss_of, network  # noqa: E402

from hallucert.errors import ArgumentError  # noqa: E402
from hallucert.training import ascents, descents  # noqa: E402
from hallucert.training.sampa import SAMPa  # noqa: E402
from hallucert.training.torch import SAM  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.frameworks


def one_tensor(seed=0):
    """A classifier with a single tensor of weights: where published code works layer by layer, this is the whole."""
    torch.manual_seed(seed)
    return nn.Linear(5, 3, bias=False)


def run(model, optimizer, data):
    """Train as both interfaces have in common."""
    for batch in data:

        def closure(batch=batch):
            optimizer.zero_grad()
            with torch.enable_grad():
                loss = loss_of(model, batch)
                loss.backward()
            return loss

        if hasattr(optimizer, "set_closure"):  # of GSAM, which evaluates both passes, and wants outputs, too
            optimizer.step(lambda closure=closure: (None, closure()))
            continue
        closure()
        optimizer.step(closure)
        optimizer.zero_grad()


class _Radius:
    def step(self):
        return 0.3


def _published(name, model):
    other = pytest.importorskip("pytorch_optimizer")
    sgd, options = torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}
    match name:
        case "f-sam":
            return other.FriendlySAM(model.parameters(), sgd, rho=0.3, sigma=0.7, lmbda=0.6, **options)
        case "looksam":
            return other.LookSAM(model.parameters(), sgd, rho=0.3, k=3, alpha=0.7, **options)
        case "gsam":
            return other.GSAM(model.parameters(), sgd(model.parameters(), **options), model, _Radius(), alpha=0.3)
        case "wsam":
            return other.WSAM(model, model.parameters(), sgd, rho=0.3, gamma=0.6, decouple=False, **options)
    return other.SAM(model.parameters(), sgd, rho=0.3, adaptive=name == "asam", **options)


OURS = {
    "sam": ({}, network),
    "asam": ({"adaptive": True}, network),
    "f-sam": ({"ascent": ascents.Friendly(sigma=0.7, decay=0.6)}, network),
    "looksam": ({"descent": descents.Look(every=3, alpha=0.7)}, one_tensor),
    "gsam": ({"descent": descents.SurrogateGap(0.3)}, network),
    "wsam": ({"descent": descents.Weighted(0.6)}, network),
}


@pytest.mark.parametrize("name", OURS)
def test_steps_are_those_of_a_published_implementation(name):
    """Twenty steps with momentum: the same weights up to rounding."""
    options, make = OURS[name]
    ours, theirs = make(), make()
    run(theirs, _published(name, theirs), batches(20))
    run(ours, SAM(ours.parameters(), torch.optim.SGD, rho=0.3, lr=0.1, momentum=0.9, **options), batches(20))
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=0, atol=2e-6)
    start = make()
    assert not torch.allclose(next(ours.parameters()), next(start.parameters()), atol=1e-2)


def by_hand(name, model, data, rho=0.3, lr=0.1):
    """Steps of variants without a package, from the equations of their papers, on all weights as one vector."""
    from torch.nn.utils import parameters_to_vector, vector_to_parameters

    def gradient(z, batch):
        vector_to_parameters(z, model.parameters())
        model.zero_grad()
        loss_of(model, batch).backward()
        return parameters_to_vector([p.grad for p in model.parameters()]).double()

    x = parameters_to_vector(model.parameters()).detach().double()
    average, ahead, shifted = 0.0, 0.0, None
    for batch in data:
        if name == "sampa":
            y = x - lr * ahead
            ahead = gradient(y.float(), batch)
            x = x - lr * (ahead if shifted is None else 0.8 * shifted + 0.2 * ahead)
            shifted = gradient((x + rho * ahead / ahead.norm()).float(), batch)
            continue
        g = gradient(x.float(), batch)
        if name == "vasso":
            average = 0.7 * average + 0.3 * g
            move = average / average.norm()
        elif name == "fisher":
            metric = 1 + 2.0 * g**2
            move = g / metric / (g @ (g / metric)).sqrt()
        elif name == "usam":
            move = g
        elif name == "three ascents":
            plus = x
            for _ in range(3):
                h = gradient(plus.float(), batch)
                plus = plus + rho / 3 * h / h.norm()
            move = (plus - x) / rho
        x = x - lr * gradient((x + rho * move).float(), batch)
    return x


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vasso", {"ascent": ascents.VarianceSuppressed(theta=0.3)}),
        ("fisher", {"ascent": ascents.Fisher(eta=2.0)}),
        ("usam", {"ascent": "usam"}),
        ("three ascents", {"steps": 3}),
        ("sampa", {"mix": 0.2}),
    ],
)
def test_steps_are_those_of_the_published_equations(name, options):
    """Ten steps of variants that no package has, against their equations on one vector, up to rounding to singles."""
    ours, theirs = network(), network()
    optimizer = (SAMPa if name == "sampa" else SAM)(ours.parameters(), torch.optim.SGD, rho=0.3, lr=0.1, **options)
    for batch in batches(10):
        optimizer.step(lambda batch=batch: (loss := loss_of(ours, batch), loss.backward())[0])
    end = torch.nn.utils.parameters_to_vector(ours.parameters()).double()
    assert torch.allclose(end, by_hand(name, theirs, batches(10)), rtol=0, atol=5e-6)


def test_options_of_variants_are_checked():
    """Options out of their range are named."""
    for make, name in (
        (lambda: ascents.Friendly(decay=1.0), "decay"),
        (lambda: ascents.VarianceSuppressed(theta=0.0), "theta"),
        (lambda: ascents.Masked(part=0.0), "part"),
        (lambda: ascents.Fisher(eta=-1.0), "eta"),
        (lambda: descents.SurrogateGap(1.0), "alpha"),
        (lambda: descents.Weighted(1.0), "gamma"),
        (lambda: descents.Look(every=0), "every"),
        (lambda: SAMPa(one_tensor().parameters(), torch.optim.SGD, lr=0.1, mix=1.0), "mix"),
        (lambda: SAMPa(one_tensor().parameters(), torch.optim.SGD, lr=0.1, steps=2), "steps"),
    ):
        with pytest.raises(ArgumentError) as error:
            make()
        assert error.value.argument == name
