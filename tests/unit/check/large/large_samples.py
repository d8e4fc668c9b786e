"""Networks in residual form with a hallucinated minimizer that a search finds, and certificates of it."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np

import hallucert as hc
from hallucert.balls.midrad import MidRadArithmetic
from hallucert.check.large.slice import Slice
from hallucert.check.problem import Problem
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.midrad import MidRadArrays
from hallucert.objectives.program.objective import ProgramObjective

RHO = Fraction(2)


def network(inputs, targets, hidden):
    """A tanh network with one hidden layer and squared error, as an array program."""
    (n, p), k = inputs.shape, targets.shape[1]
    b = ProgramBuilder([(hidden, p), (hidden,), (k, hidden), (k,)])
    activations = b.unary("tanh", layers.linear(b, b.array(inputs), b.input(0), b.input(1)))
    out = layers.linear(b, activations, b.input(2), b.input(3))
    residuals = b.reshape(b.sub(out, b.array(targets)), (n * k,))
    return ProgramObjective(b.program([residuals]), ["w", "c", "v", "e"], n)


def start(f, rng):
    """Random weights in the scale of PyTorch's."""
    shapes = f.program.inputs
    fans = [shapes[2 * (i // 2)][1] for i in range(4)]
    return np.concatenate([rng.uniform(-1, 1, np.prod(s)) / np.sqrt(fan) for s, fan in zip(shapes, fans, strict=True)])


@lru_cache
def found(seed=0, other=None, rho=RHO):
    """A network 6-8-2 on 4 samples, of 74 parameters and 8 residuals, and a point near a hallucinated minimizer."""
    rng = np.random.default_rng(seed)
    f = network(rng.normal(size=(4, 6)), rng.normal(size=(4, 2)), 8)
    return f, hc.find.hallucinate(f, start(f, rng if other is None else np.random.default_rng(other)), rho).x


@lru_cache
def certified(backend="midrad"):
    """The certificate of that point."""
    f, x = found()
    return hc.certify(f, x, RHO, backend=backend)


def slice_through(f, x, rho=RHO, balls=None):
    """The slice of the problem through a point, in midpoint-radius arrays, and in balls as far as there are some."""
    return Slice(Problem(f, rho, residual=True), x, MidRadArrays(MidRadArithmetic()), balls)
