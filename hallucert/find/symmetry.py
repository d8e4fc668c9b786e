"""Symmetric copies of a network's parameters: other points with the same outputs, hence the same loss.

Tanh is odd: turning the signs of all weights and of the bias into a hidden unit, and of all weights out of it, changes
nothing. Nor does exchanging two hidden units of a layer. Weight decay is the same at all copies. So every minimizer
``c`` that is not itself symmetric has other minimizers of the same value around it, and ``f`` on spheres around ``c``
falls again towards them: where hallucinated points that attract come from (Proposition 4.4).
"""

from __future__ import annotations

import numpy as np

from hallucert.find.rescaled import Rescaled
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective

# Layer, two of its units, and a sign: exchange them with that sign; a unit with itself and -1 is turned over.
Move = tuple[int, int, int, int]


def symmetric_copies(f: Objective, x: np.ndarray, beyond: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return copies of `x` at distances larger than `beyond`, nearest first."""
    if isinstance(f, Rescaled) and f.uniform:
        # Moves exchange coordinates, which have the same unit.
        return f.inside(symmetric_copies(f.f, f.outside(x), f.of_length(beyond), count, rng))
    if not isinstance(f, TanhNetwork):
        return np.empty((0, x.size))
    moves = _moves(f)
    if len(moves) > 4 * count + 400:
        moves = [moves[i] for i in rng.choice(len(moves), 4 * count + 400, replace=False)]
    single = [moved(f, x, move) for move in moves]
    lengths = np.array([np.linalg.norm(copy - x) for copy in single])
    found = [single[i] for i in np.argsort(lengths, kind="stable") if lengths[i] > beyond][:count]
    # Products of moves that are each too short: until the copy is far enough.
    short = [move for move, length in zip(moves, lengths, strict=True) if 1e-9 * beyond < length <= beyond]
    for _ in range(count if short else 0):
        copy = x
        for i in rng.permutation(len(short)):
            copy = moved(f, copy, short[i])
            if np.linalg.norm(copy - x) > beyond:
                found.append(copy)
                break
    order = np.argsort([np.linalg.norm(copy - x) for copy in found], kind="stable")[:count]
    return np.array([found[i] for i in order]).reshape(-1, x.size)


def moved(f: TanhNetwork, x: np.ndarray, move: Move) -> np.ndarray:
    """Return the copy of `x` (d,) that one move makes."""
    layer, i, j, sign = move
    copy = x.copy()
    parts = f.layout.split(copy)
    (w, b), after = parts[layer], parts[layer + 1][0]
    for rows in (w, b, after.T):
        rows[[i, j]] = sign * rows[[j, i]]
    return copy


def _moves(f: TanhNetwork) -> list[Move]:
    found = []
    for layer, width in enumerate(f.layer_sizes[1:-1]):
        for i in range(width):
            found.append((layer, i, i, -1))
            found.extend((layer, i, j, sign) for j in range(i) for sign in (1, -1))
    return found
