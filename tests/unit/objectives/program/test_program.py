"""Which nodes an array program may have: everything else is refused where it is made, and where it is read."""

from fractions import Fraction

import numpy as np
import pytest

from hallucert.errors import ArgumentError
from hallucert.objectives.program.program import contraction, shape_of

POSITIONS = np.array([[0, -1], [5, 2]])


@pytest.mark.parametrize(
    ("op", "shapes", "data", "shape", "result"),
    [
        ("add", ((2, 3), (2, 3)), None, None, (2, 3)),
        ("scale", ((2,),), Fraction(1, 3), None, (2,)),
        ("contract", ((2, 3), (3, 4)), "ij,jk->ki", None, (4, 2)),
        ("contract", ((5,), (5,)), "m,m->", None, ()),
        ("power", ((2,),), -3, None, (2,)),
        ("logsumexp", ((2, 3),), None, None, (2,)),
        ("reshape", ((2, 3),), None, (6,), (6,)),
        ("transpose", ((2, 3, 4),), (2, 0, 1), None, (4, 2, 3)),
        ("broadcast", ((3,),), (1,), (2, 3), (2, 3)),
        ("sum", ((2, 3, 4),), (0, 2), None, (3,)),
        ("take", ((2, 3),), POSITIONS, None, (2, 2)),
        ("put", ((2, 2),), POSITIONS, (6,), (6,)),
        ("tanh", ((2, 3),), None, None, (2, 3)),
        ("rational", (), Fraction(1, 2), None, ()),
    ],
)
def test_shapes_follow_from_operations(op, shapes, data, shape, result):
    """The shape of every operation's result, by hand."""
    assert shape_of(op, shapes, data, shape) == result


@pytest.mark.parametrize(
    ("op", "shapes", "data", "shape"),
    [
        ("add", ((2, 3), (3, 2)), None, None),
        ("add", ((2, 3),), None, None),
        ("relu", ((2,),), None, None),
        ("scale", ((2,),), 0.5, None),
        ("power", ((2,),), 0.5, None),
        ("power", ((2,),), True, None),
        ("power", ((2,),), 10**6, None),
        ("logsumexp", ((),), None, None),
        ("reshape", ((2, 3),), None, (5,)),
        ("reshape", ((2, 3),), None, None),
        ("transpose", ((2, 3),), (0, 0), None),
        ("broadcast", ((3,),), (0,), (2, 3)),
        ("broadcast", ((2, 3),), (1, 0), (3, 2)),
        ("sum", ((2, 3),), (2,), None),
        ("sum", ((2, 3),), (1, 0), None),
        ("take", ((2, 2),), POSITIONS, None),
        ("take", ((2, 3),), POSITIONS - 1, None),
        ("take", ((2, 3),), POSITIONS.astype(float), None),
        ("put", ((2, 2),), POSITIONS, (5,)),
        ("put", ((4,),), POSITIONS, (6,)),
        ("constant", (), np.array([1.0, np.nan]), None),
        ("constant", (), np.array([1, 2]), None),
        ("input", (), 0, (0, 2)),
        ("input", (), 0, (2**15, 2**15)),
        ("input", (), 0, (1,) * 17),
    ],
)
def test_what_does_not_fit_is_refused(op, shapes, data, shape):
    """Wrong shapes, counts, types of data, positions outside, and arrays that are too large."""
    with pytest.raises(ArgumentError):
        shape_of(op, shapes, data, shape)


@pytest.mark.parametrize(
    "spec",
    [
        "ij,jk",
        "ij->ij",
        "ij,jk->ik->",
        "ii,jk->ik",
        "ij,jk->i",
        "ij,kl->ik",
        "ij,jk->ikz",
        "iJ,Jk->ik",
        "ij,jk->kk",
        "i,jk->ik",
    ],
)
def test_contractions_whose_transposes_are_none_are_refused(spec):
    """Each letter stands in two of the three arrays, and once in each."""
    with pytest.raises(ArgumentError):
        contraction(spec, (2, 3), (3, 4))


def test_letters_have_one_length():
    """A letter for axes of different lengths is refused."""
    with pytest.raises(ArgumentError):
        contraction("ij,jk->ik", (2, 3), (4, 5))
