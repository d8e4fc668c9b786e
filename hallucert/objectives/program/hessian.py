"""Jacobians and Hessians of array programs: in all directions at once, as entries of a matrix.

A program is a chain of maps, so the Hessian of a weighted sum of its outputs is the sum of their second derivatives,

    H = sum over nodes v = phi(u, w):  <c_v, phi''[D(u, w), D(u, w)]>

with ``c_v`` the cotangent of ``v`` and ``D`` the derivatives by the inputs; only nodes that are not linear have terms:

    phi(u) entry by entry     c phi''(u) Du Du
    log-sum-exp               c p Du Du - c Dv Dv,  p the softmax
    products, contractions    c Du Dw + c Dw Du

The derivatives are `Units`: most of their entries are zeros that nobody computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.derivatives import (
    active_nodes,
    bend_of,
    by_inputs,
    cotangents,
    pushed,
    softmax_of,
)
from hallucert.objectives.program.program import ENTRYWISE, Node, Program, Shape, entries
from hallucert.objectives.program.units import Labels, UnitBuilder, Units

if TYPE_CHECKING:
    from hallucert.objectives.program.evaluate import Array

BILINEAR = ("mul", "contract")

Names = str | range
"""Of axes, one each."""


@dataclass
class Entries:
    """Where the entries of nodes go in a matrix of a `shape`; an entry that no node reaches is zero.

    Those of the `nodes` are added up: `pieces` has for each node which of its entries (None: all) go to which places of
    the matrix, both in row-major order, and whether nothing was there before.
    """

    shape: tuple[int, int]
    nodes: list[int] = field(default_factory=list)
    pieces: list[list[tuple[np.ndarray | None, np.ndarray, bool]]] = field(default_factory=list)
    known: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.known = np.zeros(self.shape[0] * self.shape[1], dtype=bool)

    def place(self, node: int, size: int, targets: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        """Add the entries of a node of some size: pairs of sources and targets, no target twice in one of them."""
        pieces: list[tuple[np.ndarray | None, np.ndarray, bool]] = []
        for source, target in targets:
            new = ~self.known[target]
            for part, fresh in ((new, True), (~new, False)):
                if part.any():
                    own = source[part]
                    whole = own.size == size and (own == np.arange(size)).all()
                    pieces.append((None if whole else own, target[part], fresh))
            self.known[target] = True
        self.nodes.append(node)
        self.pieces.append(pieces)

    def assembled(
        self, values: Sequence[Array], zero: Array, start: Array | None = None, front: tuple[int, ...] = ()
    ) -> Array:
        """Return the matrix, or lanes of it, from the values of the nodes and what is there before, at the `start`."""
        shape = (*front, self.shape[0] * self.shape[1])
        if start is not None:
            result = start.reshape(shape)
        else:
            result = np.empty(shape, zero.dtype)
            result[...] = zero
        for value, pieces in zip(values, self.pieces, strict=True):
            for source, target, new in pieces:
                part = value if source is None else value[..., source]
                result[..., target] = part if new and start is None else result[..., target] + part
        return result.reshape((*front, *self.shape))


def positions(lines: UnitBuilder, starts: Mapping[int, int], shapes: Sequence[Shape], x: Units) -> np.ndarray:
    """Return the coordinates of the directions of `x`, of the shape of its lanes."""
    rows = [np.arange(entries(shapes[i])) + starts[i] for i in x.inputs]
    return np.concatenate(rows).reshape(lines.lengths(x.lanes))


def indexed(places: np.ndarray, labels: Labels, union: Labels, sizes: Shape) -> np.ndarray:
    """Return places with axes of the given labels as an array with those of a `union` of labels."""
    order = [label for label in union if label in labels]
    shape = [size if label in labels else 1 for label, size in zip(union, sizes, strict=True)]
    return np.broadcast_to(places.transpose([labels.index(label) for label in order]).reshape(shape), sizes)


def jacobian_entries(builder: ProgramBuilder, program: Program, primal: list[int]) -> Entries:
    """Return the entries of the Jacobian of a program with one output, whose nodes in the builder are `primal`.

    They are its units, pulled back.
    """
    lines, output = UnitBuilder(builder), program.outputs[0]
    shape = program.nodes[output].shape
    found = by_inputs(program, cotangents(lines, builder, program, primal, {output: lines.units(shape)}))
    ends = np.cumsum([0, *map(entries, program.inputs)]).tolist()
    result = Entries((entries(shape), ends[-1]))
    for i, units in sorted(found.items()):
        union = tuple(dict.fromkeys(units.lanes + units.axes))
        sizes = lines.lengths(union)
        row = np.arange(entries(shape)).reshape(lines.lengths(units.lanes))
        column = ends[i] + np.arange(entries(program.inputs[i])).reshape(program.inputs[i])
        rows = indexed(row, units.lanes, union, sizes).reshape(-1)
        columns = indexed(column, units.axes, union, sizes).reshape(-1)
        core = lines.laid_out(units.core, units.labels, union)
        node = builder.reshape(core, (rows.size,))
        result.place(node, rows.size, [(np.arange(rows.size), rows * ends[-1] + columns)])
    return result


class HessianBuilder:
    """Collects the terms of a Hessian: of a program whose nodes are in a builder, `primal`, and their cotangents."""

    def __init__(self, builder: ProgramBuilder, program: Program, primal: list[int], found: dict[int, int]) -> None:
        self.builder, self.program, self.primal, self.cotangents = builder, program, primal, found
        self.lines, self.active = UnitBuilder(builder), active_nodes(program)
        ends = np.cumsum([0, *map(entries, program.inputs)]).tolist()
        self.starts, self.dimension = dict(enumerate(ends)), int(ends[-1])
        self.result = Entries((self.dimension, self.dimension))
        self.moved = self._tangents()

    def build(self) -> Entries:
        """Return the entries on and above the diagonal."""
        for i, node in enumerate(self.program.nodes):
            if i in self.cotangents and self.active[i]:
                self._add(i, node)
        return self.result

    def _add(self, i: int, node: Node) -> None:
        """Add the terms of a node."""
        args, weight = [self.primal[k] for k in node.args], self.cotangents[i]
        if node.op in ENTRYWISE:
            weight = self.builder.mul(weight, bend_of(self.builder, node, args[0]))
            self._square(weight, node.args[0])
        elif node.op == "logsumexp":
            shape = self.builder.shape(args[0])
            spread = self.builder.broadcast(weight, range(len(shape) - 1), shape)
            p = softmax_of(self.builder, self.primal[i], args[0])
            self._square(self.builder.mul(spread, p), node.args[0])
            self._square(self.builder.neg(weight), i)
        elif node.op in BILINEAR:
            count = len(node.shape)
            letters = str(node.data) if node.op == "contract" else ""
            operands, _, result = letters.partition("->")
            first, _, second = operands.partition(",")
            names = (first, second, result) if letters else (range(count), range(count), range(count))
            if args[0] == args[1] and names[0] == names[1]:
                self._square(self.builder.scale(Fraction(2), weight), node.args[0], names[0], names[2])
                return
            for u in self.moved[node.args[0]]:
                for v in self.moved[node.args[1]]:
                    self._form(weight, names[2], u, names[0], v, names[1], False)

    def _square(self, weight: int, i: int, names: Names | None = None, its: Names | None = None) -> None:
        """Add ``sum w Du Du`` for a node ``u``; names of its axes, and of those of a weight that has others."""
        found = self.moved[i]
        names = range(len(self.program.nodes[i].shape)) if names is None else names
        for k, u in enumerate(found):
            for v in found[k:]:
                self._form(weight, names if its is None else its, u, names, v, names, u is v)

    def _form(
        self,
        weight: int,
        its: Names,
        u: Units,
        first: Names,
        v: Units,
        second: Names,
        symmetric: bool,
    ) -> None:
        """Add ``sum w u v`` and its transpose, which is no other matrix if it is `symmetric`."""
        lines, name = self.lines, dict(zip(first, u.axes, strict=True))
        rename = {label: name[letter] for letter, label in zip(second, v.axes, strict=True) if letter in name}
        rename |= {
            label: lines.fresh(lines.lengths([label]))[0] for label in (*v.lanes, *v.axes) if label not in rename
        }
        labels, lanes, axes = (tuple(rename[label] for label in part) for part in (v.labels, v.lanes, v.axes))
        name |= dict(zip(second, axes, strict=True))
        kept, weighted = set(u.lanes + lanes), tuple(name[letter] for letter in its)
        summed = set(name.values()) - kept
        core, own = lines.times(u.core, u.labels, weight, weighted, summed - set(labels))
        if v.core is not None:
            core, own = lines.times(v.core, labels, core, own, summed)
        same = summed.difference(u.labels, labels, weighted)  # all terms of a sum over these are equal
        core = self.builder.scale(Fraction(entries(lines.lengths(same))), core)
        union = tuple(dict.fromkeys(u.lanes + lanes))
        sizes = lines.lengths(union)
        rows = indexed(positions(lines, self.starts, self.program.inputs, u), u.lanes, union, sizes).reshape(-1)
        columns = indexed(positions(lines, self.starts, self.program.inputs, v), lanes, union, sizes).reshape(-1)
        self._place(self._source(core, own, union), rows, columns, symmetric)

    def _source(self, core: int, own: Labels, union: Labels) -> int:
        """Return a core as a vector, in the order of the union."""
        whole = self.lines.laid_out(core, own, union)
        return self.builder.reshape(whole, (entries(self.builder.shape(whole)),))

    def _place(self, node: int, rows: np.ndarray, columns: np.ndarray, symmetric: bool) -> None:
        """Add the entries of a term and of its transpose on and above the diagonal."""
        source, targets = np.arange(rows.size), []
        for r, c in ((rows, columns),) if symmetric else ((rows, columns), (columns, rows)):
            upper = r <= c
            if upper.any():
                targets.append((source[upper], r[upper] * self.dimension + c[upper]))
        self.result.place(node, rows.size, targets)

    # ------------------------------------------------------------------ tangents

    def _tangents(self) -> dict[int, list[Units]]:
        """Return the derivatives by all inputs of the nodes that terms need."""
        nodes, needed = self.program.nodes, [False] * len(self.program.nodes)
        for i in range(len(nodes) - 1, -1, -1):
            node = nodes[i]
            curved = i in self.cotangents and self.active[i]
            needed[i] = needed[i] or (curved and node.op == "logsumexp")
            both = all(self.active[j] for j in node.args)
            if needed[i] or (curved and (node.op in ENTRYWISE or (node.op in BILINEAR and both))):
                for j in node.args:
                    needed[j] = True
        found: dict[int, list[Units]] = {}
        for i, node in enumerate(nodes):
            found[i] = []
            if needed[i] and node.op == "input":
                found[i] = [self.lines.units(node.shape, (int(node.data),))]  # type: ignore[call-overload]
            elif needed[i]:
                args, result = [self.primal[k] for k in node.args], self.primal[i]
                terms = [
                    pushed(self.lines, self.builder, node, place, units, result, args)
                    for place, j in enumerate(node.args)
                    for units in found[j]
                ]
                found[i] = self._joined(terms)
        return found

    def _joined(self, terms: list[Units]) -> list[Units]:
        """Add the terms of the same directions, and make one of all that are not tied."""
        sums: dict[tuple[int, ...], Units] = {}
        for term in terms:
            sums[term.inputs] = self.lines.add(sums[term.inputs], term) if term.inputs in sums else term
        dense = [term for term in sums.values() if not term.tied]
        covered = {i for term in dense for i in term.inputs}
        tied = [term for term in sums.values() if term.tied and covered.isdisjoint(term.inputs)]
        dense += [term for term in sums.values() if term.tied and not covered.isdisjoint(term.inputs)]
        if len(dense) < 2:
            return tied + dense
        inputs = tuple(sorted({i for term in dense for i in term.inputs}))
        ends = np.cumsum([0, *(entries(self.program.inputs[i]) for i in inputs)]).tolist()
        total: Units | None = None
        for term in dense:
            term = self.lines.flat(term)
            among = positions(self.lines, dict(zip(inputs, ends, strict=False)), self.program.inputs, term)
            spread = self._spread(term, among.reshape(-1), ends[-1], inputs)
            total = spread if total is None else self.lines.add(total, spread)
        return [*tied, total] if total is not None else tied

    def _spread(self, x: Units, places: np.ndarray, count: int, inputs: tuple[int, ...]) -> Units:
        """Return flat `x` with its lane among `count` lanes, zeros elsewhere."""
        if x.inputs == inputs:
            return x
        shape = self.lines.shape(x)
        lanes = self.lines.fresh((count,))
        moved = np.arange(entries(shape)).reshape((*shape, 1)) * count + places
        core = self.builder.put(0 if x.core is None else x.core, moved, (*shape, count))
        return Units(core, x.axes + lanes, lanes, x.axes, inputs)
