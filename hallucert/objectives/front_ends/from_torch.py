"""Networks of PyTorch as array programs: the graph that ``torch.export`` records, operation by operation.

Only the graph of the network's outputs is taken; losses and all derivatives are this library's. Operations are read at
the level at which ``torch.export`` leaves them (layer norm, GELU, attention as one operation each), because their
expansions use ``abs``, ``max`` and ``where``, which no enclosure survives.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from hallucert.errors import ArgumentError, MissingPackageError, NotAnalyticError, require
from hallucert.exact import Exact, exact
from hallucert.objectives.front_ends import frameworks
from hallucert.objectives.front_ends.frameworks import FrameworkFloats, FrameworkObjective, Tensor, refusal
from hallucert.objectives.front_ends.torch_constants import MASKED, as_tensors, folded
from hallucert.objectives.front_ends.torch_shapes import OPERATIONS
from hallucert.objectives.network.supervised import Supervised, noted
from hallucert.objectives.objective import Objective
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.settings import checked_flag

Torch = Any
"""What is PyTorch's: a module, a tensor, a node of a graph, or the package itself."""


def from_torch(
    module: Torch,
    loss: Torch,
    data: Torch,
    weight_decay: Exact = 0,
    rigorous: bool = True,
    name: str | None = None,
    *,
    trainable: bool = False,
) -> Objective:
    """Make the training loss of a PyTorch module an objective: its variables are the module's parameters.

    The graph of the outputs is recorded by ``torch.export`` and read as an array program, which is rigorous:
    parameters, data, buffers and constants are the doubles (or singles) they are, and derivatives are this
    library's own. In training mode batch norm takes the statistics of all inputs; dropout must be off.

    Parameters
    ----------
    module : torch.nn.Module
        Of analytic layers: linear, convolution, average pooling, embedding, attention, batch, layer, group and RMS
        norm, tanh, sigmoid, softplus, GELU, SiLU, Mish, softmax, and arithmetic between them. What ``torch.compile``
        or ``DistributedDataParallel`` made of one is taken as the module within.
    loss : {"squared", "cross_entropy"}, torch.nn.MSELoss or torch.nn.CrossEntropyLoss
        ``"squared"`` is ``(1/2n) sum |o_i - y_i|^2`` over ``n`` samples, in residual form if there is no decay, as
        is ``MSELoss`` with its own factor.
    data : pair of arrays or tensors
        All inputs, one row a sample, and the targets: numbers, or integer labels for a cross-entropy. In floats also
        an iterable of such pairs, batches, which are evaluated one by one; the loss is their mean by numbers of
        samples, and batch norm in training mode takes the statistics of each.
    weight_decay : exact nonnegative number
        ``w``: ``(w/2) |theta|^2`` of all parameters is added.
    rigorous : bool
        Whether the module is read. With ``False`` any module that PyTorch differentiates twice is taken, in floats,
        with any function of outputs and targets as `loss`. It is evaluated in double precision, on the device of the
        module, with its present buffers each time.
    name : str, optional
        Name for reports.
    trainable : bool
        Whether parameters that require no gradient are constants. By default all parameters count.

    Returns
    -------
    Objective
        With the module's present parameters as ``parameters``, a point (d,), in the order of
        ``module.parameters()``; ``torch.nn.utils.vector_to_parameters`` takes a point back.

    Raises
    ------
    NotAnalyticError
        Naming the operation that is not real-analytic (Lemma A.8), such as ReLU, or that is not read.
    ArgumentError
        If an argument is not as above, or data do not fit.
    MissingPackageError
        If PyTorch is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingPackageError("Objective.from_torch takes modules of PyTorch", "torch") from None
    require(isinstance(module, torch.nn.Module), "module", module, "be a torch.nn.Module")
    module = _within(torch, module)
    if loss is torch.nn.functional.cross_entropy or loss is torch.nn.functional.mse_loss:
        loss = "cross_entropy" if loss is torch.nn.functional.cross_entropy else torch.nn.MSELoss()
    checked_flag(trainable, "trainable")
    chosen = {key: p for key, p in module.named_parameters() if p.requires_grad or not trainable}
    if not chosen or not all(map(frameworks.is_real, chosen.values())):
        raise ArgumentError("module", type(module).__name__, "have parameters, finite real numbers")
    parameters = {key: p.detach().cpu() for key, p in chosen.items()}
    batches = frameworks.batches(data)
    inputs, targets = frameworks.whole(batches)
    otherwise = f"{type(module).__name__} of PyTorch on {len(inputs)} samples"
    given = frameworks.training(weight_decay, rigorous, name, otherwise)
    start = np.concatenate([p.double().numpy().reshape(-1) for p in parameters.values()])
    floats = TorchFloats(module, _loss_of_torch(torch, loss), batches, float(given.decay), start, list(parameters))
    _require_fit(torch, floats, loss, (inputs, targets))
    if not given.rigorous:
        frameworks.require_one_loss(floats, "module", "switch dropout off, with eval() for example")
        seen = _supervised(torch, floats, loss, (inputs, targets), given.decay)
        return FrameworkObjective(floats, given.name, seen)
    frameworks.require_one_batch(batches)
    builder = ProgramBuilder([tuple(p.shape) for p in parameters.values()])
    outputs = _read_graph(builder, module, _inputs_by_name(module, chosen), inputs)
    result, n = _loss(torch, builder, outputs, loss, targets)
    read = frameworks.finished(builder, result, n, given, floats, "the module in PyTorch")
    read.supervised = _supervised(torch, floats, loss, (inputs, targets), given.decay)
    return read


def _within(torch: Torch, module: Torch) -> Torch:
    """Return the module itself, if it is one that was compiled or distributed."""
    wrappers = torch.nn.parallel.DistributedDataParallel, torch.nn.DataParallel
    while isinstance(module, wrappers) or hasattr(module, "_orig_mod"):
        module = module.module if isinstance(module, wrappers) else module._orig_mod
    return module


def _require_fit(torch: Torch, floats: TorchFloats, loss: Torch, data: tuple[np.ndarray, np.ndarray]) -> None:
    """Refuse inputs that the module does not take, and targets that the loss would broadcast."""
    shape = frameworks.outputs_of(floats, data[0]).shape
    entrywise = torch.nn.MSELoss, torch.nn.L1Loss, torch.nn.SmoothL1Loss, torch.nn.HuberLoss
    if isinstance(loss, entrywise) and data[1].shape != shape:
        must = f"have the shape of the outputs, {shape}: PyTorch broadcasts the two, which is another loss"
        raise ArgumentError("data", f"<targets of shape {data[1].shape}>", must)


# ---------------------------------------------------------------------- the graph


def _inputs_by_name(module: Torch, chosen: Mapping[str, Torch]) -> dict[str, int]:
    """Number the chosen parameters by their names; one that is tied to another has several."""
    numbers = {id(parameter): number for number, parameter in enumerate(chosen.values())}
    named = module.named_parameters(remove_duplicate=False)
    return {name: numbers[id(parameter)] for name, parameter in named if id(parameter) in numbers}


def _read_graph(builder: ProgramBuilder, module: Torch, names: dict[str, int], inputs: np.ndarray) -> int:
    """Add the module's outputs on the inputs to a program; return their node."""
    import torch

    example = torch.from_numpy(inputs.copy())
    if example.is_floating_point():
        example = example.to(next(module.parameters()).dtype)
        if not torch.equal(example.double(), torch.from_numpy(inputs)):
            raise ArgumentError("data", "<doubles>", "be exact in the type of the parameters: call float() on inputs")
    try:
        exported = torch.export.export(module, (example,))
    except Exception as error:  # torch.export has no common base class of its errors
        first = " ".join(str(error).strip().splitlines()[:1])[:200]
        must = "so what it computes depends on values, or it is not written in operations of PyTorch"
        raise NotAnalyticError(f"torch.export cannot record the module ({first}): {must}") from error
    known: dict[str, Torch] = {}
    state: Mapping[str, Torch] = {**exported.state_dict, **exported.constants}
    for spec in exported.graph_signature.input_specs:
        if spec.target in names:
            known[spec.arg.name] = Tensor(builder.input(names[spec.target]))
        else:
            values = inputs if spec.target is None else state[spec.target].detach().cpu().numpy()
            known[spec.arg.name] = values.copy()
    bits = torch.finfo(next(module.parameters()).dtype).bits
    for node in exported.graph.nodes:
        if node.op == "call_function":
            known[node.name] = _applied(builder, node, known)
            kind: Torch = getattr(node.meta.get("val"), "dtype", None)
            if isinstance(known[node.name], Tensor) and (not kind.is_floating_point or torch.finfo(kind).bits < bits):
                raise NotAnalyticError(
                    f"the module computes in {kind} ({node.target}), not in the type of its parameters"
                )
    returned = [spec.arg.name for spec in exported.graph_signature.output_specs if spec.kind.name == "USER_OUTPUT"]
    result = known.get(returned[0]) if len(returned) == 1 else None
    if not isinstance(result, Tensor):
        raise ArgumentError("module", type(module).__name__, "return one tensor of real numbers")
    return result.number


