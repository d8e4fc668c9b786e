"""What the readers of PyTorch and of JAX share: values, refusals, data, losses, and floats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np

from hallucert.arguments import checked_text
from hallucert.errors import ArgumentError, HallucertError, NotAnalyticError, require
from hallucert.exact import Exact, exact
from hallucert.objectives.floats import Floats
from hallucert.objectives.front_ends.numeric import FloatObjective
from hallucert.objectives.network.supervised import Supervised
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder as Builder
from hallucert.objectives.program.objective import ProgramObjective, entry_names
from hallucert.objectives.program.program import Shape, entries
from hallucert.settings import checked_flag

Value = Any
"""A value of a framework's graph: a `Tensor`, a constant as a numpy array, a number, an option, or lists of these."""


class Tensor(NamedTuple):
    """A value that depends on parameters, or holds real data: the node of the program that computes it."""

    number: int


Operation = Callable[..., Value]
"""Called with the builder and the arguments of an operation of a framework; gives what it computes."""


def entering(table: dict[str, Operation], *names: str) -> Callable[[Operation], Operation]:
    """Return what enters a function in a table under the names of operations."""

    def enter(function: Operation) -> Operation:
        table.update(dict.fromkeys(names, function))
        return function

    return enter


def node_of(b: Builder, x: Value) -> int:
    """A tensor, or constants, as a node."""
    if isinstance(x, Tensor):
        return x.number
    if not isinstance(x, np.ndarray):
        return b.constant(Fraction(x))
    if x.dtype.kind not in "biuf" or (x.dtype.kind in "iu" and ((x > 2**53) | (x < -(2**53))).any()):
        raise NotAnalyticError(f"constants of type {x.dtype} are no doubles")
    return b.array(x)


def arithmetic(b: Builder, op: str, x: Value, y: Value) -> Tensor:
    """``add``, ``sub``, ``mul`` or ``div`` by numpy's rules; constants that are all equal are one exact number."""
    numbers, shapes = [], []
    for part in (x, y):
        alike = isinstance(part, np.ndarray) and part.size > 0 and bool((part == part.flat[0]).all())
        numbers.append(b.constant(Fraction(part.flat[0].item())) if alike else node_of(b, part))
        shapes.append(part.shape if alike else b.shape(numbers[-1]))
    if () not in map(b.shape, numbers):
        numbers = list(layers.together(b, *numbers))
    result: int = getattr(b, op)(*numbers)
    return Tensor(layers.broadcast_to(b, result, np.broadcast_shapes(*shapes)))


# ---------------------------------------------------------------------- refusals

_RELU = "has a kink at 0 (Lemma A.8); take softplus, GELU, SiLU or tanh"
_ELU = "is continuously differentiable, but not analytic at 0; take SiLU or GELU"
_TIES = "is not differentiable where two entries are equal"

NOT_ANALYTIC = {
    **dict.fromkeys(("relu", "leaky_relu", "prelu", "rrelu"), _RELU),
    **dict.fromkeys(("elu", "celu"), _ELU),
    "selu": "has a kink at 0; take SiLU or GELU",
    **dict.fromkeys(("hardtanh", "hard_tanh", "relu6"), "has kinks; take tanh"),
    **dict.fromkeys(("hardswish", "hard_swish", "hard_silu"), "has kinks; take SiLU"),
    **dict.fromkeys(("hardsigmoid", "hard_sigmoid"), "has kinks; take sigmoid"),
    **dict.fromkeys(("clamp", "clip", "hardshrink", "softshrink", "threshold"), "has kinks"),
    "abs": "has a kink at 0",
    "sign": "jumps at 0",
    **dict.fromkeys(("max_pool1d", "max_pool2d", "reduce_window_max"), f"{_TIES}; take average pooling"),
    **dict.fromkeys(("max", "min", "maximum", "minimum", "amax", "amin", "reduce_max", "reduce_min", "sort"), _TIES),
    **dict.fromkeys(("argmax", "argmin", "floor", "ceil", "round"), "is constant but for jumps"),
    **dict.fromkeys(("where", "select_n", "cond", "while", "gt", "ge", "lt", "le", "eq", "ne"), "branches on values"),
    **dict.fromkeys(("detach", "stop_gradient"), "gives the framework another gradient than that of the function"),
}
"""Why operations that networks have are refused."""


