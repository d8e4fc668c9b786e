"""What the gallery knows about a function: its formula, its critical points, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import TypedDict

import numpy as np
from numpy.typing import DTypeLike

from hallucert.arguments import checked_whole
from hallucert.errors import require
from hallucert.exact import exact, format_rational
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.front_ends.parser import parse_tape
from hallucert.objectives.tape import Arithmetic, Ball

MAX_LISTED = 100
"""Products of critical points of one coordinate are listed in full up to this many."""


class FloatArithmetic:
    """Python floats, for the coordinates of critical points: each answer is the nearest double, or near it."""

    exp, log, sqrt = staticmethod(math.exp), staticmethod(math.log), staticmethod(math.sqrt)
    sin, cos, tanh, erf = (staticmethod(f) for f in (math.sin, math.cos, math.tanh, math.erf))

    def softplus(self, x: float) -> float:
        return max(x, 0.0) + math.log1p(math.exp(-abs(x)))

    def constant(self, value: Fraction) -> float:
        return float(value)

    def pi(self) -> float:
        return math.pi

    def power(self, x: float, exponent: int) -> float:
        return x**exponent

    def real_power(self, x: float, exponent: Fraction) -> float:
        return x ** float(exponent)


@dataclass(frozen=True)
class Point:
    """A known critical point.

    Attributes
    ----------
    coordinates : tuple of str
        Each a constant formula: exact, such as ``"sqrt(2.1 + sqrt(0.91))"``, where a closed form exists, otherwise a
        decimal correct to at least 30 digits.
    """

    coordinates: tuple[str, ...]

    def evaluate(self, arithmetic: Arithmetic[Ball]) -> list[Ball]:
        """Return the coordinates in an arithmetic.

        Parameters
        ----------
        arithmetic : Arithmetic
            Python floats or a backend of balls.

        Returns
        -------
        list
            ``d`` numbers of that arithmetic.
        """
        return [parse_tape([text], ["x"]).evaluate(arithmetic, [None])[0] for text in self.coordinates]

    @property
    def x(self) -> np.ndarray:
        """The point in floats, shape (d,)."""
        return np.array(self.evaluate(FloatArithmetic()))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return self.x if dtype is None else self.x.astype(dtype)

    def __repr__(self) -> str:
        shown = [
            text if len(text) <= 24 else f"{value:.6f}..." for text, value in zip(self.coordinates, self.x, strict=True)
        ]
        return f"({', '.join(shown[:6])}{', ...' if len(shown) > 6 else ''})"


@dataclass(frozen=True)
class Entry:
    """What the gallery knows about one function. The lists hold what is known; they do not claim to be complete.

    Attributes
    ----------
    name : str
        Name in the gallery, with its parameters: ``"styblinski_tang(dimension=3)"``.
    formula : str
        The function; with `n`, the one residual ``r`` of ``f = r**2 / (2 n)``.
    variables : tuple of str
        Names of the coordinates.
    minimizers, maximizers, saddles : tuple of Point
        Known critical points; global minimizers come first. Points of a curve of critical points stand for it.
    minimum : str or None
        The global minimum, as a constant formula, if it is attained and known.
    minimizer_set, maximizer_set : str or None
        What the minimizers (maximizers) are if they are not isolated.
    box : tuple of (float, float)
        Where the function is usually looked at.
    description, source : str
        What is special about it, and the literature it comes from.
    warning : str or None
        What can go wrong with it.
    n : Fraction or None
        The ``n`` in ``f = r**2 / (2 n)``, for a function in residual form.
    """

    name: str
    formula: str
    box: tuple[tuple[float, float], ...]
    description: str
    source: str
    variables: tuple[str, ...] = ("x", "y")
    minimizers: tuple[Point, ...] = ()
    maximizers: tuple[Point, ...] = ()
    saddles: tuple[Point, ...] = ()
    minimum: str | None = None
    minimizer_set: str | None = None
    maximizer_set: str | None = None
    warning: str | None = None
    n: Fraction | None = field(default=None, repr=False)

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return len(self.variables)

    def objective(self) -> FormulaObjective:
        """Return the function as an objective."""
        if self.n is None:
            return FormulaObjective.parse(self.formula, self.variables, name=self.name)
        return FormulaObjective.least_squares([self.formula], self.variables, n=self.n, name=self.name)

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(getattr(self, kind))} {kind}" for kind in ("minimizers", "maximizers", "saddles"))
        return f"<Entry {self.name}: {counts} known>"

    def __str__(self) -> str:
        form = f"f = {self.formula}" if self.n is None else f"f = r^2/{format_rational(2 * self.n)}, r = {self.formula}"
        lines = [self.name, f"  {form if len(form) <= 200 else form[:200] + ' ...'}", f"  {self.description}"]
        for kind in ("minimizers", "maximizers", "saddles"):
            if points := getattr(self, kind):
                more = f" and {len(points) - 6} more" if len(points) > 6 else ""
                lines.append(f"  {kind}: {', '.join(map(repr, points[:6]))}{more}")
        for label in ("minimizer_set", "maximizer_set", "warning", "source"):
            if text := getattr(self, label):
                lines.append(f"  {label.replace('_', ' ')}: {text}")
        return "\n".join(lines)


Known = Entry | Callable[..., Entry]
"""A function, or one of parameters."""


class CriticalPoints(TypedDict):
    """The three lists of an `Entry`."""

    minimizers: tuple[Point, ...]
    maximizers: tuple[Point, ...]
    saddles: tuple[Point, ...]


def points(*rows: str) -> tuple[Point, ...]:
    """Return points from rows such as ``"3, 1/2"``."""
    return tuple(Point(tuple(text.strip() for text in row.split(","))) for row in rows)


def mirrored(*rows: str) -> tuple[Point, ...]:
    """Return each point and its reflection in the origin."""
    result: list[Point] = []
    for point in points(*rows):
        negated = (f"-({t})" if t[0] != "-" else t[1:] for t in point.coordinates)
        result += [point, Point(tuple("0" if t == "-(0)" else t for t in negated))]
    return tuple(result)


def separable(dimension: int, minimizers: Sequence[str], maximizers: Sequence[str]) -> CriticalPoints:
    """Return the critical points of a sum of one-variable functions from those of one coordinate.

    Where the products are more than `MAX_LISTED`, only the points whose coordinates are all equal are listed.
    """
    axis = [(text, False) for text in minimizers] + [(text, True) for text in maximizers]
    few = len(axis) ** dimension <= MAX_LISTED
    choices = product(axis, repeat=dimension) if few else (entry for entry in ([a] * dimension for a in axis))
    found: dict[str, list[Point]] = {"minimizers": [], "maximizers": [], "saddles": []}
    for choice in choices:
        tops = sum(top for _, top in choice)
        kind = "minimizers" if tops == 0 else "maximizers" if tops == dimension else "saddles"
        found[kind].append(Point(tuple(text for text, _ in choice)))
    return CriticalPoints(
        minimizers=tuple(found["minimizers"]), maximizers=tuple(found["maximizers"]), saddles=tuple(found["saddles"])
    )


def checked_dimension(dimension: object, least: int = 1) -> int:
    """Return a dimension parameter as an int after checking its range."""
    return checked_whole(dimension, least, "dimension", 1000)


def positive_text(value: object, argument: str) -> str:
    """Return a positive exact number as text that a formula can hold."""
    number = exact(value, argument)
    require(number > 0, argument, value, "be positive")
    return format_rational(number) if number.denominator == 1 else f"({format_rational(number)})"


def coordinate_names(dimension: int) -> tuple[str, ...]:
    """Return ``x1 .. xd``."""
    return tuple(f"x{i}" for i in range(1, dimension + 1))


def total(term: str, dimension: int) -> str:
    """Return the sum over the coordinates of `term`, in which ``@`` stands for the coordinate."""
    return " + ".join(term.replace("@", name) for name in coordinate_names(dimension))
