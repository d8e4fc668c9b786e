"""Softmax and log-sum-exp as frameworks write them out, less a maximum, and their masks of minus infinity.

``exp(x - c) / sum(exp(x - c))`` and ``log(sum(exp(x - c))) + c`` do not depend on ``c``. So a maximum over axes is read
as real numbers of which nothing is known, each with a label, and what is computed with them is a value again only when
they have cancelled by the rules below: then it is the function that it seems to be, for every ``c``. Used in any other
way, a maximum is refused. Entries of minus infinity, as masks have them, are left out of the sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hallucert.errors import NotAnalyticError
from hallucert.objectives.front_ends.frameworks import Tensor, Value, node_of, refusal
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder as Builder
from hallucert.objectives.program.program import entries


class Shift(NamedTuple):
    """Real numbers of which nothing is known, by positive labels: one label, one number."""

    labels: np.ndarray


class Shifted(NamedTuple):
    """``x - c``, or its exponential if `power`; `live`: where it is not minus infinity, or 0.

    `base` is the node of ``x``, and `labels` say which number is ``c``, 0 stands for the number 0; what both say
    elsewhere does not count.
    """

    base: int
    labels: np.ndarray
    live: np.ndarray
    power: bool = False


def special(x: Value) -> bool:
    """Whether a value can only be read by the rules here."""
    if isinstance(x, np.ndarray):
        return x.dtype.kind == "f" and bool(np.isneginf(x).any())
    return isinstance(x, Shift | Shifted)


def refused(*values: Value) -> NotAnalyticError:
    """Say why a maximum, or an infinity, is not read."""
    unknown = any(isinstance(x, Shift) or (isinstance(x, Shifted) and x.labels.any()) for x in values)
    if unknown:
        return NotAnalyticError(refusal("max", "function"))
    return NotAnalyticError("the function uses infinities otherwise than as the mask of a softmax, which is not read")


def shifted(b: Builder, x: Value) -> Shifted:
    """Any value of numbers in the form that the rules are for."""
    if isinstance(x, Shifted):
        return x
    if isinstance(x, Shift):
        raise refused(x)
    live = np.ones(b.shape(x.number), dtype=bool) if isinstance(x, Tensor) else np.asarray(~np.isneginf(x))
    number = x.number if isinstance(x, Tensor) else node_of(b, np.where(live, x, 0.0))
    return Shifted(number, np.zeros(live.shape, dtype=np.int64), live)


def settled(b: Builder, x: Shifted) -> Value:
    """A value without unknown numbers is a tensor, if it is finite."""
    if (x.labels * x.live).any() or not (x.power or x.live.all()):
        return x
    return Tensor(layers.kept(b, b.unary("exp", layers.kept(b, x.base, x.live)), x.live) if x.power else x.base)


def maximum(b: Builder, x: Value, axes: tuple[int, ...], known: dict[tuple[object, ...], Shift]) -> Shift:
    """The maxima over axes: real numbers, one for each row. Those that are `known` have one label whenever taken."""
    own = shifted(b, x)
    if own.power or own.labels.any() or not own.live.any(axis=axes).all():
        raise refused(own)
    key = (own.base, axes, own.live.tobytes())
    if key not in known:
        first = 1 + sum(shift.labels.size for shift in known.values())
        shape = own.live.any(axis=axes).shape
        known[key] = Shift(np.arange(first, first + entries(shape)).reshape(shape))
    return known[key]


def plus(b: Builder, x: Value, y: Value) -> Value:
    """``x + y``, where one may be the numbers that the other lacks."""
    if isinstance(x, Shift):
        x, y = y, x
    first = _additive(b, x)
    if isinstance(y, Shift):
        return _unshifted(b, first.base, first, y.labels)
    second = _additive(b, y)
    number = b.add(*layers.together(b, first.base, second.base))
    if first.labels.any() and second.labels.any():
        raise refused(first, second)
    return settled(b, Shifted(number, first.labels + second.labels, first.live & second.live))


def minus(b: Builder, x: Value, y: Value) -> Value:
    """``x - y``, where ``y`` may be unknown numbers, or lack the same ones as ``x``."""
    first = _additive(b, x)
    if isinstance(y, Shift):
        if first.labels.any():
            raise refused(first, y)
        shape = np.broadcast_shapes(first.live.shape, y.labels.shape)
        number = layers.broadcast_to(b, first.base, shape)
        return Shifted(number, np.broadcast_to(y.labels, shape), np.broadcast_to(first.live, shape))
    second = _additive(b, y)
    if not second.live.all():
        raise refused(first, second)
    return _unshifted(b, b.sub(*layers.together(b, first.base, second.base)), first, second.labels)


def _additive(b: Builder, x: Value) -> Shifted:
    own = shifted(b, x)
    if own.power:
        raise refused(own)
    return own


def _unshifted(b: Builder, number: int, x: Shifted, labels: np.ndarray) -> Value:
    """A value at the given node, if the numbers that ``x`` lacks are those with these labels."""
    if ((x.labels != labels) & x.live).any():
        raise refused(x)
    live = np.broadcast_to(x.live, b.shape(number))
    return settled(b, Shifted(layers.broadcast_to(b, number, live.shape), np.zeros_like(live, dtype=np.int64), live))


def exponential(b: Builder, x: Value) -> Value:
    """``exp(x)``."""
    return settled(b, _additive(b, x)._replace(power=True))


def logarithm(b: Builder, x: Value) -> Value:
    """``log(x)`` of an exponential."""
    if not (isinstance(x, Shifted) and x.power):
        raise refused(x)
    return settled(b, x._replace(power=False))


def magnitude(b: Builder, x: Value) -> Value:
    """``abs(x)`` of an exponential, which is positive or 0."""
    if not (isinstance(x, Shifted) and x.power):
        raise refused(x)
    return x


def total(b: Builder, x: Value, axes: tuple[int, ...]) -> Value:
    """Sums over axes of exponentials with one unknown number each."""
    if not (isinstance(x, Shifted) and x.power):
        raise refused(x)
    labels = np.where(x.live, x.labels, 0).max(axis=axes)
    if ((x.labels != np.expand_dims(labels, axes)) & x.live).any():
        raise refused(x)
    return settled(
        b, Shifted(layers.logsumexp(b, x.base, axes, x.live), labels, np.asarray(x.live.any(axis=axes)), True)
    )


def chosen(b: Builder, mask: np.ndarray, x: Value, y: Value) -> Value:
    """``x`` where a constant mask holds, else ``y``, by numpy's rules."""
    first, second = _additive(b, x), _additive(b, y)
    shape = np.broadcast_shapes(mask.shape, first.live.shape, second.live.shape)
    there = np.broadcast_to(mask, shape)
    parts = [layers.broadcast_to(b, part.base, shape) for part in (first, second)]
    number = b.add(layers.kept(b, parts[0], there), layers.kept(b, parts[1], ~there))
    labels, live = (np.where(there, u, v) for u, v in zip(first[1:3], second[1:3], strict=True))
    return settled(b, Shifted(number, labels, live))


def rows(b: Builder, x: Value, axes: tuple[int, ...]) -> tuple[int, np.ndarray]:
    """The node of a masked array, and where it is finite: somewhere in each of the rows that go along axes."""
    own = _additive(b, x)
    if own.labels.any() or not own.live.any(axis=axes).all():
        raise refused(own)
    return own.base, own.live


def quotient(b: Builder, x: Value, y: Value) -> Value:
    """``x / y`` of exponentials that lack the same numbers."""
    if not (isinstance(x, Shifted) and isinstance(y, Shifted) and x.power and y.power and y.live.all()):
        raise refused(x, y)
    rest = _unshifted(b, b.sub(*layers.together(b, x.base, y.base)), x, y.labels)
    return exponential(b, rest)
