"""Every sentence of a diagnosis follows from facts of the objective: its loss, its weight decay, its least value."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.diagnosis import report as say
from hallucert.diagnosis.constant_predictor import constant_predictor
from hallucert.diagnosis.diagnose import Kind
from hallucert.objectives.radius_law import SAM, RadiusLaw

TWO, SIGNS = [[1.0], [-1.0]], [1.0, -1.0]
NO_MINIMUM = "cross-entropy has no minimum: it falls for ever"


def said(found: hc.diagnosis.diagnose.Diagnosis) -> str:
    return f"{found.verdict} {found.advice}"


def logits(margin: float) -> list[float]:
    """Return parameters of a 1-1-2 network with outputs +-(margin, -margin)/2 on TWO."""
    weight = margin / 2 / np.tanh(3.0)
    return [3.0, 0.0, weight, -weight, 0.0, 0.0]


def test_squared_error_with_decay_has_a_minimizer_and_no_cross_entropy() -> None:
    """Residuals zero, f = 0.05 = lambda |x|^2/2: not near zero against 1/2, and the decay is said to be all of f."""
    f = hc.TanhNetwork((1, 1, 1), TWO, SIGNS, weight_decay="0.01")
    found = hc.diagnose(f, [3.0, 0.0, 1 / np.tanh(3.0), 0.0], "0.1")
    assert found.kind is Kind.MOVING and "cross-entropy" not in said(found)
    assert "With weight decay f has a minimizer" in found.advice
    assert f"f = {found.value:.6g} weight decay is {found.value:.6g}" in found.verdict
    small = hc.TanhNetwork((1, 1, 1), TWO, SIGNS, weight_decay="0.0001")
    found = hc.diagnose(small, [3.0, 0.1, 1 / np.tanh(3.0), 0.0], "0.01")
    assert found.kind is Kind.TRAINED and found.value < 5e-3 and "has a minimizer" in found.advice


def test_squared_error_without_decay_has_the_least_value_zero() -> None:
    """Nothing is said of cross-entropy or of decay where there is none."""
    f = hc.TanhNetwork((1, 1, 1), TWO, SIGNS)
    found = hc.diagnose(f, [1.0, 0.05, 1 / np.tanh(1.0), 0.02], "0.01")
    assert found.kind is Kind.TRAINED and "No network has a loss below 0:" in found.advice
    assert "cross-entropy" not in said(found) and "decay is" not in said(found)


@pytest.mark.parametrize("decay", ["0.01", "1", "1e-9"])
def test_cross_entropy_with_decay_does_not_fall_for_ever(decay: str) -> None:
    """At weights of 100 with decay 1/100 the value is 100: no zero loss, and f has a minimizer."""
    f = hc.TanhNetwork((1, 1, 2), TWO, [0, 1], loss="cross_entropy", weight_decay=decay)
    x = [1.0, 0.1, 100.0, -100.0, 0.2, -0.1]
    found = hc.diagnose(f, x, "1")
    assert found.value == pytest.approx(float(decay) / 2 * np.dot(x, x), rel=1e-6)
    assert found.kind is (Kind.TRAINED if decay == "1e-9" else Kind.MOVING)
    assert "for ever" not in said(found) and "With weight decay f has a minimizer" in found.advice
    assert not constant_predictor(f, np.array(x)).endless


def test_cross_entropy_falls_for_ever_where_every_sample_is_right() -> None:
    """The sentence is true: the loss falls to zero, and is never zero, as the last layer grows."""
    f = hc.TanhNetwork((1, 1, 2), TWO, [0, 1], loss="cross_entropy")
    x = np.array(logits(8.0))
    found = hc.diagnose(f, x, "0.1")
    assert found.kind is Kind.TRAINED and NO_MINIMUM in found.advice
    values = [f.value(np.r_[x[:2], scale * x[2:]]) for scale in (1, 2, 3)]
    assert values == pytest.approx([np.log1p(np.exp(-8.0 * scale)) for scale in (1, 2, 3)], rel=1e-9)


@pytest.mark.parametrize("smoothing", ["0.1", "0.2"])
def test_smoothed_labels_have_a_least_loss(smoothing: str) -> None:
    """At the log-odds of the smoothed label the loss is its entropy, which no network goes below."""
    f = hc.TanhNetwork((1, 1, 2), TWO, [0, 1], loss="cross_entropy", label_smoothing=smoothing)
    p = 1 - float(smoothing) / 2
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    found = hc.diagnose(f, np.array(logits(np.log(p / (1 - p)))) + 0.02, "0.01")
    assert "for ever" not in said(found) and found.value == pytest.approx(entropy, rel=1e-2)
    assert found.kind is Kind.MOVING and f"no network has less than {entropy:.6g}" in found.verdict


def test_a_bounded_output_gives_no_end_of_the_loss() -> None:
    """Behind a tanh the last layer does not scale the outputs."""
    f = hc.TanhNetwork((1, 1, 2), TWO, [0, 1], loss="cross_entropy", output="tanh")
    assert "for ever" not in said(hc.diagnose(f, logits(8.0), "0.1"))


def test_a_sample_that_is_wrong_gives_no_end_of_the_loss() -> None:
    """One of 300, so that the loss is small all the same: scaling the last layer makes that one worse."""
    inputs = np.repeat([1.0, -1.0, 0.05], [150, 149, 1])[:, None]
    labels = np.repeat([0, 1, 1], [150, 149, 1])
    f = hc.TanhNetwork((1, 1, 2), inputs, labels, loss="cross_entropy")
    x = [1.0, 0.0, 6.0, -6.0, 0.0, 0.0]
    found = hc.diagnose(f, x, "0.01")
    assert found.kind is Kind.TRAINED and found.value < 0.01 * np.log(2)
    assert "for ever" not in said(found)
    right = hc.TanhNetwork((1, 1, 2), inputs[:-1], labels[:-1], loss="cross_entropy")
    assert NO_MINIMUM in hc.diagnose(right, x, "0.01").advice


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_where_a_constant_is_right_it_is_no_place_to_be_stuck(loss: str) -> None:
    """Equal inputs with different targets: the constant is the global minimizer, though the Hessian is singular."""
    targets = [1.0, -1.0] if loss == "squared" else [0, 1]
    f = hc.TanhNetwork((1, 1, 1 if loss == "squared" else 2), [[1.0], [1.0]], targets, loss=loss)
    for x in (np.zeros(f.dimension), np.full(f.dimension, 0.1)):
        found = hc.diagnose(f, x, "0.1")
        assert found.best_constant_loss is None and "constant predictor" not in said(found)


def test_the_least_loss_of_equal_inputs() -> None:
    """Three samples share an input, with labels 0, 0, 1: no network has less than their entropy, 3/4 of H(1/3)."""
    f = hc.TanhNetwork((1, 2, 2), [[1.0]] * 3 + [[-1.0]], [0, 0, 1, 1], loss="cross_entropy")
    answers = constant_predictor(f, f.initial(0))
    entropy = -(2 / 3) * np.log(2 / 3) - (1 / 3) * np.log(1 / 3)
    assert answers.floor == pytest.approx(0.75 * entropy, rel=1e-14) and not answers.endless
    assert answers.best_loss == pytest.approx(np.log(2), rel=1e-14)
    squared = hc.TanhNetwork((1, 2, 1), [[1.0]] * 3 + [[-1.0]], [0.0, 0.0, 3.0, 5.0])
    answers = constant_predictor(squared, squared.initial(0))
    assert answers.floor == 6 / 8 and answers.best_loss == 18 / 8  # squares about the means 1 and 2, over 2 n
    bounded = hc.TanhNetwork((1, 2, 1), [[1.0], [-1.0]], [3.0, -1.0], output="tanh")
    answers = constant_predictor(bounded, bounded.initial(0))
    assert answers.floor == 1.0  # (3 - 1)^2 / (2 n)


def test_no_proof_is_promised_in_floats() -> None:
    """An objective without a formula can be refined, not certified, and its stall not either."""
    f = hc.Objective.from_callable(lambda z: (z[0] ** 2 - 1) ** 2 / 4 + z[1] ** 2 / 20, 2, rigorous=False)
    found = hc.diagnose(f, [-0.5, 0], 1.5)
    assert found.kind is Kind.MINIMIZER and "certify" not in found.advice and "hc.find.refine" in found.advice
    assert "certify" not in say.stall_advice(f, SAM, say.LASTS)
    assert "hallucert certify" not in hc.diagnose(f, [0.3, 0.2], 1).advice


def test_a_small_shifted_gradient_is_no_claim_of_a_point() -> None:
    """Between two critical points |g+| is small and Newton's estimate of the target far: one *may* be near."""
    found = hc.diagnose(hc.Objective.parse("-(x**2 - 1)**2/4 - y**2/20"), [10.0, 0.0], 9.3)
    assert found.kind is Kind.MOVING and "may be near" in found.advice and "The point is near" not in found.advice


