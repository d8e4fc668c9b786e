"""What `diagnose` answers: the kinds of points, the numbers with their text, and the sentences.

Each sentence is chosen by facts of the objective and of the point, and claims no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

import numpy as np

from hallucert.diagnosis.constant_predictor import ConstantPredictor
from hallucert.diagnosis.spectra import DENSE
from hallucert.objectives.network.supervised import supervised_of
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw


class Kind(StrEnum):
    """What a point is to SAM."""

    MINIMIZER = "hallucinated minimizer"
    SADDLE = "hallucinated point, its target is a saddle"
    MAXIMIZER = "hallucinated point, its target is a maximizer"
    DEGENERATE = "hallucinated point, its target is degenerate"
    CONSTANT = "stuck at a constant predictor"
    BOUNCING = "bouncing around a critical point"
    CRITICAL = "at a critical point of f"
    FLAT = "where f is flat to doubles"
    STALLED = "stalling at a constant predictor"
    PLATEAU = "stalling on a plateau"
    HOVERING = "moving around a constant predictor"
    TRAINED = "near zero loss"
    MOVING = "still moving"


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What floats say about a point; fields that do not apply to its kind are None.

    Attributes
    ----------
    objective, x, rho, step_size
        What was asked. `x` of shape (d,), `rho` exact, `step_size` None if it was not given.
    kind : Kind
        The answer in one word.
    value, sam_value, gradient_norm, shifted_gradient_norm : float
        ``f(x), f(x+), |g(x)|, |g(x+)|``; NaN where ``x+`` is undefined because the gradient is zero.
    target : (d,) array or None
        ``x+``.
    target_type : str or None
        "minimizer", "saddle", "maximizer" or "degenerate", by the signs of the eigenvalues of ``H(x+)``, as far as
        rounding leaves them certain; "minimizer" too if the residuals vanish at the target, though the Hessian is
        singular there: none are smaller.
    target_eigenvalues : (d,) or (2,) array or None
        All of them, ascending; for ``d > DENSE`` the smallest and the largest.
    target_distance : float or None
        Newton's estimate of the distance from ``x+`` to the critical point.
    alignment : float or None
        Cosine between ``x+ - x`` (SAM: ``g(x)``) and ``c - x``, with ``c`` the critical point that one Newton step from
        ``x+`` leads to: 1 at a hallucinated point, by (b) of the sphere picture.
    residual_ratio : float or None
        ``|r(x+)| / |r(x)|``, for objectives in residual form.
    tangential_eigenvalues : (d - 1,) or (2,) array or None
        Eigenvalues ``1 - rho kappa_i`` of ``J`` on the tangent space, ascending (Proposition 4.1); for ``d > DENSE``
        the smallest and the largest. For USAM those of ``J = I + rho H``, of shape (d,).
    sphere_type : str or None
        What `x` is for ``f`` on the sphere around the target: "minimum", "saddle", "maximum" or "degenerate". For ASAM
        on the ellipsoid; for USAM for the Moreau objective ``f(y) + |y - c|^2/(2 rho)``.
    kernel_eigenvalues : (m,) complex array or None
        Spectrum of the SAM tangent kernel ``K``, if the residuals vanish at the target and are at most `KERNEL`.
    sam_eigenvalues : (k,) complex array or None
        Spectrum of ``M``; for ``d > DENSE`` the eigenvalues that Arnoldi found, unless there is a kernel.
    attracts : bool or None
        Whether every eigenvalue of ``K``, else every one of ``M`` that is not zero, has positive real part
        (Proposition 4.2). None if only leading eigenvalues of ``M`` are known and they do, and where rounding may have
        changed the sign of one.
    step_bound : float or None
        ``min 2 Re(mu)/|mu|^2``: smaller steps converge, if the point attracts.
    edge_of_stability : float or None
        ``step_size max |mu| / 2``: 1 at the edge of stability, for real ``mu``.
    c32_margin : float or None
        ``lambda_min(sym Du) + 1/rho``; condition (C32) of Theorem 3.2 says that it is positive. For ``d > DENSE`` an
        upper bound.
    projected_c32_margin : float or None
        The same on the row space of ``B = Dr(x+)``, which is what descent needs; with `kernel_eigenvalues`.
    law : RadiusLaw
        The ascent step: SAM's, USAM's or ASAM's. What is said above of SAM is meant of it.
    cycle : float or None
        Length of the jump of a two-cycle.
    constant_loss : float or None
        Of networks whose outputs at the target are equal on all samples: the loss there, without weight decay.
    best_constant_loss : float or None
        The least loss of a constant answer, to compare with; for networks.
    verdict, advice : str
        A sentence each: what it is, and what to do next.
    """

    objective: Objective = field(repr=False)
    x: np.ndarray
    rho: Fraction
    step_size: float | None
    kind: Kind
    value: float
    sam_value: float
    gradient_norm: float
    shifted_gradient_norm: float
    target: np.ndarray | None = None
    target_type: str | None = None
    target_eigenvalues: np.ndarray | None = None
    target_distance: float | None = None
    alignment: float | None = None
    residual_ratio: float | None = None
    tangential_eigenvalues: np.ndarray | None = None
    sphere_type: str | None = None
    kernel_eigenvalues: np.ndarray | None = None
    sam_eigenvalues: np.ndarray | None = None
    attracts: bool | None = None
    step_bound: float | None = None
    edge_of_stability: float | None = None
    c32_margin: float | None = None
    projected_c32_margin: float | None = None
    cycle: float | None = None
    constant_loss: float | None = None
    best_constant_loss: float | None = None
    verdict: str = ""
    advice: str = ""
    law: RadiusLaw = SAM

    def __repr__(self) -> str:
        edge = "" if self.edge_of_stability is None else f", edge of stability {self.edge_of_stability:.3g}"
        return (
            f"<Diagnosis: {self.kind}; |g| = {self.gradient_norm:.3g}, |g+| = {self.shifted_gradient_norm:.3g}, "
            f"f = {self.value:.6g}, f(x+) = {self.sam_value:.6g}{edge}>"
        )

    def __str__(self) -> str:
        table = "\n".join(f"  {name:16} {text}" for name, text in self._rows())
        return f"{self.verdict}\n{table}\n{self.advice}\n(Floating-point numbers: a diagnosis, not a proof.)"

    def _rows(self) -> Iterator[tuple[str, str]]:
        """Yield names and texts of the numbers that there are."""
        law = self.law
        yield "f(x), f(x+)", f"{self.value:.9g}, {self.sam_value:.9g}"
        yield "|g(x)|, |g(x+)|", f"{self.gradient_norm:.3e}, {self.shifted_gradient_norm:.3e}"
        if self.residual_ratio is not None:
            yield "|r(x+)| / |r(x)|", f"{self.residual_ratio:.3e}"
        if self.target_eigenvalues is not None:
            yield "target", f"{self.target_type}, eigenvalues of H(x+) {_extent(self.target_eigenvalues)}"
        if self.alignment is not None:
            aims = f"{'g(x)' if law.floats.metric is None else 'x+ - x'} points at it"
            yield aims, f"cosine {self.alignment:.9g}, x+ misses it by {self.target_distance:.3g}"
        if (tangential := self.tangential_eigenvalues) is not None:
            where = " on the tangent space" if law.normalised else " = I + rho H"
            extent = f", J{where} {_extent(tangential)}" if tangential.size else ""
            yield law.floats.surface.removeprefix("of the "), f"{self.sphere_type}{extent}"
        mu, name = self.kernel_eigenvalues, "tangent kernel K"
        if mu is None:
            mu, name = self.sam_eigenvalues, f"{law.name} matrix M"
        if mu is not None and mu.size:
            size = np.abs(mu).max()
            yield name, f"{mu.size} eigenvalues, Re {_extent(np.sort(mu.real))}, largest |mu| {size:.4g}"
        if self.attracts is not None:
            bound = f" for step sizes below {self.step_bound:.4g}" if self.step_bound else ""
            yield law.name, ("attracted" if self.attracts else "repelled") + bound
        if self.edge_of_stability is not None:
            yield "step * |mu| / 2", f"{self.edge_of_stability:.4g} (1: the edge of stability)"
        for label, margin in (("(C32)", self.c32_margin), ("projected (C32)", self.projected_c32_margin)):
            if margin is not None:
                yield label, f"{'holds' if margin > 0 else 'fails'}, margin {margin:.4g}"
        if self.cycle is not None:
            yield "two-cycle", f"jumps of length {self.cycle:.6g}"
        if self.constant_loss is not None and self.best_constant_loss is not None:
            best = f"that of the best constant is {self.best_constant_loss:.6g}"
            yield "constant outputs", f"loss {self.constant_loss:.6g}, {best}"


