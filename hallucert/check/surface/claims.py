"""Claims about a surface of hallucinated minimizers for a fixed rho (Theorem 3.1 in residual form).

=================  ====================================================================================================
``surface``        charts hold one connected smooth surface of global hallucinated minimizers, with edges or closed
``regular``        ``A = Dr(x+) J`` has full row rank at every point of the surface, with a bound
``theorem_3_2``    (C32) at every point; refuted: it fails at some point
``projected_c32``  (C32) on the row space of ``Dr(x+)`` at every point; refuted: it fails at some point
``attractor``      every eigenvalue of the tangent kernel ``K`` has positive real part at every point; refuted: at some
                   point one has negative real part
``topology``       closed surfaces: the Euler characteristic, which says what the surface is
=================  ====================================================================================================

A closed surface is compact, and isolated as ``A`` has full row rank: what `manifold` says of closed curves holds
for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hallucert.check.claim import Measured, Numbers
from hallucert.check.pieces.sentences import POINTWISE, Pieces, theorems
from hallucert.check.reason import Reason
from hallucert.check.surface.atlas import Atlas, check_atlas
from hallucert.check.surface.cell import ChartProof
from hallucert.check.surface.measures import measured_surface, published_least
from hallucert.check.surface.system import SurfaceSystem
from hallucert.check.surface.topology import euler_characteristic
from hallucert.clock import UNLIMITED, Clock

THEOREMS = theorems(
    {
        "surface": "Is there a surface of hallucinated minimizers along the sheet?",
        "regular": "Is the perturbation map regular at every point of the surface?",
        "theorem_3_2": "Does condition (C32) of Theorem 3.2 hold at every point of the surface?",
        "projected_c32": "Does (C32) hold on the row space of Dr(x+) at every point of the surface?",
        "attractor": "Does every point of the surface attract SAM?",
        "topology": "Which closed surface is it?",
    }
)
"""In the order in which they are claimed."""


def surface_claims(
    system: SurfaceSystem,
    atlas: Atlas,
    index: int,
    proofs: Sequence[ChartProof] | None = None,
    covers: Sequence[Sequence[int | None]] | None = None,
    clock: Clock = UNLIMITED,
) -> list[Measured[Pieces]] | str:
    """Prove everything about one atlas; return its claims, or what could not be proved of it.

    Parameters
    ----------
    system : SurfaceSystem
        The equation.
    atlas : Atlas
        The data.
    index : int
        Its number in the claims.
    proofs, covers, clock
        As for `check_atlas`.
    """
    proved = check_atlas(system, atlas, proofs, covers, clock)
    if isinstance(proved, str):
        return proved
    found = measured_surface(proved, clock)
    if isinstance(found, str):
        return found
    numbers = {"surface": found["gradient"], **{name: found[name] for name in POINTWISE}}
    claims = []
    for name, known in numbers.items():
        publish = published_least(-1 / system.exact_rho if name == "theorem_3_2" else Fraction(0))
        least: Numbers | Reason = Reason.PRECISION if known is None else known
        claims.append(Measured(THEOREMS[name], least, {"sheet": index}, publish))
    if proved.closed:
        number = euler_characteristic(proved, clock)
        claims.append(Measured(THEOREMS["topology"], number or Reason.PRECISION, {"sheet": index}))
    return claims
