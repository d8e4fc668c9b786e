"""Random array programs, and the check that midpoint-radius arrays contain what Arb gives at 212 bits, node by node.

`tests/property/soak.py` does so for as long as one likes.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad, MidRadArithmetic
from hallucert.errors import DomainError
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.derivatives import pullback, pushforward
from hallucert.objectives.program.evaluate import BallArrays, FloatArrays
from hallucert.objectives.program.midrad import MidRadArrays
from hallucert.objectives.program.program import Program

UNARY = ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "softplus", "power")
OTHERS = (
    *("add", "mul", "scale", "contract", "matrix", "sum", "transpose", "reshape", "take", "put", "logsumexp", "pi"),
    *("inner", "repeated", "batch", "outer"),
)
RADII = (0.0, 1e-15, 1e-9, 1e-5, 1e-2)
LARGEST = 60.0


class Maker:
    """Makes a program step by step, on a point where every value stays moderate and inside of the domains."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.rows, self.columns = int(rng.integers(1, 4)), int(rng.integers(1, 5))
        shape = (self.rows, self.columns)
        self.point = [rng.normal(size=shape) * 2.0 ** rng.integers(-6, 3) for _ in range(2)]
        self.builder = ProgramBuilder([shape, shape])
        self.nodes = [self.builder.input(0), self.builder.input(1)]

    def pick(self) -> int:
        return self.nodes[int(self.rng.integers(max(0, len(self.nodes) - 5), len(self.nodes)))]

    def values(self, node: int) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(FloatArrays().run(self.builder.program([node]), self.point)[0])

    def positive(self, node: int) -> int:
        """Something between 0.3 and 4 of a node."""
        b = self.builder
        third = b.filled(Fraction(1, 3), b.shape(node))
        return b.add(b.unary("softplus", b.unary("tanh", node)), third)

    def step(self) -> None:
        b, rng, a = self.builder, self.rng, self.pick()
        name = str(rng.choice(UNARY + OTHERS))
        shape = b.shape(a)
        if name in ("log", "sqrt"):
            new = b.unary(name, self.positive(a))
        elif name == "power":
            exponent = int(rng.integers(-4, 6))
            new = b.power(self.positive(a) if exponent < 0 else a, exponent)
        elif name in UNARY:
            new = b.unary(name, a)
        elif name in ("add", "mul"):
            new = getattr(b, name)(a, self.pick())
        elif name == "scale":
            new = b.scale(Fraction(int(rng.integers(-9, 10)) or 1, int(rng.integers(1, 12))), a)
        elif name == "contract":
            new = b.contract("ij,ij->ji", a, self.pick())
        elif name == "matrix":
            new = b.contract("ij,kj->ik", a, self.pick())
            new = b.contract("ik,kj->ij", new, a)
        elif name == "sum":
            new = b.broadcast(b.sum(a, [1]), [0], shape)
        elif name == "transpose":
            new = b.transpose(b.transpose(a, (1, 0)), (1, 0))
        elif name == "reshape":
            new = b.reshape(b.reshape(a, (shape[0] * shape[1],)), shape)
        elif name == "take":
            new = b.take(a, rng.integers(-1, shape[0] * shape[1], size=shape))
        elif name == "put":
            new = b.put(a, rng.integers(-1, shape[0] * shape[1], size=shape), shape)
        elif name == "logsumexp":
            new = b.sub(a, b.broadcast(b.logsumexp(a), [0], shape))
        elif name == "inner":
            new = b.broadcast(b.contract("ij,ij->i", a, self.pick()), [0], shape)
        elif name == "repeated":  # a contraction over an axis along which both operands are constant
            same = b.broadcast(b.sum(a, [1]), [0], shape)
            new = b.contract("ik,kj->ij", b.contract("ij,kj->ik", same, same), self.pick())
        elif name == "batch":
            stack = b.broadcast(a, [1, 2], (3, *shape))
            new = b.contract("ik,kj->ij", b.contract("bij,bkj->ik", stack, stack), self.pick())
        elif name == "outer":
            flat = b.reshape(a, (shape[0] * shape[1],))
            new = b.reshape(b.contract("ij,j->i", b.contract("i,j->ij", flat, flat), flat), shape)
        else:
            new = b.mul(a, b.broadcast(b.pi(), [], shape))
        if b.shape(new) != shape:
            new = b.transpose(new, (1, 0)) if b.shape(new)[::-1] == shape else a
        if float(np.abs(self.values(new)).max()) <= LARGEST:
            self.nodes.append(new)

    def make(self, steps: int) -> tuple[Program, list[np.ndarray]]:
        """A program of one output of shape (), and its inputs."""
        for _ in range(steps):
            self.step()
        total = self.nodes[-1]
        for node in self.nodes[-4:-1]:
            total = self.builder.add(total, node)
        return self.builder.program([self.builder.sum(total, [0, 1])]), self.point


def derived(program: Program, point: list[np.ndarray], rng: np.random.Generator):
    """The programs of value, tangents, gradient and Hessian-vector products, with their inputs; all nodes put out."""
    tangents = [rng.normal(size=p.shape) for p in point]
    one, zero = np.array(1.0), np.array(0.0)
    back = pullback(program)
    cases = {
        "value": (program, point),
        "JVP": (pushforward(program), [*point, *tangents]),
        "VJP": (back, [*point, one]),
        "HVP": (pushforward(back), [*point, one, *tangents, zero]),
    }
    for name, (p, inputs) in cases.items():
        yield name, Program(p.inputs, p.nodes, tuple(range(len(p.nodes)))), inputs


def check(rng: np.random.Generator, steps: int, count: Counter[str]) -> list[str]:
    """Make a program, run it and its derivatives in boxes, compare with a point of the box; return what fails."""
    program, point = Maker(rng).make(steps)
    method = str(rng.choice(["bounded", "sliced"]))
    radius = float(rng.choice(RADII))
    arrays, failures = MidRadArrays(MidRadArithmetic(method)), []
    ar = arithmetic("arb", 212)
    for name, derived_program, inputs in derived(program, point, rng):
        boxes, balls = [], []
        for values in inputs:
            rad = np.abs(values) * radius
            boxes.append(MidRad(values, rad if radius else None))
            place = rng.choice([-1.0, 1.0, 0.25], size=values.shape)
            cells = np.empty(values.size, dtype=object)
            exact = [
                Fraction(m) + Fraction(r) * Fraction(s)
                for m, r, s in zip(values.flat, rad.flat, place.flat, strict=True)
            ]
            cells[:] = [ar.constant(x) for x in exact]
            balls.append(cells.reshape(values.shape))
        try:
            enclosures = arrays.run(derived_program, boxes)
        except DomainError:
            count["refused"] += 1
            continue
        with ar:
            values = BallArrays(ar).run(derived_program, balls)
            for node, enclosure, value in zip(derived_program.nodes, enclosures, values, strict=True):
                if not np.isfinite(enclosure.rad).all() or enclosure.shape != value.shape:
                    failures.append(f"{name} {node.op}: not finite, or of another shape")
                for mid, rad, ball in zip(enclosure.mid.flat, enclosure.rad.flat, value.flat, strict=True):
                    low, high = ar.endpoints(ball - ar.from_float(float(mid)))
                    if max(-low, high) > Fraction(float(rad)) + (high - low):
                        failures.append(f"{name}, {node.op}, {method}, radius {radius}: {float(high)} > {rad}")
                    count[node.op] += 1
                    count[name] += 1
    return failures
