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

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from hallucert.exact import decimal_above, decimal_below, decimal_enclosure
from hallucert.prove.claims import Claim, Enclosure, Status, undecided
from hallucert.prove.manifold_cell import CurveCellProof
from hallucert.prove.manifold_chain import CurveChain, ProvedChain, check_curve
from hallucert.prove.manifold_measures import measured_curve
from hallucert.prove.manifold_system import ManifoldSystem
from hallucert.prove.manifold_turning import total_turning
from hallucert.prove.reasons import Reason

Numbers = Mapping[str, Enclosure]
Conclusion = tuple[Status, str] | None

QUESTIONS = {
    "curve": "Is there a curve of hallucinated minimizers along the sheet?",
    "regular": "Is the perturbation map regular at every point of the curve?",
    "theorem_3_2": "Does condition (C32) of Theorem 3.2 hold at every point of the curve?",
    "projected_c32": "Does (C32) hold on the row space of Dr(x+) at every point of the curve?",
    "attractor": "Does every point of the curve attract SAM?",
    "turning": "How often does the tangent of the closed curve go round?",
}
"""The names of the claims, in the order in which they are made, and what they ask."""


@dataclass(frozen=True)
class SheetClaim:
    """A claim before its numbers are published.

    Attributes
    ----------
    name : str
        The claim.
    sheet : int
        Which chain of the certificate it is about, from 1.
    numbers : mapping of str to Enclosure, or None
        Rigorous enclosures; None if they could not be had.
    conclude : callable
        From published numbers to status and sentence, or None if they decide nothing.
    """

    name: str
    sheet: int
    numbers: Numbers | None
    conclude: Callable[[Numbers], Conclusion]

    def published(self, precision: int) -> Claim:
        """Make the claim."""
        if self.numbers is None:
            return self._undecided(Reason.PRECISION)
        numbers = {key: enclosure.published(precision) for key, enclosure in self.numbers.items()}
        conclusion = self.conclude(numbers)
        if conclusion is None:
            return self._undecided(Reason.STRADDLES)
        return Claim(self.name, *conclusion, numbers, {"sheet": self.sheet})

    def _undecided(self, reason: Reason) -> Claim:
        claim = undecided(self.name, QUESTIONS[self.name], reason)
        return Claim(claim.name, claim.status, claim.statement, inputs={"sheet": self.sheet}, reason=reason)

    def recheck(self, claim: Claim) -> str | None:
        """Return None if a published claim follows from these numbers, otherwise what does not."""
        if self.numbers is None:
            return "its numbers cannot be re-proved"
        if set(claim.numbers) != set(self.numbers):
            return f"its numbers must be {', '.join(sorted(self.numbers))}"
        for key, enclosure in self.numbers.items():
            if not claim.numbers[key].contains(enclosure):
                return f"{key} is in {enclosure}, which the published {claim.numbers[key]} does not contain"
        if self.conclude(claim.numbers) != (claim.status, claim.statement):
            return "its numbers show another statement"
        return None


