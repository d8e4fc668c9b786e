"""Constants in PyTorch's graphs: indices and masks are what PyTorch makes of them, other floats become nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from hallucert.objectives.front_ends import shifts
from hallucert.objectives.front_ends.frameworks import Tensor
from hallucert.objectives.front_ends.shifts import Shifted
from hallucert.objectives.program.builder import ProgramBuilder

Torch = Any
"""What is PyTorch's: a node of a graph, or an argument of one."""

_MADE = ("arange", "eye", "full", "full_like", "ones", "ones_like", "scalar_tensor", "zeros", "zeros_like")
_SHAPED = (
    "cat",
    "expand",
    "flatten",
    "mT",
    "numpy_T",
    "permute",
    "reshape",
    "squeeze",
    "stack",
    "t",
    "transpose",
    "view",
)
_CHOSEN = ("index", "masked_fill", "select", "slice", "tril", "triu", "unsqueeze", "where")
_KEPT = ("_to_copy", "alias", "clone", "contiguous", "detach", "detach_", "lift_fresh_copy", "to")
_CHANGED = ("copy_", "fill_", "masked_fill_", "zero_")
EXACT = frozenset({*_MADE, *_SHAPED, *_CHOSEN, *_KEPT, *_CHANGED})
"""Operations of constants that round nothing, or whose rounding is part of what the constant is."""

_LOGIC = ("bitwise_and", "bitwise_not", "bitwise_or", "logical_and", "logical_not", "logical_or")
_COMPARED = ("eq", "ge", "gt", "le", "lt", "ne", "one_hot")
WHOLE = frozenset({*_LOGIC, *_COMPARED, "add", "add_", "floor_divide", "mul", "remainder", "sub"})
"""Those that give integers exactly."""

_FILLED = ("masked_fill.Scalar", "where.self", "where.ScalarOther", "where.ScalarSelf", "add.Tensor")
_SUMMED = ("softmax.int", "log_softmax.int", "logsumexp.default", "scaled_dot_product_attention.default")
MASKED = frozenset(f"aten.{name}" for name in (*_FILLED, *_SUMMED))
"""Operations that take masks with minus infinity."""


def folded(node: Torch, arguments: list[Torch], options: dict[str, Torch]) -> np.ndarray | None:
    """What PyTorch makes of constants, by operations that round no floats; None for any others."""
    import torch

    def tensors(x: Torch) -> Torch:
        if isinstance(x, Tensor | Shifted):
            raise _NotConstantError
        if isinstance(x, np.ndarray):
            return torch.from_numpy(x)  # the same memory, so that changes in place are seen by all views
        return [tensors(y) for y in x] if isinstance(x, list) else x

    name, kind = str(node.target).removeprefix("aten.").split(".")[0], getattr(node.meta.get("val"), "dtype", None)
    if kind is None or not (name in EXACT or (name in WHOLE and not kind.is_floating_point)):
        return None
    try:
        found = node.target(*map(tensors, arguments), **{key: tensors(x) for key, x in options.items()})
    except _NotConstantError:
        return None
    return np.asarray(found.numpy())


class _NotConstantError(Exception):
    """A value depends on parameters."""


def as_tensors(builder: ProgramBuilder, values: Torch) -> Torch:
    """Constants of floats as nodes, in lists and dictionaries too."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise shifts.refused(values)
        return Tensor(builder.array(values))
    if isinstance(values, Shifted):
        raise shifts.refused(values)
    if isinstance(values, dict):
        return {key: as_tensors(builder, x) for key, x in values.items()}
    return [as_tensors(builder, x) for x in values] if isinstance(values, list) else values
