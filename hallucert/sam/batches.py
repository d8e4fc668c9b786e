"""Mini-batches: which samples each step of a run sees."""

from __future__ import annotations

import numpy as np


class Batches:
    """Shuffled mini-batches of `size` out of `samples` samples, drawn without replacement within an epoch.

    Epoch ``e`` shuffles the samples by the seed ``(seed, e)`` and leaves out the last ``samples % size`` of them, so
    that the batch of a step depends on the step number alone: not on the lane, on how a run is cut into calls, or on
    where it was resumed.

    Parameters
    ----------
    samples, size, seed : int
        Number of samples, of samples in a batch, and the seed.
    """

    def __init__(self, samples: int, size: int, seed: int) -> None:
        self.samples, self.size, self.seed = samples, size, seed
        self._epoch, self._order = -1, np.empty(0, dtype=np.int64)

    def at(self, first: int, count: int) -> np.ndarray:
        """Return the sample numbers of steps ``first .. first + count - 1``, shape (count, size)."""
        per_epoch = self.samples // self.size
        batches = np.empty((count, self.size), dtype=np.int64)
        for i in range(count):
            epoch, place = divmod(first + i, per_epoch)
            if epoch != self._epoch:
                order = np.random.default_rng((self.seed, epoch)).permutation(self.samples)
                self._epoch, self._order = epoch, order.astype(np.int64)
            batches[i] = self._order[place * self.size : (place + 1) * self.size]
        return batches
