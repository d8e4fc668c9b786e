"""The public names, for type checkers."""

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

__version__: str
__all__: list[str]
