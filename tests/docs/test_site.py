"""Claim: every public name is documented in full and stands in the reference.

Docstrings are read as text, so this needs no Sphinx. That what they say is true is for other tests; their examples run
when the site is built.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from enum import Enum
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, get_overloads, overload

import pytest

import hallucert as hc

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("sam", "find", "gallery", "plot", "errors")
RESULTS = ("check.claim.Claim", "diagnosis.diagnose.Diagnosis")
PROTOCOL = re.compile(r"enclose_\w+|split|joined|curved")
"""Methods that a new kind of objective implements, or that the library calls: one line says what comes in and out."""


def public_objects() -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and the value of everything that users are promised."""
    for name in sorted(set(hc.__all__) - {"__version__", *MODULES}):
        yield name, getattr(hc, name)
    for module_name in MODULES:
        module = getattr(hc, module_name)
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
        for name in sorted(getattr(module, "__all__", own)):
            yield f"{module_name}.{name}", getattr(module, name)
    for path in RESULTS:
        module_name, _, name = path.rpartition(".")
        yield path, getattr(import_module(f"hallucert.{module_name}"), name)


def public_classes() -> list[tuple[str, type]]:
    """Return the public classes and their bases in this package."""
    found = {cls: name for name, value in public_objects() if inspect.isclass(value) for cls in [value]}
    bases = {
        base: base.__qualname__ for cls in found for base in cls.__mro__ if base.__module__.startswith("hallucert")
    }
    return [(name, cls) for cls, name in {**bases, **found}.items()]


def public_functions() -> list[tuple[str, Callable[..., Any]]]:
    """Return the public functions, and the methods of public classes that override nothing."""
    found = [(name, value) for name, value in public_objects() if inspect.isfunction(value)]
    for class_name, cls in public_classes():
        for name in vars(cls):
            member = getattr(cls, name)
            overrides = any(name in vars(base) for base in cls.__mro__[1:])
            if not name.startswith("_") and not overrides and (inspect.isfunction(member) or inspect.ismethod(member)):
                found.append((f"{class_name}.{name}", member))
    return found


def sections(docstring: str) -> dict[str, str]:
    """Return the sections of a numpydoc docstring by title; what comes before the first has the title ``""``."""
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-+$", docstring, flags=re.M)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def names_in(section: str) -> set[str]:
    """Return the names that a section defines, on the lines that are not indented."""
    lines = [line.split(" : ")[0] for line in section.splitlines() if line and not line[0].isspace()]
    return {name.strip().lstrip("*") for line in lines for name in line.split(",")}


def raises(function: Callable[..., Any]) -> bool:
    """Return whether the body of a function itself raises an error that it makes, or requires something."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    asked = any(isinstance(node, ast.Name) and node.id == "require" for node in ast.walk(tree))
    return asked or any(isinstance(node, ast.Raise) and node.exc is not None for node in ast.walk(tree))


def gaps(function: Callable[..., Any]) -> list[str]:
    """Return what the docstring of a function leaves out; of an overloaded one, of the parameters of all overloads."""
    docstring = inspect.getdoc(function)
    if not docstring:
        return ["a docstring"]
    if PROTOCOL.fullmatch(function.__name__):
        return []
    found, signature = sections(docstring), inspect.signature(function)
    described = names_in(found.get("Parameters", ""))
    named, ways = dict(signature.parameters), get_overloads(function)
    if ways:  # what the one function collects for all of them has its names there
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        named = {name: parameter for name, parameter in named.items() if parameter.kind not in variadic}
        for way in ways:
            named |= inspect.signature(way).parameters
    missing = [name for name in named if name not in {"self", "cls", *described}]
    said = docstring.startswith("Return ") and not set(signature.parameters) - {"self", "cls"}
    if signature.return_annotation not in ("None", None, signature.empty) and "Returns" not in found and not said:
        missing.append("Returns")
    if raises(function) and "Raises" not in found:
        missing.append("Raises")
    return missing


def class_gaps(cls: type) -> list[str]:
    """Return what the docstrings of a class, of those that it extends, and of its properties leave out.

    What it is made of stands in a section, or in backquotes in a sentence.
    """
    docstring = inspect.cleandoc(vars(cls).get("__doc__") or "")
    if not docstring or (is_dataclass(cls) and docstring.startswith(f"{cls.__name__}(")):
        return ["a docstring"]
    described = set(re.findall(r"(?<!`)`(\w+)`(?!`)", docstring))
    for base in cls.__mro__:
        found = sections(inspect.cleandoc(vars(base).get("__doc__") or ""))
        described |= names_in(found.get("Parameters", "")) | names_in(found.get("Attributes", ""))
    makes = "__init__" in vars(cls) and not issubclass(cls, Enum)
    missing = [name for name in inspect.signature(cls).parameters if name not in described] if makes else []
    properties = {name: value for name, value in vars(cls).items() if isinstance(value, property | cached_property)}
    return missing + [name for name, value in properties.items() if not name.startswith("_") and not value.__doc__]


@pytest.mark.parametrize(("name", "function"), public_functions())
def test_functions_document_parameters_returns_and_raises(name: str, function: Callable[..., Any]) -> None:
    """A public function documents all its parameters, what it returns and what it raises."""
    assert gaps(function) == []


@pytest.mark.parametrize(("name", "cls"), public_classes())
def test_classes_document_what_they_are_made_of(name: str, cls: type) -> None:
    """A public class documents all that it is made of."""
    assert class_gaps(cls) == []


def test_every_public_name_stands_in_the_reference() -> None:
    """Each public name has a line of its own on some page of `docs/api`."""
    pages = sorted((ROOT / "docs" / "api").glob("*.md"))
    listed = {line.strip() for page in pages for line in page.read_text(encoding="utf-8").splitlines()}
    assert pages
    assert [name for name, _ in public_objects() if not {name, f"hallucert.{name}"} & listed] == []


def test_a_gap_is_found() -> None:
    """A parameter, a result and an error without a word are each named as a gap."""

    def bare(x: int, y: int) -> int:
        """Do something.

        Parameters
        ----------
        x : int
            A number.
        """
        if x < y:
            raise ValueError
        return x

    @overload
    def ways(x: int) -> int: ...
    @overload
    def ways(x: int, z: int) -> int: ...
    def ways(x: int, *others: int, w: int = 0) -> int:
        """Return the first.

        Parameters
        ----------
        x : int
            A number.
        """
        return x

    class Made:
        """Something made of `x`."""

        def __init__(self, x: int, y: int) -> None: ...

    assert gaps(bare) == ["y", "Returns", "Raises"]
    assert gaps(ways) == ["w", "z", "Returns"]
    assert class_gaps(Made) == ["y"]
