"""Claim: what is proved of two-cycles is what closed forms and iterations at 60 digits say; nothing false passes."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Status
from hallucert.check.cycle.claims import ATTRACTOR
from hallucert.check.cycle.problem import CycleProblem
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.point.rule import Evidence
from hallucert.check.reason import Reason
from hallucert.errors import ArgumentError, CertificateError
from hallucert.prove.attraction import cycles
from hallucert.prove.locate import locate

STORED = Path(__file__).parents[2] / "docs" / "certificates" / "himmelblau-two-cycle.json"
PROVED = ("existence", "nonstationary", "attractor", "around", "basin")


@pytest.fixture(scope="module")
def himmelblau() -> hc.CycleCertificate:
    """The cycle around (3, 2), rho = 1/10, step 1/100."""
    return hc.load(STORED)


def quadratic(curvatures: list[Fraction]) -> hc.Objective:
    """Half of the sum of ``a_i x_i**2``."""
    return hc.Objective.parse(" + ".join(f"({a / 2})*x{i}**2" for i, a in enumerate(curvatures)))


def cycle_of(curvatures: list[Fraction], axis: int, rho: Fraction, step: Fraction) -> tuple[Fraction, hc.find.TwoCycle]:
    """Return s = eta a rho/(2 - eta a), and a candidate a little beside the cycle +-s e_k."""
    s = step * curvatures[axis] * rho / (2 - step * curvatures[axis])
    points = np.zeros((2, len(curvatures)))
    points[:, axis] = [float(s) * (1 + 1e-9), -float(s)]
    return s, hc.find.TwoCycle(quadratic(curvatures), points, rho, step)


def multipliers(curvatures: list[Fraction], axis: int, step: Fraction) -> list[Fraction]:
    """Return those of the closed form."""
    a = curvatures[axis]
    return [
        (1 - step * a) ** 2 if i == axis else (1 - step * b - (2 - step * a) * (b / a) ** 2) ** 2
        for i, b in enumerate(curvatures)
    ]


@pytest.mark.parametrize(
    ("curvatures", "rho", "step"),
    [
        ([Fraction(3)], Fraction(20), Fraction(3, 5)),
        ([Fraction(1, 3), Fraction(2)], Fraction(1, 7), Fraction(1, 4)),
    ],
)
def test_cycles_of_quadratics_are_those_of_the_closed_form(curvatures, rho, step) -> None:
    """Points, distance, gradient, multipliers and the way to the minimizer; another step does not pass."""
    axis = len(curvatures) - 1
    s, candidate = cycle_of(curvatures, axis, rho, step)
    cert = hc.certify(candidate)
    assert all(cert[name] for name in PROVED)
    exact = [Fraction(0)] * len(curvatures)
    pair = [*exact[:axis], s, *exact[:axis], -s]
    assert all(low <= x <= high for (low, high), x in zip(cert.box, pair, strict=True))
    wanted = {
        ("existence", "distance"): 2 * s,
        ("nonstationary", "gradient_norm"): curvatures[axis] * s,
        ("attractor", "largest_multiplier"): max(multipliers(curvatures, axis, step)),
        ("around", "distance"): s,
        ("around", "smallest_hessian_eigenvalue"): min(curvatures),
    }
    for (claim, number), value in wanted.items():
        found = cert[claim].numbers[number]
        assert found.lower <= value <= found.upper and found.upper - found.lower < abs(value) / 10**9
    assert hc.verify(cert)
    assert not hc.verify(replace(cert, problem=replace(cert.problem, step=step * Fraction(1001, 1000))))


def test_a_cycle_along_a_lower_eigenvector_repels() -> None:
    """With curvatures 1 and 4 that along the first has a multiplier far above 1, and no basin."""
    curvatures, step = [Fraction(1), Fraction(4)], Fraction(1, 10)
    _, candidate = cycle_of(curvatures, 0, Fraction(1), step)
    cert = hc.certify(candidate)
    claim = cert["attractor"]
    assert cert["existence"] and claim.status is Status.REFUTED
    largest = claim.numbers["largest_multiplier"]
    assert largest.lower <= max(multipliers(curvatures, 0, step)) <= largest.upper
    assert cert["basin"].reason is Reason.STEP
    assert hc.verify(cert)
    data = to_json(cert)
    data["claims"][2]["status"] = "proved"
    with pytest.raises(CertificateError, match=r"claims\[2\]\.status"):
        from_json(data)


def test_a_circle_of_cycles_is_not_proved() -> None:
    """With equal curvatures a multiplier is 1, and no cycle is the only one in a box."""
    _, candidate = cycle_of([Fraction(2), Fraction(2)], 0, Fraction(1), Fraction(1, 8))
    cert = hc.certify(candidate, precisions=[53])
    assert cert["existence"].status is Status.UNDECIDED
    assert all(claim.reason for claim in cert) and cert.box is None
    assert not hc.verify(cert)


def test_a_fixed_point_is_no_cycle() -> None:
    """At a hallucinated minimizer, given twice, the pair exists and is one point."""
    well = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    cert = hc.certify(hc.find.TwoCycle(well, [(-0.5, 0), (-0.5, 0)], "1.5", "0.1"), precisions=[53])
    assert cert["existence"].reason is Reason.NO_CYCLE
    assert {claim.reason for claim in cert} >= {Reason.NO_CYCLE, Reason.NEEDS_PREMISES}
    assert all(claim.status is Status.UNDECIDED for claim in cert)


def test_a_box_beside_the_cycle_is_refuted(himmelblau) -> None:
    """Of a box that holds no pair that is shown, of one that holds it not."""
    candidate = hc.find.TwoCycle(himmelblau.objective, himmelblau.points, "0.1", "0.01")
    beside = hc.certify(replace(candidate, points=himmelblau.points + 2.0**-10), radius="1/8192")
    assert beside["existence"].status is Status.REFUTED
    assert "there is no x in the box" in beside["existence"].statement and hc.verify(beside)
    data = to_json(beside)
    data["witness"]["radius"] = ["1p-8"] * 4
    assert not hc.verify(from_json(data))


def test_a_cycle_around_no_minimizer_says_so() -> None:
    """With rho = 7/2 and the step 1/2000 a cycle of Himmelblau's function lies far from all minimizers."""
    f, near = hc.gallery.load("himmelblau"), [3.1162766931, 1.6163243070, 3.1029198618, 1.6149592541]
    problem = CycleProblem(f, Fraction(7, 2), step=Fraction(1, 2000))
    with arithmetic("arb", 53) as ar:
        found = locate(ar, problem, tuple(map(Fraction, near)), None)
        evidence = Evidence(found.point, found.witness.centre)
        assert cycles.around(evidence) is Reason.NO_MINIMIZER
        assert ATTRACTOR.measure(evidence, {})["largest_multiplier"].upper < 1
        assert ar.lower(found.point.q) > 7


