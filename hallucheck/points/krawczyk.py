"""Krawczyk's test. For a box `Z` with the middle `m`, and any matrix `C`,

    K(Z) = m - C G(m) + (I - C [DG(Z)]) (Z - m)    in the interior of `Z`

proves that `G` has exactly one zero in `Z`, that it lies in `K(Z)`, and that `DG` is nonsingular on `Z`.
"""

from __future__ import annotations

from collections.abc import Callable

from ..arithmetic.linear import Matrix, Vector, identity

SHARPENINGS = 12  # how often at most the test is repeated in the box that it left


def defect(preconditioner: Matrix, derivative: Matrix) -> Matrix:
    """`I - C D`."""
    return identity(len(derivative)) - preconditioner @ derivative


def krawczyk(value: Callable[[Vector], Vector], c: Matrix, derivative: Matrix, box: Vector) -> Vector:
    """`m - C G(m) + (I - C [DG(Z)]) (Z - m)` with `m` in the middle of a box `Z`; it holds all zeros in the box."""
    middle, steps = box.middle_and_steps()
    newton, rest = c @ value(middle), defect(c, derivative) @ steps
    return middle - newton + rest


def only_zero(
    value: Callable[[Vector], Vector], derivative: Callable[[Vector], Matrix], c: Matrix, box: Vector
) -> Vector | None:
    """A small box around the only zero of `G` in a box, or nothing if the test fails."""
    image = krawczyk(value, c, derivative(box), box)
    if not image.strictly_inside(box):
        return None
    for _ in range(SHARPENINGS):  # only to know it better; a step of Newton's method makes C better, too
        slopes = derivative(image)
        c = (c + defect(c, slopes) @ c).middles()
        before, image = image, krawczyk(value, c, slopes, image).meet(image)
        if not image.is_half(before):
            break
    return image
