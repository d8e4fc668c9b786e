"""Building array programs: equal nodes are shared, scalings are folded exactly, unneeded nodes go."""

from fractions import Fraction

import numpy as np
import pytest

from hallucert.errors import ArgumentError
from hallucert.objectives.program.builder import ProgramBuilder


def test_equal_nodes_are_one():
    """The same operation of the same arrays, and the same constant, are made once."""
    b = ProgramBuilder([(2,)])
    x = b.input(0)
    assert b.add(x, b.array([1.0, 2.0])) == b.add(b.array(np.array([1.0, 2.0])), x)
    assert b.array([0.0]) != b.array([-0.0])
    assert b.array([1.0, 2.0]) != b.array([[1.0, 2.0]])
    assert b.take(x, np.array([0, 1])) != b.take(x, np.array([1, 0]))


def test_scalings_are_folded_exactly():
    """A third of three times an array is the array itself."""
    b = ProgramBuilder([(2,)])
    x = b.input(0)
    assert b.scale(Fraction(1, 3), b.scale(Fraction(3), x)) == x
    assert b.neg(b.neg(x)) == x
    assert b.div(x, b.constant(3)) == b.mul(b.constant(Fraction(1, 3)), x)


def test_nothing_undefined_is_dropped():
    """A zeroth power, no times and a difference from itself of a logarithm are defined where the logarithm is."""
    b = ProgramBuilder([(2,)])
    y = b.unary("log", b.input(0))
    for number in (b.power(y, 0), b.scale(Fraction(0), y), b.mul(y, b.constant(0)), b.sub(y, y), b.div(y, y)):
        assert "log" in {node.op for node in b.program([number]).nodes}


def test_unneeded_nodes_are_dropped_and_constants_are_frozen():
    """A finished program has only what its outputs need, and its constants cannot be changed."""
    b = ProgramBuilder([(2,)])
    b.unary("exp", b.input(0))
    values = np.array([1.0, 2.0])
    program = b.program([b.add(b.input(0), b.array(values))])
    values[0] = 5
    assert [node.op for node in program.nodes] == ["input", "constant", "add"]
    constant = program.nodes[1].data
    assert constant.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        constant[0] = 3


def test_misfits_are_refused():
    """A node that does not fit raises, and adds nothing."""
    b = ProgramBuilder([(2,), (3,)])
    for wrong in (
        lambda: b.add(b.input(0), b.input(1)),
        lambda: b.reshape(b.input(0), (3,)),
        lambda: b.array([np.inf]),
        lambda: b.index(b.input(0), slice(2, 2)),
    ):
        with pytest.raises(ArgumentError):
            wrong()
