"""How a theorem about a point becomes a claim, and which theorems there are.

Each theorem is a `Rule` in a file of its own: *measure* the numbers of the theorem by enclosures, from exact inputs
that a prover chose; *conclude* status and sentence from published numbers alone (see `hallucert.check.claim`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache, cached_property
from importlib import import_module
from typing import TypeVar

from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import Claim, Conclusion, Inputs, Measured, Numbers, Sentence, Status, Theorem
from hallucert.check.problem import AboutProblem, Balls, Point, Problem
from hallucert.check.reason import Reason
from hallucert.clock import UNLIMITED, Clock
from hallucert.objectives.radius_law import SAM, RadiusLaw

Vector = tuple[Fraction, ...]
Rows = tuple[Vector, ...]

T = TypeVar("T")


@dataclass(frozen=True)
class Witness:
    """Where and how existence is proved; or just a box, about all points of which something is claimed.

    The equation is ``G(z) = y(x0 + S z) = 0`` for ``z`` in the box ``|z_i| <= radius_i``, with ``y(x) = g(x+)``,
    ``S = I``; in residual form with ``y(x) = r(x+)`` and the `slice` ``S`` of shape (d, m), close to the transpose of
    ``Dr(x+)``. The `preconditioner` is close to the inverse of ``DG(0)``, or empty if nothing is solved. Somebody
    proposed it, and it is kept exactly. Nothing in a witness is trusted: a bad one only makes the proof fail.
    """

    centre: Vector
    slice: Rows | None
    radius: Vector
    preconditioner: Rows

    @property
    def solves(self) -> bool:
        """Whether it is the witness of a solution, not just a box."""
        return bool(self.preconditioner)

    @property
    def unknowns(self) -> int:
        """Number of unknowns ``z``."""
        return len(self.radius)

    @property
    def place(self) -> Sentence:
        """The box in words."""
        unknowns = None if self.slice is None else self.unknowns
        return Sentence("point.place", (min(self.radius), max(self.radius), unknowns))

    def box(self, arithmetic: BallArithmetic) -> Balls:
        """Return ``x0 +- radius``, `d` balls, if there is no slice."""
        return [arithmetic.interval(c - r, c + r) for c, r in zip(self.centre, self.radius, strict=True)]


@dataclass(frozen=True)
class Facts(AboutProblem):
    """What a statement may refer to besides its numbers: the problem, the witness, and the claims concluded so far."""

    problem: Problem
    witness: Witness
    claims: dict[str, Claim] = field(default_factory=dict)

    def proved(self, name: str) -> bool:
        """Tell whether the claim `name` is there and proved."""
        return name in self.claims and self.claims[name].status is Status.PROVED


@dataclass(frozen=True)
class Evidence:
    """What is enclosed about the proved point: ``x*`` lies in the box of `point`, around the `centre` of the witness.

    Claims that subdivide look at `max_boxes` at most, and give up when the `clock` says so; `claims` are proved.
    """

    point: Point
    centre: Vector = ()
    max_boxes: int = 1
    clock: Clock = UNLIMITED
    claims: Mapping[str, Claim] = field(default_factory=dict)

    @property
    def arithmetic(self) -> BallArithmetic:
        """The arithmetic of the proof."""
        arithmetic: BallArithmetic = self.point.arithmetic
        return arithmetic

    @property
    def residual_form(self) -> bool:
        """Whether existence was proved for ``r(x+) = 0``."""
        return self.point.problem.residual

    @cached_property
    def midpoint(self) -> list[Fraction]:
        """The midpoint of the enclosure of ``x*``."""
        return [self.arithmetic.midpoint(x) for x in self.point.x]

    def in_time(self, work: Callable[[], Mapping[str, T] | Reason]) -> Mapping[str, T] | Reason:
        """Do some work with an eye on the clock."""
        return self.clock.kept(work, Reason.TIME)


@dataclass(frozen=True, kw_only=True)
class Rule(Theorem[Facts]):
    """A theorem about a point, with what measures it: from evidence and inputs to enclosures, or why there are none.

    `questions` are those for variants of SAM, where they differ by more than the method's name. What `needs` names, a
    field of `hallucert.prove.claims.Hints`, has to be asked for or be proposed for the claim to be made. Only a point
    that is proved to exist in residual form has a claim that is `residual_only`.
    """

    measure: Callable[[Evidence, Inputs], Numbers | Reason]
    questions: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""
    residual_only: bool = False

    def about(self, law: RadiusLaw) -> Rule:
        """Return the rule with its question for a law of the ascent step."""
        question = self.questions.get(law.variant) or self.question.replace("SAM", law.name)
        return self if question == self.question else replace(self, question=question)

    def measured(self, evidence: Evidence, inputs: Inputs) -> Measured[Facts]:
        """Return the theorem, with its question, and its numbers."""
        rule = self.about(evidence.point.law)
        return Measured(rule, evidence.in_time(lambda: self.measure(evidence, inputs)), inputs)


_PLACES = {
    "existence": "point.existence",
    "nonstationary": "point.hallucinated_minimizer",
    "target": "point.hallucinated_minimizer",
    "regular": "point.perturbation",
    "hallucinated_minimizer": "point.hallucinated_minimizer",
    "sphere_type": "point.perturbation",
    "theorem_3_2": "attraction.theorem_3_2",
    "projected_c32": "attraction.projected_c32",
    "attractor": "attraction.attractor",
    "basin": "attraction.basin",
    "momentum": "attraction.momentum",
    "converges": "attraction.converges",
    "farthest_point": "region.farthest_point",
    "global_target": "region.global_target",
    "no_minimizer_near": "point.no_minimizer_near",
}
"""All claims about one point, in the order in which they build on each other.

Each module loads when it is needed; it has one ``RULE``, or one by the name of each of its claims.
"""


@cache
def _rule(place: str, name: str) -> Rule:
    module = import_module(f"hallucert.check.{place}")
    rule: Rule = getattr(module, name.upper(), None) or module.RULE
    return rule


@dataclass(frozen=True)
class Rules(Mapping[str, Rule]):
    """Some of the rules, by name, with their questions for a law of the ascent step."""

    names: tuple[str, ...]
    law: RadiusLaw = SAM
    places: Mapping[str, str] = field(default_factory=lambda: _PLACES)

    def __getitem__(self, name: str) -> Rule:
        if name not in self.names:
            raise KeyError(name)
        return _rule(self.places[name], name).about(self.law)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


OF_A_BOX = ("no_minimizer_near",)
"""Claims about every point of a box, where nothing is solved."""

OF_A_POINT = tuple(name for name in _PLACES if name not in OF_A_BOX)

OF_SAM = frozenset({"farthest_point"})
"""Claims that no other ascent step has."""

BY_NAME = Rules((*OF_A_POINT, *OF_A_BOX))


def rules_of(problem: Problem, of_a_box: bool = False) -> Rules:
    """Return the rules for a point of a problem, in order, or for all points of a box."""
    if problem.claims:
        return Rules(tuple(problem.claims), problem.law, problem.claims)
    names = OF_A_BOX if of_a_box else OF_A_POINT
    return Rules(tuple(name for name in names if problem.law == SAM or name not in OF_SAM), problem.law)


__all__ = ["Conclusion", "Evidence", "Facts", "Inputs", "Numbers", "Rule", "Witness"]
