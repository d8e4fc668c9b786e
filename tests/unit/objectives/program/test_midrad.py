"""Array programs in midpoint-radius arrays contain what 60 digits give: values, gradients, second derivatives."""

from collections import Counter

import mpmath
import numpy as np
import program_samples as samples
import pytest
import random_programs
from test_evaluate import MpArrays, with_derivatives

from hallucert.balls.midrad import MidRad, MidRadArithmetic
from hallucert.errors import DomainError
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.derivatives import pullback, pushforward
from hallucert.objectives.program.midrad import MidRadArrays

ARRAYS = MidRadArrays(MidRadArithmetic())
SLICED = MidRadArrays(MidRadArithmetic("sliced"))

PRODUCTS = {"matrices", "batches", "outer product", "network"}


def assert_encloses(enclosures, values, sharp):
    for enclosure, value in zip(enclosures, values, strict=True):
        triples = zip(*(a.reshape(-1).tolist() for a in (enclosure.mid, enclosure.rad, np.asarray(value))), strict=True)
        for mid, rad, exact in triples:
            assert abs(mpmath.mpf(mid) - exact) <= mpmath.mpf(rad)
            assert rad <= sharp * (1 + abs(mid))


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_enclosures_contain_what_sixty_digits_give(name):
    """Value, gradient and Hessian-vector product, at points and at a corner of boxes."""
    with mpmath.workdps(60):
        for program, inputs in with_derivatives(name):
            for radius in (0.0, 2.0**-20):
                arrays = [MidRad(np.asarray(a), radius or None) for a in inputs]
                moved = [MpArrays._each(mpmath.mpf, np.asarray(a)) + mpmath.mpf(radius) for a in inputs]
                values = MpArrays().run(program, [np.asarray(a, dtype=object) for a in moved])
                for kind in (ARRAYS, SLICED) if name in PRODUCTS else (ARRAYS,):
                    assert_encloses(kind.run(program, arrays), values, 1e-2 if radius else 1e-12)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_lanes_of_tangents_are_enclosed_one_by_one(name):
    """Hessian-vector products in three lanes at one point contain those of each lane alone."""
    program, x = samples.program(name), samples.points(name)
    second, rng = pushforward(pullback(program)), np.random.default_rng(5)
    directions = [rng.normal(size=(3, *a.shape)) for a in x]
    lanes = ARRAYS.run(second, [*x, np.array(1.0), *directions, np.zeros(3)])[len(x) :]
    with mpmath.workdps(30):
        for k in range(3):
            exact = [MpArrays._each(mpmath.mpf, np.asarray(a)) for a in (*x, 1.0, *(a[k] for a in directions), 0.0)]
            values = MpArrays().run(second, exact)[len(x) :]
            own = [a if a.ndim == np.ndim(v) else a[k] for a, v in zip(lanes, values, strict=True)]
            assert_encloses(own, values, 1e-11)


@pytest.mark.parametrize("seed", range(10))
def test_every_node_of_random_programs_is_enclosed(seed):
    """Against Arb at 212 bits: value, tangents, gradient, Hessian-vector product, at points and in boxes."""
    count = Counter()
    assert random_programs.check(np.random.default_rng([2, seed]), 6, count) == []
    assert count["value"] > 20 and count["HVP"] > 60


def test_what_is_not_defined_raises():
    """A logarithm of what may be 0 ends the run with an error, not with a number."""
    b = ProgramBuilder([(2,)])
    program = b.program([b.sum(b.unary("log", b.input(0)), [0])])
    with pytest.raises(DomainError):
        ARRAYS.run(program, [MidRad([1.0, 0.5], [0.0, 0.5])])
