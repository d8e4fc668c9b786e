"""Writing certificates of branches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.branch.chain import Chain, Link
from hallucert.check.branch.parts import Part
from hallucert.check.file.writing import claim_json, header
from hallucert.exact import format_dyadic, format_exact


def to_json(certificate: BranchCertificate) -> dict[str, Any]:
    """Return the certificate as plain data, in the order of the file format."""
    target, box = certificate.target, certificate.box
    problem = {"objective": certificate.objective.to_json()}
    return {
        **header(certificate, problem),
        "target": None
        if target is None
        else {
            "centre": _numbers(target.centre),
            "radius": _numbers(target.radius),
            "preconditioner": [_numbers(row) for row in target.preconditioner],
        },
        "enclosure": None if box is None else [[format_dyadic(low), format_dyadic(high)] for low, high in box],
        "branches": [_chain(chain) for chain in certificate.chains],
        "claims": [claim_json(claim) for claim in certificate.all_claims],
    }


def _numbers(values: Iterable[Fraction]) -> list[str]:
    return [format_exact(value) for value in values]


def _chain(chain: Chain) -> dict[str, Any]:
    return {
        "from_critical": int(chain.from_critical),
        "to_critical": int(chain.to_critical),
        "cells": [_link(link) for link in chain.links],
    }


def _link(link: Link) -> dict[str, Any]:
    cell = link.cell
    return {
        "centre": _numbers(cell.centre),
        "frame": [_numbers(row) for row in cell.frame],
        "bend": _numbers(cell.bend),
        "span": _numbers(cell.span),
        "radius": _numbers(cell.radius),
        "preconditioner": [_numbers(row) for row in cell.preconditioner],
        "start": format_dyadic(link.start),
        "turning": _parts(link.turning),
        "stability": _parts(link.stability),
    }


def _parts(parts: Sequence[Part]) -> list[list[str]]:
    return [[format_dyadic(part.high), part.word] for part in parts]