def refusal(name: str, user: str) -> str:
    """Say why an operation that the module or function uses is not read."""
    if reason := NOT_ANALYTIC.get(name):
        return f"the {user} uses {name}, which {reason}: nothing can be proved about it"
    return f"the {user} uses {name}, which is not among the operations that are read"


# ---------------------------------------------------------------------- data and losses


def numbers(part: Value) -> np.ndarray:
    """Return data as an array of doubles or integers."""
    try:
        if hasattr(part, "detach"):
            part = part.detach().cpu()
            part = (part.double() if part.is_floating_point() else part).numpy()  # bfloat16 is unknown to numpy
        array = np.asarray(part)
    except Exception as error:  # rows of several lengths, and whatever makes no array of itself
        raise ArgumentError("data", f"<{type(part).__name__}>", "hold arrays or tensors, one row a sample") from error
    if array.ndim and array.size and not np.ma.isMaskedArray(part):
        if array.dtype.kind == "f" and array.dtype.itemsize <= 8 and np.isfinite(array).all():
            return array.astype(np.float64)
        if array.dtype.kind in "iu":
            return array.astype(np.int64)
    raise ArgumentError("data", f"<{array.dtype}, shape {array.shape}>", "hold finite numbers, one row a sample")


Batch = tuple[np.ndarray, np.ndarray]
"""Inputs and targets, one row a sample."""


def batches(data: Value) -> list[Batch]:
    """Return the batches of an iterable of pairs, such as a loader of PyTorch; one pair is one batch."""
    if isinstance(data, tuple | list) and len(data) == 2 and not all(_is_pair(part) for part in data):
        return [pair(data)]
    if hasattr(data, "shape") or isinstance(data, str) or not hasattr(data, "__iter__"):
        return [pair(data)]
    found = [pair(part) for part in data]
    if not found or len({(x.shape[1:], y.shape[1:]) for x, y in found}) > 1:
        raise ArgumentError("data", f"<{len(found)} batches>", "hold batches of samples that are all of one shape")
    return found


def _is_pair(part: Value) -> bool:
    """Whether something is inputs and targets, and no rows of numbers."""
    return isinstance(part, tuple | list) and len(part) == 2 and all(np.ndim(x) > 0 for x in part)


def whole(found: list[Batch]) -> Batch:
    """Return all samples of batches as one."""
    if len(found) == 1:
        return found[0]
    return np.concatenate([x for x, _ in found]), np.concatenate([y for _, y in found])


def shares(found: Sequence[Batch]) -> list[float]:
    """Return the part of all samples that each batch has."""
    sizes = [len(inputs) for inputs, _ in found]
    return [size / sum(sizes) for size in sizes]


def require_one_batch(found: list[Batch]) -> None:
    """Refuse to read a function from batches: certificates hold one."""
    require(len(found) <= 1, "data", f"<{len(found)} batches>", "be one pair of all inputs and targets, to be read")


