"""Canonical forms of formulas: polynomials with rational coefficients in variables and in functions of canonical forms.

Sums and products are expanded; the order of terms, brackets and where constants stand make no difference. Every step
is an identity of real numbers wherever both sides are defined. So two tapes with the same form agree wherever both are
defined. The converse fails: ``sin(x)**2 + cos(x)**2`` is not 1 here. ``exp(x)*exp(y)`` is ``exp(x + y)`` in a ring that
joins exponentials; in one that does not ``exp(x)`` is an element like any other, and ``exp(x)**2`` its square.

Before that comes the factorization that needs no such form: a node of a tape through which everything goes.

`Ring` is an arithmetic for `Tape.evaluate`. An *atom* is a generator of the ring: a variable, pi, or an operation with
its operand's form. Each has a number, so that a monomial is a tuple of (atom, exponent), sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from hallucert.errors import require
from hallucert.exact import constant_bits
from hallucert.objectives.tape import UNARY, Arithmetic, Node, Tape, needed_nodes, node_operands, prune

Monomial = tuple[tuple[int, int], ...]
Form = frozenset[tuple[Monomial, Fraction]]

MAX_WORK = 100_000
"""Terms made in one ring, before like ones are gathered: forms that take more are too large."""

MAX_BITS = 4096
"""Numerator and denominator of a coefficient together."""

MAX_DEGREE = 1_000_000
"""Exponent of an atom."""

ONE: Monomial = ()


class TooLargeError(Exception):
    """The form has too many terms, too long coefficients, or divides by zero."""


@dataclass(frozen=True)
class Atom:
    """A generator: operation (``"inverse"`` for 1/a), operand's form, and the exact value or variable it has."""

    op: str
    operand: Form | None = None
    value: Fraction | int | None = None


@dataclass(frozen=True, eq=False)
class Polynomial:
    """An element of a `Ring`: its terms, none of them zero."""

    ring: Ring
    terms: Mapping[Monomial, Fraction]

    @property
    def form(self) -> Form:
        """What two equal elements have in common."""
        return frozenset(self.terms.items())

    @property
    def constant(self) -> Fraction | None:
        """The value of a constant, else None."""
        if not self.terms:
            return Fraction(0)
        return self.terms.get(ONE) if len(self.terms) == 1 else None

    def __add__(self, other: Polynomial) -> Polynomial:
        total = dict(self.terms)
        for monomial, c in other.terms.items():
            total[monomial] = total.get(monomial, Fraction(0)) + c
        return self.ring.polynomial(total)

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + -other

    def __neg__(self) -> Polynomial:
        return self.scaled(Fraction(-1))

    def __mul__(self, other: Polynomial) -> Polynomial:
        total: dict[Monomial, Fraction] = {}
        self.ring.spend(len(self.terms) * len(other.terms))
        for a, c in self.terms.items():
            for b, d in other.terms.items():
                monomial = self.ring.product(a, b)
                total[monomial] = total.get(monomial, Fraction(0)) + c * d
        return self.ring.polynomial(total)

    def __truediv__(self, other: Polynomial) -> Polynomial:
        return self * self.ring.inverse(other)

    def scaled(self, factor: Fraction) -> Polynomial:
        """The product with a number."""
        return self.ring.polynomial({m: c * factor for m, c in self.terms.items()})


