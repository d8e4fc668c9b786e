"""A cell joins a chain only if a checker would accept it there; otherwise a shorter one is tried, or the chain is cut.

Oracle: hallucinated points found in floats on circles around the target, from gradients written here.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch.chain import Objection
from hallucert.check.branch.system import BranchSystem, proved_target
from hallucert.check.reason import Reason
from hallucert.clock import UNLIMITED
from hallucert.find.curves.records import EndReason
from hallucert.prove import diagram as complete_diagram
from hallucert.prove.curves import chains as branch_search
from hallucert.prove.curves.chains import Growing
from hallucert.prove.diagram import sweep

BOX = [(-3, 3), (-3, 3)]


def parabolas(x, y):
    """Gradient of (y^2 - 4/5)^2 + (x^2 - 4y - 3/4)^2."""
    a, b = y * y - 0.8, x * x - 4 * y - 0.75
    return np.array([4 * x * b, 4 * y * a - 8 * b])


def skew(x, y):
    """Gradient of (4x/3 + y^2 - 1/3)^2 + (x^2 + 3y - 5/4)^2."""
    a, b = 4 * x / 3 + y * y - 1 / 3, x * x + 3 * y - 1.25
    return np.array([8 * a / 3 + 4 * x * b, 4 * y * a + 6 * b])


def without_zero(x, y):
    """Gradient of (x^2 + 2)^2 + (-7x + y^2 - 3/4)^2."""
    a, b = x * x + 2, -7 * x + y * y - 0.75
    return np.array([4 * x * a - 14 * b, 4 * y * b])


CASES = [
    ("(y**2 - 4/5)**2 + (x**2 - 4*y - 3/4)**2", parabolas, (2.0803, 0.8944), 2),
    ("(4*x/3 + y**2 - 1/3)**2 + (x**2 + 3*y - 5/4)**2", skew, (0.1229, 0.4116), 1),
    ("(x**2 + 2)**2 + (-7*x + y**2 - 3/4)**2", without_zero, (0, 0.8660), 1),
]


@pytest.fixture(scope="module")
def diagrams():
    return [hc.diagram(hc.Objective.parse(text), c, BOX) for text, _, c, _ in CASES]


@pytest.fixture(scope="module")
def branch():
    text, _, c, _ = CASES[0]
    return hc.find.branches(hc.Objective.parse(text), c, BOX)[0]


def newton(gradient, c):
    """Return the zero of a gradient near `c`, by differences."""
    for _ in range(40):
        h = 1e-6
        columns = [(gradient(*(c + e)) - gradient(*(c - e))) / (2 * h) for e in h * np.eye(2)]
        c = c - np.linalg.solve(np.array(columns).T, gradient(*c))
    return c


def points_on_circles(gradient, c, radii):
    """Yield (x, lambda) with g(x) = lambda (c - x), lambda > 0, x in the box: zeros of the tangential gradient."""

    def tangential(t):
        return gradient(*(c + rho * np.array([np.cos(t), np.sin(t)]))) @ np.array([-np.sin(t), np.cos(t)])

    for rho in radii:
        grid = np.linspace(0, 2 * np.pi, 721) + 0.001234
        values = [tangential(t) for t in grid]
        for (a, b), (u, v) in zip(itertools.pairwise(grid), itertools.pairwise(values), strict=True):
            if u * v >= 0:
                continue
            for _ in range(60):
                middle = (a + b) / 2
                a, b = (middle, b) if tangential(middle) * u > 0 else (a, middle)
            x = c + rho * np.array([np.cos(a), np.sin(a)])
            multiplier = gradient(*x) @ (c - x) / rho**2
            if multiplier > 1e-9 and (np.abs(x) < 3).all():
                yield x, multiplier


def on_a_cell(chains, x, multiplier) -> bool:
    """Tell in floats whether a solution lies in one of the cells."""
    for link in itertools.chain.from_iterable(chain.links for chain in chains):
        frame, centre, bend = (np.array(v, dtype=float) for v in (link.cell.frame, link.cell.centre, link.cell.bend))
        s, *across = np.linalg.solve(frame, np.array([*x, multiplier]) - centre)
        low, high = map(float, link.cell.span)
        if low <= s <= high and (np.abs(across - bend * s * s) <= np.array(link.cell.radius, dtype=float)).all():
            return True
    return False


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_long_cell_that_reaches_lambda_zero_is_halved(diagrams, number) -> None:
    """Smooth branches between critical points are one chain each, and every point on a scanned circle is on a cell."""
    (_, gradient, near, count), diagram = CASES[number], diagrams[number]
    assert diagram.complete and len(diagram.chains) == count
    assert all(chain.from_critical for chain in diagram.chains)
    found = list(points_on_circles(gradient, newton(gradient, np.array(near, dtype=float)), np.linspace(0.05, 6, 40)))
    assert len(found) >= 6
    assert all(on_a_cell(diagram.chains, x, multiplier) for x, multiplier in found)


def test_what_the_prover_accepts_is_proved_again_by_the_checker(diagrams) -> None:
    """From the plain data, with the other arithmetic."""
    assert hc.verify(diagrams[0], backend="mpmath")


def test_without_one_of_its_branches_a_diagram_is_open(diagrams) -> None:
    """The bounds of lambda by eigenvectors exclude no piece with a point: what is left out is missed."""
    diagram = diagrams[0]
    ar = arithmetic("arb", 106)
    with ar:
        system = BranchSystem(ar, diagram.objective, proved_target(ar, diagram.objective, diagram.target).c)
        assert sweep(system, diagram.chains, list(diagram.region), 20_000).record
        for chain in diagram.chains:
            assert not sweep(system, [chain], list(diagram.region), 20_000).record


@pytest.mark.thorough
def test_a_curved_valley_needs_few_pieces() -> None:
    """Two critical points in one narrow valley, 1000 times as steep across as along: less than 10000 pieces settle it.

    By ``<g, c - x>`` alone 150000 pieces did not.
    """
    f = hc.Objective.parse("(y**2 - 3*x + 3*y - 3/2)**2 + (x*y + y/3)**2")
    assert hc.diagram(f, (-1 / 3, 0.1583), BOX, max_boxes=10_000).complete


def test_a_chain_is_cut_where_a_cell_is_refused(branch, monkeypatch) -> None:
    """Of an objection to all cells over one place the parts before and behind survive, proved and provable again."""
    refused = branch.rho[len(branch) // 2]
    honest = branch_search.check_link

    def objecting(proof, *rest, **options):
        radii = [float(proof.system.arithmetic.centre(proof.system.radius(proof.section(s)))) for s in proof.cell.span]
        if min(radii) < refused < max(radii):
            return Objection("it may not be there", Reason.PRECISION)
        return honest(proof, *rest, **options)

    monkeypatch.setattr(branch_search, "check_link", objecting)
    cert = hc.certify(branch)
    assert [(chain.from_critical, chain.to_critical) for chain in cert.chains] == [(True, False), (False, True)]
    before, behind = cert["branch"]
    assert before and behind
    assert before.numbers["rho_end"].upper > refused > behind.numbers["rho_start"].lower
    assert before.numbers["rho_end"].lower - behind.numbers["rho_start"].upper < 0.01
    assert hc.verify(cert)


def test_a_cell_that_the_one_before_does_not_enter_begins_a_chain_without_a_hole(branch, monkeypatch) -> None:
    """Where only the joint is refused nothing of the curve is lost."""
    honest = Growing.add

    def add(self, proof, to_critical, deadline):
        return branch_search.NOT_JOINED if len(self.links) == 3 else honest(self, proof, to_critical, deadline)

    monkeypatch.setattr(Growing, "add", add)
    cert = hc.certify(branch)
    assert len(cert.chains) > 2 and all(len(chain.links) <= 3 for chain in cert.chains) and cert["branch"]
    for one, other in itertools.pairwise(cert["branch"]):
        # rho falls along this branch, and each chain begins a little before the end of the last.
        assert one.numbers["rho_end"].upper < other.numbers["rho_start"].lower


def test_the_search_for_a_shorter_cell_ends(branch, monkeypatch) -> None:
    """Where no cell is proved a few lengths are tried, however the ends of the shortest are rounded."""
    calls = []

    def refused(track, sigma, upto):
        calls.append(upto - sigma)
        assert len(calls) < 20

    monkeypatch.setattr(branch_search, "cell_between", refused)

    class Line:
        total, guide = 0.7, None

        def steps_until(sigma):
            return 100 * sigma

    for k in range(200):
        calls.clear()
        sigma = 0.7 * k / 211
        reach, step, objection = branch_search._grown(Growing(False), Line, sigma, 0.7, 0.7 / 32, 50, UNLIMITED)
        assert (reach, step) == (sigma, 0.7 * branch_search.SHORTEST) and objection is branch_search.NOT_PROVED
        assert min(calls) < 1.31 * step


def test_the_reason_says_what_failed() -> None:
    """A curve with lambda < 0 has no certain gradient towards c; without time it is the time; then stability waits."""
    f = hc.Objective.parse("(x**2 - 1)**2/4")
    honest = hc.find.branch(f, [0], [1])
    # x^3 - x = lambda (1 - x), so lambda = -x (x + 1), which is negative for x < -1.
    x = np.linspace(-1.5, -1.2, len(honest))[:, None]
    multiplier = -(x * (x + 1))[:, 0]
    tangent = np.column_stack([np.ones(len(x)), -(2 * x + 1) / honest.scale])
    events = tuple(replace(e, reason=EndReason.BOX) if e.reason else e for e in honest.events)
    wrong = replace(
        honest,
        x=x,
        rho=1 - x[:, 0],
        multiplier=multiplier,
        tangent=tangent / np.linalg.norm(tangent, axis=1)[:, None],
        events=tuple(replace(e, index=min(e.index, len(x) - 1)) for e in events),
    )
    for branch, options, reason in ((wrong, {}, Reason.ZERO_GRADIENT), (honest, {"budget": 1e-9}, Reason.TIME)):
        cert = hc.certify(branch, **options)
        assert not cert.chains
        assert [c.reason for c in (*cert["branch"], *cert["stability"])] == [reason, Reason.NEEDS_PREMISES]


@pytest.mark.thorough
def test_a_branch_found_where_the_search_left_places_is_used(monkeypatch) -> None:
    """It was found with other floats for the target, which may be off by an ulp: it is the same target all the same."""
    f = hc.Objective.parse("(y**2 + 2*x*y + 4/3*x - 5/3)**2 + (x**2 + y**2 + 3*x)**2")
    found, followed = complete_diagram.branches, complete_diagram.branch
    monkeypatch.setattr(complete_diagram, "branches", lambda *a, **k: found(*a, **k)[:1])

    def elsewhere(*arguments, **options):
        one = followed(*arguments, **options)
        return replace(one, target=np.nextafter(one.target, np.inf))

    monkeypatch.setattr(complete_diagram, "branch", elsewhere)
    assert hc.diagram(f, (0.01912, 0.88526), BOX).complete
