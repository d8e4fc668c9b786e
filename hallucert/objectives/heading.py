"""How a function is called at the head of reports."""

from __future__ import annotations

from collections.abc import Iterable

from hallucert.decimals import LONGEST_NAME, short_name
from hallucert.objectives.names import CONSTANTS_ELSEWHERE, RESERVED
from hallucert.objectives.objective import Objective


def mistakable(variables: Iterable[str]) -> list[str]:
    """Return the names of variables that a reader may take for constants, or in small letters for functions.

    Examples
    --------
    >>> mistakable(["x", "e", "y", "Log"])
    ['e', 'Log']
    """
    return [name for name in variables if name in CONSTANTS_ELSEWHERE or name.lower() in RESERVED]


def heading(objective: Objective, longest: int = LONGEST_NAME) -> str:
    """Return a function's name for the head of a report, and which of its variables are no constants.

    Examples
    --------
    >>> from hallucert import Objective
    >>> heading(Objective.parse("e**2 + x**2", variables=["e", "x"]))
    'e**2 + x**2 (e is a variable)'
    """
    names = mistakable(objective.variables)
    note = f" ({', '.join(names)} {'is a variable' if len(names) == 1 else 'are variables'})" if names else ""
    return short_name(objective.name, longest) + note
