"""What is this point to SAM? An answer in floats, for any objective of any size; a guide, never evidence.

The thresholds compare quantities of the same unit, so the answer does not change when ``f`` or ``x`` is rescaled:
gradients with gradients, curvatures with the multiplier ``lambda = |g|/rho`` (by theory 8 the mean curvature of ``f``
between a hallucinated point and its target is exactly ``-lambda``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.exact import Exact, exact_radius
from hallucert.objectives.objective import Objective
from hallucert.sam import maps

VANISHED = 1e-3
"""``|g+| <= VANISHED min(|g|, |H(x+)| rho)``: hallucinated. The second says that the target is within a thousandth of
rho, by Newton's estimate. Elsewhere the three are of one size, and a finished run has 1e-6 or less."""

NEAR = 0.1
"""``|g+| <= NEAR |g|`` is worth a Newton refinement; ``|x'' - x| <= NEAR |x' - x|`` is a two-cycle of the SAM map."""

CRITICAL = 1e-6
"""``|g| <= CRITICAL min(|g+|, |H(x)| rho)``: a critical point of ``f``, at a distance of about a millionth of rho."""

FLAT = 1e-6
"""An eigenvalue this small against the largest, or against lambda, counts as zero: rounding leaves about 1e-12."""

DENSE = 200
"""Largest dimension for which whole spectra are computed; beyond it only the extreme eigenvalues of the target."""


class Kind(StrEnum):
    """What a point is to SAM."""

    MINIMIZER = "hallucinated minimizer"
    SADDLE = "hallucinated point, its target is a saddle"
    MAXIMIZER = "hallucinated point, its target is a maximizer"
    DEGENERATE = "hallucinated point, its target is degenerate"
    BOUNCING = "bouncing around a critical point"
    CRITICAL = "at a critical point of f"
    MOVING = "still moving"


_TARGETS = {
    "minimizer": Kind.MINIMIZER,
    "saddle": Kind.SADDLE,
    "maximizer": Kind.MAXIMIZER,
    "degenerate": Kind.DEGENERATE,
}

_MEANINGS = {
    "minimizer": "a hallucinated minimizer: a minimizer of f(x+) where the gradient of f is not zero",
    "saddle": "a hallucinated stationary point whose target is a saddle: SAM is stuck, and not at a minimizer",
    "maximizer": "a hallucinated stationary point whose target is a maximizer: SAM is stuck, and not at a minimizer",
    "degenerate": "a hallucinated stationary point with a degenerate target: a plateau, or one of many minimizers",
}


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
        "minimizer", "saddle", "maximizer" or "degenerate", by the eigenvalues of ``H(x+)``.
    target_eigenvalues : (d,) or (2,) array or None
        All of them, ascending; for ``d > DENSE`` the smallest and the largest.
    tangential_eigenvalues : (d - 1,) array or None
        Eigenvalues ``1 - rho kappa_i`` of ``J`` on the tangent space, ascending (Proposition 4.1).
    sphere_type : str or None
        What `x` is for ``f`` on the sphere around the target: "minimum", "saddle", "maximum" or "degenerate".
    sam_eigenvalues : (d,) complex array or None
        Spectrum of ``M``.
    attracts : bool or None
        Whether every eigenvalue of ``M`` that is not zero has positive real part (Proposition 4.2).
    step_bound : float or None
        ``min 2 Re(mu)/|mu|^2``: smaller steps converge, if the point attracts.
    c32_margin : float or None
        ``lambda_min(sym Du) + 1/rho``; condition (C32) of Theorem 3.2 says that it is positive.
    cycle : float or None
        Length of the jump of a two-cycle.
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
    tangential_eigenvalues: np.ndarray | None = None
    sphere_type: str | None = None
    sam_eigenvalues: np.ndarray | None = None
    attracts: bool | None = None
    step_bound: float | None = None
    c32_margin: float | None = None
    cycle: float | None = None
    verdict: str = ""
    advice: str = ""

    def __repr__(self) -> str:
        return (
            f"<Diagnosis: {self.kind}; |g| = {self.gradient_norm:.3g}, |g+| = {self.shifted_gradient_norm:.3g}, "
            f"f = {self.value:.6g}, f(x+) = {self.sam_value:.6g}>"
        )

    def __str__(self) -> str:
        rows = [
            ("f(x), f(x+)", f"{self.value:.9g}, {self.sam_value:.9g}"),
            ("|g(x)|, |g(x+)|", f"{self.gradient_norm:.3e}, {self.shifted_gradient_norm:.3e}"),
        ]
        if self.target_eigenvalues is not None:
            low, high = self.target_eigenvalues[0], self.target_eigenvalues[-1]
            rows.append(("target", f"{self.target_type}, eigenvalues of H(x+) from {low:.4g} to {high:.4g}"))
        if self.tangential_eigenvalues is not None:
            extent = ""
            if self.tangential_eigenvalues.size:
                low, high = self.tangential_eigenvalues[0], self.tangential_eigenvalues[-1]
                extent = f", J on the tangent space from {low:.4g} to {high:.4g}"
            rows.append(("on the sphere", f"{self.sphere_type}{extent}"))
        if self.attracts is not None:
            bound = f" for step sizes below {self.step_bound:.4g}" if self.step_bound else ""
            rows.append(("SAM", ("attracted" if self.attracts else "repelled") + bound))
        if self.c32_margin is not None:
            rows.append(("(C32)", f"{'holds' if self.c32_margin > 0 else 'fails'}, margin {self.c32_margin:.4g}"))
        if self.cycle is not None:
            rows.append(("two-cycle", f"jumps of length {self.cycle:.6g}"))
        table = "\n".join(f"  {name:16} {text}" for name, text in rows)
        return f"{self.verdict}\n{table}\n{self.advice}\n(Floating-point numbers: a diagnosis, not a proof.)"


