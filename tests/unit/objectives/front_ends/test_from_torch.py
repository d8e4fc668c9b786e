"""Modules of PyTorch as objectives: PyTorch's own numbers, proofs of what was trained, and refusals with the reason."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, MissingPackageError, NotAnalyticError

torch = pytest.importorskip("torch", exc_type=ImportError)
pytestmark = pytest.mark.frameworks
nn = torch.nn

EAGER = torch.nn.attention.SDPBackend.MATH


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.norm, self.last = nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 1)

    def forward(self, x):
        return self.last(x + nn.functional.gelu(self.norm(self.inner(x))))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.last = nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, 1)

    def forward(self, x):
        return self.last(self.attention(x, x, x, need_weights=False)[0].mean(1))


class Causal(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.inner, self.last = nn.Embedding(5, 4), nn.Linear(4, 12), nn.Linear(4, 5)

    def forward(self, tokens):
        x = self.embedding(tokens)
        q, k, v = self.inner(x).chunk(3, -1)
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.last(x + y)[:, -1]


class Arithmetic(nn.Module):
    """Operations that no layer uses."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(3, 2))
        self.c = nn.Parameter(torch.rand(2) + 1)

    def forward(self, x):
        y = torch.stack([x @ self.w, (x[:, :2] - 2 * self.c).square()], 1)
        z = torch.cat([y[:, 0], y[:, 1].exp() / (1 + self.c)], 1)
        z = torch.log(1 + z**2).sum(1, keepdim=True) + z.permute(1, 0).unsqueeze(0).squeeze(0).t().mean(-1, True)
        return z * torch.rsqrt(self.c).sum() - torch.sin(self.w).mean() + self.w.expand(2, 3, 2)[1].flatten()[0]


def encoder():
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, activation="gelu", batch_first=True)
    return nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Flatten(), nn.Linear(12, 1))


ACTIVATIONS = {
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
    "softplus": nn.Softplus(beta=2.0),
    "gelu": nn.GELU(),
    "gelu with tanh": nn.GELU("tanh"),
    "silu": nn.SiLU(),
    "mish": nn.Mish(),
    "logsigmoid": nn.LogSigmoid(),
    "softmax": nn.Softmax(-1),
    "log-softmax": nn.LogSoftmax(1),
}

NETWORKS = {
    **{
        name: (lambda a=a: nn.Sequential(nn.Linear(2, 3), a, nn.Linear(3, 1)), (5, 2), "squared")
        for name, a in ACTIVATIONS.items()
    },
    "convolution, batch norm, silu": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.SiLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 1)
        ),
        (3, 1, 4, 4),
        nn.MSELoss(),
    ),
    "batch norm in evaluation": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3, stride=2, groups=2, bias=False),
            nn.BatchNorm2d(4),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(4, 3),
        ).eval(),
        (3, 2, 5, 5),
        "cross_entropy",
    ),
    "group norm in one dimension": (
        lambda: nn.Sequential(
            nn.Conv1d(2, 3, 3, dilation=2, padding=1),
            nn.GroupNorm(3, 3),
            nn.Tanh(),
            nn.AvgPool1d(2, padding=1, count_include_pad=False),
            nn.Flatten(),
            nn.Linear(12, 2),
        ),
        (3, 2, 8),
        nn.CrossEntropyLoss(label_smoothing=0.125),
    ),
    "residual, layer norm, gelu": (Residual, (3, 4), nn.MSELoss(reduction="sum")),
    "attention": (Attention, (3, 5, 4), "squared"),
    "two transformer layers": (encoder, (2, 3, 4), "squared"),
    "causal attention of tokens": (Causal, None, "cross_entropy"),
    "embedding, rms norm": (
        lambda: nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(9, 2), nn.RMSNorm(2)),
        None,
        "cross_entropy",
    ),
    "arithmetic": (Arithmetic, (4, 3), "squared"),
}


