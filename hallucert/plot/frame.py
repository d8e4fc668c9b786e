"""A line or a plane in a space of any dimension, and the values of ``f`` there in bounded memory.

Coordinates are distances: the point with coordinates ``a`` is ``center + sum_i a_i e_i`` with orthonormal ``e_i``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hallucert.arrays import real_array
from hallucert.errors import ArgumentError
from hallucert.exact import Exact
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective
from hallucert.sam.maps import sam_value

CHUNK_BYTES = 2**27
"""Memory for the arrays of one batch of lanes; one lane is evaluated in any case."""

FLAT = 1e-6
"""A gradient below this part of its median size on the window counts as zero at a marked point."""

COLLINEAR = 1e-9
"""A direction whose part orthogonal to the ones before is smaller than this part of it counts as dependent."""


@dataclass(frozen=True)
class Frame:
    """A point (d,), the origin of the coordinates, and orthonormal rows (m, d): 1 for a line, 2 for a plane."""

    center: np.ndarray
    basis: np.ndarray

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the points (k, d) with the given coordinates (k, m)."""
        return self.center + coordinates @ self.basis

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the coordinates (k, m) of the orthogonal projections of `points` (k, d), and the distances (k,)."""
        away = points - self.center
        coordinates = away @ self.basis.T
        return coordinates, np.linalg.norm(away - coordinates @ self.basis, axis=1)


@dataclass(frozen=True)
class Shown:
    """A point that is marked: what the legend calls it, where it is, and what the losses are at the point itself.

    ``place`` (m,) are the coordinates of its projection, and ``off`` is its distance from the line or the plane, 0
    within rounding. Values are NaN where undefined, and ``f^SAM`` without a radius.
    """

    name: str
    place: np.ndarray
    off: float
    value: float
    sam_value: float

    def label(self, sam: bool) -> str:
        """Return the legend entry: the name, the value at the point, and how far off the plane it lies."""
        value = self.sam_value if sam else self.value
        what = "f^SAM" if sam else "f"
        text = f"{self.name}: {what} = {value:.3g}" if np.isfinite(value) else f"{self.name}: {what} undefined"
        return f"{text} ({self.off:.3g} off)" if self.off else text


def checked_rows(values: object, argument: str, dimension: int, counts: Sequence[int] | None = None) -> np.ndarray:
    """Return `values` as finite rows (k, d), with ``k`` one of `counts` if they are given."""
    number = "one or more" if counts is None else " or ".join(map(str, counts))
    must = f"be {number} rows of {dimension} finite numbers"
    rows = np.atleast_2d(real_array(values, argument, must))
    if (
        rows.ndim != 2
        or rows.shape[1] != dimension
        or not len(rows)
        or (counts is not None and len(rows) not in counts)
    ):
        raise ArgumentError(argument, f"<array of shape {rows.shape}>", must)
    return rows


def frame_along(center: np.ndarray, directions: np.ndarray, argument: str, must: str) -> Frame:
    """Return the frame of `directions` (m, d) by the method of Gram and Schmidt: the first keeps its direction.

    A direction that is zero or depends on the ones before is an `ArgumentError`.
    """
    basis: list[np.ndarray] = []
    for row in directions:
        size = float(np.abs(row).max())
        rest = row / size if size > 0 else row
        whole = float(np.linalg.norm(rest))
        for _ in range(2):  # once more, because cancellation leaves a part along the first
            for e in basis:
                rest = rest - (rest @ e) * e
        length = float(np.linalg.norm(rest))
        if not length > COLLINEAR * whole:
            raise ArgumentError(argument, f"<array of shape {directions.shape}>", must)
        basis.append(rest / length)
    return Frame(center, np.stack(basis))


def values_on(f: Objective, frame: Frame, coordinates: np.ndarray, rho: Exact | None = None) -> np.ndarray:
    """Return ``f``, or ``f^SAM`` if `rho` is given, at the points with the given coordinates (k, m): shape (k,).

    NaN where it is undefined (``f^SAM`` also where the gradient is zero) or overflows. Batches of lanes keep the memory
    below `CHUNK_BYTES`, unless a single lane needs more.
    """
    count = max(1, CHUNK_BYTES // _lane_bytes(f))
    values = np.empty(len(coordinates))
    with np.errstate(all="ignore"):
        for start in range(0, len(coordinates), count):
            lanes = frame.lift(coordinates[start : start + count])
            values[start : start + count] = f.value_lanes(lanes) if rho is None else sam_value(f, lanes, rho)
    return np.where(np.isfinite(values), values, np.nan)


def show(
    f: Objective, frame: Frame, rows: np.ndarray, names: list[str], rho: Exact | None, window: np.ndarray
) -> list[Shown]:
    """Return the points `rows` (k, d) with their places and values; `window` holds the ends of each coordinate."""
    places, off = frame.project(rows)
    off = np.where(off > 1e-9 * np.abs(window).max(), off, 0.0)
    values = _values_at(f, rows, None)
    sam_values = np.full(len(rows), np.nan)
    if rho is not None:
        spread = np.stack(np.meshgrid(*[np.linspace(low, high, 5) for low, high in window]), axis=-1).reshape(
            -1, len(window)
        )
        usual = _gradient_norms(f, frame.lift(spread))
        usual = usual[np.isfinite(usual)]
        sloped = _gradient_norms(f, rows) > (FLAT * np.median(usual) if usual.size else 0.0)
        sam_values = np.where(sloped, _values_at(f, rows, rho), np.nan)
    return [
        Shown(*each) for each in zip(names, places, off.tolist(), values.tolist(), sam_values.tolist(), strict=True)
    ]


def _values_at(f: Objective, rows: np.ndarray, rho: Exact | None) -> np.ndarray:
    return np.concatenate([values_on(f, Frame(row, np.zeros((1, row.size))), np.zeros((1, 1)), rho) for row in rows])


def _gradient_norms(f: Objective, rows: np.ndarray) -> np.ndarray:
    """Norms of the gradients at `rows`, one lane at a time as memory may not hold two."""
    with np.errstate(all="ignore"):
        return np.array([np.linalg.norm(f.gradient_lanes(row[None, :])) for row in rows])


def _lane_bytes(f: Objective) -> int:
    """Bytes that one lane takes: the point and its gradient, and a network's activations and adjoints."""
    numbers = 8 * f.dimension
    if isinstance(f, TanhNetwork):
        numbers += 4 * len(f.inputs) * sum(f.layer_sizes[1:])
    return 8 * numbers
