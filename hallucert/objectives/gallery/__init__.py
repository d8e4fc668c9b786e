"""The gallery: known functions with their known critical points.

>>> from hallucert.objectives import gallery
>>> f = gallery.load("himmelblau")
>>> f.value([3.0, 2.0])
0.0
>>> gallery.info("himmelblau").minimizers[0]
(3, 2)
"""

from __future__ import annotations

import inspect

from hallucert.errors import ArgumentError, require
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.gallery.entry import Entry, Point
from hallucert.objectives.gallery.functions import CLASSICS, ORACLES

__all__ = ["Entry", "Point", "info", "load", "names"]

_KNOWN = {known.name if isinstance(known, Entry) else known.__name__: known for known in (*ORACLES, *CLASSICS)}


def names() -> list[str]:
    """Return the names of the functions in the gallery: this library's oracles first, then the classics."""
    return list(_KNOWN)


def info(name: str, **parameters: object) -> Entry:
    """Return what the gallery knows about a function.

    Parameters
    ----------
    name : str
        One of `names`.
    **parameters
        What the function takes: ``dimension`` for those of any dimension, ``b`` for ``double_well``, ``a`` for
        ``quadratic``.

    Returns
    -------
    Entry

    Raises
    ------
    ArgumentError
        If there is no such function, or it does not take a parameter.
    """
    require(isinstance(name, str) and name in _KNOWN, "name", name, f"be one of {', '.join(_KNOWN)}")
    known = _KNOWN[name]
    taken = [] if isinstance(known, Entry) else list(inspect.signature(known).parameters)
    for parameter in parameters:
        if parameter not in taken:
            takes = f"be one of {', '.join(taken)}" if taken else "not be given"
            raise ArgumentError(f"parameter of {name}", parameter, takes)
    return known if isinstance(known, Entry) else known(**parameters)


def load(name: str, **parameters: object) -> FormulaObjective:
    """Return a function of the gallery as an objective.

    Parameters
    ----------
    name, **parameters
        As in `info`, which raises the same.

    Returns
    -------
    Objective

    Examples
    --------
    >>> load("styblinski_tang", dimension=3).dimension
    3
    """
    return info(name, **parameters).objective()
