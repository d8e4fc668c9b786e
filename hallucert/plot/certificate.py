"""The picture of a certificate, from it alone, and as a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hallucert.arguments import quiet
from hallucert.check.basins.certificate import Basins
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.census.census import Census
from hallucert.check.point.certificate import Certificate
from hallucert.check.sheet.certificate import PiecesCertificate, SurfaceCertificate
from hallucert.errors import ArgumentError
from hallucert.objectives.radius_law import SAM
from hallucert.plot import canvas, layout
from hallucert.plot.cells import basins
from hallucert.plot.censuses import census
from hallucert.plot.families import branches, sheet
from hallucert.plot.landscape import landscape
from hallucert.plot.layout import Axes


@quiet
def certificate(certificate: canvas.Found, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw what a certificate proves, from it alone: branches, sheets, a census, basins, or a point on its landscape.

    Parameters
    ----------
    certificate : Certificate, BranchCertificate, SheetCertificate, SurfaceCertificate, Census or Basins
        Such as from `hallucert.load`. Points and censuses need one or two variables. Of a point the window shows
        ``x*``, its target and the ascent step between them, for SAM with ``f^SAM`` and its field.
    ax : Axes, optional
        Where to draw; new axes by default.
    title : str, optional
        Title of the axes.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ArgumentError
        If there is no picture of such a certificate, or another argument is not as above.
    """
    match certificate:
        case BranchCertificate():
            return branches(certificate, ax=ax, title=title)
        case PiecesCertificate():
            return sheet(certificate, ax=ax, title=title)
        case Basins():
            return basins(certificate, ax=ax, title=title)
        case Census() if certificate.problem.f.dimension <= 2:
            return census(certificate, ax=ax, title=title)
        case Certificate() if certificate.objective.dimension <= 2:
            (point,) = canvas.checked_points(certificate, certificate.objective.dimension)
            half = 0.9 * max(float(np.linalg.norm(point.plus - point.x)), 1e-300)
            middle = (point.x + point.plus) / 2
            window = np.stack([middle - half, middle + half], axis=1)
            rho = certificate.rho if certificate.law == SAM else None
            return landscape(certificate.objective, window, rho, ax, certificate, title=title)
        case Certificate() | Census():
            f = certificate.problem.f if isinstance(certificate, Census) else certificate.objective
            was = f"<certificate of kind {certificate.kind}, of {f.dimension} variables>"
            raise ArgumentError("certificate", was, "have one or two variables to be drawn")
    raise ArgumentError("certificate", certificate, "be a certificate")


def save_certificate(found: canvas.Found, path: Path, size: tuple[float, float] = layout.SIZE) -> None:
    """Write the picture of a certificate as PDF, SVG or PNG, by the suffix of `path`, of so many inches."""
    projection = "3d" if isinstance(found, SurfaceCertificate) else None
    _, ((ax,),) = canvas.windowless(1, 1, size, projection=projection)
    layout.save(certificate(found, ax), path)
