"""Sentences of claims in LaTeX: their formulas as mathematics, everything else as text.

A sentence is made by the rule of its claim, from the published numbers, rounded outward; here it is set, not made
again. What is not known as mathematics is text, in which every character that LaTeX would act on is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{character: f"\\{character}" for character in "{}$&#%_"},
}
"""What stands in a text for the characters that LaTeX acts on, or that its older fonts lack."""

SYMBOLS = {
    "x*+": r"\mathbf{x}^{*+}",
    "x*": r"\mathbf{x}^{*}",
    "x0+": r"\mathbf{x}_{0}^{+}",
    "x+": r"\mathbf{x}^{+}",
    **{f"{name}+": rf"\mathbf{{{name}}}^{{+}}" for name in "ypq"},
    "x_0": r"\mathbf{x}_{0}",
    "x0": r"\mathbf{x}_{0}",
    "z0": r"\mathbf{z}_{0}",
    "x_b*+": r"\mathbf{x}_{b}^{*+}",
    "x_b+": r"\mathbf{x}_{b}^{+}",
    "grad f_b": r"\nabla f_{b}",
    "f_b": "f_{b}",
    "r_b": r"\mathbf{r}_{b}",
    "u_b": r"\mathbf{u}_{b}",
    "(r_b(x_b+))_b": r"(\mathbf{r}_{b}(\mathbf{x}_{b}^{+}))_{b}",
    "f^SAM": r"f^{\mathrm{SAM}}",
    "f^USAM": r"f^{\mathrm{USAM}}",
    "f^ASAM": r"f^{\mathrm{ASAM}}",
    "grad f": r"\nabla f",
    "Hess f": r"\nabla^{2} f",
    "R^d": r"\mathbb{R}^{d}",
    "Du": r"\mathrm{D}\mathbf{u}",
    "Dr": r"\mathrm{D}\mathbf{r}",
    "DS": r"\mathrm{D}S",
    "|r|^2/2n": r"|\mathbf{r}|^{2}/(2n)",
    "N^T (J + J^T)/2 N": r"N^{\mathsf{T}}\,\tfrac{1}{2}(J + J^{\mathsf{T}})\,N",
    "sqrt(1 - 2 eta a (1 - eta/E))": r"\sqrt{1 - 2 \eta a (1 - \eta/E)}",
    **{name: rf"\mathbf{{{name}}}" for name in "pqxyzucr"},
    **{name: name for name in "bfgnwABDEHIJKMNSTXZ"},
    **{name: f"\\{name}" for name in ("rho", "eta", "lambda", "alpha", "pi")},
}
"""What is mathematics in a sentence: points and other vectors are bold, so that no variable is taken for one."""

OPERATORS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne", "->": r"\mapsto"}

KNOWN = "|".join(
    re.escape(name).replace(r"\ ", r"\s") + r"(?![A-Za-z0-9_'])" * name[-1].isalnum()
    for name in sorted(SYMBOLS, key=len, reverse=True)
)
"""The symbols as a pattern, none of them as the beginning of a word."""

TOKEN = re.compile(
    rf"""
    (?P<words>\(C32\)|[A-Za-z]+\.\d+
        |(?:[Ss]heet|[Bb]ranch|[Bb]ranches|cell|chart|Theorem|Corollary|Proposition|index|genus|dimension)
         \s[A-Z0-9.]*[A-Z0-9])
    |(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:\.\.\.)?)
    |(?P<space>R\^(?=\d))
    |(?P<times>(?<=\]\s)x(?=\s\[))
    |(?P<indexed>x\*_\d+)
    |(?P<symbol>{KNOWN}|(?<=,\s)a(?=\sand\sE\s))
    |(?P<raised>\^(?:T\b|-?\d+))
    |(?P<word>[A-Za-z]+(?:[-'][A-Za-z]+)*)
    |(?P<operator><=|>=|!=|->|[=<>+/-])
    |(?P<bar>\|)
    |(?P<open>[(\[])
    |(?P<close>[)\]])
    |(?P<comma>,)
    |(?P<blank>\ +)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
"""The pieces of a sentence; a number that counts something is part of the words."""

MATHEMATICS = frozenset({"number", "space", "symbol", "indexed", "raised", "times", "operator", "bar"})
"""What is mathematics wherever it stands; blanks, commas and brackets are between such pieces."""


class Token(NamedTuple):
    """A piece of a sentence: what it is, and its characters."""

    kind: str
    text: str


def escaped(words: str) -> str:
    """Return any text as LaTeX that prints it, and does nothing else."""
    return "".join(ESCAPED.get(c, c if c.isascii() and c.isprintable() else "?") for c in words)


def number(digits: str) -> str:
    """Return a decimal, maybe with an exponent, maybe cut off, as mathematics."""
    cut = digits.endswith("...")
    mantissa, _, exponent = digits.removesuffix("...").partition("e")
    dots = r"\ldots" if cut else ""
    return mantissa + dots + (rf"\cdot 10^{{{int(exponent)}}}" if exponent else "")


def sentence(words: str) -> str:
    """Return a sentence of a claim in LaTeX."""
    tokens = [Token(str(match.lastgroup), match.group()) for match in TOKEN.finditer(words)]
    inside = _mathematics(tokens)
    parts: list[str] = []
    i = 0
    while i < len(tokens):
        j = i
        while j < len(tokens) and (inside[j] or (j > i and tokens[j].kind == "blank" and _goes_on(tokens, inside, j))):
            j += 1
        if j > i:
            parts.append(f"${_joined(map(_set, tokens[i:j]))}$")
        else:
            parts.append(escaped(tokens[i].text))
            j += 1
        i = j
    return "".join(parts)


def _mathematics(tokens: Sequence[Token]) -> list[bool]:
    """Tell of each piece whether it is mathematics: parentheses are if nothing in them is a word."""
    inside = [token.kind in MATHEMATICS for token in tokens]
    opened: list[int] = []
    for i, token in enumerate(tokens):
        if token.kind == "open":
            opened.append(i)
        elif token.kind == "close" and opened:
            start = opened.pop()
            within = range(start + 1, i)
            if all(inside[k] or tokens[k].kind in ("blank", "comma") for k in within):
                for k in (start, *within, i):
                    inside[k] = True
    return inside


def _goes_on(tokens: Sequence[Token], inside: Sequence[bool], i: int) -> bool:
    """Tell whether mathematics goes on after a blank."""
    return i + 1 < len(tokens) and inside[i + 1]


def _joined(pieces: Iterable[str]) -> str:
    """Put pieces of mathematics together, with a blank after a command before a letter."""
    joined = ""
    for piece in pieces:
        joined += " " * bool(re.search(r"\\[A-Za-z]+$", joined) and piece[:1].isalpha()) + piece
    return joined


def _set(token: Token) -> str:
    """Set a piece of mathematics."""
    match token.kind:
        case "number":
            return number(token.text)
        case "space":
            return r"\mathbb{R}^"
        case "symbol":
            return SYMBOLS.get(re.sub(r"\s", " ", token.text), token.text)
        case "indexed":
            return rf"\mathbf{{x}}^{{*}}_{{{token.text[3:]}}}"
        case "raised":
            raised = token.text[1:]
            return r"^{\mathsf{T}}" if raised == "T" else f"^{{{raised}}}"
        case "times":
            return r"\times"
        case "operator":
            return OPERATORS.get(token.text, token.text)
    return token.text
