"""Networks of PyTorch as array programs: the graph that ``torch.export`` records, operation by operation.

Only the graph of the network's outputs is taken; losses and all derivatives are this library's. Operations are read at
the level at which ``torch.export`` leaves them (layer norm, GELU, attention as one operation each), because their
expansions use ``abs``, ``max`` and ``where``, which no enclosure survives.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from hallucert.errors import ArgumentError, HallucertError, MissingPackageError, NotAnalyticError
from hallucert.exact import Exact, exact
from hallucert.objectives.front_ends import frameworks
from hallucert.objectives.front_ends.frameworks import FrameworkFloats, FrameworkObjective, Tensor, refusal
from hallucert.objectives.front_ends.torch_constants import MASKED, as_tensors, folded
from hallucert.objectives.front_ends.torch_shapes import OPERATIONS
from hallucert.objectives.objective import Objective
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.supervised import Supervised, noted

Torch = Any
"""What is PyTorch's: a module, a tensor, a node of a graph, or the package itself."""


def from_torch(
    module: Torch,
    loss: Torch,
    data: Torch,
    weight_decay: Exact = 0,
    rigorous: bool = True,
    name: str | None = None,
) -> Objective:
    """Make the training loss of a PyTorch module an objective: its variables are the module's parameters.

    The graph of the outputs is recorded by ``torch.export`` and read as an array program, which is rigorous:
    parameters, data, buffers and constants are the doubles (or singles) they are, and derivatives are this
    library's own. In training mode batch norm takes the statistics of all inputs; dropout must be off.

    Parameters
    ----------
    module : torch.nn.Module
        Of analytic layers: linear, convolution, average pooling, embedding, attention, batch, layer, group and RMS
        norm, tanh, sigmoid, softplus, GELU, SiLU, Mish, softmax, and arithmetic between them.
    loss : {"squared", "cross_entropy"}, torch.nn.MSELoss or torch.nn.CrossEntropyLoss
        ``"squared"`` is ``(1/2n) sum |o_i - y_i|^2`` over ``n`` samples, in residual form if there is no decay, as
        is ``MSELoss`` with its own factor.
    data : pair of arrays or tensors
        All inputs, one row a sample, and the targets: numbers, or integer labels for a cross-entropy.
    weight_decay : exact nonnegative number
        ``w``: ``(w/2) |theta|^2`` of all parameters is added.
    rigorous : bool
        Whether the module is read. With ``False`` any module that PyTorch differentiates twice is taken, in floats.
    name : str, optional
        Name for reports.

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
    if not isinstance(module, torch.nn.Module):
        raise ArgumentError("module", module, "be a torch.nn.Module")
    parameters = {key: p.detach().cpu() for key, p in module.named_parameters()}
    if not parameters or not all(p.is_floating_point() and p.isfinite().all() for p in parameters.values()):
        raise ArgumentError("module", type(module).__name__, "have parameters, finite real numbers")
    inputs, targets = frameworks.pair(data)
    otherwise = f"{type(module).__name__} of PyTorch on {len(inputs)} samples"
    given = frameworks.training(weight_decay, rigorous, name, otherwise)
    start = np.concatenate([p.double().numpy().reshape(-1) for p in parameters.values()])
    floats = TorchFloats(module, _loss_of_torch(torch, loss), (inputs, targets), float(given.decay), start)
    _require_fit(torch, floats, loss, (inputs, targets))
    if not given.rigorous:
        frameworks.require_one_loss(floats, "module", "switch dropout off, with eval() for example")
        known = FrameworkObjective(floats, given.name)
        known.supervised = _supervised(torch, floats, loss, (inputs, targets), given.decay)
        return known
    builder = ProgramBuilder([tuple(p.shape) for p in parameters.values()])
    outputs = _read_graph(builder, module, _inputs_by_name(module), inputs)
    result, n = _loss(torch, builder, outputs, loss, targets)
    read = frameworks.finished(builder, result, n, given, floats, "the module in PyTorch")
    read.supervised = _supervised(torch, floats, loss, (inputs, targets), given.decay)
    return read


def _require_fit(torch: Torch, floats: TorchFloats, loss: Torch, data: tuple[np.ndarray, np.ndarray]) -> None:
    """Refuse inputs that the module does not take, and targets that the loss would broadcast."""
    try:
        shape = floats.outputs(floats.start).shape
    except HallucertError:
        raise
    except Exception as error:  # whatever the module raises
        first = " ".join(str(error).strip().splitlines()[:1])[:200]
        must = f"be what the module takes, which raised {type(error).__name__}: {first}"
        raise ArgumentError("data", f"<inputs of shape {data[0].shape}>", must) from error
    entrywise = torch.nn.MSELoss, torch.nn.L1Loss, torch.nn.SmoothL1Loss, torch.nn.HuberLoss
    if (isinstance(loss, entrywise) or loss is torch.nn.functional.mse_loss) and data[1].shape != shape:
        must = f"have the shape of the outputs, {shape}: PyTorch broadcasts the two, which is another loss"
        raise ArgumentError("data", f"<targets of shape {data[1].shape}>", must)


# ---------------------------------------------------------------------- the graph


def _inputs_by_name(module: Torch) -> dict[str, int]:
    """Number the parameters by their names; one that is tied to another has several."""
    numbers: dict[int, int] = {}
    return {
        name: numbers.setdefault(id(parameter), len(numbers))
        for name, parameter in module.named_parameters(remove_duplicate=False)
    }


def _read_graph(builder: ProgramBuilder, module: Torch, names: dict[str, int], inputs: np.ndarray) -> int:
    """Add the module's outputs on the inputs to a program; return their node."""
    import torch

    example = torch.from_numpy(inputs.copy())
    if example.is_floating_point():
        example = example.to(next(module.parameters()).dtype)
        if not torch.equal(example.double(), torch.from_numpy(inputs)):
            raise ArgumentError("data", "<inputs in double precision>", "be exact in the type of the parameters")
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


