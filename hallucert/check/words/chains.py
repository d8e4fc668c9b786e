"""Certificates of branches, diagrams, sheets and surfaces in print: what they are about, and their claims."""

from __future__ import annotations

from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.claim import MARKS, Status
from hallucert.check.file.chains import ChainCertificate
from hallucert.check.sheet.certificate import PiecesCertificate
from hallucert.decimals import decimal_enclosure, short_rational

SHOWN = 8
"""So many coordinates of a target are printed."""


def in_brackets(certificate: ChainCertificate) -> str:
    """Say in one line what a certificate is."""
    count = sum(claim.status is Status.PROVED for claim in certificate.all_claims)
    return (
        f"<{type(certificate).__name__} for {certificate.objective.name[:40]!r}: {len(certificate.lengths())} pieces, "
        f"{certificate.cells} cells, {count} claims proved>"
    )


def card(certificate: ChainCertificate) -> list[str]:
    """Say what the claims are about, and what is claimed.

    Parameters
    ----------
    certificate : ChainCertificate
        Of a branch, a diagram, a sheet or a surface.

    Returns
    -------
    list of str
        Lines of the card.
    """
    claims = (f"[{MARKS[claim.status]}] {claim}" for claim in certificate.all_claims)
    left = [] if certificate.unfinished is None else [str(certificate.unfinished)]
    return [*_subject(certificate), *claims, *left]


def _subject(certificate: ChainCertificate) -> list[str]:
    """Say where the target of a branch is, or which radius a sheet has."""
    if isinstance(certificate, PiecesCertificate):
        return [f"rho = {short_rational(certificate.rho)}"]
    if not isinstance(certificate, BranchCertificate):
        return []
    known = list(zip(certificate.objective.variables, certificate.box or (), strict=False))[:SHOWN]
    return [f"c: {name} in {decimal_enclosure(low, high, 17)}" for name, (low, high) in known]
