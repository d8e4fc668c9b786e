"""Runs side by side are those of the optimizer, monitor and guard that people train with, and do not see each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)
pytest.importorskip("sklearn")

from hallucert.tools.study import load_arena  # noqa: E402
from hallucert.tools.study_lanes import Lanes, along, cosine, lengths  # noqa: E402
from hallucert.tools.study_networks import NETWORKS  # noqa: E402
from hallucert.tools.study_training import METHODS, SAMPLED, train  # noqa: E402
from hallucert.training.torch import SAM, Monitor  # noqa: E402

pytestmark = pytest.mark.frameworks
STEPS = 20


def arena(network):
    return replace(load_arena(f"digits-{network}", quick=True), steps=STEPS)


def alone(given, rho, arm, seed):
    """Train once with `SAM`, on batches that are cut out of the images by hand; return monitor, factors, accuracy."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    images = torch.tensor(images[order] / 16, dtype=torch.float32).reshape(-1, 8, 8)
    labels = torch.tensor(labels[order])
    torch.manual_seed(seed)
    model, draw = NETWORKS[given.network](8), torch.Generator().manual_seed(seed)
    monitor, guard = Monitor(every=SAMPLED, warn=False), METHODS[arm](STEPS)
    options = {"lr": float(given.step_size), "momentum": 0.9, "weight_decay": 5e-4}
    more = {"model": model, "batchnorm": "first", "monitor": monitor, "guard": guard}
    optimizer = SAM(model.parameters(), torch.optim.SGD, rho=float(rho), **more, **options)
    schedule, factors = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS), []
    for _ in range(STEPS):
        chosen, corner = torch.randint(200, (32,), generator=draw), torch.randint(3, (2, 32, 1), generator=draw)
        batch = torch.zeros(32, 10, 10)
        batch[:, 1:9, 1:9] = images[chosen]
        batch = torch.stack([image[a : a + 8, b : b + 8] for image, a, b in zip(batch, *corner.squeeze(), strict=True)])

        def closure(batch=batch, answer=labels[chosen]):
            loss = torch.nn.functional.cross_entropy(model(batch), answer)
            loss.backward()
            return loss

        factors.append(optimizer.factor)
        optimizer.zero_grad()
        optimizer.step(closure)
        schedule.step()
    model.eval()
    return monitor, factors, (model(images[200:]).argmax(1) == labels[200:]).double().mean().item()


@pytest.mark.parametrize("network", sorted(NETWORKS))
def test_a_lane_is_a_run_of_the_optimizer(network, monkeypatch):
    """Losses at both points, norms, two steps against one, factors, and the accuracy with the running statistics."""
    kept = []
    monkeypatch.setattr(
        "hallucert.tools.study_training._run", lambda record, lane, *rest: kept.append((record, lane)) or {}
    )
    runs = [("0.2", "SAM", 1), ("0.2", "guard", 0), ("0.5", "switching 30%", 1)]
    train(arena(network), runs)
    for (record, lane), run in zip(kept, runs, strict=True):
        monitor, factors, accuracy = alone(arena(network), *run)
        assert record.factors[lane] == factors
        assert record.accuracies[lane][-1] == pytest.approx(accuracy, abs=2e-3)
        for name in ("f", "f_plus", "norm", "norm_plus", "returned"):
            lanes, plain = ([getattr(row, name) for row in rows] for rows in (record.rows[lane], monitor.rows))
            assert lanes == pytest.approx(plain, rel=2e-3, nan_ok=True), name
            assert np.isfinite(plain).sum() >= 2


def test_lanes_do_not_see_each_other():
    """A run beside one that is thrown to infinity is the run alone."""
    given = arena("silu")
    (together, _), (single,) = train(given, [("0.2", "SAM", 0), ("1e30", "SAM", 1)]), train(given, [("0.2", "SAM", 0)])
    assert together["curves"]["value"] == pytest.approx(single["curves"]["value"], rel=1e-3)


def test_a_gradient_of_zero_moves_nothing():
    """No ascent, and no NaN, in a lane whose images are black; the lane beside it goes on."""
    network = torch.nn.Linear(2, 3, bias=False)
    torch.nn.init.zeros_(network.weight)
    lanes = Lanes([network, network], momentum=0.9, weight_decay=0.0)
    images = torch.stack([torch.zeros(3, 2), torch.ones(3, 2)])
    seen = lanes.step(images, torch.zeros(2, 3, dtype=torch.long), torch.ones(2), 0.1)
    assert seen["norm"][0] == 0 < seen["norm"][1] and seen["f_plus"][1] > seen["f"][1]
    assert seen["f_plus"][0] == seen["f"][0] and not lanes.weights["weight"][0].any()


def test_arithmetic_of_lanes():
    """Norms over several tensors, multiples, and the learning rate at both ends and in the middle."""
    vectors = {"a": torch.tensor([[3.0, 0.0], [0.0, 1.0]]), "b": torch.tensor([[[4.0]], [[0.0]]])}
    assert lengths(vectors).tolist() == [5.0, 1.0]
    assert along(torch.tensor([0.0, 2.0]), torch.tensor([[torch.inf], [3.0]])).tolist() == [[0.0], [6.0]]
    assert [cosine(0.4, k, 4) for k in (0, 2, 4)] == pytest.approx([0.4, 0.2, 0.0])
