"""Proposition 4.6: a network with a free bias on a linear output has no local maximizer, so no construction starts.

Let ``b_j`` be the bias of output ``j``. Adding ``t`` to it adds ``t`` to that output on every sample and changes no
other output, so ``f`` along it is the mean loss of shifted outputs, with the second derivative

    squared error     1 + w                                  (half the mean square: the mean of 1 over the samples)
    cross-entropy     (1/n) sum_i p_ij (1 - p_ij) + w        (softmax p_ij in (0, 1), as there are two outputs or more)

and ``w >= 0`` the weight decay. Both are positive everywhere: ``f`` is strictly convex along ``b_j``, and a strictly
convex function of one variable has no local maximizer, strict or not. One bias alone matters for the cross-entropy: it
does not change when all biases grow together. A tanh on the outputs breaks the argument.
"""

from __future__ import annotations

from hallucert.errors import ArgumentError
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective


def require_possible_maximizer(f: Objective) -> None:
    """Refuse an objective that provably has no local maximizer."""
    if not isinstance(f, TanhNetwork) or f.output != "linear":
        return
    loss = "squared error" if f.loss == "squared" else "cross-entropy"
    raise ArgumentError(
        "f",
        f"<{f.name}>",
        f"have a local maximizer, and it has none (Proposition 4.6): the output layer is linear with a free bias, and "
        f"the {loss} is strictly convex along the bias of one output, so no point can be a maximizer, wherever it is; "
        "find.on_sphere and find.hallucinate need no maximizer",
    )
