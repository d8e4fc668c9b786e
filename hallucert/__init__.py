"""Construct hallucinated minimizers of Sharpness-Aware Minimization, and prove what they are.

Importing this package is cheap: every public name loads what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_LAZY = {
    "Objective": "hallucert.objectives.objective",
    "TanhNetwork": "hallucert.objectives.network",
    "Candidate": "hallucert.candidate",
    "Branch": "hallucert.branch",
    "Sheet": "hallucert.sheet",
    "Surface": "hallucert.surface",
    "RadiusLaw": "hallucert.radius_law",
    "certify": "hallucert.certification",
    "certify_stall": "hallucert.stall",
    "Certificate": "hallucert.certificate.certificate",
    "BranchCertificate": "hallucert.certificate.branch",
    "SheetCertificate": "hallucert.certificate.sheet",
    "SurfaceCertificate": "hallucert.certificate.surface",
    "load": "hallucert.certificate.reading",
    "verify": "hallucert.verification",
    "Verdict": "hallucert.certificate.verify",
    "Status": "hallucert.prove.claims",
    "diagnose": "hallucert.diagnosis",
    "census": "hallucert.completeness",
    "diagram": "hallucert.complete_diagram",
    "DiagramCertificate": "hallucert.certificate.diagram",
    "Census": "hallucert.prove.census",
    "safe_radius": "hallucert.absence",
    "critical_rho": "hallucert.absence",
}
_MODULES = ("sam", "find", "gallery", "plot", "errors")

__all__ = ["__version__", *_LAZY, *_MODULES]

if TYPE_CHECKING:
    from hallucert import errors as errors
    from hallucert import find as find
    from hallucert import gallery as gallery
    from hallucert import plot as plot
    from hallucert import sam as sam
    from hallucert.absence import critical_rho as critical_rho
    from hallucert.absence import safe_radius as safe_radius
    from hallucert.branch import Branch as Branch
    from hallucert.candidate import Candidate as Candidate
    from hallucert.certificate.branch import BranchCertificate as BranchCertificate
    from hallucert.certificate.certificate import Certificate as Certificate
    from hallucert.certificate.diagram import DiagramCertificate as DiagramCertificate
    from hallucert.certificate.reading import load as load
    from hallucert.certificate.sheet import SheetCertificate as SheetCertificate
    from hallucert.certificate.surface import SurfaceCertificate as SurfaceCertificate
    from hallucert.certificate.verify import Verdict as Verdict
    from hallucert.certification import certify as certify
    from hallucert.complete_diagram import diagram as diagram
    from hallucert.completeness import census as census
    from hallucert.diagnosis import diagnose as diagnose
    from hallucert.objectives.network import TanhNetwork as TanhNetwork
    from hallucert.objectives.objective import Objective as Objective
    from hallucert.prove.census import Census as Census
    from hallucert.prove.claims import Status as Status
    from hallucert.radius_law import RadiusLaw as RadiusLaw
    from hallucert.sheet import Sheet as Sheet
    from hallucert.stall import certify_stall as certify_stall
    from hallucert.surface import Surface as Surface
    from hallucert.verification import verify as verify


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(import_module(_LAZY[name]), name)
    elif name in _MODULES:
        value = import_module(f"hallucert.{name}")
    else:
        raise AttributeError(f"module 'hallucert' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
