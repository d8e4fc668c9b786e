"""Functions of JAX as array programs: the jaxpr that JAX traces, read by `hallucert.objectives.front_ends.jax_reader`.

Only the function is taken; all derivatives are this library's. It is traced in double precision.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from hallucert.errors import ArgumentError, MissingPackageError, NotAnalyticError, require
from hallucert.exact import Exact
from hallucert.objectives.front_ends import frameworks
from hallucert.objectives.front_ends.frameworks import FrameworkFloats, FrameworkObjective, Tensor
from hallucert.objectives.front_ends.jax_reader import Reader
from hallucert.objectives.network.supervised import Supervised, noted
from hallucert.objectives.objective import Objective
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.program import Shape

Jax = Any
"""What is JAX's: a function, a pytree, a jaxpr, or the package itself."""

OF_OUTPUTS, OF_PARAMETERS = ("squared", "cross_entropy"), ("value", "residuals")


def from_jax(
    fn: Jax,
    params: Jax,
    loss: Jax = "value",
    data: Jax = None,
    weight_decay: Exact = 0,
    rigorous: bool = True,
    name: str | None = None,
) -> Objective:
    """Make a function of JAX, or the training loss of a network, an objective: its variables are the parameters.

    The jaxpr of the function is read as an array program, which is rigorous: parameters, data and constants are the
    doubles (or singles) they are, it is traced in double precision, and derivatives are this library's own. Calls,
    loops of a fixed length (``scan``) and custom derivatives are read through; whatever depends on constants alone,
    such as indices and masks, is what JAX makes of it.

    Parameters
    ----------
    fn : callable
        ``fn(params)``, or ``fn(params, inputs)`` for losses of outputs, of analytic operations.
    params : pytree of arrays
        The present parameters, real numbers.
    loss : {"value", "residuals", "squared", "cross_entropy"}
        What the function gives: the loss itself, residuals ``r`` with ``f = |r|^2/2``, or outputs, one row a sample,
        of which it is taken: ``(1/2n) sum |o_i - y_i|^2`` over ``n`` samples, in residual form if there is no decay,
        or the mean cross-entropy.
    data : pair of arrays, optional
        All inputs, one row a sample, and the targets, for losses of outputs: numbers, or integer labels for a
        cross-entropy. In floats also an iterable of such pairs, batches, which are evaluated one by one; the loss is
        their mean by numbers of samples.
    weight_decay : exact nonnegative number
        ``w``: ``(w/2) |theta|^2`` of all parameters is added.
    rigorous : bool
        Whether the function is read. With ``False`` any that JAX differentiates twice is taken, in floats, and `loss`
        may be any function of outputs and targets.
    name : str, optional
        Name for reports.

    Returns
    -------
    Objective
        With the present parameters as ``parameters``, a point (d,), in the order of ``jax.tree.leaves(params)``, and
        names from their paths; ``jax.flatten_util.ravel_pytree(params)[1]`` takes a point back.

    Raises
    ------
    NotAnalyticError
        Naming the operation that is not real-analytic (Lemma A.8), such as ReLU, or that is not read.
    ArgumentError
        If an argument is not as above, or data do not fit.
    MissingPackageError
        If JAX is not installed.
    """
    try:
        import jax
    except ImportError:
        raise MissingPackageError("Objective.from_jax takes functions of JAX", "jax") from None
    require(callable(fn), "fn", fn, "be a function of parameters, or of parameters and inputs")
    words = (*OF_PARAMETERS, *OF_OUTPUTS)
    if not (isinstance(loss, str) and loss in words) and not (callable(loss) and rigorous is False):
        also = " or a function of outputs and targets" if rigorous is False else ""
        raise ArgumentError("loss", loss, f"be one of {', '.join(words)}{also}")
    of_parameters = isinstance(loss, str) and loss in OF_PARAMETERS
    if of_parameters and data is not None:
        raise ArgumentError("data", "<given>", f"be left out for loss={loss!r}: they are the function's own")
    batches = [] if of_parameters else frameworks.batches(data)
    inputs, targets = frameworks.whole(batches) if batches else (None, None)
    leaves, tree = _parameters(jax, params)
    given = frameworks.training(weight_decay, rigorous, name, f"{getattr(fn, '__name__', 'a function')} of JAX")
    shapes = {key: leaf.shape for key, leaf in leaves.items()}
    start = np.concatenate([leaf.reshape(-1) for leaf in leaves.values()])

    def outputs(parts: Jax, *rest: Jax) -> Jax:
        return fn(jax.tree_util.tree_unflatten(tree, parts), *rest)

    rest: Jax = () if of_parameters else (inputs,)

    def of_batch(parts: Jax, *batch: Jax) -> Jax:
        return _loss_of_jax(outputs(parts, *batch[:1]), loss, batch[1] if batch else None)

    floats = JaxFloats(jax, of_batch, outputs, shapes, start, batches)
    floats.decay = float(given.decay)
    said = loss if isinstance(loss, str) and loss in OF_OUTPUTS else None

    def supervised() -> Supervised | None:
        def at(x: np.ndarray) -> np.ndarray:
            with doubles(jax):
                parts = frameworks.split(jax.numpy.asarray(x), list(shapes.values()))
                return np.concatenate([np.asarray(outputs(parts, batch)) for batch, _ in batches])

        seen = None if inputs is None or targets is None else (inputs, targets)
        return noted(seen, said, float(len(start if inputs is None else inputs)), float(given.decay), 0.0, at, start)

    if not given.rigorous:
        frameworks.require_one_loss(floats, "fn", "make what is random with a fixed key")
        known = supervised()
        if known is not None and known.loss == "cross_entropy":
            frameworks.require_classes(known.targets, known.classes)
        return FrameworkObjective(floats, given.name, known)
    frameworks.require_one_batch(batches)
    builder = ProgramBuilder(list(shapes.values()))
    found = _read(jax, builder, outputs, list(leaves.values()), rest)
    result, n = _loss(builder, found, loss, targets)
    read = frameworks.finished(builder, result, n, given, floats, "the function in JAX")
    read.supervised = supervised()
    return read


