"""Any module of PyTorch, and any function of JAX, is an objective in floats: run, searched, drawn and diagnosed."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError

torch = pytest.importorskip("torch", exc_type=ImportError)
nn = torch.nn
pytestmark = pytest.mark.frameworks
RANDOM = torch.Generator().manual_seed(0)
IMAGES, WORDS = torch.randn(10, 1, 6, 6, generator=RANDOM), torch.randn(10, 5, 4, generator=RANDOM)
LABELS = torch.arange(10) % 3


class Last(nn.Module):
    """The last output of a recurrent network."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.LSTM(4, 6, batch_first=True), nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.inner(x)[0][:, -1])


class Encoder(nn.Module):
    """A layer of a transformer, whose attention has second derivatives in its plain form alone."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.inner(x).mean(1))


class Counting(nn.Module):
    """It counts its calls in a buffer, and adds the count to its outputs."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(36, 3)
        self.register_buffer("calls", torch.zeros(3))

    def forward(self, x):
        self.calls += torch.tensor([0.0, 0.0, 1.0])
        return self.inner(x.flatten(1)) + self.calls


MODULES = {
    "ReLU": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.ReLU(), nn.Linear(4, 3)), IMAGES),
    "max-pooling": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)),
        IMAGES,
    ),
    "LSTM": (Last, WORDS),
    "attention": (lambda: Encoder().eval(), WORDS),
    "dropout, switched off": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.Dropout(), nn.ReLU(), nn.Linear(4, 3)).eval(),
        IMAGES,
    ),
    "batch norm": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3)),
        IMAGES,
    ),
    "state": (Counting, IMAGES),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_run_searched_drawn_and_diagnosed(name):
    """Products are differences of gradients, SAM lowers the loss, and the module is left as it was."""
    make, inputs = MODULES[name]
    torch.manual_seed(0)
    net = make()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    f = hc.Objective.from_torch(net, nn.CrossEntropyLoss(), (inputs, LABELS), rigorous=False)
    x, v = f.parameters, np.random.default_rng(0).normal(size=f.dimension)
    product = f.hessian_vector_product(x, v)
    around = (f.gradient(x + 1e-5 * v) - f.gradient(x - 1e-5 * v)) / 2e-5
    assert np.allclose(product, around, atol=1e-6 * np.abs(product).max())
    run = hc.sam.run(f, x, "0.05", "0.1", 10, progress=False)
    assert run.value < f.value(x)
    assert hc.diagnose(net, "cross_entropy", (inputs, LABELS), "0.05", "0.1").x.size == f.dimension
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_networks_with_kinks_are_searched_and_drawn():
    """A squared loss is in residual form: hallucinated points of a ReLU network are found and drawn."""
    import matplotlib

    matplotlib.use("Agg")
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    data = torch.randn(3, 2), torch.randn(3, 1)
    whole = hc.Objective.from_torch(net, "squared", data, rigorous=False)
    parts = hc.Objective.from_torch(net, "squared", [(data[0][:2], data[1][:2]), (data[0][2:], data[1][2:])], 0, False)
    assert (whole.residual_count, whole.n) == (3, 3)
    for name in ("value", "gradient", "hessian", "residual", "residual_jacobian"):
        assert np.allclose(getattr(whole, name)(whole.parameters), getattr(parts, name)(whole.parameters), atol=1e-12)
    r, jacobian = whole.residual(whole.parameters), whole.residual_jacobian(whole.parameters)
    assert np.isclose(r @ r / 6, whole.value(whole.parameters))
    assert np.allclose(jacobian.T @ r / 3, whole.gradient(whole.parameters))
    found = hc.find.hallucinate(whole, whole.parameters, 8)
    assert np.linalg.norm(whole.residual(hc.sam.perturbed_point(whole, found.x, 8))) < 1e-9
    assert hc.plot.plane(whole, found.x, points=[found.target, whole.parameters], rho=8, resolution=10) is not None


def test_losses_that_are_sums_over_batches_have_no_best_constant():
    """A mean of sums over batches is no squared loss of all samples: no residual form."""
    data = [(torch.randn(2, 2), torch.randn(2, 1)), (torch.randn(3, 2), torch.randn(3, 1))]
    net = nn.Linear(2, 1)
    assert hc.Objective.from_torch(net, nn.MSELoss(reduction="sum"), data, rigorous=False).supervised is None
    assert hc.Objective.from_torch(net, nn.MSELoss(), data, rigorous=False).residual_count == 5


@pytest.mark.parametrize(
    "data",
    [
        [],
        [(torch.randn(2, 2), torch.randn(2, 1)), (torch.randn(2, 3), torch.randn(2, 1))],
        [(torch.randn(2, 2), torch.randn(2, 1)), torch.randn(2, 2)],
        [{"inputs": torch.randn(2, 2)}],
    ],
    ids=["none", "shapes", "no pair", "dictionaries"],
)
def test_batches_that_do_not_fit_are_named(data):
    """Empty, of several shapes, or no pairs; and several are no data to read."""
    with pytest.raises(ArgumentError) as caught:
        hc.Objective.from_torch(nn.Linear(2, 1), "squared", data, rigorous=False)
    assert caught.value.argument == "data"


def test_batches_are_no_data_to_be_read():
    """Certificates hold one pair of arrays."""
    with pytest.raises(ArgumentError, match="one pair"):
        hc.Objective.from_torch(nn.Linear(2, 1), "squared", [(torch.ones(2, 2), torch.ones(2, 1))] * 2)


def test_functions_of_jax_are_searched_in_floats():
    """ReLU in JAX, all samples or batches: the same numbers, residual form, and a hallucinated point."""
    jax = pytest.importorskip("jax")
    random = np.random.default_rng(0)
    params = {"in": random.normal(size=(2, 8)), "shift": random.normal(size=8), "out": random.normal(size=(8, 1))}
    data = random.normal(size=(3, 2)), random.normal(size=(3, 1))

    def network(p, x):
        return jax.nn.relu(x @ p["in"] + p["shift"]) @ p["out"]

    whole = hc.Objective.from_jax(network, params, "squared", data, rigorous=False)
    parts = hc.Objective.from_jax(
        network, params, "squared", [(data[0][:2], data[1][:2]), (data[0][2:], data[1][2:])], rigorous=False
    )
    for name in ("value", "gradient", "hessian", "residual", "residual_jacobian"):
        assert np.allclose(getattr(whole, name)(whole.parameters), getattr(parts, name)(whole.parameters), atol=1e-12)
    found = None
    while found is None:
        try:
            found = hc.find.hallucinate(whole, random.normal(size=whole.dimension), 8, max_steps=40)
        except SearchError:
            continue
    assert np.linalg.norm(whole.residual(hc.sam.perturbed_point(whole, found.x, 8))) < 1e-9


@pytest.mark.parametrize("labels", [[0, 1, 3], [0, -1, 2]])
def test_labels_that_are_no_classes_are_refused_in_floats(labels):
    """JAX would take the nearest class, or count from the last one: the loss of other labels."""
    jax = pytest.importorskip("jax", exc_type=ImportError)
    with pytest.raises(ArgumentError, match="classes from 0 to 2"):
        hc.Objective.from_jax(
            lambda p, x: jax.nn.relu(x @ p), np.ones((2, 3)), "cross_entropy", (np.ones((3, 2)), labels), rigorous=False
        )