def diagnose(f: Objective, x: Any, rho: Exact, step_size: Exact | None = None) -> Diagnosis:
    """Say what a point is to SAM: hallucinated (and what its target is), bouncing, converged, or still moving.

    Parameters
    ----------
    f : Objective
        The function, of any dimension.
    x : (d,) array
        The point, for example the end of a SAM run.
    rho : exact positive number
        The perturbation radius.
    step_size : exact positive number, optional
        The step size of the run; without it bouncing cannot be told from moving, and stability is a bound only.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ArgumentError
        If an argument has the wrong shape or range.
    DomainError
        If `x` or its perturbed point lies outside the domain of `f`.

    Examples
    --------
    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> found = diagnose(f, [-0.5, 0], "1.5", 0.1)
    >>> str(found.kind), found.attracts, round(found.step_bound, 9)
    ('hallucinated minimizer', True, 1.0)
    """
    lanes, single = f._lanes(x)
    if not single:
        raise ArgumentError("x", f"<array of shape {lanes.shape}>", f"be one point of shape ({f.dimension},)")
    point, radius = lanes[0], exact_radius(rho)
    eta = None if step_size is None else float(exact_radius(step_size, "step_size"))
    basis: dict[str, Any] = {"objective": f, "x": point, "rho": radius, "step_size": eta, "value": f.value(point)}
    q = float(np.linalg.norm(f.gradient(point)))
    if q == 0:
        return _critical(basis, q, np.nan, np.nan)
    target = maps.perturbed_point(f, point, radius)
    s = float(np.linalg.norm(f.gradient(target)))
    basis["target"] = target
    if s <= VANISHED * q:
        eigenvalues = _extremes(f, target)
        curvature = float(np.abs(eigenvalues).max())
        if s <= VANISHED * curvature * float(radius) or curvature <= FLAT * q / float(radius):
            return _hallucinated(basis, q, s, eigenvalues)
    if q <= CRITICAL * min(s, float(np.abs(_extremes(f, point)).max()) * float(radius)):
        return _critical(basis, q, s, f.value(target))
    return _bouncing(basis, q, s) or _moving(basis, q, s)


def _critical(basis: dict[str, Any], q: float, s: float, sam_value: float) -> Diagnosis:
    f, x = basis["objective"], basis["x"]
    eigenvalues = _extremes(f, x)
    name = _definiteness(eigenvalues, 0.0)
    return Diagnosis(
        **basis,
        kind=Kind.CRITICAL,
        sam_value=sam_value,
        gradient_norm=q,
        shifted_gradient_norm=s,
        verdict=f"SAM has converged to a critical point of f itself ({name}); nothing is hallucinated here.",
        advice="hc.find.critical_points lists the critical points; hc.find.on_sphere looks for hallucinated ones.",
    )


def _hallucinated(basis: dict[str, Any], q: float, s: float, eigenvalues: np.ndarray) -> Diagnosis:
    f, x, rho, eta = basis["objective"], basis["x"], basis["rho"], basis["step_size"]
    multiplier = q / float(rho)
    target_type = _definiteness(eigenvalues, multiplier)
    numbers: dict[str, Any] = {"target_type": target_type, "target_eigenvalues": eigenvalues}
    if f.dimension <= DENSE:
        numbers |= _spectra(f, x, rho)
    advice = (
        "Next: candidate = hc.find.refine(f, x, rho), then hc.certify(candidate) proves it."
        if target_type != "degenerate"
        else "Next: for residual objectives hc.find.hallucinate and hc.certify; else look at f near the target."
    )
    return Diagnosis(
        **basis,
        **numbers,
        kind=_TARGETS[target_type],
        sam_value=f.value(basis["target"]),
        gradient_norm=q,
        shifted_gradient_norm=s,
        verdict=f"This is {_MEANINGS[target_type]}{_stability(numbers, eta)}.",
        advice=advice,
    )


def _stability(numbers: dict[str, Any], eta: float | None) -> str:
    """Return the end of the verdict that speaks of stability."""
    attracts, bound = numbers.get("attracts"), numbers.get("step_bound")
    if attracts is None:
        return ""
    if not attracts:
        return "; it repels SAM, so only exceptional starts stop here"
    if eta is None or bound is None:
        return "; it attracts SAM for small steps"
    return "; it attracts SAM" if eta < bound else f"; it would attract SAM, but the step {eta:.4g} is too large"


