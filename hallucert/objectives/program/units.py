"""Derivatives along all unit directions at once, without the zeros that most of their entries are.

The derivative of ``z_no = sum_i W_oi a_ni`` by ``W_qp`` is ``a_np`` where ``o = q``, else zero: an array with the axes
``n, p`` says all about the ``q p`` directions, and nothing has to be computed. Such an array is the *core* of `Units`,
its axes have labels, and a label that a direction shares with the values says that they agree, or the entry is zero.
Linear maps act on the core; a sum over an axis that no direction shares ends a tie, as does a map that mixes axes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from string import ascii_lowercase
from typing import NamedTuple

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.program import Shape, entries

Labels = tuple[int, ...]


class Units(NamedTuple):
    """An array for each of many directions, the *lanes*.

    In the direction with the indices `lanes` the array has at the indices `axes` the entry of the core at the indices
    `labels` if lanes and axes of one label agree, else 0; the core's labels are among the others. The `core` is a node,
    None stands for ones. `inputs` are those whose entries the directions are, in order, one after the other, each
    row-major.
    """

    core: int | None
    labels: Labels
    lanes: Labels
    axes: Labels
    inputs: tuple[int, ...]

    @property
    def tied(self) -> bool:
        """Whether a direction shares a label with the values."""
        return not set(self.lanes).isdisjoint(self.axes)


class UnitBuilder:
    """Linear maps of `Units`, whose cores are nodes of a builder, by the methods that it has for nodes."""

    def __init__(self, builder: ProgramBuilder) -> None:
        self.builder = builder
        self.sizes: list[int] = []

    def units(self, shape: Shape, inputs: tuple[int, ...] = ()) -> Units:
        """Return the unit directions themselves: each entry of an array by itself."""
        labels = self.fresh(shape)
        return Units(None, (), labels, labels, inputs)

    def fresh(self, shape: Shape) -> Labels:
        """Return new labels for axes of the given lengths."""
        self.sizes.extend(shape)
        return tuple(range(len(self.sizes) - len(shape), len(self.sizes)))

    def lengths(self, labels: Iterable[int]) -> Shape:
        """Return the lengths of axes with the given labels."""
        return tuple(self.sizes[label] for label in labels)

    def shape(self, x: Units) -> Shape:
        """Return the shape of the values."""
        return self.lengths(x.axes)

    # ------------------------------------------------------------------ cores

    def times(self, a: int | None, own: Labels, b: int, other: Labels, summed: Iterable[int]) -> tuple[int, Labels]:
        """Return the product of two cores, summed over some labels that the second has, with its labels."""
        over = set(summed)
        b, other = self._summed(b, other, over - set(own))
        if a is None:
            return b, other
        a, own = self._summed(a, own, over - set(other))
        union = dict.fromkeys(own + other)
        result = tuple(label for label in union if label not in over)
        if not own or not other:
            return self.builder.mul(a, b), result
        if len(union) > len(ascii_lowercase):
            raise ArgumentError("program", f"<arrays of {len(union)} axes together>", "have fewer")
        letter = dict(zip(union, ascii_lowercase, strict=False))
        first, second, third = ("".join(letter[label] for label in part) for part in (own, other, result))
        return self.builder.contract(f"{first},{second}->{third}", a, b), result

    def _summed(self, core: int, labels: Labels, over: set[int]) -> tuple[int, Labels]:
        """Sum a core over those of its labels that are in a set."""
        axes = [axis for axis, label in enumerate(labels) if label in over]
        return self.builder.sum(core, axes), tuple(label for label in labels if label not in over)

    def laid_out(self, core: int | None, labels: Labels, wanted: Labels) -> int:
        """Return a core with exactly the `wanted` labels, in this order: repeated along those that it lacks."""
        if core is None:
            return self.builder.filled(1, self.lengths(wanted))
        kept = [label for label in wanted if label in labels]
        core = self.builder.transpose(core, [labels.index(label) for label in kept])
        return self.builder.broadcast(core, [wanted.index(label) for label in kept], self.lengths(wanted))

    def untied(self, x: Units, labels: Iterable[int]) -> Units:
        """Return the same arrays with the given axes in the core, and shared with no direction."""
        shared = [label for label in labels if label in x.lanes]
        core, own = x.core, x.labels
        rename: dict[int, int] = {}
        for label in shared:
            (lane,) = self.fresh(self.lengths([label]))
            unit = self.builder.array(np.eye(self.sizes[label]))
            core, own = self.times(core, own, unit, (label, lane), ())
            rename[label] = lane
        missing = tuple(label for label in labels if label not in own)
        if missing:
            core, own = self.laid_out(core, own, missing + own), missing + own
        return x._replace(core=core, labels=own, lanes=tuple(rename.get(lane, lane) for lane in x.lanes))

    # ------------------------------------------------------------------ linear maps

    def add(self, x: Units, y: Units) -> Units:
        """``x + y``, of the same directions."""
        if self._pattern(x) != self._pattern(y):
            x, y = self.untied(x, x.axes), self.untied(y, y.axes)
        if self._pattern(x) != self._pattern(y):  # directions that were cut otherwise
            x, y = self.flat(x), self.flat(y)
        rename = dict(zip(y.lanes + y.axes, x.lanes + x.axes, strict=True))
        labels = tuple(rename[label] for label in y.labels)
        union = tuple(dict.fromkeys(x.labels + labels))
        core = self.builder.add(self.laid_out(x.core, x.labels, union), self.laid_out(y.core, labels, union))
        return x._replace(core=core, labels=union)

    def _pattern(self, x: Units) -> tuple[tuple[int, int], ...]:
        """Return lengths of the lanes, and with which axis each agrees."""
        return tuple((self.sizes[lane], x.axes.index(lane) if lane in x.axes else -1) for lane in x.lanes)

    def flat(self, x: Units) -> Units:
        """Return the same arrays with one lane, and all axes in the core, the lane last."""
        x = self.untied(x, x.axes)
        core = self.laid_out(x.core, x.labels, x.axes + x.lanes)
        count = entries(self.lengths(x.lanes))
        lanes = self.fresh((count,))
        core = self.builder.reshape(core, (*self.shape(x), count))
        return Units(core, x.axes + lanes, lanes, x.axes, x.inputs)

    def mul(self, x: Units, y: int) -> Units:
        """``x * y`` entry by entry; `y` may be of shape ()."""
        core, labels = self.times(x.core, x.labels, y, x.axes if self.builder.shape(y) else (), ())
        return x._replace(core=core, labels=labels)

    def contract(self, spec: str, a: Units | int, b: Units | int) -> Units:
        """A contraction with an array; one of both is `Units`."""
        operands, _, result = spec.partition("->")
        first, _, second = operands.partition(",")
        x, mine, y, its = (a, first, b, second) if isinstance(a, Units) else (b, second, a, first)
        if not isinstance(x, Units) or isinstance(y, Units):
            raise ArgumentError("spec", spec, "contract one array of units with another array")
        label = dict(zip(mine, x.axes, strict=True))
        for letter, size in zip(its, self.builder.shape(y), strict=True):
            if letter not in label:
                (label[letter],) = self.fresh((size,))
        summed = {label[letter] for letter in mine if letter not in result} - set(x.lanes)
        core, labels = self.times(x.core, x.labels, y, tuple(label[letter] for letter in its), summed)
        return x._replace(core=core, labels=labels, axes=tuple(label[letter] for letter in result))

    def sum(self, x: Units, axes: Sequence[int]) -> Units:
        """Sums over axes; one that a direction shares has one term."""
        over = {x.axes[axis] for axis in axes} - set(x.lanes)
        core, labels = (x.core, x.labels) if x.core is None else self._summed(x.core, x.labels, over)
        factor = entries(self.lengths(over - set(x.labels)))
        kept = tuple(label for axis, label in enumerate(x.axes) if axis not in axes)
        return self.scale(Fraction(factor), x._replace(core=core, labels=labels, axes=kept))

    def scale(self, factor: Fraction, x: Units) -> Units:
        """A rational number times ``x``."""
        if factor == 1:
            return x
        one = self.builder.constant(1) if x.core is None else x.core
        return x._replace(core=self.builder.scale(factor, one))

    def broadcast(self, x: Units, axes: Sequence[int], shape: Shape) -> Units:
        """`x` along new axes: its own are the `axes` of the result."""
        own = dict(zip(axes, x.axes, strict=True))
        return x._replace(axes=tuple(own[i] if i in own else self.fresh((size,))[0] for i, size in enumerate(shape)))

    def transpose(self, x: Units, axes: Sequence[int]) -> Units:
        """Axes permuted."""
        return x._replace(axes=tuple(x.axes[axis] for axis in axes))

    def reshape(self, x: Units, shape: Shape) -> Units:
        """The same entries in another shape; axes that stay as they are keep their labels."""
        if x.core is None and x.lanes == x.axes:
            return self.units(shape, x.inputs)
        loose: Labels = ()
        new: Labels = ()
        axes: Labels = ()
        for own, wanted in _groups(self.shape(x), shape):
            if len(own) == len(wanted) == 1:
                axes += (x.axes[own[0]],)
                continue
            loose += tuple(x.axes[i] for i in own)
            labels = self.fresh(tuple(shape[j] for j in wanted))
            new, axes = new + labels, axes + labels
        x = self.untied(x, loose)
        rest = tuple(label for label in x.labels if label not in loose)
        core = self.builder.reshape(self.laid_out(x.core, x.labels, rest + loose), self.lengths(rest + new))
        return x._replace(core=core, labels=rest + new, axes=axes)

    def push(self, op: str, x: Units, *, data: object = None, shape: Shape | None = None) -> Units:
        """Any linear operation of one array."""
        if isinstance(data, Fraction):
            return self.scale(data, x)
        if isinstance(data, tuple):
            if op == "broadcast":
                return self.broadcast(x, data, shape or ())
            return self.transpose(x, data) if op == "transpose" else self.sum(x, data)
        if isinstance(data, np.ndarray):
            return self._moved(op, x, data, shape or ())
        return self.reshape(x, shape or ())

    def _moved(self, op: str, x: Units, places: np.ndarray, shape: Shape) -> Units:
        """Apply `take` or `put` in every direction."""
        x, shape = self.untied(x, x.axes), places.shape if op == "take" else shape
        rest = tuple(label for label in x.labels if label not in x.axes)
        core = self.laid_out(x.core, x.labels, rest + x.axes)
        front = self.lengths(rest)
        size = entries(self.shape(x) if op == "take" else shape)
        first = size * np.arange(entries(front)).reshape(front + (1,) * places.ndim)
        moved = np.where(places < 0, -1, first + places)
        core = self.builder.take(core, moved) if op == "take" else self.builder.put(core, moved, (*front, *shape))
        axes = self.fresh(shape)
        return x._replace(core=core, labels=rest + axes, axes=axes)


def _groups(old: Shape, new: Shape) -> Iterator[tuple[range, range]]:
    """Cut two shapes of the same number of entries into shortest groups of axes of the same number of entries."""
    i = j = 0
    while i < len(old) or j < len(new):
        start, first = i, j
        own = wanted = 1
        if i < len(old):
            own, i = old[i], i + 1
        if j < len(new):
            wanted, j = new[j], j + 1
        while own != wanted:
            if own < wanted:
                own, i = own * old[i], i + 1
            else:
                wanted, j = wanted * new[j], j + 1
        yield range(start, i), range(first, j)