def problem(name, dtype=torch.float64):
    """A module with random parameters, its data, and the loss as PyTorch computes it."""
    torch.manual_seed(0)
    make, shape, loss = NETWORKS[name]
    module = make().to(dtype)
    for p in module.parameters():  # layers start with many zeros and ones
        p.data += 0.1 * torch.randn_like(p)
    inputs = torch.randint(0, 5, (4, 3)) if shape is None else torch.randn(shape, dtype=dtype)
    outputs = module(inputs)
    if loss == "squared" or isinstance(loss, nn.MSELoss):
        targets = torch.randn(outputs.shape, dtype=dtype)
        if loss == "squared":
            return module, loss, inputs, targets, lambda o: ((o - targets) ** 2).sum() / (2 * len(inputs))
        return module, loss, inputs, targets, lambda o: loss(o, targets)
    targets = torch.randint(0, outputs.shape[1], outputs.shape[:1])
    call = nn.CrossEntropyLoss() if loss == "cross_entropy" else loss
    return module, loss, inputs, targets, lambda o: call(o, targets)


def torchs(module, inputs, call, direction):
    """Value, gradient and Hessian-vector product by PyTorch, with a weight decay of 1/100."""
    with torch.nn.attention.sdpa_kernel(EAGER):
        ps = list(module.parameters())
        value = call(module(inputs)) + 0.005 * sum((p**2).sum() for p in ps)
        slope = torch.cat([g.reshape(-1) for g in torch.autograd.grad(value, ps, create_graph=True)])
        bend = torch.autograd.grad((slope * torch.from_numpy(direction)).sum(), ps)
    return value.item(), slope.detach().numpy(), torch.cat([g.reshape(-1) for g in bend]).numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_architecture_has_pytorchs_derivatives(name):
    """Value, gradient and Hessian-vector product to rounding; parameters are the module's, in its order."""
    module, loss, inputs, targets, call = problem(name)
    f = hc.Objective.from_torch(module, loss, (inputs, targets), weight_decay="0.01")
    x = f.parameters
    assert x.tolist() == torch.cat([p.detach().reshape(-1) for p in module.parameters()]).tolist()
    assert f.variables[0].startswith(next(iter(dict(module.named_parameters()))))
    v = np.random.default_rng(1).normal(size=f.dimension)
    value, slope, bend = torchs(module, inputs, call, v)
    assert np.isclose(f.value(x), value, rtol=1e-12)
    assert np.allclose(f.gradient(x), slope, rtol=1e-10, atol=1e-12)
    assert np.allclose(f.hessian_vector_product(x, v), bend, rtol=1e-9, atol=1e-11)


def test_single_precision_is_taken_exactly():
    """Parameters and data of a float32 module are the doubles that they are; computing is in doubles."""
    module, loss, inputs, targets, _ = problem("tanh", torch.float32)
    f = hc.Objective.from_torch(module, loss, (inputs, targets))
    same = hc.Objective.from_torch(module.double(), loss, (inputs.double(), targets.double()))
    assert f.to_json() == same.to_json()
    assert f.value(f.parameters) == same.value(same.parameters)


def test_a_convolutional_network_is_proved_and_verified(tmp_path):
    """Batch norm over the full batch, SiLU, average pooling: a hallucinated minimizer, from the file alone."""
    torch.manual_seed(0)
    module = NETWORKS["convolution, batch norm, silu"][0]().double()
    data = torch.randn(3, 1, 4, 4, dtype=torch.float64), torch.randn(3, 1, dtype=torch.float64)
    f = hc.Objective.from_torch(module, "squared", data)
    rng = np.random.default_rng(0)
    candidate = None
    while candidate is None:
        try:
            candidate = hc.find.hallucinate(f, 0.7 * rng.normal(size=f.dimension), "2")
        except hc.errors.SearchError:
            continue
    cert = hc.certify(candidate)
    assert cert["existence"].status == cert["nonstationary"].status == "proved"
    assert cert["hallucinated_minimizer"].status == "proved"
    assert np.linalg.norm(f.residual(hc.sam.perturbed_point(f, cert.x, "2"))) < 1e-8 < f.value(cert.x)
    cert.save(tmp_path / "conv.json")
    assert hc.load(tmp_path / "conv.json").objective.to_json() == f.to_json()


