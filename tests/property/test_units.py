"""Nothing depends on the units of f and x: searches, runs and proofs of ``a f(x/b)`` are those of ``f``, scaled.

Powers of two round nothing, so coordinates are compared bit for bit. Other scales than powers of two are not looked at,
nor are networks, whose weights cannot be scaled.
"""

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.claim import Enclosure
from hallucert.check.publishing import Sizes, published
from hallucert.check.units import Units, box_units, units_of
from hallucert.errors import SearchError
from hallucert.objectives.ascent import row_norms
from hallucert.prove.absence.radii import certify_usam_absence

SCALES = [(-300, 0), (300, 0), (0, -300), (0, 300), (-300, 300), (300, -300), (38, -101), (-38, 5)]
FAR, NEAR = [(-300, 300), (300, -300)], [(-300, -99)]


class Scaled:
    """The functions of this file times ``a = 2**height`` at ``x/b``, ``b = 2**length``; radii and points in step."""

    def __init__(self, height: int = 0, length: int = 0) -> None:
        self.height, self.length = height, length
        self.a, self.b, self.unit = Fraction(2) ** height, Fraction(2) ** length, 2.0**length
        root = Fraction(2) ** (height // 2)
        x, y = f"(x*({1 / self.b}))", f"(y*({1 / self.b}))"
        self.four = hc.Objective.parse(f"({self.a})*(({x}**2 - 1)**2 + ({y}**2 - 1)**2)")
        self.well = hc.Objective.parse(f"({self.a})*(({x}**2 - 1)**2/4 + {y}**2/20)")
        self.line = hc.Objective.parse(f"({self.a})*({x}**2 - 1)**2/4")
        self.ring = hc.Objective.least_squares([f"({root})*({x}**2 + {y}**2 - 1)"], n=2)

    def point(self, *x: float) -> np.ndarray:
        return np.array(x) * self.unit

    def box(self, *sides: tuple[float, float]) -> np.ndarray:
        return np.array(sides) * self.unit

    def radius(self, rho: str, usam: bool = False) -> Fraction:
        return Fraction(rho) * (self.b**2 / self.a if usam else self.b)

    def step(self, eta: str) -> Fraction:
        return Fraction(eta) * self.b**2 / self.a

    def bare(self, x: np.ndarray) -> list:
        """Return coordinates in the units of the function that is not scaled, without those at which f underflows."""
        bare = np.ldexp(x, -self.length)
        return np.where(np.abs(bare) < 1e-100, 0.0, bare).tolist()

    def candidate(self, found: hc.Candidate) -> tuple:
        multiplier = float(np.ldexp(found.multiplier, 2 * self.length - self.height))
        return found.kind, multiplier, self.bare(found.x), self.bare(found.target)


PLAIN = Scaled()
ASAM = hc.RadiusLaw("asam", ["1/2", 2])


def message(call, *arguments, **options):
    """Return the name of the error and the words of its message, without numbers."""
    with pytest.raises(hc.errors.HallucertError) as caught:
        call(*arguments, **options)
    return type(caught.value).__name__, [word for word in str(caught.value).split() if word.isalpha()]


def searches(s):
    """Return what searches find, without units."""
    find, one = hc.find, s.point(1, 1)
    yield "refine", s.candidate(find.refine(s.four, s.point(-0.7, -0.72), s.radius("2.4")))
    for start in ((-0.45, 0.1), (0.02, -0.003)):
        yield "hallucinate", s.candidate(find.hallucinate(s.ring, s.point(*start), s.radius("1.5")))
    yield "USAM refined", s.candidate(find.refine(s.line, s.point(-0.7), s.radius("16/3", usam=True), variant="usam"))
    yield "sphere", [s.candidate(c) for c in find.on_sphere(s.four, one, s.radius("2.2"))]
    yield "ellipsoid", [s.candidate(c) for c in find.on_sphere(s.four, one, s.radius("2.2"), variant=ASAM)]
    moreau = find.on_sphere(s.line, s.point(1), s.radius("16/3", usam=True), variant="usam")
    yield "USAM", [s.candidate(c) for c in moreau]
    yield "critical points", [(p.kind, s.bare(p.x)) for p in find.critical_points(s.four, s.box((-2, 2), (-2, 2)), 64)]
    yield "no target", message(find.on_sphere, s.four, s.point(0.7, 0.6), s.radius("1"))
    yield "no point", message(find.refine, s.well, s.point(0.3, 0.3), s.radius("0.1"), max_steps=2)


@pytest.fixture(scope="module")
def plain_searches():
    return list(searches(PLAIN))


@pytest.mark.parametrize("scale", SCALES)
def test_searches_for_points_find_the_same_bit_for_bit(scale, plain_searches):
    """Kinds, multipliers, points and errors do not depend on the units, with radii as steps of SAM, USAM and ASAM."""
    for expected, found in zip(plain_searches, searches(Scaled(*scale)), strict=True):
        assert found == expected


def curves(s):
    branch = hc.find.branch(s.four, s.point(0, 0), s.point(1, 1), rho_max=s.radius("2.5"))
    yield [(str(e.type), str(e.reason), s.bare(e.x), s.bare(e.rho)) for e in branch.events], list(branch.stability)
    halves = hc.find.switch_branch(branch, branch.branch_points[0], rho_max=s.radius("2.3"))
    yield [s.bare(half.x) for half in halves]
    yield [s.candidate(c) for c in hc.find.on_branch(branch, s.radius("2.2"))]
    sheet = hc.find.sheet(s.ring, s.point(0.4, 0.3), s.radius("1.5"), box=s.box((0, 1), (-1, 1)))
    yield s.bare(sheet.x), [str(end) for end in sheet.ends]
    made = hc.find.farthest_point(s.four, s.point(0, 0), s.point(1, 1), level=Fraction(3, 2) * s.a)
    yield s.candidate(made), s.bare(made.construction.ball_radius), float(np.ldexp(made.construction.level, -s.height))
    arc = hc.find.sheet(s.ring, s.point(0.49, 0.05), s.radius("1.5"), box=s.box((0.4, 1), (-0.1, 0.1)))
    claims = [hc.certify(branch).all_claims, hc.certify(arc).all_claims, hc.certify(made).claims.values()]
    yield [claim for some in claims for claim in some]


def statuses(found):
    *exact, claims = found
    return exact, [(c.name, c.status, c.reason) for c in claims]


@pytest.mark.parametrize("scale", NEAR)
def test_curves_and_constructions_are_the_same_bit_for_bit(scale):
    """Branches with their events, sheets to the edge of a box, farthest points; and what is proved about them."""
    assert statuses(curves(Scaled(*scale))) == statuses(curves(PLAIN))


def test_multipliers_that_no_double_holds_are_refused():
    """A branch with multipliers of 2**1200 per length is refused by a typed error that says so, not reported as inf."""
    s = Scaled(300, -300)
    with pytest.raises(SearchError, match="out of the range of doubles"):
        hc.find.branch(s.four, s.point(0, 0), s.point(1, 1), rho_max=s.radius("2.5"))


def runs(s):
    starts = np.array([[-0.6, 0.3], [0.7, -0.2], [0.0, 0.0], [3.0, 9.0], [0.3, 1e-3]]) * s.unit
    for variant in ("sam", "usam", ASAM):
        rho, eta = s.radius("1.5", usam=variant == "usam"), s.step("0.1")
        e = hc.sam.run_ensemble(s.well, starts, rho, eta, 60, variant=variant)
        kinds = [str(hc.diagnose(s.well, x, rho, eta, variant=variant).kind) for x in e.x]
        yield [c.label for c in e.status], e.steps.tolist(), s.bare(e.x), kinds
    end = hc.sam.run(s.well, starts[0], s.radius("1.5"), s.step("0.1"), 3000)
    yield end.status.label, end.steps, s.bare(end.x)[0]


@pytest.mark.parametrize("scale", SCALES)
def test_runs_stop_at_the_same_step_for_the_same_reason(scale):
    """Status, number of steps and end points of runs of SAM, USAM and ASAM, and what the end points are."""
    for expected, found in zip(runs(PLAIN), runs(Scaled(*scale)), strict=True):
        assert found == expected


def points(s):
    four = hc.find.refine(s.four, s.point(-0.7, -0.72), s.radius("2.4"))
    well = hc.find.refine(s.well, s.point(-0.45, 0.01), s.radius("1.5"))
    line = hc.find.refine(s.line, s.point(-0.74), s.radius("16/3", usam=True), variant="usam")
    ring = hc.find.hallucinate(s.ring, s.point(-0.45, 0.1), s.radius("1.5"))
    box = s.box((-3, 0), (-3, 3))
    yield hc.certify(four)
    yield hc.certify(well, basin=s.step("1/2"), start=s.point(-0.6, 0.3), global_box=box)
    yield hc.certify(line)
    yield hc.certify(ring)
    yield hc.certify_stall(s.four, s.point(0.001, -0.5), s.radius("1.5"))


@pytest.fixture(scope="module")
def plain_points():
    return [{n: (c.status, c.reason) for n, c in cert.claims.items()} for cert in points(PLAIN)]


@pytest.mark.parametrize("scale", FAR)
def test_the_same_is_proved_about_points(scale, plain_points, tmp_path):
    """Statuses and reasons of all claims, with basins and runs; and the checker proves them again from the files."""
    for i, (expected, cert) in enumerate(zip(plain_points, points(Scaled(*scale)), strict=True)):
        assert {n: (c.status, c.reason) for n, c in cert.claims.items()} == expected
        cert.save(tmp_path / f"{i}.json")
        assert hc.verify(tmp_path / f"{i}.json")


def places(s):
    census = hc.census(s.well, s.box((-2, 2), (-2, 2)), s.radius("1.5"), workers=1)
    boxes = [[(side.lower / s.b, side.upper / s.b) for side in p.box] for p in census.points]
    norms = [float(p.gradient_norm.lower * s.b / s.a) for p in census.points]
    spectra = [float(p.smallest_real_part.lower * s.b**2 / s.a) for p in census.points]
    sides = [[tuple(map(float, side)) for side in box] for box in boxes]
    yield (census.complete, census.counts(), sides, norms, spectra), census
    safe = hc.safe_radius(s.four, s.point(1, 1), rtol=0.05)
    usam = hc.safe_radius(s.well, s.point(1, 0), box=s.box((-2, 2), (-2, 2)), variant="usam", rtol=0.05)
    modulus = round(float(usam.lower * s.a / s.b**2), 12)  # sharp up to rounding, which a unit adds to
    yield float(safe.lower / s.b), safe.ended, modulus, usam.ended, bool(safe.claim), bool(usam.claim)
    bracket = hc.critical_rho(s.well, s.point(1, 0), rtol=0.1)
    yield float(bracket.lower / s.b), float(bracket.upper / s.b), bracket.ended
    yield bool(certify_usam_absence(s.well, s.radius("0.9", usam=True), s.box((-3, 3), (-3, 3))))


@pytest.mark.parametrize("scale", FAR[1:])
def test_the_same_is_proved_about_places(scale, tmp_path):
    """Censuses, safe and critical radii and the absence of points of USAM; the census is proved again from its file."""
    (first, *plain), (second, *scaled) = list(places(PLAIN)), list(places(Scaled(*scale)))
    assert second[0][:3] == first[0][:3] and first[0][0]
    # |f'(-1/2)|, and (1/10)(1 + (3/2)(1/10)/(3/8)), of H(1) J across.
    assert second[0][3] == pytest.approx([0.375] * 2) and second[0][4] == pytest.approx([0.14] * 2, rel=1e-9)
    assert scaled == plain
    assert 0.9 < plain[1][0] <= 1 <= plain[1][1] < 1.1  # the double well has hallucinated points from rho = 1 on
    second[1].save(tmp_path / "census.json")
    assert hc.verify(tmp_path / "census.json")


@pytest.mark.parametrize("scale", [-540, -300, 0, 300, 520])
def test_norms_square_nothing_that_doubles_cannot(scale):
    """|(3, 4) 2**k| = 5 2**k exactly; zero, infinite and undefined rows stay what they are."""
    rows = np.ldexp(np.array([[3.0, 4.0], [0.0, 0.0], [np.inf, 1.0], [np.nan, 1.0]]), scale)
    found = row_norms(rows)
    assert found[0] == 5 * 2.0**scale and found[1] == 0 and found[2] == np.inf and np.isnan(found[3])


def test_published_numbers_move_by_the_size_of_their_kind():
    """A number that is exactly 0 is published with room of 2**-bits of its unit: lengths, curvatures, step bounds."""
    sizes = Sizes(length=-300, value=40)
    for name, unit in {"offset": -300, "curvature": 640, "step_bound": -640, "gradient_norm": 340, "turns": 0}.items():
        room = published(Enclosure(Fraction(0), Fraction(0)), 53, sizes.of(name))
        assert room == Enclosure(-(Fraction(2) ** (unit - 53)), Fraction(2) ** (unit - 53))


def test_units_of_a_proof_keep_the_ends_of_a_box_exact():
    """Where an end of the box is no double in the units of the radius, lengths keep the units of the caller."""
    f = Scaled(0, 300).four
    assert box_units(f, np.array([[-1e90, 2e90]] * 2), Fraction(2) ** 300).length == 300
    assert box_units(f, np.array([[-1e-300, 2e90]] * 2), Fraction(2) ** 300).length == 0
    near = units_of(PLAIN.four, Fraction(3, 2), np.array([[0.3, 0.4]]))
    assert near == Units(0, 0) and near.function(PLAIN.four) is PLAIN.four
