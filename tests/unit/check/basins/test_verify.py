"""Claim: cells count only if they pass in both arithmetics, and claims only with all that they are made of.

For ``f = (x^2 + y^2)/2``, rho = 1, eta = 1/8, S takes (r, 0) to (7 r/8 - 1/8, 0): all of [1, 3/2] moves left.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.basins import graph, verify
from hallucert.check.basins.certificate import Basins
from hallucert.check.basins.graph import FIRST, LEAVES, Edges, Flow
from hallucert.check.basins.partition import Partition, from_text
from hallucert.check.basins.trap import Trap
from hallucert.check.claim import Status
from hallucert.check.file.verify import SPENT, Result
from hallucert.check.problem import Problem
from hallucert.check.publishing import provenance
from hallucert.clock import Clock
from hallucert.errors import DomainError

BOWL = hc.Objective.parse("(x**2 + y**2)/2")
NONE = np.zeros(0, np.int64)
OPEN = Status.PROVED, False, "no"


@pytest.fixture
def leaving() -> Basins:
    """All of a box but its two corners on the right leaves it; others lean on those that leave at once."""
    cells, _ = from_text("+" + "+...." * 4)
    far = np.where((cells[:, 1] == 3) & (cells[:, 2] % 3 == 0), 0, LEAVES)
    partition = Partition(np.array([[1.0, 1.5], [-0.25, 0.25]]), cells)
    problem = Problem(BOWL, Fraction(1))
    return Basins(problem, Fraction(1, 8), partition, far, far * 4, (), provenance(arithmetic("arb", 53)))


def passed(basins: Basins) -> bool:
    """Whether all claims are proved again."""
    return all(result.passed for result in verify.check(basins, arithmetic("arb", 53), 10**6, Clock()))


@pytest.mark.parametrize("name", ["intervals", "mpmath"])
def test_a_cell_that_fails_in_one_arithmetic_fails(leaving: Basins, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it is lost, or leans on an open cell, in doubles alone or in mpmath alone; else all cells pass in both."""
    whole, seen = Flow.edges, list[int]()
    cell, open_ = (np.flatnonzero(where)[:1] for where in (leaving.labels > 0, leaving.labels == 0))

    def check(lost: np.ndarray, source: np.ndarray, target: np.ndarray) -> bool:
        def edges(flow: Flow, lanes, cells: np.ndarray) -> Edges:  # type: ignore[no-untyped-def]
            found = whole(flow, lanes, cells)
            if lanes().name != name:
                return found
            seen.append(len(cells))
            kept = np.setdiff1d(found.cells, lost)
            return Edges(kept, np.append(found.source, source), np.append(found.target, target))

        monkeypatch.setattr(Flow, "edges", edges)
        return passed(leaving)

    assert check(NONE, NONE, NONE)
    assert not check(cell, NONE, NONE)
    assert not check(NONE, cell, open_)
    assert seen == [14] * 3


def test_what_cannot_be_looked_at_is_not_proved(leaving: Basins, monkeypatch: pytest.MonkeyPatch) -> None:
    """An arithmetic that gives up proves no cell, of whatever label; nor does one for which there is no time."""
    late = verify.check(leaving, arithmetic("arb", 53), 10**6, Clock(-1.0))
    assert not any(result.passed for result in late)

    def gives_up(*_: object) -> Edges:
        raise DomainError("it overflows")

    monkeypatch.setattr(Flow, "edges", gives_up)
    assert not passed(leaving)


