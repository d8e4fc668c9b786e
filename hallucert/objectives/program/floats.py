"""Array programs in doubles, on lanes of points: searches and runs. Never evidence.

A `FloatPlan` chooses once what numpy does for each node: one call, in place where nobody reads an operand again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hallucert.objectives.floats import Floats
from hallucert.objectives.objective import require_residuals
from hallucert.objectives.program.evaluate import Array, FloatArrays
from hallucert.objectives.program.program import Node, Program, contraction, entries

if TYPE_CHECKING:
    from hallucert.objectives.program.objective import ProgramObjective

SLICE = 2**23
"""Numbers in the largest array of the lanes that are run together: 64 megabytes."""

SMALL = 2**6
"""Arrays of so few numbers are not let go before a run ends."""

ARRAYS = FloatArrays()
FEW = 100
"""Up to so many unit vectors are multiplied with the Hessian at one point."""

UFUNCS = {name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh")}
VIEWS = ("reshape", "transpose", "broadcast")

Function = Callable[..., Array]


class Step(NamedTuple):
    """What numpy does for a node: a function of other nodes, into the array of one of them, and what is over then."""

    number: int
    function: Function
    first: int
    second: int
    into: int
    over: tuple[int, ...]


class FloatPlan:
    """A program in doubles, some of whose inputs come with lanes, in front."""

    def __init__(self, program: Program, lanes: Sequence[bool]) -> None:
        self.program, self.moving = program, tuple(lanes)
        self.known: list[Any] = [None] * len(program.nodes)
        self.lanes = self._fixed(lanes)
        self.repeated = self._repeated()
        self.inputs = [(i, int(node.data)) for i, node in enumerate(program.nodes) if node.op == "input"]  # type: ignore[call-overload]
        self.steps = self._steps()
        self.without = [k for k, i in enumerate(program.outputs) if not self.lanes[i]]
        sizes = [entries(node.shape) for node, with_lanes in zip(program.nodes, self.lanes, strict=True) if with_lanes]
        self.most = max(1, SLICE // max(sizes, default=1))

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """Return the outputs, with lanes in front if they depend on an input that has any."""
        values = self.known.copy()
        for i, number in self.inputs:
            values[i] = inputs[number]
        for i, function, a, b, into, over in self.steps:
            if b < 0:
                values[i] = function(values[a]) if into < 0 else function(values[a], values[into])
            elif into < 0:
                values[i] = function(values[a], values[b])
            else:
                values[i] = function(values[a], values[b], values[into])
            for j in over:
                values[j] = None
        return [values[i] for i in self.program.outputs]

    def on_lanes(self, inputs: Sequence[Array], count: int) -> list[Array]:
        """Return all outputs with `count` lanes, of which so many are run at a time that they fit in memory."""
        with np.errstate(all="ignore"):
            if count <= self.most:
                return self._with_lanes(self.run(inputs), count)
            parts = []
            for first in range(0, count, self.most):
                rows = slice(first, min(first + self.most, count))
                part = [a[rows] if moves else a for a, moves in zip(inputs, self.moving, strict=True)]
                parts.append(self._with_lanes(self.run(part), rows.stop - first))
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _with_lanes(self, found: list[Array], count: int) -> list[Array]:
        for k in self.without:
            found[k] = np.broadcast_to(found[k], (count, *np.shape(found[k])))
        return found

    # ------------------------------------------------------------------ planning

    def _fixed(self, lanes: Sequence[bool]) -> list[bool | None]:
        """Compute what depends on no input; tell which nodes have lanes, None for what is known."""
        found: list[bool | None] = []
        nodes = self.program.nodes
        for i, node in enumerate(nodes):
            if node.op == "input":
                found.append(lanes[int(node.data)])  # type: ignore[call-overload]
                continue
            own = [found[j] for j in node.args]
            if any(flag is not None for flag in own):
                found.append(any(own))
            else:
                found.append(None)
                shapes = [nodes[j].shape for j in node.args]
                self.known[i] = ARRAYS.array(ARRAYS.value(node, shapes, [self.known[j] for j in node.args]))
        return found

    def _repeated(self) -> list[bool]:
        """Tell which arrays may stay with axes of length 1: those that others of full shape are combined with."""
        nodes, readers = self.program.nodes, [list[int]() for _ in self.program.nodes]
        could: list[bool] = []
        for i, node in enumerate(nodes):
            for j in node.args:
                readers[j].append(i)
            unary = len(node.args) == 1 and (node.op in UFUNCS or node.op in ("scale", "power"))
            could.append(self.lanes[i] is not None and (node.op == "broadcast" or (unary and could[node.args[0]])))
        result = [False] * len(nodes)
        for i in range(len(nodes) - 1, -1, -1):
            if could[i] and i not in self.program.outputs:
                result[i] = all(
                    result[k] if len(nodes[k].args) == 1 else self._full(nodes[k], i, could) for k in readers[i]
                )
        return result

    @staticmethod
    def _full(node: Node, operand: int, could: list[bool]) -> bool:
        """Tell whether a node adds or multiplies an operand with an array that is certainly of full shape."""
        others = [j for j in node.args if j != operand]
        return node.op in ("add", "mul") and len(others) == 1 and not could[others[0]]

    def _steps(self) -> list[Step]:
        nodes, outputs = self.program.nodes, set(self.program.outputs)
        root, last = list(range(len(nodes))), [-1] * len(nodes)
        for i, node in enumerate(nodes):
            if node.op in VIEWS and self.lanes[i] is not None:
                root[i] = root[node.args[0]]
        for i, node in enumerate(nodes):
            for j in node.args:
                last[root[j]] = i
        kept = {root[i] for i in outputs}
        over: dict[int, list[int]] = {}
        for i in range(len(nodes)):
            if self.lanes[i] is not None and root[i] not in kept and last[root[i]] >= 0:
                over.setdefault(last[root[i]], []).append(i)
        steps = []
        for i, node in enumerate(nodes):
            if self.lanes[i] is None or node.op == "input":
                continue
            function, in_place = self._function(i, node)
            into = -1
            for j in node.args if in_place and not self.repeated[i] else ():
                same = self.lanes[j] == self.lanes[i] and nodes[j].shape == node.shape and not self.repeated[j]
                if same and self._owned(j) and last[j] == i and j not in kept and node.shape:
                    into = j
                    break
            large = tuple(j for j in over.get(i, ()) if entries(nodes[j].shape) > SMALL)
            steps.append(Step(i, function, node.args[0], node.args[1] if len(node.args) > 1 else -1, into, large))
        return steps

    def _owned(self, i: int) -> bool:
        """Tell whether the array of a node is its own, and whole."""
        node = self.program.nodes[i]
        return self.lanes[i] is not None and node.op not in (*VIEWS, "input", "take", "put", "logsumexp", "sum")

    def _function(self, i: int, node: Node) -> tuple[Function, bool]:
        """Return what numpy does for a node, and whether it can be told where to write."""
        data: Any = node.data
        front = 1 if self.lanes[i] else 0
        if node.op in ("add", "mul"):
            return (np.add if node.op == "add" else np.multiply), True
        if node.op in UFUNCS:
            return UFUNCS[node.op], True
        match node.op:
            case "scale" if data == -1:
                return np.negative, True
            case "scale":
                factor = float(data)
                return (lambda a, out=None: np.multiply(a, factor, out=out)), True
            case "power" if data == 2:
                return (lambda a, out=None: np.multiply(a, a, out=out)), True
            case "reshape":
                shape = node.shape
                return (lambda a: a.reshape(a.shape[:front] + shape)), False
            case "transpose":
                order = (*range(front), *(axis + front for axis in data))
                return (lambda a: a.transpose(order)), False
            case "sum":
                axes = tuple(axis + front for axis in data)
                return (lambda a: np.add.reduce(a, axis=axes)), False
            case "broadcast":
                own = (slice(None),) * front + tuple(slice(None) if k in data else None for k in range(len(node.shape)))
                if self.repeated[i]:
                    return (lambda a: a[own]), False
                full = node.shape
                return (lambda a: np.broadcast_to(a[own], a.shape[:front] + full)), False
            case "contract":
                product = self._product(node)
                if product is not None:
                    return product, False
        shapes = [self.program.nodes[j].shape for j in node.args]
        return (lambda *args: ARRAYS.value(node, shapes, list(args))), False

    def _product(self, node: Node) -> Function | None:
        """Return a contraction as one product of matrices that are not moved, or of entries, if it is one."""
        plan = contraction(str(node.data), *(self.program.nodes[j].shape for j in node.args))
        if entries(plan.summed) == 1:
            operands, _, result = str(node.data).partition("->")
            fronts = (1 if self.lanes[j] else 0 for j in node.args)
            left, right = (_spread(own, result, k) for own, k in zip(operands.split(","), fronts, strict=True))
            return lambda a, b: left(a) * right(b)
        count, batch = len(plan.batch), tuple(range(len(plan.batch)))
        if len(plan.summed) != 1 or len(plan.left) > 1 or len(plan.right) > 1 or plan.order[:count] != batch:
            return None
        if plan.first[:count] != batch or plan.second[:count] != batch:
            return None
        ordered = [plan.first[count:] == (count, count + 1), plan.second[count:] == (count, count + 1)]
        if plan.left and plan.right:
            if plan.order[count:] == (count, count + 1):
                return _matmul(ordered[0], ordered[1])
            turned = _matmul(not ordered[1], not ordered[0])
            return lambda a, b: turned(b, a)
        if plan.left:
            rows = _matmul(ordered[0], True)
            return lambda a, b: rows(a, b[..., :, None])[..., 0]
        columns = _matmul(True, ordered[1] if plan.right else True)
        if plan.right:
            return lambda a, b: columns(a[..., None, :], b)[..., 0, :]
        return lambda a, b: columns(a[..., None, :], b[..., :, None])[..., 0, 0]


def _matmul(first: bool, second: bool) -> Function:
    """Return the product of matrices that are there as they are or, where not told so, with their axes exchanged."""
    if first:
        return np.matmul if second else lambda a, b: np.matmul(a, b.swapaxes(-1, -2))
    if second:
        return lambda a, b: np.matmul(a.swapaxes(-1, -2), b)
    return lambda a, b: np.matmul(a.swapaxes(-1, -2), b.swapaxes(-1, -2))


def _spread(own: str, result: str, front: int) -> Function:
    """Return how an array with the axes `own`, behind lanes, gets those of the `result`; others have length 1."""
    kept = [letter for letter in result if letter in own]
    order = (*range(front), *(front + own.index(letter) for letter in kept))
    order += tuple(front + axis for axis, letter in enumerate(own) if letter not in result)
    axes = tuple(slice(None) if letter in own else None for letter in result)
    index = (slice(None),) * front + axes + (0,) * (len(own) - len(kept))
    return (lambda a: a[index]) if order == tuple(range(len(order))) else lambda a: a.transpose(order)[index]


class ProgramFloats(Floats):
    """The programs of an objective, run by numpy."""

    def __init__(self, f: ProgramObjective) -> None:
        self.f = f
        self._plans: dict[tuple[str, int], FloatPlan] = {}

    def _run(self, name: str, program: Callable[[], Program], x: Array, directions: Array | None = None) -> list[Array]:
        """Run the program of a name on lanes, those of the directions if there are any; all outputs have lanes."""
        plan = self._plans.get((name, x.ndim))
        inputs = self.f.split(x)
        if plan is None:
            moving = [x.ndim > 1] * len(inputs) + [True] * (directions is not None) * len(inputs)
            plan = self._plans[name, x.ndim] = FloatPlan(program(), moving)
        if directions is None:
            return plan.on_lanes(inputs, len(x))
        return plan.on_lanes(inputs + self.f.split(directions), len(directions))

    def _joined(self, arrays: Sequence[Array]) -> Array:
        return np.concatenate([a if a.ndim == 2 else a.reshape(len(a), -1) for a in arrays], axis=1)

    def value(self, x: np.ndarray) -> np.ndarray:
        return self._run("value", lambda: self.f.value_program, x)[0]

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self._joined(self._run("gradient", lambda: self.f.gradients, x))

    def hessian(self, x: np.ndarray) -> np.ndarray:
        """Hessians on lanes; exactly symmetric. At one point, products with few unit vectors are faster (measured)."""
        if len(x) == 1 and x.shape[1] <= FEW:
            units = np.eye(x.shape[1])
            h = self.hessian_vector(np.broadcast_to(x[0], units.shape), units)
            return ((h + h.T) / 2)[None]
        calculus, start = self.f.calculus, None
        found = calculus.hessian
        with np.errstate(all="ignore"):
            if calculus.has_residuals:
                j = self.residual_jacobian(x)
                start = np.matmul(j.swapaxes(1, 2), j / float(calculus.n))
            nodes = self._run("hessian", lambda: calculus.builder.program(found.nodes), x)
            upper = found.assembled(nodes, np.zeros(()), start, (len(x),))
        return np.where(np.tri(found.shape[0], dtype=bool), upper.swapaxes(1, 2), upper)

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Hessian-vector products on lanes; lanes that are views of one point share what it needs."""
        point = x[0] if len(x) > 1 and x.strides[0] == 0 else x
        return self._joined(self._run("second", lambda: self.f.calculus.second, point, v))

    def residual(self, x: np.ndarray) -> np.ndarray:
        require_residuals(self.f)
        return self._run("residual", lambda: self.f.program, x)[0]

    def residual_jacobian(self, x: np.ndarray) -> np.ndarray:
        require_residuals(self.f)
        found = self.f.calculus.jacobian
        nodes = self._run("jacobian", lambda: self.f.calculus.builder.program(found.nodes), x)
        return found.assembled(nodes, np.zeros(()), front=(len(x),))
