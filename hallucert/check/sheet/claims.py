"""Claims about a curve or a surface of hallucinated minimizers for a fixed rho (Theorem 3.1 in residual form).

=================  ====================================================================================================
``curve``          a chain of cells holds one connected smooth curve of global hallucinated minimizers, open or closed
``surface``        charts hold one connected smooth surface of global hallucinated minimizers, with edges or closed
``regular``        ``A = Dr(x+) J`` has full row rank at every point, with a bound
``theorem_3_2``    (C32) at every point; refuted: it fails at some point
``projected_c32``  (C32) on the row space of ``Dr(x+)`` at every point; refuted: it fails at some point
``attractor``      every eigenvalue of the tangent kernel ``K`` has positive real part at every point; refuted: at some
                   point one has negative real part
``turning``        closed curves in the plane: the tangent goes round once
``topology``       closed surfaces: the Euler characteristic, which says what the surface is
=================  ====================================================================================================

A closed curve or surface is compact, and ``A`` of full row rank isolates it: near it ``grad f^SAM = A^T r(x+)/n``
vanishes only where ``r(x+) = 0``, on it. So Theorem 3.2 speaks about the whole of it. And if every point attracts, for
a fixed step below the least step bound, the starts that converge to a point near a given one fill a ball around it;
finitely many of the balls cover it: SAM converges to it from every start close enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from hallucert.check.claim import Conclusion, Enclosure, Inputs, Measured, Numbers, Sentence, Status, Theorem
from hallucert.check.reason import Reason
from hallucert.check.sheet.curve import CurveChain, CurveSystem, ProvedChain, check_curve, total_turning
from hallucert.check.sheet.measures import (
    Length,
    Measures,
    measured_curve,
    measured_surface,
    threshold,
)
from hallucert.check.sheet.surface_atlas import Atlas, ProvedAtlas, check_atlas
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.clock import UNLIMITED, Clock

POINTWISE = ("regular", "theorem_3_2", "projected_c32", "attractor")
"""The claims that say something of every point, in their order."""


@dataclass(frozen=True)
class Pieces:
    """What the sentences speak of: sheets 1, 2, .. are the pieces of a certificate.

    `noun` is ``"curve"`` or ``"surface"``. Of each piece `pieces` tells whether it has no ends or edges, and the number
    of its cells or charts.
    """

    rho: Fraction
    noun: str
    pieces: tuple[tuple[bool, int], ...]

    @classmethod
    def of(cls, rho: Fraction, noun: str, pieces: Sequence[CurveChain | Atlas]) -> Pieces:
        """Return what sentences about some chains or atlases speak of."""
        return cls(rho, noun, tuple((piece.closed, len(piece)) for piece in pieces))


@dataclass(frozen=True)
class About:
    """What numbers show about one curve or surface, the `index`-th of its certificate, counted from 1."""

    index: int
    closed: bool
    cells: int
    rho: Fraction
    noun: str

    def says(self, name: str, numbers: Numbers, *how: object) -> Sentence:
        """Return the sentence of a claim."""
        return Sentence(f"sheet.{name}", (self, numbers, *how))

    def curve(self, numbers: Numbers) -> Conclusion | None:
        positive = numbers["gradient_norm"].lower > 0 and numbers["length"].lower > 0
        return (Status.PROVED, self.says("curve", numbers)) if positive else None

    def surface(self, numbers: Numbers) -> Conclusion | None:
        return (Status.PROVED, self.says("surface", numbers)) if numbers["gradient_norm"].lower > 0 else None

    def regular(self, numbers: Numbers) -> Conclusion | None:
        positive = numbers["smallest_singular_value"].lower > 0
        return (Status.PROVED, self.says("regular", numbers)) if positive else None

    def theorem_3_2(self, numbers: Numbers) -> Conclusion | None:
        least, threshold = numbers["smallest_eigenvalue_sym_Du"], -1 / self.rho
        if least.upper < threshold:
            return Status.REFUTED, self.says("c32_fails", numbers)
        return None if least.lower <= threshold else (Status.PROVED, self.says("c32_holds", numbers))

    def projected_c32(self, numbers: Numbers) -> Conclusion | None:
        least = numbers["smallest_projected_eigenvalue"]
        if least.upper < 0:
            return Status.REFUTED, self.says("projected_fails", numbers)
        return None if least.lower <= 0 else (Status.PROVED, self.says("projected_holds", numbers))

    def attractor(self, numbers: Numbers) -> Conclusion | None:
        least = numbers["smallest_real_part"]
        if least.upper < 0:
            return Status.REFUTED, self.says("repels", numbers)
        if least.lower <= 0 or "step_bound" not in numbers or numbers["step_bound"].lower <= 0:
            return None
        return Status.PROVED, self.says("attracts", numbers)

    def turning(self, numbers: Numbers) -> Conclusion | None:
        turns = numbers["turns"]
        for sign in (1, -1):
            if sign - Fraction(1, 2) < turns.lower <= sign <= turns.upper < sign + Fraction(1, 2):
                return Status.PROVED, self.says("turning", numbers, sign)
        return None

    def topology(self, numbers: Numbers) -> Conclusion | None:
        number = numbers["euler_characteristic"]
        genus = round(1 - number.lower / 2)
        count = 2 - 2 * genus
        if genus < 0 or not count - Fraction(1, 2) < number.lower <= count <= number.upper < count + Fraction(1, 2):
            return None
        return Status.PROVED, self.says("topology", numbers, count)


NUMBERS: Mapping[str, tuple[frozenset[str], ...]] = {
    "curve": (frozenset({"gradient_norm", "length"}),),
    "surface": (frozenset({"gradient_norm"}),),
    "regular": (frozenset({"smallest_singular_value"}),),
    "theorem_3_2": (frozenset({"smallest_eigenvalue_sym_Du"}),),
    "projected_c32": (frozenset({"smallest_projected_eigenvalue"}),),
    "attractor": (frozenset({"smallest_real_part", "step_bound"}), frozenset({"smallest_real_part"})),
    "turning": (frozenset({"turns"}),),
    "topology": (frozenset({"euler_characteristic"}),),
}
"""The numbers that each claim may have."""


def _theorems(noun: str, last: str, question: str) -> dict[str, Theorem[Pieces]]:
    """Return the theorems about curves or surfaces, in the order in which they are claimed."""
    questions = {
        noun: f"Is there a {noun} of hallucinated minimizers along the sheet?",
        "regular": f"Is the perturbation map regular at every point of the {noun}?",
        "theorem_3_2": f"Does condition (C32) of Theorem 3.2 hold at every point of the {noun}?",
        "projected_c32": f"Does (C32) hold on the row space of Dr(x+) at every point of the {noun}?",
        "attractor": f"Does every point of the {noun} attract SAM?",
        last: question,
    }
    return {
        name: Theorem(
            name=name,
            question=question,
            conclude=partial(_conclude, name),
            numbers=NUMBERS[name],
            inputs=({"sheet": "integer"},),
            subject="sheet",
        )
        for name, question in questions.items()
    }


def _conclude(name: str, about: Pieces, numbers: Numbers, inputs: Inputs) -> Conclusion:
    closed, cells = about.pieces[inputs["sheet"] - 1]
    sentences = About(inputs["sheet"], closed, cells, about.rho, about.noun)
    conclusion: Conclusion | None = getattr(sentences, name)(numbers)
    return Reason.STRADDLES if conclusion is None else conclusion


THEOREMS = {
    "curve": _theorems("curve", "turning", "How often does the tangent of the closed curve go round?"),
    "surface": _theorems("surface", "topology", "Which closed surface is it?"),
}
"""For a curve and for a surface the theorems about it, by name, in the order in which they are claimed."""


def checked_curve(
    system: CurveSystem, chain: CurveChain, index: int, clock: Clock = UNLIMITED
) -> list[Measured[Pieces]] | str:
    """Prove everything about one chain, the `index`-th; return its claims, or what could not be proved of it."""
    proved = check_curve(system, chain, clock=clock)
    if isinstance(proved, str):
        return proved
    found = measured_curve(proved, chain.cuts, system.rho, clock)
    return found if isinstance(found, str) else curve_claims(proved, *found, index)


def checked_surface(
    system: SurfaceSystem, atlas: Atlas, index: int, clock: Clock = UNLIMITED
) -> list[Measured[Pieces]] | str:
    """Prove everything about one atlas, the `index`-th; return its claims, or what could not be proved of it."""
    proved = check_atlas(system, atlas, clock)
    if isinstance(proved, str):
        return proved
    found = measured_surface(proved, atlas.cuts, system.exact_rho, clock)
    return found if isinstance(found, str) else surface_claims(proved, found, index, clock)


def curve_claims(chain: ProvedChain, measures: Measures, length: Length, index: int) -> list[Measured[Pieces]]:
    """Return what follows for a proved chain that was measured."""
    system = chain.proofs[0].system
    claims = _pointwise("curve", system.rho, measures, index)
    if not isinstance(whole := claims[0].numbers, Reason):
        claims[0] = replace(claims[0], numbers={**whole, "length": Enclosure(length.low, length.high)})
    if chain.closed and system.objective.dimension == 2:
        claims.append(_counted("curve", "turning", {"turns": total_turning(chain)}, index))
    return claims


def surface_claims(atlas: ProvedAtlas, measures: Measures, index: int, clock: Clock) -> list[Measured[Pieces]]:
    """Return what follows for a proved atlas that was measured."""
    claims = _pointwise("surface", atlas.proofs[0].system.exact_rho, measures, index)
    if atlas.closed:
        from hallucert.check.sheet.topology import euler_characteristic

        count = euler_characteristic(atlas, clock)
        claims.append(_counted("surface", "topology", {"euler_characteristic": count}, index))
    return claims


def _pointwise(noun: str, rho: Fraction, measures: Measures, index: int) -> list[Measured[Pieces]]:
    """Return that there is a piece, and what holds at each of its points."""
    claims = []
    for name in (noun, *POINTWISE):
        asked = "gradient" if name == noun else name
        numbers, inputs = measures.numbers(asked), {"sheet": index}
        claims.append(Measured(THEOREMS[noun][name], numbers, inputs, threshold(name, rho)))
    return claims


def _counted(noun: str, name: str, counts: Mapping[str, int | None], index: int) -> Measured[Pieces]:
    """Return a claim about a number that was counted exactly, if it could be had."""
    known = {key: Enclosure(Fraction(n), Fraction(n)) for key, n in counts.items() if n is not None}
    return Measured(THEOREMS[noun][name], known or Reason.PRECISION, {"sheet": index})
