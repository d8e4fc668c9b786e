"""Proofs of curves that ran out of time: what is proved is kept, and a later call goes on from it."""

from __future__ import annotations

import math
import os
import pickle
import signal
import time
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.subdivision import Subdivision
from hallucert.clock import UNLIMITED, Clock
from hallucert.errors import ArgumentError
from hallucert.prove.curves import branch as branches
from hallucert.prove.curves import sheet as sheets
from hallucert.prove.curves.resume import expected, unfinished
from hallucert.prove.curves.surface import certify_surface

CERTIFICATES = Path(__file__).parents[4] / "docs" / "certificates"
RING = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)


@pytest.fixture(scope="module")
def circle():
    """The circle of radius 1/2, for rho = 3/2, in floats."""
    return hc.find.sheet(RING, (0.5, 0), "1.5")


def _stopping(monkeypatch, module, after: int, act=None):
    """Let the time be up after so many cells, whatever the machine."""
    found, between = [], module.cell_between

    def counted(track, sigma, upto):
        found.append(between(track, sigma, upto))
        if sum(proof is not None for proof in found) > after:
            act() if act else None
            raise sheets.OutOfTime
        return found[-1]

    monkeypatch.setattr(module, "cell_between", counted)


@pytest.fixture
def part(circle, monkeypatch):
    """What is proved of the circle if the time is up after nine cells."""
    with monkeypatch.context() as patch:
        _stopping(patch, sheets, 9)
        return hc.certify(circle)


def test_what_is_proved_of_a_curve_is_an_open_curve_with_its_own_claims(part, tmp_path):
    """Nine cells of the circle: a chain that both arithmetics accept, shorter than pi, and an open question."""
    (chain,) = part.chains
    assert len(chain) == 9 and not chain.closed
    assert [str(claim.status) for claim in part["curve"]] == ["proved", "undecided"] and not part["curve"]
    assert str(part["curve"][1].reason) == "time"
    length = part["curve"][0].numbers["length"]
    assert length.lower > 0 and length.upper < Fraction(math.pi)
    ends = np.array([[float(v) for v in cell.centre] for cell in (chain.cells[0], chain.cells[-1])])
    angle = abs(np.diff(np.arctan2(ends[:, 1], ends[:, 0]))[0]) / (2 * math.pi)
    assert 0 < angle < part.unfinished.share < angle + 2 / 9  # equal steps of a circle
    assert f"unfinished: {part.unfinished.share:.0%} is proved" in str(part) and part.unfinished.seconds > 0
    part.save(tmp_path / "part.json")
    again = hc.load(tmp_path / "part.json")
    assert (again.pieces, again.all_claims, again.unfinished) == (part.pieces, part.all_claims, None)
    for backend in ("arb", "mpmath"):
        assert hc.verify(tmp_path / "part.json", backend)
    assert pickle.loads(pickle.dumps(part.unfinished)) == part.unfinished


def test_a_later_call_goes_on_and_closes_the_curve(part, circle, monkeypatch):
    """From the certificate, whose proofs are still there: the first nine cells stay as they are."""
    tried, between = [], sheets.cell_between
    monkeypatch.setattr(sheets, "cell_between", lambda t, a, b: tried.append(a) or between(t, a, b))
    whole = hc.certify(circle, resume=part)
    (chain,) = whole.chains
    assert chain.closed and whole["curve"] and whole.unfinished is None
    assert chain.cells[:9] == part.chains[0].cells and min(tried) > 0


def test_a_file_goes_on_as_the_certificate_does(part, circle, tmp_path, monkeypatch):
    """Its cells are proved again; where the last one ends the next begins, with the same arc."""
    part.save(tmp_path / "part.json")
    _stopping(monkeypatch, sheets, 3)
    (chain,) = hc.certify(circle, resume=tmp_path / "part.json").chains
    assert len(chain) == 12 and chain.cells[:9] == part.chains[0].cells


