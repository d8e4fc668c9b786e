"""Certificates of large points in doubles, for users: no check needs them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.arguments import quiet
from hallucert.check.claim import Status
from hallucert.check.large.certificate import LargeCertificate
from hallucert.exact import float_above


def offset(self: LargeCertificate) -> Fraction | None:
    """No coordinate of ``x*`` is farther from that of ``x``; None unless existence is proved."""
    claim = self.claims.get("existence")
    return claim.numbers["offset"].upper if claim is not None and claim.status is Status.PROVED else None


def x(self: LargeCertificate) -> np.ndarray | None:
    """The centre of the slice, shape (d,): a double near ``x*``."""
    return None if self.witness is None else self.witness.centre


@quiet
def enclosure(self: LargeCertificate) -> np.ndarray | None:
    """Box that contains ``x*``, shape (d, 2), doubles rounded outward; None unless existence is proved."""
    if self.witness is None or self.offset is None:
        return None
    reach = float_above(self.offset)
    ends = [self.witness.centre - reach, self.witness.centre + reach]
    return np.stack([np.nextafter(ends[0], -np.inf), np.nextafter(ends[1], np.inf)], axis=1)


def printed(self: LargeCertificate) -> list[tuple[Fraction, Fraction]]:
    """The centre's first coordinates, and the offset on both sides."""
    if self.witness is None or self.offset is None:
        return []
    return [(Fraction(c) - self.offset, Fraction(c) + self.offset) for c in self.witness.centre[:8].tolist()]
