"""Construct hallucinated minimizers of Sharpness-Aware Minimization, and prove what they are.

Importing this package is cheap: every public name loads what it needs when it is first used. Their types are in
`__init__.pyi`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

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