def doubles(jax: Jax) -> AbstractContextManager[None]:
    """Let JAX compute in double precision for a while."""
    context: AbstractContextManager[None] = jax.enable_x64(True)
    return context


def _parameters(jax: Jax, params: Jax) -> tuple[dict[str, np.ndarray], Jax]:
    """Return the arrays of a pytree as doubles, by the names of their paths, and its structure."""
    try:
        found, tree = jax.tree_util.tree_flatten_with_path(params)
        arrays = [np.asarray(leaf) for _, leaf in found]
    except Exception as error:  # keys without an order, tensors of others
        raise ArgumentError("params", params, "be a pytree of arrays") from error
    leaves: dict[str, np.ndarray] = {}
    for (path, _), array in zip(found, arrays, strict=True):
        parts = [re.sub(r"[^A-Za-z0-9_]+", "_", jax.tree_util.keystr((part,), simple=True)) for part in path]
        key = ".".join(parts) or "params"
        real = jax.dtypes.issubdtype(array.dtype, np.floating) and array.dtype.itemsize <= 8 and array.size
        if not real or not np.isfinite(double := array.astype(np.float64)).all():
            raise ArgumentError("params", f"<{array.dtype} at {key}>", "hold arrays of finite real numbers alone")
        require(key not in leaves, "params", f"<{key} twice>", "have paths that differ in letters or digits")
        leaves[key] = double
    require(leaves, "params", params, "hold arrays of finite real numbers")
    return leaves, tree


def _read(
    jax: Jax, builder: ProgramBuilder, outputs: Jax, leaves: list[np.ndarray], rest: tuple[np.ndarray, ...]
) -> int:
    """Add the function to a program; return the node of its result."""
    with doubles(jax):
        try:
            traced = jax.make_jaxpr(outputs)(leaves, *rest)
        except Exception as error:  # whatever the function itself raises
            first = " ".join(str(error).strip().splitlines()[:1])[:200]
            must = (
                "it depends on values, is not written in operations of JAX, or not for doubles, in which it is traced"
            )
            raise NotAnalyticError(f"JAX cannot trace the function: {must} ({first})") from error
        arguments = [*(Tensor(builder.input(i)) for i in range(len(leaves))), *rest]
        found = Reader(jax, builder).run(traced, arguments)
    require(len(found) == 1, "fn", f"<{len(found)} arrays>", "return one array")
    if isinstance(found[0], NotAnalyticError):
        raise found[0]
    if not isinstance(found[0], Tensor):
        raise NotAnalyticError(
            "the function returns what does not depend on parameters, or unknown numbers (a maximum)"
        )
    return found[0].number


