"""`run` does the SAM iteration, and stops for the reason it names."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.sam import Status

DOUBLE_WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
FOUR_WELL = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")


def double_well(z):
    return (z[0] ** 2 - 1) ** 2 / 4 + z[1] ** 2 / 20


PLAIN = hc.Objective.from_callable(double_well, 2, rigorous=False)


def steps_by_hand(gradient, x, rho, eta, steps, warm=0):
    """The definition, one step at a time."""
    history = [np.array(x, dtype=float)]
    for k in range(steps):
        x = history[-1]
        g = gradient(x)
        history.append(x - eta(k) * (g if k < warm else gradient(x + rho(k) * g / np.linalg.norm(g))))
    return np.array(history)


def test_double_well_point_attracts() -> None:
    """SAM with 1 < rho < 2 converges to the hallucinated minimizer (1 - rho, 0) of the double well (theory 10)."""
    end = hc.sam.run(DOUBLE_WELL, [-0.6, 0.4], "1.5", "0.1", 5000)
    assert end.status == Status.CONVERGED and end.shifted_gradient_norm <= 1e-10
    np.testing.assert_allclose(end.x, [-0.5, 0], atol=1e-8)
    assert abs(end.gradient_norm - 0.375) < 1e-8 and abs(end.value - 9 / 64) < 1e-8 and end.sam_value < 1e-15


def test_four_well_point_repels_or_attracts_as_its_spectrum_says() -> None:
    """On the diagonal branch of the four-well function SAM leaves s = 0.3 and stays at s = 0.8 (pitchfork at 1/2)."""
    for s, stays in ((0.3, False), (0.8, True)):
        end = hc.sam.run(FOUR_WELL, [-s + 1e-4, -s - 1e-4], float(np.sqrt(2) * (1 + s)), 0.01, 3000)
        assert (np.linalg.norm(end.x + s) < 1e-6) == stays


def test_saddle_target_attracts() -> None:
    """SAM converges to (0, -s), whose target is a saddle (Proposition 4.7)."""
    end = hc.sam.run(FOUR_WELL, [0.05, -0.45], "1.5", "0.02", 5000)
    np.testing.assert_allclose(end.x, [0, -0.5], atol=1e-8)
    assert end.status == Status.CONVERGED and abs(end.sam_value - 1) < 1e-12


def test_quadratic_ends_in_the_two_cycle() -> None:
    """On a x^2/2 SAM with step eta ends on |x| = eta a rho/(2 - eta a), changing sign every step (theory 10)."""
    a, eta, rho = 3.0, 0.1, 0.5
    end = hc.sam.run(hc.Objective.parse("3/2*x**2"), [0.4], rho, eta, 2000)
    np.testing.assert_allclose(np.abs(end.history[-2:, 0]), eta * a * rho / (2 - eta * a), rtol=1e-12)
    assert end.history[-1, 0] * end.history[-2, 0] < 0 and end.status == Status.MAX_STEPS


@pytest.mark.parametrize("dimension", [1, 3, 6])
def test_cosine_lattice_attracts_in_any_dimension(dimension: int) -> None:
    """For sum (1 - cos x_i) the point -rho e_1, pi < rho < 2 pi, attracts (theory 10)."""
    names = [f"x{i}" for i in range(dimension)]
    f = hc.Objective.parse(" + ".join(f"(1 - cos({n}))" for n in names), names)
    start = np.full(dimension, 0.02)
    start[0] = -4.1
    end = hc.sam.run(f, start, 4, 0.1, 3000)
    np.testing.assert_allclose(end.x, np.eye(dimension)[0] * -4, atol=1e-8)
    assert end.status == Status.CONVERGED


@pytest.mark.parametrize("objective", [DOUBLE_WELL, PLAIN], ids=["kernel", "numpy"])
def test_steps_are_the_definition(objective) -> None:
    """Both paths do x - eta g(x + rho g/|g|) with scheduled rho and eta after a warm-up of plain descent."""

    def radius(k):
        return 0.5 + 0.01 * k

    sizes = np.linspace(0.2, 0.1, 40)
    end = hc.sam.run(objective, [0.3, 0.8], radius, sizes, 40, warmup=0.24)
    by_hand = steps_by_hand(DOUBLE_WELL.gradient, [0.3, 0.8], radius, lambda k: sizes[k], 40, warm=10)
    np.testing.assert_allclose(end.history, by_hand, rtol=1e-12, atol=1e-13)
    assert end.steps == 40 and np.array_equal(end.steps_kept, np.arange(41))


def test_kernel_and_numpy_paths_agree() -> None:
    """The compiled loop and the numpy loop stop at the same step, for the same reason, at the same point."""
    starts = np.random.default_rng(6).uniform(-1.5, 1.5, (12, 2))
    starts[0] = [1, 0]
    starts[1] = [300, 0]
    fast = hc.sam.run_ensemble(DOUBLE_WELL, starts, 1.5, 0.1, 600, tolerance=1e-6, every=50)
    plain = hc.sam.run_ensemble(PLAIN, starts, 1.5, 0.1, 600, tolerance=1e-6, every=50)
    assert np.array_equal(fast.steps, plain.steps) and np.array_equal(fast.status, plain.status)
    assert {Status.CONVERGED, Status.STATIONARY, Status.DIVERGED} <= set(fast.status)
    np.testing.assert_allclose(fast.x, plain.x, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(fast.history, plain.history, rtol=1e-9, atol=1e-9)


def test_history_keeps_start_every_kth_and_end() -> None:
    """`every` = 7 of 100 steps keeps 0, 7, ..., 98 and 100, the rows of the full history, with their norms."""
    full = hc.sam.run(FOUR_WELL, [0.3, -0.8], 0.5, 0.01, 100)
    thin = hc.sam.run(FOUR_WELL, [0.3, -0.8], 0.5, 0.01, 100, every=7)
    assert thin.steps_kept.tolist() == [*range(0, 99, 7), 100]
    assert np.array_equal(thin.history, full.history[thin.steps_kept])
    assert np.array_equal(thin.history[0], [0.3, -0.8]) and np.array_equal(thin.history[-1], thin.x)
    np.testing.assert_allclose(thin.gradient_norms, np.linalg.norm(FOUR_WELL.gradient(thin.history), axis=1))
    shifted = hc.sam.shifted_gradient(FOUR_WELL, thin.history, 0.5)
    np.testing.assert_allclose(thin.shifted_gradient_norms, np.linalg.norm(shifted, axis=1))
    assert thin.shifted_gradient_norms[-1] == thin.shifted_gradient_norm
    np.testing.assert_allclose(thin.values, FOUR_WELL.value(thin.history))
    np.testing.assert_allclose(thin.sam_values, hc.sam.sam_value(FOUR_WELL, thin.history, 0.5))


def test_warmup_is_plain_descent() -> None:
    """With warmup = 1 the run is gradient descent and reaches the minimizer that SAM bounces around."""
    end = hc.sam.run(DOUBLE_WELL, [0.6, 0.3], 0.2, 0.5, 2000, warmup=1.0)
    np.testing.assert_allclose(end.x, [1, 0], atol=1e-12)
    switched = hc.sam.run(DOUBLE_WELL, [0.6, 0.3], 0.2, 0.5, 2000, warmup=0.5)
    assert np.array_equal(switched.history[:1001], end.history[:1001])
    assert np.linalg.norm(switched.x - [1, 0]) > 1e-3


def test_stationary_start_stops_at_once() -> None:
    """Where g = 0 the ascent direction is undefined: zero steps, status STATIONARY, SAM values NaN."""
    for objective in (DOUBLE_WELL, PLAIN):
        end = hc.sam.run(objective, [1.0, 0.0], 1, 0.1, 50)
        assert end.status == Status.STATIONARY and end.steps == 0 and end.gradient_norm == 0
        assert np.isnan(end.sam_value) and np.isnan(end.shifted_gradient_norm) and len(end.history) == 1


def test_divergence_keeps_the_last_point_inside() -> None:
    """A diverging run stops with a finite point within the bound, before the step that leaves it."""
    for objective in (DOUBLE_WELL, PLAIN):
        end = hc.sam.run(objective, [5.0, 1.0], 1, 1, 50, bound=1e4)
        assert end.status == Status.DIVERGED and np.abs(end.x).max() <= 1e4
        by_hand = steps_by_hand(DOUBLE_WELL.gradient, [5.0, 1.0], lambda k: 1, lambda k: 1, end.steps + 1)
        np.testing.assert_allclose(end.history, by_hand[:-1], rtol=1e-10)
        assert np.abs(by_hand[-1]).max() > 1e4


def test_leaving_the_domain_is_reported() -> None:
    """A run into log(x), x < 0, ends OUTSIDE, though the derivative 1/x exists there."""
    f = hc.Objective.parse("log(x) + (y - 1)**2")
    end = hc.sam.run(f, [0.5, 0.2], 0.1, 0.05, 200)
    assert end.status == Status.OUTSIDE and np.isfinite(end.x).all()
    root = hc.sam.run(hc.Objective.parse("x**0.5 + y**2"), [0.05, 0.2], 0.001, 0.05, 200)
    assert root.status == Status.OUTSIDE and np.isfinite(root.x).all() and np.isnan(root.value)


def test_a_run_that_runs_out_of_steps_just_as_it_converges_is_converged() -> None:
    """The end point is judged by the tolerance even if no step was left to notice."""
    end = hc.sam.run(DOUBLE_WELL, [-0.6, 0.4], "1.5", "0.1", 5000)
    cut = hc.sam.run(DOUBLE_WELL, [-0.6, 0.4], "1.5", "0.1", end.steps)
    assert cut.status == Status.CONVERGED and np.array_equal(cut.x, end.x)
    assert hc.sam.run(DOUBLE_WELL, [-0.6, 0.4], "1.5", "0.1", end.steps - 1).status == Status.MAX_STEPS


def test_zero_steps_return_the_start() -> None:
    """A run of no steps has the start as its only point."""
    end = hc.sam.run(DOUBLE_WELL, [0.3, 0.4], 1, 0.1, 0)
    assert end.steps == 0 and end.history.tolist() == [[0.3, 0.4]] and end.status == Status.MAX_STEPS


def test_exact_and_float_radii_agree() -> None:
    """A Fraction, a decimal string and the nearest double give the same run."""
    runs = [hc.sam.run(FOUR_WELL, [0.3, -0.8], rho, "0.01", 50).x for rho in (Fraction(7, 5), "1.4", 1.4)]
    assert np.array_equal(runs[0], runs[1]) and np.array_equal(runs[0], runs[2])


@pytest.mark.parametrize("objective", [DOUBLE_WELL, PLAIN], ids=["kernel", "numpy"])
def test_interruption_returns_what_is_done(objective) -> None:
    """KeyboardInterrupt from the progress hook ends the run with status INTERRUPTED and a whole, shorter history."""

    def stop(done: int, total: int) -> None:
        assert total == 10**9
        if done >= 100:
            raise KeyboardInterrupt

    end = hc.sam.run(objective, [0.3, 0.8], 0.2, 0.1, 10**9, progress=stop)
    full = hc.sam.run(objective, [0.3, 0.8], 0.2, 0.1, end.steps)
    assert end.status == Status.INTERRUPTED and 100 <= end.steps < 10**7
    assert np.array_equal(end.history, full.history) and np.array_equal(end.x, full.x)


def test_interruption_inside_a_step_keeps_finished_steps() -> None:
    """KeyboardInterrupt raised while the objective works loses only the step it falls into."""

    f, calls = type(PLAIN)(double_well, 2), []
    gradient = f.floats.gradient

    def interrupting(x):
        calls.append(x)
        if len(calls) == 63:  # the first looks at the start, two more each step
            raise KeyboardInterrupt
        return gradient(x)

    f.floats.gradient = interrupting
    end = hc.sam.run(f, [0.3, 0.8], 0.2, 0.1, 1000)
    full = hc.sam.run(PLAIN, [0.3, 0.8], 0.2, 0.1, 30)
    assert end.status == Status.INTERRUPTED and end.steps == 30
    assert np.array_equal(end.history, full.history)


def test_progress_bar_writes_to_standard_error_only(capsys) -> None:
    """progress=True shows a bar on standard error and nothing on standard output."""
    hc.sam.run(DOUBLE_WELL, [0.3, 0.8], 0.2, 0.1, 500, progress=True)
    captured = capsys.readouterr()
    assert captured.out == "" and "SAM steps" in captured.err


def test_repr_and_status_are_readable() -> None:
    """A trajectory shows its reason and numbers; a status is a sentence."""
    end = hc.sam.run(DOUBLE_WELL, [-0.6, 0.4], "1.5", "0.1", 5000)
    assert repr(end).startswith("<Trajectory: converged after") and "|g| = 0.375" in repr(end)
    assert all(status.endswith((".", "kept.")) and " " in status.label + " " for status in Status)


MISUSE = [
    ({"rho": 0}, "rho"),
    ({"rho": [0.1, 0.2]}, "rho"),
    ({"rho": lambda k: -1.0}, "rho"),
    ({"rho": np.full(10, np.nan)}, "rho"),
    ({"step_size": "fast"}, "step_size"),
    ({"step_size": -0.1}, "step_size"),
    ({"steps": -1}, "steps"),
    ({"steps": 2.5}, "steps"),
    ({"steps": True}, "steps"),
    ({"warmup": 1.5}, "warmup"),
    ({"warmup": float("nan")}, "warmup"),
    ({"every": 0}, "every"),
    ({"tolerance": -1}, "tolerance"),
    ({"bound": 0}, "bound"),
    ({"start": [1.0]}, "start"),
    ({"start": [[1.0, 2.0]]}, "start"),
    ({"start": [np.inf, 0]}, "start"),
]


@pytest.mark.parametrize(("change", "argument"), MISUSE)
def test_misuse_names_the_argument(change: dict, argument: str) -> None:
    """Every bad argument raises ArgumentError that begins with its name."""
    arguments = {"start": [0.3, 0.8], "rho": 0.2, "step_size": 0.1, "steps": 10} | change
    with pytest.raises(ArgumentError, match=f"^{argument} must"):
        hc.sam.run(DOUBLE_WELL, **arguments)


def test_a_gradient_whose_square_underflows_is_not_called_zero() -> None:
    """exp(-1/|x|^2) near 0: |g| is 1e-175 or so, which is no critical point; its square is no double."""
    end = hc.sam.run(hc.Objective.parse("exp(-1/(x**2 + y**2))"), [0.3, 0.2], 1, "0.01", 2000)
    assert end.status == Status.UNDERFLOW and 0 < end.gradient_norm < 1e-162
    assert "need not be a critical point" in str(end.status)


def test_a_function_of_subnormal_numbers_runs() -> None:
    """1e-309 f with steps of 1e307 goes where f goes with steps of 1e-2, to the digits it has; 1e-312 f runs, too."""
    text = "((x**2 - 1)**2 + (y**2 - 1)**2)"
    wanted = hc.sam.run(hc.Objective.parse(text), [0.3, 0.2], "0.5", "0.01", 20).x
    found = hc.sam.run(hc.Objective.parse(f"1e-309*{text}"), [0.3, 0.2], "0.5", "1e307", 20)
    np.testing.assert_allclose(found.x, wanted, rtol=1e-9)
    end = hc.sam.run(hc.Objective.parse(f"1e-312*{text}"), [0.3, 0.2], "0.5", "0.01", 20)
    assert end.status == Status.MAX_STEPS


@pytest.mark.parametrize("f", ["1e-400*((x**2 - 1)**2 + y**2)", "least squares"])
def test_a_function_below_all_doubles_is_not_at_a_critical_point(f: str) -> None:
    """At (0.3, 0.2) neither function has a critical point; in doubles both are zero, and this is what is said."""
    made = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=10**400) if f == "least squares" else hc.Objective.parse(f)
    end, found = hc.sam.run(made, [0.3, 0.2], "0.5", "0.01", 100), hc.diagnose(made, [0.3, 0.2], "0.5")
    assert end.status == Status.UNDERFLOW and end.gradient_norm == 0
    assert found.kind == "where f is flat to doubles" and "not known" in found.verdict
    quartic = hc.sam.run(hc.Objective.parse("x**4 + y**4"), [0, 0], "0.5", "0.01", 100)
    assert quartic.status == Status.STATIONARY
