"""Typed errors: misuse raises one of these; an honest failure of a proof is a result, never an exception."""

from __future__ import annotations

import copyreg
from collections.abc import Callable

__all__ = [
    "ArgumentError",
    "CertificateError",
    "CheckpointError",
    "DomainError",
    "EnvironmentRefused",
    "FormulaError",
    "HallucertError",
    "MissingPackageError",
    "NotAnalyticError",
    "SearchError",
]


class HallucertError(Exception):
    """Root of every error this library raises on purpose. Errors can be copied, and sent between processes."""

    def __reduce__(self) -> tuple[object, ...]:
        # With the arguments of `Exception`, whatever else the constructor of a derived class takes.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class ArgumentError(HallucertError, ValueError):
    """An argument was wrong: the message names it, says what it was and what it must be.

    `argument` is its name as the caller wrote it, `was` what was given (its ``repr`` is shortened to 80 characters) or
    a description of it, and `must` a phrase that completes "must ...".
    """

    def __init__(self, argument: str, was: object, must: str) -> None:
        shown = was if isinstance(was, str) and was.startswith("<") else printed(was, repr)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        super().__init__(f"{argument} must {must}; it was {shown}")
        self.argument = argument
        self.must = must


def require(holds: object, argument: str, was: object, must: str) -> None:
    """Raise `ArgumentError` unless something `holds`. What is slow to print, or loads more modules, takes an if."""
    if not holds:
        raise ArgumentError(argument, was, must)


class FormulaError(ArgumentError):
    """A `formula` could not be read: a `problem` at the `position` of the first character that does not fit."""

    def __init__(self, formula: str, position: int, problem: str) -> None:
        start = max(0, position - 30)
        excerpt = formula[start : position + 30].encode("utf-8", "replace").decode()
        pointer = " " * (position - start) + "^"
        HallucertError.__init__(self, f"formula: {problem} at position {position}\n  {excerpt}\n  {pointer}")
        self.argument = "formula"
        self.must = problem
        self.position = position


class DomainError(HallucertError, ArithmeticError):
    """The function, or the SAM map, is not defined at the point: outside the domain, or zero gradient."""


class NotAnalyticError(HallucertError, TypeError):
    """The function is not real-analytic, or nothing shows that it is (Lemmas A.7, A.8)."""


class SearchError(HallucertError, RuntimeError):
    """A search found nothing to return; the message says at which step and what to try."""


class CertificateError(HallucertError, ValueError):
    """A certificate cannot be read: a `problem` with the entry whose path is `field`, such as ``claims[2].status``.

    What a terminal would not print is escaped.
    """

    def __init__(self, field: str, problem: str) -> None:
        field = field if field.isprintable() else ascii(field)[1:-1]  # keys of a stranger's file are parts of it
        super().__init__(f"certificate field {field}: {problem}")
        self.field = field
        self.problem = problem


class EnvironmentRefused(HallucertError, RuntimeError):
    """The process is in a state in which no rigorous statement can be made, for example another rounding mode."""


class CheckpointError(HallucertError, OSError):
    """A checkpoint cannot be written or read, or belongs to another run; the message says what to do."""


class MissingPackageError(HallucertError, ImportError):
    """Something optional is not installed: `what` is lacking to whom, and the `extra` that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f'{what}, which is not installed: pip install "hallucert[{extra}]"')


def printed(value: object, form: Callable[[object], str] = str) -> str:
    """Print a value, if it can be printed: Python refuses to for integers of more than 4,300 digits."""
    try:
        return form(value).encode("utf-8", "backslashreplace").decode()
    except Exception:  # whatever a foreign object's own printing raises
        size = f" of {value.bit_length()} bits" if isinstance(value, int) else ""
        return f"<{type(value).__name__}{size} that cannot be printed>"