# ---------------------------------------------------------------------- losses


def _loss(builder: ProgramBuilder, found: int, loss: str, targets: np.ndarray | None) -> tuple[int, Fraction]:
    """Return the residuals and the ``n`` of ``(1/2n) |r|^2``, or the value and 1."""
    shape = builder.shape(found)
    if targets is None:
        if loss == "residuals":
            return builder.reshape(found, (prod(shape),)), Fraction(1)
        require(not shape, "fn", f"<an array of shape {shape}>", 'return a number; loss="residuals" takes arrays')
        return found, Fraction(1)
    if loss == "squared":
        return frameworks.squared(builder, found, targets), Fraction(len(targets))
    return frameworks.cross_entropy(builder, found, targets), Fraction(1)


def _loss_of_jax(outputs: Jax, loss: Jax, targets: np.ndarray | None) -> Jax:
    """The loss as JAX computes it."""
    import jax

    require(hasattr(outputs, "shape"), "fn", f"<{type(outputs).__name__}>", "return one array")
    if targets is None:
        return (outputs**2).sum() / 2 if loss == "residuals" else outputs
    if loss == "squared":
        return ((outputs - targets.reshape(outputs.shape)) ** 2).sum() / (2 * len(outputs))
    if loss == "cross_entropy":
        rows = np.arange(len(targets))
        return -jax.nn.log_softmax(outputs, axis=-1)[rows, targets].mean()
    return frameworks.one_number(loss(outputs, targets))


# ---------------------------------------------------------------------- floats


class JaxFloats(FrameworkFloats):
    """A loss of JAX in double precision, point by point and batch by batch.

    `loss` and `outputs` take the list of parameter arrays, of the names and `shapes` that are given and with the
    present values `start` (d,), and of each batch inputs and targets, or inputs; a loss of parameters alone has no
    batches.
    """

    decay: float = 0.0

    def __init__(
        self,
        jax: Jax,
        loss: Callable[..., Jax],
        outputs: Callable[..., Jax],
        shapes: Mapping[str, Shape],
        start: np.ndarray,
        batches: Sequence[frameworks.Batch] = (),
    ) -> None:
        super().__init__(shapes, start)
        self._batches: Sequence[tuple[np.ndarray, ...]] = batches or [()]
        self._weights = frameworks.shares(batches) or [1.0]

        def of_batch(theta: Jax, *batch: Jax) -> Jax:
            return loss(frameworks.split(theta, list(shapes.values())), *batch)

        def of_inputs(theta: Jax, *batch: Jax) -> Jax:
            return outputs(frameworks.split(theta, list(shapes.values())), *batch[:1]).reshape(-1)

        self._double = lambda: doubles(jax)
        self._rows = jax.jit(jax.jacrev(of_inputs))
        self._value, self._gradient = jax.jit(of_batch), jax.jit(jax.grad(of_batch))
        self._product = jax.jit(lambda x, v, *batch: jax.jvp(lambda z: jax.grad(of_batch)(z, *batch), (x,), (v,))[1])

    def _mean(self, function: Callable[..., Jax], *point: np.ndarray) -> np.ndarray:
        """Return what a function gives, as a mean over the batches."""
        with self._double():
            found = [np.asarray(function(*point, *batch)) for batch in self._batches]
        return np.asarray(sum(w * part for w, part in zip(self._weights, found, strict=True)))

    def outputs_jacobian(self, x: np.ndarray) -> np.ndarray:
        with self._double():
            return np.concatenate([np.asarray(self._rows(x, *batch)) for batch in self._batches])

    def value(self, x: np.ndarray) -> np.ndarray:
        return np.array([float(self._mean(self._value, p)) + 0.5 * self.decay * float(p @ p) for p in x])

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return np.array([self._mean(self._gradient, p) + self.decay * p for p in x])

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.array([self._mean(self._product, p, w) + self.decay * w for p, w in zip(x, v, strict=True)])
