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
from collections.abc import Callable
from typing import Any

from hallucert.errors import ArgumentError
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.gallery import classics, oracles
from hallucert.objectives.gallery.entry import Entry, Point

__all__ = ["Entry", "Point", "info", "load", "names"]

_ENTRIES: dict[str, Callable[..., Entry]] = {
    entry.__name__: entry
    for entry in (
        oracles.double_well,
        oracles.four_well,
        oracles.ring,
        oracles.cosine_lattice,
        oracles.tilted_quartic,
        oracles.convex,
        oracles.quadratic,
        oracles.ring_of_maximizers,
        oracles.figure_one,
        classics.himmelblau,
        classics.six_hump_camel,
        classics.three_hump_camel,
        classics.muller_brown,
        classics.styblinski_tang,
        classics.rastrigin,
        classics.beale,
        classics.goldstein_price,
        classics.rosenbrock,
        classics.peaks,
        classics.ackley,
    )
}


def names() -> list[str]:
    """Return the names of the functions in the gallery.

    Returns
    -------
    list of str
        This library's oracles first, then the classics.
    """
    return list(_ENTRIES)


def info(name: str, **parameters: Any) -> Entry:
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
    if not isinstance(name, str) or name not in _ENTRIES:
        raise ArgumentError("name", name, f"be one of {', '.join(_ENTRIES)}")
    known = inspect.signature(_ENTRIES[name]).parameters
    for parameter in parameters:
        if parameter not in known:
            takes = f"be one of {', '.join(known)}" if known else "not be given"
            raise ArgumentError(f"parameter of {name}", parameter, takes)
    return _ENTRIES[name](**parameters)


def load(name: str, **parameters: Any) -> FormulaObjective:
    """Return a function of the gallery as an objective.

    Parameters
    ----------
    name : str
        One of `names`.
    **parameters
        As in `info`.

    Returns
    -------
    Objective

    Raises
    ------
    ArgumentError
        If there is no such function, or it does not take a parameter.

    Examples
    --------
    >>> load("styblinski_tang", dimension=3).dimension
    3
    """
    return info(name, **parameters).objective()
