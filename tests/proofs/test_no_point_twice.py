"""A chain of cells passes no point twice, so folds and lengths are counted once; sentences name their step."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch.chain import UNDECIDED, Fault, Part, check_chain
from hallucert.check.branch.system import BranchSystem, proved_target
from hallucert.check.file.save import to_json
from hallucert.check.sheet.curve import CurveChain, CurveSystem, check_curve
from hallucert.errors import CertificateError

ISOLA = "-(x**2 + 9/10*y**2)/2 + 1/10*exp(-((x-2)**2+(y-1)**2)*5)"
BEHIND_A_FOLD = (2.1027868553368725, 1.4049536460561487)


@pytest.fixture(scope="module")
def isola():
    return hc.certify(hc.find.branch(hc.Objective.parse(ISOLA), BEHIND_A_FOLD, (0, 0)))


@pytest.fixture(scope="module")
def ring():
    return hc.certify(hc.find.sheet(hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2), (-0.5, 0.01), "1.5"))


def checked_branch(cert, chain):
    ar = arithmetic("arb", 2 * cert.provenance.precision)
    with ar:
        target = proved_target(ar, cert.objective, cert.target)
        return check_chain(BranchSystem(ar, cert.objective, target.c), chain)


def checked_sheet(cert, chain):
    ar = arithmetic("arb", 2 * cert.provenance.precision)
    with ar:
        return check_curve(CurveSystem(ar, cert.objective, cert.rho), chain)


def test_a_closed_branch_has_its_two_folds(isola) -> None:
    """Started just behind a fold, the cells go all the way round; the fold is not counted again at the end."""
    assert len(isola["fold"]) == 2 and len(isola["branch"]) == 1
    assert "between its 2 folds" in isola["branch"][0].statement
    assert hc.verify(isola)


def test_going_round_twice_is_refused(ring) -> None:
    """Twice the cells of a closed sheet that is called open are no chain."""
    (loop,) = ring.chains
    once = checked_sheet(ring, loop)
    assert not isinstance(once, str)
    with once.proofs[0].arithmetic:
        twice = check_curve(once.proofs[0].system, CurveChain(loop.cells * 2, False), once.proofs * 2)
    assert "first point" in twice


def test_a_cell_that_reaches_behind_the_first_point_is_refused(isola, ring) -> None:
    """A small piece of a cell followed by the whole cell: the second arc is longer than the curve."""
    cell = ring.chains[0].cells[5]
    piece = replace(cell, span=(cell.span[0] / 8, cell.span[1] / 8))
    assert not isinstance(checked_sheet(ring, CurveChain((piece,), False)), str)
    assert "first point" in checked_sheet(ring, CurveChain((piece, cell), False))
    link = isola.chains[0].links[3]
    low, high = link.cell.span[0] / 8, link.cell.span[1] / 8
    small = replace(link, cell=replace(link.cell, span=(low, high)), parts=_undecided(link, low, high))
    whole = replace(link, parts=_undecided(link, *link.cell.span))
    chain = replace(isola.chains[0], links=(small, whole))
    assert checked_branch(isola, chain).fault is Fault.FIRST_POINT


def _undecided(link, low: Fraction, high: Fraction):
    return (Part(link.parts[0].tube._replace(low=low, high=high), UNDECIDED, UNDECIDED),)


def test_stability_is_said_of_cells_not_of_radii_alone() -> None:
    """With a fold two points have one radius: each claim names the cells between which it holds, and these differ."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + x/20")
    points = [p.x for p in hc.find.critical_points(f, [(-2, 2), (-2, 2)])]
    target = min(points, key=lambda p: abs(p - [1, 1]).sum())
    stated = []
    for start in points:
        if abs(start - target).sum() > 0.1:
            cert = hc.certify(hc.find.branch(f, start, target))
            if cert["fold"]:
                stated = [claim.statement for claim in cert["stability"]]
                break
    assert len(stated) > 1
    assert all(", from a point in cell " in text and ", on to a point in cell " in text for text in stated)


def test_what_nobody_claims_is_not_read(isola, ring) -> None:
    """A chain without its claim would be checked by nobody: CertificateError."""
    from hallucert.check.file.files import from_json

    for cert, name in ((isola, "branch"), (ring, "curve")):
        data = to_json(cert)
        data["claims"] = [claim for claim in data["claims"] if claim["name"] != name]
        with pytest.raises(CertificateError, match="claims"):
            from_json(data)


def test_an_open_sheet_goes_on_at_its_ends(ring) -> None:
    """`regular` of an open piece speaks of its continuation; that of a closed one need not."""
    from hallucert.check.publishing import publish
    from hallucert.check.sheet.claims import Pieces, checked_curve

    ar = arithmetic("arb", 106)
    with ar:
        piece = CurveChain(ring.chains[0].cells[:3], False, ring.chains[0].cuts[:3])
        claims = checked_curve(CurveSystem(ar, ring.objective, ring.rho), piece, 1)
        about = Pieces(ring.rho, "curve", ((False, 3),))
        texts = {claim.theorem.name: publish(claim, about, 106).statement for claim in claims}
    assert "its continuation" in texts["regular"] and "continuation" not in ring["regular"][0].statement


def test_the_projected_condition_names_its_variant() -> None:
    """At this point USAM meets the projected condition and SAM, with the same radius and target, fails it."""
    f = hc.Objective.least_squares(["1 + x + 9/2*x**2 - 4*x*y - 13/2*x**3 - 11/2*x**2*y"], n=1)
    usam, sam = hc.certify(f, (0, 0), 1, variant="usam")["projected_c32"], hc.certify(f, (0, 0), 1)["projected_c32"]
    assert usam.status == "proved" and "where USAM moves" in usam.statement and " SAM " not in usam.statement
    assert sam.status == "refuted"
