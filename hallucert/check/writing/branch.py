"""Certificates of branches and diagrams as plain data, in the order of the file format."""

from __future__ import annotations

from hallucert.check.branch.certificate import BranchCertificate, DiagramCertificate
from hallucert.check.branch.chain import WORDS, Link
from hallucert.check.branch.file import CELL, TARGET, TUBE
from hallucert.check.file.fields import JSON
from hallucert.check.writing.fields import claim_json, header, plain, record


def to_json(certificate: BranchCertificate) -> dict[str, JSON]:
    """Return the certificate as plain data, in the order of the file format."""
    problem: dict[str, JSON] = {"objective": certificate.objective.to_json()}
    if isinstance(certificate, DiagramCertificate):
        problem["region"] = plain(certificate.region)
    return {
        **header(certificate, problem),
        "target": None if certificate.target is None else record(certificate.target, TARGET),
        "enclosure": plain(certificate.box),
        "branches": [
            {
                "from_critical": int(chain.from_critical),
                "to_critical": int(chain.to_critical),
                "cells": [_link_json(link) for link in chain.links],
            }
            for chain in certificate.chains
        ],
        "claims": [claim_json(claim) for claim in certificate.all_claims],
    }


def _link_json(link: Link) -> dict[str, JSON]:
    return {
        **record(link.cell, CELL),
        "start": plain(link.start),
        "places": [{"s": plain(place.low), **record(place, TUBE)} for place in link.places],
        "parts": [
            {"end": plain(part.tube.high), **record(part, WORDS), **record(part.tube, TUBE)} for part in link.parts
        ],
    }
