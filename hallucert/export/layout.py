"""The parts of an exported file, and how definitions are laid out in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill, wrap

from hallucert.check.point.certificate import Certificate
from hallucert.export import formula
from hallucert.export.formula import WIDTH

AHEAD = {"sam": "ahead", "usam": "ahead_unnormalized"}
"""Where SAM looks, of the ascent steps that `formal/` knows."""


@dataclass(frozen=True)
class Parts:
    """What a file says, part by part, each a list of definitions, lines or fields.

    `theory` and `checker` are the modules that it imports of the two folders of `formal/`, `numbers` define what the
    theorem names, which is the `statement`, line by line; `data` are definitions, of which the proof unfolds
    `unfolded`, and the `proof` has the function in the form that it has as data.
    """

    theory: str
    checker: str
    numbers: list[str]
    statement: list[str]
    data: list[str]
    unfolded: str
    proof: list[str]


def perturbed(certificate: Certificate) -> str:
    """Define where SAM looks from a point."""
    ahead, rho = AHEAD[certificate.law.variant], formula.fraction(certificate.rho)
    return f"Definition P : vec -> vec := {ahead} {certificate.objective.dimension} f ({rho})."


def vector(name: str, entries: Sequence[str]) -> str:
    """Define a vector by its entries as real numbers."""
    return fill(f"Definition {name} : vec := vec_of {formula.listed(entries)}.", WIDTH, subsequent_indent="  ")


def fields(definition: str, values: Sequence[str]) -> str:
    """Write a definition and what it is applied to, each value on lines of its own."""
    return "\n".join([definition, *(line for value in values for line in indented(value))]) + "."


def indented(text: str) -> list[str]:
    """Write a long value over lines."""
    return wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
