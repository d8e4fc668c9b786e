"""What a user may give in the place of an argument, by mistake or out of malice."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy

import hallucert as hc

FUNCTION = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")


class _RequiresGrad:
    """Stands for a tensor of torch that requires a gradient."""

    shape, requires_grad = (2,), True

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")

    def __len__(self) -> int:
        return 2

    def __getitem__(self, place: Any) -> Any:
        raise RuntimeError("no items")


class _Unprintable:
    def __repr__(self) -> str:
        raise ValueError("cannot be printed")


@dataclass
class Held:
    """An argument that keeps its value while others vary: another base varies it."""

    value: Any


def nasty() -> list[Any]:
    """Values that numbers, arrays, names and options are not, or hardly are."""
    loop: list[Any] = []
    loop.append(loop)
    return [
        *(None, True, False, np.True_, -1, 0, 0.5, 10**400, 10**5000, -(2**63), [10**5000], 2**64),
        *(math.nan, math.inf, -math.inf, 1e308, 5e-324, 1j, np.complex64(1)),
        *("", "abc", "1e400", "1e-999999", "1/0", "9" * 5000, "\ud800", "\0", b"1", "1", "nan"),
        *([], [[1], [1, 2]], [[]], [1, "a"], {1, 2}, {"x": 1}, (), [None, None], [1, math.nan], loop, [[[[1]]]]),
        *(np.ma.array([0.5, 0], mask=[0, 1]), np.ma.masked, np.array([1, None], dtype=object), np.array(["a", "b"])),
        *(np.array([True, False]), np.array(1.5), np.longdouble("1e-4000"), np.timedelta64(1, "s"), np.zeros((0, 2))),
        *(
            _RequiresGrad(),
            _Unprintable(),
            object(),
            itertools.count(),
            range(2),
            len,
            float,
            np.datetime64("2020-01-01"),
        ),
        *(Decimal("NaN"), Decimal("1e999999"), Fraction(1, 3**5000), mpmath.mpf("nan"), mpmath.mpf("inf"), mpmath.pi),
        *(mpmath.mpf("1e99999999"), mpmath.iv.mpf([1, 2]), mpmath.mpc(1, 2), sympy.Symbol("z"), sympy.nan, sympy.oo),
        *([10**400, 0], ["1e-400", "0"], [1e308, 1e308], [5e-324, 1e-300], [10**5000, 0], [[1e-400, "1e400"], [0, 1]]),
        *([[0, 5e-324], [-1e308, 1e308]], [[0, "1e-400"], [0, 1]], [["1/3", 1], (0, mpmath.mpf(2))], [[1, 0], [0, 1]]),
        *(sympy.pi, np.float32(0.5), {"a": loop}, FUNCTION, hc.Status.PROVED),
    ]