def test_a_single_degenerate_minimizer_is_not_one_of_many_for_sure() -> None:
    """(x^2 - 1)^4 + y^2 has isolated minimizers with singular Hessians; SAM at (-1/2, 0) sees (1, 0)."""
    found = hc.diagnose(hc.Objective.parse("(x**2 - 1)**4 + y**2"), [-0.5, 0.0], "1.5")
    assert found.kind is Kind.DEGENERATE and "does not settle" in found.verdict and "many" not in said(found)


def test_advice_does_not_ask_for_what_was_given() -> None:
    """A step size that is known is not asked for; units are spoken of where there are some."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    assert "give it here" in hc.diagnose(f, [0.3, 0.2], 1).advice
    assert "give it here" not in hc.diagnose(f, [0.3, 0.2], 1, 0.01).advice
    usam = RadiusLaw("usam")
    assert "units" not in say.plateau_advice(f, usam)
    assert "units" in say.plateau_advice(hc.TanhNetwork((1, 1, 1), TWO, SIGNS), usam)


def test_the_jump_of_sams_two_cycle_is_not_told_of_other_steps() -> None:
    """ASAM's ascent has the length rho in its metric, and USAM's depends on the gradient."""
    assert "2 eta a rho/(2 - eta a)" in say.bouncing_advice(SAM)
    for law in (RadiusLaw("asam", [1, 2]), RadiusLaw("usam")):
        assert "2 - eta a" not in say.bouncing_advice(law)


def test_a_bounce_around_no_critical_point_is_not_called_one() -> None:
    """The middle of a two-cycle that is no critical point of f is no minimizer of it."""
    assert "bounces around a minimizer of f" in say.verdict_of_bounce(SAM, "a minimizer", None, 1.0)
    assert "between two points" in say.verdict_of_bounce(SAM, None, None, 1.0)


def test_a_degenerate_constant_predictor_is_not_proved_to_be_a_saddle() -> None:
    """Only where the Hessian of the target says so."""
    f = hc.TanhNetwork((1, 1, 1), TWO, SIGNS)
    assert "saddle" not in say.meaning(Kind.CONSTANT, "degenerate", SAM)
    assert "prove" not in say.next_step(f, Kind.CONSTANT, "degenerate", False, SAM)
    assert "prove the target a saddle" in say.next_step(f, Kind.CONSTANT, "saddle", False, SAM)
