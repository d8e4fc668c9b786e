"""What `diagnose` answers: the kinds of points, and the numbers with their text."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

import numpy as np

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
        rows = [
            ("f(x), f(x+)", f"{self.value:.9g}, {self.sam_value:.9g}"),
            ("|g(x)|, |g(x+)|", f"{self.gradient_norm:.3e}, {self.shifted_gradient_norm:.3e}"),
            *self._rows_of_the_target(),
            *self._rows_of_stability(),
        ]
        if self.cycle is not None:
            rows.append(("two-cycle", f"jumps of length {self.cycle:.6g}"))
        if self.best_constant_loss is not None and self.constant_loss is not None:
            text = f"loss {self.constant_loss:.6g}, that of the best constant is {self.best_constant_loss:.6g}"
            rows.append(("constant outputs", text))
        table = "\n".join(f"  {name:16} {text}" for name, text in rows)
        return f"{self.verdict}\n{table}\n{self.advice}\n(Floating-point numbers: a diagnosis, not a proof.)"

    def _rows_of_the_target(self) -> list[tuple[str, str]]:
        rows = []
        if self.residual_ratio is not None:
            rows.append(("|r(x+)| / |r(x)|", f"{self.residual_ratio:.3e}"))
        if self.target_eigenvalues is not None:
            extent = _extent(self.target_eigenvalues)
            rows.append(("target", f"{self.target_type}, eigenvalues of H(x+) {extent}"))
        if self.alignment is not None:
            rows.append(
                (
                    f"{'g(x)' if self.law.floats.metric is None else 'x+ - x'} points at it",
                    f"cosine {self.alignment:.9g}, x+ misses it by {self.target_distance:.3g}",
                )
            )
        return rows

    def _rows_of_stability(self) -> list[tuple[str, str]]:
        rows = []
        if self.tangential_eigenvalues is not None:
            extent = ""
            if self.tangential_eigenvalues.size:
                where = " on the tangent space" if self.law.normalised else " = I + rho H"
                extent = f", J{where} {_extent(self.tangential_eigenvalues)}"
            rows.append((self.law.surface_text.removeprefix("of the "), f"{self.sphere_type}{extent}"))
        mu, name = self.kernel_eigenvalues, "tangent kernel K"
        if mu is None:
            mu, name = self.sam_eigenvalues, f"{self.law.name} matrix M"
        if mu is not None and mu.size:
            text = f"{mu.size} eigenvalues, Re {_extent(np.sort(mu.real))}, largest |mu| {np.abs(mu).max():.4g}"
            rows.append((name, text))
        if self.attracts is not None:
            bound = f" for step sizes below {self.step_bound:.4g}" if self.step_bound else ""
            rows.append((self.law.name, ("attracted" if self.attracts else "repelled") + bound))
        if self.edge_of_stability is not None:
            rows.append(("step * |mu| / 2", f"{self.edge_of_stability:.4g} (1: the edge of stability)"))
        for label, margin in (("(C32)", self.c32_margin), ("projected (C32)", self.projected_c32_margin)):
            if margin is not None:
                rows.append((label, f"{'holds' if margin > 0 else 'fails'}, margin {margin:.4g}"))
        return rows


def _extent(ascending: np.ndarray) -> str:
    return f"from {ascending[0]:.4g} to {ascending[-1]:.4g}"
