"""Methods that load when they are first used.

A class that the checker needs says by name which functions of another module are methods of it too. So that module sees
the class, the class does not see that module, and whoever reads a file loads none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Late:
    """A function of the same name in another module, as a method of the class in whose body this stands.

    Parameters
    ----------
    module : str
        Its dotted name.
    static : bool
        Whether the function takes no object of the class, as one that makes such objects.
    """

    def __init__(self, module: str, static: bool = False) -> None:
        self.module, self.static = module, static

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, instance: object, owner: type) -> Any:
        function = getattr(import_module(self.module), self.name)
        setattr(self.owner, self.name, staticmethod(function) if self.static else function)
        return getattr(owner if instance is None else instance, self.name)
