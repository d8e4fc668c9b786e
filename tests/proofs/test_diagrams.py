"""Claims: a complete diagram has every hallucinated point of its target, whatever the radius, and forgeries fail."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch.cell import BranchCell
from hallucert.check.branch.certificate import TARGET
from hallucert.check.branch.region import is_held
from hallucert.check.branch.system import BranchSystem, proved_target
from hallucert.check.file import verify as checker
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.reason import Reason
from hallucert.clock import UNLIMITED, Clock
from hallucert.errors import ArgumentError, CertificateError, NotAnalyticError, SearchError
from hallucert.prove import diagram as complete_diagram
from hallucert.prove.diagram import _Tubes, completeness, sweep

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "himmelblau.json").read_text(encoding="utf-8"))
BOX = [(-6, 6), (-6, 6)]
MINIMIZERS = ((3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127))


@pytest.fixture(scope="module")
def himmelblau():
    return hc.gallery.load("himmelblau")


@pytest.fixture(scope="module")
def diagrams(himmelblau):
    return [hc.diagram(himmelblau, c, BOX) for c in MINIMIZERS]


def on_a_cell(diagram, x, multiplier) -> bool:
    """Tell in floats whether a solution lies in one of the cells, where each holds exactly one arc."""
    z = np.array([*x, multiplier])
    for chain in diagram.chains:
        for link in chain.links:
            cell = link.cell
            frame, centre = np.array(cell.frame, dtype=float), np.array(cell.centre, dtype=float)
            y = np.linalg.solve(frame, z - centre)
            w = y[1:] - np.array(cell.bend, dtype=float) * y[0] ** 2
            if (
                float(cell.span[0]) <= y[0] <= float(cell.span[1])
                and (np.abs(w) <= np.array(cell.radius, dtype=float)).all()
            ):
                return True
    return False


def test_all_of_himmelblau_is_on_sixteen_branches(diagrams) -> None:
    """Every hallucinated minimizer in [-6, 6]^2, for every rho > 0: four branches for each target, two folds in all."""
    for diagram in diagrams:
        assert diagram.complete and len(diagram.chains) == 4 and diagram.proved
        assert diagram["completeness"][0].statement == (
            "Every point of the box [-6, 6] x [-6, 6] that is hallucinated with the target c, for any rho > 0, lies on "
            "one of branches 1 to 4."
        )
    assert [len(diagram["fold"]) for diagram in diagrams] == [1, 0, 1, 0]


def test_the_reference_points_lie_on_the_diagrams(diagrams) -> None:
    """The points of the reference file, computed elsewhere, whose targets are minimizers."""
    seen = 0
    for row in REFERENCE["hallucinated"]:
        target = np.array(row["target"], dtype=float)
        diagram = diagrams[int(np.argmin([np.linalg.norm(target - np.array(c)) for c in MINIMIZERS]))]
        for point in row["points"]:
            x = np.array(point["x"], dtype=float)
            slope = np.linalg.norm(diagram.objective.gradient(x))
            assert on_a_cell(diagram, x, slope / float(row["rho"]))
            seen += 1
    assert seen == 18


def test_censuses_of_single_radii_agree(himmelblau, diagrams) -> None:
    """The points of a census at rho = 3.5 and 7 with a minimizer as target lie on the diagrams."""
    for rho in ("3.5", "7"):
        census = hc.census(himmelblau, BOX, rho)
        assert census.complete
        for point in census.points:
            if str(point.kind) != "minimizer":
                continue
            x = np.array([float(side.lower + side.upper) / 2 for side in point.box])
            q = np.linalg.norm(himmelblau.gradient(x))
            target = x + float(rho) * himmelblau.gradient(x) / q
            near = np.argmin([np.linalg.norm(target - np.array(c)) for c in MINIMIZERS])
            assert on_a_cell(diagrams[near], x, q / float(rho))


@pytest.mark.parametrize("backend", ["mpmath", "arb"])
def test_a_diagram_is_re_proved_from_its_file(diagrams, tmp_path, backend) -> None:
    """From the file alone, in both arithmetics."""
    diagrams[0].save(tmp_path / "diagram.json")
    verdict = hc.verify(tmp_path / "diagram.json", backend=backend)
    assert verdict and verdict.results[-1].name == "completeness"


@pytest.mark.thorough
def test_a_diagram_without_one_of_its_branches_is_not_complete(diagrams) -> None:
    """Whichever branch is left out, the search leaves places over; the same from a forged file."""
    diagram = diagrams[3]
    ar = arithmetic("arb", 212)
    with ar:
        system = BranchSystem(ar, diagram.objective, proved_target(ar, diagram.objective, diagram.target).c)
        for i in range(4):
            rest = [chain for j, chain in enumerate(diagram.chains) if j != i]
            assert not sweep(system, rest, list(diagram.region), 20_000).record
    claims = [c for c in diagram.all_claims if c.inputs.get("branch") != 4]
    forged = replace(diagram, chains=diagram.chains[:3], all_claims=tuple(claims))
    verdict = hc.verify(from_json(json.loads(json.dumps(to_json(forged)))), backend="arb", max_boxes=20_000)
    assert [r.name for r in verdict.results if not r.passed] == ["completeness"]


def test_a_cell_holds_small_pieces_only(diagrams) -> None:
    """Of the points around the middle of a cell those of a small box lie in it, not all of a box that sticks out."""
    diagram = diagrams[0]
    ar = arithmetic("arb", 106)
    with ar:
        system = BranchSystem(ar, diagram.objective, proved_target(ar, diagram.objective, diagram.target).c)
        for link in diagram.chains[0].links:
            cell, reach = link.cell, min(link.cell.radius)
            centre = [Fraction(float(v)) for v in cell.centre]
            for size, inside in ((reach / 64, True), (64 * reach, False)):
                x = [ar.interval(v - size, v + size) for v in centre[:-1]]
                multiplier = (max(centre[-1] - size, Fraction(0)), centre[-1] + size)
                piece = SimpleNamespace(x=x, multiplier=multiplier)
                assert is_held(BranchCell(system, cell), piece) == inside


def test_a_cell_that_floats_cannot_invert_proposes_nothing(diagrams, monkeypatch) -> None:
    """The look-up of cells is in floats: where they fail nothing is held, and nothing is raised."""
    diagram = diagrams[0]
    ar = arithmetic("arb", 106)
    with ar:
        system = BranchSystem(ar, diagram.objective, proved_target(ar, diagram.objective, diagram.target).c)
        cells = [link.cell for link in diagram.chains[0].links[:2]]
        proofs = [BranchCell(system, cell) for cell in cells]
        monkeypatch.setattr("hallucert.prove.diagram._thick", lambda _, cell: (proofs[cells.index(cell)], Fraction(1)))
        monkeypatch.setattr("hallucert.prove.diagram.matrix.float_inverse", lambda frame: None)
        tubes = _Tubes(system, cells, [])
        assert tubes.proofs
        box = [(Fraction(1), Fraction(1))] * 2
        assert not tubes.hold(SimpleNamespace(box=box, multiplier=(Fraction(0), Fraction(1))))


@pytest.mark.thorough
def test_missed_branches_are_sought_where_the_search_leaves_places(himmelblau, diagrams, monkeypatch) -> None:
    """With half of the branches withheld at first, the diagram still becomes complete."""
    found = complete_diagram.branches
    monkeypatch.setattr(complete_diagram, "branches", lambda *a, **k: found(*a, **k)[:2])
    diagram = hc.diagram(himmelblau, MINIMIZERS[3], BOX)
    assert diagram.complete and len(diagram.chains) >= 4


def test_a_convex_function_has_an_empty_diagram() -> None:
    """No branches, and the proof that there is nothing: Proposition A.1."""
    diagram = hc.diagram(hc.Objective.parse("x**2 + x*y + y**2"), (0, 0), [(-3, 3), ("-0.1", "0.7")])
    assert diagram.complete and not diagram.chains
    assert diagram["completeness"][0].statement == (
        "No point of the box [-3, 3] x [-1/10, 7/10] is hallucinated with the target c, for any rho > 0."
    )
    assert hc.verify(diagram)


@pytest.mark.thorough
def test_a_saddle_has_no_complete_diagram_around_it(himmelblau) -> None:
    """Saddles are targets of points arbitrarily near: places around it stay open, and that is said."""
    diagram = hc.diagram(himmelblau, (3.385, 0.0738), [(3, 4), (-0.5, 0.5)], max_boxes=500)
    (claim,) = diagram["completeness"]
    assert not diagram.complete and str(claim.status) == "undecided" and claim.reason.value in ("places", "budget")


def test_forged_regions_and_claims_fail(diagrams) -> None:
    """Another region needs its digest, and completeness has no numbers and no other name or status."""
    data = json.loads(json.dumps(to_json(diagrams[1])))
    data["problem"]["region"][0] = ["0x1p+3", "-0x1p+3"]
    with pytest.raises(CertificateError, match="digest"):
        from_json(data)
    data["digest"] = problem_digest(data["problem"])
    with pytest.raises(CertificateError, match="region"):
        from_json(data)
    for change in ({"name": "branch"}, {"status": "refuted"}, {"numbers": {"rho": ["0x1p+0", "0x1p+1"]}}):
        data = json.loads(json.dumps(to_json(diagrams[1])))
        data["claims"][-1] |= change
        with pytest.raises(CertificateError, match="claims"):
            from_json(data)


def test_the_target_of_a_diagram_cannot_be_forged() -> None:
    """With the target's claim undecided, or its published enclosure elsewhere or wide, completeness is not re-proved.

    Of (-1, 0) no point of the box is hallucinated; (-1/2, 0) is, with the other minimizer (1, 0) as its target.
    """
    f = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    honest = hc.diagram(f, (-1, 0), [("-0.7", "-0.2"), ("-0.1", "0.1")])
    assert honest.complete and not honest.chains and hc.verify(honest)
    elsewhere = tuple((Fraction(v), Fraction(v)) for v in (1, 0))
    wide = ((Fraction(-2), Fraction(2)), (Fraction(-1), Fraction(1)))
    nobody = TARGET.open(Reason.BUDGET)
    for box in (elsewhere, wide, honest.box):
        for first in (honest.all_claims[0], nobody):
            if (box, first) == (honest.box, honest.all_claims[0]):
                continue
            forged = replace(honest, all_claims=(first, honest.all_claims[-1]), box=box)
            for backend in ("arb", "mpmath"):
                verdict = hc.verify(from_json(json.loads(json.dumps(to_json(forged)))), backend=backend)
                assert "completeness" in [result.name for result in verdict.results if not result.passed]


def test_the_enclosure_of_a_branch_target_holds_no_other_critical_point(himmelblau) -> None:
    """An enclosure that is wider than the box in which the target is the only one says nothing, and is refused."""
    cert = hc.certify(hc.find.branches(himmelblau, (3, 2), BOX)[0])
    wide = replace(cert, box=((Fraction(-10), Fraction(10)),) * 2)
    assert hc.verify(cert, backend="arb") and not hc.verify(wide, backend="arb")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"box": [(-6, 6)]}, "box"),
        ({"box": "-6,6"}, "box"),
        ({"box": [(6, -6), (-6, 6)]}, "box"),
        ({"box": [("nan", 6), (-6, 6)]}, "box"),
        ({"box": [(-6, 6, 7), (-6, 6)]}, "box"),
        ({"target": (1, 2, 3)}, "target"),
        ({"max_boxes": 0}, "max_boxes"),
        ({"budget": -1}, "budget"),
        ({"backend": "floats"}, "backend"),
    ],
)
def test_misuse_is_named(himmelblau, arguments, named) -> None:
    """Typed errors for malformed boxes, targets and budgets."""
    given = {"target": (3, 2), "box": BOX} | arguments
    with pytest.raises(ArgumentError, match=named):
        hc.diagram(himmelblau, **given)


def test_functions_without_diagrams() -> None:
    """Four variables, floats only, no critical point near."""
    with pytest.raises(ArgumentError, match="at most 3 variables"):
        hc.diagram(hc.Objective.parse("a**2 + b**2 + c**2 + d**2"), (0,) * 4, [(-2, 2)] * 4)
    with pytest.raises((ArgumentError, NotAnalyticError)):
        hc.diagram(hc.Objective.from_callable(lambda x: np.abs(x).sum(), 2), (0, 0), [(-1, 1), (-1, 1)])
    with pytest.raises((ArgumentError, SearchError), match="critical point"):
        hc.diagram(hc.Objective.parse("x + y + x**2"), (0, 0), [(-1, 1), (-1, 1)])


def test_three_variables() -> None:
    """Two wells in space: one branch on the axis between them, and no other hallucinated points."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/2 + z**2/3")
    box = ((Fraction(-1, 2), Fraction(3, 2)), (Fraction(-1, 4), Fraction(1)), (Fraction(-1, 4), Fraction(1)))
    diagram = hc.diagram(f, (1, 0, 0), box)
    assert diagram.complete and len(diagram.chains) == 1
    assert diagram.region == box