def step_at(x: mpmath.matrix) -> list[mpmath.mpf]:
    """One step of SAM for Himmelblau's function, written out."""

    def gradient(a, b):
        return 4 * a * (a * a + b - 11) + 2 * (a + b * b - 7), 2 * (a * a + b - 11) + 4 * b * (a + b * b - 7)

    g = gradient(*x)
    size = mpmath.hypot(*g)
    ahead = gradient(*(v + w / size / 10 for v, w in zip(x, g, strict=True)))
    return [v - w / 100 for v, w in zip(x, ahead, strict=True)]


def test_iteration_at_sixty_digits_comes_to_the_cycle(himmelblau) -> None:
    """From a start outside of the balls the iterates 200 and 201 are in the boxes of p and q, or of q and p."""
    with mpmath.workdps(60):
        x = [mpmath.mpf(3), mpmath.mpf("2.25")]
        for _ in range(200):
            x = step_at(x)
        pair = [x, step_at(x)]
        boxes = [himmelblau.box[:2], himmelblau.box[2:]]
        ends = [[[mpmath.mpf(e.numerator) / e.denominator for e in side] for side in box] for box in boxes]
        inside = [
            all(low <= v <= high for v, (low, high) in zip(point, box, strict=True))
            for order in (ends, ends[::-1])
            for point, box in zip(pair, order, strict=True)
        ]
    assert inside in ([True, True, False, False], [False, False, True, True])


