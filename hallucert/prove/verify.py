"""Verify: re-prove a certificate, and show on a terminal how far that is.

The checker is `hallucert.check.file.verify`, which shows nothing: it reports to the clock that it is handed.
"""

from __future__ import annotations

from os import PathLike

from hallucert.arguments import checked_seconds, checked_whole, quiet
from hallucert.check.claim import Saved
from hallucert.check.file import verify as checker
from hallucert.check.file.verify import BUDGET, MAX_BOXES, Verdict
from hallucert.clock import Progress, working


@quiet
def verify(
    source: str | PathLike[str] | Saved,
    backend: str | None = None,
    max_boxes: int = MAX_BOXES,
    budget: float = BUDGET,
    *,
    progress: Progress = None,
) -> Verdict:
    """Prove every claim of a certificate again.

    Parameters
    ----------
    source : path, or a certificate of any kind
        Usually a file.
    backend : {"mpmath", "arb"}, optional
        The arithmetic; by default the one that did not make the certificate.
    max_boxes : int
        Budget of each claim that subdivides (`farthest_point`, `global_target`); a census gets 20 times as many.
    budget : float
        Seconds after which no further claim is checked, and subdivisions give up; what is left is not re-proved.
    progress : bool or callable, optional
        As for `hallucert.certify`.

    Returns
    -------
    Verdict
        True if and only if every claim that the certificate makes was proved again.

    Raises
    ------
    CertificateError
        If the file is not a well-formed certificate.
    EnvironmentRefused
        If the floating-point unit does not round to nearest.

    Notes
    -----
    The checker works with twice the bits of the prover, at least 106: its enclosures then fit into the published ones.
    """
    boxes, seconds = checked_whole(max_boxes, 1, "max_boxes"), checked_seconds(budget, "budget")
    with working(seconds, progress) as clock:
        return checker.verify(source, backend, boxes, clock)