def sheet_claims(
    system: ManifoldSystem,
    chain: CurveChain,
    index: int,
    proofs: Sequence[CurveCellProof] | None = None,
    deadline: float = math.inf,
) -> list[SheetClaim] | str:
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
    deadline : float
        As for `check_curve`.
    """
    proved = check_curve(system, chain, proofs, deadline)
    if isinstance(proved, str):
        return proved
    found = measured_curve(proved, deadline)
    if isinstance(found, str):
        return found
    about = _About(index, proved.closed, len(proved.proofs), system.rho)
    first = found.claims["curve"]
    curve = None if first is None else {**first, "length": found.length}
    claims = [SheetClaim("curve", index, curve, about.curve)]
    for name in ("regular", "theorem_3_2", "projected_c32", "attractor"):
        claims.append(SheetClaim(name, index, found.claims[name], getattr(about, name)))
    if proved.closed and system.objective.dimension == 2:
        claims.append(SheetClaim("turning", index, _turning(proved), about.turning))
    return claims


def _turning(chain: ProvedChain) -> Numbers | None:
    turns = total_turning(chain)
    return None if turns is None else {"turns": Enclosure(Fraction(turns), Fraction(turns))}


@dataclass(frozen=True)
class _About:
    """The sentences about one curve."""

    index: int
    closed: bool
    cells: int
    rho: Fraction

    def curve(self, numbers: Numbers) -> Conclusion:
        gradient, length = numbers["gradient_norm"], numbers["length"]
        if gradient.lower <= 0 or length.lower <= 0:
            return None
        what = "one smooth closed curve, gone round once" if self.closed else "one connected smooth curve"
        alone = " There are no other solutions in the cells." if self.closed else ""
        return Status.PROVED, (
            f"Sheet {self.index}: {self.cells} overlapping cells, each with exactly one arc of solutions of r(x+) = 0, "
            f"hold {what}, of length in {decimal_enclosure(length.lower, length.upper)}. Each of its points is a "
            f"global hallucinated minimizer for exactly this rho: r(x+) = 0 and the norm of grad f(x) is at least "
            f"{decimal_below(gradient.lower)}.{alone}"
        )

    def regular(self, numbers: Numbers) -> Conclusion:
        least = numbers["smallest_singular_value"]
        if least.lower <= 0:
            return None
        what = "the curve" if self.closed else "the curve and, at its ends, its continuation"
        return Status.PROVED, (
            f"At every point of sheet {self.index} A = Dr(x+) J(x) has full row rank (smallest singular value >= "
            f"{decimal_below(least.lower)}), so near it the solutions of r(x+) = 0 are nothing but {what}."
        )

    def theorem_3_2(self, numbers: Numbers) -> Conclusion:
        least, threshold = numbers["smallest_eigenvalue_sym_Du"], -1 / self.rho
        what = "the smallest eigenvalue of the symmetric part of Du"
        shown = decimal_enclosure(threshold, threshold)
        if least.upper < threshold:
            return Status.REFUTED, (
                f"Condition (C32) of Theorem 3.2 fails at some point of sheet {self.index}: {what} is there at most "
                f"{decimal_above(least.upper)}, below -1/rho, which is in {shown}."
            )
        if least.lower <= threshold:
            return None
        return Status.PROVED, (
            f"Condition (C32) of Theorem 3.2 holds at every point of sheet {self.index}: {what} is at least "
            f"{decimal_below(least.lower)}, above -1/rho, which is in {shown}.{self._whole('By Theorem 3.2 ')}"
        )

    def projected_c32(self, numbers: Numbers) -> Conclusion:
        least = numbers["smallest_projected_eigenvalue"]
        what = "the smallest eigenvalue of N^T (J + J^T)/2 N, N an orthonormal basis of the row space of Dr(x+), is"
        if least.upper < 0:
            return Status.REFUTED, (
                f"Condition (C32) fails even on the row space of Dr(x+) at some point of sheet {self.index}: {what} "
                f"there at most {decimal_above(least.upper)} < 0."
            )
        if least.lower <= 0:
            return None
        return Status.PROVED, (
            f"Condition (C32) holds on the row space of Dr(x+), where SAM moves, at every point of sheet {self.index}: "
            f"{what} at least {decimal_below(least.lower)} > 0.{self._whole('So ')}"
        )

    def attractor(self, numbers: Numbers) -> Conclusion:
        least = numbers["smallest_real_part"]
        if least.upper < 0:
            return Status.REFUTED, (
                f"Some point of sheet {self.index} repels SAM for every step eta > 0: some eigenvalue of the SAM "
                f"tangent kernel K = A B^T / n has real part at most {decimal_above(least.upper)} there."
            )
        if least.lower <= 0 or "step_bound" not in numbers or numbers["step_bound"].lower <= 0:
            return None
        step = decimal_below(numbers["step_bound"].lower)
        where = (
            f"SAM converges to a point of the curve from every start close enough to it, for every fixed step "
            f"0 < eta < {step}."
            if self.closed
            else f"for every fixed step 0 < eta < {step} SAM converges to a solution near x from every start close "
            f"enough to x."
        )
        return Status.PROVED, (
            f"Every point x of sheet {self.index} attracts SAM across the curve: every eigenvalue of the SAM tangent "
            f"kernel K = A B^T / n has real part at least {decimal_below(least.lower)} on it, so {where}"
        )

    def turning(self, numbers: Numbers) -> Conclusion:
        turns = numbers["turns"]
        for sign, way in ((1, "counterclockwise"), (-1, "clockwise")):
            if sign - Fraction(1, 2) < turns.lower <= sign <= turns.upper < sign + Fraction(1, 2):
                return Status.PROVED, (
                    f"The tangent of sheet {self.index} goes round exactly once, {way} in the order of its cells: its "
                    f"total turning is {'-' * (sign < 0)}1 times 2 pi."
                )
        return None

    def _whole(self, because: str) -> str:
        if not self.closed:
            return ""
        return (
            f" The curve is compact, connected and isolated from other minimizers of f(x+). {because}SAM converges to "
            f"it from every start close enough, for every small enough fixed step."
        )