def test_a_search_goes_on_where_its_time_was_up():
    """In parts it is the same search; one around other branches, or of another box, begins again."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    whole = hc.diagram(f, (1, 0), [("-0.52", "-0.3"), ("-0.1", "0.1")])
    region, ar = list(whole.region), arithmetic("arb", 106)
    with ar:
        system = BranchSystem(ar, f, proved_target(ar, f, whole.target).c)
        once, search, calls, shares = sweep(system, whole.chains, region, 9999), None, 0, []
        while True:  # every look at the clock is a second
            clock = Clock(40, now=itertools.count().__next__)
            swept, calls = sweep(system, whole.chains, region, 9999, clock, search), calls + 1
            if swept.unfinished is None:
                break
            search = swept.unfinished.work
            shares.append(swept.unfinished.share)
        assert once.record == swept.record and calls > 3 and shares == sorted(shares) and shares[0] < shares[-1] < 1
        for chains, box in ([], region), (whole.chains, [region[0], region[0]]):
            other = sweep(system, chains, box, 9999, Clock(0, now=itertools.count().__next__), search)
            assert other.unfinished.share == 0


def test_a_diagram_hands_its_search_on(monkeypatch):
    """What an earlier call has searched is given to the next one, in the same process."""
    f, box, given = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), [("-0.52", "-0.3"), ("-0.1", "0.1")], []

    def spy(system, chains, region, most, clock, before):
        given.append(before)
        return sweep(system, chains, region, most, Clock(0) if len(given) == 1 else UNLIMITED, before)

    monkeypatch.setitem(sweep.__globals__, "sweep", spy)
    part = hc.diagram(f, (1, 0), box)
    whole = hc.diagram(f, (1, 0), box, resume=part)
    assert not part.complete and whole.complete and given[1] is part.unfinished.work is not None


def test_a_check_that_runs_out_of_time_or_boxes_says_so():
    """What is not reached is told from what is not settled, by the prover and by the checker."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    certificate = hc.diagram(f, (1, 0), [("-0.52", "-0.48"), ("-0.1", "0.1")])
    assert certificate.complete
    short_of_boxes = hc.verify(certificate, "arb", max_boxes=1)
    assert not short_of_boxes and "ran out of boxes" in short_of_boxes.results[-1].message
    for budget in range(1, 60, 7):  # a second for every look at the clock
        late = checker.verify(certificate, "arb", 400_000, Clock(budget, now=itertools.count().__next__))
        assert not late and late.results[-1].message.startswith("the time budget was spent")
        assert "not settled" not in str(late)
    ar = arithmetic("arb", 106)
    with ar:
        system = BranchSystem(ar, f, proved_target(ar, f, certificate.target).c)
        for boxes, clock, reason in ((1, UNLIMITED, "budget"), (9999, UNLIMITED, "places"), (9999, Clock(0), "time")):
            swept = sweep(system, [], list(certificate.region), boxes, clock)
            assert swept.record is None and completeness(swept, certificate.about).reason == reason
