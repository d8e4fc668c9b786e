"""What a certificate of a branch or a sheet alone says that a picture shows, in doubles.

Cells lie on the proved curves up to their thickness. Only pieces that a proved claim is about are drawn, and a part of
a branch attracts or repels only if a proved claim of stability covers its cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

import numpy as np

from hallucert.check.branch.cell import ATTRACTING, FOLD, REPELLING, UNDECIDED
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.claim import Claim, Status
from hallucert.check.file.chains import ChainCertificate
from hallucert.check.polygons import arc_points
from hallucert.check.sheet.certificate import PiecesCertificate, SurfaceCertificate
from hallucert.errors import require
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM

T = TypeVar("T")


def _claims(certificate: ChainCertificate, name: str, number: int) -> list[Claim]:
    """Return the proved claims of a name about one piece."""
    subject = "branch" if isinstance(certificate, BranchCertificate) else "sheet"
    return [c for c in certificate[name] if c.status is Status.PROVED and c.inputs.get(subject) == number]


def proved_pieces(certificate: ChainCertificate, pieces: Sequence[T]) -> list[tuple[int, T]]:
    """Return the pieces that are proved to be there, with their numbers, from 1."""
    return [(k, piece) for k, piece in enumerate(pieces, 1) if _claims(certificate, certificate.first_claim, k)]


# ---------------------------------------------------------------------- branches


def stretches(certificate: BranchCertificate) -> Iterator[tuple[str, np.ndarray]]:
    """Yield a stability and points in ``(x, lambda)``, for each stretch of proved or undecided stability."""
    for number, chain in proved_pieces(certificate, certificate.chains):
        claims = _claims(certificate, "stability", number)
        parts = [(_word(claims, i, part), link, part) for i, link in enumerate(chain.links, 1) for part in link.parts]
        for word, group in groupby(parts, lambda entry: entry[0]):
            yield word, np.concatenate([_arc(link, part) for _, link, part in group])


def _arc(link: Any, part: Any) -> np.ndarray:
    """Return points along the part of a cell's arc."""
    return arc_points(link.cell, part.tube.low, part.tube.high)


def _word(claims: list[Claim], cell: int, part: Any) -> str:
    """Return the stability of a part, if some claim is about its cell and says so."""
    attracting = {ATTRACTING: 1, REPELLING: 0}.get(part.stability)
    covered = any(
        claim.inputs["attracting"] == attracting and claim.inputs["first_cell"] <= cell <= claim.inputs["last_cell"]
        for claim in claims
    )
    return part.stability if covered else UNDECIDED


def folds(certificate: BranchCertificate, target: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the point in ``(x, lambda)`` of each proved fold: that of its part with the radius of the claim."""
    for number, chain in proved_pieces(certificate, certificate.chains):
        turning = [(link, part) for link in chain.links for part in link.parts if part.turning == FOLD]
        claims = [claim for claim in certificate["fold"] if claim.inputs.get("branch") == number]
        for claim, (link, part) in zip(claims, turning, strict=False):
            if claim.status is not Status.PROVED:
                continue
            z, rho = _arc(link, part), claim.numbers["rho"]
            radii = np.linalg.norm(z[:, :-1] - target, axis=1)
            yield z[np.abs(radii - float(rho.lower + rho.upper) / 2).argmin()]


def critical_ends(certificate: BranchCertificate) -> Iterator[np.ndarray]:
    """Yield the ends of branches at critical points of ``f``, in ``(x, lambda)``."""
    for _, chain in proved_pieces(certificate, certificate.chains):
        if chain.from_critical:
            yield _arc(chain.links[0], chain.links[0].parts[0])[0]
        if chain.to_critical:
            yield _arc(chain.links[-1], chain.links[-1].parts[-1])[-1]


# ---------------------------------------------------------------------- sheets


@dataclass(frozen=True)
class ProvedSheet:
    """Points of the proved pieces of a sheet and their targets (n, d); of a surface also its charts.

    A row of NaN parts the pieces of curves.
    """

    objective: Objective
    x: np.ndarray
    target: np.ndarray
    tangents: np.ndarray
    half_widths: np.ndarray
    attracts: bool

    def __len__(self) -> int:
        return len(self.x)


def proved_sheet(certificate: PiecesCertificate[Any]) -> ProvedSheet:
    """Return what is drawn of the certificate of a curve or surface; the targets are computed in floats."""
    f, d = certificate.objective, certificate.objective.dimension
    numbers = [number for number, _ in proved_pieces(certificate, certificate.pieces)]
    require(numbers, "sheet", certificate, "have a piece that is proved, to be drawn")
    tangents, half_widths = np.empty((0, d, 2)), np.empty(0)
    if isinstance(certificate, SurfaceCertificate):
        x, tangents, half_widths = certified_squares(certificate, d)
    else:
        gap = np.full((1, d), np.nan)
        x = np.concatenate([part for curve in proved_curves(certificate) for part in (gap, curve)])[1:]
    target = np.array([_target(f, row, float(certificate.rho)) for row in x])
    attracts = all(_claims(certificate, "attractor", number) for number in numbers)
    return ProvedSheet(f, x, target, tangents, half_widths, attracts)


def _target(f: Objective, x: np.ndarray, rho: float) -> np.ndarray:
    """Return ``x+``, of a row of NaN such a row."""
    return x if np.isnan(x).any() else x + SAM.floats.step(f.gradient(x), rho)


def proved_curves(certificate: Any) -> list[np.ndarray]:
    """Return the polygons of the pieces that are proved."""
    return [curve for _, curve in proved_pieces(certificate, certificate.curves)]


def certified_squares(certificate: Any, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return centres, tangents and half widths of proved charts; of ``(x, c, lambda)`` only ``x`` is drawn."""
    charts = [chart for _, atlas in proved_pieces(certificate, certificate.atlases) for chart in atlas.charts]
    x = np.array([[float(v) for v in chart.centre[:d]] for chart in charts]).reshape(-1, d)
    tangents = np.array([[[float(v) for v in row[:2]] for row in chart.frame[:d]] for chart in charts])
    return x, tangents.reshape(-1, d, 2), np.array([float(chart.half_width) for chart in charts])
