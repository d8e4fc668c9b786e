"""Eigenvalues during a run are those of whole Hessians; the edge of stability is where steps leave."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from hallucert.errors import ArgumentError  # noqa: E402
from hallucert.training.curvature import Curvature  # noqa: E402
from hallucert.training.torch import SAM, Monitor  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.frameworks
RANDOM = np.random.default_rng(0)
INPUTS, LABELS = torch.tensor(RANDOM.normal(size=(12, 3)), dtype=torch.float32), torch.arange(12) % 3


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))


def train(model, steps, monitor=None, **options):
    optimizer = SAM(model.parameters(), torch.optim.SGD, rho=0.5, lr=0.1, monitor=monitor, **options)
    for _ in range(steps):
        optimizer.step(lambda: (loss := nn.functional.cross_entropy(model(INPUTS), LABELS), loss.backward())[0])
    return optimizer


def whole(model):
    """Gradient and Hessian as functions of all weights as one vector, by PyTorch."""
    shapes = {name: p.shape for name, p in model.named_parameters()}

    def loss(theta):
        parts = theta.split([math.prod(shape) for shape in shapes.values()])
        values = {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
        return nn.functional.cross_entropy(torch.func.functional_call(model, values, (INPUTS.double(),)), LABELS)

    return torch.func.grad(loss), lambda x: torch.autograd.functional.hessian(loss, x)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_eigenvalues_and_the_edge_are_those_of_whole_matrices(momentum):
    """Both ends at x and x+, and step |mu|/(2 + 2 momentum) of the SAM matrix H(x+) J, in the row of the step."""
    model = network()
    monitor = Monitor(curvature=Curvature(model, "cross_entropy", (INPUTS, LABELS), every=2, products=24), warn=False)
    train(model, 3, monitor, momentum=momentum)
    twin = network()
    train(twin, 2, momentum=momentum)
    twin = twin.double()
    gradient, hessian = whole(twin)
    x = torch.nn.utils.parameters_to_vector(twin.parameters()).detach()
    g = gradient(x)
    u, rho = g / g.norm(), 0.5
    here, there = hessian(x), hessian(x + rho * u)
    row = monitor.rows[2]
    for matrix, found in ((here, (row.smallest, row.largest)), (there, (row.smallest_plus, row.largest_plus))):
        values = torch.linalg.eigvalsh(matrix)
        assert np.allclose(found, (values[0], values[-1]), rtol=1e-3, atol=1e-3 * float(values[-1]))
    m = there @ (torch.eye(len(x)) + rho / g.norm() * (here - torch.outer(u, u) @ here))
    largest = float(torch.linalg.eigvals(m).abs().max())
    assert abs(row.edge - 0.1 * largest / (2 + 2 * momentum)) < 1e-3 * row.edge
    assert math.isnan(monitor.rows[1].edge) and "edge of stability" in str(monitor)


@pytest.mark.parametrize(("factor", "leaves"), [(0.95, False), (1.05, True)])
@pytest.mark.parametrize("nesterov", [False, True])
def test_beyond_the_edge_steps_leave(factor, leaves, nesterov):
    """At a minimizer of a quadratic function, with momentum: steps grow where the edge is above 1, and only there."""
    w = nn.Linear(1, 1, bias=False)
    data = torch.ones(1, 1), torch.zeros(1, 1)
    momentum = 0.5
    limit = 2 * (1 + momentum) / (1 + 2 * momentum * nesterov)
    options = {"lr": factor * limit, "momentum": momentum, "nesterov": nesterov}
    row = Curvature(w, "squared", data).measured({"rho": 0.0, "dampening": 0, **options})
    assert abs(row["edge"] - factor) < 1e-9
    optimizer = torch.optim.SGD(w.parameters(), **options)
    before = abs(w.weight.item())
    for _ in range(200):
        optimizer.zero_grad()
        (w(data[0]).square().sum() / 2).backward()
        optimizer.step()
    assert (abs(w.weight.item()) > before) == leaves


def test_a_run_that_is_looked_at_is_the_same_run():
    """Weights, statistics of batch normalization and random numbers, with dropout: bit for bit as without."""
    ends = []
    for looked in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
        curvature = Curvature(model, nn.CrossEntropyLoss(), (INPUTS, LABELS), every=1) if looked else None
        train(model, 3, Monitor(curvature=curvature, warn=False))
        ends.append([*model.state_dict().values(), torch.rand(1)])
        assert model[3].training
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))


def test_steps_that_are_not_those_of_sgd_have_no_edge():
    """AdamW scales each weight: eigenvalues are recorded, the edge is NaN."""
    model = network()
    curvature = Curvature(model, "cross_entropy", (INPUTS, LABELS), every=1)
    optimizer = SAM(model.parameters(), torch.optim.AdamW, monitor=Monitor(curvature=curvature), lr=0.01)
    optimizer.step(lambda: (loss := nn.functional.cross_entropy(model(INPUTS), LABELS), loss.backward())[0])
    assert optimizer.monitor.rows[0].largest > 0 and math.isnan(optimizer.monitor.rows[0].edge)


def test_what_does_not_fit_is_named_at_once():
    """Not in the middle of a run."""
    for name, make in (
        ("model", lambda: Curvature(len, "squared", (INPUTS, LABELS))),
        ("data", lambda: Curvature(network(), "squared", (INPUTS, LABELS))),
        ("every", lambda: Curvature(network(), "cross_entropy", (INPUTS, LABELS), every=0)),
        ("products", lambda: Curvature(network(), "cross_entropy", (INPUTS, LABELS), products=3)),
        ("variant", lambda: Curvature(network(), "cross_entropy", (INPUTS, LABELS), variant="asam")),
        ("curvature", lambda: Monitor(curvature=3)),
    ):
        with pytest.raises(ArgumentError) as caught:
            make()
        assert caught.value.argument == name
