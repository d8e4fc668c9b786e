"""Every variant of SAM on the double well (x^2 - 1)^2/4 + y^2/4 with rho = 1.4 and step 0.1: where it ends, and why.

SAM stops at (+-0.4, 0), whose x+ is the minimizer on the other side; there |g| = 0.336.
"""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from hallucert.training import ascents, descents  # noqa: E402
from hallucert.training.sampa import SAMPa  # noqa: E402
from hallucert.training.torch import SAM  # noqa: E402

pytestmark = pytest.mark.frameworks
HALLUCINATED, SADDLE, MINIMIZER = (0.4, 0.0), (0.0, 0.0), (1.0, 0.0)


def slope(z):
    return torch.stack([z[0] ** 3 - z[0], z[1] / 2])


def descend(rho=1.4, count=500, kind=SAM, start=(0.3, 0.2), curve=slope, **options):
    """Return the last iterates, and the optimizer."""
    z = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = kind([z], torch.optim.SGD, rho=rho, lr=0.1, **options)

    def closure():
        z.grad = curve(z.detach())
        return 0.0

    ends = []
    for _ in range(count):
        optimizer.step(closure)
        ends.append(z.detach().clone())
    return torch.stack(ends[-20:]), optimizer


def folded(ends):
    """Return the iterates in the quarter of positive numbers: both wells are alike."""
    return ends.abs()


STOP = {
    "SAM": ({}, HALLUCINATED),
    "SAM with momentum": ({"momentum": 0.9}, HALLUCINATED),
    "VaSSO": ({"ascent": "vasso"}, HALLUCINATED),
    "F-SAM, sigma 1/2": ({"ascent": ascents.Friendly(sigma=0.5)}, HALLUCINATED),
    "WSAM, gamma 1/2": ({"descent": descents.Weighted(0.5)}, HALLUCINATED),
    "ESAM, all tensors": ({"ascent": ascents.Masked(part=1.0)}, HALLUCINATED),
    "SAMPa, lambda 0": ({"kind": SAMPa, "mix": 0.0}, HALLUCINATED),
    "ASAM": ({"adaptive": True}, SADDLE),
    "USAM": ({"ascent": "usam"}, SADDLE),
    "USAM, rho below 1/L": ({"ascent": "usam", "rho": 0.2}, MINIMIZER),
    "WSAM, gamma 0.3": ({"descent": descents.Weighted(0.3)}, (0.8, 0.0)),
}


@pytest.mark.parametrize("name", STOP)
def test_where_variants_stop(name):
    """At the hallucinated point, at the saddle, at the minimizer, or where two gradients cancel: to rounding."""
    options, place = STOP[name]
    ends, _ = descend(**options)
    assert torch.allclose(folded(ends), torch.tensor(place, dtype=torch.float64).expand(20, 2), rtol=0, atol=1e-7)


def test_fisher_sam_stops_at_a_point_of_its_own():
    """Its x+ is a minimizer, 1.4 away in its own metric; x is none of the points of SAM."""
    end = descend(ascent="fisher")[0][-1]
    g = slope(end)
    metric = 1 + g**2
    plus = end + 1.4 * g / metric / (g**2 / metric).sum().sqrt()
    assert slope(plus).norm() < 1e-12 and g.norm() > 0.3 and abs(end[0].abs() - 0.4) > 0.05


def test_sampa_stops_where_its_two_gradients_cancel():
    """(1 - lambda) g(x~) + lambda g(y) = 0 at y = x - eta g(y): beside the hallucinated point, as WSAM."""
    ends, optimizer = descend(kind=SAMPa, mix=0.2)
    (memory,) = optimizer.memory.values()
    y = ends[-1] - 0.1 * memory["ahead"]
    plus = ends[-1] + 1.4 * memory["ahead"] / memory["ahead"].norm()
    assert torch.equal(ends[0], ends[-1]) or (ends[0] - ends[-1]).norm() < 1e-9
    assert (0.8 * slope(plus) + 0.2 * slope(y)).norm() < 1e-9 and slope(plus).norm() > 0.05
    assert abs(ends[-1][0].abs() - 0.45016) < 1e-5


HOVER = {
    "GSAM, alpha 0.05": ({"descent": descents.SurrogateGap(0.05)}, HALLUCINATED, 0.002, 1e-4),
    "GSAM, alpha 0.4": ({"descent": descents.SurrogateGap(0.4)}, HALLUCINATED, 0.01, 1e-3),
    "LookSAM, every 10th": ({"descent": descents.Look(every=10)}, MINIMIZER, 0.15, 1e-2),
    "SAM in every 10th step": ({"descent": descents.Look(every=10, alpha=0.0)}, MINIMIZER, 0.15, 1e-2),
}


@pytest.mark.parametrize("name", HOVER)
def test_where_variants_hover(name):
    """Without a fixed point at hallucinated points they move about them, or about a minimizer, for ever."""
    options, place, near, moves = HOVER[name]
    ends, _ = descend(**options)
    away = (folded(ends) - torch.tensor(place, dtype=torch.float64)).norm(dim=1)
    assert away.max() < near and (ends[1:] - ends[:-1]).norm(dim=1).max() > moves


@pytest.mark.parametrize(
    "options",
    [
        {"ascent": "friendly"},
        {"descent": descents.Weighted(0.9)},
        {"ascent": "esam"},
        {"descent": descents.Look(every=2)},
    ],
    ids=["F-SAM, sigma 1", "WSAM, gamma 0.9", "ESAM", "LookSAM, every 2nd"],
)
def test_who_neither_stops_nor_stays_at_the_hallucinated_point(options):
    """Started there, F-SAM with sigma = 1 and LookSAM leave, WSAM and ESAM with their own options diverge."""
    ends, _ = descend(start=(0.401, 0.001), **options)
    away = (folded(ends) - torch.tensor(HALLUCINATED, dtype=torch.float64)).norm(dim=1)
    assert not away.max() < 0.05


def test_ascents_in_a_subspace_that_misses_the_minimizer_have_no_hallucinated_point():
    """Only y is moved, as by SAM on normalization layers: x is trained, and no gradient at x+ vanishes."""
    x, y = (torch.nn.Parameter(torch.tensor(v, dtype=torch.float64)) for v in (0.3, 0.2))
    optimizer = SAM([{"params": [x], "perturb": False}, {"params": [y]}], torch.optim.SGD, rho=1.4, lr=0.1)

    def closure():
        x.grad, y.grad = slope(torch.stack([x.detach(), y.detach()])).unbind()
        return 0.0

    for _ in range(500):
        optimizer.step(closure)
    assert abs(x.item() - 1) < 1e-9 and abs(y.item()) < 0.1
    optimizer.zero_grad()
    closure()
    optimizer.first_step(zero_grad=True)
    assert abs(y.item()) > 1.3


def test_several_ascents_stop_where_their_path_ends_at_a_critical_point():
    """Two ascents of 1.2 from x = 1.4 over the maximum at 0 of a quartic end at its minimizer -1; x is attracted."""

    def quartic(z):
        return (z + 1) * z * (z - 3)

    ends, _ = descend(rho=2.4, count=300, start=(1.5,), curve=quartic, steps=2)
    assert torch.allclose(ends, torch.full((20, 1), 1.4, dtype=torch.float64), rtol=0, atol=1e-9)
    assert abs(quartic(ends[-1]).item()) > 1
