"""Files of sheets and surfaces: what is written is read back, and what does not fit is named."""

from __future__ import annotations

import copy
from fractions import Fraction

import numpy as np
import pytest
from rings import RHO, RING, ring_cell

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Provenance
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.publishing import publish
from hallucert.check.sheet.certificate import SheetCertificate, SurfaceCertificate
from hallucert.check.sheet.claims import Pieces, checked_curve, checked_surface
from hallucert.check.sheet.curve import CurveChain, CurveSystem
from hallucert.check.sheet.surface_atlas import Atlas
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.check.sheet.verify import check
from hallucert.check.subdivision import Subdivision
from hallucert.clock import UNLIMITED
from hallucert.errors import CertificateError
from hallucert.prove.curves.charts import chart_at

BY = Provenance("1.0", "arb", "1.0", 106)


def published(f, kind, noun, pieces, checked):
    """Return a certificate of what is proved of some pieces."""
    about = Pieces.of(RHO, noun, pieces)
    stated = [claim for number, piece in enumerate(pieces, 1) for claim in checked(piece, number)]
    return kind(f, RHO, pieces, tuple(publish(claim, about, 106) for claim in stated), BY)


@pytest.fixture(scope="module")
def certificates():
    """A cell of the ring and another one behind it, each by itself; a chart of the sphere, of which nothing is cut."""
    sphere = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)
    with arithmetic("arb", 106) as ar:
        curves, surfaces = CurveSystem(ar, RING, RHO), SurfaceSystem(ar, sphere, RHO)
        chains = tuple(CurveChain((ring_cell(angle),), False, (Subdivision("Amm"),)) for angle in (0.0, 3.0))
        chart = chart_at(surfaces, np.array([0.5, 0.0, 0.0]), np.eye(3)[:, 1:], 1 / 64).chart
        free = tuple(map(Subdivision, ("f", "Bff", "f", "Aff")))
        atlases = (Atlas((chart,), False, (free,), (Subdivision("ABmmm"),)),)
        return {
            "sheet": published(RING, SheetCertificate, "curve", chains, lambda *at: checked_curve(curves, *at)),
            "surface": published(
                sphere, SurfaceCertificate, "surface", atlases, lambda *at: checked_surface(surfaces, *at)
            ),
        }


@pytest.mark.parametrize("kind", ["sheet", "surface"])
def test_certificates_are_read_back_and_proved_again(certificates, kind):
    """In the other arithmetic; every claim of them is proved or refuted."""
    certificate = certificates[kind]
    again = from_json(to_json(certificate))
    assert (again.pieces, again.all_claims) == (certificate.pieces, certificate.all_claims)
    assert type(again) is type(certificate) and to_json(again) == to_json(certificate)
    assert len(again.all_claims) == 5 * len(again.pieces) and again.cells == len(again.pieces)
    with arithmetic("mpmath", 212) as ar:
        results = check(again, ar, 0, UNLIMITED)
    assert len(results) == len(again.all_claims) and all(result.passed for result in results), results


def changed(certificates, kind, *changes):
    """Return the data of a certificate with other values at some places."""
    data = copy.deepcopy(to_json(certificates[kind]))
    for path, value in changes:
        *way, last = path
        place = data
        for key in way:
            place = place[key]
        place[last] = value
    data["digest"] = problem_digest(data["problem"])
    return data


H = "1p-7"


@pytest.mark.parametrize(
    ("kind", "path", "value", "field"),
    [
        ("sheet", ["sheets"], [None] * 1001, "sheets"),
        ("sheet", ["sheets"], [None] * 1000, "sheets[0]"),
        ("sheet", ["sheets", 1, "cells"], [None] * 100_001, "sheets[1].cells"),
        ("sheet", ["sheets", 1, "cells"], [None] * 100_000, "sheets[1].cells[0]"),
        ("sheet", ["claims"], [None] * 10_001, "claims"),
        ("sheet", ["claims"], [None] * 10_000, "claims[0]"),
        ("sheet", ["claims"], [], "claims"),
        ("sheet", ["sheets", 0, "cells", 0, "span"], ["0", H], "sheets[0].cells[0].span"),
        ("sheet", ["sheets", 0, "cells", 0, "span"], [f"-{H}", "0"], "sheets[0].cells[0].span"),
        ("sheet", ["sheets", 0, "cells", 0, "span"], [H, f"-{H}"], "sheets[0].cells[0].span"),
        ("sheet", ["sheets", 0, "closed"], True, "sheets[0].closed"),
        ("surface", ["sheets", 0, "charts", 0, "edges"], [None] * 5, "sheets[0].charts[0].edges"),
        ("surface", ["sheets", 0, "charts", 0, "edges"], [None] * 4, "sheets[0].charts[0].edges[0]"),
        ("surface", ["sheets", 0, "charts", 0, "half_width"], "0", "sheets[0].charts[0].half_width"),
        ("surface", ["claims"], [], "claims"),
    ],
)
def test_what_does_not_fit_is_named(certificates, kind, path, value, field):
    """How many there may be, which chain nobody claims, a span without 0 inside, more than four edges."""
    with pytest.raises(CertificateError) as caught:
        from_json(changed(certificates, kind, (path, value)))
    assert caught.value.field == field


def linear(count, dimension):
    """Return a function with some residuals ``x1``, ``x2``, .. of so many variables; without any, no sum of squares."""
    names = [f"x{i + 1}" for i in range(dimension)]
    if not count:
        return hc.Objective.parse(" + ".join(f"{name}**2" for name in names), names)
    return hc.Objective.least_squares(names[:count], names)


@pytest.mark.parametrize(
    ("kind", "count", "dimension", "fits"),
    [
        ("sheet", 1, 2, True),
        ("sheet", 99, 100, True),
        ("sheet", 100, 101, False),
        ("sheet", 0, 1, False),
        ("sheet", 2, 2, False),
        ("sheet", 1, 3, False),
        ("surface", 1, 3, True),
        ("surface", 10, 12, True),
        ("surface", 11, 13, False),
        ("surface", 0, 2, False),
        ("surface", 2, 3, False),
    ],
)
def test_a_sheet_has_so_many_fewer_residuals_than_variables(certificates, kind, count, dimension, fits):
    """One for curves, in at most 100 variables, two for surfaces, in at most 12; a file may have no piece."""
    f = linear(count, dimension)
    data = changed(certificates, kind, (["problem", "objective"], f.to_json()), (["sheets"], []), (["claims"], []))
    if fits:
        found = from_json(data)
        assert found.pieces == () and found.objective.to_json() == f.to_json()
        return
    must = {"sheet": "2 to 100 variables and 1 fewer", "surface": "3 to 12 variables and 2 fewer"}[kind]
    with pytest.raises(CertificateError, match=must):
        from_json(data)


def test_the_prover_s_notes_are_no_part_of_a_certificate(certificates):
    """How much was left when the time was up."""
    certificate = certificates["sheet"]
    parts = (certificate.objective, certificate.rho, certificate.pieces, certificate.all_claims, BY)
    assert SheetCertificate(*parts, unfinished="so much is left") == certificate
    assert isinstance(certificate.rho, Fraction)