class Ring:
    """All forms that are to be compared; the arithmetic in which tapes are evaluated to forms.

    In a `joined` one ``exp(a)*exp(b)`` is ``exp(a + b)``: a monomial has one exponential at most, and that once.
    """

    lasting = False

    def __init__(self, dimension: int, joined: bool = False) -> None:
        self.joined = joined
        self.atoms: list[Atom] = []
        self._numbers: dict[Atom, int] = {}
        self._left = MAX_WORK
        self.variables = [self._atom(Atom("var", value=i)) for i in range(dimension)]

    def renew(self) -> None:
        """Begin to count anew."""
        self._left = MAX_WORK

    def spend(self, terms: int) -> None:
        """Count terms; raise `TooLargeError` when there are too many."""
        self._left -= terms
        if self._left < 0:
            raise TooLargeError

    def polynomial(self, terms: Mapping[Monomial, Fraction]) -> Polynomial:
        """Return the element with these terms."""
        self.spend(len(terms))
        kept = {monomial: c for monomial, c in terms.items() if c}
        if any(constant_bits(c) > MAX_BITS for c in kept.values()):
            raise TooLargeError
        return Polynomial(self, kept)

    def constant(self, value: Fraction) -> Polynomial:
        """A number."""
        return self.polynomial({ONE: value})

    def pi(self) -> Polynomial:
        """The number pi."""
        return self._atom(Atom("pi"))

    def power(self, x: Polynomial, exponent: int) -> Polynomial:
        """``x ** exponent``."""
        if exponent < 0:
            return self.power(self.inverse(x), -exponent)
        result, square, n = self.constant(Fraction(1)), x, exponent
        while n:
            if n & 1:
                result = result * square
            n >>= 1
            if n:
                square = square * square
        return result

    def inverse(self, x: Polynomial) -> Polynomial:
        """``1 / x``: a number, or the atom of ``x`` over one of its coefficients, times a number."""
        if not x.terms:
            raise TooLargeError
        leading = x.terms[max(x.terms)]
        scale = self.constant(1 / leading)
        (number, _), *others = max(x.terms) or ((-1, 0),)
        if self.joined and len(x.terms) == 1 and not others and number >= 0 and self.atoms[number].op == "exp":
            operand = Polynomial(self, dict(self.atoms[number].operand or ()))
            return scale * self._function("exp", operand.scaled(Fraction(-1)))
        return scale if x.constant is not None else scale * self._function("inverse", x.scaled(1 / leading))

    def product(self, a: Monomial, b: Monomial) -> Monomial:
        """``a b``."""
        product = _times(a, b)
        powers = [(number, n) for number, n in product if self.atoms[number].op == "exp"] if self.joined else []
        if not powers or powers == [(powers[0][0], 1)]:
            return product
        total = self.constant(Fraction(0))
        for number, n in powers:
            total = total + Polynomial(self, dict(self.atoms[number].operand or ())).scaled(Fraction(n))
        rest = tuple(power for power in product if power not in powers)
        if not total.terms:
            return rest
        (joined,) = self._function("exp", total).terms
        return _times(rest, joined)

    def real_power(self, x: Polynomial, exponent: Fraction) -> Polynomial:
        """``x ** exponent``."""
        return self._function("rpow", x, exponent)

    def __getattr__(self, op: str) -> Callable[[Polynomial], Polynomial]:
        """A function of one number, such as ``exp``: of each form it is an atom."""
        if op not in UNARY:
            raise AttributeError(op)
        return partial(self._function, op)

    def _function(self, op: str, x: Polynomial, value: Fraction | None = None) -> Polynomial:
        self.spend(len(x.terms))
        return self._atom(Atom(op, x.form, value))

    def _atom(self, atom: Atom) -> Polynomial:
        number = self._numbers.setdefault(atom, len(self.atoms))
        if number == len(self.atoms):
            self.atoms.append(atom)
        return Polynomial(self, {((number, 1),): Fraction(1)})


def cut_nodes(tape: Tape) -> list[int]:
    """Return the inner nodes through which a one-output tape factors, in order.

    Node ``k`` is listed if the output is a function ``phi`` of node ``k`` alone: then ``f = phi(s(x))`` with
    ``s`` the value of node ``k``. Variables and the output itself are not listed.
    """
    require(len(tape.outputs) == 1, "tape", tape, "have exactly one output")
    output, reads = tape.outputs[0], [node_operands(node) for node in tape.nodes]
    needed = needed_nodes(tape.outputs, reads)
    last_use, depends, last_variable = [-1] * len(tape.nodes), [False] * len(tape.nodes), -1
    for i, (node, operands) in enumerate(zip(tape.nodes, reads, strict=True)):
        if i not in needed:
            continue
        depends[i] = node.op == "var" or any(depends[j] for j in operands)
        last_variable = i if node.op == "var" else last_variable
        for j in operands:
            last_use[j] = i
    # Node i is a cut if every input is read before it and nothing before it that depends on x is read after it.
    cuts, open_until = [], -1
    for i in range(output):
        if depends[i] and i > last_variable and open_until <= i:
            cuts.append(i)
        if depends[i]:
            open_until = max(open_until, last_use[i])
    return cuts


def outer_part(tape: Tape, cut: int) -> Tape:
    """Return the univariate tape ``phi`` of the factorization ``f = phi(s(x))`` at node `cut`."""
    require(cut in cut_nodes(tape), "cut", cut, "be a node through which the tape factors")
    nodes = list(tape.nodes)
    nodes[cut] = Node("var", 0)
    return prune(Tape(("s",), tuple(nodes), tape.outputs))


def inner_part(tape: Tape, cut: int) -> Tape:
    """Return the tape ``s`` of the factorization ``f = phi(s(x))`` at node `cut`."""
    return prune(Tape(tape.variables, tape.nodes, (cut,)))


def composes(f: Tape, outer: Tape, inner: Tape) -> bool:
    """Tell whether ``f(x) = outer(inner(x))`` by their forms of either kind, wherever both are defined."""
    if f.variables != inner.variables or outer.dimension != 1:
        return False
    if not len(f.outputs) == len(outer.outputs) == len(inner.outputs) == 1:
        return False
    return any(_composes(Ring(f.dimension, joined), f, outer, inner) for joined in (False, True))


def _composes(ring: Ring, f: Tape, outer: Tape, inner: Tape) -> bool:
    try:
        s = evaluated(ring, inner, ring.variables)
        return evaluated(ring, outer, [s]).form == evaluated(ring, f, ring.variables).form
    except TooLargeError:
        return False


def evaluated(ring: Ring, tape: Tape, inputs: Sequence[Polynomial]) -> Polynomial:
    """Return the form of the tape's one output."""
    arithmetic: Arithmetic[Polynomial] = ring  # its functions are made on demand
    return tape.evaluate(arithmetic, inputs)[0]


def _times(a: Monomial, b: Monomial) -> Monomial:
    exponents = dict(a)
    for atom, n in b:
        exponents[atom] = exponents.get(atom, 0) + n
    if max(exponents.values(), default=0) > MAX_DEGREE:
        raise TooLargeError
    return tuple(sorted(exponents.items()))
