"""SAM over two processes, and with a compiled model: the weights of one process, everywhere."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from training_samples import batches, network  # noqa: E402

from hallucert.errors import ArgumentError  # noqa: E402
from hallucert.training.torch import SAM  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.frameworks


def train(model, optimizer, data, local_ascent=False):
    for inputs, labels in data:
        if local_ascent:
            with model.no_sync():
                nn.functional.cross_entropy(model(inputs), labels).backward()
        else:
            nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.first_step(zero_grad=True)
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.second_step(zero_grad=True)


def _process(rank, address, results):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    halves = [(x[8 * rank : 8 * rank + 8], y[8 * rank : 8 * rank + 8]) for x, y in batches(5)]
    for local_ascent in (False, True):
        model = nn.parallel.DistributedDataParallel(network())
        optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, momentum=0.9, rho=0.3)
        train(model, optimizer, halves, local_ascent)
        torch.save([p.detach() for p in model.parameters()], f"{results}/{rank}-{local_ascent}.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_keep_the_same_weights(tmp_path):
    """Synchronised: those of one process with the whole batch. Ascents of each process alone: other, equal weights."""
    torch.multiprocessing.spawn(_process, (f"file://{tmp_path}/rendezvous", str(tmp_path)), nprocs=2)
    alone = network()
    train(alone, SAM(alone.parameters(), torch.optim.SGD, lr=0.1, momentum=0.9, rho=0.3), batches(5))
    for local_ascent in (False, True):
        first, second = (torch.load(tmp_path / f"{rank}-{local_ascent}.pt") for rank in (0, 1))
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
        close = all(torch.allclose(a, b, rtol=0, atol=1e-5) for a, b in zip(first, alone.parameters(), strict=True))
        assert close is not local_ascent


def test_sharded_weights_are_refused(tmp_path):
    """FSDP leaves each process a part of the weights, whose norm is not that of the whole: it is named."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/rendezvous", rank=0, world_size=1)
    try:
        mesh = torch.distributed.init_device_mesh("cpu", (1,))
        model = torch.distributed.fsdp.fully_shard(network(), mesh=mesh)
        with pytest.raises(ArgumentError, match="params must be whole"):
            train(model, SAM(model.parameters(), torch.optim.SGD, lr=0.1, rho=0.3), batches(1))
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.parametrize("mark", ["_fsdp_flattened", "ds_id"])
def test_marked_shards_are_refused(mark):
    """What the older FSDP, which needs a GPU, and DeepSpeed leave at weights that they cut."""
    model = network()
    setattr(next(model.parameters()), mark, True)
    with pytest.raises(ArgumentError, match="params must be whole"):
        train(model, SAM(model.parameters(), torch.optim.SGD, lr=0.1, rho=0.3), batches(1))


def test_a_compiled_model_takes_the_same_steps():
    """With `torch.compile` around the model, weights agree up to rounding."""
    plain, model = network(), network()
    compiled = torch.compile(model, backend="aot_eager")
    train(plain, SAM(plain.parameters(), torch.optim.SGD, lr=0.1, rho=0.3), batches(3))
    train(compiled, SAM(compiled.parameters(), torch.optim.SGD, lr=0.1, rho=0.3), batches(3))
    for a, b in zip(plain.parameters(), model.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-6)
