"""One clock: what takes a budget ends soon after it, and says what is open. In tests a look is a second."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.reason import Reason
from hallucert.clock import Clock, OutOfTime, look, working
from hallucert.find.basins import kernel, search
from hallucert.prove import basins
from hallucert.prove.attraction import attractors
from hallucert.prove.census.results import connected

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
BOX = [(-2, 2), (-1, 1)]


class Ticking:
    """Time that goes on by one second with every look, and how often it was looked at."""

    def __init__(self):
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return float(self.looks)


@pytest.fixture
def ticking(monkeypatch):
    """From a call of this on, every clock that is made counts looks instead of seconds."""
    ticks, honest = Ticking(), Clock.__init__

    def init(self, seconds=float("inf"), report=None, now=None):
        honest(self, seconds, report, ticks)

    def begin():
        monkeypatch.setattr(Clock, "__init__", init)
        return ticks

    return begin


def test_a_clock_is_up_exactly_at_its_end():
    """The time is up from the last second on, not before, and nothing is left then."""
    now = [3.0]
    clock = Clock(5.0, now=lambda: now[0])
    now[0] = 7.999
    assert not clock.passed() and 0 < clock.left() < 0.002
    now[0] = 8.0
    assert clock.passed() and clock.left() == 0.0
    assert clock.part(0.5).passed()


def test_parts_of_a_clock_end_before_it():
    """Half of eight seconds is four; half of no limit is none."""
    clock = Clock(8.0, now=lambda: 0.0)
    assert clock.part(0.5).left() == 4.0
    assert Clock().part(0.5).left() == float("inf")


def test_compiling_takes_nothing_of_the_budget_of_basins(monkeypatch):
    """A second is enough on a clock on which the first call of each kernel, and nothing else, is an hour."""
    called, honest = set(), Clock.__init__

    def init(self, seconds=float("inf"), report=None, now=None):
        honest(self, seconds, report, lambda: 3600.0 * len(called))

    def slow(module, name):
        work = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, **options: called.add(name) or work(*args, **options))

    monkeypatch.setattr(Clock, "__init__", init)
    for module, name in [(kernel, "arrivals"), (kernel, "follow_all"), (search, "leaves_at"), (search, "settle_all")]:
        slow(module, name)
    for module in (basins, attractors):
        slow(module, "run_ensemble")
    f, box, before = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/2"), [(-0.75, -0.25), (-0.25, 0.25)], {}
    tell = lambda step, done, total: before.setdefault(step, len(called))  # noqa: E731
    found = hc.basins(f, box, "1.5", "0.1", depth=3, workers=1, budget=1, progress=tell)
    assert before["kernels compiled"] == 0 and before["runs"] == len(called) == 5 and found.hallucinated > 0


def test_look_raises_only_while_a_clock_is_watched_that_is_up():
    """Without a watched clock, or with time, `look` does nothing; the innermost clock counts, also after an error."""
    late, early = Clock(0.0, now=lambda: 0.0), Clock(1.0, now=lambda: 0.0)
    look()
    with late.watched():
        with early.watched():
            look()
        with pytest.raises(OutOfTime):
            look()
    look()


def test_work_that_ends_in_time_is_kept():
    """What it returns, or what there is without it; other errors are its own, and nothing stays watched."""
    on, up = Clock(1.0, now=lambda: 0.0), Clock(0.0, now=lambda: 0.0)
    assert on.kept(lambda: look() or "done", "late") == "done" and up.kept(lambda: look() or "done", "late") == "late"
    with pytest.raises(ZeroDivisionError):
        on.kept(lambda: 1 / 0, "late")
    look()


def test_work_within_work_has_no_more_time():
    """A clock made within watched work ends with it at the latest."""
    now = lambda: 0.0  # noqa: E731
    with Clock(2.0, now=now).watched(), working(progress=False) as inner:
        assert inner.end == 2.0


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_single_operations_look_at_the_clock(backend):
    """A product of matrices, a value in balls and a product in lanes of balls each notice that the time is up."""
    ar, lanes = arithmetic(backend, 53), lane_arithmetic(backend)
    rows = [[ar.constant(Fraction(1, 3))] * 8 for _ in range(8)]
    x = lanes.box(np.zeros(3), np.ones(3))
    for work in (lambda: ar.matrix_product(rows, rows), lambda: WELL.enclose_value(ar, rows[0][:2]), lambda: x * x):
        work()
        with Clock(0.0).watched(), pytest.raises(OutOfTime):
            work()


def test_products_in_parts_are_products(monkeypatch):
    """A product that is cut into parts by rows and along its sums is that of exact fractions."""
    monkeypatch.setattr("hallucert.balls.arb._ENTRIES", 100)
    monkeypatch.setattr("hallucert.balls.arb._TERMS", 50)
    ar, rng = arithmetic("arb", 106), np.random.default_rng(5)
    a, b = rng.integers(-9, 9, (13, 40)), rng.integers(-9, 9, (40, 3))
    balls = [[[ar.constant(Fraction(v)) for v in row] for row in m.tolist()] for m in (a, b)]
    found = ar.matrix_product(*balls)
    assert [[ar.endpoints(v) for v in row] for row in found] == [[(v, v) for v in row] for row in (a @ b).tolist()]


def test_boxes_that_hang_together_are_found():
    """Groups of random boxes are the components of the graph of overlaps, found by brute force."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        lo = rng.integers(0, 30, (25, 2)).astype(float)
        hi = lo + rng.integers(0, 6, (25, 2))
        meets = ((lo[:, None] <= hi[None]) & (hi[:, None] >= lo[None])).all(-1)
        reach = np.linalg.matrix_power(meets.astype(int), 25) > 0
        assert sorted(map(tuple, connected(lo, hi))) == sorted({tuple(np.flatnonzero(row)) for row in reach})


