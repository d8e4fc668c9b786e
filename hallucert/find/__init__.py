"""Searches in floats: critical points, and the hallucinated points that belong to them.

Everything found here is a candidate, never evidence; `hallucert.certify` proves what can be proved about it.
"""

from hallucert.find.critical_points import CriticalPoint, CriticalPointKind, critical_points
from hallucert.find.farthest_point import farthest_point
from hallucert.find.hallucinate import hallucinate
from hallucert.find.on_sphere import on_sphere
from hallucert.find.refine import refine

__all__ = [
    "CriticalPoint",
    "CriticalPointKind",
    "critical_points",
    "farthest_point",
    "hallucinate",
    "on_sphere",
    "refine",
]
