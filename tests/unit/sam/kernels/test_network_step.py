"""The compiled step of a tiny network does what the loops do, bit for bit, in every kind of run."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.sam.kernels import network_step
from hallucert.sam.kernels.formula_step import Kind
from hallucert.sam.kernels.network_gradient import Shape

CASES = {
    "2-8-1": ((2, 8, 1), 8, {}, {}),
    "decay, bounded outputs, an incomplete bundle": ((3, 5, 2), 7, {"weight_decay": "0.01", "output": "tanh"}, {}),
    "two layers": ((2, 2, 3, 1), 5, {}, {"warmup": 0.2, "momentum": 0.5}),
    "sums too long to be written out": ((17, 3, 18, 2), 9, {}, {}),
    "a linear model, one sample": ((2, 1), 1, {}, {"variant": "usam"}),
}


@pytest.mark.parametrize("case", CASES)
def test_compiled_steps_are_those_of_the_loops(monkeypatch, case: str) -> None:
    """Points, steps and statuses agree to the last bit, also of lanes that leave the bound before the others."""
    sizes, samples, options, settings = CASES[case]
    rng = np.random.default_rng(sum(sizes))
    inputs, targets = rng.normal(size=(samples, sizes[0])), rng.normal(size=(samples, sizes[-1]))
    f = hc.TanhNetwork(sizes, inputs, targets, **options)
    x = f.initial(0, count=21)
    x[3:5] *= 3.0
    bound, ends = 1.02 * float(np.abs(x[:3]).max()), []
    x[5:] *= 0.5
    for after in (2**62, 0, 21 * 40):
        monkeypatch.setattr(network_step, "WORTH_COMPILING", after)
        network_step.network_step.cache_clear()
        ends.append(hc.sam.run_ensemble(f, x, 0.1, 0.05, 120, bound=bound, threads=2, **settings))
    for other in ends[1:]:
        assert other.x.tobytes() == ends[0].x.tobytes()
        assert (other.status == ends[0].status).all() and (other.steps == ends[0].steps).all()
    assert len(set(ends[0].steps.tolist())) > 1


def test_deep_networks_are_left_to_the_loops() -> None:
    """Their code would take LLVM longer than it saves: with 100 layers more than a minute."""
    kind = Kind(warm=False, normalised=True, heavy=False)
    for sizes, compiled in (((1, *[2] * 10, 1), True), ((1, *[2] * 98, 1), False)):
        code = network_step.network_step(Shape(sizes, bounded=False, decayed=False, block=64, registers=1000), kind)
        code.address(8, 2**20)
        assert (code.address(8, 1) > 0) == compiled
