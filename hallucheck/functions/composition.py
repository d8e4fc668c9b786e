"""Derivatives along directions, and functions of functions, as code: what is differentiated more than twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .code import Code


def tangents(code: Code, outputs: Sequence[int], direction: Mapping[int, int]) -> list[int]:
    """Derivatives of nodes along a direction, which has a node for each input: chain rule from the inputs on."""
    zero, known = code.constant(0), dict(direction)
    for i in range(max(outputs) + 1):
        if i not in known:
            known[i] = code.dot([(known[a], partial) for a, partial in code.partials(i)])
    return [known.get(i, zero) for i in outputs]


def substitute(code: Code, outputs: Sequence[int], images: Mapping[int, int]) -> list[int]:
    """Nodes for the outputs with other nodes in place of the inputs."""
    known = dict(images)
    for i in range(max(outputs) + 1):
        if i not in known:
            operation, arguments, data = code.nodes[i]
            known[i] = code.node(operation, [known[a] for a in arguments], data)
    return [known[i] for i in outputs]
