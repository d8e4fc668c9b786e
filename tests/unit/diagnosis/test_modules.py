"""Modules of PyTorch get the diagnosis that the same network gets as a TanhNetwork, and any module gets one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import hallucert as hc
from hallucert.diagnosis.report import Kind
from hallucert.errors import ArgumentError, NotAnalyticError

torch = pytest.importorskip("torch", exc_type=ImportError)
nn = torch.nn
pytestmark = pytest.mark.frameworks
RANDOM = np.random.default_rng(0)
INPUTS, LABELS = RANDOM.normal(size=(12, 3)), np.arange(12) % 3
TARGETS = RANDOM.normal(size=(12, 2))


def module(*layers):
    torch.manual_seed(0)
    return nn.Sequential(*layers).double()


def at(net, x):
    nn.utils.vector_to_parameters(torch.tensor(x), net.parameters())
    return net


@pytest.mark.parametrize(
    ("sizes", "loss", "targets", "decay"),
    [
        ((3, 4, 3), "cross_entropy", LABELS, 0),
        ((3, 4, 2), "squared", TARGETS, 0),
        ((3, 4, 3), "cross_entropy", LABELS, "1/100"),
    ],
)
def test_a_module_gets_the_diagnosis_of_the_tanh_network(sizes, loss, targets, decay):
    """At random weights, at a constant predictor, and where a run of SAM has ended: the same numbers and words."""
    f = hc.TanhNetwork(sizes, INPUTS, targets, loss=loss, weight_decay=decay)
    start = f.initial(seed=1)
    constant = 0 * start
    constant[-sizes[-1] :] = TARGETS.mean(0) if loss == "squared" else 0.0
    end = hc.sam.run(f, start, rho=2, step_size=0.1, steps=1500).x
    for x in (start, constant + 1e-9 * start, end):
        net = at(module(nn.Linear(*sizes[:2]), nn.Tanh(), nn.Linear(*sizes[1:])), x)
        ours = hc.diagnose(f, x, 2, 0.1)
        theirs = hc.diagnose(net, loss, (INPUTS, targets), 2, 0.1, weight_decay=decay)
        assert theirs.kind is ours.kind and theirs.verdict.split("(")[0] == ours.verdict.split("(")[0]
        assert np.isclose(theirs.sam_value, ours.sam_value, rtol=1e-6)
        assert (theirs.constant_loss is None) == (ours.constant_loss is None)
        assert np.isclose(theirs.best_constant_loss or 0, ours.best_constant_loss or 0)


def test_relu_at_a_constant_predictor_is_recognised():
    """A module that is not analytic is diagnosed in floats, and its constant answers are named."""
    net = module(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3))
    with torch.no_grad():
        net[2].weight.mul_(1e-7)
        net[2].bias.zero_()
    found = hc.diagnose(net, nn.CrossEntropyLoss(), (INPUTS, LABELS), "0.01")
    assert not found.objective.rigorous
    assert abs(found.best_constant_loss - np.log(3)) < 1e-12


def test_the_factor_of_the_loss_reaches_the_best_constant():
    """`MSELoss` is twice the mean over all entries: its best constant has the variance of the targets."""
    net = module(nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 2))
    found = hc.diagnose(net, nn.MSELoss(), (INPUTS, TARGETS), "0.01")
    assert np.isclose(found.best_constant_loss, TARGETS.var(axis=0).mean())


def test_a_diagnosis_leads_to_a_proof():
    """What is found of a module has the objective and the point that certify takes."""
    inputs = np.array([[0.13, -0.13], [0.64, 0.10], [-0.54, 0.36], [1.30, 0.95], [-0.70, -1.27]])
    labels = np.array([-1.0, 1.0, 1.0, -1.0, -1.0])
    torch.manual_seed(3)
    net = nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 1)).double()
    g = hc.Objective.from_torch(net, "squared", (inputs, labels))
    point = hc.find.hallucinate(g, g.parameters, rho=8)
    found = hc.diagnose(at(net, point.x), "squared", (inputs, labels), 8)
    assert found.kind is Kind.MINIMIZER
    assert hc.certify(found.objective, found.x, found.rho)["hallucinated_minimizer"]


def test_the_monitor_has_a_word():
    """Where the monitor says the run stands is part of the advice; other histories are refused."""
    from hallucert.training.torch import Monitor

    net = module(nn.Linear(3, 2))
    found = hc.diagnose(net, "squared", (INPUTS, TARGETS), 1, history=Monitor())
    assert "too early to tell" in found.advice
    with pytest.raises(ArgumentError, match="history"):
        hc.diagnose(net, "squared", (INPUTS, TARGETS), 1, history=3)


def test_batches_may_come_once():
    """A generator of batches, which cannot be read twice, gives what their list gives; of modules that are not read."""
    net, halves = module(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), (slice(2), slice(2, None))
    batches = [(INPUTS[half], TARGETS[half]) for half in halves]
    found = [hc.diagnose(net, "squared", data, 1) for data in (batches, iter(batches))]
    assert found[0].value == found[1].value and len(INPUTS) > 3


def test_rho_by_name_and_by_place_are_the_same():
    """A module, its loss and data, with `rho` as a keyword or without."""
    net = module(nn.Linear(3, 2))
    by_place, by_name = (
        hc.diagnose(net, "squared", (INPUTS, TARGETS), *a, **k) for a, k in (([1], {}), ([], {"rho": 1}))
    )
    assert str(by_place) == str(by_name)


class Classified(nn.Linear):
    """Outputs as models of Hugging Face have them."""

    def forward(self, x):
        return SimpleNamespace(logits=super().forward(x).relu())


def test_logits_are_the_outputs():
    """An object with logits gets the diagnosis of the network that returns them."""
    with_logits, plain = module(Classified(3, 3)), module(nn.Linear(3, 3), nn.ReLU())
    found = [hc.diagnose(net, "cross_entropy", (INPUTS, LABELS), 1) for net in (with_logits, plain)]
    assert found[0].value == found[1].value and found[0].sam_value == found[1].sam_value


@pytest.mark.parametrize(
    ("net", "loss", "data", "reason"),
    [
        (module(nn.Linear(3, 2), nn.ReLU()), "squared", (INPUTS, TARGETS), "relu, which has a kink"),
        (module(nn.Linear(3, 2)), "squared", [(INPUTS, TARGETS)] * 2, "one pair of all inputs"),
        (module(nn.Linear(3, 2)).float(), "squared", (INPUTS, TARGETS), r"float\(\)"),
        (module(nn.Linear(3, 2)), lambda o, t: (o - t).square().mean(), (INPUTS, TARGETS), "loss must be 'squared'"),
    ],
    ids=["ReLU", "batches", "doubles", "a loss of one's own"],
)
def test_why_a_diagnosis_cannot_be_proved_is_said(net, loss, data, reason):
    """A kink, batches, inputs in another precision, a loss that is not read: what stood in the way is named."""
    with pytest.raises(NotAnalyticError, match=reason):
        hc.certify(hc.diagnose(net, loss, data, 1))


class Named(nn.Linear):
    def forward(self, x):
        return {"logits": super().forward(x)}


def test_frozen_weights_are_no_variables():
    """A head on a frozen body: its gradient alone counts, and half precision and other losses are taken in floats."""
    net = module(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    net[0].requires_grad_(False)
    found = hc.diagnose(net, "squared", (INPUTS, TARGETS), 1)
    assert found.x.size == 10 and found.objective.rigorous
    features = torch.tanh(net[0](torch.tensor(INPUTS))).detach().numpy()
    head = hc.diagnose(at(module(nn.Linear(4, 2)), found.x), "squared", (features, TARGETS), 1)
    assert np.isclose(head.gradient_norm, found.gradient_norm) and np.isclose(head.sam_value, found.sam_value)


@pytest.mark.parametrize(
    ("change", "loss"),
    [
        (lambda net: net.bfloat16(), "cross_entropy"),
        (lambda net: net, nn.functional.cross_entropy),
        (lambda net: net, lambda o, t: nn.functional.cross_entropy(o, t) ** 2),
        (lambda net: net, nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))),
        (lambda net: torch.compile(net, backend="eager"), "cross_entropy"),
    ],
    ids=["bfloat16", "function", "own loss", "class weights", "compiled"],
)
def test_what_training_scripts_have_is_taken(change, loss):
    """Half precision, losses as functions or of one's own, class weights and compiled modules are diagnosed."""
    net = change(module(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3)).float())
    found = hc.diagnose(net, loss, torch.utils.data.DataLoader([*zip(INPUTS, LABELS, strict=True)], 5), "0.1", "0.1")
    assert np.isfinite(found.shifted_gradient_norm) and (
        found.best_constant_loss is None or found.constant_loss is None
    )


