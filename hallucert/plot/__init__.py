"""Pictures: the landscape SAM walks on, the paper's construction for real data, planes in any dimension, and
bifurcation diagrams.

Axes in, axes out. Matplotlib loads when a picture is first drawn.
"""

from hallucert.plot.branches import branches
from hallucert.plot.census import census
from hallucert.plot.construction import construction
from hallucert.plot.landscape import landscape
from hallucert.plot.plane import plane
from hallucert.plot.radii import radii
from hallucert.plot.sheet import sheet

__all__ = ["branches", "census", "construction", "landscape", "plane", "radii", "sheet"]
