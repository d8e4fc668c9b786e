"""Each claim of a sheet is held against what its own piece proves, once, and nothing else is believed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from rings import RHO, RING

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Claim, Provenance, Status
from hallucert.check.sheet import verify
from hallucert.check.sheet.certificate import SheetCertificate, SurfaceCertificate
from hallucert.check.sheet.curve import CurveChain, CurveSystem
from hallucert.check.sheet.surface_atlas import Atlas
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.clock import UNLIMITED

SPHERE = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)
KINDS = {
    "curve": (SheetCertificate, RING, CurveChain, CurveSystem),
    "surface": (SurfaceCertificate, SPHERE, Atlas, SurfaceSystem),
}


@pytest.mark.parametrize("noun", ["curve", "surface"])
def test_each_claim_is_held_against_its_own_piece(monkeypatch, noun):
    """Of four pieces the second cannot be proved, the third is of absurd data, and the last proves only `regular`."""
    kind, f, piece_of, system_of = KINDS[noun]
    pieces = tuple(piece_of((), bool(k % 2)) for k in range(4))
    names = [
        (noun, 1),
        ("regular", 1),
        ("regular", 1),
        (noun, 2),
        (noun, 3),
        (noun, 4),
        ("regular", 4),
        ("attractor", 1),
    ]
    claims = tuple(Claim(name, Status.PROVED, "so it is", inputs={"sheet": number}) for name, number in names)
    certificate = kind(f, RHO, pieces, claims, Provenance("1.0", "arb", "1.0", 53))
    asked = []

    def checked(system, piece, number, clock):
        assert isinstance(system, system_of) and (system.objective, clock) == (f, UNLIMITED)
        asked.append(number)
        assert piece is pieces[number - 1]
        if number == 2:
            return "a cell is too wide"
        if number == 3:
            raise ValueError("so much for that")
        proved = [noun, "regular", "attractor"] if number == 1 else ["regular"]
        said = {"attractor": "its bound is too good"}
        return [
            SimpleNamespace(
                theorem=SimpleNamespace(name=name),
                recheck=lambda claim, about, name=name: said.get(name) if about == certificate.about else "of what?",
            )
            for name in proved
        ]

    monkeypatch.setattr(verify, f"checked_{noun}", checked)
    with arithmetic("arb", 53) as ar:
        results = verify.check(certificate, ar, 0, UNLIMITED)
    assert asked == [1, 2, 3, 4]
    faults = ["", "", "claimed twice", "too wide", "cannot be worked with: so much", "do not prove it", "", "too good"]
    for result, (name, number), fault in zip(results, names, faults, strict=True):
        assert result.name == f"{name} (sheet {number})" and result.passed == (not fault) and fault in result.message
