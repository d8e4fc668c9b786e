"""Claims about a curve of hallucinated minimizers for a fixed rho (Theorem 3.1 in residual form).

=================  ====================================================================================================
``curve``          a chain of cells holds one connected smooth curve of global hallucinated minimizers, open or closed
``regular``        ``A = Dr(x+) J`` has full row rank at every point of the curve, with a bound
``theorem_3_2``    (C32) at every point; refuted: it fails at some point
``projected_c32``  (C32) on the row space of ``Dr(x+)`` at every point; refuted: it fails at some point
``attractor``      every eigenvalue of the tangent kernel ``K`` has positive real part at every point; refuted: at some
                   point one has negative real part
``turning``        closed curves in the plane: the tangent goes round once
=================  ====================================================================================================

A closed curve is compact, and ``A`` of full row rank isolates it: near it ``grad f^SAM = A^T r(x+)/n`` vanishes only
where ``r(x+) = 0``, on the curve. So Theorem 3.2 speaks about the whole curve. And if every point attracts, for a fixed
step below the least step bound, the starts that converge to a point near a given one fill a ball around it; finitely
many of the balls cover the curve: SAM converges to the curve from every start close enough to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hallucert.check.claim import Enclosure, Measured
from hallucert.check.pieces.sentences import POINTWISE, Pieces, theorems
from hallucert.check.reason import Reason
from hallucert.check.sheet.cell import CurveCellProof
from hallucert.check.sheet.chain import CurveChain, ProvedChain, check_curve
from hallucert.check.sheet.measures import measured_curve
from hallucert.check.sheet.system import ManifoldSystem
from hallucert.check.sheet.turning import total_turning
from hallucert.clock import UNLIMITED, Clock

THEOREMS = theorems(
    {
        "curve": "Is there a curve of hallucinated minimizers along the sheet?",
        "regular": "Is the perturbation map regular at every point of the curve?",
        "theorem_3_2": "Does condition (C32) of Theorem 3.2 hold at every point of the curve?",
        "projected_c32": "Does (C32) hold on the row space of Dr(x+) at every point of the curve?",
        "attractor": "Does every point of the curve attract SAM?",
        "turning": "How often does the tangent of the closed curve go round?",
    }
)
"""In the order in which they are claimed."""


def sheet_claims(
    system: ManifoldSystem,
    chain: CurveChain,
    index: int,
    proofs: Sequence[CurveCellProof] | None = None,
    clock: Clock = UNLIMITED,
) -> list[Measured[Pieces]] | str:
    """Prove everything about one chain; return its claims, or what could not be proved of it.

    Parameters
    ----------
    system : ManifoldSystem
        The equation.
    chain : CurveChain
        The data.
    index : int
        Its number in the claims.
    proofs : sequence of CurveCellProof, optional
        As for `check_curve`.
    clock : Clock
        As for `check_curve`.
    """
    proved = check_curve(system, chain, proofs, clock)
    if isinstance(proved, str):
        return proved
    found = measured_curve(proved, clock)
    if isinstance(found, str):
        return found
    first = found.claims["gradient"]
    numbers = {name: found.claims[name] for name in POINTWISE}
    numbers = {"curve": None if first is None else {**first, "length": found.length}, **numbers}
    if proved.closed and system.objective.dimension == 2:
        numbers["turning"] = _turning(proved)
    return [
        Measured(THEOREMS[name], Reason.PRECISION if known is None else known, {"sheet": index})
        for name, known in numbers.items()
    ]


def _turning(chain: ProvedChain) -> dict[str, Enclosure] | None:
    turns = total_turning(chain)
    return None if turns is None else {"turns": Enclosure(Fraction(turns), Fraction(turns))}