def test_runs_from_the_edge_of_the_basin_converge_at_the_proved_rate(himmelblau) -> None:
    """In floats, from 360 starts around each point: in the norm, two steps shrink at least by the bound, each time."""
    inputs, angles = himmelblau["basin"].inputs, np.radians(np.arange(360))
    circle, points, worst = np.stack([np.cos(angles), np.sin(angles)]), himmelblau.points, []
    for centre, flat, size in zip(points, inputs["bases"], inputs["sizes"], strict=True):
        v = np.array(flat, float).reshape(2, 2)
        x = (centre[:, None] + float(size) * v @ circle).T
        for _ in range(20):
            before = np.linalg.norm(np.linalg.solve(v, (x - centre).T), axis=0)
            for _ in range(2):
                x = x - 0.01 * hc.sam.shifted_gradient(himmelblau.objective, x, "0.1")
            after = np.linalg.norm(np.linalg.solve(v, (x - centre).T), axis=0)
            assert (after <= float(inputs["bound"]) * before + 1e-13).all()
            worst.append((after / before).max())
        assert np.linalg.svd(v, compute_uv=False)[-1] * float(size) >= float(
            himmelblau["basin"].numbers["radius"].lower
        )
    assert max(worst) > float(himmelblau["attractor"].numbers["largest_multiplier"].lower)


def changed(entry: list, index: int, factor: str) -> None:
    """Multiply a dyadic of a list by 2 or 4."""
    mantissa, _, power = entry[index].partition("p")
    entry[index] = f"{mantissa}p{int(power or 0) + int(factor)}"


def swapped(data: dict) -> None:
    """Put p in the place of q, too."""
    data["witness"]["centre"][2:] = data["witness"]["centre"][:2]
    data["enclosure"][2:] = data["enclosure"][:2]


FORGERIES = {
    "moved": lambda d: d["enclosure"].__setitem__(0, ["195p-6", "195p-6"]),
    "larger": lambda d: changed(d["claims"][4]["inputs"]["sizes"], 0, "2"),
    "larger around q": lambda d: changed(d["claims"][4]["inputs"]["sizes"], 1, "2"),
    "one point": swapped,
    "step": lambda d: d["problem"].update(step="1/101"),
    "rho": lambda d: d["problem"].update(rho="11/100"),
    "distance": lambda d: d["claims"][0]["numbers"].update(distance=["1p-1", "1"]),
    "multiplier": lambda d: d["claims"][2]["numbers"].update(largest_multiplier=["1p-3", "1p-2"]),
    "minimizer elsewhere": lambda d: d["claims"][3]["inputs"].update(centre=["-3", "3"]),
    "a box for all": lambda d: d["claims"][3]["inputs"].update(half_width="1p3"),
    "bound": lambda d: d["claims"][4]["inputs"].update(bound="1p-2"),
}
OF_BASINS = ("larger", "larger around q", "bound")


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_cycles_are_not_re_proved(name) -> None:
    """A moved point, larger sets, p = q, another step or radius, and numbers that are better than they are."""
    data = json.loads(STORED.read_text())
    FORGERIES[name](data)
    if name not in OF_BASINS:
        del data["claims"][4]  # it takes longest
    data["digest"] = problem_digest(data["problem"])
    assert not hc.verify(from_json(data))


@pytest.mark.parametrize("step", ["0", "-1/100", "1/100 "])
def test_steps_that_are_not_positive_are_refused(step) -> None:
    """Nothing is computed from such a file."""
    data = json.loads(STORED.read_text())
    data["problem"]["step"] = step
    data["digest"] = problem_digest(data["problem"])
    with pytest.raises(CertificateError, match=r"problem\.step"):
        from_json(data)


def test_a_basin_that_does_not_shrink_is_none() -> None:
    """A bound of 1 shows nothing, and the file is refused."""
    data = json.loads(STORED.read_text())
    data["claims"][4]["inputs"]["bound"] = "1"
    with pytest.raises(CertificateError, match=r"claims\[4\]\.status"):
        from_json(data)


def test_claims_about_a_cycle_need_one() -> None:
    """Without the claim existence, or with an undecided one, no other is believed."""
    for change in (
        lambda d: d["claims"].pop(0),
        lambda d: d["claims"][0].update(status="undecided", numbers={}, reason="no_cycle"),
    ):
        data = json.loads(STORED.read_text())
        change(data)
        data["enclosure"] = None
        with pytest.raises(CertificateError, match=r"claims\[\d\]\.status"):
            from_json(data)


def test_others_refuse_such_files_by_name(himmelblau, tmp_path) -> None:
    """The export of theorems in Coq."""
    with pytest.raises(ArgumentError, match=r"certificate\.kind"):
        himmelblau.export(tmp_path / "cycle.v")
