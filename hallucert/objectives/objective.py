"""What an objective is: a real function of `d` variables with its derivatives, in floats and in any arithmetic.

`Objective` is the interface that all rooms work against. `FormulaObjective` keeps the function as a tape; networks and
float-only callables implement the same interface in their own files. What makes objectives and what runs them in floats
loads when it is first used: whoever reads one from a file and encloses it needs neither.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hallucert.arguments import Late
from hallucert.errors import ArgumentError, NotAnalyticError

if TYPE_CHECKING:
    import numpy as np

    from hallucert.objectives.floats import Floats
    from hallucert.objectives.front_ends import from_callable, from_jax, from_sympy, from_torch, parser
    from hallucert.objectives.network.supervised import Supervised
    from hallucert.objectives.tape import Arithmetic, Ball

FLOATS = "hallucert.objectives.floats"
PARSER = "hallucert.objectives.front_ends.parser"


class Objective(ABC):
    """A function ``f : R^d -> R``, the object everything else in this library is about.

    Make one with `Objective.parse`, `from_sympy`, `from_callable`, `from_torch`, `from_jax`, `least_squares`, or take
    one from `hallucert.gallery`. Float methods take points ``x`` of shape (d,) or lanes of points of shape (k, d);
    lanes outside the domain come out as NaN, a single point outside the domain raises `DomainError`.

    Attributes
    ----------
    name : str
        How the objective is called in reports.
    variables : tuple of str
        Names of the coordinates.
    rigorous : bool
        Whether the function can be run in ball arithmetic, that is, whether it can be certified.
    n : Fraction
        The ``n`` in ``f = (1/2n) |r|^2``, for objectives in residual form.
    supervised : Supervised or None
        What a reader of frameworks knows besides of a training loss.
    """

    name: str
    variables: tuple[str, ...]
    rigorous: bool = True
    n: Fraction = Fraction(1)
    supervised: Supervised | None = None

    if TYPE_CHECKING:
        parse = staticmethod(parser.parse)
        least_squares = staticmethod(parser.least_squares)
        from_sympy = staticmethod(from_sympy.from_sympy)
        from_callable = staticmethod(from_callable.from_callable)
        from_torch = staticmethod(from_torch.from_torch)
        from_jax = staticmethod(from_jax.from_jax)

        def value(self, x: object) -> Any: ...
        def gradient(self, x: object) -> np.ndarray: ...
        def hessian(self, x: object) -> np.ndarray: ...
        def hessian_vector_product(self, x: object, v: object) -> np.ndarray: ...
        def residual(self, x: object) -> np.ndarray: ...
        def residual_jacobian(self, x: object) -> np.ndarray: ...
    else:
        parse, least_squares = Late(PARSER, staticmethod), Late(PARSER, staticmethod)
        from_sympy = Late("hallucert.objectives.front_ends.from_sympy", staticmethod)
        from_callable = Late("hallucert.objectives.front_ends.from_callable", staticmethod)
        from_torch = Late("hallucert.objectives.front_ends.from_torch", staticmethod)
        from_jax = Late("hallucert.objectives.front_ends.from_jax", staticmethod)
        value, gradient, hessian, hessian_vector_product = (Late(FLOATS) for _ in range(4))
        residual, residual_jacobian = Late(FLOATS), Late(FLOATS)

    @property
    def dimension(self) -> int:
        """Number of variables, ``d``."""
        return len(self.variables)

    @property
    def residual_count(self) -> int:
        """Number ``m`` of residuals of a least-squares objective, 0 for any other."""
        return 0

    @property
    def floats(self) -> Floats:
        """The function in floats, on lanes of points."""
        raise NotImplementedError

    def require_rigorous(self) -> None:
        """Make sure that the function can be run in ball arithmetic.

        Raises
        ------
        NotAnalyticError
            If it cannot.
        """
        if not self.rigorous:
            raise NotAnalyticError(f"{self.name} has no formula")

    @abstractmethod
    def enclose_value(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> Ball:
        """Return an enclosure of ``f`` on the box `x` (`d` balls); not finite where the domain is not certain."""

    @abstractmethod
    def enclose_gradient(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[Ball]:
        """Return an enclosure of the gradient on the box `x`, `d` balls."""

    @abstractmethod
    def enclose_hessian(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[list[Ball]]:
        """Return an enclosure of the Hessian on the box `x`, `d` rows of `d` balls, symmetric."""

    def enclose_second_derivative(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball], v: Sequence[Ball]) -> Ball:
        """Return an enclosure of ``v^T H v`` on the box `x`, for a direction ``v`` of `d` balls."""
        total = arithmetic.constant(Fraction(0))
        for row, a in zip(self.enclose_hessian(arithmetic, x), v, strict=True):
            for h, b in zip(row, v, strict=True):
                total = total + a * h * b
        return total

    def enclose_residual(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[Ball]:
        """Return an enclosure of the residuals on the box `x`, `m` balls."""
        raise NotImplementedError

    def enclose_residual_jacobian(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[list[Ball]]:
        """Return an enclosure of the residual Jacobian on the box `x`, `m` rows of `d` balls."""
        raise NotImplementedError

    def as_formula(self) -> Objective:
        """Return the same function as a formula, if it has to be written out for that; otherwise itself.

        `NotAnalyticError` if it is a network that is not written out: too large, or without residuals.
        """
        return self

    @abstractmethod
    def to_json(self) -> dict[str, object]:
        """Return the problem as plain data (strings, integers, lists), from which it is rebuilt exactly."""


def require_residuals(f: Objective) -> None:
    """Refuse an objective that is not in residual form."""
    if f.residual_count == 0:
        raise ArgumentError("objective", f.name, "be in residual form (Objective.least_squares)")
