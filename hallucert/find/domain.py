"""What may be given to a search, and the edge of the domain: steps do not cross it.

A *domain argument* (`Floats.domain_arguments`) vanishes at the edge: a denominator, the argument of a logarithm, a
root or a real power. Both ends of a step may be defined with a pole in between, so whoever follows something
continuously looks along the step whether an argument changes its sign.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert import arrays
from hallucert.arguments import checked_whole
from hallucert.errors import ArgumentError, require
from hallucert.exact import exact_radius
from hallucert.find.candidate import point_text
from hallucert.find.rescaled import original
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw

Arguments = Callable[[np.ndarray], np.ndarray]  # domain arguments on lanes: (k, d) -> (k, n)

LARGEST = 1e150  # of a coordinate: searches square lengths, which doubles must be able to hold
KEPT = 0.125  # to this part a step may lower a domain argument: towards an edge one digit takes about a step

# Where a step is looked at, as parts of it: poles closer to each other may be overlooked.
PARTS = np.linspace(0, 1, 17)[1:]


def checked_point(value: object, dimension: int, argument: str) -> np.ndarray:
    """Return `value` as a fresh float array of shape (d,) with finite entries of at most `LARGEST`."""
    return moderate(arrays.checked_point(value, dimension, argument), value, argument)


def checked_box(value: object, dimension: int, argument: str = "box") -> np.ndarray:
    """Return `value` as a float array of shape (d, 2) with rows ``lower < upper`` of at most `LARGEST`."""
    return moderate(arrays.checked_box(value, dimension, argument), value, argument)


def checked_radius(value: object, argument: str = "rho", law: RadiusLaw = SAM) -> Fraction:
    """Return the exact positive radius `value`, of a size that doubles can square; for USAM, no length, can hold."""
    radius, most = exact_radius(value, argument), 150 if law.normalised else 300
    if not Fraction(10) ** -most < radius < Fraction(10) ** most:
        raise ArgumentError(argument, value, f"lie between 1e-{most} and 1e{most}")
    return radius


def checked_count(value: object, argument: str) -> int:
    """Return `value` if it is an integer from 1 to ten millions."""
    return checked_whole(value, 1, argument, 10**7)


def checked_seed(value: object) -> int:
    """Return `value` if it is a nonnegative integer."""
    return checked_whole(value, 0, "seed")


def moderate(array: np.ndarray, value: object, argument: str) -> np.ndarray:
    """Return an array without numbers beyond `LARGEST`."""
    require(np.abs(array).max() <= LARGEST, argument, value, f"have numbers of at most {LARGEST:g} in absolute value")
    return array


def require_defined(f: Objective, x: np.ndarray, argument: str) -> None:
    """Raise `ArgumentError` unless the function is defined at the point `x` (d,) that a caller gave."""
    if not defined(f, x[None, :])[0]:
        given = original(f, x).tolist() if x.size <= 20 else f"<array of shape {x.shape}>"
        raise ArgumentError(argument, given, "be a point where f is defined: f is not defined (or overflows) there")


def defined(f: Objective, x: np.ndarray) -> np.ndarray:
    """Tell on which lanes (k, d) the function is defined and finite: ``sqrt(x)`` is not at 0, nor ``exp(-1/x**2)``."""
    return np.isfinite(f.floats.value(x)) & (np.abs(f.floats.domain_arguments(x)) > 0).all(axis=1)


def clear_of_edge(f: Objective, x: np.ndarray, within: float) -> np.ndarray:
    """Tell on which lanes (k, d) the function is defined, with no edge nearer than about `within` along the axes.

    So it is asked of the limit of an iteration that floats know to `within` only: ``0/(x - 1)`` is defined at the
    doubles beside 1.
    """
    found = defined(f, x)
    here = f.floats.domain_arguments(x)
    if here.shape[1]:
        units = within * np.eye(x.shape[1])
        around = (x[:, None, :] + np.concatenate([units, -units])).reshape(-1, x.shape[1])
        there = f.floats.domain_arguments(around).reshape(len(x), 2 * x.shape[1], here.shape[1])
        found &= (np.sign(there) * here[:, None, :] >= KEPT * np.abs(there)).all(axis=(1, 2))
    return found


def edge_at(f: Objective, x: np.ndarray) -> str:
    """Say for a point (d,) beside the edge what vanishes there: the argument that `Floats.nearest_edge` names."""
    name = f.floats.nearest_edge(x)
    return f"f is not defined beyond {point_text(original(f, x))}" + (f", where {name} = 0" if name else "")


def same_side(arguments: Arguments, x: np.ndarray, y: np.ndarray) -> bool:
    """Tell whether no domain argument vanishes on the straight way from `x` to `y`, nor is undefined there."""
    here = np.sign(arguments(x[None, :]))
    return here.shape[1] == 0 or bool((np.sign(arguments(x + PARTS[:, None] * (y - x))) == here).all())


def values_around(f: Objective, x: np.ndarray) -> Arguments:
    """Return ``f`` on lanes, NaN where a domain argument has another sign than at `x` (d,): beyond an edge."""
    signs = np.sign(f.floats.domain_arguments(x[None, :]))

    def values(lanes: np.ndarray) -> np.ndarray:
        same = (np.sign(f.floats.domain_arguments(lanes)) == signs).all(axis=1)
        return np.where(same, f.floats.value(lanes), np.nan)

    return values


@dataclass(frozen=True)
class Edges:
    """The edge of the domain along a curve of points ``z`` whose first `dimension` coordinates are ``x``."""

    arguments: Arguments  # domain arguments on lanes of ``x``
    dimension: int  # number of coordinates of ``x``
    far: float = np.inf  # other coordinates beyond this run to infinity, as the multiplier does towards a pole

    def clear(self, z: np.ndarray, t: np.ndarray, step: float, shortest: float) -> float:
        """Return `step` or a half, a quarter, ... of it, on which no argument loses most of its size; 0 if none.

        So steps become shorter and shorter towards an edge and never cross it, also where an argument vanishes
        without changing its sign; 0 means that one vanishes within about `shortest`.
        """
        x, along = z[: self.dimension], t[: self.dimension]
        here = self.arguments(x[None, :])
        if here.shape[1] == 0:
            return step
        while not _kept(here, self.arguments(x + step * PARTS[:, None] * along), KEPT):
            step *= 0.5
            if step < shortest:
                return 0.0
        return step

    def keeps(self, z: np.ndarray, there: np.ndarray) -> bool:
        """Tell whether a step from `z` ends `there` on the same side of every edge, no argument too small."""
        n = self.dimension
        here = self.arguments(z[None, :n])
        return here.shape[1] == 0 or _kept(here, self.arguments(there[None, :n]), 0.5 * KEPT)

    def inside(self, z: np.ndarray, there: np.ndarray) -> bool:
        """Tell whether `there` lies on the same side of every edge as `z`."""
        signs = np.sign(self.arguments(np.stack([z, there])[:, : self.dimension]))
        return bool((signs[0] == signs[1]).all())

    def longest(self, z: np.ndarray, ds_max: float) -> float:
        """Return the longest step at ``z``: towards a pole steps grow with the coordinates that are not ``x``."""
        return ds_max * max(1.0, float(np.abs(z[self.dimension :]).max(initial=0.0)) / self.far)

    def ahead(self, z: np.ndarray, t: np.ndarray, reach: float) -> float | None:
        """Return how far along `t` the last double before an edge is, if ``x`` meets one within `reach`; else None."""
        x, along = z[: self.dimension], t[: self.dimension]
        speed = float(np.linalg.norm(along))
        if not speed > 0:
            return None
        reach = reach / speed
        here = np.sign(self.arguments(x[None, :]))
        if here.shape[1] == 0:
            return None
        same = (np.sign(self.arguments(x + reach * PARTS[:, None] * along)) == here).all(axis=1)
        if same.all():
            return None
        first = int(np.argmin(same))
        low, high = float(reach * PARTS[first - 1]) if first else 0.0, float(reach * PARTS[first])
        while low < (middle := 0.5 * (low + high)) < high:
            inside = (np.sign(self.arguments((x + middle * along)[None, :])) == here).all()
            low, high = (middle, high) if inside else (low, middle)
        return low


def _kept(here: np.ndarray, there: np.ndarray, part: float) -> bool:
    """Tell whether all arguments `there` (k, n) have the signs of `here` (1, n), and that part of their size."""
    return bool((np.sign(here) * there >= part * np.minimum(np.abs(here), 1e300)).all() and (here != 0).all())