def pair(data: Value) -> Batch:
    """Return inputs and targets, equally many."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise ArgumentError("data", data, "be a pair (inputs, targets) of arrays or tensors, or such batches")
    inputs, targets = (numbers(part) for part in data)
    if len(inputs) != len(targets):
        raise ArgumentError("data", f"<{len(inputs)} inputs, {len(targets)} targets>", "have a target for each input")
    return inputs, targets


class Training(NamedTuple):
    """The options of a reader that both frameworks have, checked."""

    decay: Fraction
    rigorous: bool
    name: str


def training(weight_decay: Exact, rigorous: bool, name: str | None, otherwise: str) -> Training:
    """Check the options that both frameworks have."""
    decay = exact(weight_decay, "weight_decay")
    require(0 <= decay < 2**1000, "weight_decay", weight_decay, "be at least 0, and less than 2^1000")
    return Training(decay, checked_flag(rigorous, "rigorous"), checked_text(name, "name") or otherwise)


def is_real(parameter: Value) -> bool:
    """Whether a parameter of PyTorch has values, which are finite real numbers."""
    empty = parameter.is_meta or hasattr(parameter, "materialize")  # of lazy modules
    return not empty and parameter.is_floating_point() and bool(parameter.isfinite().all())


def one_number(loss: Value) -> Value:
    """Return what a loss has returned, if it is one number of the framework."""
    if not hasattr(loss, "shape") or prod(loss.shape) != 1:
        shape = f"<shape {tuple(loss.shape)}>" if hasattr(loss, "shape") else f"<{type(loss).__name__}>"
        raise ArgumentError("loss", shape, "return one number, as a tensor or array: a mean over the samples")
    return loss


def require_one_loss(floats: FrameworkFloats, argument: str, remedy: str) -> None:
    """Refuse losses in floats that cannot be evaluated on the data, or that change from call to call."""
    try:
        first, second = (floats.value(floats.start[None])[0] for _ in range(2))
    except HallucertError:
        raise
    except Exception as error:  # whatever the network or the loss raises
        must = f"be what the loss takes, which raised {type(error).__name__}: {str(error)[:200]}"
        raise ArgumentError("data", "<inputs and targets>", must) from error
    if first != second and not np.isnan([first, second]).all():
        raise ArgumentError(argument, "<random>", f"have one loss, not another one at each call: {remedy}")


def outputs_of(floats: Value, inputs: np.ndarray) -> np.ndarray:
    """Return the outputs at the start, if the network takes the inputs."""
    try:
        found: np.ndarray = floats.outputs(floats.start)
    except HallucertError:
        raise
    except Exception as error:  # whatever the network raises
        first = " ".join(str(error).strip().splitlines()[:1])[:200]
        must = f"be what the module takes, which raised {type(error).__name__}: {first}"
        raise ArgumentError("data", f"<inputs of shape {inputs.shape}>", must) from error
    return found


def joined(parts: Sequence[Value]) -> np.ndarray:
    """Return tensors of PyTorch as one vector."""
    return np.concatenate([part.detach().cpu().numpy().reshape(-1) for part in parts])


def squared(b: Builder, outputs: int, targets: np.ndarray) -> int:
    """The residuals, outputs minus targets, of shape (m,)."""
    shape = b.shape(outputs)
    if targets.shape != shape and (targets.shape, shape[1:]) != (shape[:1], (1,)):
        raise ArgumentError("data", f"<targets of shape {targets.shape}>", f"fit to outputs of shape {shape}")
    return b.reshape(b.sub(outputs, b.array(targets.reshape(shape))), (targets.size,))


def cross_entropy(b: Builder, outputs: int, labels: np.ndarray, smoothing: Fraction = Fraction(0)) -> int:
    """The mean cross-entropy of labels, of shape ()."""
    shape = b.shape(outputs)
    if len(shape) != 2 or labels.shape != shape[:1] or labels.dtype.kind != "i":
        must = f"be integer labels for outputs of shape {shape}"
        raise ArgumentError("data", f"<targets of shape {labels.shape}>", must)
    require_classes(labels, shape[1])
    return layers.cross_entropy(b, outputs, labels, smoothing)


def require_classes(labels: np.ndarray, classes: int) -> None:
    """Refuse labels that are no classes; JAX would take the nearest one."""
    if labels.min() < 0 or labels.max() >= classes:
        raise ArgumentError("data", "<labels>", f"be classes from 0 to {classes - 1}")


def finished(
    b: Builder, result: int, n: Fraction, given: Training, floats: FrameworkFloats, owner: str
) -> ProgramObjective:
    """Add the decay to a loss, or to residuals whose ``n`` is given, and compare with the framework's own numbers."""
    if given.decay:
        if b.shape(result):
            result, n = b.scale(1 / (2 * n), b.contract("m,m->", result, result)), Fraction(1)
        result = b.add(result, layers.decay(b, [b.input(i) for i in range(len(b.inputs))], given.decay))
    read = ProgramObjective(b.program([result]), list(floats.shapes), n, given.name, floats.start)
    waves = np.cos(np.arange(1.0, len(floats.start) + 1))
    for point in (floats.start[None], floats.start[None] + 0.05 * waves):
        value, wanted = read.floats.value(point), floats.value(point)
        if not (
            np.isfinite(value).all() <= np.isfinite(wanted).all()
            and _agree(value, wanted)
            and _agree(read.floats.gradient(point), floats.gradient(point))
        ):
            raise NotAnalyticError(
                f"what was read has not the value and gradient that {owner} has: a derivative of one's own that is not "
                "that of the function, a function that changes from call to call, or one that is too steep for doubles"
            )
    return read