def _spectra(f: Objective, x: np.ndarray, rho: Fraction) -> dict[str, Any]:
    """Return the spectra of ``J`` on the tangent space, of ``M`` and of ``sym Du``, with what they say."""
    du = maps.direction_jacobian(f, x)
    radius, d = float(rho), f.dimension
    g = f.gradient(x)
    # The last d - 1 columns of Q span the complement of g.
    tangent = np.linalg.qr(g[:, None], mode="complete")[0][:, 1:]
    on_tangent = np.eye(d - 1) + radius * tangent.T @ du @ tangent
    tangential = np.linalg.eigvalsh((on_tangent + on_tangent.T) / 2)
    mu = np.linalg.eigvals(maps.sam_matrix(f, x, rho)).astype(complex)
    moving = mu[np.abs(mu) > FLAT * np.abs(mu).max()] if np.abs(mu).max() > 0 else mu[:0]
    attracts = bool((moving.real > 0).all()) if moving.size else None
    sphere = _definiteness(tangential, 1.0) if d > 1 else "minimizer"
    return {
        "tangential_eigenvalues": tangential,
        "sphere_type": {"minimizer": "minimum", "maximizer": "maximum"}.get(sphere, sphere),
        "sam_eigenvalues": mu,
        "attracts": attracts,
        "step_bound": float((2 * moving.real / np.abs(moving) ** 2).min()) if attracts else None,
        "c32_margin": float(np.linalg.eigvalsh((du + du.T) / 2)[0] + 1 / radius),
    }


def _bouncing(basis: dict[str, Any], q: float, s: float) -> Diagnosis | None:
    """Recognize a two-cycle: two SAM steps return to `x`, and the gradient points the other way in between."""
    f, x, rho, eta = basis["objective"], basis["x"], basis["rho"], basis["step_size"]
    if eta is None:
        return None
    lanes = x[None]
    once = lanes - eta * f.gradient_lanes(basis["target"][None])
    between = f.gradient_lanes(once)
    norm = np.linalg.norm(between)
    if not 0 < norm < np.inf or (between @ f.gradient(x)).item() >= 0:
        return None
    twice = once - eta * f.gradient_lanes(once + float(rho) * between / norm)
    jump = float(np.linalg.norm(once - lanes))
    if not float(np.linalg.norm(twice - lanes)) <= NEAR * jump:
        return None
    middle = (once[0] + x) / 2
    name = _definiteness(_extremes(f, middle), 0.0)
    around = "a critical point" if name == "degenerate" else f"a {name}"
    return Diagnosis(
        **basis,
        kind=Kind.BOUNCING,
        sam_value=f.value(basis["target"]),
        gradient_norm=q,
        shifted_gradient_norm=s,
        cycle=jump,
        verdict=f"SAM bounces around {around} of f with jumps of length {jump:.4g}; nothing is hallucinated here.",
        advice="The jump shrinks with the step: for a x^2/2 it is 2 eta a rho/(2 - eta a). Decrease step_size or rho.",
    )


def _moving(basis: dict[str, Any], q: float, s: float) -> Diagnosis:
    f, eta = basis["objective"], basis["step_size"]
    if s <= NEAR * q:
        advice = "The point is near a hallucinated one: hc.find.refine(f, x, rho) is likely to find it; or run longer."
    elif eta is None and q <= NEAR * s:
        advice = "The point is near a critical point of f: give step_size, to see whether SAM bounces around it."
    else:
        advice = "Run longer. If that does not help, decrease step_size, or give it here to test for bouncing."
    return Diagnosis(
        **basis,
        kind=Kind.MOVING,
        sam_value=f.value(basis["target"]),
        gradient_norm=q,
        shifted_gradient_norm=s,
        verdict="SAM is still moving here: neither the gradient nor the shifted gradient has vanished.",
        advice=advice,
    )


def _definiteness(eigenvalues: np.ndarray, scale: float) -> str:
    """Classify a symmetric matrix by its ascending eigenvalues: minimizer, maximizer, saddle or degenerate."""
    zero = FLAT * max(scale, float(np.abs(eigenvalues).max(initial=0.0)))
    low, high = eigenvalues[0], eigenvalues[-1]
    if low > zero:
        return "minimizer"
    if high < -zero:
        return "maximizer"
    return "saddle" if low < -zero and high > zero else "degenerate"


def _extremes(f: Objective, x: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of ``H(x)`` ascending; for large ``d`` only the smallest and the largest, by Lanczos."""
    d = f.dimension
    if d <= DENSE:
        return np.linalg.eigvalsh(f.hessian(x))
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    operator = LinearOperator((d, d), matvec=lambda v: f.hessian_vector_product(x, np.ravel(v)), dtype=np.float64)
    ends = []
    for which in ("SA", "LA"):
        start = np.random.default_rng(0).normal(size=d)
        try:
            ends.append(eigsh(operator, k=1, which=which, v0=start, tol=1e-6, return_eigenvectors=False)[0])
        except ArpackNoConvergence as error:
            ends.append(error.eigenvalues[0] if len(error.eigenvalues) else np.nan)
    return np.array(ends)
