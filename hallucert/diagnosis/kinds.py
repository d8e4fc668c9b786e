"""Which kind of point it is: hallucinated, critical, bouncing, or moving, with the numbers that tell.

The thresholds compare quantities of the same unit, so the answer does not change when ``f`` or ``x`` is rescaled:
gradients with gradients, residuals with residuals, lengths with that of the ascent step ``|x+ - x|`` (for SAM ``rho``),
curvatures with ``lambda = <g, x+ - x>/|x+ - x|^2`` (for SAM ``|g|/rho``, for USAM ``1/rho``; the mean
curvature of ``f`` between a hallucinated point and its target is exactly ``-lambda``).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.clock import look
from hallucert.diagnosis import report as say
from hallucert.diagnosis.constant_predictor import ConstantPredictor, constant_predictor
from hallucert.diagnosis.report import Diagnosis, Kind
from hallucert.diagnosis.spectra import (
    DENSE,
    FLAT,
    ROUNDING,
    PointSpectra,
    Spectrum,
    hessian_spectrum,
    projected_c32_margin,
)
from hallucert.find.eigenvalues import eigvals
from hallucert.find.spheres.moreau import moreau_length
from hallucert.objectives.ascent import row_norms
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.sam.maps import is_flat

VANISHED = 1e-3
"""``|g+| <= VANISHED min(|g|, |H(x+)| L)`` with ``L = |x+ - x|``: hallucinated. The second says that the target is
within a thousandth of ``L``, by Newton's estimate. Elsewhere the three are of one size, and a finished run has 1e-6 or
less. In residual form ``|r(x+)| <= VANISHED |r(x)|`` is zero, the loss at the target a millionth of what it is at `x`,
if a zero of ``r`` is within ``VANISHED L``, too, see `PointSpectra.zero_is_within`."""

NEAR = 0.1
"""``|g+| <= NEAR |g|`` is worth a Newton refinement; ``|x'' - x| <= NEAR |x' - x|`` is a two-cycle of the SAM map. A
target farther from ``x+`` than ``NEAR L`` along an eigenvector of ``H(x+)`` may have another sign there."""

CRITICAL = 1e-6
"""``|g| <= CRITICAL min(|g+|, |H(x)| L)``: a critical point of ``f``, at a distance of about a millionth of ``L``.
Under USAM ``L`` itself vanishes there; its place is taken by ``|x|``, or the distance at which ``rho H`` is no longer
what it is at `x`, whichever is longer."""

Numbers = dict[str, Any]
"""Fields of a `Diagnosis`."""

SPECTRA = 3
"""Of the target, of ``J`` on the sphere, and of ``M`` or ``K``."""

_TARGETS = {
    "minimizer": Kind.MINIMIZER,
    "saddle": Kind.SADDLE,
    "maximizer": Kind.MAXIMIZER,
    "degenerate": Kind.DEGENERATE,
}


def diagnosed(
    f: Objective, point: np.ndarray, radius: Fraction, eta: float | None, law: RadiusLaw, share: int, whole: bool = True
) -> Diagnosis:
    """Say what a point is, with `share` products for each spectrum; of a hallucinated one `whole` asks for all."""
    value, g = f.value(point), f.gradient(point)
    q = _norm(g)
    asked = Diagnosis(f, point, radius, eta, Kind.MOVING, value, np.nan, q, np.nan, law=law)
    if q == 0:
        if is_flat(f, point, float(radius)):
            return replace(asked, kind=Kind.FLAT, verdict=say.flat(law), advice=say.FLAT_ADVICE)
        return _critical(asked, hessian_spectrum(f, point, share))
    target = point + float(radius) * law.floats.direction(g)[1]
    s = _norm(f.gradient(target))
    asked = replace(asked, target=target, sam_value=f.value(target), shifted_gradient_norm=s)
    length = float(np.linalg.norm(target - point))
    if s <= VANISHED * q:
        multiplier = float(g @ (target - point)) / length**2 if length > 0 else np.inf
        look("spectra", 0, SPECTRA)
        at_target = hessian_spectrum(f, target, share, multiplier, NEAR * length)
        curvature = float(np.abs(at_target.eigenvalues).max())
        near = s <= VANISHED * curvature * length
        if near or curvature <= FLAT * multiplier:
            return (_hallucinated if whole else _at_target)(asked, at_target, length, near, share)
    if q <= CRITICAL * s or not law.normalised:
        here = hessian_spectrum(f, point, share)
        size = length if law.normalised else _unnormalised_length(f, point, float(radius))
        if q <= CRITICAL * float(np.abs(here.eigenvalues).max()) * size:
            return _critical(asked, here)
    return _bouncing(asked, share) or _moving(asked, share)


def _ahead(asked: Diagnosis) -> np.ndarray:
    """Return ``x+`` (d,), which there is."""
    assert asked.target is not None
    return asked.target


def _norm(v: np.ndarray) -> float:
    return float(row_norms(v[None])[0])


def _unnormalised_length(f: Objective, x: np.ndarray, rho: float) -> float:
    """Return the length scale about a point where ``|x+ - x|`` vanishes."""
    size = float(np.linalg.norm(x))
    return max(size, moreau_length(f, x, rho)) if x.size <= DENSE else size


def _hallucinated(asked: Diagnosis, at_target: Spectrum, length: float, near: bool, share: int) -> Diagnosis:
    """Describe a point where ``g(x+)`` has vanished; `near` if Newton's estimate puts a critical point near ``x+``."""
    f, eta, law = asked.objective, asked.step_size, asked.law
    spectra = PointSpectra(f, asked.x, float(asked.rho), share, law)
    look("spectra", 1, SPECTRA)
    tangential = spectra.tangential()
    sphere = tangential.definiteness() if tangential.eigenvalues.size else "minimizer"
    ratio = _residual_ratio(asked)
    step = spectra.newton_step(share - 2)
    small = ratio is not None and ratio <= VANISHED
    zero = small and spectra.zero_is_within(VANISHED * length, step)
    target_type = "minimizer" if zero else at_target.definiteness()
    numbers: Numbers = {
        "target_type": target_type,
        "target_eigenvalues": at_target.eigenvalues,
        "residual_ratio": ratio,
        "tangential_eigenvalues": tangential.eigenvalues,
        "sphere_type": {"minimizer": "minimum", "maximizer": "maximum"}.get(sphere, sphere),
        "c32_margin": spectra.c32_margin(),
    }
    kind = _TARGETS[target_type]
    answers = constant_predictor(f, _ahead(asked))
    numbers |= _constant_numbers(answers)
    if answers is not None and answers.constant and kind is not Kind.MINIMIZER:
        kind = Kind.CONSTANT
    if kind is Kind.DEGENERATE and (small or not near) and not zero:
        return _plateau(asked, numbers, small)
    look("spectra", 2, SPECTRA)
    found, blurred = _attraction(spectra, zero, at_target, eta)
    said = replace(asked, **numbers, **found, **_aim(spectra, step), kind=kind)
    end = f" ({say.compared(answers)})" if kind is Kind.CONSTANT and answers is not None else ""
    ending = say.stability(said.attracts, said.step_bound, eta, law)
    if blurred:
        ending = f"; whether it attracts {law.name}, floats cannot tell: rounding may change the sign of an eigenvalue"
    verdict = f"This is {say.meaning(kind, target_type, law)}{end}{ending}."
    return replace(said, verdict=verdict, advice=say.next_step(f, kind, target_type, zero, law))