def test_what_is_given_to_go_on_from_is_proved_again_and_has_to_be_of_the_curve(part, circle, monkeypatch):
    """A cell that holds no arc, a certificate of another radius, place, function or kind."""
    (chain,) = part.chains
    cells = list(chain.cells)
    cells[4] = replace(cells[4], radius=tuple(r / 2**30 for r in cells[4].radius))
    forged = replace(part, pieces=(replace(chain, cells=tuple(cells)),), unfinished=None)
    far = [replace(cell, centre=tuple(v + 1 for v in cell.centre)) for cell in chain.cells]
    elsewhere = replace(part, pieces=(replace(chain, cells=tuple(far)),), unfinished=None)
    other = hc.find.sheet(RING, (0.4, 0), "1.4")
    for subject, wrong, words in (
        (circle, forged, "be proved: cell 4"),
        (circle, elsewhere, "a part of this curve"),
        (other, part, "same function, same rho"),
        (circle, hc.load(CERTIFICATES / "line.json"), "be a certificate of a sheet"),
    ):
        with pytest.raises(ArgumentError, match=words):
            hc.certify(subject, resume=wrong)
    for unproved in (replace(part, unfinished=None), forged):
        with pytest.raises(ArgumentError, match="be proved again first"):  # its claims are not this call's
            hc.certify(circle, resume=unproved, budget=1e-9)


def test_the_work_of_another_proof_is_not_taken_for_this_one(part, circle, monkeypatch):
    """A certificate and a curve that both say another radius, or another function, than what the work was about."""
    shorter = {"rho": Fraction("1.4")}
    with pytest.raises(ArgumentError, match="be proved: cell 0"):
        hc.certify(replace(circle, **shorter), resume=replace(part, **shorter))
    steeper = {"objective": hc.Objective.least_squares(["11*x**2/10 + 11*y**2/10 - 11/10"], n=2)}
    _stopping(monkeypatch, sheets, 1)
    found = hc.certify(replace(circle, **steeper), resume=replace(part, **steeper))
    own, other = (one["curve"][0].numbers["gradient_norm"] for one in (part, found))
    factor = Fraction(121, 100)
    assert factor * own.lower <= other.upper and other.lower <= factor * own.upper and own.upper < other.lower


