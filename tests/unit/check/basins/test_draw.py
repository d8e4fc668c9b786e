"""Claim: cells are drawn evenly from what is open, by chance alone, and what is said of them is proved."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.basins import draw, verify
from hallucert.check.basins.certificate import Basins
from hallucert.check.basins.draw import LEVEL, Draw, commitment, drawn, least_share
from hallucert.check.basins.file import from_json
from hallucert.check.basins.graph import FIRST, LEAVES, Edges, Flow
from hallucert.check.basins.intervals import Intervals
from hallucert.check.basins.partition import Partition, from_text
from hallucert.check.basins.trap import Trap
from hallucert.check.claim import Enclosure, Status
from hallucert.check.file.save import to_json
from hallucert.check.file.verify import SPENT
from hallucert.check.problem import Problem
from hallucert.check.publishing import provenance
from hallucert.clock import Clock, OutOfTime
from hallucert.decimals import decimal_below
from hallucert.errors import ArgumentError, CertificateError

BOWL = hc.Objective.parse("(x**2 + y**2)/2")
BOX = np.array([[1.0, 1.5], [-0.25, 0.25]])


PARTITION = Partition(BOX, from_text("+.A+..A.A")[0])
OPEN = np.array([letter == "." for letter in ".A..A.A"])


def test_cells_are_drawn_as_it_is_written() -> None:
    """From the SHA-256 of a text and a number: the open cells one after the other, each from its end by rows.

    The partition has one open cell of level 1, with indices (0, 0), and three of level 2, (2, 0), (2, 1) and (3, 1).
    """
    large, small, side = 4 ** (LEVEL - 1), 4 ** (LEVEL - 2), 2 ** (LEVEL - 2)
    for number, (level, i, j) in enumerate(drawn(PARTITION, OPEN, "7", 200).tolist()):
        place = int(sha256(f"7 {number}".encode()).hexdigest(), 16) % (large + 3 * small)
        if place < large:
            row, column = divmod(large - 1 - place, 2 * side)
            assert (level, i, j) == (LEVEL, row, column)
        else:
            which, rest = divmod(place - large, small)
            row, column = divmod(small - 1 - rest, side)
            a, b = [(2, 0), (2, 1), (3, 1)][which]
            assert (level, i, j) == (LEVEL, a * side + row, b * side + column)


def test_all_cells_of_the_last_level_are_drawn_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of level 3: the open ones are 28, of which each comes up about 100 times in 2800, and no other does."""
    monkeypatch.setattr(draw, "LEVEL", 3)
    rows, times = np.unique(drawn(PARTITION, OPEN, "0", 2800), axis=0, return_counts=True)
    opened = PARTITION.at(np.array([[3, i, j] for i in range(8) for j in range(8)]))
    assert len(rows) == OPEN[opened].sum() == 28 and OPEN[PARTITION.at(rows)].all()
    assert (abs(times - 100) < 45).all()


def test_where_draws_fall_depends_on_all_that_they_are_about(basins: Basins) -> None:
    """Each number is put behind the digest of problem, cells and traps, the seed, and how many are drawn."""

    def nodes(changed: Basins) -> list[list[int]]:
        assert changed.draw is not None
        flow = Flow(changed.problem, changed.step, changed.partition, changed.labels, changed.steps, [], changed.traps)
        rows: list[list[int]] = changed.draw.flow(flow, [LEAVES]).nodes.tolist()
        return rows

    assert basins.draw is not None
    data, first, open_ = to_json(basins), nodes(basins), basins.labels == 0
    head = sha256(" ".join([data["digest"], "0", data["cells"]]).encode()).hexdigest()
    assert first == drawn(basins.partition, open_, f"sha256:{head} 3 40", 40).tolist()
    trapped = replace(basins, traps=(Trap(FIRST, ()), Trap(FIRST + 2, (LEAVES, FIRST))))
    head = sha256(" ".join([data["digest"], "0", data["cells"], "", "-A"]).encode()).hexdigest()
    assert nodes(trapped) == drawn(basins.partition, open_, f"sha256:{head} 3 40", 40).tolist()
    others = [
        trapped,
        replace(basins, traps=(Trap(FIRST, ()),)),
        replace(basins, labels=np.where(open_, LEAVES, 0)),
        replace(basins, labels=np.where(open_, FIRST, LEAVES)),
        replace(basins, step=Fraction(1, 16)),
        replace(basins, problem=Problem(BOWL, Fraction(2))),
        replace(basins, problem=Problem(hc.Objective.parse("(x**2 + y**2)/4"), Fraction(1))),
        replace(basins, partition=Partition(2 * BOX, basins.partition.cells)),
        replace(basins, draw=replace(basins.draw, seed=4)),
        replace(basins, draw=Draw(3, basins.draw.labels[:39], basins.draw.steps[:39])),
    ]
    for changed in others:
        assert not set(map(tuple, nodes(changed))) & set(map(tuple, first))
    unknown = Draw(3, np.zeros(40, np.int64), np.zeros(40, np.int64))
    assert nodes(replace(basins, draw=unknown)) == first