def _at_target(asked: Diagnosis, at_target: Spectrum, length: float, near: bool, share: int) -> Diagnosis:
    """Describe a point where ``g(x+)`` has vanished by the target alone."""
    ratio, answers = _residual_ratio(asked), constant_predictor(asked.objective, _ahead(asked))
    small = ratio is not None and ratio <= VANISHED
    target_type = "minimizer" if small and near else at_target.definiteness()
    numbers: Numbers = {
        "target_type": target_type,
        "target_eigenvalues": at_target.eigenvalues,
        "residual_ratio": ratio,
        **_constant_numbers(answers),
    }
    kind = _TARGETS[target_type]
    if answers is not None and answers.constant and kind is not Kind.MINIMIZER:
        kind = Kind.CONSTANT
    if kind is Kind.DEGENERATE and not near:
        return _plateau(asked, numbers, small)
    end = f" ({say.compared(answers)})" if kind is Kind.CONSTANT and answers is not None else ""
    verdict = f"This is {say.meaning(kind, target_type, asked.law)}{end}."
    return replace(asked, **numbers, kind=kind, verdict=verdict, advice=say.MORE)


def _plateau(asked: Diagnosis, numbers: Numbers, residuals: bool) -> Diagnosis:
    """Describe a point where ``g(x+)`` is small, but nothing shows a critical point near ``x+``.

    With `residuals` ``r(x+)`` is small, too, but nothing near ``x+`` is a zero of ``r``.
    """
    law = asked.law
    if residuals:
        seen = "its residuals are small there, and no zero of them is near; nothing shows a hallucinated point."
    else:
        seen = (
            "and the nearest critical point that its derivatives there point to is far: floats cannot tell a plateau "
            "from a hallucinated point with a degenerate target."
        )
    verdict = f"{law.name} stalls on a plateau: f is nearly flat at x+, {seen}"
    advice = say.plateau_advice(asked.objective, law)
    return replace(asked, **numbers, kind=Kind.PLATEAU, verdict=verdict, advice=advice)


