"""Claim: cells count only if they pass in both arithmetics, and claims only with all that they are made of.

For ``f = (x^2 + y^2)/2``, rho = 1, eta = 1/8, S takes (r, 0) to (7 r/8 - 1/8, 0): all of [1, 3/2] moves left.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.basins import verify
from hallucert.check.basins.certificate import Basins
from hallucert.check.basins.graph import FIRST, LEAVES, Edges, Flow
from hallucert.check.basins.partition import Partition, from_text
from hallucert.check.basins.trap import Trap
from hallucert.check.problem import Problem
from hallucert.check.publishing import provenance
from hallucert.clock import Clock
from hallucert.errors import DomainError

BOWL = hc.Objective.parse("(x**2 + y**2)/2")
NONE = np.zeros(0, np.int64)


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