def _extent(ascending: np.ndarray) -> str:
    return f"from {ascending[0]:.4g} to {ascending[-1]:.4g}"


# ---------------------------------------------------------------------- sentences

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
MORE = "Next: products=200 computes the other spectra, too, which say what SAM does here; that takes minutes."
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
    call = f"(f, x, rho{_option(law)})"
    if kind is Kind.CONSTANT:
        proof = f": hc.find.refine{call} and hc.certify prove the target a {target_type}"
        return f"Next: another start or a smaller rho{proof if target_type != 'degenerate' and f.rigorous else ''}."
    if zero_residual:
        proof = "hc.certify of the diagnosis proves it if f is small" if f.rigorous else _NO_PROOF
        return f"Next: hc.find.hallucinate{call} sharpens it to rounding; {proof}."
    if kind is Kind.DEGENERATE:
        return f"Next: {'more products' if f.dimension > DENSE else 'look at f near the target'}, or run longer."
    if f.dimension > DENSE:
        return "Next: more products settle more; hc.find.refine and hc.certify form Hessians, so they need a smaller f."
    if not f.rigorous:
        return f"Next: hc.find.refine{call} sharpens it; {_NO_PROOF}."
    return f"Next: hc.certify of the diagnosis, or of hc.find.refine{call}, proves it."


