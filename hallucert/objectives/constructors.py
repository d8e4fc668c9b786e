"""How objectives are made: from formulas, residuals, sympy expressions and Python functions.

Each way loads when it is first taken: whoever reads an objective from a file needs none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hallucert.arguments import checked_flag, checked_items
from hallucert.errors import ArgumentError
from hallucert.exact import Exact
from hallucert.objectives.names import function_name

if TYPE_CHECKING:
    from hallucert.objectives.formula import FormulaObjective
    from hallucert.objectives.objective import Objective


class Constructors:
    """The class methods of `hallucert.Objective` that make one."""

    @classmethod
    def parse(cls, formula: str, variables: Sequence[str] | None = None, name: str | None = None) -> FormulaObjective:
        """Read a formula such as ``"(x**2 + y - 11)**2 + (x + y**2 - 7)**2"``.

        Parameters
        ----------
        formula : str
            Arithmetic with ``+ - * / ** ( )``, decimals (taken exactly), ``pi``, and the functions
            exp log sqrt sin cos tan sinh cosh tanh erf erfc sigmoid softplus silu gelu square. Euler's number is
            ``exp(1)``; ``gelu`` is that of the error function.
        variables : sequence of str, optional
            Order of the coordinates; by default the names in the formula, in natural order. Names that are constants
            elsewhere (``e``, ``E``, ``I``, ``inf``, ``True``, ...) are variables only if they are listed here.
        name : str, optional
            Name for reports; the formula itself by default.

        Returns
        -------
        Objective

        Raises
        ------
        FormulaError
            If the text does not parse, or a name may be meant as a constant; the message points at the place.
        NotAnalyticError
            If it uses ``abs``, ``max`` or another function that is not real-analytic.

        Examples
        --------
        >>> from hallucert import Objective
        >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
        >>> f.variables, f.dimension
        (('x', 'y'), 2)
        """
        from hallucert.objectives.formula import FormulaObjective
        from hallucert.objectives.parser import parse_tape

        tape = parse_tape([formula], variables)
        return FormulaObjective(tape, name=formula if name is None else name)

    @classmethod
    def least_squares(
        cls,
        residuals: Sequence[str],
        variables: Sequence[str] | None = None,
        n: Exact = 1,
        name: str | None = None,
    ) -> FormulaObjective:
        """Make ``f = (1/2n) |r|^2`` from the formulas of the residuals ``r_1 .. r_m``.

        Parameters
        ----------
        residuals : sequence of str
            One formula for each residual.
        variables : sequence of str, optional
            Order of the coordinates; by default all names, in natural order.
        n : exact positive number
            The sample count in ``1/2n``.
        name : str, optional
            Name for reports.

        Returns
        -------
        Objective
            With `residual` and `residual_jacobian`.

        Raises
        ------
        ArgumentError
            If `residuals` is no sequence of formulas or `n` is not positive.
        FormulaError, NotAnalyticError
            As `parse`.

        Examples
        --------
        >>> from hallucert import Objective
        >>> f = Objective.least_squares(["x**2 + y**2 - 1", "x - y"])
        >>> f.residual_count, f.value([1, 1])
        (2, 0.5)
        """
        formulas = checked_items(residuals, "residuals", must := "be a nonempty sequence of formulas")
        if not formulas or not all(isinstance(formula, str) for formula in formulas):
            raise ArgumentError("residuals", residuals, must)
        from hallucert.objectives.formula import FormulaObjective, least_squares_tape
        from hallucert.objectives.parser import parse_tape

        tape = parse_tape(formulas, variables)
        return FormulaObjective(least_squares_tape(tape, n), residuals=tape, n=n, name=name)

    @classmethod
    def from_sympy(cls, expression: Any, variables: Sequence[Any] | None = None, name: str | None = None) -> Any:
        """Make an objective from a sympy expression.

        Parameters
        ----------
        expression : sympy expression
            Built from numbers, ``pi``, ``E``, sums, products, powers and the functions exp log sqrt sin cos tan sinh
            cosh tanh erf erfc.
        variables : sequence of sympy symbols or names, optional
            The symbols in the order of the coordinates; by default the free symbols, in natural order.
        name : str, optional
            Name for reports; the printed expression by default.

        Returns
        -------
        Objective

        Raises
        ------
        NotAnalyticError
            If the expression holds ``Abs``, ``Max`` or another function that is not real-analytic.
        ArgumentError
            If it holds the imaginary unit, an infinity, or an unknown function.
        """
        from hallucert.objectives.from_sympy import objective_from_sympy

        return objective_from_sympy(expression, variables, name)

    @classmethod
    def from_callable(
        cls, function: Callable[[Any], Any], dimension: int, rigorous: bool = True, name: str | None = None
    ) -> Objective:
        """Make an objective from a numpy-style function of one array of shape (d,).

        The function is called once with symbolic numbers and what it does is recorded. With ``rigorous=False`` it is
        kept as it is and differentiated by autograd: good for `hallucert.sam`, `find` and `diagnose`, not for proofs.

        Parameters
        ----------
        function : callable
            From an array of shape (d,) to one number.
        dimension : int
            The number of variables, ``d``.
        rigorous : bool
            Whether the function is recorded, so that it can be certified.
        name : str, optional
            Name for reports; that of the function by default.

        Returns
        -------
        Objective

        Raises
        ------
        NotAnalyticError
            If the function branches on its argument or calls something that is not real-analytic.
        ArgumentError
            If the function raises an error while it is recorded, which is then the cause, or returns no number that
            depends on its argument.
        """
        if checked_flag(rigorous, "rigorous"):
            from hallucert.objectives.formula import FormulaObjective
            from hallucert.objectives.from_callable import trace

            return FormulaObjective(trace(function, dimension), name=function_name(function) if name is None else name)
        from hallucert.objectives.numeric import NumericObjective

        return NumericObjective(function, dimension, name)
