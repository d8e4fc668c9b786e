"""The arithmetic of midpoint-radius arrays, and the state of the process that it needs."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from types import TracebackType
from typing import Self, get_args

import numpy as np
import numpy.typing as npt

from hallucert.balls import require_round_to_nearest
from hallucert.balls.midrad.array import MidRad
from hallucert.balls.midrad.functions import FUNCTIONS, logsumexp
from hallucert.balls.midrad.products import METHODS, Method
from hallucert.balls.midrad.rounding import Doubles
from hallucert.errors import ArgumentError, EnvironmentRefused


class MidRadArithmetic:
    """What array programs need of midpoint-radius arrays: `hallucert.objectives.program.midrad.MidRadArrays` runs them.

    Used as a context manager it says how the operator ``@`` multiplies in this thread; blocks nest. Products are
    "bounded", by BLAS with a bound of its rounding errors, or "sliced", for another opinion
    (`hallucert.balls.midrad.products`). For `EnvironmentRefused` see `require_exact_products`.
    """

    def __init__(self, products: Method = "bounded") -> None:
        if products not in get_args(Method):
            raise ArgumentError("products", products, 'be "bounded" or "sliced"')
        require_exact_products()
        self.products: Method = products

    def __enter__(self) -> Self:
        METHODS.set((*METHODS.get(), self.products))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        METHODS.set(METHODS.get()[:-1])

    def array(self, mid: MidRad | npt.ArrayLike, rad: npt.ArrayLike | None = None) -> MidRad:
        """Return an enclosure as it is, or make one of doubles."""
        return mid if isinstance(mid, MidRad) else MidRad(mid, rad)

    def number(self, value: Fraction) -> MidRad:
        """Enclose a rational number, in an array of shape ()."""
        return MidRad.number(value)

    def pi(self) -> MidRad:
        """Enclose pi, in an array of shape ()."""
        return MidRad(math.pi, 2.0**-52)

    def function(self, name: str, x: MidRad) -> MidRad:
        """Enclose a function of the tape, entry by entry."""
        return FUNCTIONS[name](x)

    def power(self, x: MidRad, exponent: int) -> MidRad:
        """Enclose an integer power."""
        return x.power(exponent)

    def product(self, a: MidRad, b: MidRad) -> MidRad:
        """Enclose a product of matrices, or of stacks of them."""
        with self:
            return a @ b

    def logsumexp(self, x: MidRad) -> MidRad:
        """Enclose ``log(sum(exp(x)))`` over the last axis."""
        return logsumexp(x)


def require_exact_products() -> None:
    """Raise unless doubles round to nearest, and products of matrices are sums of products of doubles.

    `EnvironmentRefused` if the process rounds otherwise or flushes subnormal numbers, or its BLAS computes in less
    precision or mixes rows (as Strassen's algorithm does).
    """
    require_round_to_nearest()
    _probe_products()


def _product(a: Doubles, b: Doubles) -> Doubles:
    """Multiply as everything here does."""
    return a @ b


@lru_cache(maxsize=1)
def _probe_products() -> None:
    """Multiply matrices whose product is known; once in a process.

    Whole numbers, times a power of two for each row of the first and each column of the second; columns of the first
    are multiplied by powers of two, too, and rows of the second divided by these. Every entry is exact in any order of
    summation (sums are below 2**51), but not where rows or columns are added to each other first, as in Strassen's
    algorithm, nor where entries are cut at some part of their row's largest.
    """
    n = 515
    i = np.arange(n)
    a = ((i[:, None] * 7919 + i * i * 104729) % 4194301 - 2097150).astype(np.int64)
    b = ((i[:, None] * 15485863 + i * i[:, None] * 32452843) % 4194301 - 2097150).astype(np.int64)
    rows, inner, columns = (2.0 ** (i * step % 401 - 200) for step in (37, 53, 61))
    first, second = rows[:, None] * a * inner, b * columns / inner[:, None]
    product = _product(first, second) / rows[:, None] / columns
    chosen = np.concatenate([i[:8], i[253:261], i[-8:]])
    if not np.array_equal(product[chosen].astype(np.int64), a[chosen] @ b) or (
        not np.array_equal(product[:, chosen].astype(np.int64), a @ b[:, chosen])
    ):
        raise EnvironmentRefused("products of matrices are not sums of products of doubles; use another BLAS")
    small = np.full((n, n), 2.0**-70)
    small[:, 0] = 1.0
    for sign in (1.0, -1.0):  # ones and what is far below half a unit: to nearest, in any order, 1
        if not (_product(small, np.full((n, n), sign)) == sign).all():
            raise EnvironmentRefused("products of matrices do not round to nearest; use another BLAS")
    tiny = np.zeros((n, n))
    tiny[:, 0] = 2.0**-1070  # in one column, as processors are slow at these
    if not (_product(tiny, np.full((n, n), 2.0**90)) == 2.0**-980).all():
        raise EnvironmentRefused("products of matrices take subnormal numbers for zeros; use another BLAS")