def _agree(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether two results differ by roundings alone, if both are finite."""
    if not (np.isfinite(found).all() and np.isfinite(wanted).all()):
        return True
    return bool(np.linalg.norm(found - wanted) <= 1e-6 * np.linalg.norm(wanted) + 1e-9)


# ---------------------------------------------------------------------- floats


class FrameworkFloats(Floats):
    """A loss in double precision, of parameters with names, differentiated by the framework, point by point."""

    def __init__(self, shapes: Mapping[str, Shape], start: np.ndarray) -> None:
        self.shapes, self.start = dict(shapes), start
        self.squared: Supervised | None = None  # what it is a squared loss of, if it is in residual form

    def hessian(self, x: np.ndarray) -> np.ndarray:
        unit = np.eye(len(self.start))
        full = np.array([self.hessian_vector(np.broadcast_to(p, unit.shape), unit) for p in x])
        return np.asarray((full + full.swapaxes(1, 2)) / 2)

    def residual(self, x: np.ndarray) -> np.ndarray:
        known = self._squared
        return np.array([(known.outputs(p) - known.targets).reshape(-1) for p in x])

    def residual_jacobian(self, x: np.ndarray) -> np.ndarray:
        count = self._squared.targets.size
        return np.array([self.outputs_jacobian(p).reshape(count, -1) for p in x])

    @property
    def _squared(self) -> Supervised:
        if self.squared is None:
            raise ArgumentError("objective", "<a loss without residuals>", "be a squared loss without weight decay")
        return self.squared

    def outputs_jacobian(self, x: np.ndarray) -> np.ndarray:
        """Derivatives (m, d) of all outputs, one sample after the other, at one point (d,)."""
        raise NotImplementedError

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        """1 where the loss is finite, else NaN: that is all that is known of its domain."""
        return np.where(np.isfinite(self.value(x)), 1.0, np.nan)[:, None]


class FrameworkObjective(FloatObjective):
    """The training loss of any network: kept as it is, and differentiated by its framework. Never evidence.

    A squared loss without decay, as it is `supervised`, is in residual form.
    """

    def __init__(self, floats: FrameworkFloats, name: str, supervised: Supervised | None = None) -> None:
        self._floats, self.parameters, self.name = floats, floats.start, name
        self.supervised, self.unread = supervised, ""
        if self.residual_count:
            self.n = exact(supervised.scale, "n") if supervised is not None else self.n
            floats.squared = supervised

    def __repr__(self) -> str:
        return f"<Objective {self.name[:60]!r} of {self.dimension} parameters, floats only>"

    def require_rigorous(self) -> None:
        """Raise `NotAnalyticError`, with the reason why nothing was read, where `diagnose` has tried."""
        if self.unread:
            raise NotAnalyticError(f"nothing can be proved about {self.name}, known in floats alone: {self.unread}")
        super().require_rigorous()

    @property
    def floats(self) -> FrameworkFloats:
        return self._floats

    @property
    def dimension(self) -> int:
        return len(self.parameters)

    @property
    def residual_count(self) -> int:
        """Number of outputs on all samples for a squared loss without weight decay, otherwise 0."""
        known = self.supervised
        return 0 if known is None or known.loss != "squared" or known.weight_decay else known.targets.size

    @cached_property
    def variables(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the parameters: that of their array, and the indices from 0."""
        return entry_names(list(self._floats.shapes), list(self._floats.shapes.values()))


def split(point: Value, shapes: Sequence[Shape]) -> list[Value]:
    """Cut a point of either framework into arrays."""
    ends = np.cumsum([0, *map(entries, shapes)]).tolist()
    return [point[ends[i] : ends[i + 1]].reshape(shape) for i, shape in enumerate(shapes)]
