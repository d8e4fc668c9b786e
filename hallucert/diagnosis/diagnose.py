"""What is this point to SAM? An answer in floats, for any objective of any size; a guide, never evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from typing import Any, overload

from hallucert.arguments import checked_whole, quiet
from hallucert.clock import Progress, working
from hallucert.diagnosis.kinds import diagnosed
from hallucert.diagnosis.report import Diagnosis, Kind
from hallucert.diagnosis.shares import Shares, shares_of
from hallucert.errors import ArgumentError, NotAnalyticError, require
from hallucert.exact import Exact, exact_radius
from hallucert.objectives.doors import checked_objective, radius_law
from hallucert.objectives.floats import checked_points
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.sam.result import Ensemble
from hallucert.settings import checked_double

LARGE = 100_000
"""Most variables of a module or of a function of JAX for which all spectra are computed without being asked for."""

FEW = 8
"""Hessian-vector products for each spectrum beyond."""

__all__ = ["Diagnosis", "Kind", "Shares", "diagnose"]


@overload
def diagnose(f: Ensemble, *, confidence: float = ..., progress: Progress = ...) -> Shares: ...


@overload
def diagnose(
    f: Objective,
    x: object,
    rho: Exact,
    step_size: Exact | None = ...,
    products: int | None = ...,
    *,
    variant: str | RadiusLaw = ...,
    progress: Progress = ...,
) -> Diagnosis: ...


@overload
def diagnose(
    f: Any,
    loss: Any,
    data: Any,
    rho: Exact,
    step_size: Exact | None = ...,
    products: int | None = ...,
    *,
    params: Any = ...,
    weight_decay: Exact = ...,
    history: Any = ...,
    variant: str | RadiusLaw = ...,
    progress: Progress = ...,
) -> Diagnosis: ...


@quiet
def diagnose(f: Any, *asked: Any, **options: Any) -> Diagnosis | Shares:
    """Say what a point is to SAM: hallucinated (and what its target is), bouncing, converged, or still moving.

    ``diagnose(f, x, rho)`` is about a point of a function, ``diagnose(model, loss, data, rho)`` about the present
    weights of a module of PyTorch, whatever its layers, and ``diagnose(fn, loss, data, rho, params=params)`` about
    those of a function of JAX. Where proofs are possible, ``hallucert.certify(diagnosis)`` tries them.
    ``diagnose(ensemble)`` says how many of many runs ended where.

    Up to `DENSE` variables whole spectra are computed. Beyond, their ends come from Hessian-vector products; a sign
    that these do not settle is called degenerate. Beyond `LARGE` variables of a framework, spectra but for the Hessian
    of the target are computed on request, with `products`.

    For objectives in residual form whose residuals vanish at the target the SAM tangent kernel ``K`` says whether the
    point attracts, and the target is a global minimizer though its Hessian is singular. About runs without momentum;
    with it the points are the same and the step bounds are others.

    Parameters
    ----------
    f : Objective, torch.nn.Module, function of JAX, or Ensemble
        The function, of any dimension; or a module, or function of parameters and inputs, at its present weights; or
        runs of one radius. Of a module only the weights that require a gradient vary. Switch dropout off, with
        ``eval()``; batch norm in training mode takes the statistics of the data.
    *asked, **options
        What follows, by place or by name: of an objective `x`, `rho`, `step_size` and `products`, of a network `loss`,
        `data`, `rho`, `step_size` and `products`; and options of both.
    x : (d,) array
        The point, for example the end of a SAM run.
    loss, data, weight_decay
        Of a network, instead of `x`: as for `Objective.from_torch`, or `Objective.from_jax`; all data, inputs and
        targets. An iterable of batches, such as a loader, is evaluated batch by batch.
    params : pytree of arrays
        Of a function of JAX: its present weights.
    history : hallucert.training.monitor.Monitor, optional
        Of a network: what recorded the run; where it says the run stands is added to the advice.
    rho : exact positive number
        The perturbation radius.
    step_size : exact positive number, optional
        The step size of the run; without it bouncing cannot be told from moving, and stability is a bound only.
    products : int, optional
        Most Hessian-vector products beyond `DENSE` variables, at least 20, by default 200; a fifth each for the
        spectra of the target, of the sphere, of (C32) and of ``M``, and for the alignment. The tangent kernel takes one
        more for each residual.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step of the run; ``x+ = x + rho g(x)`` for "usam", `RadiusLaw` for ASAM.
    confidence : float
        Of the intervals of shares, of an ensemble.
    progress : bool or callable, optional
        As for `hallucert.find.branch`.

    Returns
    -------
    Diagnosis, or Shares of an ensemble

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

    USAM with rho = 16/3 is attracted at -3/4 and repelled at -1/4, both with the target 1:

    >>> [diagnose(f, [x, 0], "16/3", variant="usam").attracts for x in (-0.75, -0.25)]
    [True, False]
    """
    with_data = len(asked) + ("rho" in options) > 2 or "data" in options
    function: Callable[..., Diagnosis | Shares]
    if isinstance(f, Ensemble):
        function, form = _of_ensemble, "diagnose(ensemble)"
    elif "params" in options:
        function, form = _of_network, "diagnose(fn, loss, data, rho, params=params)"
    elif hasattr(f, "named_parameters"):
        function, form = _of_network, "diagnose(model, loss, data, rho)"
    elif with_data and callable(f) and not isinstance(f, Objective | type):
        raise ArgumentError("params", None, "be given: diagnose(fn, loss, data, rho, params=...) of JAX")
    else:
        function, form = _of_point, "diagnose(f, x, rho)"
        checked_objective(f)
    _require_taken(function, form, asked, options)
    return function(f, *asked, **options)


def _require_taken(
    function: Callable[..., object], form: str, asked: Sequence[Any], options: Mapping[str, Any]
) -> None:
    """Refuse arguments that a form of `diagnose` does not take, and too few of them, by name."""
    known = list(signature(function).parameters.values())[1:]
    placed = [each.name for each in known if each.kind is each.POSITIONAL_OR_KEYWORD]
    if len(asked) > len(placed):
        raise ArgumentError("asked", f"<{len(asked)} arguments>", f"be at most {len(placed)} arguments after f: {form}")
    for name, value in options.items():
        require(name in {each.name for each in known}, name, value, f"be left out of {form}")
        require(name not in placed[: len(asked)], name, value, "be given once")
    for each in known[len(asked) :]:
        require(each.default is not each.empty or each.name in options, each.name, "<nothing>", f"be given: {form}")


def _of_ensemble(ensemble: Ensemble, *, confidence: float = 0.95, progress: Progress = None) -> Shares:
    """Say how many of the runs ended where."""
    with working(progress=progress) as clock, clock.watched():
        return shares_of(ensemble, confidence, clock)


def _of_network(
    model: Any,
    loss: Any,
    data: Any,
    rho: Exact,
    step_size: Exact | None = None,
    products: int | None = None,
    *,
    params: Any = None,
    weight_decay: Exact = 0,
    history: Any = None,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Diagnosis:
    """Diagnose the present weights of a network; rigorously read if that is possible, so that proofs can follow."""
    require(history is None or hasattr(history, "standing"), "history", history, "be a Monitor, or left out")
    if isinstance(data, Iterator):  # it is read twice
        data = list(data)
    if params is None:
        given: dict[str, Any] = {"module": model, "trainable": True}
        read: Any = Objective.from_torch
    else:
        given, read = {"fn": model, "params": params}, Objective.from_jax
    given |= {"loss": loss, "data": data, "weight_decay": weight_decay}
    f, why = None, ""
    try:
        f = read(**given)
    except (NotAnalyticError, ArgumentError) as error:  # of a wrong argument floats complain, too
        why = str(error)
    if f is None:  # here nothing of the first attempt is kept any more
        f = read(**given, rigorous=False)
        f.unread = why
    found = _of_point(f, f.parameters, rho, step_size, products, variant=variant, progress=progress)
    if history is None:
        return found
    return replace(found, advice=f"{found.advice}\nThe monitor of the run: {history.standing}.")


def _of_point(
    f: Objective,
    x: object,
    rho: Exact,
    step_size: Exact | None = None,
    products: int | None = None,
    *,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Diagnosis:
    lanes, single = checked_points(checked_objective(f), x)
    require(single, "x", f"<array of shape {lanes.shape}>", f"be one point of shape ({f.dimension},)")
    point, radius = lanes[0], exact_radius(rho)
    checked_double(rho, "rho")
    eta = None if step_size is None else checked_double(step_size, "step_size")
    law = radius_law(variant, f.dimension)
    few = products is None and f.supervised is not None and f.dimension > LARGE
    share = FEW if few else checked_whole(200 if products is None else products, 20, "products") // 5
    with working(progress=progress) as clock, clock.watched():
        return diagnosed(f, point, radius, eta, law, share, not few)
