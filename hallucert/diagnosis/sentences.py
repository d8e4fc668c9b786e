"""The sentences of a diagnosis: each is chosen by facts of the objective and of the point, and claims no more."""

from __future__ import annotations

from typing import Any

from hallucert.diagnosis.constant_predictor import ConstantPredictor
from hallucert.diagnosis.report import Kind
from hallucert.diagnosis.spectra import DENSE
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw

_MEANINGS = {
    Kind.MINIMIZER: "a hallucinated minimizer: a minimizer of f(x+) where the gradient of f is not zero",
    Kind.SADDLE: "a hallucinated stationary point whose target is a saddle: {} is stuck, and not at a minimizer",
    Kind.MAXIMIZER: "a hallucinated stationary point whose target is a maximizer: {} is stuck, and not at a minimizer",
    Kind.DEGENERATE: "a hallucinated point with a degenerate target: the Hessian does not settle what that is",
    Kind.CONSTANT: "a point stuck at a constant predictor: {}",
}
_STUCK = {
    "degenerate": "nothing shows a hallucinated minimizer, the Hessian of its target is degenerate",
    "maximizer": "a maximizer, not a hallucinated minimizer",
    "saddle": "a saddle or plateau, not a hallucinated minimizer",
}
FLAT_ADVICE = "Next: multiply f by a large constant, or start elsewhere."
LASTS = "Run longer, or with a smaller rho or a warm-up: this may last."


def meaning(kind: Kind, target_type: str, law: RadiusLaw) -> str:
    """Say what a hallucinated point is."""
    return _MEANINGS[kind].format(_STUCK[target_type] if kind is Kind.CONSTANT else law.name)


def flat(law: RadiusLaw) -> str:
    """Say that a gradient is zero because doubles do not go on."""
    return (
        f"The gradient of f is zero to doubles at x and around it, so {law.name} cannot step: f changes there by less "
        "than they resolve (1e-308). Whether x is a critical point of f is not known."
    )


def compared(answers: ConstantPredictor) -> str:
    """Compare the loss without weight decay with that of the best constant."""
    return f"loss {answers.loss:.6g}, the best constant has {answers.best_loss:.6g}"


def stability(attracts: bool | None, bound: float | None, eta: float | None, law: RadiusLaw) -> str:
    """Return the end of a verdict that speaks of stability."""
    if attracts is None:
        return ""
    if not attracts:
        return f"; it repels {law.name}, so only exceptional starts stop here"
    if eta is None or bound is None:
        return f"; it attracts {law.name} for small steps"
    if eta < bound:
        return f"; it attracts {law.name}"
    return f"; it would attract {law.name}, but the step {eta:.4g} is too large"


def next_step(f: Objective, kind: Kind, target_type: str, zero_residual: bool, law: RadiusLaw) -> str:
    """Say what to do with a hallucinated point."""
    call = f"(f, x, rho{law.option_text})"
    if kind is Kind.CONSTANT:
        proof = f": hc.find.refine{call} and hc.certify prove the target a {target_type}"
        return f"Next: another start or a smaller rho{proof if target_type != 'degenerate' and f.rigorous else ''}."
    if zero_residual:
        proof = "hc.certify proves it if f is small" if f.rigorous else _NO_PROOF
        return f"Next: hc.find.hallucinate{call} sharpens it to rounding; {proof}."
    if kind is Kind.DEGENERATE:
        return f"Next: {'more products' if f.dimension > DENSE else 'look at f near the target'}, or run longer."
    if f.dimension > DENSE:
        return "Next: more products settle more; hc.find.refine and hc.certify form Hessians, so they need a smaller f."
    if not f.rigorous:
        return f"Next: hc.find.refine{call} sharpens it; {_NO_PROOF}."
    return f"Next: candidate = hc.find.refine{call}, then hc.certify(candidate) proves it."


