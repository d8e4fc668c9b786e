"""How far the ascent step goes, and in which metric: SAM, USAM and ASAM as one law (theory of other ascent steps).

With ``g`` the gradient, ``H`` the Hessian and ``D`` a fixed positive diagonal,

    x+ = x + rho u,    u = D^2 g / s,    J = D x+ = I + (rho/s) T H,    T = D^2 - u u^T  (USAM: T = I)

===========  =======  ========  ===============================================================
variant      ``D``    ``s``     ``u``
===========  =======  ========  ===============================================================
``"sam"``    ``I``    ``|g|``   ``g / |g|``
``"usam"``   ``I``    ``1``     ``g``: the step is not normalised, and ``rho`` is no length
``"asam"``   given    ``|Dg|``  ``D^2 g / |D g|``, SAM in the metric of a diagonal that stays fixed
===========  =======  ========  ===============================================================

The matrix ``(1/s) T`` is the derivative of ``u`` by ``g``; it is symmetric. The multiplier of a hallucinated point is
``lambda = s / rho``: ``D^2 g = lambda (x+ - x)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from hallucert.arguments import checked_items
from hallucert.errors import ArgumentError, require
from hallucert.exact import Exact, exact

if TYPE_CHECKING:
    import numpy as np

    from hallucert.objectives.ascent import Ascent

VARIANTS = ("sam", "usam", "asam")


@dataclass(frozen=True)
class RadiusLaw:
    """The law of an ascent step.

    Parameters
    ----------
    variant : {"sam", "usam", "asam"}
        Its name.
    scales : sequence of exact positive numbers
        The diagonal of ``D``, one for each variable; for ``"asam"`` only. Kept as a tuple of fractions.

    Raises
    ------
    ArgumentError
        If the variant is unknown, or `scales` do not fit it.

    Examples
    --------
    >>> RadiusLaw("asam", ["1/2", 2]).scales
    (Fraction(1, 2), Fraction(2, 1))
    """

    variant: str = "sam"
    scales: tuple[Fraction, ...] = ()

    if TYPE_CHECKING:  # what may be given is more than what is kept

        def __init__(self, variant: str = "sam", scales: Sequence[Exact] | np.ndarray = ()) -> None: ...

    def __post_init__(self) -> None:
        if not isinstance(self.variant, str) or self.variant not in VARIANTS:
            raise ArgumentError("variant", self.variant, f"be one of {', '.join(VARIANTS)}")
        must = 'be a sequence of numbers for "asam", one a variable, and empty otherwise'
        items = checked_items(self.scales, "scales", must)
        require(bool(items) == (self.variant == "asam"), "scales", self.scales, must)
        scales = tuple(exact(item, "scales") for item in items)
        if any(not Fraction(10) ** -100 < scale < Fraction(10) ** 100 for scale in scales):
            raise ArgumentError("scales", self.scales, "lie between 1e-100 and 1e100")
        object.__setattr__(self, "scales", scales)

    @property
    def normalised(self) -> bool:
        """Whether the step has length `rho` in its metric, wherever the gradient is not zero."""
        return self.variant != "usam"

    @property
    def name(self) -> str:
        """The name of the method, in capitals."""
        return self.variant.upper()

    @cached_property
    def floats(self) -> Ascent:
        """The ascent step in floats."""
        from hallucert.objectives.ascent import Ascent  # no proof needs it

        return Ascent(self)


SAM = RadiusLaw()
