"""What a branch certificate says is true, tight enough to use, re-proved by the other arithmetic, and not forgeable.

Oracles: closed forms with exact rational points, and a fold solved by mpmath from formulas written here.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch.cell import BranchCell
from hallucert.check.branch.certificate import THEOREMS
from hallucert.check.branch.system import BranchSystem
from hallucert.check.cell import Cell, Joint
from hallucert.check.file.save import to_json
from hallucert.errors import ArgumentError, NotAnalyticError
from hallucert.prove.curves.cells import Guide, Track, cell_between

BIFURCATION = 3 / np.sqrt(2)


@pytest.fixture(scope="module")
def unfolded():
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + x/20")
    return hc.certify(hc.find.branch(f, (-1.0062, 0), (0.9937, 1)))


def solve_exactly(a, b):
    """Solve a linear system over the rationals by Gauss-Jordan elimination."""
    rows = [[*map(Fraction, row), Fraction(v)] for row, v in zip(a, b, strict=True)]
    n = len(rows)
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k] != 0)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [u - rows[i][k] * v for u, v in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def holds(cell: Cell, z) -> bool:
    """Tell exactly whether a rational point (x, lambda) lies in a cell."""
    s, *across = solve_exactly(cell.frame, [v - m for v, m in zip(z, cell.centre, strict=True)])
    if not cell.span[0] <= s <= cell.span[1]:
        return False
    return all(abs(v - q * s * s) <= r for v, q, r in zip(across, cell.bend, cell.radius, strict=True))


def on_diagonal(s):
    return -s, -s, 4 * s * (1 - s)


def test_the_diagonal_is_certified_up_to_the_branch_point(certified):
    """Repelling from 1.45 to 3/sqrt 2 - 1e-3, attracting from 3/sqrt 2 + 1e-3 to 2.80: claims and their numbers."""
    assert [c.name for c in certified] == ["target", "branch", "stability", "branch", "stability"]
    assert all(c.status is hc.Status.PROVED for c in certified)
    first, second = certified["branch"]
    repelling, attracting = certified["stability"]
    for claim, start, end in ((first, "rho_start", "rho_end"), (repelling, "rho_from", "rho_to")):
        assert claim.numbers[start].upper < 1.45
        assert claim.numbers[end].lower > BIFURCATION - 1e-3
    for claim, start, end in ((second, "rho_start", "rho_end"), (attracting, "rho_from", "rho_to")):
        assert claim.numbers[start].upper < BIFURCATION + 1e-3
        assert claim.numbers[end].lower > 2.80
    assert "repels SAM, for every fixed step" in repelling.statement
    assert "attracts SAM" in attracting.statement
    assert "critical point of f" in first.statement
    assert "hallucinated minimizers" in first.statement
    assert certified.cells < 40


def test_exact_points_of_the_closed_form_lie_in_the_cells(certified):
    """(-s, -s, 4 s (1 - s)) for rational s is in a cell of its chain; the branch point is in none, as none can be."""
    cells = [[link.cell for link in chain.links] for chain in certified.chains]
    for k in range(1, 1000):
        s = Fraction(k, 1000)
        if abs(s - Fraction(1, 2)) > Fraction(1, 1000):
            assert any(holds(cell, on_diagonal(s)) for cell in cells[s > Fraction(1, 2)])
    assert not any(holds(cell, on_diagonal(Fraction(1, 2))) for chain in cells for cell in chain)


def test_no_other_solution_lies_in_the_cells(certified):
    """Points of the crossing branch (-t, t - 1, 4 t (1 - t)), solutions too, lie in no cell of the diagonal."""
    for k in range(1, 400):
        t = Fraction(1, 2) + Fraction(k, 800)
        assert not any(
            holds(link.cell, (-t, t - 1, 4 * t * (1 - t))) for chain in certified.chains for link in chain.links
        )


@pytest.mark.thorough
def test_the_crossing_half_branches_are_certified_to_the_saddles(four_well, diagonal):
    """Each half is one chain, ends at its saddle at rho = sqrt 5, repels; exact points of the closed form lie in it."""
    halves = hc.find.switch_branch(diagonal, diagonal.branch_points[0])
    assert len(halves) == 2
    for half in halves:
        cert = hc.certify(half, gap=2e-3)
        (chain,), (claim,), (stability,) = cert.chains, cert["branch"], cert["stability"]
        end = claim.numbers["rho_end"]
        assert end.lower**2 < 5 < end.upper**2
        assert end.upper - end.lower < 1e-10
        assert chain.to_critical
        assert "repels" in stability.statement
        assert claim.numbers["rho_start"].upper < BIFURCATION + 1e-3
        near = half.end.x[0]
        for k in range(1, 100):
            t = Fraction(1, 2) + Fraction(k, 200) * (1 if near < -0.5 else -1)
            inside = any(holds(link.cell, (-t, t - 1, 4 * t * (1 - t))) for link in chain.links)
            assert inside or abs(t - Fraction(1, 2)) < Fraction(1, 100)
        assert hc.verify(cert)


def fold_oracle():
    """Return rho at the fold of the four-well function + x/20 to 30 digits."""
    with mpmath.workdps(40):
        c = mpmath.findroot(lambda x: 4 * x**3 - 4 * x + mpmath.mpf(1) / 20, 0.99)

        def system(x, y, lam):
            u, v = x - c, y - 1
            a, b = 12 * x**2 - 4 + lam, 12 * y**2 - 4 + lam
            return [4 * x**3 - 4 * x + mpmath.mpf(1) / 20 + lam * u, 4 * y**3 - 4 * y + lam * v, a * v * v + b * u * u]

        x, y, _ = mpmath.findroot(system, (-0.66, -0.36, 0.9))
        return Fraction(mpmath.nstr(mpmath.sqrt((x - c) ** 2 + (y - 1) ** 2), 30))


def test_the_fold_of_the_unfolded_pitchfork_is_certified(unfolded):
    """One nondegenerate fold, rho in an interval of width below 1e-8 around the oracle, stability on both sides."""
    (claim,) = unfolded["fold"]
    rho = claim.numbers["rho"]
    assert rho.upper - rho.lower < Fraction(1, 10**8)
    assert rho.lower < fold_oracle() < rho.upper
    assert claim.numbers["second_derivative"].lower > 0
    assert "strict local minimum" in claim.statement
    assert "strictly monotone on each side of its fold" in unfolded["branch"][0].statement
    before, after = unfolded["stability"]
    assert "repels" in before.statement
    assert "attracts" in after.statement
    assert before.numbers["rho_to"].upper < rho.upper + Fraction(1, 10**6)
    assert len(unfolded.chains) == 1


def test_the_second_derivative_at_the_fold_agrees_with_differences(unfolded):
    """rho grows by rho'' l^2/2 with the arclength l of x on both sides of the fold, to the order of the difference."""
    f = unfolded.objective
    branch = hc.find.branch(f, (-1.0062, 0), (0.9937, 1))
    (fold,) = branch.folds
    h = 1e-4
    for point in hc.find.on_branch(branch, fold.rho + h):
        length = np.linalg.norm(point.x - fold.x)
        number = unfolded["fold"][0].numbers["second_derivative"]
        assert abs(2 * h / length**2 - float(number.lower)) < 0.05 * float(number.lower)


def test_every_branch_of_himmelblau_is_certified_whole(himmelblau, reference):
    """All branches of a minimizer are single chains of few cells, with the reference's critical points as ends."""
    critical = np.array([[float(v) for v in p["x"]] for p in reference["critical_points"]])
    for branch in hc.find.branches(himmelblau, (3.58443, -1.84813), [(-6, 6), (-6, 6)], rho_max=9):
        cert = hc.certify(branch)
        (chain,) = cert.chains
        assert chain.from_critical and chain.to_critical
        assert cert.cells <= 12
        (claim,) = cert["branch"]
        target = np.array([3.58442834033049174, -1.84812652696440355])
        radii = np.linalg.norm(critical - target, axis=1)
        for key in ("rho_start", "rho_end"):
            assert np.abs(radii - float(claim.numbers[key].lower)).min() < 1e-9
        assert hc.verify(cert)