_NO_PROOF = "a proof needs f as a formula or a network, this one is in floats only"


def stall_advice(f: Objective, law: RadiusLaw, otherwise: str) -> str:
    """Say what to do where a run stalls."""
    if law.variant != "sam" or not f.rigorous:
        return otherwise
    return "Next: hc.certify_stall(f, x, rho) proves that no minimizer is near, if f curves down."


def plateau_advice(f: Objective, law: RadiusLaw) -> str:
    """Say what to do on a plateau."""
    lasting = ": plateaus of saturated units may last" if isinstance(f, TanhNetwork) else ""
    return stall_advice(f, law, f"Run longer, or take another start{lasting}.")


def bouncing_advice(law: RadiusLaw) -> str:
    """Say what to do in a two-cycle."""
    if not law.normalised:
        return "USAM bounces only where the step is too large for the curvature: decrease step_size."
    size = ": for a x^2/2 it is 2 eta a rho/(2 - eta a)" if law.floats.metric is None else " and with rho"
    return f"The jump shrinks with the step{size}. Decrease step_size or rho."


def hallucination_near(f: Objective, law: RadiusLaw) -> str:
    """Say what to do where ``g(x+)`` is small against ``g(x)``, but does not vanish."""
    call = f"(f, x, rho{law.option_text})"
    if f.dimension <= DENSE:
        search = f": hc.find.refine{call} looks for it{_in_a_shell(f, law)}"
    else:
        search = f": hc.find.hallucinate{call} looks for it" if f.residual_count else ""
    return f"A hallucinated point may be near{search}; or run longer."


def moving_advice(f: Objective, eta: float | None, near_critical: bool, law: RadiusLaw) -> str:
    """Say what to do where nothing has vanished; `near_critical` if ``g(x)`` is small against ``g(x+)``."""
    if eta is None and law.normalised and near_critical:
        return f"A critical point of f may be near: give step_size, to see whether {law.name} bounces around it."
    look = f", or see where hc.find.refine(f, x, rho{law.option_text}) leads{_in_a_shell(f, law)}"
    test = "" if eta is not None else ", or give it here to test for bouncing"
    return f"Run longer{look if f.dimension <= DENSE else ''}. If that does not help, decrease step_size{test}."


def _in_a_shell(f: Objective, law: RadiusLaw) -> str:
    """Name the command that does the same; it takes formulas, and SAM unless it is told otherwise."""
    return " (in a shell: hallucert certify --at)" if hasattr(f, "tape") and law.variant == "sam" else ""


def learned(f: TanhNetwork, answers: ConstantPredictor) -> str:
    """Say that the samples are learned, and what else there is of the loss and of ``f``."""
    rest = f"; no network has less than {answers.floor:.6g}" if answers.floor > 0 else ""
    if f.weight_decay:
        rest += f"; of f = {answers.value:.6g} weight decay is {answers.value - answers.loss:.6g}"
    return f"The network has learned its samples, at x and at x+ ({compared(answers)}{rest})"


def least(f: TanhNetwork, answers: ConstantPredictor) -> str:
    """Say where the loss goes from here, if that is known."""
    if f.weight_decay:
        return "With weight decay f has a minimizer: run longer to come nearer to one."
    if answers.endless:
        return (
            "Every sample is classified right, so without weight decay cross-entropy has no minimum: "
            "it falls for ever as the weights grow."
        )
    return f"No network has a loss below {answers.floor:.6g}: run longer to come nearer to it."


def verdict_of_bounce(law: RadiusLaw, around: str | None, answers: Any, jump: float) -> str:
    """Say what a two-cycle surrounds; `around` is None if its middle is no critical point."""
    said = f", a constant predictor ({compared(answers)})," if answers is not None and answers.constant else ""
    where = f"bounces around {around} of f" if around else "bounces between two points"
    return f"{law.name} {where}{said} with jumps of length {jump:.4g}; nothing is hallucinated."
