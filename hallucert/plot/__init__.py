"""Pictures of functions of two variables: the landscape SAM walks on, and the paper's construction for real data.

Axes in, axes out. Matplotlib loads when a picture is first drawn.
"""

from hallucert.plot.construction import construction
from hallucert.plot.landscape import landscape

__all__ = ["construction", "landscape"]