@pytest.mark.parametrize(
    ("module", "word"),
    [
        (nn.ReLU(), "relu, which has a kink"),
        (nn.ELU(), "elu, which is continuously differentiable, but not analytic"),
        (nn.LeakyReLU(), "leaky_relu"),
        (nn.Hardtanh(), "hardtanh"),
        (nn.Softsign(), "abs, which has a kink"),
        (nn.Dropout(0.5), "dropout in training mode"),
        (nn.CELU(), "celu"),
        (nn.Softshrink(), "softshrink, which has kinks"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_what_is_not_analytic_is_named(module, word):
    """The operation, and why nothing can be proved about it; in floats it is taken."""
    whole = nn.Sequential(nn.Linear(2, 2), module, nn.Linear(2, 1))
    data = torch.randn(3, 2), torch.randn(3, 1)
    with pytest.raises(NotAnalyticError, match=word):
        hc.Objective.from_torch(whole, "squared", data)
    f = hc.Objective.from_torch(whole.eval(), "squared", data, rigorous=False)
    with pytest.raises(NotAnalyticError, match="float-only"):
        hc.certify(f, f.parameters, "0.1")


def test_what_depends_on_values_is_refused():
    """Control flow that looks at numbers cannot be recorded."""

    class Branches(nn.Linear):
        def forward(self, x):
            return super().forward(x) if x.sum() > 0 else super().forward(-x)

    with pytest.raises(NotAnalyticError, match="depends on values"):
        hc.Objective.from_torch(Branches(2, 1), "squared", (torch.randn(3, 2), torch.randn(3, 1)))


class Tied(nn.Module):
    """The weights of an embedding are those of the outputs, as in language models."""

    def __init__(self):
        super().__init__()
        self.embedding, self.last = nn.Embedding(5, 4), nn.Linear(4, 5, bias=False)
        self.last.weight = self.embedding.weight

    def forward(self, tokens):
        return self.last(torch.tanh(self.embedding(tokens)).mean(1))


def test_tied_parameters_are_one():
    """Away from the weights that the module had, too, value and gradient are PyTorch's."""
    torch.manual_seed(0)
    module, tokens, labels = Tied().double(), torch.randint(0, 5, (4, 3)), torch.tensor([0, 1, 2, 4])
    f = hc.Objective.from_torch(module, "cross_entropy", (tokens, labels))
    x = f.parameters + 0.5 * np.cos(np.arange(f.dimension))
    torch.nn.utils.vector_to_parameters(torch.tensor(x), module.parameters())
    value = nn.functional.cross_entropy(module(tokens), labels)
    slope = torch.autograd.grad(value, list(module.parameters()))[0].reshape(-1)
    assert f.dimension == 20 and np.isclose(f.value(x), value.item(), rtol=1e-12)
    assert np.allclose(f.gradient(x), slope.numpy(), atol=1e-13)


def test_a_norm_has_the_eps_of_the_type_of_its_module():
    """An RMS norm of a float32 module divides by more than one of doubles, in its program and in its floats."""
    torch.manual_seed(0)
    module, data = nn.Sequential(nn.Linear(2, 3), nn.RMSNorm(3)), (torch.randn(4, 2) / 2**14, torch.zeros(4, 3))
    module[0].bias.data.zero_()
    f = hc.Objective.from_torch(module, "squared", data)
    kept = hc.Objective.from_torch(module, "squared", data, rigorous=False)
    assert np.isclose(f.value(f.parameters), (module(data[0]) ** 2).sum().item() / 8, rtol=1e-5)
    assert np.isclose(f.value(f.parameters), kept.value(f.parameters), rtol=1e-12)


def test_data_of_any_floats_are_exact():
    """bfloat16, which numpy does not know, is taken as the doubles that it holds."""
    f = hc.Objective.from_torch(GOOD, "squared", (X.bfloat16(), Y.bfloat16()))
    same = hc.Objective.from_torch(GOOD, "squared", (X.bfloat16().double(), Y.bfloat16().double()))
    assert f.to_json() == same.to_json()


def test_losses_with_hooks_are_refused():
    """What a hook makes of the loss is not the loss that was read."""
    loss = nn.MSELoss()
    loss.register_forward_hook(lambda module, given, found: 7 * found)
    with pytest.raises(NotAnalyticError, match="not the value and gradient that the module in PyTorch has"):
        hc.Objective.from_torch(GOOD, loss, (X, Y))


def test_losses_of_ones_own_are_no_losses_of_pytorch():
    """A subclass may compute something else, and targets that PyTorch would broadcast are refused."""

    class Mine(nn.MSELoss):
        def forward(self, outputs, targets):
            return 7 * super().forward(outputs, targets)

    for loss, targets in ((Mine(), Y), (nn.MSELoss(), Y[:, 0])):
        with pytest.raises(ArgumentError):
            hc.Objective.from_torch(GOOD, loss, (X, targets))


GOOD = nn.Linear(2, 3)
X, Y, LABELS = torch.randn(4, 2), torch.randn(4, 3), torch.tensor([0, 1, 2, 0])


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("module", (len, "squared", (X, Y), 0)),
        ("module", (nn.Tanh(), "squared", (X, Y), 0)),
        ("loss", (GOOD, "hinge", (X, Y), 0)),
        ("loss", (GOOD, nn.L1Loss(), (X, Y), 0)),
        ("loss", (GOOD, nn.CrossEntropyLoss(weight=torch.ones(3)), (X, LABELS), 0)),
        ("loss", (GOOD, np.array([1, 2]), (X, Y), 0)),
        ("data", (GOOD, "squared", X, 0)),
        ("data", (GOOD, "squared", (X, Y[:3]), 0)),
        ("data", (GOOD, "squared", (X, Y[:, :2]), 0)),
        ("data", (GOOD, "squared", (X * torch.nan, Y), 0)),
        ("data", (GOOD, "squared", (None, Y), 0)),
        ("data", (GOOD, "squared", (X.double() / 3, Y), 0)),
        ("data", (GOOD, "cross_entropy", (X, LABELS + 1), 0)),
        ("data", (GOOD, "cross_entropy", (X, LABELS.double()), 0)),
        ("data", (GOOD, "cross_entropy", (X, Y), 0)),
        ("weight_decay", (GOOD, "squared", (X, Y), -1)),
        ("weight_decay", (GOOD, "squared", (X, Y), "x")),
        ("rigorous", (GOOD, "squared", (X, Y), 0, 1)),
    ],
)
def test_misuse_is_named(argument, values):
    """A wrong argument is called by its name."""
    with pytest.raises(ArgumentError) as caught:
        hc.Objective.from_torch(*values)
    assert caught.value.argument == argument


def test_without_pytorch_the_extra_is_named(monkeypatch):
    """The message says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingPackageError, match=r"hallucert\[torch\]"):
        hc.Objective.from_torch(GOOD, "squared", (X, Y))


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_floats_of_a_module_are_those_of_its_program(loss):
    """Value, gradient, Hessian and products of points and lanes agree; the module itself is left alone."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    before = [p.clone() for p in module.parameters()]
    data = torch.randn(4, 2), torch.tensor([0, 1, 1, 0]) if loss == "cross_entropy" else torch.randn(4, 2)
    read = hc.Objective.from_torch(module, loss, data, weight_decay="0.1")
    kept = hc.Objective.from_torch(module, loss, data, weight_decay="0.1", rigorous=False)
    lanes = np.stack([read.parameters, read.parameters[::-1]])
    assert np.allclose(kept.value(lanes), read.value(lanes), rtol=1e-12)
    assert np.allclose(kept.gradient(lanes), read.gradient(lanes), atol=1e-12)
    assert np.allclose(kept.hessian(lanes), read.hessian(lanes), atol=1e-12)
    assert np.allclose(kept.hessian_vector_product(lanes, lanes), read.hessian_vector_product(lanes, lanes), atol=1e-12)
    assert all(torch.equal(p, q) and p.dtype == torch.float32 for p, q in zip(module.parameters(), before, strict=True))


def test_sam_runs_on_a_network_with_kinks():
    """A ReLU network is run and diagnosed, and its loss falls."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    f = hc.Objective.from_torch(module, "squared", (torch.randn(5, 2), torch.randn(5, 1)), rigorous=False)
    run = hc.sam.run(f, f.parameters, "0.01", "0.1", 100, progress=False)
    assert f.value(run.x) < f.value(f.parameters) - 0.2
    assert hc.diagnose(f, run.x, "0.01")