def _applied(builder: ProgramBuilder, node: Torch, known: dict[str, Torch]) -> Torch:
    """Add one operation of the graph, if it is not one of constants alone."""
    import torch

    def value(x: Torch) -> Torch:
        if isinstance(x, torch.fx.Node):
            if x.name not in known:  # a graph within the graph
                raise NotAnalyticError(refusal(_known_as(target), "module"))
            return known[x.name]
        return [value(y) for y in x] if isinstance(x, list | tuple) else x

    target = str(node.target)
    options = {key: value(x) for key, x in node.kwargs.items()}
    if target == "aten.rms_norm.default" and len(node.args) < 4:  # PyTorch's eps is that of the type of its numbers
        options.setdefault("eps", torch.finfo(node.meta["val"].dtype).eps)
    arguments = [value(x) for x in node.args]
    if target.startswith("aten._assert"):
        return None
    if (constant := folded(node, arguments, options)) is not None:
        return constant
    if target not in OPERATIONS:
        raise NotAnalyticError(refusal(_known_as(target), "module"))
    if target not in MASKED:
        arguments, options = as_tensors(builder, arguments), as_tensors(builder, options)
    try:
        return OPERATIONS[target](builder, *arguments, **options)
    except NotAnalyticError:
        raise
    except Exception as error:  # an option, or a kind of argument, that the table does not know
        raise NotAnalyticError(f"the module uses {target} in a form that is not read ({error})") from error


