"""The networks that the study trains: shapes, layers that they are named after, and sizes for two kinds of images."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from hallucert.tools.study_networks import NETWORKS  # noqa: E402
from hallucert.tools.study_training import NETWORK_TITLES  # noqa: E402

pytestmark = pytest.mark.frameworks
nn = torch.nn
LAYERS = {
    "tanh": {nn.Tanh},
    "gelu": {nn.GELU, nn.LayerNorm},
    "silu": {nn.SiLU, nn.BatchNorm1d},
    "residual": {nn.Conv2d, nn.BatchNorm2d},
    "attention": {nn.GELU, nn.LayerNorm},
}


@pytest.mark.parametrize("name", sorted(LAYERS))
@pytest.mark.parametrize("side", [8, 28])
def test_a_network_answers_for_images(name, side):
    """One number for each image and class; all weights take part, and the layers are those of its name."""
    torch.manual_seed(0)
    network = NETWORKS[name](side)
    found = network(torch.randn(3, side, side))
    assert found.shape == (3, 10)
    found.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
    assert {type(layer) for layer in network.modules()} >= LAYERS[name]


def test_every_network_has_a_title():
    """And the other way round."""
    assert NETWORKS.keys() == NETWORK_TITLES.keys() == LAYERS.keys()
