"""Grids of runs: every radius with every arm, from every start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hallucert.errors import ArgumentError, printed


@dataclass(frozen=True)
class Each:
    """Several settings of one argument, each with a name for the table; made by `each`.

    Attributes
    ----------
    options : dict of str to object
        The settings by name, in order.
    """

    options: dict[str, Any]


def each(*values: Any, **named: Any) -> Each:
    """Ask `run_ensemble` to run with each of several settings of ``rho`` or ``warmup``.

    Parameters
    ----------
    values
        Settings that are called by what they print as.
    named
        Settings with a name of their own.

    Returns
    -------
    Each

    Raises
    ------
    ArgumentError
        If there is no setting, or two have the same name.

    Examples
    --------
    >>> each("0.5", 1, 2).options
    {'0.5': '0.5', '1': 1, '2': 2}
    >>> each(SAM=0, switching=0.1).options
    {'SAM': 0, 'switching': 0.1}
    """
    options = {printed(value): value for value in values} | named
    if not options or len(options) < len(values) + len(named):
        raise ArgumentError("values", (*values, *named), "be one or more settings with different names")
    return Each(options)