def test_stability_may_change_without_a_fold(himmelblau):
    """On one branch of Himmelblau's function attraction ends where rho is monotone: M has imaginary values."""
    cert = hc.certify(hc.find.branch(himmelblau, (0.0867, 2.8843), (3.5844, -1.8481)))
    assert len(cert["fold"]) == 0
    assert "rho is strictly monotone all along it" in cert["branch"][0].statement
    assert sorted("attracts" in claim.statement for claim in cert["stability"]) == [False, True]


@pytest.mark.parametrize(
    ("formula", "start", "target"),
    [
        ("(x**2 - 1)**2/4", [0], [1]),
        ("(1 - cos(x)) + (1 - cos(y)) + (1 - cos(z))", [-6.2831853, 0, 0], [0, 0, 0]),
        ("(x**2 - 1)**2 + (y**2 - 1)**2", [0, -1], [0, 1]),
    ],
)
def test_other_dimensions_and_a_saddle_as_target(formula, start, target):
    """Branches with closed forms in one and three variables, and to a saddle, are proved attracting and re-proved."""
    cert = hc.certify(hc.find.branch(hc.Objective.parse(formula), start, target))
    assert cert["branch"]
    assert all("attracts" in claim.statement for claim in cert["stability"])
    what = "hallucinated stationary points" if start == [0, -1] else "hallucinated minimizers"
    assert what in cert["branch"][0].statement
    assert hc.verify(cert)


