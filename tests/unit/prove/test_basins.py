"""Claim: what `basins` proves is what random starts do, it goes on from a checkpoint, and what is cut short is kept."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.basins import graph, verify
from hallucert.check.basins.partition import DEEPEST, Partition
from hallucert.check.basins.trap import Trap
from hallucert.check.claim import Enclosure
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.errors import ArgumentError, CertificateError, CheckpointError
from hallucert.prove.attraction import attractors

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2")
BOX, RHO, STEP = [(-1.5, -0.125), (-0.5, 0.5)], "1.5", "0.1"


@pytest.fixture(scope="module")
def point() -> hc.Certificate:
    """The hallucinated minimizer (-1/2, 0)."""
    return hc.certify(WELL, (-0.5, 0), RHO, basin=STEP)


@pytest.fixture(scope="module")
def found(point: hc.Certificate) -> hc.Basins:
    """Basins of it."""
    return hc.basins(WELL, BOX, RHO, STEP, attractors=[point], depth=6, workers=1)


def test_starts_do_what_is_proved(found: hc.Basins) -> None:
    """Of 2000 random starts, by the closed form of the map, each goes where its cell says; both labels occur."""
    assert found.decided > Fraction(1, 4)
    assert found.hallucinated == found.share(2)
    starts = np.random.default_rng(5).uniform([-1.5, -0.5], [-0.125, 0.5], (2000, 2))
    x, left = starts.copy(), np.zeros(len(starts), bool)
    for _ in range(400):
        g = np.stack([x[:, 0] ** 3 - x[:, 0], x[:, 1]], -1)
        p = x + 1.5 * g / np.hypot(*g.T)[:, None]
        x = x - 0.1 * np.stack([p[:, 0] ** 3 - p[:, 0], p[:, 1]], -1)
        left |= ((x < [-1.5, -0.5]) | (x > [-0.125, 0.5])).any(axis=1)
    converged, labels = np.abs(x - [-0.5, 0]).max(axis=1) < 1e-6, found.at(starts)
    assert converged[labels == 2].all()
    assert left[labels == 1].all()
    assert min((labels == k).sum() for k in (0, 1, 2)) > 0


def test_a_file_is_proved_again_in_another_arithmetic(point: hc.Certificate, tmp_path: Path) -> None:
    """What is saved is what is read, and all claims are proved again; with other labels or attractors they are not."""
    box, path = [(-0.875, -0.125), (-0.25, 0.5)], tmp_path / "basins.json"
    found = hc.basins(WELL, box, RHO, STEP, attractors=[point], depth=3, workers=1)
    assert 0 < found.decided < 1
    found.save(path)
    read = hc.load(path)
    assert to_json(read) == to_json(found)
    assert "basin_share: SAM with rho = 3/2 and the fixed step 1/10 converges to x*_1, a hallucinated" in str(read)
    assert hc.verify(path)
    first = hc.certify(WELL, (-0.5, 0), RHO)  # without a basin, in the place of the one that has it
    assert next(result.passed for result in hc.verify(replace(found, attractors=(first, point))).results) is False
    claim = point["nonstationary"]
    more = {name: Enclosure(2 * number.lower, 2 * number.upper) for name, number in claim.numbers.items()}
    forged = replace(point, claims={**point.claims, claim.name: replace(claim, numbers=more)})  # all else is true
    assert "of its attractor is not re-proved: nonstationary" in str(hc.verify(replace(found, attractors=(forged,))))
    data = to_json(found)
    counts = iter(data["steps"])
    data["steps"] = [1 if letter == "." else next(counts) for letter in data["cells"] if letter != "+"]
    data["cells"] = data["cells"].replace(".", "-")
    results = {result.name: result.passed for result in hc.verify(from_json(data)).results}
    assert results == {"basin_share (attractor 1)": True, "leaves_share": False}
    data = to_json(found)
    data["cells"] = data["cells"].replace(".", "A")
    data["steps"] = [5] * sum(letter != "+" for letter in data["cells"])
    verdict = hc.verify(from_json(data))
    assert not verdict
    assert "cells do not flow where they should" in str(verdict)


def test_runs_that_have_no_direction_are_told_of(found: hc.Basins) -> None:
    """Where a step is one for all directions the claim says which runs it is about; elsewhere it does not."""
    said = "where the gradient vanishes on the way, with any unit vector for its direction"
    assert said not in str(replace(found, steps=np.abs(found.steps)))
    assert said in replace(found, steps=-np.abs(found.steps))[0].statement


def test_what_does_not_fit_is_refused(found: hc.Basins) -> None:
    """Steps, cells, attractors and boxes that are none; a point without a basin, or of another problem."""
    changes = {
        "cells": ["+AAA", "BBB", 7],
        "steps": [[], [-100_001] * int((found.labels > 0).sum()), "0"],
        "attractors": [[], [to_json(hc.certify(WELL, (-0.5, 0), RHO))], [{}]],
    }
    for name, values in changes.items():
        for value in values:
            with pytest.raises(CertificateError):
                from_json(to_json(found) | {name: value})


def test_a_checkpoint_is_continued(point: hc.Certificate, tmp_path: Path) -> None:
    """A search that was cut short goes on; with other settings the file is refused."""
    path, options = tmp_path / "kept.json", {"attractors": [point], "workers": 1, "depth": 6, "budget": 20}
    first = hc.basins(WELL, BOX, RHO, STEP, goal=0.1, checkpoint=path, **options)
    second = hc.basins(WELL, BOX, RHO, STEP, checkpoint=path, **options)
    assert Fraction(1, 10) < first.decided < second.decided
    with pytest.raises(CheckpointError):
        hc.basins(WELL, BOX, "1.25", STEP, checkpoint=path, attractors=[], depth=6)


@pytest.mark.parametrize("when", ["parts of 10000", "proved"])
def test_control_c_keeps_what_was_found(
    point: hc.Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """In the search it ends the search, in the proof the proof; what is left goes on from the checkpoint."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # also where tests run in the background
    path, options = tmp_path / "kept.json", {"attractors": [point], "workers": 1, "depth": 6}
    monkeypatch.setattr(graph, "CHUNK", 100)
    told = []

    def progress(step: str, done: int, total: int | None) -> None:
        told.append(step)
        if step == when and told.count(step) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    try:
        part = hc.basins(WELL, BOX, RHO, STEP, checkpoint=path, progress=progress, **options)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert told.count(when) == 1
    whole = hc.basins(WELL, BOX, RHO, STEP, checkpoint=path, **options)
    assert 0 < part.decided < whole.decided
    assert (whole.at([[-0.5, 0.0], [-0.52, 0.01]]) == 2).all()


