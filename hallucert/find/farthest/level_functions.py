"""Writing ``f`` as ``phi(s(x))`` up to rewriting: which ``s`` to try, and ``phi`` for a given ``s``.

Both work on canonical forms (`hallucert.objectives.canonical`). If ``f`` is a polynomial in ``s`` and in functions of
polynomials in ``s``, its terms can be gathered by those functions; each coefficient then is a polynomial in ``s``, and
its leading monomial a power of that of ``s``. Dividing again and again gives ``phi``, or shows that there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from hallucert.errors import ArgumentError
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.canonical import ONE, Atom, Monomial, Polynomial, Ring, TooLargeError, composes, evaluated
from hallucert.objectives.tape import Tape

MAX_CANDIDATES = 200  # most functions tried as ``s``
MAX_DEGREE = 24  # highest degree in a variable of a function that is tried as a power


@dataclass(frozen=True)
class Composition:
    """``f = outer(inner(x))``."""

    outer: Tape
    inner: Tape


def compositions(f: Tape, level_function: Tape | None = None) -> Iterator[Composition]:
    """Yield the ways to write ``f = phi(s(x))`` with ``s`` or ``-s`` a part of the formula, or the given one.

    Parts are the values of the nodes, and for a polynomial ``f`` the functions of which it may be a polynomial.
    """
    for joined in (False, True):
        yield from _compositions(Ring(f.dimension, joined), f, level_function)


def _compositions(ring: Ring, f: Tape, level_function: Tape | None) -> Iterator[Composition]:
    try:
        values = _values(ring, f)
        whole = values[f.outputs[0]]
        if level_function is not None:
            parts = [evaluated(ring, level_function, ring.variables)]
            parts = [s for s in parts if s.constant is None]
        else:
            parts = _distinct([*reversed(values), *_roots(whole)], whole)
    except TooLargeError:
        return
    for part in parts[:MAX_CANDIDATES]:
        for s in (part, -part):
            ring.renew()
            try:
                outer, inner = _Profile(ring, s).tape(whole), formula_tape(s, f.variables)
            except (TooLargeError, ArgumentError):
                continue
            if outer is not None and composes(f, outer, inner):
                yield Composition(outer, inner)


def _values(ring: Ring, f: Tape) -> list[Polynomial]:
    arithmetic: object = ring
    return f.evaluate(arithmetic, ring.variables, range(len(f.nodes)))  # type: ignore[arg-type]


def _distinct(parts: list[Polynomial], whole: Polynomial) -> list[Polynomial]:
    """Leave out constants, variables and other atoms, and what differs from another one, or from f, by numbers only."""
    kept, seen = [], {_shape(whole)}
    for part in parts:
        shape = _shape(part)
        if len(shape) > 1 and shape not in seen:
            kept.append(part)
        seen.add(shape)
    return kept


def _shape(p: Polynomial) -> frozenset[tuple[Monomial, Fraction]]:
    rest = {m: c for m, c in p.terms.items() if m != ONE}
    leading = rest[max(rest)] if rest else Fraction(1)
    return frozenset((m, c / leading) for m, c in rest.items())


def _roots(whole: Polynomial) -> list[Polynomial]:
    """Return the polynomials ``s`` with ``f = a s^r + ...`` that agree with the first terms of ``f`` in a variable."""
    found = []
    for x in range(len(whole.ring.variables)):
        degree = max((dict(m).get(x, 0) for m in whole.terms), default=0)
        for r in range(2, degree + 1 if degree <= MAX_DEGREE else 0):
            root = _root(whole, x, degree, r) if degree % r == 0 else None
            found += [] if root is None else [root]
    return found


def _root(whole: Polynomial, x: int, degree: int, r: int) -> Polynomial | None:
    """Return ``s = x^n + a_1 x^(n-1) + ... + a_n`` with the terms of ``s^r`` in ``x^(rn - k)``, ``k <= n``, those of f.

    The powers below the r-th have no part in these terms but a number in the last, which ``phi`` takes up.
    """
    ring, n = whole.ring, degree // r
    leading = _coefficient(whole, x, degree).constant
    if not leading:
        return None
    monic, variable = whole.scaled(1 / leading), ring.variables[x]
    s = ring.power(variable, n)
    for k in range(1, n + 1):
        missing = _coefficient(monic, x, degree - k) - _coefficient(ring.power(s, r), x, degree - k)
        s = s + (missing * ring.power(variable, n - k)).scaled(Fraction(1, r))
    return s


def _coefficient(p: Polynomial, x: int, n: int) -> Polynomial:
    terms = {tuple((a, e) for a, e in m if a != x): c for m, c in p.terms.items() if dict(m).get(x, 0) == n}
    return Polynomial(p.ring, terms)


class _Profile:
    """Writing forms as functions of ``s``."""

    def __init__(self, ring: Ring, s: Polynomial) -> None:
        self.ring, self.s = ring, s
        self.leading = max(s.terms, key=self._rank)
        self.builder = TapeBuilder(("s",))
        self._known: dict[int, int | None] = {}

    def tape(self, p: Polynomial) -> Tape | None:
        """Return ``phi`` with ``p = phi(s)``, or None."""
        node = self._node(p)
        return None if node is None else self.builder.tape([node])

    def _rank(self, monomial: Monomial) -> tuple[int, ...]:
        """The order by degree, then by the exponents: that of a product follows from those of its factors."""
        exponents = [0] * len(self.ring.atoms)
        for atom, n in monomial:
            exponents[atom] = n
        return (sum(exponents), *exponents)

    def _node(self, p: Polynomial) -> int | None:
        groups: dict[Monomial, dict[Monomial, Fraction]] = {}
        for monomial, c in p.terms.items():
            functions = tuple((a, n) for a, n in monomial if self._atom(a) is not None)
            rest = tuple((a, n) for a, n in monomial if self._atom(a) is None)
            groups.setdefault(functions, {})[rest] = c
        total = self.builder.constant(0)
        for functions, terms in groups.items():
            node = self._powers(Polynomial(self.ring, terms))
            if node is None:
                return None
            for a, n in functions:
                node = self.builder.mul(node, self.builder.power(self._atom(a), n))  # type: ignore[arg-type]
            total = self.builder.add(total, node)
        return total

    def _atom(self, number: int) -> int | None:
        """Return the node of an atom that is a function of ``s``; None for others."""
        if number not in self._known:
            atom = self.ring.atoms[number]
            if atom.op == "pi":
                self._known[number] = self.builder.pi()
            elif atom.operand is None:
                self._known[number] = None
            else:
                operand = self._node(Polynomial(self.ring, dict(atom.operand)))
                self._known[number] = None if operand is None else _applied(self.builder, atom, operand)
        return self._known[number]

    def _powers(self, p: Polynomial) -> int | None:
        """Return the node of a polynomial in ``s``, by division."""
        coefficients: dict[int, Fraction] = {}
        while p.constant is None:
            top = max(p.terms, key=self._rank)
            power, left = divmod(sum(n for _, n in top), sum(n for _, n in self.leading))
            if left or power in coefficients or top != tuple((a, n * power) for a, n in self.leading):
                return None
            c = p.terms[top] / self.s.terms[self.leading] ** power
            coefficients[power] = c
            p = p - self.ring.power(self.s, power).scaled(c)
        coefficients[0] = p.constant
        b, node = self.builder, self.builder.constant(0)
        for power in range(max(coefficients), -1, -1):
            node = b.add(b.mul(node, b.variable(0)), b.constant(coefficients.get(power, Fraction(0))))
        return node


def formula_tape(p: Polynomial, variables: tuple[str, ...]) -> Tape:
    """Return a tape of a form."""
    builder, known = TapeBuilder(variables), dict[int, int]()

    def atom_node(number: int) -> int:
        if number not in known:
            atom = p.ring.atoms[number]
            if atom.op == "var":
                known[number] = builder.variable(int(atom.value))  # type: ignore[arg-type]
            elif atom.operand is None:
                known[number] = builder.pi()
            else:
                known[number] = _applied(builder, atom, node(dict(atom.operand)))
        return known[number]

    def node(terms: dict[Monomial, Fraction]) -> int:
        total = builder.constant(0)
        for monomial in sorted(terms):
            product = builder.constant(terms[monomial])
            for a, n in monomial:
                product = builder.mul(product, builder.power(atom_node(a), n))
            total = builder.add(total, product)
        return total

    return builder.tape([node(dict(p.terms))])


def _applied(builder: TapeBuilder, atom: Atom, operand: int) -> int:
    """Return the node of an atom whose operand has one."""
    if atom.op == "inverse":
        return builder.power(operand, -1)
    if atom.op == "rpow":
        return builder.real_power(operand, Fraction(atom.value))  # type: ignore[arg-type]
    return builder.unary(atom.op, operand)