def _residual_ratio(asked: Diagnosis) -> float | None:
    """Return ``|r(x+)| / |r(x)|``, None without a residual form."""
    f = asked.objective
    if f.residual_count == 0:
        return None
    there, here = _norm(f.residual(_ahead(asked))), _norm(f.residual(asked.x))
    return there / here if here > 0 else None


def _attraction(
    spectra: PointSpectra, zero_residual: bool, at_target: Spectrum, eta: float | None
) -> tuple[Numbers, bool]:
    """Return the spectrum that the linearised SAM map has, and what follows from it (Proposition 4.2).

    Eigenvalues of ``M`` that are zero to floats are zero where ``H(x+)`` has as many of them: along a manifold of
    targets. If there are more, floats do not know the signs, and the second answer is true.
    """
    found: Numbers = {}
    has_kernel = zero_residual and spectra.has_kernel()
    if has_kernel:
        kernel, gram = spectra.tangent_kernel()
        mu = found["kernel_eigenvalues"] = eigvals(kernel)
        doubt = np.full(mu.size, ROUNDING * np.abs(mu).max())
        found["projected_c32_margin"] = projected_c32_margin(kernel, gram, float(spectra.f.n), spectra.rho)
    if spectra.dense or not has_kernel:
        of_sam, doubt_of_sam = spectra.sam_eigenvalues()
        found["sam_eigenvalues"] = of_sam
        if not has_kernel:
            mu, doubt = of_sam, doubt_of_sam
    largest = np.abs(mu).max()
    moving = mu[np.abs(mu.real) > doubt]
    if spectra.dense and not has_kernel and mu.size - moving.size > at_target.unknown and not (moving.real < 0).any():
        return found, True
    if moving.size == 0:
        return found, False
    if eta is not None:
        found["edge_of_stability"] = float(eta * largest / 2)
    repels = bool((moving.real < 0).any())
    if repels or spectra.dense or has_kernel:
        found["attracts"] = not repels
    if not repels and (spectra.dense or has_kernel):
        found["step_bound"] = float((2 * (moving.real / np.abs(moving)) / np.abs(moving)).min())
    return found, False


def _aim(spectra: PointSpectra, step: np.ndarray) -> Numbers:
    """Compare the direction of the ascent step with that to the critical point one Newton `step` from ``x+``."""
    toward = spectra.plus + step - spectra.x
    along = float(spectra.u / _norm(spectra.u) @ toward / np.linalg.norm(toward))
    return {"alignment": min(1.0, along), "target_distance": float(np.linalg.norm(step))}