# ---------------------------------------------------------------------- losses


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
    if callable(loss):
        return loss
    raise ArgumentError("loss", loss, "be 'squared', 'cross_entropy' or a function of outputs and targets")


# ---------------------------------------------------------------------- floats


class TorchFloats(FrameworkFloats):
    """A loss of PyTorch in double precision, point by point.

    Parameters
    ----------
    module : torch.nn.Module
        Called with the inputs; parameters are replaced, buffers stay.
    loss : callable
        Of outputs and targets.
    data : two arrays
        Inputs and targets.
    decay : float
        ``w`` in ``(w/2) |theta|^2``.
    start : (d,) array
        The module's present parameters.
    """

    def __init__(
        self, module: Torch, loss: Torch, data: tuple[np.ndarray, np.ndarray], decay: float, start: np.ndarray
    ) -> None:
        import torch

        self.module, self.loss, self.decay = copy.deepcopy(module), loss, decay
        for part in self.module.modules():  # its eps is by default that of the type of its numbers
            if isinstance(part, torch.nn.RMSNorm) and part.eps is None:
                part.eps = torch.finfo(next(module.parameters()).dtype).eps
        self.module = self.module.double()
        super().__init__({key: tuple(p.shape) for key, p in self.module.named_parameters()}, start)
        self._data = [torch.from_numpy(part.copy()) for part in data]

    def _outputs(self, theta: Torch) -> Torch:
        import torch

        values = dict(zip(self.shapes, frameworks.split(theta, list(self.shapes.values())), strict=True))
        return torch.func.functional_call(self.module, values, (self._data[0],))

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The module's outputs on all inputs, at one point (d,)."""
        import torch

        with torch.no_grad():
            found = self._outputs(torch.from_numpy(x.copy()))
        if not isinstance(found, torch.Tensor):
            raise ArgumentError("module", type(self.module).__name__, "return one tensor, the outputs")
        values: np.ndarray = found.numpy()
        return values

    def _value(self, theta: Torch) -> Torch:
        """The loss as a tensor, from the parameters as one."""
        return self.loss(self._outputs(theta), self._data[1]) + 0.5 * self.decay * theta @ theta

    def _slope(self, point: np.ndarray, create_graph: bool = False) -> tuple[Torch, Torch]:
        """Return a point as a tensor, and the gradient there."""
        import torch

        with torch.enable_grad():
            theta = torch.from_numpy(point.copy()).requires_grad_()
            return theta, torch.autograd.grad(self._value(theta), theta, create_graph=create_graph)[0]

    def value(self, x: np.ndarray) -> np.ndarray:
        """The loss at each point."""
        import torch

        with torch.no_grad():
            return np.array([float(self._value(torch.from_numpy(p.copy()))) for p in x])

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Gradients by PyTorch."""
        return np.array([self._slope(p)[1].numpy() for p in x])

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Products by PyTorch; with its plain attention, which has second derivatives."""
        import torch
        from torch.nn.attention import SDPBackend, sdpa_kernel

        rows = []
        with sdpa_kernel(SDPBackend.MATH):
            for point, direction in zip(x, v, strict=True):
                theta, slope = self._slope(point, create_graph=True)
                with torch.enable_grad():
                    product = (slope * torch.from_numpy(direction.copy())).sum()
                row = torch.autograd.grad(product, theta, allow_unused=True)[0] if product.requires_grad else None
                rows.append(np.zeros(len(point)) if row is None else row.numpy())
        return np.array(rows)