@pytest.mark.thorough
def test_no_time_and_no_attractors_decide_nothing(point: hc.Certificate) -> None:
    """Nothing is looked at when the time is up; without attractors nothing but leaving is proved."""
    late = hc.basins(WELL, BOX, RHO, STEP, attractors=[point], budget=1e-9)
    assert late.decided == 0
    assert not any(late.all_claims)
    none = hc.basins(WELL, BOX, RHO, STEP, attractors=[], depth=6, workers=1, budget=1)
    assert none.decided == none.share(1) + none.trapped


def test_points_are_in_cells_with_their_label(found: hc.Basins) -> None:
    """Where cells with different labels meet, and beside, nothing is said, nor of what is no point; outside, 1."""
    lo, hi = found.partition.bounds()
    assert (found.at((lo + hi) / 2) == found.labels).all()
    (x0, x1), (y0, _) = found.box
    edge = [[np.nextafter(x0, -9), 0], [np.nextafter(x1, 9), 0], [-1, np.nextafter(y0, -9)], [np.inf, 0], [-1, 7]]
    assert found.at(edge).tolist() == [1] * 5
    assert found.at([[np.nan, 0], [-1, np.nan]]).tolist() == [0, 0]
    (a, b), (c, d) = [[Fraction(end) for end in side] for side in found.box.tolist()]
    below = np.random.default_rng(1).permutation(np.flatnonzero((found.partition.cells[:, 1:] > 0).all(axis=1)))[:50]
    for level, i, j in found.partition.cells[below].tolist():
        x, y = float(a + i * (b - a) / 2**level), float(c + j * (d - c) / 2**level)
        x, y = np.nextafter(x, -9), np.nextafter(y, -9)
        px, py = (Fraction(x) - a) / (b - a), (Fraction(y) - c) / (d - c)
        (cell,) = found.partition.at(np.array([[DEEPEST, px * 2**DEEPEST // 1, py * 2**DEEPEST // 1]], np.int64))
        assert found.at([[x, y]])[0] in (0, found.labels[cell])


def test_attractors_of_files_are_proved_again(point: hc.Certificate) -> None:
    """A certificate that claims a basin of ten times the size, or the point of another ascent step, is refused."""
    basin = point["basin"]
    inputs = {**basin.inputs, "size": 10 * basin.inputs["size"]}
    forged = replace(point, claims={**point.claims, "basin": replace(basin, inputs=inputs)})
    usam = hc.certify(WELL, (-0.6, 0), "25/6", variant="usam", basin=STEP)
    for rho, attractor in ((RHO, forged), ("25/6", usam)):
        with pytest.raises(ArgumentError, match="attractors"):
            hc.basins(WELL, BOX, rho, STEP, attractors=[attractor], depth=3, workers=1)


def test_attractors_without_cells_are_proved_again(point: hc.Certificate) -> None:
    """A card shows where they are: one that is moved to where none is fails, though no claim speaks of it."""
    few = hc.basins(WELL, [(-0.875, -0.125), (-0.25, 0.5)], RHO, STEP, attractors=[point], depth=3, workers=1)
    forged = replace(few, attractors=(point, replace(point, box=tuple((low + 3, high + 3) for low, high in point.box))))
    assert "x*_2 in ([2." in str(forged) and forged.all_claims[1].status == "undecided"
    verdict = hc.verify(from_json(to_json(forged)))
    assert not verdict and "attractors[1].existence (proved): NOT re-proved" in str(verdict)
    assert hc.verify(from_json(to_json(replace(few, attractors=(point, point)))))


def test_what_is_counted_has_a_claim(found: hc.Basins) -> None:
    """Cells of a trap that names others, of one of which nothing is said, and with unknown labels are not decided."""
    cells = np.array([(2, i, j) for i in range(4) for j in range(4)])
    labels = np.array([0, 1, 2, 2, 3, 4, 4, 5, 5, 5, 6, 7, 7, 8, 9, 9])
    parts = replace(found, partition=Partition(found.box, cells), labels=labels, steps=np.sign(labels))
    parts = replace(parts, traps=(Trap(3, ()), Trap(5, (1, 2)), Trap(7, ())))
    assert (parts.decided, parts.trapped) == (Fraction(9, 16), Fraction(10, 16))
    assert "0.5625 of the box is decided, in 9 cells; 0.125 converges" in str(parts)
    assert "\n0.625 is trapped in cells that are at most 0.375, or does what is named instead" in str(parts)
    assert "that are together at most 0.1875 of the box, and never leaves them" in parts.all_claims[2].statement
    assert parts.all_claims[2].statement.startswith("Trap 2: SAM ")
    alone = replace(parts, labels=np.where(labels == 3, 0, labels))  # what flows into no core has no claim
    assert alone.all_claims[1].status == "undecided"
    assert (alone.decided, alone.trapped) == (Fraction(6, 16), Fraction(7, 16))
    deep = np.array([(9, 0, 0), *((level, *side) for level in range(1, 10) for side in ((0, 1), (1, 0), (1, 1)))])
    nearly = replace(found, partition=Partition(found.box, deep), labels=np.repeat([0, 2], [1, 27]), steps=np.ones(28))
    assert nearly.decided == 1 - Fraction(1, 4**9) and "0.9999 decided" in repr(nearly)


@pytest.fixture(scope="module")
def cycle() -> hc.CycleCertificate:
    """The two-cycle around (3, 2) of Himmelblau's function, rho = 1/10, step 1/100."""
    return hc.load(Path(__file__).parents[3] / "docs" / "certificates" / "himmelblau-two-cycle.json")


@pytest.fixture(scope="module")
def around(cycle: hc.CycleCertificate) -> hc.Basins:
    """Basins of it in a box around the minimizer."""
    box = [(2.75, 3.25), (1.75, 2.25)]
    return hc.basins(cycle.objective, box, "0.1", "0.01", attractors=[cycle], depth=5, workers=1)


def test_starts_around_a_minimizer_come_to_its_two_cycle(cycle: hc.CycleCertificate, around: hc.Basins) -> None:
    """More than half of the box is proved; in floats, random starts there are at p or q after 300 steps, and change."""
    assert around.share(2) > Fraction(1, 2) and around.hallucinated == 0
    text = "converges to cycle 1, a two-cycle around a minimizer, from every start"
    assert text in around[0].statement and text in str(around)
    x = np.random.default_rng(2).uniform([2.75, 1.75], [3.25, 2.25], (500, 2))
    x = x[around.at(x) == 2]
    ends = [hc.sam.run_ensemble(cycle.objective, x, "0.1", "0.01", steps, progress=False).x for steps in (300, 301)]
    p, q = cycle.points
    at_p, at_q = ([np.abs(end - place).max(axis=1) < 1e-9 for end in ends] for place in (p, q))
    assert ((at_p[0] & at_q[1]) | (at_q[0] & at_p[1])).all() and at_p[0].any() and at_q[0].any()


@pytest.mark.thorough
def test_files_hold_two_cycles(cycle: hc.CycleCertificate, around: hc.Basins) -> None:
    """They are read and proved again; another step, a larger set, and a kind that is none are refused."""
    data = to_json(around)
    assert to_json(from_json(data)) == data
    assert hc.verify(from_json(data))
    claim = cycle["basin"]
    larger = replace(claim, inputs={**claim.inputs, "sizes": tuple(4 * size for size in claim.inputs["sizes"])})
    forged = replace(cycle, claims={**cycle.claims, "basin": larger})
    assert not hc.verify(replace(around, attractors=(forged,)))
    with pytest.raises(CertificateError, match=r"attractors\[0\]\.kind"):
        from_json(data | {"attractors": [data["attractors"][0] | {"kind": "census"}]})
    with pytest.raises(CertificateError, match=r"attractors\[0\]"):
        from_json(to_json(replace(around, step=around.step / 2)))
    for step, given in (("0.005", cycle), ("0.01", forged)):
        with pytest.raises(ArgumentError, match="attractors"):
            hc.basins(cycle.objective, around.box, "0.1", step, attractors=[given], depth=3, workers=1)


def test_two_cycles_are_found_among_the_ends_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a bowl, where nothing else is, both points are one attractor, with the claims of a cycle."""
    monkeypatch.setattr(attractors, "RUNS", 4)
    monkeypatch.setattr(attractors, "RUN_STEPS", 500)
    bowl, box = hc.Objective.parse("x**2 + y**2/8"), [(0.0625, 0.25), (-0.125, 0.125)]
    found = hc.basins(bowl, box, "1/2", "1/4", depth=4, workers=1)
    (attractor,) = found.attractors
    assert isinstance(attractor, hc.CycleCertificate) and attractor["around"]
    assert found.decided > Fraction(1, 2)


def test_arguments_are_checked(point: hc.Certificate) -> None:
    """Dimension, depth, and attractors of another radius."""
    for given in (
        {"f": hc.gallery.load("quadratic")},
        {"depth": 17},
        {"goal": 2},
        {"rho": "1.25", "attractors": [point]},
        {"step_size": "0.2", "attractors": [point]},
    ):
        arguments = {"f": WELL, "box": BOX, "rho": RHO, "step_size": STEP, **given}
        with pytest.raises(ArgumentError):
            hc.basins(**arguments)


BOWL, HALF = hc.Objective.parse("(x**2 + y**2)/2"), [(-0.5, 0.5), (-0.25, 0.25)]


@pytest.fixture(scope="module")
def bouncing() -> hc.Basins:
    """SAM with rho = 1, eta = 1/8 takes a circle of radius r to that of ``|7 r/8 - 1/8|``: all runs bounce."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attractors, "RUNS", 40)
        patch.setattr(attractors, "RUN_STEPS", 500)
        return hc.basins(BOWL, HALF, "1", "1/8", depth=6, workers=1, goal=0.99)


def test_where_runs_bounce_a_trap_is_proved(bouncing: hc.Basins) -> None:
    """Nearly all of a box is proved to come to a trap; random starts come to its core and are there at every step."""
    (trap,) = bouncing.traps
    assert trap.others == () and bouncing.trapped == bouncing.decided > Fraction(9, 10)
    claim = bouncing.all_claims[0]
    assert "and never leaves them, from every start in cells" in claim.statement and claim.statement in str(bouncing)
    assert claim.numbers["core"].lower == bouncing.share(trap.core) < Fraction(1, 2)
    start = np.random.default_rng(3).uniform(*bouncing.box.T, (1000, 2))
    x = start[np.isin(bouncing.at(start), trap.labels)]
    for step in range(300):
        radius = np.hypot(*x.T)[:, None]
        x = x * (7 / 8 - 1 / 8 / radius)
        if step > 100:
            assert np.isin(bouncing.at(x), (trap.core, 0)).all()  # 0 where cells of the core and others meet
            assert (bouncing.at(x) == trap.core).mean() > 0.95
    ((a, b), (c, d)) = bouncing.box
    assert abs(x[:, 0]).max() < b and abs(x[:, 1]).max() < d and a < c


def test_files_hold_traps(bouncing: hc.Basins, point: hc.Certificate) -> None:
    """They are read and proved again; without the core, with another one, or without traps they fail."""
    data = to_json(bouncing)
    assert data["traps"] == [""] and to_json(from_json(data)) == data
    assert hc.verify(from_json(data))
    verdict = hc.verify(from_json(data | {"cells": data["cells"].replace("B", "A")}))
    assert not verdict and "cells do not flow where they should" in str(verdict)
    for new, dropped in ((".", "A"), ("B", "")):
        forged = data | {"cells": data["cells"].replace("A", new), "steps": _steps(data, dropped)}
        with pytest.raises(CertificateError, match=r"traps\[0\].*must have cells of a core"):
            from_json(forged)
    for traps in (["A"], ["B"], ["."], ["-"] * 30, ["--"], [["-"]], {}, [7]):
        with pytest.raises(CertificateError, match="traps"):
            from_json(data | {"traps": traps})
    with pytest.raises(CertificateError, match="cells"):
        from_json({name: value for name, value in data.items() if name != "traps"})


def _steps(data: dict, dropped: str) -> list[int]:
    """The steps of a file without those of the cells with a letter."""
    letters = [letter for letter in data["cells"] if letter not in "+."]
    return [k for k, letter in zip(data["steps"], letters, strict=True) if letter != dropped]


@pytest.fixture(scope="module")
def halves(point: hc.Certificate) -> hc.Basins:
    """Basins of both hallucinated minimizers of the well, and what is left between them."""
    other = hc.certify(WELL, (0.5, 0), RHO, basin=STEP)
    return hc.basins(
        WELL, [(-1.5, 1.5), (-0.5, 0.5)], RHO, STEP, attractors=[point, other], depth=6, workers=1, budget=60
    )


def test_among_what_is_open_traps_are_found(halves: hc.Basins) -> None:
    """More than 9 of 10 starts have a claim; by the closed form those in traps converge to what these name, or stay."""
    trap, *_ = halves.traps
    text = halves.all_claims[2].statement
    assert trap.others == (2, 3) and "never leaves them, or converges to x*_1, or converges to x*_2, from" in text
    own = np.isin(halves.labels, halves.traps[0].labels)
    assert (halves.steps[~own & (halves.labels < 4)] < 0).any()  # on the way to what the trap names
    assert "any unit vector" in replace(halves, steps=np.where(own, 1, halves.steps)).all_claims[2].statement
    assert halves.decided + halves.trapped == 1 - halves.share(0) > Fraction(9, 10) > Fraction(7, 10) > halves.decided
    cores = [each.core for each in halves.traps]
    starts = np.random.default_rng(4).uniform(*halves.box.T, (2000, 2))
    labels = halves.at(starts)
    x = starts.copy()
    for _ in range(1000):
        g = np.stack([x[:, 0] ** 3 - x[:, 0], x[:, 1]], -1)
        p = x + 1.5 * g / np.hypot(*g.T)[:, None]
        x = x - 0.1 * np.stack([p[:, 0] ** 3 - p[:, 0], p[:, 1]], -1)
    at = [np.abs(x - [place, 0]).max(axis=1) < 1e-6 for place in (-0.5, 0.5)]
    assert at[0][labels == 2].all() and at[1][labels == 3].all()
    ended = at[0] | at[1] | np.isin(halves.at(x), cores)
    assert ended[labels > 3].all() and (labels > 3).sum() > 200


@pytest.mark.thorough
def test_a_claim_about_a_trap_needs_what_it_names(point: hc.Certificate, halves: hc.Basins) -> None:
    """With a forged attractor it fails, and so does that of a trap that names this trap; the other basin is proved."""
    basin = point["basin"]
    inputs = {**basin.inputs, "size": 10 * basin.inputs["size"]}
    forged = replace(point, claims={**point.claims, "basin": replace(basin, inputs=inputs)})
    results = hc.verify(replace(halves, attractors=(forged, halves.attractors[1]))).results
    passed = [result.passed for result in results if result.status]
    assert passed[:2] == [False, True]
    named = replace(halves, traps=(halves.traps[0], replace(halves.traps[1], others=(4, 5))))
    assert named.meant((6, 7)) == {2, 3, 4, 5, 6, 7} and named.meant((2,)) == {2}
    assert [result.passed for result in results][2:4] == [False, False]


def test_traps_lean_on_what_is_proved_alone(halves: hc.Basins, monkeypatch: pytest.MonkeyPatch) -> None:
    """If some proofs of basins fail, traps are sought beside what is left, and hold; no basin is proved twice."""
    seen: list[tuple[int, ...]] = []
    whole = graph.Flow.edges

    def some(flow: graph.Flow, lanes, cells: np.ndarray) -> graph.Edges:  # type: ignore[no-untyped-def]
        edges = whole(flow, lanes, cells)
        seen.extend(map(tuple, flow.partition.cells[cells].tolist()))
        lost = (flow.labels[edges.cells] == 2) & (flow.partition.cells[edges.cells, 1:].sum(axis=1) % 7 == 0)
        return replace(edges, cells=edges.cells[~lost])

    monkeypatch.setattr(graph.Flow, "edges", some)
    found = hc.basins(WELL, halves.box, RHO, STEP, attractors=halves.attractors, depth=6, workers=1, budget=60)
    assert found.share(2) < halves.share(2) and found.trapped > halves.trapped
    monkeypatch.undo()
    basins = found.partition.cells[np.isin(found.labels, (2, 3))].tolist()
    assert {seen.count(tuple(cell)) for cell in basins} == {1}
    monkeypatch.setattr(verify, "SAMPLED", 400)  # of steps in a third arithmetic, which others of these tests follow
    assert hc.verify(found)