def _known_as(target: str) -> str:
    """The name that PyTorch's users know an operation by."""
    name = target.removeprefix("aten.").split(".")[0].rstrip("_")
    return name if name in frameworks.NOT_ANALYTIC else target


def _loss(
    torch: Torch, builder: ProgramBuilder, outputs: int, loss: Torch, targets: np.ndarray
) -> tuple[int, Fraction]:
    """Add a loss to the outputs: its residuals and the ``n`` of ``(1/2n) |r|^2``, or its value and 1."""
    if (n := _residual_factor(torch, loss, builder.shape(outputs))) is not None:
        return frameworks.squared(builder, outputs, targets), n
    smoothing = Fraction(0)
    if type(loss) is torch.nn.CrossEntropyLoss:
        if loss.reduction != "mean" or loss.weight is not None or loss.ignore_index >= 0:
            raise ArgumentError("loss", loss, "have reduction='mean', and neither weight nor ignore_index")
        smoothing = exact(loss.label_smoothing, "loss")
    elif not (isinstance(loss, str) and loss == "cross_entropy"):
        raise ArgumentError("loss", loss, "be 'squared', 'cross_entropy', a torch.nn.MSELoss or CrossEntropyLoss")
    return frameworks.cross_entropy(builder, outputs, targets, smoothing), Fraction(1)


def _supervised(
    torch: Torch, floats: TorchFloats, loss: Torch, data: tuple[np.ndarray, np.ndarray], decay: Fraction
) -> Supervised | None:
    """Note what the module is trained on, if the loss is one of those that are read."""
    if len(floats.batches) > 1 and getattr(loss, "reduction", "mean") != "mean":
        return None  # a mean of sums
    factor, smoothing, name = _residual_factor(torch, loss, floats.outputs(floats.start).shape), 0.0, None
    if factor is not None:
        name = "squared"
    elif isinstance(loss, str) and loss == "cross_entropy":
        name = loss
    elif type(loss) is torch.nn.CrossEntropyLoss and loss.reduction == "mean" and loss.weight is None:
        name, smoothing = "cross_entropy", float(loss.label_smoothing)
    return noted(data, name, float(factor or 1), float(decay), smoothing, floats.outputs, floats.start)


def _residual_factor(torch: Torch, loss: Torch, shape: tuple[int, ...]) -> Fraction | None:
    """Return the ``n`` of ``(1/2n) |r|^2``, or None if the loss is no squared error."""
    if isinstance(loss, str) and loss == "squared":
        return Fraction(shape[0])
    if type(loss) is torch.nn.MSELoss and loss.reduction in ("mean", "sum"):
        return Fraction(prod(shape) if loss.reduction == "mean" else 1, 2)
    return None


def _loss_of_torch(torch: Torch, loss: Torch) -> Torch:
    """Return a loss as PyTorch computes it; any function of outputs and targets is one."""
    if isinstance(loss, str) and loss == "squared":
        return lambda outputs, targets: ((outputs - targets.reshape(outputs.shape)) ** 2).sum() / (2 * len(outputs))
    if isinstance(loss, str) and loss == "cross_entropy":
        return torch.nn.functional.cross_entropy
    if isinstance(loss, torch.nn.Module):  # weights of classes are to be of the type of the outputs
        return copy.deepcopy(loss).double()
    if callable(loss):
        return loss
    raise ArgumentError("loss", loss, "be 'squared', 'cross_entropy' or a function of outputs and targets")


# ---------------------------------------------------------------------- floats