def test_few_boxes_are_compared():
    """Ten thousand boxes in a row are grouped with one look for each, and none are joined without time."""
    lo = np.stack([2.0 * np.arange(10_000), np.zeros(10_000)], 1)
    ticks = Ticking()
    assert len(connected(lo, lo + 1, Clock(1e9, now=ticks))) == 10_000 and ticks.looks < 10_010
    assert len(connected(lo, lo + 2, Clock(0.0))) == 10_000 and len(connected(lo, lo + 2)) == 1


LATE = {
    "point": lambda b: {c.reason for c in hc.certify(WELL, (-0.5, 0), "1.5", budget=b, global_box=BOX).claims.values()},
    "mpmath": lambda b: {
        c.reason for c in hc.certify(WELL, (-0.5, 0), "1.5", budget=b, backend="mpmath").claims.values()
    },
    "safe radius": lambda b: {hc.safe_radius(WELL, (1, 0), budget=b, rtol=1e-9).ended},
    "critical rho": lambda b: {hc.critical_rho(WELL, (1, 0), budget=b, rtol=1e-9).ended},
    "diagram": lambda b: {claim.reason for claim in hc.diagram(WELL, (1, 0), BOX, budget=b)},
}


@pytest.mark.parametrize("name", LATE)
def test_a_spent_budget_is_kept_and_told(ticking, name):
    """After the last second of its budget each public function looks at the clock a few more times, and says why."""
    ticks = ticking()
    assert LATE[name](3.0) >= {"time"}
    assert ticks.looks < 60


@pytest.mark.parametrize("name", LATE)
def test_wherever_the_time_ends_nothing_escapes(ticking, name):
    """With budgets that end in each part of the work it ends with them; all is decided, or time is a reason."""
    ticks = ticking()
    for budget in (8.0, 20.0, 50.0, 90.0, 130.0, 200.0):
        began = ticks.looks
        reasons = LATE[name](budget)
        assert ticks.looks - began < budget + 60 and (ticks.looks - began < budget or reasons >= {"time"})


def test_a_census_without_time_leaves_everything_open():
    """Its one place is the whole box, because of the budget, and it claims nothing."""
    found = hc.census(WELL, BOX, "1.5", workers=1, budget=1e-9)
    assert {str(place.reason) for place in found.pending} == {"budget"} and not found.points
    assert str(found.claim.status) == "undecided"


def test_verify_keeps_its_budget(ticking):
    """Without time nothing is re-proved, every claim says so, and few looks are needed."""
    certificates = [hc.certify(WELL, (-0.5, 0), "1.5"), hc.certify(hc.find.branch(WELL, (-1, 0), (1, 0), rho_max=2))]
    certificates.append(hc.census(WELL, BOX, "1.5", workers=1))
    ticks = ticking()
    for certificate in certificates:
        began = ticks.looks
        verdict = hc.verify(certificate, budget=2.0)
        assert not verdict and ticks.looks - began < 60
        assert "the time budget was spent" in str(verdict) or "the budget was spent" in str(verdict)


def test_a_surface_and_a_sheet_keep_their_budgets(ticking):
    """The proofs of a circle and of a sphere end soon after the time is up."""
    ring = hc.find.sheet(hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2), (0.4, 0.3), "1.5")
    ball = hc.find.sheet(hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"]), (0.4, 0.3, 0.1), "1.5", max_steps=6)
    ticks = ticking()
    for found in (ring, ball):
        began = ticks.looks
        assert hc.certify(found, budget=8.0).all_claims[0].reason is Reason.TIME
        assert ticks.looks - began < 40


def test_what_is_proved_in_time_is_kept():
    """With time for all but a tie that takes none, the other claims are what they are without it."""
    plain = hc.certify(WELL, (-0.5, 0), "1.5")
    asked = hc.certify(WELL, (-0.5, 0), "1.5", global_box=BOX)
    assert asked["global_target"].reason is Reason.TIE
    assert {n: c.status for n, c in plain.claims.items()}.items() <= {
        n: c.status for n, c in asked.claims.items()
    }.items()