@pytest.fixture
def heard():
    """SIGINT as Python begins with it, also where tests run in the background and it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_control_c_is_the_end_of_the_time(circle, monkeypatch):
    """What was proved until then is returned, and the next Ctrl-C is an interrupt again."""
    with monkeypatch.context() as patch:
        _stopping(patch, sheets, 3, lambda: os.kill(os.getpid(), signal.SIGINT))
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        part = hc.certify(circle)
    assert len(part.chains[0]) == 3 and part.unfinished is not None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_branch_goes_on_in_its_chain(monkeypatch, tmp_path):
    """The branch of the double well is a line: rho from 1 to 2; two of its cells first, then all."""
    f = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    line = hc.find.branch(f, hc.find.on_sphere(f, (1, 0), "1.5")[0])
    chains = branches.search_chains.__globals__
    between, found = chains["cell_between"], []

    def slow(track, sigma, upto):
        found.append(between(track, sigma, upto))
        if len(found) > 2:
            time.sleep(0.4)
        return found[-1]

    with monkeypatch.context() as patch:
        patch.setitem(chains, "cell_between", slow)
        part = hc.certify(line, budget=0.4)
    assert [str(claim.status) for claim in part["branch"]] == ["proved", "undecided"]
    assert 0 < part.unfinished.share < 1
    part.save(tmp_path / "part.json")
    assert hc.verify(tmp_path / "part.json")
    first, *others = part.chains[0].links
    thin = replace(first, cell=replace(first.cell, radius=tuple(r / 2**30 for r in first.cell.radius)))
    with pytest.raises(ArgumentError, match="be proved: cell 0"):
        hc.certify(line, resume=replace(part, chains=(replace(part.chains[0], links=(thin, *others)),)))
    whole = hc.certify(line, resume=tmp_path / "part.json")
    (chain,) = whole.chains
    assert (
        chain.links[: len(part.chains[0].links)] == part.chains[0].links and chain.from_critical and chain.to_critical
    )
    numbers = whole["branch"][0].numbers
    assert whole["branch"] and whole.unfinished is None
    radii = sorted((numbers[name].lower + numbers[name].upper) / 2 for name in ("rho_start", "rho_end"))
    assert [float(r) for r in radii] == pytest.approx([1, 2], abs=1e-9)


def test_a_diagram_keeps_the_branches_of_another_call():
    """Without time to prove it again there is no answer; with some its branches are, and the box is searched."""
    whole = hc.load(CERTIFICATES / "himmelblau-diagram.json")
    f, box = hc.gallery.load("himmelblau"), [(-6, 6), (-6, 6)]
    with pytest.raises(ArgumentError, match="be proved again first"):
        hc.diagram(f, (3, 2), box, budget=1e-9, resume=whole)
    late = hc.diagram(f, (3, 2), box, budget=1e-9)
    assert not late.complete and late.unfinished is not None
    with pytest.raises(ArgumentError, match="the same box"):
        hc.diagram(f, (3, 2), [(-6, 6), (-6, 5)], resume=whole)
    with pytest.raises(ArgumentError, match="the same target"):
        hc.diagram(f, (-3, 3), box, budget=1e-9, resume=whole)
    again = hc.diagram(f, (3, 2), box, max_boxes=1, resume=whole)
    assert {chain.links for chain in again.chains} == {chain.links for chain in whole.chains}


def test_estimates_are_in_proportion():
    """Ten cells for a fifth of the way: forty more; three seconds for the second quarter: six for the second half."""
    assert expected(5, 10, 0.0, 0.2, 1.0) == 55 and expected(5, 0, 0.0, 0.2, 1.0) is None
    left = unfinished([0.0, 1.0, 2.0, 4.0], 3.0)
    assert (left.share, left.seconds) == (0.5, 6.0)
    assert unfinished([0.0, 1.0, 1.0, 4.0], 3.0).seconds == math.inf


def _looks(count: int) -> Clock:
    """A clock whose time is up when it has been looked at so often."""
    looked = iter(range(10**9))
    return Clock(count, now=lambda: float(next(looked)))


@pytest.mark.thorough
def test_a_surface_keeps_charts_that_hang_together_and_goes_on(monkeypatch, tmp_path):
    """Of the sphere of radius 1/2 some charts, then more in the same process, then more from a file; all verified."""
    f = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"])
    cap = hc.find.sheet(f, (0.3, 0.2, 0.1), "1.5", max_steps=12)
    parts = [certify_surface(cap, "arb", None, _looks(90))]
    parts.append(certify_surface(cap, "arb", None, _looks(70), resume=parts[0]))
    parts[1].save(tmp_path / "part.json")
    parts.append(certify_surface(cap, "arb", None, _looks(400), resume=hc.load(tmp_path / "part.json")))
    counts = [len(part.atlases[0]) for part in parts]
    assert 0 < counts[0] < counts[1] < counts[2] <= 12
    for part, longer in pairwise(parts):
        assert longer.atlases[0].charts[: len(part.atlases[0])] == part.atlases[0].charts
        assert len(part.atlases) == 1 and 0 < part.unfinished.share < 1
        assert [str(claim.status) for claim in part["surface"]] == ["proved", "undecided"]
    assert hc.verify(parts[1], "arb")
    (atlas,) = parts[1].atlases
    thin = replace(atlas.charts[0], radius=tuple(r / 2**30 for r in atlas.charts[0].radius))
    for wrong in (
        *(replace(atlas, cuts=(Subdivision(cut), *atlas.cuts[1:])) for cut in "cx"),
        replace(atlas, charts=(thin, *atlas.charts[1:])),
    ):
        forged = replace(parts[1], pieces=(wrong,), unfinished=None)
        with pytest.raises(ArgumentError, match="be proved: chart 0"):
            certify_surface(cap, "arb", None, UNLIMITED, resume=forged)
