"""Searches in floats: critical points, the hallucinated points that belong to them, and their branches in rho.

Everything found here is a candidate, never evidence; `hallucert.certify` proves what can be proved about it. Every
public function is `quiet`: inside, NaN and infinities are data, as where a function is not defined.
"""

from hallucert.find.batches import BatchCandidate
from hallucert.find.critical_points import CriticalPoint, CriticalPointKind, critical_points
from hallucert.find.curves.branch import branch, branches, on_branch, switch_branch
from hallucert.find.curves.sheet import sheet
from hallucert.find.decay import DecayCandidate
from hallucert.find.farthest.farthest_point import farthest_point
from hallucert.find.refine import hallucinate, refine
from hallucert.find.spheres.on_sphere import on_sphere
from hallucert.find.two_cycle import TwoCycle, two_cycle

__all__ = [
    "BatchCandidate",
    "CriticalPoint",
    "CriticalPointKind",
    "DecayCandidate",
    "TwoCycle",
    "branch",
    "branches",
    "critical_points",
    "farthest_point",
    "hallucinate",
    "on_branch",
    "on_sphere",
    "refine",
    "sheet",
    "switch_branch",
    "two_cycle",
]
