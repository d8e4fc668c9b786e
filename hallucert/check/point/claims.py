"""All claims about one point, by name, in the order in which they build on each other; each loads when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

from hallucert.check.point.rule import Rule
from hallucert.objectives.radius_law import SAM, RadiusLaw

_MODULES = {
    "existence": "hallucert.check.point.existence",
    "nonstationary": "hallucert.check.point.nonstationary",
    "target": "hallucert.check.point.target",
    "regular": "hallucert.check.point.regular",
    "hallucinated_minimizer": "hallucert.check.point.hallucinated_minimizer",
    "sphere_type": "hallucert.check.point.sphere_type",
    "theorem_3_2": "hallucert.check.attraction.theorem_3_2",
    "projected_c32": "hallucert.check.attraction.projected_c32",
    "attractor": "hallucert.check.attraction.attractor",
    "basin": "hallucert.check.attraction.basin",
    "converges": "hallucert.check.attraction.converges",
    "farthest_point": "hallucert.check.region.farthest_point",
    "global_target": "hallucert.check.region.global_target",
    "no_minimizer_near": "hallucert.check.point.no_minimizer_near",
}


@dataclass(frozen=True)
class Rules(Mapping[str, Rule]):
    """Some of the rules, by name, with their questions for a law of the ascent step."""

    names: tuple[str, ...]
    law: RadiusLaw = SAM

    def __getitem__(self, name: str) -> Rule:
        if name not in self.names:
            raise KeyError(name)
        rule: Rule = import_module(_MODULES[name]).RULE
        return rule.about(self.law)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


OF_A_BOX = ("no_minimizer_near",)
"""Claims about every point of a box, where nothing is solved."""

OF_A_POINT = tuple(name for name in _MODULES if name not in OF_A_BOX)

OF_SAM = frozenset({"farthest_point"})
"""Claims that no other ascent step has."""

BY_NAME = Rules((*OF_A_POINT, *OF_A_BOX))