def arranged(good: np.ndarray, slots: set[int], count: int) -> np.ndarray:
    """Return which of equal cells, one after the other, to leave open: so many, so that slots hold good ones alone.

    All that are not good are left open, as nothing is known of them.
    """
    reached = [{0}]
    for cell in good:
        before = reached[-1]
        reached.append(before | {k + 1 for k in before} if cell else {k + 1 for k in before - slots})
    left, kept = count, np.ones(len(good), bool)
    for k in reversed(range(len(good))):
        kept[k] = not good[k] or left not in reached[k] or (left - 1 in slots and left - 1 in reached[k])
        left -= int(kept[k])
        assert left in reached[k]
    return kept


def test_cells_cannot_be_arranged_to_what_is_drawn() -> None:
    """Cells of which half are good are left open such that a fifth of these is, and all of a known draw.

    Of the draw that is made of them hardly more than a fifth is, because each arrangement has a draw of its own.
    """
    level, count = 6, 100
    i, j = np.divmod(np.arange(4**level), 2**level)
    partition = Partition(np.array([[0.0, 1.0], [0.0, 1.0]]), np.stack([np.full(4**level, level), i, j], -1))
    good = np.random.default_rng(0).random(4**level) < 0.5

    def found(open_: np.ndarray, text: str) -> int:
        nodes = drawn(partition, open_, text, count) >> np.array([0, LEVEL - level, LEVEL - level])
        return int(good[nodes[:, 1] * 2**level + nodes[:, 2]].sum())

    bad = int((~good).sum())
    total = bad * 5 // 4
    unit = 4 ** (LEVEL - level)
    slots = {int(sha256(f"0 {k}".encode()).hexdigest(), 16) % (total * unit) // unit for k in range(count)}
    open_ = np.zeros(4**level, bool)
    open_[partition.order] = arranged(good[partition.order], slots, total)
    assert open_.sum() == total and 5 * (open_ & good).sum() <= total + 5 and found(open_, "0") == count
    labels = np.where(open_, 0, LEAVES)
    flow = Flow(Problem(BOWL, Fraction(1)), Fraction(1, 8), partition, labels, labels, [])
    assert found(open_, commitment(flow, 0, count)) < 40


def test_cells_are_drawn_evenly() -> None:
    """Of 7000 about 4000, 1000, 1000 and 1000 lie in the four open cells, as many in both halves of each."""
    cells = drawn(PARTITION, OPEN, "0", 7000)
    quarters = cells[:, 1:] >> LEVEL - 2
    counts = [int((quarters // 2 == 0).all(axis=1).sum())]
    counts += [int((quarters == place).all(axis=1).sum()) for place in ([2, 0], [2, 1], [3, 1])]
    assert sum(counts) == 7000
    assert all(abs(n - m) < 4 * m**0.5 for n, m in zip(counts, [4000, 1000, 1000, 1000], strict=True))
    for axis in (1, 2):
        assert abs(int((cells[:, axis] >> (LEVEL - 3) & 1).sum()) - 3500) < 4 * 1750**0.5
    assert (drawn(PARTITION, OPEN, "0", 50) == cells[:50]).all() and (
        drawn(PARTITION, OPEN, "1", 50) != cells[:50]
    ).any()


def test_where_all_is_decided_nothing_is_drawn() -> None:
    """Nor where nothing is asked for."""
    assert drawn(PARTITION, ~OPEN & OPEN, "0", 5).shape == drawn(PARTITION, OPEN, "0", 0).shape == (0, 3)


@pytest.fixture
def basins() -> Basins:
    """For ``f = (x^2 + y^2)/2``, rho = 1, eta = 1/8, S takes (r, 0) to (7 r/8 - 1/8, 0): from [1, 3/2] runs leave.

    Of the 16 cells of level 2 the eight on the left leave at once; about the others nothing is known, but about what
    was drawn from them: all that is less than 3/2 - 1/16 from 0 leaves, or comes to those, in two steps.
    """
    cells, _ = from_text("+" + "+...." * 4)
    labels = np.where(cells[:, 1] < 2, LEAVES, 0)
    made = provenance(arithmetic("arb", 53))
    problem = Problem(BOWL, Fraction(1))
    steps = np.where(labels > 0, 3, 0)
    found = Basins(problem, Fraction(1, 8), Partition(BOX, cells), labels, steps, (), made)
    return replace(found, draw=Draw(3, np.full(40, LEAVES), np.full(40, 2)))


def messages(basins: Basins) -> dict[str, str]:
    """What is said against each claim."""
    return {result.name: result.message for result in verify.check(basins, arithmetic("arb", 53), 10**6, Clock())}


def test_drawn_cells_are_followed(basins: Basins) -> None:
    """All forty come to cells that leave in two steps; in none do they, and then the claim about the draw alone fails.

    What leans on cells that do not flow where they should is not proved either.
    """
    assert messages(basins) == {"leaves_share": "", "drawn_share": ""}
    assert basins.draw is not None
    early = replace(basins, draw=replace(basins.draw, steps=np.zeros(40, np.int64)))
    assert messages(early) == {"leaves_share": "", "drawn_share": "40 cells do not flow where they should"}
    open_ = replace(basins.draw, labels=np.repeat([LEAVES, 0], [25, 15]), steps=np.repeat([2, 0], [25, 15]))
    assert not any(messages(replace(basins, draw=open_)).values())
    wrong = replace(basins, steps=np.where(basins.labels > 0, 0, 0))
    assert messages(wrong).keys() == {"leaves_share", "drawn_share"} and all(messages(wrong).values())


def test_drawn_cells_come_to_cells_with_their_own_label(basins: Basins) -> None:
    """In two steps all come to cells that leave, or out of the box: to a trap that none of these is in comes none."""
    flow = Flow(basins.problem, basins.step, basins.partition, basins.labels, basins.steps, [], [Trap(FIRST, ())])
    for label in (LEAVES, FIRST + 1):
        cells = Draw(3, np.full(40, label), np.full(40, 2)).flow(flow, [LEAVES])
        proved = cells.proved([cells.edges(Intervals, np.arange(40))], basins.labels > 0)
        assert proved.all() if label == LEAVES else not proved.any()


def test_one_cell_that_fails_in_one_arithmetic_fails(basins: Basins, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it is lost, or leans on an open cell, in doubles alone or in mpmath alone."""
    whole, none = Flow.edges, np.zeros(0, np.int64)
    open_ = np.flatnonzero(basins.labels == 0)[:1]
    for name in ("intervals", "mpmath"):
        for lost, source, target in (([7], none, none), ([], np.array([7]), open_)):

            def edges(flow, lanes, cells, name=name, lost=lost, source=source, target=target):  # type: ignore[no-untyped-def]
                found = whole(flow, lanes, cells)
                if lanes().name != name or type(flow) is Flow:
                    return found
                kept = np.setdiff1d(found.cells, np.array(lost, np.int64))
                return Edges(kept, np.append(found.source, source), np.append(found.target, target))

            monkeypatch.setattr(Flow, "edges", edges)
            assert messages(basins) == {"leaves_share": "", "drawn_share": "1 cells do not flow where they should"}
    monkeypatch.setattr(Flow, "edges", whole)
    assert not any(messages(basins).values())


def test_no_cell_comes_to_an_attractor_that_is_not_proved(basins: Basins, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing holds of cells drawn that come to it; of others all the same."""
    point = hc.certify(hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2"), (-0.5, 0), "1.5")
    some = Draw(3, np.repeat([LEAVES, FIRST], [39, 1]), np.repeat([2, 0], [39, 1]))
    found = replace(basins, attractors=(point,), draw=some)
    failed = [verify.Result("existence", Status.PROVED, False, "no")]
    monkeypatch.setattr(verify, "check_point", lambda *_: failed)
    monkeypatch.setattr(verify, "regions_of", lambda *_: ())
    results = {result.name: result.message for result in verify.check(found, arithmetic("arb", 53), 10**6, Clock())}
    assert results["drawn_share (attractor 1)"] == "of its attractor is not re-proved: existence"
    assert results["leaves_share"] == ""


def test_a_draw_without_time_spoils_no_other_claim(basins: Basins, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its time is up before, or on the way; the cells of the box are proved."""
    assert basins.draw is not None
    whole = Flow.edges

    def late(flow: Flow, lanes, cells: np.ndarray) -> Edges:  # type: ignore[no-untyped-def]
        if type(flow) is not Flow:
            raise OutOfTime
        return whole(flow, lanes, cells)

    monkeypatch.setattr(Flow, "edges", late)
    found = messages(basins)
    assert found["leaves_share"] == "" and found["drawn_share"]
    monkeypatch.setattr(Flow, "edges", whole)
    ticks = iter([0.0] * 2 + [9.0] * 99)
    results = verify.check(basins, arithmetic("arb", 53), 10**6, Clock(1.0, now=lambda: next(ticks)))
    assert [(r.name, r.message) for r in results] == [("leaves_share", ""), ("drawn_share", SPENT)]


def test_a_draw_is_from_all_that_says_no_single_thing(basins: Basins) -> None:
    """Also from cells of a trap that names others: what is likely of the rest is said of all of it."""
    labels = np.where(basins.partition.cells[:, 1] == 2, FIRST + 1, basins.labels)
    trapped = replace(basins, labels=labels, steps=np.ones_like(labels), traps=(Trap(FIRST, (LEAVES,)),))
    flow = Flow(trapped.problem, trapped.step, trapped.partition, labels, trapped.steps, [], trapped.traps)
    nodes = Draw(0, np.zeros(2000, np.int64), np.zeros(2000, np.int64)).flow(flow, trapped.single).nodes
    columns = np.bincount(nodes[:, 1] >> LEVEL - 2, minlength=4)
    assert trapped.decided == Fraction(1, 2) and columns[:2].tolist() == [0, 0] and abs(columns[2] - 1000) < 100
    assert trapped.likely(LEAVES) == Fraction(1, 2) + least_share(40, 40) / 2


def test_what_a_draw_shows_is_added_to_what_is_decided(basins: Basins) -> None:
    """Half of the box leaves, and of the other half so much as forty of forty, or thirty, show."""
    assert basins.likely(LEAVES) == Fraction(1, 2) + least_share(40, 40) / 2
    assert basins.draw is not None
    part = replace(basins, draw=replace(basins.draw, labels=np.repeat([LEAVES, 0], [30, 10])))
    assert part.likely(LEAVES) == Fraction(1, 2) + least_share(30, 40) / 2
    assert replace(basins, draw=None).likely(LEAVES) == Fraction(1, 2) == basins.share(LEAVES)
    with pytest.raises(ArgumentError, match="labels"):
        basins.likely(0)
    claim, share = part.all_claims[-1], part.likely(LEAVES)
    assert (claim.name, claim.inputs) == ("drawn_share", {})
    assert claim.numbers == {
        "cells": Enclosure(Fraction(30), Fraction(40)),
        "likely_share": Enclosure(share, Fraction(1)),
    }
    assert claim.statement == (
        "SAM with rho = 1 and the fixed step 1/8 comes to a point outside of the box from every start in 30 of 40 "
        "cells of level 44, drawn with seed 3 from what is not decided. With what is decided "
        "it does so from at least 0.631018 of the box, unless this draw is one of those, at most 1 in 1000000000, that "
        "show so much by chance."
    )
    line = (
        "by 40 cells drawn at random, not proved: likely at least 0.631018 of the box does one thing; likely at least 0"
    )
    assert f"{line} converges to hallucinated minimizers" in part.card()
    nothing = replace(basins, draw=replace(basins.draw, labels=np.zeros(40, np.int64)))
    assert [claim.name for claim in nothing.all_claims] == ["leaves_share"]


def test_a_drawn_cell_with_a_step_for_all_directions_is_said_to_have_one(basins: Basins) -> None:
    """By the claim about the draw alone, and by that of its own label."""
    steps = np.where(np.arange(40) == 7, -2, 2)
    assert basins.draw is not None
    some = replace(basins, draw=replace(basins.draw, steps=steps))
    ends = "what is not decided; where the gradient vanishes on the way, with any unit vector for its direction. With"
    assert ends in some.all_claims[-1].statement and ends not in basins.all_claims[-1].statement
    assert some.all_claims[0].statement == basins.all_claims[0].statement
    open_ = replace(basins, draw=replace(basins.draw, labels=np.where(steps < 0, 0, LEAVES), steps=steps))
    assert ends not in open_.all_claims[-1].statement


def test_claims_of_a_draw_name_attractors_and_traps(basins: Basins) -> None:
    """Each with its own number of cells; of traps what flows in and what is in the core counts."""
    point = hc.certify(hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2"), (-0.5, 0), "1.5")
    labels = np.where(basins.labels > 0, FIRST + 1, 0)
    some = Draw(0, np.repeat([FIRST, FIRST + 1, FIRST + 2, LEAVES], [20, 5, 10, 5]), np.ones(40, np.int64))
    found = replace(basins, labels=labels, attractors=(point,), traps=(Trap(FIRST + 1, ()),), draw=some)
    claims = [claim for claim in found.all_claims if claim.name == "drawn_share"]
    assert [claim.inputs for claim in claims] == [{"attractor": 1}, {"trap": 1}, {}]
    said = ["converges to x*_1, a hallucinated minimizer, from every start in 20 of 40"]
    said += ["at most 0.5 of the box, and never leaves them, from every start in 15 of 40"]
    said += ["comes to a point outside of the box from every start in 5 of 40"]
    assert all(text in claim.statement for text, claim in zip(said, claims, strict=True))
    assert found.minimizers == [FIRST] and found.likely(FIRST) == least_share(20, 40) / 2
    assert f"at least {decimal_below(least_share(20, 40) / 2)} converges to hallucinated" in found.card()[-2]


def test_a_draw_is_read_back(basins: Basins) -> None:
    """As it was written; a file without one has no field for it."""
    assert basins.draw is not None
    part = replace(basins, draw=Draw(3, np.array([LEAVES, 0, LEAVES]), np.array([2, 0, 5])))
    data = to_json(part)
    assert data["draw"] == {"seed": 3, "cells": "-.-", "steps": [2, 5]}
    read = from_json(data).draw
    assert read is not None and (read.seed, len(read)) == (3, 3)
    assert read.labels.tolist() == [LEAVES, 0, LEAVES] and read.steps.tolist() == [2, 0, 5]
    assert "draw" not in to_json(replace(basins, draw=None))
    last = from_json({**data, "draw": {"seed": 2**63 - 1, "cells": "." * 100_000, "steps": []}}).draw
    assert last is not None and last.seed == 2**63 - 1 and len(last) == draw.MOST == 100_000


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": -1}, "draw.seed"),
        ({"seed": True}, "draw.seed"),
        ({"seed": 2**63}, "draw.seed"),
        ({"seed": "1"}, "draw.seed"),
        ({"cells": ""}, "draw.cells"),
        ({"cells": "-A-"}, "draw.cells"),
        ({"cells": "-?-"}, "draw.cells"),
        ({"cells": "+.-"}, "draw.cells"),
        ({"cells": 7}, "draw.cells"),
        ({"cells": "-" * 100_001}, "draw.cells"),
        ({"steps": [2]}, "draw.steps"),
        ({"steps": [2, 100_001]}, "draw.steps"),
        ({"steps": [2.0, 5]}, "draw.steps"),
        ({"extra": 1}, "draw"),
    ],
)
def test_what_does_not_fit_is_named(basins: Basins, change: dict[str, object], field: str) -> None:
    """Its place in the file."""
    data = to_json(replace(basins, draw=Draw(3, np.array([LEAVES, 0, LEAVES]), np.array([2, 0, 5]))))
    with pytest.raises(CertificateError) as caught:
        from_json({**data, "draw": {**data["draw"], **change}})  # type: ignore[dict-item]
    assert caught.value.field.startswith(field)


def test_nothing_is_drawn_from_a_box_that_is_decided(basins: Basins) -> None:
    """Nor is there a draw that is no object, or of which a label says more than one thing."""
    data = to_json(basins)
    with pytest.raises(CertificateError, match="left out where all"):
        from_json({**data, "cells": "-", "steps": [9]})
    with pytest.raises(CertificateError, match="draw"):
        from_json({**data, "draw": []})
    letters = {"cells": "B", "steps": [1], "seed": 0}
    data = {**data, "cells": "+AB-.", "steps": [1, 1, 1]}
    with pytest.raises(CertificateError, match=r"draw\.cells"):
        from_json({**data, "traps": ["-"], "draw": letters})
    assert from_json({**data, "traps": [""], "draw": letters}).draw is not None