def _critical(asked: Diagnosis, here: Spectrum) -> Diagnosis:
    f, x = asked.objective, asked.x
    name, answers = here.definiteness(), constant_predictor(f, x)
    stuck = answers is not None and answers.constant and name != "minimizer"
    said = f": a constant predictor ({say.compared(answers)})" if answers is not None and answers.constant else ""
    return replace(
        asked,
        **_constant_numbers(answers),
        kind=Kind.CONSTANT if stuck else Kind.CRITICAL,
        verdict=f"{asked.law.name} has converged to a critical point of f itself ({name}){said}; "
        "nothing is hallucinated here.",
        advice="hc.find.critical_points lists the critical points; hc.find.on_sphere looks for hallucinated ones.",
    )


def _bouncing(asked: Diagnosis, products: int) -> Diagnosis | None:
    """Recognize a two-cycle: two steps return to `x`, and the gradient points the other way in between."""
    f, x, rho, eta, law = asked.objective, asked.x, asked.rho, asked.step_size, asked.law
    if eta is None:
        return None
    lanes = x[None]
    once = lanes - eta * f.floats.gradient(_ahead(asked)[None])
    between = f.floats.gradient(once)
    norm = _norm(between[0])
    if not 0 < norm < np.inf or (between / norm @ f.gradient(x)).item() >= 0:
        return None
    twice = once - eta * f.floats.gradient(once + float(rho) * law.floats.direction(between)[1])
    jump = float(np.linalg.norm(once - lanes))
    if not float(np.linalg.norm(twice - lanes)) <= NEAR * jump:
        return None
    middle = (once[0] + x) / 2
    name, answers = hessian_spectrum(f, middle, products).definiteness(), constant_predictor(f, middle)
    around = None
    if _norm(f.gradient(middle)) <= NEAR * asked.gradient_norm:
        around = "a critical point" if name == "degenerate" else f"a {name}"
    return replace(
        asked,
        **_constant_numbers(answers),
        kind=Kind.BOUNCING,
        cycle=jump,
        verdict=say.verdict_of_bounce(law, around, answers, jump),
        advice=say.bouncing_advice(law),
    )


def _moving(asked: Diagnosis, share: int) -> Diagnosis:
    f, eta, q, s, law = asked.objective, asked.step_size, asked.gradient_norm, asked.shifted_gradient_norm, asked.law
    near = s <= NEAR * q
    advice = say.hallucination_near(f, law) if near else say.moving_advice(f, eta, q <= NEAR * s, law)
    there, here = constant_predictor(f, _ahead(asked)), constant_predictor(f, asked.x)
    kind, answers = Kind.MOVING, there
    verdict = f"{law.name} is still moving here: neither the gradient nor the shifted gradient has vanished."
    if there is not None and there.no_better and near:
        curvature = hessian_spectrum(f, _ahead(asked), share)
        bend = f", and f curves down there ({curvature.eigenvalues[0]:.3g})" if curvature.eigenvalues[0] < 0 else ""
        kind, advice = Kind.STALLED, say.stall_advice(f, law, say.LASTS)
        verdict = f"{law.name} stalls: the loss at x+ is that of the best constant ({say.compared(there)}){bend}."
    elif here is not None and here.no_better:
        kind, answers, advice = Kind.HOVERING, here, say.LASTS
        verdict = f"{law.name} moves about a place where the loss is that of the best constant ({say.compared(here)})."
    elif here and there and here.learned and there.learned:
        kind, answers = Kind.TRAINED if here.trained and there.trained else Kind.MOVING, here
        verdict = f"{say.learned(here)}; {law.name} is still moving."
        advice = f"{advice if near else 'Nothing is hallucinated.'} {say.least(here)}"
    elif there is not None and there.constant:
        verdict += f" Its answers are a constant so far ({say.compared(there)})."
    elif here is not None and here.hardly_better:
        verdict += f" So far it answers hardly better than a constant ({say.compared(here)})."
    said = replace(asked, residual_ratio=_residual_ratio(asked), kind=kind, verdict=verdict, advice=advice)
    return replace(said, **_constant_numbers(answers))


def _constant_numbers(answers: ConstantPredictor | None) -> Numbers:
    if answers is None:
        return {}
    return {"constant_loss": answers.loss if answers.constant else None, "best_constant_loss": answers.best_loss}