def test_a_trap_needs_its_core_and_the_attractors_that_it_names(
    leaving: Basins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If one fails, so do its claim and that of a trap that names this trap; without its core a trap fails alone."""
    monkeypatch.setattr(Flow, "edges", lambda _, __, cells: Edges(cells, NONE, NONE))
    point = hc.certify(hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2"), (-0.5, 0), "1.5")
    labels = np.resize([LEAVES, FIRST, *range(FIRST + 1, FIRST + 7)], len(leaving.labels))
    traps = (Trap(FIRST + 1, (FIRST,)), Trap(FIRST + 3, (FIRST + 2,)), Trap(FIRST + 5, ()))
    basins = replace(leaving, labels=labels, steps=np.ones_like(labels), attractors=(point,), traps=traps)
    assert passed(basins)
    core = np.flatnonzero(labels == traps[0].core)
    monkeypatch.setattr(Flow, "edges", lambda _, __, cells: Edges(np.setdiff1d(cells, core), NONE, NONE))
    results = verify.check(basins, arithmetic("arb", 53), 10**6, Clock())
    assert [result.passed for result in results[:5]] == [True, False, True, True, True]
    monkeypatch.setattr(Flow, "edges", lambda _, __, cells: Edges(cells, NONE, NONE))
    whole = verify.check_point
    monkeypatch.setattr(verify, "check_point", lambda *a: [replace(r, passed=False) for r in whole(*a)])
    results = verify.check(basins, arithmetic("arb", 53), 10**6, Clock())
    assert [result.passed for result in results[:5]] == [False, False, False, True, True]


def results_of(basins: Basins, clock: Clock | None = None) -> list[tuple[str, str]]:
    """Return the names of all results, and what is said of those that failed."""
    results = verify.check(basins, arithmetic("arb", 53), 10**6, clock or Clock())
    assert all(result.passed == (not result.message) for result in results if "attractors[" not in result.name)
    return [(result.name, result.message) for result in results]


def test_each_claim_is_told_what_is_wrong_with_its_own_cells(leaving: Basins, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two attractors, the first with a result that failed, and the third with cells that do not flow there."""
    told = {
        0: [Result("one", Status.PROVED, True, ""), Result("two", Status.PROVED, False, "so"), Result("three", *OPEN)],
        1: [Result("one", Status.PROVED, True, "")],
        2: [Result("one", Status.PROVED, True, "")],
    }
    points = tuple(SimpleNamespace(number=k, claims={}, problem=SimpleNamespace(period=1, law=None)) for k in told)
    labels = np.resize([1, 2, 3, 4, 4], len(leaving.labels))
    basins = replace(leaving, attractors=points, labels=labels, steps=np.ones_like(labels))
    lost = np.flatnonzero(labels == 4)[:2]
    monkeypatch.setattr(Flow, "edges", lambda _, __, cells: Edges(np.setdiff1d(cells, lost), NONE, NONE))
    monkeypatch.setattr(verify, "check_point", lambda point, *_: told[point.number])
    monkeypatch.setattr(verify, "regions_of", lambda *_: [None])
    assert results_of(basins) == [
        ("basin_share (attractor 1)", "of its attractor is not re-proved: two, three"),
        ("basin_share (attractor 2)", ""),
        ("basin_share (attractor 3)", "2 cells do not flow where they should"),
        ("leaves_share", ""),
        ("attractors[0].two", "so"),
        ("attractors[0].three", "no"),
    ]


def test_what_is_late_is_said_to_be(leaving: Basins, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first two of five parts: of those alone anything is known, and no more is told of the others."""
    monkeypatch.setattr(graph, "CHUNK", 3)
    ticks, reports = iter(range(100)), []
    clock = Clock(3.0, lambda *told: reports.append(told), lambda: float(next(ticks)))
    assert results_of(leaving, clock) == [("leaves_share", SPENT)]
    assert reports == [("cells", number, 5) for number in range(3)]


@pytest.mark.parametrize(("most", "followed"), [(70, 14), (69, 13), (4, 0)])
def test_so_many_steps_are_followed_in_mpmath(
    leaving: Basins, monkeypatch: pytest.MonkeyPatch, most: int, followed: int
) -> None:
    """Of 14 cells with four steps each; a cell counts as one more."""
    seen = []

    def edges(_: Flow, lanes, cells: np.ndarray) -> Edges:  # type: ignore[no-untyped-def]
        seen.extend([len(cells)] * (lanes().name == "mpmath"))
        return Edges(cells, NONE, NONE)

    monkeypatch.setattr(Flow, "edges", edges)
    monkeypatch.setattr(verify, "SAMPLED", most)
    assert passed(leaving) and seen == [followed]
