"""Variants of SAM take the steps of their published implementations, and end on the double well where theory says."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from hallucert.errors import ArgumentError  # noqa: E402
from hallucert.training import ascents, descents  # noqa: E402
from hallucert.training.torch import SAM  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.frameworks


def one_tensor(seed=0):
    """A classifier with a single tensor of weights: where published code works layer by layer, this is the whole."""
    torch.manual_seed(seed)
    return nn.Linear(5, 3, bias=False)


def two_layers(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3))


def batches(count):
    generator = torch.Generator().manual_seed(1)
    return [
        (torch.randn(16, 5, generator=generator), torch.randint(3, (16,), generator=generator)) for _ in range(count)
    ]


def loss_of(model, batch):
    return nn.functional.cross_entropy(model(batch[0]), batch[1])


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
    "sam": ({}, two_layers),
    "asam": ({"adaptive": True}, two_layers),
    "f-sam": ({"ascent": ascents.Friendly(sigma=0.7, decay=0.6)}, two_layers),
    "looksam": ({"descent": descents.Look(every=3, alpha=0.7)}, one_tensor),
    "gsam": ({"descent": descents.SurrogateGap(0.3)}, two_layers),
    "wsam": ({"descent": descents.Weighted(0.6)}, two_layers),
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


def descend(rho, steps=600, start=(0.3, 0.2), **options):
    """Run on (x^2 - 1)^2/4 + y^2/4 with step 0.1; return the end, and the gradients there and at x+."""
    z = nn.Parameter(torch.tensor(start, dtype=torch.float64))
    f = lambda z: (z[0] ** 2 - 1) ** 2 / 4 + z[1] ** 2 / 4  # noqa: E731
    optimizer = SAM([z], torch.optim.SGD, rho=rho, lr=0.1, **options)
    for _ in range(steps):
        optimizer.step(lambda: (loss := f(z), optimizer.zero_grad(), loss.backward())[0])
    end = z.detach().clone()
    optimizer.zero_grad()
    f(z).backward()
    gradient = z.grad.clone()
    for _ in range(optimizer.steps):
        optimizer.first_step(zero_grad=True)
        f(z).backward()
    return end, gradient.norm().item(), z.grad.norm().item()


STOP = {
    "sam": {},
    "vasso": {"ascent": "vasso"},
    "fisher": {"ascent": "fisher"},
    "f-sam half": {"ascent": ascents.Friendly(sigma=0.5)},
    "wsam half": {"descent": descents.Weighted(0.5)},
    "esam all": {"ascent": ascents.Masked(part=1.0)},
}


@pytest.mark.parametrize("name", STOP)
def test_variants_that_keep_hallucinated_points_stop_there(name):
    """rho = 1.4: they come to rest at (+-0.4, 0), where |g| = 0.336, with g(x+) = 0."""
    end, gradient, plus = descend(1.4, **STOP[name])
    assert plus < 1e-6
    if name != "fisher":
        assert abs(abs(end[0].item()) - 0.4) < 1e-6 and abs(end[1].item()) < 1e-6 and abs(gradient - 0.336) < 1e-6
    assert gradient > 0.1


def test_several_ascents_each_go_their_part():
    """Two ascents of rho/2, each along the gradient where it begins; the descent uses the last gradient."""
    x = nn.Parameter(torch.tensor([1.0, 2.0], dtype=torch.float64))
    optimizer = SAM([x], torch.optim.SGD, lr=0.1, rho=1.0, steps=2)
    curve = torch.tensor([3.0, 1.0], dtype=torch.float64)
    optimizer.step(lambda: ((curve * x.square()).sum() / 2).backward())
    z = torch.tensor([1.0, 2.0], dtype=torch.float64)
    plus = z.clone()
    for _ in range(2):
        plus = plus + 0.5 * curve * plus / (curve * plus).norm()
    assert torch.allclose(x, z - 0.1 * curve * plus, rtol=0, atol=1e-15)


HOVER = {
    "gsam": {"descent": descents.SurrogateGap(0.4)},
    "looksam": {"descent": descents.Look(every=2)},
}


@pytest.mark.parametrize("name", HOVER)
def test_variants_without_hallucinated_fixed_points_do_not_stop(name):
    """GSAM and LookSAM have no fixed point with g(x+) = 0 and g(x) != 0: from such a point they move on."""
    at = (0.4, 1e-3)
    end, _, _ = descend(1.4, steps=200, start=at, **HOVER[name])
    later, _, _ = descend(1.4, steps=201, start=at, **HOVER[name])
    assert not torch.equal(end, later)


def test_usam_below_one_over_l_has_none():
    """USAM with a small rho ends at a minimizer."""
    end, gradient, _ = descend(0.2, ascent="usam")
    assert abs(abs(end[0].item()) - 1) < 1e-6 and gradient < 1e-6


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
    ):
        with pytest.raises(ArgumentError) as error:
            make()
        assert error.value.argument == name
