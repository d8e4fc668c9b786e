"""Arguments that are none are refused by name, with a typed error that says what they must be."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError, DomainError

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
WELLS = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
BOX = [(-2, 2), (-2, 2)]


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("f", ("x", (0, 0), 1)),
        ("rho", (WELL, (0.5, 0.1), "1e400")),
        ("rho", (WELL, (0.5, 0.1), "1e-400")),
        ("rho", (WELL, (0.5, 0.1), 0)),
        ("radius", (WELL, (0.5, 0.1), 1, 0)),
        ("x", (WELL, [(0.5, 0.1)], 1)),
    ],
)
def test_stalls(argument, arguments):
    """Radii must be positive and in the range of doubles, functions must be objectives."""
    with pytest.raises(ArgumentError, match=f"^{argument} must"):
        hc.certify_stall(*arguments)


@pytest.mark.parametrize(
    ("formula", "x", "rho"),
    [
        ("log(x) + y", (-1, 0), 1),  # the gradient 1/x is defined
        ("log(x) + y", (0, 1), 1),
        ("(x - 2)**2 + y**2 + 0*log(x + 1)", (0, 0), 2),  # x+ = (-2, 0)
    ],
)
def test_stalls_where_the_function_is_undefined(formula, x, rho):
    """At x, or at x+, where formulas of derivatives may be defined."""
    with pytest.raises(DomainError):
        hc.certify_stall(hc.Objective.parse(formula, ("x", "y")), x, rho)


LOG, SQUARE = hc.Objective.parse("log(x) + y"), hc.Objective.parse("log(x)**2")


@pytest.mark.parametrize(
    ("says", "call"),
    [
        (r"defined \(or overflows\) at x = \[-1.5, *2", lambda: LOG.value((-1.5, 2))),
        (r"defined \(or overflows\) at x = \[-0.5\]", lambda: SQUARE.hessian([-0.5])),
        (r"defined \(or overflows\) at x = \[0.5\]", lambda: hc.sam.shifted_gradient(SQUARE, [0.5], 1)),
        (r"zero at x = \[-1., *0", lambda: hc.sam.perturbed_point(WELL, (-1, 0), 1)),
        (r"^x = \[-1.5, *2. *\] is not certainly in the domain", lambda: hc.certify(LOG, (-1.5, 2), 1)),
        (r"^x = \[-1., *0.\] is a critical point", lambda: hc.certify(WELL, (-1, 0), 1)),
        (r"at x, for x = \[-1.5, *2", lambda: hc.certify_stall(LOG, (-1.5, 2), 1)),
    ],
)
def test_errors_of_the_domain_say_where(says, call):
    """The point is named that the function, its gradient or its SAM map is not defined at."""
    with pytest.raises(DomainError, match=says):
        call()


@pytest.mark.parametrize("options", [{"budget": "x"}, {"budget": True}, {"budget": 0}, {"max_boxes": 0.5}])
def test_budgets_of_the_checker(options):
    """Seconds are a positive number, boxes a positive integer."""
    census = hc.census(WELL, BOX, 1)
    (name,) = options
    with pytest.raises(ArgumentError, match=f"^{name} must"):
        hc.verify(census, **options)


@pytest.mark.parametrize("source", [None, 3, {"kind": "point"}, WELL])
def test_sources_of_the_checker(source):
    """Neither data nor functions are certificates."""
    with pytest.raises(ArgumentError, match=r"^source must"):
        hc.verify(source)


def test_real_arrays():
    """Numbers become doubles exactly; what is ragged, complex, too large or no number is refused."""
    assert real_array([("1", 2), (3, 4.5)], "x", "be numbers").tolist() == [[1, 2], [3, 4.5]]
    for wrong in ([[1], [2, 3]], [1j], np.array([1j]), [10**400], "ab", [object()]):
        with pytest.raises(ArgumentError, match=r"^x must be numbers"):
            real_array(wrong, "x", "be numbers")


@pytest.fixture(scope="module")
def curve():
    """A short branch."""
    return hc.find.branch(WELLS, (0, 0), (1, 1), rho_max=1.5)


NO_SECONDS = ["a", float("nan"), -1, 0, True, 1j, [1], 10**400]


@pytest.mark.parametrize("wrong", NO_SECONDS)
def test_seconds(wrong, curve):
    """A budget of time is a positive number, also for branches, where none would be spent on the proof otherwise."""
    for subject in ((WELL, (-0.5, 0), "1.5"), (curve,)):
        with pytest.raises(ArgumentError, match=r"^budget must be a positive number of seconds"):
            hc.certify(*subject, budget=wrong)
    with pytest.raises(ArgumentError, match=r"^budget must be a positive number of seconds"):
        hc.census(WELL, BOX, 1, budget=wrong)


@pytest.mark.parametrize("seconds", [100, 1e9, float("inf"), np.float64(50), np.int64(50), Fraction(101, 2)])
def test_seconds_of_every_type(seconds):
    """Whatever is a number and positive."""
    assert hc.certify(WELL, (-0.5, 0), "1.5", budget=seconds)["existence"].status is hc.Status.PROVED


@pytest.mark.parametrize(
    "wrong", [5, "53", [5.5], [], [True], [53, 10**9], {53}, [[53]], np.array(53), np.array([53.0])]
)
def test_precisions(wrong, curve):
    """A sequence of numbers of bits, for points and for branches."""
    for subject in ((WELL, (-0.5, 0), "1.5"), (curve,)):
        with pytest.raises(ArgumentError, match=r"^precisions must be a sequence of integers from 30 to 2000"):
            hc.certify(*subject, precisions=wrong)


def test_precisions_of_every_type():
    """Arrays of integers are sequences of integers."""
    assert hc.certify(WELL, (-0.5, 0), "1.5", precisions=np.array([60])).provenance.precision == 60


NO_BOXES = [
    "ab",
    [[0, 1], [0, "q"]],
    [[0, 1]],
    [[0, 1], [2]],
    5,
    [[1, 0], [0, 1]],
    [[0, np.inf], [0, 1]],
    [[0, 1j], [0, 1]],
]


@pytest.mark.parametrize("wrong", NO_BOXES)
def test_boxes(wrong):
    """Rows of two finite numbers in order."""
    with pytest.raises(ArgumentError, match=r"^global_box must be finite rows \(lower, upper\) of shape \(2, 2\)"):
        hc.certify(WELL, (-0.5, 0), "1.5", global_box=wrong)
    for search in (
        lambda: hc.find.critical_points(WELL, wrong),
        lambda: hc.find.branches(WELL, (1, 0), wrong),
        lambda: hc.census(WELL, wrong, 1),
    ):
        with pytest.raises(ArgumentError, match=r"^box must be finite rows \(lower, upper\) of shape \(2, 2\)"):
            search()


NO_POINTS = [None, 5, "ab", [1], [[1, 2]], [[1, 2], [3]], [1, "a"], [1, 1j], [1, float("nan")], {1, 2}]


@pytest.mark.parametrize("wrong", NO_POINTS)
def test_points(wrong):
    """The message gives the one shape that will do, and shows the point or its shape."""
    with pytest.raises(ArgumentError, match=r"^x must be 2 finite numbers: "):
        hc.certify(WELL, wrong, "1.5")
    with pytest.raises(ArgumentError, match=r"^x must be 2 finite numbers: "):
        hc.certify_stall(WELL, wrong, 1)
    if wrong is not None:
        with pytest.raises(ArgumentError, match=r"^start must be 2 finite numbers: "):
            hc.certify(WELL, (-0.5, 0), "1.5", basin="0.1", start=wrong)
    takers = {
        "start": lambda: hc.sam.run(WELL, wrong, 1, 0.1, 3),
        "target": lambda: hc.find.branches(WELL, wrong, BOX),
    }
    for argument, taker in takers.items():
        with pytest.raises(ArgumentError, match=rf"^{argument} must be finite numbers of shape \(2,\); it was"):
            taker()


@pytest.mark.parametrize("wrong", [None, 5, "ab", [1, 2], [[1, 2, 3]], [[1, 2], [3]], [[1, "a"]], [[1, np.inf]]])
def test_lanes(wrong):
    """Many points have one shape, and one point has another."""
    with pytest.raises(ArgumentError, match=r"^starts must be finite numbers of shape \(k, 2\); it was"):
        hc.sam.run_ensemble(WELL, wrong, 1, 0.1, 3)


@pytest.mark.parametrize("wrong", [None, 5, "ab", [1], [[1, 2, 3]], [10**400, 0], [[[1, 2]]]])
def test_points_or_lanes(wrong):
    """Where both will do, both are named; integers beyond doubles are refused too."""
    with pytest.raises(ArgumentError, match=r"^x must be finite numbers of shape \(2,\) or \(k, 2\); it was"):
        WELL.value(wrong)


def test_points_of_a_size_whose_squares_overflow():
    """Proofs stay undecided without a warning, and searches, which measure lengths, refuse."""
    steep = hc.Objective.parse("x**2 + 3*y**2 + x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for point in ((1e308, 1e308), (1e200, 1e200)):
            for f in (WELL, steep):
                for law in ("sam", hc.RadiusLaw("asam", [1, 2])):
                    cert = hc.certify(f, point, "1.5", variant=law, precisions=[53])
                    assert cert["existence"].status is hc.Status.UNDECIDED
            searches = {
                "start": lambda point=point: hc.find.branch(steep, point, (-0.5, 0)),
                "target": lambda point=point: hc.find.on_sphere(steep, point, 1),
                "box": lambda point=point: hc.find.critical_points(steep, [(-x, x) for x in point]),
            }
            for argument, search in searches.items():
                with pytest.raises(ArgumentError, match=rf"^{argument} must have numbers of at most 1e\+150"):
                    search()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("a", "be positive and finite at every step; it was <'a' at step 0>"),
        (None, "be positive and finite at every step; it was <None at step 0>"),
        ([1, 2], r"be positive and finite at every step; it was <\[1, 2\] at step 0>"),
        (1j, "be positive and finite at every step; it was <1j at step 0>"),
        (-1, "be positive and finite at every step; it was <-1 at step 0>"),
        ("1e999", "be positive and finite at every step; it was <'1e999' at step 0>"),
    ],
)
def test_what_schedules_return(wrong, said):
    """A function of the step gives a positive number, and the message shows what it gave."""
    for argument, schedules in {"rho": (lambda k: wrong, 0.1), "step_size": (1, lambda k: wrong)}.items():
        with pytest.raises(ArgumentError, match=rf"^{argument} must {said}"):
            hc.sam.run(WELL, (-0.6, 0.3), *schedules, 5)


def test_schedules_name_the_step_and_take_every_exact_number():
    """From the third step on it is wrong; before, "1/3" is a number as elsewhere."""
    with pytest.raises(ArgumentError, match=r"^rho must be positive and finite at every step; it was <0 at step 3>"):
        hc.sam.run(WELL, (-0.6, 0.3), lambda k: 3 - k, 0.1, 5, tolerance=0)
    by_text = hc.sam.run(WELL, (-0.6, 0.3), lambda k: ("1/3", Fraction(1, 3), 1 / 3)[k % 3], 0.1, 20)
    assert np.array_equal(by_text.x, hc.sam.run(WELL, (-0.6, 0.3), "1/3", 0.1, 20).x)


@pytest.mark.parametrize("wrong", ["1e999", "1e-999"])
def test_radii_outside_of_doubles(wrong):
    """Neither an overflow nor a step of length zero."""
    for taker in (
        lambda: hc.sam.run(WELL, (-0.6, 0.3), wrong, 0.1, 5),
        lambda: hc.sam.perturbed_point(WELL, (-0.6, 0.3), wrong),
    ):
        with pytest.raises(ArgumentError, match=r"^rho must be within the range of positive doubles"):
            taker()


@pytest.mark.parametrize("wrong", ["a", 3, 0, [], "yes"])
def test_progress(wrong):
    """Yes, no, do as you think fit, or a function."""
    for taker in (
        lambda: hc.sam.run(WELL, (-0.6, 0.3), 1, 0.1, 3, progress=wrong),
        lambda: hc.sam.run_ensemble(WELL, [(-0.6, 0.3)], 1, 0.1, 3, progress=wrong),
        lambda: hc.census(WELL, BOX, 1, progress=wrong),
    ):
        with pytest.raises(ArgumentError, match=r"^progress must be True, False, None or a function"):
            taker()


def test_scales_of_every_type():
    """A metric is a sequence of exact numbers, kept as fractions, so that laws compare as what they are."""
    law = hc.RadiusLaw("asam", [1, "1/2"])
    assert law == hc.RadiusLaw("asam", (1, Fraction(1, 2))) == hc.RadiusLaw("asam", np.array([1, 0.5]))
    assert hash(law) == hash(hc.RadiusLaw("asam", (1.0, 0.5))) and law.scales == (1, Fraction(1, 2))
    assert hc.sam.run(WELL, (-0.5, 0.1), 1, 0.01, 3, variant=law).law == law


@pytest.mark.parametrize("wrong", ["12", 5, None, [1, "q"], [[1, 2]], {1, 2}, [1, -1], [], [1, np.nan]])
def test_scales(wrong):
    """Strings, sets, tables and what is not positive are none."""
    with pytest.raises(ArgumentError, match=r"^scales must"):
        hc.RadiusLaw("asam", wrong)
    with pytest.raises(ArgumentError, match=r'^variant must be hallucert\.RadiusLaw\("asam", scales\)'):
        hc.sam.run(WELL, (-0.5, 0.1), 1, 0.01, 3, variant="asam")


@pytest.mark.parametrize("wrong", [5, {"fold"}, None, "folds", ["folds"]])
def test_events_of_branches(wrong):
    """One name, or a list of names."""
    with pytest.raises(ArgumentError, match=r"^events must be among fold, branch point, stability change"):
        hc.find.branches(WELL, (1, 0), BOX, events=wrong)


def test_one_event_of_branches():
    """A name is a list of one, as for `find.branch`."""
    found = hc.find.branches(WELLS, (1, 1), BOX, rho_max=2.3, events="branch point")
    assert {str(event.type) for branch in found for event in branch.events} == {"branch point", "end"}


@pytest.mark.parametrize("residuals", [[3], [["x"]], [None], ["x", 2]])
def test_residuals_that_are_no_formulas(residuals):
    """What stands where a formula of a residual belongs is blamed on `residuals`, the argument that holds it."""
    with pytest.raises(ArgumentError) as caught:
        hc.Objective.least_squares(residuals)
    assert caught.value.argument == "residuals"