_NO_PROOF = "a proof needs f as a formula or a network, this one is in floats only"


def stall_advice(f: Objective, law: RadiusLaw, otherwise: str) -> str:
    """Say what to do where a run stalls."""
    if law.variant != "sam" or not f.rigorous:
        return otherwise
    return "Next: hc.certify_stall(f, x, rho) proves that no minimizer is near, if f curves down."


def plateau_advice(f: Objective, law: RadiusLaw) -> str:
    """Say what to do on a plateau."""
    lasting = ": plateaus of saturated units may last" if supervised_of(f) is not None else ""
    return stall_advice(f, law, f"Run longer, or take another start{lasting}.")


def bouncing_advice(law: RadiusLaw) -> str:
    """Say what to do in a two-cycle."""
    if not law.normalised:
        return "USAM bounces only where the step is too large for the curvature: decrease step_size."
    size = ": for a x^2/2 it is 2 eta a rho/(2 - eta a)" if law.floats.metric is None else " and with rho"
    return f"The jump shrinks with the step{size}. Decrease step_size or rho."


def hallucination_near(f: Objective, law: RadiusLaw) -> str:
    """Say what to do where ``g(x+)`` is small against ``g(x)``, but does not vanish."""
    call = f"(f, x, rho{_option(law)})"
    if f.dimension <= DENSE:
        search = f": hc.find.refine{call} looks for it{_in_a_shell(f, law)}"
    else:
        search = f": hc.find.hallucinate{call} looks for it" if f.residual_count else ""
    return f"A hallucinated point may be near{search}; or run longer."


def moving_advice(f: Objective, eta: float | None, near_critical: bool, law: RadiusLaw) -> str:
    """Say what to do where nothing has vanished; `near_critical` if ``g(x)`` is small against ``g(x+)``."""
    if law.normalised and near_critical:
        if eta is None:
            return f"A critical point of f may be near: give step_size, to see whether {law.name} bounces around it."
        return f"{law.name} may bounce around a critical point for ever, in no cycle: decrease step_size or rho."
    look = f", or see where hc.find.refine(f, x, rho{_option(law)}) leads{_in_a_shell(f, law)}"
    test = "" if eta is not None else ", or give it here to test for bouncing"
    return f"Run longer{look if f.dimension <= DENSE else ''}. If that does not help, decrease step_size{test}."


def _option(law: RadiusLaw) -> str:
    """What to add to a call so that it means this law."""
    if law.variant == "asam":
        return ', variant=RadiusLaw("asam", scales)'
    return "" if law.variant == "sam" else f', variant="{law.variant}"'


def _in_a_shell(f: Objective, law: RadiusLaw) -> str:
    """Name the command that does the same; it takes formulas, and SAM unless it is told otherwise."""
    return " (in a shell: hallucert certify --at)" if hasattr(f, "tape") and law.variant == "sam" else ""


def learned(answers: ConstantPredictor) -> str:
    """Say that the samples are learned, and what else there is of the loss and of ``f``."""
    rest = f"; no network has less than {answers.floor:.6g}" if answers.floor > 0 else ""
    if answers.decayed:
        rest += f"; of f = {answers.value:.6g} weight decay is {answers.value - answers.loss:.6g}"
    return f"The network has learned its samples, at x and at x+ ({compared(answers)}{rest})"


def least(answers: ConstantPredictor) -> str:
    """Say where the loss goes from here, if that is known."""
    if answers.decayed:
        return "With weight decay f has a minimizer: run longer to come nearer to one."
    if answers.endless:
        return (
            "Every sample is classified right, so without weight decay cross-entropy has no minimum: "
            "it falls for ever as the weights grow."
        )
    return f"No network has a loss below {answers.floor:.6g}: run longer to come nearer to it."


def verdict_of_bounce(law: RadiusLaw, around: str | None, answers: ConstantPredictor | None, jump: float) -> str:
    """Say what a two-cycle surrounds; `around` is None if its middle is no critical point."""
    said = f", a constant predictor ({compared(answers)})," if answers is not None and answers.constant else ""
    where = f"bounces around {around} of f" if around else "bounces between two points"
    return f"{law.name} {where}{said} with jumps of length {jump:.4g}; nothing is hallucinated."
