"""Writing certificates of branches and diagrams."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from hallucert.check.branch.certificate import BranchCertificate, DiagramCertificate
from hallucert.check.branch.chain import Chain, Link, Part
from hallucert.check.branch.system import TargetBox
from hallucert.check.cell import Tube
from hallucert.check.file.claims import claim_json
from hallucert.check.file.fields import header
from hallucert.exact import format_dyadic, format_exact


def to_json(certificate: BranchCertificate) -> dict[str, object]:
    """Return the certificate as plain data, in the order of the file format."""
    target, box = certificate.target, certificate.box
    problem: dict[str, object] = {"objective": certificate.objective.to_json()}
    if isinstance(certificate, DiagramCertificate):
        problem["region"] = [_numbers(side) for side in certificate.region]
    return {
        **header(certificate, problem),
        "target": None if target is None else _target(target),
        "enclosure": None if box is None else [[format_dyadic(low), format_dyadic(high)] for low, high in box],
        "branches": [_chain(chain) for chain in certificate.chains],
        "claims": [claim_json(claim) for claim in certificate.all_claims],
    }


def _numbers(values: Iterable[Fraction]) -> list[str]:
    return [format_exact(value) for value in values]


def _target(target: TargetBox) -> dict[str, object]:
    return {
        "centre": _numbers(target.centre),
        "radius": _numbers(target.radius),
        "preconditioner": [_numbers(row) for row in target.preconditioner],
    }


def _chain(chain: Chain) -> dict[str, object]:
    return {
        "from_critical": int(chain.from_critical),
        "to_critical": int(chain.to_critical),
        "cells": [_link(link) for link in chain.links],
    }


def _link(link: Link) -> dict[str, object]:
    cell = link.cell
    return {
        "centre": _numbers(cell.centre),
        "frame": [_numbers(row) for row in cell.frame],
        "bend": _numbers(cell.bend),
        "span": _numbers(cell.span),
        "radius": _numbers(cell.radius),
        "preconditioner": [_numbers(row) for row in cell.preconditioner],
        "start": format_dyadic(link.start),
        "places": [{"s": format_dyadic(place.low), **_tube(place)} for place in link.places],
        "parts": [_part(part) for part in link.parts],
    }


def _part(part: Part) -> dict[str, object]:
    words = {"turning": part.turning, "stability": part.stability}
    return {"end": format_dyadic(part.tube.high), **words, **_tube(part.tube)}


def _tube(tube: Tube) -> dict[str, object]:
    return {"centre": _numbers(tube.centre), "radius": _numbers(tube.radius)}