@pytest.mark.thorough
def test_a_fold_in_three_variables():
    """A coupled function of three variables: one chain with a fold, re-proved by the other arithmetic."""
    f = hc.Objective.parse("(x**2-1)**2 + (y**2-1)**2 + (z**2-1)**2 + x*y/10 + z/20 + y*z/30")
    cert = hc.certify(hc.find.branch(f, (0.99979, 0.01661, -1.00626), (-1.01247, 1.01646, -1.01032)))
    assert len(cert.chains) == len(cert["fold"]) == 1
    assert {"attracts", "repels"} == {w for c in cert["stability"] for w in ("attracts", "repels") if w in c.statement}
    assert hc.verify(cert)


def test_a_crossing_of_corank_two_is_never_bridged():
    """Four wells in three variables: at s = 1/2 two tangential eigenvalues vanish; no chain contains that point."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + (z**2 - 1)**2")
    cert = hc.certify(hc.find.branch(f, (0, 0, 0), (1, 1, 1), rho_max="2.8"))
    half = Fraction(1, 2)
    assert not any(holds(link.cell, (-half, -half, -half, 1)) for chain in cert.chains for link in chain.links)
    assert len(cert.chains) == 2
    for claim in cert["branch"]:
        crossing = Fraction(3**0.5 * 1.5)
        assert not claim.numbers["rho_start"].upper < crossing < claim.numbers["rho_end"].lower


def test_a_cell_over_the_branch_point_is_not_proved(four_well, diagonal):
    """However it is proposed, a cell that holds the branch point fails the test: two curves pass through it."""
    ar = arithmetic("arb", 106)
    with ar:
        system = BranchSystem(ar, four_well, [ar.constant(Fraction(1))] * 2)
        guide = Guide(diagonal.points, diagonal.tangent, diagonal.scale, np.array([], dtype=int), False, False)
        track = Track(system, guide)
        middle = float(track.lengths[diagonal.branch_points[0].index])
        for half in (0.1, 1e-2, 1e-4, 1e-6):
            assert cell_between(track, middle - half, middle + 0.7 * half) is None


def test_a_cell_that_the_curve_leaves_is_not_proved(certified, four_well):
    """A thinner tube, which the curve leaves through its side, and a tube beside the curve both fail the test."""
    ar = arithmetic("arb", 106)
    with ar:
        system = BranchSystem(ar, four_well, [ar.constant(Fraction(1))] * 2)
        for link in certified.chains[0].links[1:6]:
            cell = link.cell
            assert BranchCell(system, cell).proved()
            thin = replace(cell, radius=tuple(r / 2**20 for r in cell.radius))
            assert not BranchCell(system, thin).proved()
            across = [sum(f * r for f, r in zip(row[1:], cell.radius, strict=True)) for row in cell.frame]
            beside = replace(cell, centre=tuple(m + 3 * v for m, v in zip(cell.centre, across, strict=True)))
            assert not BranchCell(system, beside).proved()


def test_arcs_meet_only_where_the_end_of_one_lies_in_the_next_cell(certified, four_well):
    """An arc that ended beside the next cell, by more than its thickness, would not be joined to the arc there."""
    ar = arithmetic("arb", 106)
    with ar:
        system = BranchSystem(ar, four_well, [ar.constant(Fraction(1))] * 2)
        before, after = (BranchCell(system, link.cell, link.places) for link in certified.chains[0].links[2:4])
        cell = after.cell
        across = [sum(f * r for f, r in zip(row[1:], cell.radius, strict=True)) for row in cell.frame]
        beside = [z + ar.constant(2 * v) for z, v in zip(before.end.z, across, strict=True)]
        assert after.entry(before.end) is not None
        assert after.entry(Joint(beside, before.end.velocity)) is None


def test_the_tube_holds_the_curve_at_every_section(certified, four_well):
    """Sections of proved cells enclose the closed form: lambda and x fit together at the enclosed s."""
    ar = arithmetic("mpmath", 106)
    with ar:
        system = BranchSystem(ar, four_well, [ar.constant(Fraction(1))] * 2)
        for link in certified.chains[0].links[::4]:
            proof = BranchCell(system, link.cell, link.places)
            assert proof.proved()
            x, y, lam = proof.section(link.cell.span[1])
            assert ar.intersection(x, y) is not None
            assert ar.intersection(lam, -ar.constant(Fraction(4)) * x * (x + ar.constant(Fraction(1)))) is not None
            assert ar.upper(x) - ar.lower(x) < Fraction(1, 10**20)


def test_files_are_read_back_and_re_proved_by_both_arithmetics(unfolded, tmp_path):
    """save, load, verify: the file is complete, exact, and checked by mpmath and by Arb."""
    path = tmp_path / "branch.json"
    unfolded.save(path)
    again = hc.load(path)
    assert to_json(again) == to_json(unfolded)
    assert again.cells == unfolded.cells
    for backend in ("mpmath", "arb"):
        verdict = hc.verify(path, backend=backend)
        assert verdict, str(verdict)
        assert verdict.asserted == len(unfolded.all_claims)


def test_the_prover_in_mpmath_is_checked_by_arb():
    """The roles of the arithmetics can be exchanged."""
    f = hc.Objective.parse("(x**2 - 1)**2/4")
    cert = hc.certify(hc.find.branch(f, [0], [1]), backend="mpmath")
    verdict = hc.verify(cert)
    assert verdict and verdict.backend == "arb"


def test_every_claim_is_documented():
    """Each claim about branches has a row in the table of the mathematics page, and its numbers in the file format."""
    docs = Path(__file__).parents[2] / "docs"
    mathematics = (docs / "mathematics.md").read_text().split("## Branches in rho")[1].split("\n## ")[0]
    fields = (docs / "certificate-format.md").read_text().split("## Certificates of branches")[1].split("\n## ")[0]
    for name, theorem in THEOREMS.items():
        assert f"| `{name}` |" in mathematics
        assert all(f"`{word}`" in fields for word in (name, *theorem.numbers[0], *theorem.inputs[0]))


def test_misuse_is_named(diagonal, four_well):
    """Options of points are refused for branches and the other way round; functions without a formula too."""
    for options, name in (({"rho": 1}, "rho"), ({"radius": 1}, "radius"), ({"gap": -1.0}, "gap")):
        with pytest.raises(ArgumentError) as caught:
            hc.certify(diagonal, **options)
        assert caught.value.argument == name
    with pytest.raises(ArgumentError, match="gap"):
        hc.certify(four_well, (-0.7, -0.7), "2.4", gap=0.1)
    g = hc.Objective.from_callable(lambda x: (x[0] ** 2 - 1) ** 2, 1, rigorous=False)
    with pytest.raises(NotAnalyticError):
        hc.certify(hc.find.branch(g, [0], [1]))


def test_the_card_can_be_read(certified):
    """print shows every claim; indexing gives tuples and refuses unknown names."""
    text = str(certified)
    assert text.count("[+]") == 5
    assert "2 pieces" in repr(certified)
    with pytest.raises(ArgumentError):
        certified["existence"]
