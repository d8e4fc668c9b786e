"""Claims, certificates and verdicts in print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hallucert.check.claim import MARKS, Claim, Enclosure, Saved, Status
from hallucert.check.reason import Reason
from hallucert.check.words.point import direction_of, step_of
from hallucert.decimals import decimal_below, decimal_enclosure, short_digits, short_rational
from hallucert.objectives.radius_law import SAM
from hallucert.objectives.writing import heading

if TYPE_CHECKING:
    from hallucert.check.file.verify import Verdict
    from hallucert.check.point.certificate import Certificate

COUNTS = frozenset({"negative_eigenvalues", "turns", "euler_characteristic"})
"""Numbers that are integers."""

LARGEST_COUNT = 10**18
"""Of anything: an interval around more says nothing, and Python does not print integers of any length."""


def claim_text(claim: Claim) -> str:
    """Return a claim with its numbers."""
    text = f"{claim.name}: {claim.status.upper()}. {short_digits(claim.statement)}"
    for key, enclosure in claim.numbers.items():
        text += f"\n    {key.replace('_', ' ')} {_printed(key, enclosure)}"
    if claim.reason is not None:
        text += f"\n    because {claim.reason.explanation}"
    return text


def _printed(key: str, enclosure: Enclosure) -> str:
    """Print where a number is; a count as the integer that it must be, or the integers that it may be."""
    fewest, most = math.ceil(enclosure.lower), math.floor(enclosure.upper)
    if key not in COUNTS or fewest > most or max(-fewest, most) > LARGEST_COUNT:
        return f"in {enclosure}"
    return f"= {fewest}" if fewest == most else f"from {fewest} to {most}"


def certificate_text(certificate: Saved) -> str:
    """Return the card of a certificate of any kind."""
    made = certificate.provenance
    by = f"by {made.backend_version} at {made.precision} bits, hallucert {made.hallucert}"
    return "\n".join([heading(certificate.objective), *certificate.card(), by])


def point_in_brackets(certificate: Certificate) -> str:
    """Say in one line what the certificate of a point is."""
    counts = {s: sum(c.status is s for c in certificate.all_claims) for s in Status}
    text = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    return f"<Certificate for {certificate.objective.name[:40]!r}, rho = {decimal_below(certificate.rho)}: {text}>"


def together(names: Sequence[str]) -> str:
    """Say in one sentence of all these claims that they are undecided, for want of a point."""
    return f"{', '.join(names)}: UNDECIDED, because {Reason.NEEDS_EXISTENCE.explanation}"


def card(certificate: Certificate) -> list[str]:
    """Say where the point is, and what is claimed; claims that lack a point stand together.

    Parameters
    ----------
    certificate : Certificate
        Of a point.

    Returns
    -------
    list of str
        Lines of the card.
    """
    law, labels, printed = certificate.law, _labels(certificate), certificate.printed
    step = "" if law == SAM else f", {law.name}: x+ = x + {step_of(law)}{direction_of(law)}"
    lines = [f"rho = {short_rational(certificate.rho)}{step}{certificate.problem.described}"]
    for name, (low, high) in zip(labels, printed, strict=False):
        lines.append(f"{name} in {decimal_enclosure(low, high, 17)}")
    if 0 < len(printed) < len(labels):
        lines.append(f"... and {len(labels) - len(printed)} more coordinates")
    pointless = [claim.name for claim in certificate.all_claims if claim.reason is Reason.NEEDS_EXISTENCE]
    lines += [f"[{MARKS[claim.status]}] {claim}" for claim in certificate.all_claims if claim.name not in pointless]
    if pointless:
        lines.append(f"[?] {together(pointless)}")
    return lines


def _labels(certificate: Certificate) -> list[str]:
    """Name the coordinates of a point, or of both points of a cycle."""
    names = certificate.objective.variables
    if certificate.problem.period == 1:
        return [f"{name}*" for name in names]
    return [f"{name} of {point}" for point in ("p", "q") for name in names]


def verdict_text(verdict: Verdict) -> str:
    """Return what became of every claim, and of all of them."""
    lines = [f"{heading(verdict.certificate.objective)}: checked with {verdict.backend} at {verdict.precision} bits"]
    for result in verdict.results:
        word = "re-proved" if result.passed else "NOT re-proved"
        if result.status is Status.UNDECIDED:
            word = "nothing claimed"
        lines.append(f"  {result.name} ({result.status}): {word}" + f". {result.message}" * bool(result.message))
    failed = sum(not result.passed for result in verdict.results)
    if failed:
        lines.append(f"{failed} of {verdict.asserted} claims could not be re-proved: do not rely on this certificate.")
    elif verdict.asserted:
        lines.append(f"All {verdict.asserted} claims re-proved.")
    else:
        lines.append("The certificate claims nothing.")
    return "\n".join(lines)
