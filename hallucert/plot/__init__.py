"""Pictures: the landscape SAM walks on, the paper's construction for real data, planes in any dimension, and
bifurcation diagrams.

Axes in, axes out. Matplotlib loads when a picture is first drawn.
"""

from hallucert.plot.cells import basins
from hallucert.plot.censuses import census
from hallucert.plot.certificate import certificate
from hallucert.plot.families import branches, sheet
from hallucert.plot.landscape import construction, landscape, radii
from hallucert.plot.layout import save
from hallucert.plot.plane import plane
from hallucert.plot.shares import prevalence

__all__ = [
    "basins",
    "branches",
    "census",
    "certificate",
    "construction",
    "landscape",
    "plane",
    "prevalence",
    "radii",
    "save",
    "sheet",
]
