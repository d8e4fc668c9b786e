"""Construct hallucinated minimizers of Sharpness-Aware Minimization, and prove what they are.

Importing this package is cheap: every public name loads what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
"""Certificates and checkpoints name it."""

_LAZY = {
    "Objective": "hallucert.objectives.objective",
    "TanhNetwork": "hallucert.objectives.network.tanh_network",
    "Candidate": "hallucert.find.candidate",
    "Branch": "hallucert.find.curves.records",
    "Sheet": "hallucert.find.curves.records",
    "Surface": "hallucert.find.curves.records",
    "RadiusLaw": "hallucert.objectives.radius_law",
    "certify": "hallucert.prove.certify",
    "certify_stall": "hallucert.prove.point",
    "Certificate": "hallucert.check.point.certificate",
    "LargeCertificate": "hallucert.check.large.certificate",
    "CycleCertificate": "hallucert.check.cycle.certificate",
    "BranchCertificate": "hallucert.check.branch.certificate",
    "SheetCertificate": "hallucert.check.sheet.certificate",
    "SurfaceCertificate": "hallucert.check.sheet.certificate",
    "load": "hallucert.check.file.files",
    "verify": "hallucert.prove.verify",
    "Verdict": "hallucert.check.file.verify",
    "Status": "hallucert.check.claim",
    "diagnose": "hallucert.diagnosis.diagnose",
    "prevalence": "hallucert.prove.prevalence",
    "Prevalence": "hallucert.prove.prevalence",
    "Shares": "hallucert.diagnosis.shares",
    "census": "hallucert.prove.census.census",
    "basins": "hallucert.prove.basins",
    "Basins": "hallucert.check.basins.certificate",
    "diagram": "hallucert.prove.diagram",
    "DiagramCertificate": "hallucert.check.branch.certificate",
    "Census": "hallucert.check.census.census",
    "safe_radius": "hallucert.prove.absence.radii",
    "critical_rho": "hallucert.prove.absence.radii",
}
_MODULES = {name: f"hallucert.{name}" for name in ("sam", "find", "gallery", "plot", "errors")}

__all__ = ["__version__", *_LAZY, *_MODULES]

if TYPE_CHECKING:
    from hallucert import errors as errors
    from hallucert import find as find
    from hallucert import gallery as gallery
    from hallucert import plot as plot
    from hallucert import sam as sam
    from hallucert.check.basins.certificate import Basins as Basins
    from hallucert.check.branch.certificate import BranchCertificate as BranchCertificate
    from hallucert.check.branch.certificate import DiagramCertificate as DiagramCertificate
    from hallucert.check.census.census import Census as Census
    from hallucert.check.claim import Status as Status
    from hallucert.check.cycle.certificate import CycleCertificate as CycleCertificate
    from hallucert.check.file.files import load as load
    from hallucert.check.file.verify import Verdict as Verdict
    from hallucert.check.large.certificate import LargeCertificate as LargeCertificate
    from hallucert.check.point.certificate import Certificate as Certificate
    from hallucert.check.sheet.certificate import SheetCertificate as SheetCertificate
    from hallucert.check.sheet.certificate import SurfaceCertificate as SurfaceCertificate
    from hallucert.diagnosis.diagnose import diagnose as diagnose
    from hallucert.diagnosis.shares import Shares as Shares
    from hallucert.find.candidate import Candidate as Candidate
    from hallucert.find.curves.records import Branch as Branch
    from hallucert.find.curves.records import Sheet as Sheet
    from hallucert.find.curves.records import Surface as Surface
    from hallucert.objectives.network.tanh_network import TanhNetwork as TanhNetwork
    from hallucert.objectives.objective import Objective as Objective
    from hallucert.objectives.radius_law import RadiusLaw as RadiusLaw
    from hallucert.prove.absence.radii import critical_rho as critical_rho
    from hallucert.prove.absence.radii import safe_radius as safe_radius
    from hallucert.prove.basins import basins as basins
    from hallucert.prove.census.census import census as census
    from hallucert.prove.certify import certify as certify
    from hallucert.prove.diagram import diagram as diagram
    from hallucert.prove.point import certify_stall as certify_stall
    from hallucert.prove.prevalence import Prevalence as Prevalence
    from hallucert.prove.prevalence import prevalence as prevalence
    from hallucert.prove.verify import verify as verify


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(import_module(_LAZY[name]), name)
    elif name in _MODULES:
        value = import_module(_MODULES[name])
    else:
        raise AttributeError(f"module 'hallucert' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