def test_large_modules_get_a_verdict_from_few_products(monkeypatch):
    """Beyond `LARGE` variables a target is told by the ends of its Hessian; the other spectra come on request."""
    from hallucert.diagnosis import diagnose as front

    inputs = np.array([[0.13, -0.13], [0.64, 0.10], [-0.54, 0.36], [1.30, 0.95], [-0.70, -1.27]])
    data = inputs, np.array([-1.0, 1.0, 1.0, -1.0, -1.0])
    torch.manual_seed(3)
    net = nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 1)).double()
    f = hc.Objective.from_torch(net, "squared", data)
    at(net, hc.find.hallucinate(f, f.parameters, rho=8).x)
    monkeypatch.setattr(front, "LARGE", 10)
    few = hc.diagnose(net, "squared", data, 8)
    assert few.kind is Kind.MINIMIZER and few.attracts is None and few.c32_margin is None
    assert "products=200" in few.advice and hc.certify(few)["hallucinated_minimizer"]
    assert hc.diagnose(net, "squared", data, 8, products=200).c32_margin is not None


@pytest.mark.parametrize(
    ("net", "loss", "data", "names"),
    [
        (module(nn.Linear(3, 1)), nn.MSELoss(), (INPUTS, TARGETS[:, 0]), "broadcasts"),
        (module(nn.Linear(3, 1), nn.ReLU()), nn.MSELoss(), (INPUTS, TARGETS[:, 0]), "broadcasts"),
        (module(nn.Linear(3, 2)), "squared", (INPUTS[:, :2], TARGETS), "inputs of shape"),
        (module(nn.Linear(3, 2), nn.ReLU()), "squared", (INPUTS, TARGETS[:, :1]), "what the loss takes"),
        (module(nn.Linear(3, 2), nn.ReLU()), "cross_entropy", (INPUTS, LABELS), "what the loss takes"),
        (module(nn.Linear(3, 2), nn.Dropout()), "squared", (INPUTS, TARGETS), "dropout"),
        (module(Named(3, 2)), "squared", (INPUTS, TARGETS), "one tensor"),
        (module(nn.Linear(3, 2)), nn.MSELoss(reduction="none"), (INPUTS, TARGETS), "loss must return one number"),
        (module(nn.Linear(3, 2)), lambda o, t: 1.0, (INPUTS, TARGETS), "loss must return one number"),
        (nn.Linear(3, 2, device="meta"), "squared", (INPUTS, TARGETS), "have parameters"),
        (nn.LazyLinear(2), "squared", (INPUTS, TARGETS), "have parameters"),
        (module(nn.Linear(3, 2)), "squared", (torch.ones(2, 3, device="meta"), TARGETS), "data must hold"),
    ],
)
def test_what_is_no_loss_of_the_module_is_refused(net, loss, data, names):
    """Targets that PyTorch would broadcast, data that do not fit, losses that change at each call, and no tensors."""
    with pytest.raises(ArgumentError, match=names):
        hc.diagnose(net, loss, data, 1)


def test_a_module_without_a_radius_is_told_what_is_missing():
    """The arguments of a network, not those of a function."""
    with pytest.raises(ArgumentError, match=r"^rho must be given"):
        hc.diagnose(module(nn.Linear(3, 2)), "squared", (INPUTS, TARGETS))
