"""What an objective is: a real function of `d` variables with its derivatives, in floats and in any arithmetic.

`Objective` is the interface that `sam`, `find`, `prove` and `certificate` work against. `FormulaObjective` keeps the
function as a tape; networks and float-only callables implement the same interface in their own files.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import quiet
from hallucert.arrays import checked_lanes
from hallucert.errors import ArgumentError, DomainError, NotAnalyticError
from hallucert.objectives.constructors import Constructors
from hallucert.objectives.tape.tape import Arithmetic

if TYPE_CHECKING:
    from hallucert.objectives.tape.machine import Program


class Objective(Constructors, ABC):
    """A function ``f : R^d -> R``, the object everything else in this library is about.

    Make one with `Objective.parse`, `from_sympy`, `from_callable`, `least_squares`, or take one from
    `hallucert.gallery`. Float methods take points ``x`` of shape (d,) or lanes of points of shape (k, d); lanes
    outside the domain come out as NaN, a single point outside the domain raises `DomainError`.

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
    """

    name: str
    variables: tuple[str, ...]
    rigorous: bool = True
    n: Fraction = Fraction(1)

    @property
    def dimension(self) -> int:
        """Number of variables, ``d``."""
        return len(self.variables)

    @property
    def lacks_decay(self) -> bool:
        """Whether this is a cross-entropy without weight decay, which may fall towards an infimum at infinity."""
        return False

    @property
    def residual_count(self) -> int:
        """Number ``m`` of residuals of a least-squares objective, 0 for any other."""
        return 0

    # ------------------------------------------------------------------ floats

    @quiet
    def value(self, x: Any) -> Any:
        """Return ``f(x)``.

        Parameters
        ----------
        x : (d,) or (k, d) array
            One point, or lanes of points.

        Returns
        -------
        float or (k,) array

        Raises
        ------
        ArgumentError
            If `x` has the wrong shape or is not finite.
        DomainError
            If `x` is a single point where the function is not defined.
        """
        lanes, single = self._lanes(x)
        return self._answer(self.value_lanes(lanes), single)

    @quiet
    def gradient(self, x: Any) -> np.ndarray:
        """Return the gradient. Raises as `value`.

        Parameters
        ----------
        x : (d,) or (k, d) array
            One point, or lanes of points.

        Returns
        -------
        (d,) or (k, d) array
        """
        lanes, single = self._lanes(x)
        return self._answer(self.gradient_lanes(lanes), single)

    @quiet
    def hessian(self, x: Any) -> np.ndarray:
        """Return the Hessian. Raises as `value`.

        Parameters
        ----------
        x : (d,) or (k, d) array
            One point, or lanes of points.

        Returns
        -------
        (d, d) or (k, d, d) array
        """
        lanes, single = self._lanes(x)
        return self._answer(self.hessian_lanes(lanes), single)

    @quiet
    def hessian_vector_product(self, x: Any, v: Any) -> np.ndarray:
        """Return ``H(x) v`` without forming the Hessian.

        Parameters
        ----------
        x : (d,) or (k, d) array
            One point, or lanes of points.
        v : array of the shape of `x`
            A direction for every point.

        Returns
        -------
        (d,) or (k, d) array

        Raises
        ------
        ArgumentError
            If `x` or `v` has the wrong shape or is not finite.
        DomainError
            If `x` is a single point where the function is not defined.
        """
        lanes, single = self._lanes(x)
        directions, _ = self._lanes(v, "v")
        if lanes.shape != directions.shape:
            raise ArgumentError("v", f"<array of shape {np.shape(v)}>", f"have the shape of x, {np.shape(x)}")
        return self._answer(self.hessian_vector_lanes(lanes, directions), single)

    @quiet
    def residual(self, x: Any) -> np.ndarray:
        """Return the residuals ``r(x)``.

        Parameters
        ----------
        x : (d,) or (k, d) array
            One point, or lanes of points.

        Returns
        -------
        (m,) or (k, m) array

        Raises
        ------
        ArgumentError
            If `x` has the wrong shape or is not finite, or the objective is not in residual form.
        DomainError
            If `x` is a single point where the function is not defined.
        """
        self._require_residuals()
        lanes, single = self._lanes(x)
        return self._answer(self.residual_lanes(lanes), single)

    @quiet
    def residual_jacobian(self, x: Any) -> np.ndarray:
        """Return the derivative of the residuals, ``Dr(x)``. Raises as `residual`.

        Parameters
        ----------
        x : (d,) or (k, d) array
            One point, or lanes of points.

        Returns
        -------
        (m, d) or (k, m, d) array
        """
        self._require_residuals()
        lanes, single = self._lanes(x)
        return self._answer(self.residual_jacobian_lanes(lanes), single)

    @abstractmethod
    def value_lanes(self, x: np.ndarray) -> np.ndarray:
        """``f`` on lanes (k, d), unchecked: NaN and inf in, NaN and inf out. The fast entry for kernels' callers."""

    @abstractmethod
    def gradient_lanes(self, x: np.ndarray) -> np.ndarray:
        """Gradients on lanes (k, d), unchecked; returns (k, d)."""

    @abstractmethod
    def hessian_lanes(self, x: np.ndarray) -> np.ndarray:
        """Hessians on lanes (k, d), unchecked; returns (k, d, d)."""

    @abstractmethod
    def hessian_vector_lanes(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Hessian-vector products on lanes (k, d), unchecked; returns (k, d)."""

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        """Return what vanishes at the edge of the domain.

        Arguments of logarithms, roots and real powers and denominators, each split into its factors: along a curve in
        the domain none changes its sign.

        Parameters
        ----------
        x : array of shape (k, d)
            Points, unchecked.

        Returns
        -------
        array of shape (k, n)
            NaN where an argument is undefined itself; n = 0 if there is no edge.
        """
        return np.empty((len(x), 0))

    def nearest_edge(self, x: np.ndarray) -> str:
        """Return the domain argument that is nearest to zero.

        Parameters
        ----------
        x : array of shape (d,)
            A point, unchecked.

        Returns
        -------
        str
            A formula; empty where there is none.
        """
        return ""

    def residual_lanes(self, x: np.ndarray) -> np.ndarray:
        """Residuals on lanes (k, d), unchecked; returns (k, m)."""
        raise NotImplementedError

    def residual_jacobian_lanes(self, x: np.ndarray) -> np.ndarray:
        """Residual Jacobians on lanes (k, d), unchecked; returns (k, m, d)."""
        raise NotImplementedError

    def gradient_program(self, exponent: int = 0) -> Program | None:
        """Return the gradient as a program of the float machine, for kernels that run it themselves.

        Parameters
        ----------
        exponent : int
            The program computes ``2**exponent g``.

        Returns
        -------
        Program or None
            None if there is none.
        """
        return None

    # ------------------------------------------------------------------ balls

    def require_rigorous(self) -> None:
        """Make sure that the function can be run in ball arithmetic.

        Raises
        ------
        NotAnalyticError
            If it cannot.
        """
        if not self.rigorous:
            raise NotAnalyticError(
                f"{self.name} is a float-only objective (rigorous=False): nothing can be proved about it, because "
                "there is no formula to enclose. Give it as a formula, a sympy expression or a traceable callable"
            )

    @abstractmethod
    def enclose_value(self, arithmetic: Arithmetic, x: Sequence[Any]) -> Any:
        """Return an enclosure of ``f`` on the box `x` (`d` balls); not finite where the domain is not certain."""

    @abstractmethod
    def enclose_gradient(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[Any]:
        """Return an enclosure of the gradient on the box `x`, `d` balls."""

    @abstractmethod
    def enclose_hessian(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[list[Any]]:
        """Return an enclosure of the Hessian on the box `x`, `d` rows of `d` balls, symmetric."""

    def enclose_second_derivative(self, arithmetic: Arithmetic, x: Sequence[Any], v: Sequence[Any]) -> Any:
        """Return an enclosure of ``v^T H v`` on the box `x`, for a direction ``v`` of `d` balls."""
        total = arithmetic.constant(Fraction(0))
        for row, a in zip(self.enclose_hessian(arithmetic, x), v, strict=True):
            for h, b in zip(row, v, strict=True):
                total = total + a * h * b
        return total

    def enclose_residual(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[Any]:
        """Return an enclosure of the residuals on the box `x`, `m` balls."""
        raise NotImplementedError

    def enclose_residual_jacobian(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[list[Any]]:
        """Return an enclosure of the residual Jacobian on the box `x`, `m` rows of `d` balls."""
        raise NotImplementedError

    def as_formula(self) -> Objective:
        """Return the same function as a formula, if it has to be written out for that; otherwise itself.

        Returns
        -------
        Objective

        Raises
        ------
        NotAnalyticError
            If it is a network that is not written out: too large, or without residuals.
        """
        return self

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return the problem as plain data, from which the certificate reader rebuilds it exactly.

        Returns
        -------
        dict
            Of strings, integers, lists and dictionaries.
        """

    # ------------------------------------------------------------------ checks

    def _lanes(self, x: Any, argument: str = "x") -> tuple[np.ndarray, bool]:
        """Return `x` as float lanes (k, d) and whether it was a single point."""
        array = checked_lanes(x, self.dimension, argument, single=True)
        return np.atleast_2d(array), array.ndim == 1

    def _answer(self, lanes: np.ndarray, single: bool) -> Any:
        if not single:
            return lanes
        if not np.isfinite(lanes).all():
            raise DomainError(f"{self.name} or its derivative is not defined (or overflows) at x")
        return float(lanes[0]) if lanes.ndim == 1 else lanes[0]

    def _require_residuals(self) -> None:
        if self.residual_count == 0:
            raise ArgumentError("objective", self.name, "be in residual form (Objective.least_squares)")


def checked_objective(f: Any, argument: str = "f", others: str = "") -> Objective:
    """Return `f` if it is an `Objective`: the one door for functions.

    Parameters
    ----------
    f : object
        What was given.
    argument : str
        Name used in the error message.
    others : str
        What else the argument may be, for the message; the caller has looked for it.

    Raises
    ------
    ArgumentError
        If it is something else; the message says how to make an objective of it.
    """
    if not isinstance(f, Objective):
        must = (
            f"be {others}an Objective: Objective.parse takes a formula, from_sympy an expression, from_callable a "
            "function of a numpy array, and TanhNetwork is one; modules of PyTorch and functions of JAX are not taken"
        )
        raise ArgumentError(argument, f, must)
    return f
