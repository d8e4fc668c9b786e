"""Contractions in a cheaper order: an equal program that does not write out large products of small arrays.

The gradient of a loss by the weights of a linear layer is a product ``D^T X`` of the layer's cotangents and inputs,
often much larger than both. Where it is contracted again, ``X (D^T X)^T = (X X^T) D`` is the same and cheaper. So
products that are larger than their factors are kept as factors, also in sums and multiples, until they are contracted;
they are written out where another operation needs their entries. Over the real numbers nothing changes: associativity
and distributivity are all that is used. For a least-squares loss on few data this is the *Gram form*: what depends on
the number of parameters is done once, and not for every direction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import prod
from string import ascii_letters, ascii_lowercase
from typing import NamedTuple

from hallucert.objectives.program.builder import ProgramBuilder, prune
from hallucert.objectives.program.program import Node, Program, entries

LANES = 16
"""How many lanes are expected of what depends on an input with lanes."""
ENTRY = 32
"""What writing an entry costs, in multiplications."""
MOST_FACTORS = MOST_TERMS = 4


class Term(NamedTuple):
    """A rational number times numbers (nodes) times a contraction of factors: nodes, with letters for their axes.

    The axes of the result are ``a, b, ..``, in this order.
    """

    factor: Fraction
    numbers: tuple[int, ...]
    factors: tuple[tuple[int, str], ...]
    axes: int


Sum = tuple[Term, ...]


class Plan(NamedTuple):
    """In which order factors are contracted: pairs of positions, with the letters of what replaces them at the end."""

    cost: float
    steps: tuple[tuple[int, int, str], ...]


def reassociated(program: Program, lanes: Iterable[int] = ()) -> Program:
    """Return an equal program with cheaper contractions, where the inputs of the numbers `lanes` will have lanes."""
    return _Rewriting(program, frozenset(lanes)).result()


class _Rewriting:
    """One pass over a program: each node becomes a sum of terms, which is written out where its entries are needed.

    What is written out for a comparison only is a node that nothing reads, and the builder leaves it out.
    """

    def __init__(self, program: Program, lanes: frozenset[int]) -> None:
        self.program, self.lanes = program, lanes
        self.builder = ProgramBuilder(program.inputs)
        self.sums: list[Sum] = []
        self.needed: set[int] = set()
        self.many: set[int] = set()
        self.summed = _only_summed(program)

    def result(self) -> Program:
        """The new program."""
        for i, node in enumerate(self.program.nodes):
            self.sums.append(self._sum(node, i not in self.summed))
        return self.builder.program([self._written(self.sums[i]) for i in self.program.outputs])

    # ------------------------------------------------------------------ from nodes to sums

    def _sum(self, node: Node, wanted: bool) -> Sum:
        """The sum of terms that a node is; a product that is not `wanted` itself needs no entries of its factors."""
        sums = [self.sums[i] for i in node.args]
        match node.op:
            case "scale" if isinstance(node.data, Fraction):
                return tuple(term._replace(factor=node.data * term.factor) for term in sums[0])
            case "add":
                return self._together((*sums[0], *sums[1]))
            case "mul":
                for place in (0, 1):
                    number = self._number(self.program.nodes[node.args[place]])
                    if number is not None:
                        return tuple(t._replace(numbers=(*t.numbers, number)) for t in sums[1 - place])
            case "transpose" if isinstance(node.data, tuple):
                names = {ascii_letters[axis]: ascii_letters[i] for i, axis in enumerate(node.data)}
                return tuple(_renamed(term, names) for term in sums[0])
            case "contract":
                return self._contracted(str(node.data), node, sums[0], sums[1])
            case "sum" if isinstance(node.data, tuple) and self.program.nodes[node.args[0]].op == "mul":
                product = self.program.nodes[node.args[0]]
                letters = ascii_letters[: len(product.shape)]
                kept = "".join(x for axis, x in enumerate(letters) if axis not in node.data)
                return self._contracted(f"{letters},{letters}->{kept}", node, *(self.sums[i] for i in product.args))
        args = [self._written(part) for part in sums]
        if wanted:
            self.needed.update(args)
        number = self.builder.push(node.op, *args, data=node.data, shape=node.shape)
        return (self._plain(number, args, own=node.op == "input" and node.data in self.lanes),)

    def _plain(self, number: int, args: Iterable[int], own: bool = False) -> Term:
        """One node as a term; it has lanes if it reads one that has, or is an input with lanes of its own."""
        if own or not self.many.isdisjoint(args):
            self.many.add(number)
        axes = len(self.builder.shape(number))
        return Term(Fraction(1), (), ((number, ascii_letters[:axes]),), axes)

    def _number(self, node: Node) -> int | None:
        """The number, of shape (), that an array has in all places, if it is made of one."""
        return self._written(self.sums[node.args[0]]) if node.op == "broadcast" and node.data == () else None

    def _contracted(self, spec: str, node: Node, a: Sum, b: Sum) -> Sum:
        """Multiply two sums out or write them out, whichever is cheaper; keep products larger than their factors."""
        first, second, result = spec.replace("->", ",").split(",")
        if result in (first, second) and not (first and second):  # a number times an array
            number, array = (b, a) if first else (a, b)
            return tuple(t._replace(numbers=(*t.numbers, self._written(number))) for t in array)
        written = [self._plain(self._written(part), ()) for part in (a, b)]
        dense: Sum = (_product(spec, written[0], written[1]),)
        chosen = dense
        free: Sum = tuple(_product(spec, x, y) for x in a for y in b)
        if max(len(term.factors) for term in free) <= MOST_FACTORS:
            extra = sum(self._cost(part) for part in (a, b) if self._written(part) not in self.needed)
            if self._cost(free) <= self._cost(dense) + extra:
                chosen = free
        if chosen is dense:
            self.needed.update(term.factors[0][0] for term in written)
        kept = [term for term in chosen if self._entries(term) < entries(node.shape)]
        rest = tuple(term for term in chosen if term not in kept)
        return self._together((*kept, self._plain(self._written(rest), ()))) if rest else self._together(tuple(kept))

    def _together(self, terms: Sum) -> Sum:
        """Return the sum of terms with as few terms as can be, at most `MOST_TERMS`."""
        found: list[Term] = []
        for term in terms:
            for i, other in enumerate(found):
                if joined := self._joined(other, term):
                    found[i] = joined
                    break
            else:
                found.append(term)
        return tuple(found) if len(found) <= MOST_TERMS else (self._plain(self._written(tuple(found)), ()),)

    def _joined(self, a: Term, b: Term) -> Term | None:
        """Return the sum of two terms as one, if they differ in a single factor."""
        if [letters for _, letters in a.factors] != [letters for _, letters in b.factors]:
            return None
        different = [i for i, (x, y) in enumerate(zip(a.factors, b.factors, strict=True)) if x != y] or [0]
        if len(different) > 1:
            return None
        place = different[0]
        (i, letters), (j, _) = a.factors[place], b.factors[place]
        if (a.factor, a.numbers) == (b.factor, b.numbers):
            outside, parts = (a.factor, a.numbers), [i, j]
        else:
            outside, parts = (Fraction(1), ()), [self._times(i, a), self._times(j, b)]
        number = self._marked(self.builder.add(*parts), parts)
        return Term(*outside, (*a.factors[:place], (number, letters), *a.factors[place + 1 :]), a.axes)

    # ------------------------------------------------------------------ from sums to nodes

    def _written(self, terms: Sum) -> int:
        """The node of a sum."""
        values = [self._times(self._contraction(term), term) for term in terms]
        total = values[0]
        for value in values[1:]:
            total = self._marked(self.builder.add(total, value), (total, value))
        return total

    def _contraction(self, term: Term) -> int:
        """Contract the factors in the order of their plan, and bring the axes of the result in order."""
        factors = list(term.factors)
        for i, j, letters in self._plan(term).steps:
            (a, first), (b, second) = factors[i], factors[j]
            table = str.maketrans("".join(both := dict.fromkeys(first + second)), ascii_lowercase[: len(both)])
            spec = [axes.translate(table) for axes in (first, second, letters)]
            made = self._marked(self.builder.contract(f"{spec[0]},{spec[1]}->{spec[2]}", a, b), (a, b))
            factors = [factor for k, factor in enumerate(factors) if k not in (i, j)] + [(made, letters)]
        number, letters = factors[0]
        return self._marked(
            self.builder.transpose(number, [letters.index(x) for x in ascii_letters[: term.axes]]), (number,)
        )

    def _times(self, number: int, term: Term) -> int:
        """A node times the numbers of a term."""
        for other in term.numbers:
            number = self._marked(self.builder.mul(number, other), (number, other))
        return self._marked(self.builder.scale(term.factor, number), (number,))

    def _marked(self, number: int, args: Iterable[int]) -> int:
        if not self.many.isdisjoint(args):
            self.many.add(number)
        return number

    # ------------------------------------------------------------------ what it costs

    def _entries(self, term: Term) -> float:
        """The entries of its factors a lane; those of factors without lanes are shared, if others have lanes."""
        many = [i in self.many for i, _ in term.factors]
        lanes = LANES if any(many) else 1
        sizes = [entries(self.builder.shape(i)) for i, _ in term.factors]
        return sum(size if own else size / lanes for size, own in zip(sizes, many, strict=True))

    def _cost(self, terms: Sum) -> float:
        return sum(self._plan(term).cost for term in terms)

    def _plan(self, term: Term) -> Plan:
        """The cheapest order."""
        sizes = {x: n for i, letters in term.factors for x, n in zip(letters, self.builder.shape(i), strict=True)}
        return _cheapest(
            tuple((letters, i in self.many) for i, letters in term.factors), sizes, ascii_letters[: term.axes]
        )


def _only_summed(program: Program) -> set[int]:
    """Products that only sums over some of their axes read: those are contractions."""
    products = {i for i, node in enumerate(program.nodes) if node.op == "mul"}
    return products.difference(program.outputs, *(node.args for node in program.nodes if node.op != "sum"))


def _cheapest(factors: tuple[tuple[str, bool], ...], sizes: dict[str, int], result: str) -> Plan:
    plans = [Plan(0.0, ())] if len(factors) == 1 else []
    for i, j in combinations(range(len(factors)), 2):
        rest = tuple(factor for k, factor in enumerate(factors) if k not in (i, j))
        both, many = "".join(dict.fromkeys(factors[i][0] + factors[j][0])), factors[i][1] or factors[j][1]
        wanted = result + "".join(letters for letters, _ in rest)
        letters = "".join(x for x in both if x in wanted) if rest else result
        work = prod(sizes[x] for x in both) + ENTRY * prod(sizes[x] for x in letters)
        then = _cheapest((*rest, (letters, many)), sizes, result)
        plans.append(Plan(work * (LANES if many else 1) + then.cost, ((i, j, letters), *then.steps)))
    return min(plans, key=lambda plan: plan.cost)


def _renamed(term: Term, names: dict[str, str]) -> Term:
    table = str.maketrans(names)
    return term._replace(factors=tuple((i, letters.translate(table)) for i, letters in term.factors))


def _product(spec: str, a: Term, b: Term) -> Term:
    """The contraction of two terms, as a term."""
    operands, _, result = spec.partition("->")
    names = dict(zip(result, ascii_letters, strict=False))
    fresh = iter(ascii_letters[len(result) :])
    factors: list[tuple[int, str]] = []
    for term, letters in zip((a, b), operands.split(","), strict=True):
        own = dict[str, str]()
        for x, axis in zip(letters, ascii_letters, strict=False):
            if x not in names:
                names[x] = next(fresh)
            own[axis] = names[x]
        for x in "".join(letters for _, letters in term.factors):
            if x not in own:
                own[x] = next(fresh)
        factors += _renamed(term, own).factors
    return Term(a.factor * b.factor, (*a.numbers, *b.numbers), tuple(factors), len(result))


class Parts(NamedTuple):
    """A program in two parts: what depends on no input with lanes, and what reads that, after the inputs."""

    still: Program
    moving: Program

    @property
    def sizes(self) -> list[int]:
        """The entries of the arrays that the second part makes for each lane."""
        return [entries(node.shape) for node in self.moving.nodes if node.args]


def parted(program: Program, lanes: Iterable[int]) -> Parts:
    """Divide a program at the values without lanes that its outputs, and values with lanes, read."""
    wanted, count = frozenset(lanes), len(program.inputs)
    many: list[bool] = []
    for node in program.nodes:
        own = node.op == "input" and node.data in wanted
        many.append(own or any(many[i] for i in node.args))
    read = {i for node, moves in zip(program.nodes, many, strict=True) if moves for i in node.args}
    edge = [i for i in sorted(read | set(program.outputs)) if not many[i] and program.nodes[i].args]
    builder = ProgramBuilder([*program.inputs, *(program.nodes[i].shape for i in edge)])
    places = {i: builder.input(count + k) for k, i in enumerate(edge)}
    needed = read | set(program.outputs)
    for i, node in enumerate(program.nodes):
        if i not in places and (many[i] or i in needed):
            args = [places[j] for j in node.args]
            places[i] = builder.push(node.op, *args, data=node.data, shape=node.shape)
    return Parts(prune(replace(program, outputs=tuple(edge))), builder.program([places[i] for i in program.outputs]))
