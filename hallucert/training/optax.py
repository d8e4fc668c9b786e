"""SAM for optax: a transformation around any optimizer, with what a monitor reads in its state.

::

    optimizer = sam(optax.sgd(0.1), rho=0.05)
    state = optimizer.init(params)
    loss, gradient = jax.value_and_grad(f)(params)
    updates, state = optimizer.update(gradient, state, params, grad_fn=jax.grad(f))
    params = optax.apply_updates(params, updates)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from hallucert.errors import ArgumentError, require

Tree = Any
"""A pytree of arrays."""


class SAMState(NamedTuple):
    """What SAM remembers of the last step, all of it arrays, so that it passes through ``jit`` and ``lax.scan``.

    Attributes
    ----------
    base
        State of the base optimizer.
    count, rho, norm, norm_plus, cosine : scalar arrays
        Steps so far; the radius, ``|g(x)|``, ``|g(x+)|`` and the cosine of both, NaN before the first step.
    """

    base: Any
    count: Any
    rho: Any
    norm: Any
    norm_plus: Any
    cosine: Any


def sam(
    base: optax.GradientTransformation, rho: float | Callable[[Any], Any] = 0.05, *, normalised: bool = True
) -> optax.GradientTransformationExtraArgs:
    """Return SAM around an optimizer: it gets ``g(x+)``, ``x+ = x + rho g(x)/|g(x)|``.

    Parameters
    ----------
    base : optax.GradientTransformation
        Such as ``optax.sgd(0.1)``.
    rho : float of at least 0, or callable
        Radius, or a schedule: from the number of the step to the radius.
    normalised : bool
        False for USAM, ``x+ = x + rho g(x)``.

    Returns
    -------
    optax.GradientTransformationExtraArgs
        Its ``update`` takes the gradient at ``params`` and also ``grad_fn``, the gradient as a function of parameters
        on the same data. Where ``g(x) = 0``, or it is not finite, ``x+ = x``. Source: algorithm 1 of Foret et al.,
        2021.

    Raises
    ------
    ArgumentError
        For a radius below 0; from ``update``, without parameters or ``grad_fn``.
    """
    require(hasattr(base, "update"), "base", base, "be a transformation of optax, such as optax.sgd(0.1)")
    require(callable(rho) or _is_radius(rho), "rho", rho, "be a number of at least 0, or a schedule")
    base = optax.with_extra_args_support(base)

    def init(params: Tree) -> SAMState:
        unknown = jnp.full((), jnp.nan)
        return SAMState(base.init(params), jnp.zeros((), jnp.int32), unknown, unknown, unknown, unknown)

    def update(
        updates: Tree,
        state: SAMState,
        params: Tree = None,
        *,
        grad_fn: Callable[[Tree], Tree] | None = None,
        **extra: Any,
    ) -> tuple[Tree, SAMState]:
        if params is None or grad_fn is None:
            missing = "params" if params is None else "grad_fn"
            raise ArgumentError(missing, None, "be given to update: SAM evaluates the gradient at x+ as well")
        radius = jnp.asarray(rho(state.count) if callable(rho) else rho, float)
        norm = optax.tree.norm(_widened(updates))
        usable = (norm > 0) & jnp.isfinite(norm)
        scale = jnp.where(usable, radius / jnp.where(usable, norm if normalised else 1.0, 1.0), 0.0)
        plus = jax.tree.map(lambda x, g: x + (scale * g).astype(x.dtype), params, updates)
        plus = jax.tree.map(lambda x, moved: jnp.where(usable, moved, x), params, plus)
        shifted = grad_fn(plus)
        wanted: object = jax.tree.structure(params)
        if wanted != jax.tree.structure(shifted):
            raise ArgumentError("grad_fn", grad_fn, "return a gradient like the parameters, without the value")
        norm_plus = optax.tree.norm(_widened(shifted))
        product = norm * norm_plus
        cosine = jnp.where(
            product > 0,
            optax.tree.vdot(_widened(updates), _widened(shifted)) / jnp.where(product > 0, product, 1.0),
            jnp.nan,
        )
        steps, inner = base.update(shifted, state.base, params, **extra)
        known = (jnp.asarray(value, float) for value in (radius, norm, norm_plus, cosine))
        return steps, SAMState(inner, state.count + 1, *known)

    return optax.GradientTransformationExtraArgs(init, update)


def _is_radius(rho: Any) -> bool:
    """Whether something is a number of at least 0, or one that is traced, of `optax.inject_hyperparams`."""
    if isinstance(rho, jax.core.Tracer):
        return True
    with suppress(TypeError, ValueError):
        return not isinstance(rho, bool | str) and 0 <= float(rho) < float("inf")
    return False


def _widened(tree: Tree) -> Tree:
    """Return half precision as float32, where squares of gradients do not under- or overflow."""
    return jax.tree.map(lambda g: g.astype(jnp.promote_types(g.dtype, jnp.float32)), tree)
