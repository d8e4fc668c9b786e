"""The claims about a curve or surface of hallucinated minimizers: their numbers, and the sentences that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from hallucert.check.attraction.theorem_3_2 import above_threshold, below_threshold
from hallucert.check.claim import Conclusion, Inputs, Numbers, Status, Theorem
from hallucert.check.reason import Reason
from hallucert.exact import decimal_above, decimal_below, decimal_enclosure

POINTWISE = ("regular", "theorem_3_2", "projected_c32", "attractor")
"""The claims that say something of every point, in their order."""


@dataclass(frozen=True)
class Pieces:
    """What the sentences speak of: sheets 1, 2, .. are the pieces of a certificate.

    Attributes
    ----------
    rho : Fraction
        The radius.
    noun : str
        ``"curve"`` or ``"surface"``.
    pieces : tuple of (bool, int)
        Of each piece whether it has no ends or edges, and the number of its cells or charts.
    """

    rho: Fraction
    noun: str
    pieces: tuple[tuple[bool, int], ...]


@dataclass(frozen=True)
class About:
    """The sentences about one curve or surface.

    Attributes
    ----------
    index : int
        Its number, from 1.
    closed : bool
        Whether it has no ends or edges.
    cells : int
        The number of cells or charts.
    rho : Fraction
        The radius.
    noun : str
        ``"curve"`` or ``"surface"``.
    """

    index: int
    closed: bool
    cells: int
    rho: Fraction
    noun: str

    def curve(self, numbers: Numbers) -> Conclusion | None:
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

    def surface(self, numbers: Numbers) -> Conclusion | None:
        gradient = numbers["gradient_norm"]
        if gradient.lower <= 0:
            return None
        what = "one smooth closed surface" if self.closed else "one connected smooth surface"
        whole = " It is a whole component of the solutions." if self.closed else ""
        charts = f"{self.cells} overlapping charts" if self.cells > 1 else "1 chart"
        return Status.PROVED, (
            f"Sheet {self.index}: {charts}, each with exactly one patch of solutions of r(x+) = 0, hold {what}. Each "
            f"of its points is a global hallucinated minimizer for exactly this rho: r(x+) = 0 and the norm of "
            f"grad f(x) is at least {decimal_below(gradient.lower)}.{whole}"
        )

    def regular(self, numbers: Numbers) -> Conclusion | None:
        least = numbers["smallest_singular_value"]
        if least.lower <= 0:
            return None
        end = "ends" if self.noun == "curve" else "edges"
        what = f"the {self.noun}" if self.closed else f"the {self.noun} and, at its {end}, its continuation"
        return Status.PROVED, (
            f"At every point of sheet {self.index} A = Dr(x+) J(x) has full row rank (smallest singular value >= "
            f"{decimal_below(least.lower)}), so near it the solutions of r(x+) = 0 are nothing but {what}."
        )

    def theorem_3_2(self, numbers: Numbers) -> Conclusion | None:
        least, threshold = numbers["smallest_eigenvalue_sym_Du"], -1 / self.rho
        what = "the smallest eigenvalue of the symmetric part of Du"
        if least.upper < threshold:
            return Status.REFUTED, (
                f"Condition (C32) of Theorem 3.2 fails at some point of sheet {self.index}: {what} is there at most "
                f"{below_threshold(least, self.rho)}."
            )
        if least.lower <= threshold:
            return None
        return Status.PROVED, (
            f"Condition (C32) of Theorem 3.2 holds at every point of sheet {self.index}: {what} is at least "
            f"{above_threshold(least, self.rho)}.{self._whole('By Theorem 3.2 ')}"
        )

    def projected_c32(self, numbers: Numbers) -> Conclusion | None:
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

    def attractor(self, numbers: Numbers) -> Conclusion | None:
        least = numbers["smallest_real_part"]
        if least.upper < 0:
            return Status.REFUTED, (
                f"Some point x of sheet {self.index} repels SAM: some eigenvalue of the SAM tangent kernel "
                f"K = A B^T / n has real part at most {decimal_above(least.upper)} there, so for every fixed step "
                f"eta > 0 there is a neighbourhood of x which SAM leaves from almost every start in it."
            )
        if least.lower <= 0 or "step_bound" not in numbers or numbers["step_bound"].lower <= 0:
            return None
        step = decimal_below(numbers["step_bound"].lower)
        where = (
            f"SAM converges to a point of the {self.noun} from every start close enough to it, for every fixed step "
            f"0 < eta < {step}."
            if self.closed
            else f"for every fixed step 0 < eta < {step} SAM converges to a solution near x from every start close "
            f"enough to x."
        )
        return Status.PROVED, (
            f"Every point x of sheet {self.index} attracts SAM across the {self.noun}: every eigenvalue of the SAM "
            f"tangent kernel K = A B^T / n has real part at least {decimal_below(least.lower)} on it, so {where}"
        )

    def turning(self, numbers: Numbers) -> Conclusion | None:
        turns = numbers["turns"]
        for sign, way in ((1, "counterclockwise"), (-1, "clockwise")):
            if sign - Fraction(1, 2) < turns.lower <= sign <= turns.upper < sign + Fraction(1, 2):
                return Status.PROVED, (
                    f"The tangent of sheet {self.index} goes round exactly once, {way} in the order of its cells: its "
                    f"total turning is {'-' * (sign < 0)}1 times 2 pi."
                )
        return None

    def topology(self, numbers: Numbers) -> Conclusion | None:
        number = numbers["euler_characteristic"]
        count = round((number.lower + number.upper) / 2)
        if (
            count > 2
            or count % 2
            or not count - Fraction(1, 2) < number.lower <= count <= number.upper < count + Fraction(1, 2)
        ):
            return None
        kinds = {2: "a sphere", 0: "a torus"}
        what = kinds.get(count, f"a closed orientable surface of genus {1 - count // 2}")
        return Status.PROVED, f"As a surface, sheet {self.index} is {what}: its Euler characteristic is {count}."

    def _whole(self, because: str) -> str:
        if not self.closed:
            return ""
        return (
            f" The {self.noun} is compact, connected and isolated from other minimizers of f(x+). {because}SAM "
            f"converges to it from every start close enough, for every small enough fixed step."
        )


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


def theorems(questions: Mapping[str, str]) -> dict[str, Theorem[Pieces]]:
    """Return the theorems that answer some questions, by the names of their sentences."""
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