class TorchFloats(FrameworkFloats):
    """A loss of PyTorch in double precision, point by point and batch by batch.

    `batches` are pairs of arrays, `decay` is ``w`` in ``(w/2) |theta|^2``, `start` (d,) the module's present
    parameters, `names` those of its parameters that are variables. Buffers are the same at each call.
    """

    def __init__(
        self,
        module: Torch,
        loss: Torch,
        batches: Sequence[frameworks.Batch],
        decay: float,
        start: np.ndarray,
        names: Sequence[str],
    ) -> None:
        import torch

        home = next(module.parameters())
        self.module, self.loss, self.decay = copy.deepcopy(module), loss, decay
        for part in self.module.modules():  # its eps is by default that of the type of its numbers
            if isinstance(part, torch.nn.RMSNorm) and part.eps is None:
                part.eps = torch.finfo(home.dtype).eps
        self._device = torch.device("cpu") if home.device.type == "mps" else home.device  # which has no doubles
        self.module = self.module.to(self._device).double().requires_grad_(False)
        known = {key: tuple(p.shape) for key, p in self.module.named_parameters()}
        super().__init__({key: known[key] for key in names}, start)
        if isinstance(loss, torch.nn.Module):
            loss.to(self._device)
        self.batches = [tuple(self._tensor(part) for part in batch) for batch in batches]
        self._weights = frameworks.shares(batches)

    def _tensor(self, values: np.ndarray) -> Torch:
        from torch import from_numpy

        return from_numpy(values.copy()).to(self._device)

    def _parts(self, x: np.ndarray, slope: bool = False) -> list[Torch]:
        """Return the parameters at a point (d,), to be differentiated by with `slope`."""
        return [part.requires_grad_(slope) for part in map(self._tensor, frameworks.split(x, [*self.shapes.values()]))]

    def _outputs(self, parts: Sequence[Torch], inputs: Torch) -> Torch:
        import torch

        buffers = {key: buffer.clone() for key, buffer in self.module.named_buffers()}
        found = torch.func.functional_call(self.module, buffers | dict(zip(self.shapes, parts, strict=True)), (inputs,))
        return getattr(found, "logits", found)  # of Hugging Face's classifiers

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The module's outputs on all inputs, at one point (d,)."""
        import torch

        with torch.no_grad():
            parts = self._parts(x)
            found = [self._outputs(parts, inputs) for inputs, _ in self.batches]
        if not all(isinstance(part, torch.Tensor) for part in found):
            raise ArgumentError("module", type(self.module).__name__, "return one tensor, the outputs, or logits")
        return np.concatenate([part.cpu().numpy() for part in found])

    def outputs_jacobian(self, x: np.ndarray) -> np.ndarray:
        """Derivatives (m, d) of all outputs, at one point (d,), by one pass backwards for each."""
        import torch

        rows = []
        with torch.enable_grad():
            parts = self._parts(x, slope=True)
            for inputs, _ in self.batches:
                for output in self._outputs(parts, inputs).reshape(-1):
                    found = torch.autograd.grad(output, parts, retain_graph=True, materialize_grads=True)
                    rows.append(frameworks.joined(found))
        return np.array(rows)

    def _losses(self, parts: Sequence[Torch]) -> Iterator[Torch]:
        """Yield what the loss is the sum of: one tensor for each batch, and the decay."""
        for weight, (inputs, targets) in zip(self._weights, self.batches, strict=True):
            yield weight * frameworks.one_number(self.loss(self._outputs(parts, inputs), targets))
        if self.decay:
            yield 0.5 * self.decay * sum((part * part).sum() for part in parts)

    def value(self, x: np.ndarray) -> np.ndarray:
        import torch

        with torch.no_grad():
            return np.array([sum(float(loss) for loss in self._losses(self._parts(point))) for point in x])

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self._each(x, [None] * len(x))

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Products by PyTorch; with its plain attention, which has second derivatives."""
        from torch.nn.attention import SDPBackend, sdpa_kernel

        with sdpa_kernel(SDPBackend.MATH):
            return self._each(x, v)

    def _each(self, x: np.ndarray, directions: Sequence[np.ndarray | None] | np.ndarray) -> np.ndarray:
        """Return at each point the gradient, or a product of the Hessian; a graph lasts for one batch."""
        import torch

        result = np.zeros(x.shape)
        for total, point, v in zip(result, x, directions, strict=True):
            parts, along = self._parts(point, slope=True), None if v is None else self._parts(v)
            with torch.enable_grad():
                for loss in (loss for loss in self._losses(parts) if loss.requires_grad):
                    found = torch.autograd.grad(loss, parts, create_graph=along is not None, allow_unused=True)
                    if along is not None:
                        known = [(g, w) for g, w in zip(found, along, strict=True) if g is not None and g.requires_grad]
                        if not known:
                            continue
                        product = torch.stack([(g * w).sum() for g, w in known]).sum()
                        found = torch.autograd.grad(product, parts, allow_unused=True)
                    for sum_, part in zip(frameworks.split(total, [*self.shapes.values()]), found, strict=True):
                        if part is not None:
                            sum_ += part.detach().cpu().numpy()
        return result
